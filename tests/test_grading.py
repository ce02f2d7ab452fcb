"""What grading makes of answers however they were typed, of changed inputs, and of files that are alike."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from xltransformer import api
from xltransformer.classroom.grading import Answer, Grade, Saved, Score, compared, grade, notes
from xltransformer.classroom.grading.records import Verdict
from xltransformer.classroom.grading.typed import number_in
from xltransformer.classroom.homework import handed_in
from xltransformer.cli import main
from xltransformer.graph import Array
from xltransformer.workbook.reader import ReadBook, read_book

SCORES = "self_attention.scores"


def test_numbers_as_they_are_typed() -> None:
    quarter = (
        "0,25", "0.25 ", "'0.25", "25%", "25 %", "０.２５", "０，２５", "25％", "1/4", "¼", "=0.25", "≈0,25",
        "+.25", "2.5e-1", "\u00a00,25\u200b", "0。25", "250‰", "’0.25",
    )  # fmt: skip
    assert [text for text in quarter if number_in(text) != 0.25] == []
    assert [number_in(text) for text in ("−1,5", "–1.5", "- 1.5", "1.234,5", "1,234.5", "0,", "-50 %")] == [
        -1.5, -1.5, -1.5, 1234.5, 1234.5, 0.0, -0.5,
    ]  # fmt: skip
    none = ("", "abc", "0.2.5", "1/0", "0,25 0,3", "%", "x=1", "1e999", "#N/A", "1" * 100)
    assert [text for text in none if number_in(text) is not None] == []


def build_quiz(path: Path) -> None:
    api.build(path, ["cat and mouse"], exercise=[SCORES])


@pytest.fixture(scope="module")
def quiz(tmp_path_factory: pytest.TempPathFactory) -> ReadBook:
    path = tmp_path_factory.mktemp("quiz") / "quiz.xlsx"
    build_quiz(path)
    return read_book(path)


@pytest.fixture(scope="module")
def right(quiz: ReadBook) -> Array:
    return api.trace(["cat and mouse"], slots=0)[SCORES].to_numpy()


def filled(
    quiz: ReadBook, path: Path, answers: Mapping[tuple[int, int], Any], change: Mapping[str, Any] | None = None
) -> Path:
    """The quiz with answers to some cells, and other cells changed (`Vocabulary!C5`)."""
    book, place = openpyxl.load_workbook(quiz.path), quiz.exercises[SCORES]
    for (i, j), answer in answers.items():
        book[place.sheet][place.address(i, j)].value = answer
    for cell, value in (change or {}).items():
        sheet, _, address = cell.partition("!")
        book[sheet][address].value = value
    book.save(path)
    return path


def test_answers_as_texts(quiz: ReadBook, right: Array, tmp_path: Path) -> None:
    forms: list[Callable[[float], Any]] = [
        lambda x: f"{x:.2f}".replace(".", ","), lambda x: f"{x * 100:.0f} %", lambda x: f"{x:.2f} ",
        lambda x: "no idea", lambda x: x,
    ]  # fmt: skip
    answers = {(i, j): forms[(3 * i + j) % 5](right[i, j]) for i in range(3) for j in range(3)}
    found = grade(filled(quiz, tmp_path / "ann.xlsx", answers))
    assert found.total == Score(7, 2, 0)
    texts, others = found.remarks
    assert texts.startswith(f"6 answers are typed as text, such as '{answers[0, 0]}' in ")
    assert others.startswith("2 answers are no number, such as 'no idea' in ")
    first = found.answers[0]
    assert (first.verdict, first.as_text, first.row, first.column) == ("right", True, "cat", "cat")
    assert found.blocks == {SCORES: found.total}


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (lambda x: 100 * x, "most answers are 100 times the right number"),
        (lambda x: -x, "most answers are the negative of the right number"),
        (lambda x: x + 0.04, "perhaps rounded too early"),
        (lambda x: x + 7, "none of 9 cells is right"),
        (lambda x: 46113, "9 answers are perhaps a date"),
    ],
)
def test_none_right_is_never_without_a_word(
    quiz: ReadBook, right: Array, tmp_path: Path, typed: Callable[[float], float], why: str
) -> None:
    answers = {(i, j): float(typed(right[i, j])) for i in range(3) for j in range(3)}
    found = grade(filled(quiz, tmp_path / "ann.xlsx", answers))
    assert found.total.right == 0
    assert why in "; ".join(found.remarks)


def test_changed_inputs_are_named(quiz: ReadBook, right: Array, tmp_path: Path) -> None:
    home, words = quiz.homes["embeddings"], quiz.homes["sentence.words"]
    cell, word = f"{home.sheet}!{home.address(0, 1)}", f"{words.sheet}!{words.address(0, 0)}"
    exact = {(i, j): float(right[i, j]) for i in range(3) for j in range(3)}
    found = grade(filled(quiz, tmp_path / "ann.xlsx", exact, {cell: 5, word: "mouse"}))
    assert f"{cell} (embeddings) from " in found.remarks[0]
    assert " to 5" in found.remarks[0]
    assert f"{word} (sentence.words) from 'cat' to 'mouse'" in found.remarks[0]
    assert "with those handed out" in found.remarks[0]


def test_what_no_answer_comes_from_may_be_changed(quiz: ReadBook, tmp_path: Path) -> None:
    """Another word to watch changes no answer."""
    assert quiz.model.watch is not None
    place = quiz.homes[quiz.model.watch.word.name]
    watched = {f"{place.sheet}!{place.address(0, 0)}": "mouse"}
    assert grade(filled(quiz, tmp_path / "ann.xlsx", {}, watched)).remarks == ("nothing is filled in",)


def test_one_changed_weight_of_many_is_named(tmp_path: Path) -> None:
    """Where only sums of rows are kept."""
    path = tmp_path / "quiz.xlsx"
    build_quiz(path)
    quiz = read_book(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xltransformer.workbook.built.MOST_CELLS", 5)
        build_quiz(tmp_path / "sums.xlsx")
        home = quiz.homes["embeddings"]
        cell = f"{home.sheet}!{home.address(1, 1)}"
        book = openpyxl.load_workbook(tmp_path / "sums.xlsx")
        before = book[home.sheet][home.address(1, 1)].value
        book[home.sheet][home.address(1, 1)].value = before + 2.5
        book.save(tmp_path / "sums.xlsx")
        assert (
            f"{cell} (embeddings) from {before:.6g} to {before + 2.5:.6g};"
            in grade(tmp_path / "sums.xlsx").remarks[0]
        )


def saved_at(time: str, source: Path, target: Path) -> None:
    """A copy of a workbook as it would be saved at a time, after 42 minutes."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/app.xml":
                data = data.replace(b"</Properties>", b"<TotalTime>42</TotalTime></Properties>")
            if name == "docProps/core.xml":
                data = re.sub(rb"[^>]*(</dcterms:modified>)", time.encode() + rb"\1", data)
            new.writestr(name, data)


