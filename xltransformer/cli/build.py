"""`xlt build` and `xlt trace`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from xltransformer.cli.base import Command, launch, warn
from xltransformer.cli.options import FORCE, LANGUAGE, ONLY, form, output, read_settings, subject
from xltransformer.cli.show import Move, bar, print_csv, print_table

if TYPE_CHECKING:
    from xltransformer.api import Report
    from xltransformer.size.estimate import Estimate

STAGES = {"calculating": (0.0, 0.1), "drawing": (0.1, 0.5), "writing": (0.5, 1.0), "done": (1.0, 1.0)}
"""Which share of the time is over when a stage begins, and when it ends, as measured."""


@click.command(cls=Command)
@subject
@output("Where to write: .xlsx, or .html for a page; by default the template's name with .xlsx.")
@LANGUAGE
@click.option(
    "--exercise",
    is_flag=False,
    flag_value="default",
    metavar="[WHAT]",
    help="Leave cells for a student to fill: 20 to 30, or what is named, parted by commas: steps (scores), "
    "blocks (self_attention.weights), rows of them (weights:mouse), lessons, sentences (sentence 2).",
)
@click.option(
    "--handout", is_flag=True, help="A sheet to print, too: an A4 page a lesson, with blanks to fill by hand."
)
@click.option("--key", is_flag=True, help="The same pages with the answers, for the teacher.")
@click.option(
    "--products",
    type=click.Choice(["auto", "spelled", "compact", "rows"]),
    default="auto",
    help="How matrix products are written: term by term, with MMULT, a row at a time, or by their width.",
)
@click.option(
    "--variants",
    "students",
    metavar="N|FILE.csv",
    help="An exercise for each of so many students, or of those named in a file, with other numbers each, "
    "into the folder -o.",
)
@click.option("--seed", type=int, help="As --set seed=N: what numbers are drawn from.")
@FORCE
@click.option("--open", "open_it", is_flag=True, help="Open it when it is built.")
def build(
    path: str | None,
    language: str | None,
    exercise: str | None,
    students: str | None,
    seed: int | None,
    open_it: bool,
    **given: Any,
) -> None:
    """Write a workbook in which every number is a live formula, or a page that holds it."""
    from xltransformer import api
    from xltransformer.building.own import begun, spoken
    from xltransformer.classroom.selection import parts

    given["settings"] = read_settings(given["settings"]) | ({} if seed is None else {"seed": seed})
    if path is None:
        template = begun(given["template"], given["weights"], spoken(language, given["weights"]))
        path = template.name if students is not None else f"{template.name}.xlsx"
    target = Path(path)
    if students is not None:
        _build_class(target, students, language=language, exercise=exercise or "default", **given)
    else:
        asked = () if exercise is None else parts(exercise)
        with _reporting() as report:
            built = api.build(target, language=language, exercise=asked, report=report, **given)
        warn(built.warnings)
        click.echo(f"wrote {target}: {', '.join(built.sentences)}{_to_fill(built.to_fill)}")
    if open_it:
        launch(target)


def _build_class(target: Path, students: str, **given: Any) -> None:
    """An exercise for each student."""
    from xltransformer.variants import build_variants

    with bar(1.0) as move:
        built = build_variants(
            target, students, tell=lambda done, total: move(done / total, "for each student"), **given
        )
    warn(built.warnings)
    first, last, differ = built.files[0].name, built.files[-1].name, built.differing
    what = f"{len(built.files)} workbooks" if first != last else "1 workbook"
    named = f"{first} to {last}" if first != last else first
    click.echo(
        f"wrote {what} into {target}: {named}{_to_fill(built.to_fill)} in each, {differ} with other answers"
    )


def _to_fill(cells: int) -> str:
    """How many cells an exercise leaves to the student, to end a line with."""
    return f"; {cells} {'cell' if cells == 1 else 'cells'} to fill" if cells else ""


@contextmanager
def _reporting() -> Iterator[Report]:
    """Before what is long: a line that says how long, and a bar while it lasts, for people who watch."""
    from xltransformer.size.estimate import LONG

    with ExitStack() as stack:

        def report(taken: Estimate) -> Callable[[str], None]:
            if taken.seconds < LONG:
                return lambda stage: None
            click.echo(f"xlt: {taken}", err=True)
            if not sys.stderr.isatty():
                return lambda stage: None
            return stack.enter_context(_paced(stack.enter_context(bar(1.0, elapsed=True)), taken.seconds))

        yield report


@contextmanager
def _paced(move: Move, seconds: float) -> Iterator[Callable[[str], None]]:
    """Move a bar with the clock, at the pace expected, up to where the next stage begins."""
    import threading
    import time

    over, stage, since = threading.Event(), "calculating", time.monotonic()

    def run() -> None:
        while not over.wait(0.2):
            begin, end = STAGES[stage]
            move(min(begin + (time.monotonic() - since) / seconds, end), stage)

    def tell(name: str) -> None:
        nonlocal stage, since
        stage, since = name, time.monotonic()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield tell
    finally:
        over.set()


@click.command(cls=Command)
@click.argument("workbook", metavar="[WORKBOOK.xlsx]", required=False)
@subject
@LANGUAGE
@ONLY
@form("json", "csv")
def trace(
    workbook: str | None, sentences: tuple[str, ...], template: str | None, language: str | None,
    only: tuple[str, ...], form: str, **given: Any,
) -> None:  # fmt: skip
    """Print every intermediate, computed by NumPy: of a workbook as it is now, or of a template."""
    from xltransformer import tracing
    from xltransformer.building.request import Options

    options = cast(Options, given | {"settings": read_settings(given["settings"])})
    instance, _ = tracing.subject(workbook, sentences, template, language, options)
    warn(instance.warnings)
    traced = tracing.trace_json(instance, only)
    if form == "json":
        click.echo(json.dumps(traced, ensure_ascii=False))
    elif form == "csv":
        print_csv(("block", "kind", "row", "row_label", "column", "column_label", "value"), _cells(traced))
    else:
        _print_blocks(traced)


def _cells(traced: dict[str, Any]) -> Iterator[tuple[str | int, ...]]:
    """One line a cell: block, kind, row number and label, column number and label, value."""
    for block in traced["blocks"]:
        for i, (row, values) in enumerate(zip(block["rows"], block["values"], strict=True), start=1):
            for j, (column, value) in enumerate(zip(block["columns"], values, strict=True), start=1):
                said = value if isinstance(value, str) else repr(value)
                yield block["name"], block["kind"], i, row, j, column, said


def _print_blocks(traced: dict[str, Any]) -> None:
    from rich.text import Text

    for block in traced["blocks"]:
        rows = (
            [label, *map(_shown, values)] for label, values in zip(block["rows"], block["values"], strict=True)
        )
        title = Text(f"{block['name']} ({block['kind']})")
        texts = all(isinstance(value, str) for row in block["values"] for value in row)
        right = () if texts else range(1, len(block["columns"]) + 1)
        print_table(["", *block["columns"]], rows, title=title, right=right)


def _shown(value: float | str) -> str:
    """A value as tables show it."""
    from xltransformer.ops.masking import SEEN

    if isinstance(value, str):
        return value
    return "−∞" if value <= SEEN else f"{value:.4f}"
