"""The options that several commands share. Every one is called as the argument of the API that it gives."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click

from xltransformer import locale
from xltransformer.errors import UserError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

LANGUAGE = click.option(
    "--lang",
    "language",
    metavar="|".join(locale.languages()),
    help="The language of the workbook.  [default: that of trained weights, or en]",
)
FORCE = click.option("--force", is_flag=True, help="Replace a file that exists.")

ONLY = click.option(
    "--only",
    metavar="BLOCK",
    multiple=True,
    help="Blocks of this name or pattern, such as *.weights; all by default.",
)


def output(help: str, metavar: str = "FILE") -> Decorator:
    """Where to write."""
    return click.option("-o", "--output", "path", metavar=metavar, help=help)


def form(*choices: str) -> Decorator:
    """How to print; a table where nothing is said."""
    return click.option(
        "--format", "form", type=click.Choice(["table", *choices]), default="table", help="How to print."
    )


_SUBJECT = (
    click.option(
        "--sentence", "sentences", metavar="TEXT", multiple=True, help="A sentence; may be given more than once."
    ),
    click.option("--template", metavar="NAME|FILE.toml", help="What to build (see `xlt templates`)."),
    click.option(
        "--embeddings", metavar="FILE", help="A .csv or .xlsx file with the vocabulary: a word, then its numbers."
    ),
    click.option(
        "--slots",
        type=click.IntRange(0, 1000),
        help="Empty word slots a sentence gets; in training, all places of a line.",
    ),
    click.option(
        "--weights",
        metavar="FILE",
        help="Weights: .npz, .safetensors or its index.json, or llama2.c's .bin, under the names of "
        "PyTorch's Transformers and attention, GPT-2, BERT, LLaMA, or our own.",
    ),
    click.option(
        "--words",
        metavar="N|FILE",
        help="Of a tokenizer's vocabulary, how many words stand in the workbook beside those in use "
        "(200; for a model that writes, all), or a file that lists them.",
    ),
    click.option(
        "--vocabulary",
        metavar="FILE",
        help="The words: a .txt or .json list, or a tokenizer: vocab.txt, vocab.json with merges.txt, "
        "tokenizer.json, SentencePiece's .model or .vocab, tokenizer.bin.",
    ),
    click.option(
        "--set",
        "settings",
        metavar="NAME=VALUE",
        multiple=True,
        help="A size or choice in place of the template's, such as layers=2; may be given more than once.",
    ),
)


def subject(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what to compute."""
    for option in reversed(_SUBJECT):
        command = option(command)
    return command


_BARE_WORD = re.compile(r"[^\W\d][\w.-]*")


def assigned(texts: Iterable[str], kind: str, such_as: str) -> Iterator[tuple[str, str]]:
    """Name and value of each text such as `heads=4`; UserError for a text without either."""
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise UserError(f"--set {text!r:.60}: give a name and a {kind}, such as {such_as}")
        yield name, value


def read_settings(assignments: Iterable[str]) -> dict[str, Any]:
    """The settings that texts such as `heads=4` and `activation=gelu_erf` stand for; the last of one name
    holds. Values are TOML's, and words may go without quotes. UserError for a text without name or value."""
    return {name: _value(name, text) for name, text in assigned(assignments, "value", "heads=4")}


def _value(name: str, text: str) -> Any:
    if text in ("True", "False"):  # as Python writes them
        text = text.lower()
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        read = {"value": text} if _BARE_WORD.fullmatch(text) else {}
    if read.keys() != {"value"}:
        raise UserError(f"--set {name}={text!r:.60}: give a number, true, false or a word")
    return read["value"]
