"""Schemes of names: which entry of a published state dict becomes which blocks of ours.

A scheme is a table of `Entry` rows. Adding one: write its table, name it in `SCHEMES`, and in the entry
of the model that it is for (`models.registry`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np

from xltransformer.nn.norm import BERT_EPSILON, EPSILON
from xltransformer.nn.positions import BASE
from xltransformer.record import record
from xltransformer.weights.files import State


@record
class Entry:
    """One entry of a state dict, and the blocks that are made of it.

    In names, `{layer}` stands for each layer and `{head}` for each head. `shape` names the sizes,
    such as `3*width`, or gives them as numbers. A row stays a row; a matrix that lies as (outputs x
    inputs) is `transposed` to ours. Its columns are then dealt out evenly to the blocks, and among the
    heads (`{head}`) or the groups of heads that share keys and values (`{group}`); where they lie `by_head`, those
    of one head stand together, its part of each block after the other. Those of the blocks, by number, that are
    saved in `halves`, where column k turns with column k + r/2 of the r that turn, are put into our order, where
    pairs stand side by side. An `optional` entry may be missing; one that equals the entry it is `tied`
    to gives no block. Of its rows the first `unused` are left out.
    One that must be the `same` as another entry, or as the positions that are computed with `halves` (see
    `nn.positions.sinusoidal`), gives no block.
    """

    name: str
    blocks: tuple[str, ...]
    shape: tuple[str, ...]
    transposed: bool = False
    optional: bool = False
    tied: str = ""
    halves: tuple[int, ...] = ()
    by_head: bool = False
    unused: int = 0
    same: str = ""
    sines: bool = False

    @property
    def stack(self) -> str:
        """The first part of the names of its blocks."""
        return self.blocks[0].partition(".")[0] if self.blocks else ""

    @property
    def group(self) -> str:
        """What stands before the layer's number: entries that share it have the same layers."""
        before, found, _ = self.name.partition("{layer}")
        return before if found else ""


