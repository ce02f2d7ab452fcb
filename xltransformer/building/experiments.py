"""What to try with a published model: no template knows its words."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.building.template import Experiment
from xltransformer.locale import Messages
from xltransformer.text import word_key


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
            column=None,
            to={language: to},
            above=None,
            below=None,
            do={language: messages("published.swap", old=old, new=to, cell="{cell}")},
            then={language: messages("published.swapped")},
        )
        for (_, to), (row, old) in dict.fromkeys(pairs[:1] + pairs[-1:])
    )


def _own(words: Sequence[str], others: Sequence[str]) -> list[tuple[int, str]]:
    """The words of a sentence that the other one has not, with their places from 1: no marks, no pieces."""
    taken = {word_key(word) for word in others}
    return [(k, w) for k, w in enumerate(words, start=1) if w.strip("▁").isalpha() and word_key(w) not in taken]
