"""Sheets as chapters of the page, their steps as panels: all that the sheet shows, where it stands there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from xltransformer.page.cells import Drawing, Found
from xltransformer.page.contents import Contents
from xltransformer.page.html import element, text
from xltransformer.page.mathml import mathml
from xltransformer.page.pictures import below
from xltransformer.page.tables import single, table
from xltransformer.record import record
from xltransformer.workbook.book import Chapter
from xltransformer.workbook.canvas import Canvas, Cell, text_width
from xltransformer.workbook.panels import LEFT
from xltransformer.workbook.step_map import what_is_made

SHORT = 6
"""Labels of more letters make the columns wider in which they stand."""
TITLE, NAVIGATION = 0, 1
"""Rows of every sheet that the page has of its own: its title, and the way to other sheets."""


@record
class Panel:
    """A step, or what stands before the first one: its id, its title, the HTML below it, how many rows it takes
    on its sheet, and what it makes, of which shapes."""

    id: str
    title: str
    html: str
    rows: int
    made: str = ""


@record
class Paneled:
    """A sheet as a chapter: its id, its name and title, and its panels."""

    id: str
    name: str
    title: str
    panels: Sequence[Panel]


def number_panels(contents: Contents) -> None:
    """Name every panel of every sheet that the page shows, so that links can lead there."""
    for chapter in _chapters(contents):
        sheet = chapter.page.sheet
        k = contents.number(sheet.name)
        contents.panels[sheet.name] = [(row, f"p-{k}-{row + 1}") for row in _tops(sheet)]


def draw_chapters(contents: Contents) -> list[Paneled]:
    """Every sheet but the first one and those that are for paper or out of sight, in the order of the first one's
    map, and last what the first one refers to."""
    return [_draw_chapter(contents, chapter) for chapter in _chapters(contents)]


def _chapters(contents: Contents) -> list[Chapter]:
    listed = list(contents.workbook.chapters)
    known = {chapter.page.sheet.name for chapter in listed} | {contents.workbook.sheets[0].name}
    rest = [Chapter(contents.page.on(sheet)) for sheet in contents.workbook.sheets if sheet.name not in known]
    return [one for one in (*listed, *rest) if not one.page.sheet.hidden and one.page.sheet.paper is None]


def _tops(sheet: Canvas) -> list[int]:
    """The first rows of a sheet's panels: of its headings, and of what stands before them."""
    headings = sorted(row for row, style in sheet.bars if style == "heading")
    return [NAVIGATION + 1, *headings]


def _draw_chapter(contents: Contents, chapter: Chapter) -> Paneled:
    sheet = chapter.page.sheet
    found, number = Found(sheet), contents.number(sheet.name)
    tops, made = contents.panels[sheet.name], _made(chapter)
    panels, pictures = [], below(contents, sheet.name)
    bottom = min([sheet.bottom + 1, *(one.row for one in pictures)])
    for (top, name), (end, _) in zip(tops, [*tops[1:], (bottom, "")], strict=True):
        heading = sheet.single.get((top, LEFT))
        title = str(heading.content) if heading is not None and top != NAVIGATION + 1 else ""
        html = _Body(contents, found, top + bool(title), max(end, top + 1)).draw()
        if html or title:
            panels.append(Panel(name, title, html, end - top, made.get(top, "")))
    if pictures:
        panels[-1] = replace(panels[-1], html=panels[-1].html + "".join(one.html for one in pictures))
    return Paneled(f"c-{number}", sheet.name, str(sheet.single[TITLE, LEFT].content), panels)


def _made(chapter: Chapter) -> dict[int, str]:
    """What the steps of a sheet make, by the rows of their headings."""
    if chapter.section is None or chapter.section.compact:
        return {}
    return dict(zip((row for _, row in chapter.steps), what_is_made(chapter.page, chapter.section), strict=True))


@record(eq=False)
class _Item:
    """Something that stands in some rows and columns."""

    top: int
    left: int
    bottom: int
    right: int
    html: str
    letters: float = 0.0
    """How wide its longest label is, of those that stand above and beside ordinary columns."""


