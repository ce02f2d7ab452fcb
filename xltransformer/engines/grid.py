"""The cells of a sheet, millions of them, in arrays: 16 bytes a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from xltransformer.graph import Array

CellValue = float | str | bool

COLUMNS = 2**15
"""More columns than a sheet has: a cell's key is COLUMNS * row + column, both from 1."""


class Grid(Mapping[tuple[int, int], CellValue]):
    """Values by row and column, both from 1; errors are texts such as #DIV/0!, and empty cells lack.

    `keys` are in any order, the numbers beside them; where `others` has a text or truth value for a key,
    it counts, and of a key met twice the last number does.
    """

    def __init__(self, keys: Array, numbers: Array, others: Mapping[int, str | bool]) -> None:
        if len(keys) > 1 and not (keys[1:] > keys[:-1]).all():
            turned, last = np.unique(keys[::-1], return_index=True)
            keys, numbers = turned, numbers[::-1][last]
        double, at = among(keys, np.fromiter(others, np.int64, len(others)))
        if double.any():
            keys, numbers = np.delete(keys, at[double]), np.delete(numbers, at[double])
        self._keys, self._numbers, self._others = keys, numbers, others

    @classmethod
    def of(cls, cells: Mapping[tuple[int, int], Any]) -> Grid:
        """The grid of single values."""
        numbers: dict[int, float] = {}
        others: dict[int, str | bool] = {}
        for (row, column), value in cells.items():
            if isinstance(value, str | bool):
                others[COLUMNS * row + column] = value
            elif value is not None:
                numbers[COLUMNS * row + column] = value
        keys = np.fromiter(numbers, np.int64, len(numbers))
        return cls(keys, np.fromiter(numbers.values(), float, len(numbers)), others)

    def __getitem__(self, at: tuple[int, int]) -> CellValue:
        key = COLUMNS * at[0] + at[1]
        if (other := self._others.get(key)) is not None:
            return other
        k = int(np.searchsorted(self._keys, key))
        if k == len(self._keys) or self._keys[k] != key:
            raise KeyError(at)
        return float(self._numbers[k])

    def __iter__(self) -> Iterator[tuple[int, int]]:
        yield from (divmod(int(key), COLUMNS) for key in self._keys)
        yield from (divmod(key, COLUMNS) for key in self._others)

    def __len__(self) -> int:
        return len(self._keys) + len(self._others)

    def texts(self) -> Iterator[str]:
        """The values that are texts."""
        return (value for value in self._others.values() if isinstance(value, str))

    def numbers(self, row: int, column: int, shape: tuple[int, int]) -> Array:
        """The numbers in a rectangle whose first cell that is, NaN where none stands."""
        found, at = among(self._keys, keys_of(row, column, shape))
        return np.where(found, self._numbers[at], np.nan) if found.any() else np.full(shape, np.nan)

    def agrees(self, other: Grid, share: float) -> bool:
        """Whether another grid holds the same cells, but for empty texts, and but for so small a share of numbers
        beyond 1 in size."""
        texts, others = ({key: text for key, text in one._others.items() if text != ""} for one in (self, other))
        if not np.array_equal(self._keys, other._keys) or texts != others:
            return False
        with np.errstate(all="ignore"):
            apart = abs(self._numbers - other._numbers)
            return bool((apart <= share * np.maximum(1.0, abs(other._numbers))).all())


def among(keys: Array, wanted: Array) -> tuple[Array, Array]:
    """Which of the wanted keys are among these sorted ones, and where."""
    if not len(keys):
        return np.zeros(wanted.shape, dtype=bool), np.zeros(wanted.shape, dtype=int)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray(keys[at] == wanted), at


def keys_of(row: int, column: int, shape: tuple[int, int]) -> Array:
    """The keys of a rectangle of cells, of its shape."""
    rows, columns = row + np.arange(shape[0]), column + np.arange(shape[1])
    return np.asarray(COLUMNS * rows[:, None] + columns)
