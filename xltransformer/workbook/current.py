"""A workbook's inputs as they stand there now, and what NumPy makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from xltransformer.engines import Results, fold
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix
from xltransformer.inputs import ERRORS, LARGEST, ErrorValue, as_text, show, why_unusable
from xltransformer.record import record
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook


@record
class Unusable:
    """A cell of an input that holds no usable value: which, of which block, the value, and why."""

    block: str
    sheet: str
    cell: str
    value: float | str | bool | None
    note: str

    def __str__(self) -> str:
        return f"{self.sheet}!{self.cell} ({self.block}): {self.note}: sheet {show(self.value)}"


def result(results: Results, place: Place, i: int, j: int) -> float | str | bool | None:
    """What an engine found in a cell of a place."""
    grid = results.get(fold(place.sheet))
    return None if grid is None else grid.get((place.row + i + 1, place.column + j + 1))


def current_inputs(book: ReadBook, results: Results) -> tuple[dict[str, Array], list[Unusable]]:
    """The inputs' values as the sheet now has them, and the cells that hold no usable value.

    An emptied cell counts as 0 in numbers and as no word in texts, as in the sheet; a formula that
    was typed into an input counts with its recalculated value.
    """
    inputs: dict[str, Array] = {}
    unusable: list[Unusable] = []
    for block in book.model.inputs:
        typed = block.text or block.made_by is not None
        values = np.full(block.shape, "" if block.text else 0.0, dtype=object if typed else float)
        inputs[block.name] = values
        place = book.homes.get(block.name)
        if place is not None and place.shape == block.shape:
            unusable += _read(book, results, block, place, values)
    return inputs, unusable


def _read(book: ReadBook, results: Results, block: Matrix, place: Place, values: Array) -> Iterator[Unusable]:
    """Read an input into `values`, and yield the cells that hold no usable one. Plain numbers, which may be
    millions, are read at once."""
    formulas, usable = book.has_formula(place), np.zeros(block.shape, dtype=bool)
    if not block.text and not block.positive and block.between is None:
        numbers = book.numbers(place)
        usable = (abs(numbers) <= LARGEST) & ~formulas
        np.copyto(values, numbers, where=usable)
    for i, j in np.argwhere(~usable).tolist():
        formula = formulas[i, j]
        if block.feedback is not None and i > 0 and formula:
            values[i, j] = None  # generated, not typed
            continue
        if formula and block.made_by is not None and is_made(book, results, block, place, i, j):
            values[i, j] = None
            continue
        value: Any = result(results, place, i, j) if formula else book.holds(place, i, j)
        if isinstance(value, str) and (book.is_error(place, i, j) or (formula and value in ERRORS)):
            value = ErrorValue(value)
        if note := why_unusable(block, value):
            yield Unusable(block.name, place.sheet, place.address(i, j), value, note)
        elif value is not None:
            values[i, j] = as_text(value) if block.text else float(value)


def is_made(book: ReadBook, results: Results, block: Matrix, place: Place, i: int, j: int) -> bool:
    """Whether a formula in an input refers to its entry in the block that makes them, or gives just the same."""
    source = None if block.made_by is None else book.homes.get(block.made_by.name)
    if source is None or not book.is_formula(place, i, j):
        return False
    formula = str(book.holds(place, i, j)).translate({ord(mark): None for mark in "$'="})
    if formula in (f"{source.sheet}!{source.address(i, j)}", source.address(i, j)):
        return True
    found = result(results, place, i, j)
    return found is not None and found == result(results, source, i, j)


def usable_inputs(book: ReadBook, results: Results) -> dict[str, Array]:
    """The inputs' values as the sheet now has them; UserError naming the cells that hold no usable one."""
    inputs, unusable = current_inputs(book, results)
    if unusable:
        named = "; ".join(
            f"input {one.sheet}!{one.cell} {one.note} ({show(one.value):.30})" for one in unusable[:2]
        )
        more = f" and {len(unusable) - 2} more" if len(unusable) > 2 else ""
        raise UserError(f"{book.path} cannot be used: {named}{more}; mend it in the sheet")
    return inputs


def trace_inputs(book: ReadBook, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """NumPy's values of every block; UserError where they leave the range of numbers."""
    values = book.model.trace(inputs)
    for name, block in book.model.blocks.items():
        if not block.text and not np.isfinite(values[name]).all():
            raise UserError(
                f"{book.path} cannot be used: with its inputs {name} leaves the range of numbers"
                f"{_largest(book, inputs)}"
            )
    return values


def _largest(book: ReadBook, inputs: Mapping[str, Array]) -> str:
    """Which cell is to blame for numbers that became too large, as far as one can tell."""
    numbers = [block.name for block in book.model.inputs if not block.text and block.name in book.homes]
    largest = max(numbers, key=lambda name: float(np.max(abs(inputs[name]))), default=None)
    if largest is None:
        return ""
    sizes, place = abs(inputs[largest]), book.homes[largest]
    i, j = divmod(int(np.argmax(sizes)), sizes.shape[1])
    return f"; the largest input is {place.sheet}!{place.address(i, j)}: make it smaller"
