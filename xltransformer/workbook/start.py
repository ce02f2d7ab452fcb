"""The first sheet: the sentences, the switches, the map of the steps, the legend of colours."""

from __future__ import annotations

from xltransformer.graph import Matrix, Sentence
from xltransformer.instance import Instance
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas, text_width

Contents = list[tuple[Canvas, list[tuple[str, int]]]]
"""The sheets of the sections, each with the heading and row of its steps."""

_SENTENCE_COLUMNS = 6
"""Slot, word, row, counts, remark, and a gap."""


def begin_start(book: Book, sheet: Canvas, instance: Instance) -> None:
    """What other sheets point at: sentences and switches."""
    messages, template = book.messages, instance.template
    title = template.title.get(messages.language) or next(iter(template.title.values()), template.name)
    sheet.text(0, 1, title, "title")
    sheet.heights[0] = 28
    sheet.paragraph(1, 1, messages("start.intro"), "intro")
    sheet.paragraph(2, 1, messages("start.sentence_help"), "question")
    sheet.widths = {0: 2}
    sentences = instance.model.sentences
    for s, sentence in enumerate(sentences):
        heading = messages("start.sentence")
        if len(sentences) > 1:
            heading = messages("start.sentences", letter=chr(65 + s) if s < 26 else str(s + 1))
        _draw_sentence(book, sheet, instance, sentence, heading, 4, 1 + s * _SENTENCE_COLUMNS)
    row = 4 + max(sentence.words.shape[0] for sentence in sentences) + 4
    sheet.text(row, 1, messages("start.switches"), "section")
    sheet.bar(row, "section")
    for switch in instance.model.switches:
        row += 1
        _draw_switch(book, sheet, switch, row)


def _draw_sentence(
    book: Book, sheet: Canvas, instance: Instance, sentence: Sentence, heading: str, row: int, column: int
) -> None:
    messages, known = book.messages, instance.model.vocabulary
    assert known is not None
    slots = sentence.words.shape[0]
    for j in range(_SENTENCE_COLUMNS - 1):
        sheet.blank(row, column + j, ("section", ""))
    sheet.text(row, column, heading, "section")
    for j, key in enumerate(("slot", "word", "index", "padding", "status")):
        sheet.text(row + 1, column + j, messages(f"start.{key}"), "column_label")
    words = book.draw(sentence.words, sheet, row + 2, column + 1, labelled=False)
    book.draw(sentence.index, sheet, row + 2, column + 2, labelled=False)
    book.draw(sentence.padding, sheet, row + 2, column + 3, labelled=False)
    listed = book.ref(known.words, sheet).column(0)
    found = book.values[sentence.index.name]
    for i in range(slots):
        word, index = words.address(i, 0), words.address(i, 1)
        sheet.number(row + 2 + i, column, i + 1, ("number", "0"))
        count = f'SUMPRODUCT(({listed}&""={word}&"")*1)'
        twice, unknown = messages("start.twice"), messages("start.unknown")
        formula = f'IF({word}="","{messages("start.empty")}",IF({index}>0,"",IF({count}>1,"{twice}","{unknown}")))'
        text = str(book.values[sentence.words.name][i, 0])
        shown = messages("start.empty") if not text else "" if found[i, 0] else unknown
        sheet.formula(row + 2 + i, column + 4, formula, shown, ("remark", ""))
    bottom = row + 2 + slots
    sheet.text(bottom, column, messages("start.reads"), "remark")
    book.draw(sentence.text, sheet, bottom, column + 1, labelled=False)
    widest = max(text_width(str(word)) for word in book.values[sentence.words.name].ravel())
    sheet.widths |= {column: 12, column + 1: min(30.0, max(16.0, widest * 1.3)), column + 4: 30, column + 5: 3}


def _draw_switch(book: Book, sheet: Canvas, switch: Matrix, row: int) -> None:
    messages, key = book.messages, switch.last_name
    sheet.text(row, 1, messages(f"switch.{key}"), "row_label")
    cell = book.draw(switch, sheet, row, 2, labelled=False).address(0, 0)
    value = float(book.values[switch.name][0, 0])
    if switch.scale == "gate":
        on, off = messages(f"switch.{key}_on"), messages(f"switch.{key}_off")
        formula, shown = f'IF({cell}=0,"{off}","{on}")', on if value else off
    else:
        good, bad = messages(f"switch.{key}_note"), messages(f"switch.{key}_bad")
        formula, shown = f'IF({cell}>0,"{good}","{bad}")', good
    sheet.formula(row, 3, formula, shown, ("remark", ""))


def finish_start(book: Book, sheet: Canvas, instance: Instance, vocabulary: Canvas, contents: Contents) -> None:
    """The map with a link to every step, and the legend."""
    messages = book.messages
    row = sheet.bottom + 2
    sheet.text(row, 1, messages("start.map"), "section")
    sheet.bar(row, "section")
    row += 1
    sheet.link(row, 1, book.target(vocabulary), vocabulary.name)
    for section, steps in contents:
        row += 1
        sheet.link(row, 1, book.target(section), section.name)
        for k, (heading, at) in enumerate(steps):
            sheet.link(row, 3 + k, book.target(section, at), heading.split("  ")[0])
    row += 2
    sheet.text(row, 1, messages("start.legend"), "section")
    sheet.bar(row, "section")
    for key, style in (("input", "input"), ("weight", "weight"), ("formula", "computed"), ("grey", "grey")):
        row += 1
        sheet.number(row, 1, 0.5, (style, "0.00"))
        sheet.text(row, 2, messages(f"start.legend_{key}"), "remark")
