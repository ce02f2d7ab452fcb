"""The built files open and calculate everywhere: a validator of the file format, and four engines
that share no code, each starting from caches that were spoiled."""

from __future__ import annotations

import html
import math
import re
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import formulon
import numpy as np
import openxml_audit
import pytest
from office import Office
from openpyxl.utils import coordinate_to_tuple, get_column_letter, range_boundaries
from test_diff import rewrite
from test_live import Change

from xltransformer import api
from xltransformer.building.instance import Instance
from xltransformer.engines import ENGINES, Results, fold
from xltransformer.engines.base import read_values
from xltransformer.engines.converters import find_soffice, make_profile
from xltransformer.engines.formulon_process import keep_compiled
from xltransformer.workbook.reader import read_book

LONG = "the small dog likes the broken computer and hates the cat on the screen"

BUILDS: dict[str, dict[str, Any]] = {
    "default": {},
    "first": {"template": "first-attention"},
    "zh": {"sentences": ["猫 和 鼠标", "键盘 和 鼠标"], "language": "zh"},
    "exercise": {"sentences": ["cat and mouse"], "exercise": ["scores", "weights", "output"]},
    "long": {"sentences": [LONG], "slots": 4},
    "odd": {"sentences": ["=1+1 +cmd @x -2 😀 * ~ مرحبا"]},
    "gpt": {"template": "gpt"},
    "bert": {"template": "bert"},
    "encoder-decoder": {"template": "encoder-decoder"},
    "gpt by rows": {"template": "gpt", "products": "rows", "settings": {"d_model": 18, "heads": 3}},
    "llama by rows": {"template": "llama", "products": "rows"},
    "many heads": {
        "template": "encoder",
        "sentences": ["the cat"],
        "slots": 0,
        "settings": {"layers": 4, "heads": 8, "d_ff": 4},
    },
}

EDITS: dict[str, list[Change]] = {
    "words": [("sentence.0.words", 0, 0, "DOG"), ("sentence.0.words", 1, 0, None),
              ("sentence.0.words", 5, 0, "not"), ("vocabulary", 27, 0, "*"), ("embeddings", 27, 1, 2.0),
              ("sentence.1.words", 4, 0, "*"), ("sentence.1.words", 3, 0, "unheard-of")],
    "an empty sentence": [("sentence.0.words", k, 0, None) for k in range(5)],
    "another word to watch, which does not see the other": [
        ("switches.causal", 0, 0, "on"), ("watch.word", 0, 0, "and"), ("watch.0.other", 0, 0, "mouse")],
    "a word that is nowhere, another lesson, another plane": [
        ("watch.word", 0, 0, "robot"), ("watch.lesson", 0, 0, "Self-attention"),
        ("watch.up", 0, 0, "grammar")],
    "no such lesson": [("watch.lesson", 0, 0, "Cooking")],
    "switches by numbers": [("switches.causal", 0, 0, 1.0), ("switches.scaling", 0, 0, 0.0)],
    "faults": [("switches.scaling", 0, 0, 5.0), ("switches.temperature", 0, 0, -1.0),
               ("embeddings", 20, 0, "much")],
}  # fmt: skip


@dataclass(frozen=True)
class Built:
    """A workbook, a copy of it whose every cached result is wrong, and what its formulas should give."""

    path: Path
    spoiled: Path
    instance: Instance
    formulas: Mapping[str, Mapping[tuple[int, int], Any]]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    folder, spoiled = (tmp_path_factory.mktemp(name) for name in ("built", "spoiled"))
    return {name: make(folder / f"{name}.xlsx", spoiled / f"{name}.xlsx", what) for name, what in BUILDS.items()}


CELL = re.compile(r'<c r="([A-Z]+\d+)"([^>]*)>(<f[^>]*>[^<]*</f>)?<v>([^<]*)</v></c>')
ARRAY = re.compile(r'<f t="array" ref="([^"]*)">')
LOOKS_AT_ALL = {"IF(ISERROR(SUM(": 1.0, "MAX(MAX(": 0.0, "IF(MIN(": None}
"""What has no cached result by rows: how it begins, and what it gives (None: a text, see `test_checks`)."""
UNCACHED = re.compile(f'<c r="([A-Z]+[0-9]+)"[^>]*><f>({"|".join(map(re.escape, LOOKS_AT_ALL))})[^<]*</f></c>')


