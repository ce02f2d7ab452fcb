"""What goes with a block's cells: labels that follow the words, its symbol, and colours for the kind of number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.ops import Coordinate
from xltransformer.ops.masking import SEEN
from xltransformer.workbook.book import Page
from xltransformer.workbook.canvas import cell_range, text_width
from xltransformer.workbook.notation import Arrays
from xltransformer.workbook.patterns import Formulas, formulas
from xltransformer.workbook.places import Place, column_letters
from xltransformer.workbook.styles import EMPTY, FADED, share_scale, signed_scale

LONG_SYMBOL = 11
"""A symbol of more characters runs over the column to its left, which must be empty."""


def label_block(page: Page, block: Matrix, symbol: str, place: Place) -> None:
    """Row labels to the left, column labels above, the block's symbol in the corner."""
    style = "long_symbol" if text_width(symbol) > LONG_SYMBOL else "symbol"
    page.sheet.text(place.row - 1, place.column - 1, symbol, style)
    label(page, block.rows, place.row, place.column - 1, "row_label")
    label(page, block.columns, place.row - 1, place.column, "column_label", across=True)


def label(page: Page, axis: Axis, row: int, column: int, style: str, *, across: bool = False) -> None:
    """The labels of an axis from a cell down, or `across`: formulas that follow the words, or fixed
    texts. To be called when every block has its place."""
    key = axis, across
    if key not in page.labels:  # the same axis is labelled time and again
        page.labels[key] = _labels(page, axis, across=across)
    texts, made, arrays = page.labels[key]
    page.sheet.block(row, column, texts, (style, ""), made, arrays)


def _labels(page: Page, axis: Axis, *, across: bool) -> tuple[Array, Formulas | None, Arrays]:
    """An axis' labels as they are now, and the formulas that follow the words, as `Canvas.block` takes them."""
    texts, notation = axis.read(page.book.values), page.book.notation
    if axis.source is None:
        texts = [page.messages.get(f"label.{label}", label) for label in texts]
    values = np.array(texts, dtype=object).reshape((1, -1) if across else (-1, 1))
    if axis.source is None or not notation.follows(axis.source, across=across):
        return values, None, ()
    source = page.ref(axis.source)
    arrays = notation.label_arrays(source) if across else ()

    def cell(i: Coordinate, j: Coordinate) -> str:
        k = j if across else i
        return f'{source.cell(k, 0) if source.shape[1] == 1 else source.cell(0, k)}&""'

    return values, formulas(cell, (values.shape[0], values.shape[1])), arrays


def colour(page: Page, block: Matrix, place: Place, *, labelled: bool) -> None:
    """Nothing where a slot is empty, and the colours that go with the kind of number."""
    book, conditions = page.book, page.sheet.conditions
    where = cell_range(place.row, place.column, block.shape)
    if labelled and not (book.notation.by_row and block.role == "parameter"):
        blank_slots(page, block, place, place.column - 1)
    if block in book.exercise.blocks or not block.computed:
        return
    if block.scale == "gate":
        conditions.append((where, {"type": "cell", "criteria": "==", "value": 0, "format": FADED}))
    elif block.scale == "masked":
        conditions.append((where, {"type": "cell", "criteria": "<", "value": SEEN, "format": FADED}))
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
