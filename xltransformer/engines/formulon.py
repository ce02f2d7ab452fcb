"""Formulon: an engine in a Python wheel, whose results are held against those of Excel 365."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from xltransformer.engines import formulon_process
from xltransformer.engines.base import wheel_version
from xltransformer.engines.converter import Converter


class Formulon(Converter):
    """Recalculates in a process of its own, which keeps its compiled WebAssembly among the user's caches."""

    name, title = "formulon", "Formulon"
    how_to_get = "pip install formulon"
    at_home = True

    def program(self) -> str | None:
        return sys.executable if self.version() else None

    def version(self) -> str | None:
        return wheel_version("formulon")

    def command(self, program: str, source: Path, target: Path) -> Sequence[str]:
        # -P: what lies beside the script, or where the user stands, is not imported.
        return [program, "-P", formulon_process.__file__, str(source), str(target)]
