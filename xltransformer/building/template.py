"""What a template says, as read and checked: a model, its sentences, vocabulary, switches, sizes and weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from xltransformer.graph import Array
from xltransformer.locale import ENGLISH
from xltransformer.models import MODELS, ModelEntry
from xltransformer.record import record

T = TypeVar("T")
Texts = Mapping[str, str]
"""One text in several languages: {"en": …, "zh": …}."""


def in_language(texts: Texts, language: str) -> str:
    """A text in a language, or else in English, or else in the first that it has; empty where it has none."""
    return said_in(texts, language, "")


def said_in(told: Mapping[str, T], language: str, none: T) -> T:
    """The same of whatever is told in several languages; `none` where nothing is."""
    return told.get(language) or told.get(ENGLISH) or next(iter(told.values()), none)


@record
class WordTable:
    """A vocabulary: the names of the d dimensions, and for each word its d numbers, which may be
    `drawn` from the seed."""

    dimensions: tuple[str, ...]
    words: Mapping[str, tuple[float, ...]]
    drawn: bool = False


@record
class Experiment:
    """Something to try on the first sheet: the cell to edit (an input block, a row and a column by
    label, or by number from 1), what to type there (a word, a number, or whether a switch is on; `above`
    or `below` where any such number will do), and what to say before and after."""

    block: str
    row: str | int | None
    column: str | int | None
    to: Texts | float | bool | None
    above: float | None
    below: float | None
    do: Texts
    then: Texts

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


@record
class Template:
    """A template as read and checked. `weights` holds arrays by the block's full name; with `trained`
    these, and the embeddings, were learned."""

    name: str
    model: str
    title: Texts
    notes: Mapping[str, Texts]
    sentences: tuple[str, ...]
    watch: str | None
    plane: tuple[str, ...]
    slots: int | tuple[int, ...]
    spare_rows: int
    seed: int
    table: WordTable
    switches: Mapping[str, float]
    sizes: Mapping[str, Any]
    weights: Mapping[str, Array]
    experiments: tuple[Experiment, ...] = ()
    trained: bool = False

    @property
    def entry(self) -> ModelEntry:
        """What is known of its model."""
        return MODELS[self.model]
