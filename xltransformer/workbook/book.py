"""A workbook while it is drawn: its sheets, and where each block has its home."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from itertools import groupby

import numpy as np

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.locale import Messages
from xltransformer.ops import Coordinate, Span, op_of, step_down
from xltransformer.record import record
from xltransformer.workbook.canvas import Canvas, cell_range, text_width
from xltransformer.workbook.notation import Arrays, ByCell, Notation
from xltransformer.workbook.patterns import CellFormula, Formulas, formulas
from xltransformer.workbook.places import Place, SeenPlace, column_letters
from xltransformer.workbook.styles import (
    EMPTY,
    FADED,
    RIGHT,
    WRONG,
    Style,
    block_style,
    share_scale,
    signed_scale,
)

SHOWN = "xlt.shown"
"""Names of repeated views of a block begin with this: `xlt.shown.3.self_attention.Q`."""
EXERCISE = "xlt.exercise"
"""Names of the cells a student fills begin with this: `xlt.exercise.self_attention.scores`."""
ANSWERS = "answers"
"""The name of the hidden sheet with an exercise's answers."""
TOLERANCE = 0.01
"""How far from the right number a student's may lie: as far as two decimals allow."""
LONG_SYMBOL = 11
"""A symbol of more characters runs over the column to its left, which must be empty."""

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

Labels = tuple[Array, Formulas | None, Arrays]
"""The labels of an axis as they are now, and the formulas that follow the words, as `Canvas.block` takes them."""


@record(eq=False)
class Drawing:
    """A block at a place; `shown` are the drawings of operands its formulas point at."""

    block: Matrix
    sheet: Canvas
    place: Place
    shown: Mapping[Matrix, Place] = field(default_factory=dict)
    small: bool = False


