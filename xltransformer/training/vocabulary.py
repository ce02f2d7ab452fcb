"""A vocabulary made from data: which words there are, how each is spelled, and which are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from xltransformer.cutting import UNKNOWN, Cutting
from xltransformer.record import record
from xltransformer.text import alike_key

END = "</s>"
"""The word that ends a line, where no word of the data does."""


@record
class Made:
    """The `words` of a vocabulary, how many spellings were `joined` with others, and how many words were left
    `out`, which one word stands for then."""

    words: tuple[str, ...]
    joined: int
    out: int


def made_from(texts: Iterable[Sequence[str]], special: Sequence[str], cutting: Cutting, most: int | None) -> Made:
    """The words of texts, behind the `special` ones: the `most` frequent first, or letters in order.

    Spellings that sheets take for one word (see `text.alike_key`) are one, spelled as it is most often, in
    small letters where that is a tie; with `most` the rest become the unknown word.
    """
    spellings: dict[str, Counter[str]] = {}
    for word, count in Counter(word for text in texts for word in text).items():
        spellings.setdefault(alike_key(word), Counter())[word] += count
    for word in special:
        spellings.pop(alike_key(word), None)
    words = {max(each, key=lambda one: (each[one], one.islower())): each.total() for each in spellings.values()}
    joined = sum(len(each) - 1 for each in spellings.values())
    ranked = sorted(words, key=lambda word: -words[word])
    kept = ranked if most is None else ranked[:most]
    if cutting.letters:
        kept = sorted(kept)
    out = len(ranked) - len(kept)
    return Made((*special, *([UNKNOWN] if out and UNKNOWN not in special else []), *kept), joined, out)


def ends_as(texts: Sequence[Sequence[str]], end: str) -> bool:
    """Whether every one of the texts ends with a word that stands nowhere else."""
    key = alike_key(end)
    return all(
        [k for k, word in enumerate(text, start=1) if alike_key(word) == key] == [len(text)] for text in texts
    )
