"""Starts a LibreOffice of its own and times workbooks in it, by bench/uno_times.py; shared by the benchmarks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from windows import find_uno_python

from xltransformer.engines.converters import find_soffice
from xltransformer.workbook.places import Place

Marks = list[list[list[float]]]
"""Of every run: opened, recalculated and followed an edit, each in seconds by the clock and of the processor."""


def book_of(path: Path, typed: Place, row: int, texts: Sequence[str], seen: Place) -> dict[str, Any]:
    """A book for uno_times: the texts are typed in turns into a row of `typed`, and `seen` is read after each."""
    look = seen.absolute.rpartition("!")[2].replace("$", "")
    edit = [typed.sheet, typed.address(row, 0), list(texts)]
    return {"path": str(path), "edit": edit, "look": [seen.sheet, look]}


def office_times(books: Sequence[dict[str, Any]], runs: int) -> list[Marks]:
    """The marks of every book, which take turns, after a run that warms up. Needs Linux."""
    soffice = find_soffice()
    if soffice is None:
        raise SystemExit("LibreOffice is missing")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        pipe = f"xltbench{os.getpid()}"
        office = subprocess.Popen(
            [soffice, f"-env:UserInstallation={(Path(folder) / 'profile').as_uri()}", "--headless", "--norestore",
             f"--accept=pipe,name={pipe};urp;"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            run = subprocess.run(
                [find_uno_python(soffice), str(Path(__file__).with_name("uno_times.py"))],
                input=json.dumps({"pipe": pipe, "runs": runs, "books": list(books)}),
                capture_output=True, text=True, check=False, timeout=1200,
            )  # fmt: skip
        finally:
            os.killpg(office.pid, signal.SIGTERM)
            office.wait(30)
    if run.returncode:
        raise SystemExit(run.stderr)
    marks: list[Marks] = json.loads(run.stdout)
    return marks
