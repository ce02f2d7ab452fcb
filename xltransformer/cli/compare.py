"""`xlt diff A.xlsx B.xlsx`: two workbooks side by side."""

from __future__ import annotations

import json
import sys
from typing import NoReturn

import click

from xltransformer.cli.base import AGREES, DIFFERS
from xltransformer.cli.show import print_table
from xltransformer.errors import UserError, one_line

_MOST_LINES = 40
"""Of cells and of blocks; all of them are printed with --format json."""


def compare(file: str, other: str, engine: str | None, tolerance: float, form: str) -> NoReturn:
    """Print how two workbooks differ, and leave with the status that says whether they do."""
    from xltransformer.comparing import compare as compared
    from xltransformer.inputs import show

    if engine is not None:
        raise UserError("`engine` recalculates one workbook, and two are compared by NumPy: leave it out")
    found = compared(file, other, tolerance)
    if form == "json":
        click.echo(json.dumps(found.to_json(), ensure_ascii=False))
        sys.exit(AGREES if found.ok else DIFFERS)
    if found.inputs:
        header = ["block", "cell", "row", "column", file, other]
        rows = (
            [one.block, f"{one.sheet}!{one.cell}", one.row, one.column, show(one.old), show(one.new)]
            for one in found.inputs[:_MOST_LINES]
        )
        print_table(header, rows, title="Typed differently")
        _more(len(found.inputs), "cells")
    if found.differing:
        blocks = (
            [one.name, str(one.cells), "–" if one.max_abs_error is None else f"{one.max_abs_error:.3g}"]
            for one in found.differing[:_MOST_LINES]
        )
        print_table(["block", "cells", "largest difference"], blocks, title="Blocks that differ", right=(1, 2))
        _more(len(found.differing), "blocks")
    for note in found.notes[:_MOST_LINES]:
        click.echo(one_line(note))
    _more(len(found.notes), "differences")
    click.echo(found.verdict)
    sys.exit(AGREES if found.ok else DIFFERS)


def _more(count: int, what: str) -> None:
    if count > _MOST_LINES:
        click.echo(f"… and {count - _MOST_LINES} more {what} (all of them with --format json)")
