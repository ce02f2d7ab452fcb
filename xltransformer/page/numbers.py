"""Numbers as the sheet's formats show them, and what the scripts must know to show them so."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

from xltransformer.ops.masking import SEEN
from xltransformer.page.html import Attributes
from xltransformer.record import record
from xltransformer.workbook.phrases import fixed
from xltransformer.workbook.styles import LARGE

GENERAL = "general"
"""Of a number that is shown with the digits that it has."""
LARGE_NUMBER = "large"
"""Of one that is shown by its first digits and a power of ten."""
GROUPED, POWER, CHANGE = ",", "e", "%"
"""What stands before the count of digits of a number whose thousands are set apart, of one with a power of ten of
two digits, and of a share as a change in percent."""
MOST_DIGITS = 12
"""How many digits a number has at most that is shown with those that it has."""


@record
class Format:
    """How many `digits` after the point are shown, or GENERAL, LARGE_NUMBER or another kind; texts before and
    after, and the text that stands for 0, or for any other number, where there is one."""

    digits: str
    before: str = ""
    after: str = ""
    zero: str | None = None
    others: str | None = None

    @property
    def attributes(self) -> Attributes:
        """What an element says of it."""
        return {
            "data-digits": self.digits, "data-before": self.before or None, "data-after": self.after or None,
            "data-zero": self.zero, "data-others": self.others,
        }  # fmt: skip


_PLAIN = re.compile(r'(?:"([^"]*)")?(0(?:\.(0+))?)(?:"([^"]*)")?')
_KINDS = (
    (re.compile(r"#,##0(?:\.(0+))?()"), GROUPED),
    (re.compile(r'0\.(0+)E\+00(?:;.*"(.*)")?'), POWER),
    (re.compile(r"\+0\.(0+)%;.*()"), CHANGE),
)


@cache
def format_of(number: str) -> Format:
    """A spreadsheet's number format, of those that the sheets have."""
    if number == LARGE:
        return Format(LARGE_NUMBER)
    for pattern, kind in _KINDS:
        if (special := pattern.fullmatch(number)) is not None:
            return Format(f"{kind}{len(special[1] or '')}", zero=special[2] or None)
    *_, last = positive, *others = [part.rpartition("]")[2] for part in number.split(";")]
    if "[" in number:  # of conditions the last one is the usual
        positive, others = last, []
    found = _PLAIN.fullmatch(positive)
    zero = others[1].strip('"') if len(others) > 1 and others[1] else None
    if found is None:
        instead = positive.strip('"') if positive.startswith('"') else None
        return Format(GENERAL, zero=zero, others=instead)
    return Format(str(len(found[3] or "")), found[1] or "", found[4] or "", zero)


def shown(value: object, number: str) -> str:
    """What a cell of a number format shows of its value; nothing of an empty one."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return str(value).upper()
    made = format_of(number)
    size = float(value) + 0.0  # type: ignore[arg-type]
    if size == 0 and made.zero is not None:
        return made.zero
    if made.others is not None:
        return made.others
    return made.before + _digits(size, made.digits) + made.after


def _digits(value: float, digits: str) -> str:
    if value < SEEN:
        return "−∞"
    if digits == LARGE_NUMBER:
        return f"{value:.2E}".replace("E+0", "E+").replace("E-0", "E-")
    if digits == GENERAL:
        return f"{value:.{MOST_DIGITS}g}"
    count = int(digits.lstrip(GROUPED + POWER + CHANGE))
    match digits[0]:
        case "e":
            return f"{value:.{count}E}"
        case ",":
            return f"{Decimal(fixed(value, count)):,}"
        case "%":
            return f"{Decimal(fixed(100 * value, count)):{'+' if value else ''}}%"
    return fixed(value, count)
