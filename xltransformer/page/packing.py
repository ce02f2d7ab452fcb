"""Bytes as text inside a page: 13 bits in two printable characters, 1.23 characters a byte (base64 has 1.33).

The digits are all printable characters of ASCII but four: the space, which editors and mail drop at the end of a
line, and `"`, `\\` and `<`, which would end a string or a script. The first line tells what follows and how many
bytes it stands for. page/parts/unpack.js reads it.
"""

from __future__ import annotations

import zlib

import numpy as np

DIGITS = bytes(code for code in range(32, 127) if code not in b' "\\<')
"""The characters of the code, each a digit to the base of 91, by their value."""
BITS = 13
"""What a pair of digits holds: 91 · 91 = 8281 is just above 2 to the power of 13."""
LINE = 490
"""Pairs on a line: mail takes a thousand characters at most."""


def pack(data: bytes, deflate: bool = False) -> str:
    """The text of bytes; deflated first where that is asked for, as an .xlsx already is."""
    kind = "plain"
    if deflate:
        kind, data = "deflate", zlib.compress(data, 9)
    lines = [f"{kind}:{len(data)}"]
    text = _digits(data)
    lines += (text[start : start + 2 * LINE] for start in range(0, len(text), 2 * LINE))
    return "\n".join(lines) + "\n"


def _digits(data: bytes) -> str:
    whole = data + bytes(-len(data) % BITS)
    blocks = np.frombuffer(whole, np.uint8).reshape(-1, BITS).astype(np.int32)  # each is eight pairs
    blocks = np.pad(blocks, ((0, 0), (0, 1)))
    values = np.empty((len(blocks), 8), np.int32)
    for pair in range(8):
        byte, bit = divmod(BITS * pair, 8)
        window = blocks[:, byte] << 16 | blocks[:, byte + 1] << 8 | blocks[:, byte + 2]
        values[:, pair] = window >> (24 - bit - BITS) & (2**BITS - 1)
    second, first = np.divmod(values.ravel()[: -(-8 * len(data) // BITS)], len(DIGITS))
    digits = np.frombuffer(DIGITS, np.uint8)
    return np.stack([digits[first], digits[second]], axis=1).tobytes().decode("ascii")


def unpack(text: str) -> bytes:
    """The bytes of a packed text, as the page's own reader has them."""
    head, _, body = text.strip().partition("\n")
    kind, _, length = head.partition(":")
    values = np.full(256, 255, np.uint8)
    values[np.frombuffer(DIGITS, np.uint8)] = np.arange(len(DIGITS))
    found = values[np.frombuffer(body.encode("ascii"), np.uint8)]
    pairs = found[found != 255].reshape(-1, 2).astype(np.int32) @ np.array([1, len(DIGITS)], np.int32)
    bits = (pairs[:, None] >> np.arange(BITS - 1, -1, -1)) & 1
    data = np.packbits(bits.astype(np.uint8)).tobytes()[: int(length)]
    return zlib.decompress(data) if kind == "deflate" else data
