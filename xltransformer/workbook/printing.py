"""Pages of print: how far a sheet is shrunk, and before which rows a new page begins."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

from xltransformer.workbook.canvas import Canvas
from xltransformer.workbook.sheet_data import DEFAULT_HEIGHT

WIDTH, HEIGHT = 10.9, 7.1
"""What fits on a landscape A4 page, in inches."""
COLUMN = 64
"""Pixels of a column beside those of the sheet, as spreadsheets make it."""
LEAST = 0.4
"""How far a page may be shrunk: 10 points become 4. A wider sheet is printed on several pages side by side."""
_LATE = 0.75
"""A panel that no page holds begins a new one where so much of a page is full."""
FURTHER = (1.0, 0.9, 0.8)
"""By how much more than its width asks for a sheet may be shrunk, where that saves pages: empty columns are
printed with it, as every program fits the width to the page and page breaks stay where they are."""


def paginate(sheet: Canvas) -> None:
    """Choose a scale that is readable and takes few pages; no page cuts a panel that fits on one."""
    inches = sheet.pixels(0, sheet.printed[1]) / 96
    sheet.across = math.ceil(inches * LEAST / WIDTH)
    widest = min(1.0, sheet.across * WIDTH / inches)
    tries = [_pages(sheet, scale) for scale in dict.fromkeys(max(LEAST, widest * f) for f in FURTHER)]
    _, scale, sheet.breaks = min(tries, key=lambda one: one[0])
    beside = 96 * (sheet.across * WIDTH / scale - inches) if scale < widest else 0
    sheet.beside = math.floor(beside / COLUMN)


def _pages(sheet: Canvas, scale: float) -> tuple[int, float, list[int]]:
    """How many pages a sheet takes from top to bottom at a scale, the scale, and the rows that begin a page."""
    heights, room = sheet.row_heights, 72 * HEIGHT / scale
    tops = [0.0, *accumulate(heights.get(row, DEFAULT_HEIGHT) for row in range(sheet.printed[0] + 1))]
    starts = [0, *sorted(row for row, style in sheet.bars if style in ("heading", "section"))]
    breaks, used, count = [], 0.0, 1
    for row, following in pairwise([*starts, sheet.printed[0] + 1]):
        panel = tops[following] - tops[row]
        if (
            used + panel > room
            and row > starts[min(1, len(starts) - 1)]
            and (panel <= room or used > _LATE * room)
        ):
            breaks.append(row)
            used, count = 0.0, count + 1
        used += panel
        while used > room:
            used, count = used - room, count + 1
    return count, scale, breaks
