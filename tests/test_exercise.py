"""Exercises: nothing gives the answers away, cells are judged as they are filled, and what comes back
is graded whatever happened to it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from cells import cells_of, opened
from click.testing import CliRunner
from office import Edit, Office, OpenedBook
from openpyxl.workbook.defined_name import DefinedName

from xltransformer import api
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.classroom.exercise import left_by
from xltransformer.classroom.grading import Score, grade
from xltransformer.classroom.selection import select, stands
from xltransformer.cli import main
from xltransformer.difference import diff
from xltransformer.locale import load_messages
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book
from xltransformer.workbook.start.grid import REGION

SENTENCES = ["cat and mouse", "keyboard and mouse"]
WORDS = ["cat", "mouse", "keyboard", "and"]


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vocabulary of numbers so odd that no answer can stand somewhere by chance."""
    path = tmp_path_factory.mktemp("numbers") / "odd.csv"
    values = np.random.default_rng(3).uniform(-1.5, 1.5, (len(WORDS), 4)).round(6)
    lines = [",".join([word, *map(str, row)]) for word, row in zip(WORDS, values, strict=True)]
    path.write_text("\n".join(["word,animal,technology,grammar,size", *lines]), "utf-8")
    return path


@dataclass(frozen=True)
class Exercise:
    """A built exercise, the answers by block, and the rows of the score lines by what they say."""

    path: Path
    instance: Instance
    read: ReadBook
    answers: dict[str, Any]
    start: str
    scores: dict[str, int]

    def cell(self, block: str, i: int, j: int) -> tuple[str, str]:
        place = self.read.exercises[block]
        return place.sheet, place.address(i, j)

    def score(self, shown: OpenedBook, line: str) -> str:
        return str(shown.cell(self.start, self.scores[line], REGION))

    def verdict(self, shown: OpenedBook, block: str, i: int, j: int) -> Any:
        """1 right, -1 wrong, 0 empty: it stands beside the answer on the hidden sheet."""
        home = self.read.homes[block]
        return shown.cell(home.sheet, home.row + i, home.column + home.shape[1] + 1 + j)


def make(path: Path, steps: tuple[str, ...], language: str = "en", **given: Any) -> Exercise:
    instance = api.build(path, exercise=steps, language=language, **given)
    left = select(instance, steps)
    values = instance.trace()
    start = lay_out(instance, values, load_messages(language), left).sheets[0]
    cells = cells_of(start)
    scores = {
        str(cells[row, REGION + 1].shown or cells[row, REGION + 1].content): row
        for (row, column), cell in cells.items()
        if column == REGION and cell.style == ("verdict", "") and "/" in str(cell.shown)
    }
    answers = {block.name: values[block.name] for block in left}
    return Exercise(path, instance, read_book(path), answers, start.name, scores)


@pytest.fixture(scope="module")
def exercise(numbers: Path, tmp_path_factory: pytest.TempPathFactory) -> Exercise:
    """Scores, weights and output of two sentences; not to be changed."""
    path = tmp_path_factory.mktemp("exercise") / "exercise.xlsx"
    return make(path, ("scores", "weights", "output"), sentences=SENTENCES, embeddings=numbers)


USUAL = ("scores", "scaled", "softmax", "weights", "output")
STEPS = [
    USUAL,
    ("scores",),
    ("project", "output"),
    ("softmax", "weights"),
    ("default",),
    ("scores:mouse", "sentence 1"),
]


