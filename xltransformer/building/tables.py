"""Words with their numbers, and weights, from a template's own tables and from files beside it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xltransformer.building.template import Template, WordTable, template_folder, without_claims
from xltransformer.checked import expect, fitting, is_texts, number, table_in, whole_number
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.text import clean, pseudo_random, word_key

MOST_TABLE_COLUMNS = 50_000
MOST_WIDTH = 4096
"""The widest embedding that is drawn."""


def word_table(data: Mapping[str, Any], where: str, folder: Path) -> WordTable:
    """The vocabulary that a template gives: a file of it, its own tables, or a list of words."""
    if "embeddings" in data:
        if "words" in data or "dimensions" in data:
            raise UserError(f"{where}: give either embeddings (a file) or dimensions and [words], not both")
        file = data["embeddings"]
        expect(isinstance(file, str), f"{where}: embeddings", file, "the name of a file beside it")
        return read_word_table(folder / file)
    if isinstance(data.get("words"), list):
        return _drawn_table(data, where)
    dimensions: Any = data.get("dimensions")
    if dimensions is None:
        raise UserError(f"{where}: dimensions is missing: give a list of names, or words as a list")
    expect(is_texts(dimensions) and bool(dimensions), f"{where}: dimensions", dimensions, "a list of names")
    rows = table_in(data, "words", where).items()
    for word, values in rows:
        expect(isinstance(values, list), f"{where}: embedding of {word!r}", values, "a list of numbers")
    return _checked_table(dimensions, rows, where)


def _checked_table(dimensions: Iterable[str], rows: Iterable[tuple[str, list[Any]]], where: str) -> WordTable:
    """The word table, or UserError for a missing, duplicate or misshapen entry."""
    names = tuple(fitting(clean(str(d)).strip(), f"{where}: a dimension") for d in dimensions)
    taken: set[str] = set()
    for i, dimension in enumerate(names, start=1):
        if not dimension or dimension in taken:
            raise UserError(f"{where}: dimension {i} is named {dimension!r}; give each a name of its own")
        taken.add(dimension)
    words: dict[str, tuple[float, ...]] = {}
    seen: dict[str, str] = {}
    for k, (word, values) in enumerate(rows, start=1):
        word = fitting(" ".join(clean(word).split()), f"{where}: word {k}")
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
    if "dimensions" in data or not is_texts(words):
        raise UserError(
            f"{where}: words is a list; give texts, and no dimensions, or a table [words] with numbers"
        )
    width = table_in(data, "sizes", where).get("d_model", 8)
    return draw_words(words, width, data.get("seed", 0), f"{where}: sizes.d_model")


def learned_table(table: WordTable, embeddings: Array, where: str) -> WordTable:
    """The words with the embeddings that came with the weights, a row for each in the same order."""
    if len(embeddings) != len(table.words):
        counts = f"{len(embeddings)} rows for {len(table.words)} words"
        raise UserError(f"{where}: weights.embeddings has {counts}; give as many words as rows")
    return rows_of(embeddings, table.words, table.dimensions)


def rows_of(embeddings: Array, words: Iterable[str], dimensions: tuple[str, ...]) -> WordTable:
    """Words with a row of numbers each; the dimensions keep their names where there are as many."""
    names = dimensions if len(dimensions) == embeddings.shape[1] else _numbered(embeddings.shape[1])
    return WordTable(names, dict(zip(words, map(tuple, embeddings.tolist()), strict=True)))


def _numbered(width: int) -> tuple[str, ...]:
    """Names for so many dimensions that have none."""
    return tuple(f"d{i}" for i in range(1, width + 1))


def draw_words(words: Iterable[str], width: Any, seed: Any, where: str) -> WordTable:
    """Words with `width` numbers each, drawn from the seed; UserError for a width that cannot be."""
    fits = 0 < whole_number(width, where) <= MOST_WIDTH
    expect(fits, where, width, f"a whole number from 1 to {MOST_WIDTH}")
    rows = [(word, pseudo_random(f"{seed}:embedding:{word}", (1, width))[0].tolist()) for word in words]
    return replace(_checked_table(_numbered(width), rows, where), drawn=True)


def _cell_number(text: Any) -> Any:
    """A number where a CSV cell spells one, else the cell as it is."""
    try:
        return float(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _csv_rows(path: Path) -> list[list[Any]]:
    import csv

    from xltransformer.bounds import read_text

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
        header, body = ["word", *_numbered(len(header) - 1)], rows
    table = [(str(row[0]), [_cell_number(cell) for cell in row[1:]]) for row in body]
    return _checked_table([str(cell) for cell in header[1:]], table, path.name)


def weights_of(tables: Mapping[str, Any], where: str, folder: Path, within: str = "") -> dict[str, Array]:
    """Weights by block name: given inline, or as the name of a .npz or .csv file beside the template.

    `weights.file = "all.npz"` gives many at once, under their block names. `within`: how these names begin.
    """
    weights: dict[str, Array] = {}
    for key, value in tables.items():
        name, place = within + key, f"{where}: weights.{within}{key}"
        if name == "file":
            from xltransformer.weights import ABOUT, RUN, read_npz

            for block, array in read_npz(beside(value, place, folder)).items():
                if block not in (ABOUT, RUN):  # what is told of them
                    weights[block] = _checked_matrix(array, f"{value}: {block}")
        elif isinstance(value, dict):
            weights |= weights_of(value, where, folder, f"{name}.")
        elif isinstance(value, str):
            weights[name] = _weight_file(value, name, place, folder)
        else:
            weights[name] = matrix(value, place)
    return weights


def beside(value: str, where: str, folder: Path) -> Path:
    """A file beside the template, or, for a copy of one that ships, where that one's files stay."""
    expect(isinstance(value, str), where, value, "the name of a file beside the template")
    own, shipped = folder / value, template_folder() / value
    return shipped if shipped.is_file() and not own.exists() else own


