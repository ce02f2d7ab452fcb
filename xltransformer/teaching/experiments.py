"""Something to try on the first screen; and what to try with a published model, whose words no template knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xltransformer.graph import Matrix, SwitchWords, Values
from xltransformer.locale import Messages, Texts, in_language
from xltransformer.record import record
from xltransformer.text import word_key


@record
class Experiment:
    """Something to try on the first sheet: the cell to edit (an input block, a row and a column by
    label, or by number from 1), what to type there (a word, a number, or whether a switch is on; `above`
    or `below` where any such number will do), and what to say before and after."""

    block: str
    do: Texts
    then: Texts
    row: str | int | None = None
    column: str | int | None = None
    to: Texts | float | bool | None = None
    above: float | None = None
    below: float | None = None

    def target(self, language: str) -> str | float | bool:
        """What is typed, in a workbook of that language."""
        if isinstance(self.to, Mapping):
            return in_language(self.to, language)
        if self.to is not None:
            return self.to
        if self.above is not None:
            return self.above + 1
        below = self.below or 0.0
        return below / 2 if below > 0 else below - 1


def labels_of(block: Matrix, side: int, values: Values) -> list[str]:
    """The labels of a block's rows (side 0) or columns (1) as built; of words, and of the vocabulary, the words
    themselves."""
    if block.text and side == 0:
        return ["" if word is None else str(word) for word in values[block.name][:, 0]]
    return (block.rows, block.columns)[side].read(values)


def place_of(block: Matrix, label: str | int | None, side: int, values: Values) -> int | None:
    """The row (side 0) or column (1), from 0, that an experiment names by its label as built or by its number
    from 1, and that goes without saying where there is only one; None where there is none such."""
    if label is None:
        return 0 if block.shape[side] == 1 else None
    if isinstance(label, int):
        return label - 1 if 1 <= label <= block.shape[side] else None
    labels = labels_of(block, side, values)
    return next((k for k, one in enumerate(labels) if word_key(one) == word_key(label)), None)


def so_already(experiment: Experiment, block: Matrix, value: Any, language: str) -> bool:
    """Whether a cell of a block that holds a value holds what an experiment asks for."""
    if experiment.above is not None:
        return bool(value > experiment.above)
    if experiment.below is not None:
        return bool(value < experiment.below)
    to = experiment.target(language)
    if isinstance(to, bool):
        turned = block.turned_by or SwitchWords()
        return word_key(str(value)) in map(word_key, turned.on if to else turned.off)
    return word_key(str(value)) == word_key(to) if isinstance(to, str) else bool(abs(value - to) < 1e-6)


def to_try(split: Sequence[Sequence[str]], messages: Messages) -> tuple[Experiment, ...]:
    """Experiments for a model that compares two sentences: the first and the last word that one alone has in
    the place of those of the other."""
    if len(split) < 2:
        return ()
    first, second = (_own(split[k], split[1 - k]) for k in (0, 1))
    language, pairs = messages.language, list(zip(first, second, strict=False))
    return tuple(
        Experiment(
            block="sentence.1.words",
            row=row,
            to={language: to},
            do={language: messages("published.swap", old=old, new=to, cell="{cell}")},
            then={language: messages("published.swapped")},
        )
        for (_, to), (row, old) in dict.fromkeys(pairs[:1] + pairs[-1:])
    )


def to_write_on(
    split: Sequence[Sequence[str]], vocabulary: Iterable[str], messages: Messages
) -> tuple[Experiment, ...]:
    """Experiments for a model that writes words that no template knows on: another last word of its one sentence,
    and words by chance."""
    (words,) = split if len(split) == 1 else ((),)
    typed = {word_key(word) for word in words}
    other = next((word for word in vocabulary if word.isalpha() and word_key(word) not in typed), None)
    if not words or other is None:
        return ()
    language = messages.language
    swap = messages("learned.swap", old=words[-1], new=other, cell="{cell}")
    return (
        Experiment(
            block="sentence.words",
            row=len(words),
            to={language: other},
            do={language: swap},
            then={language: messages("learned.swapped", new=other)},
        ),
        Experiment(
            block="switches.choose",
            to=True,
            do={language: messages("learned.chance", cell="{cell}")},
            then={language: messages("learned.drawn")},
        ),
    )


def _own(words: Sequence[str], others: Sequence[str]) -> list[tuple[int, str]]:
    """The words of a sentence that the other one has not, with their places from 1: no marks, no pieces."""
    taken = {word_key(word) for word in others}
    return [(k, w) for k, w in enumerate(words, start=1) if w.strip("▁").isalpha() and word_key(w) not in taken]
