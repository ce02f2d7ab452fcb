"""Wide models: a row of a result is one array formula, and weights stand once, on sheets of their own."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from office import Office
from test_diff import rewrite

from xltransformer import api
from xltransformer.building.instance import make_instance
from xltransformer.difference import diff
from xltransformer.engines import ENGINES
from xltransformer.locale import load_messages
from xltransformer.workbook.canvas import WINDOW
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book

SIZES: dict[str, Any] = {"layers": 2, "heads": 2, "d_model": 34, "d_ff": 36}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wide") / "wide.xlsx"
    api.build(path, template="gpt", settings=SIZES)
    return path


@pytest.fixture(scope="module")
def read(wide: Path) -> ReadBook:
    return read_book(wide)


@pytest.mark.parametrize("engine", list(ENGINES))
def test_sheet_and_numpy_agree(engine: str, wide: Path) -> None:
    result = diff(wide, engine)
    assert result.ok
    assert result.max_abs_error is not None
    assert result.max_abs_error < 1e-10


def test_a_row_is_one_array(read: ReadBook) -> None:
    for name in (
        "decoder.0.head.1.Q",
        "decoder.0.attended",
        "decoder.1.feed_forward.activated",
        "decoder.0.norm.0.output",
    ):
        home = read.homes[name]
        for i in range(home.shape[0]):
            formulas = {read.holds(home, i, j) for j in range(home.shape[1])}
            assert len(formulas) == 1, name
            assert all(read.is_formula(home, i, j) for j in range(home.shape[1]))
    home = read.homes["decoder.0.head.1.Q"]
    assert re.fullmatch(r"=MMULT\(C\d+:AJ\d+,'2 Weights'!C\d+:S\d+\+0\)(\+.*)?", read.holds(home, 3, 0))


def significant(number: str) -> int:
    return len(number.partition("e")[0].replace("-", "").replace(".", "").strip("0"))


def test_results_in_the_file_are_short(wide: Path, read: ReadBook) -> None:
    """Those that LibreOffice takes from it, of ordinary formulas, less so."""
    with zipfile.ZipFile(wide) as parts:
        names = re.findall('<sheet name="([^"]*)"', parts.read("xl/workbook.xml").decode())
        sheets = {n: parts.read(f"xl/worksheets/sheet{k}.xml").decode() for k, n in enumerate(names, start=1)}

    def longest(name: str) -> int:
        home = read.homes[name]
        cells = {home.address(i, j) for i in range(home.shape[0]) for j in range(home.shape[1])}
        found = re.findall(r'<c r="([A-Z]+[0-9]+)"[^>]*>(?:<f.*?</f>)?<v>([^<]*)</v>', sheets[home.sheet])
        return max(significant(value) for cell, value in found if cell in cells)

    assert longest("decoder.0.head.1.Q") == longest("decoder.1.feed_forward.activated") == 6
    assert longest("decoder.0.head.1.K_T") == longest("decoder.0.norm.0.variance") == 9


def test_bars_end_with_what_stands_below_them() -> None:
    """And reach at least as far as a window."""
    instance = make_instance("gpt", [], settings=SIZES | {"d_ff": 99})
    book = lay_out(instance, instance.trace(), load_messages())
    (sheet,) = (sheet for sheet in book.sheets if sheet.name == "2 Layer 1")
    rows = sorted(row for row, style in sheet.bars if style == "heading")
    ends = sheet.bar_ends()
    for row, following in zip(rows, [*rows[1:], sheet.bottom + 1], strict=True):
        below = [block for block in sheet.blocks if row <= block.row < following]
        last = max(block.column + block.shape[1] - 1 for block in below)
        assert last <= ends[row] <= max(last, sheet.right // 4)
        assert sheet.pixels(0, ends[row] + 1) > WINDOW
    assert len({ends[row] for row in rows}) > 2


def test_every_weight_stands_once(read: ReadBook) -> None:
    shown = {view.block for view in read.views}
    for block in read.model.parameters:
        assert read.homes[block.name].sheet.endswith("Weights"), block.name
        assert block.name not in shown


@pytest.mark.parametrize(("template", "settings", "by_rows"), [
    ("gpt", {"d_model": 32, "heads": 1, "layers": 1}, False),
    ("gpt", {"d_model": 33, "heads": 1, "layers": 1}, True),
    ("encoder", {"d_model": 34, "heads": 2, "layers": 1}, True),
    ("bert", {}, False),
    ("induction", {}, False),
    ("sort-letters", {}, True),
    ("cat-and-mouse", {}, False),
    ("multi-head", {}, False),
])  # fmt: skip
def test_wide_models_of_layers_are_written_by_rows(template: str, settings: dict[str, Any], by_rows: bool) -> None:
    instance = make_instance(template, [], settings=settings)
    book = lay_out(instance, instance.trace(), load_messages())
    assert any(block.arrays for sheet in book.sheets for block in sheet.blocks) == by_rows


def tampered(wide: Path, folder: Path, read: ReadBook, pattern: str, by: str) -> Path:
    """A copy with the first cell of Q's fourth row rewritten."""
    home, path = read.homes["decoder.0.head.1.Q"], folder / "tampered.xlsx"
    at, count = home.address(3, 0), 0
    with zipfile.ZipFile(wide) as parts:
        names = re.findall('<sheet name="([^"]*)"', parts.read("xl/workbook.xml").decode())
    sheet = f"xl/worksheets/sheet{names.index(home.sheet) + 1}.xml"

    def change(name: str, xml: str) -> str:
        nonlocal count
        if name != sheet:
            return xml
        xml, made = re.subn(f'(<c r="{at}"[^>]*>){pattern}', by, xml)
        count += made
        return xml

    rewrite(wide, path, change)
    assert count == 1
    return path


