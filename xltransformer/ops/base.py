"""What an operation is.

Adding one: in the file of its family, write a class with `signature` (or `axes`, where no signature can say its
shapes), `formula` (or `cell`, where no formula can say its cells), `value` and, where it has one, `gradient`, and
an instance of it at the end of the file; give it a row in `tests/test_ops.py`.

Arrays may have leading axes: a batch of sentences goes through an operation in one call, (s x n x m)
for (n x m), and operands without leading axes, such as weights, serve every sentence of it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Protocol

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array, Axis, Matrix, Scale
from xltransformer.ops.signature import Signature, read
from xltransformer.record import record


class Coordinate(Protocol):
    """The number of a row or column, from 0, with what may be done with it. It is an `int`, or traced: a stand-in
    for that of any cell, which writes itself into addresses and notes whatever else is asked of it, so that one
    formula serves all cells that are alike (workbook/patterns.py)."""

    def __add__(self, other: Any, /) -> Coordinate: ...
    def __radd__(self, other: Any, /) -> Coordinate: ...
    def __sub__(self, other: Any, /) -> Coordinate: ...
    def __mod__(self, other: int, /) -> int: ...
    def __lt__(self, other: Any, /) -> bool: ...
    def __le__(self, other: Any, /) -> bool: ...
    def __gt__(self, other: Any, /) -> bool: ...
    def __ge__(self, other: Any, /) -> bool: ...
    def __index__(self) -> int: ...


Index = Coordinate | str
"""A row or column: its number, or the text of a formula that gives a position from 1."""


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
        """One cell, such as `C5`, or `INDEX(C5:C9,$B$2)` where the row is itself a formula; `row(row, count)`
        where the column is `Every(count)`."""
        ...

    def row(self, row: Coordinate, count: Coordinate | None = None) -> str:
        """One row of the operand, such as `C5:F5`: the whole of it, or its first `count` cells."""
        ...

    def column(self, column: Coordinate, count: Coordinate | None = None) -> str:
        """One column of the operand, such as `C5:C9`: the whole of it, or its first `count` cells."""
        ...

    def part(self, rows: Coordinate | None = None, columns: Coordinate | None = None) -> str:
        """The operand as a rectangle, such as `C5:F9`: the whole of it, or its first rows and columns."""
        ...


class Stop:
    """Stands for the gradient of an operand through which none passes."""


STOP = Stop()
"""No gradient passes through the operand, a mask or a position: asking for one is an error."""

Contributions = tuple[Matrix | Stop | None, ...]
"""What an operation passes back to each operand, still unnamed. None: the operand's values have no
say in the derivative, because it lends its shape only, or because its part cancels."""


class Every(int):
    """As a column: the first so many of a row, as one range. What the formula of a cell says of one entry it then
    says of the row as an array."""


@record
class Op(ABC):
    """An operation on matrices: its NumPy meaning beside its spreadsheet meaning and its gradient.

    An operation names its operands in the order of its signature: `**_` is there for the type checker, which then
    lets it, and is never given.
    """

    signature: ClassVar[str] = ""
    """The shapes of the operands and of the result (ops/signature.py)."""
    formula: ClassVar[str] = ""
    """The formula of a cell, without its `=`, with operands as `value` names them: `{x}/{divisor}`. Each stands
    for its cell in the row and column that have the cell's letters in the signature, or for a whole row or
    column, where its letter is not in the result: with `n m -> n 1`, `SUM({x})` is the sum of a row."""
    row_formula: ClassVar[str] = ""
    """The formula of a row as an array, where it is another one (see `by_entry`)."""
    in_numbers: ClassVar[str] = ""
    """The same as a worked line, of single cells: `{x} / {divisor}`. None where it is empty."""
    in_hint: ClassVar[str] = ""
    """The same for an operation that no lesson works a line of, as a student is told it."""
    text: ClassVar[bool] = False
    """Whether the result is text."""
    scale: ClassVar[Scale] = "signed"
    """What kind of number the result is."""
    crosswise: ClassVar[bool] = False
    """Whether it is a product of its first two operands, row by column (any more are added rows)."""
    turned: ClassVar[tuple[bool, bool]] = (False, False)
    """Which of its first two operands it is a product of once they are turned (transposed)."""
    constant: ClassVar[bool] = False
    """Whether the result follows from the operands' shapes alone, so that no gradient is looked for."""
    collects: ClassVar[bool] = False
    """Whether its last operand lends its leading axes: what others there are is summed over."""
    recurs: ClassVar[bool] = False
    """Whether its cells refer to those before them in the same block, which then comes last among the operands of
    `cell`: a sum goes on from the sum before it."""
    no_gradient: ClassVar[str] = ""
    """Why it has no gradient, where it has none."""
    moves: ClassVar[bool] = False
    """Whether each entry of the result is one of an operand's, or 0, only moved: there is nothing to work out."""
    by_entry: ClassVar[bool] = False
    """Whether the formula of a cell holds for its row as an array, too, with rows in place of entries: the
    first operand is as wide as the result, and every function in it goes entry by entry. (MAX and MIN do
    not, nor has every engine a NORMSDIST that does.)"""
    fits: ClassVar[Callable[..., bool] | None] = None
    """Whether the operands' shapes fit beyond what the signature says, where they must."""
    _signature: ClassVar[Signature]

    def __init_subclass__(cls) -> None:
        if cls.signature or cls.axes is Op.axes:
            cls._signature = read(cls.signature)

    def __call__(self, *operands: Matrix) -> Matrix:
        """A new, still unnamed block; raises ValueError where the operands' shapes do not fit."""
        rows, columns = self.axes(*operands)
        return Matrix(rows, columns, op=self, operands=operands, text=self.text, scale=self.scale)

    def inexact(self) -> float:
        """By what share of its first operand's largest entry some program is off, beyond rounding."""
        return 0.0

    def axes(self, *operands: Any, **_: Any) -> tuple[Axis, Axis]:
        """Row and column axis of the result, as the signature says; raises ValueError where the shapes do not
        fit. An operation has its own where it labels the result otherwise, or has no signature."""
        axes = self._signature.axes(operands)
        if axes is None or (self.fits is not None and not self.fits(*operands)):
            raise misfit(self, *operands)
        return axes

    @abstractmethod
    def value(self, *operands: Any, **_: Any) -> Array:
        """The result as an array; operands (arrays) may have leading axes."""

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Any, **_: Any) -> Contributions:
        """What the gradient of the result, `upstream`, contributes to each operand's (matrices): one operation
        each.

        A contribution of one column or row stands for as many as the operand has. Raises UserError
        where the operation has no gradient.
        """
        raise UserError(
            f"no gradient passes through {result.name or 'an unnamed block'} "
            f"({type(self).__name__}): {self.no_gradient or 'it has none'}"
        )

    def cell(self, i: Coordinate, j: Coordinate, *operands: Any, **_: Any) -> str:
        """The formula of the result's cell in row i and column j; operands are a `Ref` each."""
        return "".join(self._filled(self.formula, i, j, operands))

    def row(self, i: int, *operands: Any, **_: Any) -> list[Span]:
        """The array formulas that row i may consist of instead, from left to right; cells outside of
        them keep formulas of their own. They refer to no more rows than the cells do, so that a model
        that writes gets no circle."""
        if not self.by_entry:
            return []
        every = Every(operands[0].shape[1])
        other = "".join(self._filled(self.row_formula, i, every, operands))
        return [(0, every, other or self.cell(i, every, *operands))]

    def worked(self, i: Index, j: Index, *operands: Any, **_: Any) -> Pieces | None:
        """How the cell in row i and column j comes about, in numbers: `1.20×1.50 + 0.20×0.40`.

        None where there is nothing to work out.
        """
        return self._said(self.in_numbers, i, j, operands)

    def hint(self, i: Index, j: Index, *operands: Any, **_: Any) -> Pieces | None:
        """How the cell comes about, as a student is told it who has it wrong: as in a worked line where there is
        one. None where there is nothing to tell."""
        return self._said(self.in_hint, i, j, operands) if self.in_hint else self.worked(i, j, *operands)

    def only_moves(self, *operands: Matrix) -> bool:
        """Whether of these operands each entry of the result is one, or 0, only moved."""
        return self.moves

    def _said(self, text: str, i: Index, j: Index, operands: tuple[Ref, ...]) -> Pieces | None:
        pieces = self._filled(text, i, j, operands)
        return [Number(piece) if k % 2 else piece for k, piece in enumerate(pieces) if piece] or None

    def _filled(self, formula: str, i: Index, j: Index, operands: tuple[Ref, ...]) -> list[str]:
        """A formula for row i and column j, cut so that every second piece is where an operand lies."""
        pieces, names = re.split(r"{(\w+)}", formula), type(self).value.__code__.co_varnames[1:]
        for k in range(1, len(pieces), 2):
            at = names.index(pieces[k])
            row, column = self._signature.place(at, i, j)
            operand = operands[at]
            if column is None:
                pieces[k] = operand.row(row)
            else:
                pieces[k] = operand.column(column) if row is None else operand.cell(row, column)
        return pieces


