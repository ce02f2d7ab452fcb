"""The layers against PyTorch: values made by scripts/make_torch_fixtures.py."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cells import draw, one_section, read
from kept import USUAL

from xltransformer.engines import ENGINES
from xltransformer.graph import ONE, Array, Axis, Matrix, Model, Scope
from xltransformer.nn.attention import AttentionOptions, padding_mask
from xltransformer.nn.feed_forward import feed_forward, feed_forward_weights
from xltransformer.nn.gated import gru, gru_weights, lstm, lstm_weights
from xltransformer.nn.gradients import gradients
from xltransformer.nn.linear import linear
from xltransformer.nn.loss import cross_entropy, mean_squared_error
from xltransformer.nn.multi_head import multi_head, multi_head_weights
from xltransformer.nn.norm import EPSILON, norm, norm_weights
from xltransformer.nn.pooling import cosines, pool, unit_length
from xltransformer.nn.positions import angles
from xltransformer.nn.recurrent import recurrent, recurrent_weights
from xltransformer.nn.stack import Architecture, stack, stack_weights
from xltransformer.ops import Row, add, gelu_erf, gelu_tanh, lookup, matmul, row_products
from xltransformer.weights import load

FOLDER = Path(__file__).parent / "fixtures" / "torch"


@cache
def fixture(name: str) -> tuple[dict[str, Any], dict[str, Array]]:
    """A file's configuration and its arrays."""
    with np.load(FOLDER / f"{name}.npz") as file:
        arrays = {key: file[key] for key in file.files}
    return json.loads(str(arrays.pop("config"))), arrays


def state_of(arrays: dict[str, Array]) -> dict[str, Array]:
    return {key.removeprefix("state:"): v for key, v in arrays.items() if key.startswith("state:")}


@dataclass
class Case:
    """A model of ours, the values of its inputs, and for some blocks what PyTorch has in their place
    (where `rows` says that a word stands)."""

    model: Model
    inputs: dict[str, Array]
    expected: dict[str, Array]
    rows: Array

    def check(self, values: dict[str, Array], tolerance: float) -> None:
        for name, theirs in self.expected.items():
            ours = values[name][self.rows]
            largest = np.abs(theirs[self.rows]).max()
            error = np.abs(ours - theirs[self.rows]).max()
            assert error <= tolerance * largest, f"{name}: {error / largest:.1e} relative"


def everywhere(n: int) -> Array:
    return np.ones(n, dtype=bool)


def rows_input(g: Scope, name: str, value: Array) -> Matrix:
    return g.input(name, Axis.numbered("", value.shape[0]), Axis.numbered("", value.shape[1]), "embedding")


def column(values: Any) -> Array:
    return np.array(values, dtype=float).reshape(-1, 1)


def start() -> tuple[Model, Scope]:
    model = one_section()
    return model, model.scope()


def padding(g: Scope, name: str, values: list[int]) -> Matrix:
    return g.input(name, Axis.numbered("", len(values)), ONE, "choice")


def multi_head_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    state, heads, width = state_of(arrays), c["heads"], c["width"]
    x = rows_input(g, "X", arrays["x"])
    source = None if c["self"] else rows_input(g, "Y", arrays["y"])
    d = width // heads
    w = multi_head_weights(g, x.columns, heads, d, d, source=source and source.columns, biases=c["biases"])
    inputs = {"X": arrays["x"], **({} if c["self"] else {"Y": arrays["y"]})}
    padded = 0 in c["padding_q"] + c["padding_k"]
    mask = None
    if padded:
        queries, keys = padding(g, "padding_q", c["padding_q"]), padding(g, "padding_k", c["padding_k"])
        mask = padding_mask(g, queries, keys, causal=c["causal"])
        inputs |= {"padding_q": column(c["padding_q"]), "padding_k": column(c["padding_k"])}
    multi_head(g, x, w, AttentionOptions(mask, c["causal"]), source=source)
    # torch stacks the projections and transposes; it keeps them apart where the widths differ
    if "in_proj_weight" in state:
        parts = np.vsplit(state["in_proj_weight"], 3)
    else:
        parts = [state[f"{part}_proj_weight"] for part in "qkv"]
    for p, part in enumerate("QKV"):
        for h in range(heads):
            inputs[f"head.{h}.W_{part}"] = parts[p][h * d : (h + 1) * d].T
            if c["biases"]:
                bias = state["in_proj_bias"].reshape(3, 1, width)[p]
                inputs[f"head.{h}.b_{part}"] = bias[:, h * d : (h + 1) * d]
    inputs["W_O"] = state["out_proj.weight"].T
    if c["biases"]:
        inputs["b_O"] = state["out_proj.bias"].reshape(1, -1)
    expected = {"output": arrays["output"]}
    expected |= {f"head.{h}.weights": arrays["weights"][h] for h in range(heads)}
    return Case(model, inputs, expected, np.array(c["padding_q"]) == 1)


