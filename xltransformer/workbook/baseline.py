"""Before and after: each changed cell with its value as built, and attention and output now, as built, and the
difference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xltransformer.graph import Matrix
from xltransformer.record import record
from xltransformer.workbook.book import Page
from xltransformer.workbook.canvas import cell_range
from xltransformer.workbook.drawing import draw
from xltransformer.workbook.kept import (
    BEFORE,
    BLOCK,
    BUILT,
    CODE,
    COUNT,
    FIELDS,
    LEFT_COLUMN,
    NAME,
    NOW,
    ROW,
    SHEET,
    TOLD,
    TOP_ROW,
    Told,
)
from xltransformer.workbook.marking import blank_slots, label
from xltransformer.workbook.named import before
from xltransformer.workbook.phrases import filled
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import kept_format, signed_scale

LEFT = 1
LISTED = 12
"""How many changed cells are listed."""
_CHANGED = 4
"""The row in which the list of changed cells begins."""
WIDEST = 15
"""Where three times a block is wider than so many columns, as a window has, the three stand below one another."""


def compared(page: Page) -> list[tuple[str, list[Matrix]]]:
    """What before and after shows: attention and output of every lesson and sentence, with a title; nothing that
    would give an exercise's answers away."""
    if page.book.exercise:
        return []
    groups = []
    shown = {block for one in page.model.attentions for block in (one.weights, one.output)}
    for section in page.model.sections:
        blocks = list(dict.fromkeys(b for step in section.steps for b in step.blocks if b in shown))
        if section.sentence is not None and blocks:
            title = page.messages(f"section.{section.key}.title", layer=(section.layer or 0) + 1)
            groups.append((f"{before(page, section.sentence)}{title}", blocks))
    return groups[-1:] if page.book.notation.by_row else groups


@record
class Changed:
    """How many cells hold something else than as built, and the names of the first ones."""

    count: Place
    names: Place


def draw_changed(page: Page, told: Told) -> Changed:
    """The list of changed cells: what and where each is, what it holds now and held as built."""
    sheet, messages = page.sheet, page.messages
    for column, key in enumerate(("what", "sheet", "cell", "now", "built"), start=LEFT):
        sheet.text(_CHANGED + 1, column, messages(f"changed.{key}"), "column_label")
    lines, fields = (place.seen_from(sheet.name) for place in (told.lines, told.fields))
    each, before = f"SUM({lines.column(TOLD)})", lines.column(BEFORE)
    count, names = Place(sheet.name, _CHANGED, LEFT, (1, 1)), Place(sheet.name, _CHANGED + 2, LEFT, (LISTED, 1))
    total, listed = f"SUM({lines.column(COUNT)})", f"MIN({LISTED},{each})"
    sheet.formula(count.row, LEFT + 2, total, 0.0, ("kept", "0"))
    sheet.text(count.row, LEFT, messages("changed.title"), "row_text")
    for k in range(LISTED):
        line = f"SUMPRODUCT(({before}<={k})*1)"  # the last of several alike, which not every MATCH finds
        slot = f"({k}-INDEX({before},{line}))*{FIELDS}+1"
        code, name, now, built = (
            f"INDEX({fields.all},{line},{slot}+{field})" for field in (CODE, NAME, NOW, BUILT)
        )
        on, top, left, block = (
            f"INDEX({lines.column(column)},{line})" for column in (SHEET, TOP_ROW, LEFT_COLUMN, BLOCK)
        )
        where, cell = f"ADDRESS(INT({code}/{ROW})+{top},MOD({code},{ROW})+{left},4)", names.address(k, 2)
        what = f'IF({name}&""="",{block}&IF(RIGHT({block},1)=" ",{cell},""),{name})'
        looks = ("row_text", "listed", "listed", "listed", "kept")
        for column, (told_here, look) in enumerate(zip((what, on, where, now, built), looks, strict=True)):
            sheet.formula(names.row + k, LEFT + column, f'IF({k}>={each},"",{told_here})', "", (look, ""))
    more = filled(messages.pattern("changed.beyond"), {"n": f"({total}-{listed})"})
    sheet.formula(names.row + LISTED, LEFT, f'IF({total}>{listed},{more},"")', "", ("remark", ""))
    return Changed(Place(sheet.name, count.row, LEFT + 2, (1, 1)), names)


def draw_baseline(page: Page, groups: Sequence[tuple[str, Sequence[Matrix]]]) -> Place:
    """A line for every block of every titled group: now, at build time, difference; below the list of changed
    cells.

    Returns the column in which each line has its largest difference, among texts.
    """
    sheet, messages = page.sheet, page.messages
    sheet.head(messages("baseline.title"), messages("baseline.intro"))
    top = row = _CHANGED + LISTED + 4
    for title, blocks in groups:
        sheet.heading(row, title)
        row += 2
        for block in blocks:
            row = _draw_line(page, block, row) + 3
    return Place(sheet.name, top, LEFT, (row - top, 1))


def _draw_line(page: Page, block: Matrix, row: int) -> int:
    """One block's line; returns its last row."""
    (rows, columns), book, sheet, messages = block.shape, page.book, page.sheet, page.messages
    named = messages("start.before", letter=book.symbol(block))
    down, right = (0, columns + 1) if 3 * (columns + 1) <= WIDEST else (rows + 3, 0)
    now = draw(page, block, row + 1, LEFT + 1)
    built, change = (Place(sheet.name, row + 1 + k * down, LEFT + 1 + k * right, block.shape) for k in (1, 2))
    for place, key in ((now, "now"), (built, "built"), (change, "change")):
        sheet.text(place.row - 2, place.column, named + messages(f"baseline.{key}"), "row_text")
    values = book.values[block.name]

    def at(place: Place, i: int) -> str:
        return place.seen_from(sheet.name).row(i)

    def write() -> None:
        for place in (built, change):
            label(page, block.columns, place.row - 1, place.column, "column_label", across=True)
            if down:
                label(page, block.rows, place.row, place.column - 1, "row_label")
        sheet.block(built.row, built.column, values, ("kept", kept_format(block)))
        less, zeros = lambda i, j: f"{now.address(i, j)}-{built.address(i, j)}", np.zeros(block.shape)
        arrays = book.notation.arrays(rows, lambda i: [(0, columns, f"{at(now, i)}-{at(built, i)}")])
        sheet.block(change.row, change.column, zeros, ("computed", "0.00"), less, arrays)

    book.later(write)
    changes = change.seen_from(sheet.name).all
    largest = f"MAX(MAX({changes}),-MIN({changes}))"
    number = messages("number.largest_change")
    page.formula(now.row - 2, LEFT, lambda: largest, 0.0, "remark", number, array=book.notation.on_opening)
    for place in (built, change):
        blank_slots(page, block, place, now.column - 1)
    where = cell_range(change.row, change.column, change.shape)
    sheet.conditions.append((where, signed_scale(change.absolute.partition("!")[2])))
    return change.row + rows - 1
