"""The map of the steps, and what the colours mean."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.workbook.book import Page
from xltransformer.workbook.canvas import text_width
from xltransformer.workbook.sections import Chapter
from xltransformer.workbook.start.grid import LABEL, REGION

_LETTER = 7
"""Pixels a letter of a link takes at most."""


def draw_map(page: Page, chapters: Sequence[Chapter], row: int) -> int:
    """Every sheet with a link, and beside it its steps by their titles; returns the row after them."""
    sheet, row = page.sheet, heading(page, "start.map", row)
    across = sheet.pixels(REGION, max(sheet.widths))
    for chapter in chapters:
        linked = chapter.page.sheet
        if linked.hidden:
            continue
        sheet.link(row, LABEL, linked.target(), linked.name)
        column, used = REGION, 0.0
        for title, at in chapter.steps:
            wanted = text_width(title) * _LETTER + 12
            if used and used + wanted > across:
                row, column, used = row + 1, REGION, 0.0
            sheet.link(row, column, linked.target(at), title)
            end = used + wanted
            while used < end:
                used += sheet.width(column, column) * 7 + 5
                column += 1
        row += 1
    return row + 1


def draw_legend(page: Page, row: int) -> int:
    """What the colours of cells mean; returns the row after it."""
    sheet, row = page.sheet, heading(page, "start.legend", row)
    for key, style in (("input", "input"), ("weight", "weight"), ("formula", "computed"), ("grey", "grey")):
        sheet.number(row, LABEL, 0.5, (style, "0.00"))
        sheet.text(row, LABEL + 1, page.messages(f"start.legend_{key}"), "remark")
        row += 1
    return row


def heading(page: Page, key: str, row: int) -> int:
    """A heading over the width of the window; returns the row after it."""
    sheet = page.sheet
    sheet.heading(row, page.messages(key), "section")
    sheet.blank(row, max(sheet.widths), ("section", ""))  # as far as the headline goes
    return row + 1
