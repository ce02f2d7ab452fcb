"""A workbook while it is drawn: its sheets, the home of each block, and what an exercise leaves to the student."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from functools import cached_property
from typing import Any

from xltransformer.graph import Array, Matrix, Section
from xltransformer.locale import Messages
from xltransformer.models import Lesson
from xltransformer.record import record
from xltransformer.teaching.pictures import Picture
from xltransformer.workbook.canvas import Canvas
from xltransformer.workbook.notation import Notation
from xltransformer.workbook.places import Place, SeenPlace
from xltransformer.workbook.symbols import has_several_heads, symbol_of


@contextmanager
def no_collecting() -> Iterator[None]:
    """No search for circles meanwhile: a workbook's cells are tuples and texts, which have none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


Cell = tuple[int, int]
"""Row and column of a block's cell, from 0."""
Left = Mapping[Matrix, tuple[Cell, ...]]
"""What is left to a student: some cells of each block, in the model's order."""


@record
class Variant:
    """Whose exercise it is, where each student has other numbers: the `number` of so many (`of`), the name, empty
    where there is none, and the seed that the numbers are drawn from."""

    number: int
    of: int
    name: str
    seed: int


EXERCISE = "xlt.exercise"
"""Names of the cells a student fills begin with this: `xlt.exercise.self_attention.scores`."""
HINT = "xlt.hint"
"""Names of the switches of a block's hints, one below the other, begin with this."""
ANSWERS = "answers"
"""The name of the hidden sheet with an exercise's answers."""
TOLERANCE = 0.01
"""How far from the right number a student's may lie: as far as two decimals allow."""


class Exercise:
    """The blocks of which cells are left for a student to fill: their formulas move to a hidden sheet, beside a
    verdict on each of the student's cells and a count of the right ones. What would give them away is worked out
    there too, and shows once they are right: what follows from them, the other cells of these blocks, which may
    repeat them, and the same blocks of other sentences."""

    def __init__(self, left: Left) -> None:
        self.left = left
        self.blocks = frozenset(left)
        self.sheet = Canvas(ANSWERS, hidden=True)
        self.places: dict[Matrix, Place] = {}
        self.verdicts: dict[Matrix, Place] = {}
        self.hints: dict[Matrix, list[Place]] = {}
        """Cells that are 1 where a hint is switched on: one for each row that has hints."""
        self.counts: dict[Matrix, Place] = {}
        """How many of a block's cells are right: one cell for each block, all in one column."""
        self._waiting: dict[Matrix, frozenset[Matrix]] = {}
        self._rows = 0

    def __bool__(self) -> bool:
        return bool(self.blocks)

    def waits_for(self, block: Matrix) -> frozenset[Matrix]:
        """The blocks left to the student that a block is worked out from, or whose numbers it may hold, too."""
        if block not in self._waiting:
            found = [{m} if m in self.blocks else self.waits_for(m) for m in block.operands]
            twins = self._twins.get(block.shared_name, frozenset()) - {block}
            self._waiting[block] = frozenset().union(twins, *found)
        return self._waiting[block]

    @cached_property
    def _twins(self) -> Mapping[str, frozenset[Matrix]]:
        """The blocks left to the student by their names but for the sentence."""
        found: dict[str, frozenset[Matrix]] = {}
        for block in self.blocks:
            found[block.shared_name] = found.get(block.shared_name, frozenset()) | {block}
        return found

    def hides(self, block: Matrix) -> bool:
        """Whether a block's numbers stand on the hidden sheet."""
        return block in self.blocks or bool(self.waits_for(block))

    @property
    def every_count(self) -> Place:
        """The stretch of cells in which all counts lie."""
        rows = [place.row for place in self.counts.values()]
        return Place(self.sheet.name, min(rows), 0, (max(rows) - min(rows) + 1, 1))

    def next_place(self, block: Matrix) -> Place:
        """A place for a block on the hidden sheet, below all others."""
        self._rows += block.shape[0] + 1
        return Place(self.sheet.name, self._rows - block.shape[0], 1, block.shape)


SHOWN = "xlt.shown"
"""Names of repeated views of a block begin with this: `xlt.shown.3.self_attention.Q`."""


@record
class PlaneNames:
    """The cells behind a plane: its two `corners` (2 x 2), the names of each sentence's words, of the watched word
    before and after attention, a cell for each sentence, and what lies across and up. A space is no name."""

    corners: Place
    points: tuple[Place, ...]
    before: Place
    after: Place
    axes: tuple[Place, Place]


@record
class Drawn:
    """A picture and where it is drawn: the cell of its title, a map's cells, the cells with the names of groups of
    bars or of curves, and those of a plane."""

    picture: Picture
    title: Place
    cells: Place | None = None
    names: tuple[Place, ...] = ()
    plane: PlaneNames | None = None


