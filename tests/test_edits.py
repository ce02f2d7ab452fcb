"""Every edit has a meaning: the README's table "What may stand in a cell to edit", run as it stands there
in IronCalc and in LibreOffice. NumPy and cells mean the same, or diff names the cell; the sheet's own
checks say so, too."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from xltransformer import api
from xltransformer.difference import diff_book
from xltransformer.engines import ENGINES, Limits, Results
from xltransformer.errors import UserError
from xltransformer.locale import load_messages
from xltransformer.workbook.checks import LEFT, TOP
from xltransformer.workbook.reader import ReadBook, read_book

SAME = ""  # NumPy and cells mean the same
PLACES = {
    "word": "sentence.words",
    "vocabulary": "vocabulary",
    "embedding": "embeddings",
    "weight": "recurrent.W_x",
    "switch": "switches.scaling",
    "temperature": "switches.temperature",
    "choice": "watch.word",
}
ERROR = object()
KINDS: dict[str, Any] = {
    "empty": None,
    "text": "blub",
    "whole number": 3,
    "fraction": 1 / 3,
    "TRUE": True,
    "#N/A": ERROR,
    "1E+308": 1e308,
    "-1E-320": -1e-320,
    "formula": "=1+1",
    "formula that fails": "=1/0",
    "date": datetime.date(2024, 2, 29),
}
NUMBER, WORD = "is no number", "is no word"
DIGITS, LARGE = "is a number that programs spell differently", "is too large"
ABOVE, FAILED = "must be above 0", "is an error"
# What diff says, by kind; in the order of PLACES.
SAYS: dict[str, tuple[str, ...]] = {
    "empty": (SAME, SAME, SAME, SAME, SAME, "is empty, and must be above 0", SAME),
    "text": (SAME, SAME, NUMBER, NUMBER, SAME, NUMBER, SAME),
    "whole number": (SAME,) * 7,
    "fraction": (DIGITS, DIGITS, SAME, SAME, DIGITS, SAME, DIGITS),
    "TRUE": (WORD, WORD, NUMBER, NUMBER, SAME, NUMBER, WORD),
    "#N/A": (FAILED,) * 7,
    "1E+308": (DIGITS, DIGITS, LARGE, LARGE, DIGITS, LARGE, DIGITS),
    "-1E-320": (DIGITS, DIGITS, SAME, SAME, DIGITS, ABOVE, DIGITS),
    "formula": (SAME,) * 7,
    "formula that fails": (FAILED,) * 7,
    "date": (SAME,) * 7,
}


@dataclass(frozen=True)
class Recalculated:
    """An engine that has recalculated already."""

    results: Results
    name: str = "recalculated"
    how_to_get: str = ""

    def version(self) -> str:
        return "1"

    def recalculate(self, path: Path, limits: Limits | None = None) -> Results:
        return self.results


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> ReadBook:
    path = tmp_path_factory.mktemp("edits") / "recurrent.xlsx"
    api.build(path, template="recurrent")
    return read_book(path)


def edited(built: ReadBook, edits: Mapping[tuple[str, int, int], Any], path: Path) -> Path:
    book = openpyxl.load_workbook(built.path)
    for (name, i, j), value in edits.items():
        place = built.homes[name]
        cell = book[place.sheet].cell(place.row + i + 1, place.column + j + 1)
        cell.value = "#N/A" if value is ERROR else value
        if value is ERROR:
            cell.data_type = "e"
    book.save(path)
    return path


def red(results: Results) -> dict[str, str]:
    """The checks that do not hold, each with the cells it names."""
    sheet = results[load_messages()("sheet.checks").lower()]
    rows = range(TOP + 1, TOP + 100)
    return {
        str(sheet[row, LEFT + 4]): str(sheet.get((row, LEFT + 3)) or "")
        for row in rows
        if sheet.get((row, LEFT + 1)) == 0 and (row, LEFT + 4) in sheet
    }


@pytest.mark.parametrize("place", PLACES)
def test_the_table_in_ironcalc(place: str, built: ReadBook, tmp_path: Path) -> None:
    name = PLACES[place]
    for kind, value in KINDS.items():
        path = edited(built, {(name, 0, 0): value}, tmp_path / "edited.xlsx")
        book, results = read_book(path), ENGINES["ironcalc"].recalculate(path)
        judge(book, results, place, kind)
        expected = SAYS[kind][list(PLACES).index(place)]
        if expected and (place, kind) not in UNSEEN:
            assert red(results), f"{kind} in {place}: no check is red"


UNSEEN = {("vocabulary", "fraction"), ("vocabulary", "-1E-320"), ("vocabulary", "TRUE")}
"""What only diff sees: numbers whose digits programs write differently, in the word list, where any
text may stand, and TRUE there, which Excel's check sees, but neither IronCalc's nor LibreOffice's."""


