"""Templates: what to build, in TOML.

A template names a model and gives its sentences, vocabulary, switches, sizes and weights. The
ones that ship lie in `templates/`; a user copies one, edits it and builds from the file. This
module reads and checks them; every mistake becomes a UserError that names the file and the place.
"""

from __future__ import annotations

import io
import math
import os
import re
import tomllib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import xltransformer
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.locale import ENGLISH
from xltransformer.models import MODELS
from xltransformer.record import record
from xltransformer.text import MOST_TEXT, clean, nearest, pseudo_random, without_forbidden, word_key

DEFAULT_TEMPLATE = "cat-and-mouse"

_KEYS = {
    "model", "title", "notes", "sentences", "watch", "plane", "slots", "spare_rows", "seed",
    "dimensions", "words", "embeddings", "switches", "sizes", "weights", "experiments", "languages",
}  # fmt: skip
_SPOKEN = {"sentences", "watch", "plane", "dimensions", "words"}
"""What a template may say in each of several languages, under `languages.en` and so on."""
_SWITCHES: dict[str, bool | float] = {"scaling": True, "temperature": 1.0, "causal": False, "momentum": False}

_DEEP_KEY = re.compile(r"(?:\.[^\s.,\]=]{0,60}){64}")

MOST_TABLE_COLUMNS = 50_000
MOST_WIDTH = 4096
"""The widest embedding that is drawn."""

T = TypeVar("T")
Texts = Mapping[str, str]
"""One text in several languages: {"en": …, "zh": …}."""


def in_language(texts: Texts, language: str) -> str:
    """A text in a language, or else in English, or else in the first that it has; empty where it has none."""
    return _said(texts, language, "")


def _said(told: Mapping[str, T], language: str, none: T) -> T:
    return told.get(language) or told.get(ENGLISH) or next(iter(told.values()), none)


@record
class WordTable:
    """A vocabulary: the names of the d dimensions, and for each word its d numbers, which may be
    `drawn` from the seed."""

    dimensions: tuple[str, ...]
    words: Mapping[str, tuple[float, ...]]
    drawn: bool = False


@record
class Experiment:
    """Something to try on the first sheet: the cell to edit (an input block, a row and a column by
    label, or by number from 1), what to type there (a word, a number, or whether a switch is on; `above`
    or `below` where any such number will do), and what to say before and after."""

    block: str
    row: str | int | None
    column: str | int | None
    to: Texts | float | bool | None
    above: float | None
    below: float | None
    do: Texts
    then: Texts

    def target(self, language: str) -> str | float | bool:
        """What is typed, in a workbook of that language."""
        if isinstance(self.to, Mapping):
            return in_language(self.to, language)
        if self.to is not None:
            return self.to
        if self.above is not None:
            return self.above + 1
        below = self.below or 0.0
        return below / 2 if below > 0 else below - 1


@record
class Template:
    """A template as read and checked. `weights` holds arrays by the block's full name; with `trained`
    these, and the embeddings, were learned."""

    name: str
    model: str
    title: Texts
    notes: Mapping[str, Texts]
    sentences: tuple[str, ...]
    watch: str | None
    plane: tuple[str, ...]
    slots: int | tuple[int, ...]
    spare_rows: int
    seed: int
    table: WordTable
    switches: Mapping[str, float]
    sizes: Mapping[str, Any]
    weights: Mapping[str, Array]
    experiments: tuple[Experiment, ...] = ()
    trained: bool = False

    def untrained(self) -> Template:
        """The same with weights and embeddings drawn from its seed."""
        if not self.trained:
            return self
        width = len(self.table.dimensions)
        table = draw_words(self.table.words, width, self.seed, f"template {self.name}: sizes.d_model")
        return replace(self, table=table, weights={}, trained=False)

    def with_embeddings(self, path: Path) -> tuple[Template, str | None]:
        """The same with the vocabulary of a .csv or .xlsx file, and a warning where the template's
        weights, made for other dimensions, had to be dropped."""
        table = read_word_table(path)
        template = replace(self, table=table)
        if table.dimensions == self.table.dimensions or not (self.weights or self.sizes):
            return template, None
        kept = {key: value for key, value in self.sizes.items() if not key.endswith("_labels")}
        warning = (
            f"{path.name} has other dimensions ({', '.join(table.dimensions)}) than the template {self.name} "
            f"({', '.join(self.table.dimensions)}): its weights do not apply and are drawn from seed {self.seed}"
        )
        return replace(template, weights={}, sizes=kept), warning


