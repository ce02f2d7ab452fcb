"""Where things stand on the first screen: its columns, and the rows it has.

Measured for a window of 1366 x 768 at 100 %, of which spreadsheets leave about 1260 x 570 pixels.
Words and settings stand on the left; the headline, its answer and the experiments on the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xltransformer.models.lesson import Map, Picture, Writing
from xltransformer.workbook.canvas import Canvas

LABEL, VALUE, REGION = 1, 3, 6
"""Columns: the first sentence and the names of the settings; the second sentence and the settings; the
first column of the headline."""
TITLE, INTRO, STATE, TOP = 0, 1, 2, 4
"""Rows: the title, what to do, all well or not, and where sentences and headline begin."""
WIDTH = 950
"""Pixels across the headline."""
ROW = 21
"""Pixels of a row of ordinary height."""
TALL = 13
"""Rows of a headline that has no larger map."""
COLUMN, ROW_LABEL, NARROWEST, WIDEST = 52, 56, 31, 52
"""Pixels of an ordinary column of the headline, of a map's row labels, and of a map's entries."""
SMALL = 46
"""Entries of fewer pixels are written smaller."""


@dataclass(frozen=True)
class Spot:
    """Where one picture stands: its first column, how many columns it takes, and how many pixels."""

    column: int
    columns: int
    pixels: int


@dataclass(frozen=True)
class Grid:
    """A spot for each picture, whether maps are written small, and the last column of the headline."""

    spots: tuple[Spot, ...]
    small: bool
    last: int
    rows: int


def lay_grid(sheet: Canvas, pictures: Sequence[Picture]) -> Grid:
    """Give each picture its columns, and the sheet their widths: maps what their entries need, charts
    the rest in equal parts."""
    maps = [p for p in pictures if isinstance(p, Map)]
    charts = [p for p in pictures if not isinstance(p, Map | Writing)]
    entries = sum(p.block.shape[1] for p in maps)
    free = WIDTH - len(maps) * ROW_LABEL - (len(charts) > 0) * 330
    each = max(NARROWEST, min(WIDEST, free // entries)) if entries else WIDEST
    rest = max(330 * bool(charts), WIDTH - len(maps) * ROW_LABEL - entries * each)
    spots, column, widths = [], REGION, {}
    for picture in pictures:
        if isinstance(picture, Map):
            widths[column] = ROW_LABEL
            count = picture.block.shape[1] + 1
            widths |= {column + k: each for k in range(1, count)}
            pixels = ROW_LABEL + each * (count - 1)
        elif isinstance(picture, Writing):  # a line above the others
            spots.append(Spot(REGION, 0, WIDTH))
            continue
        else:
            count = max(1, rest // len(charts) // COLUMN)
            widths |= {column + k: COLUMN for k in range(count)}
            pixels = count * COLUMN
        spots.append(Spot(column, count, pixels))
        column += count
    used = sum(widths.values())
    while used + COLUMN <= WIDTH:
        widths[column] = COLUMN
        column, used = column + 1, used + COLUMN
    sheet.widths = {0: 1.3, LABEL: 14, LABEL + 1: 2.3, VALUE: 14, VALUE + 1: 2.3, VALUE + 2: 1.3}
    sheet.widths |= {at: (pixels - 5) / 7 for at, pixels in widths.items()}
    writing = any(isinstance(p, Writing) for p in pictures)
    tallest = max([TALL - 2 * writing, *(p.block.shape[0] + 2 for p in maps)])
    return Grid(tuple(spots), each < SMALL, column - 1, tallest + 2 * writing)
