"""`xlt diff`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xltransformer.cli.base import AGREES, DIFFERS, Command
from xltransformer.cli.options import form
from xltransformer.cli.show import print_table
from xltransformer.errors import UserError

if TYPE_CHECKING:
    from xltransformer.difference import Diff

_MOST_PROBLEMS = 20


@click.command(cls=Command)
@click.argument("file")
@click.option(
    "--engine",
    default="ironcalc",
    show_default=True,
    metavar="NAME|all",
    help="What recalculates the workbook: one that `xlt engines` lists, or all that are on this machine.",
)
@click.option("--tolerance", type=float, default=1e-9, show_default=True, help="Largest error allowed.")
@form("json")
def diff(file: str, engine: str, tolerance: float, form: str) -> None:
    """Compare a workbook, as it is now, with NumPy: exit status 0 if they agree, 1 if not."""
    from xltransformer.difference import diff_book
    from xltransformer.engines import ENGINES, engines_here
    from xltransformer.engines import engine as find_engine
    from xltransformer.workbook.reader import read_book

    if not 0 <= tolerance < float("inf"):
        raise UserError(f"--tolerance is {tolerance}; give a number of at least 0")
    engines = engines_here() if engine == "all" else [find_engine(engine)]
    book = read_book(Path(file))
    if engine == "all" and (missing := ENGINES.keys() - {used.name for used in engines}):
        left_out = ", ".join(name for name in ENGINES if name in missing)
        click.echo(f"xlt: not on this machine: {left_out}; xlt engines tells how to get them", err=True)
    results = [diff_book(book, used, tolerance) for used in engines]
    if form == "json":
        objects = [result.to_json() for result in results]
        click.echo(json.dumps(objects if engine == "all" else objects[0], ensure_ascii=False))
    else:
        for result in results:
            _print_diff(result)
    sys.exit(AGREES if all(result.ok for result in results) else DIFFERS)


def _print_diff(result: Diff) -> None:
    from rich.text import Text

    rows = (
        (
            block.name,
            str(block.cells),
            "–" if block.max_abs_error is None else f"{block.max_abs_error:.1e}",
            Text("ok", style="green") if block.ok else Text("DIFFERS", style="bold red"),
        )
        for block in result.blocks
    )
    title = f"NumPy and {result.engine} {result.version}"
    print_table(["block", "cells", "max abs error", "verdict"], rows, title=title, right=(1, 2))
    for problem in result.problems[:_MOST_PROBLEMS]:
        click.echo(str(problem))
    if len(result.problems) > _MOST_PROBLEMS:
        click.echo(f"… and {len(result.problems) - _MOST_PROBLEMS} more cells (all of them with --format json)")
    cells = sum(block.cells for block in result.blocks)
    if result.ok:
        click.echo(
            f"agree: {cells} cells in {len(result.blocks)} blocks, largest error {result.max_abs_error:.1e}"
        )
    else:
        wrong = sum(not block.ok for block in result.blocks)
        click.echo(f"DIFFER: {wrong} of {len(result.blocks)} blocks")
