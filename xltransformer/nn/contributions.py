"""How much each word adds to what one word takes in by attention."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.graph import Attended, Axis, Matrix, Scope
from xltransformer.ops import Row, concatenate, divide_rows, matmul, row_length, row_sum, transpose, weigh_rows


def first_takes_in(g: Scope, heads: Sequence[Attended], W_O: Matrix, words: Matrix) -> Matrix:
    """The share of each of n words in what the first word takes in by all heads of an attention: (1 x n).

    A word adds its values, times the attention that it gets in each head, through W_O: a vector, whose length
    counts. These vectors add up to what the attention makes for the first word, but for the bias. Kobayashi et al.
    2020, "Attention is Not Only a Weight: Analyzing Transformers with Vector Norms", section 3.
    """
    parts = []
    for k, one in enumerate(heads):
        h = g.scope("head", str(k))
        assert one.values is not None
        with h.step("first_attends"):
            attention = h.add("attention", Row(0)(one.weights), scale="probability")
            weight = h.add("attention_T", transpose(attention), scale="probability")
            parts.append(h.add("values", weigh_rows(one.values, weight)))
    with g.step("added"):
        mapped = g.add("added", matmul(g.add("heads", concatenate(*parts)), W_O))
    with g.step("added_shares"):
        size = g.add("size_T", transpose(g.add("size", row_length(mapped))), columns=Axis.of(words))
        return g.add("share", divide_rows(size, g.add("total", row_sum(size))), scale="probability")
