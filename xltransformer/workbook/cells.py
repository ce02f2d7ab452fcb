"""The cells of a block at its place: inputs to edit, formulas, or a view of what stands elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.inputs import ANY_NUMBER
from xltransformer.ops import Span, op_of
from xltransformer.record import record
from xltransformer.workbook.canvas import cell_range
from xltransformer.workbook.notation import Arrays
from xltransformer.workbook.page import Page
from xltransformer.workbook.patterns import CellFormula
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import Style, block_style


@record(eq=False)
class Drawing:
    """A block at a place of a page; `shown` are the drawings of operands its formulas point at."""

    page: Page
    block: Matrix
    place: Place
    shown: Mapping[Matrix, Place]
    small: bool = False


def write_cells(
    drawing: Drawing, cell: CellFormula, style: Style, shown: Array | None = None, arrays: Arrays = ()
) -> None:
    """The formulas of a drawing; they show the block's values unless told otherwise."""
    place, book = drawing.place, drawing.page.book
    values = book.values[drawing.block.name] if shown is None else shown
    kept = book.notation.kept(values, arrays)
    drawing.page.sheet.block(place.row, place.column, kept, style, cell, arrays)


def _arrays(drawing: Drawing, row: Callable[[int], list[Span]]) -> Arrays:
    """The array formulas of a drawing; one of texts or of one column has none."""
    rows, columns = drawing.block.shape
    return () if columns == 1 or drawing.block.text else drawing.page.book.notation.arrays(rows, row)


def write_formulas(drawing: Drawing) -> None:
    """A computed block's formulas, at its home."""
    block, book, sheet = drawing.block, drawing.page.book, drawing.page.sheet
    places = [(m, drawing.shown.get(m, book.homes[m])) for m in block.operands]
    operands = [
        place.seen_from(sheet.name, book.notation.spelled_out, typed=not m.computed and place == book.homes[m])
        for m, place in places
    ]
    op, style = op_of(block), block_style(block, book.messages, small=drawing.small)
    arrays = _arrays(drawing, lambda i: op.row(i, *operands))
    write_cells(drawing, lambda i, j: op.cell(i, j, *operands), style, arrays=arrays)


def write_view(drawing: Drawing) -> None:
    """A block's home once more."""
    block, home = drawing.block, drawing.page.ref(drawing.block)
    style = block_style(block, drawing.page.messages, view=True, small=drawing.small)
    ending = '&""' if block.text else ""
    arrays = _arrays(drawing, lambda i: [(0, block.shape[1], home.row(i))])
    write_cells(drawing, lambda i, j: home.cell(i, j) + ending, style, arrays=arrays)


def write_inputs(drawing: Drawing) -> None:
    """An input's cells to edit, with what may be typed there."""
    page, block, place = drawing.page, drawing.block, drawing.place
    style, values = block_style(block, page.messages), page.book.values[block.name]
    generated, spare = page.book.generated.get(block.name, frozenset()), _spare_rows(drawing)

    def predicted(first: int) -> CellFormula:
        assert block.feedback is not None
        before = page.ref(block.feedback)
        return lambda i, j: f'{before.cell(first + i - 1, 0)}&""'

    def kind(i: int) -> str:
        if i in generated and block.feedback is not None:
            return "generated"
        return "spare" if i in spare else "given"

    for what, rows in groupby(range(block.shape[0]), kind):
        first, *others = rows
        part = values[first : first + 1 + len(others)]
        row = place.row + first
        if what == "generated":
            page.sheet.block(row, place.column, part, ("generated", ""), predicted(first))
        else:
            page.sheet.block(row, place.column, empty(part.shape) if what == "spare" else part, style)
    rule = _rule(drawing)
    if rule and block.role != "list":
        note = page.messages.get(f"note.{block.last_name}", "")  # shows beside the selected cell
        tip = {"input_message": note} if note else {}
        page.sheet.validations.append((cell_range(place.row, place.column, block.shape), {**rule, **tip}))


def _spare_rows(drawing: Drawing) -> set[int]:
    """Spare rows of the vocabulary: no word, hence no numbers either."""
    if drawing.block.role != "embedding":
        return set()
    return {i for i, word in enumerate(drawing.block.rows.read(drawing.page.book.values)) if not word}


def _rule(drawing: Drawing) -> dict[str, object]:
    """What may be typed or chosen. A list of choices stops nobody from typing something else,
    which the checks then judge."""
    block, book, messages = drawing.block, drawing.page.book, drawing.page.messages
    listed: dict[str, object] = {"validate": "list", "show_error": False}
    if block.choices is not None:
        return {**listed, "source": "=" + book.homes[block.choices].absolute}
    if block.role == "switch" and block.text:
        return {**listed, "source": [messages("switch.on"), messages("switch.off")]}
    if block.role == "switch":
        return {**listed, "source": "=" + book.suggested.absolute} if book.suggested else {}
    if block.text:
        return {}
    error = messages("switch.number_error")
    return {**ANY_NUMBER, "error_message": error}


def empty(shape: tuple[int, ...]) -> Array:
    """Cells in which nothing stands."""
    return np.full(shape, "", dtype=object)
