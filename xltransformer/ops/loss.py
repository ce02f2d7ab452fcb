"""The steps of a loss: how surprised each row is, and the mean over the rows that count."""

from __future__ import annotations

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.ops.base import STOP, Contributions, Coordinate, Op, Ref
from xltransformer.ops.elementwise import negative
from xltransformer.ops.reduce import divide_rows


class NegativeLogLikelihood(Op):
    """-ln of a word's probability: ln(sum of exponentials) + row maximum - the word's logit.

    Operands: the sum of exp(logit - maximum), the maximum, the word's logit. No gradient is passed to
    the maximum, which cancels. Goodfellow, Bengio and Courville 2016, section 6.2.2.3.
    """

    signature = "n 1, n 1, n 1 -> n 1"
    formula = "LN({total})+{maximum}-{logit}"
    in_numbers = "ln({total}) + {maximum} − {logit}"
    scale = "plain"

    def value(self, total: Array, maximum: Array, logit: Array) -> Array:
        return np.asarray(np.log(total) + maximum - logit)

    def gradient(
        self, upstream: Matrix, result: Matrix, total: Matrix, maximum: Matrix, logit: Matrix
    ) -> Contributions:
        return divide_rows(upstream, total), None, negative(upstream)


class CountedMean(Op):
    """The mean of a column over the rows that count, 0 where none does.

    Operands: the column, and 1 for each row that counts, else 0; without it all rows count.
    """

    signature = "n 1, [n 1] -> 1 1"
    scale = "plain"

    def value(self, column: Array, *counts: Array) -> Array:
        if not counts:
            return np.asarray(np.mean(column, axis=-2, keepdims=True))
        number = np.sum(counts[0], axis=-2, keepdims=True)
        return divide_rows.value(np.sum(column * counts[0], axis=-2, keepdims=True), number)

    def gradient(self, upstream: Matrix, result: Matrix, column: Matrix, *counts: Matrix) -> Contributions:
        return counted_share(upstream, column, *counts), *(STOP for _ in counts)

    def cell(self, i: Coordinate, j: Coordinate, column: Ref, *counts: Ref) -> str:
        if not counts:
            return f"SUM({column.column(0)})/ROWS({column.column(0)})"
        number = f"SUM({counts[0].column(0)})"
        return f"IF({number}=0,0,SUMPRODUCT({column.column(0)},{counts[0].column(0)})/{number})"


class CountedShare(Op):
    """What a mean passes back to each row: its share of the gradient where it counts, else 0.

    Operands: the gradient, the column, which lends its rows, and where there is one the column of rows that count.
    """

    signature = "1 1, n 1, [n 1] -> n 1"

    def value(self, upstream: Array, column: Array, *counts: Array) -> Array:
        if not counts:
            return np.repeat(upstream / column.shape[-2], column.shape[-2], axis=-2)
        number = np.sum(counts[0], axis=-2, keepdims=True)
        return divide_rows.value(upstream * counts[0], number)

    def cell(self, i: Coordinate, j: Coordinate, upstream: Ref, column: Ref, *counts: Ref) -> str:
        if not counts:
            return f"{upstream.cell(0, 0)}/ROWS({column.column(0)})"
        number = f"SUM({counts[0].column(0)})"
        return f"IF({number}=0,0,{upstream.cell(0, 0)}*{counts[0].cell(i, 0)}/{number})"


class Settles(Op):
    """1 where a row of losses ends lower than it begins, and no step raises it by more than a quarter of
    what it begins with, else 0."""

    signature = "1 n -> 1 1"
    scale = "gate"
    no_gradient = "it says yes or no"

    def fits(self, losses: Matrix) -> bool:
        return losses.shape[1] > 1

    def value(self, losses: Array) -> Array:
        start, last = losses[..., :1], losses[..., -1:]
        leaps = losses[..., 1:] - losses[..., :-1] > 0.25 * start
        return np.asarray((last < start) & ~np.any(leaps, axis=-1, keepdims=True)).astype(losses.dtype)

    def cell(self, i: Coordinate, j: Coordinate, losses: Ref) -> str:
        steps = losses.shape[1] - 1
        start, second, last = (losses.cell(0, k) for k in (0, 1, steps))
        rises = f"{second}:{last.rpartition('!')[2]}-{losses.row(0, steps)}"
        return f"IF(AND({last}<{start},SUMPRODUCT(({rises}>0.25*{start})*1)=0),1,0)"


NEAR = 0.001
"""How far from 0 still counts as near."""


class Near(Op):
    """1 where all of some numbers are within a thousandth of 0, else 0."""

    signature = "1 1, ... -> 1 1"
    scale = "gate"
    no_gradient = "it says yes or no"

    def value(self, *numbers: Array) -> Array:
        near = np.logical_and.reduce(np.broadcast_arrays(*(np.abs(x) <= NEAR for x in numbers)))
        return np.asarray(near).astype(numbers[0].dtype)

    def cell(self, i: Coordinate, j: Coordinate, *numbers: Ref) -> str:
        return f"IF(AND({','.join(f'ABS({x.cell(0, 0)})<={NEAR}' for x in numbers)}),1,0)"


negative_log_likelihood = NegativeLogLikelihood()
near = Near()
settles = Settles()
counted_mean = CountedMean()
counted_share = CountedShare()
