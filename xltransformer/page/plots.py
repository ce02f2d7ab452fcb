"""Planes and curves: room for what a script draws, and the numbers that it draws from as a table."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.graph import Matrix
from xltransformer.page.contents import Contents
from xltransformer.page.entries import number_of, text_at, value_of
from xltransformer.page.html import element, text
from xltransformer.teaching.pictures import Curves, Fact
from xltransformer.workbook.book import PlaneNames
from xltransformer.workbook.phrases import of_sentence, phrase
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.charts import shown_points


def draw_curves(contents: Contents, picture: Curves, names: Sequence[Place]) -> str:
    """Curves, and what they are called where there are several."""
    lines = "".join(element("li", text_at(contents, name)) for name in names)
    legend = element("ul", lines, cls="legend") if len(names) > 1 else ""
    return _to_draw(contents, _curves(contents, picture, names)) + legend


def draw_plane(contents: Contents, named: PlaneNames) -> str:
    """A plane in which words move."""
    return _to_draw(contents, _plane(contents, named))


def _to_draw(contents: Contents, numbers: str) -> str:
    said = element("summary", text(contents.messages("page.numbers")))
    scrolled = element("div", numbers, cls="scroll")
    details = element("details", said + scrolled, cls="numbers", open=True)
    return element("div", element("div", cls="drawing") + details, cls="plot")


def _curves(contents: Contents, picture: Curves, names: Sequence[Place]) -> str:
    """A row for each point of the curves; what lies across stands before the curves that it is the same of."""
    said, head = contents.messages(f"picture.{picture.across}"), ""
    columns: list[list[str]] = []
    before: Matrix | None = None
    for curve, name in zip(picture.curves, names, strict=True):
        points = range(picture.count(curve))
        if curve.across is not before:
            down = curve.across.shape[1] == 1
            head += element("th", text(said), scope="col")
            columns.append([number_of(contents, curve.across, *((k, 0) if down else (0, k))) for k in points])
        before = curve.across
        head += text_at(contents, name, 0, 0, "th", scope="col", data_curve=True)
        columns.append([number_of(contents, curve.up, curve.row, curve.start + k) for k in points])
    rows = (
        element("tr", "".join(element("td", column[k] if k < len(column) else "") for column in columns))
        for k in range(max(map(len, columns)))
    )
    return element("table", element("thead", element("tr", head)) + element("tbody", "".join(rows)), cls="points")


def _plane(contents: Contents, named: PlaneNames) -> str:
    """A row for each word of each sentence, and for the watched word before and after attention."""
    watch = contents.page.model.watch
    assert watch is not None
    axes = "".join(text_at(contents, axis, 0, 0, "th", scope="col") for axis in named.axes)
    head = element("th", text(contents.messages("page.entry")), scope="col") + axes
    sentences = len(watch.sentences)
    bodies = "".join(element("tbody", "".join(_rows(contents, named, s))) for s in range(sentences))
    return element("table", element("thead", element("tr", head)) + bodies, cls="points")


def _rows(contents: Contents, named: PlaneNames, s: int) -> list[str]:
    """The points of a sentence."""
    page = contents.page
    watch = page.model.watch
    assert watch is not None
    one, words = watch.sentences[s], page.model.sentences[s].words
    points = range(shown_points(one.points.shape[0], len(watch.sentences)))
    rows = []
    for k in points:
        label = text_at(contents, page.book.homes[words], k)
        there = bool(value_of(contents, words, k, 0))
        rows.append(_row(contents, "word", label + _name(contents, named.points[s], k), (one.points, k), there))
    here = one.here is None or value_of(contents, one.here, 0, 0) == 1
    for i, (kind, names) in enumerate((("before", named.before), ("after", named.after))):
        said = of_sentence(page, s, phrase(page, f"page.point_{kind}", {"word": Fact(watch.word)}))
        live = contents.live_text(said)
        label = element("span", text(live.shown), data_cell=live.cell)
        rows.append(_row(contents, kind, label + _name(contents, names, s), (one.move, i), here))
    return rows


def _name(contents: Contents, names: Place, k: int) -> str:
    """The name that the picture has for a point, a space where it has none."""
    return text_at(contents, names, k, 0, "span", hidden=True)


def _row(contents: Contents, kind: str, label: str, numbers: tuple[Matrix, int], there: bool) -> str:
    """A point of a kind, if it is `there`: an empty slot has none, nor a word that is not in the sentence."""
    block, i = numbers
    cells = (element("td", number_of(contents, block, i, j)) for j in (0, 1))
    inside = element("th", label, scope="row") + "".join(cells)
    return element("tr", inside, data_kind=kind, hidden=not there)
