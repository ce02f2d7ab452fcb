"""Every edit has a meaning: the table of docs/ "What may stand in a cell to edit", run as it stands there
in IronCalc and in LibreOffice. NumPy and cells mean the same, or diff names the cell; the sheet's own
checks say so, too."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import changes
import numpy as np
import pytest
from changes import Cells, Parts
from office import Office
from openpyxl.utils.datetime import to_excel

from xltransformer import api
from xltransformer.building.instance import Instance
from xltransformer.difference import diff_book
from xltransformer.engines import ENGINES, Grid, Limits, Results
from xltransformer.engines.grid import COLUMNS
from xltransformer.engines.sheets import Sheet
from xltransformer.errors import UserError
from xltransformer.locale import load_messages
from xltransformer.workbook.checks import LEFT, TOP
from xltransformer.workbook.places import Place
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

UNSEEN = {("vocabulary", "-1E-320"), ("choice", "-1E-320")}
"""What programs spell differently, and no check can see."""


@dataclass(frozen=True)
class Recalculated:
    """An engine that has recalculated already."""

    results: Results
    name: str = "recalculated"
    how_to_get: str = ""
    wide: bool = False

    def version(self) -> str:
        return "1"

    def recalculate(self, path: Path, limits: Limits | None = None) -> Results:
        return self.results


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> ReadBook:
    path = tmp_path_factory.mktemp("edits") / "recurrent.xlsx"
    api.build(path, template="recurrent")
    return read_book(path)


def edited(
    built: ReadBook, edits: Mapping[tuple[str, int, int], Any], path: Path, way: type[Cells | Parts] = Parts
) -> Path:
    book = way(built.path)
    for (name, i, j), value in edits.items():
        book.put(built.homes[name], i, j, changes.ERROR if value is ERROR else value)
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
def test_the_table_in_ironcalc(place: str, built: ReadBook) -> None:
    import ironcalc

    home = built.homes[PLACES[place]]
    model = ironcalc.load_from_xlsx(str(built.path), "en", "UTC", "en")
    names = [sheet["name"].lower() for sheet in model.get_worksheets_properties()]
    cell = names.index(home.sheet.lower()), home.row + 1, home.column + 1
    for kind, value in KINDS.items():
        type_into(model, cell, value)
        model.evaluate()
        results: dict[str, dict[tuple[int, int], Any]] = {name: {} for name in names}
        for k, row, column in model.get_all_cells():
            results[names[k]][row, column] = model.get_cell_value(k, row, column)
        found = {name: Grid.of(cells) for name, cells in results.items()}
        judge(built, found, place, kind, UNSEEN)


def plain(value: Any) -> Any:
    """A value as a spreadsheet keeps it: dates are numbers of days."""
    return float(to_excel(value)) if isinstance(value, datetime.date) else value


def type_into(model: Any, cell: tuple[int, int, int], value: Any) -> None:
    """A value into a cell of IronCalc's, as it would stand there after loading a file."""
    if value is None:
        model.clear_cell_contents(*cell)
    elif value is ERROR or (isinstance(value, str) and value.startswith("=")):
        model.set_user_input(*cell, "#N/A" if value is ERROR else value)
    elif isinstance(value, bool):
        model.update_cell_with_bool(*cell, value)
    elif isinstance(value, str):
        model.update_cell_with_text(*cell, value)
    else:
        model.update_cell_with_number(*cell, float(plain(value)))


@pytest.mark.parametrize("place", PLACES)
def test_the_table_in_libreoffice(place: str, built: ReadBook, office: Office) -> None:
    home = built.homes[PLACES[place]]
    rounds = [[(home.sheet, home.address(0, 0), as_typed(value))] for value in KINDS.values()]
    _, found = office.rounds(built.path, rounds)
    for kind, (typed, _) in zip(KINDS, found, strict=True):
        if kind == "TRUE":  # which is the number 1 there, in whatever cell it is typed
            assert typed.cell(home.sheet, home.row, home.column) == 1
            assert diff_book(held(built, home, 1), Recalculated(typed.results)).ok
        else:
            judge(built, typed.results, place, kind, UNSEEN)


