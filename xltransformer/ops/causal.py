"""Attention that cannot look ahead, because no cell of it refers to a later token.

With the causal mask of `masking` the hidden scores are calculated and then covered; a sheet that
generates text, where a later token is calculated from an earlier position, would then refer to
itself. Here a cell above the diagonal holds a constant instead, and a row of the result sums over
the tokens up to its own only. Vaswani et al. 2017, "Attention Is All You Need", section 3.2.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.ops.base import Index, Number, Op, Pieces, Ref, check
from xltransformer.ops.linear import product, product_cell, product_worked
from xltransformer.ops.masking import HIDDEN


def _hide_later(scores: Array) -> Array:
    return np.where(np.tri(*scores.shape) == 1, scores, HIDDEN)


@dataclass(frozen=True)
class CausalScores(Op):
    """Q Kᵀ on and below the diagonal, `HIDDEN` above it: (n x d_k) (d_k x n) = (n x n)."""

    scale = "masked"
    crosswise = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        queries, keys = operands
        check(queries.shape == keys.shape[::-1], self, queries, keys)
        return queries.rows, keys.columns

    def value(self, *operands: Array) -> Array:
        return _hide_later(product(*operands))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        queries, keys = operands
        return "-1E+30" if j > i else product_cell(i, j, queries, keys)


@dataclass(frozen=True)
class CausalDivide(Op):
    """Scores divided by one number; what is hidden stays as it is. Operands (n x n) and (1 x 1)."""

    scale = "masked"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        scores, divisor = operands
        check(scores.shape[0] == scores.shape[1] and divisor.shape == (1, 1), self, scores, divisor)
        return scores.rows, scores.columns

    def value(self, *operands: Array) -> Array:
        scores, divisor = operands
        return _hide_later(scores / divisor)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        scores, divisor = operands
        return scores.cell(i, j) if j > i else f"{scores.cell(i, j)}/{divisor.cell(0, 0)}"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        scores, divisor = operands
        return [Number(scores.cell(i, j), masked=True), " / ", Number(divisor.cell(0, 0))]


@dataclass(frozen=True)
class CausalMask(Op):
    """1 where a query may attend to a key: both slots hold words, and the key does not come after
    the query. Operands: padding of the queries and of the keys, both (n x 1); result (n x n)."""

    scale = "gate"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        queries, keys = operands
        check(queries.shape == keys.shape and queries.shape[1] == 1, self, queries, keys)
        return queries.rows, keys.rows

    def value(self, *operands: Array) -> Array:
        queries, keys = operands
        return np.tril(queries * keys.T)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        queries, keys = operands
        return "0" if j > i else f"{queries.cell(i, 0)}*{keys.cell(j, 0)}"


@dataclass(frozen=True)
class CausalMix(Op):
    """Weights times V, where row i sums over the tokens k <= i: (n x n) (n x d_v) = (n x d_v)."""

    crosswise = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        weights, values = operands
        check(weights.shape == (values.shape[0], values.shape[0]), self, weights, values)
        return weights.rows, values.columns

    def value(self, *operands: Array) -> Array:
        weights, values = operands
        return product(np.tril(weights), values)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        weights, values = operands
        return product_cell(i, j, weights, values, i + 1)

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        weights, values = operands
        return product_worked(i, j, weights, values)  # the weights of later tokens are 0


causal_scores = CausalScores()
causal_divide = CausalDivide()
causal_mask = CausalMask()
causal_mix = CausalMix()
