"""Which word may attend to which."""

from __future__ import annotations

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import STOP, Contributions, Op, Ref, Span, check

HIDDEN = -1e30
"""What a masked score becomes: minus infinity as far as any softmax can tell, yet a number that
every spreadsheet can hold. Sheets show it as −∞."""


class Present(Op):
    """1 where a slot holds a word of the vocabulary (its index is above 0), else 0: (n x 1)."""

    scale = "gate"
    no_gradient = "a mask says yes or no"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (index,) = operands
        check(index.shape[1] == 1, self, index)
        return index.rows, ONE

    def value(self, *operands: Array) -> Array:
        return (operands[0] > 0).astype(operands[0].dtype)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f"IF({operands[0].cell(i, 0)}>0,1,0)"


class AttentionMask(Op):
    """1 where a query may attend to a key: both slots hold words and, with the causal switch on
    (not 0), the key does not come after the query.

    Operands: padding of the queries (n x 1), padding of the keys (m x 1), and for self-attention
    the causal switch (1 x 1).
    """

    scale = "gate"
    no_gradient = "a mask says yes or no"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        queries, keys, *causal = operands
        fits = queries.shape[1] == keys.shape[1] == 1
        check(fits and all(switch.shape == (1, 1) for switch in causal), self, *operands)
        return queries.rows, keys.rows

    def value(self, *operands: Array) -> Array:
        queries, keys, *causal = operands
        mask: Array = queries * np.swapaxes(keys, -1, -2)
        return np.where(causal[0] != 0, np.tril(mask), mask) if causal else mask

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        queries, keys, *causal = operands
        both = f"{queries.cell(i, 0)}*{keys.cell(j, 0)}"
        if causal and j > i:
            return f"IF({causal[0].cell(0, 0)}=0,{both},0)"
        return both


class MaskScores(Op):
    """The score where the mask is 1, `HIDDEN` (minus infinity) elsewhere. Both (n x m)."""

    by_entry = True
    scale = "masked"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        scores, mask = operands
        check(scores.shape == mask.shape, self, scores, mask)
        return scores.rows, scores.columns

    def value(self, *operands: Array) -> Array:
        scores, mask = operands
        return np.where(mask == 1, scores, HIDDEN)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return where_one(upstream, operands[1]), STOP

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        scores, mask = operands
        return f"IF({mask.cell(i, j)}=1,{scores.cell(i, j)},-1E+30)"


class MaskUnnamed(Op):
    """The logits of the words there are, `HIDDEN` for empty rows of the vocabulary.

    Operands: logits (n x v), vocabulary (v x 1, text); result (n x v).
    """

    scale = "masked"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        logits, words = operands
        check(words.shape == (logits.shape[1], 1), self, logits, words)
        return logits.rows, logits.columns

    def value(self, *operands: Array) -> Array:
        logits, words = operands
        return np.where(words.T == "", HIDDEN, logits)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return where_named(upstream, operands[1]), STOP

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        logits, words = operands
        return f'IF({words.cell(j, 0)}="",-1E+30,{logits.cell(i, j)})'

    def row(self, i: int, *operands: Ref) -> list[Span]:
        logits, words = operands
        return [(0, logits.shape[1], f'IF(TRANSPOSE({words.column(0)})="",-1E+30,{logits.row(i)})')]


class WhereOne(Op):
    """What passes back through a mask: the entry where the mask is 1, else 0. Both (n x m)."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        upstream, mask = operands
        check(upstream.shape == mask.shape, self, upstream, mask)
        return upstream.rows, upstream.columns

    def value(self, *operands: Array) -> Array:
        upstream, mask = operands
        return np.where(mask == 1, upstream, 0.0)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return where_one(upstream, operands[1]), STOP

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        upstream, mask = operands
        return f"IF({mask.cell(i, j)}=1,{upstream.cell(i, j)},0)"


class WhereNamed(Op):
    """What passes back to the logits: 0 for empty rows of the vocabulary.

    Operands: (n x v), vocabulary (v x 1, text); result (n x v).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        upstream, words = operands
        check(words.shape == (upstream.shape[1], 1), self, upstream, words)
        return upstream.rows, upstream.columns

    def value(self, *operands: Array) -> Array:
        upstream, words = operands
        return np.where(words.T == "", 0.0, upstream)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return where_named(upstream, operands[1]), STOP

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        upstream, words = operands
        return f'IF({words.cell(j, 0)}="",0,{upstream.cell(i, j)})'


present = Present()
where_one = WhereOne()
where_named = WhereNamed()
attention_mask = AttentionMask()
mask_scores = MaskScores()
mask_unnamed = MaskUnnamed()
