"""What stands in the cells of a drawn sheet: blocks with their labels, and all that stands alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from xltransformer.graph import Matrix
from xltransformer.record import record
from xltransformer.workbook.canvas import Canvas, Cell, Cells
from xltransformer.workbook.places import Place

Now = Callable[[str, int, int, object], object]
"""What a cell of a sheet shows now, given its row and column from 0, and what it shows as drawn."""

LABELS = ROW_LABEL, COLUMN_LABEL = "row_label", "column_label"
SYMBOLS = ("symbol", "long_symbol")


def as_drawn(sheet: str, row: int, column: int, drawn: object) -> object:
    """What a cell shows as it was drawn."""
    return drawn


@record(eq=False)
class Drawing:
    """A rectangle of cells at a `place`, of a `block` of the model where it is one, row by row, each with the
    value that it shows; beside and above it its labels, and its `symbol` in the corner."""

    place: Place
    block: Matrix | None
    cells: Sequence[Sequence[Cell]]
    rows: Cells | None
    columns: Cells | None
    symbol: str

    @property
    def top(self) -> int:
        """The first row that it takes, with its labels."""
        return self.place.row - (1 if self.columns is not None or self.symbol else 0)

    @property
    def left(self) -> int:
        return self.place.column - (1 if self.rows is not None or self.symbol else 0)

    @property
    def bottom(self) -> int:
        """The first row after it."""
        return self.place.row + self.place.shape[0]

    @property
    def right(self) -> int:
        return self.place.column + self.place.shape[1]

    @property
    def style(self) -> str:
        """The style of its first cell."""
        return self.cells[0][0].style[0]


class Found:
    """The drawings of a sheet, and its single cells that belong to none, by row and column."""

    def __init__(self, sheet: Canvas) -> None:
        self.sheet = sheet
        self._by_corner = {(cells.row, cells.column): cells for cells in sheet.blocks}
        self._taken: set[int] = set()
        self._alone = dict(sheet.single)
        self.drawings = [self._drawing(place, block) for block, place in sheet.drawn]
        rest = [cells for cells in sheet.blocks if id(cells) not in self._taken and not _is_label(cells)]
        for cells in rest:
            self.drawings.append(self._drawing(Place(sheet.name, cells.row, cells.column, cells.shape), None))
        for cells in sheet.blocks:  # labels of no block
            if id(cells) not in self._taken:
                at = Place(sheet.name, cells.row, cells.column, cells.shape)
                self.drawings.append(Drawing(at, None, self._cells(at), None, None, ""))
        self.drawings.sort(key=lambda one: (one.top, one.left))

    @cached_property
    def alone(self) -> dict[tuple[int, int], Cell]:
        """The single cells that are no part of a drawing."""
        return dict(sorted(self._alone.items()))

    def _drawing(self, place: Place, block: Matrix | None) -> Drawing:
        row, column = place.row, place.column
        rows = self._label(row, column - 1, ROW_LABEL, place.shape[0], 0)
        columns = self._label(row - 1, column, COLUMN_LABEL, place.shape[1], 1)
        corner = self._alone.get((row - 1, column - 1))
        symbol = ""
        if corner is not None and corner.style[0] in SYMBOLS and (rows is not None or columns is not None):
            symbol = str(self._alone.pop((row - 1, column - 1)).content)
        return Drawing(place, block, self._cells(place), rows, columns, symbol)

    def _label(self, row: int, column: int, style: str, count: int, side: int) -> Cells | None:
        """The labels that begin at a cell, where there are so many."""
        cells = self._by_corner.get((row, column))
        if cells is None or cells.style[0] != style or cells.shape[side] != count or cells.shape[1 - side] != 1:
            return None
        self._taken.add(id(cells))
        return cells

    def _cells(self, place: Place) -> list[list[Cell]]:
        """The cells of a place, empty where nothing stands; whatever lies within is taken."""
        whole = self._by_corner.get((place.row, place.column))
        parts = [whole] if whole is not None and whole.shape == place.shape else list(self._within(place))
        rows, columns = place.shape
        made = [[_NOTHING] * columns for _ in range(rows)]
        for cells in parts:
            self._taken.add(id(cells))
            for i in range(cells.shape[0]):
                for j in range(cells.shape[1]):
                    made[cells.row - place.row + i][cells.column - place.column + j] = _plain(cells, i, j)
        return made

    def _within(self, place: Place) -> Iterator[Cells]:
        rows, columns = place.shape
        for cells in self.sheet.blocks:
            i, j = cells.row - place.row, cells.column - place.column
            if 0 <= i < rows and 0 <= j < columns:
                yield cells


_NOTHING = Cell("blank", None, ("", ""))


def _plain(cells: Cells, i: int, j: int) -> Cell:
    """One of the cells, with its value in place of its formula."""
    return Cell("text", cells.values[i, j], cells.style)


def _is_label(cells: Cells) -> bool:
    return cells.style[0] in LABELS
