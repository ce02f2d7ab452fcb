"""From the last vectors to words: logits, probabilities, the predicted word and the runners-up."""

from __future__ import annotations

from collections.abc import Callable

from xltransformer.graph import Matrix, Scope
from xltransformer.nn.attention import softmax
from xltransformer.nn.sampling import Choosing, drawn
from xltransformer.ops import (
    Places,
    column_of,
    either,
    entry_at,
    least_share,
    mask_columns,
    mask_unnamed,
    row_argmax,
    row_rank,
    row_sum,
    share_case,
    share_rank,
    transpose,
    word_at,
)
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


@record
class Ranked:
    """The words of the largest shares of a row, in their order, and their shares (1 x k each); the least share
    that a word has, how many words there are, and how the shares are told (`ops.ShareCase`; 1 x 1 each)."""

    words: Matrix
    shares: Matrix
    least: Matrix
    count: Matrix
    case: Matrix


def ranked(g: Scope, shares: Matrix, words: Matrix, padding: Matrix) -> Ranked:
    """How the shares of one row (1 x n) are ranked, of words (n x 1) where the padding (n x 1) is 1."""
    names, largest = runners_up(g, shares, shares, words)
    with g.step("runners_up"):
        there = g.add("there", transpose(padding), scale="gate")
        count = g.add("number", row_sum(there), scale="count")
        least = g.add("least", least_share(shares, count), scale="probability")
        return Ranked(names, largest, least, count, g.add("case", share_case(largest, least, count)))


def predict(
    g: Scope,
    logits: Matrix,
    words: Matrix,
    temperature: Matrix | None = None,
    *,
    may_stand: Matrix | None = None,
    written: tuple[Matrix, Callable[[], Choosing]] | None = None,
) -> Prediction:
    """The word of the largest logit (the first where several are as large), and the runners-up:
    logits (n x v), still unnamed, and the vocabulary's words (v x 1), of which empty rows are never
    predicted, nor are words of which `may_stand` (1 x v) is 0. Vaswani et al. 2017, section 3.4; greedy
    decoding. With the words (n x 1) that are `written` on, and what gives what they are chosen by, it is the word
    that the draw falls to where words are chosen by chance."""
    with g.step("logits", bias=logits.operands[2:] != ()):
        listed = g.add("masked", mask_unnamed(g.add("logits", logits), words))
    if may_stand is not None:
        with g.step("never"):
            listed = g.add("open", mask_columns(listed, may_stand))
    probabilities = softmax(g, listed, temperature=temperature, shares="probabilities")
    found = None
    if written is not None:
        by = written[1]()
        found = drawn(g, listed, words, written[0], by)
    with g.step("predict", chosen=found is not None):
        index = row_argmax(listed)
        if found is not None:
            likely = g.add("likely_index", index)
            index = either(by.by_chance, g.add("drawn_index", found.index), likely)
        index = g.add("predicted_index", index)
        word = g.add("predicted", word_at(index, words))
        g.add("probability", entry_at(probabilities, index))
    runners_up(g, listed, probabilities, words, rank=None if found is None else found.rank)
    return Prediction(index, word, probabilities, listed)


def runners_up(
    g: Scope,
    logits: Matrix,
    probabilities: Matrix,
    words: Matrix,
    count: int = SHOWN,
    *,
    rank: Matrix | None = None,
) -> tuple[Matrix, Matrix]:
    """The first `count` words in the order of their logits (n x v), and their probabilities, both
    (n x `count`, or fewer where there are fewer words); of a `rank` (n x v) that is known already."""
    with g.step("runners_up"):
        places = g.add("place", Places(count)(words))
        by = share_rank if logits is probabilities else row_rank
        rank = rank or g.add("rank", by(logits))
        index = g.add("ranked_index", column_of(rank, places))
        return g.add("ranked", word_at(index, words)), g.add("ranked_probability", entry_at(probabilities, index))
