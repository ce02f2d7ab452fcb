"""Every template's page as it is seen, in the language in which test_page_templates does not look at it: the
first screen at both sizes, the texts, the contract's attributes, accessibility in light and dark, and that it is
alive."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from browser import DESKTOP, PHONE, state, state_line, values
from pages import Shown, each_opened
from test_experiments import IN_TURNS, SHIPPED

from xltransformer.locale import load_messages

if TYPE_CHECKING:
    from playwright.sync_api import Page

NARROWEST = (320, 640)
LOOKS = [(size, scheme) for size in (DESKTOP, PHONE) for scheme in ("light", "dark")]
PARTS = {
    "the title": "h1",
    "the task": "#start .task",
    "the words": '#start .sentences [data-block^="sentence"]',
    "the picture": "#start .headline",
    "the answer": "[data-answer]",
    "the experiments": "[data-experiment]",
    "the settings": "#start .settings .cell",
    "the line of state": "[data-state-line]",
}
"""What the first screen holds."""
TEXT = """() => {
  const main = document.querySelector("main").cloneNode(true);
  for (const script of main.querySelectorAll("script")) script.remove();
  return main.textContent;
}"""
"""All that stands there, seen or not, for steps are laid out late."""
SPEAKS_OF_CODE = re.compile(r"undefined|\[object|\bNaN\b|\{\w+\}|page\.\w+")


OTHERS = [one for one in SHIPPED if one not in IN_TURNS]
shown = each_opened(OTHERS)


@pytest.fixture(autouse=True)
def _as_opened(shown: Shown) -> Iterator[None]:
    """Whatever a test makes of a page's size and colours is taken back."""
    yield
    resize(shown.page, DESKTOP)
    shown.page.emulate_media(color_scheme="light")


def resize(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


BOXES = """(parts) => {
  scrollTo({ top: 0, left: 0, behavior: "instant" });
  const boxes = {};
  for (const [name, selector] of Object.entries(parts)) {
    boxes[name] = Array.from(document.querySelectorAll(selector), (one) => {
      const { left, top, right, bottom } = one.getBoundingClientRect();
      return [left, top, right, bottom];
    });
  }
  return boxes;
}"""


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_first_screen_is_in_view(shown: Shown, size: tuple[int, int]) -> None:
    resize(shown.page, size)
    boxes = shown.page.evaluate(BOXES, PARTS)
    for name, found in boxes.items():
        if name not in ("the settings", "the answer"):  # which not every lesson has
            assert found, f"{name} is not there"
        for left, top, right, bottom in found:
            assert min(right - left, bottom - top) > 0, f"{name} is not seen"
            within = left >= 0 and top >= 0 and right <= size[0] and bottom <= size[1]
            assert within, f"{name} is at {left:.0f}, {top:.0f} to {right:.0f}, {bottom:.0f}"
    assert len(boxes["the experiments"]) == len(shown.made.trials)


@pytest.mark.parametrize("size", [DESKTOP, PHONE, NARROWEST], ids=["desktop", "phone", "narrowest"])
def test_it_never_scrolls_sideways(shown: Shown, size: tuple[int, int]) -> None:
    resize(shown.page, size)
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    shown.page.evaluate("scrollTo({ left: 100, top: 0, behavior: 'instant' })")
    assert shown.page.evaluate("scrollX") == 0


def test_it_speaks_its_language(shown: Shown) -> None:
    page, messages = shown.page, shown.made.messages
    assert page.locator("html").get_attribute("lang").partition("-")[0] == messages.language
    assert page.title() == page.locator("h1").inner_text() == shown.made.instance.template.title[messages.language]
    assert state_line(page).startswith(f"✓ {messages('start.well')}")
    text = page.evaluate(TEXT)
    assert not SPEAKS_OF_CODE.findall(text)
    if messages.language == "zh":
        own = [said for key, said in load_messages("en").texts.items() if key.startswith("page.") and " " in said]
        assert not [said for said in own if "{" not in said and said in text]


def test_it_is_alive(shown: Shown) -> None:
    assert state(shown.page) == "live"
    shown.is_as_numpy()
    shown.type(shown.edits(random.Random(shown.made.name), 5))
    shown.is_as_numpy()


def test_attributes_are_as_agreed(shown: Shown) -> None:
    """Every entry of every block, and its value beside what is shown of it."""
    page, blocks = shown.page, shown.made.instance.model.blocks
    found = values(page)
    assert found.keys() >= blocks.keys()
    assert not [name for name, block in blocks.items() if found[name].shape != block.shape]
    pairs = page.locator("[data-experiment]").evaluate_all(
        "all => all.map((one) => [one.dataset.experiment, one.dataset.done])"
    )
    assert [number for number, _ in pairs] == [str(k) for k in range(1, len(pairs) + 1)]
    assert {done for _, done in pairs} <= {"true", "false"}
    assert page.locator("[data-state-line]").count() == 1


def test_everybody_can_use_it(shown: Shown) -> None:
    """WCAG 2 A and AA as far as axe can tell: each template at one size and in one scheme, and the first in all of
    them. Of large tables a corner stands for the rest, which looks alike, and of the panels every fourth."""
    at = OTHERS.index((shown.made.name, shown.made.messages.language))
    shown.page.evaluate(SAMPLES, at % EVERY)
    for size, scheme in LOOKS if at == 0 else [LOOKS[at % len(LOOKS)]]:
        resize(shown.page, size)
        shown.page.emulate_media(color_scheme=scheme)
        shown.page.evaluate(SCROLLING_IS_TOLD)
        assert not violations(shown.page), (size, scheme)


SCROLLING_IS_TOLD = """async () => {
  const boxes = [...document.querySelectorAll(".layout, .notation, .scroll, .maps")];
  const isTold = (box) => box.scrollWidth > box.clientWidth + 1 === box.hasAttribute("tabindex");
  const end = performance.now() + 10000;
  dispatchEvent(new Event("resize"));
  while (!boxes.every(isTold) && performance.now() < end) await new Promise((done) => setTimeout(done, 20));
}"""
"""Wait until whatever is too wide can be scrolled from the keyboard, which is seen to when there is time, after an
edit only once it comes near."""
EVERY = 4
SAMPLES = """(first) => {
  const panels = document.querySelectorAll("#steps article");
  panels.forEach((panel, k) => { if (k % 4 !== first) panel.remove(); });
  for (const table of document.querySelectorAll("#steps table.block")) {
    for (const row of [...table.rows].slice(4)) row.remove();
    for (const row of table.rows) for (const cell of [...row.cells].slice(5)) cell.remove();
  }
}"""


def violations(page: Page) -> list[str]:
    """What axe finds wrong, each with the first places where it is so."""
    from axe_playwright_python.base import AXE_FILE_PATH  # imported here, for collecting tests is to be quick

    page.evaluate(AXE_FILE_PATH.read_text("utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        """async () => {
          const told = await axe.run(document, {
            runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"],
          });
          const places = (nodes) => nodes.map((one) => one.html);
          return told.violations.map(({ id, help, nodes }) => ({ id, help, places: places(nodes) }));
        }"""
    )
    return [f"{one['id']}: {one['help']}, {len(one['places'])}: {one['places'][:3]}" for one in found]
