"""Published models: their files, their tokenizers, and the rows of the vocabulary that stand."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from kept import USUAL
from test_checkpoints import write_safetensors
from test_torch import fixture, state_of

from xltransformer import api
from xltransformer.building.instance import make_instance
from xltransformer.building.own import default_template
from xltransformer.cli import main
from xltransformer.difference import diff
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.weights import load, read_source
from xltransformer.weights.checkpoint import nine_digits

State = dict[str, Array]


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, arguments)


def save(path: Path, state: State) -> Path:
    write_safetensors(path, {n: ("F32", v.shape, v.astype("<f4").tobytes()) for n, v in state.items()})
    return path


def random(seed: int, **shapes: tuple[int, ...]) -> State:
    draw = np.random.default_rng(seed)
    return {name.replace("__", "."): draw.normal(0, 0.3, shape) for name, shape in shapes.items()}


def encoder_state(layers: int, d: int, f: int, v: int, positions: int = 16) -> State:
    """A BERT without prefix and head, as sentence-embedding models are saved, with random numbers."""
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings__word_embeddings__weight": (v, d),
        "embeddings__position_embeddings__weight": (positions, d),
        "embeddings__token_type_embeddings__weight": (2, d),
        "pooler__dense__weight": (d, d),
        "pooler__dense__bias": (d,),
    }
    for name in ("embeddings__LayerNorm",):
        shapes |= {f"{name}__weight": (d,), f"{name}__bias": (d,)}
    for k in range(layers):
        layer = f"encoder__layer__{k}__"
        linear = {f"attention__self__{part}": (d, d) for part in ("query", "key", "value")}
        linear |= {"attention__output__dense": (d, d), "intermediate__dense": (f, d), "output__dense": (d, f)}
        for name, shape in linear.items():
            shapes |= {f"{layer}{name}__weight": shape, f"{layer}{name}__bias": shape[:1]}
        for name in ("attention__output__LayerNorm", "output__LayerNorm"):
            shapes |= {f"{layer}{name}__weight": (d,), f"{layer}{name}__bias": (d,)}
    return random(1, **shapes)


WORD_PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "the",
    "cat",
    "un",
    "##aff",
    "##able",
    "##s",
    ",",
    "!",
    "e",
    "中",
]


def word_pieces(folder: Path) -> Path:
    (folder / "vocab.txt").write_text("\n".join(WORD_PIECES) + "\n", "utf-8")
    return folder / "vocab.txt"


SCORED = [("<unk>", 0), ("<s>", 0), ("</s>", 0), *((f"<0x{b:02X}>", 0) for b in range(256)),
          ("▁c", 0), ("at", -1), ("▁cat", -2), ("▁", -3), ("c", -4), ("a", -5), ("t", -6), ("s", -7)]  # fmt: skip


def write_tokenizer_bin(path: Path) -> Path:
    data = struct.pack("<i", 9)
    for piece, score in SCORED:
        raw = (f"\n{piece}\n" if piece in ("<s>", "</s>") else piece.replace("▁", " ")).encode()
        data += struct.pack("<fi", score, len(raw)) + raw
    path.write_bytes(data)
    return path


# Files of weights


def test_an_encoder_without_prefix_and_head(tmp_path: Path) -> None:
    """Nothing but files under Hugging Face's names: the template, the heads and the rows follow."""
    state = encoder_state(3, 8, 12, len(WORD_PIECES))
    path = save(tmp_path / "model.safetensors", state)
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "bert", "num_attention_heads": 4, "layer_norm_eps": 1e-12, "rope_scaling": None})
    )
    assert default_template(path) == "sentences"
    options = {"weights": path, "vocabulary": word_pieces(tmp_path), "words": 1}
    made = make_instance(None, ["the unaffable cats", "the cat"], **options)
    assert made.sizes.options["heads"] == 4
    assert " ".join(made.inputs["sentence.0.words"].ravel()) == "[CLS] the un ##aff ##able cat ##s [SEP]"
    # eleven are in use or special; the first other word is "中", as "e" is but a letter
    assert made.inputs["vocabulary"].ravel().tolist() == [*WORD_PIECES[:11], "中"]
    np.testing.assert_allclose(
        made.inputs["embeddings"], state["embeddings.word_embeddings.weight"].astype("f4")[[*range(11), 14]]
    )
    assert made.warnings == ("12 of the 15 tokens of vocab.txt stand in the workbook",)
    values = made.trace()
    assert values["similarity.cosine"].shape == (2, 2)
    whole = make_instance(None, ["the unaffable cats", "the cat"], **options | {"words": 100}).trace()
    np.testing.assert_allclose(values["similarity.cosine"], whole["similarity.cosine"], rtol=1e-12)


