"""What stands in the cells of a built workbook."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from cells import cells_of, opened
from openpyxl.formula import Tokenizer

from xltransformer import api, diff
from xltransformer.building.instance import Instance, make_instance
from xltransformer.errors import UserError
from xltransformer.locale import load_messages
from xltransformer.workbook.canvas import Canvas
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.reader import ReadBook, read_book
from xltransformer.workbook.styles import FONT

FUNCTIONS = {
    "ABS", "ADDRESS", "AND", "CHOOSE", "COLUMN", "COLUMNS", "COUNT", "COUNTA", "COUNTIF", "EXACT", "EXP", "FIXED",
    "IF", "IFERROR", "INDEX", "INT", "ISBLANK", "ISERROR", "ISLOGICAL", "ISNUMBER", "ISTEXT", "LARGE", "LOWER",
    "MATCH", "MAX", "MIN", "MMULT", "MOD", "NOT", "OR", "RIGHT", "ROUND", "ROW", "ROWS", "SMALL", "SQRT", "SUM",
    "SUMPRODUCT", "TRIM",
}  # fmt: skip


@pytest.fixture(scope="module", params=["default", "first", "long", "zh"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[ReadBook, Instance]:
    path = tmp_path_factory.mktemp("built") / "book.xlsx"
    what: dict[str, Any] = {
        "default": {},
        "first": {"template": "first-attention"},
        "long": {
            "sentences": ["the small dog likes the broken computer and hates the cat on the screen"],
            "slots": 4,
        },
        "zh": {"sentences": ["cat and mouse", "dog and mouse", "robot"], "language": "zh", "slots": 0},
    }[request.param]
    instance = api.build(path, **what)
    return read_book(path), instance


def test_every_computed_cell_is_a_formula_with_its_value_cached(built: tuple[ReadBook, Instance]) -> None:
    book, instance = built
    cached = openpyxl.load_workbook(book.path, data_only=True)
    values = instance.trace()
    places = [(name, place) for name, place in book.homes.items() if book.model.blocks[name].computed]
    places += [(view.block, view.place) for view in book.views]
    assert {name for name, _ in places} >= {n for n, b in book.model.blocks.items() if b.computed}
    for name, place in places:
        for i, j in np.ndindex(place.shape):
            assert book.is_formula(place, i, j), (name, i, j)
            shown = cached[place.sheet].cell(place.row + i + 1, place.column + j + 1).value
            assert (shown if shown is not None else "") == values[name][i, j], (name, i, j)


def test_inputs_are_plain_values(built: tuple[ReadBook, Instance]) -> None:
    book, instance = built
    for block in book.model.inputs:
        place = book.homes[block.name]
        for i, j in np.ndindex(place.shape):
            held = book.holds(place, i, j)
            expected = instance.inputs[block.name][i, j]
            assert held == expected or (held is None and expected in ("", 0)), (block.name, i, j)


def test_formulas_are_portable(built: tuple[ReadBook, Instance]) -> None:
    """Known functions only, so none that is volatile; no names, no other files, no array entry."""
    book, _ = built
    names = {name.lower() for name in openpyxl.load_workbook(book.path).defined_names}
    seen = 0
    for sheet in opened(book.path).values():
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type != "f":
                    continue
                seen += 1
                assert isinstance(cell.value, str), f"{sheet.title}!{cell.coordinate} needs array entry"
                for token in Tokenizer(cell.value).items:
                    if token.type == "FUNC" and token.subtype == "OPEN":
                        assert token.value.rstrip("(") in FUNCTIONS, cell.value
                    if token.type == "OPERAND" and token.subtype == "RANGE":
                        assert "[" not in token.value, cell.value
                        assert token.value.lower() not in names, cell.value
                        assert re.fullmatch(r"('[^']+'!)?\$?[A-Z]+\$?\d+(:\$?[A-Z]+\$?\d+)?", token.value), (
                            cell.value
                        )
                assert _in_any_language(cell.value) < 8192
    assert seen > 100


LONGEST_NAME = 13
"""Letters of the longest name of such a function in any language of Excel's: SUMMENPRODUKT, PODAJ.POZYCJĘ."""


def _in_any_language(formula: str) -> int:
    """How long a formula becomes where every function has the longest name that some language has."""
    names = [token.value for token in Tokenizer(formula).items if token.type == "FUNC" and token.subtype == "OPEN"]
    return len(formula) + sum(max(0, LONGEST_NAME - len(name.rstrip("("))) for name in names)


