"""Runs inside LibreOffice's own Python: opens a workbook, edits cells, reads and saves.

Takes one JSON object on standard input: pipe, path, edits [[sheet, address, value]], save (or null), first
[[sheet, address of a range]], whose texts are read before everything else, and rounds, each a list of further
edits that is taken back again before the next. Of the sheets in only {sheet: [last row, last column]} these parts
alone are read; every cell where it is empty, and none without read. With hard, everything is recalculated on
opening; with narrow, the numbers are reported that are wider than their column.
A text beginning with "=" in an edit of the form {"formula": text} is entered as a formula.
Prints {sheet: {address-free rows}} as JSON after the edits, else without any forced recalculation, and the same
for every round: with its edits, and after they were taken back.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from uno_bridge import Ruler, connect, option


def enter(cell, value):
    if value is None:
        cell.setString("")
    elif isinstance(value, dict):
        cell.setFormula(value["formula"])
    elif isinstance(value, str):
        cell.setString(value)
    else:
        cell.setValue(value)


def read(sheets, only):
    values = {}
    for name in only or sheets.getElementNames():
        sheet = sheets.getByName(name)
        if only:
            row, column = only[name]
        else:
            cursor = sheet.createCursor()
            cursor.gotoEndOfUsedArea(False)
            last = cursor.getRangeAddress()
            row, column = last.EndRow, last.EndColumn
        values[name] = sheet.getCellRangeByPosition(0, 0, column, row).getDataArray()
    return values


def texts(cells):
    """What each cell of a range shows, as text."""
    at = cells.getRangeAddress()
    across, down = range(at.EndColumn - at.StartColumn + 1), range(at.EndRow - at.StartRow + 1)
    return [[cells.getCellByPosition(column, row).getString() for column in across] for row in down]


LETTER = 300
"""No digit is wider, in hundredths of a millimetre: what has room at this width needs no measuring."""
MANY = 500
"""So many cells of a sheet are not asked one by one for what they look like, but all that look alike together."""
LOOK = (
    "CharFontName", "CharHeight", "CharWeight", "ParaLeftMargin", "ParaRightMargin", "ShrinkToFit", "NumberFormat"
)  # fmt: skip


class Texts:
    """How wide numbers are as texts. Digits are all as wide: one number stands for those of as many digits."""

    def __init__(self, context, document):
        self.ruler, self.widths = Ruler(context), {}
        self.formatter = context.ServiceManager.createInstanceWithContext(
            "com.sun.star.util.NumberFormatter", context
        )
        self.formatter.attachNumberFormatsSupplier(document)

    def width(self, number, look):
        """The width of a number in cells of a look, in hundredths of a millimetre."""
        *font, _, _, _, how = look
        key = (*font, how, "".join("0" if letter.isdigit() else letter for letter in f"{number:.2f}"))
        if key not in self.widths:
            text = self.formatter.convertNumberToString(how, number)
            self.widths[key] = self.ruler.text_width(text, tuple(font))
        return self.widths[key]


def looks(sheet, height, width):
    """What each cell looks like, up to a height and width, by row and column."""
    found, alike = {}, sheet.getUniqueCellFormatRanges()
    for ranges in (alike.getByIndex(k) for k in range(alike.getCount())):
        areas = [
            area for area in ranges.getRangeAddresses() if area.StartRow < height and area.StartColumn < width
        ]
        look = areas and look_of(sheet, areas[0].StartRow, areas[0].StartColumn)
        for area in areas:
            for row in range(area.StartRow, min(area.EndRow + 1, height)):
                for column in range(area.StartColumn, min(area.EndColumn + 1, width)):
                    found[row, column] = look
    return found


def look_of(sheet, row, column):
    return sheet.getCellByPosition(column, row).getPropertyValues(LOOK)


def narrow(sheets, values, measured):
    """The cells whose number is wider than its column, which show ###: [sheet, row, column, text]."""
    found = []
    for name, rows in values.items():
        sheet, doubtful = sheets.getByName(name), []
        for column in range(len(rows[0])):
            width = sheet.getColumns().getByIndex(column).Width
            for row, number in enumerate(cells[column] for cells in rows):
                digits = len(f"{number:,.2f}") if isinstance(number, float) and number > -1e29 else 2
                if isinstance(number, float) and digits * LETTER > width:
                    doubtful.append((row, column, number, width))
        known = looks(sheet, len(rows), len(rows[0])) if len(doubtful) > MANY else {}
        for row, column, number, width in doubtful:
            look = known.get((row, column)) or look_of(sheet, row, column)
            left, right, shrinks = look[3:6]
            if not shrinks and measured.width(number, look) > width - left - right:
                cell = sheet.getCellByPosition(column, row)
                if not cell.getIsMerged() and measured.ruler.width(cell) > 1.01 * (width - left - right):
                    found.append([name, row, column, cell.getString()])
    return found


def go_round(sheets, edits, only):
    """Type, read, take back (the last edit first), read."""
    cells = [(sheets.getByName(sheet).getCellRangeByName(address), value) for sheet, address, value in edits]
    before = []
    for cell, value in cells:
        before.append((cell, cell.getFormula()))
        enter(cell, value)
    typed = read(sheets, only)
    for cell, formula in reversed(before):
        cell.setFormula(formula)
    return typed, read(sheets, only)


def main():
    task = json.load(sys.stdin)
    context = connect(task["pipe"])
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    started = time.perf_counter()
    document = desktop.loadComponentFromURL(Path(task["path"]).as_uri(), "_blank", 0, (option("Hidden", True),))
    opened = time.perf_counter() - started
    try:
        sheets = document.getSheets()
        if task["hard"]:
            document.calculateAll()
        started = time.perf_counter()
        for sheet, address, value in task["edits"]:
            enter(sheets.getByName(sheet).getCellRangeByName(address), value)
        first = [texts(sheets.getByName(sheet).getCellRangeByName(address)) for sheet, address in task["first"]]
        followed = time.perf_counter() - started
        values = read(sheets, task["only"]) if task["read"] else {}
        edited = time.perf_counter() - started
        wide = narrow(sheets, values, Texts(context, document)) if task["narrow"] else []
        rounds = [go_round(sheets, edits, task["only"]) for edits in task["rounds"]]
        if task["save"]:
            document.storeToURL(Path(task["save"]).as_uri(), (option("FilterName", "Calc MS Excel 2007 XML"),))
    finally:
        document.close(True)
    times = {"opened": opened, "followed": followed, "edited": edited}
    json.dump({"values": values, "texts": first, "narrow": wide, "rounds": rounds, **times}, sys.stdout)


main()
