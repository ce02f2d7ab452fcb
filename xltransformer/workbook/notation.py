"""How results are written: a cell a formula or, in wide models, a row an array formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from xltransformer.checked import expect
from xltransformer.graph import Array, Matrix
from xltransformer.models import Lesson
from xltransformer.ops import PRODUCTS, Span
from xltransformer.record import record
from xltransformer.teaching.lesson import by_rows
from xltransformer.workbook.places import SeenPlace

Arrays = Sequence[list[Span]]
"""Row by row, the array formulas of a rectangle of cells; empty where each cell has a formula of its own."""

SHOWN_DIGITS, KEPT_DIGITS = 6, 9
"""How many digits results have in the file of a wide model: those of array formulas as many as single precision
is sure of, for LibreOffice takes none and Excel calculates anew; others, which LibreOffice goes on with, as many
as it has."""


@record
class Notation:
    """How results are written, as `products` say (a key of `PRODUCTS`): a cell a formula, and products laid out as
    by hand; or ("rows") a row an array formula, wherever its operation has one: wide models calculate faster so.

    By rows, products stand in line, with a link to where their right factor is, and learned weights on sheets
    of their own. A heading's bar ends with what stands below it, as sheets have hundreds of columns. A step has
    one worked line at most, and before and after shows the last group alone, which is as large as the model.
    """

    products: str = "auto"

    @property
    def by_row(self) -> bool:
        return self.products == "rows"

    @property
    def spelled_out(self) -> int:
        """Up to how many terms products are spelled out."""
        return PRODUCTS[self.products]

    @property
    def level(self) -> int:
        """How hard the file is compressed: by rows in twice the usual level's time, for 2 % fewer bytes; else in
        two thirds of it, for 2 % more."""
        return 7 if self.by_row else 5

    def arrays(self, rows: int, row: Callable[[int], list[Span]]) -> Arrays:
        """By rows, the array formulas of so many rows, of which `row` gives each."""
        return [row(i) for i in range(rows)] if self.by_row else ()

    def follows(self, source: Matrix, *, across: bool) -> bool:
        """Whether labels are formulas that follow the texts of a block: by rows, dimensions' names down a block
        are none, as a wide model has hundreds."""
        return across or source.shape[1] == 1 or not self.by_row

    def label_arrays(self, source: SeenPlace) -> Arrays:
        """By rows, the array formula of several labels across that follow the texts in `source`."""
        size = source.shape[0] * source.shape[1]
        if size == 1 or not self.by_row:
            return ()
        listed = source.row(0) if source.shape[0] == 1 else f"TRANSPOSE({source.column(0)})"
        return [[(0, size, f'{listed}&""')]]

    def kept(self, values: Array, arrays: Arrays) -> Array:
        """The results that a file gives to formulas: by rows, numbers shortened to the digits that are of use."""
        if values.dtype == object or not self.by_row:
            return values
        digits = SHOWN_DIGITS if any(arrays) else KEPT_DIGITS
        short = [float(f"{value:.{digits}g}") for value in values.ravel().tolist()]
        return np.array(short, dtype=float).reshape(values.shape)

    @property
    def on_opening(self) -> bool:
        """Whether formulas that look at whole sheets are calculated on opening, as by rows they are. LibreOffice
        takes no results of array formulas from a file, and passes no edit on through one that it has not
        calculated yet. What looks at all of them, and is needed by the first sheet's line on the state of things,
        is therefore an array formula of one cell itself, and they are calculated with it."""
        return self.by_row


def notation_of(model: Lesson, products: str = "auto", *, exercise: bool = False) -> Notation:
    """The notation that `products` say or, where they are left to the size ("auto"), that suits the model: an
    `exercise` is filled in cell by cell."""
    expect(products in PRODUCTS, "`products`", products, f"one of {', '.join(PRODUCTS)}", ".40")
    by_row = products == "rows" if exercise else by_rows(model, products)
    return Notation("rows" if by_row else products)
