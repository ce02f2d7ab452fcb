"""The colours that go with the kind of number, and nothing where a slot is empty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.workbook.canvas import cell_range
from xltransformer.workbook.page import Page
from xltransformer.workbook.places import Place, column_letters
from xltransformer.workbook.styles import EMPTY, FADED, share_scale, signed_scale


def colour(page: Page, block: Matrix, place: Place, *, labelled: bool) -> None:
    """Nothing where a slot is empty, and the colours that go with the kind of number."""
    book, conditions = page.book, page.sheet.conditions
    where = cell_range(place.row, place.column, block.shape)
    if labelled and not (book.notation.weights_apart and block.role == "parameter"):
        blank_slots(page, block, place, place.column - 1)
    if block in book.exercise.blocks or not block.computed:
        return
    if block.scale == "gate":
        conditions.append((where, {"type": "cell", "criteria": "==", "value": 0, "format": FADED}))
    elif block.scale == "masked":
        conditions.append((where, {"type": "cell", "criteria": "<", "value": -1e29, "format": FADED}))
    elif block.scale == "probability" or (block.scale == "signed" and block.size > 1):
        _colour_by_size(page, block, place, labelled=labelled)


def blank_slots(page: Page, block: Matrix, place: Place, label_column: int) -> None:
    """Let nothing show where a slot is empty: where the label of its row, which stands in
    `label_column`, or of its column, above, is empty."""
    empty = []
    if block.rows.source is not None and block.shape != (1, 1):
        empty.append(f'${column_letters(label_column)}{place.row + 1}=""')
    if block.columns.source is not None:
        empty.append(f'{column_letters(place.column)}${place.row}=""')
    if empty and block.role != "embedding":
        rule = {"type": "formula", "criteria": f"=OR({','.join(empty)})", "format": EMPTY, "stop_if_true": True}
        page.sheet.conditions.append((cell_range(place.row, place.column, block.shape), rule))


def _colour_by_size(page: Page, block: Matrix, place: Place, *, labelled: bool) -> None:
    """A colour scale; each slot that is empty as built, and not all 0 by itself, has one of its own, which
    is white until it holds a word."""
    known = page.book.values
    values = known[block.name].T if place.turned else known[block.name]
    rows, columns = (
        _filled(axis.read(known), found) if labelled and axis.source is not None else axis.size
        for axis, found in ((block.rows, values), (block.columns, values.T))
    )
    whole = place.absolute.partition("!")[2]

    def scale(i: int, j: int, shape: tuple[int, int], slot: tuple[int, int] | None = None) -> None:
        label = "" if slot is None else f"${column_letters(slot[1])}${slot[0] + 1}"
        made = share_scale(label) if block.scale == "probability" else signed_scale(whole, label)
        if shape[0] and shape[1]:
            page.sheet.conditions.append((cell_range(place.row + i, place.column + j, shape), made))

    scale(0, 0, (rows, columns))
    for i in range(rows, block.shape[0]):
        scale(i, 0, (1, block.shape[1]), (place.row + i, place.column - 1))
    for j in range(columns, block.shape[1]):
        scale(0, j, (rows, 1), (place.row - 1, place.column + j))


def _filled(labels: Sequence[str], values: Array) -> int:
    """How many rows come before the empty slots at the end; all of them, where those hold nothing but 0."""
    count = max((k + 1 for k, label in enumerate(labels) if label), default=0)
    return count if np.any(values[count:]) else len(labels)
