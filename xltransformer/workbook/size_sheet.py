"""The sheet on size: configurations to edit, what follows from them, and this workbook's own count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xltransformer.graph import Matrix
from xltransformer.size.configuration import (
    CHOICES,
    COSTS,
    PARAMETERS,
    SHAPE,
    USE,
    Configuration,
    Input,
    Quantity,
    Value,
    formula,
    quantities,
)
from xltransformer.size.published import PUBLISHED
from xltransformer.workbook.book import Page
from xltransformer.workbook.canvas import Canvas, cell_range
from xltransformer.workbook.places import column_letters

LEFT = 1
FIRST = LEFT + 1
WIDTH = 16
_COUNT, _POWER, _MEGABYTES, _PERCENT = "#,##0", '0.00E+00;-0.00E+00;"–"', "#,##0.0", "+0.0%;-0.0%;0.0%"
_FORMATS = {"bytes": "", "weight_memory": _MEGABYTES, "cache_memory": _MEGABYTES} | dict.fromkeys(
    ("tokens", "weight_flops", "attention_flops", "flops", "training", "inference"), _POWER
)


def draw_size(page: Page, own: Configuration) -> None:
    """Draw the whole sheet; `own` fills the first row, and below stands what the model, if any, holds."""
    sheet, messages = page.sheet, page.messages
    sheet.head(messages("size.title"), messages("size.intro"), row=3, freeze=(2, FIRST))
    sheet.default_width = WIDTH
    _Tables(page, own).draw(5)
    if page.model.sentences:
        _draw_workbook(page, "5", sheet.bottom + 2)


def _heading(page: Page, row: int, number: str, key: str) -> int:
    sheet, messages = page.sheet, page.messages
    sheet.heading(row, f"{number}  {messages(f'size.{key}.title')}")
    sheet.paragraph(row + 1, LEFT, messages(f"size.{key}.question"), "question")
    return row + 2


class _Tables:
    """Four tables with a row for each model: what it is given, and what follows."""

    def __init__(self, page: Page, own: Configuration) -> None:
        self.page, self.sheet, self.messages = page, page.sheet, page.messages
        self.names = [self.messages("size.own"), *(known.name for known in PUBLISHED)]
        configurations = [own, *(known.configuration for known in PUBLISHED)]
        self.values: list[Mapping[str, Value]] = [{**given, **quantities(given)} for given in configurations]
        self.where: dict[str, tuple[int, int]] = {}
        """The first row, and the column, in which the values of a name stand."""

    def draw(self, row: int) -> None:
        row = self._table(row, "1", "shape", SHAPE)
        row = self._table(row, "2", "choices", CHOICES)
        row = self._table(row, "3", "parameters", PARAMETERS, compared=True)
        self._table(row, "4", "costs", (*USE, *COSTS))

    def _table(
        self, row: int, number: str, key: str, columns: Sequence[Input | Quantity], *, compared: bool = False
    ) -> int:
        """One table from `row` down; returns the first row free after it."""
        sheet, messages = self.sheet, self.messages
        row = _heading(self.page, row, number, key)
        derived = [column for column in columns if isinstance(column, Quantity)]
        if derived:
            sheet.paragraph(row, LEFT, messages(f"size.{key}.note"), "note")
            sheet.text(row + 1, LEFT, messages("size.formula_names"), "remark")
            row += 2
        for quantity in derived:
            sheet.text(row, LEFT, quantity.notation, "notation")
            row += 1
        self._head(row + 1, [column.name for column in columns])
        first = row + 3
        for k, name in enumerate(self.names):
            sheet.text(first + k, LEFT, name, "row_label")
        for j, column in enumerate(columns):
            self.where[column.name] = first, FIRST + j
            if isinstance(column, Input):
                self._input(column)
            else:
                self._quantity(column)
        if compared:
            self._compare(first, FIRST + len(columns))
        return first + len(self.names) + 1

    def _head(self, row: int, names: Sequence[str], column: int = FIRST, named: bool = True) -> None:
        """Headings in words, and under them the names that formulas and the command line use."""
        self.sheet.heights[row] = 33
        for j, name in enumerate(names, start=column):
            self.sheet.text(row, j, self.messages(f"size.column.{name}"), "table_label")
            self.sheet.text(row + 1, j, name if named else "", "table_name")

    def _input(self, given: Input) -> None:
        first, column = self.where[given.name]
        for k, values in enumerate(self.values):
            style = ("input", _FORMATS.get(given.name, _COUNT))
            self.sheet.number(first + k, column, float(values[given.name]), style)
        where = cell_range(first, column, (len(self.values), 1))
        self.sheet.validations.append((where, self._rule(given)))

    def _rule(self, given: Input) -> dict[str, object]:
        if given.measure:
            message = self.messages("size.measure_error")
            return {"validate": "decimal", "criteria": ">", "value": 0, "error_message": message}
        rule: dict[str, object] = {"validate": "integer", "criteria": ">=", "value": given.least}
        if given.most is None:
            return rule | {"error_message": self.messages("size.count_error", least=given.least)}
        message = self.messages("size.choice_error", least=given.least, most=given.most)
        limits = {"criteria": "between", "minimum": given.least, "maximum": given.most}
        return {"validate": "integer", "error_message": message, **limits}

    def _quantity(self, quantity: Quantity) -> None:
        first, column = self.where[quantity.name]
        style = ("computed", _FORMATS.get(quantity.name, _COUNT))
        for k, values in enumerate(self.values):
            text = formula(quantity, lambda name, k=k: self._address(name, k))  # type: ignore[misc]
            self.sheet.formula(first + k, column, text, float(values[quantity.name]), style)

    def _address(self, name: str, k: int) -> str:
        first, column = self.where[name]
        return f"{column_letters(column)}{first + k + 1}"

    def _compare(self, first: int, column: int) -> None:
        """What is published of each model beside what was counted."""
        sheet = self.sheet
        sheet.widths[column + 4] = 2 * WIDTH
        self._head(first - 2, ("stated", "rounding", "difference", "exact", "source"), column, named=False)
        for k, (known, values) in enumerate(zip(PUBLISHED, self.values[1:], strict=True), start=1):
            row, count = first + k, self._address("parameters", k)
            stated, rounding = (f"{column_letters(column + j)}{row + 1}" for j in (0, 1))
            sheet.number(row, column, known.stated, ("number", _COUNT))
            sheet.number(row, column + 1, known.rounding, ("number", _COUNT))
            rounded = int(values["parameters"] / known.rounding + 0.5) * known.rounding
            text = f"ROUND({count}/{rounding},0)*{rounding}/{stated}-1"
            sheet.formula(row, column + 2, text, rounded / known.stated - 1, ("computed", _PERCENT))
            if known.exact is not None:
                sheet.number(row, column + 3, known.exact, ("number", _COUNT))
            sheet.text(row, column + 4, known.source, "remark")


def _draw_workbook(page: Page, number: str, row: int) -> None:
    """A line for every block of learned numbers, and their sums."""
    sheet, messages, inputs = page.sheet, page.messages, page.model.inputs
    row = _heading(page, row, number, "workbook") + 1
    for column, key in enumerate(("cells", "shape", "block"), start=FIRST):
        sheet.text(row, column, messages(f"size.workbook.{key}"), "column_label")
    row += 1
    sums = []
    for key, role in (("embeddings", "embedding"), ("weights", "parameter")):
        blocks = [block for block in inputs if block.role == role]
        if not blocks:
            continue
        for k, block in enumerate(blocks):
            _draw_line(page, block, row + k)
        cells = cell_range(row, FIRST, (len(blocks), 1))
        row += len(blocks)
        sums.append(f"{column_letters(FIRST)}{row + 1}")
        sheet.formula(row, FIRST, f"SUM({cells})", sum(block.size for block in blocks), ("verdict", _COUNT))
        sheet.text(row, FIRST + 1, messages(f"size.workbook.{key}"), "row_text")
        row += 2
    total = sum(block.size for block in inputs if block.role in ("embedding", "parameter"))
    sheet.formula(row, FIRST, "+".join(sums), total, ("verdict", _COUNT))
    sheet.text(row, FIRST + 1, messages("size.workbook.total"), "row_text")


def _draw_line(page: Page, block: Matrix, row: int) -> None:
    sheet, home = page.sheet, page.book.homes[block]
    rows, columns = (f"{count}({page.ref(block).all})" for count in ("ROWS", "COLUMNS"))
    sheet.text(row, LEFT, page.book.symbol(block), "row_label")
    sheet.formula(row, FIRST, f"{rows}*{columns}", block.size, ("computed", _COUNT))
    shape = f"{block.shape[0]} × {block.shape[1]}"
    sheet.formula(row, FIRST + 1, f'{rows}&" × "&{columns}', shape, ("number", ""))
    sheet.link(row, FIRST + 2, Canvas(home.sheet).target(home.row, home.column), block.name)
