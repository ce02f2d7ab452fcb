"""How far a language is translated, and what is wrong in its texts: for `xlt languages` and for tests."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xltransformer.locale import ENGLISH, by_table, faults, file_of, parts, read_texts
from xltransformer.record import record


@record
class Report:
    """How many texts a language has, of how many, in its own file and in the templates; in a line for each
    table or template what it lacks, and in a line each what is wrong."""

    language: str
    own: tuple[int, int]
    told: tuple[int, int]
    lacks: tuple[str, ...]
    faults: tuple[str, ...]

    def __str__(self) -> str:
        (own, texts), (told, every) = self.own, self.told
        return f"{self.language}  {own:,} of {texts:,} texts, {told:,} of {every:,} in templates"


def report(language: str, templates: Path) -> Report:
    """What a language has and lacks in its file and in a folder's templates; UserError for a file not in TOML."""
    english, own, file = read_texts(ENGLISH), read_texts(language), file_of(language)
    wanted = [key for key, text in english.items() if text]
    missing = [key for key in wanted if own.get(key) in (None, "")]
    lacks = [f"{file}: {table}" for table in by_table(missing)]
    wrong = [f"{file}: {fault}" for fault in faults(language)]
    wrong += [f"{file}: {by_table([key])[0]} {_unknown(key)}" for key in own if key not in english]
    told = every = 0
    for path in sorted(templates.glob("*.toml")):
        entries = [*_translated(tomllib.loads(path.read_text("utf-8")), language)]
        left = [place for place, text, _ in entries if not text]
        told, every = told + len(entries) - len(left), every + len(entries)
        if left:
            lacks.append(f"templates/{path.name}: {'; '.join(left)}")
        for place, text, other in entries:
            if isinstance(text, str) and isinstance(other, str) and text and parts(text) != parts(other):
                wrong.append(f"templates/{path.name}: {place} has not the {{names}} of the English text")
    return Report(language, (len(wanted) - len(missing), len(wanted)), (told, every), tuple(lacks), tuple(wrong))


def _unknown(key: str) -> str:
    from xltransformer.text import nearest

    near = nearest(key, read_texts(ENGLISH))
    return "is no text in English" + (f"; did you mean {by_table([near])[0]}?" if near else "")


def _translated(data: Mapping[str, Any], language: str) -> Iterator[tuple[str, Any, Any]]:
    """Every text of a template: where it stands in a language, what it is there, and in English."""

    def entry(place: str, texts: Any) -> tuple[str, Any, Any]:
        texts = texts if isinstance(texts, dict) else {ENGLISH: texts}
        return place, texts.get(language), texts.get(ENGLISH)

    if "title" in data:
        yield entry(f"[title] {language}", data["title"])
    for key, texts in data.get("notes", {}).items():
        yield entry(f"[notes.{key}] {language}", texts)
    for k, experiment in enumerate(data.get("experiments", []), start=1):
        for key in ("do", "then", "to"):
            if key != "to" or isinstance(experiment.get(key), dict):
                yield entry(f"experiment {k}: {key}.{language}", experiment.get(key))
    spoken = data.get("languages", {})
    for key, said in spoken.get(ENGLISH, {}).items():
        yield f"[languages.{language}] {key}", spoken.get(language, {}).get(key), said
