"""`xlt train`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from xltransformer.cli.base import Command, warn
from xltransformer.cli.options import FORCE, LANGUAGE, form, output, read_settings, subject
from xltransformer.cli.show import Move, bar
from xltransformer.errors import UserError

if TYPE_CHECKING:
    from xltransformer.training import Progress

SHOWN = 5
"""How often in a run a line with what the model writes is printed."""

MOST_SHOWN = 100
"""How many characters of a text are printed."""


@click.command(cls=Command)
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
@click.option("--letters", is_flag=True, help="Read letter by letter instead of word by word.")
@click.option("--lower", is_flag=True, help="Read everything in small letters.")
@click.option(
    "--most-words",
    type=click.IntRange(min=1),
    metavar="N",
    help="Of the data's words the N most frequent; the rest become one, [UNK].",
)
@click.option(
    "--long",
    type=click.Choice(["refuse", "cut"]),
    default="refuse",
    show_default=True,
    help="What is done with lines that take more places than there are (see --slots).",
)
@LANGUAGE
@click.option(
    "--resume", metavar="FILE.npz", help="Keep the run in this file, and go on from it where it is there."
)
@output("Where to write: weights (.npz), or the trained workbook (.xlsx).")
@form("json")
@FORCE
def train(workbook: str | None, path: str | None, form: str, **given: Any) -> None:
    """Train a template's weights, or those that stand in a WORKBOOK, edits included."""
    from dataclasses import asdict

    from xltransformer import api

    given["settings"] = read_settings(given["settings"])
    if path is None and (workbook or given["data"]):
        raise UserError(f"say with -o where to write the {'trained workbook' if workbook else 'weights'}")
    with bar(given["steps"], shown=form != "json", kept=True) as move:
        done = api.train(
            path or "",
            workbook,
            **given,
            tell=lambda told: _tell(told, move, given["steps"], shown=form != "json"),
            note=lambda line: warn([line]),
        )
    trained = done.trained
    if form == "json":
        history = [one.to_json() for one in trained.history]
        told = {"interrupted": trained.interrupted, "step": trained.step, "history": history}
        told |= {"samples": list(trained.samples)} if trained.samples else {}
        click.echo(json.dumps({"output": str(done.path), **asdict(done.settings), **told}, ensure_ascii=False))
        return
    if trained.interrupted:
        click.echo(f"interrupted: the best weights so far, those after step {trained.step}, are kept")
    elif trained.history:
        click.echo(_told(trained.history[-1]))
    for sample in trained.samples:
        click.echo(f"  writes: {_short(sample)}")
    click.echo(f"wrote {done.path}")


def _tell(told: Progress, move: Move, steps: int, *, shown: bool) -> None:
    """Move the bar, and print what the model writes: at first, then SHOWN times in a run."""
    from xltransformer.training import LOOKS

    line, every = _told(told), max(1, steps // LOOKS)
    move(told.step, line)
    due = told.step <= every or told.step % (every * LOOKS // SHOWN) == 0
    if shown and told.sample is not None and told.step < steps and due:
        click.echo(f"{line}  writes: {_short(told.sample)}")


def _short(text: str) -> str:
    """A text in one line."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _told(told: Progress) -> str:
    """A look at a run in one line."""
    line = f"step {told.step}  loss {told.loss:.4f}"
    if told.held_out_loss is not None:
        line += f"  held out {told.held_out_loss:.4f}"
    return line if told.accuracy is None else f"{line}  right {told.accuracy:.1%}"
