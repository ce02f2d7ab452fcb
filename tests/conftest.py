"""What several tests share: workbooks built once, and a running LibreOffice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kept import Kept
from office import Office

from xltransformer import api
from xltransformer.building.instance import Instance

OFFICE = {"office", "pages", "seen"}
"""The fixtures that start an office program."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark with `office` what uses an office program, also where only a name or parameter says so."""
    for item in items:
        if OFFICE & set(getattr(item, "fixturenames", ())) or any(
            name in item.name for name in ("libreoffice", "gnumeric")
        ):
            item.add_marker(pytest.mark.office)


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A LibreOffice that runs for the whole session, to be driven as by a user."""
    running = Office(tmp_path_factory.mktemp("office"))
    yield running
    running.close()


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
