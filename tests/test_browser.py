"""The helpers for pages in a browser, on a page as small as can be."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest
from browser import (
    Chromium,
    Evaluate,
    OpenPage,
    calculated,
    entry,
    everything_drawn,
    numbers,
    outline,
    state,
    type_into,
    values,
)

from xltransformer.page.packing import pack

PAGE = """<!doctype html><html lang="en" data-state="shown"><meta charset="utf-8"><title>Small</title>
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<script type="text/plain" id="outline">OUTLINE</script>
<main><section style="height: 3000px"><span data-block="a" data-row="1" data-column="1" data-value="2.5">
<input value="2.5"></span></section>
<section><b data-block="words" data-row="1" data-column="1" data-value="cat">cat</b></section></main>
<p data-state-line>Well.</p>
<script>
const html = document.documentElement, one = document.querySelector("[data-block=a]");
one.querySelector("input").addEventListener("change", (event) => {
  html.dataset.state = "calculating";
  setTimeout(() => { one.dataset.value = event.target.value; html.dataset.state = "live"; }, 50);
});
setTimeout(() => { html.dataset.state = "STATE"; html.dataset.ready = "all"; }, 50);
MORE
</script></html>"""


def written(tmp_path: Path, more: str = "", state: str = "live") -> Path:
    path = tmp_path / "小 page.html"
    path.write_text(
        PAGE.replace("OUTLINE", pack(b'{"name": "small"}')).replace("MORE", more).replace("STATE", state), "utf-8"
    )
    return path


def test_a_page_is_read_and_typed_into(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(written(tmp_path))
    assert state(page) == "live"
    assert outline(page) == {"name": "small"}
    assert values(page)["words"].tolist() == [["cat"]]
    assert numbers(values(page)["a"]).tolist() == [[2.5]]
    type_into(page, "a", 1, 1, "-7")
    assert numbers(values(page)["a"]).tolist() == [[-7]]
    everything_drawn(page)
    assert page.evaluate("scrollY") == 0
    with pytest.raises(AssertionError, match=r"nothing was calculated: live, Well\."):
        calculated(page, page.evaluate("timesLive"), 50)


def test_every_size_and_setting_is_a_context_of_its_own(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(written(tmp_path), (390, 844), color_scheme="dark", fragment="edits=1")
    assert page.evaluate("[innerWidth, innerHeight]") == [390, 844]
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert page.evaluate("location.hash") == "#edits=1"
    bare = open_page(written(tmp_path), java_script_enabled=False)
    assert entry(bare, "words", 1, 1).inner_text() == "cat"
    assert state(open_page(written(tmp_path), init="globalThis.WebAssembly = undefined")) == "live"


def test_what_never_lives_is_told(browser: Chromium, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"not live but failed: Well\."):
        browser.open(written(tmp_path, state="failed"))


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ("new Image().src = 'https://example.org/a.png';", "request: https://example.org/a.png"),
        ("new Image().src = 'other.png';", "request: file://.*other.png"),
        ("fetch('https://example.org/').catch(() => {});", "console: .*Content Security Policy"),
        ("console.error('oh');", "console: oh"),
        ("setTimeout(() => { throw new Error('broken'); });", "error: broken"),
        ("Promise.reject(new Error('unheard'));", "error: unheard"),
        ("location.href = 'https://example.org/';", "request: https://example.org/"),
    ],
)
def test_what_a_page_must_not_do_is_heard(more: str, wrong: str, browser: Chromium, tmp_path: Path) -> None:
    page = browser.open(written(tmp_path, more), live=False)
    page.wait_for_timeout(100)
    (heard,) = browser.close(page).wrong[:1]
    assert re.match(wrong, heard), heard


def test_values_must_be_whole_and_the_same_everywhere(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(written(tmp_path))
    again = (
        "document.body.insertAdjacentHTML('beforeend', `<i data-block=a data-row=%d data-column=1 data-value=3>`)"
    )
    page.evaluate(again % 3)
    with pytest.raises(AssertionError, match="lacks entries of 3 × 1"):
        values(page)
    page.evaluate(again % 1)
    with pytest.raises(AssertionError, match=r"both 2\.5 and 3 in row 1"):
        values(page)


def test_modules_are_evaluated_with_what_they_need(evaluate: Evaluate) -> None:
    assert evaluate([], "given + 1", 2) == 3
    assert evaluate(["unpack.js", "more.js"], "[typeof unpack, typeof readOutline]") == ["function"] * 2


def test_no_loop_is_left_to_others(browser: Chromium) -> None:
    assert asyncio.get_running_loop()
    asyncio._set_running_loop(None)
    with browser.at_work():
        assert browser.blank().evaluate("1 + 1") == 2
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    asyncio._set_running_loop(browser._loop)


def test_where_there_is_no_browser_one_line_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(AssertionError, match=r"^Chromium is missing: run scripts/install-test-tools$"):
        Chromium()