def student(name: str, values: list[float | None], expected: list[float], **told: Any) -> Grade:
    """A grade with such answers to one block."""

    def verdict(value: float | None, right: float) -> Verdict:
        return "empty" if value is None else "right" if abs(value - right) <= 0.01 else "wrong"

    answers = tuple(
        Answer("scores", (0, j), "cat", "", f"A!B{j}", value, value, right, verdict(value, right))
        for j, (value, right) in enumerate(zip(values, expected, strict=True))
    )
    return Grade(Path(name), {"scores": Score.of(answers)}, (), answers, **told)


def told(*grades: Grade, twins: Mapping[int, int] | None = None) -> dict[str, str]:
    return {str(one.path): "; ".join(one.remarks) for one in compared(grades, twins or {})}


RIGHT = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]


def test_the_same_wrong_answers() -> None:
    copied = [0.1, 0.2, 9.0, 0.4, 8.0, 0.6, None, 0.8]
    said = told(
        student("ann", copied, RIGHT), student("bob", copied, RIGHT), student("eve", RIGHT, RIGHT),
        student("jim", [0.11, 0.2, 9.0, 0.4, 7.5, 0.6, 0.7, 0.8], RIGHT),
    )  # fmt: skip
    assert said == {
        "ann": "the same answers as bob, also the same 2 wrong ones",
        "bob": "the same answers as ann, also the same 2 wrong ones",
        "eve": "",
        "jim": "",
    }


def test_all_right_is_no_sign_without_variants() -> None:
    all_right = [student(name, RIGHT, RIGHT) for name in ("ann", "bob", "eve")]
    assert set(told(*all_right).values()) == {""}
    (note,) = notes(all_right)
    assert "3 files are right in every cell with the same numbers: that is no sign of copying" in note
    assert notes([student("ann", RIGHT, RIGHT), student("bob", [1.0], [1.0])]) == []
    assert notes([student(name, RIGHT, RIGHT, variant=3) for name in ("ann", "copy")]) == []
    moment = Saved("2026-11-27T13:31:12Z")
    assert "saved at the same second" in told(*(replace(one, saved=moment) for one in all_right[:2]))["bob"]
    assert told(*all_right, twins={2: 0})["eve"] == "the same file as ann"


def test_a_slip_that_many_make_is_no_sign() -> None:
    slips = [0.1, 0.2, 0.3, 0.4, 5.0, 6.0, 7.0, 8.0]
    said = told(*(student(f"s{k}", [0.1 + 0.001 * k, *slips[1:]], RIGHT) for k in range(6)))
    assert set(said.values()) == {""}


def test_some_wrong_answers_the_same() -> None:
    said = told(
        student("ann", [1.0, 2.0, 3.0, 0.4, 0.5, 0.6, 0.7, 0.8], RIGHT),
        student("bob", [1.0, 2.0, 3.0, 4.0, None, None, None, 0.8], RIGHT),
    )
    assert said["bob"] == "3 of 4 wrong answers are the same as in ann"


