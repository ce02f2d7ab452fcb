"""Hints: off at first, told only after a wrong answer and with nothing given away, and counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from office import Edit, Office, OpenedBook
from test_exercise import Exercise, filled, make

from xltransformer.classroom.grading import grade
from xltransformer.classroom.selection import select
from xltransformer.difference import diff
from xltransformer.engines import fold, recalculate
from xltransformer.locale import load_messages
from xltransformer.workbook.places import Place, place_of
from xltransformer.workbook.start.grid import REGION

SCORES, WEIGHTS = "self_attention.scores", "self_attention.weights"
ASKED = (f"{SCORES}:mouse", f"{WEIGHTS}:mouse")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Exercise:
    return make(tmp_path_factory.mktemp("hints") / "quiz.xlsx", ASKED, sentences=["cat and mouse"])


def switch(built: Exercise, block: str) -> Place:
    return place_of(built.read.names[f"xlt.hint.{block}"])


def told(shown: OpenedBook, place: Place) -> str:
    return str(shown.cell(place.sheet, place.row, place.column + 1))


def taken(built: Exercise, shown: OpenedBook) -> Any:
    return shown.cell(built.start, max(built.scores.values()) + 1, REGION)


def test_a_hint_shows_after_a_wrong_answer_and_is_counted(built: Exercise, office: Office) -> None:
    messages = load_messages("en")
    scores, weights = built.answers[SCORES][2], built.answers[WEIGHTS][2]
    first, then = switch(built, SCORES), switch(built, WEIGHTS)
    on: list[Edit] = [(place.sheet, place.address(0, 0), "on") for place in (first, then)]
    at, of_weights = built.read.exercises[SCORES], built.read.exercises[WEIGHTS]
    right: list[Edit] = [(at.sheet, at.address(2, j), float(scores[j])) for j in range(3)]
    wrong: list[Edit] = [(at.sheet, at.address(2, 1), float(scores[1]) + 1)]
    slip: list[Edit] = [(at.sheet, of_weights.address(2, 0), float(weights[0]) + 1)]
    rounds = [on, [*right, *wrong], [*right, *wrong, *on], [*right, *on], [*right, *slip, *on], [*slip, *on]]
    untouched, shown = office.rounds(built.path, rounds)
    tries, off, hint, solved, later, early = (book for book, _ in shown)
    assert told(untouched, first) == told(off, first) == ""
    assert taken(built, untouched) == taken(built, off) == 0
    assert taken(built, hint) == 2
    assert told(tries, first) == messages("hint.first")
    assert told(tries, then) == messages("hint.before")
    Q, K = built.instance.trace()["self_attention.Q"][2], built.instance.trace()["self_attention.K"][1]
    terms = " + ".join(f"{q:.2f}×{k:.2f}" for q, k in zip(Q, K, strict=True))
    assert told(hint, first) == f"scores[mouse, and] = {terms} = ?"
    assert told(hint, then) == told(early, then) == messages("hint.before"), "what it comes from is no gift"
    assert told(solved, first) == messages("hint.done")
    assert told(later, then).startswith("weights[mouse, cat] = ")
    assert told(later, then).endswith(" = ?")
    assert f"{weights[0]:.2f} " not in told(later, then)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_grading_counts_hints_in_every_engine(language: str, tmp_path: Path) -> None:
    built = make(tmp_path / "quiz.xlsx", ASKED, language, sentences=["cat and mouse"])

    def switched(book: Any) -> None:
        place = switch(built, SCORES)
        book[place.sheet].cell(place.row + 1, place.column + 1).value = load_messages(language)("switch.on")

    path = filled(
        built, tmp_path / "back.xlsx", lambda name, i, j, answer: answer + (j == 0) if i == 2 else None, switched
    )
    found = grade(path)
    assert (found.hints, found.total.right, found.total.wrong) == (1, 4, 2)
    assert grade(built.path).hints == 0
    result = diff(path)
    assert result.ok, [str(problem) for problem in result.problems]
    _, results, _ = recalculate(path)
    place = switch(built, SCORES)
    said = results[fold(place.sheet)][place.row + 1, place.column + 2]
    assert str(said).startswith("scores[mouse, cat] = ")
    assert str(said).endswith(" = ?")


@pytest.mark.parametrize("template", ["gpt", "backpropagation", "feed-forward", "rotary"])
def test_every_model_has_hints(template: str, tmp_path: Path) -> None:
    built = make(tmp_path / "quiz.xlsx", ("default",), template=template)
    assert [name for name in built.read.names if name.startswith("xlt.hint.")]
    start = openpyxl.load_workbook(built.path, read_only=True, data_only=True)[built.start]
    texts = [str(cell) for row in start.iter_rows(values_only=True) for cell in row if cell]
    assert load_messages("en")("hint.taken") in texts
    assert diff(built.path).ok


@pytest.mark.parametrize("template", ["add-norm", "masks", "feed-forward"])
def test_the_key_of_an_exercise_is_all_right(template: str, tmp_path: Path) -> None:
    """Two decimals are enough, in a variant, too."""
    built = make(tmp_path / "quiz.xlsx", ("default",), template=template)
    left = select(built.instance)
    cells = {(block.name, cell) for block, found in left.items() for cell in found}
    key = filled(
        built,
        tmp_path / "key.xlsx",
        lambda name, i, j, answer: round(answer, 2) if (name, (i, j)) in cells else None,
    )
    found = grade(key)
    assert (found.total.right, found.total.cells, found.remarks) == (len(cells), len(cells), ())
