"""Blocks drawn onto pages: inputs to edit, formulas or views, and an exercise with its answers out of sight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import groupby

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.inputs import ANY_NUMBER
from xltransformer.ops import Coordinate, Span, op_of
from xltransformer.record import record
from xltransformer.workbook.book import EXERCISE, TOLERANCE, Cell, Page
from xltransformer.workbook.canvas import cell_range
from xltransformer.workbook.marking import colour, label_block
from xltransformer.workbook.patterns import CellFormula
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import RIGHT, WRONG, Style, block_style


@record(eq=False)
class Drawing:
    """A block at a place of a page; `shown` are the drawings of operands its formulas point at."""

    page: Page
    block: Matrix
    place: Place
    shown: Mapping[Matrix, Place]
    small: bool = False


def write_formulas(drawing: Drawing) -> None:
    """A computed block's formulas, at its home."""
    block, book, sheet = drawing.block, drawing.page.book, drawing.page.sheet
    places = [(m, drawing.shown.get(m, book.homes[m])) for m in block.operands]
    operands = [
        place.seen_from(sheet.name, book.notation.spelled_out, typed=not m.computed and place == book.homes[m])
        for m, place in places
    ]
    op, style = op_of(block), block_style(block, book.messages, small=drawing.small)
    if op.recurs:
        operands.append(drawing.place.seen_from(sheet.name))
    _write(drawing, style, lambda i, j: op.cell(i, j, *operands), lambda i: op.row(i, *operands))


def write_view(drawing: Drawing) -> None:
    """A block's home once more."""
    block, home = drawing.block, drawing.page.ref(drawing.block)
    style = block_style(block, drawing.page.messages, view=True, small=drawing.small)
    ending = '&""' if block.text else ""
    _write(drawing, style, lambda i, j: home.cell(i, j) + ending, lambda i: [(0, block.shape[1], home.row(i))])


def _write(drawing: Drawing, style: Style, cell: CellFormula, row: Callable[[int], list[Span]]) -> None:
    """Formulas that show the block's values: of each `cell`, or array formulas of each `row` as the notation has
    it, which a block of texts or of one column has none of."""
    place, block, book = drawing.place, drawing.block, drawing.page.book
    rows, columns = block.shape
    arrays = () if columns == 1 or block.text else book.notation.arrays(rows, row)
    kept = book.notation.kept(book.values[block.name], arrays)
    drawing.page.sheet.block(place.row, place.column, kept, style, cell, arrays)


def write_inputs(drawing: Drawing) -> None:
    """An input's cells to edit, with what may be typed there."""
    page, block, place = drawing.page, drawing.block, drawing.place
    style = block_style(block, page.messages)
    _write_given(drawing, style, ("generated", "") if block.made_by is None else style)
    rule = _rule(drawing)
    if rule and block.role != "list":
        note = _note(page, block.last_name)
        tip = {"input_message": note} if note else {}
        page.sheet.validations.append((cell_range(place.row, place.column, block.shape), {**rule, **tip}))


def _note(page: Page, name: str) -> str:
    """What shows beside the selected cell of an input; an exercise shows no pictures, and speaks of none."""
    note = page.messages.get(f"note.{name}", "")
    return page.messages.get(f"exercise.note_{name}", note) if page.book.exercise else note


def _write_given(drawing: Drawing, style: Style, generated_style: Style) -> None:
    """An input's values, and in the cells that the model fills, its predictions, or what makes them."""
    page, block, place = drawing.page, drawing.block, drawing.place
    values = page.book.values[block.name]
    generated, spare = page.book.generated.get(block.name, frozenset()), _spare_rows(drawing)

    def filled(first: int) -> CellFormula:
        if block.made_by is not None:
            made = page.ref(block.made_by)
            return lambda i, j: made.cell(first + i, 0)
        assert block.feedback is not None
        before = page.ref(block.feedback)
        return lambda i, j: f'{before.cell(first + i - 1, 0)}&""'

    def kind(i: int) -> str:
        if i in generated:
            return "generated"
        return "spare" if i in spare else "given"

    for what, rows in groupby(range(block.shape[0]), kind):
        first, *others = rows
        part = values[first : first + 1 + len(others)]
        row = place.row + first
        if what == "generated":
            page.sheet.block(row, place.column, part, generated_style, filled(first))
        else:
            page.sheet.block(row, place.column, empty(part.shape) if what == "spare" else part, style)


def draw_built(page: Page, block: Matrix, place: Place) -> None:
    """An input once more as it was built, not to be edited."""
    _write_given(Drawing(page, block, place, {}), ("kept", block_style(block, page.messages)[1]), ("kept", "@"))


