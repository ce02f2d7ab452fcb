"""Every input as built, on a sheet out of sight, and which cells of them hold something else now.

A line for each input: how many of its cells differ, and of the first few where they are, what they are, what
they hold, and what they held as built. Of a large block no copy is kept, but two sums of each row, from which
the one cell of a row that was changed, and what it held, follow.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from xltransformer.graph import Matrix, Model
from xltransformer.nn.embedding import Sentence
from xltransformer.ops import Coordinate
from xltransformer.record import record
from xltransformer.workbook.book import Page
from xltransformer.workbook.canvas import spaced
from xltransformer.workbook.drawing import draw_built
from xltransformer.workbook.named import named
from xltransformer.workbook.phrases import filled, literal
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import kept_format

MOST_CELLS = 200
"""Of blocks with more cells, only sums of rows are kept: copies of all weights would make files much larger."""
MOST_SLOTS, MOST_WEIGHTS = 6, 3
"""How many changed cells of one block are told, and of one of weights."""
CODE, NAME, NOW, BUILT = range(4)
"""What is told of each: its row and column in one number, its name where it has one of its own, what it holds
now and held as built."""
FIELDS = 4
COUNT, TOLD, BEFORE, SHEET, TOP_ROW, LEFT_COLUMN, BLOCK = range(7)
"""What stands before that in the line of a block: how many cells differ, how many are told, how many before
them, its sheet, first row and column, and its name, which goes on with the cell where it ends in a space."""
ROW = 100_000
"""A cell's code is its row times this, plus its column, both from 0."""
_NONE = "1E+12"
"""Beyond every code."""
_TOP, _LEFT, _FIRST = 3, 1, 8
"""Where the lines begin, and the first column of what is told in them."""


@record
class Told:
    """Where it stands what was changed, a line for each block: what holds for all of it, and the fields of each
    changed cell that is told, side by side."""

    lines: Place
    fields: Place


def _told(model: Model) -> list[Matrix]:
    """The inputs that have a line."""
    return [block for block in model.inputs if block.role != "list"]


def is_whole(block: Matrix) -> bool:
    """Whether all cells of an input are kept, and not only sums of its rows."""
    return block.text or block.size <= MOST_CELLS


def places_of(model: Model, sheet: str) -> dict[Matrix, Place]:
    """Where each input is kept on a sheet; one that another block makes stands there anyway."""
    places, row = dict[Matrix, Place](), _TOP + len(_told(model)) + 1
    for block in (one for one in _told(model) if one.made_by is None):
        places[block] = Place(sheet, row, 1, block.shape if is_whole(block) else (block.shape[0], 4))
        row += block.shape[0] + 1
    return places


def draw_kept(page: Page) -> Told:
    """All inputs but lists, one below the other: first what is told of each, then what is kept."""
    blocks, places = _told(page.model), places_of(page.model, page.sheet.name)
    for k, block in enumerate(blocks):
        if block.made_by is not None:
            page.book.later(partial(_of_made, page, block, block.made_by, _TOP + k))
            continue
        copied, kept = is_whole(block), places[block]
        page.book.later(
            partial(draw_built, page, block, kept) if copied else partial(_draw_sums, page, block, kept)
        )
        page.book.later(partial(_Line(page, block, kept, copied, _TOP + k).write))
    lines = Place(page.sheet.name, _TOP, _LEFT, (len(blocks), BLOCK + 1))
    return Told(lines, Place(page.sheet.name, _TOP, _FIRST, (len(blocks), FIELDS * MOST_SLOTS)))


def _of_made(page: Page, block: Matrix, maker: Matrix, row: int) -> None:
    """The line of an input that is held against what makes its entries, now and not as built."""
    home = page.book.homes[maker]
    _Line(page, block, Place(home.sheet, home.row, home.column, block.shape), True, row).write()