def test_only_some_layers(tmp_path: Path) -> None:
    state = encoder_state(3, 8, 12, len(WORD_PIECES))
    state["encoder.layer.2.output.dense.bias"][:] = np.nan  # never looked at
    path = save(tmp_path / "model.safetensors", state)
    options = {"weights": path, "vocabulary": word_pieces(tmp_path), "settings": {"layers": 2, "heads": 2}}
    made = make_instance("bert", ["the cat"], **options)
    assert "encoder.1.norm.1.output" in made.model.blocks
    assert "encoder.2.norm.1.output" not in made.model.blocks
    assert not [name for name in made.model.blocks if name.startswith("prediction")]
    with pytest.raises(UserError, match="holds nan"):
        make_instance("bert", ["the cat"], **options | {"settings": {"heads": 2}})


@pytest.mark.parametrize("prefix", ["bert.", ""])
@pytest.mark.parametrize("head", [True, False])
def test_every_form_of_bert(prefix: str, head: bool) -> None:
    state = {
        prefix + name.removeprefix("bert.") if name.startswith("bert.") else name: value
        for name, value in state_of(fixture("bert-0")[1]).items()
        if head or not name.startswith("cls.")
    }
    wanted = load("bert", state_of(fixture("bert-0")[1]), heads=2).blocks
    found = load("bert", state, heads=2)
    assert found.options["head"] is head
    assert all(np.array_equal(value, wanted[name]) for name, value in found.blocks.items())
    assert set(wanted) - set(found.blocks) == (
        set() if head else {n for n in wanted if n.startswith(("pred", "out"))}
    )
    states = load("bert_states", state, heads=2)
    assert not [name for name in states.blocks if name.startswith("prediction")]


def write_llama2c(path: Path, state: State, c: dict[str, Any], *, tied: bool) -> Path:
    """Version 0 of the format, as llama2.c's export writes it."""
    v = c["vocabulary"]
    head = (c["width"], c["d_ff"], c["layers"], c["heads"], c["kv_heads"], v if tied else -v, 8)
    parts = [state["tok_embeddings.weight"]]
    for kind in ("attention_norm", "attention.wq", "attention.wk", "attention.wv", "attention.wo", "ffn_norm",
                 "feed_forward.w1", "feed_forward.w2", "feed_forward.w3"):  # fmt: skip
        parts += [state[f"layers.{k}.{kind}.weight"] for k in range(c["layers"])]
    parts += [state["norm.weight"], np.zeros(8 * c["d_k"])]
    parts += [] if tied else [state["output.weight"]]
    path.write_bytes(struct.pack("<7i", *head) + b"".join(part.astype("<f4").tobytes() for part in parts))
    return path


@pytest.mark.parametrize(("name", "tied"), [("llama-1", False), ("llama-3", True)])
def test_llama2c(name: str, tied: bool, tmp_path: Path) -> None:
    """The file alone, no template, no heads: the logits are PyTorch's, as near as single precision is."""
    c, arrays = fixture(name)
    path = write_llama2c(tmp_path / "stories.bin", state_of(arrays), c, tied=tied)
    (tmp_path / "words.txt").write_text("".join(f"t{k}\n" for k in range(c["vocabulary"])))
    made = make_instance(
        None,
        [" ".join(f"t{k}" for k in arrays["tokens"])],
        weights=path,
        vocabulary=tmp_path / "words.txt",
        settings={"slots": 0, "base": c["base"]},
        spare=False,
    )
    assert made.template.name == "llama"
    assert made.warnings == ()
    logits = made.trace()["prediction.logits"]
    np.testing.assert_allclose(logits, arrays["logits"], atol=1e-5 * np.abs(arrays["logits"]).max())


