"""What programs write into a workbook of when it was saved (ECMA-376 part 1, section 15.2.12, and part 2, 11)."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from xltransformer.bounds import Package
from xltransformer.classroom.grading.records import Saved
from xltransformer.errors import UserError

_BUILT = "2020-01-01"
"""The day that stands in a workbook which no program has saved since it was built."""
_MODIFIED = re.compile(rb"<(?:\w+:)?modified\b[^>]*>\s*(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?[^<\s]{0,12})\s*<")
_MINUTES = re.compile(rb"<(?:\w+:)?TotalTime>\s*(\d{1,7})\s*<")
_MOST = 100_000
"""Bytes of such a part."""


def saved(path: Path) -> Saved:
    """When and for how long a workbook was worked on, as far as it tells."""
    with Package(path) as package:
        time, minutes = _MODIFIED.search(_part(package, "core")), _MINUTES.search(_part(package, "app"))
    told = time[1].decode() if time else ""
    return Saved("" if told.startswith(_BUILT) else told, int(minutes[1]) if minutes and int(minutes[1]) else None)


def _part(package: Package, name: str) -> bytes:
    found = b""
    with contextlib.suppress(UserError):  # a program that writes none, or one that is damaged: it does not tell
        for piece in package.read(f"docProps/{name}.xml"):
            found += piece
            if len(found) > _MOST:
                break
    return found
