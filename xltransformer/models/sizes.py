"""How large a model is to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from xltransformer.errors import UserError
from xltransformer.graph import Axis, SwitchWords
from xltransformer.nn.feed_forward import ACTIVATIONS
from xltransformer.record import record

HEADS = 2
"""The heads of an attention, where the options do not say."""
GRADIENTS = "gradients"
"""The option that asks for the backward pass."""


@record
class Sizes:
    """`slots`: word slots of each sentence; `vocabulary`: rows of the word list; `width`: numbers
    in an embedding (d). `options` holds what a model asks for beyond that; `switch_words` are what turns
    its switches."""

    slots: tuple[int, ...]
    vocabulary: int
    width: int
    options: Mapping[str, Any] = field(default_factory=dict)
    switch_words: SwitchWords = SwitchWords()

    def expect(self, *known: str) -> None:
        """Raise UserError for an option that the model does not know."""
        for name in self.options:
            if name not in known:
                listed = ", ".join(known) or "none"
                raise UserError(f"[sizes] has {name!r}, which this model does not know (it knows: {listed})")

    def count(self, name: str, default: int, least: int = 1) -> int:
        """A size that is a whole number of at least 1, or what is the `least`, else UserError."""
        value = self.options.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise UserError(f"[sizes] {name} is {value!r}: give a whole number of at least {least}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """A choice that is true or false, else UserError."""
        value = self.options.get(name, default)
        if not isinstance(value, bool):
            raise UserError(f"[sizes] {name} is {value!r}: give true or false")
        return value

    def number(self, name: str, default: float) -> float:
        """A number above 0, else UserError."""
        value = self.options.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < float("inf"):
            raise UserError(f"[sizes] {name} is {value!r}: give a number above 0")
        return float(value)

    def choice(self, name: str, default: str, among: Iterable[str] = ACTIVATIONS) -> str:
        """One of several names, else UserError."""
        value = self.options.get(name, default)
        if not isinstance(value, str) or value not in among:
            raise UserError(f"[sizes] {name} is {value!r}: give one of {', '.join(among)}")
        return str(value)

    def word(self, name: str) -> str | None:
        """A word, None where there is none; else UserError."""
        value = self.options.get(name)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise UserError(f"[sizes] {name} is {value!r}: give a word of the vocabulary")
        return value

    def axis(self, size_name: str, labels_name: str, prefix: str, default: int) -> Axis:
        """An axis as the options give it: by its labels, or by its size (then prefix1, prefix2, …).

        Raises UserError for a size that is no positive whole number or does not fit the labels.
        """
        labels = self.options.get(labels_name)
        if labels is not None and not (
            isinstance(labels, list | tuple) and labels and all(isinstance(label, str) for label in labels)
        ):
            raise UserError(f"[sizes] {labels_name} is {labels!r}: give a list of names")
        size = self.options.get(size_name, len(labels) if labels else default)
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise UserError(f"[sizes] {size_name} is {size!r}: give a whole number of at least 1")
        if labels and len(labels) != size:
            raise UserError(f"[sizes] {labels_name} has {len(labels)} names, but {size_name} is {size}")
        return Axis.fixed(labels) if labels else Axis.numbered(prefix, size)
