"""A link holds the edits of a page, in words that can be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import Evaluate, OpenPage, calculated, entry, type_into

from xltransformer import api

if TYPE_CHECKING:
    from playwright.sync_api import Page

BLOCKS = {
    "words": {"shape": [3, 1], "edit": "word", "text": True},
    "words.1": {"shape": [2, 2], "edit": "input", "text": False},
    "temperature": {"shape": [1, 1], "edit": "input", "text": False},
    "scores": {"shape": [3, 3], "edit": None, "text": False},
}
READ = "readFragment(given.fragment, given.blocks)"
WRITTEN = "writtenFragment(given.edits, given.blocks, given.step)"


def edit(block: str, row: int, column: int, value: Any) -> dict[str, Any]:
    return {"block": block, "row": row, "column": column, "value": value}


def read(evaluate: Evaluate, fragment: str) -> dict[str, Any]:
    found: dict[str, Any] = evaluate(["fragment.js"], READ, {"fragment": fragment, "blocks": BLOCKS})
    return found


def test_what_is_written_is_read(evaluate: Evaluate) -> None:
    edits = [
        edit("words", 2, 0, "键盘 & mouse=1%#+"), edit("words.1", 1, 0, 0.1 + 0.2), edit("words.1", 0, 1, -1e-300),
        edit("temperature", 0, 0, ""), edit("words", 0, 0, "=A1"),
    ]  # fmt: skip
    fragment = evaluate(["fragment.js"], WRITTEN, {"edits": edits, "blocks": BLOCKS, "step": "p-1-3"})
    assert fragment.startswith("p-1-3&words.3=%E9%94%AE")
    assert fragment.endswith("&words.1.2.1=0.30000000000000004&words.1.1.2=-1e-300&temperature=&words.1=%3DA1")
    told = [
        {**one, "value": one["value"] if isinstance(one["value"], str) else repr(one["value"])} for one in edits
    ]
    assert read(evaluate, fragment) == {"step": "p-1-3", "bad": [], "edits": told}


def test_what_says_nothing_here_is_told(evaluate: Evaluate) -> None:
    bad = ["words=x", "words.4=x", "words.0=x", "words.1.1.1.1=2", "scores.1.1=2", "nothing=1", "later"]
    bad += ["__proto__=1", "temperature.1.1=3", "temperature==A1", "words.-1=x", "words.1e0=x", "=", "%=1"]
    found = read(evaluate, "&".join(["start", *bad, "words.2=cat", ""]))
    assert found == {"step": "start", "bad": bad, "edits": [edit("words", 1, 0, "cat")]}
    assert read(evaluate, "") == {"step": "", "bad": [], "edits": []}


def test_a_link_leads_to_a_step_that_is_packed_and_a_broken_one_nowhere(
    open_page: OpenPage, tmp_path: Path
) -> None:
    path = tmp_path / "gpt.html"
    api.build(path, template="gpt")
    last = open_page(path).locator("#map ol a").last.get_attribute("href")
    assert last
    step = open_page(path, fragment=last[1:]).locator(last)
    step.wait_for()
    assert 0 <= step.evaluate("(one) => one.getBoundingClientRect().top") < 768
    assert open_page(path, fragment="%").locator("html").get_attribute("data-state") == "live"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("links") / "lesson.html"
    api.build(path, template="first-attention")
    return path


def word(page: Page, row: int) -> str | None:
    return entry(page, "sentence.words", row, 1).first.get_attribute("data-value")


ADDRESS = """async (wanted) => {
  const end = performance.now() + 10000;
  while (location.hash !== wanted && performance.now() < end) await new Promise((done) => setTimeout(done, 20));
}"""


def address(page: Page, fragment: str) -> None:
    """Wait until the address holds a fragment."""
    page.evaluate(ADDRESS, fragment and f"#{fragment}")
    assert page.evaluate("location.hash.slice(1)") == fragment


def notice(page: Page) -> str:
    return page.locator("#notice p").inner_text()


def test_a_link_makes_its_edits_and_tells_what_it_cannot(open_page: OpenPage, path: Path) -> None:
    page = open_page(path, fragment="sentence.words.6=savings&embeddings.2.1=0.25&sentence.words.99=x&foo=1")
    page.wait_for_selector("#notice p")
    assert (word(page, 6), word(page, 1)) == ("savings", "she")
    assert float(entry(page, "embeddings", 2, 1).first.get_attribute("data-value") or 0) == 0.25
    assert notice(page) == "The link asks for what this page does not have: sentence.words.99=x, foo=1."
    held = "sentence.words.6=savings&embeddings.2.1=0.25"
    address(page, held)
    # The address follows edits, and a step in it leaves them as they are.
    type_into(page, "sentence.words", 2, 1, "boat")
    address(page, f"{held}&sentence.words.2=boat")
    page.evaluate("location.hash = '#steps'")
    address(page, f"steps&{held}&sentence.words.2=boat")
    assert (word(page, 2), word(page, 6)) == ("boat", "savings")
    page.go_back()
    address(page, f"{held}&sentence.words.2=boat")
    # Another link takes their place.
    before = page.evaluate("timesLive")
    page.evaluate("location.hash = '#sentence.words.1=robber'")
    calculated(page, before)
    address(page, "sentence.words.1=robber")
    assert (word(page, 1), word(page, 2), word(page, 6)) == ("robber", "sat", "bank")
    page.reload()
    page.wait_for_selector('[data-block="sentence.words"][data-row="1"][data-value="robber"]', state="attached")


def test_the_button_copies_the_link(open_page: OpenPage, path: Path) -> None:
    page = open_page(path, permissions=["clipboard-read", "clipboard-write"])
    page.click("#copy-link")
    page.wait_for_selector("#notice p")
    assert notice(page).startswith("The link is copied. Nothing is changed")
    type_into(page, "sentence.words", 6, 1, "savings")
    page.click("#copy-link")
    page.wait_for_selector("#notice p:has-text('holds what you changed')")
    held = f"{path.resolve().as_uri()}#sentence.words.6=savings"
    assert page.evaluate("navigator.clipboard.readText()") == held
    # Where a page may not put anything there, it stands in a field.
    page.evaluate("() => { navigator.clipboard.writeText = async () => { throw new Error(); }; }")
    page.click("#copy-link")
    field = page.locator("#notice input")
    assert field.input_value() == held
    assert field.evaluate("one => one.selectionEnd - one.selectionStart") == len(held)
    field.press("Escape")
    assert not page.locator("#notice p").count()