def as_typed(value: Any) -> Any:
    """A value as somebody types it into LibreOffice."""
    if value is ERROR:
        return {"formula": "=NA()"}
    if isinstance(value, bool):
        return {"formula": str(value).upper()}
    if isinstance(value, datetime.date):
        return float(plain(value))
    return {"formula": value} if isinstance(value, str) and value.startswith("=") else value


def held(book: ReadBook, place: Place, value: Any) -> ReadBook:
    """A book with the first cell of a place as diff would read it from the edited file."""
    at, key = (place.row + 1, place.column + 1), COLUMNS * (place.row + 1) + place.column + 1
    sheet, formula = book.content[place.sheet], isinstance(value, str) and value.startswith("=")
    cells = {**sheet.values, at: None if formula else "#N/A" if value is ERROR else plain(value)}
    formulas = np.unique([*sheet.formulas, key]) if formula else sheet.formulas
    changed = Sheet(Grid.of(cells), formulas, frozenset({key} if value is ERROR else ()))
    return replace(book, content={**book.content, place.sheet: changed})


def judge(book: ReadBook, results: Results, place: str, kind: str, unseen: set[tuple[str, str]]) -> None:
    """Hold what diff and the sheet's own checks say of an edit against the table; `unseen` are the edits
    that the checks need not see."""
    expected = SAYS[kind][list(PLACES).index(place)]
    home = book.homes[PLACES[place]]
    typed = held(book, home, KINDS[kind])
    if not expected:
        found = diff_book(typed, Recalculated(results))
        assert found.ok, f"{kind} in {place}: {[str(p) for p in found.problems][:3]}"
    else:
        with pytest.raises(UserError) as caught:
            diff_book(typed, Recalculated(results))
        assert f"input {home.sheet}!{home.address(0, 0)} {expected}" in str(caught.value), f"{kind} in {place}"
    if expected and (place, kind) not in unseen:
        assert red(results), f"{kind} in {place}: no check is red"
    elif (place, kind) in HARMLESS:
        assert not red(results), f"{kind} in {place}: {red(results)}"


HARMLESS = {
    (place, kind) for place in ("embedding", "weight") for kind in ("empty", "whole number", "fraction", "formula")
} | {("switch", "TRUE"), ("temperature", "fraction"), ("temperature", "whole number")}
"""Where no check may be red."""


@pytest.mark.parametrize("engine", list(ENGINES))
def test_edited_files(engine: str, built: ReadBook, tmp_path: Path) -> None:
    """What the table says of cells, as files that another program saved: one with all that is usable, one
    with what is not, which the checks name, too."""
    usable = {"text": "blub", "whole number": 3, "formula": "=1+1", "date": KINDS["date"], "empty": None}
    cells = {
        (name, k, 0): value
        for name in ("sentence.words", "vocabulary", "embeddings")
        for k, value in enumerate(usable.values())
        if name != "embeddings" or value != "blub"
    }
    cells |= {("embeddings", 0, 1): 1 / 3, ("switches.scaling", 0, 0): True}
    path = edited(built, cells, tmp_path / "edited.xlsx", Cells)
    found = diff_book(read_book(path), ENGINES[engine])
    assert found.ok, [str(problem) for problem in found.problems][:3]
    spoiled = {("embeddings", 0, 0): ERROR, ("vocabulary", 1, 0): True}
    path = edited(built, spoiled, tmp_path / "edited.xlsx", Cells)
    results = ENGINES[engine].recalculate(path)
    with pytest.raises(UserError) as caught:
        diff_book(read_book(path), Recalculated(results))
    assert FAILED in str(caught.value)
    assert WORD in str(caught.value)
    named = red(results)
    if engine == "libreoffice":  # TRUE is the number 1 there, so only diff sees it
        assert list(named.values()).count(built.homes["embeddings"].address(0, 0)) == 1
    else:
        assert sum("word" in check for check in named) >= 1, named


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


