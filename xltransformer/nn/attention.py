"""Scaled dot-product attention.

Vaswani et al. 2017, "Attention Is All You Need", equation 1:
Attention(Q, K, V) = softmax(Q Kᵀ / sqrt(d_k)) V.
"""

from __future__ import annotations

from dataclasses import dataclass

from xltransformer.graph import ONE, Attended, Axis, Matrix, Scope
from xltransformer.ops import (
    attention_mask,
    copy,
    divide,
    divide_rows,
    mask_scores,
    matmul,
    root_width,
    row_max,
    row_sum,
    shifted_exp,
    transpose,
)


@dataclass(frozen=True)
class Switches:
    """What the user turns while watching: scaling by sqrt(d_k) on (1) or off (0), the softmax
    temperature (above 0), and the causal mask on or off (None: the model has none)."""

    scaling: Matrix
    temperature: Matrix
    causal: Matrix | None = None


def switches(g: Scope, *, causal: bool = True) -> Switches:
    """The three switches as (1 x 1) inputs; without `causal` only the first two."""
    scaling = g.input("scaling", ONE, ONE, "switch", scale="gate")
    temperature = g.input("temperature", ONE, ONE, "switch", scale="plain")
    gate = g.input("causal", ONE, ONE, "switch", scale="gate") if causal else None
    return Switches(scaling, temperature, gate)


def same(g: Scope, queries: Matrix, X: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Q, K and V without weights: the queries and the words themselves."""
    with g.step("same"):
        return g.add("Q", copy(queries)), g.add("K", copy(X)), g.add("V", copy(X))


@dataclass(frozen=True)
class Projection:
    """The learned weights of one attention: W_Q, W_K (both d x d_k) and W_V (d x d_v)."""

    W_Q: Matrix
    W_K: Matrix
    W_V: Matrix


def projection(g: Scope, inputs: Axis, keys: Axis, values: Axis) -> Projection:
    """The three weight matrices as inputs."""
    return Projection(
        g.input("W_Q", inputs, keys, "parameter"),
        g.input("W_K", inputs, keys, "parameter"),
        g.input("W_V", inputs, values, "parameter"),
    )


def project(g: Scope, X: Matrix, w: Projection) -> tuple[Matrix, Matrix, Matrix]:
    """Q = X W_Q, K = X W_K (both n x d_k) and V = X W_V (n x d_v)."""
    with g.step("project"):
        Q = g.add("Q", matmul(X, w.W_Q))
        K = g.add("K", matmul(X, w.W_K))
        V = g.add("V", matmul(X, w.W_V))
    return Q, K, V


def softmax(g: Scope, x: Matrix, mask: Matrix, temperature: Matrix) -> Matrix:
    """Each row of x (n x m) turned into shares that sum to 1 over the entries the mask lets through."""
    with g.step("softmax"):
        maximum = g.add("maximum", row_max(x))
        exponentials = g.add("exponentials", shifted_exp(x, maximum, temperature, mask))
        total = g.add("total", row_sum(exponentials))
    with g.step("weights"):
        weights = g.add("weights", divide_rows(exponentials, total))
        g.add("row_sum", row_sum(weights))
    return weights


def attention(
    g: Scope, Q: Matrix, K: Matrix, V: Matrix, padding_q: Matrix, padding_k: Matrix, switches: Switches
) -> Attended:
    """The weighted sum of the values: Q (n x d_k), K (m x d_k), V (m x d_v) give (n x d_v).

    `padding_q` (n x 1) and `padding_k` (m x 1) are 1 where a word stands.
    """
    with g.step("scores"):
        scores = g.add("scores", matmul(Q, g.add("K_T", transpose(K))))
    with g.step("scaled"):
        divisor = g.add("divisor", root_width(switches.scaling, K))
        scaled = g.add("scaled", divide(scores, divisor))
    with g.step("mask"):
        causal = () if switches.causal is None else (switches.causal,)
        mask = g.add("mask", attention_mask(padding_q, padding_k, *causal))
        masked = g.add("masked", mask_scores(scaled, mask))
    weights = softmax(g, masked, mask, switches.temperature)
    with g.step("output"):
        return Attended(weights, g.add("output", matmul(weights, V)))
