"""The first screen of a page, and the way around in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import DESKTOP, PHONE, Chromium, OpenPage, calculated, field_of, type_into

from xltransformer import api
from xltransformer.building.instance import make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.classroom.selection import select
from xltransformer.locale import load_messages
from xltransformer.page import first
from xltransformer.page.contents import Contents
from xltransformer.page.panels import number_panels
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.start.experiments import invited
from xltransformer.workbook.start.inputs import settings_of
from xltransformer.workbook.start.words import answers_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

PARTS = ("h1", ".task", ".sentences", ".headline", ".answers", ".experiments", ".settings", "[data-state-line]")
"""What the first screen shows, as far as a template has it."""


@cache
def drawn(name: str, language: str = "en") -> tuple[Contents, str]:
    """What a template's workbook puts on the page, and the first screen."""
    instance = make_instance(name, language=language)
    contents = Contents(lay_out(instance, instance.trace(), load_messages(language)), name)
    number_panels(contents)
    return contents, first.draw(contents.page, instance, contents)


def texts(html: str, attribute: str) -> list[str]:
    """The texts of the elements that have an attribute and hold nothing but text."""
    return re.findall(rf"<\w+[^>]* {attribute}(?:=[^>]*)?>([^<]*)<", html)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "name", ["cat-and-mouse", "apple", "decoder", "names", "recurrent", "trainable-attention"]
)
def test_everything_of_the_sheet_is_there(name: str, language: str) -> None:
    contents, html = drawn(name, language)
    page, instance = contents.page, make_instance(name, language=language)
    words = [cell for one in page.model.sentences for cell in page.book.values[one.words.name].ravel()]
    fields = re.findall(r'data-edit="word" data-label="([^"]+)">', html)
    assert len(fields) == len(set(fields)) == len(words)
    assert html.count('class="setting"') == len(settings_of(page))
    assert html.count("data-answer") == len(list(answers_of(page)))
    there = [one.experiment for one in invited(page, instance)]
    assert re.findall(r'data-experiment="(\d)" data-done="false"', html) == [str(k + 1) for k in range(len(there))]
    assert html.count('class="to-field') == len(there)
    assert "{cell}" not in html
    assert (page.model.draws is None) == ("cell draw" not in html)
    for line in ("title", "task", "intro_line", "status"):
        said = [str(cell.shown or cell.content) for cell in page_cells(contents) if cell.style[0] == line]
        assert all(text in html for text in said if line != "intro_line")


def page_cells(contents: Contents) -> Iterator[Any]:
    """The single cells of the first sheet."""
    yield from contents.workbook.sheets[0].single.values()


def test_numbers_drawn_at_random_are_told_below_the_title() -> None:
    assert 'class="drawn"' in drawn("trainable-attention")[1]
    assert 'class="drawn"' not in drawn("cat-and-mouse")[1]


def test_words_of_another_language_have_their_glosses() -> None:
    assert "banana" in texts(drawn("apple")[1], "data-cell")


def test_slots_that_the_model_writes_are_set_apart() -> None:
    assert drawn("gpt")[1].count('class="slot written"') == 7


def test_an_exercise_shows_its_score() -> None:
    instance = make_instance()
    left = select(instance, ["scores"])
    contents = Contents(lay_out(instance, instance.trace(), load_messages("en"), left), "exercise")
    number_panels(contents)
    html = first.draw(contents.page, instance, contents)
    cells = sum(len(cells) for cells in left.values())
    assert "data-experiment" not in html
    assert "data-answer" not in html
    assert f"0 / {cells}" in texts(html, "data-cell")
    assert 'href="#p-' in html[html.index('class="score"') :]


@cache
def built(folder: Path, name: str, language: str) -> Path:
    """A template's page as a file."""
    path = folder / f"{name}.{language}.html"
    api.build(path, template=name, language=language)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("first")


