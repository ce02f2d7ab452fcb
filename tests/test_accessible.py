"""What a workbook tells those who hear it read aloud, or who go through it by keyboard."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from openpyxl.utils import range_boundaries
from test_charts import place_of

from xltransformer import api
from xltransformer.workbook.reader import read_book

D = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
CELL = re.compile(r"(?:'(?:[^']|'')+'|[^\s'!,]+)![A-Z]+\d+(?::[A-Z]+\d+)?")
BUILDS = [(name, "en") for name in ("cat-and-mouse", "encoder", "trainable-attention", "gpt", "recurrent")]


@pytest.mark.parametrize(("template", "language"), [*BUILDS, ("cat-and-mouse", "zh"), ("recurrent", "zh")])
def test_a_workbook_can_be_read_without_seeing_it(template: str, language: str, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    api.build(path, template=template, language=language)
    opened, book = openpyxl.load_workbook(path), read_book(path)
    assert (opened.properties.language, opened.properties.creator) == (language, "xltransformer")
    start = opened.worksheets[0]
    first = [str(cell.value) for row in start.iter_rows(max_row=3) for cell in row if cell.value]
    assert opened.properties.title in first[:2]
    for sheet in (one for one in opened.worksheets if one.sheet_state == "visible"):
        heads = [cell.value for row in sheet.iter_rows(max_row=2) for cell in row if isinstance(cell.value, str)]
        assert heads, f"{sheet.title} begins without a heading"
        merged = [range_boundaries(str(one)) for one in sheet.merged_cells.ranges]
        for place in (place for place in book.homes.values() if place.sheet == sheet.title):
            top, left, bottom, right = (
                place.row + 1, place.column + 1, place.row + place.shape[0], place.column + place.shape[1]
            )  # fmt: skip
            for left_, top_, right_, bottom_ in merged:
                apart = left_ > right or right_ < left or top_ > bottom or bottom_ < top
                assert apart, f"cells are merged in a matrix: {sheet.title}!{place.address(0, 0)}"


@pytest.mark.parametrize(("template", "language"), [*BUILDS, ("cat-and-mouse", "zh"), ("recurrent", "zh")])
def test_every_chart_says_in_words_where_its_numbers_stand(template: str, language: str, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    api.build(path, template=template, language=language)
    told = []
    with zipfile.ZipFile(path) as parts:
        for name in (name for name in parts.namelist() if name.startswith("xl/drawings/drawing")):
            drawing = ElementTree.fromstring(parts.read(name))
            told += [one.get("descr", "") for one in drawing.iter(f"{D}cNvPr")]
    assert told
    opened = openpyxl.load_workbook(path, data_only=True)
    for text in told:
        title, *numbers = CELL.findall(text)
        places = [place_of(re.sub(r"([A-Z]+)(\d+)", r"$\1$\2", one.rpartition("!")[2]).join(
            (one.rpartition("!")[0] + "!", "")
        )) for one in (title, *numbers)]  # fmt: skip
        assert numbers
        assert isinstance(opened[places[0].sheet][places[0].address(0, 0)].value, str)
        for place in places[1:]:
            assert opened[place.sheet][place.address(0, 0)].value is not None
