"""Any model drawn as plain cells, one block below the other, without panels or sheets of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl

from xltransformer.engines import Results, fold
from xltransformer.graph import Array, Matrix, Model, Section
from xltransformer.locale import load_messages
from xltransformer.ops import PRODUCTS, Every, op_of
from xltransformer.workbook.book import Book, Page
from xltransformer.workbook.canvas import Canvas, Cell
from xltransformer.workbook.drawing import draw as draw_block
from xltransformer.workbook.places import Place
from xltransformer.workbook.writer import render


def one_section() -> Model:
    """A model whose steps belong to one section, as long as no other is open."""
    model = Model()
    model._section = Section("test")
    model.sections.append(model._section)
    return model


def draw(model: Model, values: Mapping[str, Array], path: Path) -> dict[str, Place]:
    """Write the model as a workbook whose cached results are all wrong; returns each block's place."""
    book = Book(
        {name: poisoned(block) if block.computed else values[name] for name, block in model.blocks.items()},
        load_messages(),
    )
    page, row, places = Page(book, book.sheet("cells")), 1, {}
    for name, block in model.blocks.items():
        places[name] = draw_block(page, block, row, 1, labelled=False)
        row += block.shape[0] + 1
    path.write_bytes(render(book.finish(), {}))
    return places


@cache
def opened(path: Path) -> dict[str, Any]:
    """The worksheets of a workbook by name, as openpyxl opens them; not to be changed, nor the file."""
    return {sheet.title: sheet for sheet in openpyxl.load_workbook(path).worksheets}


def poisoned(block: Matrix) -> Array:
    return np.full(block.shape, "wrong" if block.text else 12345.0, dtype=object if block.text else float)


def read(results: Results, place: Place) -> Array:
    """What an engine found at a place."""
    grid = results[fold(place.sheet)]
    rows, columns = place.shape
    found = [[grid.get((place.row + i + 1, place.column + j + 1)) for j in range(columns)] for i in range(rows)]
    text = any(isinstance(value, str) for row in found for value in row)
    return np.array(found, dtype=object if text else float)


def cells_of(canvas: Canvas) -> dict[tuple[int, int], Cell]:
    """Every cell of a small sheet by itself, those of blocks too."""
    of_blocks = {
        (block.row + i, block.column + j): block.cell(i, j)
        for block in canvas.blocks
        for i, j in np.ndindex(block.shape)
    }
    return of_blocks | canvas.single


class Precedents:
    """Stands in for a place and notes which cells of its block a formula asks for."""

    spelled_out = PRODUCTS["auto"]
    typed = False

    def __init__(self, block: Matrix, met: set[tuple[str, int, int]]) -> None:
        self.block, self.met = block, met

    @property
    def shape(self) -> tuple[int, int]:
        return self.block.shape

    def cell(self, row: int, column: int) -> str:
        if isinstance(column, Every):
            return self.row(row, column)
        self.met.add((self.block.name, row, column))
        return "A1"

    def row(self, row: int, count: int | None = None) -> str:
        for k in range(self.shape[1] if count is None else count):
            self.cell(row, k)
        return "A1:A1"

    def column(self, column: int, count: int | None = None) -> str:
        for k in range(self.shape[0] if count is None else count):
            self.cell(k, column)
        return "A1:A1"

    def part(self, rows: int | None = None, columns: int | None = None) -> str:
        for k in range(self.shape[0] if rows is None else rows):
            self.row(k, columns)
        return "A1:A1"


def precedents(block: Matrix) -> Iterator[tuple[int, int, set[tuple[str, int, int]]]]:
    """For every cell of a computed block, the cells that its formula refers to."""
    assert block.op is not None
    for i, j in np.ndindex(block.shape):
        met: set[tuple[str, int, int]] = set()
        own = [block] if op_of(block).recurs else []
        refs: list[Any] = [Precedents(operand, met) for operand in (*block.operands, *own)]
        block.op.cell(i, j, *refs)
        yield i, j, met
