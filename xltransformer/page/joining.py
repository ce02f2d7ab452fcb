"""The modules of `parts/` joined into scripts and a style sheet for one file."""

from __future__ import annotations

import re
from importlib import resources

_IMPORT = re.compile(r"^import\s[^;]*?from\s+\"\./(\w+)\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export\s+(?=(async\s+)?(function|class|const|let)\b)", re.MULTILINE)
STYLES = ("base", "start", "steps", "pictures", "fields", "origin", "print")
"""The style sheets, in the order in which they count."""


def part(name: str) -> str:
    """A file of `parts/`, such as "main.js"."""
    return resources.files("xltransformer.page").joinpath("parts", name).read_text("utf-8")


def script(main: str) -> str:
    """A module and all that it imports as one script that leaves no names behind: each module after those that
    it imports from. Their top-level names are all different."""
    joined: dict[str, str] = {}
    _join(main, joined)
    body = "\n".join(_EXPORT.sub("", _IMPORT.sub("", source)).strip() for source in joined.values())
    return f'(() => {{\n"use strict";\n{body}\n}})();\n'


def _join(name: str, joined: dict[str, str]) -> None:
    """Add a module after those that it imports from."""
    source = part(f"{name}.js")
    for other in _IMPORT.findall(source):
        if other not in joined:
            _join(other, joined)
    joined[name] = source


def styles() -> str:
    """All style sheets as one."""
    return "\n".join(part(f"{name}.css").strip() for name in STYLES)
