"""How large a model is to be, and what every model begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

from xltransformer.checked import is_flag, is_number, is_positive, is_texts, is_whole
from xltransformer.errors import UserError
from xltransformer.graph import CHOICE, Axis, SwitchWords
from xltransformer.nn.embedding import Vocabulary
from xltransformer.nn.feed_forward import ACTIVATIONS
from xltransformer.record import record
from xltransformer.teaching.lesson import Lesson
from xltransformer.text import nearest

MOST_COLUMNS, MARGIN = 16_384, 64
"""The columns that a sheet holds (Excel's limit), and of these, as of its rows, what is kept free for headings
beside the largest block."""
MOST_NUMBER = 1e15
"""The largest number among the options, such as the base of angles."""
HEADS = 2
"""The heads of an attention, where the options do not say."""
GRADIENTS = "gradients"
"""The option that asks for the backward pass."""


@record
class Sizes:
    """`slots`: word slots of each sentence; `vocabulary`: rows of the word list; `width`: numbers in an
    embedding (d); `options`: what a model asks for beyond that; `switch_words`: what turns its switches;
    `choice_words`: what turns how it chooses the words that it writes."""

    slots: tuple[int, ...]
    vocabulary: int
    width: int
    options: Mapping[str, Any] = field(default_factory=dict)
    switch_words: SwitchWords = SwitchWords()
    choice_words: SwitchWords = CHOICE

    def _take(self, name: str, default: Any, fits: Callable[[Any], bool], wanted: str) -> Any:
        """An option, or else its default; UserError for one that does not fit, with what is wanted."""
        value = self.options.get(name, default)
        if value is not default and not fits(value):
            raise UserError(f"[sizes] {name} is {value!r}: give {wanted}")
        return value

    def count(self, name: str, default: int, least: int = 1) -> int:
        """A size that is a whole number of at least 1, or what is the `least`, and fits into a sheet, else
        UserError."""
        wanted = f"a whole number of at least {least}"
        size = int(self._take(name, default, lambda value: is_whole(value, least), wanted))
        if size > MOST_COLUMNS - MARGIN:
            most = f"at most {MOST_COLUMNS - MARGIN:,} can be built"
            raise UserError(f"{name}: {size:,} are too many, {most}; use fewer")
        return size

    def flag(self, name: str, default: bool) -> bool:
        """A choice that is true or false (or 1 or 0), else UserError."""
        return bool(self._take(name, default, is_flag, "true or false"))

    def number(self, name: str, default: float) -> float:
        """A number above 0, at most MOST_NUMBER, else UserError."""
        wanted = f"a number above 0, at most {MOST_NUMBER:g}"
        return float(self._take(name, default, lambda value: is_positive(value) and value <= MOST_NUMBER, wanted))

    def choice(self, name: str, default: str, among: Iterable[str] = ACTIVATIONS) -> str:
        """One of several names, else UserError."""
        wanted = f"one of {', '.join(among)}"
        return str(self._take(name, default, lambda value: isinstance(value, str) and value in among, wanted))

    def word(self, name: str) -> str | None:
        """A word, None where there is none; else UserError."""
        wanted = "a word of the vocabulary"
        value: str | None = self._take(name, None, lambda one: isinstance(one, str) and bool(one.strip()), wanted)
        return value

    def ends(self) -> list[str]:
        """The words after which nothing is written, one or several; else UserError."""
        one = self.options.get("end")
        return self.names("end") if isinstance(one, list) else [] if one is None else [str(self.word("end"))]

    def numbers(self, name: str) -> list[int]:
        """Several whole numbers from 0, none where the option is not given; else UserError."""
        wanted = "a list of whole numbers from 0"
        return list(
            self._take(name, [], lambda value: isinstance(value, list) and all(map(is_whole, value)), wanted)
        )

    def names(self, name: str) -> list[str]:
        """Several names, none where the option is not given; else UserError."""
        return list(self._take(name, [], _are_names, "a list of names"))

    def figures(self, name: str) -> Mapping[str, tuple[float, ...]]:
        """Rows of numbers by their names, none where there are none; else UserError."""
        rows = self._take(name, {}, _are_rows, "a table of lists of numbers")
        return {key: tuple(map(float, row)) for key, row in rows.items()}

    def axis(self, size_name: str, labels_name: str, prefix: str, default: int) -> Axis:
        """An axis as the options give it: by its labels, or by its size (then prefix1, prefix2, …).

        Raises UserError for a size that is no positive whole number or does not fit the labels.
        """
        labels = self._take(labels_name, None, _are_names, "a list of names")
        size = self.count(size_name, len(labels) if labels else default)
        if labels and len(labels) != size:
            raise UserError(f"[sizes] {labels_name} has {len(labels)} names, but {size_name} is {size}")
        return Axis.fixed(labels) if labels else Axis.numbered(prefix, size)


def _are_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and is_texts([*value])


def _are_rows(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(row, list | tuple) and row and all(is_number(entry) for entry in row) for row in value.values()
    )


def begin(sizes: Sizes, *options: str) -> tuple[Lesson, Vocabulary]:
    """A model of these sizes, with its vocabulary; UserError for options that it does not know."""
    for name in sizes.options:
        if name not in options:
            near = f"; did you mean {one!r}?" if (one := nearest(name, (*options, "d_model"))) else ""
            known = f"(it knows: {', '.join(options) or 'none'})"
            raise UserError(f"[sizes] has {name!r}, which this model does not know{near} {known}")
    model = Lesson(sizes.slots, sizes.vocabulary, sizes.width)
    return model, model.vocabulary
