"""Entries and texts that stand alone in a picture, each as an element that follows its cell."""

from __future__ import annotations

from xltransformer.graph import Matrix
from xltransformer.page.contents import At, Contents, name_of
from xltransformer.page.html import Value, element, text
from xltransformer.page.numbers import format_of, shown
from xltransformer.workbook.canvas import Cell
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import number_format


def said_in(contents: Contents, sheet: str, row: int, column: int, cell: Cell) -> str:
    """What a cell of a sheet shows now."""
    drawn = cell.content if cell.shown is None else cell.shown
    return shown(contents.now(sheet, row, column, drawn), cell.style[1])


def said_at(contents: Contents, place: Place) -> str:
    """What a single cell shows now."""
    cell = contents.canvas(place.sheet).single[place.row, place.column]
    return said_in(contents, place.sheet, place.row, place.column, cell)


def text_at(contents: Contents, place: Place, i: int = 0, j: int = 0, name: str = "span", /, **more: Value) -> str:
    """A cell's text, which follows every edit unless nothing can change it."""
    row, column = place.row + i, place.column + j
    sheet = contents.canvas(place.sheet)
    cell = sheet.at(row, column)
    if cell is None:
        return element(name, **more)
    still = cell.kind == "text" and (row, column) in sheet.single
    at = None if still else name_of(contents.at(place, i, j))
    return element(name, text(said_in(contents, place.sheet, row, column, cell)), data_cell=at, **more)


def entry(at: At, of: str, i: int, j: int, said: str, number: str, /, classes: str = "", **more: Value) -> str:
    """An entry of a block that stands alone: its cell, the block's name, its row and column, what it shows, and
    its number format."""
    return element(
        "span", text(said), format_of(number).attributes, cls=f"cell {classes}".rstrip(), data_of=of,
        data_at=name_of(at), data_entry=f"{i},{j}", **more,
    )  # fmt: skip


def value_of(contents: Contents, block: Matrix, i: int, j: int) -> object:
    """What an entry of a block is now."""
    home, book = contents.page.book.homes[block], contents.page.book
    value = book.values[block.name][i, j]
    return contents.now(home.sheet, home.row + i, home.column + j, value if block.text else float(value))


def number_of(contents: Contents, block: Matrix, i: int, j: int) -> str:
    """An entry of a block, with what its number is in full: a script draws from that until the engine runs."""
    home, value = contents.page.book.homes[block], value_of(contents, block, i, j)
    number, in_full = number_format(block, contents.messages), f"{value:.6g}" if isinstance(value, float) else None
    at, said = contents.at(home, i, j), shown(value, number)
    return entry(at, block.name, i, j, said, number, data_look="plain", data_built=in_full)
