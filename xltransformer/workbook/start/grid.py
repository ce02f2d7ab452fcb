"""Where things stand on the first screen: its columns, and the rows it has.

Measured for a window of 1366 x 768 at 100 %: LibreOffice leaves 1134 of the pixels in which columns are
counted here (it draws them 6 % wider than Excel, which leaves 1300), and 585 from top to bottom.
Words and settings stand on the left; the headline, its answer and the experiments on the right.
"""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.record import record
from xltransformer.teaching.pictures import Map, Picture, Plane, Writing
from xltransformer.workbook.canvas import Canvas

LABEL, VALUE, DRAWS, REGION = 1, 3, 5, 6
"""Columns: the first sentence and the names of the settings; the second sentence and the settings; of a model that
writes one of several sentences, the draws; the first column of the headline."""
DRAWS_WIDTH = 5.5
"""Characters across that column where there are draws in it."""
TITLE, TASK, INTRO, STATE, TOP = 0, 1, 2, 3, 4
"""Rows: the title, the model's task, what to do, all well or not, and where sentences and headline begin."""
HEIGHTS = {TITLE: 24.0, TASK: 14.25, INTRO: 14.25, STATE: 15.0}
"""Their heights in points, as low as their letters allow."""
ABSENT = 5.0
"""Height, in points, of a row of these that says nothing."""
WIDTH = 868
"""Pixels across the headline."""
LEAST = 300
"""Pixels that charts get beside maps, at least."""
ROW = 21
"""Pixels of a row of ordinary height."""
GAP = 14
"""Pixels between maps and the charts beside them."""
TALL = 13
"""Rows of a headline that has no larger map."""
COLUMN, ROW_LABEL, NARROWEST, WIDEST = 52, 56, 31, 52
"""Pixels of an ordinary column of the headline, of a map's row labels, and of a map's entries."""
SMALL = 40
"""Entries of fewer pixels are written smaller."""
MOST_ROWS = 24
"""Rows of two maps below one another that the first screen has room for."""


@record
class Spot:
    """Where one picture stands: its first row (from the headline's) and column, and its width and height in
    pixels."""

    row: int
    column: int
    size: tuple[int, int]


@record
class Grid:
    """A spot for each picture, whether maps are written small, and the headline's last column and rows."""

    spots: tuple[Spot, ...]
    small: bool
    last: int
    rows: int


def lay_grid(sheet: Canvas, pictures: Sequence[Picture]) -> Grid:
    """Give each picture its place, and the sheet its column widths: a sentence stands above the others,
    maps get what their entries need, one or two below one another, charts the rest."""
    maps = [p for p in pictures if isinstance(p, Map)]
    charts = [p for p in pictures if not isinstance(p, Map | Writing)]
    top = 2 * sum(isinstance(p, Writing) for p in pictures)
    free = WIDTH - LEAST * bool(charts)
    stacks = _stacks(maps, free, 2 if charts else 1)
    entries = sum(stack.columns for stack in stacks)
    each = _entry(stacks, free)
    tallest = max([TALL - top, *(stack.rows for stack in stacks)])
    rest = max(LEAST * bool(charts), WIDTH - len(stacks) * ROW_LABEL - entries * each)
    spots: dict[Picture, Spot] = {}
    column, widths = REGION, dict[int, int]()
    for stack in stacks:
        widths |= {column: ROW_LABEL, **{column + 1 + k: each for k in range(stack.columns)}}
        row = top
        for one in stack.maps:
            spots[one] = Spot(row, column, (ROW_LABEL + each * stack.columns, (one.block.shape[0] + 2) * ROW))
            row += one.block.shape[0] + 2
        column += 1 + stack.columns
    if stacks and charts:
        widths[column], column, rest = GAP, column + 1, rest - GAP
    shares = sum(_share(chart) for chart in charts)
    for chart in charts:
        count = max(1, round(rest * _share(chart) / shares) // COLUMN)
        widths |= {column + k: COLUMN for k in range(count)}
        spots[chart] = Spot(top, column, (count * COLUMN - 8, tallest * ROW - 6))
        column += count
    used = sum(widths.values())
    while used + COLUMN <= WIDTH:
        widths[column] = COLUMN
        column, used = column + 1, used + COLUMN
    sheet.widths = {0: 1, LABEL: 13, LABEL + 1: 1.7, VALUE: 13, VALUE + 1: 1.7, VALUE + 2: 0.7}
    sheet.widths |= {at: (pixels - 5) / 7 for at, pixels in widths.items()}
    placed = tuple(spots.get(picture, Spot(0, REGION, (WIDTH, 2 * ROW))) for picture in pictures)
    return Grid(placed, each < SMALL, column - 1, top + tallest)


def _share(picture: Picture) -> float:
    """How much room a chart wants beside others."""
    return 1.6 if isinstance(picture, Plane) else 1.0


@record
class _Stack:
    """Maps below one another, and the entries across and the rows down that they take."""

    maps: tuple[Map, ...]

    @property
    def columns(self) -> int:
        return max(one.block.shape[1] for one in self.maps)

    @property
    def rows(self) -> int:
        return sum(one.block.shape[0] + 2 for one in self.maps)


def _stacks(maps: Sequence[Map], free: int, least: int) -> list[_Stack]:
    """The maps side by side, or two in each stack where they would be too narrow otherwise."""
    for down in range(min(least, len(maps)), 3):
        stacks = [_Stack(tuple(maps[k : k + down])) for k in range(0, len(maps), max(down, 1))]
        least_entry = NARROWEST if max((2 * stack.rows for stack in stacks), default=0) > MOST_ROWS else SMALL
        if down == 2 or not maps or _room(stacks, free) >= least_entry:
            return stacks
    return []


def _entry(stacks: Sequence[_Stack], free: int) -> int:
    """Pixels across an entry of a map."""
    return max(NARROWEST, min(WIDEST, _room(stacks, free)))


def _room(stacks: Sequence[_Stack], free: int) -> int:
    """Pixels that there are for an entry of a map."""
    entries = sum(stack.columns for stack in stacks)
    return (free - len(stacks) * ROW_LABEL) // entries if entries else WIDEST
