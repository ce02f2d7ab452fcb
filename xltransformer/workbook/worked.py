"""Worked examples: one cell of a block computed out loud, in live text and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from xltransformer.graph import Axis, Matrix, Section
from xltransformer.models import Lesson
from xltransformer.ops import Index, Number, Pieces, op_of, step_down
from xltransformer.ops.masking import SEEN
from xltransformer.record import record
from xltransformer.workbook.book import Book, Page
from xltransformer.workbook.phrases import Phrase, fixed
from xltransformer.workbook.places import Known, Place

Word = tuple[Matrix, Matrix]
"""A word that is followed, and its position among the words of a sentence (both 1 x 1)."""


def words_of(model: Lesson, section: Section) -> list[Word]:
    """The watched word and the other one, in the sentence of a section."""
    if model.watch is None or section.sentence is None or section.sentence >= len(model.watch.sentences):
        return []
    sentence = model.watch.sentences[section.sentence]
    return [(model.watch.word, sentence.position), (sentence.other, sentence.other_position)]


def rows_of(block: Matrix, words: list[Word], source: Matrix | None) -> Iterator[Word | None]:
    """Which rows are worked out, by their words (None: the first one).

    A block over words both ways shows the watched word's row; one with words for rows shows both words'. Of
    what is learned, the first row is shown.
    """
    if block.op is None or block.text:
        return
    if not words:
        if isinstance(block.op, type(step_down)) or block.gradient_of is not None:
            yield None
    elif block.rows.source is source:
        yield from words[:1] if block.columns.source is source else words
    elif block.rows.size == 1 or block.gradient_of is not None:
        yield None


_FAR = "1E+6"
"""More than there are columns."""


@record
class Winner:
    """The column that is worked out: that of a row's largest share, where shares are made of the block; else of
    the entry that is largest in size."""

    judge: Matrix
    by_size: bool

    def formula(self, page: Page, row: Word | None) -> str:
        """Its number from 1."""
        ref = page.ref(self.judge)
        cells, first = ref.all if row is not None else ref.row(0), ref.cell(0, 0)
        here = "1" if row is None else f"(ROW({cells})-ROW({first})+1={_index(page, row)})"
        size = f"{cells}*{cells}" if self.by_size else cells
        most = f"SUMPRODUCT(LARGE({here}*{size},1))"  # INDEX gives Gnumeric no whole row, MAX no array
        away = f"(1-{here}*({size}={most}))*{_FAR}"
        return f"IFERROR(SUMPRODUCT(SMALL({away}+COLUMN({cells})-COLUMN({first})+1,1)),1)"

    def value(self, book: Book, row: int) -> int:
        """Its number from 0, as it is now."""
        entries = book.values[self.judge.name][row].astype(float)
        return int((entries * entries if self.by_size else entries).argmax())


def winner_of(page: Page, block: Matrix, section: Section) -> Winner | None:
    """What decides which column of a block is worked out; None for the first one: the only one, or one that gives
    nothing of an exercise away."""
    made = [one.operands[0] for step in section.steps for one in step.blocks if one.sums_to_one]
    judge = next((shares for shares in dict.fromkeys(made) if block in _leading_to(shares)), block)
    if block.columns.size == 1 or page.book.exercise.hides(judge):
        return None
    return Winner(judge, by_size=judge is block and judge not in made)


def _leading_to(shares: Matrix) -> set[Matrix]:
    """Shares, and the blocks of their shape that they are made of, entry by entry."""
    found, waiting = set[Matrix](), [shares]
    while waiting:
        block = waiting.pop()
        found.add(block)
        waiting += [m for m in block.operands if m.shape == shares.shape and m.columns is block.columns]
    return found


@record
class WorkedLine:
    """A line, and the number of the column that it works out, where there is more than one."""

    said: Phrase
    column: Phrase | None


def worked_lines(
    page: Page, section: Section, block: Matrix, words: list[Word], rows: Iterator[int]
) -> Iterator[WorkedLine]:
    """The worked lines of a block, for formulas on the page, each in the next of some `rows`, whose first cell
    holds the number of the column; to be called when all places are known."""
    op, book, winner = op_of(block), page.book, winner_of(page, block, section)
    source = page.model.sentences[section.sentence].words if section.sentence is not None else None
    for word in rows_of(block, words, source):
        at, column, j = _value(book, word), None, 0
        index: Index = 0
        if winner is not None:
            cell = Place(page.sheet.name, next(rows), 0, (1, 1)).seen_from(page.sheet.name).cell(0, 0)
            index, j = cell, winner.value(book, at or 0)
            column = Phrase(winner.formula(page, word), str(j + 1))
        else:
            next(rows)
        pieces = op.worked(_index(page, word), index, *(page.ref(m) for m in block.operands))
        values = op.worked(at or 0, j, *(Known(book.values[m.name]) for m in block.operands))
        if pieces is None or values is None:
            return
        labels = [_row_label(page, block.rows, word), _column_label(page, block, index, j)]
        named = _named(book.symbol(block), [label for label in labels if label.shown])
        result = page.ref(block).cell(_index(page, word), index)
        decimals = _decimals(result) if _may_be_small(block) else "2"
        formula = f'{named.formula} = "&{_formula(pieces, decimals)}&" = "&'
        number = float(book.values[block.name][at or 0, j])
        digits = digits_of(number) if _may_be_small(block) else 2
        shown = f"{named.shown} = {_text(values, digits)} = "
        formula += _formula([Number(result, masked=op.scale == "signed")], decimals)
        shown += _text([Number(repr(number))], digits)
        if word is not None:
            missing = book.messages("worked.missing")
            formula = f'IF({page.ref(word[1]).cell(0, 0)}>0,{formula},"{missing}")'
            shown = missing if at is None else shown
        yield WorkedLine(Phrase(formula, shown), column)


def asked_of(page: Page, block: Matrix, i: int, row: Phrase, index: Index, j: int) -> str:
    """The formula of how a cell of row i comes about, without its result: in column `index`, now j."""
    op, book = op_of(block), page.book
    pieces = op.hint(i, index, *(page.ref(m) for m in block.operands))
    assert pieces is not None
    labels = [label for label in (row, _column_label(page, block, index, j)) if label.shown]
    result = page.ref(block).cell(i, index)
    decimals = _decimals(result) if _may_be_small(block) else "2"
    return f'{_named(book.symbol(block), labels).formula} = "&{_formula(pieces, decimals)}&" = ?"'


def _named(symbol: str, labels: list[Phrase]) -> Phrase:
    """A block's symbol with the labels of one of its cells; an open text, as a formula."""
    if not labels:  # one number alone has none
        return Phrase(f'"{symbol}', symbol)
    inside = '&", "&'.join(label.formula for label in labels)
    return Phrase(f'"{symbol}["&{inside}&"]', f"{symbol}[{', '.join(label.shown for label in labels)}]")


