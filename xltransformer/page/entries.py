"""Entries and texts that stand alone in a picture, each as an element that follows its cell."""

from __future__ import annotations

from xltransformer.graph import Matrix
from xltransformer.page.contents import Contents, name_of
from xltransformer.page.html import Value, element, text
from xltransformer.page.numbers import format_of, shown
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import number_format


def text_at(contents: Contents, place: Place, i: int = 0, j: int = 0, name: str = "span", /, **more: Value) -> str:
    """A cell's text, which follows every edit unless nothing can change it."""
    row, column = place.row + i, place.column + j
    sheet = contents.workbook.sheets[contents.number(place.sheet)]
    cell = sheet.at(row, column)
    if cell is None:
        return element(name, **more)
    drawn = cell.content if cell.shown is None else cell.shown
    still = cell.kind == "text" and (row, column) in sheet.single
    said = shown(contents.now(place.sheet, row, column, drawn), cell.style[1])
    at = None if still else name_of(contents.at(place, i, j))
    return element(name, text(said), data_cell=at, **more)


def value_of(contents: Contents, block: Matrix, i: int, j: int) -> object:
    """What an entry of a block is now."""
    home, book = contents.page.book.homes[block], contents.page.book
    value = book.values[block.name][i, j]
    return contents.now(home.sheet, home.row + i, home.column + j, value if block.text else float(value))


def number_of(contents: Contents, block: Matrix, i: int, j: int) -> str:
    """An entry of a block, with what its number is in full: a script draws from that until the engine runs."""
    home, value = contents.page.book.homes[block], value_of(contents, block, i, j)
    number = number_format(block, contents.messages)
    in_full = f"{value:.6g}" if isinstance(value, float) else None
    return element(
        "span", text(shown(value, number)), format_of(number).attributes, cls="cell", data_of=block.name,
        data_at=name_of(contents.at(home, i, j)), data_entry=f"{i},{j}", data_look="plain", data_built=in_full,
    )  # fmt: skip
