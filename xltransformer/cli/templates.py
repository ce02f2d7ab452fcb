"""`xlt templates`."""

from __future__ import annotations

import click

from xltransformer.cli.base import Command


@click.command(cls=Command)
def templates() -> None:
    """List the templates that ship: trained or hand-made, how large, and how good on held-out data."""
    from xltransformer.building.origin import origin
    from xltransformer.building.parse import load_template
    from xltransformer.building.shipped import shipped_templates

    for name in shipped_templates():
        click.echo(f"{name:20} {load_template(name).title.get('en', '')} ({origin(name)})")
