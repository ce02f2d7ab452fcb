"""A workbook as it is now, edits included: what its page is drawn from.

Its cells are placed by drawing it once more as it was built, and that is held against the names of cells that its
file has; what they show comes from the file, calculated anew, for what other programs leave beside formulas may be
old.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xltransformer.building.instance import Instance, sizes_from
from xltransformer.classroom.exercise import left_by
from xltransformer.engines import Results, fold, recalculate
from xltransformer.engines.base import read_values
from xltransformer.engines.grid import Grid
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.locale import Messages, load_messages
from xltransformer.ops import PRODUCTS
from xltransformer.page.asbuilt import as_built
from xltransformer.page.cells import Now
from xltransformer.page.retold import retold
from xltransformer.record import record
from xltransformer.workbook.again import language_of, template_of
from xltransformer.workbook.book import Left, Variant, Workbook
from xltransformer.workbook.current import current_inputs
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.reader import ReadBook, read_book

_SAME = 1e-9
"""How far a result that stands in the file may lie from what is calculated, as a share of it beyond 1."""


@record(eq=False)
class Existing:
    """A workbook's file as it is, its instance `drawn` as it was built, the names of all its sheets in order, what
    a cell shows `now`, and whether the results in the file are old, so that the page must `recalculate` first."""

    file: bytes
    instance: Instance
    drawn: Workbook
    sheets: tuple[str, ...]
    now: Now
    recalculate: bool


def existing(path: Path) -> Existing:
    """What the page of a workbook is drawn from; UserError where the file is no such workbook, or where its cells
    lie elsewhere than this version draws them."""
    book = read_book(path)
    if path.suffix.lower() == ".xlsm":
        raise UserError(f"{path} has macros, which no page takes; save it as Excel Workbook (.xlsx)")
    book.expect(book.model.inputs)
    _, results, _ = recalculate(path)
    instance, drawn = _drawn(book, results)
    old = _is_old(path, results)
    return Existing(path.read_bytes(), instance, drawn, tuple(book.content), _shown(results), old)


def _drawn(book: ReadBook, results: Results) -> tuple[Instance, Workbook]:
    """The instance as it was built, and as it is drawn with just the places that the file has."""
    messages = load_messages(language_of(book))
    now, _ = current_inputs(book, results)
    instance, (left, variant) = _instance(book, now, messages), _exercise(book)
    moved = ""
    for products in PRODUCTS:
        drawn = _lay_out(instance, messages, left, products, variant)
        if (told := retold(book, drawn, instance)) is not instance:
            drawn = _lay_out(told, messages, left, products, variant)
        differs = next(_differences(book, drawn), "")
        if not differs:
            assert drawn.page is not None
            drawn.page.book.values = _traced(told, now)  # which the page's own texts are made of
            return told, drawn
        moved = moved or differs
    raise UserError(
        f"{book.path} cannot become a page: {moved}; undo what was moved, or build it again if it comes from "
        "another version"
    )


def _lay_out(
    instance: Instance, messages: Messages, left: Left, products: str, variant: Variant | None
) -> Workbook:
    return lay_out(instance, _traced(instance, instance.inputs), messages, left, products, variant)


def _traced(instance: Instance, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The values of every block. An input that cannot be used counts as empty: its cells show what the sheet makes
    of it."""
    with np.errstate(all="ignore"):
        return instance.model.trace(inputs)


def _instance(book: ReadBook, now: Mapping[str, Array], messages: Messages) -> Instance:
    """The model with its inputs as they were built."""
    told, template = book.description, template_of(book.description, messages.language)
    sentences = tuple(str(text) for text in told["sentences"])
    inputs = as_built(book, now, messages)
    return Instance(template, sentences, sizes_from(told), book.model, inputs, (), ())


def _exercise(book: ReadBook) -> tuple[Left, Variant | None]:
    """The cells that are left to a student, none where there are no such, and whose variant it is."""
    told: Any = book.description.get("exercise")
    if not isinstance(told, Mapping):
        return {}, None
    try:
        whose = told.get("variant")
        return left_by(told, book.model), None if whose is None else Variant(**whose)
    except (TypeError, ValueError) as error:
        raise UserError(f"{book.path} does not say which cells are left to fill: {error}") from None


def _differences(book: ReadBook, drawn: Workbook) -> Iterator[str]:
    """What lies elsewhere in the file than it is drawn."""
    for sheet in (*drawn.sheets, *drawn.secret):
        if sheet.name not in book.content:
            yield f"its sheet {sheet.name!r} is gone or has another name"
    for name, place in drawn.names.items():
        there = book.named(name)
        if there is None:
            yield f"the name {name} is gone"
        elif replace(there, turned=place.turned) != place:
            yield f"{name} stands at {there.absolute}, and not at {place.absolute}"


def _shown(results: Results) -> Now:
    """What cells show as they are calculated."""

    def now(sheet: str, row: int, column: int, drawn: object) -> object:
        grid = results.get(fold(sheet))
        return None if grid is None else grid.get((row + 1, column + 1))

    return now


def _is_old(path: Path, results: Results) -> bool:
    """Whether results that stand in the file are not what is calculated."""
    held, none = read_values(path), Grid.of({})
    return not all(held.get(sheet, none).agrees(grid, _SAME) for sheet, grid in results.items())
