"""Pages to print: Handout with blanks, Key with the answers, a page a lesson."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner
from openpyxl.worksheet.worksheet import Worksheet

from xltransformer import api
from xltransformer.building.instance import make_instance
from xltransformer.classroom.grading import grade
from xltransformer.classroom.selection import select
from xltransformer.cli import main
from xltransformer.difference import diff
from xltransformer.variants import build_variants
from xltransformer.workbook.paper.asked import Piece, asked_of
from xltransformer.workbook.paper.composed import SCALES, Said, columns_at, compose

ROW = ("scores:mouse", "weights:mouse")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("paper") / "quiz.xlsx"
    built = api.build(path, ["cat and mouse"], exercise=ROW, handout=True, key=True)
    assert "answers are in the workbook" in built.warnings[-1]
    return path


def cells(sheet: Worksheet) -> list[openpyxl.cell.Cell]:
    return [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]


def test_none_is_there_unless_asked_for(tmp_path: Path) -> None:
    api.build(tmp_path / "quiz.xlsx", ["cat and mouse"], exercise=ROW)
    assert not {"Handout", "Key"} & set(openpyxl.load_workbook(tmp_path / "quiz.xlsx").sheetnames)
    api.build(tmp_path / "page.xlsx", ["cat and mouse"], exercise=ROW, handout=True)
    assert {"Handout", "Key"} & set(openpyxl.load_workbook(tmp_path / "page.xlsx").sheetnames) == {"Handout"}


def test_a_handout_gives_nothing_away(printed: Path) -> None:
    """It repeats what the student sees anyway, live, and holds no answer, shown or not."""
    handout, shown = (openpyxl.load_workbook(printed, data_only=only)["Handout"] for only in (False, True))
    formulas = [str(cell.value) for cell in cells(handout) if cell.data_type == "f"]
    assert len(formulas) > 30
    assert not [formula for formula in formulas if "answers" in formula.lower() or "Key" in formula]
    answers = {round(answer.expected, 9) for answer in grade(printed).answers}
    numbers = {round(cell.value, 9) for cell in cells(shown) if isinstance(cell.value, float)}
    assert {1.92, 2.96} <= answers
    assert not {1.92, 2.96} & numbers


def test_a_key_has_every_answer(printed: Path) -> None:
    """As formulas, in bold."""
    live, shown = (openpyxl.load_workbook(printed, data_only=only)["Key"] for only in (False, True))
    bold = [cell for cell in cells(shown) if isinstance(cell.value, float | int) and cell.font.b]
    expected = sorted(answer.expected for answer in grade(printed).answers)
    assert np.allclose(sorted(float(cell.value) for cell in bold), expected)
    assert all(str(live[cell.coordinate].value).startswith("='answers'!") for cell in bold)
    assert diff(printed).ok


def test_the_print_setup(printed: Path) -> None:
    """Upright A4, as wide as the page, a lesson a page."""
    lessons = 3
    for name in ("Handout", "Key"):
        sheet = openpyxl.load_workbook(printed)[name]
        setup = sheet.page_setup
        assert (setup.orientation, str(setup.paperSize)) == ("portrait", "9")
        assert (setup.fitToWidth or 1, setup.fitToHeight) == (1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert len(sheet.row_breaks.brk) == lessons - 1
        assert sheet.print_area.startswith(f"'{name}'!$A$1:")


def test_answers_taken_from_the_key_are_copied(printed: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(printed)
    answer = grade(printed).answers[0]
    sheet, _, cell = answer.cell.rpartition("!")
    book[sheet][cell].value = "=Key!C5"
    book.save(tmp_path / "copied.xlsx")
    found = grade(tmp_path / "copied.xlsx")
    assert found.answers[0].verdict == "copied"


def test_every_student_has_a_page(tmp_path: Path) -> None:
    made = build_variants(tmp_path / "class", ["Ann", "李雷"], ["cat and mouse"], exercise=ROW, handout=True)
    pages = [openpyxl.load_workbook(file, data_only=True)["Handout"] for file in made.files]
    assert [page["B2"].value.split("    ")[0] for page in pages] == ["Name: Ann", "Name: 李雷"]
    numbers = [[cell.value for cell in cells(page) if isinstance(cell.value, float)] for page in pages]
    assert numbers[0] != numbers[1]
    found = grade(made.files[1])
    assert (found.student, found.variant) == ("李雷", 2)


def test_the_command_line_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "page.xlsx"
    given = ["build", "--template", "apple", "--lang", "zh", "--handout", "--key", "-o", str(path)]
    result = CliRunner().invoke(main, given)
    assert (result.exit_code, result.stderr) == (0, "")  # no exercise: nothing to keep from anybody
    book = openpyxl.load_workbook(path, data_only=True)
    assert {"练习单", "答案"} < set(book.sheetnames)
    assert book["练习单"]["B2"].value.startswith("姓名：")


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    wide = {"layers": 1, "d_ff": 100}
    built = api.build(
        tmp_path / "wide.xlsx", ["the cat"], "encoder-decoder", handout=True, exercise=["inner"], settings=wide
    )
    assert "W_1 (16x100) is left out: too wide for A4" in built.warnings[-1]
    many = api.build(tmp_path / "many.xlsx", template="llama", handout=True, exercise=["scores", "weights"])
    assert "takes 3 pages of A4: leave fewer cells in `exercise`" in many.warnings[0]


@pytest.mark.parametrize("template", ["cat-and-mouse", "multi-head", "add-norm", "feed-forward", "backpropagation",
                                      "encoder-decoder", "masks", "rotary", "gpt", "bert"])  # fmt: skip
def test_what_is_left_by_default_fits(template: str) -> None:
    instance = make_instance(template, slots=0)
    left, values = select(instance, ["default"]), instance.trace()
    pages = asked_of(instance.model, left, values)
    asked = [piece for one in pages for task in one.tasks for piece in task.asked]
    assert {piece.block.name: set(piece.blanks) for piece in asked} == {m.name: set(at) for m, at in left.items()}
    for one in pages:
        said = [Said("title", "formula", "a question of some length, as steps have it" * 3) for _ in one.tasks]
        composed, last = compose(one, said, [], SCALES[-1], 16.0), 1 + columns_at(SCALES[-1], 16.0)
        assert composed.fits(SCALES[-1]), one.section.key
        assert all(column + len(piece.columns) <= last for _, column, piece in composed.pieces)


def test_of_a_gradient_all_rows_are_given_that_it_comes_of() -> None:
    """∂W = Xᵀ · ∂scores takes every row of X, whichever row of it is asked for."""
    instance = make_instance("backpropagation", slots=0)
    block = instance.model.blocks["gradient.backpropagation.W"]
    pages = asked_of(instance.model, {block: ((0, 0), (0, 1))}, instance.trace())
    given = {piece.block.name: [*piece.rows] for one in pages for task in one.tasks for piece in task.given}
    assert given["backpropagation.X"] == given["gradient.backpropagation.scores"] == [0, 1]


def test_a_wide_row_is_cut() -> None:
    instance = make_instance("recurrent", slots=0)
    state = instance.model.blocks["recurrent.word.0.state"]
    piece = Piece(state, (0,), range(16), frozenset([(0, 0)]))
    assert [[*part.columns] for part in piece.parts(10)] == [[*range(10)], [*range(10, 16)]]
    weights = instance.model.blocks["recurrent.W_h"]
    assert len(Piece(weights, range(16), range(16)).parts(8)) == 2
    assert Piece(weights, range(16), range(16)).parts(5) == []