def test_llama2c_files_that_are_none(tmp_path: Path) -> None:
    c, arrays = fixture("llama-1")
    path = write_llama2c(tmp_path / "stories.bin", state_of(arrays), c, tied=False)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(UserError, match=r"bytes, but its head tells of"):
        read_source(path)
    for data, said in (
        (b"PK\3\4" + b"0" * 30, "PyTorch's own"),
        (b"24ka" + b"0" * 30, "version 0"),
        (b"", "version 0"),
    ):
        path.write_bytes(data)
        with pytest.raises(UserError, match=said):
            read_source(path)


def test_shards_and_half_precision(tmp_path: Path) -> None:
    c, arrays = fixture("llama-0")
    state, files = state_of(arrays), {}
    for k, (name, value) in enumerate(state.items()):
        files[name] = f"model-{k % 2 + 1}-of-2.safetensors"
        single = value.astype("<f4")
        halves = (single.view("<u4") >> 16).astype("<u2")
        state[name] = (halves.astype("<u4") << 16).view("<f4").astype(float)
        arrays[name] = halves
    for file in set(files.values()):
        own = {n: ("BF16", arrays[n].shape, arrays[n].tobytes()) for n, f in files.items() if f == file}
        write_safetensors(tmp_path / file, own)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": files}))
    for path in (index, tmp_path):
        found = load("llama", read_source(path).state, c["heads"])
        wanted = load("llama", state, c["heads"])
        assert found.blocks.keys() == wanted.blocks.keys()
        for name, value in wanted.blocks.items():
            np.testing.assert_allclose(found.blocks[name], value, rtol=6e-10)
    index.write_text(json.dumps({"weight_map": files | {"model.lost": "model-1-of-2.safetensors"}}))
    with pytest.raises(UserError, match=r"model\.lost"):
        read_source(index)


def test_single_precision_takes_nine_digits() -> None:
    sizes = 10.0 ** np.arange(-20, 5).repeat(200)
    x = (np.random.default_rng(0).normal(0, 1, 5000) * sizes).astype("<f4").astype(float)
    rounded = nine_digits(x)
    assert (rounded.astype("<f4") == x.astype("<f4")).all()
    assert max(len(repr(float(value))) for value in rounded[4000:]) <= 14
    assert nine_digits(np.array([0.0, -2.0])).tolist() == [0.0, -2.0]


def test_tensors_stay_on_disk_until_used(tmp_path: Path) -> None:
    path = save(tmp_path / "w.safetensors", {"a": np.ones((3, 2))})
    assert isinstance(read_source(path).state["a"], np.memmap)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("[", "no JSON"),
        ("[]", "no object"),
        ('{"num_attention_heads": 4}', "does not say its model_type"),
        ('{"model_type": "ernie4_5"}', "model_type ernie4_5, which is not among those that are built: bert,"),
        ('{"architectures": ["MuModel"]}', "architectures MuModel, which is not among those that are built"),
        ('{"model_type": "bert", "architectures": ["BertForNextSentencePrediction"]}', "that are built: BertForM"),
        ('{"architectures": ["BertModel"], "rope_scaling": {"type": "yarn"}}', 'rope_scaling {"type": "yarn"} is'),
        ('{"model_type": "bert", "hidden_act": "mish"}', "hidden_act mish is not built"),
        ('{"model_type": "bert", "num_attention_heads": 4, "hidden_act": "quick_gelu"}', "hidden_act quick_gelu"),
        ('{"model_type": "bert", "num_attention_heads": 3}', "3 heads do not divide the width 8"),
        ('{"model_type": "bert", "num_attention_heads": "3"}', "num_attention_heads is 3; give a whole number"),
        ('{"model_type": "gpt2", "n_layer": 1}', "says what template sentences is not"),
    ],
)
def test_configurations_that_cannot_be(config: str, said: str, tmp_path: Path) -> None:
    path = save(tmp_path / "model.safetensors", encoder_state(1, 8, 12, len(WORD_PIECES)))
    (tmp_path / "config.json").write_text(config)
    result = run("trace", "--template", "sentences", "--weights", str(path))
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


# Which words stand


