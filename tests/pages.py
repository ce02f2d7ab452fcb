"""Pages of templates: built, edited at random, and held against NumPy and the sheet."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from browser import Chromium, everything_drawn, numbers, outline, type_into, values
from live import Live, as_text, with_room
from test_experiments import Made, made

from xltransformer.graph import Array
from xltransformer.page.document import document
from xltransformer.workbook.places import Place

if TYPE_CHECKING:
    from playwright.sync_api import Page

KINDS = {"word": 6, "weight": 5, "input": 3, "switch": 3, "choice": 3}
"""What is edited at random, and how often."""

Typed = tuple[str, int, int, str]
"""A block, row and column, from 1, and what is typed there."""


@dataclass(repr=False)
class Shown:
    """A page that is open, what it was made from, and what was typed since."""

    made: Made
    path: Path
    page: Page
    outline: dict[str, Any]
    typed: list[Typed] = field(default_factory=list)

    def type(self, edits: Sequence[Typed]) -> None:
        """Type one after another, without waiting for what comes of the first ones."""
        for edit in edits:
            type_into(self.page, *edit, wait=edit is edits[-1])
        self.typed += edits

    def expected(self, shown: dict[str, Array]) -> dict[str, Array]:
        """What NumPy makes of the inputs that stand on the page."""
        instance, inputs = self.made.instance, {}
        for block in instance.model.inputs:
            inputs[block.name] = shown[block.name] if block.text else numbers(shown[block.name])
        for name, rows in instance.generated.items():
            own = {row - 1 for block, row, _, _ in self.typed if block == name}
            for k in rows - own:
                inputs[name] = inputs[name].astype(object)
                inputs[name][k, 0] = None
        return instance.model.trace(inputs)

    def is_as_numpy(self) -> None:
        """Every block is drawn, and its values are NumPy's."""
        shown = values(self.page)
        expected = self.expected(shown)
        assert not expected.keys() - shown.keys(), "not drawn"
        for name, block in self.made.instance.model.blocks.items():
            if block.text:
                assert shown[name].tolist() == [[as_text(text) for text in row] for row in expected[name]], name
            else:
                np.testing.assert_allclose(
                    numbers(shown[name]), expected[name], rtol=1e-9, atol=1e-9, err_msg=name
                )

    def edits(self, rng: random.Random, count: int) -> list[Typed]:
        """Edits of fields, in places of their own: words of the vocabulary, numbers, switches and choices."""
        shown = values(self.page)
        blocks = self.made.instance.model.blocks.keys() & self.outline["blocks"].keys()
        kinds = {
            kind: sorted(name for name in blocks if self.outline["blocks"][name]["edit"] == kind) for kind in KINDS
        }
        found: dict[tuple[str, int, int], str] = {}
        possible = [kind for kind in KINDS if kinds[kind]]
        while len(found) < count:
            (kind,) = rng.choices(possible, [KINDS[kind] for kind in possible])
            name = rng.choice(kinds[kind])
            rows, columns = shown[name].shape
            place = name, rng.randint(1, rows), rng.randint(1, columns)
            text = self._other(name, shown[name][place[1] - 1, place[2] - 1], shown, rng)
            if text is not None:
                found.setdefault(place, text)
        typed = [(*place, text) for place, text in found.items()]
        edits = {name: block["edit"] for name, block in self.outline["blocks"].items()}
        return sorted(typed, key=lambda one: edits[one[0]] != "choice")  # before a word that it chooses is another

    def _other(self, name: str, now: str, shown: dict[str, Array], rng: random.Random) -> str | None:
        """Something else that an entry may be; None where there is nothing."""
        block = self.outline["blocks"][name]
        if not block["text"]:
            low, high = (block["rule"].get(end) for end in ("low", "high"))
            least = 0.1 if block["rule"]["kind"] == "positive" else -2 if low is None else low
            number = f"{rng.uniform(least, 2 if high is None else high):.3f}"
            return None if float(number) == float(now or 0) else number
        choices = block["choices"]
        texts = shown[choices["block"]].ravel().tolist() if "block" in choices else choices["texts"]
        others = sorted({text for text in texts if text not in ("", now)})
        return rng.choice(others) if others else None

    def in_the_sheet(self, *screens: str) -> list[list[str]]:
        """The texts that the workbook shows in parts of its first screen after the same edits, in IronCalc."""
        return with_room(lambda: self._recalculated(screens))

    def _recalculated(self, screens: Sequence[str]) -> list[list[str]]:
        path = self.path.with_suffix(".xlsx")
        path.write_bytes(self.made.data)
        live, book = Live(path), self.made.book
        for name, row, column, text in self.typed:
            is_text = self.outline["blocks"][name]["text"]
            live.put(book.names[name], row - 1, column - 1, text if is_text else float(text))
        live.calculate()
        return [texts_of(live, book.screen[name]) for name in screens]


def texts_of(live: Live, place: Place) -> list[str]:
    """The texts in the cells of a place."""
    return [cell for row in live.cells(place) for cell in row if isinstance(cell, str) and cell.strip()]


def spoken(text: str) -> str:
    """A text but for its blanks, which a page may break lines at."""
    return "".join(text.split())


@contextmanager
def opened(browser: Chromium, name: str, language: str, folder: Path, **options: Any) -> Iterator[Shown]:
    """The page of a template, all of it drawn and without motion; it must have been quiet in the end."""
    one = made.__wrapped__(name, language)  # kept for this page alone: there are many
    path = write(one, folder)
    page = browser.open(path, **{"reduced_motion": "reduce", **options})
    everything_drawn(page)
    yield Shown(one, path, page, outline(page))
    wrong = browser.close(page).wrong
    assert not wrong, wrong


def each_opened(lessons: Sequence[tuple[str, str]]) -> Any:
    """A fixture: the page of each of some templates in some language, for all tests of a file."""

    @pytest.fixture(scope="module", params=lessons, ids="-".join)
    def shown(
        request: pytest.FixtureRequest, browser: Chromium, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Shown]:
        with opened(browser, *request.param, tmp_path_factory.mktemp("page")) as one:
            yield one

    return shown


def write(one: Made, folder: Path) -> Path:
    path = folder / f"{one.name}.{one.messages.language}.html"
    path.write_text(document(one.instance, one.book, one.data, one.name), "utf-8")
    return path
