"""What a teacher is told of the answers in one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from xltransformer.classroom.grading.records import Answer
from xltransformer.classroom.grading.typed import looks_like_date
from xltransformer.inputs import show
from xltransformer.workbook.book import TOLERANCE

_SLIPS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("100 times", lambda value: value / 100),
    ("a hundredth of", lambda value: value * 100),
    ("the negative of", lambda value: -value),
)
"""What answers may be instead of the right numbers, and how it is undone."""
_ROUNDED = 0.05
"""How far from the right number one with a single decimal may lie."""
_MOST = 0.8
"""Which share of wrong answers a slip must explain."""


def on_answers(answers: Sequence[Answer]) -> Iterator[str]:
    """Remarks on what was typed, and on why nothing of it is right."""
    for block, count in Counter(one.block for one in answers if one.verdict == "copied").items():
        yield f"{block}: {_cells(count)} the hidden answers: counted as wrong"
    if texts := [one for one in answers if one.as_text and one.verdict != "copied"]:
        yield f"{_typed(texts)} typed as text, such as {_such(texts[0])}: taken as numbers"
    if others := [one for one in answers if one.verdict == "no number"]:
        yield f"{_typed(others)} no number, such as {_such(others[0])}: counted as wrong"
    wrong = [one for one in answers if one.verdict == "wrong" and one.value is not None]
    if dates := [one for one in wrong if looks_like_date(one.value or 0.0, one.expected)]:
        yield f"{_typed(dates)} perhaps a date that the program made of 1/4 or 1.25: look at {dates[0].cell}"
    if all(one.verdict == "empty" for one in answers):
        yield "nothing is filled in"
    elif not any(one.verdict == "right" for one in answers):
        yield f"none of {len(answers)} cells is right{_why(wrong)}"


def _cells(count: int) -> str:
    return "1 cell copies" if count == 1 else f"{count} cells copy"


def _typed(some: Sequence[Answer]) -> str:
    return "1 answer is" if len(some) == 1 else f"{len(some)} answers are"


def _such(answer: Answer) -> str:
    return f"{show(answer.typed):.40} in {answer.cell}"


def _why(wrong: Sequence[Answer]) -> str:
    """What would explain most of the wrong answers, where something does."""
    numbers = [(one.value or 0.0, one.expected) for one in wrong if abs(one.expected) > TOLERANCE]
    if len(numbers) < 3:
        return ""
    for said, undone in _SLIPS:
        if sum(abs(undone(value) - right) <= TOLERANCE for value, right in numbers) >= _MOST * len(numbers):
            return f": most answers are {said} the right number"
    if sum(abs(value - right) <= _ROUNDED for value, right in numbers) >= _MOST * len(numbers):
        return f": most answers are less than {_ROUNDED} off, perhaps rounded too early; {TOLERANCE} is allowed"
    return ""