def llama_files(folder: Path) -> dict[str, Any]:
    c = {"width": 8, "d_ff": 6, "layers": 1, "heads": 2, "kv_heads": 1, "d_k": 4, "vocabulary": len(SCORED)}
    d, keys = 8, 4
    shapes = {"tok_embeddings__weight": (len(SCORED), d), "norm__weight": (d,), "output__weight": (len(SCORED), d)}
    kinds = {"attention_norm": (d,), "ffn_norm": (d,), "attention__wq": (d, d), "attention__wo": (d, d)}
    kinds |= {"attention__wk": (keys, d), "attention__wv": (keys, d)}
    kinds |= {"feed_forward__w1": (6, d), "feed_forward__w2": (d, 6), "feed_forward__w3": (6, d)}
    for kind, shape in kinds.items():
        shapes[f"layers__0__{kind}__weight"] = shape
    weights = write_llama2c(folder / "stories.bin", random(3, **shapes), c, tied=False)
    return {"weights": weights, "vocabulary": write_tokenizer_bin(folder / "tokenizer.bin")}


def test_a_model_that_writes_has_its_whole_vocabulary_or_what_is_listed(tmp_path: Path) -> None:
    options = llama_files(tmp_path)
    whole = make_instance(None, ["cats"], **options)
    assert whole.inputs["vocabulary"].shape == (len(SCORED), 1)
    assert whole.inputs["output.W"].shape == (8, len(SCORED))
    assert not [w for w in whole.warnings if "stand" in w]
    (tmp_path / "few.txt").write_text("at\nt\n")
    for words, rows in ((0, 5), (2, 7), (tmp_path / "few.txt", 7)):
        some = make_instance(None, ["cats"], **options, words=words)
        assert len(some.inputs["vocabulary"]) == rows, words
        assert some.warnings == (
            f"{rows} of the 267 tokens of tokenizer.bin stand in the workbook; predictions are among these",
        )
    # the same row of numbers stands beside the same word, wherever the row is
    at = some.inputs["vocabulary"].ravel().tolist().index("at")
    np.testing.assert_array_equal(some.inputs["embeddings"][at], whole.inputs["embeddings"][260])
    np.testing.assert_array_equal(some.inputs["output.W"][:, at], whole.inputs["output.W"][:, 260])


@pytest.mark.parametrize("name", ["bert", "bert-sequence"])
def test_only_a_model_that_predicts_words_predicts_among_some(name: str, tmp_path: Path) -> None:
    saved_model(name, tmp_path)
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d"]))
    found = make_instance(None, ["a b"], weights=tmp_path, vocabulary=path, words=0)
    (line,) = (warning for warning in found.warnings if "stand in the workbook" in warning)
    assert line.endswith("predictions are among these") == (name == "bert")


def test_words_without_a_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("one\ntwo\n")
    with pytest.raises(UserError, match="plain list"):
        make_instance("gpt", ["one"], vocabulary=tmp_path / "v.txt", words=3)
    with pytest.raises(UserError, match="no vocabulary to take them from"):
        make_instance("gpt", ["the"], words=3)


def test_a_vocabulary_larger_than_the_weights(tmp_path: Path) -> None:
    path = save(tmp_path / "model.safetensors", encoder_state(1, 8, 12, 6))
    with pytest.raises(UserError, match=r"token number 14, but .* has rows for 6"):
        make_instance("sentences", ["the cat"], weights=path, vocabulary=word_pieces(tmp_path))


def test_a_workbook_of_a_published_model_agrees(tmp_path: Path) -> None:
    options = llama_files(tmp_path)
    path = tmp_path / "stories.xlsx"
    result = run("build", "--weights", str(options["weights"]), "--vocabulary", str(options["vocabulary"]),
                 "--sentence", "cats", "--words", "3", "--slots", "3", "-o", str(path))  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "tokens of tokenizer.bin stand in the workbook" in result.stderr
    result = run("diff", str(path))
    assert result.exit_code == 0, result.output


# Models as Hugging Face's transformers saves them, against what it computes

HUGGING_FACE = Path(__file__).parent / "fixtures" / "published"
KINDS = sorted(path.stem for path in HUGGING_FACE.glob("*.npz") if not path.stem.startswith("marian"))


