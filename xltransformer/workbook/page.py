"""A sheet while it is drawn: the one thing that every drawing function is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field, replace
from typing import Any

from xltransformer.graph import Matrix
from xltransformer.locale import Messages
from xltransformer.models import Lesson
from xltransformer.record import record
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas
from xltransformer.workbook.places import SeenPlace


@record(eq=False)
class Page:
    """A sheet of a book, the model that is drawn there, and the letters of its sentences (one empty text
    where there is only one); without a model, one of no sentences. `labels` keeps the labels that have been made
    for the sheet."""

    book: Book
    sheet: Canvas
    model: Lesson = field(default_factory=lambda: Lesson((), 0, 0))
    letters: Sequence[str] = ()
    labels: dict[Any, Any] = field(default_factory=dict)

    @property
    def messages(self) -> Messages:
        return self.book.messages

    def another(self, name: str) -> Page:
        """A new sheet of the same book."""
        return self.on(self.book.sheet(name))

    def on(self, sheet: Canvas) -> Page:
        return replace(self, sheet=sheet, labels={})

    def ref(self, block: Matrix) -> SeenPlace:
        """The home of a block as formulas on this sheet write it."""
        return self.book.homes[block].seen_from(self.sheet.name)

    def formula(
        self,
        row: int,
        column: int,
        formula: Callable[[], str],
        shown: float | str | None,
        style: str,
        number: str = "",
    ) -> None:
        """A formula of the sheet's own (a remark, a verdict), made when every block has its place; `shown`
        is its result, None where it is to be calculated on opening."""
        self.book.later(lambda: self.sheet.formula(row, column, formula(), shown, (style, number)))
