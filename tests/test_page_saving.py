"""A page gives its workbook with the edits made on it, and a link that holds them."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import pytest
from browser import Chromium, Evaluate, entry, everything_drawn, type_into
from click.testing import CliRunner
from office import Office

from xltransformer import api
from xltransformer.classroom.exercise import left_by
from xltransformer.classroom.grading.one import grade as one_grade
from xltransformer.cli import main
from xltransformer.difference import diff
from xltransformer.engines import Results, fold
from xltransformer.engines.base import read_values
from xltransformer.workbook.again import instance_of
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book

if TYPE_CHECKING:
    from playwright.sync_api import Page

SHEET = 1048576 * 16384


def held(results: Results, place: Place, i: int, j: int) -> Any:
    return results[fold(place.sheet)].get((place.row + i + 1, place.column + j + 1))


def expect_results(book: ReadBook, results: Results) -> None:
    """Every result of every block, wherever it is shown, is NumPy's."""
    values = instance_of(book).trace()
    places = [*book.homes.items(), *((view.block, view.place) for view in book.views)]
    assert len(places) > 30
    for name, place in places:
        block = book.model.blocks[name]
        if block.text:
            for i, j in np.ndindex(place.shape):
                assert (held(results, place, i, j) or "") == (values[name][i, j] or "")
        elif block.computed:
            numbers = results[fold(place.sheet)].numbers(place.row + 1, place.column + 1, place.shape)
            np.testing.assert_allclose(numbers, values[name], rtol=0, atol=1e-9, err_msg=name)


class Downloaded:
    """A page on which was typed, and what it then gave."""

    TYPED = (
        ("sentence.words", 2, 1, "savings"),
        ("embeddings", 3, 2, "-0.1234567890123"),
        ("embeddings", 1, 1, ""),
    )

    def __init__(self, browser: Chromium, folder: Path) -> None:
        path = folder / "小 lesson.html"
        self.built = api.build(path, template="first-attention")
        page = browser.open(path, accept_downloads=True)
        everything_drawn(page)
        self.given = self._given(page, folder / "given.xlsx")
        for block, row, column, text in self.TYPED:
            type_into(page, block, row, column, text)
        self.path, self.name = folder / "downloaded.xlsx", ""
        with page.expect_download() as download:
            page.click("#download")
        self.name = download.value.suggested_filename
        download.value.save_as(self.path)
        self.address = page.url
        self.heard = browser.close(page)

    @staticmethod
    def _given(page: Page, path: Path) -> Path:
        with page.expect_download() as download:
            page.click("#download")
        download.value.save_as(path)
        return path