def norm_case(c: dict[str, Any], arrays: dict[str, Array], *, rms: bool = False) -> Case:
    model, g = start()
    x = rows_input(g, "X", arrays["x"])
    w = norm_weights(g, x.columns, g.constant("epsilon", c["epsilon"]), rms=rms, bias=c.get("biases", True))
    norm(g, x, w)
    inputs = {**model.constants, "X": arrays["x"], "gain": arrays["state:weight"].reshape(1, -1)}
    if w.bias is not None:
        inputs["bias"] = arrays["state:bias"].reshape(1, -1)
    return Case(model, inputs, {"output": arrays["output"]}, everywhere(c["rows"]))


def rms_norm_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    return norm_case(c, arrays, rms=True)


def gelu_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    x = rows_input(g, "X", arrays["x"])
    g.add("erf", gelu_erf(x))
    g.add("tanh", gelu_tanh(x))
    expected = {"erf": arrays["erf"], "tanh": arrays["tanh"]}
    return Case(model, {"X": arrays["x"]}, expected, everywhere(c["rows"]))


def swiglu_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    x = rows_input(g, "X", arrays["x"])
    inner = Axis.numbered("f", c["d_ff"])
    feed_forward(g, x, feed_forward_weights(g, x.columns, inner, "swiglu", biases=c["biases"]))
    inputs = {"X": arrays["x"]}
    for k in (1, 2, 3):
        inputs[f"W_{k}"] = arrays[f"state:w{k}.weight"].T
        if c["biases"]:
            inputs[f"b_{k}"] = arrays[f"state:w{k}.bias"].reshape(1, -1)
    return Case(model, inputs, {"output": arrays["output"]}, everywhere(c["rows"]))


def recurrent_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    x = rows_input(g, "X", arrays["x"])
    recurrent(g, x, recurrent_weights(g, x.columns, Axis.numbered("h", c["state"])))
    inputs = {
        "X": arrays["x"],
        "W_x": arrays["state:weight_ih_l0"].T,
        "W_h": arrays["state:weight_hh_l0"].T,
        "b": (arrays["state:bias_ih_l0"] + arrays["state:bias_hh_l0"]).reshape(1, -1),
    }
    return Case(model, inputs, {"states": arrays["output"]}, everywhere(c["rows"]))


def gates(letters: str, arrays: dict[str, Array]) -> dict[str, Array]:
    """Weights of gates, which PyTorch keeps below one another, by our names; its two biases as their sum."""
    found = {}
    for side, ours in (("weight_ih_l0", "W_x"), ("weight_hh_l0", "W_h")):
        parts = np.split(arrays[f"state:{side}"], len(letters))
        found |= {f"{ours}{k}": part.T for k, part in zip(letters, parts, strict=True)}
    both = arrays["state:bias_ih_l0"] + arrays["state:bias_hh_l0"]
    parts = np.split(both.reshape(1, -1), len(letters), axis=1)
    return found | {f"b_{k}": part for k, part in zip(letters, parts, strict=True)}


def lstm_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    x = rows_input(g, "X", arrays["x"])
    lstm(g, x, lstm_weights(g, x.columns, Axis.numbered("h", c["state"])))
    inputs = {"X": arrays["x"], **gates("ifgo", arrays)}
    return Case(model, inputs, {"states": arrays["output"]}, everywhere(c["rows"]))


def gru_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    x = rows_input(g, "X", arrays["x"])
    gru(g, x, gru_weights(g, x.columns, Axis.numbered("h", c["state"])))
    inputs = {"X": arrays["x"], **gates("rzn", arrays)}
    for name, side in (("b_n", "ih"), ("b_hn", "hh")):  # these two stay apart
        inputs[name] = np.split(arrays[f"state:bias_{side}_l0"].reshape(1, -1), 3, axis=1)[2]
    return Case(model, inputs, {"states": arrays["output"]}, everywhere(c["rows"]))


