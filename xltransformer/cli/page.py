"""`xlt page`: a workbook for every browser."""

from __future__ import annotations

import click

from xltransformer.cli.base import Command, launch
from xltransformer.cli.options import FORCE, output


@click.command(cls=Command)
@click.argument("workbook", metavar="WORKBOOK.xlsx")
@output("Where to write; by default beside the workbook, under its name with .html.", "FILE.html")
@FORCE
@click.option("--open", "open_it", is_flag=True, help="Open the page when it is written.")
def page(workbook: str, path: str | None, force: bool, open_it: bool) -> None:
    """Write a page that holds a workbook as it is now, live in any browser."""
    from xltransformer import api

    written = api.page(workbook, path, force=force)
    click.echo(f"wrote {written}: open it in a browser")
    if open_it:
        launch(written)
