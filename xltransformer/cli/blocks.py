"""`xlt blocks`: what the blocks of a model are called."""

from __future__ import annotations

import json
from typing import Any

import click

from xltransformer.cli.base import Command, warn
from xltransformer.cli.options import LANGUAGE, ONLY, form, read_settings, subject
from xltransformer.cli.show import print_table


@click.command(cls=Command)
@subject
@LANGUAGE
@ONLY
@form("json")
def blocks(form: str, only: tuple[str, ...], language: str | None, **given: Any) -> None:
    """List the blocks of a model: what each is called, its shape, its symbol, and what it is."""
    from xltransformer.building.instance import make_instance
    from xltransformer.building.own import spoken
    from xltransformer.listing import lines
    from xltransformer.locale import load_messages
    from xltransformer.text import matching

    given["settings"] = read_settings(given["settings"])
    language = spoken(language, given["weights"])
    instance = make_instance(**given, language=language, spare=False)
    warn(instance.warnings)
    told = {line.name: line for line in lines(instance, load_messages(language))}
    listed = [told[name] for name in (matching(told, only) if only else told)]
    if form == "json":
        about = {"template": instance.template.name, "sentences": list(instance.sentences)}
        click.echo(json.dumps({**about, "blocks": [one.to_json() for one in listed]}, ensure_ascii=False))
        return
    rows = ((one.name, one.kind, " × ".join(map(str, one.shape)), one.symbol, one.told) for one in listed)
    print_table(("block", "kind", "shape", "symbol", "what it is, where it stands"), rows)
