"""From the last vectors to words: logits, probabilities, the predicted word and the runners-up."""

from __future__ import annotations

from xltransformer.graph import Matrix, Scope
from xltransformer.nn.attention import softmax
from xltransformer.ops import Places, column_of, entry_at, mask_unnamed, row_argmax, row_rank, word_at
from xltransformer.record import record

SHOWN = 3
"""How many words are shown in the order of their probabilities."""


@record
class Prediction:
    """For each of n places: the row of the predicted word in the vocabulary (n x 1), the word, and
    the probabilities and logits of all words (n x v)."""

    index: Matrix
    word: Matrix
    probabilities: Matrix
    logits: Matrix


def predict(g: Scope, logits: Matrix, words: Matrix, temperature: Matrix | None = None) -> Prediction:
    """The word of the largest logit (the first where several are as large), and the runners-up:
    logits (n x v), still unnamed, and the vocabulary's words (v x 1), of which empty rows are never
    predicted. Vaswani et al. 2017, section 3.4; greedy decoding."""
    with g.step("logits"):
        listed = g.add("masked", mask_unnamed(g.add("logits", logits), words))
    probabilities = softmax(g, listed, temperature=temperature, shares="probabilities")
    with g.step("predict"):
        index = g.add("predicted_index", row_argmax(listed))
        word = g.add("predicted", word_at(index, words))
        g.add("probability", entry_at(probabilities, index))
    runners_up(g, listed, probabilities, words)
    return Prediction(index, word, probabilities, listed)


def runners_up(
    g: Scope, logits: Matrix, probabilities: Matrix, words: Matrix, count: int = SHOWN
) -> tuple[Matrix, Matrix]:
    """The first `count` words in the order of their logits (n x v), and their probabilities, both
    (n x `count`, or fewer where there are fewer words)."""
    with g.step("runners_up"):
        places = g.add("place", Places(count)(words))
        index = g.add("ranked_index", column_of(g.add("rank", row_rank(logits)), places))
        return g.add("ranked", word_at(index, words)), g.add("ranked_probability", entry_at(probabilities, index))
