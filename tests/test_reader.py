"""Workbooks as files have them: what our reader finds is what openpyxl finds, and what the format says."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.formula import ArrayFormula

from xltransformer import api
from xltransformer.bounds import Package
from xltransformer.engines.grid import COLUMNS, Grid, keys_of
from xltransformer.engines.sheets import Sheet, Sheets
from xltransformer.workbook.places import Place, place_of
from xltransformer.workbook.reader import read_book

Cells = dict[tuple[int, int], Any]

BUILDS: dict[str, dict[str, Any]] = {
    "default": {},
    "arrays": {"template": "gpt", "products": "rows"},
    "exercise": {"exercise": ("weights", "output")},
    "zh": {"template": "backpropagation", "language": "zh"},
    "odd words": {"template": "first-attention", "sentences": ["snake_case <b> =1+1 c++ 007 🎉"]},
}


def opened(path: Path) -> tuple[dict[str, Cells], dict[str, Cells], dict[str, Cells]]:
    """What openpyxl finds: values that were typed, formulas, and values that are shown, by sheet."""
    values: dict[str, Cells] = {}
    formulas: dict[str, Cells] = {}
    book, cached = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)
    for sheet in book.worksheets:
        values[sheet.title], formulas[sheet.title] = {}, {}
        for row in sheet.iter_rows():
            for cell in row:
                at = cell.row, cell.column
                if isinstance(cell.value, ArrayFormula):
                    left, top, right, bottom = range_boundaries(cell.value.ref)
                    covered = [(i, j) for i in range(top, bottom + 1) for j in range(left, right + 1)]
                    formulas[sheet.title] |= dict.fromkeys(covered, cell.value.text)
                elif cell.data_type == "f":
                    formulas[sheet.title][at] = cell.value
                elif cell.value is not None:
                    values[sheet.title][at] = cell.value
    shown = {s.title: {(c.row, c.column): c.value for r in s.iter_rows() for c in r} for s in cached.worksheets}
    return values, formulas, shown


def spelled(keys: np.ndarray[Any, Any]) -> set[tuple[int, int]]:
    return {divmod(int(key), COLUMNS) for key in keys}


@pytest.mark.parametrize("which", list(BUILDS))
def test_finds_what_openpyxl_finds(which: str, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    api.build(path, **BUILDS[which])
    values, formulas, shown = opened(path)
    with Package(path) as package:
        sheets = Sheets(package)
        typed, results, texts = sheets.read("typed"), sheets.read("shown"), sheets.formulas()
    assert list(typed) == list(values)
    for name, sheet in typed.items():
        assert spelled(sheet.formulas) == set(formulas[name])
        members = {at: value for at, value in sheet.values.items() if at not in formulas[name]}
        assert members == {at: v for at, v in values[name].items() if at not in formulas[name]}
        assert texts[name] == formulas[name]
        assert results[name].values == {at: value for at, value in shown[name].items() if value is not None}
    assert sum(map(len, formulas.values())) > 300


RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
LINK = f'<Relationship Id="%s" Type="{RELATIONS}/%s" Target="%s"/>'
LINKS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def write(path: Path, rows: str, strings: str = "", after: str = "", prefix: str = "") -> Path:
    """A workbook by hand, of one sheet."""
    colon, spaces = (f"{prefix}:", f'xmlns:{prefix}="{MAIN}"') if prefix else ("", f'xmlns="{MAIN}"')
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("_rels/.rels", LINKS % (LINK % ("a", "officeDocument", "/odd/book.xml")))
        links = LINK % ("b", "worksheet", "../sheets/one.xml") + LINK % ("c", "sharedStrings", "texts.xml")
        parts.writestr("odd/_rels/book.xml.rels", LINKS % (links + LINK % ("d", "chartsheet", "chart.xml")))
        parts.writestr(
            "odd/book.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets><sheet name="Chart" r:id="d"/>'
            '<sheet name="It\'s" r:id="b"/></sheets><definedNames><definedName name="here">\'It\'\'s\'!$A$1:$B$2'
            '</definedName><definedName name="there" localSheetId="1">A!$A$1</definedName></definedNames>'
            "</workbook>",
        )
        parts.writestr("odd/texts.xml", f'<sst xmlns="{MAIN}">{strings}</sst>')
        sheet = f"<{colon}worksheet {spaces}><{colon}sheetData>{rows}</{colon}sheetData>{after}</{colon}worksheet>"
        parts.writestr("sheets/one.xml", sheet)
    return path


def read(path: Path) -> tuple[Sheet, Sheet, Cells]:
    with Package(path) as package:
        sheets = Sheets(package)
        assert sheets.names == {"here": "'It''s'!$A$1:$B$2"}
        (typed,), (shown,), (formulas,) = (
            sheets.read("typed").values(), sheets.read("shown").values(), sheets.formulas().values()
        )  # fmt: skip
        return typed, shown, formulas


def test_values_of_every_type(tmp_path: Path) -> None:
    strings = (
        "<si><t>plain _x0041__x005F_x0042_</t></si>"
        '<si><r><rPr><b/></rPr><t xml:space="preserve">rich </t></r><r><t>text</t></r>'
        '<rPh sb="0" eb="1"><t>spoken</t></rPh></si><si><t/></si>'
    )
    rows = (
        '<row r="2"><c r="B2"><v>1.5</v></c><c><v>-3</v></c><c r="XFD2"><v>1e3</v></c>'
        '<c r="$E$2"><v>7</v></c></row>'
        '<row><c t="n"/><c t="n"><v></v></c><c r="C3"><v>-0</v></c><c r="D3" s="1"/></row>'
        '<row r="5.0"><c r="A5" t="s"><v>0</v></c><c r="B5" t="s"><v>1</v></c><c r="C5" t="s"><v>2</v></c></row>'
        '<row r="6"><c r="A6" t="inlineStr"><is><t>a_x0041_</t></is></c><c r="B6" t="inlineStr"><is><r><t>one </t>'
        "</r><r><t>two &lt;</t></r><rPh><t>spoken</t></rPh></is></c>"
        '<c r="C6" t="str"><v>text</v></c><c r="D6" t="inlineStr"><v>9</v></c></row>'
        '<row r="7"><c r="A7" t="b"><v>1</v></c><c r="B7" t="b"><v>0</v></c><c r="C7" t="e"><v>#N/A</v></c>'
        '<c r="D7" t="d"><v>2024-02-29</v></c><c r="D7"><v>8</v></c></row>'
    )
    elsewhere = '<extLst><ext><c r="A1"><v>4</v></c></ext></extLst>'
    expected: Cells = {
        (2, 2): 1.5, (2, 3): -3, (2, 16384): 1000, (2, 5): 7, (3, 3): 0,
        (5, 1): "plain A_x0042_", (5, 2): "rich text", (5, 3): "",
        (6, 1): "a_x0041_", (6, 2): "one two <", (6, 3): "text",
        (7, 1): True, (7, 2): False, (7, 3): "#N/A", (7, 4): 8,
    }  # fmt: skip
    typed, shown, formulas = read(write(tmp_path / "book.xlsx", rows, strings, elsewhere))
    assert typed.values == expected
    assert not np.signbit(typed.values[3, 3])
    assert typed.values[7, 1] is True
    assert spelled(np.array([*typed.errors])) == {(7, 3)}
    assert not len(typed.formulas)
    assert not formulas
    assert shown.values == {**expected, (6, 1): "aA"}, "as LibreOffice writes texts"
    assert openpyxl.utils.datetime.to_excel(openpyxl.utils.datetime.from_ISO8601("2024-02-29")) == 45351
    alone = write(tmp_path / "date.xlsx", '<row r="7"><c r="D7" t="d"><v>2024-02-29</v></c></row>')
    assert read(alone)[0].values == {(7, 4): 45351}


def test_formulas_of_every_kind(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>"a"</f><v>a</v></c>'
        '<c r="C1"><f/></c></row>'
        '<row r="2"><c r="A2"><f t="shared" ref="A2:A3" si="0">B2*Q!$C$1</f><v>4</v></c></row>'
        '<row r="3"><c r="A3"><f t="shared" si="0"/><v>5</v></c></row>'
        '<row r="4"><c r="A4"><f t="array" ref="A4:C5">MMULT(A1:B2,C1:E2)</f><v>6</v></c>'
        '<c r="B4"><v>7</v></c></row>'
    )
    texts = {
        (1, 1): "=1+1", (1, 2): '="a"', (1, 3): "=", (2, 1): "=B2*Q!$C$1", (3, 1): "=B3*Q!$C$1",
        **{(i, j): "=MMULT(A1:B2,C1:E2)" for i in (4, 5) for j in (1, 2, 3)},
    }  # fmt: skip
    for prefix in ("", "x"):
        spelt = re.sub("<(/?)", rf"<\1{prefix}:", rows) if prefix else rows
        typed, shown, formulas = read(write(tmp_path / f"{prefix}.xlsx", spelt, prefix=prefix))
        assert spelled(typed.formulas) == set(texts)
        assert formulas == texts
        assert typed.values == {(4, 2): 7}
        assert shown.values == {(1, 1): 2, (1, 2): "a", (2, 1): 4, (3, 1): 5, (4, 1): 6, (4, 2): 7}
        assert typed.has_formula(4, 3, (2, 2)).tolist() == [[True, False], [True, False]]


def test_a_grid_is_a_mapping_whose_rectangles_are_arrays() -> None:
    cells = {(1, 2): 3.0, (9, 1): -1.0, (2, 2): "x", (2, 3): True, (3, 16384): 0.5}
    grid = Grid.of({**cells, (5, 5): None})
    assert grid == cells
    assert (5, 5) not in grid
    np.testing.assert_array_equal(grid.numbers(1, 1, (2, 3)), [[np.nan, 3, np.nan], [np.nan] * 3])
    np.testing.assert_array_equal(Grid.of({}).numbers(1, 1, (1, 2)), [[np.nan, np.nan]])
    assert keys_of(2, 16384, (1, 1))[0, 0] < keys_of(3, 1, (1, 1))[0, 0]


def test_names_are_found_however_they_are_written(tmp_path: Path) -> None:
    assert place_of("Start!$C$5:$D$9") == place_of("'Start'!$C$5:$D$9") == Place("Start", 4, 2, (5, 2))
    for wrong in ("Start!$C:$D", "#REF!", "[1]Start!$C$5,Start!$D$5", "Start!$C$0", "$C$5", "A:B!$C$5"):
        with pytest.raises(ValueError, match="no absolute reference"):
            place_of(wrong)
    path = tmp_path / "book.xlsx"
    api.build(path)
    homes = read_book(path).homes
    book = openpyxl.load_workbook(path)
    for name in homes:
        book.defined_names[name].attr_text = re.sub(r"^'(\w+)'", r"\1", book.defined_names[name].attr_text)
    assert [name for name in homes if "'" not in book.defined_names[name].attr_text]
    book.save(path)
    assert read_book(path).homes == homes