def make(path: Path, spoiled: Path, what: dict[str, Any]) -> Built:
    instance = api.build(path, **what)
    cached: dict[str, dict[tuple[int, int], Any]] = {}

    def spoil(part: str, xml: str) -> str:
        """Cells with a formula of their own, or with a result of an array formula."""
        results = {
            f"{get_column_letter(column)}{row}"
            for reference in ARRAY.findall(xml)
            for left, top, right, bottom in [range_boundaries(reference)]
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        }
        found = [cell for cell in CELL.findall(xml) if cell[2] or cell[0] in results]
        uncached = UNCACHED.findall(xml)
        assert len(re.findall("<f[ >]", xml)) == sum(bool(cell[2]) for cell in found) + len(uncached)
        assert len(found) >= len(results)
        cached[part] = {
            coordinate_to_tuple(address): html.unescape(value) if 't="str"' in kind or not value else float(value)
            for address, kind, _, value in found
        } | {coordinate_to_tuple(at): result for at, how in uncached if (result := LOOKS_AT_ALL[how]) is not None}
        return CELL.sub(
            lambda cell: (
                cell[0].replace(f"<v>{cell[4]}</v>", "<v>777</v>") if cell[3] or cell[1] in results else cell[0]
            ),
            xml,
        )

    rewrite(path, spoiled, spoil)
    assert sum(len(cells) for cells in cached.values()) > 300
    with zipfile.ZipFile(path) as parts:
        names = re.findall('<sheet name="([^"]*)"', parts.read("xl/workbook.xml").decode())
    formulas = {
        html.unescape(name): cached[f"xl/worksheets/sheet{k}.xml"] for k, name in enumerate(names, start=1)
    }
    return Built(path, spoiled, instance, formulas)


def test_array_formulas_stand_in_wide_models_only(books: dict[str, Built]) -> None:
    """And each is one row."""
    for name, built in books.items():
        with zipfile.ZipFile(built.path) as parts:
            sheets = "".join(parts.read(part).decode() for part in parts.namelist() if "/worksheets/" in part)
        arrays = ARRAY.findall(sheets)
        assert bool(arrays) == name.endswith("by rows"), name
        for reference in arrays:
            _, top, _, bottom = range_boundaries(reference)
            assert top == bottom
        assert not re.search('<f [^>]*t="(?!array)', sheets)


def in_libreoffice(books: dict[str, Built], folder: Path) -> dict[str, Results]:
    """All of them in one run, which saves starting it for each."""
    program = find_soffice()
    assert program, "LibreOffice is missing: run scripts/install-test-tools"
    command = [program, make_profile(folder / "profile"), "--headless", "--norestore"]
    command += ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "out")]
    command += [str(built.spoiled) for built in books.values()]
    subprocess.run(command, capture_output=True, timeout=300, check=True)
    return {name: read_values(folder / "out" / built.spoiled.name) for name, built in books.items()}


@pytest.fixture(scope="module", params=list(ENGINES))
def calculated(
    request: pytest.FixtureRequest, books: dict[str, Built], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Results]:
    if request.param == "libreoffice":
        return in_libreoffice(books, tmp_path_factory.mktemp("office"))
    return {name: ENGINES[request.param].recalculate(built.spoiled) for name, built in books.items()}


def same_text(shown: str, expected: str) -> bool:
    """The same text, with the numbers in it to the last of their two decimals: of 0.105, which is a
    little less, Excel makes 0.11 and others 0.10; of -0.001 some make -0.00 and some 0.00."""
    number = re.compile(r"-?\d+\.\d\d")
    pairs = zip(number.findall(shown), number.findall(expected), strict=False)
    return number.sub("0", shown) == number.sub("0", expected) and all(
        abs(float(one) - float(other)) < 0.0101 for one, other in pairs
    )


