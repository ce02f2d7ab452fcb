"""SentencePiece's files (Kudo and Richardson 2018): .model and .spm, which hold pieces, scores and how a text is
prepared, and .vocab, which holds pieces and scores alone."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from xltransformer.record import record
from xltransformer.weights.tokenizer import SPACE
from xltransformer.weights.tokenizer_kinds import Pieces, library

NORMAL, UNKNOWN, CONTROL, USERS, BYTE = 1, 2, 3, 4, 6
"""Kinds of pieces."""


@record
class SentencePiece:
    """Pieces, each with its score and its kind, and how a text is cut into them: `merging` pair by pair, the
    pair with the best score first, else where the sum of scores is largest. `letters` is the map of letters
    that are read as others (None: the usual one); spaces are `trimmed` to one, `prefix` puts one before a text."""

    pieces: Sequence[tuple[str, float, int]]
    merging: bool
    letters: bytes | None = b""
    trimmed: bool = True
    prefix: bool = True
    escaped: bool = True
    byte_fallback: bool = False
    unknown: int = 0
    named: Mapping[str, str] = field(default_factory=dict)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The numbered fields of a message, as protocol buffers write them. ValueError where it is none."""
    at = 0
    while at < len(data):
        tag, at = _number(data, at)
        value: Any
        if tag & 7 == 0:
            value, at = _number(data, at)
        elif tag & 7 == 2:
            length, at = _number(data, at)
            value, at = data[at : at + length], at + length
        elif tag & 7 in (1, 5):
            length = 8 if tag & 7 == 1 else 4
            value, at = data[at : at + length], at + length
        else:
            raise ValueError("it is no model of SentencePiece")
        if at > len(data):
            raise ValueError("it is cut off")
        yield tag >> 3, value


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A whole number, seven bits in each byte, the lowest first, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("it is cut off")
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def read_model(data: bytes) -> SentencePiece:
    """A .model or .spm file. ValueError where it is none."""
    pieces: list[tuple[str, float, int]] = []
    training: dict[int, Any] = {}
    preparing: dict[int, Any] = {}
    for number, value in _fields(data):
        if number == 1:
            piece = dict(_fields(value))
            score = struct.unpack("<f", piece[2])[0] if 2 in piece else 0.0
            pieces.append((piece[1].decode("utf-8"), score, piece.get(3, NORMAL)))
        elif number == 2:
            training = dict(_fields(value))
        elif number == 3:
            preparing = dict(_fields(value))
    kind = training.get(3, 1)
    if not pieces or kind not in (1, 2):
        raise ValueError(f"it holds {len(pieces)} pieces of kind {kind}, neither scored (1) nor merged (2)")
    if training.get(24):
        raise ValueError("its pieces have their space behind them, which is not done")
    names = {"bos_token": (41, 46, "<s>"), "eos_token": (42, 47, "</s>"), "unk_token": (40, 45, "<unk>")}
    absent = (1 << 64) - 1  # -1
    return SentencePiece(
        pieces,
        merging=kind == 2,
        letters=preparing.get(2, b""),
        trimmed=bool(preparing.get(4, 1)),
        prefix=bool(preparing.get(3, 1)),
        escaped=bool(preparing.get(5, 1)),
        byte_fallback=bool(training.get(35, 0)),
        unknown=training.get(40, 0),
        named={
            name: training.get(text, default.encode()).decode("utf-8") or default
            for name, (number, text, default) in names.items()
            if training.get(number) != absent
        },
    )


def read_vocab(lines: Sequence[str]) -> SentencePiece:
    """A .vocab file, pieces and scores parted by tabs. How a text is prepared it does not say: taken is
    SentencePiece's usual way, for merged pieces with bytes among them LLaMA's."""
    scored = [line.rsplit("\t", 1) for line in lines]
    names = {"<s>": CONTROL, "</s>": CONTROL, "<pad>": CONTROL, "<unk>": UNKNOWN}
    pieces = [
        (piece, float(score), BYTE if re.fullmatch("<0x[0-9A-F]{2}>", piece) else names.get(piece, NORMAL))
        for piece, score in scored
    ]
    merging = all(score == int(score) for _, score, _ in pieces)
    byte_fallback = any(kind == BYTE for _, _, kind in pieces)
    as_is = merging and byte_fallback
    unknown = next((k for k, piece in enumerate(pieces) if piece[2] == UNKNOWN), 0)
    letters = b"" if as_is else None
    return SentencePiece(pieces, merging, letters, not as_is, byte_fallback=byte_fallback, unknown=unknown)


