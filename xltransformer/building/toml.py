"""TOML as people write it: what is wrong is told by line and column, with what to type instead."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from xltransformer.errors import UserError

_DEEP_KEY = re.compile(r"(?:\.[^\s.,\]=]{0,60}){64}")
_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_WIDE = {
    "“": '"', "”": '"', "„": '"', "＂": '"', "‘": "'", "’": "'", "＇": "'", "，": ",", "、": ",", "＝": "=",
    "［": "[", "］": "]", "【": "[", "】": "]", "｛": "{", "｝": "}", "＃": "#",
    "．": ".", "：": "=", "\u3000": " ",
}  # fmt: skip
"""Signs that keyboards and word processors put in the place of those that TOML knows."""

_KNOWN = {
    "Illegal character '\\n'": "the text is not closed: end it with a quotation mark",
    "Cannot overwrite a value": "the key is there already: give each one once",
}
"""What to do, where the message alone does not tell."""


def read_toml(text: str, where: str) -> dict[str, Any]:
    """What a text says; UserError where it is no TOML, with the line and column and, where a sign is the cause,
    what to type in its place."""
    if _DEEP_KEY.search(text):  # which would take tomllib minutes
        raise UserError(f"{where} is not valid TOML: a key of more than 64 parts; take some away")
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also a whole number of thousands of digits
        raise UserError(f"{where} is not valid TOML: {_told(str(error), text)}") from None
    except RecursionError:
        raise UserError(f"{where} is not valid TOML: brackets nested too deeply; take some away") from None


def _told(message: str, text: str) -> str:
    """What is wrong, where, and what to do."""
    lines = text.splitlines() or [""]
    found = _PLACE.search(message)
    if found is None and not message.endswith("(at end of document)"):
        return f"{message}; correct it there"
    line, column = map(int, found.groups()) if found else (len(lines), len(lines[-1]) + 1)
    what = message.partition(" (at ")[0]
    shown = lines[line - 1] if line <= len(lines) else ""
    at = f"line {line}, column {column}: {what}"
    return f"{at}; {_KNOWN.get(what) or _remedy(shown, column - 1) or 'correct it there'}"


def _remedy(line: str, at: int) -> str:
    """What to type where a sign of the line, at that place or before it, is none that TOML knows; nothing where
    that is not the cause."""
    near = line[at : at + 1]
    key = re.match(r"\s*(?:\w+\.)*([^\W\d][\w-]*)\s*=", line)
    if key and not key[1].isascii() and near not in _WIDE:
        return f'put the key in quotation marks: "{key[1]}" = …'
    bare = re.sub(r'"[^"]*"|\'[^\']*\'', "", line)  # what stands within quotation marks may be anything
    sign = near if near in _WIDE else next((c for c in bare if c in _WIDE), "")
    return f"type {_WIDE[sign]!r} in place of {sign!r}" if sign else ""
