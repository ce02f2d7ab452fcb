"""What an operation is.

Adding one: write a class with `axes`, `value`, `cell` and, where it has one, `gradient`
in the file of its family, name an instance in `ops/__init__.py`, and give it a row in
`tests/test_ops.py`.

Arrays may have leading axes: a batch of sentences goes through an operation in one call, (s x n x m)
for (n x m), and operands without leading axes, such as weights, serve every sentence of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Protocol

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array, Axis, Matrix, Scale
from xltransformer.record import record

Index = int | str
"""A row or column: a number from 0, or the text of a formula that gives a position from 1."""


@record
class Number:
    """A number in a worked line, as the text of a formula; one that is `masked` may be minus infinity."""

    expression: str
    masked: bool = False


Pieces = list[str | Number]
"""A worked line: texts and numbers in turn."""

MOST_TERMS = 12


def joined(terms: Iterable[Pieces], sign: str) -> Pieces:
    """Terms with a sign between them; of a long row only the first ones."""
    pieces: Pieces = []
    for k, term in enumerate(terms):
        if k == MOST_TERMS:
            return [*pieces, f"{sign}…"]
        pieces += [sign, *term] if k else term
    return pieces


PRODUCTS = {"auto": 16, "spelled": 200, "compact": 0, "rows": 0}
"""Up to which inner width a product is spelled out term by term, as one would by hand. Wider ones use MMULT,
wrapped so that Excel shows no `@`: shorter, and faster to open and recalculate. No formula may have more than
8,192 characters, hence the 200. With "rows" a row of a result is one array formula wherever an operation has
one (`Op.row`)."""

BY_ROWS = 32
"""Wider models of layers are written by rows unless asked otherwise. Up to here a model can still be read
cell by cell."""

Span = tuple[int, int, str]
"""Cells of a row that are one array: the first column, how many there are, and the formula."""


class Ref(Protocol):
    """Where an operand lies, as text for a formula. Indices start at 0."""

    @property
    def spelled_out(self) -> int:
        """Up to which inner width products with the operand are spelled out."""
        ...

    @property
    def typed(self) -> bool:
        """Whether its cells are typed, so that some may be empty; those of formulas never are."""
        ...

    @property
    def shape(self) -> tuple[int, int]: ...
    def cell(self, row: Index, column: Index) -> str:
        """One cell, such as `C5`, or `INDEX(C5:C9,$B$2)` where the row is itself a formula."""
        ...

    def row(self, row: int, count: int | None = None) -> str:
        """One row of the operand, such as `C5:F5`: the whole of it, or its first `count` cells."""
        ...

    def column(self, column: int, count: int | None = None) -> str:
        """One column of the operand, such as `C5:C9`: the whole of it, or its first `count` cells."""
        ...

    def part(self, rows: int | None = None, columns: int | None = None) -> str:
        """The operand as a rectangle, such as `C5:F9`: the whole of it, or its first rows and columns."""
        ...


class Stop:
    """Stands for the gradient of an operand through which none passes."""


STOP = Stop()
"""No gradient passes through the operand, a mask or a position: asking for one is an error."""

Contributions = tuple[Matrix | Stop | None, ...]
"""What an operation passes back to each operand, still unnamed. None: the operand's values have no
say in the derivative, because it lends its shape only, or because its part cancels."""


class _Every(int):
    """The type of `EVERY`."""


EVERY = _Every(0)
"""Stands for the column of whichever entry of a row."""


@record
class _Across:
    """An operand of which the cell in column `EVERY` is the whole row, or its first `count` cells."""

    ref: Ref
    count: int

    @property
    def spelled_out(self) -> int:
        return self.ref.spelled_out

    @property
    def typed(self) -> bool:
        return self.ref.typed

    @property
    def shape(self) -> tuple[int, int]:
        return self.ref.shape

    def cell(self, row: Index, column: Index) -> str:
        if isinstance(column, _Every) and not isinstance(row, str):
            return self.ref.row(row, self.count)
        return self.ref.cell(row, column)

    def row(self, row: int, count: int | None = None) -> str:
        return self.ref.row(row, count)

    def column(self, column: int, count: int | None = None) -> str:
        return self.ref.column(column, count)

    def part(self, rows: int | None = None, columns: int | None = None) -> str:
        return self.ref.part(rows, columns)


def across(count: int, *operands: Ref) -> tuple[Ref, ...]:
    """The operands with their rows, or the first `count` cells of them, in place of entries: what a cell's
    formula says of one entry, made with them and the column `EVERY`, it says of the row as an array."""
    return tuple(_Across(operand, count) for operand in operands)


@record
class Op(ABC):
    """An operation on matrices: its NumPy meaning beside its spreadsheet meaning and its gradient."""

    text: ClassVar[bool] = False
    """Whether the result is text."""
    scale: ClassVar[Scale] = "signed"
    """What kind of number the result is."""
    crosswise: ClassVar[bool] = False
    """Whether it is a product of its first two operands, row by column (any more are added rows)."""

    def __call__(self, *operands: Matrix) -> Matrix:
        """A new, still unnamed block; raises ValueError where the operands' shapes do not fit."""
        rows, columns = self.axes(*operands)
        return Matrix(rows, columns, op=self, operands=operands, text=self.text, scale=self.scale)

    turned: ClassVar[tuple[bool, bool]] = (False, False)
    """Which of its first two operands it is a product of once they are turned (transposed)."""
    constant: ClassVar[bool] = False
    """Whether the result follows from the operands' shapes alone, so that no gradient is looked for."""
    collects: ClassVar[bool] = False
    """Whether its last operand lends its leading axes: what others there are is summed over."""
    no_gradient: ClassVar[str] = ""
    """Why it has no gradient, where it has none."""
    by_entry: ClassVar[bool] = False
    """Whether the formula of a cell holds for its row as an array, too, with rows in place of entries: the
    first operand is as wide as the result, and every function in it goes entry by entry. (MAX and MIN do
    not, nor has every engine an ERF that does.)"""

    def inexact(self) -> float:
        """By what share of its first operand's largest entry some program is off, beyond rounding."""
        return 0.0

    @abstractmethod
    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        """Row and column axis of the result; raises ValueError where the shapes do not fit."""

    @abstractmethod
    def value(self, *operands: Array) -> Array:
        """The result as an array; operands may have leading axes."""

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        """What the gradient of the result, `upstream`, contributes to each operand's: one operation each.

        A contribution of one column or row stands for as many as the operand has. Raises UserError
        where the operation has no gradient.
        """
        raise UserError(
            f"no gradient passes through {result.name or 'an unnamed block'} "
            f"({type(self).__name__}): {self.no_gradient or 'it has none'}"
        )

    @abstractmethod
    def cell(self, i: int, j: int, *operands: Ref) -> str:
        """The formula, without its `=`, of the result's cell in row i and column j."""

    def row(self, i: int, *operands: Ref) -> list[Span]:
        """The array formulas that row i may consist of instead, from left to right; cells outside of
        them keep formulas of their own. They refer to no more rows than the cells do, so that a model
        that writes gets no circle."""
        if not self.by_entry:
            return []
        width = operands[0].shape[1]
        return [(0, width, self.cell(i, EVERY, *across(width, *operands)))]

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        """How the cell in row i and column j comes about, in numbers: `1.20×1.50 + 0.20×0.40`.

        None where there is nothing to work out.
        """
        return None


def op_of(block: Matrix) -> Op:
    """The operation a computed block comes from, with all its meanings; TypeError for an input."""
    if not isinstance(block.op, Op):
        raise TypeError(f"{block.name or 'an unnamed block'} is not computed")
    return block.op


def check(fits: bool, operation: Op, *operands: Matrix) -> None:
    """Raise ValueError naming the operands' shapes unless they fit."""
    if not fits:
        shapes = ", ".join(f"{m.name or 'unnamed'} {m.shape[0]}x{m.shape[1]}" for m in operands)
        raise ValueError(f"{type(operation).__name__}: shapes do not fit: {shapes}")


def collected(total: Array, like: Array) -> Array:
    """The sum over the leading axes that `like` does not have."""
    extra = total.ndim - like.ndim
    return np.asarray(total.sum(axis=tuple(range(extra)))) if extra > 0 else total


def side_by_side(arrays: Iterable[Array], axis: int) -> Array:
    """Arrays joined along their last axis (-1) or the one before it (-2); leading axes may be missing."""
    arrays = list(arrays)
    lead = np.broadcast_shapes(*(array.shape[:-2] for array in arrays))
    return np.concatenate([np.broadcast_to(array, lead + array.shape[-2:]) for array in arrays], axis=axis)
