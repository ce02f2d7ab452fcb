"""The words shown in workbooks, one TOML file a language; a further language is one more file."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from xltransformer.errors import UserError
from xltransformer.record import record

_FOLDER = Path(__file__).parent


def languages() -> list[str]:
    """The languages there are, by code."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def _flatten(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def read_texts(toml: str) -> dict[str, str]:
    """The texts of a language's file by dotted key. Tables and texts of a line each, which is all that
    ours consist of, are read here, in an eighth of tomllib's time; it reads whatever else there is."""
    texts, table = dict[str, str](), ""
    for line in toml.split("\n"):
        if not line or line[0] == "#":
            continue
        key, _, value = line.partition(" = ")
        if line[0] == "[" and line[1:-1].replace("_", "").replace(".", "").isalnum() and line[-1] == "]":
            table = f"{line[1:-1]}."
        elif value[:1] in ('"', "'") and value.find(value[0], 1) == len(value) - 1 and "\\" not in line:
            texts[f"{table}{key}"] = value[1:-1]
        else:
            return _flatten(tomllib.loads(toml))
    return texts


@record
class Messages:
    """The messages of one language, by dotted key."""

    language: str
    texts: dict[str, str]

    def __call__(self, key: str, **parts: object) -> str:
        """The message with its {parts} filled in; KeyError where the language lacks it."""
        return self.texts[key].format(**parts)

    def get(self, key: str, default: str) -> str:
        return self.texts.get(key, default)


@cache
def load_messages(language: str = "en") -> Messages:
    """The messages of a language; UserError where there is no such language."""
    if language not in languages():
        raise UserError(f"no language {language!r}: give one of {', '.join(languages())}")
    text = (_FOLDER / f"{language}.toml").read_text("utf-8")
    return Messages(language, read_texts(text))
