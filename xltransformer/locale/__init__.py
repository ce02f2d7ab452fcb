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
    return Messages(language, _flatten(tomllib.loads(text)))