def shipped_templates() -> list[str]:
    """The names of the templates that ship with the tool, the default first."""
    names = sorted(path.stem for path in template_folder().glob("*.toml"))
    return sorted(names, key=lambda name: name != DEFAULT_TEMPLATE)


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
    path = Path(text)
    if path.suffix != ".toml" and not os.path.isfile(path):
        near = nearest(text, shipped_templates())
        hint = f" Did you mean {near}?" if near else ""
        raise UserError(
            f"no template {text!r:.60}: give one of {', '.join(shipped_templates())}, or a .toml file.{hint}"
        )
    return _parse(path.stem, read_text(path), path.parent, language, fresh)


def template_folder() -> Path:
    """Where the templates that ship lie: inside the installed package, or beside it in a checkout."""
    package = Path(xltransformer.__file__).parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, else UserError."""
    from xltransformer.bounds import MOST_TEXT_FILE, read_bytes

    try:
        return read_bytes(path, MOST_TEXT_FILE).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None


def _parse(name: str, text: str, folder: Path, language: str, fresh: bool) -> Template:
    where = f"template {name}"
    if _DEEP_KEY.search(text):  # which would take tomllib minutes
        raise UserError(f"{where} is not valid TOML: a key of more than 64 parts; take some away")
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # also a whole number of thousands of digits
        raise UserError(f"{where} is not valid TOML: {error}; correct it there") from None
    except RecursionError:
        raise UserError(f"{where} is not valid TOML: brackets nested too deeply; take some away") from None
    for key in data:
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            hint = f"did you mean {near!r}?" if near else f"known are: {', '.join(sorted(_KEYS))}"
            raise UserError(f"{where}: unknown key {key!r}; {hint}")
    data |= _spoken(_table(data, "languages", where), language, where)
    model = data.get("model")
    if not isinstance(model, str) or model not in MODELS:
        raise UserError(f"{where}: model is {model!r}; give one of {', '.join(MODELS)}")
    sentences = data.get("sentences", [])
    if not isinstance(sentences, list) or not all(isinstance(s, str) for s in sentences):
        raise UserError(f"{where}: sentences is {sentences!r}; give a list of texts")
    if not isinstance(data.get("watch", ""), str):
        raise UserError(f"{where}: watch is {data['watch']!r}; give a word")
    plane = data.get("plane", [])
    if not isinstance(plane, list) or len(plane) not in (0, 2) or not all(isinstance(d, str) for d in plane):
        raise UserError(f"{where}: plane is {plane!r}; give the names of two dimensions")
    table = _word_table(data, where, folder)
    listed = _table(data, "weights", where)
    weights = _weights({k: v for k, v in listed.items() if not (fresh and k == "file")}, where, folder)
    learned = weights.pop("embeddings", None)
    if learned is not None:
        table = _learned_table(table, learned, where)
    return Template(
        name=name,
        model=model,
        title=_texts(data.get("title", {}), f"{where}: title"),
        notes={k: _texts(v, f"{where}: notes.{k}") for k, v in _table(data, "notes", where).items()},
        sentences=tuple(sentences),
        watch=data.get("watch"),
        plane=tuple(plane),
        slots=slot_numbers(data.get("slots", 2), f"{where}: slots"),
        spare_rows=whole_number(data.get("spare_rows", 5), f"{where}: spare_rows"),
        seed=whole_number(data.get("seed", 0), f"{where}: seed"),
        table=table,
        switches=check_switches(_table(data, "switches", where), where),
        sizes={key: size for key, size in _table(data, "sizes", where).items() if key != "d_model"},
        weights=weights,
        experiments=_experiments(data.get("experiments", []), where),
        trained=learned is not None,
    )


def _spoken(tables: Mapping[str, Any], language: str, where: str) -> Mapping[str, Any]:
    """What a template says in a language, or else in English, or else in the first that it has."""
    for code, said in tables.items():
        if not isinstance(said, dict) or not said.keys() <= _SPOKEN:
            raise UserError(
                f"{where}: languages.{code} is {said!r:.60}; give a table of {', '.join(sorted(_SPOKEN))}"
            )
    return _said(tables, language, {})


_EXPERIMENT = {"block", "row", "column", "to", "above", "below", "do", "then"}


def _experiments(value: Any, where: str) -> tuple[Experiment, ...]:
    """The experiments, or UserError for one that does not say what to edit and what to tell."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise UserError(f"{where}: experiments is {value!r:.60}; give tables [[experiments]]")
    return tuple(_experiment(entry, f"{where}: experiment {k}") for k, entry in enumerate(value, start=1))


