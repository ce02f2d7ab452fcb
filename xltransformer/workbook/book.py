"""A workbook while it is drawn: its sheets, and where each block has its home."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from xltransformer.graph import Array, Matrix
from xltransformer.locale import Messages
from xltransformer.ops import step_down
from xltransformer.record import record
from xltransformer.workbook.answers import Exercise
from xltransformer.workbook.canvas import Canvas
from xltransformer.workbook.notation import ByCell, Notation
from xltransformer.workbook.places import Place

SHOWN = "xlt.shown"
"""Names of repeated views of a block begin with this: `xlt.shown.3.self_attention.Q`."""

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@record(eq=False)
class Workbook:
    """A workbook that is drawn: its sheets and those that are `secret`, the places that have names, the parts
    of the first `screen` by name, and how hard the file is compressed."""

    sheets: list[Canvas]
    secret: list[Canvas]
    names: Mapping[str, Place]
    screen: Mapping[str, Place]
    level: int

    @property
    def shown(self) -> list[Canvas]:
        return [sheet for sheet in self.sheets if not sheet.hidden]


class Book:
    """Places and names of blocks: first all blocks get their places, then `finish` writes their cells.

    A block's first drawing is its home: an input's cells to edit, or a computed block's formulas.
    Every further drawing is a view, whose cells repeat the home's. Formulas point at the drawing
    the reader has in front of him: whoever draws tells which views stand for which operands.

    `notation` is how results are written, a cell a formula or a row. `generated` are, by block name, the rows of
    tokens that the model writes itself. The blocks in `exercise` are left for a student to fill. `suggested`
    are the cells with numbers that a temperature may be chosen from.
    """

    def __init__(
        self,
        values: Mapping[str, Array],
        messages: Messages,
        notation: Notation | None = None,
        exercise: Iterable[Matrix] = (),
        generated: Mapping[str, frozenset[int]] | None = None,
        suggested: Place | None = None,
    ) -> None:
        self.values, self.messages = values, messages
        self.notation = notation or ByCell()
        self.exercise = Exercise(exercise)
        self.generated = generated or {}
        self.suggested = suggested
        self.sheets: list[Canvas] = []
        self.homes: dict[Matrix, Place] = {}
        self.names: dict[str, Place] = {}
        self._several_heads = any(".head.1." in f".{name}" for name in values)
        self._views = 0
        self._pending: list[Callable[[], None]] = []

    def sheet(self, name: str) -> Canvas:
        canvas = Canvas(name, short_bars=self.notation.short_bars)
        self.sheets.append(canvas)
        return canvas

    def symbol(self, block: Matrix, *, of_head: bool = True) -> str:
        """The short name shown at a block's corner, with its head's number where there are several, unless
        it speaks of all heads; that of a gradient is ∂ and its block's."""
        if block.gradient_of is not None:
            through = block.contributed_by
            return f"∂{self.symbol(block.gradient_of)}" + (f" ← {self.symbol(through)}" if through else "")
        name = block.last_name
        shown = self.messages.get(f"symbol.{name}", self.messages.get(f"setting.{name}", name))
        head = block.number_of("head")
        head = block.number_of("group") if head is None else head
        if of_head and self._several_heads and head is not None:
            turned = "ᵀ" if shown.endswith("ᵀ") else ""
            shown = shown.removesuffix("ᵀ") + str(head + 1).translate(_SUBSCRIPTS) + turned
        return self.messages("backward.new", name=shown) if isinstance(block.op, type(step_down)) else shown

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
        secret = [] if self.exercise.sheet.empty else [self.exercise.sheet]
        return Workbook(self.sheets, secret, self.names, screen or {}, self.notation.level)