@record(eq=False)
class _Body:
    """The rows of a panel."""

    contents: Contents
    found: Found
    top: int
    end: int

    def draw(self) -> str:
        """Texts on lines of their own, and between them what stands side by side."""
        lines = dict(self._lines())
        items = sorted(self._items(lines), key=lambda item: (item.top, item.left))
        parts: list[str] = []
        tops = sorted(lines)

        def band(item: _Item) -> int:
            return sum(row <= item.top for row in tops)

        bands = {k: list(some) for k, some in groupby(items, band)}
        for k in range(len(tops) + 1):
            parts += [lines[tops[k - 1]]] if k else []
            parts += [_layout(bands[k])] if k in bands else []
        return "".join(parts)

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Paragraphs and notation, by their rows."""
        sheet, name = self.found.sheet, self.found.sheet.name
        paragraphs: dict[int, str] = {}
        for one in sheet.paragraphs:
            if self._holds(one.row):
                made = single(self.contents, name, one.row, one.column, one.cell, "p")
                paragraphs[one.row] = paragraphs.get(one.row, "") + self._beside(one.row) + made
        yield from paragraphs.items()
        for (row, _), cell in self.found.alone.items():
            if self._holds(row) and cell.style[0] == "notation":
                yield row, element("p", mathml(str(cell.content)), cls="notation")

    def _beside(self, row: int) -> str:
        """What stands before a paragraph in its row."""
        made = (self._single(row, column, cell) for (at, column), cell in self.found.alone.items() if at == row)
        return "".join(made)

    def _items(self, lines: dict[int, str]) -> Iterator[_Item]:
        for drawing in self.found.drawings:
            if self._holds(drawing.place.row):
                html = table(self.contents, drawing)
                letters = max(map(text_width, _labels(drawing)), default=0.0)
                yield _Item(drawing.top, drawing.left, drawing.bottom, drawing.right, html, letters)
        singles = {at: cell for at, cell in self.found.alone.items() if self._holds(at[0]) and at[0] not in lines}
        for rows in _lists(singles):
            top, left = min(rows)
            bottom, right = max(row for row, _ in rows) + 1, max(column for _, column in rows) + 1
            yield _Item(top, left, bottom, right, self._list(rows))
            for at in rows:
                singles.pop(at)
        for (row, column), cell in singles.items():
            if html := self._single(row, column, cell):
                yield _Item(row, column, row + 1, column + 1, html)

    def _single(self, row: int, column: int, cell: Cell) -> str:
        if cell.kind == "link":
            return element("a", text(cell.shown), href=f"#{self.contents.led_to(str(cell.content))}")
        return single(self.contents, self.found.sheet.name, row, column, cell)

    def _list(self, cells: dict[tuple[int, int], Cell]) -> str:
        """Cells below and beside one another, as a table."""
        rows = sorted({row for row, _ in cells})
        columns = sorted({column for _, column in cells})
        made = []
        for row in rows:
            heads = all(cells[at].style[0] in ("column_label", "table_label") for at in cells if at[0] == row)
            cell = "th" if heads else "td"
            texts = (self._single(row, c, cells[row, c]) if (row, c) in cells else "" for c in columns)
            made.append("<tr>" + "".join(f"<{cell}>{one}</{cell}>" for one in texts))
        return element("table", f"<tbody>{''.join(made)}", cls="list")

    def _holds(self, row: int) -> bool:
        return self.top <= row < self.end


def _lists(cells: dict[tuple[int, int], Cell]) -> list[dict[tuple[int, int], Cell]]:
    """Of single cells those that stand in at least two columns of at least three rows in a stretch."""
    rows: dict[int, list[tuple[int, int]]] = {}
    for at in cells:
        rows.setdefault(at[0], []).append(at)
    found, run = [], list[int]()
    for row in [*sorted(rows), 10**9]:
        if run and row != run[-1] + 1:
            if len(run) > 2 and len({column for one in run for _, column in rows[one]}) > 1:
                found.append({at: cells[at] for one in run for at in rows[one]})
            run = []
        run.append(row)
    return found


def _labels(drawing: Drawing) -> Iterator[str]:
    """The labels of a drawing that have the room of an ordinary column."""
    beside = None if drawing.left == LEFT else drawing.rows
    for cells in (drawing.columns, beside):
        if cells is not None:
            yield from map(str, cells.values.ravel().tolist())


def _layout(items: Iterable[_Item]) -> str:
    """Items where they stand on the sheet, in rows and columns; those in which nothing stands are narrow."""
    placed = list(items)
    top, left = min(item.top for item in placed), min(item.left for item in placed)
    rows = _tracks("line", [(one.top, one.bottom) for one in placed], top)
    spans = [(one.left, one.right) for one in placed]
    columns = _tracks("cell", spans, left)
    if left == LEFT:  # where row labels stand, which may be long
        columns = f"var(--first) {_tracks('cell', spans, left, 1)}"
    inside = "".join(
        element("div", one.html, cls="item edge" if one.left == LEFT else "item",
                style=f"grid-area:{one.top - top + 1}/{one.left - left + 1}/"
                f"{one.bottom - top + 1}/{one.right - left + 1}") for one in placed
    )  # fmt: skip
    letters = f"--longest:{longest:.0f};" if (longest := max(one.letters for one in placed)) > SHORT else ""
    return element("div", inside, cls="layout", style=f"{letters}grid-template:{rows}/{columns}".rstrip())


def _tracks(size: str, spans: Sequence[tuple[int, int]], start: int, skipped: int = 0) -> str:
    """The tracks of a grid from `start` on, but for those `skipped`: of a `size` where something stands, and
    elsewhere gaps."""
    end = max(last for _, last in spans)
    taken = [False] * (end - start)
    for first, last in spans:
        taken[first - start : last - start] = [True] * (last - first)
    named = (f"var(--{size})" if used else "var(--gap)" for used in taken[skipped:])
    runs = ((name, len(list(run))) for name, run in groupby(named))
    return " ".join(f"repeat({count},{name})" if count > 1 else name for name, count in runs)
