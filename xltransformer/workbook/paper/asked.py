"""What a printed page asks: of each lesson its steps, with the numbers that are given and the cells left blank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xltransformer.graph import Array, Matrix, Section, Step
from xltransformer.models import Lesson
from xltransformer.ops import op_of
from xltransformer.record import record
from xltransformer.workbook.book import Cell, Exercise, Left

_LINES = 40
"""How many lines the parts take at most of a block that is wider than the page, one below the other."""


@record(eq=False)
class Piece:
    """Some rows and columns of a block, and which of its cells are to be filled in (none: the block is given)."""

    block: Matrix
    rows: Sequence[int]
    columns: Sequence[int]
    blanks: frozenset[Cell] = frozenset()

    @property
    def partly(self) -> bool:
        """Whether only some of its cells are to be filled in."""
        return 0 < len(self.blanks) < len(self.rows) * len(self.columns)

    def parts(self, width: int) -> list[Piece]:
        """The piece, or where it is wider than so many columns, parts of it; none where these are too many."""
        if len(self.columns) <= width:
            return [self]
        cuts = range(0, len(self.columns), width)
        if len(cuts) * (len(self.rows) + 1) > _LINES:
            return []
        return [Piece(self.block, self.rows, self.columns[k : k + width], self.blanks) for k in cuts]


@record(eq=False)
class Task:
    """A step of a lesson: what is given for it, and what is to be filled in."""

    step: Step
    given: Sequence[Piece]
    asked: Sequence[Piece]


@record(eq=False)
class Asked:
    """A section, which takes a page."""

    section: Section
    tasks: Sequence[Task]


def asked_of(model: Lesson, left: Left, values: Mapping[str, Array]) -> list[Asked]:
    """Every section with cells that are left blank, each block where it stands first."""
    exercise = Exercise(left)
    seen: set[Matrix] = set()
    found: list[Asked] = []
    for section in model.sections:
        tasks, shown = [], set[tuple[Matrix, tuple[int, ...]]]()
        for step in section.steps:
            blocks = [b for b in dict.fromkeys(step.blocks) if b in left and b not in seen]
            seen.update(blocks)
            if blocks:
                asked = [_blank(block, left[block]) for block in blocks]
                given = []
                for piece in _given(exercise, asked, values):
                    if (piece.block, (*piece.rows,)) not in shown:
                        shown.add((piece.block, (*piece.rows,)))
                        given.append(piece)
                tasks.append(Task(step, given, asked))
        if tasks:
            found.append(Asked(section, tasks))
    return found


def _blank(block: Matrix, cells: Sequence[Cell]) -> Piece:
    rows = sorted({i for i, _ in cells})
    return Piece(block, rows, range(block.shape[1]), frozenset(cells))


def _given(exercise: Exercise, asked: Sequence[Piece], values: Mapping[str, Array]) -> Iterator[Piece]:
    """What the blanks of a step are worked out from, but for what is asked itself or follows from it; of what is
    taken row by row, only these rows."""
    for piece in asked:
        for operand in piece.block.operands:
            if operand.text or operand.role in ("choice", "list") or exercise.hides(operand):
                continue
            rows = piece.rows if _row_by_row(piece.block, operand) else range(operand.shape[0])
            if operand.scale == "gate" and values[operand.name][list(rows)].all():
                continue  # nothing is masked
            yield Piece(operand, rows, range(operand.shape[1]))


def _row_by_row(block: Matrix, operand: Matrix) -> bool:
    """Whether a row of a block comes of the same row of an operand."""
    if operand.rows is not block.rows:
        return False
    op = op_of(block)
    first = operand is block.operands[0] and not (block.gradient_of is not None and op.turned[0])
    return first or not (op.crosswise or (block.gradient_of is not None and any(op.turned)))
