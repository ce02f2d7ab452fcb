"""What commands print: tables, lines for other programs, and a bar for as long as the work takes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

Move = Callable[[float, str], None]
"""Moves a bar to how much is done, with a text beside it."""


def print_table(
    header: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    title: str | Text | None = None,
    right: Collection[int] = (),
    whole: bool = False,
) -> None:
    """Rows as a table as wide as the terminal, or as wide as the `whole` of every row takes; into a file
    or pipe in full, however wide. The columns that are numbers in `right` are set to the right."""
    from rich.console import Console
    from rich.measure import measure_renderables
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for k, label in enumerate(header):
        shown = label.replace(" ", "\n") if whole else label
        table.add_column(Text(shown), justify="right" if k in right else "left")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 1000)
    if whole:
        free = console.options.update(max_width=10**4)
        console.width = max(console.width, measure_renderables(console, free, [table]).maximum)
    console.print(table)


def print_csv(header: Sequence[str], rows: Iterable[Sequence[object]], file: IO[str] | None = None) -> None:
    """Rows as comma-separated values, on stdout where no file is given."""
    import csv

    csv.writer(file or sys.stdout, lineterminator="\n").writerows([header, *rows])


@contextmanager
def bar(total: float, *, shown: bool = True, kept: bool = False, elapsed: bool = False) -> Iterator[Move]:
    """A bar on stderr with the time left, or `elapsed`; `kept` or not when all is done; none where that is no
    terminal."""
    if not (shown and sys.stderr.isatty()):
        yield lambda done, text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    clock = TimeElapsedColumn() if elapsed else TimeRemainingColumn()
    columns = (BarColumn(), TextColumn("{task.description}"), clock)
    with Progress(*columns, console=Console(stderr=True), transient=not kept) as progress:
        task = progress.add_task("", total=total)
        yield lambda done, text: progress.update(task, completed=done, description=text)
