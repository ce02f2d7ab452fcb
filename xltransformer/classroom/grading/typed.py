"""Numbers as students type them, where a spreadsheet took them for a text: with a decimal comma, a per cent sign,
in full-width digits, as a fraction."""

from __future__ import annotations

import math
import re
import unicodedata

_UNSEEN = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+|^['’‘`´]+")
"""Spaces of every kind, and the apostrophe that makes a text of what follows."""
_SAME = str.maketrans({"。": ".", "٫": ".", "−": "-", "–": "-", "—": "-", "﹣": "-", "⁄": "/", "÷": "/"})
_BEFORE = re.compile(r"^[=≈~]+")
"""What stands before a number in a cell that is formatted as text, or to say that it is rounded."""
_NUMBER = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?"
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3})+\.\d*|(?:\.\d{3})+,\d*)")
_TYPED = re.compile(rf"({_NUMBER})(?:/({_NUMBER}))?([%‰]?)", re.IGNORECASE)
_PARTS = {"": 1, "%": 100, "‰": 1000}
LONGEST = 60
"""Characters of a text that may be a number."""


def number_in(text: str) -> float | None:
    """The number that a text stands for, None where it is none: `0,25`, `'0.25`, `25 %`, `０.２５`, `1/4`. A
    single comma is a decimal mark."""
    if len(text) > LONGEST:
        return None
    plain = unicodedata.normalize("NFKC", text.translate(_SAME)).translate(_SAME)
    plain = _BEFORE.sub("", _UNSEEN.sub("", plain))
    if _GROUPED.fullmatch(plain):
        mark = max(plain.rfind("."), plain.rfind(","))
        plain = re.sub("[.,]", "", plain[:mark]) + "." + plain[mark + 1 :]
    found = _TYPED.fullmatch(plain)
    if found is None:
        return None
    upper, lower = (float(one.replace(",", ".")) for one in (found[1], found[2] or "1"))
    value = upper / lower / _PARTS[found[3]] if lower else math.inf
    return value if math.isfinite(value) else None


_DATES = range(36526, 73051)
"""The days from 2000 to 2099 as spreadsheets count them."""


def looks_like_date(value: float, expected: float) -> bool:
    """Whether a wrong number may be a date that a spreadsheet made of `1/4` or, where the decimal mark is a comma,
    of `1.25`."""
    return value in _DATES and abs(expected) < _DATES[0] / 2
