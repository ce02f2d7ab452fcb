"""What is done to each entry by itself: sums, products and activations."""

from __future__ import annotations

from abc import abstractmethod
from math import erfc, pi, sqrt
from typing import ClassVar

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.ops.base import Contributions, Coordinate, Index, Number, Op, Pieces, Ref, joined
from xltransformer.ops.linear import column_sums
from xltransformer.record import record


class Add(Op):
    """The entry-wise sum of two or more matrices: residual connections (He et al. 2016), embeddings and
    positions."""

    signature = "n m, ... -> n m"
    by_entry = True

    def value(self, *operands: Array) -> Array:
        return sum(operands[1:], operands[0])

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return (upstream,) * len(operands)

    def cell(self, i: Coordinate, j: Coordinate, *operands: Ref) -> str:
        return "+".join(operand.cell(i, j) for operand in operands)

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        return joined(([Number(operand.cell(i, j))] for operand in operands), " + ")


class AddRow(Op):
    """One row added to every row, a bias."""

    signature = "n m, 1 m -> n m"
    formula = "{x}+{bias}"
    in_numbers = "{x} + {bias}"
    by_entry = True

    def value(self, x: Array, bias: Array) -> Array:
        return x + bias

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix, bias: Matrix) -> Contributions:
        return upstream, column_sums(upstream, bias)


class Subtract(Op):
    """The entry-wise difference of two matrices: how far a result is off."""

    signature = "n m, n m -> n m"
    formula = "{a}-{b}"
    in_numbers = "{a} − {b}"
    by_entry = True

    def value(self, a: Array, b: Array) -> Array:
        return a - b

    def gradient(self, upstream: Matrix, result: Matrix, a: Matrix, b: Matrix) -> Contributions:
        return upstream, negative(upstream)


class StepDown(Op):
    """A step of gradient descent, W - learning rate × gradient."""

    signature = "n m, n m, 1 1 -> n m"
    formula = "{weights}-{rate}*{gradient}"
    in_numbers = "{weights} − {rate}×{gradient}"
    by_entry = True
    no_gradient = "the next step begins from its numbers, not from how they came about"

    def value(self, weights: Array, gradient: Array, rate: Array) -> Array:
        return np.asarray(weights - rate * gradient)


class Momentum(Op):
    """What momentum makes of a gradient, momentum × velocity before + gradient.

    Polyak 1964, in the form of Sutskever et al. 2013, "On the importance of initialization and momentum in
    deep learning", with the learning rate left to the step itself.
    """

    signature = "n m, n m, 1 1 -> n m"
    formula = "{share}*{velocity}+{gradient}"
    in_numbers = "{share}×{velocity} + {gradient}"
    no_gradient = "the next step begins from its numbers, not from how they came about"

    def value(self, velocity: Array, gradient: Array, share: Array) -> Array:
        return np.asarray(share * velocity + gradient)


class Nudged(Op):
    """A matrix with one entry a little larger. Operands: the matrix, the entry's row and column (from 1), and
    by how much."""

    signature = "n m, 1 1, 1 1, 1 1 -> n m"
    no_gradient = "it is a trial, and no loss is made of it"

    def value(self, x: Array, row: Array, column: Array, nudge: Array) -> Array:
        rows, columns = (np.arange(1, size + 1) for size in x.shape[-2:])
        return np.asarray(x + ((rows[:, None] == row) & (columns == column)) * nudge)

    def cell(self, i: Coordinate, j: Coordinate, x: Ref, row: Ref, column: Ref, nudge: Ref) -> str:
        here = f"AND({row.cell(0, 0)}={i + 1},{column.cell(0, 0)}={j + 1})"
        return f"{x.cell(i, j)}+IF({here},{nudge.cell(0, 0)},0)"


class Multiply(Op):
    """The entry-wise product of two matrices."""

    signature = "n m, n m -> n m"
    formula = "{a}*{b}"
    in_numbers = "{a}×{b}"
    by_entry = True

    def value(self, a: Array, b: Array) -> Array:
        return a * b

    def gradient(self, upstream: Matrix, result: Matrix, a: Matrix, b: Matrix) -> Contributions:
        return multiply(upstream, b), multiply(upstream, a)


