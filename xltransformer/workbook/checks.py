"""Checks that live in the sheet: each is 1 while all is well, and says in plain words where to look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from xltransformer import inputs
from xltransformer.graph import Matrix
from xltransformer.ops import says
from xltransformer.record import record
from xltransformer.workbook.book import Book, LateFormula, Page
from xltransformer.workbook.canvas import Canvas, cell_range
from xltransformer.workbook.named import named
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import BAD, GOOD

LEFT, TOP = 1, 4
"""Where the list of checks begins."""
MOST_BLOCKS, MOST_SUMS = 24, 24
"""How many blocks one check looks at, for numbers and for sums: a formula takes 8,192 characters."""
MOST_LETTERS = 6_400
"""How long the formula may become that names cells; blocks beyond are only judged."""


def _named(where: LateFormula, row: int, texts: Place) -> str:
    """A formula for the cells at fault, where there is a fault, and where the program can look for it: some,
    such as IronCalc, do not ask ISTEXT and its like of every cell of a range."""
    verdict = Place(texts.sheet, row, LEFT, (1, 1)).address(0, 0)
    can = f"SUMPRODUCT(ISTEXT({texts.seen_from(texts.sheet).all})*1)={texts.shape[0]}"
    return f'IF({verdict}=1,"",IF({can},TRIM({where()}),""))'


@record
class Check:
    """`formula` gives 1 or 0; `look` is where to look, and `where` names the cells at fault. One that is
    `whole` looks at every cell of a sheet."""

    text: str
    formula: LateFormula
    look: Place
    where: LateFormula | None = None
    whole: bool = False


def draw_checks(page: Page, start: Canvas) -> tuple[Place, Place]:
    """The sheet of all checks, in the order in which their faults build on one another: a verdict, a link to
    where to look, the cells at fault, and what holds.
    Returns the verdicts and the texts with the cells before them, a column and two."""
    sheet, messages = page.sheet, page.messages
    sheet.head(messages("checks.title"), messages("checks.intro"))
    kinds = (_texts, _sentences, _switches, _lesson, _numbers, _sums)
    checks = [*(check for kind in kinds for check in kind(page)), *_errors(page, start)]
    every_text = Place(sheet.name, TOP, LEFT + 3, (len(checks), 1))
    for k, check in enumerate(checks):
        row = TOP + k
        array = check.whole and page.book.notation.on_opening
        page.formula(row, LEFT, check.formula, 1.0, "verdict", messages("number.verdict"), array=array)
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


def _check(
    page: Page, key: str, formula: LateFormula, at: Matrix, where: LateFormula | None = None, /, **parts: str
) -> Check:
    """A check whose words the locale has by `key`, that leads to a block."""
    return Check(page.messages(f"check.{key}", **parts), formula, page.book.homes[at], where)


def _seen(page: Page, block: Matrix) -> str:
    return inputs.whole(page.ref(block))


def _entries(
    page: Page, key: str, blocks: Iterable[Matrix], rules: Sequence[inputs.Rule], faulty: str
) -> Iterator[Check]:
    """That what is to be filled in keeps the rules for it, sheet by sheet."""
    sheets: dict[str, list[Matrix]] = {}
    for block in blocks:
        sheets.setdefault(page.book.homes[block].sheet, []).append(block)
    for name, part, number in _parted(sheets, MOST_BLOCKS):
        kept = partial(inputs.cells_hold, rules, [(block, page.ref(block)) for block in part])
        yield _check(page, key, kept, part[0], partial(_faults, page, part, faulty), sheet=name + number)


def _texts(page: Page) -> Iterator[Check]:
    blocks = (block for block in page.model.inputs if block.text and block.role != "list")
    return _entries(page, "texts", blocks, inputs.OF_TEXTS, inputs.FAULTY_TEXT)


def _numbers(page: Page) -> Iterator[Check]:
    roles = ("embedding", "parameter", "constant")
    blocks = (block for block in page.model.inputs if block.role in roles and not block.text)
    return _entries(page, "numbers", blocks, inputs.OF_NUMBERS, inputs.FAULTY_NUMBER)


def _sentences(page: Page) -> Iterator[Check]:
    """That each has a word, and that all of its words are in the vocabulary."""
    for s, sentence in enumerate(page.model.sentences):
        said, words, padding = named(page, s), sentence.words, sentence.padding
        unknown = partial(_faults, page, [words], '(({0}<>"")*({1}=0))', padding)
        known = _holds(page, words, 'SUMPRODUCT(({0}<>"")*({1}=0))=0', padding)
        yield _check(page, "words", _holds(page, padding, "SUM({0})>0"), words, sentence=said)
        yield _check(page, "known", known, words, unknown, sentence=said)


def _switches(page: Page) -> Iterator[Check]:
    for switch in page.model.switches:
        symbol = page.book.symbol(switch)
        if switch.turned_by is not None:
            said = ",".join(says("{0}", switch.turned_by, on=on) for on in (True, False))
            on, off = (page.messages(key) for key in switch.turned_by.said)
            holds = _holds(page, switch, f"OR({said})")
            yield _check(page, "gate", holds, switch, switch=symbol, on=on, off=off)
        elif switch.between is not None:
            yield _between(page, switch, switch.between)
        else:
            above_0 = partial(inputs.cell_holds, inputs.OF_A_POSITIVE, page.ref(switch))
            yield _check(page, "temperature", above_0, switch)
    if (draws := page.model.draws) is not None and draws.between is not None:
        yield _between(page, draws, draws.between)


def _between(page: Page, block: Matrix, limits: tuple[float, float]) -> Check:
    """That every entry is a number between two others."""
    rules = (*inputs.OF_NUMBERS, inputs.outside(*limits))
    kept = partial(inputs.cells_hold, rules, [(block, page.ref(block))])
    where = None if block.size == 1 else partial(_faults, page, [block], inputs.FAULTY_NUMBER)
    low, high = (f"{limit:.0f}" for limit in limits)
    return _check(page, "between", kept, block, where, switch=page.book.symbol(block), low=low, high=high)


def _lesson(page: Page) -> Iterator[Check]:
    """That what is shown is one of the list."""
    lesson = page.model.watch.lesson if page.model.watch is not None else None
    if lesson is not None and lesson.choices is not None:
        yield _check(page, "lesson", _holds(page, lesson, "SUMPRODUCT(({1}={0})*1)=1", lesson.choices), lesson)


def _sums(page: Page) -> Iterator[Check]:
    """That every row of weights sums to 1, or is empty."""
    book = page.book
    hidden = {other.name for other in (*book.sheets, book.exercise.sheet) if other.hidden}
    sums: dict[str, list[Matrix]] = {}
    for block in page.model.blocks.values():
        if block.sums_to_one and book.homes[block.operands[0]].sheet not in hidden:
            sums.setdefault(_sheet_of(book, block.operands[0]), []).append(block)
    for name, blocks, number in _parted(sums, MOST_SUMS):
        formula = partial(_sum_to_one, page, blocks)
        yield _check(page, "sums", formula, blocks[0].operands[0], block=name + number)


def _sum_to_one(page: Page, blocks: Sequence[Matrix]) -> str:
    squares = []
    for block in blocks:
        sums, total = _seen(page, block), _seen(page, block.operands[0].operands[1])
        squares.append(f"SUMPRODUCT(({sums}-({total}>0))*({sums}-({total}>0)))")
    return inputs.holds(f"({'+'.join(squares)})*1E+18<1")  # not <1E-18: to some engines that is 0


def _errors(page: Page, start: Canvas) -> Iterator[Check]:
    """That no cell of a sheet is an error, but for `start`, this one and those that only repeat."""
    book, sheet = page.book, page.sheet
    computed = {place.sheet for block, place in book.homes.items() if block.computed}
    for other in book.sheets:
        if other is start or other is sheet or other.hidden or other.name not in computed:
            continue

        def no_error(other: Canvas = other) -> str:
            everything = Place(other.name, 0, 0, (other.bottom + 1, other.right + 1))
            return f"IF(ISERROR(SUM({everything.seen_from(sheet.name).all})),0,1)"

        top = Place(other.name, 0, 0, (1, 1))
        yield Check(page.messages("check.errors", sheet=other.name), no_error, top, whole=True)


def _holds(page: Page, block: Matrix, test: str, *others: Matrix) -> LateFormula:
    """A check's formula for a test of a block, {0}, beside others, {1} and so on."""
    return lambda: inputs.holds(test.format(*(_seen(page, one) for one in (block, *others))))


