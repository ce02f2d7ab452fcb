"""The map at the head of a long sheet: its links lead to the steps by their titles, and the shapes are right."""

from __future__ import annotations

import re
from itertools import product

import pytest
from cells import cells_of

from xltransformer.building.instance import make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.locale import languages, load_messages
from xltransformer.workbook.canvas import WINDOW, Canvas, Cell, text_width
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.places import place_of

Cells = dict[tuple[int, int], Cell]
LETTER = 6.0
"""Pixels of a letter in a real window, where a column of 9 characters takes 68."""
SEEN = 26
"""Rows of a sheet that a window shows at first."""


def links(sheet: Canvas, cells: Cells, title: str) -> list[tuple[int, int, str]]:
    """The lines of a sheet's map: row and column of each link, and where it leads; in the order of reading."""
    (top,) = (row for (row, column), cell in cells.items() if column == 1 and cell.content == title)
    first = min(row for row, style in sheet.bars if style == "heading")
    found = [
        (row, column, cell.content)
        for (row, column), cell in cells.items()
        if cell.kind == "link" and top < row < first
    ]
    return sorted(found, key=lambda link: (link[1], link[0]))


@pytest.mark.parametrize(("name", "language"), list(product(shipped_templates(), languages())))
def test_long_sheets_begin_with_a_map(name: str, language: str) -> None:
    instance, messages = make_instance(name, language=language), load_messages(language)
    title = messages("map.title")
    for sheet in lay_out(instance, instance.trace(), messages).shown[1:]:
        cells = cells_of(sheet)
        headings = {row: str(sheet.single[row, 1].content) for row, style in sheet.bars if style == "heading"}
        mapped = any(cell.content == title for cell in cells.values())
        numbered = [text for text in headings.values() if re.match(r"[\d.]+  ", text)]
        assert mapped == (len(numbered) >= 9), sheet.name
        if not mapped:
            continue
        lines = links(sheet, cells, title)
        assert [cells[row, column].shown for row, column, _ in lines] == numbered
        assert min(row for row, *_ in lines) < SEEN
        for row, column, target in lines:
            assert (
                headings[place_of(re.sub(r"!([A-Z]+)(\d+)", r"!$\1$\2", target)).row] == cells[row, column].shown
            )
            following = min(c for (r, c) in cells if r == row and c > column)
            assert text_width(str(cells[row, column].shown)) * LETTER <= sheet.pixels(column, following - 1)
            end = sheet.pixels(0, following - 1) + text_width(str(cells[row, following].content)) * LETTER
            assert end <= WINDOW


SHAPES = {
    ("gpt", "3.2"): "Q, K, V {n} × {k} per head",
    ("gpt", "3.6"): "exp {n} × {n}, sum {n} × 1 per head",
    ("gpt", "3.14"): "inner {n} × {f}",
    ("encoder-decoder", "3.13"): "Q {n} × {k}, K, V {m} × {k} per head",
    ("llama", "2.2"): "Q {n} × {k} per head, K, V {n} × {k} per group",
}


@pytest.mark.parametrize(("name", "step"), list(SHAPES))
def test_what_a_step_makes_has_its_shape(name: str, step: str) -> None:
    instance = make_instance(name)
    model = instance.model
    part = "encoder" if name == "encoder" else "decoder"
    (Q,) = (
        b for key, b in model.blocks.items() if re.fullmatch(rf"{part}\.0\.(self_attention\.)?head\.0\.Q", key)
    )
    inner = next(b for key, b in model.blocks.items() if re.fullmatch(rf"{part}\.0\.feed_forward\.inner", key))
    sizes = {"n": Q.shape[0], "k": Q.shape[1], "m": model.sentences[0].words.size, "f": inner.shape[1]}
    wanted = SHAPES[name, step].format(**sizes)
    texts = [
        str(cells_of(sheet)[row, next(c for r, c in sorted(cells_of(sheet)) if r == row and c > column)].content)
        for sheet in lay_out(instance, instance.trace(), load_messages("en")).shown[1:]
        for (row, column), cell in cells_of(sheet).items()
        if cell.kind == "link" and str(cell.shown).startswith(f"{step}  ")
    ]
    assert texts == [wanted]
