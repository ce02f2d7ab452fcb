"""What a page takes, beside what its engine takes alone: `python bench/page.py [TEMPLATE …] [--runs 3] [--slow]`.

For each template, in one run: the size of the page beside those of the engine, deflated, and the workbook; the
time until it is live beside what the engine takes to be inflated, compiled and to load the workbook (and to
calculate it where its results are shortened); and the time from an edit to the last number drawn beside the
engine's own for it. A word is typed in the place of another one, and put back, several times. Each ratio is of two
times of the same start or edit; medians are printed. With --slow the processor is made four times slower, and the
engine runs on the page's thread, as browsers slow down no other.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from xltransformer import api
from xltransformer.building.template import shipped_templates
from xltransformer.page import engine

PATIENCE = 300_000
"""Milliseconds to wait for a page."""
EDITS = 6
WATCH = """
globalThis.liveAt = [];
globalThis.begun = new Promise((begin) => {
  new MutationObserver(() => {
    const state = document.documentElement?.dataset.state;
    if (state === "live") liveAt.push(performance.now());
    if (state === "live" || state === "failed") begin(state);
  }).observe(document, { attributes: true, subtree: true, attributeFilter: ["data-state"] });
});
"""
"""Notes when a page becomes live, and becomes so again."""
NO_WORKER = "globalThis.Worker = class { constructor() { throw new Error('none here'); } };"
STARTED = """() => {
  const { detail } = performance.getEntriesByName("xlt-start")[0];
  return { live: liveAt[0], engine: Object.values(detail).reduce((sum, one) => sum + one), ...detail };
}"""
EDITED = """async ([text, patience]) => {
  const field = document.querySelector("#start .field.word") ?? document.querySelector(".field:not(select)");
  const before = liveAt.length;
  const was = field.value;
  field.focus();
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  performance.clearMeasures("xlt-edit");
  const start = performance.now();
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
  const settled = () => document.documentElement.dataset.state === "live" && liveAt.length > before;
  while (!settled() && performance.now() < start + patience) await new Promise((done) => setTimeout(done));
  const engine = performance.getEntriesByName("xlt-edit").reduce((sum, one) => sum + one.detail.engine, 0);
  return { was, whole: liveAt.at(-1) - start, engine };
}"""
"""Types a text into the first word's field: what stood there, the milliseconds until the last number was drawn,
and those of the engine alone."""
OTHER = """() => {
  const fields = [...document.querySelectorAll("#start .field.word")].map((one) => one.value);
  return fields.find((text) => text && text !== fields[0]) ?? "2";
}"""
"""A word to type in the place of the first one: the next that is another."""


@dataclass
class Measured:
    """A template's page: bytes, milliseconds, and ratios."""

    name: str
    size: int
    parts: int
    starts: list[dict[str, float]]
    edits: list[dict[str, Any]]

    def median(self, what: str, of: str = "starts") -> float:
        return statistics.median(one[what] for one in getattr(self, of))

    def row(self) -> list[str]:
        live = statistics.median(one["live"] / one["engine"] for one in self.starts)
        edit = statistics.median(one["whole"] / one["engine"] for one in self.edits)
        return [
            self.name,
            f"{self.size / 1e6:.2f}",
            f"{self.size / self.parts:.2f}",
            f"{self.median('live') / 1000:.2f}",
            f"{live:.2f}",
            f"{self.median('whole', 'edits'):.0f}",
            f"{self.median('engine', 'edits'):.0f}",
            f"{edit:.2f}",
        ]


def opened(browser: Browser, path: Path, slow: bool) -> Page:
    """A page, once it is live."""
    page = browser.new_context(viewport={"width": 1366, "height": 768}, offline=True).new_page()
    page.add_init_script(WATCH + (NO_WORKER if slow else ""))
    if slow:
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(path.as_uri(), wait_until="commit")
    state = page.evaluate("begun")  # nothing that asks again and again, and takes time of its own
    if state != "live":
        raise SystemExit(f"{path.name} is {state}: {page.locator('#failure').inner_text()}")
    return page


def measure(browser: Browser, name: str, folder: Path, runs: int, slow: bool) -> Measured:
    """Open a template's page several times, and edit it the last time."""
    workbook, path = folder / f"{name}.xlsx", folder / f"{name}.html"
    api.build(workbook, template=name)
    api.page(workbook, path)
    starts: list[dict[str, float]] = []
    for run in range(runs):
        page = opened(browser, path, slow)
        starts.append(page.evaluate(STARTED))
        if run < runs - 1:
            page.context.close()
    page.wait_for_timeout(1000 + starts[-1]["live"])  # until it has calculated everything once, and rehearsed
    text, edits = page.evaluate(OTHER), []
    for _ in range(EDITS):
        edits.append(page.evaluate(EDITED, [text, PATIENCE]))
        text = edits[-1]["was"]
    page.context.close()
    parts = engine.deflated_size() + workbook.stat().st_size
    return Measured(name, path.stat().st_size, parts, starts, edits[1:])


def report(measured: Sequence[Measured]) -> Table:
    table = Table("template", "MB", "÷ parts", "live s", "÷ engine", "edit ms", "engine ms", "÷ engine")
    for one in measured:
        table.add_row(*one.row())
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("template", nargs="*", default=shipped_templates())
    parser.add_argument("--runs", type=int, default=3, help="how often each page is opened")
    parser.add_argument("--slow", action="store_true", help="at a fourth of the processor's speed")
    given = parser.parse_args()
    measured = []
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name in given.template:
            measured.append(measure(browser, name, Path(folder), given.runs, given.slow))
            print(*measured[-1].row(), flush=True)
        browser.close()
    Console(width=120).print(report(measured))


if __name__ == "__main__":
    main()
