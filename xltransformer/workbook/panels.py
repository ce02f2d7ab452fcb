"""Steps as panels: heading, notation, question, and the matrices laid out as by hand."""

from __future__ import annotations

import itertools
import math
from collections import Counter

from xltransformer.graph import Matrix, Section, Step
from xltransformer.locale import Messages
from xltransformer.ops import op_of
from xltransformer.workbook.book import Book, Page
from xltransformer.workbook.canvas import LETTER, Canvas, text_width
from xltransformer.workbook.drawing import draw, draw_factor
from xltransformer.workbook.hints import draw_hints
from xltransformer.workbook.marking import LONG_SYMBOL
from xltransformer.workbook.places import Known, Place
from xltransformer.workbook.styles import UNSEEN
from xltransformer.workbook.worked import rows_of, words_of, worked_lines

LEFT = 1
"""The column of the row labels; the first block's cells begin one further right."""
WIDEST = 16
"""Beyond this column a panel continues on a new line: so far a window goes."""
AT_LEAST = 3
"""So many columns of a product's right operand the window must show; else its parts stand below one another."""
OWN = ("parameter", "constant", "choice", "list")
"""Roles of the inputs that stand beside what is worked out from them, unless they stand elsewhere."""
COLUMN = 64
"""Pixels of a column that a text may take."""
NOTATION = 18
"""Points of a line of notation, which may be in Chinese characters."""
LONG_LABEL = 12
"""A row label of more characters needs the wide first column."""


def draw_step(page: Page, section: Section, step: Step, title: str, row: int) -> int:
    """Draw one panel from `row` down; returns the first row free after it."""
    sheet = page.sheet
    sheet.heading(row, title)
    row += 1
    if notation := step_text(page, step, "formula"):
        sheet.text(row, LEFT, notation, "notation")
        sheet.heights[row] = NOTATION
        row += 1
    sheet.paragraph(row, LEFT, step_text(page, step, "question"), "question")
    row += 2
    if page.book.notation.by_row:
        row = _draw_in_line(page, step.blocks, row)
        return draw_hints(page, step, _draw_worked(page, section, step, row)) + 1
    products = [block for block in step.blocks if block.computed and _crosswise(page.book, block)]
    factors = {operand for product in products if not any(_turned(product)) for operand in product.operands}
    before: list[Matrix] = []
    after: list[Matrix] = []
    for block in (b for b in step.blocks if b not in factors and b not in products):
        (before if set(block.operands).isdisjoint([*products, *after]) else after).append(block)
    row = _draw_in_line(page, before, row)
    row = _draw_products(page, products, row)
    row = _draw_in_line(page, after, row)
    return draw_hints(page, step, _draw_worked(page, section, step, row)) + 1


def text_keys(step: Step, part: str) -> list[str]:
    """The messages that a step's text may be: for all that it is having, for one of it, for any of its key."""
    having = dict.fromkeys(("_".join(step.having), *step.having))
    return [*(f"step.{step.key}.{part}_{name}" for name in having if name), f"step.{step.key}.{part}"]


def step_text(page: Page, step: Step, part: str) -> str:
    """A step's "formula" or "question", of its texts the first that there is; {x} is what it goes on from."""
    *special, usual = text_keys(step, part)
    key = next((one for one in special if page.messages.get(one, "")), usual)
    first = (step.backward_of or step).blocks[0].operands
    return page.messages(key, x=page.book.symbol(first[0], of_head=False) if first else "")


def section_title(messages: Messages, section: Section) -> str:
    """A section's title, without its number."""
    title = messages(f"section.{section.key}.title", layer=(section.layer or 0) + 1)
    return messages("backward.section", title=title) if section.backward else title


def step_title(messages: Messages, step: Step, *, of_every: bool = False) -> str:
    """A step's title; one that stands in several lessons names its lesson, one word's the word's place, or t where
    it is the step `of_every` word."""
    block = step.blocks[-1]
    titles = [messages.get(f"section.{part}.title", "") for part in block.name.split(".")[1:]]
    place = block.number_of("word")
    word = "" if place is None else "t" if of_every else place + 1
    title = messages(f"step.{(step.backward_of or step).key}.title", lesson="".join(titles), word=word)
    return messages("backward.step", title=title) if step.backward_of else title


def step_titles(page: Page, section: Section) -> list[str]:
    """The titles of a section's steps; those with the same title tell what they belong to, or are numbered."""
    titles = [step_title(page.messages, step) for step in section.steps]
    for title, count in Counter(titles).items():
        if count > 1:
            alike = [k for k, one in enumerate(titles) if one == title]
            owners = [_owners(page, section.steps[k]) for k in alike]
            told = [", ".join(one for one in found if any(one not in o for o in owners)) for found in owners]
            for n, (k, owner) in enumerate(zip(alike, told, strict=True), start=1):
                if len(set(told)) < count:
                    titles[k] = f"{title} {n}"
                elif owner:
                    titles[k] = page.messages("part.of", title=title, owner=owner)
    return titles


