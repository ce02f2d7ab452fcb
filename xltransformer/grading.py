"""Grading: how many of an exercise's cells a returned workbook has right, and what is odd about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xltransformer.checked import is_number
from xltransformer.errors import UserError
from xltransformer.exercise import fingerprint, left_by
from xltransformer.record import record
from xltransformer.workbook.book import ANSWERS, TOLERANCE
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


@record
class Score:
    """How many of a step's cells are right, wrong and empty."""

    right: int = 0
    wrong: int = 0
    empty: int = 0

    @property
    def cells(self) -> int:
        return self.right + self.wrong + self.empty

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.wrong + other.wrong, self.empty + other.empty)


@record
class Grade:
    """One returned workbook: the score of every step, and remarks on what is odd about the file.

    A file that cannot be graded has no scores and says why in `remarks`.
    """

    path: Path
    steps: Mapping[str, Score]
    remarks: tuple[str, ...]

    @property
    def graded(self) -> bool:
        return bool(self.steps)

    @property
    def total(self) -> Score:
        return sum(self.steps.values(), Score())


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
    from xltransformer.workbook.current import result, trace_inputs, usable_inputs
    from xltransformer.workbook.reader import read_book

    book = read_book(path, MOST_BYTES)
    exercise = book.description.get("exercise")
    if not isinstance(exercise, dict):
        raise UserError(f"{path} is no exercise: build one with `build(exercise=…)`")
    try:
        left = left_by(exercise, book.model)
    except ValueError as error:
        raise UserError(f"{path} does not say which cells are left to fill: {error}") from None
    blocks = list(left)
    book.expect(book.model.inputs, blocks)
    _, results, said = recalculate(path, Limits(*LIMITS))
    places = {block.name: book.exercises[block.name] for block in blocks if block.name in book.exercises}
    if moved := next((name for name, place in places.items() if _left_behind(book, results, place)), None):
        raise UserError(
            f"{path}: the name of {moved} no longer points at its cells, as where a program that leaves "
            "names behind inserted rows: copy the answers into the file as handed out"
        )
    inputs = usable_inputs(book, results)
    remarks = [said] if said else []
    if fingerprint(inputs) != exercise.get("inputs"):
        remarks.append("inputs were changed; graded against NumPy on the changed ones")
    expected = trace_inputs(book, inputs)
    secret = _secret(book)
    scores: dict[str, Score] = {}
    for block in blocks:
        key = next(step.key for s in book.model.sections for step in s.steps if block in step.blocks)
        place = book.exercises.get(block.name)
        if place is None or place.shape != block.shape:
            remarks.append(f"the cells of {block.name} are gone: counted as empty")
            score = Score(empty=len(left[block]))
        else:
            cells = [(book.holds(place, i, j), result(results, place, i, j)) for i, j in left[block]]
            if copied := sum(_copies(typed, secret) for typed, _ in cells):
                remarks.append(f"{block.name}: {copied} cells copy the hidden answers: counted as wrong")
            score = _score(cells, [expected[block.name][cell] for cell in left[block]], secret)
        scores[key] = scores.get(key, Score()) + score
    return Grade(path, scores, tuple(remarks))


def _left_behind(book: ReadBook, results: Results, place: Place) -> bool:
    """Whether rows or columns were inserted before the cells that a student fills and their name did not move
    along: their labels stand in them, numbers where their labels, which are texts, should stand, or there is no
    title at their corner, but a label below the last one."""
    from xltransformer.workbook.current import result

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
    called by now, or the name of a block that lies there."""
    hidden = {place.sheet for name, place in book.homes.items() if name in book.exercises}
    sheets = [f"(?:{re.escape(sheet)}|{re.escape(quoted(sheet))})!" for sheet in {ANSWERS, *hidden}]
    names = [rf"{re.escape(name)}(?![\w.])" for name, place in book.homes.items() if place.sheet in hidden]
    return re.compile(rf"(?<![\w.])(?:{'|'.join([*sheets, *names])})", re.IGNORECASE)


def _copies(typed: object, secret: re.Pattern[str]) -> bool:
    """Whether a cell takes its value from the sheet of answers."""
    return isinstance(typed, str) and typed.startswith("=") and bool(secret.search(typed))


def _score(cells: Iterable[tuple[object, Any]], expected: Iterable[float], secret: re.Pattern[str]) -> Score:
    right = wrong = empty = 0
    for (typed, value), answer in zip(cells, expected, strict=True):
        if typed is None or typed == "":
            empty += 1
        elif is_number(value) and abs(value - answer) <= TOLERANCE * (1 + 1e-9) and not _copies(typed, secret):
            right += 1
        else:
            wrong += 1
    return Score(right, wrong, empty)