@pytest.mark.parametrize("steps", STEPS, ids=",".join)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_visible_sheet_shows_an_answer(
    steps: tuple[str, ...], language: str, numbers: Path, tmp_path: Path
) -> None:
    path = tmp_path / "exercise.xlsx"
    built = make(path, steps, language, sentences=SENTENCES, embeddings=numbers)
    # Kᵀ belongs to the step of the scores, and K stands above it to be turned.
    answers = np.concatenate([block.ravel() for name, block in built.answers.items() if not name.endswith(".K_T")])
    telling = answers[np.abs(answers - answers.round(2)) > 1e-9]  # 0 and 1 stand everywhere
    assert len(telling) > 10
    cached = openpyxl.load_workbook(path, data_only=True)
    visible = [sheet for sheet in cached if sheet.sheet_state == "visible"]
    hidden = {sheet.title: sheet.sheet_state for sheet in cached if sheet.sheet_state != "visible"}
    assert len(visible) >= 8
    assert set(hidden.values()) == {"veryHidden"}
    assert {built.read.homes[name].sheet for name in built.answers} == {"answers"} <= set(hidden)
    for sheet in visible:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, float):
                    near = telling[np.abs(telling - cell.value) < 1e-9]
                    assert not near.size, f"{sheet.title}!{cell.coordinate}"
    for name, place in built.read.exercises.items():
        assert place.sheet not in hidden
        block = built.instance.model.blocks[name]
        assert {built.read.holds(place, i, j) for i, j in select(built.instance, steps)[block]} == {None}
    assert set(built.read.exercises) == set(built.answers)


def test_the_answer_is_not_in_the_worked_lines(exercise: Exercise) -> None:
    """Of a step left to the student they say neither the result nor what it would be made of."""
    cached = openpyxl.load_workbook(exercise.path, data_only=True)
    texts = [
        cell.value
        for sheet in cached
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and "] = " in cell.value
    ]
    symbols = {text.partition("[")[0] for text in texts}
    assert symbols == {"Q", "K", "V"}, "what comes before the first step left open"


def test_right_and_wrong_are_coloured(exercise: Exercise) -> None:
    for block, place in exercise.read.exercises.items():
        home = exercise.read.homes[block]
        first = Place(home.sheet, home.row, home.column + home.shape[1] + 1, home.shape)
        rules = [
            rule.formula
            for area in opened(exercise.path)[place.sheet].conditional_formatting
            for rule in area.rules
            if str(area.sqref) == f"{place.address(0, 0)}:{place.address(home.shape[0] - 1, home.shape[1] - 1)}"
        ]
        for verdict in ("1", "-1"):
            assert [f"'answers'!{first.address(0, 0)}={verdict}"] in rules, block


SCORES = "sentence.0.self_attention.scores"


def test_verdicts_and_scores_in_libreoffice(exercise: Exercise, office: Office) -> None:
    messages = load_messages("en")
    lesson, total = messages("section.self_attention.title"), messages("exercise.total")
    before = messages("start.before", letter="A")
    lines = {key: f"{before}{lesson}: {messages(f'step.{key}.title')}" for key in ("scores", "weights")}
    right = float(exercise.answers[SCORES][0, 1])
    blocks = [b for b in exercise.answers if b.startswith("sentence.0.self_attention")]
    cells = {key: sum(exercise.answers[b].size for b in blocks if b.rpartition(".")[2] in names)
             for key, names in (("scores", ("scores", "K_T")), ("weights", ("weights", "row_sum")))}  # fmt: skip
    everything = sum(block.size for block in exercise.answers.values())
    typed: dict[str, tuple[Any, int]] = {
        "right": (right, 1),
        "rounded": (round(right, 2), 1),
        "just near enough": (right + 0.0099, 1),
        "just too far": (right - 0.0101, -1),
        "wrong": (right + 1, -1),
        "a text": ("abc", -1),
        "the number as a text": (f"'{right}", -1),
        "a formula that is right": ({"formula": f"={right - 2!r}+1+1"}, 1),
        "a formula that is wrong": ({"formula": "=1+1"}, -1),
        "a formula that fails": ({"formula": "=1/0"}, -1),
        "a formula that is a text": ({"formula": '="x"'}, -1),
        "nothing": (None, 0),
    }
    sheet, address = exercise.cell(SCORES, 0, 1)
    other, place = exercise.cell("sentence.1.projected_attention.weights", 2, 2)
    there = float(exercise.answers["sentence.1.projected_attention.weights"][2, 2])
    changed = exercise.read.homes["embeddings"]
    one = (changed.sheet, changed.address(WORDS.index("cat"), 0), 9.0)
    rounds: list[list[Edit]] = [[(sheet, address, value)] for value, _ in typed.values()]
    rounds += [[(sheet, address, right), (other, place, there)], [(sheet, address, right), one]]
    untouched, shown = office.rounds(exercise.path, rounds)

    def scored(book: OpenedBook) -> tuple[str, str, str]:
        scores, weights, every = (exercise.score(book, line) for line in (*lines.values(), total))
        return scores, weights, every

    none = (f"0 / {cells['scores']}", f"0 / {cells['weights']}", f"0 / {everything}")
    assert scored(untouched) == none
    for (what, (_, verdict)), (book, mended) in zip(typed.items(), shown, strict=False):
        assert exercise.verdict(book, SCORES, 0, 1) == verdict, what
        found = int(verdict == 1)
        assert scored(book) == (f"{found} / {cells['scores']}", none[1], f"{found} / {everything}"), what
        assert scored(mended) == none, what
    assert scored(shown[-2][0]) == (f"1 / {cells['scores']}", none[1], f"2 / {everything}")
    assert exercise.verdict(shown[-1][0], SCORES, 0, 1) == -1, "answers follow the inputs"


