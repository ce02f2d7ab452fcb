"""A model laid out as sheets: Start, one sheet a section, before and after, the vocabulary, size."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from xltransformer.building.instance import Instance
from xltransformer.graph import Array, Matrix, Section
from xltransformer.locale import Messages
from xltransformer.nn.attention import every_attention
from xltransformer.size.configuration import Configuration, configuration
from xltransformer.workbook.baseline import draw_baseline
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas, spaced, text_width
from xltransformer.workbook.checks import draw_checks
from xltransformer.workbook.notation import notation_of
from xltransformer.workbook.page import Page
from xltransformer.workbook.pages import paginate
from xltransformer.workbook.panels import LEFT, draw_step, draw_weights, step_titles
from xltransformer.workbook.pause import no_collecting
from xltransformer.workbook.size_sheet import draw_size
from xltransformer.workbook.start import begin_start, finish_start, letters, told
from xltransformer.workbook.start.contents import Contents
from xltransformer.workbook.start.headline import Behind, draw_plane
from xltransformer.workbook.strips import draw_strips
from xltransformer.workbook.texts import needed
from xltransformer.workbook.vocabulary import draw_vocabulary


@no_collecting()
def lay_out(
    instance: Instance,
    values: Mapping[str, Array],
    messages: Messages,
    exercise: Collection[Matrix] = (),
    products: str = "auto",
) -> Book:
    """Every sheet of the workbook, drawn but not yet written; UserError where messages are missing."""
    model = instance.model
    messages.expect(needed(model))
    notation = notation_of(model, products, exercise=bool(exercise))
    book = Book(values, messages, exercise, instance.generated, notation)
    start = book.sheet(messages("sheet.start"))
    grid, row = begin_start(book, start, instance)
    contents: Contents = []
    numbers: dict[tuple[str, int | None, bool], int] = {}
    for section, *below in _by_sheet(instance.model.sections):
        number = numbers.setdefault((section.key, section.layer, section.backward), len(numbers) + 1)
        if section.compact:
            contents.append(draw_strips(book, model, [section, *below], number, letters(instance)))
        else:
            contents.append(_draw_section(book, instance, section, number))
        # What only looks back at the lessons would give an exercise's answers away.
        contents[-1][0].hidden = bool(book.exercise) and section.sentence is None
    extra: list[Canvas] = []
    changes = None
    if not book.exercise and (groups := _compared(book, instance)):
        extra.append(book.sheet(messages("sheet.baseline")))
        changes = draw_baseline(book, extra[0], groups)
    vocabulary = book.sheet(messages("sheet.vocabulary"))
    draw_vocabulary(book, vocabulary, instance)
    size = book.sheet(messages("sheet.size"))
    draw_size(book, size, configuration(), model)
    checks = Page(book, book.sheet(messages("sheet.checks")), model, letters(instance))
    behind = Behind(book, book.sheet(messages("sheet.behind")))
    behind.place_rest(model)
    verdicts = draw_checks(checks, start)
    others = [*extra, vocabulary, size, checks.sheet]
    finish_start(book, start, behind, instance, grid, row, contents, others, verdicts, changes)
    if model.watch is not None and not book.exercise:
        for (section, *_), (sheet, _) in zip(_by_sheet(model.sections), contents, strict=True):
            if section.compares:
                book.later(lambda sheet=sheet: draw_plane(book, sheet, behind, model, letters(instance)))  # type: ignore[misc]
    behind.sheet.hidden = bool(book.exercise)
    book.finish()
    shown = [sheet for sheet in book.sheets if not sheet.hidden]
    for sheet in shown:
        if sheet not in (start, vocabulary):
            _fit(sheet)
        paginate(sheet)
    for before, sheet, after in zip(shown, shown[1:], [*shown[2:], None], strict=False):
        _navigate(book, sheet, before, after)
    return book


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


def _navigate(book: Book, sheet: Canvas, before: Canvas, after: Canvas | None) -> None:
    """The way back to Start, to the sheet before and to the next one, in the sheet's second row."""
    row = 1
    sheet.link(row, LEFT, book.sheets[0].target(), book.messages("section.back"))
    sheet.link(row, LEFT + 1, before.target(), book.messages("section.previous"), before.name)
    if after is not None:
        sheet.link(row, LEFT + 3, after.target(), book.messages("section.next"), after.name)


