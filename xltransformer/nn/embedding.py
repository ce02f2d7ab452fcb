"""Words and their embeddings."""

from __future__ import annotations

from xltransformer.graph import ONE, Axis, Matrix, Scope, Sentence, Vocabulary
from xltransformer.ops import join_words, lookup, present, word_index


def vocabulary(g: Scope, rows: int, width: int) -> Vocabulary:
    """A word list with `rows` rows and an embedding of `width` numbers for each word."""
    words = g.input("vocabulary", Axis.numbered("", rows), ONE, "vocabulary", text=True)
    dimensions = g.input("dimensions", ONE, Axis.numbered("", width), "vocabulary", text=True)
    embeddings = g.input("embeddings", Axis.of(words), Axis.of(dimensions), "embedding")
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
