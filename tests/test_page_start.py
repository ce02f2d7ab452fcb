"""How a page comes to life: with a worker, without one, and where it cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser import OpenPage, numbers, type_into, values

from xltransformer import api
from xltransformer.building.instance import Instance

Built = tuple[Path, Instance]
BLOCK = "single_query.output"


@pytest.fixture(scope="module")
def lesson(first_workbook: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the smallest lesson; not to be changed."""
    return api.page(first_workbook[0], tmp_path_factory.mktemp("page") / "first.html")


NO_WORKER = {
    "none is known": "delete globalThis.Worker;",
    "none may be made": "globalThis.Worker = function () { throw new DOMException('SecurityError'); };",
    "it breaks down": """globalThis.Worker = class extends Worker {
      constructor() { super(URL.createObjectURL(new Blob(["throw new Error('broken')"]))); }
    };""",
}


@pytest.mark.parametrize("why", [None, *NO_WORKER])
def test_a_page_lives_with_a_worker_and_without(
    open_page: OpenPage, lesson: Path, first_workbook: Built, why: str | None
) -> None:
    instance = first_workbook[1]
    page = open_page(lesson, init=NO_WORKER[why] if why else "")
    assert numbers(values(page)[BLOCK]) == pytest.approx(instance.trace()[BLOCK], abs=1e-9)
    words = next(block.name for block in instance.model.inputs if block.text and block.name.endswith("words"))
    changed = instance.inputs[words].copy()
    changed[0, 0] = changed[1, 0]
    type_into(page, words, 1, 1, changed[1, 0])
    expected = instance.model.trace({**instance.inputs, words: changed})[BLOCK]
    assert numbers(values(page)[BLOCK]) == pytest.approx(expected, abs=1e-9)
    assert bool(page.evaluate("performance.getEntriesByName('xlt-start').length"))


def test_a_damaged_page_tells_so_and_stays_readable(open_page: OpenPage, lesson: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged.html"
    text = lesson.read_text("utf-8")
    damaged = re.sub(
        r'(<script type="text/plain" id="workbook">plain:\d+\n.{400}).{600}', r"\1", text, flags=re.DOTALL
    )
    assert damaged != text
    path.write_text(damaged, "utf-8")
    page = open_page(path, live=False, quiet=False)
    page.wait_for_selector('html[data-state="failed"]', state="attached")
    told = page.locator("#failure").inner_text()
    assert "this file is damaged" in told
    assert "\n" not in told
    assert "bank" in page.locator("main").inner_text()
