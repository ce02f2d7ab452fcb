"""Options of decoders: sublayers in parallel, positions that turn a part, norms of queries and keys, windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_step_texts import faults

from xltransformer.building.instance import Instance, make_instance
from xltransformer.errors import UserError
from xltransformer.locale import languages

SENTENCE = "the dog that saw the bird"
SIZES = {"d_model": 8, "layers": 2, "heads": 2, "d_ff": 6}
PARALLEL = {"rms": False, "biases": True, "combining_bias": False, "activation": "gelu_erf", "parallel": True}
OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "parallel": ("llama", {**SIZES, **PARALLEL, "rotary": 2, "kv_heads": 2}),
    "local": ("gpt", {**SIZES, "attention_biases": False, "scaling": False, "local": [1], "window": 2}),
    "norms": ("llama", {**SIZES, "kv_heads": 1, "query_key_norms": True}),
}


def drawn(name: str, **more: Any) -> Instance:
    """A decoder with these options over one sentence, its numbers at random."""
    template, options = OPTIONS[name]
    instance = make_instance(template, [SENTENCE], settings={**options, **more}, slots=0, spare=False)
    rng = np.random.default_rng(0)
    for block in instance.model.inputs:
        if block.role in ("parameter", "embedding"):
            instance.inputs[block.name][...] = rng.normal(0, 0.5, block.shape) + (block.last_name == "gain")
    return instance


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("language", languages())
def test_a_step_speaks_of_what_such_a_decoder_has(name: str, language: str) -> None:
    assert not faults(drawn(name, gradients=1), language)


@pytest.mark.parametrize("name", OPTIONS)
def test_gradients_are_slopes(name: str) -> None:
    """Each parameter moved a little in a direction of its own: the loss moves by gradient times movement."""
    instance = drawn(name, gradients=1)
    values, rng, step = instance.trace(), np.random.default_rng(1), 1e-5
    learned = [block for block in instance.model.parameters if f"gradient.{block.name}" in values]
    assert {block.last_name for block in learned} >= {"W_Q", "W_K"} | (
        {"Q_gain", "K_gain"} if name == "norms" else set()
    )
    for block in learned:
        way, losses = rng.normal(size=block.shape), []
        for sign in (1, -1):
            moved = {**instance.inputs, block.name: instance.inputs[block.name] + sign * step * way}
            losses.append(instance.model.trace(moved)["objective.loss"].item())
        slope = (values[f"gradient.{block.name}"] * way).sum()
        assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(slope, rel=1e-5, abs=1e-8), block.name


def test_sublayers_in_parallel_read_the_same_and_add_both() -> None:
    values = drawn("parallel").trace()
    X = values["decoder.0.norm.1.sum"]
    normed = values["decoder.1.norm.1.output"]
    w = drawn("parallel").inputs
    by_hand = (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + w["epsilon"])
    np.testing.assert_allclose(
        normed, by_hand * w["decoder.1.norm.1.gain"] + w["decoder.1.norm.1.bias"], atol=1e-12
    )
    both = values["decoder.1.attended"] + values["decoder.1.feed_forward.output"]
    np.testing.assert_allclose(values["decoder.1.norm.1.sum"], X + both, atol=1e-12)


def test_columns_beyond_those_that_turn_stay() -> None:
    values = drawn("parallel").trace()
    Q, turned = values["decoder.0.head.1.Q"], values["decoder.0.head.1.Q_rotated"]
    assert (Q[:, 2:] == turned[:, 2:]).all()
    assert not np.isclose(Q[1:, :2], turned[1:, :2]).any()


def test_a_local_layer_looks_no_further_than_its_window() -> None:
    values = drawn("local").trace()
    far, near = values["decoder.0.head.0.weights"], values["decoder.1.head.0.weights"]
    assert (far[np.tri(6) == 1] > 0).all()
    assert (near[(np.tri(6) - np.tri(6, k=-2)) == 1] > 0).all()
    assert not near[np.tri(6, k=-2) == 1].any()
    scores = values["decoder.1.head.0.scores"]
    assert (values["decoder.1.head.0.masked"][1, :2] == scores[1, :2]).all()  # as they are, not scaled
    assert "decoder.1.head.0.scaled" not in values


def test_a_window_is_a_cell_to_edit_and_masks_are_only_those_in_use() -> None:
    wide = drawn("local", window=256).trace()
    instance = drawn("local")
    instance.inputs["local.window"][...] = 256
    np.testing.assert_array_equal(instance.trace()["prediction.logits"], wide["prediction.logits"])
    assert "decoder.mask" not in drawn("local", local=[0, 1]).model.blocks
    everywhere = drawn("local", local=[2]).model.blocks  # there is no third layer
    assert not {"local.window", "decoder.local.mask"} & set(everywhere)


def test_queries_and_keys_have_norms_of_their_own() -> None:
    instance = drawn("norms")
    values, w = instance.trace(), instance.inputs
    for block, letter in (("decoder.0.head.1", "Q"), ("decoder.0.group.0", "K")):
        x = values[f"{block}.{letter}"]
        normed = x / np.sqrt((x**2).mean(1, keepdims=True) + w["epsilon"]) * w[f"decoder.0.{letter}_gain"]
        np.testing.assert_allclose(values[f"{block}.{letter}_normed"], normed, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("parallel", {"pre_norm": False}, "parallel is for norms before"),
        ("parallel", {"rotary": 3}, "rotary is 3: give an even one"),
        ("parallel", {"rotary": 6}, "rotary is 6, more than a query has numbers"),
        ("local", {"local": 1}, "local is 1: give a list of whole numbers"),
        ("local", {"window": 0}, "window is 0: give a whole number of at least 1"),
    ],
)
def test_options_that_cannot_be(name: str, more: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        drawn(name, **more)
