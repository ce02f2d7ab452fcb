"""IronCalc: an engine in a Python wheel, the default."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from xltransformer.engines import ironcalc_process
from xltransformer.engines.base import Results, wheel_version
from xltransformer.engines.grid import COLUMNS, Grid
from xltransformer.engines.process import Limits, run
from xltransformer.errors import UserError


class IronCalc:
    """Recalculates in a process of its own."""

    name = "ironcalc"
    wide = False
    how_to_get = "pip install ironcalc"

    def version(self) -> str | None:
        return wheel_version("ironcalc")

    def recalculate(self, path: Path, limits: Limits | None = None) -> Results:
        with tempfile.TemporaryDirectory(prefix="xlt-", ignore_cleanup_errors=True) as folder:
            source, out = Path(folder) / "workbook.xlsx", Path(folder) / "results"
            shutil.copyfile(path, source)  # of a plain name: whatever the user's file is called cannot matter
            # -P: what lies beside the script, or where the user stands, is not imported.
            command = [sys.executable, "-P", ironcalc_process.__file__, str(source), str(out), str(COLUMNS)]
            code, printed = run(command, limits or Limits.of(path), f"IronCalc on {path}")
            found = _read(out) if code == 0 else {}
            told = out.read_text("utf-8") if code == ironcalc_process.CANNOT_OPEN else ""
        if code == ironcalc_process.CANNOT_OPEN:
            raise UserError(f"IronCalc cannot open {path}: {told:.150}; save it again in a spreadsheet program")
        if code:
            last = (printed.strip().splitlines() or [f"status {code}"])[-1]
            raise UserError(f"IronCalc on {path} broke down ({last:.150}); build the workbook again")
        return found


def _read(path: Path) -> Results:
    """What the process has written."""
    results = {}
    with path.open("rb") as file:
        for name, count, others in json.loads(file.readline()):
            keys, numbers = np.fromfile(file, np.int64, count), np.fromfile(file, np.float64, count)
            results[name] = Grid(keys, numbers, {int(key): value for key, value in others.items()})
    return results
