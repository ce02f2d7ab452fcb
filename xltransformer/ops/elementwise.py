"""What is done to each entry by itself: sums, products and activations."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import erf, pi, sqrt

import numpy as np

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.ops.base import Index, Number, Op, Pieces, Ref, check, joined


@dataclass(frozen=True)
class Add(Op):
    """The entry-wise sum of two or more matrices of one shape (n x m): residual connections
    (He et al. 2016), embeddings and positions."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        check(all(m.shape == operands[0].shape for m in operands), self, *operands)
        return operands[0].rows, operands[0].columns

    def value(self, *operands: Array) -> Array:
        total = operands[0].copy()
        for operand in operands[1:]:
            total += operand
        return total

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return "+".join(operand.cell(i, j) for operand in operands)

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        return joined(([Number(operand.cell(i, j))] for operand in operands), " + ")


@dataclass(frozen=True)
class AddRow(Op):
    """One row added to every row, a bias: (n x m) + (1 x m)."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, bias = operands
        check(bias.shape == (1, x.shape[1]), self, x, bias)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, bias = operands
        return x + bias

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, bias = operands
        return f"{x.cell(i, j)}+{bias.cell(0, j)}"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, bias = operands
        return [Number(x.cell(i, j)), " + ", Number(bias.cell(0, j))]


@dataclass(frozen=True)
class Multiply(Op):
    """The entry-wise product of two matrices of one shape (n x m)."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        a, b = operands
        check(a.shape == b.shape, self, a, b)
        return a.rows, a.columns

    def value(self, *operands: Array) -> Array:
        a, b = operands
        return a * b

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        a, b = operands
        return f"{a.cell(i, j)}*{b.cell(i, j)}"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        a, b = operands
        return [Number(a.cell(i, j)), "×", Number(b.cell(i, j))]


class Activation(Op):
    """A function of each entry by itself: (n x m) to (n x m)."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (x,) = operands
        return x.rows, x.columns

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return self.formula(operands[0].cell(i, j))

    @abstractmethod
    def formula(self, x: str) -> str:
        """The function of one cell."""


@dataclass(frozen=True)
class Relu(Activation):
    """max(0, x). Vaswani et al. 2017, equation 2."""

    def value(self, *operands: Array) -> Array:
        return np.maximum(0.0, operands[0])

    def formula(self, x: str) -> str:
        return f"MAX(0,{x})"


@dataclass(frozen=True)
class GeluTanh(Activation):
    """0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x³))), the approximation that GPT-2 uses.

    Hendrycks and Gimpel 2016, "Gaussian Error Linear Units", section 2.
    """

    def value(self, *operands: Array) -> Array:
        (x,) = operands
        return np.asarray(0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))))

    def formula(self, x: str) -> str:
        return f"0.5*{x}*(1+TANH(SQRT(2/PI())*({x}+0.044715*{x}^3)))"


@dataclass(frozen=True)
class GeluErf(Activation):
    """x times the normal distribution's cumulative share below x, 0.5 x (1 + erf(x / sqrt 2)): BERT.

    Hendrycks and Gimpel 2016, section 2.
    """

    def value(self, *operands: Array) -> Array:
        (x,) = operands
        return np.asarray(0.5 * x * (1 + np.vectorize(erf, otypes=[float])(x / sqrt(2))))

    def formula(self, x: str) -> str:
        return f"0.5*{x}*(1+ERF({x}/SQRT(2)))"


STEEP = 700
"""exp(700) is about as large as a number can be; beyond, EXP is an error in a cell."""


@dataclass(frozen=True)
class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    scale = "probability"

    def value(self, *operands: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(np.minimum(-operands[0], STEEP))))

    def formula(self, x: str) -> str:
        return f"1/(1+EXP(MIN(-{x},{STEEP})))"


@dataclass(frozen=True)
class Silu(Activation):
    """x sigmoid(x), also called Swish: the gate of SwiGLU.

    Shazeer 2020, "GLU Variants Improve Transformer", equation 5 (Swish with beta = 1).
    """

    def value(self, *operands: Array) -> Array:
        (x,) = operands
        return np.asarray(x / (1 + np.exp(np.minimum(-x, STEEP))))

    def formula(self, x: str) -> str:
        return f"{x}/(1+EXP(MIN(-{x},{STEEP})))"


@dataclass(frozen=True)
class Tanh(Activation):
    """The hyperbolic tangent, which squeezes every number between -1 and 1: the recurrent network's."""

    def value(self, *operands: Array) -> Array:
        return np.tanh(operands[0])

    def formula(self, x: str) -> str:
        return f"TANH({x})"


@dataclass(frozen=True)
class TanhSlope(Op):
    """1 - h²: how much of a small change tanh passes on where its value is h. (n x m) to (n x m)."""

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (h,) = operands
        return h.rows, h.columns

    def value(self, *operands: Array) -> Array:
        return np.asarray(1 - operands[0] ** 2)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f"1-{operands[0].cell(i, j)}^2"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        return ["1 − (", Number(operands[0].cell(i, j)), ")²"]


add = Add()
add_row = AddRow()
multiply = Multiply()
relu = Relu()
gelu_tanh = GeluTanh()
gelu_erf = GeluErf()
sigmoid = Sigmoid()
silu = Silu()
tanh = Tanh()
tanh_slope = TanhSlope()
