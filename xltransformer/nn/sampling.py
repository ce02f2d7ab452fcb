"""The next word by chance: logits at a temperature, sorted, cut by top-k and top-p, and where the draw falls.

What each step means is said in `xltransformer.sampling`.
"""

from __future__ import annotations

from xltransformer import ops
from xltransformer.graph import ONE, Axis, Matrix, Scope, SwitchWords
from xltransformer.nn.attention import gate
from xltransformer.record import record
from xltransformer.sampling import LARGEST_SEED, MOST_K

DRAWN = 8
"""Of how many words, the likeliest ones, the intervals into which draws fall are shown."""


@record
class Choosing:
    """What decides how words are chosen: whether `by_chance` (1) or the most likely (0), the temperature, top-k,
    top-p and the seed (1 x 1 each), the `made` draws of the seed (n x 1), and those that count (m x 1), one for
    each slot but the first, which a user may type over."""

    by_chance: Matrix
    temperature: Matrix
    top_k: Matrix
    top_p: Matrix
    seed: Matrix
    made: Matrix
    draws: Matrix

    @property
    def switches(self) -> list[Matrix]:
        """The cells that the user turns, beside the draws."""
        return [self.by_chance.operands[0], self.temperature, self.top_k, self.top_p, self.seed]


def choosing(g: Scope, switches: Scope, words: SwitchWords, places: int) -> Choosing:
    """The settings, and the draws of the seed for sentences of up to so many places."""
    by_chance = gate(switches, "choose", words)
    temperature = switches.input("temperature", ONE, ONE, "switch", scale="plain", positive=True)
    top_k = switches.input("top_k", ONE, ONE, "switch", scale="whole", between=(0, MOST_K))
    top_p = switches.input("top_p", ONE, ONE, "switch", scale="plain", between=(0, 1))
    seed = switches.input("seed", ONE, ONE, "switch", scale="whole", between=(0, LARGEST_SEED))
    with g.step("draws"):
        mixed = g.add("mixed_seed", ops.mixed_seed(seed))
        start = g.add("start_number", ops.start_number(mixed))
        made = g.add("made_draw", ops.fraction(g.add("number", ops.Numbers(places)(start))))
    slots = Axis.numbered("", max(1, places - 1))
    draws = switches.input("draws", slots, ONE, "switch", scale="plain", between=(0, 1), made_by=made)
    return Choosing(by_chance, temperature, top_k, top_p, seed, made, draws)


@record
class Drawn:
    """The ranks of all words (n x v), and the row in the vocabulary of the word that the draw falls to (n x 1,
    still unnamed)."""

    rank: Matrix
    index: Matrix


def drawn(g: Scope, logits: Matrix, vocabulary: Matrix, words: Matrix, by: Choosing) -> Drawn:
    """Which word of the vocabulary (v x 1) the draw chooses after each of the words (n x 1), by logits (n x v); no
    cell comes from another row's logits."""
    with g.step("sorted"):
        rank = g.add("rank", ops.row_rank(logits))
        places = g.add("place_of_all", ops.Places(vocabulary.shape[0])(vocabulary))
        largest = g.add("largest_logit", ops.row_max(logits))
        heated = g.add("heated", ops.heated_in_order(logits, rank, places, largest, by.temperature))
        sums = g.add("running", ops.running(heated))
    with g.step("cut"):
        first = g.add("first_k", ops.first_words(places, by.top_k))
        count = g.add("kept_words", ops.kept(sums, first, by.top_p))
        total = g.add("kept_sum", ops.entry_at(sums, count), scale="plain")
    with g.step("drawn"):
        shown = g.add("place_shown", ops.Places(DRAWN)(vocabulary))
        index = g.add("in_order_index", ops.column_of(rank, shown))
        g.add("in_order", ops.word_at(index, vocabulary))
        g.add("share_left", ops.left_over(heated, total, count, shown))
        g.add("up_to", ops.interval_ends(sums, total, shown))
        draw = g.add("draw", ops.draw_after(by.draws, by.made, words))
        place = g.add("falls_at", ops.falls(sums, total, draw))
        g.add("falls", ops.at_place(place, shown))
        return Drawn(rank, ops.ranked_as(rank, place))