def same(shown: Any, expected: Any, tolerance: float = 1e-9) -> bool:
    if isinstance(expected, str) or expected is None:
        return same_text("" if shown is None else str(shown), expected or "")
    if isinstance(shown, bool) or not isinstance(shown, int | float):
        return False
    return math.isclose(shown, expected, rel_tol=tolerance, abs_tol=tolerance)


@pytest.mark.parametrize("which", list(BUILDS))
def test_every_formula_gives_what_the_file_says(
    which: str, calculated: dict[str, Results], books: dict[str, Built]
) -> None:
    """Worked lines, checks and labels too; what the file says of blocks is NumPy's."""
    built, results = books[which], calculated[which]
    tolerance = 1e-5 if which.endswith("by rows") else 1e-9  # by rows the file says six digits of arrays
    wrong = [
        (sheet, get_column_letter(column) + str(row), shown, expected)
        for sheet, cells in built.formulas.items()
        for (row, column), expected in cells.items()
        if not same(shown := results[fold(sheet)].get((row, column)), expected, tolerance)
    ]
    assert not wrong, f"{len(wrong)} cells: {wrong[:5]}"


@pytest.mark.parametrize("which", list(BUILDS))
def test_blocks_are_what_numpy_computes(
    which: str, calculated: dict[str, Results], books: dict[str, Built]
) -> None:
    built, results = books[which], calculated[which]
    read, values = read_book(built.path), built.instance.trace()
    count = 0
    for name, block in built.instance.model.blocks.items():
        place = read.homes[name]
        for i, j in np.ndindex(block.shape) if block.computed else ():
            shown = results[fold(place.sheet)].get((place.row + i + 1, place.column + j + 1))
            assert same(shown, values[name][i, j]), (name, i, j, shown, values[name][i, j])
            count += 1
    assert count > 150


@pytest.mark.parametrize("which", list(BUILDS))
def test_the_file_is_valid(which: str, books: dict[str, Built]) -> None:
    result = openxml_audit.OpenXmlValidator().validate(books[which].path)
    assert not result.errors, [str(error) for error in result.errors[:5]]


def test_the_validator_sees_what_is_broken(books: dict[str, Built], tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    rewrite(books["first"].path, broken, lambda _, xml: xml.replace("<sheetData>", "<sheetData><nonsense/>"))
    assert openxml_audit.OpenXmlValidator().validate(broken).errors


def test_edits_do_the_same_in_excel_as_in_libreoffice(office: Office, books: dict[str, Built]) -> None:
    """Every formula, after edits: branches that an untouched workbook does not take."""
    built, homes = books["default"], read_book(books["default"].path).homes
    rounds = [
        [(homes[name].sheet, homes[name].address(i, j), value) for name, i, j, value in changes]
        for changes in EDITS.values()
    ]
    _, shown = office.rounds(built.path, rounds)
    keep_compiled()
    with formulon.Workbook.load(built.spoiled.read_bytes()) as book:
        sheets = {book.sheet_name(k): k for k in range(book.sheet_count())}

        def enter(name: str, i: int, j: int, value: Any) -> None:
            at = sheets[homes[name].sheet], homes[name].row + i, homes[name].column + j
            if value in (None, ""):
                book.set_blank(*at)
            elif isinstance(value, str):
                book.set_text(*at, value)
            else:
                book.set_number(*at, float(value))

        for (what, changes), (typed, _) in zip(EDITS.items(), shown, strict=True):
            for change in changes:
                enter(*change)
            book.recalc()
            wrong = [
                (sheet, row, column, excel, libreoffice)
                for sheet, cells in built.formulas.items()
                for row, column in cells
                if not same(
                    excel := book.get_value(sheets[sheet], row - 1, column - 1).to_python(),
                    libreoffice := typed.cell(sheet, row - 1, column - 1),
                )
            ]
            assert not wrong, (what, len(wrong), wrong[:5])
            for name, i, j, _ in changes:
                enter(name, i, j, built.instance.inputs[name][i, j])