def test_all_filled_the_sheet_says_so_and_shows_the_solved(exercise: Exercise, office: Office) -> None:
    edits: list[Edit] = [
        (*exercise.cell(name, i, j), round(float(values[i, j]), 2))
        for name, values in exercise.answers.items()
        for i, j in np.ndindex(values.shape)
    ]
    spoiled: list[Edit] = [(*exercise.cell(n, 0, 0), 99.0) for n in exercise.answers if n.endswith(".scores")]
    untouched, ((full, _), (nearly, _)) = office.rounds(exercise.path, [edits, [*edits, *spoiled]])
    for line in exercise.scores:
        right, _, of = exercise.score(full, line).partition(" / ")
        assert right == of, line
    # What follows from the answers shows now.
    for view in ("sentence.0.self_attention.masked", "sentence.1.projected_attention.masked"):
        place = shown_place(exercise, view)
        expected = exercise.instance.trace()[view]
        np.testing.assert_allclose(np.array(full.read(place), dtype=float), expected, rtol=1e-9)
        assert untouched.read(place) == [[""] * place.shape[1]] * place.shape[0]
        assert nearly.read(place) == untouched.read(place), "one wrong number is enough"
    texts = [str(cell) for rows in full.values.values() for row in rows for cell in row]
    assert not [text for text in texts if text.startswith("#")]
    assert not [cell for rows in full.values.values() for row in rows for cell in row if cell is None]


def shown_place(exercise: Exercise, block: str) -> Place:
    """Where a visible sheet shows a block that is worked out on the hidden one: found by its first
    formula, as no name says it."""
    home = exercise.read.homes[block]
    assert home.sheet == "answers"
    for sheet in opened(exercise.path).values():
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value.endswith(f",'answers'!{home.address(0, 0)},\"\")"):
                    return Place(sheet.title, cell.row - 1, cell.column - 1, home.shape)
    raise AssertionError(block)


def filled(
    exercise: Exercise, target: Path, value: Callable[[str, int, int, float], Any], then: Any = None
) -> Path:
    """A returned workbook: `value` says what a student typed, `then` does more to the file."""
    book = openpyxl.load_workbook(exercise.path)
    for name, answers in exercise.answers.items():
        place = exercise.read.exercises[name]
        for i, j in np.ndindex(answers.shape):
            typed = value(name, i, j, float(answers[i, j]))
            if typed is not None:
                book[place.sheet].cell(place.row + i + 1, place.column + j + 1).value = typed
    if then is not None:
        then(book)
    book.save(target)
    return target


def put(block: str, i: int, j: int, value: Any) -> Callable[[Exercise], Callable[[Any], None]]:
    """Overwrite a cell of a block's home."""

    def change(exercise: Exercise) -> Callable[[Any], None]:
        place = exercise.read.homes[block]

        def write(book: Any) -> None:
            book[place.sheet].cell(place.row + i + 1, place.column + j + 1).value = value

        return write

    return change


