"""Gnumeric, by its converter of files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from xltransformer.engines.base import Engine


class Gnumeric(Engine):
    """Recalculates by its ssconvert."""

    name, title = "gnumeric", "Gnumeric"
    wide = True  # long double, in Debian's (seen: 1E-530 in a cold softmax, saved as 0)
    how_to_get = (
        "install Gnumeric, with its ssconvert on the PATH (Debian, Ubuntu: sudo apt-get install gnumeric; "
        "macOS: brew install gnumeric)"
    )

    def program(self) -> str | None:
        return shutil.which("ssconvert")

    def command(self, program: str, source: Path, target: Path) -> Sequence[str]:
        return [program, "--recalc", str(source), str(target)]
