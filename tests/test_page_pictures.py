"""The pictures of a page: what stands there without any script, and what the scripts draw and move."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from browser import PHONE, Evaluate, OpenPage, type_into

from xltransformer import api
from xltransformer.building.instance import Instance, make_instance
from xltransformer.classroom.selection import select
from xltransformer.locale import load_messages
from xltransformer.page import pictures
from xltransformer.page.contents import Contents
from xltransformer.teaching.pictures import Bars, Curves, Map, Plane, Writing
from xltransformer.workbook.book import Workbook
from xltransformer.workbook.layout import lay_out

if TYPE_CHECKING:
    from playwright.sync_api import Page

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


@pytest.fixture(scope="module")
def cat_and_mouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "cat-and-mouse.html"
    api.build(path)
    return path


SEEN = """() => {
  const at = (element) => element.getAttribute("transform").match(/[-\\d.]+/g).map(Number);
  const ticks = { across: [], up: [] };
  for (const tick of document.querySelectorAll("#picture-0 .tick")) {
    const value = Number(tick.textContent.replace("−", "-"));
    const along = tick.getAttribute("text-anchor") === "middle" ? "across" : "up";
    ticks[along].push([value, Number(tick.getAttribute(along === "across" ? "x" : "y"))]);
  }
  const numbers = (kind) => Array.from(document.querySelectorAll(`#picture-0 tr[data-kind=${kind}]`), (row) =>
    Array.from(row.querySelectorAll(".cell"), (cell) => Number(cell.dataset.value)));
  const drawn = (look) => Array.from(document.querySelectorAll(`#picture-0 .${look}`), at);
  return { ticks, numbers: [numbers("before"), numbers("after")], drawn: [drawn("before"), drawn("after")] };
}"""
"""The plane as it is drawn, in pixels, and its numbers."""
MOVED = """() => new Promise((done) => {
  const frames = [];
  const root = document.documentElement;
  const after = document.querySelector("#picture-0 .after");
  const next = () => {
    frames.push([root.dataset.state, after.getAttribute("transform")]);
    if (frames.length < 500 && !(frames.length > 20 && frames.at(-1)[1] === frames.at(-20)[1])) {
      requestAnimationFrame(next);
    } else done(frames);
  };
  new MutationObserver(() => root.dataset.state === "live" && next()).observe(root, { attributes: true });
})"""
"""Where the watched word is drawn frame by frame, from when the page is live again until it rests."""
CLOCK = """() => {
  let time = performance.now();
  performance.now = () => time;
  globalThis.requestAnimationFrame = (frame) => setTimeout(() => frame(time += 20));
  globalThis.cancelAnimationFrame = clearTimeout;
}"""
"""Between two frames 20 ms pass, however busy the machine is."""
BARS = """() => Array.from(document.querySelectorAll(".bars tr:not(.empty) .bar"), (bar) =>
  [Number(bar.style.getPropertyValue("--to")), Number(bar.querySelector(".cell").dataset.value),
   bar.closest("tr").querySelector("th").textContent])"""
NAMES = """() => Array.from(document.querySelectorAll("#picture-0 .name"), (name) => {
  const { left, right, top, bottom } = name.getBoundingClientRect();
  return [name.textContent, left, top + 2, right, bottom - 2];
})"""


def check_plane(page: Page) -> None:
    """Every marker stands where its numbers are on the axes."""
    seen = page.evaluate(SEEN)
    for numbers, drawn in zip(seen["numbers"], seen["drawn"], strict=True):
        for side, axis in enumerate(("across", "up")):
            values, pixels = np.array(seen["ticks"][axis], float).T
            assert len(values) > 1
            slope, start = np.polyfit(values, pixels, 1)
            found = [place[side] for place in drawn]
            # The numbers of ticks stand a little below their lines.
            offset = 11.5 / 3 if axis == "up" else 0
            expected = [slope * point[side] + start - offset for point in numbers]
            assert found == pytest.approx(expected, abs=1.5), axis


def check_names(page: Page) -> None:
    """No name covers another one."""
    names = page.evaluate(NAMES)
    assert len(names) > 5
    for k, (one, left, top, right, bottom) in enumerate(names):
        for other, left2, top2, right2, bottom2 in names[:k]:
            apart = right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
            assert apart, f"{one} and {other} cover each other"


def test_pictures_move_to_where_the_numbers_are_and_hold_nothing_up(
    open_page: OpenPage, cat_and_mouse: Path
) -> None:
    page = open_page(cat_and_mouse)
    check_plane(page)
    check_names(page)
    page.evaluate(CLOCK)
    page.evaluate(f"() => {{ globalThis.moved = ({MOVED})(); }}")
    type_into(page, "sentence.0.words", 1, 1, "keyboard")
    frames = page.evaluate("moved")
    places = [place for _, place in frames]
    assert {state for state, _ in frames} == {"live"}  # the numbers were there before
    assert len(set(places)) > 2, "it did not move"
    check_plane(page)
    check_names(page)
    type_into(page, "sentence.0.words", 6, 1, "cat")  # into an empty slot: one bar more
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    bars = page.evaluate(BARS)
    assert [name for _, _, name in bars] == [
        "keyboard",
        "and",
        "mouse",
        "are",
        "friends",
        "cat",
        "keyboard",
        "and",
        "mouse",
        "are",
        "useful",
    ]
    assert [end for end, _, _ in bars] == pytest.approx([value for _, value, _ in bars])
    described = page.locator("#picture-0 svg").get_attribute("aria-describedby")
    assert page.locator(f"#{described}").text_content()


def test_nothing_moves_where_that_is_not_wanted(open_page: OpenPage, cat_and_mouse: Path) -> None:
    page = open_page(cat_and_mouse, PHONE, reduced_motion="reduce")
    check_plane(page)
    check_names(page)
    page.evaluate(f"() => {{ globalThis.moved = ({MOVED})(); }}")
    type_into(page, "sentence.0.words", 1, 1, "keyboard")
    assert len({place for _, place in page.evaluate("moved")}) <= 2
    check_plane(page)
    sides = page.evaluate("() => getComputedStyle(document.querySelector('.bar'), '::before').transitionDuration")
    assert sides in ("0s", "0s, 0s")


def test_without_scripts_the_numbers_stand_there(open_page: OpenPage, cat_and_mouse: Path) -> None:
    page = open_page(cat_and_mouse, live=False, java_script_enabled=False)
    assert page.locator("#picture-0 .points").is_visible()
    assert not page.locator("#picture-0 .drawing").is_visible()
    assert page.locator("#picture-1 .bar").first.is_visible()


def test_ticks_are_round_numbers(evaluate: Evaluate) -> None:
    ranges = [[0, 1, 5], [-0.13, 1.7, 4], [1, 11, 6], [0, 1e-7, 4], [-3e8, 2e9, 4]]
    found = evaluate(["plot.js"], "given.map(([low, high, count]) => ticksBetween(low, high, count))", ranges)
    assert found[0] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    for (low, high, _), ticks in zip(ranges, found, strict=True):
        assert len(ticks) >= 2
        assert low <= ticks[0] + 1e-9 * (high - low)
        assert ticks[-1] <= high * (1 + 1e-9)
    said = evaluate(["plot.js"], "given.map(saidTicks)", [[-0.5, 0, 0.5], [0, 2, 4]])
    assert said == [["−0.5", "0.0", "0.5"], ["0", "2", "4"]]


def test_curves_without_numbers_or_with_one_draw_nothing_wrong(evaluate: Evaluate) -> None:
    told = {"across": "steps", "shares": False, "whole": True}
    curves = [[], [{"points": [[1, 2]], "joined": True}], [{"points": [[1, 0], [2, 0]], "joined": False}]]
    drawn = evaluate(
        ["curves.js"], "given[0].map((one) => curveShapes(one, given[1], 300, 200, 11))", [curves, told]
    )
    assert drawn[0] == []
    for shapes in drawn[1:]:
        assert all(np.isfinite(shape["at"]).all() for shape in shapes)
