"""Workbooks that other programs opened, edited and saved: what diff and grade make of them, and what was lost.

The programs in node (SheetJS and ExcelJS) are tried where node and their packages are: `npm install xlsx exceljs`
in a folder, and NODE_PATH=that folder/node_modules.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from office import Edit, Office

from xltransformer import api
from xltransformer.classroom.grading import grade
from xltransformer.cli import main
from xltransformer.difference import diff
from xltransformer.engines import ENGINES, BrokeDown
from xltransformer.engines.ironcalc_process import mended
from xltransformer.errors import UserError
from xltransformer.workbook.reader import ReadBook, read_book

BUILDS: dict[str, dict[str, Any]] = {
    "cat-and-mouse": {},
    "first-attention": {"language": "zh"},
    "gpt": {},
    "encoder-decoder": {},
    "bert": {},
    "recurrent": {},
}
QUIZ: dict[str, Any] = {"sentences": ["cat and mouse"], "exercise": ["scores", "weights"]}

Save = Callable[[Path, Path, Sequence[Edit]], None]
"""Opens a workbook, types into cells, and saves it as another .xlsx file."""


def by_openpyxl(source: Path, target: Path, edits: Sequence[Edit]) -> None:
    book = openpyxl.load_workbook(source)
    for sheet, address, value in edits:
        book[sheet][address] = value
    book.save(target)


def by_gnumeric(source: Path, target: Path, edits: Sequence[Edit]) -> None:
    """Gnumeric's converter types nothing: openpyxl does it before."""
    program = shutil.which("ssconvert")
    assert program, "Gnumeric is missing: run scripts/install-test-tools"
    edited = target.with_name(f"edited-{target.name}")
    by_openpyxl(source, edited, edits)
    subprocess.run([program, edited, target], check=True, capture_output=True, timeout=120)


@cache
def lacks(package: str) -> str:
    """Why a program in node cannot be tried, empty where it can."""
    node = shutil.which("node")
    if node is None:
        return "node is not on this machine"
    found = subprocess.run([node, "-e", f"require('{package}')"], capture_output=True, check=False, timeout=60)
    return f"node is here, but not its package {package} (see NODE_PATH)" if found.returncode else ""


def by_node(package: str) -> Save:
    def save(source: Path, target: Path, edits: Sequence[Edit]) -> None:
        if why := lacks(package):
            pytest.skip(why)
        script = Path(__file__).with_name("saved_by.js")
        command = ["node", str(script), package, str(source), str(target), json.dumps(list(edits))]
        subprocess.run(command, check=True, capture_output=True, timeout=120)

    return save


PROGRAMS: dict[str, Save] = {
    "openpyxl": by_openpyxl,
    "gnumeric": by_gnumeric,
    "sheetjs": by_node("xlsx"),
    "exceljs": by_node("exceljs"),
}
OFFICE = ("libreoffice", "libreoffice ods")


@pytest.fixture(params=[*PROGRAMS, *OFFICE])
def save(request: pytest.FixtureRequest) -> Save:
    """Each program in turn."""
    if request.param not in OFFICE:
        return PROGRAMS[request.param]
    office: Office = request.getfixturevalue("office")

    def by_office(source: Path, target: Path, edits: Sequence[Edit]) -> None:
        if request.param == OFFICE[0]:
            office.convert(source, target, edits)
        else:
            office.convert(source, target.with_suffix(".ods"), edits)
            office.convert(target.with_suffix(".ods"), target)

    return by_office


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ReadBook]:
    folder = tmp_path_factory.mktemp("programs")

    @cache
    def build(name: str) -> ReadBook:
        path = folder / f"{name}.xlsx"
        api.build(path, **QUIZ) if name == "quiz" else api.build(path, template=name, **BUILDS[name])
        return read_book(path)

    return build


@pytest.mark.parametrize("template", BUILDS)
def test_what_another_program_saved_agrees(
    template: str, save: Save, built: Callable[[str], ReadBook], tmp_path: Path
) -> None:
    """With an edit made there, of which the file may hold no result or an old one."""
    book = built(template)
    block = next(block for block in book.model.inputs if not block.text and not block.positive and block.size > 3)
    place = book.homes[block.name]
    save(book.path, tmp_path / "saved.xlsx", [(place.sheet, place.address(0, 0), 0.625)])
    saved = read_book(tmp_path / "saved.xlsx")
    assert saved.description == book.description
    assert saved.homes == book.homes
    assert {(view.block, view.place) for view in saved.views} == {(view.block, view.place) for view in book.views}
    assert saved.holds(place, 0, 0) == 0.625
    result = diff(saved.path)
    assert result.ok, [str(problem) for problem in result.problems[:3]]
    assert (result.engine, result.remark) == ("ironcalc", "")


