"""Multi-head attention.

Vaswani et al. 2017, section 3.2.2: MultiHead(Q, K, V) = Concat(head_1, …, head_h) W_O, where
head_i = Attention(Q W_Q_i, K W_K_i, V W_V_i). Grouped-query attention, in which several heads share
their keys and values: Ainslie et al. 2023, "GQA: Training Generalized Multi-Query Transformer Models
from Multi-Head Checkpoints", section 2.2.
"""

from __future__ import annotations

from functools import partial

from xltransformer.graph import Attended, Axis, Matrix, Scope
from xltransformer.nn.attention import (
    EVERYWHERE,
    AttentionOptions,
    Projection,
    attention,
    grouped_projections,
    keys_values,
    projection,
)
from xltransformer.nn.linear import bias, linear
from xltransformer.nn.norm import Norm, rms_norm
from xltransformer.nn.positions import rotate
from xltransformer.ops import concatenate
from xltransformer.record import record


@record
class MultiHead:
    """The learned weights: each head's own, W_O (h d_v x d) and, where there are biases, b_O (1 x d);
    with `groups` of heads, the heads of one have W_K and W_V in common. `norms` are those of all queries and of
    all keys, where there are any. Without `scaling` scores are not divided; a `local` one looks back no further
    than a window."""

    heads: tuple[Projection, ...]
    W_O: Matrix
    b_O: Matrix | None = None
    groups: int | None = None
    norms: tuple[Norm, Norm] | None = None
    scaling: bool = True
    local: bool = False


@record
class Heads:
    """What several heads make together (n x d), and the attention of each."""

    output: Matrix
    attentions: tuple[Attended, ...]


def multi_head_weights(
    g: Scope,
    width: Axis,
    heads: int,
    d_k: int,
    d_v: int,
    *,
    source: Axis | None = None,
    biases: bool = False,
    groups: int | None = None,
    output_bias: bool | None = None,
) -> MultiHead:
    """The weights as inputs, `head.0.W_Q` and so on; `source` is the width of what keys and values
    are made of, where it differs from the queries' (`width`).

    With fewer `groups` than heads, which they divide, the heads of a group share their keys and
    values, `group.0.W_K` and so on. `output_bias` is whether there is a b_O, where that differs from
    `biases`.
    """
    keys, values = Axis.numbered("k", d_k), Axis.numbered("v", d_v)
    scopes = [g.scope("head", str(h)) for h in range(heads)]
    shared = groups if groups not in (None, heads) else None
    if shared is None:
        own = tuple(projection(h, width, keys, values, source=source, biases=biases) for h in scopes)
    else:
        together = [g.scope("group", str(k)) for k in range(shared)]
        own = grouped_projections(scopes, together, width, keys, values, biases=biases)
    return MultiHead(
        own,
        g.input("W_O", Axis.fixed(values.labels * heads), width, "parameter"),
        bias(g, "b_O", width) if (biases if output_bias is None else output_bias) else None,
        shared,
    )


def multi_head(
    g: Scope,
    X: Matrix,
    w: MultiHead,
    options: AttentionOptions = EVERYWHERE,
    *,
    source: Matrix | None = None,
    name: str = "output",
) -> Heads:
    """Each of the n words of X looks at X itself, or at the m rows of `source`: (n x d) to (n x d).

    `name` is the result's.
    """
    attended = []
    mask = options.local if w.local else options.mask
    Y = X if source is None else source
    each = len(w.heads) // w.groups if w.groups else 1
    for h, weights in enumerate(w.heads):
        head = g.scope("head", str(h))
        with head.step("project", source=source is not None, bias=weights.b_Q is not None):
            Q = head.add("Q", linear(X, weights.W_Q, weights.b_Q))
        if h % each == 0:
            beside = g.scope("group", str(h // each)) if w.groups else head
            with beside.step("project"):
                K, V = keys_values(beside, Y, weights)
        Q = _placed(head, "Q", Q, w.norms and w.norms[0], options.angles)
        if h % each == 0:
            K = _placed(beside, "K", K, w.norms and w.norms[1], options.angles)
        looks = partial(attention, causal=options.causal, scaling=w.scaling, local=w.local)
        bias = options.biases[h] if options.biases else None
        attended.append(looks(head, Q, K, V, mask, options.switches, bias=bias))
    with g.step("maps"):
        for one in attended:
            g.model.show(one.weights)
    with g.step("heads"):
        heads = g.add("heads", concatenate(*(one.output for one in attended)))
    with g.step("combine", bias=w.b_O is not None):
        return Heads(g.add(name, linear(heads, w.W_O, w.b_O)), tuple(attended))


def _placed(g: Scope, name: str, x: Matrix, w: Norm | None, angles: Matrix | None) -> Matrix:
    """Queries or keys (n x d_k), called by their `name`, with their norm and turned by angles, where there are."""
    x = x if w is None else rms_norm(g, x, w, of=name)
    return x if angles is None else rotate(g, f"{name}_rotated", x, angles)