class Book:
    """Draws blocks onto sheets: first all get their places, then `finish` writes their cells.

    A block's first drawing is its home: an input's cells to edit, or a computed block's formulas.
    Every further drawing is a view, whose cells repeat the home's. Formulas point at the drawing
    the reader has in front of him: `draw` is told which views stand for which operands.

    `notation` is how results are written, a cell a formula or a row.
    `generated` are, by block name, the rows of tokens that the model writes itself.
    The blocks in `exercise` are left for a student to fill: their formulas move to the sheet
    `answers`, which is hidden, beside a verdict on each of the student's cells. What follows from
    them, and would give them away, is worked out there too, and shows once they are right.
    """

    def __init__(
        self,
        values: Mapping[str, Array],
        messages: Messages,
        exercise: Iterable[Matrix] = (),
        generated: Mapping[str, frozenset[int]] | None = None,
        notation: Notation | None = None,
    ) -> None:
        self.values = values
        self.generated = generated or {}
        self.notation = notation or ByCell()
        self.messages = messages
        self.sheets: list[Canvas] = []
        self.homes: dict[Matrix, Place] = {}
        self.names: dict[str, Place] = {}
        self.exercise = frozenset(exercise)
        self.verdicts: dict[Matrix, Place] = {}
        self.answers = Canvas(ANSWERS, hidden=True)
        self._waiting: dict[Matrix, frozenset[Matrix]] = {}
        self._labels: dict[tuple[Axis, str, bool], Labels] = {}
        self._several_heads = any(".head.1." in f".{name}" for name in values)
        self._hidden_rows = 0
        self._views = 0
        self.suggested: Place | None = None  # temperatures to choose from
        self.screen: dict[str, Place] = {}  # the parts of the first screen, by name
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

    def ref(self, block: Matrix, sheet: Canvas) -> SeenPlace:
        """The home of a block as formulas on a sheet write it."""
        return self.homes[block].seen_from(sheet.name)

    def waits_for(self, block: Matrix) -> frozenset[Matrix]:
        """The blocks left to the student that a block is worked out from."""
        if block not in self._waiting:
            found = [{m} if m in self.exercise else self.waits_for(m) for m in block.operands]
            self._waiting[block] = frozenset().union(*found)
        return self._waiting[block]

    def hides(self, block: Matrix) -> bool:
        """Whether a block's numbers stand on the hidden sheet."""
        return block in self.exercise or bool(self.waits_for(block))

    def later(self, write: Callable[[], None]) -> None:
        """Have something written when every block has its place."""
        self._pending.append(write)

    def formula(
        self,
        sheet: Canvas,
        row: int,
        column: int,
        formula: Callable[[], str],
        shown: float | str | None,
        style: str,
        number: str = "",
    ) -> None:
        """A formula of the sheet's own (a remark, a verdict), made when every block has its place; `shown`
        is its result, None where it is to be calculated on opening."""
        self.later(lambda: sheet.formula(row, column, formula(), shown, (style, number)))

    def draw(
        self,
        block: Matrix,
        sheet: Canvas,
        row: int,
        column: int,
        shown: Mapping[Matrix, Place] | None = None,
        labelled: bool = True,
        small: bool = False,
        plain: bool = False,
        turned: bool = False,
    ) -> Place:
        """Draw a block with its first cell at (row, column); labels go left and above.

        `shown` are drawings of operands that the formulas shall point at instead of their homes.
        A view may be written `small`; a `plain` drawing has neither labels nor colours. A view
        may be `turned`, its rows as columns; it has no name of its own.
        """
        if turned:
            return self._draw_turned(block, sheet, row, column)
        place = Place(sheet.name, row, column, block.shape)
        given = {m: p for m, p in (shown or {}).items() if not self.hides(m)}
        drawing = Drawing(block, sheet, place, given, small or plain)
        if block in self.homes:
            self._views += 1
            if self.hides(block):
                self.later(lambda: self._write_solved(drawing))
            else:
                self.names[f"{SHOWN}.{self._views}.{block.name}"] = place
                self.later(lambda: self._write_view(drawing))
        elif block in self.exercise:
            self._draw_exercise(drawing)
        elif self.hides(block):
            self._draw_hidden(block)
            self.later(lambda: self._write_solved(drawing))
        else:
            self.homes[block] = self.names[block.name] = place
            self.later(lambda: self._write_inputs(drawing) if block.op is None else self._write_formulas(drawing))
        if labelled and not plain:
            self.later(lambda: self._write_labels(drawing))
        if not plain:
            self._colour(drawing, labelled)
        return place

    def _draw_turned(self, block: Matrix, sheet: Canvas, row: int, column: int) -> Place:
        """A view with rows as columns, and its labels."""
        rows, columns = block.shape
        place = Place(sheet.name, row, column, (columns, rows), turned=True)
        look = Matrix(block.columns, block.rows, op=block.op, name=block.name, scale=block.scale, role=block.role)

        def write() -> None:
            home, style = self.ref(block, sheet), block_style(block, self.messages, view=True)
            sheet.block(row, column, self.values[block.name].T, style, lambda i, j: home.cell(j, i))
            self._label_block(look, f"{self.symbol(block)}ᵀ", place, sheet)

        self.later(write)
        self._colour(Drawing(look, sheet, place), labelled=True)
        return place

    def finish(self) -> None:
        """Write every cell drawn so far; all blocks must have their places by now."""
        for write in self._pending:
            write()
        self._pending.clear()

    def _write_cells(
        self,
        drawing: Drawing,
        cell: CellFormula,
        style: Style,
        shown: Array | None = None,
        arrays: Arrays = (),
    ) -> None:
        """The formulas of a drawing; they show the block's values unless told otherwise."""
        place = drawing.place
        values = self.values[drawing.block.name] if shown is None else shown
        kept = self.notation.kept(values, arrays)
        drawing.sheet.block(place.row, place.column, kept, style, cell, arrays)

    def _arrays(self, block: Matrix, row: Callable[[int], list[Span]]) -> Arrays:
        """The array formulas of a block; one of texts or of one column has none."""
        rows, columns = block.shape
        return () if columns == 1 or block.text else self.notation.arrays(rows, row)

    def _write_formulas(self, drawing: Drawing) -> None:
        block, sheet = drawing.block, drawing.sheet
        places = [(m, drawing.shown.get(m, self.homes[m])) for m in block.operands]
        operands = [
            place.seen_from(sheet.name, self.notation.spelled_out, typed=not m.computed and place == self.homes[m])
            for m, place in places
        ]
        op, style = op_of(block), block_style(block, self.messages, small=drawing.small)
        arrays = self._arrays(block, lambda i: op.row(i, *operands))
        self._write_cells(drawing, lambda i, j: op.cell(i, j, *operands), style, arrays=arrays)

    def _write_view(self, drawing: Drawing) -> None:
        home = self.ref(drawing.block, drawing.sheet)
        style = block_style(drawing.block, self.messages, view=True, small=drawing.small)
        ending = '&""' if drawing.block.text else ""
        arrays = self._arrays(drawing.block, lambda i: [(0, drawing.block.shape[1], home.row(i))])
        self._write_cells(drawing, lambda i, j: home.cell(i, j) + ending, style, arrays=arrays)

    def _write_solved(self, drawing: Drawing) -> None:
        """A view of a hidden block: a cell left to the student shows once it is right; one that
        follows from such cells shows once they all are."""
        block, sheet, home = drawing.block, drawing.sheet, self.ref(drawing.block, drawing.sheet)
        style = block_style(block, self.messages, view=True)
        verdicts = {m: place.seen_from(sheet.name) for m, place in self.verdicts.items()}
        waits = ",".join(seen.all for m, seen in verdicts.items() if m in self.waits_for(block))

        def cell(i: Coordinate, j: Coordinate) -> str:
            right = f"{verdicts[block].cell(i, j)}=1" if block in self.exercise else f"MIN({waits})=1"
            return f'IF({right},{home.cell(i, j)},"")'

        self._write_cells(drawing, cell, style, _empty(block.shape))

    def _draw_hidden(self, block: Matrix) -> Place:
        """The home of a block on the hidden sheet, below all others."""
        self._hidden_rows += block.shape[0] + 1
        home = Place(self.answers.name, self._hidden_rows - block.shape[0], 1, block.shape)
        self.homes[block] = self.names[block.name] = home
        self.later(lambda: self._write_formulas(Drawing(block, self.answers, home)))
        return home

    def _draw_exercise(self, drawing: Drawing) -> None:
        """Cells for a student to fill, with the answers and the verdicts on the hidden sheet."""
        block, place, hidden = drawing.block, drawing.place, self.answers
        home = self._draw_hidden(block)
        verdicts = self.verdicts[block] = Place(hidden.name, home.row, 2 + block.shape[1], block.shape)
        self.names[f"{EXERCISE}.{block.name}"] = place
        student, answer = place.seen_from(hidden.name), home.seen_from(hidden.name)

        def judged(i: Coordinate, j: Coordinate) -> str:
            typed, right = student.cell(i, j), answer.cell(i, j)
            near = f"IF(ABS({typed}-{right})<={TOLERANCE},1,-1)"
            return f"IF(ISBLANK({typed}),0,IF(ISNUMBER({typed}),{near},-1))"

        def write() -> None:
            style = block_style(block, self.messages, exercise=True)
            drawing.sheet.block(place.row, place.column, _empty(block.shape), style)
            hidden.block(verdicts.row, verdicts.column, np.zeros(block.shape), ("computed", "0"), judged)

        self.later(write)
        first = verdicts.seen_from(drawing.sheet.name).cell(0, 0).replace("$", "")
        for verdict, look in ((1, RIGHT), (-1, WRONG)):
            rule = {"type": "formula", "criteria": f"={first}={verdict}", "format": look}
            drawing.sheet.conditions.append((cell_range(place.row, place.column, place.shape), rule))

    def _write_inputs(self, drawing: Drawing) -> None:
        block, sheet, place = drawing.block, drawing.sheet, drawing.place
        style, values = block_style(block, self.messages), self.values[block.name]
        generated, spare = self.generated.get(block.name, frozenset()), self._spare_rows(block)

        def predicted(first: int) -> CellFormula:
            assert block.feedback is not None
            before = self.ref(block.feedback, sheet)
            return lambda i, j: f'{before.cell(first + i - 1, 0)}&""'

        def kind(i: int) -> str:
            if i in generated and block.feedback is not None:
                return "generated"
            return "spare" if i in spare else "given"

        for what, rows in groupby(range(block.shape[0]), kind):
            first, *others = rows
            part = values[first : first + 1 + len(others)]
            row = place.row + first
            if what == "generated":
                sheet.block(row, place.column, part, ("generated", ""), predicted(first))
            else:
                sheet.block(row, place.column, _empty(part.shape) if what == "spare" else part, style)
        rule = self._rule(block)
        if rule and block.role != "list":
            note = self.messages.get(f"note.{block.last_name}", "")  # shows beside the selected cell
            tip = {"input_message": note} if note else {}
            sheet.validations.append((cell_range(place.row, place.column, block.shape), {**rule, **tip}))

    def _spare_rows(self, block: Matrix) -> set[int]:
        """Spare rows of the vocabulary: no word, hence no numbers either."""
        if block.role != "embedding":
            return set()
        return {i for i, word in enumerate(block.rows.read(self.values)) if not word}

    def _rule(self, block: Matrix) -> dict[str, object]:
        """What may be typed or chosen. A list of choices stops nobody from typing something else,
        which the checks then judge."""
        messages, listed = self.messages, {"validate": "list", "show_error": False}
        if block.choices is not None:
            return {**listed, "source": "=" + self.homes[block.choices].absolute}
        if block.role == "switch" and block.text:
            return {**listed, "source": [messages("switch.on"), messages("switch.off")]}
        if block.role == "switch":
            return {**listed, "source": "=" + self.suggested.absolute} if self.suggested else {}
        if block.text:
            return {}
        error = messages("switch.number_error")
        return {"validate": "decimal", "criteria": ">", "value": -1e300, "error_message": error}

    def _write_labels(self, drawing: Drawing) -> None:
        """Row labels to the left, column labels above, the block's symbol in the corner."""
        self._label_block(drawing.block, self.symbol(drawing.block), drawing.place, drawing.sheet)

    def _label_block(self, block: Matrix, symbol: str, place: Place, sheet: Canvas) -> None:
        style = "long_symbol" if text_width(symbol) > LONG_SYMBOL else "symbol"
        sheet.text(place.row - 1, place.column - 1, symbol, style)
        self.labels(block.rows, sheet, place.row, place.column - 1, "row_label")
        self.labels(block.columns, sheet, place.row - 1, place.column, "column_label", across=True)

    def labels(
        self, axis: Axis, sheet: Canvas, row: int, column: int, style: str, *, across: bool = False
    ) -> None:
        """The labels of an axis from a cell down, or `across`: formulas that follow the words, or fixed
        texts. To be called when every block has its place."""
        key = axis, sheet.name, across
        if key not in self._labels:  # the same axis is labelled time and again
            self._labels[key] = self._make_labels(axis, sheet, across=across)
        texts, made, arrays = self._labels[key]
        sheet.block(row, column, texts, (style, ""), made, arrays)

    def _make_labels(self, axis: Axis, sheet: Canvas, *, across: bool) -> Labels:
        """An axis' labels as they are now, and the formulas that follow the words."""
        texts = axis.read(self.values)
        if axis.source is None:
            texts = [self.messages.get(f"label.{label}", label) for label in texts]
        values = np.array(texts, dtype=object).reshape((1, -1) if across else (-1, 1))
        if axis.source is None or not self.notation.follows(axis.source, across=across):
            return values, None, ()
        source = self.ref(axis.source, sheet)
        arrays = self.notation.label_arrays(source) if across else ()

        def cell(i: Coordinate, j: Coordinate) -> str:
            k = j if across else i
            return f'{source.cell(k, 0) if source.shape[1] == 1 else source.cell(0, k)}&""'

        return values, formulas(cell, (values.shape[0], values.shape[1])), arrays

    def empty_slots(self, block: Matrix, sheet: Canvas, place: Place, label_column: int) -> None:
        """Let nothing show where a slot is empty: where the label of its row, which stands in
        `label_column`, or of its column, above, is empty."""
        empty = []
        if block.rows.source is not None and block.shape != (1, 1):
            empty.append(f'${column_letters(label_column)}{place.row + 1}=""')
        if block.columns.source is not None:
            empty.append(f'{column_letters(place.column)}${place.row}=""')
        if empty and block.role != "embedding":
            rule = {
                "type": "formula",
                "criteria": f"=OR({','.join(empty)})",
                "format": EMPTY,
                "stop_if_true": True,
            }
            sheet.conditions.append((cell_range(place.row, place.column, block.shape), rule))

    def _colour(self, drawing: Drawing, labelled: bool) -> None:
        """Nothing where a slot is empty, and the colours that go with the kind of number."""
        block, place, conditions = drawing.block, drawing.place, drawing.sheet.conditions
        where = cell_range(place.row, place.column, block.shape)
        if labelled and not (self.notation.weights_apart and block.role == "parameter"):
            self.empty_slots(block, drawing.sheet, place, place.column - 1)
        if block in self.exercise or not block.computed:
            return
        if block.scale == "gate":
            conditions.append((where, {"type": "cell", "criteria": "==", "value": 0, "format": FADED}))
        elif block.scale == "masked":
            conditions.append((where, {"type": "cell", "criteria": "<", "value": -1e29, "format": FADED}))
        elif block.scale == "probability" or (block.scale == "signed" and block.size > 1):
            self._colour_by_size(drawing, labelled)

    def _colour_by_size(self, drawing: Drawing, labelled: bool) -> None:
        """A colour scale; each slot that is empty as built, and not all 0 by itself, has one of its own, which
        is white until it holds a word."""
        block, place = drawing.block, drawing.place
        values = self.values[block.name].T if place.turned else self.values[block.name]
        rows, columns = (
            _filled(axis.read(self.values), found) if labelled and axis.source is not None else axis.size
            for axis, found in ((block.rows, values), (block.columns, values.T))
        )
        whole = place.absolute.partition("!")[2]

        def colour(i: int, j: int, shape: tuple[int, int], slot: tuple[int, int] | None = None) -> None:
            label = "" if slot is None else f"${column_letters(slot[1])}${slot[0] + 1}"
            scale = share_scale(label) if block.scale == "probability" else signed_scale(whole, label)
            if shape[0] and shape[1]:
                where = cell_range(place.row + i, place.column + j, shape)
                drawing.sheet.conditions.append((where, scale))

        colour(0, 0, (rows, columns))
        for i in range(rows, block.shape[0]):
            colour(i, 0, (1, block.shape[1]), (place.row + i, place.column - 1))
        for j in range(columns, block.shape[1]):
            colour(0, j, (rows, 1), (place.row - 1, place.column + j))


def _filled(labels: Sequence[str], values: Array) -> int:
    """How many rows come before the empty slots at the end; all of them, where those hold nothing but 0."""
    count = max((k + 1 for k, label in enumerate(labels) if label), default=0)
    return count if np.any(values[count:]) else len(labels)


def _empty(shape: tuple[int, int]) -> Array:
    return np.full(shape, "", dtype=object)
