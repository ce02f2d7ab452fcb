"""The words to edit, and the settings: all that is typed on the first sheet."""

from __future__ import annotations

from collections.abc import Iterator

from xltransformer.graph import Matrix, Sentence
from xltransformer.models import Lesson
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas, spaced
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.grid import LABEL, TOP, VALUE


def draw_sentences(book: Book, sheet: Canvas, model: Lesson, letters: list[str]) -> int:
    """The sentences, two beside one another, each a column of cells; returns the row after them."""
    row = TOP
    for s, (letter, sentence) in enumerate(zip(letters, model.sentences, strict=True)):
        column = (LABEL, VALUE)[s % 2]
        sheet.text(row, column, book.messages("start.sentence", letter=spaced(letter)), "column_label")
        book.draw(sentence.words, sheet, row + 1, column, labelled=False)
        for i in range(sentence.words.shape[0]):
            _mark(book, sheet, sentence, i, row + 1 + i, column + 1)
        if s % 2 or s == len(model.sentences) - 1:
            row += 2 + max(one.words.shape[0] for one in model.sentences[s - s % 2 : s + 1])
    first = model.sentences[:2]
    deepest = 1 + max(sentence.words.shape[0] for sentence in first)
    book.screen["sentences"] = Place(sheet.name, TOP, LABEL, (deepest, (VALUE if len(first) > 1 else LABEL)))
    return row


def _mark(book: Book, sheet: Canvas, sentence: Sentence, i: int, row: int, column: int) -> None:
    """A question mark beside a word that is not in the vocabulary, or in it twice."""

    def formula() -> str:
        word = book.ref(sentence.words, sheet).cell(i, 0)
        return f'IF({word}="","",IF({book.ref(sentence.index, sheet).cell(i, 0)}>0,"","?"))'

    missing = book.values[sentence.words.name][i, 0] and not book.values[sentence.index.name][i, 0]
    book.formula(sheet, row, column, formula, "?" if missing else "", "warning")


def draw_settings(book: Book, sheet: Canvas, model: Lesson, letters: list[str], row: int) -> int:
    """A name and a cell for each setting that the first screen follows (the others stand with the step
    that they are for); returns the row after them."""
    moving = model.moving()
    settings = [(block, name) for block, name in _settings(book, model, letters) if block in moving]
    if settings:
        sheet.text(row, LABEL, book.messages("start.settings"), "column_label")
        for column in range(LABEL + 1, VALUE + 1):
            sheet.blank(row, column, ("column_label", ""))
        row += 1
    for block, name in settings:
        sheet.text(row, LABEL, name, "setting")
        book.draw(block, sheet, row, VALUE, labelled=False)
        row += 1
    return row + 1


def _settings(book: Book, model: Lesson, letters: list[str]) -> Iterator[tuple[Matrix, str]]:
    """Everything that can be set, with its name."""
    watch = model.watch
    listed = [watch.word, watch.lesson, watch.across, watch.up] if watch is not None else []
    for block in (*listed, *model.settings, *model.switches):
        if block is not None:
            yield block, book.symbol(block)
    if watch is not None:
        for letter, place in zip(letters, watch.places, strict=False):
            yield place, book.symbol(place) + spaced(letter)
        for letter, one in zip(letters, watch.sentences, strict=False):
            yield one.other, book.symbol(one.other) + spaced(letter)
