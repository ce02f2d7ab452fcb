"""The pictures of a page: what stands there without any script, and what the scripts draw and move."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest

from xltransformer.building.instance import Instance, make_instance
from xltransformer.classroom.selection import select
from xltransformer.locale import load_messages
from xltransformer.page import pictures
from xltransformer.page.contents import Contents
from xltransformer.teaching.pictures import Bars, Curves, Map, Plane, Writing
from xltransformer.workbook.book import Workbook
from xltransformer.workbook.layout import lay_out

EVERY_KIND = ("cat-and-mouse", "add-norm", "gpt", "positions")
"""Templates that have all kinds of pictures between them."""


@cache
def drawn(name: str, language: str = "en") -> tuple[Instance, Workbook]:
    instance = make_instance(name, language=language)
    return instance, lay_out(instance, instance.trace(), load_messages(language))


class Elements(HTMLParser):
    """The elements of some HTML with their attributes and the text within."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), []))
        self._open.append((tag, self.found[-1][2]))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for _, texts in self._open:
            texts.append(data)


def headline(name: str, language: str = "en") -> tuple[Contents, str]:
    contents = Contents(drawn(name, language)[1], name)
    return contents, pictures.headline(contents.page, contents)


@pytest.mark.parametrize("name", EVERY_KIND)
def test_every_picture_stands_there_with_its_title_and_all_of_its_numbers(name: str) -> None:
    model, (contents, html) = drawn(name)[0].model, headline(name)
    found = Elements(html).found
    figures = [attributes["id"] for tag, attributes, _ in found if tag == "figure"]
    assert figures == [f"picture-{k}" for k in range(len(model.headline.pictures))] or name == "positions"
    titles = ["".join(texts) for tag, _, texts in found if tag == "figcaption"]
    assert all(titles)
    assert len(titles) == len(figures) == len(model.headline.pictures)
    shown: dict[str, dict[tuple[int, int], float]] = {}
    for _, attributes, texts in found:
        if attributes.get("data-entry"):
            i, j = map(int, str(attributes["data-entry"]).split(","))
            assert float(str(attributes["data-built"])) == pytest.approx(float("".join(texts)), abs=0.0051)
            shown.setdefault(str(attributes["data-of"]), {})[i, j] = float(str(attributes["data-built"]))
    for block in _blocks(name):
        values = np.asarray(contents.page.book.values[block], float)
        assert shown[block] == {at: pytest.approx(values[at], rel=1e-5, abs=1e-9) for at in shown[block]}
        assert len(shown[block]) == values.size or name == "positions"  # of which curves show a part


def _blocks(name: str) -> set[str]:
    """The blocks whose numbers pictures that are no maps show."""
    model, found = drawn(name)[0].model, set[str]()
    for picture in model.headline.pictures:
        if isinstance(picture, Bars):
            found |= {block.name for block in picture.values}
        elif isinstance(picture, Curves):
            found |= {block.name for curve in picture.curves for block in (curve.across, curve.up)}
        elif isinstance(picture, Plane):
            assert model.watch is not None
            found |= {block.name for one in model.watch.sentences for block in (one.points, one.move)}
        else:
            assert isinstance(picture, Map | Writing)
    return found


@pytest.mark.parametrize("name", EVERY_KIND)
def test_a_bar_is_as_long_as_its_number(name: str) -> None:
    found = Elements(headline(name)[1]).found
    bars = [
        (attributes, texts) for _, attributes, texts in found if str(attributes.get("class")).startswith("bar ")
    ]
    for attributes, texts in bars:
        said = dict(part.split(":") for part in str(attributes["style"]).split(";"))
        start, end, number = float(said["--from"]), float(said["--to"]), float("".join(texts))
        assert 0 <= start <= end <= 1
        if name == "cat-and-mouse":
            assert (start, end) == (0, pytest.approx(number, abs=0.0051))
    if name == "add-norm":  # some go to the left, all from the same 0
        table = next(attributes for tag, attributes, _ in found if tag == "table" and "--zero" in str(attributes))
        zero = float(str(table["style"]).removeprefix("--zero:"))
        assert 0 < zero < 1
        for attributes, texts in bars:
            ends = re.findall(r"[\d.]+", str(attributes["style"]))
            side = 1 if float("".join(texts)) < 0 else 0
            assert float(ends[side]) == pytest.approx(zero, abs=1e-3)


def test_rows_of_empty_slots_do_not_show() -> None:
    found = Elements(headline("cat-and-mouse")[1]).found
    rows = [
        "".join(texts) for tag, attributes, texts in found if tag == "tr" and attributes.get("class") == "empty"
    ]
    assert rows == ["0.00"] * 4


def test_what_the_model_wrote_is_set_apart() -> None:
    instance, (_, html) = drawn("gpt")[0], headline("gpt")
    words = instance.model.sentences[0].words
    generated = instance.generated[words.name]
    texts = instance.trace()[words.name][:, 0]
    found = [(tag, "".join(said)) for tag, attributes, said in Elements(html).found if tag in ("ins", "span")]
    assert [said for tag, said in found if tag == "ins"] == [str(texts[k]) for k in sorted(generated)]


def test_texts_that_may_change_follow_their_cells() -> None:
    contents, html = headline("cat-and-mouse")
    titles = [attributes for tag, attributes, _ in Elements(html).found if tag == "figcaption"]
    assert all(attributes.get("data-cell") for attributes in titles)
    assert [one["kind"] for one in pictures.described(contents)] == ["plane", "bars", "bars", "plane"]
    _, maps = headline("masks")
    titles = [attributes for tag, attributes, _ in Elements(maps).found if tag == "figcaption"]
    assert len(titles) == 4
    assert not any(attributes.get("data-cell") for attributes in titles)


def test_pictures_below_stand_on_their_sheets() -> None:
    contents, _ = headline("cat-and-mouse")
    sheets = [sheet.name for sheet in contents.workbook.sheets if pictures.below(contents, sheet.name)][1:]
    assert len(sheets) == 1
    (picture,) = pictures.below(contents, sheets[0])
    assert 'id="picture-3"' in picture.html


def test_an_exercise_shows_no_pictures() -> None:
    instance = drawn("first-attention")[0]
    left = select(instance)
    book = lay_out(instance, instance.trace(), load_messages("en"), left)
    contents = Contents(book, "exercise")
    assert pictures.headline(contents.page, contents) == ""
    assert pictures.described(contents) == []
