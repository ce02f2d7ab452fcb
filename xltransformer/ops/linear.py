"""Products, transposes and scalings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import Index, Number, Op, Pieces, Ref, check, joined


@dataclass(frozen=True)
class Copy(Op):
    """The same matrix under another name: Q = X."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (a,) = operands
        return a.rows, a.columns

    def value(self, *operands: Array) -> Array:
        return operands[0].copy()

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return operands[0].cell(i, j)


@dataclass(frozen=True)
class Transpose(Op):
    """Rows become columns: (n x m) to (m x n)."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (a,) = operands
        return a.columns, a.rows

    def value(self, *operands: Array) -> Array:
        return operands[0].T.copy()

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return operands[0].cell(j, i)


SPELLED_OUT = 16
"""Up to this inner width a product is spelled out term by term, as one would by hand; an emptied
cell then counts as 0. Wider ones use MMULT, wrapped so that Excel shows no `@`."""


@dataclass(frozen=True)
class MatMul(Op):
    """Matrix product (n x k) (k x m) = (n x m): each cell is a row of the left operand times a
    column of the right one."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        a, b = operands
        check(a.shape[1] == b.shape[0], self, a, b)
        return a.rows, b.columns

    def value(self, *operands: Array) -> Array:
        a, b = operands
        # Summed from left to right as a spreadsheet sums, so that both round alike.
        total = np.zeros((a.shape[0], b.shape[1]))
        for k in range(a.shape[1]):
            total += np.outer(a[:, k], b[k])
        return total

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        a, b = operands
        width = a.shape[1]
        if width > SPELLED_OUT:
            return f"SUMPRODUCT(MMULT({a.row(i)},{b.column(j)}))"
        return "+".join(f"{a.cell(i, k)}*{b.cell(k, j)}" for k in range(width))

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        a, b = operands
        terms: list[Pieces] = [[Number(a.cell(i, k)), "×", Number(b.cell(k, j))] for k in range(a.shape[1])]
        return joined(terms, " + ")


@dataclass(frozen=True)
class RootWidth(Op):
    """The square root of the width of the keys, (1 x 1), or 1 where the switch is off (0).

    Vaswani et al. 2017, "Attention Is All You Need", equation 1: scores are divided by it.
    """

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        switch, keys = operands
        check(switch.shape == (1, 1), self, switch, keys)
        return ONE, ONE

    def value(self, *operands: Array) -> Array:
        switch, keys = operands
        return np.where(switch == 0, 1.0, np.sqrt(keys.shape[1]))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        switch, keys = operands
        return f"IF({switch.cell(0, 0)}=0,1,SQRT(COLUMNS({keys.row(0)})))"


@dataclass(frozen=True)
class Divide(Op):
    """Every entry divided by one number: (n x m) and (1 x 1) give (n x m)."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        a, divisor = operands
        check(divisor.shape == (1, 1), self, a, divisor)
        return a.rows, a.columns

    def value(self, *operands: Array) -> Array:
        a, divisor = operands
        return a / divisor

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        a, divisor = operands
        return f"{a.cell(i, j)}/{divisor.cell(0, 0)}"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        a, divisor = operands
        return [Number(a.cell(i, j)), " / ", Number(divisor.cell(0, 0))]


copy = Copy()
transpose = Transpose()
matmul = MatMul()
root_width = RootWidth()
divide = Divide()
