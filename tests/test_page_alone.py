"""A page where things are otherwise than usual: without scripts, engine, worker or storage, with reduced motion,
with bad input, from a link; by the example of cat-and-mouse. Keyboard and finger are test_page_origin's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browser import (
    PHONE,
    OpenPage,
    calculated,
    everything_drawn,
    field_of,
    numbers,
    state,
    state_line,
    type_into,
    values,
)
from pages import Shown, write
from test_experiments import Made, made

from xltransformer.graph import Array
from xltransformer.locale import languages

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAME = "cat-and-mouse"
WORD = ("sentence.0.words", 1, 1)
NUMBER = ("embeddings", 1, 1)
WEIGHTS = "sentence.0.projected_attention.weights"
FORBIDDEN_TO_KEEP = """for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
  Object.defineProperty(globalThis, name, { get() { throw new DOMException("denied", "SecurityError"); } });
}"""


@pytest.fixture(scope="module")
def one() -> Made:
    return made(NAME, "en")


@pytest.fixture(scope="module")
def path(one: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(one, tmp_path_factory.mktemp("alone"))


def same(found: dict[str, Array], expected: dict[str, Array]) -> None:
    """All texts are the same, and numbers but for roundings."""
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        for one, other in zip(found[name].ravel(), array.ravel(), strict=True):
            assert one == other or abs(float(one) - float(other)) < 1e-12 * max(1, abs(float(other))), name


def looked_up(page: Page) -> list[str]:
    """The words of the first sentence."""
    return [str(word) for word in values(page)[WORD[0]].ravel()]


def cut(html: str, part: str) -> str:
    """A page whose packed part breaks off."""
    return re.sub(rf'(id="{part}">\w+:\d+\n[^<]{{200}})[^<]*', r"\1", html)


@pytest.mark.parametrize("language", languages())
def test_without_scripts_it_reads_well(language: str, open_page: OpenPage, tmp_path: Path) -> None:
    one = made(NAME, language)
    page = open_page(write(one, tmp_path), PHONE, java_script_enabled=False)
    assert state(page) == "shown"
    text = page.locator("body").inner_text()
    for part in (
        *one.instance.template.task.values(),
        one.messages("start.well"),
        one.instance.sentences[0].split()[0],
    ):
        assert part in text or part not in one.instance.template.task[language]
    assert page.locator("[data-answer]").first.inner_text().strip()
    assert page.locator("#steps math").count() > 10
    weights = one.instance.trace()[WEIGHTS].ravel()
    shown = page.locator(f'#steps table[data-of="{WEIGHTS}"] tbody td')
    shown = shown.all_text_contents()[
        : weights.size
    ]  # not as seen, for steps are laid out when they come into view
    there = [(float(text), weight) for text, weight in zip(shown, weights, strict=True) if text.strip()]
    assert len(there) >= 25  # of five words; empty places are blank
    np.testing.assert_allclose(*zip(*there, strict=True), atol=0.006)
    assert not page.locator("input:visible, select:visible").count()


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param(
            lambda html: html.replace("wasm-unsafe-eval", "report-sample"), id="WebAssembly is forbidden"
        ),
        pytest.param(
            lambda html: re.sub(r'(id="engine">\w+:\d+\n[^<]{999})[^<]*', r"\1", html), id="engine cut off"
        ),
        pytest.param(
            lambda html: re.sub(r'(id="workbook">\w+:\d+\n[^<]{99})[^<]*', r"\1", html), id="workbook cut"
        ),
    ],
)
def test_where_no_engine_starts_the_reason_stands_there(
    spoiled: Any, path: Path, one: Made, open_page: OpenPage, tmp_path: Path
) -> None:
    html = path.read_text("utf-8")
    bad = tmp_path / "bad.html"
    bad.write_text(spoiled(html), "utf-8")
    assert spoiled(html) != html
    page = open_page(bad, live=False, quiet=False)
    page.wait_for_selector('html[data-state="failed"]', state="attached")
    (said,) = page.locator('[role="alert"]:visible').all_inner_texts()
    assert len(said) > 20
    assert "\n" not in said
    everything_drawn(page)
    shown, built = values(page), one.instance.trace()
    np.testing.assert_allclose(numbers(shown[WEIGHTS]), built[WEIGHTS], atol=0.006)
    assert looked_up(page)[0] == "cat"
    assert field_of(page, *WORD).is_editable() is False


@pytest.mark.parametrize(
    "init",
    [
        pytest.param(FORBIDDEN_TO_KEEP, id="nothing may be kept"),
        pytest.param("delete globalThis.Worker;", id="no worker"),
        pytest.param(
            "globalThis.Worker = class { constructor() { throw new Error('no'); } };", id="worker forbidden"
        ),
        pytest.param("delete globalThis.requestIdleCallback;", id="no idle time"),
    ],
)
def test_it_lives_where_a_browser_has_less(init: str, path: Path, open_page: OpenPage) -> None:
    page = open_page(path, init=init)
    before = numbers(values(page)[WEIGHTS])
    type_into(page, *WORD, "keyboard")
    assert not np.array_equal(numbers(values(page)[WEIGHTS]), before)


def test_pictures_stand_still_where_motion_is_reduced(path: Path, open_page: OpenPage) -> None:
    for motion, moves in (("reduce", False), ("no-preference", True)):
        page = open_page(path, reduced_motion=motion)
        type_into(page, *WORD, "keyboard")
        at_once = page.locator(".headline").inner_html()
        page.wait_for_timeout(600)
        assert (page.locator(".headline").inner_html() != at_once) == moves, motion
        assert page.evaluate("document.getAnimations().length") == 0


BAD: dict[str, tuple[tuple[str, int, int], str]] = {
    "a text for a number": (NUMBER, "blub"),
    "too large": (NUMBER, "1e400"),
    "a formula that fails": (NUMBER, "=1/0"),
    "a formula of nothing": (NUMBER, "=("),
    "a temperature of 0": (("switches.temperature", 1, 1), "0"),
    "no temperature": (("switches.temperature", 1, 1), ""),
    "an unknown word": (WORD, "blub"),
    "markup": (WORD, "<img src=x onerror=alert(1)>"),
    "a quotation mark": (WORD, "\"'`${1}\\"),
    "control characters": (WORD, "a\u0001\u202eb\ufffe"),
    "300 letters": (WORD, "x" * 300),
}


@pytest.fixture(scope="module")
def alive(path: Path, browser: Any) -> Any:
    page = browser.open(path)
    everything_drawn(page)
    yield page
    assert not browser.close(page).wrong


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_told_and_breaks_nothing(what: str, alive: Page) -> None:
    place, text = BAD[what]
    as_built, field = values(alive), field_of(alive, *place)
    type_into(alive, *place, text)
    assert state(alive) == "live"
    assert state_line(alive).startswith("✗"), state_line(alive)
    assert alive.evaluate("document.documentElement.scrollWidth <= innerWidth")
    described = field.get_attribute("aria-describedby")
    if place != WORD:
        assert field.get_attribute("aria-invalid") == "true"
        assert described
        assert alive.locator(f"#{described}").inner_text().strip()
    type_into(alive, *place, str(as_built[place[0]][place[1] - 1, place[2] - 1]))
    assert state_line(alive).startswith("✓"), state_line(alive)
    same(values(alive), as_built)


def test_an_empty_word_is_an_empty_place(alive: Page, one: Made, path: Path) -> None:
    shown = Shown(one, path, alive, {})
    before = looked_up(alive)
    type_into(alive, "sentence.0.words", 2, 1, "")
    assert looked_up(alive) == [before[0], "", *before[2:]]
    assert state_line(alive).startswith("✓")
    shown.is_as_numpy()
    type_into(alive, "sentence.0.words", 2, 1, before[1])


def test_a_link_holds_the_edits(path: Path, open_page: OpenPage) -> None:
    page = open_page(path)
    type_into(page, *WORD, "keyboard")
    type_into(page, *NUMBER, "-2.5")
    everything_drawn(page)
    edited = values(page)
    page.wait_for_timeout(1000)  # for browsers limit how often an address changes
    fragment = page.url.partition("#")[2]
    assert fragment
    other = open_page(path, fragment=fragment)
    calculated(other, 0)
    everything_drawn(other)
    same(values(other), edited)
    assert state_line(other) == state_line(page)


def test_what_has_become_wider_is_scrolled_from_the_keyboard(path: Path, open_page: OpenPage) -> None:
    page = open_page(path)
    page.evaluate("document.querySelector('.panel .layout:not([tabindex])').id = 'wider'")
    box = page.locator("#wider")
    box.scroll_into_view_if_needed()
    assert box.get_attribute("tabindex") is None
    box.evaluate("one => { one.lastElementChild.style.minWidth = '3000px'; }")
    type_into(page, *WORD, "keyboard")
    box.scroll_into_view_if_needed()
    page.wait_for_selector('#wider[tabindex="0"][role="region"][aria-label]')


@pytest.mark.parametrize("fragment", ["%", "&&==&=", "sentence.0.words.1=%E4%BD", "x=1", "sentence.0.words.99=cat",
                                      "embeddings.1.1=%3D1%2F0", "__proto__=1", "<b>"])  # fmt: skip
def test_a_broken_link_breaks_nothing(fragment: str, path: Path, open_page: OpenPage) -> None:
    page = open_page(path, fragment=fragment)
    assert looked_up(page)[0] == "cat"
    assert state_line(page).startswith("✓")
