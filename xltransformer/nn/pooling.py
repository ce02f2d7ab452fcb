"""From the vectors of words to one of the sentence, and how near two sentences are."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.graph import Matrix, Scope
from xltransformer.ops import (
    Row,
    divide_rows,
    lookup,
    mask_rows,
    max_rows,
    mean_rows,
    multiply,
    numbered,
    root_sum,
    row_length,
    row_max,
    row_products,
    stack_rows,
    transpose,
    weigh_rows,
)

POOLINGS = ("mean", "first", "max", "last", "weighted_mean", "mean_by_root")
"""How one vector may be made of those of the words."""


def mean(g: Scope, X: Matrix, padding: Matrix) -> Matrix:
    """The mean of the words that count: X (n x d) and the padding (n x 1) give (1 x d)."""
    with g.step("pooling"):
        return g.add("mean", mean_rows(X, padding))


def pool(g: Scope, X: Matrix, padding: Matrix, how: str = "mean") -> Matrix:
    """One vector of those of the words that count: X (n x d) and the padding (n x 1) give (1 x d).

    Their mean, or their largest entries (`max`): Reimers and Gurevych 2019, "Sentence-BERT", section 3; the
    `first` or the `last` word's; a `weighted_mean`, in which the k-th place weighs k: Muennighoff 2022, "SGPT",
    section 4.1; their sum over the root of how many they are (`mean_by_root`).
    """
    if how == "first":
        with g.step("first_token"):
            return g.add("first", Row(0)(X))
    if how == "max":
        with g.step("max_pooling"):
            return g.add("largest", max_rows(g.add("standing", mask_rows(X, padding)), padding))
    if how in ("last", "weighted_mean"):
        with g.step(f"{how}_pooling"):
            places = g.add("places", numbered(padding))
            if how == "weighted_mean":
                return g.add("weighted_mean", mean_rows(X, places))
            place = g.add("last_place", row_max(g.add("places_T", transpose(places))), scale="count")
            return g.add("last", lookup(place, X))
    pooled = mean(g, X, padding)
    if how == "mean":
        return pooled
    with g.step("mean_by_root"):
        return g.add("mean_by_root", weigh_rows(pooled, g.add("root", root_sum(padding))))


def unit_length(g: Scope, vector: Matrix) -> Matrix:
    """A vector (1 x d) brought to length 1."""
    with g.step("unit_length"):
        length = g.add("length", row_length(vector))
        return g.add("unit", divide_rows(vector, length), scale="signed")


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
