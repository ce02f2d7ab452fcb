"""The gallery in workbooks/ is what `make gallery` would write now, and its page speaks true."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from gallery import AGAIN, GALLERY, ROOT
from openpyxl import load_workbook

from xltransformer import trace

FOLDER = ROOT / "workbooks"


NAMES = [entry.name for entry in GALLERY.GALLERY]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every workbook of the gallery, built anew."""
    folder = tmp_path_factory.mktemp("gallery")
    return {entry.name: GALLERY.build(entry, folder) for entry in GALLERY.GALLERY}


def test_last_digits_alone_may_differ() -> None:
    sheet = '<c r="A1"><f>B1</f><v>0.49000000000000005</v></c>'

    def differs(other: str) -> bool:
        return GALLERY.differing({"a": sheet}, {"a": other}) == ["a"]

    assert not differs(sheet.replace("005</v>", "000</v>"))
    assert differs(sheet.replace("0.49", "0.48"))
    assert differs(sheet.replace("B1", "B2"))
    assert GALLERY.differing({"a": sheet}, {}) == ["a"]


@pytest.mark.parametrize("name", NAMES)
def test_same_bytes_when_built_again(name: str, built: dict[str, Any], tmp_path: Path) -> None:
    """Be it on the day that it was shipped; again only where a machine has last digits of its own."""
    one = built[name]
    if one.path.read_bytes() != (FOLDER / one.entry.file).read_bytes():
        assert GALLERY.build(one.entry, tmp_path).path.read_bytes() == one.path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_shipped_workbook_is_up_to_date(name: str, built: dict[str, Any]) -> None:
    differing = GALLERY.differing(GALLERY.parts(built[name].path), GALLERY.parts(FOLDER / f"{name}.xlsx"))
    assert not differing, f"{name}.xlsx is not what is built now, in {', '.join(differing)}: {AGAIN}"


def test_what_did_not_change_stays_as_it_is(built: dict[str, Any], tmp_path: Path) -> None:
    """A workbook and its pictures are written where something is new, and else left to the byte."""
    one, target = built["first-attention"], tmp_path / "first-attention.xlsx"
    assert GALLERY.take(one, tmp_path)
    shipped = target.read_bytes()
    assert GALLERY.take(one, tmp_path), "its pictures are missing"
    (tmp_path / "pictures").mkdir()
    for picture in one.entry.pictures:
        (tmp_path / picture).write_bytes(b"a picture")
    assert not GALLERY.take(one, tmp_path)
    with ZipFile(target, "a") as file:
        file.writestr("docProps/more.xml", "<more/>")
    assert GALLERY.take(one, tmp_path)
    assert target.read_bytes() == shipped


def test_pages_are_up_to_date(built: dict[str, Any]) -> None:
    for name, text in GALLERY.written(list(built.values())).items():
        assert (FOLDER / name).read_text("utf-8") == text, f"{name}: {AGAIN}"


def test_nothing_else_lies_there() -> None:
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.*")}
    assert there == GALLERY.wanted()
    pictures = [picture for entry in GALLERY.GALLERY for picture in entry.pictures]
    assert all((FOLDER / picture).stat().st_size < GALLERY.MOST_BYTES for picture in pictures)


def test_every_page_says_what_its_workbook_says(built: dict[str, Any]) -> None:
    for name, one in built.items():
        text = (FOLDER / one.entry.page).read_text("utf-8")
        start = load_workbook(FOLDER / one.entry.file, read_only=True).worksheets[0]
        shown = {str(cell.value) for row in start.iter_rows() for cell in row if cell.value is not None}
        assert one.tries or one.entry.exercise, name
        for tried in one.tries:
            assert tried.partition(" → ")[0] in shown
            assert tried in unescape(text)
        assert one.answers or one.entry.exercise, name
        assert all(answer in unescape(text) for answer in one.answers)
        assert "<" not in text, f"{name}: < begins a tag"


@pytest.mark.parametrize("lesson", ["self_attention", "projected_attention", "resized_attention"])
def test_apple_is_what_its_neighbours_make_it(lesson: str) -> None:
    blocks = trace(template="apple", language="zh")
    given, output = blocks["compare.input"], blocks[f"compare.{lesson}.output"]
    assert (given.iloc[0] == given.iloc[1]).all()
    assert (given["水果"] == given["科技"]).all()
    assert output["水果"].iloc[0] > output["科技"].iloc[0] + 0.3
    assert output["科技"].iloc[1] > output["水果"].iloc[1] + 0.3
