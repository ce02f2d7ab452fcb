"""In a causal model no cell of a position refers, by whatever way, to a later token."""

from __future__ import annotations

import numpy as np
import pytest
from cells import one_section, precedents

from xltransformer.graph import ONE, Array, Axis, Matrix, Model, SwitchWords
from xltransformer.nn.attention import AttentionOptions, attention, padding_mask, switches
from xltransformer.nn.positions import BASE, angles, sinusoidal
from xltransformer.nn.prediction import predict
from xltransformer.nn.stack import Architecture, stack, stack_weights
from xltransformer.ops import row_products, transpose

N = 18
"""More tokens than a product spells out, so that the wide form is walked too."""


def causal_model(*, padded: bool, crossed: bool, pre_norm: bool) -> tuple[Model, list[Matrix]]:
    """A stack over N tokens with everything on it, and its inputs that hold a row for each token."""
    model = one_section()
    g = model.scope()
    a = Architecture(Axis.numbered("d", 4), 2, 2, 3, 5, g.constant("epsilon", 1e-5), "swiglu", pre_norm)
    base = g.constant("base", BASE)
    tokens = [g.input("tokens", Axis.numbered("", N), a.width, "choice")]
    x = sinusoidal(g, tokens[0], base)
    mask = None
    if padded:
        tokens.append(g.input("padding", Axis.numbered("", N), ONE, "choice"))
        mask = padding_mask(g, tokens[1], tokens[1], causal=True)
    if crossed:
        memory = g.input("memory", Axis.numbered("", 3), a.width, "choice")
        w = stack_weights(g.scope("decoder"), a, 2, across=True, final_norm=True)
        x = stack(g.scope("decoder"), x, w, AttentionOptions(mask, causal=True), memory).output
    else:
        w = stack_weights(g.scope("decoder"), a, 2, final_norm=True)
        turned = angles(g.scope("rotary"), g.input("keys", x.rows, Axis.numbered("k", 2), "choice"), base)
        turning = switches(g.scope("switches"), SwitchWords(), causal=False)
        options = AttentionOptions(mask, causal=True, angles=turned, switches=turning)
        x = stack(g.scope("decoder"), x, w, options).output
    table = g.input("embeddings", Axis.numbered("", 7), a.width, "embedding")
    words = g.input("vocabulary", Axis.numbered("", 7), ONE, "vocabulary", text=True)
    predict(g, row_products(x, table), words)
    return model, tokens


def latest_tokens(model: Model, tokens: list[Matrix]) -> dict[str, Array]:
    """For each cell the latest token it depends on, by walking what its formula refers to; -1: none."""
    latest: dict[str, Array] = {}
    for name, block in model.blocks.items():
        latest[name] = np.full(block.shape, -1)
        if block in tokens:
            latest[name][:] = np.arange(block.shape[0]).reshape(-1, 1)
        elif block.computed:
            for i, j, met in precedents(block):
                latest[name][i, j] = max((latest[other][k, m] for other, k, m in met), default=-1)
    return latest


@pytest.mark.parametrize("crossed", [False, True])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("pre_norm", [False, True])
def test_no_cell_depends_on_a_later_token(padded: bool, crossed: bool, pre_norm: bool) -> None:
    model, tokens = causal_model(padded=padded, crossed=crossed, pre_norm=pre_norm)
    for name, latest in latest_tokens(model, tokens).items():
        block = model.blocks[name]
        if block.op is transpose:
            latest = latest.T
        if latest.shape[0] == N:
            assert (latest <= np.arange(N).reshape(-1, 1)).all(), name
    # and the last position does see everything: the walk is not blind
    assert latest_tokens(model, tokens)["predicted"][:, 0].tolist() == list(range(N))


def test_the_walk_finds_a_mask_that_only_covers() -> None:
    """A switched mask calculates later scores and hides them: right for a lesson, not for generation."""
    model = one_section()
    g = model.scope()
    X = g.input("X", Axis.numbered("", 3), Axis.numbered("d", 2), "choice")
    padding = g.input("padding", X.rows, ONE, "choice")
    attention(g, X, X, X, (padding, padding), switches(g, SwitchWords()))
    assert latest_tokens(model, [X])["output"].tolist() == [[2, 2]] * 3


def test_later_tokens_change_nothing_before_them() -> None:
    model, _ = causal_model(padded=True, crossed=False, pre_norm=True)
    generator = np.random.default_rng(5)
    inputs = {block.name: generator.normal(size=block.shape) for block in model.inputs}
    inputs |= {**model.constants, "padding": np.ones((N, 1)), "switches.scaling": np.array([["on"]], dtype=object)}
    inputs["vocabulary"] = np.array([[f"word {k}"] for k in range(7)], dtype=object)
    inputs["switches.temperature"] = np.array([[2.0]])
    before = model.trace(inputs)["logits"]
    inputs["tokens"] = np.vstack([inputs["tokens"][:5], generator.normal(size=(N - 5, 4))])
    after = model.trace(inputs)["logits"]
    np.testing.assert_array_equal(before[:5], after[:5])
    assert (before[5:] != after[5:]).all()
