"""Templates: what to build, in TOML.

A template names a model and gives its sentences, vocabulary, switches, sizes and weights. The
ones that ship lie in `templates/`; a user copies one, edits it and builds from the file. This
module reads and checks them; every mistake becomes a UserError that names the file and the place.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xltransformer.building.tables import beside, learned_table, weights_of, word_table
from xltransformer.building.template import (
    DEFAULT_TEMPLATE,
    MEASURED,
    Template,
    shipped_templates,
    template_folder,
)
from xltransformer.checked import (
    check_keys,
    expect,
    fitting,
    is_flag,
    is_texts,
    number,
    table_in,
    whole_number,
)
from xltransformer.errors import UserError
from xltransformer.locale import ENGLISH, Texts, said_in
from xltransformer.models import MODELS
from xltransformer.teaching.experiments import Experiment
from xltransformer.text import nearest, without_forbidden, word_key

_KEYS = {
    "model", "title", "task", "notes", "sentences", "watch", "lesson", "plane", "slots", "spare_rows", "seed",
    "dimensions", "words", "embeddings", "switches", "sizes", "weights", "experiments", "languages", "glosses",
}  # fmt: skip
_SPOKEN = {"sentences", "watch", "plane", "dimensions", "words", "sizes", "experiments"}
"""What a template may say in each of several languages, under `languages.en` and so on: of the sizes, labels."""
SWITCHES: dict[str, bool | float] = {"scaling": True, "temperature": 1.0, "causal": False, "momentum": False}

_DEEP_KEY = re.compile(r"(?:\.[^\s.,\]=]{0,60}){64}")


def load_template(
    name_or_path: str | Path = DEFAULT_TEMPLATE, language: str = "en", *, fresh: bool = False
) -> Template:
    """The template that ships under a name, or the one in a .toml file, with the words of a language
    where it has several; `fresh`: without the file of weights that it has learned.

    Raises UserError where there is none, or where it says something that cannot be.
    """
    text = str(name_or_path)
    if text in shipped_templates():
        folder = template_folder()
        return _parse(text, (folder / f"{text}.toml").read_text("utf-8"), folder, language, fresh)
    from xltransformer.bounds import read_text

    path = Path(text)
    if path.suffix != ".toml" and not os.path.isfile(path):
        near = nearest(text, shipped_templates())
        hint = f" Did you mean {near}?" if near else ""
        raise UserError(
            f"no template {text!r:.60}: give one of {', '.join(shipped_templates())}, or a .toml file.{hint}"
        )
    return _parse(path.stem, read_text(path), path.parent, language, fresh)


def _read(text: str, where: str) -> dict[str, Any]:
    """What a template says, under keys that there are; else UserError."""
    data = _read_toml(text, where)
    for key in data:
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            hint = f"did you mean {near!r}?" if near else f"known are: {', '.join(sorted(_KEYS))}"
            raise UserError(f"{where}: unknown key {key!r}; {hint}")
    return data


def _read_toml(text: str, where: str) -> dict[str, Any]:
    """What a file says; UserError where it is no TOML."""
    if _DEEP_KEY.search(text):  # which would take tomllib minutes
        raise UserError(f"{where} is not valid TOML: a key of more than 64 parts; take some away")
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also a whole number of thousands of digits
        raise UserError(f"{where} is not valid TOML: {error}; correct it there") from None
    except RecursionError:
        raise UserError(f"{where} is not valid TOML: brackets nested too deeply; take some away") from None


def _parse(name: str, text: str, folder: Path, language: str, fresh: bool) -> Template:
    where = f"template {name}"
    data = _read(text, where)
    spoken = dict(_spoken(table_in(data, "languages", where), language, where))
    sizes = table_in(data, "sizes", where) | table_in(spoken, "sizes", f"{where}: languages")
    data |= {**spoken, "sizes": sizes}
    model: Any = data.get("model")
    watch = data.get("watch")
    sentences, plane = data.get("sentences", []), data.get("plane", [])
    expect(isinstance(model, str) and model in MODELS, f"{where}: model", model, f"one of {', '.join(MODELS)}")
    expect(is_texts(sentences), f"{where}: sentences", sentences, "a list of texts")
    expect(isinstance(watch, str | None), f"{where}: watch", watch, "a word")
    lesson: Any = data.get("lesson")
    expect(isinstance(lesson, str | None), f"{where}: lesson", lesson, "a lesson or head, such as 0.head.1")
    two = is_texts(plane) and len(plane) in (0, 2)
    expect(two, f"{where}: plane", plane, "the names of two dimensions")
    table = word_table(data, where, folder)
    listed = table_in(data, "weights", where)
    weights = weights_of({k: v for k, v in listed.items() if not (fresh and k == "file")}, where, folder)
    learned = weights.pop("embeddings", None)
    if learned is not None:
        table = learned_table(table, learned, where)
    return Template(
        name=name,
        model=model,
        title=_texts(data.get("title", {}), f"{where}: title"),
        task=_texts(data.get("task", {}), f"{where}: task"),
        notes={k: _texts(v, f"{where}: notes.{k}") for k, v in table_in(data, "notes", where).items()},
        sentences=tuple(sentences),
        watch=watch,
        lesson=lesson,
        plane=tuple(plane),
        slots=slot_numbers(data.get("slots", 2), f"{where}: slots"),
        spare_rows=whole_number(data.get("spare_rows", 5), f"{where}: spare_rows"),
        seed=whole_number(data.get("seed", 0), f"{where}: seed"),
        table=table,
        switches=check_switches(table_in(data, "switches", where), where),
        sizes=_sizes(sizes, where, folder, fresh),
        weights=weights,
        experiments=_experiments(data.get("experiments", []), where),
        trained=learned is not None,
        glosses=_glosses(table_in(data, "glosses", where), language, where),
    )


def _sizes(table: Mapping[str, Any], where: str, folder: Path, fresh: bool) -> dict[str, Any]:
    """What a model is asked for; figures measured of learned weights may stand in a file beside the template, and
    are left out where it is to begin `fresh`."""
    sizes = {key: size for key, size in table.items() if key != "d_model"}
    if fresh:
        sizes.pop(MEASURED, None)
    elif isinstance(file := sizes.get(MEASURED), str):
        from xltransformer.bounds import read_text

        sizes[MEASURED] = _read_toml(read_text(beside(file, f"{where}: {MEASURED}", folder)), file)
    return sizes


def _glosses(tables: Mapping[str, Any], language: str, where: str) -> dict[str, str]:
    """What words of another language mean, for readers of this one: by the word as it is looked up."""
    for code, said in tables.items():
        fits = isinstance(said, dict) and all(isinstance(gloss, str) for gloss in said.values())
        expect(fits, f"{where}: glosses.{code}", said, "a table of texts, by word", ".60")
    told: Mapping[str, str] = tables.get(language, {})
    return {word_key(word): fitting(without_forbidden(text), where) for word, text in told.items()}


def _spoken(tables: Mapping[str, Any], language: str, where: str) -> Mapping[str, Any]:
    """What a template says in a language, or else in English, or else in the first that it has."""
    for code, said in tables.items():
        fits = isinstance(said, dict) and said.keys() <= _SPOKEN
        expect(fits, f"{where}: languages.{code}", said, f"a table of {', '.join(sorted(_SPOKEN))}", ".60")
    return said_in(tables, language, {})


def _experiments(value: Any, where: str) -> tuple[Experiment, ...]:
    """The experiments, or UserError for one that does not say what to edit and what to tell."""
    fits = isinstance(value, list) and all(isinstance(entry, dict) for entry in value)
    expect(fits, f"{where}: experiments", value, "tables [[experiments]]", ".60")
    return tuple(_experiment(entry, f"{where}: experiment {k}") for k, entry in enumerate(value, start=1))


def _experiment(entry: Mapping[str, Any], where: str) -> Experiment:
    check_keys(entry, sorted(Experiment.__annotations__), where)
    block = entry.get("block")
    expect(isinstance(block, str), f"{where}: block", block, "the name of a block to edit")
    for side in ("row", "column"):
        at = entry.get(side)
        fits = isinstance(at, str | int | None) and not isinstance(at, bool)
        expect(fits, f"{where}: {side}", at, "a label, or a number from 1")
    if len(entry.keys() & {"to", "above", "below"}) != 1:
        raise UserError(f"{where}: say what to type with one of to, above and below")
    to = entry.get("to")
    if isinstance(to, str | dict):
        to = _texts(to, f"{where}: to")
    elif to is not None and not isinstance(to, bool):
        to = number(to, f"{where}: to")
    for key in ("do", "then"):
        if key not in entry:
            raise UserError(f"{where}: {key} is missing; give a text, or one per language")
    return Experiment(
        block=entry["block"],
        row=entry.get("row"),
        column=entry.get("column"),
        to=to,
        above=number(entry["above"], f"{where}: above") if "above" in entry else None,
        below=number(entry["below"], f"{where}: below") if "below" in entry else None,
        do=_texts(entry["do"], f"{where}: do"),
        then=_texts(entry["then"], f"{where}: then"),
    )


def _texts(value: Any, where: str) -> Texts:
    if isinstance(value, str):
        value = {ENGLISH: value}
    fits = isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    expect(fits, where, value, "a text, or one per language", ".60")
    return {language: fitting(without_forbidden(text), where) for language, text in value.items()}


def slot_numbers(value: Any, where: str) -> int | tuple[int, ...]:
    """A number of empty slots, or a list with one for each sentence; else UserError."""
    if not isinstance(value, list | tuple):
        return whole_number(value, where)
    if not value:
        raise UserError(f"{where} is an empty list; give a whole number, or one for each sentence")
    return tuple(whole_number(one, where) for one in value)


def check_switches(table: Mapping[str, Any], where: str) -> dict[str, float]:
    """Every switch, as `table` sets it or else by default; UserError for one that cannot be."""
    check_keys(table, SWITCHES, where, "switch")
    switches = {**SWITCHES, **table}
    for key, usual in SWITCHES.items():
        fits = not isinstance(usual, bool) or is_flag(switches[key])
        expect(fits, f"{where}: switches.{key}", switches[key], "true or false")
    temperature = number(switches["temperature"], f"{where}: switches.temperature")
    expect(temperature > 0, f"{where}: switches.temperature", temperature, "a number above 0")
    return {key: float(value) for key, value in switches.items()}
