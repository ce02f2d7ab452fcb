"""For each experiment whether its explanation is true of the numbers before and after it: written from its words,
not from formulas. By template, or template and language where those differ, and number (as the first sheet counts
them, from 1)."""

from __future__ import annotations

import math
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


def share(read: Read, sentence: int, word: str) -> float:
    """What the watched word pays to a word of a sentence."""
    words = written(read, f"sentence.{sentence}.words")
    return float(read(f"watch.{sentence}.attention")[0][words.index(word)])


def rise(*of: tuple[int, str]) -> Callable[[Read, Read], bool]:
    """The shares of words, each of a sentence, are larger than before."""
    return lambda before, after: all(share(after, s, word) > share(before, s, word) for s, word in of)


def moved_towards_technology(before: Read, after: Read) -> bool:
    """More of the upward dimension than of the one across comes out in both sentences."""
    moves = (after(f"watch.{s}.move")[1] for s in (0, 1))
    return all(up > across for across, up in moves)


def in_last_words(count: int, *words: str) -> Callable[[Read, Read], bool]:
    return lambda before, after: written(after)[-count:] == list(words)


def mean_and_variance_left(before: Read, after: Read) -> bool:
    was, now = ([read(f"watch.layer.{name}")[0][0] for name in ("mean", "variance")] for read in (before, after))
    return bool(abs(was[0]) < 0.005 and abs(was[1] - 1) < 0.005 and abs(now[1] - 1) > 0.005)


OUTPUTS = [f"{name}.output" for name in ("relu", "gelu_tanh", "gelu_erf", "swiglu")]


def less_of_one_and_more_of_both(before: Read, after: Read) -> bool:
    """In every network, of the word that is changed, the last one; the others keep their numbers."""
    tables = [(before(name), after(name)) for name in OUTPUTS]
    changed = all(now[-1][2] < was[-1][2] and now[-1][3] > was[-1][3] for was, now in tables)
    return changed and all(now[:-1] == was[:-1] for was, now in tables)


def paired(one: str, other: str, read: Read) -> list[tuple[list[Any], list[Any]]]:
    return [*zip(read(one), read(other), strict=True)]


def exchanged(before: Read, after: Read, name: str) -> set[int]:
    """The places of the words that are others now; of as many words."""
    words = zip(*(written(read, name) for read in (before, after)), strict=True)
    return {k for k, (was, now) in enumerate(words) if was != now}


def followed_by(*words: str) -> Callable[[list[str]], bool]:
    """Whether words stand one right after another."""
    return lambda among: tuple(words) in zip(*(among[k:] for k in range(len(words))), strict=False)


def column(read: Read, name: str, k: int = 0) -> list[float]:
    return [float(row[k]) for row in read(name)]


def rounded(rows: list[list[Any]]) -> list[list[float]]:
    return [[round(value, 9) for value in row] for row in rows]


def first_below(curve: Sequence[float], bound: float) -> int:
    return next(k for k, one in enumerate(curve) if one < bound)


def velocity_kept(read: Read) -> bool:
    """The second step is nine tenths of the first one and the gradient there."""
    first, gradient, second = (read(name) for name in VELOCITY)
    rows = zip(first, gradient, second, strict=True)
    return all(math.isclose(0.9 * a + b, c, abs_tol=1e-9) for row in rows for a, b, c in zip(*row, strict=True))


def both_turn_alike(before: Read, after: Read) -> bool:
    """The curves from the first place and from the fifth lie lower (but at distance 0 of the first), and both
    pairs of numbers turn once within six to seven places, of which the second hardly turned before."""
    curves = [read("distance.scores")[0][1:] + read("distance.scores")[4][4:] for read in (before, after)]
    lower = (now < was for was, now in zip(*curves, strict=True))
    once = (column(after, "distance.angle", k) for k in (0, 2))
    slow = column(before, "distance.angle", 2)[-1] < 0.05 * column(before, "distance.angle")[-1]
    return all(lower) and slow and all(one[6] < 2 * math.pi < one[7] for one in once)


def plain_cosine(before: Read, after: Read) -> bool:
    was, now = (read("distance.scores")[0] for read in (before, after))
    wave = all(math.isclose(one, now[0] * math.cos(k), abs_tol=1e-9) for k, one in enumerate(now))
    return wave and all(a > b for a, b in zip(was[1:], now[1:], strict=True))