def architecture(g: Scope, c: dict[str, Any], **choices: Any) -> Architecture:
    d = c["width"] // c["heads"]
    epsilon = g.constant("epsilon", c.get("epsilon", EPSILON))
    return Architecture(Axis.numbered("d", c["width"]), c["heads"], d, d, c["d_ff"], epsilon, **choices)


def choices_of(c: dict[str, Any]) -> dict[str, Any]:
    return {key: c[key] for key in ("activation", "biases", "pre_norm")}


def encoder_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    a = architecture(g, c, **choices_of(c))
    x = rows_input(g, "X", arrays["x"])
    present = padding(g, "padding", c["padding"])
    w = stack_weights(g.scope("encoder"), a, c["layers"], final_norm=c["final_norm"])
    mask = padding_mask(g, present, present) if 0 in c["padding"] else None
    result = stack(g.scope("encoder"), x, w, AttentionOptions(mask)).output
    weights = load("torch_encoder", state_of(arrays), c["heads"])
    assert weights.sizes == {"width": c["width"], "d_ff": c["d_ff"], "encoder": c["layers"]}
    inputs = {**model.constants, **weights.blocks, "X": arrays["x"], "padding": column(c["padding"])}
    return Case(model, inputs, {result.name: arrays["output"]}, np.array(c["padding"]) == 1)


def decoder_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    a = architecture(g, c, **choices_of(c))
    x, memory = rows_input(g, "X", arrays["x"]), rows_input(g, "memory", arrays["memory"])
    present, other = padding(g, "padding", c["padding"]), padding(g, "memory_padding", c["memory_padding"])
    w = stack_weights(g.scope("decoder"), a, c["layers"], across=True, final_norm=c["final_norm"])
    mask = memory_mask = None
    if 0 in c["padding"] + c["memory_padding"]:
        mask = padding_mask(g.scope("own"), present, present, causal=True)
        memory_mask = padding_mask(g.scope("cross"), present, other)
    own, across = AttentionOptions(mask, causal=True), AttentionOptions(memory_mask)
    result = stack(g.scope("decoder"), x, w, own, memory, across).output
    inputs = {
        **model.constants,
        **load("torch_decoder", state_of(arrays), c["heads"]).blocks,
        "X": arrays["x"],
        "memory": arrays["memory"],
        "padding": column(c["padding"]),
        "memory_padding": column(c["memory_padding"]),
    }
    return Case(model, inputs, {result.name: arrays["output"]}, np.array(c["padding"]) == 1)


def transformer_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    a = architecture(g, c, **choices_of(c))
    x, source = rows_input(g, "X", arrays["x"]), rows_input(g, "source", arrays["source"])
    present, other = padding(g, "padding", c["padding"]), padding(g, "memory_padding", c["memory_padding"])
    one = stack_weights(g.scope("encoder"), a, c["encoder_layers"], final_norm=True)
    two = stack_weights(g.scope("decoder"), a, c["decoder_layers"], across=True, final_norm=True)
    mask = padding_mask(g.scope("source"), other, other)
    memory = stack(g.scope("encoder"), source, one, AttentionOptions(mask)).output
    own = AttentionOptions(padding_mask(g.scope("own"), present, present, causal=True), causal=True)
    across = AttentionOptions(padding_mask(g.scope("cross"), present, other))
    result = stack(g.scope("decoder"), x, two, own, memory, across).output
    weights = load("torch_transformer", state_of(arrays), c["heads"])
    assert (weights.sizes["encoder"], weights.sizes["decoder"]) == (c["encoder_layers"], c["decoder_layers"])
    inputs = {
        **model.constants,
        **weights.blocks,
        "X": arrays["x"],
        "source": arrays["source"],
        "padding": column(c["padding"]),
        "memory_padding": column(c["memory_padding"]),
    }
    return Case(model, inputs, {result.name: arrays["output"]}, np.array(c["padding"]) == 1)


