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
    """A name and a cell for everything that can be set; returns the row after them."""
    settings = list(_settings(book, model, letters))
    if settings:
        sheet.text(row, LABEL, book.messages("start.settings"), "column_label")
        for column in range(LABEL + 1, VALUE + 1):
            sheet.blank(row, column, ("column_label", ""))
        row += 1
    for block, name, note in settings:
        sheet.text(row, LABEL, name, "setting")
        book.draw(block, sheet, row, VALUE, labelled=False, note=note)
        row += 1
    return row + 1


def _settings(book: Book, model: Lesson, letters: list[str]) -> Iterator[tuple[Matrix, str, str]]:
    """Every setting with its name and what it means."""
    messages, watch = book.messages, model.watch
    if watch is not None:
        blocks = [("watch", watch.word), ("lesson", watch.lesson), ("across", watch.across), ("up", watch.up)]
        for key, block in blocks:
            if block is not None:
                yield block, messages(f"start.{key}"), messages(f"start.{key}_note")
    for switch in model.switches:
        key = switch.last_name
        yield switch, messages(f"switch.{key}"), messages(f"switch.{key}_note")
    if watch is not None:
        for letter, one in zip(letters, watch.sentences, strict=False):
            yield one.other, messages("start.other", letter=spaced(letter)), messages("start.other_note")
