"""What an engine is, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Protocol

from xltransformer.engines.grid import Grid
from xltransformer.engines.process import Limits

Results = Mapping[str, Grid]
"""Sheets' recalculated cells by name, in lower case (a spreadsheet disregards case in them)."""


def fold(sheet: str) -> str:
    """The key of a sheet in `Results`."""
    return sheet.lower()


class Engine(Protocol):
    """A spreadsheet program that recalculates a workbook."""

    @property
    def name(self) -> str: ...
    @property
    def how_to_get(self) -> str:
        """One line for a user who lacks it."""
        ...

    @property
    def wide(self) -> bool:
        """Whether it calculates in a wider range than double precision: what is 0 elsewhere, and in its files,
        need not be 0 to it when it compares."""
        ...

    def version(self) -> str | None:
        """The version on this machine, None where there is none."""
        ...

    def recalculate(self, path: Path, limits: Limits | None = None) -> Results:
        """Every cell of the workbook, recalculated from scratch: cached results count for nothing.

        It runs in a process of its own. Raises UserError where the engine cannot open the file, breaks
        down over it, or goes beyond the limits (by default `Limits.of` the file).
        """
        ...


def wheel_version(name: str) -> str | None:
    """The version of an engine that is a Python package, None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
