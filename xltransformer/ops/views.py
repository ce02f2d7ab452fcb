"""What the pictures show: one of several blocks, two of its columns, its distance from another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.ops.base import Op, Ref, check, side_by_side
from xltransformer.ops.reduce import taken

MOST_CHOICES = 24
"""LibreOffice takes no more than 30 arguments in CHOOSE."""


def chosen(k: str, cells: Sequence[str]) -> str:
    """The formula for the k-th of some cells or texts, from 1."""
    starts = range(0, len(cells), MOST_CHOICES)
    parts = [
        f"CHOOSE({k}{f'-{start}' * (start > 0)},{','.join(cells[start : start + MOST_CHOICES])})"
        for start in starts
    ]
    formula = parts.pop()
    for start, part in zip(starts[:0:-1], reversed(parts), strict=True):
        formula = f"IF({k}<={start},{part},{formula})"
    return formula


class Choose(Op):
    """One of several blocks of the same shape, zeros where none is chosen.

    Operands: which one, from 1, or 0 (1 x 1), then the blocks.
    """

    no_gradient = "it is for pictures, and no loss is made of it"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        which, *blocks = operands
        check(which.shape == (1, 1) and all(b.shape == blocks[0].shape for b in blocks), self, *operands)
        return blocks[0].rows, blocks[0].columns

    def value(self, *operands: Array) -> Array:
        which, *blocks = operands
        return np.select(
            [which == k for k in range(len(blocks) + 1)], [np.zeros_like(blocks[0]), *blocks], default=np.nan
        )

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        which, *blocks = operands
        k = which.cell(0, 0)
        return f"IF({k}=0,0,{chosen(k, [block.cell(i, j) for block in blocks])})"


class Plane(Op):
    """Two columns of a table, by their positions (from 1; 0 gives zeros): (n x d) to (n x 2).

    Operands: the table, the two positions (1 x 1), and the names of the two columns (text, 2 x 1).
    """

    no_gradient = "it is for pictures, and no loss is made of it"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        table, across, up, names = operands
        check(across.shape == up.shape == (1, 1) and names.shape == (2, 1), self, *operands)
        return table.rows, Axis.of(names)

    def value(self, *operands: Array) -> Array:
        return taken(operands[0], side_by_side(operands[1:3], -1), axis=-1)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        position = operands[1 + j].cell(0, 0)
        return f"IF({position}=0,0,INDEX({operands[0].row(i)},1,{position}))"


class Settle(Op):
    """Points (n x 2), those of empty slots moved onto a given point, where they do not show.

    Operands: the points, the padding (n x 1: 1 where a word stands), the given point (1 x 2).
    """

    no_gradient = "it is for pictures, and no loss is made of it"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        points, padding, point = operands
        check(padding.shape == (points.shape[0], 1) and point.shape == (1, 2), self, *operands)
        return points.rows, points.columns

    def value(self, *operands: Array) -> Array:
        points, padding, point = operands
        return np.where(padding == 1, points, point)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        points, padding, point = operands
        return f"IF({padding.cell(i, 0)}=1,{points.cell(i, j)},{point.cell(0, j)})"


class Below(Op):
    """One row below another, before and after: twice (1 x d) gives (2 x d)."""

    no_gradient = "it is for pictures, and no loss is made of it"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        before, after = operands
        check(before.shape == after.shape and before.shape[0] == 1, self, before, after)
        return Axis.fixed(["before", "after"]), before.columns

    def value(self, *operands: Array) -> Array:
        return side_by_side(operands, -2)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return operands[i].cell(0, j)


class LessFirst(Op):
    """Each row less the first row: (n x d) to (n x d)."""

    no_gradient = "it is for pictures, and no loss is made of it"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (table,) = operands
        return table.rows, table.columns

    def value(self, *operands: Array) -> Array:
        return operands[0] - operands[0][..., :1, :]

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f"{operands[0].cell(i, j)}-{operands[0].cell(0, j)}"


choose = Choose()
below = Below()
plane = Plane()
settle = Settle()
less_first = LessFirst()