def out_of_view(page: Page, size: tuple[int, int]) -> list[str]:
    """The parts of the first screen that a window does not show whole; and whether it scrolls sideways."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    found: list[str] = page.evaluate(
        """(parts) => {
          const places = parts.map((part) => [part, document.querySelector(`#start ${part}`)]);
          const out = places.filter(([, one]) => {
            if (!one) return false;
            const { left, top, right, bottom } = one.getBoundingClientRect();
            return left < 0 || top < 0 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5 || top === bottom;
          });
          const wide = document.documentElement.scrollWidth > innerWidth ? ["sideways"] : [];
          return [...out.map(([part]) => part), ...wide];
        }""",
        list(PARTS),
    )
    return found


@pytest.mark.parametrize(
    ("name", "language"),
    [
        *((name, "en") for name in shipped_templates()),
        ("cat-and-mouse", "zh"),
        ("encoder", "zh"),
        ("decoder", "zh"),
    ],
)
def test_the_first_screen_is_in_view(name: str, language: str, folder: Path, open_page: OpenPage) -> None:
    page = open_page(built(folder, name, language), DESKTOP, live=False)
    assert out_of_view(page, DESKTOP) == []
    assert out_of_view(page, PHONE) == []


@pytest.fixture(scope="module")
def lesson(folder: Path, browser: Chromium) -> Iterator[Page]:
    """One page that is live."""
    page = browser.open(built(folder, "cat-and-mouse", "en"))
    yield page
    assert not browser.close(page).wrong


def test_it_stays_in_view_when_the_page_is_live(lesson: Page) -> None:
    assert out_of_view(lesson, PHONE) == []
    assert out_of_view(lesson, DESKTOP) == []


@pytest.mark.parametrize("width", [320, 414, 768, 1100, 1920])
def test_no_width_scrolls_sideways(width: int, lesson: Page) -> None:
    lesson.set_viewport_size({"width": width, "height": 800})
    wide = lesson.evaluate("document.documentElement.scrollWidth - innerWidth")
    lesson.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    assert wide <= 0


def test_an_experiment_leads_to_its_field_and_ticks_itself(lesson: Page) -> None:
    done = lesson.locator('[data-experiment="1"]')
    link = done.locator(".to-field")
    link.hover()
    assert lesson.locator(".meant").count() == 1
    link.click()
    assert field_of(lesson, "sentence.0.words", 1, 1).evaluate("one => one === document.activeElement")
    type_into(lesson, "sentence.0.words", 1, 1, "keyboard")
    assert done.get_attribute("data-done") == "true"
    assert done.locator(".mark").inner_text() == "✓"
    assert done.locator(".explanation").inner_text()
    assert "You changed" in lesson.locator("[data-state-line]").inner_text()
    before = lesson.evaluate("timesLive")
    lesson.locator("#reset").click()
    calculated(lesson, before)
    assert done.get_attribute("data-done") == "false"


def test_an_experiment_leads_to_a_field_far_below(lesson: Page) -> None:
    lesson.locator('[data-experiment="2"] .to-field').click()
    lesson.locator(":focus").wait_for()
    held = "document.activeElement.closest('[data-block]')?.dataset.block"
    lesson.wait_for_timeout(1500)
    assert lesson.evaluate(held) == "embeddings"
    lesson.evaluate("scrollTo({ top: 0, behavior: 'instant' })")


def test_the_line_of_state_stands_out_where_something_is_amiss(lesson: Page) -> None:
    line = lesson.locator("[data-state-line]")
    type_into(lesson, "sentence.0.words", 1, 1, "unheard")
    assert line.get_attribute("data-amiss") == "true"
    assert line.inner_text().startswith("✗")
    type_into(lesson, "sentence.0.words", 1, 1, "cat")
    assert line.get_attribute("data-amiss") == "false"


def test_every_field_has_a_name(lesson: Page) -> None:
    unnamed = lesson.evaluate(
        """() => [...document.querySelectorAll("#start :is(input, select)")]
          .filter((one) => !one.getAttribute("aria-label") && !one.labels.length).length"""
    )
    assert unnamed == 0
    assert field_of(lesson, "sentence.0.words", 2, 1).get_attribute("aria-label") is not None


def test_light_and_dark_are_kept_where_that_is_allowed(lesson: Page) -> None:
    switch, ground = lesson.locator("#scheme"), "getComputedStyle(document.body).backgroundColor"
    light = lesson.evaluate(ground)
    switch.click()
    assert switch.get_attribute("aria-pressed") == "true"
    assert lesson.evaluate(ground) != light
    lesson.reload()
    assert lesson.evaluate("document.documentElement.dataset.scheme") == "dark"
    switch.click()
    assert lesson.evaluate(ground) == light


def test_the_list_of_steps_is_a_drawer_on_a_phone(folder: Path, open_page: OpenPage) -> None:
    page = open_page(built(folder, "cat-and-mouse", "en"), PHONE, live=False)
    menu, drawer = page.locator("#menu"), page.locator("#map")
    assert not drawer.is_visible()
    menu.click()
    assert drawer.is_visible()
    assert menu.get_attribute("aria-expanded") == "true"
    for key in ("Shift+Tab", "Tab", "Tab"):
        page.keyboard.press(key)
        assert page.evaluate("document.getElementById('map').contains(document.activeElement)")
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.id") == "menu"
    menu.click()
    drawer.locator("a").nth(3).click()
    drawer.wait_for(state="hidden")
    assert page.evaluate("scrollY") > 0


def test_the_step_that_is_read_is_marked(lesson: Page) -> None:
    panel = lesson.locator(".panel:has(h3)").nth(4)
    name = panel.get_attribute("id")
    panel.evaluate("one => one.scrollIntoView({ behavior: 'instant' })")
    lesson.locator(f'#map a[aria-current][href="#{name}"]').wait_for()
    lesson.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    lesson.locator('#map a[aria-current][href="#start"]').wait_for()


def test_what_is_wider_than_the_screen_scrolls_by_itself(folder: Path, open_page: OpenPage) -> None:
    page = open_page(built(folder, "cat-and-mouse", "en"), PHONE, live=False)
    box = page.locator(".layout[tabindex='0'][role='region']").first
    page.locator(".panel").nth(2).evaluate("one => one.scrollIntoView({ behavior: 'instant' })")
    box.wait_for()
    assert box.get_attribute("aria-label")


def test_paper_shows_no_buttons(lesson: Page) -> None:
    lesson.emulate_media(media="print")
    assert not lesson.locator("#download").is_visible()
    assert not lesson.locator("#map").is_visible()
    assert lesson.locator("#start h1").is_visible()
    lesson.emulate_media(media="screen")
