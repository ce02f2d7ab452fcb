"""The sheets of a model's sections: a lesson or layer each, step by step, or all compact ones of one key."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.building.instance import Instance
from xltransformer.graph import Section
from xltransformer.record import record
from xltransformer.workbook.canvas import Canvas, spaced
from xltransformer.workbook.page import Page
from xltransformer.workbook.panels import LEFT, draw_step, draw_weights, step_titles
from xltransformer.workbook.phrases import told
from xltransformer.workbook.strips import draw_strips


@record(eq=False)
class Chapter:
    """A sheet as the first one's map lists it: the title and row of each of its steps, and the section, if
    any, that it shows."""

    page: Page
    steps: Sequence[tuple[str, int]] = ()
    section: Section | None = None


def draw_chapters(first: Page, instance: Instance) -> list[Chapter]:
    """The sheet of every section, after the first one."""
    chapters: list[Chapter] = []
    numbers: dict[tuple[str, int | None, bool], int] = {}
    for section, *below in _by_sheet(first.model.sections):
        number = numbers.setdefault((section.key, section.layer, section.backward), len(numbers) + 1)
        if section.compact:
            page = first.another(f"{number} {first.messages(f'sheet.{section.key}')}")
            steps = draw_strips(page, [section, *below], number)
        else:
            page, steps = _draw_section(first, instance, section, number)
        # What only looks back at the lessons would give an exercise's answers away.
        page.sheet.hidden = bool(first.book.exercise) and section.sentence is None
        chapters.append(Chapter(page, steps, section))
    return chapters


def _by_sheet(sections: Sequence[Section]) -> list[list[Section]]:
    """The sections that stand on each sheet: one, or all compact ones of one key."""
    sheets: list[list[Section]] = []
    strips: dict[str, list[Section]] = {}
    for section in sections:
        if not section.compact:
            sheets.append([section])
        elif section.key in strips:
            strips[section.key].append(section)
        else:
            strips[section.key] = [section]
            sheets.append(strips[section.key])
    return sheets


def _draw_section(
    first: Page, instance: Instance, section: Section, number: int
) -> tuple[Page, list[tuple[str, int]]]:
    """One section's sheet; returns it with the heading and row of each of its steps."""
    messages, key, layer = first.messages, section.key, (section.layer or 0) + 1
    letter = first.letters[section.sentence] if section.sentence is not None else ""
    name, title = messages(f"sheet.{key}", layer=layer), messages(f"section.{key}.title", layer=layer)
    intro, notes = messages(f"section.{key}.intro"), instance.template.notes.get(key, {})
    if section.backward:
        name, title = messages("backward.sheet", sheet=name), messages("backward.section", title=title)
        intro, notes = messages("backward.intro"), {}
    page = first.another(f"{number}{letter} {name}")
    _draw_head(page, section, f"{number}  {title}", intro)
    row = 5
    if note := told(instance, notes, messages):
        page.sheet.paragraph(4, LEFT, note, "note")
        row = 6
    if page.book.notation.weights_apart:
        _draw_weights(page, section, f"{number}{letter}", title)
    steps: list[tuple[str, int]] = []
    titles = step_titles(page, section)
    for k, (step, title) in enumerate(zip(section.steps, titles, strict=True), start=1):
        steps.append((title, row))
        row = draw_step(page, section, step, f"{number}.{k}  {title}", row)
    return page, steps


def _draw_head(page: Page, section: Section, title: str, intro: str) -> None:
    """A section's title, the sentence it is over, and what it is about."""
    sheet, model, values = page.sheet, page.model, page.book.values
    sheet.text(0, LEFT, title, "title")
    sheet.heights[0] = 28
    if section.sentence is not None:
        sentence = model.sentences[section.sentence].text
        label = page.messages("section.of_sentence", letter=spaced(page.letters[section.sentence]))
        shown = label + str(values[sentence.name][0, 0])
        page.formula(2, LEFT, lambda: f'"{label}"&{page.ref(sentence).cell(0, 0)}', shown, "row_text")
    sheet.freeze = (3 if section.sentence is not None else 2, 0)
    sheet.paragraph(3, LEFT, intro, "intro")


def _draw_weights(page: Page, section: Section, number: str, title: str) -> None:
    """A sheet with the learned weights of a section, after its own; none where it has none."""
    messages, top = page.messages, 5
    sheet = Canvas(messages("weights.sheet", number=number))
    if draw_weights(page.on(sheet), section, top) == top:
        return
    page.book.sheets.append(sheet)
    sheet.text(0, LEFT, messages("weights.title", title=title), "title")
    sheet.heights[0] = 28
    sheet.freeze = (2, 0)
    sheet.paragraph(3, LEFT, messages("weights.intro"), "intro")
