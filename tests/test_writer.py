"""The cells that are streamed into a package, against the same cells written by XlsxWriter alone."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from cells import cells_of

from xltransformer.building.instance import make_instance
from xltransformer.engines import ENGINES, fold
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.locale import load_messages
from xltransformer.text import column_number
from xltransformer.workbook import canvas, writer
from xltransformer.workbook.book import Book, Workbook
from xltransformer.workbook.canvas import MOST_FORMULA, Canvas
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.patterns import CellFormula, Formulas, Traced, formulas
from xltransformer.workbook.places import Place, column_letters, place_of
from xltransformer.workbook.styles import FONT, STYLES

TEMPLATES = ["cat-and-mouse", "bert", "gpt", "encoder-decoder", "recurrent", "rotary", "multi-head"]
NASTY = [
    "=1+1", "+x", "-x", "@x", "<b>&\"'", " spaces ", "two\nlines", "tab\t", "_x0041_", "bell\x07", "100 % {s} %s",
    "\ufffe", "语言", "😀", "#N/A", "1e5", "TRUE", "x" * 300, "'quoted'", "a_b",
]  # fmt: skip
NUMBERS = [0.0, -0.0, 1.0, 1 / 3, 0.1 + 0.2, 1e-300, 5e-324, 1.7976931348623157e308, -1e30, 2.0**53 + 1, np.pi]


def book_of(template: str) -> Workbook:
    instance = make_instance(template, [])
    return lay_out(instance, instance.trace(), load_messages())


def plainly(sheets: list[Canvas]) -> bytes:
    """The cells of some sheets as XlsxWriter writes them, one call a cell."""
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_format_properties": FONT})
    formats: dict[Any, Any] = {}
    for drawn in sheets:
        sheet = workbook.add_worksheet(drawn.name)
        sheet.set_default_row(16)
        for row, height in drawn.heights.items():
            sheet.set_row(row, height)
        for (row, column), cell in cells_of(drawn).items():
            name, number = cell.style
            if cell.style not in formats:
                look = {"font_scheme": None, **STYLES[name], **({"num_format": number} if number else {})}
                formats[cell.style] = workbook.add_format(look)
            made = formats[cell.style]
            if cell.kind == "formula":
                sheet.write_formula(row, column, "=" + cell.content, made, cell.shown)
            elif cell.kind == "number":
                sheet.write_number(row, column, cell.content, made)
            elif cell.kind == "link":
                sheet.write_url(row, column, f"internal:{cell.content}", made, cell.shown, cell.tip)
            elif cell.kind == "text" and cell.content:
                sheet.write_string(row, column, cell.content, made)
            else:
                sheet.write_blank(row, column, None, made)
    workbook.close()
    return buffer.getvalue()


def look_of(cell: Any, looks: dict[tuple[int, ...], tuple[str, ...]]) -> tuple[Any, ...]:
    """How a cell looks and where it leads; `looks` are those of its workbook by style, of which there are few."""
    style = tuple(cell._style)
    if style not in looks:
        looks[style] = tuple(map(repr, (cell.font, cell.fill, cell.border, cell.alignment, cell.number_format)))
    return (*looks[style], cell.hyperlink.location if cell.hyperlink else None)


@pytest.mark.parametrize("template", TEMPLATES)
def test_cells_are_those_that_xlsxwriter_writes(template: str) -> None:
    """Formulas, values, texts, styles and heights, and the values that formulas show."""
    book = book_of(template)
    ours, theirs = writer.render(book, {}), plainly(book.sheets)
    compared = 0
    for shown in (False, True):
        looks: tuple[dict[Any, Any], dict[Any, Any]] = {}, {}
        ours_read, theirs_read = (openpyxl.load_workbook(io.BytesIO(d), data_only=shown) for d in (ours, theirs))
        for sheet in book.sheets:
            mine, other = ours_read[sheet.name], theirs_read[sheet.name]
            for row, column in cells_of(sheet):
                a, b = mine.cell(row + 1, column + 1), other.cell(row + 1, column + 1)
                value, expected = a.value or "", b.value or ""
                if isinstance(expected, float):  # of which XlsxWriter writes 16 digits, one too few
                    expected = pytest.approx(expected, rel=1e-15)
                assert value == expected, (sheet.name, a.coordinate)
                if not shown:
                    seen = (look_of(cell, known) for cell, known in zip((a, b), looks, strict=True))
                    assert a.data_type == b.data_type
                    assert next(seen) == next(seen), (sheet.name, a.coordinate)
                    assert mine.row_dimensions[row + 1].customHeight
                compared += 1
            for row in sheet.heights:
                if not any(paragraph.row == row for paragraph in sheet.paragraphs):
                    assert mine.row_dimensions[row + 1].height == other.row_dimensions[row + 1].height
    assert compared > 1000


@pytest.mark.parametrize("products", ["spelled", "compact"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_pattern_is_right_for_every_cell(template: str, products: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each formula that is drawn is what is said of that very cell."""
    cells = 0

    def checked(cell: CellFormula, shape: tuple[int, int]) -> Formulas:
        nonlocal cells
        made = formulas(cell, shape)
        for i, j in np.ndindex(shape):
            assert made.at(i, j) == cell(i, j)
        longest = max(len(cell(i, j)) for i, j in np.ndindex(shape))
        assert longest <= max(pattern.longest(shape) for pattern in made.patterns)
        cells += shape[0] * shape[1]
        return made

    monkeypatch.setattr(canvas, "formulas", checked)
    instance = make_instance(template, [])
    lay_out(instance, instance.trace(), load_messages(), products=products)
    assert cells > 1000


