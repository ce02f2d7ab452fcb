"""`xlt size`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping

import click

from xltransformer.cli.base import Command
from xltransformer.cli.options import FORCE, LANGUAGE, assigned, form, output
from xltransformer.cli.show import print_table
from xltransformer.errors import UserError
from xltransformer.locale import ENGLISH

_FLAGS = {"true": "1", "false": "0"}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@click.command(cls=Command)
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
@form("json")
@output("Write a workbook with these numbers as live formulas.", "FILE.xlsx")
@LANGUAGE
@FORCE
def size(
    settings: tuple[str, ...], words: int, form: str, path: str | None, language: str | None, force: bool
) -> None:
    """Print what a configuration weighs and costs, beside published models, and takes as a workbook."""
    from xltransformer import api
    from xltransformer.size.estimate import estimate_configuration

    language = language or ENGLISH
    own = read_configuration(settings)
    if path is not None:
        api.build_size(path, own, language=language, force=force)
    if form == "json":
        click.echo(json.dumps(api.size_json(own, words)))
        return
    _print_size(own, language)
    click.echo(f"as a workbook of {words} words: {estimate_configuration(own, words)}")
    if path is not None:
        click.echo(f"wrote {path}")


def read_configuration(assignments: Iterable[str]) -> dict[str, int | float]:
    """A whole configuration from texts such as `layers=12`; UserError as `configuration`."""
    from xltransformer.size.configuration import INPUTS, configuration, unknown

    given: dict[str, int | float] = {}
    for name, text in assigned(assignments, "number", "layers=12"):
        if name not in INPUTS:
            raise unknown(name)
        if INPUTS[name].is_flag:
            text = _FLAGS.get(text.lower(), text)
        number = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not math.isfinite(number):
            raise UserError(f"{name} is {text[:40]!r}: give a number")
        given[name] = int(number) if number.is_integer() else number
    return configuration(**given)


def _print_size(own: Mapping[str, int | float], language: str) -> None:
    """The published models and the configuration as rows, then the configuration line by line."""
    from xltransformer.locale import load_messages
    from xltransformer.size.configuration import QUANTITIES, quantities
    from xltransformer.size.published import PUBLISHED

    messages = load_messages(language)
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
    print_table(["", *labels], rows, whole=True)
    values = quantities(own)
    print_table(
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
