"""Pages in a real browser, driven as by a user: Chromium, without a network.

Rows and columns count from 1 here, as in the attributes of a page.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xltransformer.graph import Array
from xltransformer.page.joining import bare, join
from xltransformer.page.packing import unpack

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ElementHandle, Locator, Page

PROGRAMS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)  # fmt: skip
PARTS = Path(__file__).parents[1] / "xltransformer" / "page" / "parts"
DESKTOP, PHONE = (1366, 768), (390, 844)
PATIENCE = 60_000
"""Milliseconds after which a page will not come to life any more, however busy the machine is."""
OWN = ("blob:", "data:", "about:")
"""Addresses of what a page has made itself."""

COUNTED = """
globalThis.timesLive = 0;
globalThis.broken = false;
addEventListener("error", () => { globalThis.broken = true; });
new MutationObserver(() => {
  if (document.documentElement.dataset.state === "live") globalThis.timesLive += 1;
}).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-state"] });
"""
"""Counts how often a page has become live, and notes whether a script of it has ended in an error."""


ONCE_LIVE = """async (patience) => {
  const end = performance.now() + patience;
  const ended = () => broken || ["live", "failed"].includes(document.documentElement.dataset.state);
  while (!ended() && performance.now() < end) await new Promise((done) => setTimeout(done, 5));
}"""


@dataclass
class Heard:
    """What a page asked for, and what it said on the console."""

    path: Path
    requests: list[str] = field(default_factory=list)
    console: list[tuple[str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """Requests for anything else than the file itself, and errors."""
        own = self.path.resolve().as_uri()
        asked = (url for url in self.requests if url.partition("#")[0] != own and not url.startswith(OWN))
        said = (text for kind, text in self.console if kind == "error")
        kinds = (("request", asked), ("console", said), ("error", self.errors))
        return [f"{kind}: {line}" for kind, lines in kinds for line in lines]


class Chromium:
    """One browser, started when the first page is opened; every page is alone in a context of its own."""

    def __init__(self) -> None:
        from playwright.sync_api import sync_playwright

        program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
        assert program, "Chromium is missing: run scripts/install-test-tools"
        self._driver = sync_playwright().start()
        self._browser = self._driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        self._loop = asyncio.get_running_loop()
        self._heard: dict[Page, Heard] = {}

    @contextmanager
    def at_work(self) -> Iterator[Chromium]:
        """The driver claims the thread's event loop: only here, so that other tests may have loops of theirs."""
        asyncio._set_running_loop(self._loop)
        try:
            yield self
        finally:
            asyncio._set_running_loop(None)

    def open(
        self,
        path: Path,
        size: tuple[int, int] = DESKTOP,
        *,
        live: bool = True,
        fragment: str = "",
        init: str = "",
        **options: Any,
    ) -> Page:
        """A page from a file, once it is live, or else as it was loaded; `init` is a script that runs before those
        of the page, the other options are those of playwright's contexts."""
        width, height = size
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, **{"offline": True, **options}
        )
        context.add_init_script(COUNTED + init)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        self._listen(context, page, path)
        page.goto(path.resolve().as_uri() + (fragment and f"#{fragment}"))
        if live and options.get("java_script_enabled", True):
            self.wait_until_live(page)
        return page

    def blank(self) -> Page:
        """An empty page, for scripts alone."""
        return self._browser.new_context(offline=True).new_page()

    def _listen(self, context: BrowserContext, page: Page, path: Path) -> None:
        heard = self._heard[page] = Heard(path)
        context.on("request", lambda request: heard.requests.append(request.url))
        context.on("console", lambda message: heard.console.append((message.type, message.text)))
        context.on("weberror", lambda error: heard.errors.append(str(error.error)))

    def wait_until_live(self, page: Page) -> None:
        """Wait for it; not where the page has ended already."""
        heard = self.heard(page)
        page.evaluate(ONCE_LIVE, PATIENCE)
        assert state(page) == "live", f"the page is not live but {state(page)}: {heard.wrong or state_line(page)}"

    def heard(self, page: Page) -> Heard:
        return self._heard[page]

    def close(self, page: Page) -> Heard:
        """Close a page and what belongs to it; what was heard of it."""
        page.context.close()
        return self._heard.pop(page)

    def stop(self) -> None:
        with self.at_work():
            self._browser.close()
            self._driver.stop()


def state_line(page: Page) -> str:
    """What a page says about itself."""
    return " ".join(page.locator("[data-state-line]").all_inner_texts())


def state(page: Page) -> str:
    return page.evaluate("document.documentElement.dataset.state")


def everything_drawn(page: Page) -> None:
    """Wait until all of a page is drawn, also what does not come into view, and open what is folded."""
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.wait_for_selector('html[data-ready="all"]', state="attached")