def _owners(page: Page, step: Step) -> list[str]:
    """What a step belongs to, by its last block's name: a sentence, a layer, a kind of attention."""
    parts, messages, found = step.blocks[-1].name.split(".")[:-1], page.messages, list[str]()
    for k, part in enumerate(parts):
        number = parts[k + 1] if k + 1 < len(parts) else ""
        if part == "watch" and number.isdigit():
            layer = messages("sheet.encoder_layer", layer=int(number) + 1)
            found.append(layer if "head" in parts else page.letters[int(number)])
        elif part != "watch":
            found.append(messages.get(f"part.{part}", messages.get(f"sheet.{part}", "")))
    return [text for text in found if text]


def _crosswise(book: Book, block: Matrix) -> bool:
    """Whether a block is laid out as a product: in a backward pass also where an operand is turned, as long as
    it is spelled out and gives nothing of an exercise away."""
    if not any(_turned(block)):
        return op_of(block).crosswise
    inner = block.operands[0].shape[0 if _turned(block)[0] else 1]
    shown = all(operand in book.homes for operand in block.operands[:2])
    return shown and inner <= book.notation.spelled_out and not book.exercise


def _turned(product: Matrix) -> tuple[bool, bool]:
    """Which factors of a product stand with their rows as columns."""
    return op_of(product).turned if product.gradient_of is not None else (False, False)


def _draw_in_line(page: Page, blocks: list[Matrix], row: int) -> int:
    """Blocks side by side, each with its labels, wrapping to a new line where the sheet ends, or
    where a block's row labels need the wide first column. A product whose factors stand elsewhere
    begins a new line, below a link that leads to its right one."""
    book, column, tallest = page.book, LEFT + 1, 0
    for block in _with_operands(page, blocks):
        long = any(text_width(label) > LONG_LABEL for label in block.rows.read(book.values))
        referring = book.notation.by_row and block.computed and op_of(block).crosswise
        column += _room(book, block) if column > LEFT + 1 else 0
        if column > LEFT + 1 and (long or referring or column + block.shape[1] > WIDEST):
            row, column, tallest = row + tallest + 2, LEFT + 1, 0
        if referring:
            _link_factors(page, block, row)
            row += 1
        draw(page, block, row + 1, column)
        column += block.shape[1] + 1 + _runs_over(book, block)
        tallest = max(tallest, block.shape[0])
    return row + tallest + 2 if blocks else row


def _runs_over(book: Book, block: Matrix) -> int:
    """How many columns beside it the texts of a block may run over: one at least where they follow edits."""
    if not block.text or not (block.computed or block.role == "list"):
        return 0
    longest = max(text_width(str(text)) for text in book.values[block.name].ravel())
    return max(1, math.ceil(longest * LETTER / COLUMN) - 1)


def _room(book: Book, block: Matrix) -> int:
    """How many more columns a block's symbol needs before it."""
    return int(text_width(book.symbol(block)) > LONG_SYMBOL)


def _link_factors(page: Page, product: Matrix, row: int) -> None:
    """What a product is made of, as a link to where its right factor stands."""
    book, sheet = page.book, page.sheet
    text, right = _made(book, product), product.operands[1]

    def write() -> None:  # the vocabulary gets its place last
        home = book.homes[right]
        if home.sheet == sheet.name:
            sheet.text(row, LEFT, text, "picture")
        else:
            target = Canvas(home.sheet).target(home.row, home.column)
            sheet.link(row, LEFT, target, book.messages("weights.made", product=text, sheet=home.sheet))

    book.later(write)


def _made(book: Book, product: Matrix) -> str:
    """What a product is made of: `Q = X · W_Q + b_Q`."""
    turned = [*_turned(product), *[False] * len(product.operands)]
    left, right, *rows = (
        book.symbol(operand) + ("ᵀ" if is_turned else "")
        for operand, is_turned in zip(product.operands, turned, strict=False)
    )
    return "".join([f"{book.symbol(product)} = {left} · {right}", *(f" + {added}" for added in rows)])


def draw_weights(page: Page, section: Section, row: int) -> int:
    """The learned weights that a section is the first to use, one below the other from `row` down;
    returns the first row free after them, which is `row` where there are none."""
    used = (m for step in section.steps for block in step.blocks for m in block.operands)
    for block in dict.fromkeys(m for m in used if m.role == "parameter" and m not in page.book.homes):
        page.sheet.text(row, LEFT, block.name, "remark")
        draw(page, block, row + 2, LEFT + 1)
        row += block.shape[0] + 3
    return row


def _with_operands(page: Page, blocks: list[Matrix]) -> list[Matrix]:
    """The blocks, each after those it comes from that stand nowhere yet and in no step of their own:
    weights, constants, settings, a word's row in the vocabulary, which slots hold a word."""
    steps = {block for section in page.model.sections for step in section.steps for block in step.blocks}

    def homeless(block: Matrix) -> list[Matrix]:
        found: list[Matrix] = []
        for m in block.operands:
            if m not in page.book.homes and m not in steps and (m.role in OWN or (m.computed and not m.text)):
                found += [*homeless(m), m]
        return found

    return list(dict.fromkeys(m for block in blocks for m in (*homeless(block), block)))


