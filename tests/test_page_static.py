"""The page as it lies in the file: whole, small, and closed to the world outside."""

from __future__ import annotations

import re
import zlib
from functools import cache
from html.parser import HTMLParser

import pytest

from xltransformer.building.instance import describe, make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.locale import load_messages
from xltransformer.page import engine
from xltransformer.page.cells import Found
from xltransformer.page.contents import Contents, name_of
from xltransformer.page.document import MOST_SIZE, document, shared_engine
from xltransformer.page.numbers import shown
from xltransformer.page.packing import unpack
from xltransformer.workbook.book import Workbook
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.writer import render


class Read(HTMLParser):
    """Elements with their attributes, ids, and what links lead to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, attribute: str) -> list[str]:
        """Every value of an attribute."""
        return [str(said[attribute]) for _, said in self.elements if attribute in said]


@cache
def built(name: str, language: str = "en") -> tuple[Workbook, bytes, str]:
    """A template's workbook, as drawn and as bytes, and its page."""
    instance = make_instance(name, language=language)
    drawn = lay_out(instance, instance.trace(), load_messages(language))
    data = render(drawn, {**describe(instance), "language": language})
    return drawn, data, document(instance, drawn, data, name)


def whole(page: str) -> str:
    """The page with the panels that it keeps packed; of a chapter that is begun no second beginning."""
    packed = re.search(r'<script type="text/plain" id="more">(.*?)</script>', page, re.DOTALL)
    if packed is None:
        return page
    begun, *chapters = re.split(r"(?=<section class=\"chapter\")", unpack(packed[1]).decode())
    assert not begun
    name = re.match(r'<section class="chapter" id="([^"]+)">', chapters[0])
    assert name
    if f'id="{name[1]}"' in page:
        chapters[0] = chapters[0].replace(name[0], "<section>")
    return page.replace(packed[0], "".join(chapters))


@pytest.mark.parametrize("name", shipped_templates())
def test_every_drawing_of_every_sheet_is_on_the_page_at_its_place(name: str) -> None:
    drawn, _, page = built(name)
    contents, read = Contents(drawn, name), Read(whole(page))
    there = {(said["data-of"], said.get("data-at")) for _, said in read.elements if "data-of" in said}
    for sheet in drawn.shown[1:]:
        for block, place in sheet.drawn:
            assert (block.name, name_of(contents.at(place))) in there
    assert {block.name for block in drawn.page.model.blocks.values()} <= {of for of, _ in there}  # type: ignore[union-attr]


@pytest.mark.parametrize("name", shipped_templates())
def test_a_page_is_little_more_than_engine_and_workbook(name: str) -> None:
    _, data, page = built(name)
    parts = len(zlib.compress(engine.engine(), 9)) + len(data)
    assert len(page.encode()) / parts < MOST_SIZE + 0.02


@pytest.mark.parametrize("name", ["cat-and-mouse", "gpt", "trainable-attention", "sentences"])
def test_links_lead_to_what_is_there_and_ids_are_their_own(name: str) -> None:
    read = Read(whole(built(name)[2]))
    ids = read.all("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in read.all("href") if link.startswith("#")} <= set(ids)
    for attribute in ("aria-labelledby", "aria-describedby", "aria-controls", "for"):
        assert {name for said in read.all(attribute) for name in said.split()} <= set(ids)


@pytest.mark.parametrize("name", ["cat-and-mouse", "encoder-decoder"])
def test_nothing_comes_from_outside(name: str) -> None:
    read = Read(whole(built(name, "zh")[2]))
    assert not read.all("src")
    assert all(link.startswith("#") for link in read.all("href"))
    assert not any(attribute.startswith("on") for _, said in read.elements for attribute in said)
    (policy,) = (said["content"] for tag, said in read.elements if said.get("http-equiv"))
    assert str(policy).startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in str(policy).partition("style-src")[0]


def test_a_page_carries_its_workbook_and_the_licences_of_its_parts() -> None:
    _, data, page = built("cat-and-mouse")
    packed = re.search(r'id="workbook">(.*?)</script>', page, re.DOTALL)
    assert packed
    assert unpack(packed[1]) == data
    assert "Apache License" in page
    assert engine.engine_name() in page


def test_pages_may_share_an_engine() -> None:
    instance = make_instance("masks")
    drawn = lay_out(instance, instance.trace(), load_messages())
    page = document(instance, drawn, render(drawn, describe(instance)), "masks", shared=True)
    assert Read(page).all("src") == ["engine.js"]
    assert len(page.encode()) < 1_000_000 < len(shared_engine())


def test_the_same_workbook_gives_the_same_page() -> None:
    instance = make_instance("masks")
    drawn = lay_out(instance, instance.trace(), load_messages())
    data = render(drawn, describe(instance))
    assert document(instance, drawn, data, "masks") == document(instance, drawn, data, "masks")


@pytest.mark.parametrize(
    ("value", "number", "said"),
    [
        (0.125, "0.00", "0.13"), (-0.001, "0.00", "0.00"), (2.0, "0", "2"), (1e7, "0.00E+0", "1.00E+7"),
        (-1e30, '[<-1E+29]"−∞";[<0]-0.00;0.00', "−∞"), (-1.5, '[<-1E+29]"−∞";[<0]-0.00;0.00', "-1.50"),
        (0.0, '0;-0;"none"', "none"), (3.0, '0;-0;"none"', "3"), (0.25, '"at most "0.00', "at most 0.25"),
        (1.0, '"✓ well";;"✗ look"', "✓ well"), (0.0, '"✓ well";;"✗ look"', "✗ look"), (0.1, "General", "0.1"),
        ("cat", "@", "cat"), (None, "0.00", ""), (True, "0.00", "TRUE"),
    ],
)  # fmt: skip
def test_numbers_show_as_the_sheet_shows_them(value: object, number: str, said: str) -> None:
    assert shown(value, number) == said


def test_labels_belong_to_their_drawing() -> None:
    drawn, _, _ = built("masks")
    found = [Found(sheet) for sheet in drawn.shown[1:]]
    labelled = [one for sheet in found for one in sheet.drawings if one.block is not None and one.symbol]
    assert labelled
    for one in labelled:
        assert one.rows is None or one.rows.shape == (one.place.shape[0], 1)
        assert one.columns is None or one.columns.shape == (1, one.place.shape[1])
