"""What an engine is: a program that recalculates a copy of a workbook, and writes what is then read."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from xltransformer.bounds import AGAIN, Package
from xltransformer.engines.grid import Grid
from xltransformer.engines.process import BrokeDown, Limits, run
from xltransformer.engines.sheets import Sheets
from xltransformer.errors import UserError

Results = Mapping[str, Grid]
"""Sheets' recalculated cells by name, in lower case (a spreadsheet disregards case in them)."""


def fold(sheet: str) -> str:
    """The key of a sheet in `Results`."""
    return sheet.lower()


class Engine(ABC):
    """A spreadsheet program that recalculates a workbook.

    `title` is its name in sentences, `how_to_get` one line for a user who lacks it. Where it is `at_home` it
    sees the user's home folder, and else an empty one, so that no settings of the user's count. Where it is
    `wide` it calculates in a wider range than double precision: what is 0 elsewhere, and in its files, need
    not be 0 to it when it compares.
    """

    name: str
    title: str
    how_to_get: str
    at_home = False
    wide = False

    @abstractmethod
    def program(self) -> str | None:
        """Where the program is on this machine, None where it is not."""

    @abstractmethod
    def command(self, program: str, source: Path, target: Path) -> Sequence[str]:
        """What recalculates `source`, whatever results its file holds, and writes `target`, a file of the same
        name in another folder. Both folders are there, and nobody else's."""

    def version(self) -> str | None:
        """The version on this machine, None where there is none."""
        program = self.program()
        return _told_version(self, program) if program else None

    def ask_version(self, program: str) -> tuple[int, str]:
        """Have the program say its version: the exit status, and what it printed."""
        return run([program, "--version"], Limits(60, 8000), self.title)

    def recalculate(self, path: Path, limits: Limits | None = None) -> Results:
        """Every cell of the workbook, recalculated from scratch: cached results count for nothing.

        It runs in a process of its own. Raises BrokeDown where the engine cannot open the file or breaks down
        over it, UserError where it goes beyond the limits (by default `Limits.of` the file).
        """
        program = self.program()
        if program is None:
            raise UserError(f"the engine {self.name} is not on this machine: {self.how_to_get}")
        with tempfile.TemporaryDirectory(prefix="xlt-", ignore_cleanup_errors=True) as home:
            # A plain name, so that whatever the user's file is called cannot matter.
            source, target = Path(home) / "workbook.xlsx", Path(home) / "out" / "workbook.xlsx"
            shutil.copyfile(path, source)
            target.parent.mkdir()
            apart = {} if self.at_home or sys.platform == "win32" else {"HOME": home}
            command = self.command(program, source, target)
            code, printed = run(
                command, limits or Limits.of(path), f"{self.title} on {path}", {**os.environ, **apart}
            )
            last = (printed.strip().splitlines() or [f"status {code}"])[-1]
            return self.read(path, target, code, last)

    def read(self, path: Path, target: Path, code: int, last: str) -> Results:
        """What the engine has written to `target` of the user's file at `path`, given its exit status and the
        last line that it printed."""
        if not target.is_file():
            raise BrokeDown(f"{self.title} cannot open {path} ({last:.150}); {AGAIN}")
        try:
            return read_values(target)
        except (ExpatError, ParseError, LookupError, ValueError) as error:
            raise BrokeDown(
                f"{self.title} writes {path}, but it cannot be read ({error!s:.150}); try another engine"
            ) from None


@cache
def _told_version(engine: Engine, program: str) -> str | None:
    """The version that a program prints, None where it cannot be run."""
    try:
        _, printed = engine.ask_version(program)
    except (OSError, UserError):
        return None
    found = re.search(r"\d+(\.\d+)+", printed)
    return found.group() if found else None


def read_values(path: Path) -> Results:
    """The cached values of a workbook."""
    with Package(path) as package:
        return {fold(name): sheet.values for name, sheet in Sheets(package).read("shown").items()}
