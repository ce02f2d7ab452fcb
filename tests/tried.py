"""For each experiment whether its explanation is true of the numbers before and after it: written from its words,
not from formulas. By template and number (as the first sheet counts them, from 1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Read = Callable[[str], list[list[Any]]]
"""The cells of a block, by its name."""


@dataclass(frozen=True)
class Tried:
    """The blocks that an explanation speaks of, and whether it is true, by their cells before and after."""

    blocks: Sequence[str]
    is_true: Callable[[Read, Read], bool]


RANKED, SHARES = "watch.0.prediction.ranked", "watch.0.prediction.ranked_probability"


def written(read: Read, name: str = "sentence.words") -> list[str]:
    return [str(row[0]) for row in read(name) if row[0] not in ("", None)]


def first_words(read: Read, count: int) -> list[str]:
    return [str(word) for word in read(RANKED)[0][:count]]


def evened_out(before: Read, after: Read, *names: str) -> bool:
    """The largest share has fallen, and the smallest of those above 0 has risen."""
    rows = [[[share for share in read(name)[0] if share > 0] for read in (before, after)] for name in names]
    return all(max(now) < max(was) and min(now) > min(was) for was, now in rows)


def moved_towards_technology(before: Read, after: Read) -> bool:
    """More of the upward dimension than of the one across comes out in both sentences."""
    moves = (after(f"watch.{s}.move")[1] for s in (0, 1))
    return all(up > across for across, up in moves)


def in_last_words(count: int, *words: str) -> Callable[[Read, Read], bool]:
    return lambda before, after: written(after)[-count:] == list(words)


def mean_and_variance_left(before: Read, after: Read) -> bool:
    was, now = ([read(f"watch.layer.{name}")[0][0] for name in ("mean", "variance")] for read in (before, after))
    return abs(was[0]) < 0.005 and abs(was[1] - 1) < 0.005 and abs(now[1] - 1) > 0.005


OUTPUTS = [f"{name}.output" for name in ("relu", "gelu_tanh", "gelu_erf", "swiglu")]


def less_of_one_and_more_of_both(before: Read, after: Read) -> bool:
    """In every network, of the word that is changed, the last one; the others keep their numbers."""
    tables = [(before(name), after(name)) for name in OUTPUTS]
    changed = all(now[-1][2] < was[-1][2] and now[-1][3] > was[-1][3] for was, now in tables)
    return changed and all(now[:-1] == was[:-1] for was, now in tables)


def paired(one: str, other: str, read: Read) -> list[tuple[list[Any], list[Any]]]:
    return [*zip(read(one), read(other), strict=True)]


BY_LAYER = ("reading.by_layer", "reading.mean_score")
BAD, DULL = 5, 10
"""The places of “bad” and “dull” in the review as built: “… not bad though the ending very dull”."""


def kind(read: Read) -> bool:
    """Whether the words' mean score after the last layer is above 0."""
    return bool(read("reading.mean_score")[0][-1] > 0)


def score(read: Read, place: int, layer: int) -> float:
    return float(read("reading.by_layer")[place][layer])


def halves(read: Read) -> list[bool]:
    """For which side each word speaks after layer 1."""
    return [row[1] > 0 for row in read("reading.by_layer")[:11]]


TOLD, COSINE = ("prediction.predicted",), ("similarity.cosine",)


def cosine(read: Read) -> float:
    return float(read(COSINE[0])[0][1])


LAYER = ("watch.layer.mean", "watch.layer.variance")
MOVES = ("watch.0.move", "watch.1.move")
BARS = ("watch.0.attention", "watch.1.attention")
SENTENCE = ("sentence.words",)