def test_an_operation_that_looks_at_an_index_gets_several_patterns() -> None:
    def causal(i: int, j: int) -> str:
        if j > i:
            return "0"
        return f"{column_letters(j)}{i + 1}" + ("*2" if j % 2 else "") + "+1" * (i // 2)

    def fixed(i: int, j: int) -> str:
        return "abc"[j] + "".join(str(k) for k in range(i + 1)) + ("x" if i == j else "") + f"{2 * i - j:d}"

    def plain(i: int, j: int) -> str:
        return f"A{i + 1}*{column_letters(30 + j)}$1+{10 - i}+{i + j}%"

    for cell, patterns in ((causal, None), (fixed, 15), (plain, 1)):
        made = formulas(cell, (5, 3))
        for i, j in np.ndindex(5, 3):
            assert made.at(i, j) == cell(i, j)
        assert patterns is None or len(made.patterns) == patterns
    assert len(formulas(causal, (50, 40)).patterns) < 60


def test_what_a_pattern_cannot_follow_is_refused() -> None:
    with pytest.raises(TypeError):
        formulas(lambda i, j: f"{i / 2}", (2, 2))
    with pytest.raises(TypeError):
        formulas(lambda i, j: f"{i * j}", (2, 2))
    assert Traced.__slots__  # nothing else can be read off an index


@pytest.fixture(scope="module")
def nasty() -> bytes:
    book = Book({}, load_messages())
    sheet = book.sheet("It's & <odd>")
    texts = np.array([NASTY], dtype=object)
    sheet.block(0, 0, texts, ("token", "@"))
    sheet.block(1, 0, texts, ("word", ""), lambda i, j: f'{column_letters(j)}{i + 1}&""')
    for column, text in enumerate(NASTY):
        sheet.text(2, column, text, "remark")
    numbers = np.array([NUMBERS])
    sheet.block(3, 0, numbers, ("input", ""))
    sheet.block(4, 0, numbers, ("computed", "0.00"), lambda i, j: f"{column_letters(j)}{i + 4}")
    sheet.block(5, 0, np.array([[1.5, np.nan, np.inf]]), ("computed", ""), lambda i, j: f"{column_letters(j)}1<2")
    return writer.render(book.finish(), {})


def rows_of(data: bytes) -> list[list[tuple[str, str, str]]]:
    """Each row's cells of the first sheet as they stand in the file: type, formula, value."""
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        strings = ElementTree.fromstring(package.read("xl/sharedStrings.xml"))
        rows = ElementTree.fromstring(package.read("xl/worksheets/sheet1.xml")).iter(f"{main}row")
    texts, found = [text.text or "" for text in strings.iter(f"{main}t")], []
    for row in rows:
        found.append([])
        for cell in row:
            kind, value = cell.get("t", "n"), cell.findtext(f"{main}v") or ""
            value = unescaped(texts[int(value)]) if kind == "s" else unescaped(value)
            found[-1].append((kind, cell.findtext(f"{main}f") or "", value))
    return found


def unescaped(text: str) -> str:
    """A text as the file format means it (ECMA-376 part 1, section 22.9.2.19)."""
    return re.sub(r"_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


def test_every_text_and_every_digit_is_kept(nasty: bytes) -> None:
    typed, followed, single, numbers, computed, errors = rows_of(nasty)
    assert typed == single == [("s", "", text) for text in NASTY]
    assert followed == [("str", f'{column_letters(k)}1&""', text) for k, text in enumerate(NASTY)]
    assert numbers == [("n", "", repr(number)) for number in NUMBERS]
    assert computed == [("n", f"{column_letters(k)}4", repr(number)) for k, number in enumerate(NUMBERS)]
    assert errors == [("n", "A1<2", "1.5"), ("e", "B1<2", "#NUM!"), ("e", "C1<2", "#NUM!")]


@pytest.mark.parametrize("engine", list(ENGINES))
def test_engines_read_texts_and_numbers(engine: str, nasty: bytes, tmp_path: Path) -> None:
    path = tmp_path / "nasty.xlsx"
    path.write_bytes(nasty)
    grid = ENGINES[engine].recalculate(path)[fold("It's & <odd>")]
    for column, text in enumerate(NASTY, start=1):
        if any((ord(c) < 32 and c != "\n") or c == "\ufffe" for c in text) or "_x" in text:
            continue  # engines differ in which characters a cell may hold
        assert grid.get((1, column)) == text
        assert grid.get((2, column)) == text
    for column, number in enumerate(NUMBERS, start=1):
        if number in (5e-324, 1e-300):
            continue
        assert grid.get((5, column)) == pytest.approx(number, rel=1e-15)


def test_the_file_is_sound(tmp_path: Path, nasty: bytes) -> None:
    for name, data in (("nasty", nasty), ("gpt", writer.render(book_of("gpt"), {"a": 1}))):
        path = tmp_path / f"{name}.xlsx"
        path.write_bytes(data)
        audit = [sys.executable, "-m", "openxml_audit", path]
        done = subprocess.run(audit, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_book_gives_the_same_bytes() -> None:
    first, second = (writer.render(book_of("bert"), {"model": "x"}) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        assert package.testzip() is None
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert len(package.namelist()) == len(set(package.namelist()))


def first_cell(where: str) -> str:
    return where.partition(":")[0].replace("$", "")


def test_conditions_and_choices_hold_the_formulas_that_were_drawn() -> None:
    book = book_of("encoder-decoder")
    read = openpyxl.load_workbook(io.BytesIO(writer.render(book, {})))
    count = 0
    for sheet in book.sheets:
        drawn = [
            (first_cell(where), rule["criteria"]) for where, rule in sheet.conditions if rule["type"] == "formula"
        ]
        found = [
            (first_cell(str(where.sqref)), "=" + rule.formula[0])
            for where in read[sheet.name].conditional_formatting
            for rule in where.rules
            if rule.type == "expression"
        ]
        assert sorted(found) == sorted(drawn)
        count += len(drawn)
        lists = [rule["source"] for _, rule in sheet.validations if str(rule.get("source", "")).startswith("=")]
        chosen = [
            rule.formula1 for rule in read[sheet.name].data_validations.dataValidation if rule.type == "list"
        ]
        assert sorted(lists) == sorted(f"={source}" for source in chosen if not source.startswith('"'))
    assert count > 100


def test_charts_keep_a_copy_of_what_they_show() -> None:
    book = book_of("cat-and-mouse")
    with zipfile.ZipFile(io.BytesIO(writer.render(book, {}))) as package:
        charts = [package.read(n).decode() for n in package.namelist() if n.startswith("xl/charts/chart")]
    assert charts
    assert all("<c:v>" in chart for chart in charts)


def test_things_drawn_over_one_another_are_found() -> None:
    book = Book({}, load_messages())
    sheet = book.sheet("one")
    sheet.block(1, 1, np.zeros((2, 3)), ("input", ""))
    sheet.text(2, 2, "over it", "remark")
    with pytest.raises(ValueError, match="two things stand in 'one'!C3"):
        writer.render(book.finish(), {})


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_a_formula_too_long_is_refused_before_writing(more: int, fits: bool) -> None:
    sheet = Canvas("s")
    values = np.zeros((9, 3))
    length = MOST_FORMULA - len("A10") + more

    def draw() -> None:
        sheet.block(0, 0, values, ("computed", ""), lambda i, j: "1" * length + f"{column_letters(j)}{i + 2}")

    if fits:
        draw()
        return
    with pytest.raises(UserError, match="8,192 characters"):
        draw()


def test_a_part_of_two_gigabytes_may_follow() -> None:
    """What a large sheet is announced to take is never less than what it takes."""
    sheet = Canvas("s")
    values: Array = np.full((40, 30), -1.2345678901234567e-100)
    sheet.block(
        0, 0, values, ("computed", ""), lambda i, j: "+".join(f"{column_letters(j)}{i + k}" for k in range(60))
    )
    book = Book({}, load_messages())
    book.sheets.append(sheet)
    with zipfile.ZipFile(io.BytesIO(writer.render(book.finish(), {}))) as package:
        taken = package.getinfo("xl/worksheets/sheet1.xml").file_size
    assert taken < 3000 + sheet.most_characters()


def test_places_are_read_back() -> None:
    for sheet, shape in (("Start", (1, 1)), ("It's", (5, 1)), ("1A Self", (3, 700))):
        place = Place(sheet, 4, 25, shape)
        assert place_of(place.absolute) == place
    for column in (0, 25, 26, 701, 702, 16383):
        assert column_number(column_letters(column)) - 1 == column
    with pytest.raises(ValueError, match="Start"):
        place_of("Start!A1")


def test_one_cell_of_a_block_is_the_same_by_itself() -> None:
    for sheet in book_of("gpt").sheets:
        cells = cells_of(sheet)
        for (row, column), cell in [*cells.items()][::17]:
            assert sheet.at(row, column) == cell
        assert sheet.at(sheet.bottom + 1, 0) is None
