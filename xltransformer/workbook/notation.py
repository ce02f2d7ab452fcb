"""How results are written: a cell a formula or, in wide models, a row an array formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.models import Lesson
from xltransformer.ops import PRODUCTS, Span
from xltransformer.teaching.lesson import by_rows
from xltransformer.workbook.places import SeenPlace

Arrays = Sequence[list[Span]]
"""Row by row, the array formulas of a rectangle of cells; empty where each cell has a formula of its own."""

SHOWN_DIGITS, KEPT_DIGITS = 6, 9
"""How many digits results have in the file of a wide model: those of array formulas as many as single precision
is sure of, for LibreOffice takes none and Excel calculates anew; others, which LibreOffice goes on with, as many
as it has."""


class ByCell:
    """A cell a formula, as lessons have it: products are laid out as by hand, and spelled out up to so many
    terms."""

    crosswise = True
    """Whether a product stands where its left factor's rows and its right one's columns meet, and has views of
    both beside it; else it stands in line, with a link to where its right factor is."""
    weights_apart = False
    """Whether learned weights stand on sheets of their own."""
    short_bars = False
    """Whether a heading's bar ends with what stands below it, as sheets have hundreds of columns."""
    most_worked: int | None = None
    """How many worked lines a step has at most."""
    most_compared: int | None = None
    """How many groups before and after shows at most, from the last one on."""
    level = 5
    """How hard the file is compressed: in two thirds of the usual level's time, for 2 % more bytes."""

    def __init__(self, spelled_out: int = PRODUCTS["auto"]) -> None:
        self.spelled_out = spelled_out

    def arrays(self, rows: int, row: Callable[[int], list[Span]]) -> Arrays:
        """The array formulas of so many rows, of which `row` gives each."""
        return ()

    def follows(self, source: Matrix, *, across: bool) -> bool:
        """Whether labels are formulas that follow the texts of a block."""
        return True

    def label_arrays(self, source: SeenPlace) -> Arrays:
        """The array formulas of labels across that follow the texts in `source`."""
        return ()

    def kept(self, values: Array, arrays: Arrays) -> Array:
        """The results that a file gives to formulas with these values."""
        return values

    def cached(self, shown: float | str) -> float | str | None:
        """The result that a file gives to a formula which looks at whole sheets; None for none."""
        return shown


class ByRow(ByCell):
    """A row an array formula, wherever its operation has one: wide models calculate faster so."""

    crosswise = False
    weights_apart = True
    short_bars = True
    most_worked = 1
    most_compared = 1
    """One: they are as large as the model."""
    level = 7
    """In twice the usual level's time, for 2 % fewer bytes."""

    def __init__(self) -> None:
        super().__init__(PRODUCTS["rows"])

    def arrays(self, rows: int, row: Callable[[int], list[Span]]) -> Arrays:
        return [row(i) for i in range(rows)]

    def follows(self, source: Matrix, *, across: bool) -> bool:
        """All but dimensions' names down a block: a wide model has hundreds."""
        return across or source.shape[1] == 1

    def label_arrays(self, source: SeenPlace) -> Arrays:
        """One array, if there are several labels."""
        size = source.shape[0] * source.shape[1]
        if size == 1:
            return ()
        listed = source.row(0) if source.shape[0] == 1 else f"TRANSPOSE({source.column(0)})"
        return [[(0, size, f'{listed}&""')]]

    def kept(self, values: Array, arrays: Arrays) -> Array:
        """Numbers shortened to the digits that are of use."""
        if values.dtype == object:
            return values
        digits = SHOWN_DIGITS if any(arrays) else KEPT_DIGITS
        short = [float(f"{value:.{digits}g}") for value in values.ravel().tolist()]
        return np.array(short, dtype=float).reshape(values.shape)

    def cached(self, shown: float | str) -> float | str | None:
        """None: LibreOffice takes no results of array formulas from a file, and passes no edit on through one
        that it has not calculated yet. What looks at all of them, and is needed by the first sheet's line on the
        state of things, must be calculated on opening, and they with it."""
        return None


def notation_of(model: Lesson, products: str = "auto", *, exercise: bool = False) -> ByCell:
    """The notation that `products` say (a key of `PRODUCTS`) or, where they are left to the size ("auto"), that
    suits the model: an `exercise` is filled in cell by cell."""
    by_row = products == "rows" if exercise else by_rows(model, products)
    return ByRow() if by_row else ByCell(PRODUCTS[products])