def _draw_sums(page: Page, block: Matrix, kept: Place) -> None:
    """Of each row its sum and the sum weighted by columns as built, and by how much they are more now."""
    values = page.book.values[block.name].astype(float)
    weighted = values @ np.arange(1.0, block.shape[1] + 1)
    sheet, live, sums = page.sheet, page.ref(block), np.stack([values.sum(axis=1), weighted], axis=1).round(12)
    sheet.block(kept.row, kept.column, sums, ("kept", kept_format(block)))
    first = live.place.column

    def more(i: Coordinate, j: Coordinate) -> str:
        return f"SUM({live.row(i)})-{kept.address(i, 0)}"

    def weighted_more(i: Coordinate, j: Coordinate) -> str:
        return f"SUMPRODUCT({live.row(i)}*(COLUMN({live.row(i)})-{first}))-{kept.address(i, 1)}"

    zeros = np.zeros((block.shape[0], 1))
    for column, formula in ((2, more), (3, weighted_more)):
        sheet.block(kept.row, kept.column + column, zeros, ("kept", kept_format(block)), formula)


@record(eq=False)
class _Line:
    """What is told of one block, in a row of the sheet; `copied`: whether `kept` has all of its cells."""

    page: Page
    block: Matrix
    kept: Place
    copied: bool
    row: int

    def write(self) -> None:
        block, home = self.block, self.page.book.homes[self.block]
        most = MOST_WEIGHTS if block.role == "parameter" else MOST_SLOTS
        slots = min(most, block.size if self.copied else block.shape[0])
        count, told = (self._address(_LEFT + column) for column in (COUNT, TOLD))
        first = Place("", _TOP, _LEFT + TOLD, (1, 1)).address(0, 0)
        self._put(_LEFT + COUNT, self._count(), 0.0)
        self._put(_LEFT + TOLD, f"MIN({count},{slots})", 0.0)
        self._put(_LEFT + BEFORE, f"SUM({first}:{told})-{told}", 0.0)
        name = self.page.book.symbol(block) + self._letter() + ("" if block.size == 1 else " ")
        self.page.sheet.text(self.row, _LEFT + SHEET, home.sheet, "remark")
        self.page.sheet.text(self.row, _LEFT + BLOCK, name, "remark")
        for column, at in ((TOP_ROW, home.row), (LEFT_COLUMN, home.column)):
            self.page.sheet.number(self.row, _LEFT + column, at + 1, ("remark", "0"))
        for slot in range(slots):
            column = _FIRST + FIELDS * slot
            code = self._address(column)
            self._put(column, f'IF({count}<{slot + 1},"",{self._code(slot + 1)})', "")
            for field, formula in self._fields(f"INT({code}/{ROW})", f"MOD({code},{ROW})").items():
                self._put(column + field, f'IF({code}="","",{formula})', "")

    def _address(self, column: int) -> str:
        return Place("", self.row, column, (1, 1)).address(0, 0)

    def _put(self, column: int, formula: str, shown: float | str) -> None:
        self.page.sheet.formula(self.row, column, formula, shown, ("remark", ""))

    @property
    def _differ(self) -> str:
        """Which cells differ from what is kept of them, or of a block that is not copied, which rows."""
        kept = self.kept.seen_from(self.page.sheet.name)
        if self.copied:
            text = '&""' if self.block.text else ""
            return f"({self.page.ref(self.block).part()}{text}<>{kept.part()}{text})"
        more, weighted, built = (f"{column}*{column}" for column in map(kept.column, (2, 3, 1)))
        return f"(({more}+{weighted})*1E+18>1+{built})"  # squares: IronCalc takes no ABS of every cell

    def _count(self) -> str:
        return f"SUMPRODUCT({self._differ}*1)"

    def _code(self, number: int) -> str:
        """The code of the changed cell of that number, from 1."""
        if self.block.size == 1:
            return "0"
        kept = self.kept.seen_from(self.page.sheet.name)
        cells = self.page.ref(self.block).part() if self.copied else kept.column(2)
        place = self.page.book.homes[self.block] if self.copied else self.kept
        code = f"(1-{self._differ})*{_NONE}+(ROW({cells})-{place.row + 1})*{ROW}"
        if self.copied:
            return f"SUMPRODUCT(SMALL({code}+COLUMN({cells})-{place.column + 1},{number}))"
        row = f"INT(SUMPRODUCT(SMALL({code},{number}))/{ROW})"
        column = f"INDEX({kept.column(3)},{row}+1)/INDEX({kept.column(2)},{row}+1)-1"
        within = f"MAX(0,MIN({self.block.shape[1] - 1},ROUND({column},0)))"
        return f"{row}*{ROW}+IFERROR({within},0)"

    def _fields(self, row: str, column: str) -> dict[int, str]:
        """What is told of the cell in a row and a column, from 0."""
        page, text = self.page, '&""' if self.block.text else ""
        seen, kept = page.ref(self.block), self.kept.seen_from(page.sheet.name)
        now, built = (f"INDEX({one.part()},{row}+1,{column}+1){text}" for one in (seen, kept))
        fields = {NOW: now, BUILT: built if self.copied else self._from_sums(row, column, now)}
        return {NAME: name, **fields} if (name := self._name(row, column)) else fields

    def _from_sums(self, row: str, column: str, now: str) -> str:
        """What the one changed cell of a row held, by how much the row's sums are more; nothing for several."""
        kept = self.kept.seen_from(self.page.sheet.name)
        more, weighted = (f"INDEX({kept.column(k)},{row}+1)" for k in (2, 3))
        alone = f"ABS({weighted}-({column}+1)*{more})<1E-7*(1+ABS({weighted}))"
        return f"IF({alone},ROUND({now}-{more},12),{literal(self.page.messages('changed.several'))})"

    def _name(self, row: str, column: str) -> str:
        """What the cell is, in words; nothing where the block's name and the address say it."""
        page, block = self.page, self.block
        known = page.model.vocabulary
        for s, sentence in enumerate(page.model.sentences):
            if block is sentence.words:
                return self._word(sentence, named(page, s), row)
        if block is known.embeddings:
            word, dimension = page.ref(known.words).column(0), page.ref(known.dimensions).row(0)
            parts = {"word": f"INDEX({word},{row}+1)", "dimension": f"INDEX({dimension},1,{column}+1)"}
            return filled(page.messages.pattern("changed.embedding"), parts)
        if block is known.words or block is known.dimensions:
            key = "listed" if block is known.words else "dimension"
            return filled(page.messages.pattern(f"changed.{key}"), {"n": f"({row}+{column}+1)"})
        return ""

    def _letter(self) -> str:
        """The letter of the sentence that a setting is of."""
        watch, letters = self.page.model.watch, self.page.letters
        if watch is None:
            return ""
        of_sentences = (*zip(watch.places, letters, strict=False),
                        *zip((one.other for one in watch.sentences), letters, strict=False))  # fmt: skip
        return next((spaced(letter) for block, letter in of_sentences if block is self.block), "")

    def _word(self, sentence: Sentence, called: str, row: str) -> str:
        """A word of a sentence; of one that the model writes, how to let it write again."""
        page, words = self.page, sentence.words
        pattern = page.messages.pattern
        plain = filled(pattern("changed.word"), {"n": f"({row}+1)"}, sentence=called)
        written = sorted(page.book.generated.get(words.name, ()))
        if not written or words.feedback is None:
            return plain
        first, home, source = written[0], page.book.homes[words], page.book.homes[words.feedback]
        seen, kept = page.ref(words), self.kept.seen_from(page.sheet.name)
        above, where, below = (f"ADDRESS({row}+{home.row + k},{home.column + 1},4)" for k in range(3))
        predicted = f"ADDRESS({row}+{source.row},{source.column + 1},4)"
        up, down = (filled(pattern("changed.copy"), {"from": other, "cell": where}) for other in (above, below))
        enter = filled(pattern("changed.enter"), {"cell": where, "source": predicted}, sheet=source.sheet)
        both = (f"INDEX({one.part()},MAX({row},1))" for one in (seen, kept))
        under = f"INDEX({seen.part()},MIN({row}+2,{home.shape[0]}))"
        writes_below = f"AND({row}+2<={home.shape[0]},NOT(ISBLANK({under})))"
        how = f"IF(AND({row}>{first},{'='.join(both)}),{up},IF({writes_below},{down},{enter}))"
        gone = f'INDEX({seen.part()},{row}+1)=""'
        deleted, typed = (filled(pattern(f"changed.{key}"), {"cell": where, "how": how, "word": plain})
                          for key in ("deleted", "typed"))  # fmt: skip
        return f"IF({row}<{first},{plain},IF({gone},{deleted},{typed}))"
