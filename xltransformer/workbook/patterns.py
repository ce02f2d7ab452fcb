"""The formulas of a block, from one pattern for all cells that are made alike.

An operation gives the formula of one cell. Asked with a row and a column that stand for any (`Traced`),
it gives the formula of every cell: where an index goes into an address, a mark stands in its place.
An operation may treat some cells differently (above the diagonal, in odd columns, …); to do so it has
to look at an index, which is noted, and the pattern then holds only for the cells that would have
answered alike. There is no other way to look, so a pattern is right for every cell it covers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from xltransformer.graph import Array
from xltransformer.ops import Coordinate
from xltransformer.record import record

CellFormula = Callable[[Coordinate, Coordinate], str]
"""The formula, without its `=`, of a block's cell in row i and column j, both from 0."""

_MARK = "\0"  # no formula can hold it
_LONGEST_MARK = 7  # 1048576, the last row
_SURELY_SHORT = 2_000  # of so few characters it does not matter how many there are exactly


class Mark(NamedTuple):
    """A place in a pattern for `rows` x i + `columns` x j + `constant`, as a number or a column's letters."""

    rows: int
    columns: int
    constant: int
    letters: bool

    def at(self, i: int, j: int) -> str:
        number = self.rows * i + self.columns * j + self.constant
        return letters_of(number) if self.letters else str(number)


@cache
def letters_of(column: int) -> str:
    """`A` for column 0, `AA` for column 26, nothing where there is no such column."""
    letters = ""
    column += 1
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class _Trace:
    """What was done with the indices of one cell: the marks made of them, and what was looked at."""

    def __init__(self, i: int, j: int) -> None:
        self.i, self.j = i, j
        self.marks: list[Mark] = []
        self.seen: list[tuple[Traced, Callable[[Any], Any]]] = []

    def mark(self, index: Traced, letters: bool) -> str:
        self.marks.append(Mark(index.rows, index.columns, index.constant, letters))
        return f"{_MARK}{len(self.marks) - 1}{_MARK}"

    def covers(self, shape: tuple[int, int]) -> Array | None:
        """The cells that would have answered alike; None for all of them."""
        if not self.seen:
            return None
        i, j = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
        covered = np.ones(shape, dtype=bool)
        for index, look in self.seen:
            covered &= look(index.rows * i + index.columns * j + index.constant) == look(index.value)
        return covered


