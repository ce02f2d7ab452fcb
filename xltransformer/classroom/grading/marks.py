"""Tables of marks: a line for each file, and one for each answer; as texts, as .csv and as JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from xltransformer.classroom.grading.copies import notes
from xltransformer.classroom.grading.records import Answer, Grade, Score
from xltransformer.errors import one_line
from xltransformer.record import record

Cell = str | int | float | bool | datetime | Score | None
"""What stands in a table of marks; a Score stands for so many of so many, None for nothing."""


@record
class Share:
    """A share, from 0 to 1."""

    share: float


@record
class Table:
    """Rows of cells below a heading."""

    header: list[str]
    rows: list[list[Cell | Share]]


def marks(grades: Sequence[Grade], *, steps: bool = False) -> Table:
    """A line for each file: whose it is, when it was saved, how many hints, the score of every block, or of
    `steps`, and the total. Of the first ones, columns stand only where some file has something for them."""
    told: dict[str, list[Cell | Share]] = {
        "student": [one.student for one in grades],
        "variant": [one.variant for one in grades],
        "saved": [_time(one.saved.time) for one in grades],
        "minutes": [one.saved.minutes for one in grades],
        "hints": [one.hints for one in grades],
    }
    about = {name: column for name, column in told.items() if any(cell not in (None, "") for cell in column)}
    scores = [one.steps if steps else one.blocks for one in grades]
    blocks = list(dict.fromkeys(block for found in scores for block in found))
    rows: list[list[Cell | Share]] = []
    for k, one in enumerate(grades):
        right, cells = one.total.right, one.total.cells
        total: list[Cell | Share] = [right, cells, Share(right / cells)] if cells else [None] * 3
        remarks = "; ".join(map(one_line, one.remarks))
        of_blocks = [scores[k].get(block) for block in blocks]
        rows.append([str(one.path), *(column[k] for column in about.values()), *of_blocks, *total, remarks])
    return Table(["file", *about, *blocks, "right", "of", "percent", "remarks"], rows)


ANSWERS = ("file", "block", "row", "column", "cell", "typed", "number", "expected", "verdict")


def answers(grades: Sequence[Grade]) -> Table:
    """A line for each answer: where it is, what was typed, the number that this was taken for, the right one, and
    the verdict."""
    rows = [[str(one.path), *_answer(answer)] for one in grades for answer in one.answers]
    return Table([*ANSWERS], rows)


def _answer(one: Answer) -> list[Cell | Share]:
    number = None if one.value is None else float(f"{one.value:.9g}")
    where = one.block, one.row, one.column, one.cell
    return [*where, one.typed, number, float(f"{one.expected:.9g}"), one.verdict]


def to_json(grades: Sequence[Grade], *, cells: bool = False) -> dict[str, Any]:
    """The same as one object for JSON, with every answer where `cells` are asked for."""
    return {"files": [_file(one, cells=cells) for one in grades], "notes": notes(grades)}


def _file(one: Grade, *, cells: bool) -> dict[str, Any]:
    total, graded = one.total, one.graded
    told: dict[str, Any] = {
        "file": str(one.path),
        "student": one.student or None,
        "variant": one.variant,
        "saved": one.saved.time or None,
        "minutes": one.saved.minutes,
        "hints": one.hints,
        "blocks": {name: {**vars(score), "of": score.cells} for name, score in one.blocks.items()},
        "right": total.right if graded else None,
        "of": total.cells if graded else None,
        "percent": round(100 * total.right / total.cells, 1) if graded else None,
        "remarks": [one_line(remark) for remark in one.remarks],
    }
    if cells:
        told["answers"] = [dict(zip(ANSWERS[1:], _answer(answer), strict=True)) for answer in one.answers]
    return told


def as_text(cell: Cell | Share, of: str = "/") -> str:
    """A cell of a table as a text: `7/9`, `78`, `2026-11-27 13:31`."""
    match cell:
        case None:
            return ""
        case Score():
            return f"{cell.right}{of}{cell.cells}"
        case Share():
            return f"{100 * cell.share:.0f}"
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M")
    return str(cell)


def as_csv(table: Table) -> str:
    """A table as comma-separated values that no spreadsheet takes for formulas, nor `7/9` for a day in July."""
    csv.writer(text := io.StringIO(), lineterminator="\n").writerows([table.header, *_harmless_rows(table)])
    return text.getvalue()


def _harmless_rows(table: Table) -> Iterable[list[str]]:
    for row in table.rows:
        yield [harmless(cell) if isinstance(cell, str) else as_text(cell, " of ") for cell in row]


def harmless(cell: str) -> str:
    """A text that no spreadsheet takes for a formula, whatever the name of a file begins with."""
    return f"'{cell}" if cell.lstrip(" \xa0").startswith((*"=+-@\t\r\n＝＋－＠",)) else cell


def _time(told: str) -> datetime | str:
    """When a file was saved, in UTC; nothing where that cannot be read."""
    try:
        read = datetime.fromisoformat(told)
    except ValueError:
        return ""
    return (read if read.tzinfo is None else read.astimezone(UTC)).replace(tzinfo=None)
