"""Which word may attend to which."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix, Scale
from xltransformer.ops.base import STOP, Contributions, Coordinate, Op, Ref, Span

HIDDEN, SEEN = -1e30, -1e29
"""What a masked score becomes: minus infinity as far as any softmax can tell, yet a number that
every spreadsheet can hold; and where what can be seen begins: what is less shows as −∞."""


class Present(Op):
    """1 where a slot holds a word of the vocabulary (its index is above 0), else 0."""

    signature = "n 1 -> n 1"
    formula = "IF({index}>0,1,0)"
    scale = "gate"
    no_gradient = "a mask says yes or no"

    def value(self, index: Array) -> Array:
        return (index > 0).astype(index.dtype)


class AttentionMask(Op):
    """1 where a query may attend to a key: both slots hold words and, with the causal switch on
    (not 0), the key does not come after the query.

    Operands: padding of the queries, padding of the keys, and for self-attention the causal switch.
    """

    signature = "n 1, m 1, [1 1] -> n m"
    scale = "gate"
    no_gradient = "a mask says yes or no"

    def value(self, queries: Array, keys: Array, *causal: Array) -> Array:
        mask: Array = queries * np.swapaxes(keys, -1, -2)
        return np.where(causal[0] != 0, np.tril(mask), mask) if causal else mask

    def cell(self, i: Coordinate, j: Coordinate, queries: Ref, keys: Ref, *causal: Ref) -> str:
        both = f"{queries.cell(i, 0)}*{keys.cell(j, 0)}"
        if causal and j > i:
            return f"IF({causal[0].cell(0, 0)}=0,{both},0)"
        return both


class MaskScores(Op):
    """The score where the mask is 1, `HIDDEN` (minus infinity) elsewhere."""

    signature = "n m, n m -> n m"
    formula = "IF({mask}=1,{scores},-1E+30)"
    by_entry = True
    scale: ClassVar[Scale] = "masked"
    hidden: ClassVar[float] = HIDDEN
    moves = True

    def value(self, scores: Array, mask: Array) -> Array:
        return np.where(mask == 1, scores, self.hidden)

    def gradient(self, upstream: Matrix, result: Matrix, scores: Matrix, mask: Matrix) -> Contributions:
        return where_one(upstream, mask), STOP


class MaskUnnamed(Op):
    """The logits of the words there are, `HIDDEN` for empty rows of the vocabulary, the second operand (text)."""

    signature = "n v, v 1 -> n v"
    formula = 'IF({words}="",-1E+30,{logits})'
    scale: ClassVar[Scale] = "masked"
    hidden: ClassVar[float] = HIDDEN
    moves = True

    def value(self, logits: Array, words: Array) -> Array:
        return np.where(words.T == "", self.hidden, logits)

    def gradient(self, upstream: Matrix, result: Matrix, logits: Matrix, words: Matrix) -> Contributions:
        return where_named(upstream, words), STOP

    def row(self, i: int, logits: Ref, words: Ref) -> list[Span]:
        return [(0, logits.shape[1], f'IF(TRANSPOSE({words.column(0)})="",-1E+30,{logits.row(i)})')]


class MayStand(Op):
    """1 for each word of a list but one, of which it is 0. Operands: the words, and the number of the one in the
    list (from 1; 0: none)."""

    signature = "v 1, 1 1 -> 1 v"
    scale = "gate"
    no_gradient = "a mask says yes or no"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        super().axes(*operands)
        return ONE, Axis.of(operands[0])

    def value(self, words: Array, never: Array) -> Array:
        return np.where(np.arange(1, words.shape[-2] + 1) == never, 0.0, 1.0)

    def cell(self, i: Coordinate, j: Coordinate, words: Ref, never: Ref) -> str:
        return f"IF(ROW({words.cell(j, 0)})-ROW({words.cell(0, 0)})+1={never.cell(0, 0)},0,1)"


class MaskColumns(MaskScores):
    """The same with a gate for each column, in place of a mask for each score."""

    signature = "n m, 1 m -> n m"

    def gradient(self, upstream: Matrix, result: Matrix, scores: Matrix, mask: Matrix) -> Contributions:
        return where_open(upstream, mask), STOP


class WhereOpen(MaskColumns):
    """What passes back through it: the entry where the gate is 1, else 0."""

    formula = "IF({mask}=1,{scores},0)"
    by_entry = False
    scale = "signed"
    hidden = 0.0


class WhereOne(MaskScores):
    """What passes back through a mask: the entry where the mask is 1, else 0."""

    formula = "IF({mask}=1,{scores},0)"
    by_entry = False
    scale = "signed"
    hidden = 0.0


class WhereNamed(MaskUnnamed):
    """What passes back to the logits: 0 for empty rows of the vocabulary, the second operand (text)."""

    formula = 'IF({words}="",0,{logits})'
    scale = "signed"
    hidden = 0.0

    def row(self, i: int, logits: Ref, words: Ref) -> list[Span]:
        return []


present = Present()
where_one = WhereOne()
where_named = WhereNamed()
attention_mask = AttentionMask()
mask_scores = MaskScores()
mask_unnamed = MaskUnnamed()
may_stand = MayStand()
mask_columns = MaskColumns()
where_open = WhereOpen()