@pytest.mark.parametrize("template", ["gpt", "encoder-decoder", "recurrent", "sort-letters", "sentences"])
def test_formulas_fit_into_a_cell_in_every_language(template: str, tmp_path: Path) -> None:
    for language in ("en", "zh"):
        path = tmp_path / f"{language}.xlsx"
        api.build(path, template=template, language=language)
        sheets = openpyxl.load_workbook(path).worksheets
        formulas = (cell.value for sheet in sheets for row in sheet.iter_rows() for cell in row)
        texts = (
            value for value in formulas if isinstance(value, str) and value.startswith("=") and len(value) > 3000
        )
        assert all(_in_any_language(text) < 8192 for text in texts)


def test_no_macros_no_links_to_elsewhere(built: tuple[ReadBook, Instance]) -> None:
    with zipfile.ZipFile(built[0].path) as parts:
        assert not [name for name in parts.namelist() if "vba" in name.lower() or "externalLink" in name]
        assert b'TargetMode="External"' not in b"".join(
            parts.read(n) for n in parts.namelist() if n.endswith(".rels")
        )


def test_every_block_has_its_defined_name(built: tuple[ReadBook, Instance]) -> None:
    book, instance = built
    assert set(book.homes) == set(instance.model.blocks)
    for name, place in book.homes.items():
        assert place.shape == instance.model.blocks[name].shape


def test_same_build_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one.xlsx", tmp_path / "other.xlsx"
    for path in (one, other):
        api.build(path, ["cat and mouse"])
    assert one.read_bytes() == other.read_bytes()


def test_cells_have_the_typeface_of_the_styles(built: tuple[ReadBook, Instance]) -> None:
    """By its name alone: a cell whose font follows a scheme is shown in the theme's."""
    with zipfile.ZipFile(built[0].path) as parts:
        fonts = parts.read("xl/styles.xml").decode().partition("<fonts")[2].partition("</fonts>")[0]
    assert set(re.findall('<name val="([^"]*)"', fonts)) == {FONT["font_name"]}
    assert "<scheme" not in fonts


def test_labels_follow_the_words(built: tuple[ReadBook, Instance]) -> None:
    book, instance = built
    words = instance.model.sentences[0].words
    home = book.homes[words.name]
    scores = next(block for block in instance.model.blocks.values() if block.last_name == "scores")
    place = book.homes[scores.name]
    for k in range(scores.shape[1]):
        label = opened(book.path)[place.sheet].cell(place.row, place.column + k + 1).value
        assert label == f"='{home.sheet}'!{home.address(k, 0)}&\"\""


@pytest.mark.parametrize(("products", "form"), [("spelled", r"\+"), ("compact", "MMULT"), ("auto", r"\+")])
def test_products_are_written_as_asked(products: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    api.build(path, ["cat and mouse"], products=products)
    book = read_book(path)
    for name in ("self_attention.scores", "projected_attention.Q", "resized_attention.output"):
        assert re.search(form, book.holds(book.homes[name], 0, 0))
    assert diff(path).ok


@pytest.mark.parametrize(("width", "form"), [(16, r"\+"), (17, "MMULT")])
def test_wide_products_are_compact(width: int, form: str, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    api.build(path, template="gpt", settings={"d_model": width, "slots": 1, "heads": 1, "layers": 1})
    book = read_book(path)
    assert re.search(form, book.holds(book.homes["decoder.0.head.0.Q"], 0, 0))
    assert diff(path).ok


def test_a_formula_that_no_spreadsheet_takes_is_refused() -> None:
    canvas = Canvas("Sheet")
    canvas.formula(0, 0, "1" * 8191, 1.0, ("computed", ""))
    with pytest.raises(UserError, match=r"'Sheet'!B3 would need a formula of 8,192 characters"):
        canvas.formula(2, 1, "1" * 8192, 1.0, ("computed", ""))


def test_many_heads_keep_the_first_sheet_short_and_are_told_apart() -> None:
    instance = make_instance("encoder", ["the cat"], slots=0, settings={"layers": 3, "heads": 26, "d_ff": 2})
    messages = load_messages("en")
    sheets = {sheet.name: sheet for sheet in lay_out(instance, instance.trace(), messages).sheets}
    start = sheets["Start"]
    texts = [str(cell.content) for cell in cells_of(sheets["Checks"]).values() if cell.kind == "text"]
    sums = [text for text in texts if text.startswith("every row sums to 1")]
    assert len(sums) == len(set(sums)) == 3 * 2 + 1  # the last are those of the classes
    assert start.bottom < 60
    links = [cell.shown for cell in cells_of(start).values() if cell.kind == "link"]
    assert messages("step.project.title") in links
    changes = [str(cell.content) for cell in cells_of(sheets["Before and after"]).values() if cell.kind == "text"]
    assert {"weights₁: now", "weights₂₆: now"} <= set(changes)
