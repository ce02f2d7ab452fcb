"""`xlt templates`, `xlt languages` and `xlt engines`: what there is."""

from __future__ import annotations

import sys

import click

from xltransformer import locale
from xltransformer.cli.base import AGREES, DIFFERS, Command


@click.command(cls=Command)
def templates() -> None:
    """List the templates that ship: trained or hand-made, how large, how good on held-out data, and how many cells
    an exercise of each leaves to fill."""
    from xltransformer.building.instance import make_instance
    from xltransformer.building.origin import origin
    from xltransformer.building.parse import load_template
    from xltransformer.building.template import shipped_templates
    from xltransformer.classroom.exercise import count
    from xltransformer.classroom.selection import select

    for name in shipped_templates():
        template = load_template(name)
        cells = count(select(make_instance(template, slots=0)))
        click.echo(f"{name:20} {template.title.get('en', '')} ({origin(name)}; exercise of {cells} cells)")


@click.command(cls=Command)
@click.argument("language", required=False)
def languages(language: str | None) -> None:
    """List the languages and how far each is translated; of one, what is missing. Exit status 1 where a text
    is wrong."""
    from xltransformer.building.template import template_folder
    from xltransformer.locale.report import report

    if language is not None:
        locale.check_language(language)
    locale.switch_words()  # or an error, where a word means on in one and off in another
    locale.choice_words()
    listed = [language] if language else locale.languages()
    reports = [report(code, template_folder()) for code in listed]
    for told in reports:
        click.echo(str(told))
        for line in (*(told.lacks if language else ()), *told.faults):
            click.echo(f"  {line}")
    sys.exit(DIFFERS if any(told.faults for told in reports) else AGREES)


@click.command(cls=Command)
def engines() -> None:
    """List the engines that can recalculate a workbook here."""
    from xltransformer.engines import ENGINES

    for name, found in ENGINES.items():
        version = found.version()
        click.echo(f"{name:12} {version or 'missing: ' + found.how_to_get}")
