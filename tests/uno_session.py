"""Runs inside LibreOffice's own Python: opens a workbook, edits cells, reads and saves.

Takes one JSON object on standard input: pipe, path, edits [[sheet, address, value]], save (or null), first
[[sheet, address of a range]], whose texts are read before everything else, and rounds, each a list of further
edits that is taken back again before the next.
A text beginning with "=" in an edit of the form {"formula": text} is entered as a formula.
Prints {sheet: {address-free rows}} as JSON after the edits, without any forced recalculation, and the same
for every round: with its edits, and after they were taken back.
"""

import json
import sys
import time
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException


def option(name, value):
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def connect(pipe):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    for _ in range(300):
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            time.sleep(0.1)
    raise SystemExit("LibreOffice does not answer")


def enter(cell, value):
    if value is None:
        cell.setString("")
    elif isinstance(value, dict):
        cell.setFormula(value["formula"])
    elif isinstance(value, str):
        cell.setString(value)
    else:
        cell.setValue(value)


def read(sheets):
    values = {}
    for name in sheets.getElementNames():
        sheet = sheets.getByName(name)
        cursor = sheet.createCursor()
        cursor.gotoEndOfUsedArea(False)
        last = cursor.getRangeAddress()
        values[name] = sheet.getCellRangeByPosition(0, 0, last.EndColumn, last.EndRow).getDataArray()
    return values


def texts(cells):
    """What each cell of a range shows, as text."""
    at = cells.getRangeAddress()
    across, down = range(at.EndColumn - at.StartColumn + 1), range(at.EndRow - at.StartRow + 1)
    return [[cells.getCellByPosition(column, row).getString() for column in across] for row in down]


def go_round(sheets, edits):
    """Type, read, take back (the last edit first), read."""
    cells = [(sheets.getByName(sheet).getCellRangeByName(address), value) for sheet, address, value in edits]
    before = []
    for cell, value in cells:
        before.append((cell, cell.getFormula()))
        enter(cell, value)
    typed = read(sheets)
    for cell, formula in reversed(before):
        cell.setFormula(formula)
    return typed, read(sheets)


def main():
    task = json.load(sys.stdin)
    context = connect(task["pipe"])
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    started = time.perf_counter()
    document = desktop.loadComponentFromURL(Path(task["path"]).as_uri(), "_blank", 0, (option("Hidden", True),))
    opened = time.perf_counter() - started
    try:
        sheets = document.getSheets()
        started = time.perf_counter()
        for sheet, address, value in task["edits"]:
            enter(sheets.getByName(sheet).getCellRangeByName(address), value)
        first = [texts(sheets.getByName(sheet).getCellRangeByName(address)) for sheet, address in task["first"]]
        followed = time.perf_counter() - started
        values = read(sheets)
        edited = time.perf_counter() - started
        rounds = [go_round(sheets, edits) for edits in task["rounds"]]
        if task["save"]:
            document.storeToURL(Path(task["save"]).as_uri(), (option("FilterName", "Calc MS Excel 2007 XML"),))
    finally:
        document.close(True)
    times = {"opened": opened, "followed": followed, "edited": edited}
    json.dump({"values": values, "texts": first, "rounds": rounds, **times}, sys.stdout)


main()
