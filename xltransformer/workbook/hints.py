"""Hints of an exercise: how a cell that is wrong comes about, with the student's numbers, once it is asked for.

Below a step each row that is left to the student has a switch, off at first. Switched on it tells of the row's
first wrong cell; while nothing is wrong there, or what the row comes from is not right yet, it tells only that.
How many switches are on is counted on the hidden sheet, and shows on the first one.
"""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.graph import Axis, Matrix, Step
from xltransformer.locale import switch_words
from xltransformer.ops import Index, op_of, says
from xltransformer.record import record
from xltransformer.workbook.book import HINT, Book, Page
from xltransformer.workbook.canvas import cell_range
from xltransformer.workbook.phrases import Phrase, literal
from xltransformer.workbook.places import Known, Place
from xltransformer.workbook.styles import UNSEEN
from xltransformer.workbook.worked import asked_of

LABEL, SWITCH, SAID = 1, 2, 3
"""Columns of what a hint is of, its switch, and what it says."""


@record(eq=False)
class _Row:
    """A row of a block that is left to the student: its number, its first cell that is left, and where its hint
    stands and is counted."""

    block: Matrix
    number: int
    first: int
    at: int
    flag: Place


def draw_hints(page: Page, step: Step, row: int) -> int:
    """The hints of a step whose cells are left to the student, from `row` down; returns the first row free after
    them, which is `row` where there are none."""
    book, messages = page.book, page.messages
    blocks = [block for block in step.blocks if block in book.exercise.blocks and _drawn_here(page, block)]
    blocks = [block for block in blocks if block not in book.exercise.hints and _has_hint(book, block)]
    if not blocks:
        return row
    page.sheet.paragraph(row, LABEL, messages("hint.heading"), "remark")
    for block in blocks:
        verdicts = book.exercise.verdicts[block]
        first: dict[int, int] = {}
        for i, j in book.exercise.left[block]:
            first.setdefault(i, j)
        column = verdicts.column + block.shape[1] + 1
        book.names[f"{HINT}.{block.name}"] = Place(page.sheet.name, row + 1, SWITCH, (len(first), 1))
        flags = []
        for i, j in first.items():
            row += 1
            flags.append(Place(verdicts.sheet, verdicts.row + i, column, (1, 1)))
            _draw(page, _Row(block, i, j, row, flags[-1]))
        book.exercise.hints[block] = flags
    return row + 2


def _drawn_here(page: Page, block: Matrix) -> bool:
    return page.book.exercise.places[block].sheet == page.sheet.name


def _has_hint(book: Book, block: Matrix) -> bool:
    known = (Known(book.values[m.name]) for m in block.operands)
    return not any(m.text for m in block.operands) and op_of(block).hint(0, 0, *known) is not None


def _draw(page: Page, row: _Row) -> None:
    """One row's switch, what it is of, and what it says."""
    sheet, messages, hidden = page.sheet, page.messages, page.book.exercise.sheet
    on, off = messages("switch.on"), messages("switch.off")
    sheet.text(row.at, SWITCH, off, "input")
    listed = {"validate": "list", "show_error": False, "source": [on, off], "input_message": messages("hint.note")}
    sheet.validations.append((cell_range(row.at, SWITCH, (1, 1)), listed))

    def write() -> None:
        switch = Place(sheet.name, row.at, SWITCH, (1, 1)).seen_from(hidden.name).cell(0, 0)
        words = says(switch, switch_words(), on=True)
        hidden.formula(row.flag.row, row.flag.column, f"IF(OR({words}),1,0)", 0, ("computed", "0"))
        label = _label(page, row)
        sheet.formula(row.at, LABEL, label.formula, label.shown, ("row_label", ""))
        sheet.paragraph(row.at, SAID, "", "worked", _said(page, row))

    page.book.later(write)


def _label(page: Page, row: _Row) -> Phrase:
    """What a hint is of: `scores[mouse]`."""
    symbol, of_row = page.book.symbol(row.block), _row_label(page, row.block.rows, row.number)
    if not of_row.shown:
        return Phrase(literal(symbol), symbol)
    return Phrase(f'{literal(f"{symbol}[")}&{of_row.formula}&"]"', f"{symbol}[{of_row.shown}]")


def _row_label(page: Page, axis: Axis, i: int) -> Phrase:
    text = axis.read(page.book.values)[i]
    if axis.source is None:
        return Phrase(literal(text), text)
    source = page.ref(axis.source)
    return Phrase(f'{source.cell(i, 0) if source.shape[1] == 1 else source.cell(0, i)}&""', text)


def _said(page: Page, row: _Row) -> str:
    """The formula of what a hint says: nothing while it is off."""
    messages, exercise, sheet = page.messages, page.book.exercise, page.sheet
    verdicts = exercise.verdicts[row.block].seen_from(sheet.name).row(row.number)
    flag = row.flag.seen_from(sheet.name).cell(0, 0)
    index: Index = row.first
    if row.block.shape[1] > 1:
        number = f"IFERROR(MATCH(-1,{verdicts},0),{row.first + 1})"
        sheet.formula(row.at, 0, number, row.first + 1, UNSEEN)
        index = Place(sheet.name, row.at, 0, (1, 1)).seen_from(sheet.name).cell(0, 0)
    told = asked_of(page, row.block, row.number, _row_label(page, row.block.rows, row.number), index, row.first)
    wrong = f"COUNTIF({verdicts},-1)>0"
    done = f"IF(COUNTIF({verdicts},0)=0,{literal(messages('hint.done'))},{literal(messages('hint.first'))})"
    said = f"IF({wrong},{told},{done})"
    before = {m for operand in row.block.operands for m in _left_before(page.book, operand)}
    if waits := ",".join(exercise.verdicts[m].seen_from(sheet.name).all for m in exercise.left if m in before):
        said = f"IF(MIN({waits})=1,{said},{literal(messages('hint.before'))})"
    return f'IF({flag}=1,{said},"")'


def _left_before(book: Book, operand: Matrix) -> frozenset[Matrix]:
    return frozenset({operand} if operand in book.exercise.blocks else ()) | book.exercise.waits_for(operand)


def hints_taken(page: Page) -> str:
    """The formula of how many hints are switched on: of each block's stretch of flags."""
    every = [_stretch(flags).seen_from(page.sheet.name).all for flags in page.book.exercise.hints.values()]
    parts = (",".join(every[k : k + 200]) for k in range(0, len(every), 200))
    return "+".join(f"SUM({part})" for part in parts)


def _stretch(flags: Sequence[Place]) -> Place:
    """From the first to the last of a block's flags, between which nothing else stands."""
    rows = [flag.row for flag in flags]
    return Place(flags[0].sheet, min(rows), flags[0].column, (max(rows) - min(rows) + 1, 1))
