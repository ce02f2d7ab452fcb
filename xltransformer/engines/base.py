"""What an engine is, and what it returns."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from xltransformer.engines.process import Limits

CellValue = float | str | bool | None
Grid = Mapping[tuple[int, int], CellValue]
"""A sheet's recalculated cells by row and column, both from 1; errors are texts such as #DIV/0!."""
Results = Mapping[str, Grid]
"""Sheets by name, in lower case (a spreadsheet disregards case in them)."""


def fold(sheet: str) -> str:
    """The key of a sheet in `Results`."""
    return sheet.lower()


def plain(value: Any) -> Any:
    """A cell's value as a spreadsheet reckons with it: dates and times are numbers of days."""
    from openpyxl.utils.datetime import to_excel

    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return float(to_excel(value))
    text = getattr(value, "as_text", None)  # letters of several looks
    return str(value) if text is not None else value


class Engine(Protocol):
    """A spreadsheet program that recalculates a workbook."""

    @property
    def name(self) -> str: ...
    @property
    def how_to_get(self) -> str:
        """One line for a user who lacks it."""
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
