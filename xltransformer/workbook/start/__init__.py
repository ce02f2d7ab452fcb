"""The first sheet: one screen that tells the story, and below it the map of everything else.

Drawn in two goes: what others point at (the words, the settings), then what points at others.
"""

from __future__ import annotations

from xltransformer import text
from xltransformer.building.instance import Instance
from xltransformer.building.template import Texts, in_language
from xltransformer.locale import Messages
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.contents import Contents, draw_legend, draw_map
from xltransformer.workbook.start.grid import INTRO, LABEL, TITLE, Grid, lay_grid
from xltransformer.workbook.start.headline import Behind, draw_headline
from xltransformer.workbook.start.inputs import draw_sentences, draw_settings
from xltransformer.workbook.start.score import draw_score
from xltransformer.workbook.start.words import draw_answers, draw_experiments, draw_state


def letters(instance: Instance) -> list[str]:
    """A letter for each sentence."""
    return text.letters(len(instance.model.sentences))


def told(instance: Instance, texts: Texts, messages: Messages) -> str:
    """A text of the template's in the workbook's language; none for sentences that it cannot speak of,
    because the word it watches is not in them."""
    template, watch = instance.template, instance.model.watch
    if watch is not None and template.watch not in (None, instance.inputs[watch.word.name][0, 0]):
        return ""
    return in_language(texts, messages.language)


def begin_start(book: Book, sheet: Canvas, instance: Instance) -> tuple[Grid, int]:
    """Title, sentences and settings; returns the columns of the headline and the row below all that."""
    messages, model = book.messages, instance.model
    grid = lay_grid(sheet, () if book.exercise else model.headline.pictures)
    sheet.text(TITLE, LABEL, told(instance, instance.template.title, messages) or messages("start.title"), "title")
    sheet.heights |= {TITLE: 27, INTRO + 2: 6}
    intro = messages("start.intro")
    if instance.template.trained and instance.made_up:
        intro += " " + messages("start.never_saw", words=messages("start.and").join(instance.made_up))
    sheet.text(INTRO, LABEL, intro, "intro_line")
    for part, row in (("title", TITLE), ("intro", INTRO)):
        book.screen[part] = Place(sheet.name, row, LABEL, (1, 1))
    row = draw_sentences(book, sheet, model, letters(instance))
    return grid, draw_settings(book, sheet, model, letters(instance), row)


def finish_start(
    book: Book,
    sheet: Canvas,
    behind: Behind,
    instance: Instance,
    grid: Grid,
    row: int,
    contents: Contents,
    others: list[Canvas],
    checks: tuple[Place, Place],
    changes: Place | None,
) -> None:
    """The headline with its answers and experiments, the state, the map and the legend; the sheet
    is taken by words and settings up to `row`."""
    model = instance.model
    draw_state(book, sheet, checks, changes)
    if book.exercise:
        right = draw_score(book, sheet, model, letters(instance), grid.last)
    else:
        right = draw_headline(book, sheet, behind, model, letters(instance), grid)
        right = draw_answers(book, sheet, model, letters(instance), right, grid.last)
        right = draw_experiments(book, sheet, instance, right)
    row = draw_map(book, sheet, contents, others, max(row, right) + 1)
    draw_legend(book, sheet, row)