def _draw_products(page: Page, products: list[Matrix], row: int) -> int:
    """Products crosswise: left operand on the left, right operand above, result where they meet; a
    bias stands below the right operand.

    Products that share their left operand stand side by side, as long as there is room. Where the window would
    show next to nothing of the right operand, all of it stands below one another.
    """
    left: tuple[Matrix, bool] | None = None
    shown: Place | None = None
    column, deepest = 0, 0
    drawn: dict[tuple[Matrix, bool], Place] = {}
    for product in products:
        if _beyond_window(product):
            if shown is not None:
                row, left, shown = shown.row + shown.shape[0] + 1, None, None
            row = _draw_below(page, product, drawn, row)
            continue
        (factor, right, *rows), (turned, right_turned) = product.operands, _turned(product)
        depth = right.shape[1 if right_turned else 0] + (0 if turned or right_turned else len(rows))
        column += _room(page.book, product)
        if (factor, turned) != left or column + product.shape[1] > WIDEST or depth != deepest:
            if shown is not None:
                row = shown.row + shown.shape[0] + 1
            deepest = depth
            shown = draw_factor(page, factor, row + deepest + 3, LEFT + 1, turned=turned)
            left, column = (factor, turned), LEFT + 1 + shown.shape[1] + 1 + _room(page.book, product)
        assert shown is not None
        draw(page, product, shown.row, column, {factor: shown, **_draw_right(page, product, row + 1, column)})
        column += product.shape[1] + 1
    return row if shown is None else shown.row + shown.shape[0] + 1


def _draw_right(page: Page, product: Matrix, row: int, column: int) -> dict[Matrix, Place]:
    """A product's right operand and, below it, the rows that are added; returns where they stand."""
    (_, right, *rows), turned = product.operands, _turned(product)
    places = {right: draw_factor(page, right, row, column, turned=turned[1])}
    for at, added in enumerate(() if any(turned) else rows, start=row + places[right].shape[0]):
        page.sheet.text(at, column - 1, page.book.symbol(added), "symbol")
        places[added] = draw(page, added, at, column, labelled=False)
    return places


def _beyond_window(product: Matrix) -> bool:
    """Whether a product's right operand, beside and above the left one, would begin where no window goes."""
    (rows, columns), turned = product.operands[0].shape, _turned(product)[0]
    begins = LEFT + 1 + (rows if turned else columns) + 1
    return begins + min(product.shape[1], AT_LEAST) - 1 > WIDEST


def _draw_below(page: Page, product: Matrix, drawn: dict[tuple[Matrix, bool], Place], row: int) -> int:
    """A product's parts below one another, the left operand only where it is not `drawn` yet; returns the
    first row free after them."""
    factor, right, turned = *product.operands[:2], _turned(product)[0]
    page.sheet.text(row, LEFT, _made(page.book, product), "picture")
    row += 1
    if (factor, turned) not in drawn:
        drawn[factor, turned] = draw_factor(page, factor, row + 1, LEFT + 1, turned=turned)
        row += drawn[factor, turned].shape[0] + 2
    places = _draw_right(page, product, row + 1, LEFT + 1)
    above, bottom = places[right], max(place.row + place.shape[0] for place in places.values())
    beside = above.column + above.shape[1] + 1
    at = (above.row, beside) if beside + product.shape[1] - 1 <= WIDEST else (bottom + 2, LEFT + 1)
    result = draw(page, product, *at, {factor: drawn[factor, turned], **places})
    return max(bottom, result.row + result.shape[0]) + 1


def _draw_worked(page: Page, section: Section, step: Step, row: int) -> int:
    """The worked example of every block of the step that has one, or with arrays by row of the first."""
    book, words = page.book, words_of(page.model, section)
    source = page.model.sentences[section.sentence].words if section.sentence is not None else None
    worked = [block for block in step.blocks if _workable(book, block)]
    lines = [block for block in worked for _ in rows_of(block, words, source)]
    if not lines:
        return row
    lines = lines[:1] if book.notation.by_row else lines
    page.sheet.text(row, LEFT, page.messages("worked.heading"), "remark")
    first = row + 1

    def write() -> None:
        rows = itertools.count(first)
        blocks = dict.fromkeys(lines)
        every = (line for block in blocks for line in worked_lines(page, section, block, words, rows))
        for at, line in enumerate(itertools.islice(every, len(lines)), start=first):
            page.sheet.paragraph(at, LEFT, line.said.shown, "worked", line.said.formula)
            if line.column is not None:
                page.sheet.formula(at, 0, line.column.formula, float(line.column.shown), UNSEEN)

    book.later(write)
    return first + len(lines)


def _workable(book: Book, block: Matrix) -> bool:
    """Whether a block has something to work out that gives no answer of an exercise away."""
    if not block.computed or book.exercise.hides(block):
        return False
    return op_of(block).worked(0, 0, *(Known(book.values[m.name]) for m in block.operands)) is not None
