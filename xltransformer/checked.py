"""Whether a value that someone gave is what belongs there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from xltransformer.errors import UserError
from xltransformer.text import MOST_TEXT, meant


def expect(fits: bool, where: str, value: Any, wanted: str, form: str = "") -> None:
    """Raise UserError for a value that does not fit its place, with what is wanted there."""
    if not fits:
        raise UserError(f"{where} is {value!r:{form}}; give {wanted}")


def check_keys(table: Iterable[str], known: Iterable[str], where: str, what: str = "key") -> None:
    """Raise UserError for a key that is none of those known."""
    for key in table:
        if key not in known:
            raise UserError(f"{where}: unknown {what} {key!r}; {meant(str(key), known)}")


def is_whole(value: Any, least: int = 0) -> bool:
    """Whether it is a whole number of at least so much; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_flag(value: Any) -> bool:
    """Whether it is true or false, or 1 or 0 in their place."""
    return isinstance(value, int) and value in (0, 1)


def is_number(value: Any) -> bool:
    """Whether it is a number, finite or not; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_positive(value: Any) -> bool:
    """Whether it is a finite number above 0."""
    return is_number(value) and 0 < value < math.inf


def is_texts(value: Any) -> bool:
    """Whether it is a list of texts."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def says_itself(file: object, what: str, given: Mapping[str, Any]) -> None:
    """Raise UserError where anything is given that a file, such as a workbook, says of itself: `what` it is."""
    if named := ", ".join(f"`{name}`" for name, value in given.items() if value):
        raise UserError(f"{file} says itself what {what}: leave out {named}")


def whole_number(value: Any, where: str) -> int:
    """`value` if it is a whole number of at least 0, else UserError."""
    expect(is_whole(value), where, value, "a whole number of at least 0")
    return int(value)


def number(value: Any, where: str) -> float:
    """`value` as a finite number, else UserError."""
    if not is_number(value):
        raise UserError(f"{where} is {value!r}; a number belongs there")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    expect(math.isfinite(result), where, value, "a finite number", ".40")
    return result


def table_in(data: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    """The table of that name among data, empty where there is none; else UserError."""
    value = data.get(key, {})
    expect(isinstance(value, dict), f"{where}: {key}", value, f"a table [{key}]")
    return dict(value)


def fitting(text: str, where: str) -> str:
    """`text` if a cell can hold it, else UserError."""
    if len(text) > MOST_TEXT:
        raise UserError(
            f"{where}: {text[:40]!r}… has {len(text):,} letters; a cell holds {MOST_TEXT:,}: shorten it"
        )
    return text
