"""Words and their embeddings."""

from __future__ import annotations

import numpy as np

from xltransformer.graph import EMBEDDING, ONE, Array, Axis, Matrix, Scope
from xltransformer.ops import join_words, lookup, present, word_index
from xltransformer.record import record


@record(eq=False)
class Sentence:
    """The blocks that hold one sentence; each has one row a word slot.

    `index` is each word's row in the vocabulary (0: none), `padding` is 1 where a known word
    stands, and `text` is the sentence as one text.
    """

    words: Matrix
    index: Matrix
    padding: Matrix
    text: Matrix


@record(eq=False)
class Vocabulary:
    """The word list with its embeddings: `words` (v x 1), `dimensions` (1 x d), `embeddings` (v x d)."""

    words: Matrix
    dimensions: Matrix
    embeddings: Matrix


def vocabulary(g: Scope, rows: int, width: int) -> Vocabulary:
    """A word list with `rows` rows and an embedding of `width` numbers for each word."""
    words = g.input("vocabulary", Axis.numbered("", rows), ONE, "vocabulary", text=True)
    dimensions = g.input("dimensions", ONE, Axis.numbered("", width), "vocabulary", text=True)
    embeddings = g.input("embeddings", Axis.of(words), Axis.of(dimensions), "embedding", initial=EMBEDDING)
    return Vocabulary(words, dimensions, embeddings)


def sentence(g: Scope, known: Vocabulary, slots: int) -> Sentence:
    """A sentence of up to `slots` words; empty slots and words unknown are left out of attention."""
    words = g.input("words", Axis.numbered("", slots), ONE, "words", text=True, choices=known.words)
    index = g.add("index", word_index(words, known.words))
    padding = g.add("padding", present(index))
    return Sentence(words, index, padding, g.add("text", join_words(words)))


def embed(g: Scope, index: Matrix, known: Vocabulary) -> Matrix:
    """X: for each word its row of the vocabulary."""
    with g.step("embedding"):
        return g.add("X", lookup(index, known.embeddings))


def trimmed(value: Array, block: Matrix, words: int | None = None) -> Array:
    """The weights of a block: of more positions than there is room for the first, and with a column
    of 0 for each word of the vocabulary beyond the `words` that the weights know."""
    if block.row_per_place:
        return value[: block.shape[0]]
    of_words = block.columns.source is not None and block.columns.source.role == "vocabulary"
    if words is not None and of_words and value.ndim == 2 and value.shape[1] == words < block.shape[1]:
        return np.pad(value, ((0, 0), (0, block.shape[1] - words)))
    return value