class Activation(Op):
    """A function of each entry by itself, and its slope."""

    signature = "n m -> n m"
    by_entry = True
    from_result: ClassVar[bool] = False
    """Whether the slope is told from the function's value instead of from x, which is shorter."""
    slope_formula: ClassVar[str]
    """The slope at a cell {x}, in parentheses where it is a sum."""

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix) -> Contributions:
        return (Through(self)(upstream, result if self.from_result else x),)

    @abstractmethod
    def slope(self, x: Array) -> Array:
        """By how much the function grows with x (or, told `from_result`, where its value is x)."""


@record
class Through(Op):
    """What passes back through an activation: the gradient of its result times its slope.

    Operands: the gradient, and what the slope is told from.
    """

    signature = "n m, n m -> n m"

    activation: Activation

    def inexact(self) -> float:
        return self.activation.inexact()

    def value(self, upstream: Array, x: Array) -> Array:
        slope = self.activation.slope(x)
        return np.multiply(upstream, slope, out=slope) if upstream.shape == slope.shape else upstream * slope

    def cell(self, i: Coordinate, j: Coordinate, upstream: Ref, x: Ref) -> str:
        return f"{upstream.cell(i, j)}*{self.activation.slope_formula.format(x=x.cell(i, j))}"


class Relu(Activation):
    """max(0, x). Vaswani et al. 2017, equation 2."""

    formula = "MAX(0,{x})"
    row_formula = "IF({x}>0,{x},0)"
    in_hint = "max(0, {x})"
    slope_formula = "IF({x}>0,1,0)"

    def value(self, x: Array) -> Array:
        return np.maximum(0.0, x)

    def slope(self, x: Array) -> Array:
        return (x > 0).astype(x.dtype)


_TANH = "TANH(SQRT(2/PI())*({x}+0.044715*{x}^3))"


class GeluTanh(Activation):
    """0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x³))), the approximation that GPT-2 uses.

    Hendrycks and Gimpel 2016, "Gaussian Error Linear Units", section 2.
    """

    formula = f"0.5*{{x}}*(1+{_TANH})"
    in_hint = "0.5 × {x} × (1 + tanh(0.798 × ({x} + 0.0447 × ({x})³)))"
    slope_formula = f"0.5*(1+{_TANH})*(1+{{x}}*(1-{_TANH})*SQRT(2/PI())*(1+0.134145*{{x}}^2))"

    def value(self, x: Array) -> Array:
        result = self._tanh(x)
        result += 1
        result *= x
        result *= 0.5
        return result

    @staticmethod
    def _tanh(x: Array) -> Array:
        """tanh(sqrt(2/pi) (x + 0.044715 x³)), in the memory of one new array: large ones cost time."""
        result = np.asarray(x * x)
        result *= sqrt(2 / pi) * 0.044715
        result += sqrt(2 / pi)
        result *= x
        return np.asarray(np.tanh(result, out=result))

    def slope(self, x: Array) -> Array:
        t = self._tanh(x)
        rise = np.asarray(x * x)
        rise *= sqrt(2 / pi) * 0.134145
        rise += sqrt(2 / pi)
        rise *= x
        rise *= 1 - t
        rise += 1
        t += 1
        t *= 0.5
        t *= rise
        return t


def _normal_share(x: Array) -> Array:
    """Φ(x), the normal distribution's cumulative share below x, 0.5 (1 + erf(x / sqrt 2)): as exact as double
    precision is, far below 0 too, and in single precision to 1e-7, for all entries at once.

    Abramowitz and Stegun 1964, formulas 26.2.29 and 7.1.26.
    """
    if x.dtype != np.float32:
        return np.asarray(np.vectorize(erfc, otypes=[x.dtype])(x / -sqrt(2)) / 2)
    size = np.abs(x) / np.float32(sqrt(2))
    t = 1 / (1 + np.float32(0.3275911) * size)
    tail = np.float32(1.061405429) * t
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail += np.float32(factor)
        tail *= t
    tail *= np.exp(-size * size) / 2
    return np.where(x > 0, 1 - tail, tail)


