"""A learned linear map."""

from __future__ import annotations

from xltransformer.graph import Matrix
from xltransformer.ops import affine, matmul


def linear(x: Matrix, W: Matrix, b: Matrix | None = None) -> Matrix:
    """x W, or x W + b where there is a bias: (n x k) (k x m) + (1 x m) = (n x m), still unnamed."""
    return matmul(x, W) if b is None else affine(x, W, b)
