"""Grading one returned workbook: how many of its cells are right, and what is odd about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xltransformer.checked import is_number
from xltransformer.classroom.exercise import fingerprint, left_by
from xltransformer.classroom.grading.changed import changes, undone
from xltransformer.classroom.grading.changed import said as changes_said
from xltransformer.classroom.grading.records import Answer, Grade, Score, Verdict
from xltransformer.classroom.grading.remarks import on_answers
from xltransformer.classroom.grading.saved import saved
from xltransformer.classroom.grading.typed import number_in
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix
from xltransformer.inputs import as_text
from xltransformer.locale import switch_words
from xltransformer.text import word_key
from xltransformer.workbook.book import ANSWERS, TOLERANCE, Left
from xltransformer.workbook.paper import KEY
from xltransformer.workbook.places import quoted

if TYPE_CHECKING:
    from xltransformer.engines import Results
    from xltransformer.workbook.places import Place
    from xltransformer.workbook.reader import ReadBook

MOST_BYTES = 300_000_000
"""The largest returned workbook, unpacked."""
LIMITS = (60, 4000)
"""Seconds, and megabytes of memory, that recalculating one returned workbook may take."""
_LABEL = '&""'
"""What a formula ends with that makes a label of a word."""


def grade(path: str | Path) -> Grade:
    """Grade one returned workbook; a file that cannot be graded says why in its remarks."""
    path = Path(path)
    try:
        return _grade(path)
    except UserError as error:
        return Grade(path, {}, (str(error),))
    except Exception as error:  # a file made by hand can make the grading stumble anywhere
        return Grade(path, {}, (f"{path} cannot be graded ({type(error).__name__}: {error!s:.100})",))


def _grade(path: Path) -> Grade:
    from xltransformer.engines import Limits, recalculate
    from xltransformer.workbook.current import trace_inputs, usable_inputs
    from xltransformer.workbook.reader import read_book

    book = read_book(path, MOST_BYTES)
    exercise = book.description.get("exercise")
    if not isinstance(exercise, dict):
        raise UserError(f"{path} is no exercise: build one with `build(exercise=…)`")
    try:
        left = left_by(exercise, book.model)
    except ValueError as error:
        raise UserError(f"{path} does not say which cells are left to fill: {error}") from None
    book.expect(book.model.inputs, list(left))
    _, results, said = recalculate(path, Limits(*LIMITS))
    if moved := next((m.name for m in left if _left_behind(book, results, m.name)), None):
        raise UserError(
            f"{path}: the name of {moved} no longer points at its cells, as where a program that leaves "
            "names behind inserted rows: copy the answers into the file as handed out"
        )
    inputs = usable_inputs(book, results)
    expected = trace_inputs(book, inputs)
    answers = tuple(_answers(book, results, left, expected))
    remarks = [said] if said else []
    changed = list(_on_inputs(book, inputs, answers, left, exercise))
    remarks += changed
    gone = [m for m in left if _place(book, m) is None]
    remarks += [f"the cells of {block.name} are gone: counted as empty" for block in gone]
    remarks += on_answers(answers)
    variant = exercise.get("variant")
    whose = variant if isinstance(variant, dict) else {}
    return Grade(
        path,
        _by_step(book, answers),
        tuple(remarks),
        answers,
        student=str(whose.get("name", "")),
        variant=number if isinstance(number := whose.get("number"), int) else None,
        hints=_hints(book, results),
        changed=bool(changed),
        saved=saved(path),
    )


def _hints(book: ReadBook, results: Results) -> int | None:
    """How many hints are switched on; None where there are none."""
    from xltransformer.workbook.current import result

    on = {word_key(word) for word in switch_words().on}
    said = [result(results, place, i, 0) for place in book.hints for i in range(place.shape[0])]
    return sum(word_key(as_text(one)) in on for one in said if one is not None) if said else None


def _on_inputs(
    book: ReadBook,
    inputs: Mapping[str, Array],
    answers: Sequence[Answer],
    blocks: Iterable[Matrix],
    exercise: Mapping[str, Any],
) -> Iterator[str]:
    """A remark where inputs were changed that answers come from."""
    graded = "graded against NumPy on the changed ones"
    found = changes(book, inputs, blocks)
    if found:
        wrong = [one for one in answers if one.verdict == "wrong"]
        before = undone(found, inputs) if wrong else None
        fits = _right_with(book, before, wrong) if before else 0
        also = f", with those handed out {fits} more cells would be right" if fits else ""
        yield f"inputs were changed: {changes_said(found)}; {graded}{also}"
    elif found is None and fingerprint(inputs) != exercise.get("inputs"):
        yield f"inputs were changed; {graded}"


def _right_with(book: ReadBook, inputs: Mapping[str, Array], answers: Iterable[Answer]) -> int:
    """How many answers are right with other inputs."""
    values = book.model.trace(inputs)
    return sum(is_right(one.value, float(values[one.block][one.at])) for one in answers)


def _place(book: ReadBook, block: Matrix) -> Place | None:
    """The cells that a student fills of a block, None where they are not there as they were."""
    place = book.exercises.get(block.name)
    return place if place is not None and place.shape == block.shape else None


def _by_step(book: ReadBook, answers: Sequence[Answer]) -> dict[str, Score]:
    """The score of every step."""
    of_block: dict[str, list[Answer]] = {}
    for answer in answers:
        of_block.setdefault(answer.block, []).append(answer)
    scores: dict[str, Score] = {}
    for name, mine in of_block.items():
        block = book.model.blocks[name]
        key = next(step.key for s in book.model.sections for step in s.steps if block in step.blocks)
        scores[key] = scores.get(key, Score()) + Score.of(mine)
    return scores


def _answers(book: ReadBook, results: Results, left: Left, expected: Mapping[str, Array]) -> Iterator[Answer]:
    """What was made of every cell that was left to the student."""
    from xltransformer.workbook.current import result

    secret = _secret(book)
    for block, filled in left.items():
        place, right = _place(book, block), expected[block.name]
        rows, columns = block.rows.read(expected), block.columns.read(expected)
        for i, j in filled:
            typed = book.holds(place, i, j) if place else None
            found = result(results, place, i, j) if place else None
            value, as_text = _number(found)
            verdict = _verdict(typed, value, float(right[i, j]), secret)
            cell = f"{place.sheet}!{place.address(i, j)}" if place else ""
            where = block.name, (i, j), rows[i], columns[j], cell
            yield Answer(*where, typed, value, float(right[i, j]), verdict, as_text and value is not None)


def _number(found: object) -> tuple[float | None, bool]:
    """The number that a cell shows, None for none, and whether it stands there as a text."""
    if isinstance(found, str):
        return number_in(found), True
    return (float(found), False) if is_number(found) else (None, False)  # type: ignore[arg-type]


def _verdict(typed: object, value: float | None, expected: float, secret: re.Pattern[str]) -> Verdict:
    if typed is None or (isinstance(typed, str) and not typed.strip()):
        return "empty"
    if _copies(typed, secret):
        return "copied"
    if value is None:
        return "no number"
    return "right" if is_right(value, expected) else "wrong"


def is_right(value: float | None, expected: float) -> bool:
    """Whether a number is near enough to the right one."""
    return value is not None and abs(value - expected) <= TOLERANCE * (1 + 1e-9)


def _left_behind(book: ReadBook, results: Results, block: str) -> bool:
    """Whether rows or columns were inserted before the cells that a student fills of a block and their name did
    not move along: their labels stand in them, numbers where their labels, which are texts, should stand, or there
    is no title at their corner, but a label below the last one."""
    from xltransformer.workbook.current import result

    place = book.exercises.get(block)
    if place is None:
        return False
    rows, columns = place.shape
    sides = [[(i, 0) for i in range(rows)], [(0, j) for j in range(columns)]]
    if any(all(str(book.holds(place, i, j) or "").endswith(_LABEL) for i, j in side) for side in sides):
        return True
    if any(is_number(result(results, place, -1, j)) for j in range(columns)):
        return True
    title, last, below = (result(results, place, i, -1) for i in (-1, rows - 1, rows))
    return title in (None, "") and last not in (None, "") and below not in (None, "")


def _secret(book: ReadBook) -> re.Pattern[str]:
    """What a formula holds that takes its value from the sheet of answers: the sheet, whatever it is
    called by now, or the name of a block that lies there; or from the sheet that is printed with answers."""
    hidden = {place.sheet for name, place in book.homes.items() if name in book.exercises}
    printed = {key.sheet} if (key := book.named(KEY)) is not None else set()
    sheets = [f"(?:{re.escape(sheet)}|{re.escape(quoted(sheet))})!" for sheet in {ANSWERS, *hidden, *printed}]
    names = [rf"{re.escape(name)}(?![\w.])" for name, place in book.homes.items() if place.sheet in hidden]
    return re.compile(rf"(?<![\w.])(?:{'|'.join([*sheets, *names])})", re.IGNORECASE)


def _copies(typed: object, secret: re.Pattern[str]) -> bool:
    """Whether a cell takes its value from the sheet of answers."""
    return isinstance(typed, str) and typed.startswith("=") and bool(secret.search(typed))