def merges_by_number(pieces: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of pieces that make a piece, in the order of the pieces' numbers: how LLaMA's are merged."""
    number = {piece: k for k, piece in enumerate(pieces)}
    found = []
    for piece, k in number.items():
        ways = [(piece[:i], piece[i:]) for i in range(1, len(piece))]
        ways = [way for way in ways if way[0] in number and way[1] in number]
        found += [(k, *way) for way in sorted(ways, key=lambda way: (number[way[0]], number[way[1]]))]
    found.sort(key=lambda one: (one[0], len(one[1]), len(one[2])))
    return [(left, right) for _, left, right in found]


def _merges_by_score(model: SentencePiece) -> list[tuple[str, str]]:
    """The pairs of pieces that make a piece, the best score first; only normal pieces are merged."""
    normal = {piece: (-score, k) for k, (piece, score, kind) in enumerate(model.pieces) if kind == NORMAL}
    ways = [
        (*rank, piece[:i], piece[i:])
        for piece, rank in normal.items()
        for i in range(1, len(piece))
        if piece[:i] in normal and piece[i:] in normal
    ]
    return [(left, right) for *_, left, right in sorted(ways)]


def pieces_for(kind: str, model: SentencePiece, *, legacy: bool = True) -> Pieces:
    """The vocabulary as a kind of tokenizer numbers it; `legacy`: a space before each part between
    added tokens."""
    scored = [(piece, score) for piece, score, _ in model.pieces]
    controls = [(piece, kind == CONTROL) for piece, _, kind in model.pieces if kind in (CONTROL, USERS)]
    letters = model.letters or b""
    if kind == "llama":
        number = {piece: k for k, (piece, _) in enumerate(scored)}
        return Pieces(number, merges_by_number([piece for piece, _ in scored]), letters, controls)
    if kind in ("xlm-roberta", "camembert"):
        first = ("<s>", "<pad>", "</s>", "<unk>") if kind == "xlm-roberta" else _CAMEMBERT
        rows = [*((name, -100.0 if name == "<unk>NOTUSED" else 0.0) for name in first)]
        return Pieces(
            [*rows, *scored[3 if kind == "xlm-roberta" else 1 :], ("<mask>", 0.0)], (), letters, controls
        )
    own = [piece for piece in controls if piece[1]]  # those of the user's are cut out by the tokenizer itself
    return Pieces((), (), letters, own, model.named, plain(model, legacy=legacy))


_CAMEMBERT = ("<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED")


def plain(model: SentencePiece, *, legacy: bool = True) -> Any:
    """The tokenizer, of the package, that cuts as SentencePiece itself does."""
    t = library()
    users = [piece for piece, _, kind in model.pieces if kind == USERS]
    if model.merging:
        number = {piece: k for k, (piece, _, _) in enumerate(model.pieces)}
        unknown = model.pieces[model.unknown][0]
        bytewise = model.byte_fallback
        merges = _merges_by_score(model)
        cutting = t.models.BPE(
            vocab=number, merges=merges, unk_token=unknown, fuse_unk=True, byte_fallback=bytewise,
            ignore_merges=bool(users),
        )  # fmt: skip
    else:
        scored = [(piece, score) for piece, score, _ in model.pieces]
        cutting = t.models.Unigram(scored, unk_id=model.unknown, byte_fallback=model.byte_fallback)
    made = t.Tokenizer(cutting)
    made.normalizer = _normalizer(model, legacy)
    parts = []
    if model.prefix:
        scheme = "always" if legacy else "first"
        parts.append(t.pre_tokenizers.Metaspace(SPACE, prepend_scheme=scheme, split=False))
    if users:
        pattern = "|".join(re.escape(piece) for piece in sorted(users, key=len, reverse=True))
        parts.append(t.pre_tokenizers.Split(t.Regex(pattern), behavior="isolated"))
    if parts:
        made.pre_tokenizer = t.pre_tokenizers.Sequence(parts)
    return made


def _normalizer(model: SentencePiece, legacy: bool) -> Any:
    t = library()
    steps = _usual_letters() if model.letters is None else []
    if model.letters:
        steps.append(t.normalizers.Precompiled(model.letters))
    if model.trimmed:
        steps.append(t.normalizers.Replace(t.Regex(r"\A +| +\z"), ""))
        steps.append(t.normalizers.Replace(t.Regex(" {2,}"), " "))
    if model.escaped:
        steps.append(t.normalizers.Replace(" ", SPACE))
    if model.prefix and legacy:  # SentencePiece puts it also before a text that begins with one
        steps.append(t.normalizers.Replace(t.Regex(rf"\A{SPACE}"), SPACE * 2))
    return t.normalizers.Sequence(steps)


_DROPPED = r"[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"
_SPACES = r"[\t\n\f\r\u061c\u1680\u200b\u200c\u200e\u200f\u2028\u2029\ufeff\ufffd]"


def _usual_letters() -> list[Any]:
    """nmt_nfkc, the map of letters that SentencePiece's models have where nobody asks for another."""
    n, expression = library().normalizers, library().Regex
    kept = ("\uff5e", "\ue0fe")  # a wide tilde stays one, out of NFKC's sight meanwhile
    return [
        n.Replace(expression(_DROPPED), ""),
        n.Replace(expression(_SPACES), " "),
        n.Replace(*kept),
        n.NFKC(),
        n.Replace(*reversed(kept)),
    ]


def other_letters(text: str, letters: bytes) -> str:
    """A text with the letters that SentencePiece reads for it: at each place the longest run that its map has. The
    package takes whole signs in its place, which differ in rare ones."""
    if not letters:
        return text
    size = int.from_bytes(letters[:4], "little")
    units = struct.unpack(f"<{size // 4}I", letters[4 : 4 + size])
    results, data, at, found = letters[4 + size :], text.encode("utf-8"), 0, bytearray()
    while at < len(data):
        length, start = _longest(units, data, at)
        if length == 0:
            length = next((k for k in range(1, 4) if data[at + k : at + k + 1] and data[at + k] >> 6 != 2), 4)
            length = min(length, len(data) - at)
            found += data[at : at + length]
        else:
            found += results[start : results.index(0, start)]
        at += length
    return found.decode("utf-8")


def _longest(units: Sequence[int], data: bytes, at: int) -> tuple[int, int]:
    """The length of the longest key of a double array (Aoe 1989) that begins at a place, and its value."""
    length = value = 0
    node = _child(units[0])
    for k in range(at, len(data)):
        node ^= data[k]
        if node >= len(units) or units[node] & 0x800000FF != data[k]:
            break
        leaf = units[node] >> 8 & 1
        node ^= _child(units[node])
        if leaf:
            length, value = k + 1 - at, units[node] & 0x7FFFFFFF
    return length, value


def _child(unit: int) -> int:
    return unit >> 10 << ((unit & 512) >> 6)
