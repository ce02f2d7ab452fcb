"""Engines in Python wheels: IronCalc, the default, and Formulon, whose results are held against those of
Excel 365. Each recalculates in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np

from xltransformer.bounds import AGAIN
from xltransformer.engines import formulon_process, ironcalc_process
from xltransformer.engines.base import Engine, Results
from xltransformer.engines.grid import COLUMNS, Grid
from xltransformer.engines.process import BrokeDown


class Wheel(Engine):
    """An engine by a script that uses the wheel of its name."""

    at_home = True
    script: str

    def program(self) -> str | None:
        return sys.executable if self.version() else None

    def version(self) -> str | None:
        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return None

    def command(self, program: str, source: Path, target: Path) -> Sequence[str]:
        # -P: what lies beside the script, or where the user stands, is not imported.
        return [program, "-P", self.script, str(source), str(target)]


class Formulon(Wheel):
    """Keeps its compiled WebAssembly among the user's caches."""

    name, title = "formulon", "Formulon"
    how_to_get = 'pip install "xltransformer[page]"'
    script = formulon_process.__file__


class IronCalc(Wheel):
    """Has its process write the cells themselves, in place of a workbook."""

    name, title = "ironcalc", "IronCalc"
    how_to_get = "pip install ironcalc"
    script = ironcalc_process.__file__

    def command(self, program: str, source: Path, target: Path) -> Sequence[str]:
        return [*super().command(program, source, target), str(COLUMNS)]

    def read(self, path: Path, target: Path, code: int, last: str) -> Results:
        if code == ironcalc_process.CANNOT_OPEN:
            why = target.read_text("utf-8")
            raise BrokeDown(f"IronCalc cannot open {path}: {why:.150}; {AGAIN}")
        if code:
            raise BrokeDown(f"IronCalc on {path} broke down ({last:.150}); {AGAIN}")
        results = {}
        with target.open("rb") as file:
            for name, count, others in json.loads(file.readline()):
                keys, numbers = np.fromfile(file, np.int64, count), np.fromfile(file, np.float64, count)
                results[name] = Grid(keys, numbers, {int(key): value for key, value in others.items()})
        return results