@pytest.fixture(scope="module")
def batch(exercise: Exercise, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What a class hands in."""
    folder = tmp_path_factory.mktemp("batch")

    def student(name: str, value: Callable[[str, int, int, float], Any], then: Any = None) -> Path:
        return filled(exercise, folder / f"{name}.xlsx", value, then)

    def exact(name: str, i: int, j: int, answer: float) -> Any:
        return answer

    def copied(name: str, i: int, j: int, answer: float) -> Any:
        place = exercise.read.homes[name]
        return f"='{place.sheet}'!{place.address(i, j)}" if name == SCORES else answer

    def named(name: str, i: int, j: int, answer: float) -> Any:
        return f"=INDEX({name},{i + 1},{j + 1})" if name == SCORES else answer

    def renamed(book: Any) -> None:
        book["answers"].sheet_state = "visible"
        book["answers"].title = "mine"
        for defined in book.defined_names.values():
            defined.attr_text = defined.attr_text.replace("'answers'!", "'mine'!").replace("answers!", "mine!")

    def copied_renamed(name: str, i: int, j: int, answer: float) -> Any:
        place = exercise.read.homes[name]
        return f"=mine!{place.address(i, j)}" if name == SCORES else answer

    def forget(book: Any) -> None:
        del book.defined_names[f"xlt.exercise.{SCORES}"]

    def delete(book: Any) -> None:
        book.defined_names[f"xlt.exercise.{SCORES}"].attr_text = "#REF!"

    def delete_all(book: Any) -> None:
        for name, defined in book.defined_names.items():
            if name.startswith("xlt.exercise."):
                defined.attr_text = "#REF!"

    def forget_input(book: Any) -> None:
        del book.defined_names["embeddings"]

    def as_google_sheets(book: Any) -> None:
        for name in list(book.defined_names):
            defined = book.defined_names.pop(name)
            book.defined_names[name.replace(".", "_")] = DefinedName(
                name.replace(".", "_"), attr_text=defined.value
            )

    files = {
        "perfect": student("perfect", lambda n, i, j, a: a),
        "rounded": student("rounded", lambda n, i, j, a: round(a, 2)),
        "untouched": student("untouched", lambda n, i, j, a: None),
        "half": student("half", lambda n, i, j, a: a if n == SCORES else None),
        "wrong": student("wrong", lambda n, i, j, a: a + (0.02 if n == SCORES and i == 0 else 0)),
        "text": student("text", lambda n, i, j, a: f"{a:.2f}" if n == SCORES else a),
        "yes": student("yes", lambda n, i, j, a: True if n == SCORES else a),
        "formulas": student("formulas", lambda n, i, j, a: f"={a!r}*2/2" if n == SCORES else a),
        "failing": student("failing", lambda n, i, j, a: "=1/0" if n == SCORES else a),
        "tampered": student("tampered", exact, put("embeddings", 0, 0, 9)(exercise)),
        "spoiled": student("spoiled", exact, put("embeddings", 0, 0, "much")(exercise)),
        "answers changed": student("answers changed", exact, put(SCORES, 0, 0, 77)(exercise)),
        "copied": student("copied", copied),
        "copied by name": student("copied by name", named),
        "copied from renamed": student("copied from renamed", copied_renamed, renamed),
        "no name": student("no name", exact, forget),
        "no name of an input": student("no name of an input", exact, forget_input),
        "deleted": student("deleted", exact, delete),
        "all deleted": student("all deleted", exact, delete_all),
        "names without dots": student("names without dots", exact, as_google_sheets),
    }
    broken = folder / "broken.xlsx"
    broken.write_bytes(files["perfect"].read_bytes()[:5000])
    notes = folder / "notes.xlsx"
    openpyxl.Workbook().save(notes)
    lesson = folder / "lesson.xlsx"
    api.build(lesson, SENTENCES)
    (folder / "letter.xlsx").write_text("Dear teacher")
    (folder / "folder.xlsx").mkdir()
    names = {"lesson": lesson, "broken": broken, "notes": notes, "letter": folder / "letter.xlsx"}
    return files | names | {"folder": folder / "folder.xlsx", "missing": folder / "missing.xlsx"}


def sizes(exercise: Exercise) -> dict[str, int]:
    steps = {"scores": 0, "weights": 0, "output": 0}
    for stand in stands(exercise.instance.model):
        if stand.block.name in exercise.answers:
            steps[stand.step] += exercise.answers[stand.block.name].size
    return steps


def test_scores_and_remarks(exercise: Exercise, batch: dict[str, Path]) -> None:
    cells, one = sizes(exercise), exercise.answers[SCORES].size
    full = (cells["scores"], 0, 0)
    expected: dict[str, tuple[tuple[int, int, int], str]] = {
        "perfect": (full, ""),
        "rounded": (full, ""),
        "untouched": ((0, 0, cells["scores"]), "nothing is filled in"),
        "half": ((one, 0, cells["scores"] - one), ""),
        "wrong": ((cells["scores"] - 3, 3, 0), ""),
        "text": (full, f"{one} answers are typed as text, such as"),
        "yes": ((cells["scores"] - one, one, 0), f"{one} answers are no number, such as True in"),
        "formulas": (full, ""),
        "failing": ((cells["scores"] - one, one, 0), f"{one} answers are no number, such as '=1/0' in"),
        "answers changed": (full, ""),
        "copied": ((cells["scores"] - one, one, 0), f"{SCORES}: {one} cells copy the hidden answers"),
        "copied by name": ((cells["scores"] - one, one, 0), f"{SCORES}: {one} cells copy the hidden answers"),
        "copied from renamed": ((cells["scores"] - one, one, 0), f"{SCORES}: {one} cells copy the hidden answers"),
        "deleted": ((cells["scores"] - one, 0, one), f"the cells of {SCORES} are gone: counted as empty"),
        "names without dots": (full, ""),
    }
    for name, (scores, remark) in expected.items():
        found = grade(batch[name])
        step = found.steps["scores"]
        assert (name, (step.right, step.wrong, step.empty)) == (name, scores)
        others = {key: score.cells for key, score in found.steps.items()}
        assert others == cells, name
        if name not in ("untouched", "half"):
            assert all(found.steps[key].right == cells[key] for key in ("weights", "output")), name
        assert len(found.remarks) == bool(remark), (name, found.remarks)
        assert not remark or remark in found.remarks[0], name


def test_changed_inputs_are_graded_as_they_are_now(exercise: Exercise, batch: dict[str, Path]) -> None:
    tampered = grade(batch["tampered"])
    (remark,) = tampered.remarks
    before = float(exercise.instance.inputs["embeddings"][0, 0])
    changed = f"Vocabulary!C5 (embeddings) from {before:.6g} to 9"
    graded = "graded against NumPy on the changed ones, with those handed out"
    right = tampered.total.cells - tampered.total.right
    assert remark == f"inputs were changed: {changed}; {graded} {right} more cells would be right"
    inputs = {name: value.copy() for name, value in exercise.instance.inputs.items()}
    inputs["embeddings"][0, 0] = 9
    now = exercise.instance.model.trace(inputs)
    right = sum(int(np.sum(np.abs(now[n] - a) <= 0.01)) for n, a in exercise.answers.items())
    assert 0 < tampered.total.right == right < tampered.total.cells
    spoiled = grade(batch["spoiled"])
    assert "Vocabulary!C5 is no number ('much')" in spoiled.remarks[0]
    assert not spoiled.graded


def test_grade_goes_on_past_broken_files(exercise: Exercise, batch: dict[str, Path]) -> None:
    run = CliRunner().invoke(main, ["grade", *map(str, batch.values()), "--format", "csv"])
    assert run.exit_code == 1
    assert run.stderr == ""
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    assert [row["file"] for row in rows] == [str(path) for path in batch.values()]
    assert list(rows[0]) == ["file", "saved", "hints", *exercise.answers, "right", "of", "percent", "remarks"]
    by_name = dict(zip(batch, rows, strict=True))
    assert by_name["perfect"]["percent"] == "100"
    assert by_name["perfect"]["right"] == by_name["perfect"]["of"]
    assert by_name["untouched"]["percent"] == "0"
    why = {
        "lesson": "is no exercise",
        "broken": "no .xlsx workbook",
        "notes": "was not built by xlt",
        "letter": "no .xlsx workbook",
        "folder": "cannot read",
        "spoiled": "is no number",
        "no name": f"names are lost by which cells are found, of xlt.exercise.{SCORES};",
        "no name of an input": "names are lost by which cells are found, of embeddings;",
        "all deleted": "names are lost",
        "missing": "No such file",
    }
    for name, row in by_name.items():
        graded = name not in why
        assert bool(row[SCORES]) == bool(row["percent"]) == graded, name
        assert graded or why[name] in row["remarks"], (name, row["remarks"])


def test_grade_as_a_table(batch: dict[str, Path]) -> None:
    good = [str(batch[name]) for name in ("perfect", "half")]
    run = CliRunner().invoke(main, ["grade", *good], env={"COLUMNS": "400"})
    assert run.exit_code == 0
    lines = {line.split()[1]: line.split() for line in run.stdout.splitlines() if ".xlsx" in line}
    assert "100" in lines[good[0]]
    assert "100" not in lines[good[1]]
    assert CliRunner().invoke(main, ["grade", good[0], str(batch["missing"])]).exit_code == 1


def test_grade_what_libreoffice_saved(
    exercise: Exercise, batch: dict[str, Path], office: Office, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.xlsx"
    office.edit(batch["wrong"], [(*exercise.cell(SCORES, 0, 0), float(exercise.answers[SCORES][0, 0]))], saved)
    found, before = grade(saved), grade(batch["wrong"])
    assert found.remarks == ()
    assert found.steps["scores"].right == before.steps["scores"].right + 1
    assert found.total.cells == before.total.cells


@pytest.mark.parametrize("engine", ["ironcalc", "libreoffice"])
def test_diff_agrees_on_an_exercise(engine: str, batch: dict[str, Path], exercise: Exercise) -> None:
    for path in (exercise.path, batch["half"]) if engine == "ironcalc" else (batch["wrong"],):
        result = diff(path, engine)
        assert result.ok, [str(problem) for problem in result.problems]
        assert {block.name for block in result.blocks} >= set(exercise.answers)


def steps_left(path: Path) -> set[str]:
    """The steps of which a workbook leaves cells to fill."""
    book = read_book(path)
    left = set(left_by(book.description["exercise"], book.model))
    return {step.key for s in book.model.sections for step in s.steps if left.intersection(step.blocks)}


def test_old_exercises_are_graded(exercise: Exercise) -> None:
    """Those that name steps leave all of them to the student, copies too."""
    told = {"steps": ["scores", "output"], "inputs": ""}
    left = left_by(told, exercise.read.model)
    names = {block.name.removeprefix("sentence.0.self_attention.") for block in left}
    assert {"K_T", "scores", "output"} <= names
    assert all(len(cells) == block.size for block, cells in left.items())


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    build = ["build", "--sentence", "cat and mouse"]
    run = CliRunner().invoke(main, [*build, "-o", "default.xlsx", "--exercise"])
    assert run.exit_code == 0, run.stderr
    assert steps_left(Path("default.xlsx")) == set(USUAL)
    run = CliRunner().invoke(main, [*build, "-o", "two.xlsx", "--exercise", "scores, output"])
    assert run.exit_code == 0
    assert steps_left(Path("two.xlsx")) == {"scores", "output"}
    for wrong in ("nonsense", "scores,nonsense", "", "watch_points"):
        run = CliRunner().invoke(main, [*build, "-o", "bad.xlsx", "--exercise", wrong])
        assert run.exit_code == 2
        (line,) = run.stderr.splitlines()
        assert re.match("xlt: (no )?step ", line)
        assert "scores" in line
        assert not Path("bad.xlsx").exists()


@pytest.mark.parametrize("template", shipped_templates())
def test_every_template_makes_an_exercise(template: str, tmp_path: Path) -> None:
    """With every step left to the student that can be: the first sheet counts each cell once."""
    model = make_instance(template).model
    steps = tuple(dict.fromkeys(stand.step for stand in stands(model) if stand.practice)) or ("default",)
    built = make(tmp_path / "exercise.xlsx", steps, template=template)
    cells = built.instance.to_fill
    assert cells == sum(map(len, select(built.instance, steps).values()))
    cached = openpyxl.load_workbook(built.path, read_only=True, data_only=True)[built.start]
    lines = {text: cached.cell(row + 1, REGION + 1).value for text, row in built.scores.items()}
    assert lines.pop("in total") == f"0 / {cells}"
    assert sum(int(line.removeprefix("0 / ")) for line in lines.values()) == cells
    if template in ("encoder", "multi-head", "recurrent"):
        result = diff(built.path)
        assert result.ok, [str(problem) for problem in result.problems[:5]]
        assert grade(built.path).total == Score(0, 0, cells)


@pytest.mark.parametrize(("language", "unshown"), [("en", ("picture", "the answer")), ("zh", ("图", "结论"))])
@pytest.mark.parametrize("template", ["cat-and-mouse", "multi-head"])
def test_notes_of_an_exercise_speak_of_nothing_that_it_does_not_show(
    template: str, language: str, unshown: tuple[str, ...]
) -> None:
    instance = make_instance(template, language=language)
    left = select(instance, ["weights"])
    start = lay_out(instance, instance.trace(), load_messages(language), left).sheets[0]
    notes = [rule["input_message"] for _, rule in start.validations if "input_message" in rule]
    assert notes
    assert not [note for note in notes if any(word in note for word in unshown)]


def test_a_part_of_a_block_is_filled_in(tmp_path: Path, office: Office) -> None:
    """The other cells, which may repeat it, show once it is right, as does the other sentence's."""
    row = "sentence.0.self_attention.scores:mouse"
    built = make(tmp_path / "quiz.xlsx", (row, "sentence.0.self_attention.output:1"), sentences=SENTENCES)
    assert built.instance.to_fill == 3 + 4
    answers = built.answers[SCORES]
    place, twin = built.read.exercises[SCORES], shown_place(built, SCORES.replace("0", "1", 1))
    edits: list[Edit] = [(place.sheet, place.address(2, j), round(float(answers[2, j]), 2)) for j in range(3)]
    before, ((after, _),) = office.rounds(built.path, [edits])
    assert before.read(place) == [[""] * 3] * 3
    assert before.read(twin) == [[""] * 3] * 3
    np.testing.assert_allclose(np.array(after.read(place), dtype=float), answers, atol=0.005)
    assert after.read(twin) != before.read(twin)
    assert built.score(after, "in total") == "3 / 7"
    assert grade(built.path).total == Score(0, 0, 7)


def test_without_exercise_nothing_but_what_was_built_is_hidden(tmp_path: Path) -> None:
    path = tmp_path / "plain.xlsx"
    api.build(path, ["cat and mouse"])
    book = openpyxl.load_workbook(path)
    assert [sheet.title for sheet in book if sheet.sheet_state != "visible"] == ["As built"]
    assert "answers" not in book.sheetnames


@pytest.mark.parametrize("steps", [USUAL, ("scores",)], ids=",".join)
@pytest.mark.parametrize(
    ("what", "at", "many"), [("rows", 30, 1), ("rows", 30, 2), ("rows", 5, 4), ("cols", 4, 1)]
)
def test_names_that_a_program_left_behind_are_no_wrong_grade(
    steps: tuple[str, ...], what: str, at: int, many: int, tmp_path: Path
) -> None:
    """openpyxl moves cells, but neither names nor what formulas refer to."""
    built = make(tmp_path / "x.xlsx", steps, sentences=("the cat sat",))

    def inserted(book: Any) -> None:
        getattr(book[built.read.exercises[next(iter(built.answers))].sheet], f"insert_{what}")(at, many)

    path = filled(built, tmp_path / "back.xlsx", lambda name, i, j, answer: answer)
    assert grade(path).total.wrong == 0
    path = filled(built, tmp_path / "back.xlsx", lambda name, i, j, answer: answer, inserted)
    (line,) = grade(path).remarks
    assert "no longer points at its cells" in line
    assert len(line.replace(str(tmp_path), "")) < 250
