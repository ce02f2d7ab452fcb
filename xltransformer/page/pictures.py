"""Pictures of the page: bars, maps and writing as they are; planes and curves as numbers that a script draws."""

from __future__ import annotations

from typing import Any

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

NARROW = 8
"""How many entries across maps side by side may have on a phone for their numbers to have room."""
GROUPS: dict[type[Picture], str] = {
    Writing: "writings", Map: "maps", Bars: "charts", Curves: "charts", Plane: "planes",
}  # fmt: skip
"""What stays together where there is no room for all side by side."""
WITHOUT_SCRIPTS = (
    "<noscript><style>.drawing,.legend{display:none}"
    ".picture .numbers{position:static;visibility:visible}</style></noscript>"
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
    parts = (element("div", "".join(figures), cls=f"{name} group") for name, figures in groups.items())
    across = [one.picture.block.shape[1] for one in drawn if isinstance(one.picture, Map)]
    dense = len(across) > 1 and max(across) > NARROW
    kinds = ["pictures", *(f"with-{name}" for name in groups), *(["dense"] if dense else [])]
    return WITHOUT_SCRIPTS + element("div", "".join(parts), cls=" ".join(kinds))


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
        inside = element("div", table(contents, cells), cls="scroll")
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