def _spare_rows(drawing: Drawing) -> set[int]:
    """Spare rows of the vocabulary: no word, hence no numbers either."""
    if drawing.block.role != "embedding":
        return set()
    return {i for i, word in enumerate(drawing.block.rows.read(drawing.page.book.values)) if not word}


def _rule(drawing: Drawing) -> dict[str, object]:
    """What may be typed or chosen. A list of choices stops nobody from typing something else,
    which the checks then judge."""
    block, book, messages = drawing.block, drawing.page.book, drawing.page.messages
    listed: dict[str, object] = {"validate": "list", "show_error": False}
    if block.choices is not None:
        return {**listed, "source": "=" + book.homes[block.choices].absolute}
    if block.turned_by is not None:
        return {**listed, "source": [messages(key) for key in block.turned_by.said]}
    if block.between is not None:
        low, high = block.between
        limits = {"validate": "decimal", "criteria": "between", "minimum": low, "maximum": high}
        return {**limits, "error_message": messages("switch.between_error", low=f"{low:g}", high=f"{high:.0f}")}
    if block.role == "switch":
        return {**listed, "source": "=" + book.suggested.absolute} if book.suggested else {}
    if block.text:
        return {}
    return {**ANY_NUMBER, "error_message": messages("switch.number_error")}


def empty(shape: tuple[int, ...]) -> Array:
    """Cells in which nothing stands."""
    return np.full(shape, "", dtype=object)


def write_solved(drawing: Drawing) -> None:
    """A view of a hidden block: a cell left to the student shows once it is right; one that follows from such
    cells, or stands beside them in their block, once they all are."""
    exercise, block = drawing.page.book.exercise, drawing.block
    left = exercise.left.get(block, ())
    if left:
        verdicts = exercise.verdicts[block].seen_from(drawing.page.sheet.name)
        for part in rectangles(left):
            _write_when(drawing, part, lambda i, j: f"{verdicts.cell(i, j)}=1")
    write_others(drawing)


def write_others(drawing: Drawing) -> None:
    """Of a hidden block the cells that are not left to the student."""
    exercise, block = drawing.page.book.exercise, drawing.block
    left, here = set(exercise.left.get(block, ())), drawing.page.sheet.name
    waits = exercise.waits_for(block) | ({block} if left else set())
    seen = ",".join(place.seen_from(here).all for m, place in exercise.verdicts.items() if m in waits)
    for part in rectangles([cell for cell in np.ndindex(block.shape) if cell not in left]):
        _write_when(drawing, part, lambda i, j: f"MIN({seen})=1")


def _write_when(drawing: Drawing, part: Part, right: CellFormula) -> None:
    """A part of a hidden block's cells, each of which shows when that is so."""
    page, place = drawing.page, drawing.place
    home, style = page.ref(drawing.block), block_style(drawing.block, page.messages, view=True)
    top, left, shape = part

    def cell(i: Coordinate, j: Coordinate) -> str:
        return f'IF({right(top + i, left + j)},{home.cell(top + i, left + j)},"")'

    page.sheet.block(place.row + top, place.column + left, empty(shape), style, cell)


Part = tuple[int, int, tuple[int, int]]
"""A rectangle of a block's cells: its first row and column, and its shape."""


def rectangles(cells: Iterable[Cell]) -> list[Part]:
    """Cells as few rectangles: stretches of rows, one below the other where they are alike."""
    rows: dict[int, list[int]] = {}
    for i, j in sorted(cells):
        rows.setdefault(i, []).append(j)
    found: dict[tuple[int, int], Part] = {}  # by first column and width, the last one that may go on
    done: list[Part] = []
    for i, columns in rows.items():
        for _, run in groupby(enumerate(columns), lambda at: at[1] - at[0]):
            stretch = [j for _, j in run]
            key = stretch[0], len(stretch)
            before = found.get(key)
            if before is not None and before[0] + before[2][0] == i:
                done.remove(before)
                found[key] = before[0], key[0], (before[2][0] + 1, key[1])
            else:
                found[key] = i, key[0], (1, key[1])
            done.append(found[key])
    return done


def draw_hidden(drawing: Drawing) -> Place:
    """The home of a block on the hidden sheet; returns it."""
    page, block = drawing.page, drawing.block
    exercise = page.book.exercise
    home = exercise.next_place(block)
    page.book.add_home(block, home)
    hidden = Drawing(page.on(exercise.sheet), block, home, {})
    page.book.later(lambda: write_formulas(hidden))
    return home