@record(eq=False)
class Workbook:
    """A workbook that is drawn: its sheets and those that are `secret`, the places that have names, the parts
    of the first `screen` by name, how hard the file is compressed, the language of its texts, the sheet out of
    sight that carries the description in its first column, and where a model is drawn, its first `page` and its
    `chapters`, a sheet each."""

    sheets: list[Canvas]
    secret: list[Canvas]
    names: Mapping[str, Place]
    screen: Mapping[str, Place]
    level: int
    language: str
    carrier: Canvas | None = None
    page: Page | None = None
    chapters: Sequence[Chapter] = ()

    @property
    def title(self) -> str:
        """The title of the first sheet."""
        titles = (cell.content for cell in self.sheets[0].single.values() if cell.style[0] == "title")
        return str(next(titles, "xltransformer"))

    @property
    def shown(self) -> list[Canvas]:
        return [sheet for sheet in self.sheets if not sheet.hidden]


class Book:
    """Places and names of blocks: first all blocks get their places, then `finish` writes their cells.

    A block's first drawing is its home: an input's cells to edit, or a computed block's formulas.
    Every further drawing is a view, whose cells repeat the home's. Formulas point at the drawing
    the reader has in front of him: whoever draws tells which views stand for which operands.

    `notation` is how results are written, a cell a formula or a row. `generated` are, by block name, the rows of
    inputs that the model fills itself. The cells in `exercise` are left for a student to fill. `suggested`
    are the cells with numbers that a temperature may be chosen from.
    """

    def __init__(
        self,
        values: Mapping[str, Array],
        messages: Messages,
        notation: Notation | None = None,
        exercise: Left | None = None,
        generated: Mapping[str, frozenset[int]] | None = None,
        suggested: Place | None = None,
    ) -> None:
        self.values, self.messages = values, messages
        self.notation = notation or Notation()
        self.exercise = Exercise(exercise or {})
        self.generated = generated or {}
        self.suggested = suggested
        self.sheets: list[Canvas] = []
        self.homes: dict[Matrix, Place] = {}
        self.names: dict[str, Place] = {}
        self.pictures: list[Drawn] = []
        self._several_heads = has_several_heads(values)
        self._views = 0
        self._pending: list[Callable[[], None]] = []

    def sheet(self, name: str) -> Canvas:
        canvas = Canvas(name, short_bars=self.notation.by_row)
        self.sheets.append(canvas)
        return canvas

    def symbol(self, block: Matrix, *, of_head: bool = True) -> str:
        """The short name shown at a block's corner, with its head's number where there are several, unless
        it speaks of all heads; that of a gradient is ∂ and its block's."""
        numbered = self._several_heads and (of_head or block.gradient_of is not None)
        return symbol_of(block, self.messages, several_heads=numbered)

    def add_home(self, block: Matrix, place: Place) -> None:
        """Give a block its home, and its name."""
        self.homes[block] = self.names[block.name] = place

    def add_view(self, block: Matrix, place: Place) -> None:
        """Number a further drawing of a block, and name it, unless it hides the block's numbers."""
        self._views += 1
        if not self.exercise.hides(block):
            self.names[f"{SHOWN}.{self._views}.{block.name}"] = place

    def later(self, write: Callable[[], None]) -> None:
        """Have something written when every block has its place."""
        self._pending.append(write)

    def finish(self, screen: Mapping[str, Place] | None = None) -> Workbook:
        """Write every cell drawn so far; all blocks must have their places by now."""
        for write in self._pending:
            write()
        self._pending.clear()
        secret = [self.exercise.sheet] if self.exercise.sheet.blocks else []
        return Workbook(self.sheets, secret, self.names, screen or {}, self.notation.level, self.messages.language)


LateFormula = Callable[[], str]
"""Makes a formula when every block has its place."""


@record(eq=False)
class Page:
    """A sheet of a book, the model that is drawn there, and the letters of its sentences (one empty text
    where there is only one); without a model, one of no sentences. `roles` is what those of a pair are there for,
    source and target. `labels` keeps the labels that have been made
    for the sheet."""

    book: Book
    sheet: Canvas
    model: Lesson = field(default_factory=lambda: Lesson((), 0, 0))
    letters: Sequence[str] = ()
    roles: Sequence[str] = ()
    labels: dict[Any, Any] = field(default_factory=dict)

    @property
    def messages(self) -> Messages:
        return self.book.messages

    def another(self, name: str) -> Page:
        """A new sheet of the same book."""
        return self.on(self.book.sheet(name))

    def on(self, sheet: Canvas) -> Page:
        return replace(self, sheet=sheet, labels={})

    def ref(self, block: Matrix) -> SeenPlace:
        """The home of a block as formulas on this sheet write it."""
        return self.book.homes[block].seen_from(self.sheet.name)

    def formula(
        self,
        row: int,
        column: int,
        formula: LateFormula,
        shown: float | str,
        style: str,
        number: str = "",
        *,
        array: bool = False,
    ) -> None:
        """A formula of the sheet's own (a remark, a verdict); `shown` is its result."""
        self.book.later(lambda: self.sheet.formula(row, column, formula(), shown, (style, number), array=array))


@record(eq=False)
class Chapter:
    """A sheet as the first one's map lists it: the title and row of each of its steps, and the section, if
    any, that it shows."""

    page: Page
    steps: Sequence[tuple[str, int]] = ()
    section: Section | None = None
