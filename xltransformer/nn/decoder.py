"""The decoder: a stack of layers of masked self-attention, cross-attention and feed-forward network.

Vaswani et al. 2017, section 3.1. A decoder without cross-attention, as GPT's, is an encoder with
`causal`.
"""

from __future__ import annotations

from xltransformer.graph import Axis, Matrix, Scope
from xltransformer.nn.architecture import Architecture
from xltransformer.nn.attention import Switches
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
    feed = (
        feed_forward_weights(g.scope("feed_forward"), a.width, a.d_ff, a.activation, biases=a.biases)
        if a.feed_forward
        else None
    )
    return DecoderLayer(own, cross, feed, norms)


def decoder_weights(
    g: Scope, a: Architecture, layers: int, *, memory: Axis | None = None, final_norm: bool = False
) -> Decoder:
    """The weights of `layers` layers as inputs, `0.self_attention.head.0.W_Q` and so on."""
    return Decoder(
        tuple(decoder_layer_weights(g.scope(str(k)), a, memory) for k in range(layers)),
        norm_weights(g.scope("norm"), a.width, a.epsilon, rms=a.rms, bias=a.biases) if final_norm else None,
    )


def decoder_layer(
    g: Scope,
    X: Matrix,
    memory: Matrix,
    w: DecoderLayer,
    *,
    pre_norm: bool = False,
    mask: Matrix | None = None,
    memory_mask: Matrix | None = None,
    switches: Switches | None = None,
) -> Matrix:
    """Self-attention that looks back only, attention to the encoder's output, feed-forward network
    where there is one, each with its residual and norm: X (n x d) and memory (m x d) give (n x d)."""

    def look_back(x: Matrix) -> Matrix:
        return multi_head(
            g.scope("self_attention"), x, w.self_attention, mask=mask, causal=True, switches=switches
        )

    def look_across(x: Matrix) -> Matrix:
        return multi_head(
            g.scope("cross_attention"), x, w.cross_attention, source=memory, mask=memory_mask, switches=switches
        )

    X = sublayer(g.scope("norm", "0"), X, w.norms[0], look_back, pre_norm=pre_norm)
    X = sublayer(g.scope("norm", "1"), X, w.norms[1], look_across, pre_norm=pre_norm)
    network = w.feed_forward
    if network is None:
        return X

    def feed(x: Matrix) -> Matrix:
        return feed_forward(g.scope("feed_forward"), x, network)

    return sublayer(g.scope("norm", "2"), X, w.norms[2], feed, pre_norm=pre_norm)


def decoder(
    g: Scope,
    X: Matrix,
    memory: Matrix,
    w: Decoder,
    *,
    pre_norm: bool = False,
    mask: Matrix | None = None,
    memory_mask: Matrix | None = None,
    switches: Switches | None = None,
    sentence: int | None = None,
) -> Matrix:
    """All layers, each a section of its own, and the final norm: X (n x d) and the encoder's output
    `memory` (m x d) give (n x d).

    `mask` (n x n) is 1 where a word may look at its own sentence, and must not look ahead;
    `memory_mask` (n x m) the same for the other one. No cell refers to a later token of X.
    """
    for k, layer in enumerate(w.layers):
        with g.model.section("decoder_layer", sentence, k):
            X = decoder_layer(
                g.scope(str(k)),
                X,
                memory,
                layer,
                pre_norm=pre_norm,
                mask=mask,
                memory_mask=memory_mask,
                switches=switches,
            )
    if w.norm is None:
        return X
    with g.model.section("decoder_layer", sentence, len(w.layers) - 1):
        return norm(g.scope("norm"), X, w.norm)
