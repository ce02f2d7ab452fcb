"""The map of the steps, and what the colours mean."""

from __future__ import annotations

from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas, text_width
from xltransformer.workbook.start.grid import LABEL, REGION

Contents = list[tuple[Canvas, list[tuple[str, int]]]]
"""The sheets of the sections, each with the title and row of its steps."""

_LETTER = 7
"""Pixels a letter of a link takes at most."""


def draw_map(book: Book, sheet: Canvas, contents: Contents, others: list[Canvas], row: int) -> int:
    """Every sheet with a link, and beside it its steps by their titles; returns the row after them."""
    row = heading(book, sheet, "start.map", row)
    across = sheet.pixels(REGION, max(sheet.widths))
    for section, steps in contents:
        if section.hidden:
            continue
        sheet.link(row, LABEL, section.target(), section.name)
        column, used = REGION, 0.0
        for title, at in steps:
            wanted = text_width(title) * _LETTER + 12
            if used and used + wanted > across:
                row, column, used = row + 1, REGION, 0.0
            sheet.link(row, column, section.target(at), title)
            end = used + wanted
            while used < end:
                used += sheet.width(column, column) * 7 + 5
                column += 1
        row += 1
    for other in others:
        sheet.link(row, LABEL, other.target(), other.name)
        row += 1
    return row + 1


def draw_legend(book: Book, sheet: Canvas, row: int) -> int:
    """What the colours of cells mean; returns the row after it."""
    row = heading(book, sheet, "start.legend", row)
    for key, style in (("input", "input"), ("weight", "weight"), ("formula", "computed"), ("grey", "grey")):
        sheet.number(row, LABEL, 0.5, (style, "0.00"))
        sheet.text(row, LABEL + 1, book.messages(f"start.legend_{key}"), "remark")
        row += 1
    return row


def heading(book: Book, sheet: Canvas, key: str, row: int) -> int:
    """A heading over the width of the window; returns the row after it."""
    sheet.text(row, LABEL, book.messages(key), "section")
    sheet.heights[row] = 21
    sheet.blank(row, max(sheet.widths), ("section", ""))  # as far as the headline goes
    sheet.bar(row, "section")
    return row + 1
