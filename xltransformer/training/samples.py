"""What a model writes while it learns: its own sentence at every look, at the end three beginnings of its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xltransformer.building.instance import Instance
from xltransformer.graph import Array
from xltransformer.text import word_key
from xltransformer.training.data import Data
from xltransformer.training.vocabulary import END
from xltransformer.writing import texts

SAMPLES = 3
"""How many texts are written at the end."""
TRIED = 100
"""Of how many lines the beginnings are looked at, where those of lines far apart are the same."""
Write = Callable[[Mapping[str, Array]], list[str]]
"""Writes on what it was made for, with weights by block name."""


def from_own(instance: Instance) -> Write | None:
    """Writes the first sentence of an instance on; None for a model that does not write."""
    if not instance.template.entry.writes:
        return None
    return lambda weights: [_written(instance, weights)]


def from_data(instance: Instance, data: Data) -> Write | None:
    """Writes on from the beginnings of lines far apart in some data, no two alike; None for a model that does not
    write."""
    if not instance.template.entry.writes:
        return None
    far = np.linspace(0, len(data) - 1, SAMPLES).astype(int).tolist()
    begun: dict[str, Instance] = {}
    for row in dict.fromkeys([*far, *range(min(len(data), TRIED))]):
        one = _begin(instance, data, row)
        if one is not None and len(begun) < SAMPLES:
            begun.setdefault(_typed(one), one)
    return lambda weights: [_written(one, weights) for one in begun.values()]


def _typed(instance: Instance) -> str:
    """The words that stand in an instance's sentences, as one text."""
    words = [instance.inputs[sentence.words.name].ravel() for sentence in instance.model.sentences]
    return repr([[word for word in column if word] for column in words])


def _written(instance: Instance, weights: Mapping[str, Array]) -> str:
    inputs = {**instance.inputs, **{name: value.astype(float) for name, value in weights.items()}}
    words = texts(replace(instance, inputs=inputs))[0].words
    if instance.template.entry.pair:
        words = words[1:]  # behind the word that a target begins with
    return instance.template.cut.joined([word for word in words if word_key(word) != word_key(END)])


def _begin(instance: Instance, data: Data, row: int) -> Instance | None:
    """An instance with the beginning of a line in the place of its first sentence, or with what it translates;
    None where that leaves no slot."""
    listed = ["", *map(str, instance.inputs[instance.model.vocabulary.words.name].ravel())]
    lines = [[listed[int(k)] for k in part[row] if k] for part in data.read]
    first = int(np.argmax(data.counts[row]))
    given = first + 1 if first or instance.template.entry.pair else min(3, max(1, len(lines[-1]) // 2))
    lines[-1] = lines[-1][:given]
    inputs = dict(instance.inputs)
    for sentence, words in zip(instance.model.sentences, lines, strict=False):
        slots, empty = sentence.words.shape[0], None if sentence.words.feedback is not None else ""
        if len(words) > slots - (empty is None):
            return None
        inputs[sentence.words.name] = _column(words, slots, empty)
    return replace(instance, inputs=inputs)


def _column(words: Sequence[str], slots: int, empty: str | None) -> Array:
    return np.array([*words, *[empty] * (slots - len(words))], dtype=object).reshape(slots, 1)
