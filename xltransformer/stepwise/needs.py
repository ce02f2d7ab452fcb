"""Which rows of its operands a row of a result is made of, as the formulas of its cells say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from xltransformer.graph import Matrix
from xltransformer.ops import Coordinate, Index, Op

Need = Literal["new", "past", "shape", "whole"]
"""Which rows of an operand the new rows of a result are made of: the new ones, these and all before, none (it
lends its shape), or all of an operand that has none that follow."""
Side = Literal["rows", "columns", "both", None]
"""Which sides of a block follow the words of a text: its columns do where keys are turned."""
Shaped = tuple[tuple[int, int], Side]
"""A block's shape, and the sides that follow the text."""
Cells = set[tuple[int, int, int, int]]
"""Rectangles of cells: first and last row, first and last column."""

_PLACES, _AT = 6, 3
"""An operation is asked for the formulas of a text of so many words, at two places in its middle."""


def shaped(block: Matrix, words: Matrix) -> Shaped:
    """A block's shape as if the text, of which `words` has the words, had `_PLACES`."""
    follows = [axis.source is words for axis in (block.rows, block.columns)]
    rows, columns = (_PLACES if yes else size for yes, size in zip(follows, block.shape, strict=True))
    return (rows, columns), _SIDES[follows[0], follows[1]]


_SIDES: dict[tuple[bool, bool], Side] = {
    (False, False): None,
    (True, False): "rows",
    (False, True): "columns",
    (True, True): "both",
}


class _Asked:
    """An operand that notes which of its cells a formula refers to (a `Ref`): first and last row and column."""

    spelled_out, typed = 0, False

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.seen: Cells = set()

    def _note(self, rows: tuple[int, int], columns: tuple[int, int]) -> str:
        self.seen.add((*rows, *columns))
        return "A1:B2"

    def cell(self, row: Index, column: Index) -> str:
        return self._note(_span(row, self.shape[0]), _span(column, self.shape[1]))

    def row(self, row: Coordinate, count: Coordinate | None = None) -> str:
        return self._note(_span(row, 0), _first(count, self.shape[1]))

    def column(self, column: Coordinate, count: Coordinate | None = None) -> str:
        return self._note(_first(count, self.shape[0]), _span(column, 0))

    def part(self, rows: Coordinate | None = None, columns: Coordinate | None = None) -> str:
        return self._note(_first(rows, self.shape[0]), _first(columns, self.shape[1]))


def _span(index: Index, size: int) -> tuple[int, int]:
    """The row or column of that number; any of them where a formula tells which one."""
    return (0, size - 1) if isinstance(index, str) else (int(index), int(index))


def _first(count: Coordinate | None, size: int) -> tuple[int, int]:
    return 0, (size if count is None else count.__index__()) - 1


def needs_of(op: Op, result: Shaped, operands: Sequence[Shaped]) -> list[Need]:
    """What of each operand a row of the result is made of, or a column, where columns follow the text; ValueError
    where it is made of rows that come later, or of its own earlier ones."""
    if op.recurs:
        *needs, own = _needs(op, result, [*operands, result])
        if own != "new":
            raise ValueError("it goes on from its own earlier rows")
        return needs
    return _needs(op, result, operands)


def _needs(op: Op, result: Shaped, operands: Sequence[Shaped]) -> list[Need]:
    one, other = ([*_cells(op, at, result, operands)] for at in (_AT, _AT + 1))
    needs: list[Need] = []
    for (_, side), seen in zip(operands, one, strict=True):
        along = {cells[2:] if side == "columns" else cells[:2] for cells in seen}
        if side is None:
            needs.append("whole")
        elif not along or op.constant:
            needs.append("shape")
        elif max(last for _, last in along) > _AT:
            raise ValueError("it is made of later rows")
        else:
            turned = side == "columns" and result[1] != "columns"
            needs.append("new" if along == {(_AT, _AT)} and not turned else "past")
    follows = {"new", "past"} & {*needs}
    if follows and any(n == "whole" and a != b for n, a, b in zip(needs, one, other, strict=True)):
        raise ValueError("it takes another row of an operand for each word")
    return needs


def _cells(op: Op, at: int, result: Shaped, operands: Sequence[Shaped]) -> Iterator[Cells]:
    """The cells of each operand that the formulas of row `at` refer to, or of column `at`, where columns follow:
    those of the first cells and the last, and of some at the diagonal."""
    shape, side = result
    across = shape[0] if side == "columns" else shape[1]
    refs = [_Asked(shape) for shape, _ in operands]
    for other in {0, 1, *range(_AT, _PLACES), across - 1}:
        if other < across:
            op.cell(*((other, at) if side == "columns" else (at, other)), *refs)
    yield from (ref.seen for ref in refs)
