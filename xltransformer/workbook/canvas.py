"""A sheet as a drawing: what stands in which cell, before any file format comes in."""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import cache, cached_property, lru_cache
from typing import Any, Literal

from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix
from xltransformer.ops import Span
from xltransformer.record import record
from xltransformer.workbook.patterns import CellFormula, Formulas, formulas
from xltransformer.workbook.places import Place, column_letters, quoted
from xltransformer.workbook.styles import Style

WINDOW = 1125
"""Pixels of a sheet's width that a window of 1366 x 768 shows in LibreOffice, which draws columns wider."""
LETTER = 6.6
"""Pixels of a letter at most, on average over a line of text."""
MOST_FORMULA = 8_191
"""Characters of a formula after its `=`, as Excel takes them."""

Kind = Literal["text", "number", "formula", "link", "blank"]


@record
class Cell:
    """`content` is a text, a number, a formula without its `=`, or a link's target; `shown` is a
    formula's cached result or a link's text; `tip` is what a link shows under the pointer; an `array` formula is
    one of one cell."""

    kind: Kind
    content: Any
    style: Style
    shown: Any = None
    tip: str | None = None
    array: bool = False


@record(eq=False)
class Cells:
    """A rectangle of cells of one style with its first cell at (row, column).

    `values` (n x m), numbers or texts, are what its formulas show or, without any, what it holds; a
    text of no characters is an empty cell. It takes no object a cell, so that a block may be large.
    `arrays` are, row by row, the cells that are array formulas instead.
    """

    row: int
    column: int
    values: Array
    style: Style
    formulas: Formulas | None = None
    arrays: tuple[list[Span], ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.values.shape
        return rows, columns

    @cached_property
    def longest(self) -> int:
        """How many characters its longest formula has (at most)."""
        of_arrays = (len(formula) for spans in self.arrays for _, _, formula in spans)
        patterns = self.formulas.patterns if self.formulas else ()
        return max([0, *of_arrays, *(pattern.longest(self.shape) for pattern in patterns)])

    def array(self, i: int, j: int) -> Span | None:
        """The array that a cell belongs to, None where it has a formula of its own."""
        spans = self.arrays[i] if self.arrays else []
        return next((span for span in spans if span[0] <= j < span[0] + span[1]), None)

    def cell(self, i: int, j: int) -> Cell:
        """One of the cells, from 0."""
        value = self.values[i, j]
        if (array := self.array(i, j)) is not None:
            return Cell("formula", array[2], self.style, value)
        if self.formulas is not None:
            return Cell("formula", self.formulas.at(i, j), self.style, value)
        if isinstance(value, str):
            return Cell("text", value, self.style) if value else Cell("blank", None, self.style)
        return Cell("number", value, self.style)


@record
class Series:
    """Points or bars of a chart; all references are absolute ranges. `name` labels each point."""

    values: str
    categories: str
    name: str = ""
    colour: str = ""
    marker: str = ""
    marker_size: int = 7
    label: str = ""
    bold: bool = False
    line: bool = False
    dashed: bool = False
    hollow: bool = False


@record
class Chart:
    """A native chart without a title, which LibreOffice would not let follow an edit: that stands in a cell
    above it. `told` says where what it shows stands, to who cannot see it. `across` is a text that never
    changes. `shares` lie between 0 and 1; `whole` numbers lie across."""

    kind: Literal["scatter", "bar"]
    row: int
    column: int
    size: tuple[int, int]
    series: tuple[Series, ...]
    across: str = ""
    legend: bool = False
    shares: bool = False
    whole: bool = False
    told: str = ""


@record
class Paragraph:
    """A text that wraps over the columns up to `last` (None: the width of the sheet), in one row that
    grows with it or over some `rows` that stay as they are."""

    row: int
    column: int
    cell: Cell
    last: int | None = None
    rows: int = 0

    @property
    def last_row(self) -> int:
        return self.row + max(0, self.rows - 1)


@record
class Paper:
    """Of a sheet that is made to be printed, upright: its last column."""

    last: int


@record(eq=False, frozen=False)
class Canvas:
    """One sheet. Rows and columns count from 0. It is printed on so many pages `across`, with page breaks
    before some rows, and with some empty columns `beside` it, which make it smaller."""

    name: str
    single: dict[tuple[int, int], Cell] = field(default_factory=dict)
    blocks: list[Cells] = field(default_factory=list)
    drawn: list[tuple[Matrix, Place]] = field(default_factory=list)
    """Which block of the model lies where: its home, and every further view of it."""
    paragraphs: list[Paragraph] = field(default_factory=list)
    bars: list[tuple[int, str]] = field(default_factory=list)
    """The style of every still empty cell of a row, over the sheet's width."""
    widths: dict[int, float] = field(default_factory=dict)
    default_width: float = 9
    heights: dict[int, float] = field(default_factory=dict)
    conditions: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    validations: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    across: int = 1
    beside: int = 0
    paper: Paper | None = None
    freeze: tuple[int, int] = (0, 0)
    hidden: bool = False
    short_bars: bool = False
    """Whether a bar ends with what stands below it, not with the sheet, which may have hundreds of columns."""

    _last: tuple[int, int] = (-1, -1)

    def _put(self, row: int, column: int, cell: Cell) -> None:
        self.single[row, column] = cell
        self._reach(row, column)

    def _reach(self, row: int, column: int) -> None:
        self._last = max(self._last[0], row), max(self._last[1], column)

    def text(self, row: int, column: int, text: str, style: str, number: str = "") -> None:
        self._put(row, column, Cell("text", text, (style, number)))

    def head(self, title: str, intro: str = "", row: int = 2, freeze: tuple[int, int] = (2, 0)) -> None:
        """The title of the sheet, which stays while the sheet is scrolled, and what it is about in a row below."""
        self.text(0, 1, title, "title")
        self.heights[0], self.freeze = 28, freeze
        if intro:
            self.paragraph(row, 1, intro, "intro")

    def heading(self, row: int, text: str, style: str = "heading") -> None:
        """A heading over the sheet's width."""
        self.text(row, 1, text, style)
        self.heights[row] = 21
        self.bars.append((row, style))

    def number(self, row: int, column: int, value: float, style: Style) -> None:
        self._put(row, column, Cell("number", value, style))

    def formula(
        self, row: int, column: int, formula: str, shown: float | str, style: Style, *, array: bool = False
    ) -> None:
        self._check_length(row, column, len(formula))
        self._put(row, column, Cell("formula", formula, style, shown, array=array))

    def block(
        self,
        row: int,
        column: int,
        values: Array,
        style: Style,
        formula: CellFormula | Formulas | None = None,
        arrays: Sequence[list[Span]] = (),
    ) -> None:
        """A rectangle of cells: the formula of each, which shows its value, or the values themselves;
        `arrays` as `Cells` has them."""
        made = formulas(formula, (values.shape[0], values.shape[1])) if callable(formula) else formula
        block = Cells(row, column, values, style, made, tuple(arrays))
        self._check_length(row, column, block.longest)
        self.blocks.append(block)
        self._reach(row + values.shape[0] - 1, column + values.shape[1] - 1)

    def _check_length(self, row: int, column: int, length: int) -> None:
        if length > MOST_FORMULA:
            raise UserError(
                f"cell {self.target(row, column)} would need a formula of {length:,} characters, of which "
                f"spreadsheets take {MOST_FORMULA:,}; choose fewer sentences, layers or heads, or smaller sizes"
            )

    def blank(self, row: int, column: int, style: Style) -> None:
        self._put(row, column, Cell("blank", None, style))

    def most_characters(self) -> int:
        """At least as many characters as the cells of blocks take in a file."""
        return sum(block.values.size * (100 + block.longest) for block in self.blocks)

    def styles(self) -> Iterator[Style]:
        """The styles in use."""
        yield from (cell.style for cell in self.single.values())
        yield from (block.style for block in self.blocks)
        yield from (paragraph.cell.style for paragraph in self.paragraphs)
        yield from ((name, "") for _, name in self.bars)

    def texts(self, *styles: str) -> Iterator[tuple[int, str]]:
        """What the cells of some styles show, each text with its column."""
        for (_, column), cell in self.single.items():
            if cell.style[0] in styles:
                yield column, str(cell.shown if cell.kind == "formula" else cell.content)
        for block in self.blocks:
            if block.style[0] in styles:
                for j in range(block.shape[1]):
                    for text in block.values[:, j].tolist():
                        yield block.column + j, str(text)

    def at(self, row: int, column: int) -> Cell | None:
        """One cell, None where there is none."""
        for block in self.blocks:
            i, j = row - block.row, column - block.column
            if i >= 0 and j >= 0 and i < block.shape[0] and j < block.shape[1]:
                return block.cell(i, j)
        return self.single.get((row, column))

    def link(self, row: int, column: int, target: str, text: str, tip: str | None = None) -> None:
        """A link to a cell of this workbook, `target` being such as `'Start'!A1`."""
        self._put(row, column, Cell("link", target, ("link", ""), text, tip))

    def paragraph(
        self,
        row: int,
        column: int,
        text: str,
        style: str,
        formula: str | None = None,
        last: int | None = None,
        rows: int = 0,
    ) -> None:
        """A text, or a formula that shows it, which wraps over the whole width of the sheet or up to
        the `last` column, in a row that grows with it, or over some `rows` of ordinary height."""
        kind: Kind = "text" if formula is None else "formula"
        self.paragraphs.append(Paragraph(row, column, Cell(kind, formula or text, (style, ""), text), last, rows))

    def ends(self) -> list[tuple[Paragraph, int]]:
        """Every paragraph with its last column: its own, or as far as the window goes."""
        end = cache(self._in_window)
        return [(one, end(one.column) if one.last is None else one.last) for one in self.paragraphs]

    def _in_window(self, column: int) -> int:
        """The last column from `column` on that a window shows, no further than the sheet goes."""
        last, right = column, self.right
        wide = self.pixels(0, last)
        while last < right and (wide := wide + self.pixels(last + 1, last + 1)) <= WINDOW:
            last += 1
        return last

    def bar_ends(self) -> dict[int, int]:
        """The last column of each bar, by its row."""
        if not self.short_bars:
            return {row: self.right for row, _ in self.bars}
        rows = sorted(row for row, _ in self.bars)
        ends = dict.fromkeys(rows, self._in_window(1))
        for block in self.blocks:
            if k := bisect(rows, block.row):
                ends[rows[k - 1]] = max(ends[rows[k - 1]], block.column + block.shape[1] - 1)
        return ends

    def target(self, row: int = 0, column: int = 0) -> str:
        """A cell as links name it: `'Start'!A1`."""
        return f"{quoted(self.name)}!{column_letters(column)}{row + 1}"

    @property
    def right(self) -> int:
        """The last column in use, and at least far enough for a text to be readable; that of the paper."""
        return max(13, self._last[1]) if self.paper is None else self.paper.last

    @property
    def printed(self) -> tuple[int, int]:
        """The last row and column of the print area: all cells, and the charts beside them."""
        row, column = self.bottom, self.right
        for chart in self.charts:
            last, pixels = chart.column, 0.0
            while pixels < chart.size[0]:
                pixels += self.pixels(last, last)
                last += 1
            row, column = max(row, chart.row + chart.size[1] // 21), max(column, last)
        return row, column

    @property
    def row_heights(self) -> dict[int, float]:
        """The heights, in points, of the rows that are not of ordinary height."""
        heights = dict(self.heights)
        for one, last in self.ends():
            if not one.rows:
                heights[one.row] = 16.0 * self.lines(str(one.cell.shown), one.column, last) + 1
        return heights

    @property
    def bottom(self) -> int:
        return max([0, self._last[0], *(paragraph.last_row for paragraph in self.paragraphs)])

    def pixels(self, first: int, last: int) -> float:
        """The width of some columns."""
        characters = sum([self.widths.get(column, self.default_width) for column in range(first, last + 1)])
        return characters * 7 + 5 * (last - first + 1)

    def lines(self, text: str, first: int, last: int) -> int:
        """How many lines a wrapped text takes over some columns (generously)."""
        return max(1, math.ceil(text_width(text) * LETTER / self.pixels(first, last)))


def spaced(letter: str) -> str:
    """A sentence's letter as it follows a word: with a space before it, if there is one."""
    return f" {letter}" if letter else ""


_FIRST_WIDE = "\u1100"


@lru_cache(1 << 14)  # labels are drawn many times over
def text_width(text: str) -> float:
    """The width of a text in characters, wide (Chinese, emoji) ones counting nearly twice."""
    wide = (c for c in set(text) if c >= _FIRST_WIDE and unicodedata.east_asian_width(c) in "WF")
    return len(text) + 0.9 * sum(map(text.count, wide))


def cell_range(row: int, column: int, shape: tuple[int, int]) -> str:
    """`C5:F9`, as conditional formats and validations take it."""
    last_row, last_column = row + shape[0], column + shape[1] - 1
    return f"{column_letters(column)}{row + 1}:{column_letters(last_column)}{last_row}"
