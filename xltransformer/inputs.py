"""What may stand in a cell to edit, once: as Python, and as what the sheet's own checks ask.

The table "What may stand in a cell to edit" of the documentation tells readers the same; a test holds it
against these rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from xltransformer.checked import is_number
from xltransformer.graph import Matrix
from xltransformer.ops.base import Ref
from xltransformer.record import record

TOO_LARGE, TOO_LARGE_IN_TEXT = "1E+100", "1E+9"
"""Beyond which size a number in an input is not usable, since the products of such numbers leave the range of
numbers at once; and from which size on it is not where a word belongs. As formulas write them."""
LARGEST, LARGEST_IN_TEXT = float(TOO_LARGE), float(TOO_LARGE_IN_TEXT)
DECIMALS_IN_TEXT = 4
"""How many decimals a number may have as a word. Beyond, programs spell numbers in ways of their own."""
MOST_ASKED = 4_000
"""How long the part of a formula may become that asks every cell one by one."""
ERRORS = frozenset(
    ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#ERROR!", "#CIRC!", "#SPILL!", "#CALC!")
)
"""What a formula shows that went wrong."""
ANY_NUMBER = {"validate": "decimal", "criteria": ">", "value": -1e300}
"""What a cell for a number takes from who types into it, as XlsxWriter says it: not a text. The size is left to
the checks, which name the cell."""


class ErrorValue(str):
    """A cell's text that is an error, such as #N/A, and no word that only looks like one."""


def whole(ref: Ref) -> str:
    """Every cell of a block, as formulas name them."""
    return ref.cell(0, 0) if ref.shape == (1, 1) else ref.part()


def _is_spelled_differently(value: Any) -> bool:
    if not is_number(value):
        return False
    if value == 0:
        return math.copysign(1, value) < 0  # -0, or 0
    exact = abs(value) >= 10**-DECIMALS_IN_TEXT and value == round(value, DECIMALS_IN_TEXT)
    return not (exact and abs(value) < LARGEST_IN_TEXT)


def _no_errors(refs: Sequence[Ref]) -> str:
    """Whatever is compared with an error is one, too."""
    read = "+".join(f'SUMPRODUCT(({whole(ref)}<>"")*1)' for ref in refs)
    return f"({read}>=0)"


def _no_logicals(refs: Sequence[Ref]) -> str:
    """No cell is TRUE or FALSE; asked of each where there are not too many, since some programs, such as
    IronCalc, do not ask it of every cell of a range."""
    asked = "+".join(f"ISLOGICAL({ref.cell(i, j)})" for ref in refs for i, j in np.ndindex(ref.shape))
    if len(asked) > MOST_ASKED:
        asked = "+".join(f"SUMPRODUCT(ISLOGICAL({ref.part()})*1)" for ref in refs)
    return f"(({asked or 0}+0)=0)"  # a number, also of one: FALSE=0 does not hold


def _of_all(test: str) -> Callable[[Sequence[Ref]], str]:
    """A test of every cell of some blocks, whose list stands for {0}."""
    return lambda refs: test.format(",".join(map(whole, refs)))


@record
class Rule:
    """One thing that an input may not hold: `note` says why, and `breaks` whether a value is such a one.

    `cell` is what a check in the sheet asks of one cell ({0}) instead, and `cells` of all cells of some
    blocks, factors of which each is 1 or TRUE where all is well. Where a rule has none, others' catch it.
    """

    note: str
    breaks: Callable[[Any], bool]
    cell: str = ""
    cells: Callable[[Sequence[Ref]], str] = lambda _: "1"