def gpt2_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    a = architecture(g, c, activation="gelu_tanh", pre_norm=True)
    n = c["tokens"]
    with model.section("gpt"):
        words = g.input("embeddings", Axis.numbered("", c["vocabulary"]), a.width, "embedding")
        index = g.input("index", Axis.numbered("", n), ONE, "choice")
        positions = g.input("position_embeddings", index.rows, a.width, "parameter", row_per_place=True)
        x = g.add("X", add(lookup_named(g, index, words), positions))
    w = stack_weights(g.scope("decoder"), a, c["layers"], final_norm=True)
    h = stack(g.scope("decoder"), x, w, AttentionOptions(causal=True)).output
    if c["tied"]:
        g.add("logits", row_products(h, words))
    else:
        g.add("logits", matmul(h, g.input("output.W", a.width, words.rows, "parameter")))
    weights = load("gpt2", state_of(arrays), c["heads"])
    told = {"width", "d_ff", "vocabulary", "positions"}
    assert weights.sizes == {**{key: c[key] for key in told}, "decoder": c["layers"]}
    inputs = {**model.constants, **weights.fit(model), "index": column(arrays["tokens"] + 1)}
    return Case(model, inputs, {"logits": arrays["logits"]}, everywhere(n))


def llama_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    a = Architecture(
        Axis.numbered("d", c["width"]), c["heads"], c["d_k"], c["d_k"], c["d_ff"],
        g.constant("epsilon", c["epsilon"]),
        activation="swiglu", pre_norm=True, rms=True, biases=False, groups=c["kv_heads"],
        attention_biases=c["biases"],
    )  # fmt: skip
    n = c["tokens"]
    with model.section("llama"):
        words = g.input("embeddings", Axis.numbered("", c["vocabulary"]), a.width, "embedding")
        index = g.input("index", Axis.numbered("", n), ONE, "choice")
        x = lookup_named(g, index, words)
        turned = angles(g, x, g.constant("base", c["base"]), width=a.d_k)
    w = stack_weights(g.scope("decoder"), a, c["layers"], final_norm=True)
    h = stack(g.scope("decoder"), x, w, AttentionOptions(causal=True, angles=turned)).output
    if c["tied"]:
        g.add("logits", row_products(h, words))
    else:
        g.add("logits", matmul(h, g.input("output.W", a.width, words.rows, "parameter")))
    scheme = "llama" if c["names"] == "hugging_face" else "llama_meta"
    weights = load(scheme, state_of(arrays), c["heads"])
    assert weights.options["kv_heads"] == c["kv_heads"]
    assert weights.options["tied"] == c["tied"]
    inputs = {**model.constants, **weights.fit(model), "index": column(arrays["tokens"] + 1)}
    return Case(model, inputs, {"logits": arrays["logits"]}, everywhere(n))


def grouped_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    x = rows_input(g, "X", arrays["x"])
    w = multi_head_weights(
        g, x.columns, c["heads"], c["d_k"], c["d_k"], biases=c["biases"], groups=c["kv_heads"], output_bias=False
    )
    multi_head(g, x, w, AttentionOptions(causal=c["causal"]))
    inputs, state = {"X": arrays["x"], "W_O": arrays["state:o.weight"].T}, state_of(arrays)
    for part, place, count in (
        ("Q", "head", c["heads"]),
        ("K", "group", c["kv_heads"]),
        ("V", "group", c["kv_heads"]),
    ):
        for k, weight in enumerate(np.vsplit(state[f"{part.lower()}.weight"], count)):
            inputs[f"{place}.{k}.W_{part}"] = weight.T
            if c["biases"]:
                bias = state[f"{part.lower()}.bias"].reshape(count, 1, -1)[k]
                inputs[f"{place}.{k}.b_{part}"] = bias
    return Case(model, inputs, {"output": arrays["output"]}, everywhere(c["rows"]))


def pooling_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    inputs, vectors, expected = {}, [], {}
    names = g.input("names", Axis.numbered("", 2), ONE, "list", text=True)
    for k in range(2):
        x = rows_input(g, f"states.{k}", arrays[f"x{k}"])
        h = g.scope("pool", str(k))
        vectors.append(unit_length(h, pool(h, x, padding(g, f"padding.{k}", c[f"padding_{k}"]))))
        inputs |= {f"states.{k}": arrays[f"x{k}"], f"padding.{k}": column(c[f"padding_{k}"])}
        expected[f"pool.{k}.unit"] = arrays[f"unit{k}"].reshape(1, -1)
    g.add("between", Row(0)(cosines(g, names, vectors)))
    expected["between"] = np.array([[1.0, arrays["cosine"][0]]])
    inputs["names"] = np.array([["a"], ["b"]], dtype=object)
    return Case(model, inputs, expected, np.array([True]))


