"""A workbook that is open in IronCalc: typed into and calculated again, as often as one likes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.workbook.places import Place

T = TypeVar("T")
STACK = 2**29
"""Bytes of stack: IronCalc walks formulas recursively."""


def with_room(work: Callable[[], T]) -> T:
    """What some work returns that is done on a thread with a large stack; what it raises is raised here."""
    results: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            raised.append(error)

    before = threading.stack_size(STACK)
    thread = threading.Thread(target=run)
    thread.start()
    threading.stack_size(before)
    thread.join()
    if raised:
        raise raised[0]
    return results[0]


class Live:
    """The workbook at a path; edits stay until they are taken back."""

    def __init__(self, path: Path) -> None:
        import ironcalc

        self._model: Any = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
        self._sheets = {s["name"].lower(): k for k, s in enumerate(self._model.get_worksheets_properties())}
        self._before: list[tuple[tuple[int, int, int], Any]] = []

    def _at(self, place: Place, i: int, j: int) -> tuple[int, int, int]:
        return self._sheets[place.sheet.lower()], place.row + i + 1, place.column + j + 1

    def put(self, place: Place, i: int, j: int, value: Any) -> None:
        """Type a text or a number into a cell, None to empty it."""
        cell = self._at(place, i, j)
        content = self._model.get_cell_content(*cell)
        self._before.append((cell, content if self.is_formula(place, i, j) else self._model.get_cell_value(*cell)))
        self._type(cell, value)

    def _type(self, cell: tuple[int, int, int], value: Any) -> None:
        if value is None or value == "":
            self._model.clear_cell_contents(*cell)
        elif isinstance(value, str) and value.startswith("="):
            self._model.set_user_input(*cell, value)
        elif isinstance(value, str):
            self._model.update_cell_with_text(*cell, value)
        else:
            self._model.update_cell_with_number(*cell, float(value))

    def take_back(self) -> None:
        """Take back everything that was typed."""
        for cell, value in reversed(self._before):
            self._type(cell, value)
        self._before.clear()

    def calculate(self) -> None:
        self._model.evaluate()

    def is_formula(self, place: Place, i: int, j: int) -> bool:
        return str(self._model.get_cell_content(*self._at(place, i, j))).startswith("=")

    def texts(self, sheet: str) -> list[tuple[int, int, str]]:
        """The row, column (from 0) and text of every cell of a sheet that shows one."""
        number = self._sheets[sheet.lower()]
        found = ((row, column) for k, row, column in self._model.get_all_cells() if k == number)
        shown = ((row, column, self._model.get_cell_value(number, row, column)) for row, column in found)
        return [(row - 1, column - 1, text) for row, column, text in shown if isinstance(text, str)]

    def everything(self) -> Iterator[tuple[int, int, int, Any]]:
        """The sheet's number, row, column (from 1) and value of every cell."""
        return ((*cell, self._model.get_cell_value(*cell)) for cell in self._model.get_all_cells())

    def cell(self, place: Place, i: int = 0, j: int = 0) -> Any:
        return self._model.get_cell_value(*self._at(place, i, j))

    def cells(self, place: Place) -> list[list[Any]]:
        """The cells of a place, row by row, as they are."""
        return [[self.cell(place, i, j) for j in range(place.shape[1])] for i in range(place.shape[0])]

    def block(self, block: Matrix, place: Place) -> Array:
        """A block's values as they stand: no text and 0 for empty cells."""
        rows = self.cells(place)
        if block.text:
            return np.array([[as_text(value) for value in row] for row in rows], dtype=object)
        return np.array([[0.0 if value is None or value == "" else value for value in row] for row in rows], float)


def as_text(value: Any) -> str:
    """What a cell holds, as formulas take it for a text."""
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
