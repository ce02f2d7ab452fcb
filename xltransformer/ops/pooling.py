"""From the rows of words to one row: the largest of each column, and words by their places."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from xltransformer.graph import Array, Matrix, Scale
from xltransformer.ops.base import STOP, Contributions, Coordinate, Op, Ref
from xltransformer.ops.masking import HIDDEN


class WeighRows(Op):
    """Each row times its own number, through which no gradient passes."""

    signature = "n m, n 1 -> n m"
    formula = "{x}*{factor}"
    in_numbers = "{x}×{factor}"
    by_entry = True

    def value(self, x: Array, factor: Array) -> Array:
        return x * factor

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix, factor: Matrix) -> Contributions:
        return weigh_rows(upstream, factor), STOP


class MaskRows(Op):
    """Each row where a word stands, `HIDDEN` (minus infinity) in its place elsewhere. Operands: the rows, and
    where a word stands (n x 1)."""

    signature = "n m, n 1 -> n m"
    formula = "IF({there}=1,{x},-1E+30)"
    by_entry = True
    scale: ClassVar[Scale] = "masked"
    moves = True

    def value(self, x: Array, there: Array) -> Array:
        return np.where(there == 1, x, HIDDEN)

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix, there: Matrix) -> Contributions:
        return weigh_rows(upstream, there), STOP


class MaxRows(Op):
    """The largest entry of each column, 0 where no word stands. Operands: rows, `HIDDEN` where none stands, and
    where one does (n x 1)."""

    signature = "n d, n 1 -> 1 d"
    formula = "IF(SUM({there})=0,0,MAX({x}))"
    moves = True

    def value(self, x: Array, there: Array) -> Array:
        none = np.sum(there, axis=-2, keepdims=True) == 0
        return np.where(none, 0.0, np.max(x, axis=-2, keepdims=True))

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix, there: Matrix) -> Contributions:
        return to_largest(upstream, x, result), STOP


class ToLargest(Op):
    """What passes back from the largest entry of each column: the gradient to the first row that holds it, 0 to
    the others. Operands: the gradient, the rows, the largest entries."""

    signature = "1 d, n d, 1 d -> n d"
    no_gradient = "second derivatives are not taken"
    moves = True

    def value(self, upstream: Array, x: Array, largest: Array) -> Array:
        hits = x == largest
        return np.where(hits & (np.cumsum(hits, axis=-2) == 1), upstream, 0.0)

    def cell(self, i: Coordinate, j: Coordinate, upstream: Ref, x: Ref, largest: Ref) -> str:
        top = largest.cell(0, j)
        first = f"SUMPRODUCT(({x.column(j, i + 1)}={top})*1)=1"
        return f"IF({x.cell(i, j)}={top},IF({first},{upstream.cell(0, j)},0),0)"


class Numbered(Op):
    """The number of each place (from 1) where a word stands, else 0."""

    signature = "n 1 -> n 1"
    scale = "count"
    no_gradient = "places are fixed, not learned"

    def value(self, there: Array) -> Array:
        return np.asarray(there * np.arange(1.0, there.shape[-2] + 1).reshape(-1, 1))

    def cell(self, i: Coordinate, j: Coordinate, there: Ref) -> str:
        return f"{there.cell(i, 0)}*ROWS({there.column(0, i + 1)})"


class RootSum(Op):
    """The root of the sum of a column."""

    signature = "n 1 -> 1 1"
    formula = "SQRT(SUM({x}))"
    scale = "plain"
    no_gradient = "it counts"

    def value(self, x: Array) -> Array:
        return np.asarray(np.sqrt(np.sum(x, axis=-2, keepdims=True)))


class SegmentKind(Op):
    """Of which kind of segment each word is: 1 up to the first separator, which is among them, and 2 behind it.

    Operand: 1 where a word is the separator, else 0. Devlin et al. 2019, section 3, "Input/Output
    Representations".
    """

    signature = "n 1 -> n 1"
    scale = "count"
    no_gradient = "a position jumps"

    def value(self, separates: Array) -> Array:
        before = np.cumsum(separates, axis=-2) - separates
        return np.where(before > 0, 2.0, 1.0)

    def cell(self, i: Coordinate, j: Coordinate, separates: Ref) -> str:
        return f"IF(SUM({separates.column(0, i + 1)})>{separates.cell(i, 0)},2,1)"


weigh_rows = WeighRows()
mask_rows = MaskRows()
max_rows = MaxRows()
to_largest = ToLargest()
numbered = Numbered()
root_sum = RootSum()
segment_kind = SegmentKind()
