"""`xlt new`: a lesson of one's own begins."""

from __future__ import annotations

import click

from xltransformer.cli.base import Command
from xltransformer.cli.options import FORCE
from xltransformer.locale import languages


@click.command(cls=Command)
@click.argument("path", metavar="FILE.toml")
@click.option(
    "--sentence", "sentences", metavar="TEXT", multiple=True, help="A sentence; may be given more than once."
)
@click.option("--template", metavar="NAME", help="Whose model it has; by default the lessons on attention.")
@click.option(
    "--lang", "language", metavar="|".join(languages()), help="The language of comments and texts.  [default: en]"
)
@FORCE
def new(path: str, sentences: tuple[str, ...], template: str | None, language: str | None, force: bool) -> None:
    """Begin a template of your own: a comment for each key, words to fill in, an experiment."""
    from xltransformer.building.begin import new as begin

    written = begin(path, sentences, template, language=language or "en", force=force)
    click.echo(f"wrote {written}: edit it, then xlt build --template {written}")
