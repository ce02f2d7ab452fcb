"""Labels of rows and columns, which follow the words, and the symbol in a block's corner."""

from __future__ import annotations

import numpy as np

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.ops import Coordinate
from xltransformer.workbook.canvas import text_width
from xltransformer.workbook.notation import Arrays
from xltransformer.workbook.page import Page
from xltransformer.workbook.patterns import Formulas, formulas
from xltransformer.workbook.places import Place

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
