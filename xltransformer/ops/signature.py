"""The shapes of an operation's operands and of its result, in one line: `n k, k m, [1 m] -> n m`.

A matrix is told by its rows and its columns. A letter is a size, the same one wherever it stands, and `1` is a
single row or column. The last operands may be left out where they stand in brackets, and `...` behind the last
one means any number more of its shape. Each side of the result has the labels of the operand in which its letter
comes first, and none where it is `1`.
"""

from __future__ import annotations

import re

from xltransformer.graph import ONE, Axis, Matrix
from xltransformer.record import record

Sizes = tuple[str, str]
"""What stands for the number of a matrix's rows, and of its columns."""

_SIZES = "(?:[a-z]|1) (?:[a-z]|1)"
_SIGNATURE = re.compile(rf"({_SIZES}(?:, {_SIZES})*)((?:, \[{_SIZES}\])*|, \.\.\.) -> ({_SIZES})")


@record
class Signature:
    """A signature, read: the operands' sizes, how many operands there must be, whether the last one may come
    again, and the result's sizes."""

    sizes: tuple[Sizes, ...]
    least: int
    repeats: bool
    result: Sizes

    def axes(self, operands: tuple[Matrix, ...]) -> tuple[Axis, Axis] | None:
        """Row and column axis of the result; None where the operands' number or shapes do not fit."""
        more = len(operands) - len(self.sizes)
        if len(operands) < self.least or (more > 0 and not self.repeats):
            return None
        sizes = self.sizes + self.sizes[-1:] * more if more > 0 else self.sizes
        found = {"1": ONE}
        for (row, column), operand in zip(sizes, operands, strict=False):
            for size, axis in ((row, operand.rows), (column, operand.columns)):
                if found.setdefault(size, axis).size != axis.size:
                    return None
        rows, columns = self.result
        return found[rows], found[columns]


def read(signature: str) -> Signature:
    """The signature as written in `Op.signature`; ValueError for one that is none, or whose result has a
    letter that no operand has for sure."""
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"{signature!r} is no signature such as 'n k, k m, [1 m] -> n m'")
    always, rest, (result,) = (re.findall(r"(\w) (\w)", part) for part in match.groups())
    if not {*result} <= {"1"}.union(*always):
        raise ValueError(f"signature {signature!r}: no operand tells the size of the result")
    return Signature((*always, *rest), len(always), "..." in signature, result)