def lay_out_size(own: Configuration, messages: Messages) -> Book:
    """A workbook with nothing but the sheet on size."""
    book = Book({}, messages)
    draw_size(book, book.sheet(messages("sheet.size")), own)
    book.finish()
    _fit(book.sheets[0])
    paginate(book.sheets[0])
    return book


def _compared(book: Book, instance: Instance) -> list[tuple[str, list[Matrix]]]:
    """What before and after shows: attention and output of every lesson and sentence."""
    groups = []
    shown = {block for one in every_attention(instance.model) for block in (one.weights, one.output)}
    for section in instance.model.sections:
        blocks = list(dict.fromkeys(b for step in section.steps for b in step.blocks if b in shown))
        if section.sentence is not None and blocks:
            letter = letters(instance)[section.sentence]
            title = book.messages(f"section.{section.key}.title", layer=(section.layer or 0) + 1)
            groups.append((f"{title} {letter}".strip(), blocks))
    return groups[-(book.notation.most_compared or len(groups)) :]


def _draw_section(
    book: Book, instance: Instance, section: Section, number: int
) -> tuple[Canvas, list[tuple[str, int]]]:
    """One section's sheet; returns it with the heading and row of each of its steps."""
    messages, model = book.messages, instance.model
    letter = letters(instance)[section.sentence] if section.sentence is not None else ""
    layer = (section.layer or 0) + 1
    name, title = (
        messages(f"sheet.{section.key}", layer=layer),
        messages(f"section.{section.key}.title", layer=layer),
    )
    intro = messages(f"section.{section.key}.intro")
    if section.backward:
        name, title = messages("backward.sheet", sheet=name), messages("backward.section", title=title)
        intro = messages("backward.intro")
    sheet = book.sheet(f"{number}{letter} {name}")
    sheet.text(0, LEFT, f"{number}  {title}", "title")
    sheet.heights[0] = 28
    if section.sentence is not None:
        sentence = model.sentences[section.sentence].text
        label = messages("section.of_sentence", letter=spaced(letter))
        shown = label + str(book.values[sentence.name][0, 0])
        book.formula(
            sheet, 2, LEFT, lambda: f'"{label}"&{book.ref(sentence, sheet).cell(0, 0)}', shown, "row_text"
        )
    sheet.freeze = (3 if section.sentence is not None else 2, 0)
    sheet.paragraph(3, LEFT, intro, "intro")
    row = 5
    notes = {} if section.backward else instance.template.notes.get(section.key, {})
    if note := told(instance, notes, messages):
        sheet.paragraph(4, LEFT, note, "note")
        row = 6
    if book.notation.weights_apart:
        _draw_weights(book, section, f"{number}{letter}", title)
    steps: list[tuple[str, int]] = []
    titles = step_titles(book, section, letters(instance))
    for k, (step, title) in enumerate(zip(section.steps, titles, strict=True), start=1):
        steps.append((title, row))
        row = draw_step(book, sheet, model, section, step, f"{number}.{k}  {title}", row)
    return sheet, steps


def _draw_weights(book: Book, section: Section, number: str, title: str) -> None:
    """A sheet with the learned weights of a section, after its own; none where it has none."""
    messages, top = book.messages, 5
    sheet = Canvas(messages("weights.sheet", number=number))
    if draw_weights(book, sheet, section, top) == top:
        return
    book.sheets.append(sheet)
    sheet.text(0, LEFT, messages("weights.title", title=title), "title")
    sheet.heights[0] = 28
    sheet.freeze = (2, 0)
    sheet.paragraph(3, LEFT, messages("weights.intro"), "intro")


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