def _weight_file(value: str, name: str, where: str, folder: Path) -> Array:
    path = beside(value, where, folder)
    if path.suffix == ".csv":
        return matrix([[_cell_number(cell) for cell in row] for row in _csv_rows(path)], where)
    expect(path.suffix == ".npz", where, value, "numbers, or a .npz or .csv file beside the template")
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
    fits = isinstance(value, list) and value and all(isinstance(row, list) and row for row in value)
    expect(bool(fits), where, value, "a list of rows of numbers", ".60")
    rows = []
    for i, row in enumerate(value, start=1):
        if len(row) != len(value[0]):
            counts = f"row {i} has {len(row)} numbers, row 1 has {len(value[0])}"
            raise UserError(f"{where}: {counts}; give each row as many")
        rows.append([number(v, f"{where}, row {i}, column {j}") for j, v in enumerate(row, start=1)])
    return np.array(rows)


def untrained(template: Template) -> Template:
    """The template with weights and embeddings drawn from its seed, and without what it says of learned ones."""
    if not template.trained:
        return template
    width = len(template.table.dimensions)
    table = draw_words(template.table.words, width, template.seed, f"template {template.name}: sizes.d_model")
    return replace(without_claims(template), table=table, weights={}, trained=False)


def with_embeddings(template: Template, path: Path) -> tuple[Template, list[str]]:
    """The template with the vocabulary of a .csv or .xlsx file, and a warning where the template's
    weights, made for other dimensions, had to be dropped."""
    old, table = template.table, read_word_table(path)
    template = replace(template, table=table)
    if table.dimensions == old.dimensions or not (template.weights or template.sizes):
        return template, []
    template = without_claims(template)
    kept = {key: value for key, value in template.sizes.items() if not key.endswith("_labels")}
    warning = (
        f"{path.name} has other dimensions ({', '.join(table.dimensions)}) than the template {template.name} "
        f"({', '.join(old.dimensions)}): its weights do not apply and are drawn from seed {template.seed}"
    )
    return replace(template, weights={}, sizes=kept, trained=False), [warning]
