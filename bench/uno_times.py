"""Runs inside LibreOffice's own Python: how long workbooks take to open, to recalculate and to follow an edit.

Takes one JSON object on standard input: pipe, runs, and books, each with path, edit [sheet, address, two
texts that are typed in turns] and look [sheet, address], which is read after the edit. Prints for each book
the seconds of every run: [[opened, recalculated, followed], …]. The books take turns within a run.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from uno_bridge import connect, option


def times(desktop, book):
    start = time.perf_counter()
    document = desktop.loadComponentFromURL(Path(book["path"]).as_uri(), "_blank", 0, (option("Hidden", True),))
    marks = [time.perf_counter() - start]
    try:
        start = time.perf_counter()
        document.calculateAll()
        marks.append(time.perf_counter() - start)
        sheets, followed = document.getSheets(), []
        sheet, address, texts = book["edit"]
        cell = sheets.getByName(sheet).getCellRangeByName(address)
        place = sheets.getByName(book["look"][0]).getCellRangeByName(book["look"][1])
        before = place.getDataArray()
        for text in texts:
            start = time.perf_counter()
            cell.setString(text)
            after = place.getDataArray()
            followed.append(time.perf_counter() - start)
            assert after != before, "the edit has no effect"
            before = after
        marks.append(sorted(followed)[len(followed) // 2])
    finally:
        document.close(True)
    return marks


def main():
    task = json.load(sys.stdin)
    context = connect(task["pipe"])
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    found = [[] for _ in task["books"]]
    for _ in range(task["runs"] + 1):
        for book, marks in zip(task["books"], found, strict=True):
            marks.append(times(desktop, book))
    json.dump([marks[1:] for marks in found], sys.stdout)  # the first run warms up


main()
