"""Spreadsheet engines that recalculate a workbook, behind one small protocol."""

from __future__ import annotations

from xltransformer.engines.base import Engine, Results, fold
from xltransformer.engines.converters import Gnumeric, LibreOffice
from xltransformer.engines.grid import Grid
from xltransformer.engines.process import Limits
from xltransformer.engines.wheels import Formulon, IronCalc
from xltransformer.errors import UserError

_ALL: tuple[Engine, ...] = (IronCalc(), LibreOffice(), Gnumeric(), Formulon())

ENGINES = {one.name: one for one in _ALL}
"""Every engine by its name on the command line, the default first."""


def engine(name: str) -> Engine:
    """The engine of that name; UserError where it is unknown or not installed."""
    if name not in ENGINES:
        raise UserError(f"no engine {name!r}: give one of {', '.join(ENGINES)}")
    found = ENGINES[name]
    if found.version() is None:
        raise UserError(f"the engine {name} is not on this machine: {found.how_to_get}")
    return found


__all__ = ["ENGINES", "Engine", "Grid", "Limits", "Results", "engine", "fold"]
