"""From a sentence to its words, and from a word to a reproducible vector."""

from __future__ import annotations

import hashlib
import html
import math
import re
import unicodedata
from collections.abc import Collection, Container, Iterable, Sequence

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array

MOST_TEXT = 32_767
"""The most characters a cell holds (Excel's limit)."""

# Punctuation that always parts words; the rest is only taken off a word's ends, so that tokens
# such as =1+1, @x, -2, don't, 3.14 and well-known stay whole.
_MARKS = ";!?…⋯‥—―“”„«»‹›¿¡。，、；：！？「」『』《》〈〉【】〔〕［］｛｝｡､｢｣・～〜،؛؟।"
SEPARATORS = re.compile(rf"[\s{_MARKS}]+|\.{{2,}}|,(?!\d)|(?<!\d),|:(?=\s|$)")
PARTING = rf"([{_MARKS}]|\.{{2,}}|-{{2,}}|,(?!\d)|(?<!\d),|:(?=\s|$))"
EDGES = ".．,:'’‘‚\""
BRACKETS = {"(": ")", "[": "]", "{": "}", "（": "）"}
DASHES = "-‐‑‒–·"
CJK = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""The characters of Chinese and Japanese, as within the brackets of a pattern."""
# Texts, as compiling them takes milliseconds that only these languages' sentences need.
_CJK_RUN = f"[{CJK}]+|[^{CJK}]+"
_ONLY_CJK = f"[{CJK}]+"
_CJK_DIVIDED = rf"[{CJK}]\s[^{CJK}{_MARKS}]*[{CJK}]"


def letters(count: int) -> list[str]:
    """A, B, C, … for so many sentences, after Z plain numbers; one empty text where there is one only."""
    return ["" if count == 1 else chr(65 + s) if s < 26 else str(s + 1) for s in range(count)]


def column_number(letters: str) -> int:
    """1 for a spreadsheet's column `A`, 27 for `AA`."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that one was perhaps meant to be: the same in other case, or by difflib's measure of
    likeness."""
    import difflib

    names = [*known]
    same = next((one for one in names if one.casefold() == name.casefold()), None)
    return same or next(iter(difflib.get_close_matches(name, names, 1, cutoff)), None)


def nearest_block(name: str, known: Collection[str]) -> str | None:
    """The block that one was perhaps meant to be, by its whole name, else by the last part of it."""
    return nearest(name, known) or nearest(name.rpartition(".")[2], known)


def meant(name: str, known: Iterable[str], what: str = "known are") -> str:
    """What to do about a name that is none of those known: the nearest, and which there are."""
    names = [*known]
    near = nearest(name, names)
    told = f"{what}: {listed(names) or 'none'}"
    return f"did you mean {near!r}? ({told})" if near else told


def matching(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """The names of blocks that patterns such as `*.weights` are for, in their order; case does not matter.

    Raises UserError for a pattern that is for none, with the nearest that is.
    """
    from fnmatch import fnmatchcase

    known, found = list(names), set()
    for pattern in patterns:
        fit = {name for name in known if fnmatchcase(name.lower(), pattern.lower())}
        if not fit:
            parts = ["*." + name.rpartition(".")[2] for name in known] if "*" in pattern else []
            near = nearest(pattern, [*parts, *known])
            hint = f"did you mean {near!r}?" if near else "`blocks()` lists them all"
            raise UserError(f"no block is called {pattern!r:.80}; {hint}")
        found |= fit
    return [name for name in known if name in found]


def as_html(line: str, ok: bool | None = None) -> str:
    """A line as a notebook shows it, with a mark before it where something is right or not."""
    mark = "" if ok is None else "✓ " if ok else "✗ "
    return f"<code>{html.escape(mark + line)}</code>"


def word_key(word: str) -> str:
    """What two spellings of one word have in common: its letters in lower case, as LOWER makes them in a sheet."""
    return word.lower()


_LIGATURES = str.maketrans({"æ": "ae", "œ": "oe", "ı": "i"})


def alike_key(word: str) -> str:
    """What words have in common that the `=` of some program, not of all, takes for one: ß and ss, æ and ae, ς
    and σ, full and half width, and with or without marks that are not seen."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", word) if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", seen.casefold().translate(_LIGATURES))