def _index(page: Page, word: Word | None) -> Index:
    return 0 if word is None else page.ref(word[1]).cell(0, 0)


def _value(book: Book, word: Word | None) -> int | None:
    """The row from 0, as it is now; None where the word is not in the sentence."""
    if word is None:
        return 0
    position = int(book.values[word[1].name][0, 0])
    return position - 1 if position else None


def _row_label(page: Page, axis: Axis, word: Word | None) -> Phrase:
    """A row's label, as a formula and as it is now."""
    if word is not None:
        return Phrase(page.ref(word[0]).cell(0, 0), str(page.book.values[word[0].name][0, 0]))
    text = axis.read(page.book.values)[0]
    return Phrase(page.ref(axis.source).cell(0, 0) if axis.source is not None else f'"{text}"', text)


def _column_label(page: Page, block: Matrix, index: Index, j: int) -> Phrase:
    """A column's label, as a formula and as it is now."""
    axis, texts = block.columns, block.columns.read(page.book.values)
    if axis.source is not None:
        source = page.ref(axis.source)
        return Phrase(source.cell(index, 0) if source.shape[1] == 1 else source.cell(0, index), texts[j])
    if isinstance(index, str) and any(texts):
        if len(texts) > MOST_LISTED:
            return Phrase(index, str(j + 1))
        listed = ",".join(f'"{text}"' for text in texts)
        return Phrase(f"CHOOSE({index},{listed})", texts[j])
    return Phrase(f'"{texts[j]}"', texts[j])


MOST_LISTED = 29
"""Of more columns than these, which a formula cannot list, the number is told."""
MOST_DECIMALS = 9
"""How many decimals a small number has at most."""


def _may_be_small(block: Matrix) -> bool:
    """Whether a block holds numbers of which two decimals may show nothing: gradients, and steps against them."""
    return block.gradient_of is not None or isinstance(block.op, type(step_down))


def _decimals(cell: str) -> str:
    """How many decimals show two digits of a number at least."""
    return f"MAX(2,MIN({MOST_DECIMALS},1-INT(LOG10(ABS({cell})+1E-{MOST_DECIMALS}))))"


def digits_of(value: float) -> int:
    """The same, for a number that is known."""
    return max(2, min(MOST_DECIMALS, 1 - math.floor(math.log10(abs(value) + 10.0**-MOST_DECIMALS))))


def _formula(pieces: Pieces, decimals: str) -> str:
    """The pieces joined as a formula that shows them; none shows as minus zero."""
    parts = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(f'"{piece}"')
            continue
        number = piece.expression
        least = "0.005" if decimals == "2" else f"0.5*10^-{decimals}"
        said = f"FIXED(IF(ABS({number})<{least},0,{number}),{decimals},TRUE)"
        parts.append(f'IF({piece.expression}<-1E+29,"−∞",{said})' if piece.masked else said)
    return "&".join(parts)


def _text(pieces: Pieces, decimals: int) -> str:
    """The pieces, whose expressions are plain numbers, as they show."""

    def show(piece: str | Number) -> str:
        if isinstance(piece, str):
            return piece
        value = float(piece.expression)
        return "−∞" if value < SEEN else fixed(value, decimals)

    return "".join(show(piece) for piece in pieces)