def test_numbers_that_leave_the_range_are_named(default_workbook: tuple[Path, Instance], tmp_path: Path) -> None:
    book = read_book(default_workbook[0])
    edits = {(f"projected_attention.{name}", 0, 0): 9e99 for name in ("W_Q", "W_K")}
    path = edited(book, {**edits, ("embeddings", 0, 0): 9.5e99}, tmp_path / "edited.xlsx")
    with pytest.raises(UserError, match=r"leaves the range of numbers; the largest input is .*make it smaller"):
        diff_book(read_book(path), ENGINES["ironcalc"])


def test_a_zero_below_zero_is_zero(built: ReadBook, tmp_path: Path) -> None:
    """IronCalc by itself spells it -0."""
    path = edited(built, {("sentence.words", 0, 0): -0.0}, tmp_path / "edited.xlsx")
    assert diff_book(read_book(path), ENGINES["ironcalc"]).ok


@pytest.mark.parametrize("engine", list(ENGINES))
@pytest.mark.parametrize("products", ["spelled", "compact", "rows"])
def test_an_emptied_number_is_0_however_products_are_written(engine: str, products: str, tmp_path: Path) -> None:
    """MMULT by itself takes no empty cell."""
    path = tmp_path / "built.xlsx"
    api.build(path, template="gpt", products=products, settings={"layers": 1, "seed": 1, "end": "."})
    book = read_book(path)
    numbers = [b.name for b in book.model.inputs if not b.text and not b.positive]
    path = edited(book, {(name, 0, 0): None for name in numbers}, path)
    results = ENGINES[engine].recalculate(path)
    found = diff_book(read_book(path), Recalculated(results))
    assert found.ok, [str(problem) for problem in found.problems][:3]
    assert not red(results)


def test_what_underflows_may_be_taken_for_nothing(tmp_path: Path) -> None:
    """A cold softmax leaves 1E-200 beside 0; IronCalc takes the two for equal, and ranks them as they stand.
    Gnumeric may tell 1E-530 from 0, and saves it as 0."""
    api.build(tmp_path / "built.xlsx", template="apple")
    edits = {("switches.temperature", 0, 0): 0.001}
    path = edited(read_book(tmp_path / "built.xlsx"), edits, tmp_path / "edited.xlsx")
    for engine in ENGINES.values():
        assert diff_book(read_book(path), engine).ok


@pytest.mark.parametrize("value", [None, 0, -1, 1e-320])
@pytest.mark.parametrize(("template", "name"), [("positions", "positions.base"), ("llama", "epsilon")])
def test_bases_and_epsilons_must_be_above_0(template: str, name: str, value: float | None, tmp_path: Path) -> None:
    """Else a base's powers, and norms of empty slots, are no numbers: the message names the cell."""
    api.build(tmp_path / "built.xlsx", template=template)
    built = read_book(tmp_path / "built.xlsx")
    path = edited(built, {(name, 0, 0): value}, tmp_path / "edited.xlsx")
    home = built.homes[name]
    with pytest.raises(UserError, match=f"{home.sheet}!{home.address(0, 0)}.*(must be above|is too near) 0"):
        diff_book(read_book(path), ENGINES["ironcalc"])


def test_gelu_of_large_numbers_is_as_exact_as_ironcalc_s_normsdist(tmp_path: Path) -> None:
    """Its error, 5e-11, grows with the gradient that passes through; a tampered cell is found all the same."""
    instance = api.build(tmp_path / "built.xlsx", template="feed-forward", settings={"gradients": 1})
    built = read_book(tmp_path / "built.xlsx")
    weights = [block.name for block in instance.model.inputs if block.name.startswith("gelu_erf.W_2")]
    edits = {(name, i, j): 3000.0 for name in weights for i, j in np.ndindex(built.homes[name].shape)}
    path = edited(built, edits, tmp_path / "edited.xlsx")
    assert diff_book(read_book(path), ENGINES["ironcalc"]).ok
    edits["gradient.gelu_erf.inner", 0, 0] = f"{built.holds(built.homes['gradient.gelu_erf.inner'], 0, 0)}+0.01"
    path = edited(built, edits, tmp_path / "tampered.xlsx")
    assert not diff_book(read_book(path), ENGINES["ironcalc"]).ok