def clean(text: str) -> str:
    """Unicode NFC, with control characters, lone surrogates and invisible marks taken out."""
    text = unicodedata.normalize("NFC", without_forbidden(text))
    text = re.sub("[\u00ad\u200b\u2060\ufeff]", "", text)
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)


def without_forbidden(text: str) -> str:
    """The text without the two characters that XML, hence a workbook, cannot hold."""
    return re.sub("[\ufffe\uffff]", "", text)


def marks_around(word: str, whole: Container[str] = ()) -> tuple[list[str], str, list[str]]:
    """Punctuation at both ends of a word, mark by mark, and the word between; a bracket only where its partner is
    not in the word. What is `whole`, by its key, keeps its own."""
    before: list[str] = []
    after: list[str] = []
    while word and word_key(word) not in whole:
        first, last = word[0], word[-1]
        if first in EDGES and not (first == "." and word[1:2].isdigit()):
            before, word = [*before, first], word[1:]
        elif last in EDGES:
            after, word = [last, *after], word[:-1]
        elif first in BRACKETS and (word.endswith(BRACKETS[first]) or BRACKETS[first] not in word):
            before, word = [*before, first], word[1:]
        elif any(last == close and word.count(open_) < word.count(close) for open_, close in BRACKETS.items()):
            after, word = [last, *after], word[:-1]
        else:
            break
    return before, word, after


def _strip(word: str) -> str:
    """Take punctuation off both ends."""
    return marks_around(word)[1]


def marks_within(chunk: str) -> list[str]:
    """A text without white space, cut where punctuation parts words; the marks themselves are among the parts."""
    return [part for part in re.split(PARTING, chunk) if part]


def divided(text: str, most: float = math.inf) -> bool:
    """Whether its writer has divided Chinese or Japanese into words by blanks, and no run between them has more
    than so many characters."""
    if text.isascii() or re.search(_CJK_DIVIDED, text) is None:
        return False
    return max(map(len, re.findall(_ONLY_CJK, text))) <= most


def split_sentence(sentence: str, vocabulary: Iterable[str] = ()) -> list[str]:
    """The words of a sentence, spelled as in the vocabulary where it has them, else in lower case.

    Words are parted by white space and punctuation. Chinese and Japanese written without spaces
    split into characters, except where the vocabulary has a longer word; written with spaces,
    they keep the writer's own division.
    """
    spelling = {word_key(word): word for word in vocabulary}
    longest = max(map(len, spelling), default=1)
    sentence = clean(sentence)
    as_divided = divided(sentence)
    words: list[str] = []
    chunks = SEPARATORS.split(sentence)
    for chunk in (chunk if word_key(chunk) in spelling else _strip(chunk) for chunk in chunks):
        if word_key(chunk) in spelling or chunk.isascii() or (as_divided and re.fullmatch(_ONLY_CJK, chunk)):
            words.append(chunk)
            continue
        for run in re.findall(_CJK_RUN, chunk):
            words += characters(run, spelling, longest) if re.match(_ONLY_CJK, run) else [_strip(run)]
    words = [word for word in words if word_key(word) in spelling or word.strip(DASHES)]
    return [spelling.get(word_key(word), word.lower()) for word in words if word]


def characters(run: str, spelling: Container[str], longest: int) -> list[str]:
    """Divide a run of characters, taking the longest vocabulary word at each place."""
    words: list[str] = []
    while run:
        lengths = range(min(longest, len(run)), 1, -1)
        length = next((n for n in lengths if word_key(run[:n]) in spelling), 1)
        words.append(run[:length])
        run = run[length:]
    return words


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names in one line, the first of them where they are many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def pseudo_random(name: str, shape: tuple[int, int]) -> Array:
    """Numbers in [-1, 1] with two decimals that depend on `name` alone, alike on every machine."""
    size = shape[0] * shape[1]
    digests = (hashlib.sha256(f"{name}:{i}".encode("utf-8", "replace")).digest() for i in range(size))
    numbers = [(int.from_bytes(digest[:8], "big") % 201 - 100) / 100 for digest in digests]
    return np.array(numbers, dtype=float).reshape(shape)