TRIED: dict[tuple[str, int], Tried] = {
    ("cat-and-mouse", 1): Tried(MOVES, moved_towards_technology),
    ("cat-and-mouse", 2): Tried(
        [*MOVES, *BARS],
        lambda before, after: after(BARS[0])[0][0] < before(BARS[0])[0][0]
        and after(MOVES[0])[1][0] < before(MOVES[0])[1][0],
    ),
    ("cat-and-mouse", 3): Tried(BARS, lambda before, after: evened_out(before, after, *BARS)),
    ("apple", 3): Tried(BARS, lambda before, after: evened_out(before, after, *BARS)),
    ("masks", 1): Tried(
        ["watch.padding_only.seen", "watch.causal_attention.seen"],
        lambda before, after: after("watch.padding_only.seen") == after("watch.causal_attention.seen"),
    ),
    ("masks", 3): Tried(
        ["causal_attention.weights"], lambda before, after: after("causal_attention.weights")[0][0] == 1
    ),
    ("add-norm", 1): Tried(
        [*LAYER, "watch.sum.variance"],
        lambda before, after: after("watch.sum.variance")[0][0] > 4 * before("watch.sum.variance")[0][0]
        and abs(after(LAYER[0])[0][0]) < 0.005
        and abs(after(LAYER[1])[0][0] - 1) < 0.005,
    ),
    ("add-norm", 2): Tried(LAYER, mean_and_variance_left),
    ("add-norm", 3): Tried(LAYER, lambda before, after: after(LAYER[1])[0][0] < 0.995),
    ("encoder", 1): Tried(
        BY_LAYER,
        lambda before, after: score(after, BAD, 1) < 0 < score(before, BAD, 1)
        and kind(before)
        and not kind(after),
    ),
    ("encoder", 2): Tried(
        BY_LAYER, lambda before, after: score(before, DULL, 1) < 0 < score(after, DULL, 1)
    ),
    ("encoder", 3): Tried(
        BY_LAYER, lambda before, after: halves(before) == halves(after) and kind(before) and not kind(after)
    ),
    ("encoder", 4): Tried(
        BY_LAYER, lambda before, after: score(after, BAD, 0) > 0 > score(after, BAD, 1) and not kind(after)
    ),
    ("feed-forward", 1): Tried(OUTPUTS, less_of_one_and_more_of_both),
    ("feed-forward", 2): Tried(
        ["relu.inner", "relu.activated", "relu.output"],
        lambda before, after: before("relu.inner")[0][0] < 0
        and all(now[0] > 0 and now[0] == out[0] for now, out in paired("relu.inner", "relu.activated", after))
        and all(now[2] > was[2] for was, now in zip(before("relu.output"), after("relu.output"), strict=True)),
    ),
    ("feed-forward", 3): Tried(
        ["gelu_erf.inner", "gelu_erf.activated"],
        lambda before, after: 0 <= after("gelu_erf.inner")[0][0] - after("gelu_erf.activated")[0][0] < 0.01,
    ),
    ("feed-forward", 4): Tried(
        ["swiglu.gate", "swiglu.output"],
        lambda before, after: before("swiglu.output")[0][2] > 1
        and abs(after("swiglu.output")[0][2]) < 1e-12
        and after("swiglu.gate")[0] == before("swiglu.gate")[0],
    ),
    ("backpropagation", 1): Tried(
        ["nudge.product.slope", "nudge.product.gradient"],
        lambda before, after: abs(after("nudge.product.slope")[0][0] - after("nudge.product.gradient")[0][0])
        > 10 * abs(before("nudge.product.slope")[0][0] - before("nudge.product.gradient")[0][0]),
    ),
    ("trainable-attention", 1): Tried(
        ["training.losses"],
        lambda before, after: sum(later > one for one, later in pairwise(after("training.losses")[0])) > 1,
    ),
    ("byte-pair", 1): Tried(
        ["sentence.0.byte_pair.text"],
        lambda before, after: {"n", "o", "w", "est"} <= {*after("sentence.0.byte_pair.text")[0][0].split(" ")},
    ),
    ("byte-pair", 3): Tried(
        ["sentence.0.byte_pair.number"], lambda before, after: after("sentence.0.byte_pair.number")[0][0] == 1
    ),
    ("apple", 1): Tried(MOVES, moved_towards_technology),
    ("apple", 2): Tried(
        MOVES, lambda before, after: after(MOVES[1])[1][1] < before(MOVES[1])[1][1]
    ),
    ("masks", 2): Tried(
        ["padding_only.weights", "causal_attention.weights"],
        lambda before, after: all(row[5] > 0 for row in after("padding_only.weights"))
        and [k for k, row in enumerate(after("causal_attention.weights")) if row[5] > 0] == [5],
    ),
    ("bert", 1): Tried([RANKED], lambda before, after: sorted(first_words(after, 2)) == ["dog", "puppy"]),
    ("bert", 2): Tried([RANKED], lambda before, after: sorted(first_words(after, 2)) == ["bird", "crow"]),
    ("bert", 3): Tried(
        [RANKED, SHARES],
        lambda before, after: first_words(after, 1) == ["mouse"] and after(SHARES)[0][0] > 4 * after(SHARES)[0][1],
    ),
    ("gpt", 1): Tried(SENTENCE, lambda before, after: "rug" in written(after) and "rug" not in written(before)),
    ("gpt", 2): Tried(SENTENCE, lambda before, after: "branch" in written(after)),
    ("gpt", 3): Tried(SENTENCE, lambda before, after: bool({"tree", "table"} & {*written(after)})),
    ("induction", 1): Tried(SENTENCE, lambda before, after: written(after)[7] == "H"),
    ("induction", 2): Tried(SENTENCE, lambda before, after: written(after)[7] == "A"),
    ("induction", 3): Tried(SENTENCE, lambda before, after: written(after)[7] == written(before)[7] == "B"),
    ("sort-letters", 1): Tried(SENTENCE, in_last_words(6, *"AAABBC")),
    ("sort-letters", 2): Tried(SENTENCE, lambda before, after: sorted(written(after)[6:]) == written(after)[6:]
                               and written(after)[6:].count("B") == 3 and written(after)[6:].count("C") == 1),
    ("sort-letters", 3): Tried(SENTENCE, in_last_words(6, *"AAABCC")),
    ("llama", 1): Tried(SENTENCE, lambda before, after: "branch" in written(after)[-2:]),
    ("llama", 2): Tried(SENTENCE, lambda before, after: written(after)[9] == written(before)[9]),
    ("decoder", 1): Tried(
        ["sentence.1.words"], lambda before, after: written(after, "sentence.1.words")[3] == "cat"
    ),
    ("decoder", 2): Tried(
        ["sentence.1.words"], lambda before, after: written(after, "sentence.1.words")[2] == "big"
    ),
    ("decoder", 3): Tried(
        ["sentence.1.words"],
        lambda before, after: written(before, "sentence.1.words")[3:] == written(after, "sentence.1.words")[3:],
    ),
    ("multi-head", 1): Tried(TOLD, lambda before, after: after(TOLD[0])[2][0].startswith("hen-")),
    ("multi-head", 2): Tried(TOLD, lambda before, after: after(TOLD[0])[2][0].endswith("-cat")),
    ("multi-head", 3): Tried(
        TOLD,
        lambda before, after: [k for k in range(5) if before(TOLD[0])[k] != after(TOLD[0])[k]] == [1],
    ),
    ("sentences", 1): Tried(COSINE, lambda before, after: cosine(after) < cosine(before) - 0.3),
    ("sentences", 2): Tried(COSINE, lambda before, after: abs(cosine(after) - cosine(before)) < 0.05),
    ("sentences", 3): Tried(COSINE, lambda before, after: abs(cosine(after) - cosine(before)) < 0.05),
    ("encoder-decoder", 1): Tried(
        ["sentence.1.words"],
        lambda before, after: "bed" in [written(after, "sentence.1.words")[k] for k in (-1, -2)],
    ),
    ("encoder-decoder", 2): Tried(
        ["sentence.1.words"],
        lambda before, after: [("under" if word == "on" else word) for word in written(before, "sentence.1.words")]
        == written(after, "sentence.1.words"),
    ),
    ("encoder-decoder", 3): Tried(
        ["sentence.1.words"],
        lambda before, after: [
            k
            for k, (one, other) in enumerate(
                zip(*(written(read, "sentence.1.words")[1:] for read in (before, after)), strict=True)
            )
            if one != other
        ]
        == [2],
    ),
    ("recurrent", 1): Tried(
        ["remembered.self_attention.last_said", "remembered.last_distance"],
        lambda before, after: after("remembered.self_attention.last_said") == [["cow"]]
        and after("remembered.last_distance") == [[11]],
    ),
    ("recurrent", 2): Tried(
        ["remembered.right", "remembered.distance", "remembered.self_attention.share"],
        lambda before, after: after("remembered.right")[0][0] == "horse"
        and after("remembered.distance")[0][0] == 1
        and after("remembered.self_attention.share")[0][0] > 0.9,
    ),
    ("recurrent", 3): Tried(
        [*SENTENCE, "remembered.last_right", "remembered.last_distance"],
        lambda before, after: after("remembered.last_right") == [[written(before)[2]]]
        and after("remembered.last_distance") == [[9]],
    ),
}  # fmt: skip
