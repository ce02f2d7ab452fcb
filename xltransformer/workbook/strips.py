"""Compact sections: one strip of plain cells each, below one another, the same blocks in the same columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xltransformer.graph import Matrix, Section
from xltransformer.models import Lesson
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import LETTER, Canvas, cell_range, spaced, text_width
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


def draw_strips(
    book: Book, model: Lesson, sections: Sequence[Section], number: int, letters: list[str]
) -> tuple[Canvas, list[tuple[str, int]]]:
    """One sheet for all compact sections of one key; returns it with the title and row of some strips.

    A strip holds the blocks of one layer, forward and backward, its loss in front. Blocks of the same name,
    but for the layer, stand below one another, under the title of their step.
    """
    messages, key = book.messages, sections[0].key
    sheet = book.sheet(f"{number} {messages(f'sheet.{key}')}")
    sheet.text(0, LEFT, f"{number}  {messages(f'section.{key}.title')}", "title")
    sheet.heights[0] = 28
    sheet.paragraph(INTRO, LEFT, messages(f"section.{key}.intro"), "intro")
    columns: dict[str, int] = {}
    free = FIRST
    strips: dict[int, dict[str, Matrix]] = {}
    for section in sections:
        layer = section.layer or 0
        for step in section.steps:
            titled, after = False, free
            for block in step.blocks:
                name = block.name.replace(f"{key}.{layer}.", "")
                strips.setdefault(layer, {})[name] = block
                if name in columns:
                    continue
                columns[name] = free
                if not titled:
                    title = step_title(book, step)
                    sheet.text(STEP, free, title, "picture")
                    titled, after = True, free + math.ceil(text_width(title) * 1.1 * LETTER / _PIXELS)
                sentence = block.number_of("sentence")
                letter = "" if sentence is None else spaced(letters[sentence])
                sheet.text(NAME, free, f"{book.symbol(block)}{letter}", "strip")
                free += block.shape[1] + 1
            free = max(free, after)
    row, marks = TOP, []
    for layer, blocks in strips.items():
        sheet.text(row, LEFT, messages(f"strip.{key}", number=layer), "row_text")
        if layer == 1 or layer % LINKED == 0:
            marks.append((messages(f"strip.{key}", number=layer), row))
        for name, block in blocks.items():
            book.draw(block, sheet, row, columns[name], labelled=False, plain=True)
        if "loss" in blocks:
            book.draw(blocks["loss"], sheet, row, RESULT, labelled=False, small=True)
        row += 1 + max(block.shape[0] for block in blocks.values())
    for name, block in strips[min(strips)].items():
        if block.scale == "probability":
            where = cell_range(TOP, columns[name], (row - TOP, block.shape[1]))
            sheet.conditions.append((where, share_scale()))
    sheet.text(NAME, RESULT, messages("strip.result"), "strip")
    sheet.default_width = NARROW
    sheet.widths |= {RESULT: 8.0, FIRST - 1: 1.5}
    sheet.freeze = (TOP, FIRST - 1)
    return sheet, marks