def judge(book: ReadBook, results: Results, place: str, kind: str) -> None:
    expected = SAYS[kind][list(PLACES).index(place)]
    home = book.homes[PLACES[place]]
    where = f"input {home.sheet}!{home.address(0, 0)} {expected}"
    if not expected:
        found = diff_book(book, Recalculated(results))
        assert found.ok, f"{kind} in {place}: {[str(p) for p in found.problems][:3]}"
        return
    with pytest.raises(UserError) as caught:
        diff_book(book, Recalculated(results))
    assert where in str(caught.value), f"{kind} in {place}"


@pytest.mark.parametrize("kind", ["empty", "text", "whole number", "formula", "date", "TRUE", "fraction"])
def test_what_means_the_same_in_libreoffice(kind: str, built: ReadBook, tmp_path: Path) -> None:
    """Every place at once that takes this kind of input."""
    places = [name for says, name in zip(SAYS[kind], PLACES.values(), strict=True) if not says]
    path = edited(built, {(name, 0, 0): KINDS[kind] for name in places}, tmp_path / "edited.xlsx")
    found = diff_book(read_book(path), ENGINES["libreoffice"])
    assert found.ok, [str(problem) for problem in found.problems][:3]


@pytest.mark.parametrize("kind", ["text", "#N/A", "1E+308"])
def test_what_is_not_usable_in_libreoffice(kind: str, built: ReadBook, tmp_path: Path) -> None:
    """Diff names the cells, and so do the sheet's own checks."""
    for place, name in PLACES.items():
        says = SAYS[kind][list(PLACES).index(place)]
        if not says or place not in ("word", "embedding", "temperature"):
            continue
        path = edited(built, {(name, 0, 0): KINDS[kind]}, tmp_path / "edited.xlsx")
        results = ENGINES["libreoffice"].recalculate(path)
        judge(read_book(path), results, place, kind)
        found = red(results)
        assert found, f"{kind} in {place}"
        home = built.homes[name]
        if place != "temperature" and not kind.startswith(("1E", "-1E")):
            assert home.address(0, 0) in found.values(), (kind, place, found)


def test_numbers_that_cancel_out_are_no_difference(built: ReadBook, tmp_path: Path) -> None:
    """What rounding alone does to large numbers, each engine in its own order, is not called a
    difference; a formula spoiled beside them is."""
    edits: dict[tuple[str, int, int], Any] = {("embeddings", 0, 0): 1e17, ("embeddings", 1, 1): -3e16}
    path = edited(built, {**edits, ("recurrent.W_x", 0, 1): 1.1e15}, tmp_path / "edited.xlsx")
    assert diff_book(read_book(path), ENGINES["ironcalc"]).ok
    place = built.homes["self_attention.output"]
    edits["self_attention.output", 0, 0] = f"{built.holds(place, 0, 0)}+1E+9"
    path = edited(built, edits, tmp_path / "edited.xlsx")
    found = diff_book(read_book(path), ENGINES["ironcalc"])
    assert not found.ok


def test_numbers_that_leave_the_range_are_named(built: ReadBook, tmp_path: Path) -> None:
    edits = {("embeddings", 0, 0): 9e99, ("embeddings", 1, 0): 9e99, ("switches.temperature", 0, 0): 1e-300}
    path = edited(built, edits, tmp_path / "edited.xlsx")
    with pytest.raises(UserError, match=r"leaves the range of numbers; the largest input is .*make it smaller"):
        diff_book(read_book(path), ENGINES["ironcalc"])
