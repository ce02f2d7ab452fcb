"""Templates: what to build, in TOML.

A template names a model and gives its sentences, vocabulary, switches, sizes and weights. The
ones that ship lie in `templates/`; a user copies one, edits it and builds from the file. This
module reads and checks them; every mistake becomes a UserError that names the file and the place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from xltransformer.building.spoken import check_languages, check_spoken, glosses, texts
from xltransformer.building.tables import beside, learned_table, weights_of, word_table
from xltransformer.building.template import (
    DEFAULT_TEMPLATE,
    MEASURED,
    Template,
    WordTable,
    shipped_templates,
    template_folder,
)
from xltransformer.building.toml import read_toml
from xltransformer.building.trials import experiments_of
from xltransformer.checked import (
    check_keys,
    expect,
    is_flag,
    is_texts,
    number,
    table_in,
    whole_number,
)
from xltransformer.cutting import Cutting
from xltransformer.errors import UserError
from xltransformer.locale import ENGLISH, choice_words, languages, said_in
from xltransformer.models import MODELS
from xltransformer.sampling import LARGEST_SEED, MOST_K
from xltransformer.text import meant, word_key

_KEYS = {
    "model", "title", "task", "notes", "sentences", "watch", "shown", "plane", "slots", "spare_rows", "seed",
    "dimensions", "words", "embeddings", "switches", "sizes", "weights", "experiments", "languages", "glosses",
    "letters",
}  # fmt: skip
_ONCE_CALLED = {"lesson": "shown"}
"""Keys that had another name once, with the one they have now."""
SWITCHES: dict[str, bool | float | str] = {
    "scaling": True, "temperature": 1.0, "causal": False, "momentum": False,
    "choose": "likely", "top_k": 0, "top_p": 1.0, "seed": 1,
}  # fmt: skip
"""Every switch as it stands where nothing is said of it."""
_BETWEEN = {"top_k": (0, MOST_K), "seed": (0, LARGEST_SEED), "top_p": (0, 1)}
"""Between which numbers those lie that have a range; the first two are whole."""


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
        wanted = meant(text, shipped_templates(), "give one of")
        raise UserError(f"no template {text!r:.60}; {wanted}, or a .toml file of yours")
    return own_template(path.stem, read_text(path), path.parent, language, fresh=fresh)


def own_template(name: str, text: str, folder: Path, language: str, *, fresh: bool = False) -> Template:
    """A template of a user's own from its text, files that it names in a folder; see `load_template`."""
    where = f"template {name}"
    check_languages(read_toml(text, where), where)
    template = _parse(name, text, folder, language, fresh)
    others = {code: _parse(name, text, folder, code, fresh) for code in languages() if code != language}
    others = {code: replace(other, own=True) for code, other in others.items()}
    return replace(template, others=others, own=True)


def _read(text: str, where: str) -> dict[str, Any]:
    """What a template says, under keys that there are; else UserError."""
    data = read_toml(text, where)
    for key in data:
        if key not in {*_KEYS, *_ONCE_CALLED}:
            raise UserError(f"{where}: unknown key {key!r}; {meant(key, sorted(_KEYS))}")
    return {_ONCE_CALLED.get(key, key): value for key, value in data.items()}


