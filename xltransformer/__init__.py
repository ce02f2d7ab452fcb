"""xltransformer: a Transformer you can open in a spreadsheet.

build("lesson.xlsx", ["cat and mouse"])     write a workbook of live formulas
trace(["cat and mouse"])                    the same numbers from NumPy, as DataFrames by block name
diff("lesson.xlsx")                         prove the workbook, as it is now, equal to NumPy
load_template("cat-and-mouse")              a template that ships, or a .toml file of yours
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "build": "api",
    "trace": "api",
    "diff": "difference",
    "load_template": "building.template",
    "UserError": "errors",
}
__all__ = ["UserError", "build", "diff", "load_template", "trace"]

if TYPE_CHECKING:
    from xltransformer.api import build, trace
    from xltransformer.building.template import load_template
    from xltransformer.difference import diff
    from xltransformer.errors import UserError


def __getattr__(name: str) -> Any:
    # Loaded on first use: `xlt --help` shall not wait for NumPy and pandas.
    if name in _HOMES:
        return getattr(import_module(f"xltransformer.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'xltransformer' has no attribute {name!r}")
