"""The shapes of an operation's operands and of its result, in one line: `n k, k m, [1 m] -> n m`.

A matrix is told by its rows and its columns. A letter is a size, the same one wherever it stands, and `1` is a
single row or column. The last operands may be left out where they stand in brackets, and `...` behind the last
one means any number more of its shape. Each side of the result has the labels of the operand in which its letter
comes first, and none where it is `1`.
"""

from __future__ import annotations

import re
from dataclasses import field
from functools import cache
from typing import Any

from xltransformer.graph import ONE, Axis, Matrix
from xltransformer.record import record

_SIZES = "(?:[a-z]|1) (?:[a-z]|1)"
_SIGNATURE = re.compile(rf"({_SIZES}(?:, {_SIZES})*)((?:, \[{_SIZES}\])*|, \.\.\.) -> ({_SIZES})")


@record(eq=False)
class Signature:
    """A signature, read: what stands for the rows and columns of each operand in turn, how many of these sides
    there must be, whether the last operand may come again, and which sides label the result.

    Sides are counted from 1; side 0 is a single row or column. Making a model asks for axes thousands of times,
    so which sides are `alike` is found out once for each number of operands, None where that does not fit.
    """

    sides: tuple[str, ...]
    least: int
    repeats: bool
    result: tuple[int, int]
    alike: dict[int, list[tuple[int, int]] | None] = field(default_factory=dict)

    def axes(self, operands: tuple[Matrix, ...]) -> tuple[Axis, Axis] | None:
        """Row and column axis of the result; None where the operands' number or shapes do not fit."""
        axes = [ONE]
        for operand in operands:
            axes += (operand.rows, operand.columns)
        count = len(axes)
        if count not in self.alike:
            self.alike[count] = self._alike(count - 1)
        alike = self.alike[count]
        if alike is None:
            return None
        for one, other in alike:
            if axes[one].size != axes[other].size:
                return None
        rows, columns = self.result
        return axes[rows], axes[columns]

    def place(self, operand: int, i: Any, j: Any) -> tuple[Any, Any]:
        """The row and column of an operand that go with row i and column j of the result; None for all of them."""
        rows, columns = (["1", *self.sides][side] for side in self.result)
        at = {columns: j, rows: i, "1": 0}
        return at.get(self.sides[2 * operand]), at.get(self.sides[2 * operand + 1])

    def _alike(self, count: int) -> list[tuple[int, int]] | None:
        sides = self.sides + self.sides[-2:] * (count if self.repeats else 0)
        if not self.least <= count <= len(sides):
            return None
        places = ["1", *sides[:count]]
        return [(k, places.index(side)) for k, side in enumerate(places) if places.index(side) < k]


@cache
def read(signature: str) -> Signature:
    """The signature as written in `Op.signature`; ValueError for one that is none, or whose result has a
    letter that no operand has for sure."""
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"{signature!r} is no signature such as 'n k, k m, [1 m] -> n m'")
    always, rest, result = (re.findall(r"\w", part) for part in match.groups())
    if not {*result} <= {"1", *always}:
        raise ValueError(f"signature {signature!r}: no operand tells the size of the result")
    rows, columns = (["1", *always].index(side) for side in result)
    return Signature((*always, *rest), len(always), "..." in signature, (rows, columns))
