"""A model as a reader meets it: its words, what is watched in it, what its first screen shows, what it learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import field

from xltransformer.graph import Matrix, Model, Scope
from xltransformer.nn.embedding import Sentence, embed, sentence, vocabulary
from xltransformer.nn.prediction import Ranked
from xltransformer.ops import BY_ROWS
from xltransformer.record import record
from xltransformer.teaching.pictures import Bars, Curves, Headline, Map, Picture, Writing


@record
class SentenceWatch:
    """What one sentence shows of the watched word: another word of the sentence to go with it, the
    slots of both (0: not there), whether the watched one stands `here` (None: it asks from outside),
    the word's own row of the weights, how its shares are ranked, where they are of words, and, in the plane of two
    dimensions, every word, the watched one before attention and after (2 x 2), and how that move is told
    (`ops.MoveCase`)."""

    other: Matrix
    position: Matrix
    here: Matrix | None
    other_position: Matrix
    attention: Matrix
    ranked: Ranked | None
    points: Matrix
    move: Matrix
    moves: Matrix


@record(eq=False, frozen=False)
class Watch:
    """The `word` that is watched; its choices (the word, two dimensions and, with several lessons,
    which one of the list `lessons`, known by `keys`, with the `outputs` of each in the first sentence), the
    `places` of a model that writes, after which its next word is shown, by their numbers, and what each sentence
    shows of it."""

    word: Matrix
    across: Matrix
    up: Matrix
    lesson: Matrix | None
    keys: tuple[str, ...]
    outputs: tuple[Matrix, ...]
    places: list[Matrix] = field(default_factory=list)
    sentences: list[SentenceWatch] = field(default_factory=list)

    @property
    def choice(self) -> Matrix:
        """The cell in which the word is chosen."""
        return self.word.operands[0]

    @property
    def place(self) -> Matrix:
        """At which place of the first sentence the chosen word stood as built."""
        return self.word.operands[1]


@record(eq=False)
class Goal:
    """A result with a target, in one sentence: `words` to predict (n x v logits), or a matrix to reach (n x d).

    `padding` (n x 1) is 1 for the rows that count. With `next_word` the target is each word's next one,
    else a hidden word; with `names` (v x 1, text) it is one of these, classes in place of words, and `early`
    are logits of each word (m x v) before the end, from which it may be taught, too. With `shares` a matrix of
    logits is to come to shares, each by itself, of 0 to 1. `like` is what a matrix is
    to resemble at first, where it is not to become 0. `target` is the input that holds the target, once there
    is one.
    """

    result: Matrix
    sentence: int
    padding: Matrix
    words: bool = False
    next_word: bool = False
    names: Matrix | None = None
    early: tuple[Matrix, ...] = ()
    like: Matrix | None = None
    shares: bool = False
    target: Matrix | None = None


class Lesson(Model):
    """A model with its vocabulary of so many `words`, the embeddings that `width`, and sentences of so many
    `slots`; the word that is watched in it, if any, its headline, and what it could learn.

    `scopes` are those of each sentence's blocks: the model's own where there is one sentence, `sentence.0` and
    so on where there are several. `switches` are the cells that turn it; `draws` those that choose what it writes.

    `vectors` are those of the sentences (1 x d each, of length 1), where they are compared.

    `classes` are the names of what a classifier chooses from.

    `settings` are further cells that the first screen offers to edit. `below` are pictures at the end of the
    sheets of sections (of the first sentence), by the section's key. `learns` says that the model has loss and
    gradients of its own.
    """

    def __init__(self, slots: Sequence[int], words: int, width: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary(self.scope(), words, width)
        several = len(slots) > 1
        self.scopes = [self.scope("sentence", str(s)) if several else self.scope() for s in range(len(slots))]
        self.sentences = [
            sentence(g if several else g.scope("sentence"), self.vocabulary, count)
            for g, count in zip(self.scopes, slots, strict=True)
        ]
        self.switches: list[Matrix] = []
        self.draws: Matrix | None = None
        self.goals: list[Goal] = []
        self.vectors: list[Matrix] = []
        self.classes: Matrix | None = None
        self.settings: list[Matrix] = []
        self.learns = False
        self.watch: Watch | None = None
        self.headline = Headline()
        self.below: dict[str, Curves] = {}

    def each(self, part: str, section: str = "") -> Iterator[tuple[int, Scope, Sentence]]:
        """Each sentence in an open section of its own: its number, the scope `part` of its blocks, itself."""
        for s, (g, one) in enumerate(zip(self.scopes, self.sentences, strict=True)):
            with self.section(section or part, sentence=s):
                yield s, g.scope(part), one

    def reading(
        self, part: str, *, section: str = "", words: str = ""
    ) -> Iterator[tuple[int, Scope, Sentence, Matrix]]:
        """The same with the sentence's vectors X (n x d), in the scope `words` of the part."""
        for s, h, one in self.each(part, section):
            yield s, h, one, embed(h.scope(words) if words else h, one.index, self.vocabulary)

    def behind(self) -> AbstractContextManager[None]:
        """The section of all that the first sheet's pictures and the worked lines are made of."""
        return self.section("watch", behind=True)

    def moving(self) -> set[Matrix]:
        """Every block that the headline shows or comes from; of a model that writes, what it writes by, too."""
        waiting: list[Matrix] = [block for picture in self.headline.pictures for block in _shown(picture, self)]
        waiting += [block for answer in self.headline.answers for block in answer.blocks]
        found: set[Matrix] = set()
        while waiting:
            block = waiting.pop()
            if block not in found:
                found.add(block)
                waiting += block.operands
                waiting += [other for other in (block.feedback, block.made_by) if other is not None]
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


def by_rows(model: Lesson, products: str = "auto") -> bool:
    """Whether a row of a result is one array formula, as `products` say ("spelled", "compact", "rows"), or
    where they are left to the size ("auto"): in a model of layers, no lesson, that is wide."""
    if products != "auto":
        return products == "rows"
    layered = any(section.layer is not None for section in model.sections)
    return layered and model.vocabulary.embeddings.shape[1] > BY_ROWS
