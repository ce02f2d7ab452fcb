"""Where blocks lie, and how formulas point at them."""

from __future__ import annotations

import re

from xltransformer.graph import Array
from xltransformer.ops import PRODUCTS, Coordinate, Every, Index
from xltransformer.record import record
from xltransformer.text import column_number
from xltransformer.workbook.patterns import Traced, letters_of


def column_letters(column: Coordinate) -> str:
    """`A` for column 0, `AA` for column 26."""
    return column.letters() if isinstance(column, Traced) else letters_of(int(column))


def quoted(sheet: str) -> str:
    """A sheet's name as it stands in a formula."""
    return "'" + sheet.replace("'", "''") + "'"


@record
class Place:
    """A rectangle of cells on a sheet; rows and columns count from 0. One that is `turned` shows a block with
    its rows as columns."""

    sheet: str
    row: int
    column: int
    shape: tuple[int, int]
    turned: bool = False

    def address(self, i: Coordinate, j: Coordinate) -> str:
        """The address of one cell, without its sheet: `C5`."""
        return f"{column_letters(self.column + j)}{self.row + i + 1}"

    @property
    def absolute(self) -> str:
        """The whole rectangle as a defined name refers to it: `'Start'!$C$5:$D$9`, of one cell `'Start'!$C$5`."""
        top, left = self.row + 1, column_letters(self.column)
        bottom, right = self.row + self.shape[0], column_letters(self.column + self.shape[1] - 1)
        last = "" if self.shape == (1, 1) else f":${right}${bottom}"
        return f"{quoted(self.sheet)}!${left}${top}{last}"

    def seen_from(self, sheet: str, spelled_out: int = PRODUCTS["auto"], typed: bool = False) -> SeenPlace:
        """The place as formulas on `sheet` write it; `typed`: whether its cells are to be edited."""
        kind = TurnedPlace if self.turned else SeenPlace
        return kind(self, "" if sheet == self.sheet else quoted(self.sheet) + "!", spelled_out, typed)


_CELL = r"\$([A-Z]{1,3})\$([1-9]\d{0,6})"
_ABSOLUTE = re.compile(rf"(?:'((?:[^']|'')+)'|([^'!:]+))!{_CELL}(?::{_CELL})?")


def place_of(absolute: str) -> Place:
    """The place of an absolute reference, `'Start'!$C$5:$D$9` or `Start!$C$5`; ValueError for others."""
    found = _ABSOLUTE.fullmatch(absolute)
    if found is None:
        raise ValueError(f"{absolute} is no absolute reference")
    sheet, left, top, right, bottom = found[1] or found[2], *found.groups()[2:]
    first, last = column_number(left) - 1, column_number(right or left) - 1
    shape = int(bottom or top) - int(top) + 1, last - first + 1
    return Place(sheet.replace("''", "'"), int(top) - 1, first, shape)


@record
class SeenPlace:
    """A place as formulas on one sheet refer to it (the `Ref` of the operations)."""

    place: Place
    prefix: str
    spelled_out: int
    typed: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        return self.place.shape

    @property
    def all(self) -> str:
        """Every cell of the place: `C5:F9`."""
        return self.part()

    def cell(self, row: Index, column: Index) -> str:
        if isinstance(row, str):
            if isinstance(column, str):
                return f"INDEX({self.all},{row},{column})"
            return f"INDEX({self.column(column)},{row})"
        if isinstance(column, str):
            return f"INDEX({self.row(row)},1,{column})"
        if isinstance(column, Every):
            return self.row(row, column)
        place = self.place
        if place.shape == (1, 1):  # one cell for all: written $C$5, so that a copied formula keeps it
            return f"{self.prefix}${letters_of(place.column)}${place.row + 1}"
        return f"{self.prefix}{column_letters(place.column + column)}{place.row + row + 1}"

    def row(self, row: Coordinate, count: Coordinate | None = None) -> str:
        return self._range(row, 0, row, (self.shape[1] if count is None else count) - 1)

    def column(self, column: Coordinate, count: Coordinate | None = None) -> str:
        return self._range(0, column, (self.shape[0] if count is None else count) - 1, column)

    def part(self, rows: Coordinate | None = None, columns: Coordinate | None = None) -> str:
        return self._range(0, 0, (rows or self.shape[0]) - 1, (columns or self.shape[1]) - 1)

    def _range(self, top: Coordinate, left: Coordinate, bottom: Coordinate, right: Coordinate) -> str:
        address = self.place.address
        return f"{self.prefix}{address(top, left)}:{address(bottom, right)}"


class TurnedPlace(SeenPlace):
    """A turned place as formulas refer to it: by the rows and columns of the block that it shows."""

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.place.shape
        return columns, rows

    def cell(self, row: Index, column: Index) -> str:
        return super().cell(column, row)


@record
class Known:
    """A block's values in place of its cells: for working out what a formula will show."""

    values: Array
    spelled_out: int = 0
    typed: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.values.shape
        return rows, columns

    def cell(self, row: Index, column: Index) -> str:
        return repr(float(self.values[int(row), int(column)]))

    def row(self, row: Coordinate, count: Coordinate | None = None) -> str:
        raise NotImplementedError("worked lines name single cells")

    column = row

    def part(self, rows: Coordinate | None = None, columns: Coordinate | None = None) -> str:
        raise NotImplementedError("worked lines name single cells")
