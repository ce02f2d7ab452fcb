"""The steps of a loss: how surprised each row is, and the mean over the rows that count."""

from __future__ import annotations

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import STOP, Contributions, Index, Number, Op, Pieces, Ref, check
from xltransformer.ops.elementwise import negative
from xltransformer.ops.reduce import divide_rows


class NegativeLogLikelihood(Op):
    """-ln of a word's probability: ln(sum of exponentials) + row maximum - the word's logit.

    Operands: the sum of exp(logit - maximum), the maximum, the word's logit; all (n x 1). No gradient
    is passed to the maximum, which cancels. Goodfellow, Bengio and Courville 2016, section 6.2.2.3.
    """

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        total = operands[0]
        check(all(m.shape == (total.shape[0], 1) for m in operands), self, *operands)
        return total.rows, ONE

    def value(self, *operands: Array) -> Array:
        total, maximum, logit = operands
        return np.asarray(np.log(total) + maximum - logit)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return divide_rows(upstream, operands[0]), None, negative(upstream)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        total, maximum, logit = (operand.cell(i, 0) for operand in operands)
        return f"LN({total})+{maximum}-{logit}"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        total, maximum, logit = (Number(operand.cell(i, 0)) for operand in operands)
        return ["ln(", total, ") + ", maximum, " − ", logit]


class CountedMean(Op):
    """The mean of a column over the rows that count, 0 where none does: (n x 1) to (1 x 1).

    Operands: the column, and 1 for each row that counts, else 0 (n x 1); without it all rows count.
    """

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        column, *counts = operands
        check(all(m.shape == (column.shape[0], 1) for m in (column, *counts)), self, *operands)
        return ONE, ONE

    def value(self, *operands: Array) -> Array:
        column, *counts = operands
        if not counts:
            return np.asarray(np.mean(column, axis=-2, keepdims=True))
        number = np.sum(counts[0], axis=-2, keepdims=True)
        return divide_rows.value(np.sum(column * counts[0], axis=-2, keepdims=True), number)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return counted_share(upstream, *operands), *(STOP for _ in operands[1:])

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        column, *counts = operands
        if not counts:
            return f"SUM({column.column(0)})/ROWS({column.column(0)})"
        number = f"SUM({counts[0].column(0)})"
        return f"IF({number}=0,0,SUMPRODUCT({column.column(0)},{counts[0].column(0)})/{number})"


class CountedShare(Op):
    """What a mean passes back to each row: its share of the gradient where it counts, else 0.

    Operands: the gradient (1 x 1), the column (n x 1), which lends its rows, and where there is one
    the column of rows that count (n x 1); result (n x 1).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        upstream, column, *counts = operands
        fits = upstream.shape == (1, 1) and all(m.shape == (column.shape[0], 1) for m in (column, *counts))
        check(fits, self, *operands)
        return column.rows, ONE

    def value(self, *operands: Array) -> Array:
        upstream, column, *counts = operands
        if not counts:
            return np.repeat(upstream / column.shape[-2], column.shape[-2], axis=-2)
        number = np.sum(counts[0], axis=-2, keepdims=True)
        return divide_rows.value(upstream * counts[0], number)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        upstream, column, *counts = operands
        if not counts:
            return f"{upstream.cell(0, 0)}/ROWS({column.column(0)})"
        number = f"SUM({counts[0].column(0)})"
        return f"IF({number}=0,0,{upstream.cell(0, 0)}*{counts[0].cell(i, 0)}/{number})"


class Settles(Op):
    """1 where a row of losses ends lower than it begins, and no step raises it by more than a quarter of
    what it begins with, else 0: (1 x n) to (1 x 1)."""

    scale = "gate"
    no_gradient = "it says yes or no"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (losses,) = operands
        check(losses.shape[0] == 1 and losses.shape[1] > 1, self, losses)
        return ONE, ONE

    def value(self, *operands: Array) -> Array:
        (losses,) = operands
        start, last = losses[..., :1], losses[..., -1:]
        leaps = losses[..., 1:] - losses[..., :-1] > 0.25 * start
        return np.asarray((last < start) & ~np.any(leaps, axis=-1, keepdims=True)).astype(losses.dtype)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        (losses,) = operands
        steps = losses.shape[1] - 1
        start, second, last = (losses.cell(0, k) for k in (0, 1, steps))
        rises = f"{second}:{last.rpartition('!')[2]}-{losses.row(0, steps)}"
        return f"IF(AND({last}<{start},SUMPRODUCT(({rises}>0.25*{start})*1)=0),1,0)"


NEAR = 0.001
"""How far from 0 still counts as near."""


class Near(Op):
    """1 where all of some numbers (1 x 1 each) are within a thousandth of 0, else 0."""

    scale = "gate"
    no_gradient = "it says yes or no"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        check(bool(operands) and all(m.shape == (1, 1) for m in operands), self, *operands)
        return ONE, ONE

    def value(self, *operands: Array) -> Array:
        near = np.logical_and.reduce(np.broadcast_arrays(*(np.abs(x) <= NEAR for x in operands)))
        return np.asarray(near).astype(operands[0].dtype)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f"IF(AND({','.join(f'ABS({x.cell(0, 0)})<={NEAR}' for x in operands)}),1,0)"


negative_log_likelihood = NegativeLogLikelihood()
near = Near()
settles = Settles()
counted_mean = CountedMean()
counted_share = CountedShare()