def _experiment(entry: Mapping[str, Any], where: str) -> Experiment:
    for key in entry:
        if key not in _EXPERIMENT:
            raise UserError(f"{where}: unknown key {key!r}; known are: {', '.join(sorted(_EXPERIMENT))}")
    if not isinstance(entry.get("block"), str):
        raise UserError(f"{where}: block is {entry.get('block')!r}; give the name of a block to edit")
    for side in ("row", "column"):
        if not isinstance(entry.get(side, ""), str | int) or isinstance(entry.get(side), bool):
            raise UserError(f"{where}: {side} is {entry[side]!r}; give a label, or a number from 1")
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


def _table(data: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise UserError(f"{where}: {key} is {value!r}; give a table [{key}]")
    return value


def _texts(value: Any, where: str) -> Texts:
    if isinstance(value, str):
        value = {ENGLISH: value}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise UserError(f"{where} is {value!r:.60}; give a text, or one per language")
    return {language: _fitting(without_forbidden(text), where) for language, text in value.items()}


def _fitting(text: str, where: str) -> str:
    """`text` if a cell can hold it, else UserError."""
    if len(text) > MOST_TEXT:
        raise UserError(
            f"{where}: {text[:40]!r}… has {len(text):,} letters; a cell holds {MOST_TEXT:,}: shorten it"
        )
    return text


def whole_number(value: Any, where: str) -> int:
    """`value` if it is a whole number of at least 0, else UserError."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UserError(f"{where} is {value!r}; give a whole number of at least 0")
    return value


def slot_numbers(value: Any, where: str) -> int | tuple[int, ...]:
    """A number of empty slots, or a list with one for each sentence; else UserError."""
    if not isinstance(value, list | tuple):
        return whole_number(value, where)
    if not value:
        raise UserError(f"{where} is an empty list; give a whole number, or one for each sentence")
    return tuple(whole_number(one, where) for one in value)


def check_switches(table: Mapping[str, Any], where: str) -> dict[str, float]:
    """Every switch, as `table` sets it or else by default; UserError for one that cannot be."""
    for key in table:
        if key not in _SWITCHES:
            raise UserError(f"{where}: unknown switch {key!r}; known are: {', '.join(_SWITCHES)}")
    switches = {**_SWITCHES, **table}
    for key, usual in _SWITCHES.items():
        if isinstance(usual, bool) and not isinstance(switches[key], bool):
            raise UserError(f"{where}: switches.{key} is {switches[key]!r}; give true or false")
    temperature = number(switches["temperature"], f"{where}: switches.temperature")
    if temperature <= 0:
        raise UserError(f"{where}: switches.temperature is {temperature!r}; give a number above 0")
    return {key: float(value) for key, value in switches.items()}


def number(value: Any, where: str) -> float:
    """`value` as a finite number, else UserError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{where} is {value!r}; a number belongs there")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise UserError(f"{where} is {value!r:.40}; give a finite number")
    return result


def _word_table(data: Mapping[str, Any], where: str, folder: Path) -> WordTable:
    if "embeddings" in data:
        if "words" in data or "dimensions" in data:
            raise UserError(f"{where}: give either embeddings (a file) or dimensions and [words], not both")
        if not isinstance(data["embeddings"], str):
            raise UserError(f"{where}: embeddings is {data['embeddings']!r}; give the name of a file beside it")
        return read_word_table(folder / data["embeddings"])
    if isinstance(data.get("words"), list):
        return _drawn_table(data, where)
    dimensions = data.get("dimensions")
    if not isinstance(dimensions, list) or not dimensions or not all(isinstance(d, str) for d in dimensions):
        raise UserError(f"{where}: dimensions is {dimensions!r}; give a list of names")
    rows = _table(data, "words", where).items()
    for word, values in rows:
        if not isinstance(values, list):
            raise UserError(f"{where}: embedding of {word!r} is {values!r}; give a list of numbers")
    return _checked_table(dimensions, rows, where)


def _checked_table(dimensions: Iterable[str], rows: Iterable[tuple[str, list[Any]]], where: str) -> WordTable:
    """The word table, or UserError for a missing, duplicate or misshapen entry."""
    names = tuple(_fitting(clean(str(d)).strip(), f"{where}: a dimension") for d in dimensions)
    taken: set[str] = set()
    for i, dimension in enumerate(names, start=1):
        if not dimension or dimension in taken:
            raise UserError(f"{where}: dimension {i} is named {dimension!r}; give each a name of its own")
        taken.add(dimension)
    words: dict[str, tuple[float, ...]] = {}
    seen: dict[str, str] = {}
    for k, (word, values) in enumerate(rows, start=1):
        word = _fitting(" ".join(clean(word).split()), f"{where}: word {k}")
        if not word:
            raise UserError(f"{where}: word {k} is empty; give each row of numbers its word")
        if word_key(word) in seen:
            twice = f"the word {word!r} stands there twice (as {seen[word_key(word)]!r} before)"
            raise UserError(f"{where}: {twice}; keep one")
        if len(values) != len(names):
            raise UserError(f"{where}: embedding of {word!r} has {len(values)} numbers, expected {len(names)}")
        words[word] = tuple(
            number(v, f"{where}: embedding of {word!r}, {d}") for d, v in zip(names, values, strict=True)
        )
        seen[word_key(word)] = word
    if not words:
        raise UserError(f"{where}: no word in the vocabulary; give at least one")
    return WordTable(names, words)


def _drawn_table(data: Mapping[str, Any], where: str) -> WordTable:
    """A list of words without numbers: embeddings of width sizes.d_model, drawn from the seed."""
    words = data["words"]
    if "dimensions" in data or not all(isinstance(word, str) for word in words):
        raise UserError(
            f"{where}: words is a list; give texts, and no dimensions, or a table [words] with numbers"
        )
    width = _table(data, "sizes", where).get("d_model", 8)
    return draw_words(words, width, data.get("seed", 0), f"{where}: sizes.d_model")


def _learned_table(table: WordTable, embeddings: Array, where: str) -> WordTable:
    """The words with the embeddings that came with the weights, a row for each in the same order."""
    rows, width = embeddings.shape
    if rows != len(table.words):
        raise UserError(
            f"{where}: weights.embeddings has {rows} rows for {len(table.words)} words; give as many words as rows"
        )
    dimensions = table.dimensions if len(table.dimensions) == width else [f"d{i}" for i in range(1, width + 1)]
    return WordTable(tuple(dimensions), dict(zip(table.words, map(tuple, embeddings.tolist()), strict=True)))


def draw_words(words: Iterable[str], width: Any, seed: Any, where: str) -> WordTable:
    """Words with `width` numbers each, drawn from the seed; UserError for a width that cannot be."""
    if whole_number(width, where) == 0 or width > MOST_WIDTH:
        raise UserError(f"{where} is {width!r}; give a whole number from 1 to {MOST_WIDTH}")
    rows = [(word, pseudo_random(f"{seed}:embedding:{word}", (1, width))[0].tolist()) for word in words]
    return replace(_checked_table([f"d{i}" for i in range(1, width + 1)], rows, where), drawn=True)


def _cell_number(text: Any) -> Any:
    """A number where a CSV cell spells one, else the cell as it is."""
    if isinstance(text, str):
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _csv_rows(path: Path) -> list[list[Any]]:
    import csv

    text = read_text(path).lstrip("\r\n")
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [[cell.strip() for cell in row] for row in reader if any(row)]
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: {error}; correct it there") from None


def _xlsx_rows(path: Path) -> list[list[Any]]:
    import openpyxl

    from xltransformer.bounds import Package

    with Package(path) as package:
        package.check_table()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            sheet = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
            book.close()
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        raise UserError(
            f"{path} is no .xlsx workbook, or damaged ({error!s:.120}); save it as .xlsx again"
        ) from None
    rows = []
    for cells in sheet:
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            rows.append(["" if cell is None else cell for cell in cells])
    return rows


def read_word_table(path: Path) -> WordTable:
    """A vocabulary from a .csv or .xlsx file: a header row, then a word and its numbers in each row.

    Raises UserError for a file that cannot be read, and for unequal lengths, duplicate words, or
    anything but finite numbers.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise UserError(f"embeddings file {path} is no .csv or .xlsx file; save it as one")
    rows = _csv_rows(path) if suffix == ".csv" else _xlsx_rows(path)
    if not rows or len(rows[0]) < 2:
        raise UserError(f"{path}: expected a header row (word, then one column per dimension), then the words")
    if len(rows[0]) > MOST_TABLE_COLUMNS:
        raise UserError(f"{path} has {len(rows[0]):,} columns, far beyond a sheet; use fewer dimensions")
    header, body = rows[0], rows[1:]
    if all(isinstance(_cell_number(cell), float | int) for cell in header[1:]):
        header, body = ["word", *(f"d{i}" for i in range(1, len(header)))], rows
    table = [(str(row[0]), [_cell_number(cell) for cell in row[1:]]) for row in body]
    return _checked_table([str(cell) for cell in header[1:]], table, path.name)


def _weights(tables: Mapping[str, Any], where: str, folder: Path) -> dict[str, Array]:
    """Weights by block name: given inline, or as the name of a .npz or .csv file beside the template.

    `weights.file = "all.npz"` gives many at once, under their block names.
    """
    weights: dict[str, Array] = {}

    def add(name: str, value: Any) -> None:
        place = f"{where}: weights.{name}"
        if isinstance(value, dict):
            for key, inner in value.items():
                add(f"{name}.{key}", inner)
        elif isinstance(value, str):
            weights[name] = _weight_file(value, name, place, folder)
        else:
            weights[name] = matrix(value, place)

    for name, value in tables.items():
        if name == "file":
            from xltransformer.weights.files import ABOUT, RUN, read_npz

            for block, array in read_npz(_beside(value, f"{where}: weights.file", folder)).items():
                if block not in (ABOUT, RUN):  # what is told of them
                    weights[block] = _checked_matrix(array, f"{value}: {block}")
        else:
            add(name, value)
    return weights


def _beside(value: Any, where: str, folder: Path) -> Path:
    if not isinstance(value, str):
        raise UserError(f"{where} is {value!r}; give the name of a file beside the template")
    shipped = template_folder() / value  # for a copy of a template that ships, whose weights stay where they are
    return shipped if shipped.is_file() and not (folder / value).exists() else folder / value


def _weight_file(value: str, name: str, where: str, folder: Path) -> Array:
    path = _beside(value, where, folder)
    if path.suffix == ".csv":
        return matrix([[_cell_number(cell) for cell in row] for row in _csv_rows(path)], where)
    if path.suffix != ".npz":
        raise UserError(f"{where} is {value!r}; give numbers, or a .npz or .csv file beside the template")
    from xltransformer.weights.files import read_npz

    arrays = read_npz(path)
    for key in (name, name.rpartition(".")[2]):
        if key in arrays:
            return matrix(arrays[key].tolist(), where)
    raise UserError(f"{where}: {value} has no array {name!r}; it has: {', '.join(arrays) or 'none'}")


def _checked_matrix(array: Array, where: str) -> Array:
    """An array as a matrix of finite numbers, else UserError."""
    if array.ndim == 2 and array.size and array.dtype.kind in "fiu" and np.isfinite(array).all():
        return array.astype(float)
    return matrix(array.tolist(), where)


def matrix(value: Any, where: str) -> Array:
    """A list of equally long lists of finite numbers as an array, else UserError."""
    if not isinstance(value, list) or not value or not all(isinstance(row, list) and row for row in value):
        raise UserError(f"{where} is {value!r:.60}; give a list of rows of numbers")
    for i, row in enumerate(value):
        if len(row) != len(value[0]):
            counts = f"row {i + 1} has {len(row)} numbers, row 1 has {len(value[0])}"
            raise UserError(f"{where}: {counts}; give each row as many")
    return np.array(
        [
            [number(v, f"{where}, row {i}, column {j}") for j, v in enumerate(row, 1)]
            for i, row in enumerate(value, 1)
        ]
    )
