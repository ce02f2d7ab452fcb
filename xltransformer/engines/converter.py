"""Engines that write a recalculated copy of a workbook, which is then read."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from xltransformer.bounds import Package
from xltransformer.engines.base import Results, fold
from xltransformer.engines.process import Limits, run
from xltransformer.engines.sheets import Sheets
from xltransformer.errors import UserError


class Converter(ABC):
    """An engine by a program that turns one file into another.

    `title` is its name in sentences. Where it is `at_home` it sees the user's home folder, and else an empty
    one, so that no settings of the user's count.
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
    def version(self) -> str | None:
        """The version on this machine, None where there is none."""

    @abstractmethod
    def command(self, program: str, source: Path, target: Path) -> Sequence[str]:
        """What recalculates `source`, whatever results its file holds, and writes `target`, a file of the same
        name in another folder. Both folders are there, and nobody else's."""

    def recalculate(self, path: Path, limits: Limits | None = None) -> Results:
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
            if not target.is_file():
                last = (printed.strip().splitlines() or [f"status {code}"])[-1]
                raise UserError(f"{self.title} cannot open {path} ({last:.150}); build the workbook again")
            try:
                return read_values(target)
            except (ExpatError, ParseError, LookupError, ValueError) as error:
                raise UserError(
                    f"{self.title} writes {path}, but it cannot be read ({error!s:.150}); build it again"
                ) from None


def told_version(command: Sequence[str], title: str) -> str | None:
    """The version that a program prints, None where it cannot be run."""
    try:
        _, printed = run(command, Limits(60, 8000), title)
    except (OSError, UserError):
        return None
    found = re.search(r"\d+(\.\d+)+", printed)
    return found.group() if found else None


def read_values(path: Path) -> Results:
    """The cached values of a workbook."""
    with Package(path) as package:
        return {fold(name): sheet.values for name, sheet in Sheets(package).read("shown").items()}
