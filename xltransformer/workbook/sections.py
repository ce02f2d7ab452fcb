"""The sheets of a model's sections: a lesson or layer each, step by step, or all compact ones of one key."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from xltransformer.building.instance import Instance
from xltransformer.graph import Matrix, Section
from xltransformer.workbook.book import Chapter, Page
from xltransformer.workbook.canvas import LETTER, Canvas, cell_range, spaced, text_width
from xltransformer.workbook.drawing import draw
from xltransformer.workbook.named import titled
from xltransformer.workbook.panels import LEFT, draw_step, draw_weights, section_title, step_title, step_titles
from xltransformer.workbook.phrases import told
from xltransformer.workbook.step_map import draw_step_map, step_map
from xltransformer.workbook.styles import share_scale

RESULT, FIRST = 2, 4
"""Columns of strips, after the number of each: its result, and the first block."""
INTRO, STEP, NAME, TOP = 3, 4, 5, 6
"""Rows of their sheet: what this is, the step and the name of each block, and the first strip."""
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
    title, intro = f"{number}  {messages(f'section.{key}.title')}", messages(f"section.{key}.intro")
    sheet.head(title, intro, row=INTRO, freeze=(TOP, FIRST - 1))
    columns = _draw_heads(page, sections)
    strips: dict[int, dict[str, Matrix]] = {}
    for section in sections:
        blocks = {_name(section, block): block for step in section.steps for block in step.blocks}
        strips.setdefault(section.layer or 0, {}).update(blocks)
    row, marks = TOP, []
    for layer, blocks in strips.items():
        sheet.text(row, LEFT, messages(f"strip.{key}", number=layer), "row_text")
        if row == TOP or layer % LINKED == 0:
            marks.append((messages(f"strip.{key}", number=layer), row))
        for name, block in blocks.items():
            draw(page, block, row, columns[name], plain=True)
        if "loss" in blocks:
            draw(page, blocks["loss"], row, RESULT, labelled=False, small=True)
        row += 1 + max(block.shape[0] for block in blocks.values())
    for name, block in strips[min(strips)].items():
        if block.scale == "probability":
            where = cell_range(TOP, columns[name], (row - TOP, block.shape[1]))
            sheet.conditions.append((where, share_scale()))
    if any("loss" in blocks for blocks in strips.values()):
        sheet.text(NAME, RESULT, messages("strip.result"), "strip")
    sheet.default_width = NARROW
    sheet.widths |= {RESULT: 8.0, FIRST - 1: 1.5}
    return marks


def _name(section: Section, block: Matrix) -> str:
    """A block's name but for the number of its strip: `step.3.X` is X, `lstm.word.3.f` is lstm.f."""
    part = section.key.rpartition("_")[2]
    return re.sub(rf"\b{part}\.\d+\.", "", block.name, count=1)


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
                title = step_title(page.messages, step, of_every=True)
                page.sheet.text(STEP, free, title, "picture")
                titled, after = True, free + math.ceil(text_width(title) * 1.1 * LETTER / _PIXELS)
            sentence = block.number_of("sentence")
            letter = "" if sentence is None else spaced(page.letters[sentence])
            symbol = f"{page.book.symbol(block)}{letter}"
            page.sheet.text(NAME, free, symbol, "strip")
            free += max(block.shape[1] + 1, math.ceil(text_width(symbol) * 1.1 * LETTER / _PIXELS))
        free = max(free, after)
    return columns


def draw_chapters(first: Page, instance: Instance) -> list[Chapter]:
    """The sheet of every section, after the first one."""
    chapters: list[Chapter] = []
    numbers: dict[tuple[str, int | None, bool], int] = {}
    for section, *below in _by_sheet(first.model.sections):
        number = 0
        if not section.behind:
            number = numbers.setdefault((section.key, section.layer, section.backward), len(numbers) + 1)
        if section.compact:
            page = first.another(f"{number} {first.messages(f'sheet.{section.key}')}")
            steps = draw_strips(page, [section, *below], number)
        else:
            page, steps = _draw_section(first, instance, section, number)
        # What only looks back at the lessons would give an exercise's answers away.
        page.sheet.hidden = bool(first.book.exercise) and section.sentence is None and not _asks(first, section)
        chapters.append(Chapter(page, steps, section))
    return chapters


def _asks(page: Page, section: Section) -> bool:
    """Whether cells of a section are left to a student."""
    return any(block in page.book.exercise.blocks for step in section.steps for block in step.blocks)


def _by_sheet(sections: Sequence[Section]) -> list[list[Section]]:
    """The sections that stand on each sheet: one, or all compact ones of one key."""
    sheets: dict[Section | str, list[Section]] = {}
    for section in sections:
        sheets.setdefault(section.key if section.compact else section, []).append(section)
    return list(sheets.values())


def _draw_section(
    first: Page, instance: Instance, section: Section, number: int
) -> tuple[Page, list[tuple[str, int]]]:
    """One section's sheet, which has a `number` unless it is no lesson; returns it with the heading and row of
    each of its steps."""
    messages, key, layer = first.messages, section.key, (section.layer or 0) + 1
    letter = first.letters[section.sentence] if section.sentence is not None else ""
    name, title = messages(f"sheet.{key}", layer=layer), section_title(messages, section)
    intro, notes = messages(f"section.{key}.intro"), instance.template.notes.get(key, {})
    if section.backward:
        name = messages("backward.sheet", sheet=name)
        intro, notes = messages("backward.intro"), {}
    page = first.another(f"{number}{letter} {name}" if number else name)
    _draw_head(page, section, f"{number}  {title}" if number else title, intro)
    row = 5
    if not first.book.exercise and (note := told(instance, notes, messages)):
        page.sheet.paragraph(4, LEFT, note, "note")
        row = 6
    if page.book.notation.by_row:
        _draw_weights(page, section, f"{number}{letter}", title)
    titles = step_titles(page, section)
    numbered = [f"{number}.{k}  {title}" if number else f"{k}  {title}" for k, title in enumerate(titles, start=1)]
    if (drawn := step_map(page, section, numbered)) is not None:
        top, row = row, row + drawn.rows
    rows: list[int] = []
    for step, title in zip(section.steps, numbered, strict=True):
        rows.append(row)
        row = draw_step(page, section, step, title, row)
    if drawn is not None:
        draw_step_map(page, drawn, rows, top)
    return page, list(zip(titles, rows, strict=True))


def _draw_head(page: Page, section: Section, title: str, intro: str) -> None:
    """A section's title, the sentence it is over, and what it is about."""
    sheet, model, values = page.sheet, page.model, page.book.values
    sheet.head(title, intro, row=3, freeze=(3 if section.sentence is not None else 2, 0))
    if section.sentence is not None:
        sentence = model.sentences[section.sentence].text
        label = page.messages("section.of_sentence", sentence=titled(page, section.sentence))
        shown = label + str(values[sentence.name][0, 0])
        page.formula(2, LEFT, lambda: f'"{label}"&{page.ref(sentence).cell(0, 0)}', shown, "row_text")


def _draw_weights(page: Page, section: Section, number: str, title: str) -> None:
    """A sheet with the learned weights of a section, after its own; none where it has none."""
    messages, top = page.messages, 5
    sheet = Canvas(messages("weights.sheet", number=number))
    if draw_weights(page.on(sheet), section, top) == top:
        return
    page.book.sheets.append(sheet)
    sheet.head(messages("weights.title", title=title), messages("weights.intro"), row=3)
