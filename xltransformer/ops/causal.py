"""Attention that cannot look ahead, because no cell of it refers to a later token.

With the causal mask of `masking` the hidden scores are calculated and then covered; a sheet that
generates text, where a later token is calculated from an earlier position, would then refer to
itself. Here a cell above the diagonal holds a constant instead, and a row of the result sums over
the tokens up to its own only. Vaswani et al. 2017, "Attention Is All You Need", section 3.2.3.
"""

from __future__ import annotations

import numpy as np

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.ops.base import EVERY, STOP, Contributions, Index, Number, Op, Pieces, Ref, Span, across, check
from xltransformer.ops.linear import (
    RowProducts,
    mmult,
    product,
    product_cell,
    product_worked,
    row_products,
    transposed_matmul,
)
from xltransformer.ops.masking import HIDDEN
from xltransformer.record import record


def _ahead(scores: Array, hidden: float) -> Array:
    """The scores with what lies ahead, above the diagonal, at a constant."""
    return np.where(np.tri(*scores.shape[-2:]) == 1, scores, hidden)


class Lower(Op):
    """A gradient without what lies ahead: 0 above the diagonal. (n x n) to (n x n)."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (x,) = operands
        check(x.shape[0] == x.shape[1], self, x)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        return _ahead(operands[0], 0.0)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return (lower(upstream),)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return "0" if j > i else operands[0].cell(i, j)


class CausalScores(Op):
    """Q Kᵀ on and below the diagonal, `HIDDEN` above it: (n x d_k) (d_k x n) = (n x n)."""

    scale = "masked"
    crosswise = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        queries, keys = operands
        check(queries.shape == keys.shape[::-1], self, queries, keys)
        return queries.rows, keys.columns

    def value(self, *operands: Array) -> Array:
        return _ahead(product(*operands), HIDDEN)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        queries, keys = operands
        if not isinstance(upstream.op, Lower) and upstream.op != upstream_scores:
            upstream = lower(upstream)
        return row_products(upstream, keys), transposed_matmul(queries, upstream, keys)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        queries, keys = operands
        return "-1E+30" if j > i else product_cell(i, j, queries, keys)

    def row(self, i: int, *operands: Ref) -> list[Span]:
        queries, keys = operands
        return [(0, i + 1, mmult(queries, queries.row(i), keys, keys.part(columns=i + 1)))]


@record
class CausalDivide(Op):
    """Scores divided by one number; what lies ahead stays `ahead`. Operands (n x n) and (1 x 1)."""

    ahead: float = HIDDEN

    scale = "masked"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        scores, divisor = operands
        check(scores.shape[0] == scores.shape[1] and divisor.shape == (1, 1), self, scores, divisor)
        return scores.rows, scores.columns

    def value(self, *operands: Array) -> Array:
        scores, divisor = operands
        return _ahead(scores / divisor, self.ahead)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return upstream_scores(upstream, operands[1]), STOP

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        scores, divisor = operands
        if j > i:
            return scores.cell(i, j) if self.ahead else "0"
        return f"{scores.cell(i, j)}/{divisor.cell(0, 0)}"

    def row(self, i: int, *operands: Ref) -> list[Span]:
        return [(0, i + 1, self.cell(i, EVERY, *across(i + 1, *operands)))]

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        scores, divisor = operands
        return [Number(scores.cell(i, j), masked=True), " / ", Number(divisor.cell(0, 0))]


class CausalMask(Op):
    """1 where a query may attend to a key: both slots hold words, and the key does not come after
    the query. Operands: padding of the queries and of the keys, both (n x 1); result (n x n)."""

    scale = "gate"
    no_gradient = "a mask says yes or no"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        queries, keys = operands
        check(queries.shape == keys.shape and queries.shape[1] == 1, self, queries, keys)
        return queries.rows, keys.rows

    def value(self, *operands: Array) -> Array:
        queries, keys = operands
        return np.tril(queries * np.swapaxes(keys, -1, -2))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        queries, keys = operands
        return "0" if j > i else f"{queries.cell(i, 0)}*{keys.cell(j, 0)}"


class CausalRowProducts(RowProducts):
    """Every row of a times every row of b that does not come after it, 0 above the diagonal: what
    passes back to the weights. Both (n x k); result (n x n)."""

    def value(self, *operands: Array) -> Array:
        return np.tril(super().value(*operands))

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return super().gradient(lower(upstream), result, *operands)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return "0" if j > i else super().cell(i, j, *operands)

    def row(self, i: int, *operands: Ref) -> list[Span]:
        return []


class CausalMix(Op):
    """Weights times V, where row i sums over the tokens k <= i: (n x n) (n x d_v) = (n x d_v).

    The gradient counts on weights of 0 above the diagonal, as attention's are.
    """

    crosswise = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        weights, values = operands
        check(weights.shape == (values.shape[0], values.shape[0]), self, weights, values)
        return weights.rows, values.columns

    def value(self, *operands: Array) -> Array:
        weights, values = operands
        return product(np.tril(weights), values)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        weights, values = operands
        return causal_row_products(upstream, values), transposed_matmul(weights, upstream, values)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        weights, values = operands
        return product_cell(i, j, weights, values, i + 1)

    def row(self, i: int, *operands: Ref) -> list[Span]:
        weights, values = operands
        return [(0, values.shape[1], mmult(weights, weights.row(i, i + 1), values, values.part(i + 1)))]

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        weights, values = operands
        return product_worked(i, j, weights, values)  # the weights of later tokens are 0


causal_scores = CausalScores()
causal_divide = CausalDivide()
upstream_scores = CausalDivide(ahead=0.0)
lower = Lower()
causal_row_products = CausalRowProducts()
causal_mask = CausalMask()
causal_mix = CausalMix()
