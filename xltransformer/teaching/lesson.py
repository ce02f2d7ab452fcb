"""A model as a reader meets it: what is watched in it, and what its first screen shows.

The headline is the one picture that carries the model's idea, as a row of charts and heat maps; the
answers say in words what it shows. They are named here by their blocks; `workbook` draws them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xltransformer.graph import ONE, Attended, Axis, Matrix, Model
from xltransformer.nn.prediction import runners_up
from xltransformer.ops import BY_ROWS, equals, first, lookup, word_at
from xltransformer.record import record
from xltransformer.teaching.watch import Watch

CANDIDATES = 6
"""How many words a picture of a prediction shows."""
MOST_MAPS = 4
"""How many heads a headline shows."""


@record
class Plane:
    """Every word as a point in the plane of two dimensions, and the way of the watched word."""


@record
class Bars:
    """A bar for every entry of a row or column of numbers. `key` is its title's message, filled with
    the watched word, or with the text in `word`; `names` are the entries' labels where they are not
    the words of a sentence. With several `values`, each is a group of bars of its own colour, named by
    its symbol, or by the sentence where they are the same of each sentence."""

    key: str
    names: Matrix
    values: tuple[Matrix, ...]
    sentence: int = 0
    shares: bool = True
    word: Matrix | None = None


@record
class Map:
    """A heat map in cells: one block with its labels, the same colours for all; `part` is the lesson or
    head that it belongs to, such as `0.head.1`, and `sentence` the sentence, where the title names one."""

    key: str
    block: Matrix
    part: str = ""
    sentence: int | None = None


@record
class Curve:
    """Some numbers of a row over the first numbers of a column or row, which lie `across`; `key` is
    its name's message."""

    key: str
    across: Matrix
    up: Matrix
    row: int = 0
    start: int = 0


@record
class Curves:
    """Numbers over numbers as points, joined by a line or not, with the messages of the title and of
    what lies across."""

    key: str
    across: str
    curves: tuple[Curve, ...]
    joined: bool = True


@record
class Writing:
    """A sentence in large letters, as it stands and as the model goes on with it."""

    key: str
    text: Matrix


Picture = Plane | Bars | Map | Curves | Writing


@record
class Fact:
    """One entry of a block, as an answer quotes it: a number with two decimals, or a text. Of a word found
    by its position, `itself` is the position (1 x 1, from 1) at which it is called "itself"."""

    block: Matrix
    row: int = 0
    column: int = 0
    itself: Matrix | None = None


@record
class Answer:
    """One sentence in words: the message `answer.<key>` with its {names} filled from blocks, and
    {part} with the name of a lesson or head, such as `0.head.1`. With `holds`, a gate (1 x 1), it is told
    where that is 1, and `answer.<key>_not` elsewhere."""

    key: str
    facts: Mapping[str, Fact]
    sentence: int | None = None
    part: str = ""
    holds: Matrix | None = None


@record
class Headline:
    """What the first screen shows: pictures side by side, and answers below them."""

    pictures: Sequence[Picture] = ()
    answers: Sequence[Answer] = ()


@record(eq=False, frozen=False)
class Goal:
    """A result that has a target, in one sentence: `words` to be predicted from logits (n x v), else a
    matrix to come close to (n x d).

    `padding` (n x 1) is 1 for the rows that count. With `next_word` the target is each word's next one,
    else a hidden word. `like` is what a matrix is to resemble at first, where it is not to
    become 0. `target` is the input that holds the target, once there is one.
    """

    result: Matrix
    sentence: int
    padding: Matrix | None = None
    words: bool = False
    next_word: bool = False
    like: Matrix | None = None
    target: Matrix | None = None


