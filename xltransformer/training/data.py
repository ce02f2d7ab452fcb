"""What is learned from: files of sentences, read, checked, and as arrays from which batches are taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from xltransformer.building.initial import MASK
from xltransformer.building.instance import Instance
from xltransformer.building.limits import MOST_WORDS
from xltransformer.cutting import Cutter
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix
from xltransformer.record import record
from xltransformer.text import listed, word_key
from xltransformer.training.lines import Line, Mistake, Mistakes, columns_of, read_lines
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


LONG = ("refuse", "cut")
"""What is done with a line that takes more places than there are."""


@record
class Read:
    """The examples of a file; of how many lines the end was `cut`, and how many words, that no data taught, are
    `uncounted`."""

    examples: list[Example]
    cut: int = 0
    uncounted: int = 0

    def longest(self) -> tuple[int, ...]:
        """The places that the longest sentences take."""
        return tuple(max(map(len, sentences)) for sentences in zip(*(e.read for e in self.examples), strict=True))


def read_data(
    path: Path,
    instance: Instance,
    places: Sequence[int] | None,
    *,
    lines: Sequence[Line] | None = None,
    long: str = "refuse",
    known: bool = True,
) -> Read:
    """The examples of a file: a sentence a line, or two columns parted by a tab.

    A model that writes goes on with a sentence, or with the first column into the second; one that
    translates has the second column to write; one with classes has the second column for the class, and may
    have a third for the number of each word's own, or - for none; another one that does not write has hidden
    words to guess, or the second column to say at the last words of the first. `places` are the most words that
    its sentences may have (None: any number); a line with more is a mistake, or `long="cut"`. `lines` are those
    of the file, where it is read already; unless the unknown word is `known`, it is not to be predicted.
    Raises UserError for a file that is empty, and one that names the first lines with words that the vocabulary
    lacks, with more words than places, or with another number of columns.
    """
    reader = _Reader(instance, places, long, known)
    mistakes = Mistakes(path)
    examples: list[Example] = []
    found = read_lines(path) if lines is None else lines
    columns = columns_of(found)
    for line in found:
        try:
            examples.append(reader.example(line, columns))
        except Mistake as mistake:
            mistakes.add(line, mistake)
    mistakes.check()
    taught = [example for example in examples if any(example.told) or example.whole]
    if not taught:
        raise UserError(f"{path} has no word to predict: give longer sentences")
    return Read(taught, reader.cut, reader.uncounted)


class _Reader:
    """Reads lines as examples, and says of a mistake what it is."""

    def __init__(self, instance: Instance, places: Sequence[int] | None, long: str, known: bool) -> None:
        self.places, self.long = places, long
        self.entry, self.name = instance.template.entry, instance.template.name
        listed = {row: str(word) for row, word in enumerate(instance.inputs["vocabulary"].ravel(), 1) if word}
        cutting = instance.template.cut
        self.cutter = Cutter(cutting, listed.values())
        self.rows = {word_key(word): row for row, word in listed.items()}
        self.unknown = self.rows.get(word_key(cutting.unknown), 0) if cutting.unknown else 0
        self.unlearned = 0 if known else self.unknown
        ends = instance.sizes.ends()
        self.end = self.rows[word_key(ends[0])] if ends else 0
        self.classes = {word_key(name): k for k, name in enumerate(instance.sizes.names("classes"), start=1)}
        self.starts = instance.template.sentences[1:2]
        self.cut = self.uncounted = 0

    def example(self, line: Line, columns: int) -> Example:
        """What a line of so many columns teaches; Mistake for one that cannot be used."""
        parts = line.columns
        most = 3 if self.classes or self.entry.compares else 2
        if len(parts) != columns or columns > most:
            raise Mistake(
                f" has {len(parts)} columns; give one sentence, or two parted by a tab, in every line alike",
                f"{len(parts)} column{'s' * (len(parts) > 1)}",
                "give one sentence, or two parted by a tab, in every line alike",
            )
        example = self._of_class(*parts) if self.classes else self._example([self._rows(p) for p in parts])
        return self._fitting(self._counted(example))

    def _rows(self, text: str) -> list[int]:
        words = self.cutter.words(text)
        if not words:
            remedy = "give at least one, or take the line out"
            raise Mistake(f": {text!r:.40} has no word; {remedy}", "no word", remedy)
        strange = [word for word in words if word_key(word) not in self.rows]
        if strange and not self.unknown:
            remedy = "add it there, or take the line out"
            shown = strange[0] if len(strange[0]) <= 14 else strange[0][:13] + "…"
            more = f" +{len(strange) - 1}" if len(strange) > 1 else ""
            raise Mistake(
                f": {strange[0]!r:.40} is not in the vocabulary of {self.name}: {remedy}",
                f"{shown!r}{more} unknown",
                f"add the words to the vocabulary of {self.name}, or take the lines out",
            )
        return [self.rows.get(word_key(word), self.unknown) for word in words]

    def _of_class(self, text: str, named: str = "", told: str = "") -> Example:
        whole, read = self.classes.get(word_key(named.strip())), self._rows(text)
        if whole is None:
            remedy = f"give a sentence and one of {listed([*self.classes], 8)}, parted by a tab"
            raise Mistake(
                f" does not say which class it is of: {remedy}",
                f"class {named.strip()!r:.24}" * bool(named) or "no class",
                remedy,
            )
        numbers = {"-": 0, **{str(k): k for k in self.classes.values()}}
        words = told.split()
        if (words and len(words) != len(read)) or not numbers.keys() >= {*words}:
            remedy = "give the number of a class for each word, or - for none"
            raise Mistake(
                f" says {told!r:.40} of its {len(read)} words: give the number of a class for each, or - for none",
                f"{len(words)} numbers for {len(read)} words",
                remedy,
            )
        return Example((tuple(read),), 0, tuple(numbers[word] for word in words), whole=whole)

    def _example(self, parts: list[list[int]]) -> Example:
        if self.entry.compares:
            if len(parts) != 3:
                raise _columns(parts, "a sentence, one that means the same, and another one, parted by tabs")
            return Example(tuple(map(tuple, parts)), 0, (1,))
        if self.entry.pair:
            if len(parts) != 2:
                raise _columns(parts, "source and target, parted by a tab")
            return self._pair(*parts)
        if self.entry.writes or (len(parts) == 1 and MASK not in self.rows):
            read, *written = parts
            told = self._ended([*read[1:], *(written[0] if written else [])])
            first = len(read) - 1 if written else 0
            return Example(((*read[:1], *told),), first, tuple(told[first:]))
        if len(parts) == 1:
            return Example((tuple(parts[0]),), 0, tuple(parts[0]), hide=True)
        read, said = parts
        if len(said) > len(read):
            remedy = "what is said belongs to the last words read; give as many or fewer"
            raise Mistake(
                f" has {len(said)} words to say, and {len(read)} to read: {remedy}",
                f"{len(said)} words for {len(read)}",
                remedy,
            )
        return Example((tuple(read),), len(read) - len(said), tuple(said))

    def _pair(self, source: list[int], target: list[int]) -> Example:
        if not self.starts:
            raise UserError(f"template {self.name} has no second sentence to begin with: give one")
        begin = self._rows(self.starts[0])  # such as <s>
        told = self._ended(target)
        return Example((tuple(source), (*begin, *told)), len(begin) - 1, tuple(told))

    def _ended(self, words: list[int]) -> list[int]:
        """The words, with the one that ends a sentence behind them where the model knows one."""
        return words if not self.end or (words and words[-1] == self.end) else [*words, self.end]

    def _counted(self, example: Example) -> Example:
        """The example, its words that no data taught read, but not to be predicted."""
        if not (self.unlearned and self.unlearned in example.told):
            return example
        self.uncounted += example.told.count(self.unlearned)
        told = tuple(0 if word == self.unlearned else word for word in example.told)
        return replace(example, told=told)

    def _fitting(self, example: Example) -> Example:
        """The example within the places that there are; Mistake for one that takes more, or cut."""
        rooms = [self._room(sentence) for sentence in range(len(example.read))]
        over = next((k for k, words in enumerate(example.read) if len(words) > rooms[k]), None)
        if over is None:
            return example
        if self.long != "cut":
            count, room = len(example.read[over]), rooms[over]
            with_end = " with the word that ends it" if self.end else ""
            more = f"more places with `slots={count}`" if room < MOST_WORDS else "a line for each sentence"
            raise Mistake(
                f" takes {count:,} places{with_end}, and the model has {room}: use a shorter sentence, {more}, "
                "or `long='cut'`",
                f"{count:,} places",
                f"the model has {room} places: use shorter sentences, {more}, or `long='cut'`",
                count,
            )
        self.cut += 1
        read = tuple(words[:room] for words, room in zip(example.read, rooms, strict=True))
        if self.entry.compares:
            return replace(example, read=read)
        return replace(example, read=read, told=example.told[: max(0, rooms[-1] - example.start)])

    def _room(self, sentence: int) -> int:
        if self.places is None:
            return MOST_WORDS
        return self.places[min(sentence, len(self.places) - 1)]


def _columns(parts: Sequence[Sequence[int]], wanted: str) -> Mistake:
    """The mistake of a line with other columns than are wanted."""
    count = f"{len(parts)} columns" if len(parts) > 1 else "one column"
    return Mistake(f" has {count}; give {wanted}", count, f"give {wanted}")


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
