"""`xlt grade`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from xltransformer.cli.base import Command, spoken
from xltransformer.cli.options import form
from xltransformer.cli.show import bar, print_csv, print_table
from xltransformer.errors import one_line

if TYPE_CHECKING:
    from xltransformer.exercise import Grade


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True)
@form("csv")
@click.option("--jobs", type=click.IntRange(1, 256), help="How many processes work; by default one a processor.")
@click.option("--scheduler", metavar="tcp://…", help="Have a Dask cluster do the work.")
def grade(files: tuple[str, ...], form: str, jobs: int | None, scheduler: str | None) -> None:
    """Grade returned exercises, files or folders: exit status 1 if a file could not be graded."""
    from xltransformer import api

    with bar(1.0) as move:
        grades = api.grade(
            files, jobs=jobs, scheduler=scheduler, tell=lambda done, total: move(done / total, "grading")
        )
    header, *rows = _marks(grades)
    if form == "csv":
        print_csv(header, rows)
    else:
        print_table(header, rows)
    sys.exit(0 if all(one.graded for one in grades) else 1)


def _marks(grades: Sequence[Grade]) -> list[list[str]]:
    """A heading, and a row for each file: its scores step by step, and in total."""
    steps = list(dict.fromkeys(step for one in grades for step in one.steps))
    rows = [["file", *steps, "right", "of", "percent", "remarks"]]
    for one in grades:
        scores = [f"{one.steps[s].right}/{one.steps[s].cells}" if s in one.steps else "" for s in steps]
        right, cells = one.total.right, one.total.cells
        total = [str(right), str(cells), f"{100 * right / cells:.0f}"] if one.graded else [""] * 3
        remarks = "; ".join(one_line(spoken(remark)) for remark in one.remarks)
        rows.append([str(one.path), *scores, *total, remarks])
    return rows