def draw_exercise(drawing: Drawing) -> None:
    """Cells for a student to fill, with the answers and the verdicts on the hidden sheet."""
    page, block, place, book = drawing.page, drawing.block, drawing.place, drawing.page.book
    home, hidden = draw_hidden(drawing), book.exercise.sheet
    verdicts = Place(hidden.name, home.row, 2 + block.shape[1], block.shape)
    book.exercise.verdicts[block] = verdicts
    book.exercise.counts[block] = count = Place(hidden.name, home.row, 0, (1, 1))
    book.names[f"{EXERCISE}.{block.name}"] = book.exercise.places[block] = place
    student, answer = place.seen_from(hidden.name), home.seen_from(hidden.name)

    def judged(i: Coordinate, j: Coordinate) -> str:
        typed, right = student.cell(i, j), answer.cell(i, j)
        near = f"IF(ABS({typed}-{right})<={TOLERANCE},1,-1)"
        return f"IF(ISBLANK({typed}),0,IF(ISNUMBER({typed}),{near},-1))"

    def write() -> None:
        style = block_style(block, book.messages, exercise=True)
        for top, left, shape in rectangles(book.exercise.left[block]):
            page.sheet.block(place.row + top, place.column + left, empty(shape), style)
            of_part = partial(_shifted, judged, top, left)
            at = verdicts.row + top, verdicts.column + left
            hidden.block(*at, np.zeros(shape), ("computed", "0"), of_part)
        write_others(drawing)
        right = f"COUNTIF({verdicts.seen_from(hidden.name).all},1)"
        hidden.formula(count.row, count.column, right, 0, ("computed", "0"))

    book.later(write)
    first = verdicts.seen_from(page.sheet.name).cell(0, 0).replace("$", "")
    for verdict, look in ((1, RIGHT), (-1, WRONG)):
        rule = {"type": "formula", "criteria": f"={first}={verdict}", "format": look}
        page.sheet.conditions.append((cell_range(place.row, place.column, place.shape), rule))


def _shifted(cell: CellFormula, top: int, left: int, i: Coordinate, j: Coordinate) -> str:
    return cell(top + i, left + j)


def draw(
    page: Page,
    block: Matrix,
    row: int,
    column: int,
    shown: Mapping[Matrix, Place] | None = None,
    *,
    labelled: bool = True,
    small: bool = False,
    plain: bool = False,
) -> Place:
    """Draw a block with its first cell at (row, column), its home or a view; labels go left and above.

    `shown` are drawings of operands that the formulas shall point at instead of their homes.
    A view may be written `small`; a `plain` drawing has neither labels nor colours.
    """
    book = page.book
    place = Place(page.sheet.name, row, column, block.shape)
    page.sheet.drawn.append((block, place))
    given = {m: p for m, p in (shown or {}).items() if not book.exercise.hides(m)}
    _draw_cells(Drawing(page, block, place, given, small or plain))
    if labelled and not plain:
        book.later(lambda: label_block(page, block, book.symbol(block), place))
    if not plain:
        colour(page, block, place, labelled=labelled)
    return place


def _draw_cells(drawing: Drawing) -> None:
    """The cells of a block: its home where it has none yet, else a view."""
    book, block = drawing.page.book, drawing.block
    if block in book.homes:
        book.add_view(block, drawing.place)
        write = write_solved if book.exercise.hides(block) else write_view
    elif block in book.exercise.blocks:
        draw_exercise(drawing)
        return
    elif book.exercise.hides(block):
        draw_hidden(drawing)
        write = write_solved
    else:
        book.add_home(block, drawing.place)
        write = write_formulas if block.computed else write_inputs
    book.later(partial(write, drawing))


def draw_factor(page: Page, block: Matrix, row: int, column: int, *, turned: bool) -> Place:
    """Draw a block or, `turned`, a view with its rows as columns, and its labels, that has no name of its own."""
    if not turned:
        return draw(page, block, row, column)
    rows, columns = block.shape
    place = Place(page.sheet.name, row, column, (columns, rows), turned=True)
    page.sheet.drawn.append((block, place))
    look = Matrix(block.columns, block.rows, op=block.op, name=block.name, scale=block.scale, role=block.role)

    def write() -> None:
        home, style = page.ref(block), block_style(block, page.messages, view=True)
        page.sheet.block(row, column, page.book.values[block.name].T, style, lambda i, j: home.cell(j, i))
        label_block(page, look, f"{page.book.symbol(block)}ᵀ", place)

    page.book.later(write)
    colour(page, look, place, labelled=True)
    return place
