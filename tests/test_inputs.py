"""What may stand in a cell to edit: the rules say what the table of the documentation says, and each one alone
says it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl.utils.datetime import to_excel

from xltransformer import inputs
from xltransformer.graph import ONE, Matrix
from xltransformer.inputs import LARGEST, LARGEST_IN_TEXT, ErrorValue, why_unusable

ROOT = Path(__file__).parent.parent
HEADING = "What may stand in a cell to edit"

COLUMNS: dict[str, list[Matrix]] = {
    "a word, the vocabulary, a choice": [
        Matrix(ONE, ONE, text=True, role=role) for role in ("words", "vocabulary", "choice")
    ],
    "an embedding, a weight": [Matrix(ONE, ONE, role=role) for role in ("embedding", "parameter")],
    "a switch": [Matrix(ONE, ONE, text=True, role="switch")],
    "the temperature": [Matrix(ONE, ONE, role="switch", positive=True)],
}
"""The table's columns, and inputs of the kinds that they speak of."""
DATE = float(to_excel(datetime.date(2024, 2, 29)))
ROWS: dict[str, list[Any]] = {
    "nothing": [None],
    "text": ["blub", "#N/A and more", "1,5"],
    "a number": [
        3,
        0,
        -2.5,
        0.25,
        LARGEST_IN_TEXT,
        -LARGEST_IN_TEXT,
        1.1 * LARGEST,
        -1.1 * LARGEST,
        0.12345,
        1e-9,
    ],
    "a date": [DATE],
    "TRUE, FALSE": [True, False],
    "an error, such as #N/A": [ErrorValue("#N/A"), ErrorValue("#DIV/0!")],
}
"""Its rows, and values of these kinds; a formula counts as what it gives."""
SAYS = {
    f"not usable from {inputs.TOO_LARGE_IN_TEXT} on or with more than four decimals": lambda value: (
        abs(value) >= LARGEST_IN_TEXT or round(value, 4) != value
    ),
    f"not usable beyond {inputs.TOO_LARGE}": lambda value: abs(value) > LARGEST,
    "not usable unless above 0": lambda value: value <= 0 or value > LARGEST,
    "else as text": lambda value: abs(value) >= LARGEST_IN_TEXT or round(value, 4) != value,
    "not usable": lambda value: True,
}
"""When a cell of the table calls a value not usable, by what it says; whatever else is usable."""


def table() -> dict[str, dict[str, str]]:
    """The cells of the table by row and column, from whichever page holds it."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    (text,) = [text for page in pages if f"# {HEADING}\n" in (text := page.read_text("utf-8"))]
    lines = text.partition(f"# {HEADING}\n")[2].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    rows = rows[: next((k for k, row in enumerate(rows) if len(row) != len(rows[0])), len(rows))]
    return {row[0]: dict(zip(rows[0][1:], row[1:], strict=True)) for row in rows[2:]}


def test_the_table_speaks_of_every_kind() -> None:
    found = table()
    assert set(found) == {*ROWS, "a formula", "numbers whose results overflow"}
    assert all(set(columns) == set(COLUMNS) for columns in found.values())


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("column", COLUMNS)
def test_the_rules_say_what_the_table_says(row: str, column: str) -> None:
    said = table()[row][column]
    unusable = next((unusable for words, unusable in SAYS.items() if words in said), lambda value: False)
    for block in COLUMNS[column]:
        for value in ROWS[row]:
            assert bool(why_unusable(block, value)) == unusable(value), (said, value, why_unusable(block, value))


def every_rule() -> Iterator[tuple[str, inputs.Rule]]:
    yield from ((name, rule) for name, rule in vars(inputs).items() if isinstance(rule, inputs.Rule))


def test_every_rule_is_some_kind_s() -> None:
    asked = {rule.note for blocks in COLUMNS.values() for block in blocks for rule in inputs.rules_of(block)}
    assert {rule.note for _, rule in every_rule()} == asked


class Seen:
    """Where a block lies, for formulas."""

    spelled_out, typed = 0, True

    def __init__(self, name: str, shape: tuple[int, int]) -> None:
        self.name, self.shape = name, shape

    def cell(self, row: Any, column: Any) -> str:
        return f"{self.name}{row}{column}"

    def part(self, rows: Any = None, columns: Any = None) -> str:
        return f"{self.name}:"

    def row(self, row: Any, count: Any = None) -> str:
        raise NotImplementedError

    column = row


def test_the_checks_ask_the_same() -> None:
    word, switch = COLUMNS["a word, the vocabulary, a choice"][0], COLUMNS["a switch"][0]
    formula = inputs.cells_hold(inputs.OF_TEXTS, [(word, Seen("W", (2, 1))), (switch, Seen("S", (1, 1)))])
    assert formula == (
        'IF(IFERROR((SUMPRODUCT((W:<>"")*1)+SUMPRODUCT((S00<>"")*1)>=0)*(MAX(W:,S00)<1E+9)*(MIN(W:,S00)>-1E+9)'
        "*(ABS(SUM(W:,S00)-ROUND(SUM(W:,S00),4))<1E-6)*((ISLOGICAL(W00)+ISLOGICAL(W10)+0)=0)=1,FALSE),1,0)"
    )
    number = COLUMNS["an embedding, a weight"][0]
    formula = inputs.cells_hold(inputs.OF_NUMBERS, [(number, Seen("N", (2, 2)))])
    assert formula == "IF(IFERROR((COUNTA(N:)=COUNT(N:))*(MAX(N:)<=1E+100)*(MIN(N:)>=-1E+100)=1,FALSE),1,0)"
    formula = inputs.cell_holds(inputs.OF_A_POSITIVE, Seen("T", (1, 1)))
    assert formula == "IF(IFERROR(AND(ISNUMBER(T00),T00>0,T00<=1E+100),FALSE),1,0)"
