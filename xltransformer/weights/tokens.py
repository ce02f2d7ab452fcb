"""From a text to the numbers of its tokens, as a published model expects it.

`read_tokenizer` takes the files that such models come with. WordPiece (Schuster and Nakajima 2012;
Devlin et al. 2019), byte-level pairs (Sennrich et al. 2016; Radford et al. 2019) and scored pieces
(Kudo and Richardson 2018) are written out here; where the package `tokenizers` is installed, it does
the first two, and any tokenizer.json, in their place.
"""

from __future__ import annotations

import json
import re
import struct
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from xltransformer.bounds import MOST_TEXT_FILE, read_bytes
from xltransformer.errors import UserError

SPACE = "▁"
"""What stands for the space before a word in the name of a token."""

_SPECIAL = (
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<unk>", "<s>", "</s>", "<pad>", "<mask>",
    "<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>",
)  # fmt: skip


class Tokenizer(ABC):
    """A vocabulary and the way a text is cut into its tokens.

    `tokens` are in the order of their numbers, `labels` the same as a reader shall see them; `before`
    and `after` are the numbers of what stands around every text. `specials` are texts that are one
    token wherever they are typed, such as [MASK]. With `marks_beginnings` tokens that begin a word bear `SPACE`,
    instead of others bearing ##.
    """

    marks_beginnings = True

    def __init__(
        self, tokens: Sequence[str], labels: Sequence[str], before: Sequence[str] = (), after: Sequence[str] = ()
    ) -> None:
        self.tokens, self.labels = tokens, labels
        self.number = {token: k for k, token in reversed(list(enumerate(tokens)))}
        self.specials = {name: self.number[name] for name in _SPECIAL if name in self.number}
        self.before = [self.specials[name] for name in before if name in self.specials]
        self.after = [self.specials[name] for name in after if name in self.specials]

    @abstractmethod
    def pieces(self, text: str) -> list[int]:
        """The numbers of the tokens of a text without special ones."""

    def encode(self, text: str) -> list[int]:
        """The numbers of the tokens of a text, special ones around it included, each once."""
        numbers: list[int] = []
        for part in self._parts(text):
            numbers += [self.specials[part]] if part in self.specials else self.pieces(part)
        if numbers[: len(self.before)] != self.before:
            numbers = [*self.before, *numbers]
        if self.after and numbers[-len(self.after) :] != self.after:
            numbers = [*numbers, *self.after]
        return numbers

    def _parts(self, text: str) -> list[str]:
        """The text, parted where special tokens stand in it."""
        if not self.specials:
            return [text]
        names = "|".join(re.escape(name) for name in sorted(self.specials, key=len, reverse=True))
        return [part for part in re.split(rf"\s*({names})\s*", text) if part]

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
        if spare is None:
            return list(range(len(self.tokens)))
        used = {k for text in texts for k in text} | set(self.specials.values())
        others = sorted(set(range(len(self.tokens))) - used, key=lambda k: (not self.begins_word(k), k))
        return sorted(used | set(others[:spare]))

    def named(self, name: str) -> int | None:
        """The number of a token by its own text or by its label; None where there is none."""
        if name in self.number:
            return self.number[name]
        return next((k for k, label in enumerate(self.labels) if label == name), None)


@cache
def _library() -> Any:
    """The package `tokenizers`, or None where it is not installed."""
    try:
        import tokenizers
    except ImportError:
        return None
    return tokenizers


class WordPiece(Tokenizer):
    """BERT's: words and marks, each the longest piece that the list has, then the next, with ## before
    it. Lower case and without accents where the list has no capitals."""

    marks_beginnings = False

    def __init__(self, tokens: Sequence[str]) -> None:
        super().__init__(tokens, tokens, ["[CLS]"], ["[SEP]"])
        plain = (token for token in tokens if not re.fullmatch(r"\[.*\]", token))
        self.lower = not any(character.isupper() for token in plain for character in token)

    def pieces(self, text: str) -> list[int]:
        library = _library()
        if library is None:
            return [k for word in _words(text, lower=self.lower) for k in self._cut(word)]
        made = library.Tokenizer(library.models.WordPiece(self.number, unk_token="[UNK]"))
        made.normalizer = library.normalizers.BertNormalizer(lowercase=self.lower)
        made.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
        return list(made.encode(text, add_special_tokens=False).ids)

    def _cut(self, word: str) -> list[int]:
        numbers, start = [], 0
        while start < len(word):
            ends = range(len(word), start, -1) if len(word) <= 100 else ()
            before = "##" if start else ""
            end = next((end for end in ends if before + word[start:end] in self.number), None)
            if end is None:
                return [self.number["[UNK]"]]
            numbers.append(self.number[before + word[start:end]])
            start = end
        return numbers


def _words(text: str, *, lower: bool) -> list[str]:
    """A text's words and marks, as BERT parts them."""
    text = "".join(
        " " if c.isspace() else "" if unicodedata.category(c).startswith("C") else c for c in text if c != "\ufffd"
    )
    text = re.sub("([\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f])", r" \1 ", text)
    if lower:
        decomposed = unicodedata.normalize("NFD", text.lower())
        text = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    words: list[str] = []
    for word in text.split():
        run = ""
        for c in word:
            if unicodedata.category(c).startswith("P") or (c.isascii() and not c.isalnum()):
                words += [run, c]
                run = ""
            else:
                run += c
        words.append(run)
    return [word for word in words if word]


