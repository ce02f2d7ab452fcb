"""From the last vectors to words: logits, probabilities, the predicted word and the runners-up."""

from __future__ import annotations

from dataclasses import dataclass

from xltransformer.graph import Matrix, Scope
from xltransformer.nn.attention import softmax
from xltransformer.ops import column_of, entry_at, row_argmax, row_rank, word_at


@dataclass(frozen=True)
class Prediction:
    """For each of n places: the row of the predicted word in the vocabulary (n x 1), the word, and
    the probabilities of all words (n x v)."""

    index: Matrix
    word: Matrix
    probabilities: Matrix


def predict(g: Scope, logits: Matrix, words: Matrix, temperature: Matrix | None = None) -> Prediction:
    """The word of the largest logit (the first where several are as large): logits (n x v), the
    vocabulary's words (v x 1). Vaswani et al. 2017, section 3.4; greedy decoding."""
    probabilities = softmax(g, logits, temperature=temperature)
    with g.step("predict"):
        index = g.add("predicted_index", row_argmax(logits))
        word = g.add("predicted", word_at(index, words))
        g.add("probability", entry_at(probabilities, index))
    return Prediction(index, word, probabilities)


def runners_up(
    g: Scope, logits: Matrix, probabilities: Matrix, words: Matrix, places: Matrix
) -> tuple[Matrix, Matrix]:
    """The words at the given places (1 x k, such as 1, 2, 3) of the ranking, and their
    probabilities, both (n x k)."""
    with g.step("runners_up"):
        index = g.add("ranked_index", column_of(g.add("rank", row_rank(logits)), places))
        return g.add("ranked", word_at(index, words)), g.add("ranked_probability", entry_at(probabilities, index))