class Traced:
    """A row or column number that stands for that of any cell: `rows` x i + `columns` x j + `constant`.

    Sums and differences are traced on; as text it is a mark; any other use notes what was seen of it.
    """

    __slots__ = ("columns", "constant", "rows", "trace")

    def __init__(self, trace: _Trace, rows: int, columns: int, constant: int) -> None:
        self.trace, self.rows, self.columns, self.constant = trace, rows, columns, constant

    @property
    def value(self) -> int:
        """The number for the cell that is asked for."""
        return self.rows * self.trace.i + self.columns * self.trace.j + self.constant

    def letters(self) -> str:
        """The letters of the column of this number."""
        return self.trace.mark(self, True)

    def __format__(self, spec: str) -> str:
        return format(self.__index__(), spec) if spec else self.trace.mark(self, False)

    def __str__(self) -> str:
        return self.trace.mark(self, False)

    __repr__ = __str__

    def __add__(self, other: int | Traced) -> Traced:
        if isinstance(other, Traced):
            return Traced(
                self.trace, self.rows + other.rows, self.columns + other.columns, self.constant + other.constant
            )
        if isinstance(other, int):
            return Traced(self.trace, self.rows, self.columns, self.constant + other)
        return NotImplemented

    __radd__ = __add__

    def __mul__(self, other: int) -> Traced:
        if isinstance(other, int):
            return Traced(self.trace, self.rows * other, self.columns * other, self.constant * other)
        return NotImplemented

    __rmul__ = __mul__

    def __neg__(self) -> Traced:
        return self * -1

    def __sub__(self, other: int | Traced) -> Traced:
        return self + -other

    def __rsub__(self, other: int) -> Traced:
        return -self + other

    def _look(self, look: Callable[[Any], Any]) -> Any:
        """Something seen of the number, such as whether it is above 0."""
        if self.rows or self.columns:
            self.trace.seen.append((self, look))
        return look(self.value)

    def __index__(self) -> int:
        return int(self._look(lambda number: number))

    def __hash__(self) -> int:
        return hash(self.__index__())

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __mod__(self, other: int) -> int:
        return int(self._look(lambda number: number % other))

    def __floordiv__(self, other: int) -> int:
        return int(self._look(lambda number: number // other))

    def _compare(self, how: Callable[[Any, Any], Any], other: object) -> Any:
        if not isinstance(other, int | Traced):
            return NotImplemented
        return (self - other)._look(lambda number: how(number, 0))

    def __eq__(self, other: object) -> Any:
        return self._compare(operator.eq, other)

    def __ne__(self, other: object) -> Any:
        return self._compare(operator.ne, other)

    def __lt__(self, other: object) -> Any:
        return self._compare(operator.lt, other)

    def __le__(self, other: object) -> Any:
        return self._compare(operator.le, other)

    def __gt__(self, other: object) -> Any:
        return self._compare(operator.gt, other)

    def __ge__(self, other: object) -> Any:
        return self._compare(operator.ge, other)


@record
class Pattern:
    """A formula whose marks are filled in by row and column: texts and marks in turn."""

    pieces: tuple[str | Mark, ...]

    def at(self, i: int, j: int) -> str:
        return "".join(piece if isinstance(piece, str) else piece.at(i, j) for piece in self.pieces)

    def longest(self, shape: tuple[int, int]) -> int:
        """How many characters the longest formula has (at most)."""
        most = sum(len(piece) if isinstance(piece, str) else _LONGEST_MARK for piece in self.pieces)
        if most <= _SURELY_SHORT:
            return most
        corners = [(i, j) for i in {0, shape[0] - 1} for j in {0, shape[1] - 1}]
        return sum(
            len(piece) if isinstance(piece, str) else max(len(piece.at(*corner)) for corner in corners)
            for piece in self.pieces
        )


@record(eq=False)
class Formulas:
    """The formulas of a block: its patterns and, where there are several, `which` of them each cell has."""

    patterns: tuple[Pattern, ...]
    which: Array | None = None

    def at(self, i: int, j: int) -> str:
        return self.patterns[0 if self.which is None else self.which[i, j]].at(i, j)

    def in_row(self, i: int) -> Iterator[tuple[int, Sequence[int] | None]]:
        """The patterns that a row has, by their numbers, each with its columns (None: all of them)."""
        if self.which is None:
            yield 0, None
            return
        row = self.which[i].tolist()
        found = sorted(set(row))
        for k in found:
            yield k, None if len(found) == 1 else [j for j, other in enumerate(row) if other == k]


def formulas(cell: CellFormula, shape: tuple[int, int]) -> Formulas:
    """The formulas of a block of a shape, of which `cell` gives each."""
    patterns: list[Pattern] = []
    which: Array | None = None
    i, j = 0, 0
    while True:
        trace = _Trace(i, j)
        text = cell(Traced(trace, 1, 0, 0), Traced(trace, 0, 1, 0))
        parts = text.split(_MARK)
        pieces = (trace.marks[int(part)] if k % 2 else part for k, part in enumerate(parts))
        patterns.append(Pattern(tuple(piece for piece in pieces if piece != "")))
        covered = trace.covers(shape)
        if covered is None or (which is None and covered.all()):
            return Formulas((patterns[-1],))
        if which is None:
            which = np.full(shape, -1)
        which[covered] = len(patterns) - 1
        left = np.argmax(which == -1)
        i, j = divmod(int(left), shape[1])
        if which[i, j] != -1:
            return Formulas(tuple(patterns), which)
