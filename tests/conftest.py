"""What several tests share: workbooks built once, a running LibreOffice and a running browser."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import Chromium, Evaluate, OpenPage, joined
from kept import Kept
from office import Office

from xltransformer import api
from xltransformer.building.instance import Instance

if TYPE_CHECKING:
    from playwright.sync_api import Page

OFFICE = {"office", "pages", "seen"}
"""The fixtures that start an office program."""
BROWSER = {"browser", "open_page", "evaluate"}
"""The fixtures that start a browser."""


LONGEST = (
    "test_fuzz", "test_page_templates", "test_page_seen", "test_window", "test_templates", "test_experiments",
    "test_edits", "test_everywhere",
    "test_writer", "test_exercise", "test_recipes", "test_size", "test_gallery", "test_languages", "test_look",
    "test_trained",
    "test_learning", "test_template", "test_readme", "test_causal_workbook", "test_generation",
)  # fmt: skip
"""The files that take longest, which begin first, so that no process is left alone with one of them."""
QUICK = {
    "test_ops", "test_signature", "test_gradients", "test_fields", "test_causal", "test_recurrent",
    "test_notation", "test_positions", "test_torch", "test_published", "test_checkpoints", "test_registry",
    "test_plan", "test_settings", "test_text", "test_arguments", "test_imports", "test_light", "test_lessons",
    "test_reader", "test_inputs", "test_worked", "test_workbook", "test_training", "test_training_data",
    "test_bad_input", "test_described",
}  # fmt: skip
"""The files that `make quick` runs: of every room something, none of them long."""


def pytest_collection_finish() -> None:
    """Looking for what is no longer used among the cells of workbooks all the time would take a tenth of it."""
    gc.disable()
    gc.freeze()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Free what a file has used; of files with hundreds of tests, now and then."""
    if nextitem is None or nextitem.path != item.path or gc.get_count()[0] > MOST_OBJECTS:
        gc.collect()
        gc.freeze()  # what is kept need not be looked through again


MOST_OBJECTS = 10_000_000
"""How many more may be made than are freed before the unused ones are looked for: a gigabyte or so."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, and mark with `quick`, `browser` and `office`: with this what uses an office
    program, also where only a name or parameter says so."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))
    for item in items:
        if item.path.stem in QUICK:
            item.add_marker(pytest.mark.quick)
        fixtures = set(getattr(item, "fixturenames", ()))
        if BROWSER & fixtures:
            item.add_marker(pytest.mark.browser)
        if OFFICE & fixtures or any(name in item.name for name in ("libreoffice", "gnumeric")):
            item.add_marker(pytest.mark.office)


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A LibreOffice that runs for the whole session, to be driven as by a user."""
    running = Office(tmp_path_factory.mktemp("office"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """A browser that runs for the whole session."""
    running = Chromium()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser(chromium: Chromium) -> Iterator[Chromium]:
    """The browser, to open pages that several tests of a file look at."""
    with chromium.at_work():
        yield chromium


@pytest.fixture
def open_page(browser: Chromium) -> Iterator[OpenPage]:
    """Opens pages that are closed after the test, and must have been quiet."""
    opened: list[tuple[Page, bool]] = []

    def open_page(path: Path, *arguments: Any, quiet: bool = True, **options: Any) -> Page:
        opened.append((browser.open(path, *arguments, **options), quiet))
        return opened[-1][0]

    yield open_page
    heard = [(browser.close(page), quiet) for page, quiet in opened]
    assert not [line for one, quiet in heard if quiet for line in one.wrong]


@pytest.fixture(scope="module")
def evaluate(browser: Chromium) -> Iterator[Evaluate]:
    """Evaluates expressions in modules of a page, without a page."""
    page = browser.blank()

    def evaluate(modules: list[str], expression: str, given: Any = None) -> Any:
        return page.evaluate(f"async (given) => {{ {joined(modules)}\nreturn ({expression}); }}", given)

    yield evaluate
    page.context.close()


@pytest.fixture(scope="session")
def kept() -> Iterator[Kept]:
    """Engines that go on running from test to test, which spares each the start of a process."""
    with Kept(office=True) as running:
        yield running


@pytest.fixture(autouse=True)
def _engines(request: pytest.FixtureRequest, kept: Kept) -> None:
    """A file has an engine of its own, as for users, where the test or module says `own_process`."""
    kept.own = request.node.get_closest_marker("own_process") is not None


@pytest.fixture(scope="session")
def default_workbook(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Instance]:
    """The default workbook; not to be changed."""
    path = tmp_path_factory.mktemp("default") / "cat-and-mouse.xlsx"
    return path, api.build(path)


@pytest.fixture(scope="session")
def first_workbook(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Instance]:
    """The workbook of the template first-attention; not to be changed."""
    path = tmp_path_factory.mktemp("first") / "first-attention.xlsx"
    return path, api.build(path, template="first-attention")
