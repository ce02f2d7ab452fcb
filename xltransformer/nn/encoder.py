"""The encoder: a stack of layers of self-attention and feed-forward network.

Vaswani et al. 2017, section 3.1. With `causal` it is the stack of GPT: a decoder that has nothing
to look at but its own words.
"""

from __future__ import annotations

from functools import partial

from xltransformer.graph import Attended, Matrix, Scope
from xltransformer.nn.architecture import Architecture
from xltransformer.nn.attention import EVERYWHERE, AttentionOptions
from xltransformer.nn.feed_forward import FeedForward, feed_forward, feed_forward_weights
from xltransformer.nn.multi_head import Heads, MultiHead, multi_head, multi_head_weights
from xltransformer.nn.norm import Norm, norm, norm_weights, sublayer
from xltransformer.record import record


@record
class EncoderLayer:
    """The learned weights of one layer: those of its two sublayers, and a norm for each. A layer of
    attention only has no second one."""

    attention: MultiHead
    feed_forward: FeedForward | None
    norms: tuple[Norm, ...]
    pre_norm: bool = False


@record
class Encoder:
    """The learned weights of the stack, and of the norm after it where there is one."""

    layers: tuple[EncoderLayer, ...]
    norm: Norm | None = None


def encoder_layer_weights(g: Scope, a: Architecture) -> EncoderLayer:
    """The weights of one layer as inputs."""
    norms = tuple(
        norm_weights(g.scope("norm", str(k)), a.width, a.epsilon, rms=a.rms, bias=a.biases)
        for k in range(1 + a.feed_forward)
    )
    biases = a.biases if a.attention_biases is None else a.attention_biases
    attention = multi_head_weights(
        g, a.width, a.heads, a.d_k, a.d_v, biases=biases, groups=a.groups, output_bias=a.biases
    )
    feed = None
    if a.feed_forward:
        feed = feed_forward_weights(g.scope("feed_forward"), a.width, a.d_ff, a.activation, biases=a.biases)
    return EncoderLayer(attention, feed, norms, a.pre_norm)


def encoder_weights(g: Scope, a: Architecture, layers: int, *, final_norm: bool = False) -> Encoder:
    """The weights of `layers` layers as inputs, `0.head.0.W_Q` and so on."""
    return Encoder(
        tuple(encoder_layer_weights(g.scope(str(k)), a) for k in range(layers)),
        norm_weights(g.scope("norm"), a.width, a.epsilon, rms=a.rms, bias=a.biases) if final_norm else None,
    )


@record
class Stack:
    """What a stack makes (n x d), and the attention of every head of every layer."""

    output: Matrix
    attentions: tuple[tuple[Attended, ...], ...]


def encoder_layer(g: Scope, X: Matrix, w: EncoderLayer, options: AttentionOptions = EVERYWHERE) -> Heads:
    """Self-attention, then the feed-forward network where there is one, each with its residual and norm:
    (n x d) to (n x d)."""
    attend = partial(multi_head, g, w=w.attention, options=options, name="attended")
    X, heads = sublayer(g.scope("norm", "0"), X, w.norms[0], attend, pre_norm=w.pre_norm)
    if w.feed_forward is not None:
        feed = partial(feed_forward, g.scope("feed_forward"), w=w.feed_forward)
        X, _ = sublayer(g.scope("norm", "1"), X, w.norms[1], feed, pre_norm=w.pre_norm)
    return Heads(X, heads.attentions)


def encoder(
    g: Scope, X: Matrix, w: Encoder, options: AttentionOptions = EVERYWHERE, *, sentence: int | None = None
) -> Stack:
    """All layers, each a section of its own, and the final norm: (n x d) to (n x d). `sentence` is the number
    of the sentence that X stands for."""
    attentions = []
    for k, layer in enumerate(w.layers):
        with g.model.section("encoder_layer", sentence, k):
            made = encoder_layer(g.scope(str(k)), X, layer, options)
        X = made.output
        attentions.append(made.attentions)
    if w.norm is not None:
        with g.model.section("encoder_layer", sentence, len(w.layers) - 1):
            X = norm(g.scope("norm"), X, w.norm)
    return Stack(X, tuple(attentions))
