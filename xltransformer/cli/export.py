"""`xlt export`: the way to transformers."""

from __future__ import annotations

from typing import Any

import click

from xltransformer.cli.base import Command, warn
from xltransformer.cli.options import FORCE, output, read_settings, subject
from xltransformer.errors import UserError


@click.command(cls=Command)
@click.argument("workbook", required=False)
@subject
@output("Where to write.", "FOLDER")
@FORCE
def export(workbook: str | None, path: str | None, **given: Any) -> None:
    """Write a model, or that of a WORKBOOK as it is now, as a folder that transformers loads."""
    from xltransformer.exporting.export import export

    if path is None:
        raise UserError("say with -o into which folder to write")
    given["settings"] = read_settings(given["settings"])
    done = export(path, workbook, **given)
    warn(done.warnings)
    click.echo(str(done))
