"""What an exercise leaves to the student, and where its answers are hidden."""

from __future__ import annotations

from collections.abc import Iterable

from xltransformer.graph import Matrix
from xltransformer.workbook.canvas import Canvas
from xltransformer.workbook.places import Place

EXERCISE = "xlt.exercise"
"""Names of the cells a student fills begin with this: `xlt.exercise.self_attention.scores`."""
ANSWERS = "answers"
"""The name of the hidden sheet with an exercise's answers."""
TOLERANCE = 0.01
"""How far from the right number a student's may lie: as far as two decimals allow."""


class Exercise:
    """The blocks that are left for a student to fill: their formulas move to a hidden sheet, beside a verdict
    on each of the student's cells. What follows from them, and would give them away, is worked out there
    too, and shows once they are right."""

    def __init__(self, blocks: Iterable[Matrix] = ()) -> None:
        self.blocks = frozenset(blocks)
        self.sheet = Canvas(ANSWERS, hidden=True)
        self.verdicts: dict[Matrix, Place] = {}
        self._waiting: dict[Matrix, frozenset[Matrix]] = {}
        self._rows = 0

    def __bool__(self) -> bool:
        return bool(self.blocks)

    def waits_for(self, block: Matrix) -> frozenset[Matrix]:
        """The blocks left to the student that a block is worked out from."""
        if block not in self._waiting:
            found = [{m} if m in self.blocks else self.waits_for(m) for m in block.operands]
            self._waiting[block] = frozenset().union(*found)
        return self._waiting[block]

    def hides(self, block: Matrix) -> bool:
        """Whether a block's numbers stand on the hidden sheet."""
        return block in self.blocks or bool(self.waits_for(block))

    def next_place(self, block: Matrix) -> Place:
        """A place for a block on the hidden sheet, below all others."""
        self._rows += block.shape[0] + 1
        return Place(self.sheet.name, self._rows - block.shape[0], 1, block.shape)