def saved_model(name: str, folder: Path, **changes: Any) -> tuple[list[str], Array]:
    """The folder of a published model: weights, config.json (with changes), and a list of tokens w0, w1, …;
    returns the tokens that went in and what came out."""
    with np.load(HUGGING_FACE / f"{name}.npz") as arrays:
        state = {key.removeprefix("state:"): arrays[key] for key in arrays.files if key.startswith("state:")}
        config, tokens, result = json.loads(str(arrays["config"])), arrays["tokens"], arrays["result"]
    write_safetensors(folder / "model.safetensors", {n: ("F64", v.shape, v.tobytes()) for n, v in state.items()})
    (folder / "config.json").write_text(json.dumps(config | changes))
    (folder / "words.json").write_text(json.dumps([f"w{k}" for k in range(config["vocab_size"])]))
    return [f"w{token}" for token in tokens], result


def refusal(name: str, changes: Mapping[str, Any], folder: Path) -> str:
    """The one line in which a saved model is refused whose config has changes."""
    saved_model(name, folder, **changes)
    result = run("build", "--weights", str(folder), "--sentence", "w3 w4", "-o", str(folder / "x.xlsx"))
    assert result.exit_code == 2
    assert len(result.stderr.strip()) <= 300
    assert result.stderr.count("\n") == 1
    return result.stderr


def result_block(name: str, states: bool) -> str:
    if name.endswith(("sequence", "cross", "words")):
        return "classification.logits"
    if not states:
        return "prediction.logits"
    return "decoder.norm.output" if name.startswith("gpt2") else "encoder.1.norm.1.output"


@pytest.mark.parametrize("name", KINDS)
def test_a_published_model_computes_what_its_library_does(name: str, tmp_path: Path) -> None:
    words, result = saved_model(name, tmp_path)
    second = 4 if name.startswith("bert") else 5  # the fifth is RoBERTa's second separator
    sentences = [" ".join(words[:4]), " ".join(words[second:])] if name.endswith("cross") else [" ".join(words)]
    instance = make_instance(None, sentences, weights=tmp_path, vocabulary=tmp_path / "words.json", spare=False)
    assert not instance.warnings
    values = instance.trace()
    if name.endswith("cross"):
        assert values["sentence.words"].ravel().tolist() == words
    found = values[result_block(name, name.endswith("-states"))]
    result = np.atleast_2d(result)
    rotary = name.startswith(("llama", "mistral", "qwen"))  # there the library has angles in single precision
    assert np.abs(found[: len(result)] - result).max() < (1e-6 if rotary else 1e-9)


@pytest.mark.parametrize("engine", USUAL)
@pytest.mark.parametrize(
    "name", ["llama-3", "llama-linear", "qwen2", "roberta", "distilbert-states", "mpnet-states"]
)
def test_the_sheets_of_published_models_agree(name: str, engine: str, tmp_path: Path) -> None:
    words, _ = saved_model(name, tmp_path)
    sentences = [" ".join(words[:3]), " ".join(words[2:5])][: 1 + name.endswith("states")]
    options: dict[str, Any] = {
        "weights": tmp_path,
        "vocabulary": tmp_path / "words.json",
        "settings": {"layers": 1},
    }
    api.build(tmp_path / "book.xlsx", sentences, slots=1, **options)
    assert diff(tmp_path / "book.xlsx", engine, tolerance=1e-9).ok


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("qwen2", {"rope_parameters": {"rope_type": "yarn", "factor": 4.0}}, "rope_scaling of the type yarn"),
        ("qwen2", {"rope_scaling": {"type": "linear", "factor": "x"}}, "factor of rope_scaling is x"),
        ("qwen2", {"partial_rotary_factor": 0.5}, "partial_rotary_factor (rotary positions) 0.5 is not built"),
        ("qwen2", {"residual_multiplier": 0.2}, "residual_multiplier 0.2 is not built"),
        ("mistral", {"sliding_window": 4}, "sliding_window 4 is not built"),
        ("roberta", {"pad_token_id": 0}, "pad_token_id 0 is not built"),
        ("bert-states", {"position_embedding_type": "relative_key"}, "position_embedding_type relative_key is"),
        ("bert-states", {"hidden_act": "quick_gelu"}, "hidden_act quick_gelu is not built"),
        ("qwen2", {"hidden_act": "gelu"}, "hidden_act gelu is not built (built: silu, swish)"),
        ("gpt2", {"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx true is not built"),
        ("gpt2", {"scale_attn_weights": False}, "scale_attn_weights false is not built"),
        *(
            ("qwen2", {name: 0.25}, f"{name} 0.25 is not built")
            for name in (
                "residual_scale",
                "embedding_multiplier",
                "attention_multiplier",
                "logits_scaling",
                "scale_emb",
                "attn_logit_softcapping",
                "final_logit_softcapping",
                "clip_qkv",
            )
        ),
    ],
)
def test_what_would_be_computed_otherwise_is_refused_in_a_line(
    name: str, changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert said in refusal(name, changes, tmp_path)


def saved_sentences(folder: Path, *modules: str) -> tuple[Callable[..., Array], Mapping[str, Array]]:
    """A sentence-embedding model with what it pools by: the vector that it makes of a sentence by the modes or the
    mode given, and what sentence-transformers' definitions give."""
    words, _ = saved_model("bert-states", folder)
    with np.load(HUGGING_FACE.parent / "poolings.npz") as arrays:
        expected = {name: arrays[name] for name in arrays.files}
    (folder / "1_Pooling").mkdir()
    options: dict[str, Any] = {"weights": folder, "vocabulary": folder / "words.json", "spare": False}
    listed = [
        {"type": f"sentence_transformers.models.{one}", "path": f"{k}_{one}"} for k, one in enumerate(modules)
    ]
    if listed:
        (folder / "modules.json").write_text(json.dumps(listed))

    def vector(modes: dict[str, bool] | str, **settings: Any) -> Array:
        older = {} if isinstance(modes, str) else {f"pooling_mode_{mode}": on for mode, on in modes.items()}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(older or {"pooling_mode": modes}))
        made = make_instance(None, [" ".join(words)], **options, settings={"slots": 2, **settings})
        found: Array = made.trace()["pooling.unit"][0]
        return found

    return vector, {name: x / np.linalg.norm(x) for name, x in expected.items()} | {"W": expected["weight"]}


