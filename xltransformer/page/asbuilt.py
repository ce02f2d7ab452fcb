"""The inputs of a workbook as they were built, which a sheet out of sight keeps: by them its cells were placed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from xltransformer.building.instance import model_from
from xltransformer.engines.grid import CellValue
from xltransformer.graph import Array, Matrix
from xltransformer.locale import Messages
from xltransformer.workbook import built, described, kept
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook

_WHOLE = 1e-6
"""How far a column that follows from sums may lie from a whole number."""


def as_built(book: ReadBook, now: Mapping[str, Array], messages: Messages) -> dict[str, Array]:
    """The inputs of a workbook as it was built, given what they are `now`. Of a large one, of which sums are kept,
    that is known where one cell of a row was changed; what is not kept stays as it is."""
    inputs = dict(now)
    for name, (place, whole) in _places(book, messages).items():
        block = book.model.blocks.get(name)
        if block is None or name not in inputs or block.shape[0] != place.shape[0]:
            continue  # rows were inserted into the word list
        if whole:
            inputs[name] = _held(book, block, place)
        else:
            inputs[name] = undone(inputs[name].astype(float), book.numbers(_sums(place)))
    return inputs


def _places(book: ReadBook, messages: Messages) -> dict[str, tuple[Place, bool]]:
    """Where each input is kept, and whether it is whole."""
    if (within := book.named(built.BUILT)) is not None:
        blocks = book.model.inputs
        return {m.name: (place, built.is_whole(m)) for m, place in built.places_of(blocks, within).items()}
    sheet = messages("sheet.kept")
    if sheet not in book.content:
        return {}
    told = next(iter(described.from_cells({sheet: book.content[sheet]}).values()), "")
    model = model_from(described.parse(told)) if told else book.model  # which may have had fewer words
    return {m.name: (place, kept.is_whole(m)) for m, place in kept.places_of(model, sheet).items()}


def _held(book: ReadBook, block: Matrix, place: Place) -> Array:
    """What is kept of a whole block; a formula stands for what the model fills itself."""
    if not block.text:
        return np.nan_to_num(book.numbers(place))
    values = np.full(block.shape, "", dtype=object)
    for i, j in np.ndindex(block.shape):
        values[i, j] = _text(book.holds(place, i, j), made=book.is_formula(place, i, j))
    return values


def _text(value: CellValue | None, *, made: bool) -> str | None:
    if made:
        return None
    return "" if value is None else str(value)


def _sums(place: Place) -> Place:
    """Of each row its sum and its sum weighted by columns."""
    return Place(place.sheet, place.row, place.column, (place.shape[0], 2))


def undone(values: Array, sums: Array) -> Array:
    """Numbers without the edits that follow from the sums of their rows as built: one of a row at most."""
    columns = np.arange(1.0, values.shape[1] + 1)
    more, weighted = values.sum(axis=1) - sums[:, 0], values @ columns - sums[:, 1]
    for row in np.flatnonzero(abs(more) > _WHOLE):
        column = weighted[row] / more[row] - 1
        if abs(column - round(column)) < _WHOLE and 0 <= round(column) < values.shape[1]:
            values[row, round(column)] -= more[row]
    return values
