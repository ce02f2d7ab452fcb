"""A model laid out as sheets: Start, one sheet a section, the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping

from xltransformer.graph import Array, Section
from xltransformer.instance import Instance
from xltransformer.locale import Messages
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas, text_width
from xltransformer.workbook.panels import LEFT, draw_step
from xltransformer.workbook.start import Contents, begin_start, finish_start
from xltransformer.workbook.vocabulary import draw_vocabulary


def lay_out(instance: Instance, values: Mapping[str, Array], messages: Messages) -> Book:
    """Every sheet of the workbook, drawn but not yet written."""
    book = Book(values, messages)
    start = book.sheet(messages("sheet.start"))
    vocabulary = Canvas(messages("sheet.vocabulary"))
    draw_vocabulary(book, vocabulary, instance)
    begin_start(book, start, instance)
    contents: Contents = []
    numbers: dict[str, int] = {}
    for section in instance.model.sections:
        number = numbers.setdefault(section.key, len(numbers) + 1)
        contents.append(_draw_section(book, instance, section, number))
    book.sheets.append(vocabulary)
    finish_start(book, start, instance, vocabulary, contents)
    return book


def sentence_letter(s: int) -> str:
    """A, B, C, … for the sentences; after Z plain numbers."""
    return chr(65 + s) if s < 26 else str(s + 1)


def _draw_section(
    book: Book, instance: Instance, section: Section, number: int
) -> tuple[Canvas, list[tuple[str, int]]]:
    """One section's sheet; returns it with the heading and row of each of its steps."""
    messages = book.messages
    several = len(instance.model.sentences) > 1
    letter = sentence_letter(section.sentence) if several and section.sentence is not None else ""
    sheet = book.sheet(f"{number}{letter} {messages(f'sheet.{section.key}')}")
    sheet.text(0, LEFT, f"{number}  {messages(f'section.{section.key}.title')}", "title")
    sheet.heights[0] = 28
    sheet.link(1, LEFT, book.target(book.sheets[0]), messages("section.back"))
    if section.sentence is not None:
        sentence = instance.model.sentences[section.sentence].text
        label = messages("section.of_sentence", letter=letter) if letter else messages("section.of_only_sentence")
        shown = label + str(book.values[sentence.name][0, 0])
        formula = f'"{label}"&{book.ref(sentence, sheet).cell(0, 0)}'
        sheet.formula(1, LEFT + 1, formula, shown, ("row_text", ""))
    sheet.freeze = (2, 0)
    sheet.paragraph(3, LEFT, messages(f"section.{section.key}.intro"), "intro")
    row = 5
    note = instance.template.notes.get(section.key)
    if note:
        sheet.paragraph(4, LEFT, note.get(messages.language, next(iter(note.values()), "")), "note")
        row = 6
    steps: list[tuple[str, int]] = []
    for k, step in enumerate(section.steps, start=1):
        heading_row = row
        row = draw_step(book, sheet, step, f"{number}.{k}", row)
        steps.append((str(sheet.cells[heading_row, LEFT].content), heading_row))
    labels = [str(c.shown if c.kind == "formula" else c.content) for (_, col), c in sheet.cells.items()
              if col == LEFT and c.style[0] in ("row_label", "symbol")]  # fmt: skip
    sheet.widths = {0: 2, LEFT: min(24.0, max([14.0, *(text_width(label) * 1.2 for label in labels)]))}
    return sheet, steps
