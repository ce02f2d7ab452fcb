"""Templates: what to build, in TOML.

A template names a model and gives its sentences, vocabulary, switches, sizes and weights. The
ones that ship lie in `templates/`; a user copies one, edits it and builds from the file. This
module reads and checks them; every mistake becomes a UserError that names the file and the place.
"""

from __future__ import annotations

import csv
import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.models import MODELS
from xltransformer.text import clean, word_key

DEFAULT_TEMPLATE = "cat-and-mouse"

_KEYS = {
    "model", "title", "notes", "sentences", "watch", "plane", "slots", "spare_rows", "seed",
    "dimensions", "words", "embeddings", "switches", "sizes", "weights",
}  # fmt: skip
_SWITCHES: dict[str, bool | float] = {"scaling": True, "temperature": 1.0, "causal": False}

Texts = Mapping[str, str]
"""One text in several languages: {"en": …, "zh": …}."""


@dataclass(frozen=True)
class WordTable:
    """A vocabulary: the names of the d dimensions, and for each word its d numbers."""

    dimensions: tuple[str, ...]
    words: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Template:
    """A template as read and checked. `weights` holds arrays by the block's full name."""

    name: str
    model: str
    title: Texts
    notes: Mapping[str, Texts]
    sentences: tuple[str, ...]
    watch: str | None
    plane: tuple[str, ...]
    slots: int
    spare_rows: int
    seed: int
    table: WordTable
    switches: Mapping[str, float]
    sizes: Mapping[str, Any]
    weights: Mapping[str, Array]

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
    names = sorted(p.name.removesuffix(".toml") for p in _folder().iterdir() if p.name.endswith(".toml"))
    return sorted(names, key=lambda name: name != DEFAULT_TEMPLATE)


def load_template(name_or_path: str | Path = DEFAULT_TEMPLATE) -> Template:
    """The template that ships under a name, or the one in a .toml file.

    Raises UserError where there is none, or where it says something that cannot be.
    """
    text = str(name_or_path)
    if text in shipped_templates():
        return _parse(text, _folder().joinpath(f"{text}.toml").read_text("utf-8"), None)
    path = Path(text)
    if path.suffix != ".toml" and not path.is_file():
        near = difflib.get_close_matches(text, shipped_templates(), 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UserError(
            f"no template {text!r}: give one of {', '.join(shipped_templates())}, or a .toml file.{hint}"
        )
    return _parse(path.stem, _read_text(path), path.parent)


def _folder() -> Any:
    return files("xltransformer") / "templates"


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None


def _parse(name: str, text: str, folder: Path | None) -> Template:
    where = f"template {name}"
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{where} is not valid TOML: {error}") from None
    for key in data:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(sorted(_KEYS))}"
            raise UserError(f"{where}: unknown key {key!r}; {hint}")
    model = data.get("model")
    if model not in MODELS:
        raise UserError(f"{where}: model is {model!r}; give one of {', '.join(MODELS)}")
    sentences = data.get("sentences", [])
    if not isinstance(sentences, list) or not all(isinstance(s, str) for s in sentences):
        raise UserError(f"{where}: sentences is {sentences!r}; give a list of texts")
    if not isinstance(data.get("watch", ""), str):
        raise UserError(f"{where}: watch is {data['watch']!r}; give a word")
    plane = data.get("plane", [])
    if not isinstance(plane, list) or len(plane) not in (0, 2) or not all(isinstance(d, str) for d in plane):
        raise UserError(f"{where}: plane is {plane!r}; give the names of two dimensions")
    return Template(
        name=name,
        model=model,
        title=_texts(data.get("title", {}), f"{where}: title"),
        notes={k: _texts(v, f"{where}: notes.{k}") for k, v in _table(data, "notes", where).items()},
        sentences=tuple(sentences),
        watch=data.get("watch"),
        plane=tuple(plane),
        slots=whole_number(data.get("slots", 2), f"{where}: slots"),
        spare_rows=whole_number(data.get("spare_rows", 5), f"{where}: spare_rows"),
        seed=whole_number(data.get("seed", 0), f"{where}: seed"),
        table=_word_table(data, where, folder),
        switches=_switches(_table(data, "switches", where), where),
        sizes=_table(data, "sizes", where),
        weights=_weights(_table(data, "weights", where), where, folder),
    )


