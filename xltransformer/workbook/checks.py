"""Checks that live in the sheet: each is 1 while all is well, and says in plain words where to look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from xltransformer.graph import Matrix
from xltransformer.record import record
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas, cell_range, spaced
from xltransformer.workbook.page import Page
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import BAD, GOOD

LEFT, TOP = 1, 4
"""Where the list of checks begins."""
MOST_BLOCKS, MOST_SUMS = 24, 24
"""How many blocks one check looks at, for numbers and for sums: a formula takes 8,192 characters."""
MOST_LETTERS = 7_500
"""How long the formula may become that names cells; blocks beyond are only judged."""
MOST_ASKED = 4_000
"""How long the part of a formula may become that asks every cell one by one."""
TOO_LARGE, TOO_LARGE_IN_TEXT = "1E+100", "1E+9"
"""Beyond which size a number in an input is not usable, since the products of such numbers leave the range of
numbers at once; and from which size on it is not where a word belongs. As formulas write them."""
DECIMALS_IN_TEXT = 4
"""How many decimals a number may have as a word. Beyond, programs spell numbers in ways of their own."""


def _named(where: Callable[[], str], row: int, texts: Place) -> str:
    """A formula for the cells at fault, where there is a fault, and where the program can look for it: some,
    such as IronCalc, do not ask ISTEXT and its like of every cell of a range."""
    verdict = Place(texts.sheet, row, LEFT, (1, 1)).address(0, 0)
    can = f"SUMPRODUCT(ISTEXT({texts.seen_from(texts.sheet).all})*1)={texts.shape[0]}"
    return f'IF({verdict}=1,"",IF({can},TRIM({where()}),""))'


@record
class Check:
    """`formula`, made when every block has its place, gives 1 or 0; `look` is where to look, and `where`
    gives a formula that names the cells at fault. One that is `whole` looks at every cell of a sheet."""

    text: str
    formula: Callable[[], str]
    look: Place
    where: Callable[[], str] | None = None
    whole: bool = False


def draw_checks(page: Page, start: Canvas) -> tuple[Place, Place]:
    """The sheet of all checks: a verdict, a link to where to look, the cells at fault, and what holds.
    Returns the verdicts and the texts with the cells before them, a column and two."""
    sheet, messages = page.sheet, page.messages
    sheet.text(0, LEFT, messages("checks.title"), "title")
    sheet.heights[0] = 28
    sheet.freeze = (2, 0)
    sheet.paragraph(2, LEFT, messages("checks.intro"), "intro")
    checks = every_check(page, start)
    every_text = Place(sheet.name, TOP, LEFT + 3, (len(checks), 1))
    for k, check in enumerate(checks):
        row = TOP + k
        shown = page.book.notation.cached(1.0) if check.whole else 1.0
        page.formula(row, LEFT, check.formula, shown, "verdict", messages("number.verdict"))
        sheet.link(row, LEFT + 1, Canvas(check.look.sheet).target(check.look.row, check.look.column), "→")
        if check.where is not None:
            page.formula(row, LEFT + 2, partial(_named, check.where, row, every_text), "", "remark")
        sheet.text(row, LEFT + 3, check.text, "remark")
    verdicts = Place(sheet.name, TOP, LEFT, (len(checks), 1))
    texts = Place(sheet.name, TOP, LEFT + 2, (len(checks), 2))
    for value, look in ((1, GOOD), (0, BAD)):
        rule = {"type": "cell", "criteria": "==", "value": value, "format": look}
        sheet.conditions.append((cell_range(TOP, LEFT, verdicts.shape), rule))
    return verdicts, texts


def every_check(page: Page, start: Canvas) -> list[Check]:
    """The checks of a model, for formulas on the page, in the order in which their faults build on one
    another; sheets are looked through but for `start`, the page and those that only repeat.
    """
    book, sheet, model = page.book, page.sheet, page.model

    def ref(block: Matrix) -> str:
        seen = page.ref(block)
        return seen.cell(0, 0) if block.shape == (1, 1) else seen.all

    def whole(block: Matrix, test: str) -> Callable[[], str]:
        return lambda: f"IF(IFERROR({test.format(ref(block))},FALSE),1,0)"

    def cells(blocks: Sequence[Matrix], at_fault: str) -> Callable[[], str]:
        """Names the cells of blocks for which an expression is 1: the one, or else the whole block."""

        def formula() -> str:
            named = '""'
            for block in blocks:
                seen, place = ref(block), book.homes[block]
                bad = at_fault.format(seen)
                last = place.address(block.shape[0] - 1, block.shape[1] - 1)
                if block.shape == (1, 1):
                    piece = f'&IF(SUMPRODUCT({bad})=0,"","{last} ")'
                else:
                    address = f"ADDRESS(SUMPRODUCT({bad}*ROW({seen})),SUMPRODUCT({bad}*COLUMN({seen})),4)"
                    piece = (
                        f'&IF(SUMPRODUCT({bad})=0,"",'
                        f'IF(SUMPRODUCT({bad})=1,{address},"{place.address(0, 0)}:{last}")&" ")'
                    )
                if len(named) + len(piece) > MOST_LETTERS:
                    break
                named += piece
            return f'IFERROR({named},"")'

        return formula

    checks: list[Check] = []
    letters = [spaced(letter) for letter in page.letters]

    def add(
        key: str,
        formula: Callable[[], str],
        at: Matrix,
        where: Callable[[], str] | None = None,
        /,
        **parts: str,
    ) -> None:
        checks.append(Check(book.messages(f"check.{key}", **parts), formula, book.homes[at], where))

    def logicals(blocks: Sequence[Matrix]) -> str:
        """How many cells are TRUE or FALSE; asked of each cell where there are not too many, since some
        programs, such as IronCalc, do not ask it of every cell of a range."""
        seen = {block: page.ref(block) for block in blocks}
        each = [f"ISLOGICAL({seen[block].cell(i, j)})" for block in blocks for i, j in np.ndindex(block.shape)]
        asked = "+".join(each)
        if len(asked) > MOST_ASKED:
            asked = "+".join(f"SUMPRODUCT(ISLOGICAL({ref.all})*1)" for ref in seen.values())
        return f"({asked or 0}+0)"  # a number, also of one: FALSE=0 does not hold

    texts: dict[str, list[Matrix]] = {}
    for block in model.inputs:
        if block.text and block.role != "list":
            texts.setdefault(book.homes[block].sheet, []).append(block)
    for name, blocks, number in _parted(texts, MOST_BLOCKS):

        def all_texts(blocks: Sequence[Matrix] = blocks) -> str:
            read = "+".join(f'SUMPRODUCT(({ref(block)}<>"")*1)' for block in blocks)
            listed = ",".join(ref(block) for block in blocks)
            size = f"(MAX({listed})<{TOO_LARGE_IN_TEXT})*(MIN({listed})>-{TOO_LARGE_IN_TEXT})"
            digits = f"(ABS(SUM({listed})-ROUND(SUM({listed}),{DECIMALS_IN_TEXT}))<1E-6)"
            logical = logicals([block for block in blocks if block.role != "switch"])
            return f"IF(IFERROR(({read}>=0)*{size}*{digits}*({logical}=0)=1,FALSE),1,0)"

        bad = "(ISERROR({0})+ISLOGICAL({0}))"
        add("texts", all_texts, blocks[0], cells(blocks, bad), sheet=name + number)
    for letter, sentence in zip(letters, model.sentences, strict=True):
        add("words", whole(sentence.padding, "SUM({0})>0"), sentence.words, letter=letter)

        def all_known(words: Matrix = sentence.words, padding: Matrix = sentence.padding) -> str:
            return f'IF(IFERROR(SUMPRODUCT(({ref(words)}<>"")*({ref(padding)}=0))=0,FALSE),1,0)'

        def unknown(words: Matrix = sentence.words, padding: Matrix = sentence.padding) -> str:
            return cells([words], f'(({{0}}<>"")*({ref(padding)}=0))')()

        add("known", all_known, sentence.words, unknown, letter=letter)
    for switch in model.switches:
        if switch.turned_by is not None:
            words = (*switch.turned_by.on, *switch.turned_by.off)
            said = ",".join(f'{{0}}&""="{word}"' for word in words)
            add(
                "gate",
                whole(switch, f"OR({said})"),
                switch,
                switch=book.symbol(switch),
            )
        else:
            add("temperature", whole(switch, f"AND(ISNUMBER({{0}}),{{0}}>0,{{0}}<={TOO_LARGE})"), switch)
    watch = model.watch
    if watch is not None and watch.lesson is not None and watch.lesson.choices is not None:
        listed, lesson = watch.lesson.choices, watch.lesson

        def is_listed() -> str:
            return f"IF(IFERROR(SUMPRODUCT(({ref(listed)}={ref(lesson)})*1)=1,FALSE),1,0)"

        add("lesson", is_listed, lesson)
    numbers: dict[str, list[Matrix]] = {}
    for block in model.inputs:
        if block.role in ("embedding", "parameter", "constant") and not block.text:
            numbers.setdefault(book.homes[block].sheet, []).append(block)
    for name, blocks, number in _parted(numbers, MOST_BLOCKS):

        def all_numbers(blocks: Sequence[Matrix] = blocks) -> str:
            listed = ",".join(ref(block) for block in blocks)
            size = f"(MAX({listed})<={TOO_LARGE})*(MIN({listed})>=-{TOO_LARGE})"
            return f"IF(IFERROR((COUNTA({listed})=COUNT({listed}))*{size}=1,FALSE),1,0)"

        bad = "(1-ISNUMBER({0})-ISBLANK({0})+ISLOGICAL({0})*ISNUMBER({0}))"
        add("numbers", all_numbers, blocks[0], cells(blocks, bad), sheet=name + number)
    for promise in model.promises:
        add(promise.last_name, whole(promise, "{0}=1"), promise)
    if model.watch is not None:
        for letter, watched in zip(letters, model.watch.sentences, strict=False):
            add("watched", whole(watched.position, "{0}>0"), model.watch.word, letter=letter)
    hidden = {other.name for other in (*book.sheets, book.exercise.sheet) if other.hidden}
    sums: dict[str, list[Matrix]] = {}
    for block in model.blocks.values():
        if block.sums_to_one and book.homes[block.operands[0]].sheet not in hidden:
            sums.setdefault(_sheet_of(book, block.operands[0]), []).append(block)
    for name, blocks, number in _parted(sums, MOST_SUMS):

        def sum_to_one(blocks: Sequence[Matrix] = blocks) -> str:
            squares = []
            for block in blocks:
                sums, total = ref(block), ref(block.operands[0].operands[1])
                squares.append(f"SUMPRODUCT(({sums}-({total}>0))*({sums}-({total}>0)))")
            # not <1E-18: to some engines that is 0
            return f"IF(IFERROR(({'+'.join(squares)})*1E+18<1,FALSE),1,0)"

        add("sums", sum_to_one, blocks[0].operands[0], block=name + number)
    for other in book.sheets:
        homes = [block for block, place in book.homes.items() if place.sheet == other.name]
        if other is start or other is sheet or other.hidden or not any(block.computed for block in homes):
            continue

        def no_error(other: Canvas = other) -> str:
            everything = Place(other.name, 0, 0, (other.bottom + 1, other.right + 1))
            return f"IF(ISERROR(SUM({everything.seen_from(sheet.name).all})),0,1)"

        top = Place(other.name, 0, 0, (1, 1))
        checks.append(Check(book.messages("check.errors", sheet=other.name), no_error, top, whole=True))
    return checks


def _parted(groups: Mapping[str, Sequence[Matrix]], most: int) -> Iterator[tuple[str, Sequence[Matrix], str]]:
    """Each group's blocks, at most so many at a time, with the group's name and the part's number,
    nothing where there is one part only."""
    for name, blocks in groups.items():
        for k in range(0, len(blocks), most):
            yield name, blocks[k : k + most], f" ({k // most + 1})" if len(blocks) > most else ""


def _sheet_of(book: Book, block: Matrix) -> str:
    """Where a block is, for a reader: its sheet and its symbol, the same for every head."""
    return f"{book.symbol(block, of_head=False)} ({book.homes[block].sheet})"
