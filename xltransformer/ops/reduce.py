"""The steps of the softmax: row maximum, exponentials, row sum, quotient.

softmax(x)_j = exp((x_j - max x) / T) / sum_k exp((x_k - max x) / T). Subtracting the maximum
changes nothing in the quotient and keeps the exponentials from overflowing. The steps are shown
one by one because a one-cell softmax needs array entry in some spreadsheets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import Index, Number, Op, Pieces, Ref, check, joined


@dataclass(frozen=True)
class RowMax(Op):
    """The largest entry of each row: (n x m) to (n x 1)."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        return operands[0].rows, ONE

    def value(self, *operands: Array) -> Array:
        return np.asarray(np.max(operands[0], axis=1, keepdims=True))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f"MAX({operands[0].row(i)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        (x,) = operands
        terms: list[Pieces] = [[Number(x.cell(i, k), masked=True)] for k in range(x.shape[1])]
        return ["max(", *joined(terms, "; "), ")"]


@dataclass(frozen=True)
class ShiftedExp(Op):
    """exp((x - row maximum) / temperature) where the mask is 1, and 0 elsewhere.

    Operands: x (n x m), maximum (n x 1), temperature (1 x 1), mask (n x m).
    """

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, maximum, temperature, mask = operands
        fits = maximum.shape == (x.shape[0], 1) and temperature.shape == (1, 1)
        check(fits and mask.shape == x.shape, self, *operands)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, maximum, temperature, mask = operands
        return np.where(mask == 1, np.exp((x - maximum) / temperature), 0.0)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, maximum, temperature, mask = operands
        shifted = f"({x.cell(i, j)}-{maximum.cell(i, 0)})/{temperature.cell(0, 0)}"
        return f"IF({mask.cell(i, j)}=1,EXP({shifted}),0)"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, maximum, temperature, _ = operands
        score, largest = Number(x.cell(i, j), masked=True), Number(maximum.cell(i, 0), masked=True)
        return ["exp((", score, " − ", largest, ") / ", Number(temperature.cell(0, 0)), ")"]


@dataclass(frozen=True)
class RowSum(Op):
    """The sum of each row: (n x m) to (n x 1)."""

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        return operands[0].rows, ONE

    def value(self, *operands: Array) -> Array:
        return np.asarray(np.sum(operands[0], axis=1, keepdims=True))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f"SUM({operands[0].row(i)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        (x,) = operands
        return joined(([Number(x.cell(i, k))] for k in range(x.shape[1])), " + ")


@dataclass(frozen=True)
class DivideRows(Op):
    """Each row divided by its own number; a row whose number is 0 (an empty slot) stays 0.

    Operands: x (n x m), divisor (n x 1).
    """

    scale = "probability"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, divisor = operands
        check(divisor.shape == (x.shape[0], 1), self, x, divisor)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, divisor = operands
        return np.where(divisor == 0, 0.0, x / np.where(divisor == 0, 1.0, divisor))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, divisor = operands
        return f"IF({divisor.cell(i, 0)}=0,0,{x.cell(i, j)}/{divisor.cell(i, 0)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, divisor = operands
        return [Number(x.cell(i, j)), " / ", Number(divisor.cell(i, 0))]


row_max = RowMax()
shifted_exp = ShiftedExp()
row_sum = RowSum()
divide_rows = DivideRows()
