"""The command line: parses, calls, prints. Heavy modules are imported by the command that needs them."""

from __future__ import annotations

import sys

import click

from xltransformer import __version__
from xltransformer.cli import blocks, build, check, export, grade, lists, new, page, size, train, write
from xltransformer.cli.base import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="xlt")
def main() -> None:
    """A Transformer you can open in a spreadsheet.

    \b
    xlt build --sentence "cat and mouse"     write a workbook of live formulas
    xlt page cat-and-mouse.xlsx              the same as a page, live in any browser
    xlt trace --sentence "cat and mouse"     the same numbers from NumPy
    xlt diff cat-and-mouse.xlsx              prove the two equal
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # any word can be printed anywhere, Windows included
            stream.reconfigure(encoding="utf-8", errors="replace")


for _command in (
    blocks.blocks,
    build.build,
    build.trace,
    check.diff,
    export.export,
    grade.grade,
    lists.engines,
    lists.languages,
    lists.templates,
    new.new,
    page.page,
    size.size,
    train.train,
    write.write,
):
    main.add_command(_command)