def _faults(page: Page, blocks: Sequence[Matrix], faulty: str, *others: Matrix) -> str:
    """Names the cells of blocks, {0}, for which an expression is 1: the one, or else the whole block."""
    named = '""'
    for block in blocks:
        seen, place = _seen(page, block), page.book.homes[block]
        bad = faulty.format(seen, *(_seen(page, other) for other in others))
        last = place.address(block.shape[0] - 1, block.shape[1] - 1)
        if block.shape == (1, 1):
            piece = f'&IF(SUMPRODUCT({bad})=0,"","{last} ")'
        else:
            address = f"ADDRESS(SUMPRODUCT({bad}*ROW({seen})),SUMPRODUCT({bad}*COLUMN({seen})),4)"
            piece = (
                f'&IF(SUMPRODUCT({bad})=0,"",IF(SUMPRODUCT({bad})=1,{address},"{place.address(0, 0)}:{last}")&" ")'
            )
        if len(named) + len(piece) > MOST_LETTERS:
            break
        named += piece
    return f'IFERROR({named},"")'


def _parted(groups: Mapping[str, Sequence[Matrix]], most: int) -> Iterator[tuple[str, Sequence[Matrix], str]]:
    """Each group's blocks, at most so many at a time, with the group's name and the part's number,
    nothing where there is one part only."""
    for name, blocks in groups.items():
        for k in range(0, len(blocks), most):
            yield name, blocks[k : k + most], f" ({k // most + 1})" if len(blocks) > most else ""


def _sheet_of(book: Book, block: Matrix) -> str:
    """Where a block is, for a reader: its sheet and its symbol, the same for every head."""
    return f"{book.symbol(block, of_head=False)} ({book.homes[block].sheet})"
