"""The modules of `parts/` joined into scripts and a style sheet for one file."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_IMPORT = re.compile(r"^import\s[^;]*?from\s+\"\./(\w+)\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export\s+(?=(async\s+)?(function|class|const|let)\b)", re.MULTILINE)
STYLES = ("base", "start", "steps", "pictures", "fields", "origin", "notice", "print")
"""The style sheets, in the order in which they count."""


def part(name: str) -> str:
    """A file of `parts/`, such as "main.js"."""
    return resources.files("xltransformer.page").joinpath("parts", name).read_text("utf-8")


OF_WORKER = "worker"
"""The module that calculates, which runs apart from the page: it and what it imports come first in the script."""
END_OF_WORKER = "/* the page */"
"""What stands between that and the rest. client.js looks for it."""
_COMMENT = re.compile(r"^[ \t]*(//[^\n]*|/\*(?:(?!\*/).)*\*/)[ \t]*\n", re.MULTILINE | re.DOTALL)


@cache
def script(main: str) -> str:
    """A module and all that it imports as one script that leaves no names behind: each module after those that
    it imports from. Their top-level names are all different. Lines of comments stay in the files."""
    joined: dict[str, str] = {}
    join(OF_WORKER, joined)
    joined[END_OF_WORKER] = END_OF_WORKER
    join(main, joined)
    body = "\n".join(bare(source) for source in joined.values())
    return f'(() => {{\n"use strict";\n{body}\n}})();\n'


def bare(source: str) -> str:
    """A module without what it imports and exports, and without comments on lines of their own."""
    if source == END_OF_WORKER:
        return source
    return _COMMENT.sub("", _EXPORT.sub("", _IMPORT.sub("", source))).strip()


def join(name: str, joined: dict[str, str]) -> None:
    """Add a module after those that it imports from."""
    joined[name] = source = part(f"{name}.js")
    for other in _IMPORT.findall(source):
        if other not in joined:
            join(other, joined)
    joined[name] = joined.pop(name)  # behind them


def styles() -> str:
    """All style sheets as one."""
    return "\n".join(_COMMENT.sub("", part(f"{name}.css")).strip() for name in STYLES)
