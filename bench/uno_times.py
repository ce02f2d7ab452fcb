"""Runs inside LibreOffice's own Python: how long workbooks take to open, to recalculate and to follow an edit.

Takes one JSON object on standard input: pipe, runs, and books, each with path, edit [sheet, address, two
texts that are typed in turns] and look [sheet, address], which is read after the edit. Prints for each book
the seconds of every run, by the clock and of the processor: [[opened, recalculated, followed], …] of pairs.
The books take turns within a run.
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from uno_bridge import connect, option


def office(pipe):
    """The process number of the LibreOffice that listens at a pipe (it starts itself anew for a new profile)."""
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            program, *arguments = Path(f"/proc/{number}/cmdline").read_text().split("\0")
        except OSError:
            continue
        if program.endswith("soffice.bin") and any(f"name={pipe};" in argument for argument in arguments):
            return int(number)
    raise SystemExit("LibreOffice's process is not found")


def clocks(process):
    """The time by the clock, and that of the processor which a process has taken: what other work on the machine
    disturbs, and what it hardly does."""
    return time.perf_counter(), time.clock_gettime((~process << 3) | 2)


def since(start, process):
    return [now - then for now, then in zip(clocks(process), start, strict=True)]


def times(desktop, book, process):
    start = clocks(process)
    document = desktop.loadComponentFromURL(Path(book["path"]).as_uri(), "_blank", 0, (option("Hidden", True),))
    marks = [since(start, process)]
    try:
        start = clocks(process)
        document.calculateAll()
        marks.append(since(start, process))
        sheets, followed = document.getSheets(), []
        sheet, address, texts = book["edit"]
        cell = sheets.getByName(sheet).getCellRangeByName(address)
        place = sheets.getByName(book["look"][0]).getCellRangeByName(book["look"][1])
        before = place.getDataArray()
        for text in texts:
            start = clocks(process)
            cell.setString(text)
            after = place.getDataArray()
            followed.append(since(start, process))
            assert after != before, "the edit has no effect"
            before = after
        marks.append(sorted(followed)[len(followed) // 2])
    finally:
        document.close(True)
    return marks


def main():
    task = json.load(sys.stdin)
    context = connect(task["pipe"])
    process = office(task["pipe"])
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    found = [[] for _ in task["books"]]
    for _ in range(task["runs"] + 1):
        for book, marks in zip(task["books"], found, strict=True):
            marks.append(times(desktop, book, process))
    json.dump([marks[1:] for marks in found], sys.stdout)  # the first run warms up


main()