@pytest.mark.parametrize("engine", list(ENGINES))
@pytest.mark.parametrize(
    ("pattern", "by", "kind"),
    [
        (r'(<f t="array" ref="[^"]*">)', r"\1\g<2>1.001*", "differs"),
        (r'<f t="array" ref="[^"]*">[^<]*</f><v>[^<]*</v>', r"\1<v>0.5</v>", "not a formula"),
        (r'<f t="array" ref="([A-Z]+\d+):[^"]*">', r'\1<f t="array" ref="\2:\2">', "not a formula"),
    ],
    ids=["another formula", "a number for the formula", "one cell only"],
)
def test_a_tampered_array_is_found(
    pattern: str, by: str, kind: str, engine: str, wide: Path, read: ReadBook, tmp_path: Path
) -> None:
    result = diff(tampered(wide, tmp_path, read, pattern, by), engine)
    assert not result.ok
    found = {(problem.kind, problem.block) for problem in result.problems}
    assert (kind, "decoder.0.head.1.Q") in found


def test_edits_follow_in_libreoffice(office: Office, wide: Path, read: ReadBook, tmp_path: Path) -> None:
    """A word and a weight are edited, and what LibreOffice saves agrees."""
    words, weight = read.homes["sentence.words"], read.homes["decoder.0.head.1.W_Q"]
    edits = [(words.sheet, words.address(1, 0), "dog"), (weight.sheet, weight.address(2, 3), 1.25)]
    before = read.holds(read.homes["decoder.0.head.1.Q"], 1, 0)
    saved = tmp_path / "saved.xlsx"
    office.edit(wide, edits, save=saved)
    result = diff(saved)
    assert result.ok, result.problems[:3]
    again = read_book(saved)
    assert again.holds(again.homes["decoder.0.head.1.Q"], 1, 0).replace("$", "").startswith(before[:7])


def test_an_edit_reaches_the_first_sheet_in_libreoffice(office: Office, wide: Path, read: ReadBook) -> None:
    """Though nothing but the first sheet has been looked at, and only it is."""
    weight, guess = read.homes["decoder.0.head.1.W_Q"], read.homes["prediction.ranked"]
    words = read.homes["sentence.words"]
    sheet = Place(words.sheet, 0, 0, (words.row + words.shape[0], 14))
    edits = [(weight.sheet, weight.address(i, j), 99.0) for i in range(9) for j in range(9)]
    _, ((typed, back),) = office.rounds(wide, [edits], [sheet])
    ((whole, _),) = office.rounds(wide, [edits])[1]
    assert typed.read(sheet) == whole.read(sheet) != back.read(sheet)
    assert guess.sheet != words.sheet
