"""xltransformer: a Transformer you can open in a spreadsheet.

build("lesson.xlsx", ["cat and mouse"])     write a workbook of live formulas
build("lesson.html", ["cat and mouse"])     the same as a page, live in any browser; page("lesson.xlsx") likewise
trace(["cat and mouse"])                    the same numbers from NumPy, as DataFrames by block name
trace("lesson.xlsx")                        those of a workbook as it is now
blocks(template="gpt")                      what its blocks are called, and what each is
diff("lesson.xlsx")                         prove the workbook, as it is now, equal to NumPy
compare("lesson.xlsx", "mine.xlsx")         what was typed differently in two of them, and what comes of it
check({"weights": A}, template="apple")     what of your own code agrees, and which slip explains the rest
train("w.npz", template="gpt", data="d.txt")    learn from a file of sentences
write("the cat", "gpt", count=3)            what a model writes, word by word
export("folder/", weights="w.npz")          write what transformers loads as it is
grade("returned/")                          the grades of exercises that students have filled in
new("bank.toml", ["river bank"])            a template of your own begins
load_template("cat-and-mouse")              a template that ships, or a .toml file of yours
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "api": ("TrainedFile", "build", "grade", "page", "train"),
    "building.begin": ("new",),
    "building.instance": ("Instance",),
    "building.parse": ("load_template",),
    "building.template": ("Template",),
    "checking.check": ("Check", "check"),
    "comparing": ("Comparison", "compare"),
    "difference": ("Diff", "diff"),
    "errors": ("UserError",),
    "exporting.export": ("Exported", "export"),
    "classroom.grading": ("Grade",),
    "tracing": ("trace",),
    "writing": ("Text", "write"),
    "listing": ("BlockLine", "blocks"),
    "variants": ("Class", "build_variants"),
}
__all__ = [
    "BlockLine",
    "Check",
    "Class",
    "Comparison",
    "Diff",
    "Exported",
    "Grade",
    "Instance",
    "Template",
    "Text",
    "TrainedFile",
    "UserError",
    "blocks",
    "build",
    "build_variants",
    "check",
    "compare",
    "diff",
    "export",
    "grade",
    "load_template",
    "new",
    "page",
    "trace",
    "train",
    "write",
]

if TYPE_CHECKING:
    from xltransformer.api import TrainedFile, build, grade, page, train
    from xltransformer.building.begin import new
    from xltransformer.building.instance import Instance
    from xltransformer.building.parse import load_template
    from xltransformer.building.template import Template
    from xltransformer.checking.check import Check, check
    from xltransformer.classroom.grading import Grade
    from xltransformer.comparing import Comparison, compare
    from xltransformer.difference import Diff, diff
    from xltransformer.errors import UserError
    from xltransformer.exporting.export import Exported, export
    from xltransformer.listing import BlockLine, blocks
    from xltransformer.tracing import trace
    from xltransformer.variants import Class, build_variants
    from xltransformer.writing import Text, write


def __getattr__(name: str) -> Any:
    # Loaded on first use: `xlt --help` shall not wait for NumPy and pandas.
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"xltransformer.{home}"), name)
    raise AttributeError(_unknown(name))


class _Package(ModuleType):
    """A package in which a function keeps its name where a room is called the same, such as `page`."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def _unknown(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, __all__, 1)
    hint = f"; did you mean {near[0]!r}?" if near and not name.startswith("_") else ""
    return f"module 'xltransformer' has no attribute {name!r}{hint}"


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
