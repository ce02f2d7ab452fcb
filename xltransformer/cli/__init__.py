"""The command line: parses, calls, prints. Heavy modules are imported by the command that needs them."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from xltransformer import locale
from xltransformer.errors import UserError, interrupted, one_line

if TYPE_CHECKING:
    from rich.console import Console

    from xltransformer.difference import Diff
    from xltransformer.size.estimate import Estimate
    from xltransformer.training import Progress

AGREES, DIFFERS, FAILED = 0, 1, 2


def fail(message: str) -> NoReturn:
    """One line on stderr and exit status 2."""
    click.echo(one_line(f"xlt: {message}"), err=True)
    sys.exit(FAILED)


class _Commands(click.Group):
    """Commands whose wrong usage is told in one line, as every mistake is."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> Any:
        try:
            result = super().main(args, **{**extra, "standalone_mode": False})
        except click.UsageError as error:
            if not (args or sys.argv[1:]) and error.ctx:  # nothing was asked for: say what there is
                click.echo(error.ctx.get_help())
                sys.exit(FAILED)
            command = error.ctx.command_path if error.ctx else "xlt"
            fail(f"{error.format_message().rstrip('.')}; see {command} --help")
        except click.ClickException as error:
            fail(error.format_message())
        sys.exit(result if isinstance(result, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            interrupted()


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """A user's mistake becomes one clear line, never a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except UserError as error:
            fail(str(error))
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever reads the output has had enough: click ends quietly
                raise
            fail(f"cannot use {error.filename or 'a file'}: {error.strerror or error}; give another")
        except MemoryError:
            fail("this takes more memory than there is; use fewer words, smaller sizes or a smaller file")
        except RecursionError:
            fail("this is nested too deeply; take some of it away")

    return run


def subject(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what to compute."""
    for option in (
        click.option(
            "--set",
            "assignments",
            metavar="NAME=VALUE",
            multiple=True,
            help="A size or choice in place of the template's, such as layers=2; may be given more than once.",
        ),
        click.option(
            "--vocabulary",
            metavar="FILE",
            help="The words: a .txt or .json list, or a tokenizer: vocab.txt, vocab.json with merges.txt, "
            "tokenizer.json, pieces with scores, tokenizer.bin.",
        ),
        click.option(
            "--words",
            metavar="N|FILE",
            help="Of a tokenizer's vocabulary, how many words stand in the workbook beside those in use "
            "(20; for a model that writes, all), or a file that lists them.",
        ),
        click.option(
            "--weights",
            metavar="FILE",
            help="Weights: .npz, .safetensors or its index.json, or llama2.c's .bin, under the names of "
            "PyTorch's Transformers, GPT-2, BERT, LLaMA, or our own.",
        ),
        click.option("--slots", type=click.IntRange(0, 1000), help="Empty word slots a sentence gets."),
        click.option(
            "--embeddings",
            metavar="FILE",
            help="A .csv or .xlsx file with the vocabulary: a word, then its numbers.",
        ),
        click.option("--template", metavar="NAME|FILE.toml", help="What to build (see `xlt templates`)."),
        click.option(
            "--sentence",
            "sentences",
            metavar="TEXT",
            multiple=True,
            help="A sentence; may be given more than once.",
        ),
    ):
        command = option(command)
    return command


def _read_subject(given: dict[str, Any]) -> dict[str, Any]:
    """What the options of `subject` say, as `api.build` and `api.trace` take it."""
    from xltransformer.building.settings import read_settings

    settings = read_settings(given["assignments"])
    return {"settings": settings, **{name: value for name, value in given.items() if name != "assignments"}}


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="xltransformer", prog_name="xlt")
def main() -> None:
    """A Transformer you can open in a spreadsheet.

    \b
    xlt build --sentence "cat and mouse"     write a workbook of live formulas
    xlt trace --sentence "cat and mouse"     the same numbers from NumPy
    xlt diff cat-and-mouse.xlsx              prove the two equal
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # any word can be printed anywhere, Windows included
            stream.reconfigure(encoding="utf-8", errors="replace")


def _console() -> Console:
    """Where tables go; into a file or pipe they go in full, however wide."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 1000)


@main.command()
@subject
@click.option("-o", "--output", metavar="FILE", help="Where to write; by default the template's name with .xlsx.")
@click.option("--lang", default="en", metavar="|".join(locale.languages()), help="The language of the workbook.")
@click.option(
    "--exercise",
    is_flag=False,
    flag_value="default",
    metavar="[STEPS]",
    help="Leave steps for a student to fill: names parted by commas, such as scores,weights.",
)
@click.option(
    "--products",
    type=click.Choice(["auto", "spelled", "compact", "rows"]),
    default="auto",
    help="How matrix products are written: term by term, with MMULT, a row at a time, or by their width.",
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@click.option("--open", "open_it", is_flag=True, help="Open the workbook when it is built.")
@guarded
def build(
    output: str | None,
    lang: str,
    exercise: str | None,
    products: str,
    force: bool,
    open_it: bool,
    **given: Any,
) -> None:
    """Write a workbook in which every number is a live formula."""
    from xltransformer import api
    from xltransformer.building.instance import default_template
    from xltransformer.building.template import load_template
    from xltransformer.exercise import DEFAULT_STEPS

    steps: Sequence[str] = ()
    if exercise is not None:
        steps = DEFAULT_STEPS if exercise == "default" else [step.strip() for step in exercise.split(",")]
    given = _read_subject(given)
    template = default_template(given["weights"]) if given["template"] is None else given["template"]
    loaded = given["template"] = load_template(template, lang)
    path = Path(f"{loaded.name}.xlsx" if output is None else output)
    built = api.build(path, **given, language=lang, exercise=steps, products=products, force=force, report=_report)
    for warning in built.warnings:
        click.echo(f"xlt: {warning}", err=True)
    click.echo(f"wrote {path}: {', '.join(built.sentences)}")
    if open_it and click.launch(str(path)) != 0:
        fail(f"wrote {path}, but found no program to open it with; open it in Excel, LibreOffice or WPS")


def _report(taken: Estimate) -> Callable[[str], None]:
    """Before what is long: a line that says how long, and a bar while it lasts, for people who watch."""
    from xltransformer.size.estimate import LONG

    if taken.seconds < LONG:
        return lambda stage: None
    click.echo(f"xlt: {taken}", err=True)
    if not sys.stderr.isatty():
        return lambda stage: None
    return _bar(taken.seconds)


STAGES = {"calculating": 0.0, "drawing": 0.1, "writing": 0.5, "done": 1.0}
"""Which share of the time is over when a stage begins, as measured."""


def _bar(seconds: float) -> Callable[[str], None]:
    """A bar that moves with the clock, at the pace expected, up to where the next stage begins."""
    import threading
    import time

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task, over, names = bar.add_task("", total=1.0), threading.Event(), list(STAGES)
    stage = names[0]

    def move() -> None:
        done, before = 0.0, time.monotonic()
        while not over.wait(0.2):
            now = time.monotonic()
            after = STAGES[names[min(names.index(stage) + 1, len(names) - 1)]]
            done = max(STAGES[stage], min(done + (now - before) / seconds, after))
            before = now
            bar.update(task, completed=done, description=stage)

    def tell(name: str) -> None:
        nonlocal stage
        stage = name
        if name == "done":
            over.set()
            bar.stop()

    click.get_current_context().call_on_close(lambda: tell("done"))  # also where something goes wrong
    bar.start()
    threading.Thread(target=move, daemon=True).start()
    return tell


@main.command()
@subject
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print."
)
@guarded
def trace(form: str, **given: Any) -> None:
    """Print every intermediate, computed by NumPy."""
    from xltransformer import api

    instance = api.trace_instance(**_read_subject(given))
    for warning in instance.warnings:
        click.echo(f"xlt: {warning}", err=True)
    if form == "json":
        click.echo(json.dumps(api.trace_json(instance), ensure_ascii=False))
    elif form == "csv":
        _print_csv(api.trace_json(instance))
    else:
        _print_tables(api.trace_json(instance))


def _print_csv(traced: dict[str, Any]) -> None:
    """One line a cell: block, kind, row number and label, column number and label, value."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["block", "kind", "row", "row_label", "column", "column_label", "value"])
    for block in traced["blocks"]:
        for i, (row_label, values) in enumerate(zip(block["rows"], block["values"], strict=True), start=1):
            for j, (column_label, value) in enumerate(zip(block["columns"], values, strict=True), start=1):
                writer.writerow([block["name"], block["kind"], i, row_label, j, column_label, repr(value)])


def _print_tables(traced: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = _console()
    for block in traced["blocks"]:
        table = Table(title=Text(f"{block['name']} ({block['kind']})"), title_justify="left")
        table.add_column("")
        for label in block["columns"]:
            table.add_column(Text(label), justify="right")
        for label, values in zip(block["rows"], block["values"], strict=True):
            table.add_row(Text(label), *("−∞" if value <= -1e29 else f"{value:.4f}" for value in values))
        console.print(table)


@main.command()
@click.argument("file")
@click.option(
    "--engine", default="ironcalc", metavar="ironcalc|libreoffice|all", help="What recalculates the workbook."
)
@click.option("--tolerance", type=float, default=1e-9, show_default=True, help="Largest error allowed.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print.")
@guarded
def diff(file: str, engine: str, tolerance: float, form: str) -> None:
    """Compare a workbook, as it is now, with NumPy: exit status 0 if they agree, 1 if not."""
    from xltransformer.difference import diff_book
    from xltransformer.engines import ENGINES
    from xltransformer.engines import engine as find_engine
    from xltransformer.workbook.reader import read_book

    if not 0 <= tolerance < float("inf"):
        raise UserError(f"--tolerance is {tolerance}; give a number of at least 0")
    engines = [find_engine(name) for name in (ENGINES if engine == "all" else [engine])]
    book = read_book(Path(file))
    results = [diff_book(book, used, tolerance) for used in engines]
    if form == "json":
        objects = [result.to_json() for result in results]
        click.echo(json.dumps(objects if engine == "all" else objects[0], ensure_ascii=False))
    else:
        for result in results:
            _print_diff(result)
    sys.exit(AGREES if all(result.ok for result in results) else DIFFERS)


_MOST_PROBLEMS = 20


def _print_diff(result: Diff) -> None:
    from rich.table import Table
    from rich.text import Text

    console = _console()
    table = Table(title=f"NumPy and {result.engine} {result.version}", title_justify="left")
    for column, justify in (
        ("block", "left"),
        ("cells", "right"),
        ("max abs error", "right"),
        ("verdict", "left"),
    ):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for block in result.blocks:
        error = "–" if block.max_abs_error is None else f"{block.max_abs_error:.1e}"
        verdict = Text("ok", style="green") if block.ok else Text("DIFFERS", style="bold red")
        table.add_row(Text(block.name), str(block.cells), error, verdict)
    console.print(table)
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


@main.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(["table", "csv"]), default="table", help="How to print.")
@click.option("--jobs", type=click.IntRange(1, 256), help="How many processes work; by default one a processor.")
@click.option("--scheduler", metavar="tcp://…", help="Have a Dask cluster do the work.")
@guarded
def grade(files: tuple[str, ...], form: str, jobs: int | None, scheduler: str | None) -> None:
    """Grade returned exercises, files or folders: exit status 1 if a file could not be graded."""
    from xltransformer.classroom import grade_all, processors, returned

    paths = returned(files)
    jobs = min(jobs or processors(), len(paths))
    with _progress(len(paths)) as done:
        grades = grade_all(paths, jobs, scheduler, done)
    steps = list(dict.fromkeys(step for one in grades for step in one.steps))
    header = ["file", *steps, "right", "of", "percent", "remarks"]
    rows = []
    for one in grades:
        scores = [f"{one.steps[s].right}/{one.steps[s].cells}" if s in one.steps else "" for s in steps]
        total = one.total
        summed = (
            [str(total.right), str(total.cells), f"{100 * total.right / total.cells:.0f}"]
            if one.graded
            else [""] * 3
        )
        rows.append([str(one.path), *scores, *summed, "; ".join(map(one_line, one.remarks))])
    if form == "csv":
        import csv

        csv.writer(sys.stdout, lineterminator="\n").writerows([header, *rows])
    else:
        _print_rows(header, rows)
    sys.exit(0 if all(one.graded for one in grades) else 1)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr for as long as the work takes; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("grading", total=total)
        yield lambda count: bar.update(task, completed=count)


def _print_rows(header: Sequence[str], rows: Sequence[Sequence[str]], *, whole: bool = False) -> None:
    """Rows as a table as wide as the terminal, or as wide as the `whole` of every row takes."""
    from rich.measure import measure_renderables
    from rich.table import Table
    from rich.text import Text

    table = Table(*(label.replace(" ", "\n") if whole else label for label in header))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = _console()
    if whole:
        free = console.options.update(max_width=10**4)
        console.width = max(console.width, measure_renderables(console, free, [table]).maximum)
    console.print(table)


@main.command()
@click.option(
    "--set",
    "settings",
    metavar="NAME=NUMBER",
    multiple=True,
    help="A number of the configuration, such as layers=12; may be given more than once. "
    "What is not given is as in GPT-2 small.",
)
@click.option(
    "--words",
    type=click.IntRange(1, 650),
    default=8,
    show_default=True,
    help="Words in the sentence of the workbook that is estimated.",
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print.")
@click.option("-o", "--output", metavar="FILE.xlsx", help="Write a workbook with these numbers as live formulas.")
@click.option("--lang", default="en", metavar="|".join(locale.languages()), help="The language of the workbook.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@guarded
def size(settings: tuple[str, ...], words: int, form: str, output: str | None, lang: str, force: bool) -> None:
    """Print what a configuration weighs and costs, beside published models, and takes as a workbook."""
    from xltransformer import api
    from xltransformer.size.configuration import parse

    own = parse(settings)
    if output is not None:
        api.build_size(output, own, language=lang, force=force)
    if form == "json":
        click.echo(json.dumps(api.size_json(own, words)))
        return
    _print_size(own, lang)
    from xltransformer.size.estimate import estimate_configuration

    click.echo(f"as a workbook of {words} words: {estimate_configuration(own, words)}")
    if output is not None:
        click.echo(f"wrote {output}")


def _print_size(own: Mapping[str, int | float], lang: str) -> None:
    """The published models and the configuration as rows, then the configuration line by line."""
    from xltransformer.locale import load_messages
    from xltransformer.size.configuration import QUANTITIES, quantities
    from xltransformer.size.published import PUBLISHED

    messages = load_messages(lang)
    names = ("parameters", "flops", "weight_memory", "cache_memory", "training", "inference")
    labels = [messages(f"size.column.{name}") for name in ("parameters", "stated", *names[1:])]
    rows = []
    for title, given, stated in (
        *((known.name, known.configuration, f"{known.stated / 10**6:,.0f} M") for known in PUBLISHED),
        (messages("size.own"), own, ""),
    ):
        numbers = quantities(given)
        shown = [_size(name, numbers[name]) for name in names]
        rows.append([title, shown[0], stated, *shown[1:]])
    _print_rows(["", *labels], rows, whole=True)
    values = quantities(own)
    _print_rows(
        ["", messages("size.own"), ""],
        [
            *([name, f"{value:,}", ""] for name, value in own.items()),
            *([q.name, _size(q.name, values[q.name]), q.notation] for q in QUANTITIES),
        ],
    )


def _size(name: str, value: int | float) -> str:
    """Parameters to the last one, memory in megabytes, operations as a power of ten."""
    if name.endswith("memory"):
        return f"{value:,.1f}"
    if name.endswith(("flops", "training", "inference")):
        return f"{value:.2e}" if value else "–"
    return f"{value:,}"


@main.command()
@click.argument("workbook", required=False)
@subject
@click.option(
    "--data", metavar="FILE", help="What to learn from: a sentence a line, or two columns parted by a tab."
)
@click.option("--valid", metavar="FILE", help="Held-out data, of which loss and accuracy are told.")
@click.option("--steps", type=click.IntRange(min=1), default=1000, show_default=True, help="How many steps.")
@click.option(
    "--optimizer",
    type=click.Choice(["adamw", "sgd"]),
    default="adamw",
    show_default=True,
    help="What takes the steps.",
)
@click.option("--learning-rate", type=float, help="The highest learning rate.  [default: 0.005, sgd 0.1]")
@click.option("--batch", type=click.IntRange(min=1), default=64, show_default=True, help="Sentences in a batch.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws weights and batches."
)
@click.option("--fresh", is_flag=True, help="Forget what the template has learned already.")
@click.option(
    "--resume", metavar="FILE.npz", help="Keep the run in this file, and go on from it where it is there."
)
@click.option(
    "-o", "--output", metavar="FILE", help="Where to write: weights (.npz), or the trained workbook (.xlsx)."
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@guarded
def train(
    workbook: str | None,
    data: str | None,
    valid: str | None,
    steps: int,
    optimizer: str,
    learning_rate: float | None,
    batch: int,
    seed: int,
    fresh: bool,
    resume: str | None,
    output: str | None,
    form: str,
    force: bool,
    **given: Any,
) -> None:
    """Train a template's weights, or those that stand in a WORKBOOK, edits included."""
    from dataclasses import asdict

    from xltransformer import api
    from xltransformer.training import RATES, Settings

    rate = RATES[optimizer] if learning_rate is None else learning_rate
    if not 0 < rate < float("inf"):
        raise UserError(f"--learning-rate is {rate}; give a number above 0")
    given = _read_subject(given)
    settings = Settings(steps, batch, optimizer, rate, seed)
    with _telling(steps, quiet=form == "json") as tell:
        done = api.train(
            output, workbook, data=data, valid=valid, run=settings, fresh=fresh, resume=resume, force=force,
            tell=tell, **given,
        )  # fmt: skip
    for warning in done.warnings:
        click.echo(f"xlt: {warning}", err=True)
    if form == "json":
        history = [one.to_json() for one in done.trained.history]
        told = {"interrupted": done.trained.interrupted, "step": done.trained.step, "history": history}
        click.echo(json.dumps({"output": str(done.path), **asdict(settings), **told}, ensure_ascii=False))
        return
    if done.trained.interrupted:
        click.echo(f"interrupted: the best weights so far, those after step {done.trained.step}, are kept")
    elif done.trained.history:
        click.echo(_told(done.trained.history[-1]))
    click.echo(f"wrote {done.path}")


def _told(told: Progress) -> str:
    """A look at a run in one line."""
    line = f"step {told.step}  loss {told.loss:.4f}"
    if told.held_out_loss is not None:
        line += f"  held out {told.held_out_loss:.4f}"
    return line if told.accuracy is None else f"{line}  right {told.accuracy:.1%}"


@contextmanager
def _telling(steps: int, *, quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A bar with loss, held-out loss, accuracy and the time left on a terminal; None elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("training", total=steps)
        yield lambda told: bar.update(task, completed=told.step, description=_told(told))


@main.command()
@guarded
def templates() -> None:
    """List the templates that ship: trained or hand-made, how large, and how good on held-out data."""
    from xltransformer.building.shipped import origin
    from xltransformer.building.template import load_template, shipped_templates

    for name in shipped_templates():
        click.echo(f"{name:20} {load_template(name).title.get('en', '')} ({origin(name)})")


@main.command()
@guarded
def engines() -> None:
    """List the engines that can recalculate a workbook here."""
    from xltransformer.engines import ENGINES

    for name, found in ENGINES.items():
        version = found.version()
        click.echo(f"{name:12} {version or 'missing: ' + found.how_to_get}")


@main.command()
@click.argument("language", required=False)
@guarded
def languages(language: str | None) -> None:
    """List the languages and how far each is translated; of one, what is missing. Exit status 1 where a text
    is wrong."""
    from xltransformer.building.template import template_folder
    from xltransformer.locale.report import report

    if language is not None:
        locale.check_language(language)
    locale.switch_words()  # or an error, where a word means on in one and off in another
    listed = [language] if language else locale.languages()
    reports = [report(code, template_folder()) for code in listed]
    for told in reports:
        click.echo(str(told))
        for line in (*(told.lacks if language else ()), *told.faults):
            click.echo(f"  {line}")
    sys.exit(DIFFERS if any(told.faults for told in reports) else AGREES)
