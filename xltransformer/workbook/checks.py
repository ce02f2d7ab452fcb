"""Checks that live in the sheet: each is 1 while all is well, and says in plain words where to look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xltransformer.graph import Matrix
from xltransformer.models import Lesson
from xltransformer.ops import OFF, ON
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas, cell_range, spaced
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import BAD, GOOD

LEFT, TOP = 1, 4
"""Where the list of checks begins."""
MOST_BLOCKS, MOST_SUMS = 64, 24
"""How many blocks one check looks at, for numbers and for sums: a formula takes 8,192 characters."""


@dataclass(frozen=True)
class Check:
    """`formula`, made when every block has its place, gives 1 or 0; `look` is where to look."""

    text: str
    formula: Callable[[], str]
    look: Place


def draw_checks(
    book: Book, sheet: Canvas, start: Canvas, model: Lesson, letters: list[str]
) -> tuple[Place, Place]:
    """The sheet of all checks: a verdict, what holds, and a link to where to look. Returns the verdicts
    and the texts, a column each."""
    messages = book.messages
    sheet.text(0, LEFT, messages("checks.title"), "title")
    sheet.heights[0] = 28
    sheet.paragraph(2, LEFT, messages("checks.intro"), "intro")
    checks = every_check(book, sheet, start, model, letters)
    for k, check in enumerate(checks):
        row = TOP + k
        book.formula(sheet, row, LEFT, check.formula, 1.0, "verdict", messages("number.verdict"))
        sheet.link(row, LEFT + 1, Canvas(check.look.sheet).target(check.look.row, check.look.column), "→")
        sheet.text(row, LEFT + 2, check.text, "remark")
    verdicts, texts = (Place(sheet.name, TOP, column, (len(checks), 1)) for column in (LEFT, LEFT + 2))
    for value, look in ((1, GOOD), (0, BAD)):
        rule = {"type": "cell", "criteria": "==", "value": value, "format": look}
        sheet.conditions.append((cell_range(TOP, LEFT, verdicts.shape), rule))
    return verdicts, texts


def every_check(book: Book, sheet: Canvas, start: Canvas, model: Lesson, letters: list[str]) -> list[Check]:
    """The checks of a model, for formulas on `sheet`, in the order in which their faults build on one
    another; sheets are looked through but for `start`, `sheet` and those that only repeat.

    `letters` name the sentences (one empty text where there is only one).
    """

    def ref(block: Matrix) -> str:
        seen = book.ref(block, sheet)
        return seen.cell(0, 0) if block.shape == (1, 1) else seen.all

    def whole(block: Matrix, test: str) -> Callable[[], str]:
        return lambda: f"IF(IFERROR({test.format(ref(block))},FALSE),1,0)"

    checks: list[Check] = []
    letters = [spaced(letter) for letter in letters]

    def add(key: str, formula: Callable[[], str], at: Matrix, /, **parts: str) -> None:
        checks.append(Check(book.messages(f"check.{key}", **parts), formula, book.homes[at]))

    for letter, sentence in zip(letters, model.sentences, strict=True):
        add("words", whole(sentence.padding, "SUM({0})>0"), sentence.words, letter=letter)

        def all_known(words: Matrix = sentence.words, padding: Matrix = sentence.padding) -> str:
            return f'IF(IFERROR(SUMPRODUCT(({ref(words)}<>"")*({ref(padding)}=0))=0,FALSE),1,0)'

        add("known", all_known, sentence.words, letter=letter)
    for switch in model.switches:
        if switch.text:
            said = ",".join(f'{{0}}&""="{word}"' for word in (*ON, *OFF))
            add(
                "gate",
                whole(switch, f"OR({said})"),
                switch,
                switch=book.symbol(switch),
            )
        else:
            add("temperature", whole(switch, "AND(ISNUMBER({0}),{0}>0)"), switch)
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
            return f"IF(COUNTA({listed})=COUNT({listed}),1,0)"

        add("numbers", all_numbers, blocks[0], sheet=name + number)
    for promise in model.promises:
        add(promise.last_name, whole(promise, "{0}=1"), promise)
    if model.watch is not None:
        for letter, watched in zip(letters, model.watch.sentences, strict=False):
            add("watched", whole(watched.position, "{0}>0"), model.watch.word, letter=letter)
    hidden = {other.name for other in (*book.sheets, book.answers) if other.hidden}
    sums: dict[str, list[Matrix]] = {}
    for block in model.blocks.values():
        if block.last_name == "row_sum" and book.homes[block.operands[0]].sheet not in hidden:
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
        checks.append(Check(book.messages("check.errors", sheet=other.name), no_error, top))
    return checks


def _parted(groups: Mapping[str, Sequence[Matrix]], most: int) -> Iterator[tuple[str, Sequence[Matrix], str]]:
    """Each group's blocks, at most so many at a time, with the group's name and the part's number,
    nothing where there is one part only."""
    for name, blocks in groups.items():
        for k in range(0, len(blocks), most):
            yield name, blocks[k : k + most], f" ({k // most + 1})" if len(blocks) > most else ""


def _sheet_of(book: Book, block: Matrix) -> str:
    """Where a block is, for a reader: its sheet and its symbol."""
    return f"{book.symbol(block)} ({book.homes[block].sheet})"
