"""What is learned from: files of sentences, read, checked, and as arrays from which batches are taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xltransformer.bounds import read_text
from xltransformer.building.initial import MASK
from xltransformer.building.instance import Instance
from xltransformer.building.limits import MOST_WORDS
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix
from xltransformer.record import record
from xltransformer.text import split_sentence, word_key
from xltransformer.training.task import PRECISION, Task

HIDDEN_SHARE = 0.15
"""The share of words that are hidden, and at least one of a sentence. Devlin et al. 2019, section 3.1."""


@record
class Example:
    """One line: the rows of its words in the vocabulary, from 1, of each sentence that is read; and
    from which place on which words are to be predicted, 0 for none. With `hide` they are words to hide. With
    a `whole`, the class of the sentence by its number from 1, they are classes of its words."""

    read: tuple[tuple[int, ...], ...]
    start: int
    told: tuple[int, ...]
    hide: bool = False
    whole: int = 0


@record
class Data:
    """Examples as arrays (N x n): the words of each sentence, and the target and whether it counts, at
    each place of the last one, and with `classes` behind them (n + 1) those of the whole sentence; `mask` is the
    row of the word that hides others, 0 where none is hidden.
    """

    read: tuple[Array, ...]
    target: Array
    counts: Array
    mask: int = 0
    classes: bool = False

    def __len__(self) -> int:
        return len(self.target)

    def batch(self, task: Task, rows: Array, rng: np.random.Generator | None) -> tuple[dict[str, Array], Array]:
        """Some examples as a task takes them, and the share of each in the loss (s x 1 x 1), such that
        every word counts alike, or every sentence that is of a class. Hidden words are drawn by `rng`; without
        it, in each sentence of a hidden word, they are hidden already."""
        read, target, counts = [part[rows] for part in self.read], self.target[rows], self.counts[rows]
        if self.mask and rng is not None:
            drawn = np.where(counts > 0, rng.random(counts.shape), 2.0)
            counts = ((drawn < HIDDEN_SHARE) | (drawn == drawn.min(axis=1, keepdims=True))).astype(PRECISION)
            read[-1] = np.where(counts > 0, PRECISION(self.mask), read[-1])
        number = self.counted(counts).sum(axis=1).reshape(-1, 1, 1)
        arrays = (*read, target, counts)
        values = {name: array[..., None] for name, array in zip(task.batched, arrays, strict=True)}
        return values, number / max(1.0, float(number.sum()))

    def counted(self, told: Array) -> Array:
        """Of targets, or of which count (s x n), those that a model is judged by: of classes the sentence's."""
        return told[:, -1:] if self.classes else told

    def one_hidden_each(self, most: int = 4000) -> Data:
        """The examples with one word hidden, each of them in turn, as far as `most` go; where words are
        hidden at all."""
        if not self.mask:
            return self
        rows, places = (index[:most] for index in np.nonzero(self.counts))
        counts = np.zeros((len(rows), self.counts.shape[1]), PRECISION)
        counts[np.arange(len(rows)), places] = 1
        read = np.where(counts > 0, PRECISION(self.mask), self.read[-1][rows])
        return Data((read,), self.target[rows], counts, self.mask)


def read_data(path: Path, instance: Instance, places: Sequence[int] | None) -> list[Example]:
    """The examples of a file: a sentence a line, or two columns parted by a tab.

    A model that writes goes on with a sentence, or with the first column into the second; one that
    translates has the second column to write; one with classes has the second column for the class, and may
    have a third for the number of each word's own, or - for none; another one that does not write has hidden
    words to guess, or the second column to say at the last words of the first. `places` are the most words that
    its sentences may have (None: any number).
    Raises UserError for a file that is empty, and for a line with words that the vocabulary lacks, with
    more words than places, or with another number of columns.
    """
    reader = _Reader(path, instance, places)
    examples = list(reader.examples())
    if not examples:
        raise UserError(f"{path} has no sentence: give one in each line")
    if not any(example.told or example.whole for example in examples):
        raise UserError(f"{path} has no word to predict: give longer sentences")
    return examples