def test_sentences_are_pooled_as_is_told_beside_the_weights(tmp_path: Path) -> None:
    vector, expected = saved_sentences(tmp_path)
    names = {"cls_token": "cls", "lasttoken": "lasttoken"}
    for mode in (
        "cls_token",
        "mean_tokens",
        "max_tokens",
        "mean_sqrt_len_tokens",
        "weightedmean_tokens",
        "lasttoken",
    ):
        short = names.get(mode, mode.removesuffix("_tokens"))
        modes = {"cls_token": False, "mean_tokens": False, mode: True}
        np.testing.assert_allclose(vector(modes), expected[short], atol=1e-9)
        np.testing.assert_allclose(vector(short), expected[short], atol=1e-9)
    with pytest.raises(UserError, match=r"pooled by mean\+max, which is not built"):
        vector({"mean_tokens": True, "max_tokens": True})
    with pytest.raises(UserError, match="pooled by median"):
        vector("median")


DENSE = {"in_features": 8, "out_features": 5, "bias": True}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"activation_function": "torch.nn.modules.activation.Tanh"}, "tanh"),
        ({}, "tanh"),
        ({"activation_function": "torch.nn.modules.linear.Identity"}, "none"),
        ({"activation_function": "torch.nn.modules.linear.Identity", "bias": False}, "unbiased"),
    ],
)
def test_a_dense_layer_stands_behind_the_pooling(changes: dict[str, Any], expected: str, tmp_path: Path) -> None:
    vector, vectors = saved_sentences(tmp_path, "Transformer", "Pooling", "Dense", "Normalize")
    dense_folder(tmp_path, changes)
    np.testing.assert_allclose(vector("mean"), vectors[expected], atol=1e-9)


def dense_folder(folder: Path, changes: dict[str, Any]) -> None:
    with np.load(HUGGING_FACE.parent / "poolings.npz") as arrays:
        state = {"linear.weight": arrays["weight"], "linear.bias": arrays["bias"]}
    if not changes.get("bias", True):
        del state["linear.bias"]
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "config.json").write_text(json.dumps(DENSE | changes))
    entries = {n: ("F64", v.shape, v.tobytes()) for n, v in state.items()}
    write_safetensors(folder / "2_Dense" / "model.safetensors", entries)


