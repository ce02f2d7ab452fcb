"""What grading finds: of each cell that was left to a student a verdict, and of each file its score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from xltransformer.record import record

Verdict = Literal["right", "wrong", "empty", "no number", "copied"]
"""Of an answer: `no number` is a text that stands for none, `copied` a formula that takes its value from the
hidden answers. Both count as wrong."""


@record
class Answer:
    """One cell that was left to a student: which of a block (row and column from 0, and their labels), where it is
    on a sheet, what was typed, the number that this stands for, the right one, and the verdict. `as_text`: whether
    a text was taken for the number that it shows."""

    block: str
    at: tuple[int, int]
    row: str
    column: str
    cell: str
    typed: float | str | bool | None
    value: float | None
    expected: float
    verdict: Verdict
    as_text: bool = False


@record
class Score:
    """How many of some cells are right, wrong and empty."""

    right: int = 0
    wrong: int = 0
    empty: int = 0

    @classmethod
    def of(cls, answers: Iterable[Answer]) -> Score:
        counted = Counter(answer.verdict for answer in answers)
        return cls(counted["right"], counted.total() - counted["right"] - counted["empty"], counted["empty"])

    @property
    def cells(self) -> int:
        return self.right + self.wrong + self.empty

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.wrong + other.wrong, self.empty + other.empty)


@record
class Saved:
    """When a file was saved last by a program (`time`, as it stands there: 2026-11-27T13:31:12Z) and how many
    minutes it was worked on, as far as the program tells."""

    time: str = ""
    minutes: int | None = None


@record
class Grade:
    """One returned workbook: the score of every step, and remarks on what is odd about the file. `answers` are all
    cells left to the student; `student` is whose variant it is, and `variant` its number, where there are
    variants; `hints` is how many were asked for, None where the exercise has none; `changed`: whether inputs were.

    A file that cannot be graded has no scores and says why in `remarks`.
    """

    path: Path
    steps: Mapping[str, Score]
    remarks: tuple[str, ...]
    answers: tuple[Answer, ...] = ()
    student: str = ""
    variant: int | None = None
    hints: int | None = None
    changed: bool = False
    saved: Saved = Saved()

    @property
    def graded(self) -> bool:
        return bool(self.steps)

    @property
    def total(self) -> Score:
        return sum(self.steps.values(), Score())

    @property
    def blocks(self) -> dict[str, Score]:
        """The score of every block."""
        found: dict[str, list[Answer]] = {}
        for answer in self.answers:
            found.setdefault(answer.block, []).append(answer)
        return {block: Score.of(answers) for block, answers in found.items()}
