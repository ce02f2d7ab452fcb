"""The vocabulary of Karpathy's llama2.c, tokenizer.bin: pieces with scores, merged pair by pair."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from xltransformer.bounds import MOST_TEXT_FILE, read_bytes
from xltransformer.weights.tokenizer import SPACE, Tokenizer

_SPECIAL = ("<unk>", "<s>", "</s>")


class Llama2c(Tokenizer):
    """Cuts as llama2.c does: `<s>`, then the text with a space before it, in letters, or their bytes where no
    piece is that letter, of which neighbours are merged while they make a piece, those with the best score
    first. No token is special where it is typed."""

    def __init__(self, tokens: Sequence[str], scores: Sequence[float]) -> None:
        super().__init__(tokens, special=[name for name in _SPECIAL if name in tokens])
        self.scores = scores

    def encode(self, text: str) -> list[int]:
        return [self.specials["<s>"], *self.pieces(text)] if "<s>" in self.specials else self.pieces(text)

    def pieces(self, text: str) -> list[int]:
        found = [k for letter in (f" {text}" if text else "") for k in self._letter(letter)]
        while True:
            joined = [self.number.get(self.tokens[a] + self.tokens[b]) for a, b in pairwise(found)]
            ways = [(self.scores[k], -i) for i, k in enumerate(joined) if k is not None]
            if not ways:
                return found
            at = -max(ways)[1]
            found[at : at + 2] = [self.number[self.tokens[found[at]] + self.tokens[found[at + 1]]]]

    def _letter(self, letter: str) -> list[int]:
        if (piece := {" ": SPACE, SPACE: ""}.get(letter, letter)) in self.number:
            return [self.number[piece]]
        return [self.number.get(f"<0x{byte:02X}>", self.number.get("<unk>", 0)) for byte in letter.encode("utf-8")]


def read_llama2c(path: Path) -> Llama2c:
    """The longest token's length, then for each token its score, its length and its bytes. ValueError for a file
    that is cut off or empty."""
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
    return Llama2c(tokens, scores)
