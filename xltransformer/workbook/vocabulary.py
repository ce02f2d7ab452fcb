"""The vocabulary sheet: words, dimensions, embeddings."""

from __future__ import annotations

from xltransformer.building.instance import Instance
from xltransformer.text import word_key
from xltransformer.workbook.book import Page
from xltransformer.workbook.canvas import text_width
from xltransformer.workbook.drawing import draw


def draw_vocabulary(page: Page, instance: Instance) -> None:
    """The word list with one row of numbers a word, all of it to edit."""
    sheet, messages, known = page.sheet, page.messages, page.model.vocabulary
    width = known.dimensions.shape[1]
    sheet.head(messages("vocabulary.title"), messages("vocabulary.help"), freeze=(4, 2))
    sheet.text(3, 0, messages("start.index"), "remark")
    sheet.text(3, 1, messages("start.word"), "symbol")
    draw(page, known.words, 4, 1, labelled=False)
    draw(page, known.dimensions, 3, 2, labelled=False)
    draw(page, known.embeddings, 4, 2, labelled=False)
    made_up = {word_key(word) for word in instance.made_up}
    words = [str(word) for word in page.book.values[known.words.name].ravel()]
    for i, word in enumerate(words):
        sheet.number(4 + i, 0, i + 1, ("number", "0"))
        if word and word_key(word) in made_up:
            said = "never_saw" if instance.template.trained else "made_up"
            sheet.text(4 + i, 2 + width, messages(f"vocabulary.{said}"), "warning")
    widest = max(text_width(word) for word in words)
    sheet.widths = {0: 6, 1: min(40.0, max(14.0, widest * 1.2))}
    names = [text_width(str(name)) for name in page.book.values[known.dimensions.name].ravel()]
    sheet.default_width = min(20.0, max(9.0, *(name * 1.2 for name in names)))
