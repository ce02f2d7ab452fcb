"""The words to edit, and the settings: all that is typed on the first sheet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from xltransformer.building.instance import Instance
from xltransformer.graph import Matrix, SwitchWords
from xltransformer.nn.embedding import Sentence
from xltransformer.ops import says
from xltransformer.text import word_key
from xltransformer.workbook.book import Page
from xltransformer.workbook.canvas import cell_range, spaced
from xltransformer.workbook.drawing import draw
from xltransformer.workbook.named import titled
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.grid import DRAWS, DRAWS_WIDTH, LABEL, TOP, VALUE
from xltransformer.workbook.styles import UNUSED


def draw_sentences(page: Page) -> tuple[int, Place]:
    """The sentences, two beside one another, each a column of cells, with what it is called above;
    returns the row after them, and where the first two stand."""
    row, sentences = TOP, page.model.sentences
    for s, sentence in enumerate(sentences):
        column = (LABEL, VALUE)[s % 2]
        page.sheet.text(row, column, titled(page, s), "column_label")
        draw(page, sentence.words, row + 1, column, labelled=False)
        for i in range(sentence.words.shape[0]):
            _mark(page, sentence, i, row + 1 + i, column + 1)
        if s % 2 or s == len(sentences) - 1:
            row += 2 + max(one.words.shape[0] for one in sentences[s - s % 2 : s + 1])
    first = sentences[:2]
    deepest = 1 + max(sentence.words.shape[0] for sentence in first)
    if page.model.draws is not None:
        _draw_draws(page, page.model.draws, VALUE if len(sentences) == 1 else DRAWS)
    return row, Place(page.sheet.name, TOP, LABEL, (deepest, (VALUE if len(first) > 1 else LABEL)))


def _draw_draws(page: Page, draws: Matrix, column: int) -> None:
    """The draws, each beside the slot whose word it chooses."""
    sheet = page.sheet
    sheet.text(TOP, column, page.messages("start.draws"), "column_label")
    draw(page, draws, TOP + 2, column, labelled=False)
    if column == DRAWS:
        sheet.widths[DRAWS] = DRAWS_WIDTH
    choose = page.model.switches[0]
    if choose.turned_by is not None:
        page.book.later(partial(_fade_unused, page, draws, choose, choose.turned_by))


def _fade_unused(page: Page, draws: Matrix, choose: Matrix, words: SwitchWords) -> None:
    """Draws in grey while they choose nothing."""
    place, cell = page.book.homes[draws], page.book.homes[choose].absolute.partition("!")[2]
    rule = {"type": "formula", "criteria": f"=NOT(OR({says(cell, words, on=True)}))", "format": UNUSED}
    page.sheet.conditions.append((cell_range(place.row, place.column, place.shape), rule))


def _mark(page: Page, sentence: Sentence, i: int, row: int, column: int) -> None:
    """A question mark beside a word that is not in the vocabulary, or in it twice."""

    def formula() -> str:
        word = page.ref(sentence.words).cell(i, 0)
        return f'IF({word}="","",IF({page.ref(sentence.index).cell(i, 0)}>0,"","?"))'

    values = page.book.values
    missing = values[sentence.words.name][i, 0] and not values[sentence.index.name][i, 0]
    page.formula(row, column, formula, "?" if missing else "", "warning")


def draw_glosses(page: Page, instance: Instance, glosses: Place) -> None:
    """What each word of another language means, beside it, from where the `glosses` of the vocabulary stand."""
    sheet = page.sheet
    sheet.widths |= {LABEL: 9, LABEL + 1: 6, VALUE: 9, VALUE + 1: 5}
    for sentence in page.model.sentences:
        place, words = page.book.homes[sentence.words], page.book.values[sentence.words.name].ravel()
        for i, word in enumerate(words):
            _gloss(page, sentence, i, (place.row + i, place.column + 1), glosses, str(word or ""), instance)


def _gloss(
    page: Page, sentence: Sentence, i: int, at: tuple[int, int], glosses: Place, word: str, instance: Instance
) -> None:
    """One word's gloss, in the place of its mark, which it shows where the word is unknown."""

    def formula() -> str:
        typed, index = page.ref(sentence.words).cell(i, 0), page.ref(sentence.index).cell(i, 0)
        gloss = f"INDEX({glosses.seen_from(page.sheet.name).all},{index})"
        return f'IF({typed}="","",IF({index}>0,{gloss}&"","?"))'

    known = page.book.values[sentence.index.name][i, 0] > 0
    shown = instance.template.glosses.get(word_key(word), "") if known else "?" if word else ""
    page.formula(*at, formula, shown, "gloss")


def draw_settings(page: Page, row: int) -> int:
    """A name and a cell for each setting that the first screen follows (the others stand with the step
    that they are for); returns the row after them."""
    sheet, settings = page.sheet, settings_of(page)
    if settings:
        sheet.text(row, LABEL, page.messages("start.settings"), "column_label")
        for column in range(LABEL + 1, VALUE + 1):
            sheet.blank(row, column, ("column_label", ""))
        row += 1
    for block, name in settings:
        sheet.text(row, LABEL, name, "setting")
        draw(page, block, row, VALUE, labelled=False)
        row += 1
    return row + 1


def settings_of(page: Page) -> list[tuple[Matrix, str]]:
    """The settings that the first screen follows, each with its name."""
    moving = page.model.moving()
    return [(block, name) for block, name in _settings(page) if block in moving]


def _settings(page: Page) -> Iterator[tuple[Matrix, str]]:
    """Everything that can be set, with its name."""
    model, symbol, watch = page.model, page.book.symbol, page.model.watch
    listed = [watch.choice, watch.lesson, watch.across, watch.up] if watch is not None else []
    places = [] if watch is None else watch.places
    for block in (*listed, *model.settings):
        if block is not None:
            yield block, symbol(block)
    for letter, place in zip(page.letters, places, strict=False):
        yield place, symbol(place) + spaced(letter)
    for block in model.switches:
        yield block, symbol(block)
    if watch is not None:
        for letter, one in zip(page.letters, watch.sentences, strict=False):
            yield one.other, symbol(one.other) + spaced(letter)
