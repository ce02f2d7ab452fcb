"""What the pictures show: one of several blocks, two of its columns, its distance from another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.ops.base import Coordinate, Op, Ref, check, side_by_side
from xltransformer.ops.reduce import taken

MOST_CHOICES = 24
"""LibreOffice takes no more than 30 arguments in CHOOSE."""


def chosen(k: str, cells: Sequence[str]) -> str:
    """The formula for the k-th of some cells or texts, from 1."""
    formula = ""
    for start in reversed(range(0, len(cells), MOST_CHOICES)):
        end = start + MOST_CHOICES
        part = f"CHOOSE({k}{f'-{start}' * (start > 0)},{','.join(cells[start:end])})"
        formula = f"IF({k}<={end},{part},{formula})" if formula else part
    return formula


class Choose(Op):
    """One of several blocks, zeros where none is chosen. Operands: which one, from 1, or 0, then the blocks."""

    signature = "1 1, n m, ... -> n m"
    no_gradient = "it is for pictures, and no loss is made of it"
    moves = True

    def value(self, which: Array, *blocks: Array) -> Array:
        return np.select(
            [which == k for k in range(len(blocks) + 1)], [np.zeros_like(blocks[0]), *blocks], default=np.nan
        )

    def cell(self, i: Coordinate, j: Coordinate, which: Ref, *blocks: Ref) -> str:
        k = which.cell(0, 0)
        return f"IF({k}=0,0,{chosen(k, [block.cell(i, j) for block in blocks])})"


class Plane(Op):
    """Two columns of a table, by their positions (from 1; 0 gives zeros): (n x d) to (n x 2).

    Operands: the table, the two positions (1 x 1), and the names of the two columns (text, 2 x 1).
    """

    no_gradient = "it is for pictures, and no loss is made of it"
    moves = True

    def axes(self, table: Matrix, across: Matrix, up: Matrix, names: Matrix) -> tuple[Axis, Axis]:
        check(across.shape == up.shape == (1, 1) and names.shape == (2, 1), self, table, across, up, names)
        return table.rows, Axis.of(names)

    def value(self, table: Array, across: Array, up: Array, names: Array) -> Array:
        return taken(table, side_by_side([across, up], -1), axis=-1)

    def cell(self, i: Coordinate, j: Coordinate, table: Ref, across: Ref, up: Ref, names: Ref) -> str:
        position = (across, up)[j].cell(0, 0)
        return f"IF({position}=0,0,INDEX({table.row(i)},1,{position}))"


class Settle(Op):
    """Points, those of empty slots moved onto a given point, where they do not show.

    Operands: the points, the padding (1 where a word stands), the given point.
    """

    signature = "n m, n 1, 1 m -> n m"
    formula = "IF({padding}=1,{points},{point})"
    no_gradient = "it is for pictures, and no loss is made of it"
    moves = True

    def value(self, points: Array, padding: Array, point: Array) -> Array:
        return np.where(padding == 1, points, point)


class Below(Op):
    """One row below another, before and after: twice (1 x d) gives (2 x d)."""

    no_gradient = "it is for pictures, and no loss is made of it"
    moves = True

    def axes(self, before: Matrix, after: Matrix) -> tuple[Axis, Axis]:
        check(before.shape == after.shape and before.shape[0] == 1, self, before, after)
        return Axis.fixed(["before", "after"]), before.columns

    def value(self, before: Array, after: Array) -> Array:
        return side_by_side([before, after], -2)

    def cell(self, i: Coordinate, j: Coordinate, before: Ref, after: Ref) -> str:
        return (before, after)[i].cell(0, j)


class LessFirst(Op):
    """Each row less the first row."""

    signature = "n d -> n d"
    no_gradient = "it is for pictures, and no loss is made of it"

    def value(self, table: Array) -> Array:
        return table - table[..., :1, :]

    def cell(self, i: Coordinate, j: Coordinate, table: Ref) -> str:
        return f"{table.cell(i, j)}-{table.cell(0, j)}"


choose = Choose()
below = Below()
plane = Plane()
settle = Settle()
less_first = LessFirst()
