"""From the vectors of words to one of the sentence, and how near two sentences are."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.graph import Matrix, Scope
from xltransformer.ops import divide_rows, mean_rows, row_length, row_products, stack_rows


def pool(g: Scope, X: Matrix, padding: Matrix) -> Matrix:
    """The mean of the words that count, brought to length 1: X (n x d) and the padding (n x 1) give
    (1 x d). Reimers and Gurevych 2019, "Sentence-BERT", section 3."""
    with g.step("pooling"):
        mean = g.add("mean", mean_rows(X, padding))
    with g.step("unit_length"):
        length = g.add("length", row_length(mean))
        unit = g.add("unit", divide_rows(mean, length))
    unit.scale = "signed"
    return unit


def cosines(g: Scope, labels: Matrix, vectors: Sequence[Matrix]) -> Matrix:
    """The cosine of every two of s vectors of length 1 (1 x d each), under the labels (s x 1): (s x s)."""
    with g.step("sentence_vectors"):
        stacked = g.add("vectors", stack_rows(labels, *vectors))
    with g.step("cosine"):
        return g.add("cosine", row_products(stacked, stacked))
