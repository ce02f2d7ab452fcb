"""From the vectors of words to one of the sentence, and how near two sentences are."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.graph import Matrix, Scope
from xltransformer.ops import Row, divide_rows, mean_rows, multiply, row_length, row_products, stack_rows


def mean(g: Scope, X: Matrix, padding: Matrix) -> Matrix:
    """The mean of the words that count: X (n x d) and the padding (n x 1) give (1 x d)."""
    with g.step("pooling"):
        return g.add("mean", mean_rows(X, padding))


def pool(g: Scope, X: Matrix, padding: Matrix, *, first_alone: bool = False) -> Matrix:
    """The mean of the words that count, or with `first_alone` the first token's row, brought to length 1:
    X (n x d) and the padding (n x 1) give (1 x d). Reimers and Gurevych 2019, "Sentence-BERT", section 3."""
    if first_alone:
        with g.step("first_token"):
            pooled = g.add("first", Row(0)(X))
    else:
        pooled = mean(g, X, padding)
    with g.step("unit_length"):
        length = g.add("length", row_length(pooled))
        return g.add("unit", divide_rows(pooled, length), scale="signed")


def cosines(g: Scope, labels: Matrix, vectors: Sequence[Matrix]) -> Matrix:
    """The cosine of every two of s vectors of length 1 (1 x d each), under the labels (s x 1): (s x s)."""
    with g.step("sentence_vectors"):
        stacked = g.add("vectors", stack_rows(labels, *vectors))
    with g.step("cosine"):
        return g.add("cosine", row_products(stacked, stacked))


def directions(g: Scope, X: Matrix, padding: Matrix) -> Matrix:
    """Each row of X (n x d) brought to length 1, an empty slot's to 0: (n x d)."""
    with g.step("directions"):
        length = g.add("length", multiply(g.add("size", row_length(X)), padding))
        return g.add("unit", divide_rows(X, length))


def word_cosines(g: Scope, X: Matrix, Y: Matrix) -> Matrix:
    """The cosine of every row of X (n x d) with every row of Y (m x d), both of length 1: (n x m)."""
    with g.step("word_cosine"):
        return g.add("cosine", row_products(X, Y))