def lookup_named(g: Scope, index: Matrix, table: Matrix) -> Matrix:
    return g.add(f"{table.name}.found", lookup(index, table))


def bert_case(c: dict[str, Any], arrays: dict[str, Array]) -> Case:
    model, g = start()
    a = architecture(g, c, activation="gelu_erf")
    n = len(c["padding"])
    with model.section("bert"):
        present = padding(g, "padding", c["padding"])
        words = g.input("embeddings", Axis.numbered("", c["vocabulary"]), a.width, "embedding")
        index = g.input("index", Axis.numbered("", n), ONE, "choice")
        segment = g.input("segment", Axis.numbered("", n), ONE, "choice")
        positions = g.input("position_embeddings", index.rows, a.width, "parameter", row_per_place=True)
        segments = g.input("segment_embeddings", Axis.numbered("", 2), a.width, "parameter")
        x = g.add("X", add(lookup_named(g, index, words), positions, lookup_named(g, segment, segments)))
        x = norm(g.scope("embedding_norm"), x, norm_weights(g.scope("embedding_norm"), a.width, a.epsilon))
    w = stack_weights(g.scope("encoder"), a, c["layers"])
    h = stack(g.scope("encoder"), x, w, AttentionOptions(padding_mask(g, present, present))).output
    p = g.scope("prediction")
    W, b = p.input("W", a.width, a.width, "parameter"), p.input("b", ONE, a.width, "parameter")
    t = p.add("activated", gelu_erf(p.add("inner", linear(h, W, b))))
    t = norm(p.scope("norm"), t, norm_weights(p.scope("norm"), a.width, a.epsilon))
    g.add("logits", row_products(t, words, g.input("output.b", ONE, words.rows, "parameter")))
    inputs = {
        **model.constants,
        **load("bert", state_of(arrays), c["heads"]).fit(model),
        "index": column(arrays["tokens"] + 1),
        "segment": column(arrays["segments"] + 1),
        "padding": column(c["padding"]),
    }
    return Case(model, inputs, {"logits": arrays["logits"]}, np.array(c["padding"]) == 1)


BUILDERS = {
    "multi_head": multi_head_case,
    "layer_norm": norm_case,
    "rms_norm": rms_norm_case,
    "gelu": gelu_case,
    "swiglu": swiglu_case,
    "recurrent": recurrent_case,
    "lstm": lstm_case,
    "gru": gru_case,
    "encoder": encoder_case,
    "decoder": decoder_case,
    "transformer": transformer_case,
    "gpt2": gpt2_case,
    "bert": bert_case,
    "llama": llama_case,
    "grouped": grouped_case,
    "pooling": pooling_case,
}
FIXTURES = sorted(path.stem for path in FOLDER.glob("*.npz") if path.stem.rpartition("-")[0] in BUILDERS)


def case_of(name: str) -> Case:
    return BUILDERS[name.rpartition("-")[0]](*fixture(name))


def test_every_layer_has_at_least_five_configurations() -> None:
    kinds = [name.rpartition("-")[0] for name in FIXTURES]
    assert all(kinds.count(kind) >= 5 for kind in BUILDERS)
    assert sum(path.stat().st_size for path in FOLDER.glob("*")) < 1_500_000


@pytest.mark.parametrize("name", FIXTURES)
def test_numpy_agrees_with_torch(name: str) -> None:
    case = case_of(name)
    case.check(case.model.trace(case.inputs), 1e-10)


IN_CELLS = [
    "multi_head-1", "multi_head-3", "multi_head-5", "layer_norm-0", "rms_norm-3", "gelu-2", "swiglu-3",
    "recurrent-3", "lstm-3", "gru-3",
    "encoder-1", "encoder-4", "encoder-5", "decoder-1", "decoder-5", "transformer-1", "gpt2-0", "gpt2-4",
    "bert-0", "bert-3", "bert-4", "llama-0", "llama-2", "llama-3", "grouped-1", "grouped-3", "grouped-4",
    "pooling-1", "pooling-3",
]  # fmt: skip