@dataclass
class _Reader:
    """Reads lines, and says of a mistake where it stands."""

    path: Path
    instance: Instance
    places: Sequence[int] | None

    def __post_init__(self) -> None:
        listed = {row: str(word) for row, word in enumerate(self.instance.inputs["vocabulary"].ravel(), 1) if word}
        self.words = list(listed.values())
        self.rows = {word_key(word): row for row, word in listed.items()}
        self.end = next(iter(self.instance.sizes.ends()), None)
        self.compares = self.instance.template.entry.compares
        self.classes = {word_key(name): k for k, name in enumerate(self.instance.sizes.names("classes"), start=1)}

    def examples(self) -> Iterator[Example]:
        columns = 0
        for number, line in enumerate(read_text(self.path).splitlines(), start=1):
            parts = line.split("\t")
            if not line.strip():
                continue
            self.where = f"{self.path}, line {number}"
            columns = columns or len(parts)
            if len(parts) != columns or columns > (3 if self.classes or self.compares else 2):
                raise UserError(
                    f"{self.where} has {len(parts)} columns; give one sentence, or two parted by a tab, "
                    "in every line alike"
                )
            example = self._of_class(*parts) if self.classes else self._example([self._rows(p) for p in parts])
            for sentence, words in enumerate(example.read):
                self._fits(sentence, len(words))
            yield example

    def _rows(self, text: str) -> list[int]:
        words = split_sentence(text, self.words)
        if not words:
            raise UserError(f"{self.where}: {text!r:.40} has no word; give at least one, or take the line out")
        for word in words:
            if word_key(word) not in self.rows:
                raise UserError(
                    f"{self.where}: {word!r:.40} is not in the vocabulary of {self.instance.template.name}: "
                    "add it there, or take the line out"
                )
        return [self.rows[word_key(word)] for word in words]

    def _of_class(self, text: str, named: str = "", told: str = "") -> Example:
        whole, read = self.classes.get(word_key(named.strip())), self._rows(text)
        if whole is None:
            raise UserError(
                f"{self.where} does not say which class it is of: give a sentence and one of "
                f"{', '.join(self.classes)}, parted by a tab"
            )
        numbers = {"-": 0, **{str(k): k for k in self.classes.values()}}
        words = told.split()
        if (words and len(words) != len(read)) or not numbers.keys() >= {*words}:
            raise UserError(
                f"{self.where} says {told!r:.40} of its {len(read)} words: give the number of a class for each, "
                "or - for none"
            )
        return Example((tuple(read),), 0, tuple(numbers[word] for word in words), whole=whole)

    def _example(self, parts: list[list[int]]) -> Example:
        if self.compares:
            if len(parts) != 3:
                raise UserError(
                    f"{self.where} has {len(parts)} columns; give a sentence, one that means the same, and "
                    "another one, parted by tabs"
                )
            return Example(tuple(map(tuple, parts)), 0, (1,))
        if self.instance.template.entry.pair:
            if len(parts) != 2:
                raise UserError(f"{self.where} has one column; give source and target, parted by a tab")
            return self._pair(*parts)
        if self.instance.template.entry.writes or (len(parts) == 1 and MASK not in self.rows):
            read, *written = parts
            told = self._ended([*read[1:], *(written[0] if written else [])])
            first = len(read) - 1 if written else 0
            return Example(((*read[:1], *told),), first, tuple(told[first:]))
        if len(parts) == 1:
            return Example((tuple(parts[0]),), 0, tuple(parts[0]), hide=True)
        read, said = parts
        if len(said) > len(read):
            raise UserError(
                f"{self.where} has {len(said)} words to say, and {len(read)} to read: what is said belongs to "
                "the last words read; give as many or fewer"
            )
        return Example((tuple(read),), len(read) - len(said), tuple(said))

    def _pair(self, source: list[int], target: list[int]) -> Example:
        starts = self.instance.template.sentences[1:2]
        if not starts:
            name = self.instance.template.name
            raise UserError(f"template {name} has no second sentence to begin with: give one")
        begin = self._rows(starts[0])  # such as <s>
        told = self._ended(target)
        return Example((tuple(source), (*begin, *told)), len(begin) - 1, tuple(told))

    def _ended(self, words: list[int]) -> list[int]:
        """The words, with the one that ends a sentence behind them where the model knows one."""
        if self.end is None:
            return words
        end = self.rows[word_key(self.end)]
        return words if words and words[-1] == end else [*words, end]

    def _fits(self, sentence: int, count: int) -> None:
        room = MOST_WORDS if self.places is None else self.places[0 if self.compares else sentence]
        if count > room:
            with_end = " with the word that ends it" if self.end is not None else ""
            raise UserError(
                f"{self.where} takes {count} places{with_end}, and the model has {room}: use a shorter sentence, "
                "or more places with `settings={'slots': …}`"
            )


def as_data(examples: Sequence[Example], places: Sequence[int], mask: int = 0) -> Data:
    """Examples as arrays for sentences of so many `places`; of three sentences one thing is to be told."""
    number = len(examples)
    read = tuple(np.zeros((number, n), PRECISION) for n in places)
    classes = any(example.whole for example in examples)
    target = np.zeros((number, 1 if len(places) > 2 else places[-1] + classes), PRECISION)
    for i, example in enumerate(examples):
        for part, words in zip(read, example.read, strict=True):
            part[i, : len(words)] = words
        target[i, example.start : example.start + len(example.told)] = example.told
        if classes:
            target[i, -1] = example.whole
    hide = any(example.hide for example in examples)
    return Data(read, target, (target > 0).astype(PRECISION), mask if hide else 0, classes)


def mask_row(instance: Instance, vocabulary: Matrix) -> int:
    """The row of the word that hides others, from 1; 0 where there is none."""
    words = [word_key(str(word)) for word in instance.inputs[vocabulary.name].ravel()]
    return words.index(MASK) + 1 if MASK in words else 0


def longest(examples: Sequence[Example]) -> tuple[int, ...]:
    """The places that the longest sentences of examples take."""
    return tuple(max(len(example.read[k]) for example in examples) for k in range(len(examples[0].read)))
