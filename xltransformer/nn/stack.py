"""Stacks of layers: the encoder and the decoder.

Vaswani et al. 2017, section 3.1. GPT's stack is an encoder with `causal`: a decoder that has nothing to look
at but its own words.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from xltransformer.graph import Attended, Axis, Matrix, Scope
from xltransformer.nn.attention import EVERYWHERE, AttentionOptions
from xltransformer.nn.feed_forward import Fed, FeedForward, feed_forward, feed_forward_weights
from xltransformer.nn.multi_head import Heads, MultiHead, multi_head, multi_head_weights
from xltransformer.nn.norm import Norm, norm, norm_weights, residual
from xltransformer.record import record


@record
class Architecture:
    """The sizes and choices of a stack of layers.

    `width` are the d columns that go from layer to layer; each of the `heads` has queries and keys of width d_k
    and values of width d_v; the feed-forward network expands to d_ff, or there is none. `epsilon` (1 x 1) serves
    every norm. With `groups` of heads, those of one share keys and values. `attention_biases` are those of
    queries, keys and values, where there are others than `biases` elsewhere.
    """

    width: Axis
    heads: int
    d_k: int
    d_v: int
    d_ff: int
    epsilon: Matrix
    activation: str = "relu"
    pre_norm: bool = False
    rms: bool = False
    biases: bool = True
    groups: int | None = None
    attention_biases: bool | None = None
    feed_forward: bool = True


@record
class Layer:
    """The learned weights of one layer: those of its sublayers, and a norm for each. Only a decoder's looks
    `across` at another sentence, and one of attention only has no feed-forward network."""

    attention: MultiHead
    across: MultiHead | None
    feed_forward: FeedForward | None
    norms: tuple[Norm, ...]
    pre_norm: bool


@record
class Stack:
    """The learned weights of the stack, and of the norm after it where there is one."""

    layers: tuple[Layer, ...]
    norm: Norm | None


def stack_weights(
    g: Scope, a: Architecture, layers: int, *, across: bool = False, final_norm: bool = False
) -> Stack:
    """The weights of `layers` layers as inputs, `0.head.0.W_Q` and so on, or with `across` those of a decoder,
    `0.self_attention.head.0.W_Q` and so on."""
    return Stack(
        tuple(_layer_weights(g.scope(str(k)), a, across=across) for k in range(layers)),
        _norm_weights(g.scope("norm"), a) if final_norm else None,
    )


def _layer_weights(g: Scope, a: Architecture, *, across: bool) -> Layer:
    norms = tuple(_norm_weights(g.scope("norm", str(k)), a) for k in range(1 + across + a.feed_forward))
    heads = partial(multi_head_weights, width=a.width, heads=a.heads, d_k=a.d_k, d_v=a.d_v, output_bias=a.biases)
    biases = a.biases if a.attention_biases is None else a.attention_biases
    own = heads(g.scope("self_attention") if across else g, biases=biases, groups=a.groups)
    other = heads(g.scope("cross_attention"), biases=biases) if across else None
    feed = None
    if a.feed_forward:
        inner = Axis.numbered("f", a.d_ff)
        feed = feed_forward_weights(g.scope("feed_forward"), a.width, inner, a.activation, biases=a.biases)
    return Layer(own, other, feed, norms, a.pre_norm)


def _norm_weights(g: Scope, a: Architecture) -> Norm:
    return norm_weights(g, a.width, a.epsilon, rms=a.rms, bias=a.biases)


@record
class LayerMade:
    """What a layer makes (n x d), and each head's attention to its own sentence and `across` to the other."""

    output: Matrix
    own: tuple[Attended, ...]
    across: tuple[Attended, ...]


@record
class StackMade:
    """What the stack makes (n x d), and what each of its layers made."""

    output: Matrix
    layers: tuple[LayerMade, ...]


def stack(
    g: Scope,
    X: Matrix,
    w: Stack,
    own: AttentionOptions = EVERYWHERE,
    memory: Matrix | None = None,
    across: AttentionOptions = EVERYWHERE,
    *,
    sentence: int | None = None,
) -> StackMade:
    """All layers, each a section of its own, and the final norm: (n x d) to (n x d).

    A decoder looks across at the `memory` (m x d), an encoder's output; its own words must not look ahead: `own`
    is `causal`. `sentence` is the number of the sentence that X stands for.
    """
    made = []
    key = "encoder_layer" if memory is None else "decoder_layer"
    for k, layer in enumerate(w.layers):
        with g.model.section(key, sentence, k):
            made.append(_layer(g.scope(str(k)), X, layer, own, memory, across))
        X = made[-1].output
    if w.norm is not None:
        with g.model.section(key, sentence, len(w.layers) - 1):
            X = norm(g.scope("norm"), X, w.norm)
    return StackMade(X, tuple(made))


def _layer(
    g: Scope, X: Matrix, w: Layer, own: AttentionOptions, memory: Matrix | None, across: AttentionOptions
) -> LayerMade:
    """Self-attention, attention to the memory where there is one, feed-forward network where there is one, each
    with its residual and norm: (n x d) to (n x d)."""
    at, name = (g, "attended") if w.across is None else (g.scope("self_attention"), "output")
    look_back = partial(multi_head, at, w=w.attention, options=own, name=name)
    X, back = _sublayer(g, 0, X, w, look_back)
    others: tuple[Attended, ...] = ()
    if w.across is not None:
        look_across = partial(multi_head, g.scope("cross_attention"), w=w.across, options=across, source=memory)
        X, other = _sublayer(g, 1, X, w, look_across)
        others = other.attentions
    if w.feed_forward is not None:
        feed = partial(feed_forward, g.scope("feed_forward"), w=w.feed_forward)
        X, _ = _sublayer(g, len(w.norms) - 1, X, w, feed)
    return LayerMade(X, back.attentions, others)


Made = TypeVar("Made", Heads, Fed)


def _sublayer(g: Scope, k: int, x: Matrix, w: Layer, part: Callable[[Matrix], Made]) -> tuple[Matrix, Made]:
    """Sublayer k with its residual connection and norm, (n x d) to (n x d): Norm(x + part(x)) as in the
    paper, or with `pre_norm` x + part(Norm(x)) as in GPT-2. Xiong et al. 2020, "On Layer Normalization in the
    Transformer Architecture", table 1. Beside it what the part by itself made."""
    at = g.scope("norm", str(k))
    made = part(norm(at, x, w.norms[k]) if w.pre_norm else x)
    total = residual(at, x, made.output)
    return total if w.pre_norm else norm(at, total, w.norms[k]), made
