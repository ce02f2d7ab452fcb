"""What a model writes: each word chosen of what it predicts after the ones before, with stored keys and values.

`texts` is what everything that shows written text calls: `xlt write`, and training for its samples.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xltransformer import sampling
from xltransformer.building.instance import Instance
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix
from xltransformer.models import MODELS
from xltransformer.ops import word_index, write_next
from xltransformer.record import record
from xltransformer.stepwise import Progress, Stepwise
from xltransformer.teaching.lesson import Goal
from xltransformer.text import word_key


@record
class Chance:
    """How words are chosen by chance (see `sampling`): text number c, from 0, is written with `seed` + c."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        checks = (
            ("temperature", self.temperature > 0 and np.isfinite(self.temperature), "a number above 0"),
            ("top_k", self.top_k >= 0, "a whole number from 0, which keeps all words"),
            ("top_p", 0 < self.top_p <= 1, "a number above 0, at most 1"),
            ("seed", 0 <= self.seed <= sampling.LARGEST_SEED, f"a whole number to {sampling.LARGEST_SEED:,}"),
        )
        for name, fits, wanted in checks:
            if not fits:
                raise UserError(f"`{name}` is {getattr(self, name)}: give {wanted}")


@record
class Text:
    """A text as it stands after writing: the `sentence` that it goes on from, by its number from 0, its words, how
    many of them were given, and the seed, where words were chosen by chance."""

    sentence: int
    words: tuple[str, ...]
    given: int
    seed: int | None = None


def texts(instance: Instance, chance: Chance | None = None, count: int = 1) -> list[Text]:
    """What the model of an instance writes on from each of its sentences, of each so many texts: the likeliest
    words, or by chance others. A word that stands behind an empty slot of a sentence stays there.

    That is what its sheet writes, for the same draws. Raises UserError for a model that does not write, and where
    numbers are too large.
    """
    goals = [goal for goal in instance.model.goals if goal.next_word and _words_of(instance, goal).feedback]
    if not goals:
        named = ", ".join(name for name, entry in MODELS.items() if entry.writes)
        raise UserError(
            f"template {instance.template.name} does not write: its model, {instance.template.model}, predicts no "
            f"next words; models that write: {named}"
        )
    return [text for goal in goals for text in _Writer(instance, goal).texts(chance, count)]


def _words_of(instance: Instance, goal: Goal) -> Matrix:
    return instance.model.sentences[goal.sentence].words


class _Writer:
    """A sentence of an instance that is to be written on: its slots (None: to be written), and of the words of the
    vocabulary, by number from 1 (0: none), the row that each is found in and whether nothing follows it."""

    def __init__(self, instance: Instance, goal: Goal) -> None:
        model, self._number = instance.model, goal.sentence
        sentence = model.sentences[goal.sentence]
        slots = instance.inputs[sentence.words.name]
        typed = np.where(slots == None, "", slots)  # noqa: E711
        values = instance.inputs
        listed = values[model.vocabulary.words.name]
        self._slots: list[str | None] = slots.ravel().tolist()
        self._words = ["", *map(str, listed.ravel())]
        self._rows = np.array([0.0, *word_index.value(listed, listed).ravel()])
        self._typed_rows = word_index.value(typed, listed)
        ends = {word_key(str(values[end.name].item())) for end in _ends(sentence.words)}
        self._over = {"", *ends} if ends else set()
        self._ends = np.array([word_key(word) in self._over for word in self._words])
        self._plan = Stepwise(model, sentence.words, sentence.index, goal.result, values)

    def texts(self, chance: Chance | None, count: int) -> list[Text]:
        """So many texts; the likeliest words make all of them alike."""
        seeds: list[int | None] = [None] if chance is None else [chance.seed + c for c in range(count)]
        found = [
            Text(self._number, tuple(filter(None, map(self._word, self._slots, numbers))), self._given, seed)
            for numbers, seed in zip(self._written(chance, len(seeds)).tolist(), seeds, strict=True)
        ]
        return found * count if chance is None else found

    @property
    def _given(self) -> int:
        """How many slots are filled before the first that is not."""
        return self._slots.index(None) if None in self._slots else len(self._slots)

    def _word(self, typed: str | None, number: int) -> str:
        return self._words[number] if typed is None else typed

    def _written(self, chance: Chance | None, count: int) -> Array:
        """The numbers of the words that so many texts get, (count x n): 0 where none is written."""
        places, given = len(self._slots), self._given
        numbers = np.zeros((count, places), int)
        draws = None if chance is None else sampling.draws(chance.seed + np.arange(count), places)
        progress, rows = Progress(self._plan), self._typed_rows[None, :given]
        over = np.full(count, self._is_over(given - 1))
        for place in range(given, places):
            logits = self._logits(progress, rows)
            if place == given:
                progress.spread(count)
                logits = np.repeat(logits, count, axis=0)
            if self._slots[place] is None:
                chosen = _chosen(logits, chance, None if draws is None else draws[:, place - 1])
                numbers[:, place] = np.where(over, 0, 1 + chosen)
                rows, over = self._rows[numbers[:, place]], self._ends[numbers[:, place]]
            else:
                rows, over = np.full(count, self._typed_rows[place]), np.full(count, self._is_over(place))
            if over.all() and not any(self._slots[place:]):
                break
            rows = rows[:, None, None]
        return numbers

    def _is_over(self, place: int) -> bool:
        """Whether nothing follows what is typed at a place."""
        return word_key(str(self._slots[place])) in self._over

    def _logits(self, progress: Progress, rows: Array) -> Array:
        """What is predicted behind the last of some rows (s x r x 1): (s x v)."""
        logits = progress.feed(rows)[:, -1]
        if not np.isfinite(logits).all():
            raise UserError("the logits leave the range of numbers: the embeddings or weights are too large")
        return logits


def _chosen(logits: Array, chance: Chance | None, draws: Array | None) -> Array:
    """The word that is written in each row of logits (s x v), by its number from 0 (s)."""
    if chance is None or draws is None:
        return np.asarray(np.argmax(logits, axis=-1))
    how = {"temperature": chance.temperature, "top_k": chance.top_k, "top_p": chance.top_p}
    return sampling.choose(logits, draws, **how)


def _ends(words: Matrix) -> Iterator[Matrix]:
    """The words (1 x 1 each) after which nothing is written on."""
    block = words.feedback
    while block is not None and block.op is write_next:
        _, block, end = block.operands
        yield end
