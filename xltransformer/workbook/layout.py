"""A model laid out as sheets: Start, one sheet a section, before and after, the vocabulary, size."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from xltransformer.building.instance import Instance
from xltransformer.graph import Array
from xltransformer.locale import Messages
from xltransformer.size.configuration import Configuration, configuration
from xltransformer.text import letters, word_key
from xltransformer.workbook.baseline import compared, draw_baseline, draw_changed
from xltransformer.workbook.book import Book, Chapter, Left, Page, Variant, Workbook, no_collecting
from xltransformer.workbook.built import draw_as_built
from xltransformer.workbook.canvas import Canvas, text_width
from xltransformer.workbook.checks import draw_checks
from xltransformer.workbook.drawing import draw
from xltransformer.workbook.kept import draw_kept
from xltransformer.workbook.notation import notation_of
from xltransformer.workbook.panels import LEFT
from xltransformer.workbook.paper import Printed, draw_pages
from xltransformer.workbook.phrases import literal, needed
from xltransformer.workbook.places import Place
from xltransformer.workbook.printing import paginate
from xltransformer.workbook.sections import draw_chapters
from xltransformer.workbook.size_sheet import draw_size
from xltransformer.workbook.start import draw_shown, draw_typed
from xltransformer.workbook.start.charts import Behind, draw_below, suggested
from xltransformer.workbook.start.inputs import draw_glosses
from xltransformer.workbook.start.words import draw_state


@no_collecting()
def lay_out(
    instance: Instance,
    values: Mapping[str, Array],
    messages: Messages,
    exercise: Left | None = None,
    products: str = "auto",
    variant: Variant | None = None,
    printed: Printed | None = None,
) -> Workbook:
    """Every sheet of the workbook, drawn but not yet written; UserError where messages are missing."""
    model = instance.model
    messages.expect(needed(model))
    notation = notation_of(model, products, exercise=bool(exercise))
    book = Book(values, messages, notation, exercise, instance.generated, suggested(messages))
    roles = ("source", "target") if instance.template.entry.pair else ()
    start = Page(book, book.sheet(messages("sheet.start")), model, letters(len(model.sentences)), roles)
    typed = draw_typed(start, instance, variant)
    chapters = draw_chapters(start, instance)
    lessons = [chapter for chapter in chapters if chapter.section is not None and not chapter.section.behind]
    watched = [chapter for chapter in chapters if chapter not in lessons]
    before = [] if exercise else [start.another(messages("sheet.baseline"))]
    moved = draw_baseline(before[0], compared(start)) if before else None
    vocabulary = start.another(messages("sheet.vocabulary"))
    if (glosses := _draw_vocabulary(vocabulary, instance)) is not None:
        draw_glosses(start, instance, glosses)
    size = start.another(messages("sheet.size"))
    draw_size(size, configuration())
    for chapter in watched:  # drawn in its turn, read last
        book.sheets.remove(chapter.page.sheet)
        book.sheets.append(chapter.page.sheet)
    checks = start.another(messages("sheet.checks"))
    behind = Behind(start.another(messages("sheet.behind")))
    behind.place_rest()
    found = draw_checks(checks, start.sheet)
    kept = _out_of_sight(start)
    changed = draw_changed(before[0], draw_kept(kept)) if before else None
    if exercise:
        draw_as_built(kept)
    state = draw_state(start, found, moved, changed)
    paper = draw_pages(start, printed) if printed is not None else []
    others = [Chapter(page) for page in (*before, *paper, vocabulary, size)]
    listed = [*lessons, *others, *watched, Chapter(checks)]
    screen = draw_shown(start, instance, typed, behind, listed, changed) | {"state": state}
    draw_below(behind, chapters)
    behind.page.sheet.hidden = bool(exercise)
    workbook = replace(book.finish(screen), carrier=kept.sheet, page=start, chapters=listed)
    _set_up(workbook, as_they_are=(start.sheet, vocabulary.sheet))
    _navigate([sheet for sheet in workbook.shown if sheet.paper is None], messages)
    return workbook


def _out_of_sight(page: Page) -> Page:
    """A new sheet that nobody sees."""
    another = page.another(page.messages("sheet.kept"))
    another.sheet.hidden = True
    return another


def _draw_vocabulary(page: Page, instance: Instance) -> Place | None:
    """The word list with one row of numbers a word, all of it to edit; returns where glosses of its words
    stand, which are in another language, None where there are none."""
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
    glosses = _draw_glosses(page, instance, words, 4, 3 + width)
    widest = max(text_width(word) for word in words)
    sheet.widths = {0: 6, 1: min(40.0, max(14.0, widest * 1.2))}
    names = [text_width(str(name)) for name in page.book.values[known.dimensions.name].ravel()]
    sheet.default_width = min(20.0, max(9.0, *(name * 1.2 for name in names)))
    return glosses


def _draw_glosses(page: Page, instance: Instance, words: Sequence[str], row: int, column: int) -> Place | None:
    """What the words mean, in a column: each as long as its word stands there."""
    glosses = instance.template.glosses
    if not any(word_key(word) in glosses for word in words):
        return None
    page.sheet.text(row - 1, column, page.messages("vocabulary.gloss"), "remark")
    for i, word in enumerate(words):
        if gloss := glosses.get(word_key(word), ""):
            cell = Place(page.sheet.name, row + i, 1, (1, 1)).seen_from(page.sheet.name).cell(0, 0)
            formula = f'IF({cell}={literal(word)},{literal(gloss)},"")'
            page.sheet.formula(row + i, column, formula, gloss, ("remark", ""))
    return Place(page.sheet.name, row, column, (len(words), 1))


def lay_out_size(own: Configuration, messages: Messages) -> Workbook:
    """A workbook with nothing but the sheet on size."""
    book = Book({}, messages)
    draw_size(Page(book, book.sheet(messages("sheet.size"))), own)
    workbook = book.finish()
    _set_up(workbook)
    return workbook


def _set_up(workbook: Workbook, as_they_are: Collection[Canvas] = ()) -> None:
    """Make the columns of sheets wide enough, but for those that have theirs, and divide each into pages."""
    for sheet in workbook.shown:
        if sheet.paper is not None:
            continue
        if sheet not in as_they_are:
            _fit(sheet)
        paginate(sheet)


def _fit(sheet: Canvas) -> None:
    """Make columns wide enough for their labels."""
    first = others = 0.0
    for column, text in sheet.texts("row_label", "column_label", "symbol", "long_symbol"):
        if column == LEFT:
            first = max(first, text_width(text))
        else:
            others = max(others, text_width(text))
    sheet.widths |= {0: 2, LEFT: min(24.0, max(14.0, first * 1.2))}
    sheet.default_width = max(sheet.default_width, min(9.0, others * 1.1))


def _navigate(sheets: Sequence[Canvas], messages: Messages) -> None:
    """The way back to Start, to the sheet before and to the next one, in each sheet's second row."""
    row, start = 1, sheets[0]
    for before, sheet, after in zip(sheets, sheets[1:], [*sheets[2:], None], strict=False):
        sheet.link(row, LEFT, start.target(), messages("section.back"))
        sheet.link(row, LEFT + 1, before.target(), messages("section.previous"), before.name)
        if after is not None:
            sheet.link(row, LEFT + 3, after.target(), messages("section.next"), after.name)
