"""One sentence that is written on, row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from xltransformer import sampling
from xltransformer.building.instance import Instance
from xltransformer.checked import is_number, is_positive, is_whole
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix, Values
from xltransformer.models import Lesson
from xltransformer.ops import either, word_at, word_index, write_next
from xltransformer.record import record
from xltransformer.stepwise import Progress, Stepwise
from xltransformer.teaching.lesson import Goal
from xltransformer.text import word_key


@record
class Chance:
    """How words are chosen by chance (see `sampling`), each None as the model's own switches have it: text number
    c, from 0, is written with `seed` + c."""

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        for name, fits, wanted in _RANGES:
            value = getattr(self, name)
            if value is not None and not fits(value):
                raise UserError(f"`{name}` is {value!r:.40}: give {wanted}")

    def settled(self, switches: Mapping[str, float]) -> Chance:
        """With what the switches say in place of what is not given."""
        own = {name: getattr(self, name) for name, *_ in _RANGES}
        own |= {name: switches[name] for name, value in own.items() if value is None}
        return Chance(**{name: int(value) if name in ("top_k", "seed") else value for name, value in own.items()})


_RANGES: tuple[tuple[str, Callable[[float], bool], str], ...] = (
    ("temperature", is_positive, "a number above 0"),
    ("top_k", is_whole, "a whole number from 0, which keeps all words"),
    ("top_p", lambda value: is_number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    (
        "seed",
        lambda value: is_whole(value) and value <= sampling.LARGEST_SEED,
        f"a whole number from 0 to {sampling.LARGEST_SEED:,}",
    ),
)
"""What each setting may be."""


class Writer:
    """A sentence of an instance that is to be written on: its slots (None: to be written), and of the words of the
    vocabulary, by number from 1 (0: none), the row that each is found in and whether nothing follows it."""

    def __init__(self, instance: Instance, goal: Goal, chance: Chance | None) -> None:
        model, self._number = instance.model, goal.sentence
        sentence = model.sentences[goal.sentence]
        slots = instance.inputs[sentence.words.name]
        typed = np.where(slots == None, "", slots)  # noqa: E711
        values = model.made_up({**instance.inputs, sentence.words.name: typed})
        listed = values[model.vocabulary.words.name]
        self._slots: list[str | None] = slots.ravel().tolist()
        self._words = ["", *map(str, listed.ravel())]
        self._rows = np.array([0.0, *word_index.value(listed, listed).ravel()])
        self._typed_rows = word_index.value(typed, listed)
        chosen, ends = _chosen(sentence.words)
        over = {word_key(str(values[end.name].item())) for end in ends}
        self._over = {"", *over} if over else set()
        self._ends = np.array([word_key(word) in self._over for word in self._words])
        self._by_sheet = chance is None and _is_by_chance(model, chosen, values)
        self._chance = None if chance is None else chance.settled(_numbers(model, values))
        wanted = chosen if self._by_sheet else goal.result
        self._plan = Stepwise(model, sentence.words, sentence.index, wanted, values)

    def texts(self, count: int) -> list[tuple[int, tuple[str, ...], int, int | None]]:
        """Of so many texts the sentence's number, the words, how many are given, and the seed; without chance all
        are alike."""
        seed = None if self._chance is None else self._chance.seed
        if seed is not None and seed + count - 1 > sampling.LARGEST_SEED:
            raise UserError(f"`seed` is {seed} and `count` {count}: no seed is beyond {sampling.LARGEST_SEED:,}")
        seeds = [None] if seed is None else [seed + c for c in range(count)]
        found = [
            (self._number, tuple(filter(None, map(self._word, self._slots, numbers))), self._given, one)
            for numbers, one in zip(self._written(seeds).tolist(), seeds, strict=True)
        ]
        return found * count if seed is None else found

    @property
    def _given(self) -> int:
        """How many slots are filled before the first that is not."""
        return self._slots.index(None) if None in self._slots else len(self._slots)

    def _word(self, typed: str | None, number: int) -> str:
        return self._words[number] if typed is None else typed

    def _written(self, seeds: Sequence[int | None]) -> Array:
        """The numbers of the words that the text of each seed gets, (s x n): 0 where none is written."""
        places, given, count = len(self._slots), self._given, len(seeds)
        numbers = np.zeros((count, places), int)
        draws = None if self._chance is None else sampling.draws(np.array(seeds), places)
        progress, rows = Progress(self._plan), self._typed_rows[None, :given]
        over = np.full(count, self._is_over(given - 1))
        for place in range(given, places):
            found = self._last(progress, rows)
            if place == given:
                progress.spread(count)
                found = np.repeat(found, count, axis=0)
            if self._slots[place] is None:
                chosen = self._choose(found, None if draws is None else draws[:, place - 1])
                numbers[:, place] = np.where(over, 0, chosen)
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

    def _last(self, progress: Progress, rows: Array) -> Array:
        """What is found behind the last of some rows (s x r x 1): logits (s x v), or its choice (s x 1)."""
        found = progress.feed(rows)[:, -1]
        if not np.isfinite(found).all():
            raise UserError("the logits leave the range of numbers: the embeddings or weights are too large")
        return found

    def _choose(self, found: Array, draws: Array | None) -> Array:
        """The number of the word that is written, from 1, for each row that was found (s)."""
        if self._by_sheet:
            return found[:, 0].astype(int)
        if self._chance is None or draws is None:
            return 1 + np.asarray(np.argmax(found, axis=-1))
        how = {name: getattr(self._chance, name) for name in ("temperature", "top_k", "top_p")}
        return 1 + sampling.choose(found, draws, **how)


def _chosen(words: Matrix) -> tuple[Matrix, list[Matrix]]:
    """The rows in the vocabulary that are chosen after each word (n x 1), and the words (1 x 1 each) after which
    nothing is written on."""
    block, ends = words.feedback, []
    while block is not None and block.op is write_next:
        ends.append(block.operands[2])
        block = block.operands[1]
    assert block is not None
    assert block.op is word_at
    return block.operands[0], ends


def _is_by_chance(model: Lesson, chosen: Matrix, values: Values) -> bool:
    """Whether the sheet chooses by chance as its switches stand."""
    if chosen.op is not either:
        return False
    gate = chosen.operands[0]
    return bool(model.plan([gate], values.keys()).run(values)[gate.name].item() == 1)


def _numbers(model: Lesson, values: Values) -> dict[str, float]:
    """What the switches say that hold a number."""
    return {block.last_name: float(values[block.name].item()) for block in model.switches if not block.text}
