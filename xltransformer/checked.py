"""Whether a value that someone gave is what belongs there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from xltransformer.errors import UserError
from xltransformer.text import MOST_TEXT


def whole_number(value: Any, where: str) -> int:
    """`value` if it is a whole number of at least 0, else UserError."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UserError(f"{where} is {value!r}; give a whole number of at least 0")
    return value


def number(value: Any, where: str) -> float:
    """`value` as a finite number, else UserError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{where} is {value!r}; a number belongs there")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise UserError(f"{where} is {value!r:.40}; give a finite number")
    return result


def table_in(data: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    """The table of that name among data, empty where there is none; else UserError."""
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise UserError(f"{where}: {key} is {value!r}; give a table [{key}]")
    return value


def fitting(text: str, where: str) -> str:
    """`text` if a cell can hold it, else UserError."""
    if len(text) > MOST_TEXT:
        raise UserError(
            f"{where}: {text[:40]!r}… has {len(text):,} letters; a cell holds {MOST_TEXT:,}: shorten it"
        )
    return text
