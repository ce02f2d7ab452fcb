"""The position-wise feed-forward network."""

from __future__ import annotations

from collections.abc import Mapping

from xltransformer.graph import Axis, Matrix, Scope
from xltransformer.nn.linear import bias, linear
from xltransformer.ops import Op, gelu_erf, gelu_tanh, multiply, relu, silu
from xltransformer.record import record

ACTIVATIONS: Mapping[str, Op] = {
    "relu": relu,
    "gelu_tanh": gelu_tanh,
    "gelu_erf": gelu_erf,
    "silu": silu,
    "swiglu": silu,
}
"""Each activation by its name; SwiGLU is a product whose gate goes through SiLU."""
ALSO_CALLED = {
    "gelu": "gelu_erf",
    "gelu_python": "gelu_erf",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_accurate": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_python_tanh": "gelu_tanh",
    "swish": "silu",
}
"""What PyTorch and Hugging Face call the same functions."""
UNGATED = tuple(name for name in ACTIVATIONS if name != "swiglu")
"""Those that are a function alone."""


@record
class FeedForward:
    """The learned weights: W_1 (d x d_ff), W_2 (d_ff x d), for SwiGLU W_3 (d x d_ff), and where there
    are biases b_1, b_3 (both 1 x d_ff), b_2 (1 x d)."""

    activation: str
    W_1: Matrix
    W_2: Matrix
    W_3: Matrix | None = None
    b_1: Matrix | None = None
    b_2: Matrix | None = None
    b_3: Matrix | None = None


@record
class Fed:
    """What the network makes: before its activation, bent by its function, and after the activation (n x d_ff
    each; the last two are one but for SwiGLU, whose function bends the gate), and its output (n x d)."""

    inner: Matrix
    bent: Matrix
    activated: Matrix
    output: Matrix


def feed_forward_weights(
    g: Scope, width: Axis, inner: Axis, activation: str = "relu", *, biases: bool = True
) -> FeedForward:
    """The weights as inputs, for so many hidden units as `inner` names."""
    gated = activation == "swiglu"
    return FeedForward(
        activation,
        g.input("W_1", width, inner, "parameter"),
        g.input("W_2", inner, width, "parameter"),
        g.input("W_3", width, inner, "parameter") if gated else None,
        bias(g, "b_1", inner) if biases else None,
        bias(g, "b_2", width) if biases else None,
        bias(g, "b_3", inner) if biases and gated else None,
    )


def feed_forward(g: Scope, x: Matrix, w: FeedForward) -> Fed:
    """act(x W_1 + b_1) W_2 + b_2, each row by itself: (n x d) to (n x d).

    Vaswani et al. 2017, equation 2 (ReLU). SwiGLU: (SiLU(x W_1) * x W_3) W_2, Shazeer 2020,
    equation 6, with the names of LLaMA.
    """
    with g.step("expand", gated=w.W_3 is not None, bias=w.b_1 is not None):
        inner = g.add("inner", linear(x, w.W_1, w.b_1))
        gated = None if w.W_3 is None else g.add("gated", linear(x, w.W_3, w.b_3))
    with g.step(w.activation):
        bent = g.add("activated" if gated is None else "gate", ACTIVATIONS[w.activation](inner))
        activated = bent if gated is None else g.add("activated", multiply(bent, gated))
    with g.step("contract", bias=w.b_2 is not None):
        return Fed(inner, bent, activated, g.add("output", linear(activated, w.W_2, w.b_2)))
