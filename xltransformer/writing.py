"""What a model writes: each word chosen of what it predicts after the ones before, with stored keys and values.

`texts` is what everything that shows written text calls: `write`, and training for its samples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np

from xltransformer import sampling
from xltransformer.building.arguments import spelled
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.request import Options, Request
from xltransformer.building.template import Template
from xltransformer.cutting import Cutter
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix, Values
from xltransformer.models import MODELS, Lesson
from xltransformer.ops import either, word_at, word_index, write_next
from xltransformer.record import record
from xltransformer.stepwise import Progress, Stepwise
from xltransformer.teaching.lesson import Goal
from xltransformer.text import listed, word_key
from xltransformer.weights.tokenizer import SPACE


@spelled
def write(
    sentences: str | Sequence[str] = (),
    template: str | Path | Template | None = None,
    *,
    workbook: str | Path | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    count: int | None = None,
    seed: int | None = None,
    language: str | None = None,
    **options: Unpack[Options],
) -> list[Text]:
    """What a model that writes goes on to write after some sentences (its own where none are given), by NumPy
    alone: one of a `template` or of `weights`, or of a `workbook` with its inputs as they stand there now.

    The likeliest word each time; or by chance where any of the rest is given: `count` texts, each with a seed of
    its own, the first with `seed` (0); logits are divided by the `temperature` (1), and only the `top_k` likeliest
    words may be chosen (0: all), of them the fewest whose shares reach `top_p` (1: all). That is what the workbook
    writes for the same draws. For template and `options` see `build` and `Options`. A text is at most as long as
    its slots. Raises UserError for whatever cannot be used.

        for text in write("the cat", "gpt", temperature=0.8, count=3):
            print(text)
    """
    chance = chance_of(temperature, top_k, top_p, count, seed)
    return subject(workbook, sentences, template, language, options).texts(chance, count or 1)


def chance_of(
    temperature: float | None, top_k: int | None, top_p: float | None, count: int | None, seed: int | None
) -> Chance | None:
    """How words are chosen where any of these is given, else None; UserError for what makes no sense."""
    if count is not None and count < 1:
        raise UserError(f"`count` is {count}: give a whole number of at least 1")
    given = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
    given = {name: value for name, value in given.items() if value is not None}
    return Chance(**given) if given or count is not None else None  # type: ignore[arg-type]


Spell = Callable[[Sequence[str]], str]
"""Makes one text of words."""


@record
class Subject:
    """What is to write, and how its words are made one text."""

    instance: Instance
    spell: Spell | None = None

    def texts(self, chance: Chance | None = None, count: int = 1) -> list[Text]:
        """What it writes: see `texts`."""
        return texts(self.instance, chance, count, self.spell)


def subject(
    workbook: str | Path | None,
    sentences: str | Sequence[str],
    template: str | Path | Template | None,
    language: str | None,
    options: Options,
) -> Subject:
    """What is to write: a workbook as it is now, or a template or weights; UserError where both are given, or
    neither."""
    if workbook is None:
        if template is None and options.get("weights") is None:
            raise UserError("give `weights`, a `template` or a workbook that is to write")
        instance = make_instance(template, sentences, language=language, **options)
        return Subject(instance, _tokenized(instance, options))
    from xltransformer.workbook.again import instance_of
    from xltransformer.workbook.reader import read_book

    given = {"template": template, **options}
    if named := ", ".join(f"`{name}`" for name, value in given.items() if value):
        raise UserError(f"{workbook} says itself what is to write: leave out {named}")
    instance = instance_of(read_book(Path(workbook)))
    asked = [sentences] if isinstance(sentences, str) else [*sentences]
    return Subject(with_sentences(instance, asked, str(workbook)) if asked else instance)


def _tokenized(instance: Instance, options: Options) -> Spell | None:
    """How a tokenizer makes one text of its tokens, where one has cut the sentences."""
    path = Request(given=options).vocabulary
    if path is None:
        return None
    from xltransformer.building.vocabulary import read_words
    from xltransformer.weights.tokens import read_tokenizer

    tokenizer = read_tokenizer(path)
    if tokenizer is None:
        return None
    _, tokens, _ = read_words(path, instance.template, instance.sentences, options.get("words"))
    numbers = dict(zip(tokens.names, tokens.rows or (), strict=True))
    return lambda words: tokenizer.text([numbers[word] for word in words if word in numbers])


def with_sentences(instance: Instance, sentences: Sequence[str], where: str) -> Instance:
    """An instance with the first of its sentences replaced, as far as there are new ones; what is not typed is
    to be written, where the sentence is written on. UserError for more words or sentences than there is room for.
    """
    model = instance.model
    if len(sentences) > len(model.sentences):
        raise UserError(f"{where} has room for {len(model.sentences)} sentences, not {len(sentences)}")
    inputs, unknown = dict(instance.inputs), dict[str, None]()
    cutter = Cutter(instance.template.cut, [str(word) for word in inputs["vocabulary"].ravel() if word])
    for text, sentence in zip(sentences, model.sentences, strict=False):
        words, room = cutter.words(text), sentence.words.shape[0]
        if not words or len(words) > room:
            raise UserError(f"the sentence {text!r:.60} has {len(words)} words: {where} has room for 1 to {room}")
        unknown |= {word: None for word in words if not cutter.knows(word)}
        rest = "" if sentence.words.feedback is None else None
        inputs[sentence.words.name] = np.array([*words, *[rest] * (room - len(words))], dtype=object)[:, None]
    lines = [f"not in the vocabulary of {where}, so that the model does not see them: {listed([*unknown])}"]
    spoken = (*sentences, *instance.sentences[len(sentences) :])
    return replace(
        instance, sentences=spoken, inputs=inputs, warnings=(*instance.warnings, *(lines if unknown else []))
    )


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
                raise UserError(f"`{name}` is {value}: give {wanted}")

    def settled(self, switches: Mapping[str, float]) -> Chance:
        """With what the switches say in place of what is not given."""
        own = {name: getattr(self, name) for name, *_ in _RANGES}
        own |= {name: switches[name] for name, value in own.items() if value is None}
        return Chance(**{name: int(value) if name in ("top_k", "seed") else value for name, value in own.items()})


_RANGES: tuple[tuple[str, Callable[[float], bool], str], ...] = (
    ("temperature", lambda value: 0 < value < float("inf"), "a number above 0"),
    ("top_k", lambda value: value >= 0, "a whole number from 0, which keeps all words"),
    ("top_p", lambda value: 0 < value <= 1, "a number above 0, at most 1"),
    ("seed", lambda value: 0 <= value <= sampling.LARGEST_SEED, f"a whole number to {sampling.LARGEST_SEED:,}"),
)
"""What each setting may be."""


@record
class Text:
    """A text as it stands after writing: the `sentence` that it goes on from, by its number from 0, its words, how
    many of them were given, and the seed, where words were chosen by chance."""

    text: str
    sentence: int
    words: tuple[str, ...]
    given: int
    seed: int | None = None

    def __str__(self) -> str:
        return self.text


def texts(
    instance: Instance, chance: Chance | None = None, count: int = 1, spell: Spell | None = None
) -> list[Text]:
    """What the model of an instance writes on from each of its sentences, of each so many texts: the likeliest
    words, or by chance others. A word that stands behind an empty slot of a sentence stays there. Words are made
    one text as the template's are cut, unless something else is to `spell` them.

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
    written = [one for goal in goals for one in _Writer(instance, goal, chance).texts(count)]
    spell = spell or _speller(instance)
    return [Text(spell(words), sentence, words, given, seed) for sentence, words, given, seed in written]


_MARK = re.compile(r"<[^<>\s]+>")
"""A word that is no text: <s>, with which a target begins, or </s>, with which it ends."""


def _speller(instance: Instance) -> Spell:
    """How words become one text: as they are cut, marks of punctuation where they belong, and pieces of words with
    the spaces that they bear."""
    cut = instance.template.cut
    pieces = not cut.letters and any(str(word).startswith(SPACE) for word in instance.inputs["vocabulary"].ravel())
    joined = replace(cut, letters=pieces or cut.letters, marks=True).joined

    def spell(words: Sequence[str]) -> str:
        return joined([word for word in words if not _MARK.fullmatch(word)]).strip()

    return spell


def _words_of(instance: Instance, goal: Goal) -> Matrix:
    return instance.model.sentences[goal.sentence].words


class _Writer:
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
        """Of so many texts the sentence's number, the words, how many are given, and the seed; without chance all of
        them are alike."""
        seed = None if self._chance is None else self._chance.seed
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
        """What is found behind the last of some rows (s x r x 1): logits (s x v), or what the sheet chooses (s x 1)."""
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
    assert block is not None and block.op is word_at
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