def _parse(name: str, text: str, folder: Path, language: str, fresh: bool) -> Template:
    where = f"template {name}"
    data = _read(text, where)
    told = table_in(data, "languages", where)
    check_spoken(told, where)
    spoken, own = dict(said_in(told, language, {})), table_in(data, "sizes", where)
    labels = table_in(spoken, "sizes", f"{where}: languages")
    if language in told or ENGLISH in told:
        data |= {**spoken, "sizes": own | labels}
    else:  # another language's, where the template says nothing for every language
        data = {**spoken, **data, "sizes": labels | own}
    sizes = data["sizes"]
    model: Any = data.get("model")
    watch = data.get("watch")
    sentences, plane = data.get("sentences", []), data.get("plane", [])
    if model is None:
        raise UserError(f"{where}: model is None; {meant('', MODELS, 'give one of')}")
    if not isinstance(model, str) or model not in MODELS:
        raise UserError(f"{where}: model is {model!r:.60}; {meant(str(model), MODELS, 'give one of')}")
    expect(is_texts(sentences), f"{where}: sentences", sentences, "a list of texts")
    expect(isinstance(watch, str | None), f"{where}: watch", watch, "a word")
    shown: Any = data.get("shown")
    expect(isinstance(shown, str | None), f"{where}: shown", shown, "a lesson or head, such as 0.head.1")
    two = is_texts(plane) and len(plane) in (0, 2)
    expect(two, f"{where}: plane", plane, "the names of two dimensions")
    letters = data.get("letters", False)
    expect(is_flag(letters), f"{where}: letters", letters, "true or false")
    table = word_table(data, where, folder)
    listed = table_in(data, "weights", where)
    weights = weights_of({k: v for k, v in listed.items() if not (fresh and k == "file")}, where, folder)
    learned = weights.pop("embeddings", None)
    if learned is not None:
        table = learned_table(table, learned, where)
    _check_width(sizes, plane, table, where)
    switches = table_in(data, "switches", where)
    return Template(
        name=name,
        model=model,
        title=texts(data.get("title", {}), f"{where}: title"),
        task=texts(data.get("task", {}), f"{where}: task"),
        notes={k: texts(v, f"{where}: notes.{k}") for k, v in table_in(data, "notes", where).items()},
        sentences=tuple(sentences),
        watch=watch,
        shown=shown,
        plane=tuple(plane),
        slots=slot_numbers(data.get("slots", 2), f"{where}: slots"),
        spare_rows=whole_number(data.get("spare_rows", 5), f"{where}: spare_rows"),
        seed=whole_number(data.get("seed", 0), f"{where}: seed"),
        table=table,
        switches=check_switches(switches, where),
        turned=tuple(switches),
        sizes=_sizes(sizes, where, folder, fresh),
        weights=weights,
        experiments=experiments_of(data.get("experiments", []), where),
        trained=learned is not None,
        cut=Cutting(letters=bool(letters)),
        glosses=glosses(table_in(data, "glosses", where), language, where),
    )


def _sizes(table: Mapping[str, Any], where: str, folder: Path, fresh: bool) -> dict[str, Any]:
    """What a model is asked for; figures measured of learned weights may stand in a file beside the template, and
    are left out where it is to begin `fresh`."""
    sizes = {key: size for key, size in table.items() if key != "d_model"}
    if fresh:
        sizes.pop(MEASURED, None)
    elif isinstance(file := sizes.get(MEASURED), str):
        from xltransformer.bounds import read_text

        sizes[MEASURED] = read_toml(read_text(beside(file, f"{where}: {MEASURED}", folder)), file)
    return sizes


def _check_width(sizes: Mapping[str, Any], plane: Iterable[str], table: WordTable, where: str) -> None:
    """Raise UserError for a plane of dimensions, or a width of embeddings, that the words do not have."""
    for name in plane:
        if name not in table.dimensions:
            raise UserError(f"{where}: plane has no dimension {name!r}; {meant(name, table.dimensions)}")
    width, has = sizes.get("d_model"), len(table.dimensions)
    if width not in (None, has):
        raise UserError(f"{where}: sizes.d_model is {width!r:.40}, but the words come with {has} numbers each")


def slot_numbers(value: Any, where: str) -> int | tuple[int, ...]:
    """A number of empty slots, or a list with one for each sentence; else UserError."""
    if not isinstance(value, list | tuple):
        return whole_number(value, where)
    if not value:
        raise UserError(f"{where} is an empty list; give a whole number, or one for each sentence")
    return tuple(whole_number(one, where) for one in value)


def _chosen(value: Any, where: str) -> float:
    """How the next word is chosen: 1 for by chance, 0 for the most likely; else UserError."""
    words = choice_words()
    key = word_key(value) if isinstance(value, str) else ""
    by_chance = key in {word_key(word) for word in words.on}
    fits = by_chance or key in {word_key(word) for word in words.off}
    expect(fits, where, value, '"likely" or "chance"')
    return float(by_chance)


def check_switches(table: Mapping[str, Any], where: str) -> dict[str, float]:
    """Every switch, as `table` sets it or else by default; UserError for one that cannot be."""
    check_keys(table, SWITCHES, where, "switch")
    switches = {**SWITCHES, **table}
    for key, usual in SWITCHES.items():
        fits = not isinstance(usual, bool) or is_flag(switches[key])
        expect(fits, f"{where}: switches.{key}", switches[key], "true or false")
    temperature = number(switches["temperature"], f"{where}: switches.temperature")
    expect(temperature > 0, f"{where}: switches.temperature", temperature, "a number above 0")
    for key, (low, high) in _BETWEEN.items():
        value = number(switches[key], f"{where}: switches.{key}")
        fits = low <= value <= high and (key == "top_p" or value == int(value))
        kind = "number" if key == "top_p" else "whole number"
        expect(fits, f"{where}: switches.{key}", switches[key], f"a {kind} from {low} to {high}")
    switches["choose"] = _chosen(switches["choose"], f"{where}: switches.choose")
    return {key: float(value) for key, value in switches.items()}