def third_row_and_column(before: Read, after: Read) -> bool:
    """Scores between other words, and the curve, stay; those of the third one and the shares change."""
    was, now = before("rotary.scores"), after("rotary.scores")
    changed = {(i, j) for i in range(5) for j in range(5) if was[i][j] != now[i][j]}
    shares = all(a != b for a, b in zip(before("rotary.weights")[:5], after("rotary.weights")[:5], strict=True))
    own = {(i, j) for i in range(5) for j in range(5) if 2 in (i, j)}
    return changed == own and shares and before("distance.scores") == after("distance.scores")


def by_distance_alone(read: Read) -> bool:
    scores = read("rotary.scores")
    return all(math.isclose(scores[i][j], scores[0][abs(i - j)], abs_tol=1e-9) for i in range(6) for j in range(6))


def scores_close(read: Read) -> bool:
    """Three words and more have scores that are at most 1 apart from the largest, and no share is near 1."""
    scores = read("single_query.scores")[0][:7]
    return bool(sum(max(scores) - one < 1 for one in scores) >= 3 and max(read(ONE)[0]) < 0.5)


def own_score_is_its_length(read: Read) -> bool:
    """年, the sixth word, which asks."""
    length = sum(value * value for value in read("single_query.asked")[0])
    return math.isclose(read("single_query.scores")[0][5], length, abs_tol=1e-9)


VELOCITY = ("step.1.velocity_W_Q", "gradient.step.1.W_Q", "step.2.velocity_W_Q")
ONE, RANK = "watch.0.attention", "watch.0.ranked"
KEYS = [f"decoder.0.head.{h}.weights" for h in range(4)]
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
SENTENCE, SENTENCES = ("sentence.words",), ("sentence.0.words", "sentence.1.words")

