"""Pictures of the page: bars, maps and writing as they are; planes and curves as numbers that a script draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xltransformer.graph import Matrix
from xltransformer.page.bars import draw_bars
from xltransformer.page.cells import Found
from xltransformer.page.contents import Contents
from xltransformer.page.entries import text_at
from xltransformer.page.html import element
from xltransformer.page.plots import draw_curves, draw_plane
from xltransformer.page.tables import table
from xltransformer.record import record
from xltransformer.teaching.pictures import Bars, Curves, Map, Picture, Plane, Writing
from xltransformer.workbook.book import Drawn, Page

MOST_ACROSS = 7
"""How many entries across maps side by side may have for their numbers to be of ordinary size."""
BESIDE = 3
"""How many entries across maps may have for charts to have room beside them on a phone."""
LOW = 16
"""How many rows two maps below one another may have beside charts."""
GROUPS: dict[type[Picture], str] = {
    Writing: "writings", Map: "maps", Bars: "charts", Curves: "charts", Plane: "planes",
}  # fmt: skip
"""What stays together where there is no room for all side by side."""
WITHOUT_SCRIPTS = (
    "<noscript><style>.drawing,.legend{display:none}"
    ".picture .numbers{position:static;visibility:visible}.numbers .scroll{max-height:none}</style></noscript>"
)
"""Without scripts nothing is drawn from numbers: they stand there themselves."""


@record
class Below:
    """A picture below the blocks of a sheet: the row of its title, and its HTML."""

    row: int
    html: str


def headline(page: Page, contents: Contents) -> str:
    """The pictures of the first screen; nothing in an exercise, which has none."""
    first = contents.workbook.sheets[0]
    drawn = [one for one in page.book.pictures if one.title.sheet == first.name]
    if not drawn:
        return ""
    found, groups = Found(first), dict[str, list[str]]()
    for one in drawn:
        groups.setdefault(GROUPS[type(one.picture)], []).append(_figure(contents, one, found))
    maps = [one.picture.block for one in drawn if isinstance(one.picture, Map)]
    style, kinds = _arranged(maps, charts="charts" in groups)
    parts = (element("div", "".join(figures), cls=f"{name} group") for name, figures in groups.items())
    kinds = ["pictures", *(f"with-{name}" for name in groups), *kinds]
    return WITHOUT_SCRIPTS + element("div", "".join(parts), cls=" ".join(kinds), style=style)


def _arranged(maps: Sequence[Matrix], *, charts: bool) -> tuple[str | None, list[str]]:
    """How many maps stand side by side, on a wide screen and on a phone, and how small they and what stands with
    them must be."""
    if not maps:
        return None, []
    widest, count = max(block.shape[1] for block in maps), len(maps)
    beside = charts and count <= 2 and widest <= BESIDE
    stacked = charts and count == 2 and sum(block.shape[0] for block in maps) <= LOW
    across, narrow = 1 if stacked else min(count, 2), 1 if beside else min(count, 2)
    paired = narrow > 1
    said = {
        "beside": beside,
        "paired": paired,
        "upright": paired and widest > BESIDE,
        "dense": count > 1 and widest > MOST_ACROSS,
    }
    kinds = [kind for kind, holds in said.items() if holds]
    return f"--across:{across};--narrow:{narrow}", kinds


def below(contents: Contents, sheet: str) -> list[Below]:
    """The pictures below the blocks of a sheet that is not the first one."""
    drawn = (one for one in contents.page.book.pictures if one.title.sheet == sheet)
    return [Below(one.title.row, _figure(contents, one)) for one in drawn]


def described(contents: Contents) -> list[dict[str, Any]]:
    """What the scripts must know of pictures that they draw or move, beside what stands in their tables."""
    pictures = contents.page.book.pictures
    return [_described(contents, one) for one in pictures if not isinstance(one.picture, Map | Writing)]


def _described(contents: Contents, drawn: Drawn) -> dict[str, Any]:
    picture, name = drawn.picture, _id(contents, drawn)
    if isinstance(picture, Bars):
        return {"id": name, "kind": "bars", "shares": picture.shares}
    if isinstance(picture, Curves):
        return {
            "id": name,
            "kind": "curves",
            "across": contents.messages(f"picture.{picture.across}"),
            "shares": picture.shares,
            "whole": picture.whole,
            "joined": [picture.joined and curve.joined for curve in picture.curves],
        }
    return {"id": name, "kind": "plane"}


def _id(contents: Contents, drawn: Drawn) -> str:
    return f"picture-{contents.page.book.pictures.index(drawn)}"


def _figure(contents: Contents, drawn: Drawn, found: Found | None = None) -> str:
    """A picture below its title; a map is one of what was `found` on the first sheet."""
    picture, name = drawn.picture, _id(contents, drawn)
    title = text_at(contents, drawn.title, 0, 0, "figcaption", id=f"{name}-title")
    if isinstance(picture, Map):
        assert found is not None
        (cells,) = (one for one in found.drawings if one.place == drawn.cells)
        columns = f"--columns:{picture.block.shape[1]}"
        inside = element("div", table(contents, cells), cls="scroll", style=columns)
    elif isinstance(picture, Writing):
        inside = _writing(contents, picture)
    elif isinstance(picture, Bars):
        inside = draw_bars(contents, picture, drawn.names)
    elif isinstance(picture, Curves):
        inside = draw_curves(contents, picture, drawn.names)
    else:
        assert drawn.plane is not None
        inside = draw_plane(contents, drawn.plane)
    return element("figure", title + inside, cls=f"picture {type(picture).__name__.lower()}", id=name)


def _writing(contents: Contents, picture: Writing) -> str:
    """The words in a line; those that the model has written are set apart."""
    page = contents.page
    words = next(one.words for one in page.model.sentences if one.text is picture.text)
    generated = page.book.generated.get(words.name, frozenset())
    home = page.book.homes[words]
    said = (text_at(contents, home, k, 0, "ins" if k in generated else "span") for k in range(words.shape[0]))
    return element("p", " ".join(said))
