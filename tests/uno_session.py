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


def narrow(sheets, values, ruler):
    """The cells whose number is wider than its column, which show ###: [sheet, row, column, text]."""
    found = []
    for name, rows in values.items():
        sheet = sheets.getByName(name)
        for column in range(len(rows[0])):
            width = sheet.getColumns().getByIndex(column).Width
            for row, number in enumerate(cells[column] for cells in rows):
                digits = len(f"{number:,.2f}") if isinstance(number, float) and number > -1e29 else 2
                if isinstance(number, float) and digits * LETTER > width:
                    cell = sheet.getCellByPosition(column, row)
                    room = width - cell.ParaLeftMargin - cell.ParaRightMargin
                    if not cell.ShrinkToFit and not cell.getIsMerged() and ruler.width(cell) > 1.01 * room:
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
        wide = narrow(sheets, values, Ruler(context)) if task["narrow"] else []
        rounds = [go_round(sheets, edits, task["only"]) for edits in task["rounds"]]
        if task["save"]:
            document.storeToURL(Path(task["save"]).as_uri(), (option("FilterName", "Calc MS Excel 2007 XML"),))
    finally:
        document.close(True)
    times = {"opened": opened, "followed": followed, "edited": edited}
    json.dump({"values": values, "texts": first, "narrow": wide, "rounds": rounds, **times}, sys.stdout)


main()