_WRAPPERS = re.compile(r"(?:^|(?<=\.))(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""What stands in names of PyTorch for a module around another."""


@record
class Unsaid:
    """An option that no weights of a scheme say: the value that most such models have, and what PyTorch calls the
    option, where that is something else."""

    value: Any
    called: str = ""


@record
class Scheme:
    """The entries of one kind of model. A `prefix` may be missing from all names; names matching
    `ignored` are nothing to us; `renamed` are older endings of names with today's; entries whose names
    begin with `part` may be missing all together, which is then the scheme `without_part`. `options` are
    those of our model that every such model has in common; `present` are those that are True where a block
    is there, `absent` those that are True where one is not. `usual` are sizes that most of them have, by which
    they are told from others of the same names where nothing beside the weights says what they are; likewise an
    entry that is `telling`: without it they are no such model. With `config` such weights are nothing without a
    config.json: it alone says how words are read, or what layers do. `unsaid` are the options, beside the number
    of heads, that weights of any value may have. `beside` is a linear map (width x width) that the library's class
    has beside what we compute: it is ignored, and written as zeros. Entries that may come in parts of one shape
    are `joined` of them; names that are `refused` tell of what is not built."""

    entries: tuple[Entry, ...]
    prefix: str = ""
    part: str = ""
    without_part: str = ""
    ignored: str = ""
    renamed: tuple[tuple[str, str], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    present: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    usual: Mapping[str, int] = field(default_factory=dict)
    config: bool = False
    telling: str = ""
    unsaid: Mapping[str, Unsaid] = field(default_factory=dict)
    beside: str = ""
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def known(self) -> re.Pattern[str]:
        """What the names of the entries look like, and of what is ignored."""
        patterns = [re.escape(entry.name).replace(r"\{layer\}", r"\d+") for entry in self.entries]
        return re.compile("|".join([*patterns, *filter(None, [self.ignored])]))

    @property
    def transposed(self) -> bool:
        """Whether its linear maps lie as (outputs x inputs)."""
        return any(entry.transposed and "vocabulary" not in entry.shape for entry in self.entries)

    def published(self, state: State) -> dict[str, Any]:
        """The state under the names of the table."""
        state = self._unwrapped(state)
        bare = self.prefix and not any(name.startswith(self.prefix) for name in state)
        renamed = {}
        for name, value in state.items():
            for old, new in self.renamed:
                name = name.removesuffix(old) + new if name.endswith(old) else name
            renamed[self.prefix + name if bare and self.known.fullmatch(self.prefix + name) else name] = value
        for whole, parts in self.joined.items():
            shapes = {tuple(renamed[part].shape) for part in parts if part in renamed}
            if len(shapes) == 1 and all(part in renamed for part in parts):
                renamed[whole] = np.concatenate([np.asarray(renamed.pop(part)) for part in parts])
        return {n: value for n, value in renamed.items() if not (self.ignored and re.fullmatch(self.ignored, n))}

    def _unwrapped(self, state: State) -> State:
        """The state without what programs put around names: torch.compile, DistributedDataParallel and the like,
        and whoever keeps the model under a name in another (`model.`), where all names begin so and none is of
        the table as it is."""
        state = bare = {_WRAPPERS.sub("", name): value for name, value in state.items()}

        def known(name: str) -> bool:
            return bool(self.known.fullmatch(name) or self.known.fullmatch(self.prefix + name))

        while bare and not any(map(known, bare)):
            outer = f"{next(iter(bare)).partition('.')[0]}."
            if not all(name.startswith(outer) for name in bare):
                return state
            bare = {name.removeprefix(outer): value for name, value in bare.items()}
        return bare

    def layers(self, state: State) -> dict[str, int]:
        """How many layers each group of entries has: one more than the largest number met, at least 1."""
        counts = {}
        for group in {entry.group for entry in self.entries if entry.group}:
            numbers = (re.match(re.escape(group) + r"(\d{1,4})\.", name) for name in self.published(state))
            counts[group] = max((int(found[1]) + 1 for found in numbers if found), default=1)
        return counts

    def likeness(self, state: State) -> int:
        """How many of the entries in a state dict have a name of the scheme's, and its usual sizes."""
        shapes = {entry.name: entry.shape for entry in self.entries}

        def alike(name: str, x: Any) -> bool:
            sizes = zip(shapes.get(name, ()), x.shape, strict=False)
            return bool(self.known.fullmatch(name)) and all(self.usual.get(s, n) == n for s, n in sizes)

        published = self.published(state)
        if self.telling and self.telling not in published:
            return 0
        return sum(alike(name, x) for name, x in published.items())


def _linear(theirs: str, ours: str, inputs: str, outputs: str, *, transposed: bool = True) -> Iterator[Entry]:
    """A linear map: `ours` has a {} for W or b."""
    shape = (outputs, inputs) if transposed else (inputs, outputs)
    yield Entry(theirs + ".weight", (ours.replace("{}", "W"),), shape, transposed)
    yield Entry(theirs + ".bias", (ours.replace("{}", "b"),), (outputs,))


def _packed(theirs: str, weight: str, bias: str, ours: str, *, transposed: bool = True) -> Iterator[Entry]:
    """The projections to Q, K and V in one matrix."""
    shape = ("3*width", "width") if transposed else ("width", "3*width")
    for name, letter, size in ((weight, "W", shape), (bias, "b", ("3*width",))):
        blocks = tuple(f"{ours}.head.{{head}}.{letter}_{part}" for part in "QKV")
        yield Entry(theirs + name, blocks, size, transposed and letter == "W")


def _norm(theirs: str, ours: str, *, optional: bool = False) -> Iterator[Entry]:
    yield Entry(theirs + ".weight", (ours + ".gain",), ("width",), optional=optional)
    yield Entry(theirs + ".bias", (ours + ".bias",), ("width",), optional=optional)


def _output(theirs: str, embeddings: str) -> Entry:
    """The weights of the output, which may be those of the embeddings."""
    return Entry(theirs + ".weight", ("output.W",), ("vocabulary", "width"), True, optional=True, tied=embeddings)


def _torch_attention(theirs: str, ours: str) -> Iterator[Entry]:
    """torch.nn.MultiheadAttention, of which all names begin with `theirs`."""
    yield from _packed(theirs, "in_proj_weight", "in_proj_bias", ours)
    yield from _linear(theirs + "out_proj", ours + ".{}_O", "width", "width")


def _torch_stack(theirs: str, ours: str, attentions: Mapping[str, str], *, final_norm: bool) -> Iterator[Entry]:
    """torch.nn.TransformerEncoder and TransformerDecoder; `attentions` are their names and ours."""
    layer, block = theirs + "layers.{layer}", ours + ".{layer}"
    for their_name, our_name in attentions.items():
        yield from _torch_attention(f"{layer}.{their_name}.", block + our_name)
    yield from _linear(layer + ".linear1", block + ".feed_forward.{}_1", "width", "d_ff")
    yield from _linear(layer + ".linear2", block + ".feed_forward.{}_2", "d_ff", "width")
    for k in range(len(attentions) + 1):
        yield from _norm(f"{layer}.norm{k + 1}", f"{block}.norm.{k}")
    yield from _norm(theirs + "norm", ours + ".norm", optional=not final_norm)


_SELF = {"self_attn": ""}
_SELF_AND_CROSS = {"self_attn": ".self_attention", "multihead_attn": ".cross_attention"}


def _gpt2() -> Iterator[Entry]:
    """Hugging Face's GPT2LMHeadModel, and GPT2Model; its linear maps lie as (inputs x outputs)."""
    layer, block = "transformer.h.{layer}", "decoder.{layer}"
    yield Entry("transformer.wte.weight", ("embeddings",), ("vocabulary", "width"))
    yield Entry("transformer.wpe.weight", ("position_embeddings",), ("positions", "width"))
    yield from _norm(layer + ".ln_1", block + ".norm.0")
    yield from _packed(layer + ".attn.c_attn", ".weight", ".bias", block, transposed=False)
    yield from _linear(layer + ".attn.c_proj", block + ".{}_O", "width", "width", transposed=False)
    yield from _norm(layer + ".ln_2", block + ".norm.1")
    yield from _linear(layer + ".mlp.c_fc", block + ".feed_forward.{}_1", "width", "d_ff", transposed=False)
    yield from _linear(layer + ".mlp.c_proj", block + ".feed_forward.{}_2", "d_ff", "width", transposed=False)
    yield from _norm("transformer.ln_f", "decoder.norm")
    yield _output("lm_head", "transformer.wte.weight")


def _gpt_neo() -> Iterator[Entry]:
    """Hugging Face's GPTNeoForCausalLM, and GPTNeoModel: GPT-2 with queries, keys and values apart and without
    biases, and linear maps that lie as (outputs x inputs)."""
    layer, block = "transformer.h.{layer}", "decoder.{layer}"
    yield Entry("transformer.wte.weight", ("embeddings",), ("vocabulary", "width"))
    yield Entry("transformer.wpe.weight", ("position_embeddings",), ("positions", "width"))
    yield from _norm(layer + ".ln_1", block + ".norm.0")
    for letter in "QKV":
        name = f"{layer}.attn.attention.{letter.lower()}_proj.weight"
        yield Entry(name, (f"{block}.head.{{head}}.W_{letter}",), ("width", "width"), True)
    yield from _linear(layer + ".attn.attention.out_proj", block + ".{}_O", "width", "width")
    yield from _norm(layer + ".ln_2", block + ".norm.1")
    yield from _linear(layer + ".mlp.c_fc", block + ".feed_forward.{}_1", "width", "d_ff")
    yield from _linear(layer + ".mlp.c_proj", block + ".feed_forward.{}_2", "d_ff", "width")
    yield from _norm("transformer.ln_f", "decoder.norm")
    yield _output("lm_head", "transformer.wte.weight")


def _gpt_neox() -> Iterator[Entry]:
    """Hugging Face's GPTNeoXForCausalLM, and GPTNeoXModel; each head's query, key and value stand side by side."""
    layer, block = "gpt_neox.layers.{layer}", "decoder.{layer}"
    yield Entry("gpt_neox.embed_in.weight", ("embeddings",), ("vocabulary", "width"))
    yield from _norm(layer + ".input_layernorm", block + ".norm.0")
    for name, letter, shape in (("weight", "W", ("3*queries", "width")), ("bias", "b", ("3*queries",))):
        bias, blocks = letter == "b", tuple(f"{block}.head.{{head}}.{letter}_{part}" for part in "QKV")
        packed, out = f"{layer}.attention.query_key_value.{name}", f"{layer}.attention.dense.{name}"
        yield Entry(packed, blocks, shape, not bias, optional=bias, halves=(0, 1), by_head=True)
        yield Entry(out, (f"{block}.{letter}_O",), ("width", "queries")[: len(shape)], not bias, optional=bias)
    yield from _norm(layer + ".post_attention_layernorm", block + ".norm.1")
    yield from _linear(layer + ".mlp.dense_h_to_4h", block + ".feed_forward.{}_1", "width", "d_ff")
    yield from _linear(layer + ".mlp.dense_4h_to_h", block + ".feed_forward.{}_2", "d_ff", "width")
    yield from _norm("gpt_neox.final_layer_norm", "decoder.norm")
    yield _output("lm_head", "gpt_neox.embed_in.weight")


def _bert(names: Mapping[str, str]) -> Iterator[Entry]:
    """BERT's encoder and the head that predicts words: Hugging Face's BertForMaskedLM, and
    BertForPreTraining without its next-sentence head. Models like it (`names` has what differs) know
    fewer kinds of segments: RoBERTa mostly one, and its first position is never used, its second the pad's
    (Liu et al. 2019); DistilBERT none (Sanh et al. 2019); MPNet neither, and it has a table of distances
    (Song et al. 2020)."""
    embeddings, layer, block = names["embeddings"], names["layer"], "encoder.{layer}"
    words = embeddings + "word_embeddings.weight"
    yield Entry(words, ("embeddings",), ("vocabulary", "width"))
    yield Entry(
        embeddings + "position_embeddings.weight",
        ("position_embeddings",),
        ("positions", "width"),
        unused=int(names["unused"]),
    )
    if names["segments"] != "0":
        yield Entry(embeddings + "token_type_embeddings.weight", ("segment_embeddings",), ("segments", "width"))
    yield from _norm(embeddings + "LayerNorm", "embedding_norm")
    if "relative" in names:
        yield Entry(names["relative"], ("encoder.relative_bias",), ("32", "heads"))
    for letter in "QKV":
        yield from _linear(layer + names[letter], f"{block}.head.{{head}}.{{}}_{letter}", "width", "width")
    yield from _linear(layer + names["O"], block + ".{}_O", "width", "width")
    yield from _norm(layer + names["first_norm"], block + ".norm.0")
    yield from _linear(layer + names["w1"], block + ".feed_forward.{}_1", "width", "d_ff")
    yield from _linear(layer + names["w2"], block + ".feed_forward.{}_2", "d_ff", "width")
    yield from _norm(layer + names["second_norm"], block + ".norm.1")
    yield from _linear(names["transform"], "prediction.{}", "width", "width")
    yield from _norm(names["transform_norm"], "prediction.norm")
    bias = Entry(names["bias"], ("output.b",), ("vocabulary",))
    yield bias
    decoder = names["decoder"]
    yield _output(decoder, words)
    if decoder + ".bias" != bias.name:
        yield Entry(decoder + ".bias", (), ("vocabulary",), optional=True, same=bias.name)


def _marian() -> Iterator[Entry]:
    """Hugging Face's MarianMTModel (Junczys-Dowmunt et al. 2018): encoder and decoder, one table of words for both
    and for the output."""
    words = "model.shared.weight"
    yield Entry(words, ("embeddings",), ("vocabulary", "width"))
    for stack, attentions in _MARIAN.items():
        layer, ours = f"model.{stack}.layers.{{layer}}.", f"{stack}.{{layer}}"
        d_ff = "d_ff" if stack == "encoder" else "decoder_d_ff"
        yield Entry(f"model.{stack}.embed_tokens.weight", (), ("vocabulary", "width"), optional=True, same=words)
        positions = f"model.{stack}.embed_positions.weight"
        yield Entry(positions, (), ("positions", "width"), optional=True, sines=True)
        for k, (theirs, part) in enumerate(attentions.items()):
            for letter in "QKV":
                name = f"{layer}{theirs}.{letter.lower()}_proj"
                yield from _linear(name, f"{ours}{part}.head.{{head}}.{{}}_{letter}", "width", "width")
            yield from _linear(f"{layer}{theirs}.out_proj", f"{ours}{part}.{{}}_O", "width", "width")
            yield from _norm(f"{layer}{theirs}_layer_norm", f"{ours}.norm.{k}")
        yield from _linear(f"{layer}fc1", f"{ours}.feed_forward.{{}}_1", "width", d_ff)
        yield from _linear(f"{layer}fc2", f"{ours}.feed_forward.{{}}_2", d_ff, "width")
        yield from _norm(f"{layer}final_layer_norm", f"{ours}.norm.{len(attentions)}")
    yield _output("lm_head", words)
    yield Entry("final_logits_bias", ("output.b",), ("1", "vocabulary"), optional=True)


_MARIAN = {
    "encoder": {"self_attn": ""},
    "decoder": {"self_attn": ".self_attention", "encoder_attn": ".cross_attention"},
}


def _llama(names: Mapping[str, str], *, halves: bool) -> Iterator[Entry]:
    """LLaMA's decoder under Meta's names or Hugging Face's (`names` has those that differ). Meta's
    projections, and llama2.c's, turn neighbouring columns; Hugging Face's turn column k with column
    k + d_k/2. The biases of queries, keys and values are Qwen2's, the norms of queries and keys Qwen3's."""
    layer, block = names["layer"], "decoder.{layer}"
    yield Entry(names["embeddings"], ("embeddings",), ("vocabulary", "width"))
    for letter, size in (("Q", "queries"), ("K", "keys"), ("V", "keys")):
        place = "head.{head}" if letter == "Q" else "group.{group}"
        ours, theirs, turned = f"{block}.{place}", layer + names[letter], (0,) if halves and letter != "V" else ()
        yield Entry(f"{theirs}.weight", (f"{ours}.W_{letter}",), (size, "width"), True, halves=turned)
        yield Entry(f"{theirs}.bias", (f"{ours}.b_{letter}",), (size,), optional=True, halves=turned)
        if f"{letter}_norm" in names:
            own = (f"{block}.{letter}_gain",)
            yield Entry(f"{layer}{names[letter + '_norm']}.weight", own, ("d_k",), optional=True, halves=turned)
    yield Entry(layer + names["O"] + ".weight", (block + ".W_O",), ("width", "queries"), True)
    yield Entry(layer + names["O"] + ".bias", (block + ".b_O",), ("width",), optional=True)
    for k in (1, 2, 3):
        shape = ("width", "d_ff") if k == 2 else ("d_ff", "width")
        yield Entry(f"{layer}{names[f'w{k}']}.weight", (f"{block}.feed_forward.W_{k}",), shape, True)
    for k, norm in enumerate((names["first_norm"], names["second_norm"])):
        yield Entry(f"{layer}{norm}.weight", (f"{block}.norm.{k}.gain",), ("width",))
    yield Entry(names["norm"], ("decoder.norm.gain",), ("width",))
    yield _output(names["output"], names["embeddings"])


_BERT = {
    "embeddings": "bert.embeddings.", "layer": "bert.encoder.layer.{layer}.", "segments": "2", "unused": "0",
    "Q": "attention.self.query", "K": "attention.self.key", "V": "attention.self.value",
    "O": "attention.output.dense", "first_norm": "attention.output.LayerNorm",
    "w1": "intermediate.dense", "w2": "output.dense", "second_norm": "output.LayerNorm",
    "transform": "cls.predictions.transform.dense", "transform_norm": "cls.predictions.transform.LayerNorm",
    "bias": "cls.predictions.bias", "decoder": "cls.predictions.decoder",
}  # fmt: skip
_ROBERTA = _BERT | {
    "embeddings": "roberta.embeddings.", "layer": "roberta.encoder.layer.{layer}.", "segments": "1", "unused": "1",
    "transform": "lm_head.dense", "transform_norm": "lm_head.layer_norm",
    "bias": "lm_head.bias", "decoder": "lm_head.decoder",
}  # fmt: skip
_DISTILBERT = {
    "embeddings": "distilbert.embeddings.", "layer": "distilbert.transformer.layer.{layer}.",
    "segments": "0", "unused": "0",
    "Q": "attention.q_lin", "K": "attention.k_lin", "V": "attention.v_lin", "O": "attention.out_lin",
    "first_norm": "sa_layer_norm", "w1": "ffn.lin1", "w2": "ffn.lin2", "second_norm": "output_layer_norm",
    "transform": "vocab_transform", "transform_norm": "vocab_layer_norm",
    "bias": "vocab_projector.bias", "decoder": "vocab_projector",
}  # fmt: skip
_HUGGING_FACE = {
    "layer": "model.layers.{layer}.", "embeddings": "model.embed_tokens.weight", "norm": "model.norm.weight",
    "output": "lm_head", "Q_norm": "self_attn.q_norm", "K_norm": "self_attn.k_norm",
    "Q": "self_attn.q_proj", "K": "self_attn.k_proj", "V": "self_attn.v_proj",
    "O": "self_attn.o_proj", "w1": "mlp.gate_proj", "w2": "mlp.down_proj", "w3": "mlp.up_proj",
    "first_norm": "input_layernorm", "second_norm": "post_attention_layernorm",
}  # fmt: skip
_MPNET = _ROBERTA | {
    "embeddings": "mpnet.embeddings.", "layer": "mpnet.encoder.layer.{layer}.", "segments": "0", "unused": "1",
    "Q": "attention.attn.q", "K": "attention.attn.k", "V": "attention.attn.v", "O": "attention.attn.o",
    "first_norm": "attention.LayerNorm", "relative": "mpnet.encoder.relative_attention_bias.weight",
}  # fmt: skip
_META = {
    "layer": "layers.{layer}.", "embeddings": "tok_embeddings.weight", "norm": "norm.weight",
    "output": "output", "Q": "attention.wq", "K": "attention.wk", "V": "attention.wv",
    "O": "attention.wo", "w1": "feed_forward.w1", "w2": "feed_forward.w2", "w3": "feed_forward.w3",
    "first_norm": "attention_norm", "second_norm": "ffn_norm",
}  # fmt: skip
_TIED = {"tied": "output.W"}
_BIASES = {"attention_biases": "decoder.0.head.0.b_Q", "combining_bias": "decoder.0.b_O"}
_LLAMA: dict[str, Any] = {
    "options": {"pre_norm": True, "rms": True, "biases": False, "activation": "swiglu"},
    "present": _BIASES | {"query_key_norms": "decoder.0.Q_gain"},
    "absent": _TIED,
}


_DENSE = (
    Entry("dense.linear.weight", ("dense.W",), ("dense", "width"), transposed=True, optional=True),
    Entry("dense.linear.bias", ("dense.b",), ("dense",), optional=True),
)
"""A dense layer behind the one vector of a sentence, from a file of its own."""
_OF_BERT = {"activation": Unsaid("gelu_erf"), "epsilon": Unsaid(BERT_EPSILON)}


def _encoders(
    name: str,
    prefix: str,
    part: str,
    names: Mapping[str, str],
    ignored: str,
    *,
    head_follows: bool = False,
    beside: str = "",
    **more: Any,
) -> dict[str, Scheme]:
    """A model like BERT under two schemes: with the head that predicts words, whose names begin with
    `part`, and as `NAME_states` without it, which such a model ends with its last hidden state, with what the
    library's class has `beside`. The head's activation is GELU, or `head_follows` the layers'."""
    entries, without = tuple(_bert(names)), f"{name}_states"
    segments = int(names["segments"])
    options = _common(names)
    more |= {"options": options, "usual": {"segments": segments} if segments else {}}
    ignored = rf"{ignored}|.*\.position_ids"
    states = tuple(entry for entry in entries if not entry.name.startswith(part))
    head = {"head_activation": Unsaid("gelu_erf")} if head_follows else {}
    pooled = {"pooling": Unsaid("mean")}
    return {
        name: Scheme(
            entries,
            prefix,
            part,
            without,
            ignored,
            present={"head": "prediction.W"},
            unsaid=_OF_BERT | head,
            **more,
        ),
        without: Scheme(
            (*states, *_DENSE),
            prefix,
            ignored=rf"{ignored}|{re.escape(part)}.*",
            present={"dense_bias": "dense.b"},
            unsaid=_OF_BERT | pooled,
            beside=beside,
            **more,
        ),
    }


def _common(names: Mapping[str, str]) -> dict[str, Any]:
    """The options that a model like BERT has in common with its like; the row of positions of a `pad` stands first
    where others begin behind it."""
    options: dict[str, Any] = {
        "pre_norm": False,
        "segments": int(names["segments"]),
        "relative": "relative" in names,
    }
    return options | ({"pad": PAD} if names["unused"] == "1" else {})


PAD, PAD_NUMBER = "<pad>", 1
"""What RoBERTa fills short texts up with, and its number."""


def _classifiers(
    name: str, prefix: str, part: str, names: Mapping[str, str], dense: str, output: str, **more: Any
) -> dict[str, Scheme]:
    """A model like BERT as `NAME_sequence`, a classifier of sentences, with the names of its dense and its output
    layer, and as `NAME_words`, a classifier of words; DistilBERT's dense layer has ReLU behind it, others' tanh.
    RoBERTa and what came after it put two separators between the sentences of a pair."""
    pooler, ignored = rf"{re.escape(prefix)}pooler\..*|", rf".*\.position_ids|{re.escape(part)}.*"
    states = [entry for entry in _bert(names) if not entry.name.startswith(part)]
    segments = int(names["segments"])
    common = _common(names)
    of_sentences = {
        "classifies": "sentence",
        "dense_activation": "relu" if name == "distilbert" else "tanh",
        "between": 2 if names["unused"] == "1" else 1,
    }
    layer = _linear(dense, "classifier.dense.{}", "width", "width")
    more |= {"usual": {"segments": segments} if segments else {}, "unsaid": _OF_BERT}
    return {
        f"{name}_sequence": Scheme(
            (*states, *layer, *_linear(output, "classifier.{}", "width", "classes")),
            prefix,
            ignored=ignored if dense.startswith(prefix) else pooler + ignored,
            options=common | of_sentences,
            telling=f"{output}.weight",
            **more,
        ),
        f"{name}_words": Scheme(
            (*states, *_linear("classifier", "classifier.{}", "width", "classes")),
            prefix,
            ignored=pooler + ignored,
            options=common | {"classifies": "words"},
            telling="classifier.weight",
            **more,
        ),
    }


_OF_TORCH: dict[str, Any] = {
    "unsaid": {
        "pre_norm": Unsaid(False, "norm_first"),
        "activation": Unsaid("relu"),
        "epsilon": Unsaid(1e-5, "layer_norm_eps"),
    }
}
_BERT_RENAMED = (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"))

_OTHER_WIDTHS = "keys and values of another width than the words (kdim, vdim) are not built"
_FURTHER_KEY = "a key and a value beside those of the words (add_bias_kv) are not built"

SCHEMES: dict[str, Scheme] = {
    "torch_encoder": Scheme(
        tuple(_torch_stack("", "encoder", _SELF, final_norm=False)),
        present={"final_norm": "encoder.norm.gain"},
        **_OF_TORCH,
    ),
    "torch_decoder": Scheme(
        tuple(_torch_stack("", "decoder", _SELF_AND_CROSS, final_norm=False)),
        present={"final_norm": "decoder.norm.gain"},
        **_OF_TORCH,
    ),
    "torch_transformer": Scheme(
        (
            *_torch_stack("encoder.", "encoder", _SELF, final_norm=True),
            *_torch_stack("decoder.", "decoder", _SELF_AND_CROSS, final_norm=True),
        ),
        options={"final_norm": True},
        **_OF_TORCH,
    ),
    "torch_attention": Scheme(
        tuple(_torch_attention("", "multi_head")),
        options={"predicts": False},
        joined={"in_proj_weight": ("q_proj_weight", "k_proj_weight", "v_proj_weight")},
        refused={
            **dict.fromkeys(("bias_k", "bias_v"), _FURTHER_KEY),
            **dict.fromkeys(("q_proj_weight", "k_proj_weight", "v_proj_weight"), _OTHER_WIDTHS),
        },
    ),
    "gpt2": Scheme(
        tuple(_gpt2()),
        "transformer.",
        ignored=r".*\.attn\.(masked_)?bias",
        options={"pre_norm": True},
        absent=_TIED,
        unsaid={"activation": Unsaid("gelu_tanh"), "epsilon": Unsaid(1e-5)},
    ),
    "gpt_neo": Scheme(
        tuple(_gpt_neo()),
        "transformer.",
        ignored=r".*\.attn\.attention\.(masked_)?bias",
        options={"pre_norm": True, "attention_biases": False, "scaling": False},
        config=True,
        absent=_TIED,
    ),
    "gpt_neox": Scheme(
        tuple(_gpt_neox()),
        "gpt_neox.",
        ignored=r".*\.attention\.(masked_)?bias|.*rotary_emb\.inv_freq",
        renamed=(("embed_out.weight", "lm_head.weight"),),
        options={"pre_norm": True, "biases": True},
        config=True,
        present=_BIASES,
        absent=_TIED,
    ),
    **_encoders(
        "bert",
        "bert.",
        "cls.predictions.",
        _BERT,
        r"bert\.pooler\..*|cls\.seq_relationship\..*",
        renamed=_BERT_RENAMED,
        head_follows=True,
        beside="bert.pooler.dense",
    ),
    **_encoders(
        "roberta", "roberta.", "lm_head.", _ROBERTA, r"roberta\.pooler\..*", beside="roberta.pooler.dense"
    ),
    **_encoders("mpnet", "mpnet.", "lm_head.", _MPNET, r"mpnet\.pooler\..*", beside="mpnet.pooler.dense"),
    **_encoders("distilbert", "distilbert.", "vocab_", _DISTILBERT, r"distilbert\.pooler\..*", head_follows=True),
    "marian": Scheme(
        tuple(_marian()),
        "model.",
        options={"pre_norm": False, "final_norm": False, "halves": True},
        present={"output_bias": "output.b"},
        absent=_TIED,
        config=True,
    ),
    **_classifiers("bert", "bert.", "cls.", _BERT, "bert.pooler.dense", "classifier", renamed=_BERT_RENAMED),
    **_classifiers("roberta", "roberta.", "lm_head.", _ROBERTA, "classifier.dense", "classifier.out_proj"),
    **_classifiers("mpnet", "mpnet.", "lm_head.", _MPNET, "classifier.dense", "classifier.out_proj"),
    **_classifiers("distilbert", "distilbert.", "vocab_", _DISTILBERT, "pre_classifier", "classifier"),
    "llama": Scheme(
        tuple(_llama(_HUGGING_FACE, halves=True)),
        "model.",
        ignored=r".*\.rotary_emb\.inv_freq",
        unsaid={"epsilon": Unsaid(1e-6), "base": Unsaid(BASE)},
        **_LLAMA,
    ),
    "llama_meta": Scheme(
        tuple(_llama(_META, halves=False)),
        ignored=r"rope\.freqs",
        unsaid={"epsilon": Unsaid(EPSILON), "base": Unsaid(BASE)},
        **_LLAMA,
    ),
}
"""Every scheme by its name."""


def most_like(state: State, among: Iterable[str] = ()) -> str:
    """The scheme, of those named or of all, that knows most of the names of a state dict: the first of equals."""
    return max(among or SCHEMES, key=lambda scheme: SCHEMES[scheme].likeness(state))
