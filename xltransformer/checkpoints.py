"""Weights from elsewhere: which entry of a published state dict becomes which blocks of ours.

A scheme is a table of `Entry` rows. Adding one: write its table and name it in `SCHEMES`.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix, Model

State = Mapping[str, Array]
"""A state dict: arrays by their published names."""


@dataclass(frozen=True)
class Entry:
    """One entry of a state dict, and the blocks that are made of it.

    In names, `{layer}` stands for each layer and `{head}` for each head. `shape` names the sizes,
    such as `3*width`. A row stays a row; a matrix that lies as (outputs x inputs) is `transposed`
    to ours. Its columns are then dealt out evenly to the blocks, and among the heads. An
    `optional` entry may be missing; one that equals the entry it is `tied` to gives no block.
    """

    name: str
    blocks: tuple[str, ...]
    shape: tuple[str, ...]
    transposed: bool = False
    optional: bool = False
    tied: str = ""

    @property
    def group(self) -> str:
        """What stands before the layer's number: entries that share it have the same layers."""
        before, found, _ = self.name.partition("{layer}")
        return before if found else ""


@dataclass(frozen=True)
class Scheme:
    """The entries of one kind of model. A `prefix` may be missing from all names; names matching
    `ignored` are nothing to us; `renamed` are older endings of names with today's. `options` are
    those of our model that every such model has in common; `present` are those that are True where
    a block is there, `absent` those that are True where one is not."""

    entries: tuple[Entry, ...]
    prefix: str = ""
    ignored: str = ""
    renamed: tuple[tuple[str, str], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    present: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def published(self, state: State) -> dict[str, Array]:
        """The state under the names of the table."""
        bare = self.prefix and not any(name.startswith(self.prefix) for name in state)
        own = {entry.name.partition(".")[0] for entry in self.entries} - {self.prefix.rstrip(".")}
        renamed = {}
        for name, value in state.items():
            for old, new in self.renamed:
                name = name.removesuffix(old) + new if name.endswith(old) else name
            renamed[self.prefix + name if bare and name.partition(".")[0] not in own else name] = value
        return {n: value for n, value in renamed.items() if not (self.ignored and re.fullmatch(self.ignored, n))}


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


def _torch_attention(theirs: str, ours: str) -> Iterator[Entry]:
    yield from _packed(theirs, ".in_proj_weight", ".in_proj_bias", ours)
    yield from _linear(theirs + ".out_proj", ours + ".{}_O", "width", "width")


def _torch_stack(theirs: str, ours: str, attentions: Mapping[str, str], *, final_norm: bool) -> Iterator[Entry]:
    """torch.nn.TransformerEncoder and TransformerDecoder; `attentions` are their names and ours."""
    layer, block = theirs + "layers.{layer}", ours + ".{layer}"
    for their_name, our_name in attentions.items():
        yield from _torch_attention(f"{layer}.{their_name}", block + our_name)
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
    yield Entry(
        "lm_head.weight",
        ("output.W",),
        ("vocabulary", "width"),
        True,
        optional=True,
        tied="transformer.wte.weight",
    )


def _bert() -> Iterator[Entry]:
    """Hugging Face's BertForMaskedLM, and BertForPreTraining without its next-sentence head."""
    embeddings, layer, block = "bert.embeddings.", "bert.encoder.layer.{layer}.", "encoder.{layer}"
    words, predictions = embeddings + "word_embeddings.weight", "cls.predictions."
    yield Entry(words, ("embeddings",), ("vocabulary", "width"))
    yield Entry(embeddings + "position_embeddings.weight", ("position_embeddings",), ("positions", "width"))
    yield Entry(embeddings + "token_type_embeddings.weight", ("segment_embeddings",), ("segments", "width"))
    yield from _norm(embeddings + "LayerNorm", "embedding_norm")
    for part in ("query", "key", "value"):
        ours = block + ".head.{head}.{}_" + part[0].upper()
        yield from _linear(layer + "attention.self." + part, ours, "width", "width")
    yield from _linear(layer + "attention.output.dense", block + ".{}_O", "width", "width")
    yield from _norm(layer + "attention.output.LayerNorm", block + ".norm.0")
    yield from _linear(layer + "intermediate.dense", block + ".feed_forward.{}_1", "width", "d_ff")
    yield from _linear(layer + "output.dense", block + ".feed_forward.{}_2", "d_ff", "width")
    yield from _norm(layer + "output.LayerNorm", block + ".norm.1")
    yield from _linear(predictions + "transform.dense", "prediction.{}", "width", "width")
    yield from _norm(predictions + "transform.LayerNorm", "prediction.norm")
    yield Entry(predictions + "bias", ("output.b",), ("vocabulary",))
    decoder = predictions + "decoder"
    yield Entry(decoder + ".weight", ("output.W",), ("vocabulary", "width"), True, optional=True, tied=words)
    yield Entry(decoder + ".bias", (), ("vocabulary",), optional=True)


SCHEMES: dict[str, Scheme] = {
    "torch_encoder": Scheme(
        tuple(_torch_stack("", "encoder", _SELF, final_norm=False)), present={"final_norm": "encoder.norm.gain"}
    ),
    "torch_decoder": Scheme(
        tuple(_torch_stack("", "decoder", _SELF_AND_CROSS, final_norm=False)),
        present={"final_norm": "decoder.norm.gain"},
    ),
    "torch_transformer": Scheme(
        (
            *_torch_stack("encoder.", "encoder", _SELF, final_norm=True),
            *_torch_stack("decoder.", "decoder", _SELF_AND_CROSS, final_norm=True),
        ),
        options={"final_norm": True},
    ),
    "gpt2": Scheme(
        tuple(_gpt2()),
        "transformer.",
        r".*\.attn\.(masked_)?bias",
        options={"pre_norm": True},
        absent={"tied": "output.W"},
    ),
    "bert": Scheme(
        tuple(_bert()),
        ignored=r"bert\.pooler\..*|cls\.seq_relationship\..*|.*\.position_ids",
        renamed=(("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")),
        options={"pre_norm": False},
    ),
}
"""Every scheme by its name."""

SCHEME_OF = {
    "encoder": "torch_encoder",
    "decoder": "torch_decoder",
    "encoder_decoder": "torch_transformer",
    "gpt": "gpt2",
    "bert": "bert",
}
"""The scheme of each model of ours that has one."""


@dataclass(frozen=True)
class Checkpoint:
    """What a state dict holds: blocks by our names, and the sizes that its entries tell: `width`,
    `d_ff`, `vocabulary`, `positions`, `segments`, and for each stack the number of its layers, such
    as `encoder` or `decoder`. `options` are those of our model that follow."""

    blocks: dict[str, Array]
    sizes: dict[str, int]
    options: dict[str, Any] = field(default_factory=dict)

    def fit(self, model: Model, words: int | None = None) -> dict[str, Array]:
        """The values of the model's weights and embeddings; see `trimmed` for `words`.

        Raises UserError listing the blocks that are missing, surplus or misshapen.
        """
        blocks = {block.name: block for block in model.inputs if block.role in ("parameter", "embedding")}
        wanted = {name: block.shape for name, block in blocks.items()}
        values = {
            name: trimmed(value, blocks[name], words) for name, value in self.blocks.items() if name in wanted
        }
        _complain(
            "the weights do not fit the model",
            [name for name in wanted if name not in self.blocks],
            [name for name in self.blocks if name not in wanted],
            [(name, value.shape, wanted[name]) for name, value in values.items() if value.shape != wanted[name]],
        )
        return values


def trimmed(value: Array, block: Matrix, words: int | None = None) -> Array:
    """The weights of a block: of more positions than there is room for the first, and with a column
    of 0 for each word of the vocabulary beyond the `words` that the weights know."""
    if block.last_name == "position_embeddings":
        return value[: block.shape[0]]
    of_words = block.columns.source is not None and block.columns.source.role == "vocabulary"
    if words is not None and of_words and value.ndim == 2 and value.shape[1] == words < block.shape[1]:
        return np.pad(value, ((0, 0), (0, block.shape[1] - words)))
    return value


def load(scheme: str, state: State, heads: int) -> Checkpoint:
    """Our blocks from a state dict; the number of heads is the one size that no entry tells.

    Raises UserError for an unknown scheme, for heads that do not divide the width, and for a state
    dict with missing, surplus or misshapen entries, all of which it lists.
    """
    if scheme not in SCHEMES:
        raise UserError(f"no scheme {scheme!r} of names: give one of {', '.join(SCHEMES)}")
    table = SCHEMES[scheme]
    state = table.published(state)
    layers = _count_layers(table, state)
    wanted = {
        entry.name.replace("{layer}", str(k)): (entry, k)
        for entry in table.entries
        for k in range(layers[entry.group] if entry.group else 1)
    }
    sizes = _read_sizes(wanted, state)
    biased = any(name.endswith("bias") for name in state)  # PyTorch's modules know bias=False
    misshapen = []
    for name, (entry, _) in wanted.items():
        shape = tuple(_size(symbol, sizes) for symbol in entry.shape)
        if name in state and state[name].shape != shape:
            misshapen.append((name, state[name].shape, shape))
    _complain(
        f"this is no state dict of the scheme {scheme}",
        [
            name
            for name, (entry, _) in wanted.items()
            if name not in state and not entry.optional and (biased or not name.endswith("bias"))
        ],
        [name for name in state if name not in wanted],
        misshapen,
    )
    if heads < 1 or sizes["width"] % heads:
        raise UserError(f"{heads} heads do not divide the width {sizes['width']} of the weights; give heads=…")
    blocks: dict[str, Array] = {}
    for name, (entry, k) in wanted.items():
        if name not in state or (entry.tied in state and np.array_equal(state[name], state[entry.tied])):
            continue
        blocks |= {block.replace("{layer}", str(k)): v for block, v in _deal(entry, state[name], heads)}
    stacks = {entry.blocks[0].partition(".")[0]: layers[entry.group] for entry in table.entries if entry.group}
    return Checkpoint(blocks, sizes | stacks, _options(table, blocks, sizes, stacks, heads, biased))


def _options(
    table: Scheme,
    blocks: Mapping[str, Array],
    sizes: Mapping[str, int],
    stacks: Mapping[str, int],
    heads: int,
    biased: bool,
) -> dict[str, Any]:
    """The options of our model that make it as large as the weights, and of their kind."""
    each = sizes["width"] // heads
    layers = next(iter(stacks.values()))
    return {
        "layers": layers,
        **({f"{stack}_layers": count for stack, count in stacks.items()} if len(stacks) > 1 else {}),
        **{"heads": heads, "d_k": each, "d_v": each, "d_ff": sizes["d_ff"], "rms": False, "biases": biased},
        **table.options,
        **{option: block in blocks for option, block in table.present.items()},
        **{option: block not in blocks for option, block in table.absent.items()},
    }


def _count_layers(table: Scheme, state: State) -> dict[str, int]:
    """How many layers each group of entries has: one more than the largest number met, at least 1."""
    counts = {}
    for group in {entry.group for entry in table.entries if entry.group}:
        numbers = (re.match(re.escape(group) + r"(\d{1,4})\.", name) for name in state)
        counts[group] = max((int(found[1]) + 1 for found in numbers if found), default=1)
    return counts


def _read_sizes(wanted: Mapping[str, tuple[Entry, int]], state: State) -> dict[str, int]:
    """Each size as most entries have it, so that one misshapen entry is named and not all others."""
    votes: dict[str, Counter[int]] = {}
    for name, (entry, _) in wanted.items():
        if name in state and state[name].ndim == len(entry.shape):
            for symbol, size in zip(entry.shape, state[name].shape, strict=True):
                times, _, bare = symbol.rpartition("*")
                votes.setdefault(bare, Counter())[size // int(times or 1)] += 1
    return {"width": 1} | {symbol: counter.most_common(1)[0][0] for symbol, counter in votes.items()}


def _size(symbol: str, sizes: Mapping[str, int]) -> int:
    times, _, bare = symbol.rpartition("*")
    return int(times or 1) * sizes.get(bare, 0)


def _deal(entry: Entry, value: Array, heads: int) -> Iterator[tuple[str, Array]]:
    """The blocks of one entry: its columns dealt out to them, and among the heads."""
    matrix = value.reshape(1, -1) if value.ndim == 1 else value.T if entry.transposed else value
    for block, part in zip(entry.blocks, np.hsplit(matrix, max(len(entry.blocks), 1)), strict=False):
        if "{head}" in block:
            for h, own in enumerate(np.hsplit(part, heads)):
                yield block.replace("{head}", str(h)), own.copy()
        else:
            yield block, part.copy()


Misshapen = Sequence[tuple[str, tuple[int, ...], tuple[int, ...]]]


def listed(names: Sequence[str]) -> str:
    """Names in one line, the first of them where they are many."""
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(names[:12]) + more


def _complain(what: str, missing: Sequence[str], surplus: Sequence[str], misshapen: Misshapen) -> None:
    """Raise UserError listing what is wrong, if anything is."""

    def sized(shape: tuple[int, ...]) -> str:
        return "x".join(map(str, shape)) or "one number"

    shapes = [f"{name} ({sized(found)}, expected {sized(expected)})" for name, found, expected in misshapen]
    faults = {"missing": missing, "surplus": surplus, "misshapen": shapes}
    if any(faults.values()):
        raise UserError(f"{what}: " + "; ".join(f"{kind}: {listed(n)}" for kind, n in faults.items() if n))


def read_state(path: str | Path) -> dict[str, Array]:
    """The arrays of an .npz or .safetensors file in double precision, by name.

    Raises UserError where the file cannot be read or holds something else.
    """
    path = Path(path)
    readers = {".npz": _read_npz, ".safetensors": _read_safetensors}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise UserError(f"{path} is neither .npz nor .safetensors; save the weights as one of them")
    try:
        return read(path)
    except OSError as error:
        raise UserError(f"cannot read weights from {path}: {error.strerror or error}") from None
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        raise UserError(f"cannot read weights from {path}: {error}; write plain numbers") from None


def _read_npz(path: Path) -> dict[str, Array]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name].astype(float) for name in arrays.files}


_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def _read_safetensors(path: Path) -> dict[str, Array]:
    """The format: the header's length (8 bytes), the header (JSON: type, shape and place of each
    array), the arrays. Whole numbers, such as the places of BERT's buffers, are left out."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    state: dict[str, Array] = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in _DTYPES:
            continue
        start, stop = entry["data_offsets"]
        raw = np.frombuffer(data[8 + length + start : 8 + length + stop], _DTYPES[entry["dtype"]])
        if entry["dtype"] == "BF16":  # the upper half of a single-precision number
            raw = (raw.astype("<u4") << 16).view("<f4")
        if raw.size != math.prod(entry["shape"]):
            raise ValueError(f"{name} is cut off")
        state[name] = raw.reshape(entry["shape"]).astype(float)
    return state
