"""Which inputs of a returned exercise hold something else than when it was handed out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.inputs import show
from xltransformer.record import record
from xltransformer.workbook.built import BUILT, is_whole, places_of, shape_of, sums_of

if TYPE_CHECKING:
    from xltransformer.workbook.places import Place
    from xltransformer.workbook.reader import ReadBook

CLOSE = 1e-9
"""By how much, of its size, a number may differ that was only written down with fewer digits."""
_TOLD = 3
"""How many changed cells are named."""


@record
class Change:
    """A cell of an input, `at` a row and column of its block: what it holds, and what it held when it was handed
    out (None: not known)."""

    block: str
    at: tuple[int, int]
    cell: str
    now: Any
    built: Any

    def __str__(self) -> str:
        held = "" if self.built is None else f" from {_shown(self.built)}"
        return f"{self.cell} ({self.block}){held} to {_shown(self.now)}"


def changes(book: ReadBook, inputs: Mapping[str, Array], blocks: Iterable[Matrix]) -> list[Change] | None:
    """The cells that were changed of all inputs that some blocks are worked out from; None where the workbook does
    not tell, as one of an earlier version, or one in which rows were inserted into the word list."""
    all_inputs = book.model.inputs
    within = book.named(BUILT)
    if within is None or within.shape != shape_of(all_inputs):
        return None
    used = _inputs_of(blocks)
    found: list[Change] = []
    for block, place in places_of(all_inputs, within).items():
        if block in used:
            found += _of_block(book, block, inputs[block.name], place)
    return found


def said(found: Sequence[Change]) -> str:
    """What was changed, in words."""
    more = f" and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return f"{', '.join(map(str, found[:_TOLD]))}{more}"


def undone(found: Sequence[Change], inputs: Mapping[str, Array]) -> dict[str, Array] | None:
    """The inputs as they were handed out; None where that is not known of every changed cell."""
    if any(one.built is None for one in found):
        return None
    before = {name: values.copy() for name, values in inputs.items()}
    for one in found:
        before[one.block][one.at] = one.built
    return before


def _inputs_of(blocks: Iterable[Matrix]) -> set[Matrix]:
    """Every block that some are worked out from."""
    found, waiting = set[Matrix](), list(blocks)
    while waiting:
        for operand in waiting.pop().operands:
            if operand not in found:
                found.add(operand)
                waiting.append(operand)
    return found


def _of_block(book: ReadBook, block: Matrix, now: Array, kept: Place) -> Iterator[Change]:
    home = book.homes.get(block.name)
    if home is None:
        return
    if not block.text:
        kept_numbers = book.numbers(kept)
        cells = _differing(now, kept_numbers) if is_whole(block) else _from_sums(now, kept_numbers)
        for (i, j), built_one in cells:
            yield Change(block.name, (i, j), f"{home.sheet}!{home.address(i, j)}", float(now[i, j]), built_one)
        return
    for i, j in np.ndindex(block.shape):
        held = book.holds(kept, i, j)
        if now[i, j] is not None and str(now[i, j]) != str("" if held is None else held):
            yield Change(block.name, (i, j), f"{home.sheet}!{home.address(i, j)}", now[i, j], held or "")


def _differing(now: Array, built: Array) -> Iterator[tuple[tuple[int, int], float]]:
    """The cells that differ, and what they held."""
    for i, j in np.argwhere(~np.isclose(now, built, rtol=CLOSE, atol=1e-12)).tolist():
        yield (i, j), float(built[i, j])


def _from_sums(now: Array, built: Array) -> Iterator[tuple[tuple[int, int], float | None]]:
    """A cell of each row that differs by its sums: the one that was changed, and what it held, or the first."""
    sums = sums_of(now)
    for i in np.flatnonzero(~np.isclose(sums, built, rtol=CLOSE, atol=1e-9).all(axis=1)).tolist():
        more, weighted = sums[i] - built[i]
        column = weighted / more - 1 if more else -1.0
        if abs(column - round(column)) < 1e-4 and 0 <= round(column) < now.shape[1]:
            yield (i, round(column)), float(f"{now[i, round(column)] - more:.12g}")
        else:
            yield (i, 0), None


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else show(value)
