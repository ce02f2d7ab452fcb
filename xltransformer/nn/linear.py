"""A learned linear map."""

from __future__ import annotations

from xltransformer.graph import BIAS, ONE, Axis, Matrix, Scope
from xltransformer.ops import affine, matmul


def bias(g: Scope, name: str, width: Axis) -> Matrix:
    """What is learned to be added to every row (1 x m), as an input."""
    return g.input(name, ONE, width, "parameter", initial=BIAS)


def linear(x: Matrix, W: Matrix, b: Matrix | None = None) -> Matrix:
    """x W, or x W + b where there is a bias: (n x k) (k x m) + (1 x m) = (n x m), still unnamed."""
    return matmul(x, W) if b is None else affine(x, W, b)
