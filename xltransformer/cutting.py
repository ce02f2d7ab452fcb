"""How text becomes words: the same for a file that is learned from, for a sentence, and for a sheet's rows.

Texts of a template are cut as `text.split_sentence` cuts them: punctuation parts words and is gone. A model of
one's own text keeps punctuation, each mark a word of its own, or reads letter by letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from xltransformer.record import record
from xltransformer.text import (
    CJK,
    alike_key,
    characters,
    clean,
    divided,
    marks_around,
    marks_within,
    split_sentence,
    word_key,
)

BLANK = "▁"
"""What a blank is called where letters are words, as in SentencePiece (Kudo and Richardson 2018)."""
UNKNOWN = "[UNK]"
"""The word that stands for all that the vocabulary lacks."""
MOST_DIVIDED = 4
"""The most characters of a Chinese word: a longer run between blanks is a phrase, whose characters are words."""

_CLOSING = set(".,;:!?…)]}%。，、；：！？）】》」』”’")
_OPENING = set("([{（【《「『“‘¿¡")
_QUOTES = set("\"'")
_RUNS = re.compile(f"[{CJK}]+|[^{CJK}]+")
_IS_CJK = re.compile(f"[{CJK}。，、；：！？（）【】《》「」『』“”‘’]+")


@record
class Cutting:
    """How text is cut: into `letters`, or into words with `marks` of punctuation as words of their own; put into
    small letters first where it is to be `lower`; what the vocabulary lacks is the `unknown` word, if there is
    one."""

    letters: bool = False
    lower: bool = False
    marks: bool = False
    unknown: str = ""

    def to_json(self) -> dict[str, bool]:
        """As a file of weights and a workbook's description keep it, without the unknown word."""
        return {"letters": self.letters, "lower": self.lower, "punctuation": self.marks}

    @classmethod
    def from_json(cls, told: Any, unknown: str = "") -> Cutting:
        """The way of cutting that was kept; ValueError where that makes no sense."""
        names = ("letters", "lower", "punctuation")
        if not isinstance(told, dict) or not all(isinstance(told.get(name, False), bool) for name in names):
            raise ValueError("how text is cut makes no sense")
        letters, lower, marks = (told.get(name, False) for name in names)
        return cls(letters, lower, marks, unknown)

    def joined(self, words: Sequence[str]) -> str:
        """Words as the text that they are: letters without blanks between, marks where they belong."""
        if self.letters:
            return "".join(words).replace(BLANK, " ")
        if not self.marks:
            return " ".join(words)
        text, open_ = "", set[str]()
        for before, word in zip(["", *words], words, strict=False):
            closes = word in _CLOSING or word in open_
            tight = not before or before in _OPENING or (before in _QUOTES and before in open_) or closes
            tight = tight or bool(_IS_CJK.fullmatch(before) and _IS_CJK.fullmatch(word))
            text += word if tight else f" {word}"
            if word in _QUOTES:
                open_ ^= {word}
        return text


PLAIN = Cutting()
"""How the texts of templates are cut."""


class Cutter:
    """Cuts texts into the words of a vocabulary, spelled as they stand there; what it lacks stays as it is."""

    def __init__(self, cutting: Cutting, vocabulary: Iterable[str] = ()) -> None:
        self.cutting = cutting
        self.vocabulary = [*vocabulary]
        self.spelling = {word_key(word): word for word in self.vocabulary}
        self._alike = {alike_key(word): word for word in self.vocabulary}
        self._longest = max(map(len, self.spelling), default=1)
        whole = sorted((re.escape(word) for word in self.vocabulary if len(word) > 1), key=len, reverse=True)
        self._letters = re.compile("|".join([*whole, r"\s+", "."]), re.DOTALL | re.IGNORECASE)

    def words(self, text: str) -> list[str]:
        """The words of a text."""
        if self.cutting.lower:
            text = text.lower()
        if self.cutting.letters:
            found = self._spelled_out(clean(text).strip())
        elif self.cutting.marks:
            found = self._with_marks(clean(text))
        else:
            return split_sentence(text, self.vocabulary)
        return [self.spelling.get(word_key(word)) or self._alike.get(alike_key(word), word) for word in found]

    def knows(self, word: str) -> bool:
        """Whether the vocabulary has it."""
        return word_key(word) in self.spelling

    def _spelled_out(self, text: str) -> list[str]:
        letters: list[str] = []
        for part in self._letters.findall(text):
            if letters and unicodedata.category(part[0]).startswith("M"):
                letters[-1] += part  # a mark belongs to the letter that bears it
            else:
                letters.append(BLANK if part.isspace() else part)
        return letters

    def _with_marks(self, text: str) -> list[str]:
        as_divided = divided(text, MOST_DIVIDED)
        words: list[str] = []
        for chunk in text.split():
            if word_key(chunk) in self.spelling:
                words.append(chunk)
                continue
            for part in marks_within(chunk):
                if not part.strip(".-"):  # ... and -- are one mark
                    words.append(part)
                    continue
                before, word, after = marks_around(part, self.spelling)
                words += [*before, *self._within(word, as_divided), *after]
        return words

    def _within(self, word: str, as_divided: bool) -> list[str]:
        """A word without marks around it; characters of Chinese and Japanese each by itself, or as the vocabulary
        has longer words, unless the writer has divided them."""
        if not word:
            return []
        runs = _RUNS.findall(word)
        if word.isascii() or word_key(word) in self.spelling or (as_divided and len(runs) == 1):
            return [word]
        words: list[str] = []
        for run in runs:
            if re.match(f"[{CJK}]", run):
                words += characters(run, self.spelling, self._longest)
            else:
                before, inner, after = marks_around(run, self.spelling)
                words += [*before, *([inner] if inner else []), *after]
        return words