def _table(data: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise UserError(f"{where}: {key} is {value!r}; give a table [{key}]")
    return value


def _texts(value: Any, where: str) -> Texts:
    if isinstance(value, str):
        return {"en": value}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise UserError(f"{where} is {value!r}; give a text, or one per language")
    return value


def whole_number(value: Any, where: str) -> int:
    """`value` if it is a whole number of at least 0, else UserError."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UserError(f"{where} is {value!r}; give a whole number of at least 0")
    return value


def _switches(table: Mapping[str, Any], where: str) -> dict[str, float]:
    for key in table:
        if key not in _SWITCHES:
            raise UserError(f"{where}: unknown switch {key!r}; known are: {', '.join(_SWITCHES)}")
    switches = {**_SWITCHES, **table}
    for key in ("scaling", "causal"):
        if not isinstance(switches[key], bool):
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
        raise UserError(f"{where} is {result!r}; give a finite number")
    return result


def _word_table(data: Mapping[str, Any], where: str, folder: Path | None) -> WordTable:
    if "embeddings" in data:
        if "words" in data or "dimensions" in data:
            raise UserError(f"{where}: give either embeddings (a file) or dimensions and [words], not both")
        if folder is None or not isinstance(data["embeddings"], str):
            raise UserError(f"{where}: embeddings is {data['embeddings']!r}; give the name of a file beside it")
        return read_word_table(folder / data["embeddings"])
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
    names = tuple(clean(str(d)).strip() for d in dimensions)
    for i, dimension in enumerate(names):
        if not dimension or dimension in names[:i]:
            raise UserError(f"{where}: dimension {i + 1} is named {dimension!r}; give each a name of its own")
    words: dict[str, tuple[float, ...]] = {}
    seen: dict[str, str] = {}
    for word, values in rows:
        word = " ".join(clean(word).split())
        if not word:
            raise UserError(f"{where}: a row has no word")
        if word_key(word) in seen:
            raise UserError(f"{where}: the word {word!r} stands there twice (as {seen[word_key(word)]!r} before)")
        if len(values) != len(names):
            raise UserError(f"{where}: embedding of {word!r} has {len(values)} numbers, expected {len(names)}")
        words[word] = tuple(
            number(v, f"{where}: embedding of {word!r}, {d}") for d, v in zip(names, values, strict=True)
        )
        seen[word_key(word)] = word
    if not words:
        raise UserError(f"{where}: no word in the vocabulary; give at least one")
    return WordTable(names, words)


def _cell_number(text: Any) -> Any:
    """A number where a CSV cell spells one, else the cell as it is."""
    if isinstance(text, str):
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _csv_rows(path: Path) -> list[list[Any]]:
    lines = _read_text(path).splitlines()
    delimiter = max(",;\t", key=(lines[0] if lines else "").count)
    return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter) if any(row)]


def _xlsx_rows(path: Path) -> list[list[Any]]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (InvalidFileException, BadZipFile, KeyError, ValueError) as error:
        raise UserError(f"{path} is no .xlsx workbook ({error})") from None
    rows = []
    for row in book.worksheets[0].iter_rows(values_only=True):
        cells = list(row)
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            rows.append(["" if cell is None else cell for cell in cells])
    book.close()
    return rows


def read_word_table(path: Path) -> WordTable:
    """A vocabulary from a .csv or .xlsx file: a header row, then a word and its numbers in each row.

    Raises UserError for a file that cannot be read, and for unequal lengths, duplicate words, or
    anything but finite numbers.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".xlsx"):
        raise UserError(f"embeddings file {path} is no .csv or .xlsx file")
    rows = _csv_rows(path) if suffix == ".csv" else _xlsx_rows(path)
    if not rows or len(rows[0]) < 2:
        raise UserError(f"{path}: expected a header row (word, then one column per dimension), then the words")
    header, body = rows[0], rows[1:]
    if all(isinstance(_cell_number(cell), float | int) for cell in header[1:]):
        header, body = ["word", *(f"d{i}" for i in range(1, len(header)))], rows
    table = [(str(row[0]), [_cell_number(cell) for cell in row[1:]]) for row in body]
    return _checked_table([str(cell) for cell in header[1:]], table, path.name)


def _weights(tables: Mapping[str, Any], where: str, folder: Path | None) -> dict[str, Array]:
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
            for block, array in _npz(_beside(value, f"{where}: weights.file", folder)).items():
                weights[block] = matrix(array.tolist(), f"{value}: {block}")
        else:
            add(name, value)
    return weights


def _beside(value: Any, where: str, folder: Path | None) -> Path:
    if not isinstance(value, str) or folder is None:
        raise UserError(f"{where} is {value!r}; give the name of a file beside the template")
    return folder / value


def _npz(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in arrays.files}
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, BadZipFile, AttributeError, EOFError) as error:
        raise UserError(f"{path} is no .npz file of plain numbers ({error})") from None


def _weight_file(value: str, name: str, where: str, folder: Path | None) -> Array:
    path = _beside(value, where, folder)
    if path.suffix == ".csv":
        return matrix([[_cell_number(cell) for cell in row] for row in _csv_rows(path)], where)
    if path.suffix != ".npz":
        raise UserError(f"{where} is {value!r}; give numbers, or a .npz or .csv file beside the template")
    arrays = _npz(path)
    for key in (name, name.rpartition(".")[2]):
        if key in arrays:
            return matrix(arrays[key].tolist(), where)
    raise UserError(f"{where}: {value} has no array {name!r}; it has: {', '.join(arrays) or 'none'}")


def matrix(value: Any, where: str) -> Array:
    """A list of equally long lists of finite numbers as an array, else UserError."""
    if not isinstance(value, list) or not value or not all(isinstance(row, list) and row for row in value):
        raise UserError(f"{where} is {value!r:.60}; give a list of rows of numbers")
    for i, row in enumerate(value):
        if len(row) != len(value[0]):
            raise UserError(f"{where}: row {i + 1} has {len(row)} numbers, row 1 has {len(value[0])}")
    return np.array(
        [
            [number(v, f"{where}, row {i}, column {j}") for j, v in enumerate(row, 1)]
            for i, row in enumerate(value, 1)
        ]
    )