def test_an_answered_exercise_has_its_grade(save: Save, built: Callable[[str], ReadBook], tmp_path: Path) -> None:
    book = built("quiz")
    right = book.model.trace(api.make_instance(None, QUIZ["sentences"], slots=0).inputs)
    answers: list[Edit] = [
        (place.sheet, place.address(i, j), round(float(right[name][i, j]), 4) + (i == 0 and "weights" in name))
        for name, place in book.exercises.items()
        for i in range(place.shape[0])
        for j in range(place.shape[1])
    ]  # fmt: skip
    save(book.path, tmp_path / "saved.xlsx", answers)
    found = grade(tmp_path / "saved.xlsx")
    wrong = sum(book.exercises[name].shape[1] for name in book.exercises if "weights" in name)
    assert found.remarks == ()
    assert (found.total.right, found.total.wrong) == (len(answers) - wrong, wrong)


def test_where_ironcalc_breaks_down_another_engine_does_it(
    built: Callable[[str], ReadBook], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(path: Path, limits: object = None) -> None:
        raise BrokeDown(f"IronCalc on {path} broke down")

    monkeypatch.setattr(ENGINES["ironcalc"], "recalculate", breaks)
    book = built("first-attention")
    said = f"IronCalc breaks down over {book.path}: Formulon recalculates it instead"
    result = diff(book.path)
    assert (result.ok, result.engine, result.remark) == (True, "formulon", said)
    assert grade(built("quiz").path).remarks[0] == said.replace(str(book.path), str(built("quiz").path))
    run = CliRunner().invoke(main, ["diff", str(book.path)])
    assert (run.exit_code, run.stderr) == (0, f"xlt: {said}\n")
    with pytest.raises(BrokeDown):
        diff(book.path, "ironcalc")
    for other in ENGINES.values():
        monkeypatch.setattr(other, "recalculate", breaks)
    run = CliRunner().invoke(main, ["diff", str(book.path)])
    assert (run.exit_code, len(run.stderr.splitlines())) == (2, 1)


def test_what_is_mended_for_ironcalc() -> None:
    plain, named = b"<cellXfs/><cellXfs></cellXfs><dxfs/>", b"</cellXfs><cellStyles/>"
    assert b"</cellXfs><cellStyles" in mended("xl/styles.xml", plain)
    assert mended("xl/styles.xml", named) == named
    for formula, better in {
        b"COUNTIF(M11,1)": b"COUNTIF(M11:M11,1)",
        b"1+COUNTIF('It s'!$A$1,\"x\")": b"1+COUNTIF('It s'!$A$1:$A$1,\"x\")",
        b"COUNTIF(Start!B6,1)": b"COUNTIF(Start!B6:B6,1)",
        b"COUNTIF(M11:M12,1)": b"COUNTIF(M11:M12,1)",
    }.items():
        cell = b"<c><f>%s</f></c>"
        assert mended("xl/worksheets/sheet1.xml", cell % formula) == cell % better


def without_names(book: Any) -> None:
    book.defined_names.clear()


def only_values(book: Any) -> None:
    """As by pandas and Numbers."""
    without_names(book)
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    cell.value = None


def renamed_sheets(book: Any) -> None:
    """By a program that does not change what names refer to."""
    for k, sheet in enumerate(book):
        sheet.title = f"Sheet{k}"


@pytest.mark.parametrize("change", [without_names, only_values, renamed_sheets])
@pytest.mark.parametrize("which", ["cat-and-mouse", "quiz"])
def test_names_that_are_lost_are_told(
    change: Callable[[Any], None], which: str, built: Callable[[str], ReadBook], tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(built(which).path)
    change(book)
    book.save(tmp_path / "saved.xlsx")
    with pytest.raises(UserError, match=r"the defined names are lost .* of vocabulary, .* and \d+ more; "):
        diff(tmp_path / "saved.xlsx")
    if which == "quiz":
        found = grade(tmp_path / "saved.xlsx")
        assert not found.graded
        assert "the defined names are lost" in found.remarks[0]
