"""The headlines of published classifiers: the classes of a sentence, or of its words, and the words that count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xltransformer import ops
from xltransformer.graph import Axis, Matrix
from xltransformer.nn.prediction import ranked, runners_up
from xltransformer.record import record
from xltransformer.teaching.headline import CANDIDATES, attention_bars, looks
from xltransformer.teaching.lesson import Lesson, Watch
from xltransformer.teaching.pictures import Answer, Bars, Fact, Headline, Map, Picture

MOST_BARS = 12
"""Classes up to which each has a bar; of more the likeliest have."""
MOST_COLUMNS = 16
"""Classes up to which those of every word stand in a map."""


@record
class Judged:
    """What a classifier says of n rows, one for a sentence as a whole or one for each word: logits and shares of c
    classes (n x c), the name and the share of the largest one, and 1 where there is something to judge (n x 1
    each). Where each class has a share of its own, `over` are those above one half (1 x 1)."""

    logits: Matrix
    shares: Matrix
    name: Matrix
    share: Matrix
    any: Matrix
    over: Matrix | None = None


def judged_headline(
    model: Lesson, watch: Watch, names: Matrix, judged: Sequence[Judged], taken: Sequence[Matrix], answers: str
) -> Headline:
    """The classes of sentences as bars, and as such how much each word of the first one adds to what the class is
    read from; in words what is said of each sentence, and which word adds most."""
    pictures: list[Picture] = [_bars(model, names, judged, answers), _taken(model, taken)]
    said = []
    for s, (one, share) in enumerate(zip(judged, taken, strict=True)):
        said += [_answer(names, one, s, answers), _adds(model, watch, s, share)]
    return Headline(pictures, said)


def _bars(model: Lesson, names: Matrix, judged: Sequence[Judged], answers: str) -> Bars:
    """The classes of every sentence, or where there are many, the likeliest ones of the first."""
    key, shares = ("numbers", False) if answers == "number" else ("classes", True)
    if names.size <= MOST_BARS:
        return Bars(key, names, tuple(one.shares for one in judged), shares=shares)
    with model.behind():
        h = model.scope("watch", "classes")
        first, largest = runners_up(h, judged[0].logits, judged[0].shares, names, CANDIDATES)
    return Bars(key, first, (largest,), shares=shares)


def _taken(model: Lesson, taken: Sequence[Matrix]) -> Bars:
    return Bars("takes_in", model.sentences[0].words, (taken[0],))


def _answer(names: Matrix, one: Judged, s: int, answers: str) -> Answer:
    """What is said of a sentence: its class with its probability, how many labels fit, or a number."""
    facts = {"name": Fact(one.name), "share": Fact(one.share)}
    if answers == "softmax":
        return Answer("judged", facts, s, holds=one.any, instead="no_word")
    largest = {"name": Fact(one.name), "logit": Fact(one.share)}
    if answers == "number":
        key = "valued" if names.size == 1 else "valued_most"
        return Answer(key, largest, s, holds=one.any, instead="no_word")
    if names.size == 1:
        facts |= {"logit": Fact(one.logits)}
        return Answer("scored", facts, s, holds=one.any, instead="no_word")
    assert one.over is not None
    return Answer("labelled", facts | {"count": Fact(one.over)}, s, holds=one.any, instead="no_word")


def _adds(model: Lesson, watch: Watch, s: int, share: Matrix) -> Answer:
    """Which words add most to what the first one takes in."""
    words = model.sentences[s]
    h = model.scope("watch", str(s), "takes_in")
    with model.behind():
        told = ranked(h, share, words.words, words.padding)
    return replace(looks("takes_in", told, {}), sentence=s)


def words_headline(model: Lesson, watch: Watch, names: Matrix, judged: Sequence[Judged]) -> Headline:
    """Every word of the first sentence with its classes, in a map, or where these are many, the watched word's
    likeliest ones as bars; in words the watched word's class."""
    pictures: list[Picture] = []
    if names.size <= MOST_COLUMNS:
        pictures.append(Map("word_classes", judged[0].shares))
    answers = []
    for s, one in enumerate(judged):
        position = watch.sentences[s].position
        h = model.scope("watch", str(s), "class")
        with model.behind():
            with h.step("watch_judged"):
                there = h.add("stands", ops.lookup(position, one.any), scale="gate")
                own = h.add("logits", ops.lookup(position, one.logits), rows=Axis.of(watch.word))
                row = ops.lookup(position, one.shares)
                shares = h.add("shares", row, rows=Axis.of(watch.word), scale="probability")
                index = h.add("class_index", ops.row_argmax(own))
                name = h.add("class", ops.word_at(index, names))
                share = h.add("probability", ops.entry_at(shares, index))
            if not pictures:
                first, largest = runners_up(h, own, shares, names, CANDIDATES)
                pictures.append(Bars("word_class", first, (largest,), word=watch.word))
        facts = {"word": Fact(watch.word), "name": Fact(name), "share": Fact(share)}
        answers.append(Answer("word_judged", facts, s, holds=there, instead="not_read"))
    return Headline([*pictures, *attention_bars(model, watch)[:1]], answers)