def test_answers_that_fit_the_variant_of_another() -> None:
    others = [x + 0.3 for x in RIGHT]
    third = [x + 0.7 for x in RIGHT]
    said = told(
        student("ann", others, RIGHT, student="Ann", variant=3),
        student("bob", others, others, student="Bob", variant=7),
        student("eve", third, third, student="Eve", variant=8),
    )
    assert said == {
        "ann": "8 answers that are wrong here are right for the numbers of bob (Bob, variant 7)",
        "bob": "",
        "eve": "",
    }
    twice = told(*(student(name, RIGHT, RIGHT, student="Ann", variant=3) for name in ("ann", "copy")))
    assert twice == {
        "ann": "the same variant (Ann, variant 3) as copy",
        "copy": "the same variant (Ann, variant 3) as ann",
    }


@pytest.fixture(scope="module")
def folder(quiz: ReadBook, right: Array, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three students, one of them with another's answers, saved anew under a name like a formula; a picture."""
    folder = tmp_path_factory.mktemp("class")
    answers = {(i, j): float(right[i, j]) + (i == 2) for i in range(3) for j in range(3)}
    filled(quiz, folder / "ann.xlsx", answers)
    saved_at("2026-11-27T13:31:12Z", folder / "ann.xlsx", folder / "=bob.xlsx")
    shutil.copy(quiz.path, folder / "eve.xlsx")
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    (folder / "Thumbs.db").write_bytes(b"x")
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["grade", *map(str, arguments), "--jobs", "1"])


def test_marks_by_block_and_by_cell(folder: Path, tmp_path: Path) -> None:
    result = run(folder, "-o", tmp_path / "marks.csv", "--cells")
    assert (
        result.output
        == f"wrote {tmp_path / 'marks.csv'} and {tmp_path / 'marks.cells.csv'}: 3 of 4 files graded\n"
    )
    rows = list(csv.DictReader(io.StringIO((tmp_path / "marks.csv").read_text("utf-8-sig"))))
    assert list(rows[0]) == ["file", "saved", "minutes", "hints", SCORES, "right", "of", "percent", "remarks"]
    by_name = {Path(row["file"]).name: row for row in rows}
    assert (by_name["ann.xlsx"][SCORES], by_name["ann.xlsx"]["percent"]) == ("6 of 9", "67")
    assert "the same answers as" in by_name["ann.xlsx"]["remarks"]
    assert "also the same 3 wrong ones" in by_name["=bob.xlsx"]["remarks"]
    assert by_name["eve.xlsx"]["remarks"] == "nothing is filled in"
    assert (by_name["eve.xlsx"]["saved"], by_name["ann.xlsx"]["saved"][:2]) == ("", "20")
    assert "is a picture" in by_name["photo.png"]["remarks"]
    cells = list(csv.DictReader(io.StringIO((tmp_path / "marks.cells.csv").read_text("utf-8-sig"))))
    assert len(cells) == 27
    last = next(
        row for row in cells if row["file"].endswith("ann.xlsx") and row["row"] == row["column"] == "mouse"
    )
    assert (last["block"], last["verdict"]) == (SCORES, "wrong")
    assert float(last["typed"]) == pytest.approx(float(last["expected"]) + 1)
    assert "--force" in run(folder, "-o", tmp_path / "marks.csv").stderr


def test_marks_as_a_workbook(folder: Path) -> None:
    """Neat, with numbers as numbers, no formulas; and no homework the next time."""
    path = folder / "marks.xlsx"
    assert run(folder, "-o", path, "--cells").exit_code == 1
    book = openpyxl.load_workbook(path)
    sheet, cells = book["marks"], book["answers"]
    header = [cell.value for cell in sheet[1]]
    assert header == ["file", "percent", "right", "of", "hints", "saved", "minutes", "remarks", SCORES]
    assert sheet.freeze_panes == cells.freeze_panes == "B2"
    rows = {Path(row[0].value).name: row for row in sheet.iter_rows(2, 5)}
    percent, score = (rows["ann.xlsx"][header.index(name)] for name in ("percent", SCORES))
    assert (percent.value, percent.number_format) == (pytest.approx(6 / 9), "0%")
    assert (score.value, score.number_format) == (6, '0" of 9"')
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert [cell.value for cell in cells[1]][-2:] == ["expected", "verdict"]
    assert cells.max_row == 28
    assert path not in handed_in([folder])
    path.unlink()


def test_marks_as_json(folder: Path) -> None:
    found = json.loads(run(folder, "--format", "json", "--cells").stdout)
    ann = next(one for one in found["files"] if one["file"].endswith("ann.xlsx"))
    assert ann["blocks"] == {SCORES: {"right": 6, "wrong": 3, "empty": 0, "of": 9}}
    assert (ann["percent"], ann["student"], ann["hints"]) == (66.7, None, 0)
    assert {"row", "column", "typed", "number", "expected", "verdict"} < ann["answers"][0].keys()
    assert found["notes"] == []


def test_minutes_are_read_where_a_program_tells_them(quiz: ReadBook, tmp_path: Path) -> None:
    """As LibreOffice does."""
    path = tmp_path / "ann.xlsx"
    saved_at("2026-11-27T13:31:12Z", quiz.path, path)
    assert grade(path).saved == Saved("2026-11-27T13:31:12Z", 42)