@pytest.fixture(scope="module")
def downloaded(browser: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Downloaded:
    return Downloaded(browser, tmp_path_factory.mktemp("downloaded"))


def test_unedited_it_is_the_workbook_to_the_byte(downloaded: Downloaded, tmp_path: Path) -> None:
    api.build(tmp_path / "same.xlsx", template="first-attention")
    assert downloaded.given.read_bytes() == (tmp_path / "same.xlsx").read_bytes()
    assert downloaded.name == "小 lesson.xlsx"
    assert not downloaded.heard.wrong


def test_the_edits_are_in_it_and_every_result_is_right(downloaded: Downloaded) -> None:
    found = diff(downloaded.path)
    assert found.ok, found.problems
    book = read_book(downloaded.path)
    assert book.holds(book.homes["sentence.words"], 1, 0) == "savings"
    assert book.holds(book.homes["embeddings"], 2, 1) == -0.1234567890123
    assert book.holds(book.homes["embeddings"], 0, 0) is None
    expect_results(book, read_values(downloaded.path))
    sheets = openpyxl.load_workbook(downloaded.path)
    place = book.homes["embeddings"]
    assert sheets[place.sheet][place.address(2, 1)].value == -0.1234567890123


def test_nothing_else_is_lost(downloaded: Downloaded) -> None:
    """Every part is there, and but for cells, and the wish to be calculated, what it was."""
    with zipfile.ZipFile(downloaded.given) as before, zipfile.ZipFile(downloaded.path) as after:
        assert after.testzip() is None
        assert before.namelist() == after.namelist()
        for name in before.namelist():
            one, other = (package.read(name).decode() for package in (before, after))
            if "/worksheets/sheet" in name and not name.endswith(".rels"):
                assert one.partition("<sheetData>")[0] == other.partition("<sheetData>")[0]
                assert one.partition("</sheetData>")[2] == other.partition("</sheetData>")[2]
                assert one.count("<f") - other.count("<f") == 0
            else:
                assert one == other


def test_libreoffice_shows_the_same_numbers(downloaded: Downloaded, office: Office, tmp_path: Path) -> None:
    office.convert(downloaded.path, tmp_path / "converted.xlsx")
    expect_results(read_book(downloaded.path), read_values(tmp_path / "converted.xlsx"))


def test_a_page_is_made_of_it_again(downloaded: Downloaded, tmp_path: Path) -> None:
    """As it was built, with the edits: what was changed is still told."""
    from xltransformer.page.existing import existing

    found = existing(downloaded.path)
    assert not found.recalculate
    place = found.drawn.screen["state"]
    assert "You changed" in str(found.now(place.sheet, place.row, place.column + 2, None))


SAVE = """(async () => {
  const bytes = Uint8Array.from(atob(given.file), (one) => one.charCodeAt(0));
  const values = new Map(given.values);
  const engine = {
    read: async (keys) => ({ keys, values: Array.from(keys, (key) => values.get(key) ?? null) }),
    formula: async (key) => new Map(given.formulas).get(key),
  };
  const saved = await savedWorkbook(bytes, new Map(given.edits), engine);
  const read = [...await readValues(saved)];
  let text = "";
  for (const byte of saved) text += String.fromCharCode(byte);
  return { file: btoa(text), read };
})()"""


def saved(
    evaluate: Evaluate, data: bytes, edits: Mapping[int, Any], values: Mapping[int, Any], formulas: Any
) -> tuple[bytes, dict[int, Any]]:
    """What becomes of a workbook's file, and what the page reads in it."""
    given = {
        "file": base64.b64encode(data).decode(),
        "edits": [[key, edit if isinstance(edit, dict) else {"value": edit}] for key, edit in edits.items()],
        "values": [*values.items()],
        "formulas": formulas,
    }
    answer = evaluate(["rewriting.js", "package.js"], SAVE, given)
    return base64.b64decode(answer["file"]), dict(map(tuple, answer["read"]))


PARTS = {
    "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/book.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/calcChain.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"/>'
    '<Override PartName="/xl/sheets/one.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/sheets/two.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="a" Target="/xl/book.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
    "xl/book.xml": "<x:workbook xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main' "
    "xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'><x:sheets>"
    "<x:sheet r:id='b' sheetId='7' name='One'/><x:sheet name='Two' sheetId='3' r:id='c'/></x:sheets>"
    "<x:calcPr fullCalcOnLoad='0' calcId='1'/></x:workbook>",
    "xl/_rels/book.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    'Target="sheets/one.xml" Id="b"/><Relationship Id="c" Target="../xl/sheets/two.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
    '<Relationship Id="d" Target="calcChain.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"/></Relationships>',
    "xl/calcChain.xml": '<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<c r="A1" i="1"/></calcChain>',
    "xl/sheets/one.xml": "<x:worksheet xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
    "<!-- <x:c r='A1'> --><x:sheetData><x:row><x:c t='n'><x:f t='shared' ref='A1:C1' si='0'>A3*2</x:f><x:v>1</x:v>"
    "</x:c><x:c><x:f t='shared' si='0'/><x:v>2</x:v></x:c><x:c><x:f si='0' t='shared'></x:f><x:v>3</x:v></x:c>"
    "</x:row>"
    "<x:row r='3'><x:c r='A3' t='str' s='0'><x:f>\"a\"&amp;\"b\"</x:f><x:v>ab</x:v></x:c>"
    "<x:c r='D3'><x:v>4</x:v></x:c></x:row><x:row r='5'/>"
    "<x:row r='7'><x:c r='A7'><x:f t='array' ref='A7:B8'>A3:B4*2</x:f><x:v>0</x:v></x:c>"
    "<x:c r='B7'><x:v>0</x:v></x:c>"
    "</x:row><x:row r='8'><x:c r='A8'><x:v>0</x:v></x:c><x:c r='B8'><x:v>0</x:v></x:c></x:row>"
    "</x:sheetData></x:worksheet>",
    "xl/sheets/two.xml": "<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
    "<sheetData /></worksheet>",
}
"""A small workbook in the ways of several programs: prefixes, addresses left out, shared and array formulas."""


def key(address: str, sheet: int = 0) -> int:
    return sheet * SHEET + (int(address[1:]) - 1) * 16384 + ord(address[0]) - ord("A")


def packed(parts: Mapping[str, str], method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_files_of_any_program_take_edits_and_results(evaluate: Evaluate, method: int) -> None:
    texts = {key("B3"): "a<b & \u0001 _x0041_ 猫", key("A5"): 0.1 + 0.2, key("B2", 1): " x ", key("A3"): 1e-300}
    values = {
        key("B1"): 7.5, key("C1"): {"error": "#DIV/0!"}, key("A7"): True, key("B7"): "x<y", key("A8"): -0.0,
        key("B8"): 1e300,
    }  # fmt: skip
    edits = {
        key("A1"): 8,
        key("D3"): None,
        key("G3"): {"value": {"error": "#N/A"}},
        key("F3"): {"formula": "A1<2"},
        **texts,
    }
    data, read = saved(
        evaluate, packed(PARTS, method), edits, values | {key("F3"): False},
        formulas=[[key("B1"), "=B3*2"], [key("C1"), "C3*2"]],
    )  # fmt: skip
    assert read == {key("A1"): 8, **texts, **values, key("F3"): False, key("G3"): {"error": "#N/A"}}
    book = openpyxl.load_workbook(io.BytesIO(data))
    one, two = book.worksheets
    assert one["A1"].value == 8
    assert (one["B1"].value, one["C1"].value, one["F3"].value) == ("=B3*2", "=C3*2", "=A1<2")
    assert one["A7"].value.text == "=A3:B4*2"
    assert one["D3"].value is None
    assert one["G3"].data_type == "e"
    assert (one["A5"].value, two["B2"].value) == (0.1 + 0.2, " x ")
    assert book.calculation.fullCalcOnLoad
    shown = openpyxl.load_workbook(io.BytesIO(data), data_only=True).worksheets[0]
    assert [shown[address].value for address in ("B1", "C1", "B7", "B8")] == [7.5, "#DIV/0!", "x<y", 1e300]
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.testzip() is None
        assert "xl/calcChain.xml" not in package.namelist()
        assert "calcChain" not in package.read("[Content_Types].xml").decode()
        assert "calcChain" not in package.read("xl/_rels/book.xml.rels").decode()


DAMAGED = "(() => { try { partsOf(new Uint8Array(30)); } catch (error) { return error.message; } })()"


def test_what_is_damaged_is_told(evaluate: Evaluate) -> None:
    assert evaluate(["zip.js"], DAMAGED) == "the workbook is no whole .zip archive"


def test_what_is_filled_in_on_a_page_is_graded(browser: Chromium, tmp_path: Path) -> None:
    """An exercise that openpyxl saved, with one cell filled in there, and one on its page."""
    path = tmp_path / "exercise.xlsx"
    built = api.build(path, template="first-attention", exercise="scores")
    values = built.trace()
    book = read_book(path)
    left = left_by(book.description["exercise"], book.model)
    block, ((i, j), (k, m), *_) = next(iter(left.items()))
    sheets = openpyxl.load_workbook(path)
    place = book.exercises[block.name]
    sheets[place.sheet][place.address(i, j)] = float(values[block.name][i, j])
    sheets.save(path)
    status = CliRunner().invoke(main, ["page", str(path)])
    assert status.output == f"wrote {path.with_suffix('.html')}: open it in a browser\n"
    page = browser.open(path.with_suffix(".html"), accept_downloads=True)
    everything_drawn(page)
    filled = entry(page, block.name, i + 1, j + 1).first.get_attribute("data-value")
    assert float(filled or "nan") == values[block.name][i, j]
    type_into(page, block.name, k + 1, m + 1, repr(float(values[block.name][k, m])))
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "returned.xlsx")
    assert not browser.close(page).wrong
    grade = one_grade(tmp_path / "returned.xlsx")
    assert (grade.total.right, grade.total.wrong) == (2, 0), grade.remarks
    assert grade.total.cells == built.to_fill
