"""What a template says in each of several languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xltransformer.checked import check_keys, expect, fitting
from xltransformer.locale import ENGLISH, Texts, languages
from xltransformer.text import without_forbidden, word_key

SPOKEN = {"sentences", "watch", "plane", "dimensions", "words", "sizes", "experiments"}
"""What a template may say in each of several languages, under `languages.en` and so on: of the sizes, labels."""


def texts(value: Any, where: str) -> Texts:
    """A text, or one for each of some languages; else UserError."""
    if isinstance(value, str):
        value = {ENGLISH: value}
    fits = isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    expect(fits, where, value, "a text, or one per language", ".60")
    return {language: fitting(without_forbidden(text), where) for language, text in value.items()}


def glosses(tables: Mapping[str, Any], language: str, where: str) -> dict[str, str]:
    """What words of another language mean, for readers of this one: by the word as it is looked up."""
    for code, said in tables.items():
        fits = isinstance(said, dict) and all(isinstance(gloss, str) for gloss in said.values())
        expect(fits, f"{where}: glosses.{code}", said, "a table of texts, by word", ".60")
    told: Mapping[str, str] = tables.get(language, {})
    return {word_key(word): fitting(without_forbidden(text), where) for word, text in told.items()}


def check_spoken(tables: Mapping[str, Any], where: str) -> None:
    """Raise UserError for what is not said by language."""
    for code, said in tables.items():
        expect(isinstance(said, dict), f"{where}: languages.{code}", said, "a table", ".60")
        check_keys(said, sorted(SPOKEN), f"{where}: languages.{code}")


def check_languages(data: Mapping[str, Any], where: str) -> None:
    """Raise UserError for a language that there is not, wherever a template has texts by language."""
    said = {key: data.get(key) for key in ("title", "task", "glosses", "languages")}
    notes, experiments = data.get("notes"), data.get("experiments")
    if isinstance(notes, dict):
        said |= {f"notes.{key}": text for key, text in notes.items()}
    if isinstance(experiments, list):
        for k, entry in enumerate(experiments, start=1):
            if isinstance(entry, dict):
                said |= {f"experiment {k}: {key}": entry.get(key) for key in ("do", "then", "to")}
    for key, by_language in said.items():
        if isinstance(by_language, dict):
            check_keys(by_language, languages(), f"{where}: {key}", "language")
