"""How a command runs: whatever a user did wrong is told in one line, in the words of the command line."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from xltransformer.errors import INTERRUPTED, SAID, UserError, one_line

AGREES, DIFFERS, FAILED = 0, 1, 2
"""The exit statuses."""

_COMMAND = re.compile(r"`([a-z]+)\(\)`")
_ARGUMENT = re.compile(r"`(?:([a-z]+)\()?([a-z_]+)(?:=([^`]*?))?\)?`")


def spoken(message: str) -> str:
    """A message about arguments as the command line says it: `learning_rate` is --learning-rate,
    `settings={'heads': 2}` is --set heads=2, `build(exercise=…)` is xlt build --exercise, `blocks()` xlt blocks.

    The command that runs, or the one named, knows which option gives an argument: its parameters are
    called as the arguments are.
    """
    context = click.get_current_context()
    commands = context.find_root().command

    def option(found: re.Match[str]) -> str:
        named, argument, value = found.groups()
        command = getattr(commands, "commands", {}).get(named) if named else context.command
        for parameter in getattr(command, "params", ()):
            if isinstance(parameter, click.Argument) and parameter.name == argument and parameter.metavar:
                return parameter.metavar
            if isinstance(parameter, click.Option) and parameter.name == argument:
                plain = re.sub("['\"{}]", "", value or "").replace(": ", "=").removeprefix("…")
                plain = "" if parameter.is_flag else plain
                return " ".join(filter(None, (named and f"xlt {named}", parameter.opts[0], plain)))
        return found.group()

    def command(found: re.Match[str]) -> str:
        return f"xlt {found[1]}" if found[1] in getattr(commands, "commands", {}) else found.group()

    return _ARGUMENT.sub(option, _COMMAND.sub(command, message))


def fail(message: str) -> NoReturn:
    """One line on stderr and exit status 2."""
    click.echo(one_line(f"xlt: {message}"), err=True)
    sys.exit(FAILED)


def warn(warnings: Iterable[str]) -> None:
    """What is odd, a line each on stderr."""
    for warning in warnings:
        click.echo(f"xlt: {spoken(warning)}", err=True)


def launch(path: Path) -> None:
    """Open what was written in the program that is there for it."""
    if click.launch(str(path)) != 0:
        programs = "a browser" if path.suffix.lower() == ".html" else "Excel, LibreOffice or WPS"
        fail(f"wrote {path}, but found no program to open it with; open it in {programs}")


class Command(click.Command):
    """A user's mistake becomes one clear line, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            fail(spoken(str(error)))
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever reads the output has had enough: click ends quietly
                raise
            fail(f"cannot use {error.filename or 'a file'}: {error.strerror or error}; give another")
        except MemoryError:
            fail("this takes more memory than there is; use fewer words, smaller sizes or a smaller file")
        except RecursionError:
            fail("this is nested too deeply; take some of it away")


class Commands(click.Group):
    """Commands whose wrong usage is told in one line, as every mistake is."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> Any:
        try:
            result = super().main(args, **{**extra, "standalone_mode": False})
        except click.UsageError as error:
            if not (args or sys.argv[1:]) and error.ctx:  # nothing was asked for: say what there is
                click.echo(error.ctx.get_help())
                sys.exit(FAILED)
            command = error.ctx.command_path if error.ctx else "xlt"
            fail(f"{error.format_message().rstrip('.')}; see {command} --help")
        except click.ClickException as error:
            fail(error.format_message())
        sys.exit(result if isinstance(result, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(SAID, err=True)
            sys.exit(INTERRUPTED)
