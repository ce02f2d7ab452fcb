"""Which head decides: what the trained models still get right, in held-out data, with the values of one head
set to 0. The templates show the heads that cost most, and their notes tell the figures; a test measures again."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence

import held_out
import numpy as np
import training_data as td

from xltransformer.record import record

_VALUES = re.compile(r"(?:encoder|decoder)\.(\d+\.head\.\d+)\.[Wb]_V")


@record
class Asked:
    """A sentence, and by place (from 0) the words of which one is to be predicted there."""

    words: Sequence[str]
    right: Mapping[int, Collection[str]]


def next_words() -> list[Asked]:
    """Held-out sentences as far as the grammar determines the next word."""
    begun = [words[:k] for words in td.animals()[1] for k in range(1, len(words) + 1)]
    found = [(words, td.next_words(" ".join(words))) for words in begun]
    return [Asked(words, {len(words) - 1: follow}) for words, follow in found if len(follow) == 1]


def hidden_animals() -> list[Asked]:
    """Held-out and further sentences with an animal hidden of which the grammar leaves only some."""
    asked = []
    for words in (*td.animals()[1], *td.more_animals(100)):
        for k in (k for k, word in enumerate(words) if word in td.HOME):
            hidden = (*words[:k], td.HIDDEN, *words[k + 1 :])
            asked.append(Asked(hidden, {k: td.fitting(" ".join(hidden))}))
    return [one for one in asked if not all(td.HOME.keys() <= set(fits) for fits in one.right.values())]


def repeated() -> list[Asked]:
    """Held-out rows up to the repeated letter, and the letter after it."""
    return [Asked(read, {len(read) - 1: said[:1]}) for read, said in td.induction()[1]]


def sorted_rows() -> list[Asked]:
    """Held-out rows with all that is to be written."""
    return [
        Asked((*read, *said[:-1]), {len(read) - 1 + k: (letter,) for k, letter in enumerate(said)})
        for read, said in td.sorting()[1]
    ]


QUESTIONS: dict[str, Callable[[], list[Asked]]] = {
    "gpt": next_words,
    "bert": hidden_animals,
    "induction": repeated,
    "sort-letters": sorted_rows,
}


def without_each(template: str) -> tuple[int, dict[str, int]]:
    """How many of the questions there are, and how many are right without each head, by its name; with all of them
    under the name of no letters."""
    asked, speaker = QUESTIONS[template](), held_out.Speaker(template, ())
    index, inputs = speaker.numbered(one.words for one in asked), speaker.inputs
    heads = {found[1] for name in inputs if (found := _VALUES.fullmatch(name))}
    right = {}
    for head in ("", *sorted(heads)):
        off = {name for name in inputs if (found := _VALUES.fullmatch(name)) and found[1] == head}
        speaker.inputs = {name: np.zeros_like(value) if name in off else value for name, value in inputs.items()}
        (said,) = speaker.says(index)
        right[head] = sum(
            all(speaker.words[row[place] - 1] in fits for place, fits in one.right.items())
            for one, row in zip(asked, said, strict=True)
        )
    return len(asked), right


if __name__ == "__main__":
    for name in sys.argv[1:] or QUESTIONS:
        print(name, *without_each(name))