@cache
def byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in GPT-2's vocabulary: itself where it can be seen."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in seen]
    return {byte: chr(byte) for byte in seen} | {byte: chr(256 + k) for k, byte in enumerate(hidden)}


def _byte_label(token: str) -> str:
    """A token as the text that its bytes are, with `SPACE` for a space before it; as it is where they
    are no whole letters."""
    back = {letter: byte for byte, letter in byte_letters().items()}
    try:
        text = bytes(back[letter] for letter in token).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return token
    return SPACE + text[1:] if text.startswith(" ") else text if text.strip() else token


_BYTE_LEVEL = r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+"
"""How GPT-2 parts a text before it merges; its own pattern has all numerals where this has digits."""


class BytePair(Tokenizer):
    """GPT-2's: the bytes of every word, merged pair by pair in the order in which the pairs were learned.
    RoBERTa's, which knows a <mask>, stands between <s> and </s>."""

    def __init__(self, tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> None:
        around = (["<s>"], ["</s>"]) if {"<s>", "</s>", "<mask>"} <= set(tokens) else ([], [])
        super().__init__(tokens, [_byte_label(token) for token in tokens], *around)
        self.merges = merges
        self.rank = {pair: k for k, pair in enumerate(merges)}

    def pieces(self, text: str) -> list[int]:
        library = _library()
        if library is None:
            letters = byte_letters()
            words = ("".join(letters[b] for b in word.encode("utf-8")) for word in re.findall(_BYTE_LEVEL, text))
            return [self.number[piece] for word in words for piece in merged(word, self.rank)]
        made = library.Tokenizer(library.models.BPE(vocab=self.number, merges=list(self.merges)))
        made.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        return list(made.encode(text, add_special_tokens=False).ids)


def merged(word: str, rank: Mapping[tuple[str, str], int]) -> list[str]:
    """The pieces of a word: again and again, the pair of neighbours that was learned first is merged,
    wherever it stands. Sennrich, Haddow and Birch 2016, section 3.2."""
    pieces = list(word)
    while len(pieces) > 1:
        pair = min(pairwise(pieces), key=lambda pair: rank.get(pair, len(rank)))
        if pair not in rank:
            break
        joined, k = [], 0
        while k < len(pieces):
            same = tuple(pieces[k : k + 2]) == pair
            joined.append("".join(pieces[k : k + 1 + same]))
            k += 1 + same
        pieces = joined
    return pieces


class Scored(Tokenizer):
    """SentencePiece's: pieces with scores, `SPACE` before every word. Scores that are whole numbers are
    ranks, by which neighbours are merged, the best first (as llama2.c does); others are logarithms of
    probabilities, and the text is cut where their sum is largest. A letter that no piece has becomes
    its bytes, or the unknown token."""

    def __init__(self, tokens: Sequence[str], scores: Sequence[float]) -> None:
        super().__init__(tokens, tokens, ["<s>"])
        self.scores = scores
        self.merging = all(score == int(score) for score in scores)

    def pieces(self, text: str) -> list[int]:
        text = SPACE + text.replace(" ", SPACE)
        cut = self._merged(text) if self.merging else self._best(text)
        return [k for piece in cut for k in self._numbers(piece)]

    def _numbers(self, piece: str) -> list[int]:
        if piece in self.number:
            return [self.number[piece]]
        names = [f"<0x{byte:02X}>" for byte in piece.encode("utf-8")]
        return [self.number.get(name, self.number.get("<unk>", 0)) for name in names]

    def _merged(self, text: str) -> list[str]:
        pieces = list(text)
        while True:
            pairs = [(self._score(a + b), -k) for k, (a, b) in enumerate(pairwise(pieces))]
            best, at = max(pairs, default=(None, 0))
            if best is None or best == float("-inf"):
                return pieces
            pieces[-at : -at + 2] = [pieces[-at] + pieces[-at + 1]]

    def _score(self, piece: str) -> float:
        return self.scores[self.number[piece]] if piece in self.number else float("-inf")

    def _best(self, text: str) -> list[str]:
        longest = max(map(len, self.tokens))
        worst = min(self.scores) - 10.0  # as SentencePiece counts a letter that is in no piece
        best: list[tuple[float, list[str]]] = [(0.0, [])]
        for end in range(1, len(text) + 1):
            ways = []
            for start in range(max(0, end - longest), end):
                piece = text[start:end]
                if piece in self.number or end - start == 1:
                    score = self._score(piece) if piece in self.number else worst
                    ways.append((best[start][0] + score, [*best[start][1], piece]))
            best.append(max(ways, key=lambda way: way[0]))
        return best[-1][1]


def _in_order(numbers: Mapping[str, int]) -> list[str]:
    """Tokens by their numbers; one that is missing is an empty text."""
    tokens = [""] * (max(numbers.values(), default=-1) + 1)
    for token, k in numbers.items():
        tokens[k] = token
    return tokens


class FromLibrary(Tokenizer):
    """A tokenizer.json, by the package `tokenizers`."""

    def __init__(self, path: Path) -> None:
        library = _library()
        if library is None:
            raise UserError(
                f'{path} takes the package tokenizers: pip install "xltransformer[models]", '
                "or give vocab.txt, or vocab.json with merges.txt beside it"
            )
        self.made = library.Tokenizer.from_file(str(path))
        self.made.no_padding()  # a file may say that every text is filled up to 128 tokens, or cut there
        self.made.no_truncation()
        numbers = self.made.get_vocab(with_added_tokens=True)
        tokens = _in_order(numbers)
        self.marks_beginnings = not any(token.startswith("##") for token in tokens)
        bytewise = any(token.startswith("Ġ") for token in tokens)
        super().__init__(tokens, [_byte_label(token) for token in tokens] if bytewise else tokens)

    def pieces(self, text: str) -> list[int]:
        return list(self.made.encode(text, add_special_tokens=False).ids)

    def encode(self, text: str) -> list[int]:
        whole, bare = (list(self.made.encode(text, add_special_tokens=s).ids) for s in (True, False))
        around = [k for k in whole if k in self.specials.values()]
        given = [k for k in bare if k in self.specials.values()]
        return bare if given and len(around) == 2 * len(given) else whole


_FILES = ("tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.bin", "tokenizer.vocab")


def tokenizer_beside(weights: Path) -> Path | None:
    """The tokenizer's file in the folder of published weights, one that can be read without the package
    `tokenizers` where that is not installed; None where there is none."""
    if weights.suffix.lower() == ".npz":
        return None
    folder = weights if weights.is_dir() else weights.parent
    there = [folder / name for name in _FILES if (folder / name).is_file()]
    bare = [path for path in there if path.name != "tokenizer.json"]
    return next(iter(bare if bare and _library() is None else there), None)


def read_tokenizer(path: Path) -> Tokenizer | None:
    """The tokenizer of a file: tokenizer.json, vocab.json with merges.txt beside it, WordPiece's
    vocab.txt, a list of pieces and scores parted by tabs, llama2.c's tokenizer.bin; or of a folder with
    one of these. None for a plain list of words, which cuts nothing.

    Raises UserError for a file that cannot be read.
    """
    if path.is_dir():
        found = tokenizer_beside(path)
        if found is None:
            raise UserError(
                f"the folder {path} holds none of {', '.join(_FILES)}; name the file of the vocabulary"
            )
        path = found
    if path.name == "merges.txt" and (path.parent / "vocab.json").is_file():
        path = path.parent / "vocab.json"
    try:
        return _read(path)
    except UserError:
        raise
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; check its name and place") from None
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        said = " ".join(str(error).split())
        raise UserError(f"{path} is no vocabulary that can be used: {said:.120}; download it again") from None


def _read(path: Path) -> Tokenizer | None:
    suffix = path.suffix.lower()
    if suffix == ".model":
        raise UserError(f"{path} is SentencePiece's own form; give the tokenizer.json or .vocab beside it")
    if suffix == ".bin":
        return _tokenizer_bin(path)
    if suffix not in (".txt", ".json", ".vocab", ".tsv"):
        return None
    text = read_bytes(path, MOST_TEXT_FILE).decode("utf-8-sig")
    if suffix == ".json":
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return None  # whoever reads the list will say what is wrong
        if isinstance(data, dict) and isinstance(data.get("model"), dict):
            return FromLibrary(path)
        merges = path.parent / "merges.txt"
        if not (isinstance(data, dict) and merges.is_file()):
            return None
        tokens = _in_order(data)
        learned = read_bytes(merges, MOST_TEXT_FILE).decode("utf-8").splitlines()
        pairs = [line.split(" ") for line in learned if not line.startswith("#version")]
        return BytePair(tokens, [(pair[0], pair[1]) for pair in pairs if len(pair) == 2])
    lines = text.removesuffix("\n").replace("\r", "").split("\n")
    if all("\t" in line for line in lines):
        scored = [line.rsplit("\t", 1) for line in lines]
        return Scored([piece for piece, _ in scored], [float(score) for _, score in scored])
    return WordPiece(lines) if "[UNK]" in lines else None


def _tokenizer_bin(path: Path) -> Scored:
    """llama2.c's: the longest token's length, then for each token its score, its length and its bytes."""
    data, at = read_bytes(path, MOST_TEXT_FILE), 4
    tokens: list[str] = []
    scores: list[float] = []
    while at < len(data):
        score, length = struct.unpack_from("<fi", data, at)
        at += 8
        raw = data[at : at + length]
        if length < 0 or len(raw) != length:
            raise ValueError(f"token {len(tokens)} is cut off")
        at += length
        text = raw.decode("utf-8", "replace")
        tokens.append(text.strip() if text.strip() in _SPECIAL else text.replace(" ", SPACE))
        scores.append(score)
    if not tokens:
        raise ValueError("it holds no token")
    return Scored(tokens, scores)
