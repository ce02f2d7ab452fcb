"""Bars as a table: a row for each entry, and in it a bar and its number for each group."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.graph import Matrix
from xltransformer.page.contents import Contents
from xltransformer.page.entries import number_of, text_at, value_of
from xltransformer.page.html import element, text
from xltransformer.teaching.pictures import Bars
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.charts import COLOURS


def draw_bars(contents: Contents, picture: Bars, names: Sequence[Place]) -> str:
    """Bars, and what their groups are called where there are `names`."""
    ends = _ends(contents, picture)
    rows = "".join(_row(contents, picture, k, ends) for k in range(picture.names.size))
    head = element("thead", _head(contents, picture, names), cls=None if names else "unseen")
    return element("table", head + element("tbody", rows), cls="bars", style=f"--zero:{_part(0.0, ends)}")


def _tone(picture: Bars, k: int) -> str:
    """The colour of the k-th group: of a sentence, or of what stands beside others."""
    return f"tone-{(picture.sentence + k) % len(COLOURS)}"


def _head(contents: Contents, picture: Bars, names: Sequence[Place]) -> str:
    """What the columns are called."""
    messages = contents.messages
    of_groups = [
        text_at(contents, name, 0, 0, "th", scope="col", cls=_tone(picture, k)) for k, name in enumerate(names)
    ]
    usual = element("th", text(messages("page.share" if picture.shares else "page.number")), scope="col")
    first = element("th", element("span", text(messages("page.entry")), cls="unseen"), scope="col")
    return element("tr", first + "".join(of_groups or [usual]))


def _row(contents: Contents, picture: Bars, k: int, ends: tuple[float, float]) -> str:
    """The k-th entry; that of an empty slot does not show."""
    names = picture.names
    at = (0, k) if names.shape[1] > 1 else (k, 0)
    values = [_entry(contents, block, k) for block in picture.values]
    label = text_at(contents, contents.page.book.homes[names], *at, "th", scope="row")
    cells = (
        element("td", _bar(contents, block, k, ends, _tone(picture, g))) for g, block in enumerate(picture.values)
    )
    empty = not value_of(contents, names, *at) and not any(values)
    return element("tr", label + "".join(cells), cls="empty" if empty else None)


def _bar(contents: Contents, block: Matrix, k: int, ends: tuple[float, float], tone: str) -> str:
    """A bar from 0 to a number, and the number."""
    value = _entry(contents, block, k)
    size = f"--from:{_part(min(value, 0.0), ends)};--to:{_part(max(value, 0.0), ends)}"
    return element("div", number_of(contents, block, *_at(block, k)), cls=f"bar {tone}", style=size)


def _at(block: Matrix, k: int) -> tuple[int, int]:
    """Where the k-th number of a row or column stands."""
    return (0, k) if block.shape[0] == 1 else (k, 0)


def _entry(contents: Contents, block: Matrix, k: int) -> float:
    """The k-th number of a row or column; 0 where there is none."""
    value = value_of(contents, block, *_at(block, k))
    return value if isinstance(value, float) else 0.0


def _ends(contents: Contents, picture: Bars) -> tuple[float, float]:
    """The smallest and the largest number that bars have room for."""
    if picture.shares:
        return 0.0, 1.0
    every = [_entry(contents, block, k) for block in picture.values for k in range(block.size)]
    low, high = min(0.0, *every), max(0.0, *every)
    return low, high if high > low else low + 1.0


def _part(value: float, ends: tuple[float, float]) -> str:
    """Where a number lies between two ends, as a share of the way."""
    low, high = ends
    return f"{min(1.0, max(0.0, (value - low) / (high - low))):.4g}"
