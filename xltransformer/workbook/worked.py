"""Worked examples: one cell of a block computed out loud, in live text and numbers."""

from __future__ import annotations

from collections.abc import Iterator

from xltransformer.graph import Axis, Matrix, Section
from xltransformer.models import Lesson
from xltransformer.ops import Index, Number, Pieces, op_of, step_down
from xltransformer.workbook.book import Book, Page
from xltransformer.workbook.phrases import Phrase, fixed
from xltransformer.workbook.places import Known

Word = tuple[Matrix, Matrix]
"""A word that is followed, and its position among the words of a sentence (both 1 x 1)."""


def words_of(model: Lesson, section: Section) -> list[Word]:
    """The watched word and the other one, in the sentence of a section."""
    if model.watch is None or section.sentence is None or section.sentence >= len(model.watch.sentences):
        return []
    sentence = model.watch.sentences[section.sentence]
    return [(model.watch.word, sentence.position), (sentence.other, sentence.other_position)]


def cells_of(block: Matrix, words: list[Word], source: Matrix | None) -> Iterator[tuple[Word | None, Word | None]]:
    """Which cells are worked out, by the words of their row and column (None: the first one).

    A block over words both ways shows the watched word's row at the other word's column; one with
    words for rows shows both words' first numbers. Of what is learned, the first number is shown.
    """
    if block.op is None or block.text:
        return
    if not words:
        if isinstance(block.op, type(step_down)) or block.gradient_of is not None:
            yield None, None
        return
    by_row, by_column = (axis.source is source for axis in (block.rows, block.columns))
    if by_row and by_column:
        yield words[0], words[1]
    elif by_row:
        yield from ((word, None) for word in words)
    elif block.rows.size == 1 or block.gradient_of is not None:
        yield None, words[1] if by_column else None


def worked_lines(page: Page, block: Matrix, words: list[Word], source: Matrix | None) -> Iterator[Phrase]:
    """The worked lines of a block, for formulas on the page; to be called when all places are known."""
    op, book = op_of(block), page.book
    for row, column in cells_of(block, words, source):
        refs = [page.ref(m) for m in block.operands]
        pieces = op.worked(_index(page, row), _index(page, column), *refs)
        numbers = [Known(book.values[m.name]) for m in block.operands]
        at = _value(book, row), _value(book, column)
        found = None not in at
        values = op.worked(at[0] or 0, at[1] or 0, *numbers) if found else []
        if pieces is None or values is None:
            return
        labels = [_label(page, axis, word) for axis, word in ((block.rows, row), (block.columns, column))]
        labels = [(formula, text) for formula, text in labels if text]
        name, name_shown = f'"{book.symbol(block)}', book.symbol(block)
        if labels:  # one number alone has none
            name += '["&' + '&", "&'.join(formula for formula, _ in labels) + '&"]'
            name_shown += f"[{', '.join(text for _, text in labels)}]"
        formula = f'{name} = "&{_formula(pieces)}&" = "&'
        shown = f"{name_shown} = {_text(values)} = "
        if block in book.exercise.blocks:
            formula, shown = formula + '"?"', shown + "?"
        else:
            cell = page.ref(block).cell(_index(page, row), _index(page, column))
            formula += _formula([Number(cell, masked=op.scale == "signed")])
            shown += _text([Number(Known(book.values[block.name]).cell(at[0] or 0, at[1] or 0))])
        followed = [word for word in (row, column) if word is not None]
        if followed:
            there = ",".join(f"{page.ref(position).cell(0, 0)}>0" for _, position in followed)
            missing = book.messages("worked.missing")
            formula = f'IF(AND({there}),{formula},"{missing}")'
        yield Phrase(formula, shown if found else book.messages("worked.missing"))


def _index(page: Page, word: Word | None) -> Index:
    return 0 if word is None else page.ref(word[1]).cell(0, 0)


def _value(book: Book, word: Word | None) -> int | None:
    """The row or column from 0, as it is now; None where the word is not in the sentence."""
    if word is None:
        return 0
    position = int(book.values[word[1].name][0, 0])
    return position - 1 if position else None


def _label(page: Page, axis: Axis, word: Word | None) -> tuple[str, str]:
    """A row's or column's label, as a formula and as it is now."""
    if word is not None:
        return page.ref(word[0]).cell(0, 0), str(page.book.values[word[0].name][0, 0])
    text = axis.read(page.book.values)[0]
    return page.ref(axis.source).cell(0, 0) if axis.source is not None else f'"{text}"', text


def _formula(pieces: Pieces) -> str:
    """The pieces joined as a formula that shows them."""
    parts = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(f'"{piece}"')
        elif piece.masked:
            parts.append(f'IF({piece.expression}<-1E+29,"−∞",FIXED({piece.expression},2,TRUE))')
        else:
            parts.append(f"FIXED({piece.expression},2,TRUE)")
    return "&".join(parts)


def _text(pieces: Pieces) -> str:
    """The pieces, whose expressions are plain numbers, as they show."""

    def show(piece: str | Number) -> str:
        if isinstance(piece, str):
            return piece
        value = float(piece.expression)
        return "−∞" if value < -1e29 else fixed(value)

    return "".join(show(piece) for piece in pieces)
