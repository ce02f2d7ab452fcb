"""What a model writes: each word chosen of what it predicts after the ones before, with stored keys and values.

`texts` is what everything that shows written text calls: `write`, and training for its samples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np

from xltransformer.building.arguments import spelled
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.request import Options, Request
from xltransformer.building.template import Template
from xltransformer.checked import is_whole, says_itself
from xltransformer.cutting import Cutter
from xltransformer.errors import UserError
from xltransformer.graph import Matrix
from xltransformer.models import MODELS
from xltransformer.record import record
from xltransformer.teaching.lesson import Goal
from xltransformer.text import listed
from xltransformer.weights.tokenizer import SPACE
from xltransformer.writing.writer import Chance, Writer


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

    The likeliest word each time, unless the model's own switches say otherwise; or by chance where any of the rest
    is given: `count` texts, each with a seed of its own, the first with `seed`; logits are divided by the
    `temperature`, and only the `top_k` likeliest words may be chosen (0: all), of them the fewest whose shares
    reach `top_p` (1: all), each as the switches have it where it is not given. That is what the workbook writes
    for the same draws. For template and `options` see `build` and `Options`. A text is at most as long as
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
    if count is not None and not is_whole(count, 1):
        raise UserError(f"`count` is {count!r:.40}: give a whole number of at least 1")
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

    says_itself(workbook, "is to write", {"template": template, **options})
    instance = instance_of(read_book(Path(workbook)))
    asked = [sentences] if isinstance(sentences, str) else [*sentences]
    return Subject(with_sentences(instance, asked, str(workbook)) if asked else instance)


def _tokenized(instance: Instance, options: Options) -> Spell | None:
    """How a tokenizer makes one text of its tokens, where one has cut the sentences."""
    path = Request(given=options).vocabulary
    if not isinstance(path, Path):
        return None
    from xltransformer.building.vocabulary import read_words
    from xltransformer.weights.tokens import read_tokenizer

    tokenizer = read_tokenizer(path)
    if tokenizer is None or tokenizer.whole_words:
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
    written = [one for goal in goals for one in Writer(instance, goal, chance).texts(count)]
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
