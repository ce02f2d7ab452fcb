"""Spreadsheet engines that recalculate a workbook, behind one small protocol."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from xltransformer.engines.base import Engine, Results, fold
from xltransformer.engines.converters import Gnumeric, LibreOffice
from xltransformer.engines.grid import Grid
from xltransformer.engines.process import BrokeDown, Limits
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


_DEFAULT = IronCalc.name
_INSTEAD = ("formulon", "libreoffice", "gnumeric")
"""What recalculates a workbook over which the default engine breaks down."""


def recalculate(path: Path, limits: Limits | None = None) -> tuple[Engine, Results, str]:
    """Every cell of a workbook by the default engine or, where that breaks down over it, by another one that is on
    this machine: which one, its results, and a line that says so where it is another.

    Raises UserError as the default engine does where no other one does better, or it goes beyond the limits.
    """
    default = ENGINES[_DEFAULT]
    try:
        return default, default.recalculate(path, limits), ""
    except BrokeDown as error:
        for other in (one for name in _INSTEAD if (one := ENGINES[name]).version()):
            with suppress(BrokeDown):
                said = f"{default.title} breaks down over {path}: {other.title} recalculates it instead"
                return other, other.recalculate(path, limits), said
        raise error from None


__all__ = [
    "DEFAULT",
    "ENGINES",
    "BrokeDown",
    "Engine",
    "Grid",
    "Limits",
    "Results",
    "engine",
    "fold",
    "recalculate",
]
