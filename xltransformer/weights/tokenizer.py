"""A vocabulary, and the way a text is cut into the numbers of its tokens."""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from xltransformer.errors import UserError

SPACE = "▁"
"""What stands for the space before a word in the name of a token."""


class Tokenizer(ABC):
    """A vocabulary and the way a text is cut into its tokens.

    `tokens` are in the order of their numbers, `labels` the same as a reader shall see them; of the numbers
    the first `known` belong to the vocabulary. `specials` are the numbers of tokens such as [MASK], by their
    texts. With `marks_beginnings` tokens that begin a word bear `SPACE`, instead of others bearing ##. The letters
    of `bytewise` ones stand for bytes; `whole_words` have blanks between them. What the files do not say, and is
    taken to be so, stands in `assumed`.
    """

    assumed, bytewise, whole_words = "", False, False

    def __init__(
        self,
        tokens: Sequence[str],
        labels: Sequence[str] | None = None,
        special: Sequence[str] = (),
        *,
        known: int | None = None,
        marks_beginnings: bool = True,
    ) -> None:
        self.tokens, self.labels = tokens, tokens if labels is None else labels
        self.known = len(tokens) if known is None else known
        self.number = {token: k for k, token in reversed(list(enumerate(tokens)))}
        self.specials = {name: self.number[name] for name in special if name in self.number}
        self.marks_beginnings = marks_beginnings

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """The numbers of the tokens of a text, those around it included. UserError for one that cannot be cut."""

    @abstractmethod
    def pieces(self, text: str) -> list[int]:
        """The numbers of the tokens of a text alone."""

    def goes_on(self, text: str) -> list[int]:
        """The numbers of the tokens of a text, the target of a pair, that is written on."""
        return self.encode(text)

    def text(self, numbers: Sequence[int]) -> str:
        """The text of some tokens, without special ones: a letter may be several tokens, a byte each."""
        special, letters = {*self.specials.values()}, _bytes_of_letters() if self.bytewise else {}
        data = b"".join(_bytes(self.tokens[k], letters) for k in numbers if k not in special)
        return data.decode("utf-8", "replace").strip()

    def begins_word(self, k: int) -> bool:
        """Whether a token is a word, or the beginning of one; a letter by itself is none, but where a
        letter is a word, as in Chinese."""
        label = self.labels[k]
        if self.marks_beginnings and not label.startswith(SPACE):
            return False
        bare = label.removeprefix(SPACE)
        alone = len(bare) == 1 and unicodedata.category(bare) != "Lo"
        return bare.isalpha() and not alone and self.tokens[k] not in self.specials

    def rows(self, texts: Sequence[Sequence[int]], spare: int | None) -> list[int]:
        """The numbers, in order, of the tokens that texts use, of the special ones, and of the first
        `spare` others, words before letters and pieces of words; of all tokens where that is None."""
        used = {k for text in texts for k in text}
        if spare is None:
            return sorted(used | set(range(self.known)))
        used |= {k for k in self.specials.values() if k < self.known}
        others = sorted(set(range(self.known)) - used, key=lambda k: (not self.begins_word(k), k))
        return sorted(used | set(others[:spare]))

    def word(self) -> str:
        """A word to begin with: the first that is one, or else the first token that is text."""
        known = sorted(range(self.known), key=lambda k: not self.begins_word(k))
        return next(filter(None, (self.text([k]) for k in known)), "")

    def named(self, name: str) -> int | None:
        """The number of a token by its own text or by its label; None where there is none."""
        if name in self.number:
            return self.number[name]
        return next((k for k, label in enumerate(self.labels) if label == name), None)


class Published(Tokenizer):
    """A tokenizer of the package `tokenizers`."""

    def __init__(self, made: Any, special: Sequence[str], known: int, assumed: str = "") -> None:
        self.made, self.assumed, kind = made, assumed, type(made.model).__name__
        tokens = in_order(made.get_vocab(with_added_tokens=True))
        self.bytewise = any(
            b'"ByteLevel"' in part.__getstate__() for part in (made.pre_tokenizer, made.decoder) if part
        )
        super().__init__(
            tokens,
            [byte_label(token) for token in tokens] if self.bytewise else tokens,
            special,
            known=known,
            marks_beginnings=kind not in ("WordPiece", "WordLevel"),
        )
        self.whole_words = kind == "WordLevel" and made.decoder is None

    def encode(self, text: str) -> list[int]:
        return self._cut(text, around=True)

    def pieces(self, text: str) -> list[int]:
        return self._cut(text, around=False)

    def text(self, numbers: Sequence[int]) -> str:
        if self.made.decoder is None:
            return super().text(numbers)
        return str(self.made.decode([*numbers], skip_special_tokens=True)).strip()

    def _cut(self, text: str, *, around: bool) -> list[int]:
        try:
            return list(self.made.encode(text, add_special_tokens=around).ids)
        except Exception as error:  # a word that is unknown, say, where there is no token for such
            said = " ".join(str(error).split())
            raise UserError(f"the tokenizer cannot cut {text!r:.60}: {said:.120}; write it otherwise") from None


class Undecided(Published):
    """Several tokenizers of one vocabulary, of which no file says which one it is: a text is cut where all of them
    cut it alike."""

    def __init__(self, ways: Sequence[Published], path: Path) -> None:
        super().__init__(ways[0].made, [*ways[0].specials], ways[0].known)
        self.ways, self.path = ways, path

    def _cut(self, text: str, *, around: bool) -> list[int]:
        first, *others = [way._cut(text, around=around) for way in self.ways]
        if any(other != first for other in others):
            raise UserError(
                f"{self.path} does not say whether it is GPT-2's, Qwen2's or GPT-NeoX's, which cut {text!r:.40} "
                "differently: put the model's tokenizer_config.json or config.json beside it"
            )
        return first


_BYTE = re.compile("<0x([0-9A-F]{2})>")
"""A token that stands for a byte, in vocabularies of SentencePiece."""


def _bytes(token: str, letters: Mapping[str, int]) -> bytes:
    """The bytes of a token: by their `letters`, where these stand for bytes."""
    if letters and letters.keys() >= {*token}:
        return bytes(letters[letter] for letter in token)
    byte = _BYTE.fullmatch(token)
    return bytes.fromhex(byte[1]) if byte else token.replace(SPACE, " ").encode()


def in_order(numbers: dict[str, int]) -> list[str]:
    """Tokens by their numbers; one that is missing is an empty text."""
    tokens = [""] * (max(numbers.values(), default=-1) + 1)
    for token, k in numbers.items():
        tokens[k] = token
    return tokens


@cache
def byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in GPT-2's vocabulary: itself where it can be seen."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in seen]
    return {byte: chr(byte) for byte in seen} | {byte: chr(256 + k) for k, byte in enumerate(hidden)}


@cache
def _bytes_of_letters() -> dict[str, int]:
    return {letter: byte for byte, letter in byte_letters().items()}


def byte_label(token: str) -> str:
    """A token as the text that its bytes are, with `SPACE` for a space before it; as it is where they
    are no whole letters."""
    back = _bytes_of_letters()
    try:
        text = bytes(back[letter] for letter in token).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return token
    return SPACE + text[1:] if text.startswith(" ") else text if text.strip() else token
