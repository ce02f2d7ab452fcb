"""What an operation is.

Adding one: write a frozen dataclass with `axes`, `value`, `cell` and, where it has one, `gradient`
in the file of its family, name an instance in `ops/__init__.py`, and give it a row in
`tests/test_ops.py`.

Arrays may have leading axes: a batch of sentences goes through an operation in one call, (s x n x m)
for (n x m), and operands without leading axes, such as weights, serve every sentence of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from xltransformer.errors import UserError
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


class Stop:
    """Stands for the gradient of an operand through which none passes."""


STOP = Stop()
"""No gradient passes through the operand, a mask or a position: asking for one is an error."""

Contributions = tuple[Matrix | Stop | None, ...]
"""What an operation passes back to each operand, still unnamed. None: the operand's values have no
say in the derivative, because it lends its shape only, or because its part cancels."""


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

    @abstractmethod
    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        """Row and column axis of the result; raises ValueError where the shapes do not fit."""

    @abstractmethod
    def value(self, *operands: Array) -> Array:
        """The result as an array; operands may have leading axes."""

    def gradient(self, passed: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        """What the gradient of the result, `passed`, contributes to each operand's: one operation each.

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
