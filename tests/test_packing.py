"""Bytes as text inside a page."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xltransformer.page.packing import DIGITS, pack, unpack


@given(st.binary(max_size=300), st.booleans())
def test_a_packed_text_gives_back_its_bytes(data: bytes, deflate: bool) -> None:
    assert unpack(pack(data, deflate)) == data


@pytest.mark.parametrize("length", range(14))
def test_every_length_comes_back(length: int) -> None:
    for data in (bytes(length), b"\xff" * length, bytes(range(length))):
        assert unpack(pack(data)) == data


def test_line_ends_and_margins_do_not_count() -> None:
    data = bytes(range(256)) * 20
    text = pack(data)
    assert unpack(text.replace("\n", "\r\n")) == unpack(f"\n{text}\n\n") == data


def test_the_text_is_safe_in_a_script_and_compact() -> None:
    data = zlib.compress(bytes(range(256)) * 40, 0) * 8
    text = pack(data)
    assert len(set(DIGITS)) == 91
    assert set(text) <= {*DIGITS.decode(), "\n", *"plain:"}
    assert not set('<\\" \r\0') & set(text)
    assert max(map(len, text.splitlines())) < 1000
    assert len(text) < 1.234 * len(data)
