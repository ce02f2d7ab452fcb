"""Stacks of layers: the encoder and the decoder.

Vaswani et al. 2017, section 3.1. GPT's stack is an encoder with `causal`: a decoder that has nothing to look
at but its own words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from xltransformer.graph import GAIN, ONE, Attended, Axis, Matrix, Scope
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
    queries, keys and values, where there are others than `biases` elsewhere, and `combining_bias` is that of W_O.
    Layers may read and add in `parallel`: the feed-forward network reads what attention read. `scaling` is whether
    scores are divided by sqrt(d_k), `query_key_norms` whether each head's queries and keys have RMS norms, `local`
    which layers, counted from 0, look back no further than a window.
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
    combining_bias: bool | None = None
    feed_forward: bool = True
    parallel: bool = False
    scaling: bool = True
    query_key_norms: bool = False
    local: tuple[int, ...] = ()


@record
class Layer:
    """The learned weights of one layer: those of its sublayers, and a norm for each. Only a decoder's looks
    `across` at another sentence, and one of attention only has no feed-forward network."""

    attention: MultiHead
    across: MultiHead | None
    feed_forward: FeedForward | None
    norms: tuple[Norm, ...]
    pre_norm: bool
    parallel: bool

    @property
    def section(self) -> str:
        """The key of the section that a layer of this kind is."""
        return (
            "decoder_layer" if self.across is not None else "parallel_layer" if self.parallel else "encoder_layer"
        )


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
        tuple(_layer_weights(g.scope(str(k)), a, across=across, local=k in a.local) for k in range(layers)),
        _norm_weights(g.scope("norm"), a) if final_norm else None,
    )


def _layer_weights(g: Scope, a: Architecture, *, across: bool, local: bool) -> Layer:
    norms = tuple(_norm_weights(g.scope("norm", str(k)), a) for k in range(1 + across + a.feed_forward))
    out = a.biases if a.combining_bias is None else a.combining_bias
    heads = partial(multi_head_weights, width=a.width, heads=a.heads, d_k=a.d_k, d_v=a.d_v, output_bias=out)
    biases = a.biases if a.attention_biases is None else a.attention_biases
    at = g.scope("self_attention") if across else g
    own = heads(at, biases=biases, groups=a.groups)
    between = _query_key_norms(at, a) if a.query_key_norms else None
    own = replace(own, norms=between, scaling=a.scaling, local=local)
    other = heads(g.scope("cross_attention"), biases=biases) if across else None
    feed = None
    if a.feed_forward:
        inner = Axis.numbered("f", a.d_ff)
        feed = feed_forward_weights(g.scope("feed_forward"), a.width, inner, a.activation, biases=a.biases)
    return Layer(own, other, feed, norms, a.pre_norm, a.parallel)


def _query_key_norms(g: Scope, a: Architecture) -> tuple[Norm, Norm]:
    """The norm of all queries and that of all keys of a layer, each of the width of a head's."""
    keys = Axis.numbered("k", a.d_k)
    Q, K = (g.input(f"{name}_gain", ONE, keys, "parameter", initial=GAIN) for name in "QK")
    return Norm(Q, None, a.epsilon, rms=True), Norm(K, None, a.epsilon, rms=True)


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
    for k, layer in enumerate(w.layers):
        with g.model.section(layer.section, sentence, k):
            made.append(_layer(g.scope(str(k)), X, layer, own, memory, across))
        X = made[-1].output
    if w.norm is not None:
        with g.model.section(w.layers[-1].section, sentence, len(w.layers) - 1):
            X = norm(g.scope("norm"), X, w.norm)
    return StackMade(X, tuple(made))


def _layer(
    g: Scope, X: Matrix, w: Layer, own: AttentionOptions, memory: Matrix | None, across: AttentionOptions
) -> LayerMade:
    """Self-attention, attention to the memory where there is one, feed-forward network where there is one, each
    with its residual and norm: (n x d) to (n x d). In `parallel` the network reads X, as attention does, and adds
    to what attention has added: Wang and Komatsuzaki 2021, "GPT-J-6B"."""
    read = X
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
        X, _ = _sublayer(g, len(w.norms) - 1, X, w, feed, read=read if w.parallel else None)
    return LayerMade(X, back.attentions, others)


Made = TypeVar("Made", Heads, Fed)


def _sublayer(
    g: Scope, k: int, x: Matrix, w: Layer, part: Callable[[Matrix], Made], *, read: Matrix | None = None
) -> tuple[Matrix, Made]:
    """Sublayer k with its residual connection and norm, (n x d) to (n x d): Norm(x + part(x)) as in the
    paper, or with `pre_norm` x + part(Norm(x)) as in GPT-2. Xiong et al. 2020, "On Layer Normalization in the
    Transformer Architecture", table 1. Beside it what the part by itself made. What the part is to `read` may be
    another than x."""
    at = g.scope("norm", str(k))
    own = x if read is None else read
    made = part(norm(at, own, w.norms[k]) if w.pre_norm else own)
    total = residual(at, x, made.output, parallel=read is not None)
    return total if w.pre_norm else norm(at, total, w.norms[k]), made