ERROR = Rule("is an error", lambda value: isinstance(value, ErrorValue), cells=_no_errors)
NO_NUMBER = Rule(
    "is no number",
    lambda value: value is not None and not is_number(value),
    cell="ISNUMBER({0})",
    cells=_of_all("(COUNTA({0})=COUNT({0}))"),
)
NUMBER_TOO_LARGE = Rule(
    "is too large",
    lambda value: value is not None and not abs(value) <= LARGEST,
    cell=f"{{0}}<={TOO_LARGE}",
    cells=_of_all(f"(MAX({{0}})<={TOO_LARGE})*(MIN({{0}})>=-{TOO_LARGE})"),
)
EMPTY = Rule("is empty, and must be above 0", lambda value: value is None)
NOT_ABOVE_0 = Rule("must be above 0", lambda value: value <= 0, cell="{0}>0")
TOO_NEAR_0 = Rule("is too near 0", lambda value: value < 1 / LARGEST)
NO_WORD = Rule("is no word", lambda value: isinstance(value, bool), cells=_no_logicals)
SPELLED_DIFFERENTLY = Rule(
    "is a number that programs spell differently",
    _is_spelled_differently,
    cells=_of_all(
        f"(MAX({{0}})<{TOO_LARGE_IN_TEXT})*(MIN({{0}})>-{TOO_LARGE_IN_TEXT})"
        f"*(ABS(SUM({{0}})-ROUND(SUM({{0}}),{DECIMALS_IN_TEXT}))<1E-6)"
    ),
)

NUMBER = (ERROR, NO_NUMBER, NUMBER_TOO_LARGE)
POSITIVE = (ERROR, EMPTY, NO_NUMBER, NUMBER_TOO_LARGE, NOT_ABOVE_0, TOO_NEAR_0)
SWITCH = (ERROR, SPELLED_DIFFERENTLY)
WORD = (ERROR, NO_WORD, SPELLED_DIFFERENTLY)
"""The rules for inputs of each kind, in the order in which they are asked: the first that a value breaks is
told. A later one may rely on those before."""

OF_TEXTS, FAULTY_TEXT = (ERROR, SPELLED_DIFFERENTLY, NO_WORD), "(ISERROR({0})+ISLOGICAL({0}))"
OF_NUMBERS = (NO_NUMBER, NUMBER_TOO_LARGE)
FAULTY_NUMBER = "(1-ISNUMBER({0})-ISBLANK({0})+ISLOGICAL({0})*ISNUMBER({0}))"
OF_A_POSITIVE = (NO_NUMBER, NOT_ABOVE_0, NUMBER_TOO_LARGE)
"""What a check asks of many texts or numbers, or of a single number, and an expression that is 1 for each
cell ({0}) at fault, as far as one can be told."""


def rules_of(block: Matrix) -> tuple[Rule, ...]:
    """What an input may not hold."""
    if block.text:
        return SWITCH if block.role == "switch" else WORD
    if block.between is not None:
        return (*NUMBER, outside(*block.between))
    return POSITIVE if block.positive else NUMBER


@cache
def outside(low: float, high: float) -> Rule:
    """That a number must lie between two others; an empty cell counts as 0."""
    return Rule(
        f"must be from {low:g} to {high:.0f}",
        lambda value: not low <= (value or 0) <= high,
        cells=_of_all(f"(MIN({{0}})>={low:g})*(MAX({{0}})<={high:.0f})"),
    )


def why_unusable(block: Matrix, value: Any) -> str:
    """Why a value is not usable in an input, nothing where it is. Nothing typed is None."""
    return next((rule.note for rule in rules_of(block) if rule.breaks(value)), "")


def holds(test: str) -> str:
    """A check's formula: 1 where a test holds, and 0 where it does not, or is an error."""
    return f"IF(IFERROR({test},FALSE),1,0)"


def cell_holds(rules: Sequence[Rule], ref: Ref) -> str:
    """A check's formula for rules that one cell must keep."""
    asked = ",".join(rule.cell.format(whole(ref)) for rule in rules)
    return holds(f"AND({asked})")


def cells_hold(rules: Sequence[Rule], refs: Sequence[tuple[Matrix, Ref]]) -> str:
    """A check's formula for rules that every cell of some inputs must keep, of those that have them."""
    asked = (rule.cells([ref for block, ref in refs if rule in rules_of(block)]) for rule in rules)
    return holds(f"{'*'.join(asked)}=1")


def as_text(value: Any) -> str:
    """A cell's value as `&""` makes it text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float) and abs(value) < 1e15:
        text = f"{value:.4f}".rstrip("0").rstrip(".") if value == round(value, 4) else str(value)
        return "0" if text == "-0" else text
    return str(value)


def show(value: float | str | bool | None) -> str:
    """A value as messages print it."""
    if value is None or value == "":
        return "empty"
    return repr(float(value)) if isinstance(value, float) and not isinstance(value, bool) else repr(value)
