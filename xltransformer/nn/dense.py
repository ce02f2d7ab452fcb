"""A dense layer: a learned linear map, and behind it an activation or none."""

from __future__ import annotations

from xltransformer.graph import Axis, Matrix, Scope
from xltransformer.nn.linear import bias, linear
from xltransformer.ops import relu, tanh
from xltransformer.record import record

DENSE = {"tanh": tanh, "relu": relu, "none": None}
"""What may stand behind the linear map."""


@record
class Dense:
    """The learned weights, W (d x m) and where there is one b (1 x m), and the name of the activation."""

    W: Matrix
    b: Matrix | None
    activation: str


def dense_weights(g: Scope, inputs: Axis, outputs: Axis, activation: str, *, biases: bool = True) -> Dense:
    """The weights as inputs, from vectors of the width d to those of the width m."""
    return Dense(g.input("W", inputs, outputs, "parameter"), bias(g, "b", outputs) if biases else None, activation)


def dense(g: Scope, X: Matrix, w: Dense) -> Matrix:
    """activation(X W + b): (n x d) to (n x m)."""
    activation = DENSE[w.activation]
    with g.step(f"dense_{w.activation}", bias=w.b is not None):
        inner = g.add("inner", linear(X, w.W, w.b))
        return inner if activation is None else g.add("activated", activation(inner))
