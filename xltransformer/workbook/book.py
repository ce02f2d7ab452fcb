"""A workbook while it is drawn: its sheets, and where each block has its home."""

from __future__ import annotations

from collections.abc import Mapping

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.locale import Messages
from xltransformer.workbook.canvas import Canvas, cell_range
from xltransformer.workbook.places import Place, SeenPlace, quoted
from xltransformer.workbook.styles import (
    FADED_FILL,
    FADED_INK,
    NEGATIVE,
    POSITIVE,
    SHARE,
    block_style,
)

SHOWN = "xlt.shown"
"""Names of repeated views of a block begin with this: `xlt.shown.3.self_attention.Q`."""


class Book:
    """Draws blocks onto sheets.

    A block's first drawing is its home: an input's cells to edit, or a computed block's formulas.
    Every further drawing is a view, whose cells repeat the home's. Formulas point at the drawing
    the reader has in front of him: `draw` is told which views stand for which operands.
    """

    def __init__(self, values: Mapping[str, Array], messages: Messages) -> None:
        self.values = values
        self.messages = messages
        self.sheets: list[Canvas] = []
        self.homes: dict[Matrix, Place] = {}
        self.names: dict[str, Place] = {}

    def sheet(self, name: str) -> Canvas:
        canvas = Canvas(name)
        self.sheets.append(canvas)
        return canvas

    def symbol(self, block: Matrix) -> str:
        """The short name shown at a block's corner."""
        return self.messages.get(f"symbol.{block.last_name}", block.last_name)

    def ref(self, block: Matrix, sheet: Canvas) -> SeenPlace:
        """The home of a block as formulas on a sheet write it."""
        return self.homes[block].seen_from(sheet.name)

    def draw(
        self,
        block: Matrix,
        sheet: Canvas,
        row: int,
        column: int,
        shown: Mapping[Matrix, Place] | None = None,
        labelled: bool = True,
    ) -> Place:
        """Draw a block's cells with the first at (row, column); labels go left and above.

        `shown` are drawings of operands that the formulas shall point at instead of their homes.
        """
        place = Place(sheet.name, row, column, block.shape)
        mirror = block in self.homes
        if mirror:
            views = sum(name.startswith(SHOWN) for name in self.names)
            self.names[f"{SHOWN}.{views + 1}.{block.name}"] = place
            self._formulas(block, sheet, place, lambda i, j: self.ref(block, sheet).cell(i, j), mirror)
        else:
            self.homes[block] = self.names[block.name] = place
            if block.op is None:
                self._inputs(block, sheet, place)
            else:
                where = shown or {}
                operands = [where.get(m, self.homes[m]).seen_from(sheet.name) for m in block.operands]
                cell = block.op.cell
                self._formulas(block, sheet, place, lambda i, j: cell(i, j, *operands), mirror)
        if labelled:
            self._labels(block, sheet, place)
        self._colours(block, sheet, place, labelled)
        return place

    def _formulas(self, block: Matrix, sheet: Canvas, place: Place, formula, mirror: bool) -> None:  # type: ignore[no-untyped-def]
        style = block_style(block, self.messages, mirror)
        for i, values in enumerate(self.values[block.name].tolist()):
            for j, value in enumerate(values):
                sheet.formula(place.row + i, place.column + j, formula(i, j), value, style)

    def _inputs(self, block: Matrix, sheet: Canvas, place: Place) -> None:
        style = block_style(block, self.messages)
        empty_rows = self._empty_rows(block)
        for i, values in enumerate(self.values[block.name].tolist()):
            for j, value in enumerate(values):
                at = place.row + i, place.column + j
                if value == "" or i in empty_rows:
                    sheet.blank(*at, style)
                elif block.text:
                    sheet.text(*at, value, *style)
                else:
                    sheet.number(*at, value, style)
        where = cell_range(place.row, place.column, block.shape)
        if block.choices is not None:
            source = "=" + self.homes[block.choices].absolute
            sheet.validations.append((where, {"validate": "list", "source": source, "show_error": False}))
        elif not block.text:
            sheet.validations.append((where, self._number_rule(block)))

    def _empty_rows(self, block: Matrix) -> set[int]:
        """Spare rows of the vocabulary: no word, hence no numbers either."""
        if block.role != "embedding":
            return set()
        return {i for i, word in enumerate(block.rows.read(self.values)) if not word}

    def _number_rule(self, block: Matrix) -> dict[str, object]:
        if block.role == "switch" and block.scale == "gate":
            message = self.messages("switch.gate_error")
            return {"validate": "list", "source": ["1", "0"], "error_message": message}
        if block.role == "switch":
            message = self.messages("switch.temperature_error")
            return {"validate": "decimal", "criteria": ">", "value": 0, "error_message": message}
        message = self.messages("switch.number_error")
        return {"validate": "decimal", "criteria": ">", "value": -1e300, "error_message": message}

    def _labels(self, block: Matrix, sheet: Canvas, place: Place) -> None:
        """Row labels to the left, column labels above, the block's symbol in the corner."""
        sheet.text(place.row - 1, place.column - 1, self.symbol(block), "symbol")
        for i in range(block.shape[0]):
            self.label(block.rows, i, sheet, place.row + i, place.column - 1, "row_label")
        for j in range(block.shape[1]):
            self.label(block.columns, j, sheet, place.row - 1, place.column + j, "column_label")

    def label(self, axis: Axis, k: int, sheet: Canvas, row: int, column: int, style: str) -> None:
        """One label: a formula that follows the words, or a fixed text."""
        if axis.source is None:
            sheet.text(row, column, axis.labels[k], style)
            return
        source = self.ref(axis.source, sheet)
        i, j = (k, 0) if source.shape[1] == 1 else (0, k)
        shown = str(self.values[axis.source.name][i, j])
        sheet.formula(row, column, f'{source.cell(i, j)}&""', shown, (style, ""))

    def _colours(self, block: Matrix, sheet: Canvas, place: Place, labelled: bool) -> None:
        where = cell_range(place.row, place.column, block.shape)
        empty = []
        if labelled and block.rows.source is not None and block.shape != (1, 1):
            empty.append(f'${Place("", place.row, place.column - 1, (1, 1)).address(0, 0)}=""')
        if labelled and block.columns.source is not None:
            row, letters = place.row, Place("", 0, place.column, (1, 1)).address(0, 0)[:-1]
            empty.append(f'{letters}${row}=""')
        faded = {"font_color": FADED_INK, "bg_color": FADED_FILL}
        if empty and block.role != "embedding":
            rule = f"=OR({','.join(empty)})"
            condition = {"type": "formula", "criteria": rule, "format": faded, "stop_if_true": True}
            sheet.conditions.append((where, condition))
        if block.scale in ("gate", "masked") and block.computed:
            limit = {"gate": ("==", 0), "masked": ("<", -1e29)}[block.scale]
            sheet.conditions.append(
                (where, {"type": "cell", "criteria": limit[0], "value": limit[1], "format": faded})
            )
        if block.scale == "probability":
            sheet.conditions.append(
                (where, {"type": "2_color_scale", "min_type": "num", "max_type": "num", "min_value": 0,
                         "max_value": 1, "min_color": "#FFFFFF", "max_color": SHARE})
            )  # fmt: skip
        elif block.scale == "signed" and block.computed and block.size > 1:
            # White stays at 0, and both signs reach full colour at the same size.
            fixed = place.absolute.partition("!")[2]
            largest = f"MAX(MAX({fixed}),-MIN({fixed}),1E-9)"
            sheet.conditions.append(
                (where, {"type": "3_color_scale", "min_type": "formula", "mid_type": "num", "max_type": "formula",
                         "min_value": f"=-{largest}", "mid_value": 0, "max_value": f"={largest}",
                         "min_color": NEGATIVE, "mid_color": "#FFFFFF", "max_color": POSITIVE})
            )  # fmt: skip

    def target(self, sheet: Canvas, row: int = 0, column: int = 0) -> str:
        """A cell as links name it: `'Start'!A1`."""
        return f"{quoted(sheet.name)}!{Place('', row, column, (1, 1)).address(0, 0)}"