def op_of(block: Matrix) -> Op:
    """The operation a computed block comes from, with all its meanings; TypeError for an input."""
    if not isinstance(block.op, Op):
        raise TypeError(f"{block.name or 'an unnamed block'} is not computed")
    return block.op


def misfit(operation: Op, *operands: Matrix) -> ValueError:
    """The error that names the operation, the signature that its operands do not fit, and their shapes."""
    named, wanted = str(operation).removesuffix("()"), f' "{operation.signature}"' if operation.signature else ""
    shapes = ", ".join(f"{m.name or 'unnamed'} {m.shape[0]}x{m.shape[1]}" for m in operands)
    return ValueError(f"{named}: shapes do not fit{wanted}: {shapes}")


def check(fits: bool, operation: Op, *operands: Matrix) -> None:
    """Raise ValueError naming the operands' shapes unless they fit."""
    if not fits:
        raise misfit(operation, *operands)


def collected(total: Array, like: Array) -> Array:
    """The sum over the leading axes that `like` does not have."""
    extra = total.ndim - like.ndim
    return np.asarray(total.sum(axis=tuple(range(extra)))) if extra > 0 else total


def side_by_side(arrays: Iterable[Array], axis: int) -> Array:
    """Arrays joined along their last axis (-1) or the one before it (-2); leading axes may be missing."""
    arrays = list(arrays)
    lead = np.broadcast_shapes(*(array.shape[:-2] for array in arrays))
    return np.concatenate([np.broadcast_to(array, lead + array.shape[-2:]) for array in arrays], axis=axis)
