"""Attention that cannot look ahead, because no cell of it refers to a later token.

With the causal mask of `masking` the hidden scores are calculated and then covered; a sheet that
generates text, where a later token is calculated from an earlier position, would then refer to
itself. Here a cell above the diagonal holds a constant instead, and a row of the result sums over
the tokens up to its own only. Vaswani et al. 2017, "Attention Is All You Need", section 3.2.3.

As arrays, the queries may be the last ones alone, of as many tokens as there are keys: a row of the result is the
same without the rows before it, so that a text can be written on word by word (`stepwise`).
"""

from __future__ import annotations

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.ops.base import STOP, Contributions, Coordinate, Index, Number, Op, Pieces, Ref, Span
from xltransformer.ops.linear import (
    MatMul,
    RowProducts,
    matmul,
    mmult,
    product,
    product_cell,
    row_products,
    transposed_matmul,
)
from xltransformer.ops.masking import HIDDEN, where_one
from xltransformer.record import record


def _ahead(scores: Array, hidden: float) -> Array:
    """The scores with what lies ahead at a constant: above the diagonal, which ends in the last row and column."""
    rows, columns = scores.shape[-2:]
    if rows == 1:
        return scores
    return np.where(np.tri(rows, columns, columns - rows) == 1, scores, hidden)


class Lower(Op):
    """A gradient without what lies ahead: 0 above the diagonal."""

    signature = "n n -> n n"

    def value(self, x: Array) -> Array:
        return _ahead(x, 0.0)

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix) -> Contributions:
        return (lower(upstream),)

    def cell(self, i: Coordinate, j: Coordinate, x: Ref) -> str:
        return "0" if j > i else x.cell(i, j)


class CausalScores(Op):
    """Q Kᵀ on and below the diagonal, `HIDDEN` above it."""

    signature = "n k, k n -> n n"
    scale = "masked"
    crosswise = True

    def value(self, queries: Array, keys: Array) -> Array:
        return _ahead(product(queries, keys), HIDDEN)

    def gradient(self, upstream: Matrix, result: Matrix, queries: Matrix, keys: Matrix) -> Contributions:
        if upstream.op not in (lower, upstream_scores, where_one):  # which a causal mask has cleared
            upstream = lower(upstream)
        return row_products(upstream, keys), transposed_matmul(queries, upstream, keys)

    def cell(self, i: Coordinate, j: Coordinate, queries: Ref, keys: Ref) -> str:
        return "-1E+30" if j > i else product_cell(i, j, queries, keys)

    def row(self, i: int, queries: Ref, keys: Ref) -> list[Span]:
        return [(0, i + 1, mmult(queries, queries.row(i), keys, keys.part(columns=i + 1)))]

    def hint(self, i: Index, j: Index, queries: Ref, keys: Ref) -> Pieces | None:
        return matmul.worked(i, j, queries, keys)


@record
class CausalDivide(Op):
    """Scores divided by one number; what lies ahead stays `ahead`."""

    signature = "n n, 1 1 -> n n"

    ahead: float = HIDDEN
    scale = "masked"

    def value(self, scores: Array, divisor: Array) -> Array:
        return _ahead(scores / divisor, self.ahead)

    def gradient(self, upstream: Matrix, result: Matrix, scores: Matrix, divisor: Matrix) -> Contributions:
        return upstream_scores(upstream, divisor), STOP

    def cell(self, i: Coordinate, j: Coordinate, scores: Ref, divisor: Ref) -> str:
        if j > i:
            return scores.cell(i, j) if self.ahead else "0"
        return f"{scores.cell(i, j)}/{divisor.cell(0, 0)}"

    def row(self, i: int, scores: Ref, divisor: Ref) -> list[Span]:
        return [(0, i + 1, f"{scores.row(i, i + 1)}/{divisor.cell(0, 0)}")]

    def worked(self, i: Index, j: Index, scores: Ref, divisor: Ref) -> Pieces | None:
        return [Number(scores.cell(i, j), masked=True), " / ", Number(divisor.cell(0, 0))]


class CausalMask(Op):
    """1 where a query may attend to a key: both slots hold words, and the key does not come after
    the query, nor is it as far before as a window is long. Operands: padding of the queries and of the keys, and
    the length of the window where there is one."""

    signature = "n 1, n 1, [1 1] -> n n"
    scale = "gate"
    no_gradient = "a mask says yes or no"

    def value(self, queries: Array, keys: Array, *window: Array) -> Array:
        mask = _ahead(queries * np.swapaxes(keys, -1, -2), 0.0)
        place = np.arange(mask.shape[-1])
        back = place[-mask.shape[-2] :, None] - place
        return np.where(back < window[0], mask, 0.0) if window else mask

    def cell(self, i: Coordinate, j: Coordinate, queries: Ref, keys: Ref, *window: Ref) -> str:
        if j > i:
            return "0"
        both = f"{queries.cell(i, 0)}*{keys.cell(j, 0)}"
        return f"IF({i - j}<{window[0].cell(0, 0)},{both},0)" if window else both


class CausalRowProducts(RowProducts):
    """Every row of a times every row of b that does not come after it, 0 above the diagonal: what
    passes back to the weights."""

    signature = "n k, n k -> n n"

    def value(self, a: Array, b: Array, *bias: Array) -> Array:
        return np.tril(super().value(a, b))

    def gradient(self, upstream: Matrix, result: Matrix, a: Matrix, b: Matrix, *bias: Matrix) -> Contributions:
        return super().gradient(lower(upstream), result, a, b)

    def cell(self, i: Coordinate, j: Coordinate, a: Ref, b: Ref, *bias: Ref) -> str:
        return "0" if j > i else super().cell(i, j, a, b)

    def row(self, i: int, a: Ref, b: Ref, *bias: Ref) -> list[Span]:
        return []


class CausalMix(MatMul):
    """Weights a times V, b, where row i sums over the tokens k <= i.

    The gradient counts on weights of 0 above the diagonal, as attention's are; so does the worked line.
    """

    signature = "n n, n d -> n d"

    def value(self, a: Array, b: Array) -> Array:
        return product(_ahead(a, 0.0), b)

    def gradient(self, upstream: Matrix, result: Matrix, a: Matrix, b: Matrix) -> Contributions:
        return causal_row_products(upstream, b), transposed_matmul(a, upstream, b)

    def cell(self, i: Coordinate, j: Coordinate, a: Ref, b: Ref) -> str:
        return product_cell(i, j, a, b, i + 1)

    def row(self, i: int, a: Ref, b: Ref) -> list[Span]:
        return [(0, b.shape[1], mmult(a, a.row(i, i + 1), b, b.part(i + 1)))]


causal_scores = CausalScores()
causal_divide = CausalDivide()
upstream_scores = CausalDivide(ahead=0.0)
lower = Lower()
causal_row_products = CausalRowProducts()
causal_mask = CausalMask()
causal_mix = CausalMix()
