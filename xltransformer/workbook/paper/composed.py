"""Where what a printed page asks stands on it: pieces side by side as far as the page goes, steps below one
another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import field

from xltransformer.record import record
from xltransformer.workbook.canvas import LETTER, text_width
from xltransformer.workbook.paper.asked import Asked, Piece, Task
from xltransformer.workbook.sheet_data import DEFAULT_HEIGHT

WIDTH, HEIGHT = 680, 745
"""What fits on a portrait A4 page: pixels across, in which columns are measured, and points down, as rows are."""
SCALES = (1.0, 0.9, 0.8, 0.7, 0.6)
"""How far a page may be shrunk: 10 points become 6."""
LEFT = 1
"""The column of labels at the page's left."""
MARGIN, COLUMN = 1.0, 7.0
"""Characters of the first column, which is empty, and of one of numbers."""
BLANK, LINE, GAP = 23.0, 16.0, 9.0
"""Points of a row with blanks, of a line of text, and of what parts steps."""
HEAD = 4
"""Rows of a page's head."""
_HEADS = 28.0 + 20.0 + 2 * LINE
LONG = 9
"""A symbol or label of more characters stands at the page's left, where there is room for it."""


@record
class Text:
    """A line of text: its row, its style, and what it says; a wrapped one is so many lines."""

    row: int
    style: str
    said: str
    lines: int = 1


@record(eq=False, frozen=False)
class Composed:
    """A page: its texts, its pieces by row and column, the heights of rows, how many there are, and the pieces for
    which it is too narrow."""

    texts: list[Text] = field(default_factory=list)
    pieces: list[tuple[int, int, Piece]] = field(default_factory=list)
    heights: dict[int, float] = field(default_factory=dict)
    rows: int = HEAD
    left_out: list[Piece] = field(default_factory=list)

    @property
    def height(self) -> float:
        """In points."""
        of_rows = [self.heights.get(row, DEFAULT_HEIGHT) for row in range(HEAD, self.rows)]
        return _HEADS + sum(of_rows)

    def pages(self, scale: float) -> int:
        """How many pages of paper it takes."""
        return math.ceil(self.height * scale / HEIGHT)

    def fits(self, scale: float) -> bool:
        return self.pages(scale) == 1 and not self.left_out


@record
class Said:
    """What a step says: its title, its formula, and the question that it answers."""

    title: str
    formula: str
    question: str


def columns_at(scale: float, label: float) -> int:
    """How many columns of numbers a page has beside a first one of labels, of so many characters."""
    room = WIDTH / scale - pixels(MARGIN) - pixels(label)
    return int(room // pixels(COLUMN))


def pixels(characters: float) -> float:
    return characters * 7 + 5


def compose(asked: Asked, said: Sequence[Said], symbols: Sequence[str], scale: float, label: float) -> Composed:
    """A page at a scale. `symbols` are those of pieces that are long, by the names of their blocks."""
    page, across = Composed(), columns_at(scale, label)
    for task, text in zip(asked.tasks, said, strict=True):
        _compose_task(page, task, text, symbols, across, label)
    return page


def _compose_task(
    page: Composed, task: Task, said: Said, symbols: Sequence[str], across: int, label: float
) -> None:
    page.heights[page.rows] = GAP
    page.rows += 1
    for style, text in (("picture", said.title), ("notation", said.formula), ("question", said.question)):
        if text:
            wide = pixels(label) + across * pixels(COLUMN)
            lines = max(1, math.ceil(text_width(text) * LETTER / wide)) if style == "question" else 1
            page.texts.append(Text(page.rows, style, text, lines))
            page.heights[page.rows] = LINE * lines + (2 if style == "notation" else 1)
            page.rows += 1
    column, tallest = LEFT, 0
    for piece in [*task.given, *task.asked]:
        parts = piece.parts(across)
        if not parts:
            page.left_out.append(piece)
        for part in parts:
            long = part.block.name in symbols
            if column > LEFT and (long or column + len(part.columns) > LEFT + across):
                page.rows, column, tallest = page.rows + tallest + 1, LEFT, 0
                page.heights[page.rows - 1] = GAP
            page.pieces.append((page.rows, column, part))
            for k, i in enumerate(part.rows):
                if any(at == i for at, _ in part.blanks):
                    page.heights[page.rows + 1 + k] = BLANK
            column += len(part.columns) + 2
            tallest = max(tallest, len(part.rows) + 1)
    page.rows += tallest
