"""`xlt languages`."""

from __future__ import annotations

import sys

import click

from xltransformer import locale
from xltransformer.cli.base import AGREES, DIFFERS, Command


@click.command(cls=Command)
@click.argument("language", required=False)
def languages(language: str | None) -> None:
    """List the languages and how far each is translated; of one, what is missing. Exit status 1 where a text
    is wrong."""
    from xltransformer.building.shipped import template_folder
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
