"""The headlines of models: pictures of what is watched, and in words what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from xltransformer.graph import ONE, Attended, Axis, Matrix
from xltransformer.nn.prediction import runners_up
from xltransformer.ops import equals, first, lookup, word_at
from xltransformer.teaching.lesson import Lesson, Watch
from xltransformer.teaching.pictures import Answer, Bars, Fact, Headline, Map, Picture, Writing

CANDIDATES = 6
"""How many words a picture of a prediction shows."""
NOT_HERE = "not_here"
"""What is said in place of an answer about the watched word where it does not stand in the sentence."""
MOST_MAPS = 4
"""How many heads a headline shows."""


def attention_answers(watch: Watch, *, moves: bool = True) -> list[Answer]:
    """For each sentence, in words: what the watched word looks at most and, where it `moves` in the
    plane of two dimensions that stay what they are, which way."""
    answers = []
    for s, one in enumerate(watch.sentences):
        facts = {"word": Fact(watch.word)}
        if one.ranked is None:  # attention over something else than words
            continue
        words, shares = one.ranked
        for k, name in enumerate(("first", "second")[: words.shape[1]]):
            facts[name] = Fact(words, 0, k, one.position)
            facts[f"{name}_weight"] = Fact(shares, 0, k)
        if moves:
            facts |= {"towards": Fact(one.towards), "across": Fact(watch.across), "up": Fact(watch.up)}
            for i, when in enumerate(("before", "after")):
                facts |= {f"across_{when}": Fact(one.move, i, 0), f"up_{when}": Fact(one.move, i, 1)}
        key = ("looks_moves" if moves else "looks") if words.shape[1] > 1 else "looks_alone"
        answers.append(Answer(key, facts, s, holds=one.here, instead=NOT_HERE))
    return answers


def heads_headline(model: Lesson, watch: Watch, heads: Mapping[str, Sequence[Attended]]) -> Headline:
    """The first sentence's maps of the first heads, and in words what the watched word looks at in each."""
    one, words = watch.sentences[0], model.sentences[0].words
    maps, answers = [], []
    for part, found in list(heads.items())[:MOST_MAPS]:
        weights = found[0].weights
        h = model.scope("watch", *part.split("."))
        with model.behind():
            with h.step("watch_attention"):
                own = lookup(one.position, weights)
                row = h.add("attention", own, rows=Axis.of(watch.word), scale="probability")
            ranked = runners_up(h, row, row, words)
        maps.append(Map("head", weights, part))
        answers.append(looks(ranked, "head_looks", part, watch.word, itself=one.position, holds=one.here))
    return Headline(maps, answers)


def looks(
    ranked: tuple[Matrix, Matrix],
    key: str,
    part: str,
    words: Matrix,
    row: int = 0,
    itself: Matrix | None = None,
    holds: Matrix | None = None,
) -> Answer:
    """In words what the word in some row looks at most, from the runners-up of its attention; `itself` is
    its position where it is among the words that it looks at, `holds` whether it stands there."""
    first = Fact(ranked[0], row, itself=itself)
    facts = {"word": Fact(words, row), "first": first, "weight": Fact(ranked[1], row)}
    return Answer(key, facts, part=part, holds=holds, instead=NOT_HERE)


def prediction_headline(
    model: Lesson, watch: Watch, probabilities: Sequence[Matrix], key: str, maps: Sequence[Map] = ()
) -> Headline:
    """The words that may stand in the place of the watched one, as bars, with `maps` beside them;
    `probabilities` (n x v) of each sentence."""
    pictures, answers = list[Picture](maps), []
    for s, (one, block) in enumerate(zip(watch.sentences, probabilities, strict=True)):
        with model.section("prediction", len(probabilities) - 1):
            bars, said = _candidates(model, block, key, s, one.position, watch.word)
            answer = replace(said, holds=one.here, instead=NOT_HERE)
        pictures += [bars] if s == 0 else []
        answers.append(answer)
    return Headline(pictures, answers)


def writing_headline(
    model: Lesson, watch: Watch, probabilities: Sequence[Matrix], maps: Sequence[Map] = ()
) -> Headline:
    """The sentence as it is written, `maps`, and as bars the words that may come next: at first after the last."""
    pictures: list[Picture] = [Writing("written", model.sentences[0].text), *maps]
    answers = []
    for s, (words, block) in enumerate(zip(model.sentences, probabilities, strict=True)):
        h = model.scope("watch", str(s))
        places = h.input("word_numbers", Axis.numbered("", words.words.size), ONE, "list", text=True)
        place = h.input("writes_after", ONE, ONE, "choice", text=True, choices=places)
        watch.places.append(place)
        with model.behind():
            with h.step("watch_prediction"):
                at = h.add("after_number", first(h.add("after_match", equals(places, place))))
                word = h.add("word_there", word_at(at, words.words))
            bars, answer = _candidates(model, block, "next_word", s, at, word)
        pictures += [bars] if s == 0 else []
        answers.append(answer)
    return Headline(pictures, answers)


def _candidates(
    model: Lesson, probabilities: Matrix, key: str, sentence: int, position: Matrix, word: Matrix
) -> tuple[Bars, Answer]:
    """The most probable words at a position of a sentence, where `word` stands, as bars and in words."""
    g = model.scope("watch", str(sentence))
    h = g.scope("prediction")
    with g.step("watch_prediction"):
        row = h.add("probabilities", lookup(position, probabilities), rows=Axis.of(word), scale="probability")
    words, shares = runners_up(h, row, row, model.vocabulary.words, CANDIDATES)
    facts = {"word": Fact(word)}
    for k, name in enumerate(("first", "second", "third")[: words.shape[1]]):
        facts |= {name: Fact(words, 0, k), f"{name}_share": Fact(shares, 0, k)}
    return Bars(key, words, (shares,), word=word), Answer(key, facts, sentence)


def attention_bars(model: Lesson, watch: Watch) -> Sequence[Picture]:
    """The watched word's attention in each of the first two sentences, as bars."""
    pairs = zip(model.sentences, watch.sentences, strict=False)
    return [Bars("looks", words.words, (one.attention,), s) for s, (words, one) in enumerate(pairs)][:2]
