"""Draws the sheets to print: `Handout` with blanks, `Key` with the answers, one A4 page a lesson."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from xltransformer.graph import Axis, Matrix
from xltransformer.record import record
from xltransformer.workbook.book import TOLERANCE, Left, Page, Variant
from xltransformer.workbook.canvas import Paper, text_width
from xltransformer.workbook.named import of_student, titled
from xltransformer.workbook.panels import section_title, step_text, step_titles
from xltransformer.workbook.paper.asked import Asked, Piece, asked_of
from xltransformer.workbook.paper.composed import (
    COLUMN,
    LEFT,
    LONG,
    MARGIN,
    SCALES,
    Composed,
    Said,
    columns_at,
    compose,
)
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import number_format

KEY = "xlt.key"
"""The name of the sheet with the answers, so that grading knows who takes them from there."""


@record(eq=False, frozen=False)
class Printed:
    """What is to be printed: a page with blanks (`handout`), with the answers (`key`), both of the cells `left`;
    `whose` stands at the top. What did not fit is told in `notes`."""

    handout: bool = False
    key: bool = False
    left: Left = field(default_factory=dict)
    whose: Variant | None = None
    notes: list[str] = field(default_factory=list)


def draw_pages(start: Page, printed: Printed) -> list[Page]:
    """The sheets that are to be printed; none where none is asked for, or nothing is left to fill in."""
    kinds = [kind for kind, wanted in (("handout", printed.handout), ("key", printed.key)) if wanted]
    pages = asked_of(start.model, printed.left, start.book.values) if kinds else []
    if not pages:
        return []
    said = [_said(start, asked) for asked in pages]
    composed, scale, label = _composed(start, pages, said)
    _tell(start, printed, pages, composed, scale)
    sheets = []
    for kind in kinds:
        sheet = start.another(start.messages(f"sheet.{kind}"))
        _Sheet(sheet, kind == "key", printed.whose, scale, label).draw(pages, composed)
        sheets.append(sheet)
    return sheets


def _said(page: Page, asked: Asked) -> list[Said]:
    titles = dict(zip(asked.section.steps, step_titles(page, asked.section), strict=True))
    return [
        Said(titles[task.step], step_text(page, task.step, "formula"), step_text(page, task.step, "question"))
        for task in asked.tasks
    ]


def _composed(
    page: Page, pages: Sequence[Asked], said: Sequence[Sequence[Said]]
) -> tuple[list[Composed], float, float]:
    """Every page, the scale at which all fit, or the smallest, and the width of their labels."""
    blocks = [piece.block for asked in pages for task in asked.tasks for piece in (*task.given, *task.asked)]
    symbols = {block.name: text_width(page.book.symbol(block)) for block in blocks}
    labels = [text_width(label) for block in blocks for label in block.rows.read(page.book.values)]
    label = min(24.0, max(9.0, 1.15 * max([*symbols.values(), *labels], default=0.0)))
    long = [name for name, wide in symbols.items() if wide > LONG]
    for scale in SCALES:
        found = [compose(one, text, long, scale, label) for one, text in zip(pages, said, strict=True)]
        if all(one.fits(scale) for one in found):
            break
    return found, scale, label


def _tell(
    page: Page, printed: Printed, pages: Sequence[Asked], composed: Sequence[Composed], scale: float
) -> None:
    """Tell what does not fit."""
    for asked, one in zip(pages, composed, strict=True):
        title = _title(page, asked)
        for piece in one.left_out:
            rows, columns = len(piece.rows), len(piece.columns)
            printed.notes.append(
                f"printed page {title!r:.60}: {piece.block.name} ({rows}x{columns}) is left out: too wide for A4"
            )
        if one.pages(scale) > 1:
            printed.notes.append(
                f"printed page {title!r:.60} takes {one.pages(scale)} pages of A4: leave fewer cells in `exercise`"
            )


def _title(page: Page, asked: Asked) -> str:
    return section_title(page.messages, asked.section)


class _Sheet:
    """One of the sheets, drawn page by page."""

    def __init__(self, page: Page, solved: bool, whose: Variant | None, scale: float, label: float) -> None:
        self._page, self._solved, self._whose, self._label = page, solved, whose, label
        self._last = LEFT + columns_at(scale, label)
        page.sheet.paper = Paper(self._last)
        page.sheet.widths = {0: MARGIN, LEFT: label}
        page.sheet.default_width = COLUMN

    def draw(self, pages: Sequence[Asked], composed: Sequence[Composed]) -> None:
        top, page = 0, self._page
        for asked, one in zip(pages, composed, strict=True):
            if top:
                page.sheet.breaks.append(top)
            self._draw_head(asked, top)
            self._draw_texts(one, top)
            for row, column, piece in one.pieces:
                self._draw_piece(piece, top + row, column)
            page.sheet.heights |= {top + row: height for row, height in one.heights.items()}
            top += one.rows + 1
        if self._solved:
            page.book.names[KEY] = Place(page.sheet.name, 0, 0, (top, self._last + 1))

    def _draw_head(self, asked: Asked, top: int) -> None:
        page, sheet, messages = self._page, self._page.sheet, self._page.messages
        kind = "key" if self._solved else "handout"
        sheet.text(top, LEFT, messages(f"{kind}.title", title=_title(page, asked)), "title")
        if self._whose is not None or not self._solved:
            sheet.text(top + 1, LEFT, of_student(messages, "handout.name", self._whose), "row_text")
        sheet.heights |= {top: 28, top + 1: 20}
        if asked.section.sentence is not None:
            sentence = page.model.sentences[asked.section.sentence].text
            label = messages("section.of_sentence", sentence=titled(page, asked.section.sentence))
            shown = label + str(page.book.values[sentence.name][0, 0])
            page.formula(top + 2, LEFT, lambda: f'"{label}"&{page.ref(sentence).cell(0, 0)}', shown, "intro_line")
        intro = messages(f"{kind}.intro", tolerance=TOLERANCE)
        if not self._solved and any(piece.partly for task in asked.tasks for piece in task.asked):
            intro = f"{intro} {messages('handout.grey')}"
        sheet.text(top + 3, LEFT, intro, "intro_line")

    def _draw_texts(self, one: Composed, top: int) -> None:
        for text in one.texts:
            if text.style == "question":
                self._page.sheet.paragraph(top + text.row, LEFT, text.said, text.style, last=self._last)
            else:
                self._page.sheet.text(top + text.row, LEFT, text.said, text.style)

    def _draw_piece(self, piece: Piece, row: int, column: int) -> None:
        block, sheet, page = piece.block, self._page.sheet, self._page
        symbol = page.book.symbol(block)
        sheet.text(row, column, symbol, "long_symbol" if column == LEFT else "symbol")
        self._draw_labels(block.columns, piece.columns, row, column + 1, across=True)
        self._draw_labels(block.rows, piece.rows, row + 1, column, across=False)
        number, values = number_format(block, page.messages), page.book.values[block.name]
        for k, i in enumerate(piece.rows):
            for n, j in enumerate(piece.columns):
                asked = (i, j) in piece.blanks
                at = row + 1 + k, column + 1 + n
                if piece.blanks and not self._solved:
                    sheet.blank(*at, ("blank" if asked else "unasked", ""))
                else:
                    look = "solution" if asked else "unasked" if piece.blanks else "given"
                    self._repeat(block, (i, j), at, (look, number), float(values[i, j]))

    def _repeat(
        self, block: Matrix, cell: tuple[int, int], at: tuple[int, int], style: tuple[str, str], shown: float
    ) -> None:
        page = self._page
        page.book.later(lambda: page.sheet.formula(*at, page.ref(block).cell(*cell), shown, style))

    def _draw_labels(self, axis: Axis, some: Sequence[int], row: int, column: int, *, across: bool) -> None:
        """The labels of some rows, down from a cell, or of some columns, `across` from it."""
        page, texts = self._page, axis.read(self._page.book.values)
        style = "column_label" if across else "paper_label"
        for k, i in enumerate(some):
            at = (row, column + k) if across else (row + k, column)
            if axis.source is None:
                page.sheet.text(*at, page.messages.get(f"label.{texts[i]}", texts[i]), style)
            else:
                self._follow(axis.source, i, at, texts[i], style)

    def _follow(self, source: Matrix, i: int, at: tuple[int, int], shown: str, style: str) -> None:
        """A label that follows a word."""
        page = self._page

        def formula() -> str:
            words = page.ref(source)
            return f'{words.cell(i, 0) if source.shape[1] == 1 else words.cell(0, i)}&""'

        page.formula(*at, formula, shown, style)
