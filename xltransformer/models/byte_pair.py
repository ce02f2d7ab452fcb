"""Byte-pair encoding: how a word falls apart into the pieces that a vocabulary knows."""

from __future__ import annotations

from xltransformer import ops
from xltransformer.errors import UserError
from xltransformer.graph import Matrix, Scope
from xltransformer.models.sizes import Sizes, begin
from xltransformer.nn.embedding import embed
from xltransformer.teaching.lesson import Lesson
from xltransformer.teaching.pictures import Answer, Fact, Headline, Map

MOST_LETTERS = 80
"""Slots for letters: with each there is one step more, and in every step one row more and longer formulas, so that
80 take 0.8 MB and 300 would take 226 MB of formulas."""


def byte_pair(sizes: Sizes) -> Lesson:
    """The letters of each word, and in each step the pair that was learned first merged wherever it
    stands; then every piece as its row of the vocabulary, which holds the pieces in the order in which
    they were learned. Sennrich, Haddow and Birch 2016, section 3.2. The sentences are words, a letter
    in each slot. UserError for more than `MOST_LETTERS` of them."""
    model, known = begin(sizes)
    if max(sizes.slots) > MOST_LETTERS:
        raise UserError(
            f"{max(sizes.slots)} slots for the letters of a sentence; at most {MOST_LETTERS}, or the steps become "
            "too many to calculate: use a shorter word"
        )
    tables, answers = [], []
    for s, g, word in model.each("byte_pair"):
        with g.step("letters"):
            model.show(word.words)
            pieces = [g.add("letters", ops.pack_texts(word.words, g.add("count", ops.count_texts(word.words))))]
        for k in range(1, word.words.shape[0]):
            pieces.append(_merge(g.scope("merge", str(k)), pieces[-1], known.words))
        with g.step("pieces"):
            tables.append(g.add("table", ops.rows_of_texts(*pieces)))
            joined = g.add("text", ops.join_words(pieces[-1]))
            index = g.add("index", ops.word_index(pieces[-1], known.words))
            there = ops.present(g.add("piece_number", ops.count_texts(pieces[-1])))
            count = g.add(
                "number", ops.row_sum(g.add("there_T", ops.transpose(g.add("there", there)))), scale="count"
            )
            case = g.add("case", ops.count_case(count))
        embed(g, index, known)
        facts = {"word": Fact(word.text), "pieces": Fact(joined), "count": Fact(count)}
        answers.append(Answer("pieces", facts, s, case=case, cases=("pieces_none", "pieces_one")))
    model.headline = Headline([Map("pieces", tables[0])], answers)
    return model


def _merge(g: Scope, pieces: Matrix, vocabulary: Matrix) -> Matrix:
    """One step: the pairs of neighbours, their ranks, the best of these, and the pieces after its merge."""
    with g.step("merge"):
        pairs = g.add("pairs", ops.pair_texts(pieces))
        ranks = g.add("ranks", ops.word_index(pairs, vocabulary))
        best = g.add("best", ops.least_above_zero(ranks))
        flags = g.add("merged_here", ops.merge_here(ranks, best))
        merged = g.add("merged", ops.merge_texts(pieces, flags))
        return g.add("pieces", ops.pack_texts(merged, g.add("places", ops.count_texts(merged))))
