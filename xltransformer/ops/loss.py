"""The steps of a loss: how surprised each row is, the mean over the rows that count, and what becomes of it."""

from __future__ import annotations

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.ops.base import STOP, Contributions, Coordinate, Op, Ref
from xltransformer.ops.elementwise import negative, sigmoid
from xltransformer.ops.reduce import divide_rows, taken


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


class BinarySurprise(Op):
    """-(t ln s + (1 - t) ln(1 - s)) of each logit x with s = sigmoid(x) and its target t: max(x, 0) - x t +
    ln(1 + exp(-|x|)), which no logit makes infinite."""

    signature = "n m, n m -> n m"
    formula = "MAX({x},0)-{x}*{target}+LN(1+EXP(-ABS({x})))"
    scale = "plain"

    def value(self, x: Array, target: Array) -> Array:
        return np.asarray(np.maximum(x, 0) - x * target + np.log(1 + np.exp(-np.abs(x))))

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix, target: Matrix) -> Contributions:
        return surprise_gradient(upstream, x, target), STOP


class SurpriseGradient(Op):
    """What passes back to each logit: the gradient times how far its share is above the target."""

    signature = "n m, n m, n m -> n m"
    formula = f"{{upstream}}*({sigmoid.formula}-{{target}})"
    no_gradient = "second derivatives are not taken"

    def value(self, upstream: Array, x: Array, target: Array) -> Array:
        return np.asarray(upstream * (sigmoid.value(x) - target))


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


BOUND, LEAP = 10, 0.25
"""How many times what it was at first a loss may be while training goes on, and the share of that which a step
must raise it by to leap."""


class WhileWithin(Op):
    """The learning rate of a step: 0 once the loss before it is out of bounds, so that no weight moves any more.

    Operands: the rate, the loss before the step, the loss before the first.
    """

    signature = "1 1, 1 1, 1 1 -> 1 1"
    formula = f"IF({{loss}}<={BOUND}*{{first}},{{rate}},0)"
    scale = "plain"
    no_gradient = "the next step begins from its numbers, not from how they came about"

    def value(self, rate: Array, loss: Array, first: Array) -> Array:
        return np.where(loss <= BOUND * first, rate, 0.0)


class CountWithin(Op):
    """How many of a row of losses are within bounds: those before the step that leaves them."""

    signature = "1 n -> 1 1"
    scale = "count"
    no_gradient = "it counts"

    def value(self, losses: Array) -> Array:
        return np.asarray(np.sum(losses <= BOUND * losses[..., :1], axis=-1, keepdims=True), float)

    def cell(self, i: Coordinate, j: Coordinate, losses: Ref) -> str:
        return f"SUMPRODUCT(({losses.row(0)}<={BOUND}*{losses.cell(0, 0)})*1)"


class UpTo(Op):
    """A row up to its entry of a number (from 1), which is repeated after it: so a curve ends there."""

    signature = "1 n, 1 1 -> 1 n"
    scale = "plain"
    no_gradient = "it is for pictures, and no loss is made of it"

    def value(self, row: Array, count: Array) -> Array:
        return taken(row, np.minimum(np.arange(1, row.shape[-1] + 1), np.maximum(count, 1)), -1).astype(row.dtype)

    def cell(self, i: Coordinate, j: Coordinate, row: Ref, count: Ref) -> str:
        return f"INDEX({row.row(0)},1,MIN({j + 1},{count.cell(0, 0)}))"


class StepsUpTo(Op):
    """The number of each entry, from 0, likewise: the row lends its width, not its values."""

    signature = "1 n, 1 1 -> 1 n"
    scale = "whole"
    no_gradient = "it is for pictures, and no loss is made of it"

    def value(self, row: Array, count: Array) -> Array:
        return np.asarray(np.minimum(np.arange(row.shape[-1]), count - 1).astype(row.dtype))

    def cell(self, i: Coordinate, j: Coordinate, row: Ref, count: Ref) -> str:
        return f"MIN({j},{count.cell(0, 0)}-1)"


class Outcome(Op):
    """What became of a row of losses, of which so many are within bounds. 0: they fell without leaps to a quarter
    of what they were; 1: they fell without leaps; 2: they ended lower, with leaps; 3: they ended no lower; 4: they
    stayed as they were; 5: they left all bounds."""

    signature = "1 n, 1 1 -> 1 1"
    scale = "whole"
    no_gradient = "it says what became of them"

    def fits(self, losses: Matrix, within: Matrix) -> bool:
        return losses.shape[1] > 1

    def value(self, losses: Array, within: Array) -> Array:
        first, last = losses[..., :1], losses[..., -1:]
        leaps = np.any(losses[..., 1:] - losses[..., :-1] > LEAP * first, axis=-1, keepdims=True)
        still = np.max(losses, axis=-1, keepdims=True) == np.min(losses, axis=-1, keepdims=True)
        cases = [within < losses.shape[-1], still, ~(last < first), leaps, last > 0.25 * first]
        return np.asarray(np.select(cases, [5.0, 4.0, 3.0, 2.0, 1.0], 0.0)).astype(losses.dtype)

    def cell(self, i: Coordinate, j: Coordinate, losses: Ref, within: Ref) -> str:
        count = losses.shape[1]
        first, second, last = (losses.cell(0, k) for k in (0, 1, count - 1))
        rises = f"{second}:{last.rpartition('!')[2]}-{losses.row(0, count - 1)}"
        fell = f"IF(SUMPRODUCT(({rises}>{LEAP}*{first})*1)>0,2,IF({last}>0.25*{first},1,0))"
        still = f"IF(MAX({losses.row(0)})=MIN({losses.row(0)}),4,IF({last}<{first},{fell},3))"
        return f"IF({within.cell(0, 0)}<{count},5,{still})"


NEAR, TINY = 0.001, 0.000001
"""How far from a gradient the slope of a nudge may be, and below which a nudge is lost among the digits."""


class Verdict(Op):
    """What a nudge shows of a gradient. 0: its slope; 1: a slope that is another, as so large a nudge leaves the
    tangent; 2: nothing, being 0; 3: nothing, being too small.

    Operands: how far slope and gradient are apart, and the nudge.
    """

    signature = "1 1, 1 1 -> 1 1"
    formula = f"IF({{nudge}}=0,2,IF(ABS({{apart}})<={NEAR},0,IF(ABS({{nudge}})<{TINY:.6f},3,1)))"
    scale = "whole"
    no_gradient = "it says what is seen"

    def value(self, apart: Array, nudge: Array) -> Array:
        cases = [nudge == 0, np.abs(apart) <= NEAR, np.abs(nudge) < TINY]
        return np.asarray(np.select(cases, [2.0, 0.0, 3.0], 1.0)).astype(apart.dtype)


binary_surprise = BinarySurprise()
surprise_gradient = SurpriseGradient()
negative_log_likelihood = NegativeLogLikelihood()
while_within = WhileWithin()
count_within = CountWithin()
up_to = UpTo()
steps_up_to = StepsUpTo()
outcome = Outcome()
verdict = Verdict()
counted_mean = CountedMean()
counted_share = CountedShare()