class Lesson(Model):
    """A model with the word that is watched in it, if any, its headline, and what it could learn.

    `settings` are further cells that the first screen offers to edit; `promises` are gates (1 x 1) that
    are 1 while all is well, each with its check `check.<last part of its name>`. `learns` says that
    the model has loss and gradients of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.goals: list[Goal] = []
        self.settings: list[Matrix] = []
        self.promises: list[Matrix] = []
        self.learns = False
        self.watch: Watch | None = None
        self.headline = Headline()

    def moving(self) -> set[Matrix]:
        """Every block that the headline shows or comes from."""
        waiting: list[Matrix] = [block for picture in self.headline.pictures for block in _shown(picture, self)]
        waiting += [fact.block for answer in self.headline.answers for fact in answer.facts.values()]
        waiting += [answer.holds for answer in self.headline.answers if answer.holds is not None]
        found: set[Matrix] = set()
        while waiting:
            block = waiting.pop()
            if block not in found:
                found.add(block)
                waiting += block.operands
        return found


def _shown(picture: Picture, model: Lesson) -> Sequence[Matrix]:
    """The blocks that a picture shows."""
    if isinstance(picture, Map):
        return [picture.block]
    if isinstance(picture, Bars):
        return [picture.names, *picture.values]
    if isinstance(picture, Curves):
        return [block for curve in picture.curves for block in (curve.across, curve.up)]
    if isinstance(picture, Writing):
        return [picture.text]
    return [block for one in (model.watch.sentences if model.watch else ()) for block in (one.points, one.move)]


def attention_answers(watch: Watch, *, moves: bool = True) -> list[Answer]:
    """For each sentence, in words: what the watched word looks at most and, where it `moves` in the
    plane of two dimensions that stay what they are, which way."""
    answers = []
    for s, one in enumerate(watch.sentences):
        facts = {"word": Fact(watch.word)}
        assert one.ranked is not None
        assert one.ranked_weights is not None
        for k, name in enumerate(("first", "second")[: one.ranked.shape[1]]):
            facts[name] = Fact(one.ranked, 0, k, one.position)
            facts[f"{name}_weight"] = Fact(one.ranked_weights, 0, k)
        if moves:
            facts |= {"towards": Fact(one.towards), "across": Fact(watch.across), "up": Fact(watch.up)}
            for i, when in enumerate(("before", "after")):
                facts |= {f"across_{when}": Fact(one.move, i, 0), f"up_{when}": Fact(one.move, i, 1)}
        key = "looks_moves" if moves else "looks"
        answers.append(Answer(key if one.ranked.shape[1] > 1 else "looks_alone", facts, s))
    return answers


def by_rows(model: Lesson, products: str = "auto") -> bool:
    """Whether a row of a result is one array formula, as `products` say ("spelled", "compact", "rows"), or
    where they are left to the size ("auto"): in a model of layers, no lesson, that is wide."""
    if products != "auto":
        return products == "rows"
    layered = any(section.layer is not None for section in model.sections)
    return layered and model.vocabulary is not None and model.vocabulary.embeddings.shape[1] > BY_ROWS


def heads_headline(model: Lesson, watch: Watch, heads: Mapping[str, Sequence[Attended]]) -> Headline:
    """The maps of the first heads side by side, of the first sentence, and in words what the watched
    word looks at in each."""
    one, words = watch.sentences[0], model.sentences[0].words
    maps, answers = [], []
    for part, found in list(heads.items())[:MOST_MAPS]:
        weights = found[0].weights
        h = model.scope("watch", *part.split("."))
        with model.section("watch"):
            with h.step("watch_attention"):
                own = lookup(one.position, weights)
                row = h.add("attention", own, rows=Axis.of(watch.word), scale="probability")
            ranked = runners_up(h, row, row, words)
        maps.append(Map("head", weights, part))
        answers.append(looks(ranked, "head_looks", part, watch.word, itself=one.position))
    return Headline(maps, answers)


def looks(
    ranked: tuple[Matrix, Matrix],
    key: str,
    part: str,
    words: Matrix,
    row: int = 0,
    itself: Matrix | None = None,
) -> Answer:
    """In words what the word in some row looks at most, from the runners-up of its attention; `itself` is
    its position where it is among the words that it looks at."""
    first = Fact(ranked[0], row, itself=itself)
    return Answer(key, {"word": Fact(words, row), "first": first, "weight": Fact(ranked[1], row)}, part=part)


def prediction_headline(
    model: Lesson, watch: Watch, probabilities: Sequence[Matrix], key: str, maps: Sequence[Map] = ()
) -> Headline:
    """The words that may stand in the place of the watched one, as bars, with `maps` beside them;
    `probabilities` (n x v) of each sentence."""
    pictures, answers = list[Picture](maps), []
    for s, (one, block) in enumerate(zip(watch.sentences, probabilities, strict=True)):
        with model.section("prediction", len(probabilities) - 1):
            bars, answer = _candidates(model, block, key, s, one.position, watch.word)
        pictures += [bars] if s == 0 else []
        answers.append(answer)
    return Headline(pictures, answers)


def writing_headline(
    model: Lesson, watch: Watch, probabilities: Sequence[Matrix], maps: Sequence[Map] = ()
) -> Headline:
    """The sentence as it is written, `maps`, and the words that may come next as bars: at first after
    the last word that was typed."""
    pictures: list[Picture] = [Writing("written", model.sentences[0].text), *maps]
    answers = []
    for s, (words, block) in enumerate(zip(model.sentences, probabilities, strict=True)):
        h = model.scope("watch", str(s))
        places = h.input("word_numbers", Axis.numbered("", words.words.size), ONE, "list", text=True)
        place = h.input("writes_after", ONE, ONE, "choice", text=True, choices=places)
        watch.places.append(place)
        with model.section("watch"):
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
    known = model.vocabulary
    assert known is not None
    g = model.scope("watch", str(sentence))
    h = g.scope("prediction")
    with g.step("watch_prediction"):
        own = lookup(position, probabilities)
        row = h.add("probabilities", own, rows=Axis.of(word), scale="probability")
    words, shares = runners_up(h, row, row, known.words, CANDIDATES)
    facts = {"word": Fact(word)}
    for k, name in enumerate(("first", "second", "third")[: words.shape[1]]):
        facts |= {name: Fact(words, 0, k), f"{name}_share": Fact(shares, 0, k)}
    return Bars(key, words, (shares,), word=word), Answer(key, facts, sentence)


def attention_bars(model: Model, watch: Watch) -> Sequence[Picture]:
    """The watched word's attention in each of the first two sentences, as bars."""
    pairs = zip(model.sentences, watch.sentences, strict=False)
    return [Bars("looks", words.words, (one.attention,), s) for s, (words, one) in enumerate(pairs)][:2]
