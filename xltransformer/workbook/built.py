"""An exercise's inputs as they were handed out, on a sheet out of sight, so that grading can say which was
changed.

They stand one below the other, whole or, of a large block, as two sums of each row, from which the one cell of a
row that was changed, and what it held, follow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.workbook.book import Page
from xltransformer.workbook.places import Place

BUILT = "xlt.built"
"""The name of the cells in which the inputs stand."""
MOST_CELLS = 2000
"""Of blocks of numbers with more cells, only sums are kept."""
_TOP, _LEFT = 3, 1


def is_whole(block: Matrix) -> bool:
    """Whether all cells of an input are kept."""
    return block.text or block.size <= MOST_CELLS


def sums_of(values: Array) -> Array:
    """Of each row its sum, and the sum of its numbers times their columns, from 1 (n x 2)."""
    numbers = values.astype(float)
    return np.stack([numbers.sum(axis=1), numbers @ np.arange(1.0, numbers.shape[1] + 1)], axis=1)


def shape_of(blocks: Sequence[Matrix]) -> tuple[int, int]:
    """The shape of all that is kept of some inputs."""
    return sum(m.shape[0] for m in blocks), max(m.shape[1] if is_whole(m) else 2 for m in blocks)


def places_of(blocks: Sequence[Matrix], within: Place) -> dict[Matrix, Place]:
    """Where each input stands in what is kept."""
    places, row = {}, within.row
    for block in blocks:
        places[block] = Place(
            within.sheet, row, within.column, (block.shape[0], block.shape[1] if is_whole(block) else 2)
        )
        row += block.shape[0]
    return places


def draw_as_built(page: Page) -> None:
    """All inputs as they are handed out."""
    blocks, book = page.model.inputs, page.book
    within = Place(page.sheet.name, _TOP, _LEFT, shape_of(blocks))
    book.names[BUILT] = within
    for block, place in places_of(blocks, within).items():
        values = book.values[block.name]
        if block.text:
            kept = np.array(
                [["" if value is None else str(value) for value in row] for row in values], dtype=object
            )
        else:
            kept = values.astype(float) if is_whole(block) else sums_of(values)
        page.sheet.block(place.row, place.column, kept, ("kept", "@" if block.text else "0.00"))
