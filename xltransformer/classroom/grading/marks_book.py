"""Marks as a workbook: a sheet with a line for each file, another one with a line for each answer."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from xltransformer.classroom.grading.copies import notes
from xltransformer.classroom.grading.marks import Cell, Share, Table, answers, as_text, marks
from xltransformer.classroom.grading.records import Grade, Score
from xltransformer.workbook.canvas import text_width
from xltransformer.workbook.styles import FONT

MARK = "xlt.marks"
"""The custom property by which a workbook of marks is known: it is no homework."""
_WIDEST, _REMARKS = 36.0, 64.0
"""How wide a column becomes at most, and the one of remarks."""
_LINE = 13.5
"""Points of a line of text."""
_BUTTON = 3.0
"""Characters that the button of a filter takes."""
_FIRST = ("file", "student", "variant", "percent", "right", "of", "hints", "saved", "minutes", "remarks")
_HEAD = {"bold": True, "bg_color": "#E5E7EB", "bottom": 1, "text_wrap": True, "valign": "top"}
_LOOKS: dict[str, dict[str, Any]] = {
    "plain": {"valign": "top"},
    "remarks": {"valign": "top", "text_wrap": True},
    "percent": {"valign": "top", "num_format": "0%"},
    "time": {"valign": "top", "num_format": 'yyyy-mm-dd hh:mm" UTC"', "align": "center"},
    "right": {"valign": "top", "font_color": "#1D4ED8"},
    "wrong": {"valign": "top", "font_color": "#C2410C"},
    "note": {"italic": True, "font_color": "#6B7280"},
}


def marks_book(grades: Sequence[Grade], *, cells: bool = False) -> bytes:
    """The workbook's bytes. Every text is a text, whatever it begins with; shares are numbers shown as per cent,
    and a block's score the number of right cells, shown with how many there are."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "default_format_properties": {**FONT, "font_scheme": "none"}}
    )
    book.set_properties({"title": "marks", "author": "xltransformer"})
    book.set_custom_property(MARK, "1", "text")
    _Sheet(book, "marks", _seen_first(marks(grades))).write(notes(grades))
    if cells:
        _Sheet(book, "answers", answers(grades)).write()
    book.close()
    return buffer.getvalue()


def _seen_first(table: Table) -> Table:
    """The table with what a window shows first: of whom, how much is right, and the remarks; then the blocks."""
    first = [name for name in _FIRST if name in table.header]
    order = [table.header.index(name) for name in first]
    order += [j for j in range(len(table.header)) if j not in order]
    return Table([table.header[j] for j in order], [[row[j] for j in order] for row in table.rows])


class _Sheet:
    """A table on a sheet: a heading that stays, filters, columns as wide as what stands in them."""

    def __init__(self, book: Any, name: str, table: Table) -> None:
        self._book, self._table, self._sheet = book, table, book.add_worksheet(name)
        self._formats: dict[str, Any] = {}

    def write(self, below: Sequence[str] = ()) -> None:
        """Write the table, and lines of text below it."""
        sheet, header, rows = self._sheet, self._table.header, self._table.rows
        for j, name in enumerate(header):
            sheet.write_string(0, j, name, self._format("head", _HEAD))
            cells = [text_width(as_text(row[j], " of ")) for row in rows]
            widest = max([_BUTTON + text_width(name), *cells])
            most = _REMARKS if name == "remarks" else _WIDEST
            sheet.set_column(j, j, min(most, widest * 1.1 + 1))
            for i, row in enumerate(rows, start=1):
                self._put(i, j, name, row[j])
        for i, row in enumerate(rows, start=1):  # not every program makes room for a text that wraps
            wide = max((text_width(cell) for cell in row if isinstance(cell, str)), default=0.0)
            sheet.set_row(i, _LINE * max(1, math.ceil(wide * 1.1 / _REMARKS)))
        for i, line in enumerate(below, start=len(rows) + 2):
            sheet.write_string(i, 0, line, self._format("note", _LOOKS["note"]))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(1, len(rows)), len(header) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)

    def _put(self, i: int, j: int, column: str, cell: Cell | Share) -> None:
        sheet = self._sheet
        match cell:
            case None:
                return
            case Share():
                sheet.write_number(i, j, cell.share, self._look("percent"))
            case Score():
                of = {"valign": "top", "num_format": f'0" of {cell.cells}"'}
                sheet.write_number(i, j, cell.right, self._format(f"of {cell.cells}", of))
            case datetime():
                sheet.write_datetime(i, j, cell, self._look("time"))
            case bool():
                sheet.write_boolean(i, j, cell, self._look("plain"))
            case int() | float():
                sheet.write_number(i, j, cell, self._look("plain"))
            case str():
                verdict = column == "verdict" and cell != "empty"
                said = ("right" if cell == "right" else "wrong") if verdict else column
                sheet.write_string(i, j, cell[:32_767], self._look(said if said in _LOOKS else "plain"))

    def _look(self, name: str) -> Any:
        return self._format(name, _LOOKS[name])

    def _format(self, name: str, look: dict[str, Any]) -> Any:
        if name not in self._formats:
            self._formats[name] = self._book.add_format({**FONT, **look})
        return self._formats[name]
