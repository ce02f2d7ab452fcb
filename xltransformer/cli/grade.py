"""`xlt grade`: the marks of a class."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xltransformer.cli.base import AGREES, DIFFERS, Command, spoken
from xltransformer.cli.options import FORCE, form, output
from xltransformer.cli.show import bar, print_table

if TYPE_CHECKING:
    from xltransformer.classroom.grading.marks import Table


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True)
@form("csv", "json")
@output("Write the marks as a table of comma-separated values, or as a workbook.", "FILE.csv|.xlsx")
@click.option(
    "--cells",
    is_flag=True,
    help="Every answer, too: what was typed, and what is right; in a workbook on a second sheet, beside a .csv "
    "in a second file.",
)
@FORCE
@click.option("--jobs", type=click.IntRange(1, 256), help="How many processes work; by default one a processor.")
@click.option("--scheduler", metavar="tcp://…", help="Have a Dask cluster do the work.")
def grade(
    files: tuple[str, ...],
    form: str,
    path: str | None,
    cells: bool,
    force: bool,
    jobs: int | None,
    scheduler: str | None,
) -> None:
    """Grade returned exercises, files or folders: exit status 1 if a file could not be graded."""
    from xltransformer import api
    from xltransformer.classroom.grading import notes
    from xltransformer.classroom.grading.marks import answers, as_csv, marks, to_json
    from xltransformer.classroom.grading.written import check_marks, write_marks

    if path is not None:
        check_marks(Path(path), cells=cells, force=force)
    with bar(1.0) as move:
        found = api.grade(
            files, jobs=jobs, scheduler=scheduler, tell=lambda done, total: move(done / total, "grading")
        )
    grades = [replace(one, remarks=tuple(map(spoken, one.remarks))) for one in found]
    if path is not None:
        written = write_marks(Path(path), grades, cells=cells, force=force)
        graded = sum(one.graded for one in grades)
        click.echo(f"wrote {' and '.join(map(str, written))}: {graded} of {len(grades)} files graded")
    elif form == "json":
        click.echo(json.dumps(to_json(grades, cells=cells), ensure_ascii=False))
    elif form == "csv":
        click.echo(as_csv(answers(grades) if cells else marks(grades)), nl=False)
    else:
        _print(marks(grades, steps=True))
        if cells:
            _print(answers(grades))
    if form == "table":
        for note in notes(grades):
            click.echo(note)
    sys.exit(AGREES if all(one.graded for one in grades) else DIFFERS)


def _print(table: Table) -> None:
    from xltransformer.classroom.grading.marks import as_text

    print_table(table.header, [[as_text(cell) for cell in row] for row in table.rows])
