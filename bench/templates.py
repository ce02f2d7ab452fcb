"""Every shipped template: formula cells, file size, and the time of build, diff and opening.

On demand: `.venv/bin/python bench/templates.py`. Opening is LibreOffice's, hard recalculation included,
from the start of the program to the converted file.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
from rich.console import Console
from rich.table import Table

from xltransformer import api
from xltransformer.building.template import shipped_templates
from xltransformer.difference import diff
from xltransformer.engines import ENGINES


def seconds(work: Callable[[], Any]) -> str:
    """How long some work takes, as text."""
    started = time.perf_counter()
    work()
    return f"{time.perf_counter() - started:.2f}"


def main() -> None:
    columns = ("template", "formula cells", "KiB", "build s", "diff ironcalc s", "diff libreoffice s", "open s")
    table = Table(*columns)
    with tempfile.TemporaryDirectory() as folder:
        for name in shipped_templates():
            path = Path(folder) / f"{name}.xlsx"
            built = seconds(lambda path=path, name=name: api.build(path, template=name))
            book = openpyxl.load_workbook(path)
            cells = sum(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)
            diffs = [seconds(lambda path=path, engine=engine: diff(path, engine)) for engine in ENGINES]
            opened = seconds(lambda path=path: ENGINES["libreoffice"].recalculate(path))
            table.add_row(name, str(cells), str(path.stat().st_size // 1024), built, *diffs, opened)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
