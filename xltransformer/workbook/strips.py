"""Compact sections: one strip of plain cells each, below one another, the same blocks in the same columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xltransformer.graph import Matrix, Section
from xltransformer.workbook.canvas import LETTER, cell_range, spaced, text_width
from xltransformer.workbook.drawing import draw
from xltransformer.workbook.page import Page
from xltransformer.workbook.panels import step_title
from xltransformer.workbook.styles import share_scale

LEFT, RESULT, FIRST = 1, 2, 4
"""Columns: the number of the strip, its result, and the first block."""
INTRO, STEP, NAME, TOP = 3, 4, 5, 6
"""Rows: what this is, the step and the name of each block, and the first strip."""
NARROW = 5.6
"""The width of a column, in characters."""
_PIXELS = NARROW * 7 + 5
LINKED = 10
"""Every so many strips get a link on the first sheet."""


def draw_strips(page: Page, sections: Sequence[Section], number: int) -> list[tuple[str, int]]:
    """A sheet for all compact sections of one key; returns the title and row of some strips.

    A strip holds the blocks of one layer, forward and backward, its loss in front. Blocks of the same name,
    but for the layer, stand below one another, under the title of their step.
    """
    sheet, messages, key = page.sheet, page.messages, sections[0].key
    sheet.text(0, LEFT, f"{number}  {messages(f'section.{key}.title')}", "title")
    sheet.heights[0] = 28
    sheet.paragraph(INTRO, LEFT, messages(f"section.{key}.intro"), "intro")
    columns = _draw_heads(page, sections)
    strips: dict[int, dict[str, Matrix]] = {}
    for section in sections:
        blocks = {_name(section, block): block for step in section.steps for block in step.blocks}
        strips.setdefault(section.layer or 0, {}).update(blocks)
    row, marks = TOP, []
    for layer, blocks in strips.items():
        sheet.text(row, LEFT, messages(f"strip.{key}", number=layer), "row_text")
        if layer == 1 or layer % LINKED == 0:
            marks.append((messages(f"strip.{key}", number=layer), row))
        for name, block in blocks.items():
            draw(page, block, row, columns[name], labelled=False, plain=True)
        if "loss" in blocks:
            draw(page, blocks["loss"], row, RESULT, labelled=False, small=True)
        row += 1 + max(block.shape[0] for block in blocks.values())
    for name, block in strips[min(strips)].items():
        if block.scale == "probability":
            where = cell_range(TOP, columns[name], (row - TOP, block.shape[1]))
            sheet.conditions.append((where, share_scale()))
    sheet.text(NAME, RESULT, messages("strip.result"), "strip")
    sheet.default_width = NARROW
    sheet.widths |= {RESULT: 8.0, FIRST - 1: 1.5}
    sheet.freeze = (TOP, FIRST - 1)
    return marks


def _name(section: Section, block: Matrix) -> str:
    """A block's name but for the layer."""
    return block.name.replace(f"{section.key}.{section.layer or 0}.", "")


def _draw_heads(page: Page, sections: Sequence[Section]) -> dict[str, int]:
    """The title of each step, and the name of each block; returns their columns by name."""
    columns: dict[str, int] = {}
    free = FIRST
    for section, step in ((one, step) for one in sections for step in one.steps):
        titled, after = False, free
        for block in step.blocks:
            if (name := _name(section, block)) in columns:
                continue
            columns[name] = free
            if not titled:
                title = step_title(page.messages, step)
                page.sheet.text(STEP, free, title, "picture")
                titled, after = True, free + math.ceil(text_width(title) * 1.1 * LETTER / _PIXELS)
            sentence = block.number_of("sentence")
            letter = "" if sentence is None else spaced(page.letters[sentence])
            page.sheet.text(NAME, free, f"{page.book.symbol(block)}{letter}", "strip")
            free += block.shape[1] + 1
        free = max(free, after)
    return columns
