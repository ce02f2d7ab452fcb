"""The description of a workbook's model, in both of its homes, as programs leave it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from xltransformer import api
from xltransformer.difference import diff
from xltransformer.errors import UserError
from xltransformer.workbook import described
from xltransformer.workbook.reader import read_book

CUSTOM, TEXTS = "docProps/custom.xml", "xl/sharedStrings.xml"
Parts = dict[str, bytes]

DESCRIPTIONS: list[Mapping[str, Any]] = [
    {},
    {"sentences": ["a  b " * 200]},
    {"sentences": [" " * 40], "options": {"_x0041_": '"\\_x0022_'}},
    {"sentences": ["寫代碼的 <&> " * 60]},
    {"sentences": ["word " * 10_000]},
]


@pytest.mark.parametrize("description", DESCRIPTIONS)
@pytest.mark.parametrize("most", [7, described.IN_PROPERTY, described.IN_CELL])
def test_pieces_survive_what_programs_do_to_texts(description: Mapping[str, Any], most: int) -> None:
    pieces = described.pieces_of(description, most)
    text = "".join(pieces)
    assert text == re.sub(r"\s", "", text)
    assert all(0 < len(piece) <= most for piece in pieces)
    assert not re.search("_x[0-9A-Fa-f]{4}_", text)
    assert not description if not text else described.parse(text) == description
    escaped = text.replace('"', "_x0022_")
    assert not text or described.parse(escaped) == description, "as SheetJS writes it"


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", "null", "[" * 100_000])
def test_what_is_no_description(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        described.parse(text)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("described") / "lesson.xlsx"
    api.build(path, ["a_x0041_b  and c"] * 2, "first-attention")
    return path


def changed(built: Path, path: Path, change: Callable[[Parts], None]) -> Path:
    with zipfile.ZipFile(built) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in parts.items():
            book.writestr(name, data)
    return path


def indented(parts: Parts) -> None:
    parts[CUSTOM] = re.sub(rb"(<property[^>]*>)(.*?)(</property>)", rb"\1\n    \2\n  \3", parts[CUSTOM])


def escaped(parts: Parts) -> None:
    parts[CUSTOM] = re.sub(b"(?<=lpwstr>)[^<]*", lambda f: f[0].replace(b'"', b"_x0022_"), parts[CUSTOM])


def without_property(parts: Parts) -> None:
    del parts[CUSTOM]


def without_cell(parts: Parts) -> None:
    parts[TEXTS] = parts[TEXTS].replace(b"<t>xlt.model", b"<t>xml.todel")


def one_piece_lost(parts: Parts) -> None:
    parts[CUSTOM] = parts[CUSTOM].replace(b'name="xlt.model.0"', b'name="mine"')


def other_spelling(parts: Parts) -> None:
    parts["DOCPROPS/Custom.xml"] = parts.pop(CUSTOM)
    parts["XL/sharedstrings.xml"] = parts.pop(TEXTS)
    parts["xl/WorkSheets/sheet1.xml"] = parts.pop("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    "change", [indented, escaped, without_property, without_cell, one_piece_lost, other_spelling]
)
def test_either_home_will_do(change: Callable[[Parts], None], built: Path, tmp_path: Path) -> None:
    book, before = read_book(changed(built, tmp_path / "saved.xlsx", change)), read_book(built)
    assert book.description == before.description
    assert book.homes == before.homes
    assert change is other_spelling or diff(book.path).ok


def test_the_second_home_is_the_first_cell_of_a_sheet_that_nobody_sees(built: Path, tmp_path: Path) -> None:
    quiz = tmp_path / "quiz.xlsx"
    api.build(quiz, ["cat and mouse"], exercise=["scores"])
    for path in (built, quiz):
        book = openpyxl.load_workbook(path)
        (carrier,) = (sheet for sheet in book if str(sheet["A1"].value).startswith("xlt.model.0 "))
        assert carrier.sheet_state == "veryHidden"
        assert described.parse(carrier["A1"].value.partition(" ")[2]) == read_book(path).description


def test_two_descriptions_that_differ_are_refused(built: Path, tmp_path: Path) -> None:
    """By hand, or by copying sheets from one workbook into another."""

    def of_another(parts: Parts) -> None:
        parts[CUSTOM] = parts[CUSTOM].replace(b'"width":', b'"width":1')

    path = changed(built, tmp_path / "saved.xlsx", of_another)
    with pytest.raises(UserError, match=r"tells of two models: cell A1 .* its document properties"):
        read_book(path)
    book = openpyxl.load_workbook(built)
    mine = book.create_sheet("Mine")
    mine["A1"] = "xlt.model.0 " + json.dumps({**read_book(built).description, "width": 3})
    book.save(path)
    assert diff(path).ok, "the document properties have a cell that agrees"
    with pytest.raises(UserError, match=r"tells of two models: cell A1 of its sheet 'Mine' .* another sheet"):
        read_book(changed(path, tmp_path / "none.xlsx", without_property))
