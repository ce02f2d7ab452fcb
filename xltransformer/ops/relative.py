"""How far apart two words stand, as a number that is added to their score.

Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", section
2.1, with the code beside it; MPNet (Song et al. 2020) has the same.
"""

from __future__ import annotations

from math import log

import numpy as np

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.ops.base import STOP, Contributions, Coordinate, Op, Ref, check, collected
from xltransformer.record import record

BUCKETS, FARTHEST = 32, 128
"""How many distances are told apart, half of them for each direction, and the one from which on all are one."""
EDGE = 1e-9
"""Keeps a distance that begins a bucket from falling short of it by rounding."""


class Distance(Op):
    """How many places each key stands after each query, below 0 where before it. Operands: the places of the
    queries and of the keys."""

    signature = "n 1, m 1 -> n m"
    formula = "{keys}-{queries}"
    in_numbers = "{keys} − {queries}"
    scale = "whole"
    no_gradient = "positions are fixed, not learned"

    def value(self, queries: Array, keys: Array) -> Array:
        return np.asarray(np.swapaxes(keys, -1, -2) - queries)


@record
class Bucket(Op):
    """The number, from 0, of the bucket that a distance falls into: of the first half where the key is the query
    or stands before it, else of the second; in each half one a distance up to a quarter of the buckets, then
    wider and wider ones, and the last from `farthest` on."""

    count: int = BUCKETS
    farthest: int = FARTHEST
    signature = "n m -> n m"
    scale = "whole"
    no_gradient = "a number of a bucket jumps"

    def value(self, distance: Array) -> Array:
        half, size = self.count // 2, np.abs(distance)
        exact = half // 2
        slope = (half - exact) / log(self.farthest / exact)
        wide = exact + np.floor(slope * np.log(np.maximum(size, exact) / exact) + EDGE)
        behind = half * (distance > 0).astype(size.dtype)
        return np.asarray(behind + np.where(size < exact, size, np.minimum(half - 1, wide)))

    def cell(self, i: Coordinate, j: Coordinate, distance: Ref) -> str:
        half, d = self.count // 2, distance.cell(i, j)
        exact = half // 2
        steps = f"INT({half - exact}*LN(ABS({d})/{exact})/LN({self.farthest}/{exact})+1E-9)"
        return f"IF({d}>0,{half},0)+IF(ABS({d})<{exact},ABS({d}),MIN({half - 1},{exact}+{steps}))"


@record
class BiasOf(Op):
    """Column `head` (from 0) of a table, in the row of each bucket (from 0): (n x m), (b x h) to (n x m)."""

    head: int

    def axes(self, bucket: Matrix, table: Matrix) -> tuple[Axis, Axis]:
        check(self.head < table.shape[1], self, bucket, table)
        return bucket.rows, bucket.columns

    def value(self, bucket: Array, table: Array) -> Array:
        index, column = bucket.astype(int), table[..., self.head]
        if column.ndim == 1:
            return np.asarray(column[index])
        lead = np.broadcast_shapes(index.shape[:-2], column.shape[:-1])
        rows = np.broadcast_to(column[..., None, :], (*lead, index.shape[-2], column.shape[-1]))
        return np.take_along_axis(rows, np.broadcast_to(index, (*lead, *index.shape[-2:])), axis=-1)

    def gradient(self, upstream: Matrix, result: Matrix, bucket: Matrix, table: Matrix) -> Contributions:
        return STOP, AddBiasAt(self.head)(upstream, bucket, table)

    def cell(self, i: Coordinate, j: Coordinate, bucket: Ref, table: Ref) -> str:
        return f"INDEX({table.column(self.head)},{bucket.cell(i, j)}+1)"


@record
class AddBiasAt(Op):
    """Entries added up in column `head` (from 0) of a table, in the row of each one's bucket: the gradient of
    `BiasOf`. Operands: the entries, their buckets, and the table, which lends its shape and leading axes: others
    are summed over."""

    head: int
    collects = True

    def axes(self, entries: Matrix, bucket: Matrix, table: Matrix) -> tuple[Axis, Axis]:
        check(entries.shape == bucket.shape and self.head < table.shape[1], self, entries, bucket, table)
        return table.rows, table.columns

    def value(self, entries: Array, bucket: Array, table: Array) -> Array:
        lead = np.broadcast_shapes(entries.shape[:-2], bucket.shape[:-2])
        total = np.zeros((*lead, *table.shape[-2:]), entries.dtype)
        for row in range(table.shape[-2]):
            total[..., row, self.head] = (entries * (bucket == row)).sum(axis=(-2, -1))
        return collected(total, table)

    def cell(self, i: Coordinate, j: Coordinate, entries: Ref, bucket: Ref, table: Ref) -> str:
        if j < self.head or j > self.head:
            return "0"
        return f"SUMPRODUCT(({bucket.part()}=ROWS({table.column(0, i + 1)})-1)*{entries.part()})"


distance = Distance()
bucket = Bucket()
