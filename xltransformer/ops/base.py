"""What an operation is.

Adding one: write a frozen dataclass with `axes`, `value` and `cell` in the file of its family,
name an instance in `ops/__init__.py`, and give it a row in `tests/test_ops.py`. A third meaning
(its gradient, built of these same operations) will stand beside the other two as one more method.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Protocol

from xltransformer.graph import Array, Axis, Matrix, Scale


class Ref(Protocol):
    """Where an operand lies, as text for a formula. Indices start at 0."""

    @property
    def shape(self) -> tuple[int, int]: ...
    def cell(self, row: int, column: int) -> str:
        """One cell, such as `C5`."""
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


def check(fits: bool, operation: Op, *operands: Matrix) -> None:
    """Raise ValueError naming the operands' shapes unless they fit."""
    if not fits:
        shapes = ", ".join(f"{m.name or 'unnamed'} {m.shape[0]}x{m.shape[1]}" for m in operands)
        raise ValueError(f"{type(operation).__name__}: shapes do not fit: {shapes}")