class GeluErf(Activation):
    """x Φ(x), x times the normal distribution's cumulative share below x: BERT.

    Hendrycks and Gimpel 2016, section 2. In cells Φ is NORMSDIST and its slope NORMDIST, which every engine
    has, which hold for numbers of any size, and of which LibreOffice calculates six while it calculates one ERF.
    """

    formula = "{x}*NORMSDIST({x})"
    in_hint = "{x} × Φ({x})"
    slope_formula = "(NORMSDIST({x})+{x}*NORMDIST({x},0,1,FALSE))"
    by_entry = False  # IronCalc's NORMSDIST takes no arrays

    def inexact(self) -> float:
        return 1e-10  # IronCalc's NORMSDIST is off by up to 5e-11

    def value(self, x: Array) -> Array:
        return np.asarray(x * _normal_share(x))

    def slope(self, x: Array) -> Array:
        return np.asarray(_normal_share(x) + x * np.exp(-0.5 * (x * x)) / sqrt(2 * pi))


STEEP = 700
"""exp(700) is about as large as a number can be; beyond, EXP is an error in a cell."""
_EXP, _ROW_EXP = f"EXP(MIN(-{{x}},{STEEP}))", f"EXP(IF(-{{x}}<{STEEP},-{{x}},{STEEP}))"


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    formula = f"1/(1+{_EXP})"
    row_formula = f"1/(1+{_ROW_EXP})"
    in_hint = "1 / (1 + exp(−({x})))"
    slope_formula = "{x}*(1-{x})"
    scale = "probability"
    from_result = True

    def value(self, x: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(np.minimum(-x, STEEP))))

    def slope(self, x: Array) -> Array:
        return np.asarray(x * (1 - x))


class Silu(Activation):
    """x sigmoid(x), also called Swish: the gate of SwiGLU.

    Shazeer 2020, "GLU Variants Improve Transformer", equation 5 (Swish with beta = 1).
    """

    formula = f"{{x}}/(1+{_EXP})"
    row_formula = f"{{x}}/(1+{_ROW_EXP})"
    in_hint = "{x} / (1 + exp(−({x})))"
    slope_formula = f"(1+{{x}}*(1-1/(1+{_EXP})))/(1+{_EXP})"

    def value(self, x: Array) -> Array:
        return np.asarray(x / (1 + np.exp(np.minimum(-x, STEEP))))

    def slope(self, x: Array) -> Array:
        share = sigmoid.value(x)
        return np.asarray(share * (1 + x * (1 - share)))


class Tanh(Activation):
    """The hyperbolic tangent, which squeezes every number between -1 and 1: the recurrent network's."""

    formula = "TANH({x})"
    in_hint = "tanh({x})"
    slope_formula = "(1-{x}^2)"
    from_result = True

    def value(self, x: Array) -> Array:
        return np.tanh(x)

    def slope(self, x: Array) -> Array:
        return np.asarray(1 - x * x)


class TanhSlope(Activation):
    """1 - h²: how much of a small change tanh passes on where its value is h."""

    formula = "1-{x}^2"
    in_numbers = "1 − ({x})²"
    slope_formula = "(-2*{x})"
    scale = "plain"

    def value(self, x: Array) -> Array:
        return np.asarray(1 - x**2)

    def slope(self, x: Array) -> Array:
        return -2 * x


class Negative(Activation):
    """The same numbers with the opposite sign."""

    formula = "0-{x}"  # a leading minus binds before ^ in a spreadsheet
    slope_formula = "(-1)"

    def value(self, x: Array) -> Array:
        return -x

    def slope(self, x: Array) -> Array:
        return np.full_like(x, -1.0)


add = Add()
subtract = Subtract()
step_down = StepDown()
momentum = Momentum()
nudged = Nudged()
negative = Negative()
add_row = AddRow()
multiply = Multiply()
relu = Relu()
gelu_tanh = GeluTanh()
gelu_erf = GeluErf()
sigmoid = Sigmoid()
silu = Silu()
tanh = Tanh()
tanh_slope = TanhSlope()
