"""The headlines of models: pictures of what is watched, and in words what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from xltransformer.graph import ONE, Attended, Axis, Matrix
from xltransformer.nn.prediction import Ranked, ranked, runners_up
from xltransformer.ops import equals, first, guess_case, lookup, word_after, word_at
from xltransformer.teaching.lesson import Lesson, SentenceWatch, Watch
from xltransformer.teaching.pictures import Answer, Bars, Fact, Headline, Map, Picture, Writing

CANDIDATES = 6
"""How many words a picture of a prediction shows."""
NOT_HERE = "not_here"
"""What is said in place of an answer about the watched word where it does not stand in the sentence."""
MOST_MAPS = 4
"""How many heads a headline shows."""
MOST_ENTRIES = 20
"""Across how many entries maps may stand beside bars."""


def attention_answers(watch: Watch, *, moves: bool = True) -> list[Answer]:
    """For each sentence, in words: what the watched word looks at most and, where it `moves` in the
    plane of two dimensions that stay what they are, which way."""
    answers = []
    for s, one in enumerate(watch.sentences):
        if one.ranked is not None:  # else attention is over something else than words
            said = looks("looks", one.ranked, {"word": Fact(watch.word)}, one.position)
            said = replace(said, holds=one.here, instead=NOT_HERE)
            answers.append(replace(said, sentence=s, then=_moves(watch, one) if moves else None))
    return answers


def looks(
    key: str, told: Ranked, facts: Mapping[str, Fact], itself: Matrix | None = None, part: str = ""
) -> Answer:
    """In words what a word looks at most, with further `facts` of the word; `itself` is its position where it is
    among the words that it looks at."""
    told_facts = {"least": Fact(told.least), "count": Fact(told.count), **facts}
    for k, name in enumerate(("first", "second", "third")):
        k = min(k, told.words.shape[1] - 1)  # what is not there is not told
        told_facts |= {name: Fact(told.words, 0, k, itself), f"{name}_weight": Fact(told.shares, 0, k)}
    cases = tuple(f"{key}_{case}" for case in ("alone", "even", "three", "two", "first", "nothing"))
    return Answer(key, told_facts, part=part, case=told.case, cases=cases)


def _moves(watch: Watch, one: SentenceWatch) -> Answer:
    """In words how attention moves the watched word in the plane."""
    facts = {"across": Fact(watch.across), "up": Fact(watch.up)}
    for i, when in enumerate(("before", "after")):
        facts |= {f"across_{when}": Fact(one.move, i, 0), f"up_{when}": Fact(one.move, i, 1)}
    cases = ("moves_hardly", "moves_across", "moves_up", "moves_more_across", "moves_more_up")
    return Answer("moves", facts, case=one.moves, cases=cases)


def heads_headline(model: Lesson, watch: Watch, heads: Mapping[str, Sequence[Attended]]) -> Headline:
    """The first sentence's maps of the first heads, and in words what the watched word looks at in each."""
    one, words = watch.sentences[0], model.sentences[0]
    maps, answers = [], []
    for part, found in list(heads.items())[:MOST_MAPS]:
        weights = found[0].weights
        h = model.scope("watch", *part.split("."))
        with model.behind():
            with h.step("watch_attention"):
                own = lookup(one.position, weights)
                row = h.add("attention", own, rows=Axis.of(watch.word), scale="probability")
            told = ranked(h, row, words.words, words.padding)
        maps.append(Map("head", weights, part))
        said = looks("head_looks", told, {"word": Fact(watch.word)}, one.position, part)
        answers.append(replace(said, holds=one.here, instead=NOT_HERE))
    return Headline(maps, answers)


def prediction_headline(
    model: Lesson, watch: Watch, probabilities: Sequence[Matrix], key: str, maps: Sequence[Map] = ()
) -> Headline:
    """The words that may stand in the place of the watched one, as bars, with `maps` beside them;
    `probabilities` (n x v) of each sentence."""
    pictures, answers = list[Picture](maps), []
    for s, (one, block) in enumerate(zip(watch.sentences, probabilities, strict=True)):
        with model.section(key, len(probabilities) - 1):
            bars, said = _candidates(model, block, key, s, one.position, watch.word)
            answer = replace(said, holds=one.here, instead=NOT_HERE)
        pictures += [bars] if s == 0 else []
        answers.append(answer)
    return Headline(pictures, answers)


def tells_headline(model: Lesson, watch: Watch, probabilities: Sequence[Matrix]) -> Headline:
    """What the watched word tells, as bars, and in words what it tells most; `probabilities` (n x v) of each
    sentence."""
    pictures, answers = [], []
    for s, (one, block) in enumerate(zip(watch.sentences, probabilities, strict=True)):
        h = model.scope("watch", str(s), "told")
        with model.behind():
            with h.step("watch_prediction"):
                own = lookup(one.position, block)
                row = h.add("probabilities", own, rows=Axis.of(watch.word), scale="probability")
            words, shares = runners_up(h, row, row, model.vocabulary.words, CANDIDATES)
        facts = {"word": Fact(watch.word), "first": Fact(words), "share": Fact(shares)}
        pictures += [Bars("tells", words, (shares,), word=watch.word)] if s == 0 else []
        answers.append(Answer("tells", facts, s, holds=one.here, instead=NOT_HERE))
    return Headline(pictures, answers)


def writing_headline(
    model: Lesson, watch: Watch, probabilities: Sequence[Matrix], maps: Sequence[Map] = ()
) -> Headline:
    """The sentence as it is written, `maps`, and where these leave room for bars, as such the words that may come
    next: at first after the last that is given."""
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
        pictures += [bars] if s == 0 and sum(one.block.shape[1] for one in maps) <= MOST_ENTRIES else []
        answers.append(answer)
    return Headline(pictures, answers)


def _candidates(
    model: Lesson, probabilities: Matrix, key: str, sentence: int, position: Matrix, word: Matrix
) -> tuple[Bars, Answer]:
    """The most probable words at a position of a sentence, where `word` stands, as bars and in words: beside the
    word that follows there, or for a "hidden_word" beside the word itself."""
    g = model.scope("watch", str(sentence))
    h, listed = g.scope("prediction"), model.sentences[sentence].words
    with g.step("watch_prediction"):
        row = h.add("probabilities", lookup(position, probabilities), rows=Axis.of(word), scale="probability")
    words, shares = runners_up(h, row, row, model.vocabulary.words, CANDIDATES)
    with g.step("watch_prediction"):
        other = word if key == "hidden_word" else h.add("follows", word_after(position, listed))
        case = h.add("case", guess_case(shares, words, word, other))
    facts = {"word": Fact(word), "place": Fact(position), "follows": Fact(other)}
    for k, name in enumerate(("first", "second", "third")):
        k = min(k, words.shape[1] - 1)  # what is not there is not told
        facts |= {name: Fact(words, 0, k), f"{name}_share": Fact(shares, 0, k)}
    cases = tuple(f"{key}_{case}" for case in ("none", "tie", "other", "sure", "other_sure"))
    return Bars(key, words, (shares,), word=word), Answer(key, facts, sentence, case=case, cases=cases)


def attention_bars(model: Lesson, watch: Watch) -> Sequence[Picture]:
    """The watched word's attention in each of the first two sentences, as bars."""
    pairs = zip(model.sentences, watch.sentences, strict=False)
    return [Bars("looks", words.words, (one.attention,), s) for s, (words, one) in enumerate(pairs)][:2]
