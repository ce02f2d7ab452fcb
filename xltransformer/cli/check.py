"""`xlt diff`: a workbook held against NumPy."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xltransformer.cli.base import AGREES, DIFFERS, FAILED, Command
from xltransformer.cli.compare import compare
from xltransformer.cli.options import form
from xltransformer.cli.show import print_table
from xltransformer.errors import UserError, one_line

if TYPE_CHECKING:
    from xltransformer.difference import Diff
    from xltransformer.engines import Engine

_MOST_PROBLEMS = 20


@click.command(cls=Command)
@click.argument("file")
@click.argument("other", required=False, metavar="[OTHER.xlsx]")
@click.option(
    "--engine",
    metavar="NAME|all",
    help="What recalculates the workbook: one that `xlt engines` lists, or all that are on this machine.  "
    "[default: ironcalc or, where that breaks down over the file, another one]",
)
@click.option("--tolerance", type=float, default=1e-9, show_default=True, help="Largest error allowed.")
@form("json")
def diff(file: str, other: str | None, engine: str | None, tolerance: float, form: str) -> None:
    """Compare a workbook, as it is now, with NumPy, or with another workbook: exit status 0 if they agree, 1 if
    not."""
    if not 0 <= tolerance < float("inf"):
        raise UserError(f"--tolerance is {tolerance}; give a number of at least 0")
    if other is not None:
        compare(file, other, engine, tolerance, form)
    from xltransformer.difference import diff_book
    from xltransformer.engines import ENGINES
    from xltransformer.engines import engine as find_engine
    from xltransformer.workbook.reader import read_book

    engines: list[Engine | None] = [None if engine is None else find_engine(engine)] if engine != "all" else []
    engines += [one for one in ENGINES.values() if one.version()] if engine == "all" else []
    book = read_book(Path(file))
    if engine == "all" and (missing := ", ".join(name for name, one in ENGINES.items() if one not in engines)):
        click.echo(f"xlt: not on this machine: {missing}; xlt engines tells how to get them", err=True)
    results, failed = [], set()
    for used in engines:
        try:
            results.append(diff_book(book, used, tolerance))
        except UserError as error:
            if engine != "all":
                raise
            failed.add(str(error))
    for line in [*sorted(failed), *filter(None, (result.remark for result in results))]:
        click.echo(f"xlt: {one_line(line)}", err=True)
    if form == "json":
        objects = [result.to_json() for result in results]
        click.echo(json.dumps(objects if engine == "all" else objects[0], ensure_ascii=False))
    else:
        for result in results:
            _print_diff(result)
    agree = all(result.ok for result in results)
    sys.exit(DIFFERS if not agree else FAILED if failed else AGREES)


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
    click.echo(result.verdict)
