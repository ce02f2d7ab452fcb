"""How an exercise is drawn: cells to fill, answers and verdicts out of sight, and what shows once all is right."""

from __future__ import annotations

import numpy as np

from xltransformer.ops import Coordinate
from xltransformer.workbook.answers import EXERCISE, TOLERANCE
from xltransformer.workbook.canvas import cell_range
from xltransformer.workbook.cells import Drawing, empty, write_cells, write_formulas
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import RIGHT, WRONG, block_style


def write_solved(drawing: Drawing) -> None:
    """A view of a hidden block: a cell left to the student shows once it is right; one that
    follows from such cells shows once they all are."""
    page, block, exercise = drawing.page, drawing.block, drawing.page.book.exercise
    home, style = page.ref(block), block_style(block, page.messages, view=True)
    verdicts = {m: place.seen_from(page.sheet.name) for m, place in exercise.verdicts.items()}
    waits = ",".join(seen.all for m, seen in verdicts.items() if m in exercise.waits_for(block))

    def cell(i: Coordinate, j: Coordinate) -> str:
        right = f"{verdicts[block].cell(i, j)}=1" if block in exercise.blocks else f"MIN({waits})=1"
        return f'IF({right},{home.cell(i, j)},"")'

    write_cells(drawing, cell, style, empty(block.shape))


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
    book.names[f"{EXERCISE}.{block.name}"] = place
    student, answer = place.seen_from(hidden.name), home.seen_from(hidden.name)

    def judged(i: Coordinate, j: Coordinate) -> str:
        typed, right = student.cell(i, j), answer.cell(i, j)
        near = f"IF(ABS({typed}-{right})<={TOLERANCE},1,-1)"
        return f"IF(ISBLANK({typed}),0,IF(ISNUMBER({typed}),{near},-1))"

    def write() -> None:
        style = block_style(block, book.messages, exercise=True)
        page.sheet.block(place.row, place.column, empty(block.shape), style)
        hidden.block(verdicts.row, verdicts.column, np.zeros(block.shape), ("computed", "0"), judged)

    book.later(write)
    first = verdicts.seen_from(page.sheet.name).cell(0, 0).replace("$", "")
    for verdict, look in ((1, RIGHT), (-1, WRONG)):
        rule = {"type": "formula", "criteria": f"={first}={verdict}", "format": look}
        page.sheet.conditions.append((cell_range(place.row, place.column, place.shape), rule))
