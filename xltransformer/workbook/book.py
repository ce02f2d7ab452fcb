"""A workbook while it is drawn: its sheets, and where each block has its home."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.locale import Messages
from xltransformer.ops import PRODUCTS, op_of
from xltransformer.workbook.canvas import Canvas, cell_range
from xltransformer.workbook.places import Place, SeenPlace, column_letters
from xltransformer.workbook.styles import (
    ATTENTION_SCALE,
    EMPTY,
    FADED,
    RIGHT,
    WRONG,
    block_style,
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


@dataclass(frozen=True, eq=False)
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

    `products` is how matrix products are written (a key of `PRODUCTS`).
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
        products: str = "auto",
    ) -> None:
        self.values = values
        self.generated = generated or {}
        self.spelled_out = PRODUCTS[products]
        self.messages = messages
        self.sheets: list[Canvas] = []
        self.homes: dict[Matrix, Place] = {}
        self.names: dict[str, Place] = {}
        self.exercise = frozenset(exercise)
        self.verdicts: dict[Matrix, Place] = {}
        self.answers = Canvas(ANSWERS, hidden=True)
        self._waiting: dict[Matrix, frozenset[Matrix]] = {}
        self._hidden_rows = 0
        self._views = 0
        self.suggested: Place | None = None  # temperatures to choose from
        self.screen: dict[str, Place] = {}  # the parts of the first screen, by name
        self._pending: list[Callable[[], None]] = []

    def sheet(self, name: str) -> Canvas:
        canvas = Canvas(name)
        self.sheets.append(canvas)
        return canvas

    def symbol(self, block: Matrix) -> str:
        """The short name shown at a block's corner; that of a gradient is ∂ and its block's."""
        if block.gradient_of is not None:
            through = block.contributed_by
            return f"∂{self.symbol(block.gradient_of)}" + (f" ← {self.symbol(through)}" if through else "")
        name = block.last_name
        return self.messages.get(f"symbol.{name}", self.messages.get(f"setting.{name}", name))

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
        shown: float | str,
        style: str,
        number: str = "",
    ) -> None:
        """A formula of the sheet's own (a remark, a verdict), made when every block has its place."""
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
        look = Matrix(block.columns, block.rows, op=block.op, scale=block.scale, role=block.role)

        def write() -> None:
            home, style = self.ref(block, sheet), block_style(block, self.messages, view=True)
            for i, values in enumerate(self.values[block.name].tolist()):
                for j, value in enumerate(values):
                    sheet.formula(row + j, column + i, home.cell(i, j), value, style)
            self._labels(look, f"{self.symbol(block)}ᵀ", place, sheet)

        self.later(write)
        self._colour(Drawing(look, sheet, place), labelled=True)
        return place

    def finish(self) -> None:
        """Write every cell drawn so far; all blocks must have their places by now."""
        for write in self._pending:
            write()
        self._pending.clear()

    def _each(self, drawing: Drawing, write: Callable[[int, int, int, int, float | str], None]) -> None:
        """Call `write(i, j, row, column, value)` for every cell of a drawing."""
        place = drawing.place
        for i, values in enumerate(self.values[drawing.block.name].tolist()):
            for j, value in enumerate(values):
                write(i, j, place.row + i, place.column + j, value)

    def _write_formulas(self, drawing: Drawing) -> None:
        block, sheet = drawing.block, drawing.sheet
        places = (drawing.shown.get(m, self.homes[m]) for m in block.operands)
        operands = [place.seen_from(sheet.name, self.spelled_out) for place in places]
        cell, style = op_of(block).cell, block_style(block, self.messages, small=drawing.small)
        self._each(drawing, lambda i, j, r, c, value: sheet.formula(r, c, cell(i, j, *operands), value, style))

    def _write_view(self, drawing: Drawing) -> None:
        sheet, home = drawing.sheet, self.ref(drawing.block, drawing.sheet)
        style = block_style(drawing.block, self.messages, view=True, small=drawing.small)
        ending = '&""' if drawing.block.text else ""
        self._each(drawing, lambda i, j, r, c, value: sheet.formula(r, c, home.cell(i, j) + ending, value, style))

    def _write_solved(self, drawing: Drawing) -> None:
        """A view of a hidden block: a cell left to the student shows once it is right; one that
        follows from such cells shows once they all are."""
        block, sheet, home = drawing.block, drawing.sheet, self.ref(drawing.block, drawing.sheet)
        style = block_style(block, self.messages, view=True)
        verdicts = {m: place.seen_from(sheet.name) for m, place in self.verdicts.items()}
        waits = ",".join(seen.all for m, seen in verdicts.items() if m in self.waits_for(block))

        def write(i: int, j: int, row: int, column: int, value: float | str) -> None:
            right = f"{verdicts[block].cell(i, j)}=1" if block in self.exercise else f"MIN({waits})=1"
            sheet.formula(row, column, f'IF({right},{home.cell(i, j)},"")', "", style)

        self._each(drawing, write)

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

        def write(i: int, j: int, row: int, column: int, _: float | str) -> None:
            drawing.sheet.blank(row, column, block_style(block, self.messages, exercise=True))
            typed, right = student.cell(i, j), answer.cell(i, j)
            near = f"IF(ABS({typed}-{right})<={TOLERANCE},1,-1)"
            judged = f"IF(ISBLANK({typed}),0,IF(ISNUMBER({typed}),{near},-1))"
            hidden.formula(verdicts.row + i, verdicts.column + j, judged, 0, ("computed", "0"))

        self.later(lambda: self._each(drawing, write))
        first = verdicts.seen_from(drawing.sheet.name).cell(0, 0).replace("$", "")
        for verdict, look in ((1, RIGHT), (-1, WRONG)):
            rule = {"type": "formula", "criteria": f"={first}={verdict}", "format": look}
            drawing.sheet.conditions.append((cell_range(place.row, place.column, place.shape), rule))

    def _write_inputs(self, drawing: Drawing) -> None:
        block, sheet, place = drawing.block, drawing.sheet, drawing.place
        style, spare = block_style(block, self.messages), self._spare_rows(block)
        generated = self.generated.get(block.name, frozenset())

        def write(i: int, j: int, row: int, column: int, value: float | str) -> None:
            if i in generated and block.feedback is not None:
                predicted = self.ref(block.feedback, sheet).cell(i - 1, 0)
                sheet.formula(row, column, f'{predicted}&""', value, ("generated", ""))
            elif value == "" or i in spare:
                sheet.blank(row, column, style)
            elif isinstance(value, str):
                sheet.text(row, column, value, *style)
            else:
                sheet.number(row, column, value, style)

        self._each(drawing, write)
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
        self._labels(drawing.block, self.symbol(drawing.block), drawing.place, drawing.sheet)

    def _labels(self, block: Matrix, symbol: str, place: Place, sheet: Canvas) -> None:
        sheet.text(place.row - 1, place.column - 1, symbol, "symbol")
        for i in range(block.shape[0]):
            self.label(block.rows, i, sheet, place.row + i, place.column - 1, "row_label")
        for j in range(block.shape[1]):
            self.label(block.columns, j, sheet, place.row - 1, place.column + j, "column_label")

    def label(self, axis: Axis, k: int, sheet: Canvas, row: int, column: int, style: str) -> None:
        """One label: a formula that follows the words, or a fixed text."""
        if axis.source is None:
            label = axis.labels[k]
            sheet.text(row, column, self.messages.get(f"label.{label}", label), style)
            return
        source = self.ref(axis.source, sheet)
        i, j = (k, 0) if source.shape[1] == 1 else (0, k)
        shown = str(self.values[axis.source.name][i, j])
        sheet.formula(row, column, f'{source.cell(i, j)}&""', shown, (style, ""))

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
        if labelled:
            self.empty_slots(block, drawing.sheet, place, place.column - 1)
        if block in self.exercise or not block.computed:
            return
        if block.scale == "gate":
            conditions.append((where, {"type": "cell", "criteria": "==", "value": 0, "format": FADED}))
        elif block.scale == "masked":
            conditions.append((where, {"type": "cell", "criteria": "<", "value": -1e29, "format": FADED}))
        elif block.scale == "probability":
            conditions.append((where, ATTENTION_SCALE))
        elif block.scale == "signed" and block.size > 1:
            conditions.append((where, signed_scale(place.absolute.partition("!")[2])))
