"""The decoder: a stack of layers of masked self-attention, cross-attention and feed-forward network.

Vaswani et al. 2017, section 3.1. A decoder without cross-attention, as GPT's, is an encoder with `causal`.
"""

from __future__ import annotations

from functools import partial

from xltransformer.graph import Attended, Axis, Matrix, Scope
from xltransformer.nn.architecture import Architecture
from xltransformer.nn.attention import AttentionOptions
from xltransformer.nn.feed_forward import FeedForward, feed_forward, feed_forward_weights
from xltransformer.nn.multi_head import MultiHead, multi_head, multi_head_weights
from xltransformer.nn.norm import Norm, norm, norm_weights, sublayer
from xltransformer.record import record


@record
class DecoderLayer:
    """The learned weights of one layer: those of its three sublayers, and a norm for each. A layer of
    attention only has no third one."""

    self_attention: MultiHead
    cross_attention: MultiHead
    feed_forward: FeedForward | None
    norms: tuple[Norm, ...]
    pre_norm: bool = False


@record
class Decoder:
    """The learned weights of the stack, and of the norm after it where there is one."""

    layers: tuple[DecoderLayer, ...]
    norm: Norm | None = None


def decoder_layer_weights(g: Scope, a: Architecture, memory: Axis | None = None) -> DecoderLayer:
    """The weights of one layer as inputs; `memory` is the encoder's width where it differs."""
    norms = tuple(
        norm_weights(g.scope("norm", str(k)), a.width, a.epsilon, rms=a.rms, bias=a.biases)
        for k in range(2 + a.feed_forward)
    )
    own = multi_head_weights(g.scope("self_attention"), a.width, a.heads, a.d_k, a.d_v, biases=a.biases)
    cross = multi_head_weights(
        g.scope("cross_attention"), a.width, a.heads, a.d_k, a.d_v, source=memory, biases=a.biases
    )
    feed = None
    if a.feed_forward:
        feed = feed_forward_weights(g.scope("feed_forward"), a.width, a.d_ff, a.activation, biases=a.biases)
    return DecoderLayer(own, cross, feed, norms, a.pre_norm)


def decoder_weights(
    g: Scope, a: Architecture, layers: int, *, memory: Axis | None = None, final_norm: bool = False
) -> Decoder:
    """The weights of `layers` layers as inputs, `0.self_attention.head.0.W_Q` and so on."""
    return Decoder(
        tuple(decoder_layer_weights(g.scope(str(k)), a, memory) for k in range(layers)),
        norm_weights(g.scope("norm"), a.width, a.epsilon, rms=a.rms, bias=a.biases) if final_norm else None,
    )


@record
class DecoderLayerMade:
    """What a layer makes (n x d), and each head's attention to its own sentence and across to the other."""

    output: Matrix
    own: tuple[Attended, ...]
    across: tuple[Attended, ...]


@record
class DecoderStack:
    """What the stack makes (n x d), and what each of its layers made."""

    output: Matrix
    layers: tuple[DecoderLayerMade, ...]


def decoder_layer(
    g: Scope, X: Matrix, memory: Matrix, w: DecoderLayer, own: AttentionOptions, across: AttentionOptions
) -> DecoderLayerMade:
    """Self-attention, attention to the encoder's output, feed-forward network where there is one, each with
    its residual and norm: X (n x d) and memory (m x d) give (n x d)."""
    look_back = partial(multi_head, g.scope("self_attention"), w=w.self_attention, options=own)
    X, back = sublayer(g.scope("norm", "0"), X, w.norms[0], look_back, pre_norm=w.pre_norm)
    look_across = partial(
        multi_head, g.scope("cross_attention"), w=w.cross_attention, options=across, source=memory
    )
    X, other = sublayer(g.scope("norm", "1"), X, w.norms[1], look_across, pre_norm=w.pre_norm)
    if w.feed_forward is not None:
        feed = partial(feed_forward, g.scope("feed_forward"), w=w.feed_forward)
        X, _ = sublayer(g.scope("norm", "2"), X, w.norms[2], feed, pre_norm=w.pre_norm)
    return DecoderLayerMade(X, back.attentions, other.attentions)


def decoder(
    g: Scope,
    X: Matrix,
    memory: Matrix,
    w: Decoder,
    *,
    mask: Matrix | None = None,
    memory_mask: Matrix | None = None,
    sentence: int | None = None,
) -> DecoderStack:
    """All layers, each a section of its own, and the final norm: X (n x d) and the encoder's output
    `memory` (m x d) give (n x d).

    `mask` (n x n) is 1 where a word may look at its own sentence, and must not look ahead;
    `memory_mask` (n x m) the same for the other one. No cell refers to a later token of X.
    """
    own, across = AttentionOptions(mask, causal=True), AttentionOptions(memory_mask)
    layers = []
    for k, layer in enumerate(w.layers):
        with g.model.section("decoder_layer", sentence, k):
            layers.append(decoder_layer(g.scope(str(k)), X, memory, layer, own, across))
        X = layers[-1].output
    if w.norm is not None:
        with g.model.section("decoder_layer", sentence, len(w.layers) - 1):
            X = norm(g.scope("norm"), X, w.norm)
    return DecoderStack(X, tuple(layers))
