"""`xlt write`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, cast

import click

from xltransformer.cli.base import Command, warn
from xltransformer.cli.options import LANGUAGE, read_settings, subject


@click.command(cls=Command)
@click.argument("workbook", required=False, metavar="[WORKBOOK.xlsx]")
@subject
@click.option(
    "--temperature", type=float, metavar="X", help="Divide the logits by X: below 1 bolder, above 1 wilder."
)
@click.option("--top-k", type=int, metavar="N", help="Choose among the N likeliest words only (0: all).")
@click.option(
    "--top-p", type=float, metavar="X", help="Of these, the fewest whose probabilities reach X together."
)
@click.option("--count", type=int, metavar="N", help="How many texts to write.  [default: 1]")
@click.option("--seed", type=int, metavar="N", help="Of the draws; every text after the first takes the next one.")
@LANGUAGE
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
def write(
    workbook: str | None, sentences: tuple[str, ...], template: str | None, language: str | None, form: str,
    temperature: float | None, top_k: int | None, top_p: float | None, count: int | None, seed: int | None,
    **given: Any,
) -> None:  # fmt: skip
    """Print what a model writes, a text a line: of a template, of weights, or of a workbook as it is now.

    The likeliest word each time, or by chance where --temperature, --top-k, --top-p, --count or --seed is given.
    """
    from xltransformer import writing
    from xltransformer.building.request import Options

    chance = writing.chance_of(temperature, top_k, top_p, count, seed)
    options = cast(Options, given | {"settings": read_settings(given["settings"])})
    subject = writing.subject(workbook, sentences, template, language, options)
    warn(subject.instance.warnings)
    texts = subject.texts(chance, count or 1)
    if form == "json":
        told = {"template": subject.instance.template.name, "texts": [asdict(text) for text in texts]}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for text in texts:
        click.echo(str(text).replace("\n", "\\n"))
