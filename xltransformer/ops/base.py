"""What an operation is.

Adding one: write a frozen dataclass with `axes`, `value` and `cell` in the file of its family,
name an instance in `ops/__init__.py`, and give it a row in `tests/test_ops.py`. A third meaning
(its gradient, built of these same operations) will stand beside the other two as one more method.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from xltransformer.graph import Array, Axis, Matrix, Scale

Index = int | str
"""A row or column: a number from 0, or the text of a formula that gives a position from 1."""


@dataclass(frozen=True)
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


PRODUCTS = {"auto": 16, "spelled": 200, "compact": 0}
"""Up to which inner width a product is spelled out term by term, as one would by hand (an emptied cell
then counts as 0). Wider ones use MMULT, wrapped so that Excel shows no `@`: shorter, and faster to
open and recalculate. No formula may have more than 8,192 characters, hence the 200."""


class Ref(Protocol):
    """Where an operand lies, as text for a formula. Indices start at 0."""

    @property
    def spelled_out(self) -> int:
        """Up to which inner width products with the operand are spelled out."""
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


class Op(ABC):
    """An operation on matrices: its NumPy meaning beside its spreadsheet meaning."""

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

    @abstractmethod
    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        """Row and column axis of the result; raises ValueError where the shapes do not fit."""

    @abstractmethod
    def value(self, *operands: Array) -> Array:
        """The result as an array."""

    @abstractmethod
    def cell(self, i: int, j: int, *operands: Ref) -> str:
        """The formula, without its `=`, of the result's cell in row i and column j."""

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        """How the cell in row i and column j comes about, in numbers: `1.20×1.50 + 0.20×0.40`.

        None where there is nothing to work out.
        """
        return None

    @classmethod
    def has_worked_line(cls) -> bool:
        """Whether the operation says how its cells come about."""
        return cls.worked is not Op.worked


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
