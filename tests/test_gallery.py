"""The gallery in workbooks/ is what `make gallery` would write now, and its page speaks true."""

from __future__ import annotations

import math
import re
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


def _parts(path: Path) -> dict[str, str]:
    with ZipFile(path) as file:
        return {name: file.read(name).decode("utf-8") for name in file.namelist()}


_NUMBER = re.compile(r"(?<=<v>)-?[\d.]+(?:[eE][-+]?\d+)?(?=</v>)|(?<=<c:v>)-?[\d.]+(?:[eE][-+]?\d+)?(?=</c:v>)")


def _differing(left: dict[str, str], right: dict[str, str]) -> list[str]:
    """The parts that differ, but for the last digits of values."""
    return [name for name in sorted({*left, *right}) if not _alike(left.get(name, ""), right.get(name, ""))]


def _alike(left: str, right: str) -> bool:
    if left == right:
        return True
    pairs = zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=False)
    return _NUMBER.sub("", left) == _NUMBER.sub("", right) and all(
        math.isclose(float(a), float(b), rel_tol=1e-12, abs_tol=1e-14) for a, b in pairs
    )


def test_last_digits_alone_may_differ() -> None:
    sheet = '<c r="A1"><f>B1</f><v>0.49000000000000005</v></c>'
    assert _alike(sheet, sheet.replace("005</v>", "000</v>"))
    assert not _alike(sheet, sheet.replace("0.49", "0.48"))
    assert not _alike(sheet, sheet.replace("B1", "B2"))
    assert _differing({"a": sheet}, {}) == ["a"]


@pytest.mark.parametrize("name", NAMES)
def test_same_bytes_when_built_again(name: str, built: dict[str, Any], tmp_path: Path) -> None:
    again = GALLERY.build(built[name].entry, tmp_path)
    assert again.path.read_bytes() == built[name].path.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_shipped_workbook_is_up_to_date(name: str, built: dict[str, Any]) -> None:
    differing = _differing(_parts(built[name].path), _parts(FOLDER / f"{name}.xlsx"))
    assert not differing, f"{name}.xlsx is not what is built now, in {', '.join(differing)}: {AGAIN}"


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
        start = load_workbook(FOLDER / one.entry.file).worksheets[0]
        shown = {str(cell.value) for row in start.iter_rows() for cell in row if cell.value is not None}
        assert one.tries or one.entry.exercise, name
        for tried in one.tries:
            assert tried.partition(" → ")[0] in shown
            assert tried in text
        assert one.answers or one.entry.exercise, name


@pytest.mark.parametrize("lesson", ["self_attention", "projected_attention", "resized_attention"])
def test_apple_is_what_its_neighbours_make_it(lesson: str) -> None:
    blocks = trace(template="apple")
    given, output = blocks["compare.input"], blocks[f"compare.{lesson}.output"]
    assert (given.iloc[0] == given.iloc[1]).all()
    assert (given["水果"] == given["科技"]).all()
    assert output["水果"].iloc[0] > output["科技"].iloc[0] + 0.3
    assert output["科技"].iloc[1] > output["水果"].iloc[1] + 0.3