READ = """() => {
  const found = {};
  for (const one of document.querySelectorAll("[data-block]")) {
    const { block, row, column, value } = one.dataset;
    (found[block] ??= []).push([+row, +column, value]);
  }
  return JSON.stringify(found);
}"""
"""As one text, for tens of thousands of values take playwright seconds."""


def values(page: Page) -> dict[str, Array]:
    """The values of every block that is drawn, at full precision: numbers, or texts where one of them is none.

    What is drawn several times must be the same everywhere, and no entry may be missing.
    """
    found: dict[str, Array] = {}
    for block, cells in json.loads(page.evaluate(READ)).items():
        entries: dict[tuple[int, int], str] = {}
        for row, column, value in cells:
            first = entries.setdefault((row, column), value)
            assert value is not None, f"{block} has no value in row {row}, column {column}"
            assert first == value, f"{block} is both {first} and {value} in row {row}, column {column}"
        shape = max(row for row, _ in entries), max(column for _, column in entries)
        assert len(entries) == shape[0] * shape[1], f"{block} lacks entries of {shape[0]} × {shape[1]}"
        array = np.empty(shape, dtype=object)
        for (row, column), value in entries.items():
            array[row - 1, column - 1] = value
        found[block] = array
    return found


def numbers(array: Array) -> Array:
    """Values of a page as numbers, an empty one as 0."""
    return np.array([[float(value or 0) for value in row] for row in array])


def outline(page: Page) -> dict[str, Any]:
    """What a page's scripts know of its workbook."""
    told: dict[str, Any] = json.loads(unpack(page.locator("#outline").text_content() or ""))
    return told


def entry(page: Page, block: str, row: int, column: int) -> Locator:
    """Where an entry of a block is shown: the places that are seen before those that are not."""
    found = page.locator(f'[data-block="{block}"][data-row="{row}"][data-column="{column}"]')
    seen = found.locator("visible=true")
    return seen if seen.count() else found


def field_of(page: Page, block: str, row: int, column: int) -> ElementHandle:
    """The field into which an entry of an input is typed; on a very large page it is made when it comes near."""
    place = f'[data-block="{block}"][data-row="{row}"][data-column="{column}"]'
    field = page.evaluate_handle(FIELD, [place, PATIENCE]).as_element()
    assert field is not None, f"{block} has no field in row {row}, column {column}"
    return field


FIELD = """async ([place, patience]) => {
  const fields = "input, select, textarea";
  const places = [...document.querySelectorAll(place)];
  const fieldNow = () => {
    const there = places.map((one) => (one.matches(fields) ? one : one.querySelector(fields))).filter(Boolean);
    return there.find((one) => one.checkVisibility({ visibilityProperty: true })) ?? there[0] ?? null;
  };
  const near = places.find((one) => one.closest("[data-edit]")) ?? places[0];
  const end = performance.now() + patience;
  if (!fieldNow()) near?.scrollIntoView({ behavior: "instant", block: "nearest", inline: "nearest" });
  while (near && !fieldNow() && performance.now() < end) await new Promise((done) => setTimeout(done, 5));
  return fieldNow();
}"""
"""Looked for once, and not again at every step, as a locator does: on a large page that takes half a second."""


def type_into(page: Page, block: str, row: int, column: int, text: str, wait: bool = True) -> None:
    """Type a text into an entry and leave it with Enter, or choose it from its list; then wait until all is
    calculated and drawn again. The text must not be what stands there already."""
    before = page.evaluate("timesLive")
    place = field_of(page, block, row, column)
    if place.evaluate("one => one.localName") == "select":
        place.select_option(text)
    else:
        place.fill(text)
        place.press("Enter")
    if wait:
        calculated(page, before)


def calculated(page: Page, before: int, patience: int = PATIENCE) -> None:
    """Wait until a page has become live once more than it had `before`."""
    if not page.evaluate(LIVE_AGAIN, [before, patience]):
        raise AssertionError(f"nothing was calculated: {state(page)}, {state_line(page)}")


LIVE_AGAIN = """async ([before, patience]) => {
  const end = performance.now() + patience;
  const again = () => timesLive > before && document.documentElement.dataset.state === "live";
  while (!again() && performance.now() < end) await new Promise((done) => setTimeout(done, 5));
  return again();
}"""
"""Asked by a script, for a page's content security policy forbids what playwright waits with."""


def joined(names: Sequence[str]) -> str:
    """Modules of a page, by the names of their files, and those that they import, as one script."""
    sources: dict[str, str] = {}
    for name in names:
        join(name.removesuffix(".js"), sources)
    return "\n".join(bare(source) for source in sources.values())


OpenPage = Callable[..., "Page"]
"""As `Chromium.open`; the page is closed after the test, and must not have asked for or complained of anything,
unless it is opened with `quiet=False`."""
Evaluate = Callable[..., Any]
"""What an expression is in modules of a page: of the names of their files, the expression, and an argument that it
calls `given`."""