TRIED: dict[tuple[str, int], Tried] = {
    ("cat-and-mouse", 1): Tried(MOVES, moved_towards_technology),
    ("cat-and-mouse", 2): Tried(
        [*MOVES, *BARS],
        lambda before, after: after(BARS[0])[0][0] < before(BARS[0])[0][0]
        and after(MOVES[0])[1][0] < before(MOVES[0])[1][0],
    ),
    ("cat-and-mouse", 3): Tried(
        [*BARS, *SENTENCES],
        lambda before, after: evened_out(before, after, *BARS)
        and rise((0, "and"), (0, "are"), (1, "and"), (1, "are"))(before, after),
    ),
    ("apple", 3): Tried(
        [*BARS, *SENTENCES],
        lambda before, after: evened_out(before, after, *BARS)
        and rise((0, "和"), (0, "都"), (0, "很"), (1, "了"))(before, after),
    ),
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
    ("gpt", 3): Tried(
        SENTENCE, lambda before, after: written(after) == written(before) and "mat" in written(after)
    ),
    ("gpt", 4): Tried(SENTENCE, lambda before, after: bool({"tree", "table"} & {*written(after)})),
    ("names", 1): Tried(
        [*SENTENCE, "learned.known"], lambda before, after: "".join(written(after)) == "<s>marie."
        and "".join(written(before)) == "<s>marista." and after("learned.known") == [[1]]
    ),
    ("names", 2): Tried(
        ["prediction.share_left", "learned.known", *SENTENCE],
        lambda before, after: after("prediction.share_left")[2][0] < before("prediction.share_left")[2][0]
        and after("learned.known") == [[0]] and written(after) != written(before)
    ),
    ("names", 3): Tried(SENTENCE, lambda before, after: "".join(written(after)).startswith("<s>ka")),
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
        SENTENCES,
        lambda before, after: written(after, SENTENCES[0])[2] == "床"
        and followed_by("bed", ".")(written(after, SENTENCES[1])),
    ),
    ("encoder-decoder", 2): Tried(
        SENTENCES,
        lambda before, after: exchanged(before, after, SENTENCES[1]) == {written(before, SENTENCES[1]).index("on")}
        and followed_by("垫子", "下")(written(after, SENTENCES[0]))
        and followed_by("under", "the", "mat")(written(after, SENTENCES[1])),
    ),
    ("encoder-decoder", 3): Tried(
        SENTENCES,
        lambda before, after: exchanged(before, after, SENTENCES[0]) == {len(written(before, SENTENCES[0])) - 1}
        and exchanged(before, after, SENTENCES[1]) == {3},
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
    ("backpropagation", 2): Tried(
        ["scan.line", "nudge.product.gradient"],
        lambda before, after: all(now > was for was, now in pairwise(after("scan.line")[0]))
        and after("nudge.product.gradient")[0][0] > 0,
    ),
    ("backpropagation", 3): Tried(
        ["gradient.backpropagation.scores", "backpropagation.shares", "objective.target"],
        lambda before, after: max(map(abs, after("gradient.backpropagation.scores")[0]))
        < 0.05 * max(map(abs, before("gradient.backpropagation.scores")[0]))
        and abs(after("backpropagation.shares")[0][0] - after("objective.target")[0][0]) < 0.05,
    ),
    ("trainable-attention", 2): Tried(
        ["training.losses", *VELOCITY],
        lambda before, after: velocity_kept(after)
        and first_below(after("training.losses")[0], 0.2) < first_below(before("training.losses")[0], 0.2),
    ),
    ("trainable-attention", 3): Tried(
        ["sentence.0.reconstruction.loss", "step.1.sentence.0.loss"],
        lambda before, after: before("sentence.0.reconstruction.loss") == after("sentence.0.reconstruction.loss")
        and before("step.1.sentence.0.loss") != after("step.1.sentence.0.loss"),
    ),
    ("byte-pair", 2): Tried(
        ["vocabulary", *(f"sentence.1.byte_pair.merge.{k}.pieces" for k in (1, 2, 3))],
        lambda before, after: next(piece for piece in written(after, "vocabulary") if len(piece) > 1) == "es"
        and [written(after, f"sentence.1.byte_pair.merge.{k}.pieces") for k in (1, 2, 3)]
        == [["n", "e", "w", "es"], ["ne", "w", "es"], ["new", "es"]]
        and [written(before, f"sentence.1.byte_pair.merge.{k}.pieces")[:-1] for k in (2, 3)]
        == [["ne", "w"], ["new"]],
    ),
    ("positions", 1): Tried(
        ["watch.0.output", "watch.1.output"],
        lambda before, after: before("watch.0.output") != before("watch.1.output")
        and all(
            math.isclose(one, other, abs_tol=1e-12)
            for one, other in zip(after("watch.0.output")[0], after("watch.1.output")[0], strict=True)
        ),
    ),
    ("positions", 2): Tried(["distance.scores", "distance.angle"], both_turn_alike),
    ("positions", 3): Tried(
        BARS,
        lambda before, after: all(
            was.index(max(was)) == now.index(max(now)) and max(now) > max(was)
            for was, now in ((before(name)[0], after(name)[0]) for name in BARS)
        ),
    ),
    ("rotary", 1): Tried(["rotary.scores", "rotary.weights", "distance.scores"], third_row_and_column),
    ("rotary", 2): Tried(["rotary.scores"], lambda before, after: by_distance_alone(after)),
    ("rotary", 3): Tried(["distance.scores"], plain_cosine),
    ("first-attention.en", 1): Tried(
        [ONE, RANK],
        lambda before, after: before(RANK)[0][0] == "river" and after(RANK)[0][0] == "savings"
        and max(after(ONE)[0]) > 0.5,
    ),
    ("first-attention.en", 2): Tried(
        [ONE], lambda before, after: evened_out(before, after, ONE)
    ),
    ("first-attention.en", 3): Tried(
        [ONE, RANK, "single_query.scores"],
        lambda before, after: after(RANK)[0][0] == "bank" and max(after(ONE)[0]) > 0.5
        and after("single_query.scores")[0][:5] == [0] * 5,
    ),
    ("first-attention.zh", 1): Tried(
        [ONE, "single_query.scores"],
        lambda before, after: scores_close(after) and max(before(ONE)[0]) > 0.9,
    ),
    ("first-attention.zh", 2): Tried([ONE], lambda before, after: evened_out(before, after, ONE)),
    ("first-attention.zh", 3): Tried(
        [ONE, RANK, "single_query.scores", "single_query.asked"],
        lambda before, after: after(RANK)[0][0] == "年" and after(ONE)[0][5] < before(ONE)[0][5]
        and own_score_is_its_length(before) and own_score_is_its_length(after)
        and after("single_query.scores")[0][5] < before("single_query.scores")[0][5],
    ),
    ("llama", 3): Tried(
        KEYS,
        lambda before, after: [
            h for h, name in enumerate(KEYS) if rounded(before(name)) != rounded(after(name))
        ] == [2, 3],
    ),
    ("llama", 4): Tried(
        ["decoder.rotary.angle"],
        lambda before, after: [[round(column(read, "decoder.rotary.angle", k)[1], 9) for k in (0, 2)]
                               for read in (before, after)] == [[1, 0.01], [1, 0.1]],
    ),
}  # fmt: skip


def tried(name: str, language: str, number: int) -> Tried | None:
    """What is asked of an explanation; None where nothing is."""
    return TRIED.get((f"{name}.{language}", number)) or TRIED.get((name, number))