@pytest.mark.parametrize(
    ("modules", "changes", "said"),
    [
        (
            ("Transformer", "Pooling", "Dense"),
            {"activation_function": "torch.nn.GELU"},
            "torch.nn.GELU is not built",
        ),
        (("Transformer", "Pooling", "Dense"), {"out_features": 6}, "out_features 6, but the weights have 5"),
        (("Transformer", "Pooling", "Dense"), {"module_input_name": "token_embeddings"}, "module_input_name"),
        (("Transformer", "Pooling", "Dense", "Dense"), {}, "pooled by Transformer, then Pooling, then Dense"),
        (("Transformer", "Pooling", "Normalize", "Dense"), {}, "pooled by Transformer, then Pooling, then Norm"),
        (("Transformer", "Pooling", "LayerNorm"), {}, "a LayerNorm layer"),
        (("Transformer", "Pooling", "Dense", "Normalize"), None, "2_Dense holds no config.json"),
    ],
)
def test_what_stands_behind_the_pooling_and_is_not_built(
    modules: tuple[str, ...], changes: dict[str, Any] | None, said: str, tmp_path: Path
) -> None:
    vector, _ = saved_sentences(tmp_path, *modules)
    if changes is not None:
        dense_folder(tmp_path, changes)
    with pytest.raises(UserError, match=re.escape(said)):
        vector("mean")


@pytest.mark.parametrize("engine", USUAL)
@pytest.mark.parametrize("mode", ["max", "lasttoken", "weightedmean"])
def test_the_sheets_of_poolings_agree(mode: str, engine: str, tmp_path: Path) -> None:
    vector, _ = saved_sentences(tmp_path, "Transformer", "Pooling", "Dense")
    dense_folder(tmp_path, {})
    vector(mode)
    options: dict[str, Any] = {"weights": tmp_path, "vocabulary": tmp_path / "words.json"}
    api.build(tmp_path / "book.xlsx", ["w3 w4 w5", "w6 w3"], slots=1, settings={"layers": 1}, **options)
    assert diff(tmp_path / "book.xlsx", engine, tolerance=1e-9).ok


def test_the_first_screen_of_a_sentence_encoder_compares_its_own_words(tmp_path: Path) -> None:
    saved_model("bert-states", tmp_path)
    listed = ["[CLS]", "[SEP]", "the", "a", "cat", "dog", "sat", "ran", "##s", ".", "x"]
    (tmp_path / "words.json").write_text(json.dumps(listed))
    sentences = ["[CLS] the cat sat . [SEP]", "[CLS] a dog ran . [SEP]"]
    instance = make_instance(None, sentences, weights=tmp_path, vocabulary=tmp_path / "words.json", slots=1)
    values, cosine = instance.trace(), instance.model.blocks["similarity.words.cosine"]
    assert [picture.block for picture in instance.model.headline.pictures][1] is cosine  # type: ignore[union-attr]
    assert cosine.rows.read(values) == ["[CLS]", "the", "cat", "sat", ".", "[SEP]", ""]
    found = values["similarity.words.cosine"]
    one, two = (values[f"sentence.{s}.encoder.1.norm.1.output"] for s in (0, 1))
    expected = one[2] @ two[3] / np.linalg.norm(one[2]) / np.linalg.norm(two[3])
    assert found[2, 3] == pytest.approx(expected)
    assert not found[6].any()
    done = [(e.row, e.to) for e in instance.template.experiments]
    assert done == [(2, {"en": "the"}), (4, {"en": "sat"})]


def test_a_tokenizer_beside_the_weights_is_taken(tmp_path: Path) -> None:
    save(tmp_path / "model.safetensors", encoder_state(1, 8, 12, len(WORD_PIECES)))
    alone = make_instance(None, ["the cat"], weights=tmp_path)
    assert any("without its vocabulary" in line for line in alone.warnings)
    word_pieces(tmp_path)
    for weights in (tmp_path, tmp_path / "model.safetensors"):
        made = make_instance(None, ["the unaffable"], weights=weights)
        assert " ".join(made.inputs["sentence.words"].ravel()) == "[CLS] the un ##aff ##able [SEP]"
        assert not any("without" in line for line in made.warnings)


# Decoders with options of layers of their own

