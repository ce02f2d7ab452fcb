"""Blocks drawn onto pages, with their labels and colours."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from xltransformer.graph import Matrix
from xltransformer.workbook.cells import Drawing, write_formulas, write_inputs, write_view
from xltransformer.workbook.colours import colour
from xltransformer.workbook.hidden import draw_exercise, draw_hidden, write_solved
from xltransformer.workbook.labels import label_block
from xltransformer.workbook.page import Page
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import block_style


def draw(
    page: Page,
    block: Matrix,
    row: int,
    column: int,
    shown: Mapping[Matrix, Place] | None = None,
    *,
    labelled: bool = True,
    small: bool = False,
    plain: bool = False,
) -> Place:
    """Draw a block with its first cell at (row, column), its home or a view; labels go left and above.

    `shown` are drawings of operands that the formulas shall point at instead of their homes.
    A view may be written `small`; a `plain` drawing has neither labels nor colours.
    """
    book = page.book
    place = Place(page.sheet.name, row, column, block.shape)
    given = {m: p for m, p in (shown or {}).items() if not book.exercise.hides(m)}
    _draw_cells(Drawing(page, block, place, given, small or plain))
    if labelled and not plain:
        book.later(lambda: label_block(page, block, book.symbol(block), place))
    if not plain:
        colour(page, block, place, labelled=labelled)
    return place


def _draw_cells(drawing: Drawing) -> None:
    """The cells of a block: its home where it has none yet, else a view."""
    book, block = drawing.page.book, drawing.block
    if block in book.homes:
        book.add_view(block, drawing.place)
        write = write_solved if book.exercise.hides(block) else write_view
    elif block in book.exercise.blocks:
        draw_exercise(drawing)
        return
    elif book.exercise.hides(block):
        draw_hidden(drawing)
        write = write_solved
    else:
        book.add_home(block, drawing.place)
        write = write_formulas if block.computed else write_inputs
    book.later(partial(write, drawing))


def draw_turned(page: Page, block: Matrix, row: int, column: int) -> Place:
    """A view with rows as columns, and its labels; it has no name of its own."""
    rows, columns = block.shape
    place = Place(page.sheet.name, row, column, (columns, rows), turned=True)
    look = Matrix(block.columns, block.rows, op=block.op, name=block.name, scale=block.scale, role=block.role)

    def write() -> None:
        home, style = page.ref(block), block_style(block, page.messages, view=True)
        page.sheet.block(row, column, page.book.values[block.name].T, style, lambda i, j: home.cell(j, i))
        label_block(page, look, f"{page.book.symbol(block)}ᵀ", place)

    page.book.later(write)
    colour(page, look, place, labelled=True)
    return place
