"""Multi-head attention.

Vaswani et al. 2017, section 3.2.2: MultiHead(Q, K, V) = Concat(head_1, …, head_h) W_O, where
head_i = Attention(Q W_Q_i, K W_K_i, V W_V_i).
"""

from __future__ import annotations

from dataclasses import dataclass

from xltransformer.graph import ONE, Axis, Matrix, Scope
from xltransformer.nn.attention import Projection, Switches, attention, project, projection
from xltransformer.nn.linear import linear
from xltransformer.nn.positions import rotary
from xltransformer.ops import concatenate


@dataclass(frozen=True)
class MultiHead:
    """The learned weights: each head's own, W_O (h d_v x d) and, where there are biases, b_O (1 x d)."""

    heads: tuple[Projection, ...]
    W_O: Matrix
    b_O: Matrix | None = None


def multi_head_weights(
    g: Scope,
    width: Axis,
    heads: int,
    d_k: int,
    d_v: int,
    *,
    source: Axis | None = None,
    biases: bool = False,
) -> MultiHead:
    """The weights as inputs, `head.0.W_Q` and so on; `source` is the width of what keys and values
    are made of, where it differs from the queries' (`width`)."""
    keys, values = Axis.numbered("k", d_k), Axis.numbered("v", d_v)
    return MultiHead(
        tuple(
            projection(g.scope("head", str(h)), width, keys, values, source=source, biases=biases)
            for h in range(heads)
        ),
        g.input("W_O", Axis.fixed(values.labels * heads), width, "parameter"),
        g.input("b_O", ONE, width, "parameter") if biases else None,
    )


def multi_head(
    g: Scope,
    X: Matrix,
    w: MultiHead,
    *,
    source: Matrix | None = None,
    mask: Matrix | None = None,
    causal: bool = False,
    angles: Matrix | None = None,
    switches: Switches | None = None,
    name: str = "output",
) -> Matrix:
    """Each of the n words of X looks at X itself, or at the m rows of `source`: (n x d) to (n x d).

    `mask` (n x m) is 1 where a word may look; with `causal` no cell refers to a later token;
    `angles` (n x d_k) turn queries and keys by their position. `name` is the result's.
    """
    attended = []
    for h, weights in enumerate(w.heads):
        head = g.scope("head", str(h))
        Q, K, V = project(head, X, weights, source)
        if angles is not None:
            Q, K = rotary(head, Q, K, angles)
        attended.append(attention(head, Q, K, V, switches=switches, mask=mask, causal=causal))
    with g.step("maps"):
        for one in attended:
            g.model.show(one.weights)
    with g.step("heads"):
        heads = g.add("heads", concatenate(*(one.output for one in attended)))
    with g.step("combine"):
        return g.add(name, linear(heads, w.W_O, w.b_O))