DECODERS = ["gpt-neo", "gpt-neo-near", "gpt-neox", "gpt-neox-sequential", "qwen3", "qwen3-tied"]


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_writes_on_as_its_library_does(name: str, tmp_path: Path) -> None:
    words, result = saved_model(name, tmp_path)
    with np.load(HUGGING_FACE / f"{name}.npz") as arrays:
        continued = [f"w{token}" for token in arrays["continued"]]
    options: dict[str, Any] = {"weights": tmp_path, "vocabulary": tmp_path / "words.json", "spare": False}
    made = make_instance(None, [" ".join(words)], slots=len(continued), **options).trace()
    assert np.abs(made["prediction.logits"][: len(words)] - result).max() < 1e-9
    assert made["sentence.words"].ravel().tolist()[len(words) :] == continued


@pytest.mark.parametrize("engine", USUAL)
@pytest.mark.parametrize("name", ["gpt-neo-near", "gpt-neox", "qwen3-tied"])
def test_the_sheets_of_such_decoders_agree(name: str, engine: str, tmp_path: Path) -> None:
    words, _ = saved_model(name, tmp_path)
    options: dict[str, Any] = {"weights": tmp_path, "vocabulary": tmp_path / "words.json"}
    api.build(tmp_path / "book.xlsx", [" ".join(words[:5])], slots=2, **options)
    assert diff(tmp_path / "book.xlsx", engine, tolerance=1e-9).ok


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("gpt-neox", {"rope_parameters": {"partial_rotary_factor": 0.4}}, "partial_rotary_factor 0.4"),
        ("gpt-neox", {"rope_parameters": None, "rotary_pct": 2}, "rotary_pct 2"),
        ("gpt-neox", {"partial_rotary_factor": 0.5}, "partial_rotary_factor 0.5"),
        ("gpt-neox", {"use_parallel_residual": "no"}, "use_parallel_residual is no; give true or false"),
        ("gpt-neox", {"attention_bias": False}, "attention_bias False, but the weights have True"),
        ("gpt-neox", {"hidden_act": "quick_gelu"}, "hidden_act quick_gelu"),
        ("gpt-neo", {"attention_types": [[["global", "wide"], 1]]}, "attention_types"),
        ("gpt-neo", {"attention_types": [[["global"], 1]]}, "attention_types"),
        ("gpt-neo", {"attention_layers": ["local", "local"]}, "attention_layers"),
        ("gpt-neo", {"window_size": 0}, "window_size is 0"),
        ("qwen3", {"head_dim": 4}, "head_dim 4, but the weights have 6"),
        ("qwen3", {"attention_bias": True}, "attention_bias True, but the weights have False"),
        ("qwen3", {"sliding_window": 2, "use_sliding_window": True}, "sliding_window 2"),
        ("qwen3", {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"]}, "model_type qwen2, with"),
        ("qwen3", {"model_type": "olmo2"}, "olmo2"),
    ],
)
def test_what_such_a_decoder_would_compute_otherwise_is_refused(
    name: str, changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert said in refusal(name, changes, tmp_path)


@pytest.mark.parametrize("name", ["gpt-neox", "gpt-neo"])
def test_weights_that_do_not_say_what_they_are_ask_for_their_config(name: str, tmp_path: Path) -> None:
    saved_model(name, tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(UserError, match=r"takes the config\.json that belongs to the weights"):
        make_instance(None, ["w3 w4"], weights=tmp_path, vocabulary=tmp_path / "words.json")


def test_older_names_of_gpt_neox(tmp_path: Path) -> None:
    """As Pythia was saved: embed_out, buffers beside the weights, and rotary_pct in the config."""
    words, result = saved_model("gpt-neox", tmp_path, rope_parameters=None, rotary_pct=0.25, rotary_emb_base=10000)
    state = dict(read_source(tmp_path).state)
    state["embed_out.weight"] = state.pop("lm_head.weight")
    for k in range(2):
        state |= {f"gpt_neox.layers.{k}.attention.{name}": np.ones(1) for name in ("bias", "masked_bias")}
        state[f"gpt_neox.layers.{k}.attention.rotary_emb.inv_freq"] = np.ones(1)
    arrays = {name: np.asarray(value, dtype=float) for name, value in state.items()}
    write_safetensors(
        tmp_path / "model.safetensors", {n: ("F64", v.shape, v.tobytes()) for n, v in arrays.items()}
    )
    options: dict[str, Any] = {"weights": tmp_path, "vocabulary": tmp_path / "words.json", "spare": False}
    found = make_instance(None, [" ".join(words)], **options).trace()["prediction.logits"]
    assert np.abs(found[: len(words)] - result).max() < 1e-9