@pytest.mark.parametrize("engine", USUAL)
@pytest.mark.parametrize("name", IN_CELLS)
def test_cells_agree_with_torch_and_numpy(name: str, engine: str, tmp_path: Path) -> None:
    case = case_of(name)
    ours = case.model.trace(case.inputs)
    places = draw(case.model, ours, tmp_path / "cells.xlsx")
    results = ENGINES[engine].recalculate(tmp_path / "cells.xlsx")
    found = {block: read(results, place) for block, place in places.items()}
    case.check(found, 1e-9)
    for block, value in found.items():
        if case.model.blocks[block].text:
            assert value.tolist() == ours[block].tolist(), block
        else:
            np.testing.assert_allclose(value, ours[block], rtol=1e-9, atol=1e-9, err_msg=block)


LEARNED = [name for name in FIXTURES if "loss" in fixture(name)[1]]


def learning_case(name: str) -> tuple[Case, dict[str, Array]]:
    """A case with the loss that PyTorch took of it and its gradients, and what autograd found."""
    config, arrays = fixture(name)
    kind, case = name.rpartition("-")[0], case_of(name)
    model, objective = case.model, case.model.scope("objective")
    result = model.blocks[next(iter(case.expected))]
    words = kind in ("gpt2", "bert")
    if kind == "gelu":
        result = model.scope().add("both", add(result, model.blocks["tanh"], model.blocks["tanh"]))
    with model.section("loss"):
        target = objective.input("target", result.rows, ONE if words else result.columns, "choice")
        if words:
            loss = cross_entropy(objective, result, target)
        else:
            counts = objective.input("counts", result.rows, ONE, "choice")
            loss = mean_squared_error(objective, result, target, counts)
    learned = gradients(model, loss)
    # the gradients lie where the numbers do: what builds a case from the numbers finds them
    found = {key.removeprefix("gradient:"): value for key, value in arrays.items() if key.startswith("gradient:")}
    passed = {key: found.get(key.removeprefix("state:"), value) for key, value in arrays.items()}
    theirs = BUILDERS[kind](config, passed).inputs
    for name in SUMMED.get(kind, ()):  # PyTorch has two biases there, each with all of the gradient
        theirs[name] = theirs[name] / 2
    target_values = column(arrays["target"] + 1) if words else arrays["target"]
    case.inputs |= model.constants | case.inputs
    case.inputs |= {"objective.target": target_values, "objective.counts": column(case.rows)}
    expected = {gradient.name: theirs[block.name] for block, gradient in learned.items()}
    for block in model.parameters:
        assert block in learned or not theirs[block.name].any(), block.name
    return case, {loss.name: arrays["loss"].reshape(1, 1), **expected}


SUMMED = {"recurrent": ("b",), "lstm": ("b_i", "b_f", "b_g", "b_o"), "gru": ("b_r", "b_z")}
"""The biases that are one here and two in PyTorch."""
FORWARD_ONLY = {"llama", "grouped", "pooling"}
"""Kinds whose values are compared with PyTorch's, but not yet their gradients."""


def test_every_kind_is_learned() -> None:
    assert {name.rpartition("-")[0] for name in LEARNED} == set(BUILDERS) - FORWARD_ONLY


@pytest.mark.parametrize("name", LEARNED)
def test_loss_and_gradients_agree_with_autograd(name: str) -> None:
    case, expected = learning_case(name)
    values = case.model.trace(case.inputs)
    for block, theirs in expected.items():
        np.testing.assert_allclose(values[block], theirs, rtol=1e-9, atol=1e-9, err_msg=block)


LEARNED_IN_CELLS = [
    "multi_head-1", "multi_head-3", "layer_norm-0", "rms_norm-3", "gelu-2", "swiglu-0", "recurrent-3",
    "lstm-0", "gru-0",
    "encoder-1", "encoder-2", "decoder-6", "transformer-5", "gpt2-5", "gpt2-6", "bert-5",
]  # fmt: skip


@pytest.mark.parametrize("engine", USUAL)
@pytest.mark.parametrize("name", LEARNED_IN_CELLS)
def test_gradients_in_cells_agree_with_autograd_and_numpy(name: str, engine: str, tmp_path: Path) -> None:
    case, expected = learning_case(name)
    ours = case.model.trace(case.inputs)
    places = draw(case.model, ours, tmp_path / "cells.xlsx")
    results = ENGINES[engine].recalculate(tmp_path / "cells.xlsx")
    for block, place in places.items():
        value = read(results, place)
        np.testing.assert_allclose(value, ours[block], rtol=1e-9, atol=1e-9, err_msg=block)
        if block in expected:
            np.testing.assert_allclose(value, expected[block], rtol=1e-9, atol=1e-9, err_msg=block)
