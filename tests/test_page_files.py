"""Pages and files: a workbook becomes a page as it is now, and a page gives the workbook with its edits."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner

from xltransformer import api
from xltransformer.building.instance import Instance
from xltransformer.classroom.exercise import left_by
from xltransformer.cli import main
from xltransformer.engines.grid import Grid
from xltransformer.errors import UserError
from xltransformer.page import engine, limits
from xltransformer.page.asbuilt import undone
from xltransformer.page.existing import existing
from xltransformer.workbook.built import sums_of
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import read_book

Typed = tuple[str, int, int, Any]
"""A cell of an input, by its block, row and column, and what is typed there."""


def put(source: Path, target: Path, typed: Sequence[Typed]) -> Path:
    """Type into cells with openpyxl, which leaves no results beside formulas."""
    book, sheets = read_book(source), openpyxl.load_workbook(source)
    for name, i, j, value in typed:
        place = book.homes[name]
        sheets[place.sheet][place.address(i, j)] = value
    sheets.save(target)
    return target


def at(place: Place, i: int = 0, j: int = 0) -> tuple[str, int, int]:
    return place.sheet, place.row + i, place.column + j


def test_a_workbook_becomes_a_page_with_its_edits(default_workbook: tuple[Path, Instance], tmp_path: Path) -> None:
    path, built = default_workbook
    words, embeddings = built.model.sentences[0].words, built.model.vocabulary.embeddings
    edits: list[Typed] = [(words.name, 2, 0, "keyboard"), (embeddings.name, 0, 0, 0.125)]
    found = existing(put(path, tmp_path / "edited.xlsx", edits))
    for name, i, j, value in edits:
        assert found.now(*at(read_book(path).homes[name], i, j), None) == value
    assert found.recalculate, "openpyxl leaves no results"
    assert found.sheets == tuple(openpyxl.load_workbook(path).sheetnames)
    # It is drawn as built, for labels make columns wide; what the page says itself is of what there is now.
    assert found.instance.inputs[words.name].tolist() == built.inputs[words.name].tolist()
    assert found.drawn.page is not None
    values = found.drawn.page.book.values
    assert values[words.name][2, 0] == "keyboard"
    assert found.now(*at(found.drawn.names["sentence.0.self_attention.X"], 2, 3), None) == pytest.approx(
        values["sentence.0.self_attention.X"][2, 3]
    )


def test_results_in_a_file_of_ours_count(default_workbook: tuple[Path, Instance]) -> None:
    found = existing(default_workbook[0])
    assert not found.recalculate
    assert found.file == default_workbook[0].read_bytes()
    assert not found.instance.made_up
    assert [part for part in found.drawn.screen if part.endswith(".mark")] == [
        f"experiment.{k}.mark" for k in (1, 2, 3)
    ]


def test_what_cannot_be_used_is_shown_as_it_is(default_workbook: tuple[Path, Instance], tmp_path: Path) -> None:
    path, built = default_workbook
    edits: list[Typed] = [
        (built.model.vocabulary.embeddings.name, 1, 1, "two"), ("switches.temperature", 0, 0, "#N/A"),
    ]  # fmt: skip
    found = existing(put(path, tmp_path / "bad.xlsx", edits))
    homes = read_book(path).homes
    assert found.now(*at(homes["embeddings"], 1, 1), None) == "two"
    assert str(found.now(*at(found.drawn.screen["state"], 0, 2), None)).startswith("✗")


def test_an_exercise_becomes_a_page_with_what_was_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "exercise.xlsx"
    built = api.build(path, template="first-attention", exercise="default", handout=True)
    book = read_book(path)
    name, place = next(iter(book.exercises.items()))
    asked = left_by(book.description["exercise"], book.model)[book.model.blocks[name]]
    sheets = openpyxl.load_workbook(path)
    sheets[place.sheet][place.address(*asked[0])] = 0.5
    sheets.save(path)
    found = existing(path)
    assert found.drawn.page is not None
    assert sum(map(len, found.drawn.page.book.exercise.left.values())) == built.to_fill
    shown = found.drawn.page.book.exercise.places[found.instance.model.blocks[name]]
    assert found.now(*at(shown, *asked[0]), None) == 0.5


OWN = """
model = "attention_lessons"
title = "Which bank?"
sentences = ["river bank and water", "money bank and credit"]
watch = "bank"
dimensions = ["wet", "rich"]
[words]
river = [1.0, 0.0]
water = [1.0, 0.0]
money = [0.0, 1.0]
credit = [0.0, 1.0]
bank = [0.5, 0.5]
and = [0.0, 0.0]
[notes]
self_attention = "Look at the bank."
[[experiments]]
block = "embeddings"
row = "money"
column = "wet"
above = 3
do = "Make money wet in {cell}."
then = "It is wet now."
"""


def test_a_workbook_of_a_template_that_is_not_at_hand(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    path = tmp_path / "own.xlsx"
    api.build(path, template=tmp_path / "own.toml")
    (tmp_path / "own.toml").unlink()
    found = existing(path)
    assert found.drawn.title == "Which bank?"
    assert (found.instance.template.task, found.instance.drawn) == ({}, "further")
    assert [(one.block, one.row, one.column) for one in found.instance.template.experiments] == [
        ("embeddings", 3, 1)
    ]
    assert "{cell}" in found.instance.template.experiments[0].do["en"]
    done = found.drawn.screen["experiment.1.do"]
    assert str(found.now(*at(done), None)).startswith("Make money wet in ")
    assert "experiment.2.do" not in found.drawn.screen
    section = found.drawn.sheets[1]
    note = next(one for one in section.paragraphs if one.cell.style[0] == "note")
    assert found.now(section.name, note.row, note.column, None) == "Look at the bank."


@pytest.mark.parametrize(
    "options",
    [
        {"products": "rows"}, {"key": True}, {"language": "zh"}, {"sentences": ["cat and elephant"]},
        {"settings": {"slots": 3}},
    ],
    ids=lambda options: str(next(iter(options))),
)  # fmt: skip
def test_whatever_was_asked_for_texts_stand_where_they_are_drawn(options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "asked.xlsx"
    api.build(path, template="first-attention", **options)
    found = existing(path)
    assert found.recalculate == ("products" in options), "by rows, results in the file are shortened"
    start, *others = (sheet for sheet in found.drawn.shown if sheet.paper is None)
    assert len(others) > 3
    for sheet in others:
        for (row, column), cell in sheet.single.items():
            if cell.kind == "text":
                assert (found.now(sheet.name, row, column, None) or "") == cell.content
    for place in (place for part, place in found.drawn.screen.items() if part.endswith(".mark")):
        assert found.now(*at(place), None) == start.single[place.row, place.column].shown


def test_sheets_are_counted_as_the_file_has_them(default_workbook: tuple[Path, Instance], tmp_path: Path) -> None:
    path = tmp_path / "more.xlsx"
    sheets = openpyxl.load_workbook(default_workbook[0])
    sheets.move_sheet("Vocabulary", -5)
    sheets.create_sheet("Mine", 1)
    sheets.save(path)
    assert existing(path).sheets == tuple(sheets.sheetnames)


def test_a_page_says_the_same_whatever_sheets_stand_in_front(
    default_workbook: tuple[Path, Instance], tmp_path: Path
) -> None:
    path = tmp_path / "front.xlsx"
    sheets = openpyxl.load_workbook(default_workbook[0])
    sheets.create_sheet("Mine", 0)
    sheets.create_sheet("Ours", 1)
    sheets.save(path)
    plain, front = (api.page(one, tmp_path / f"{one.stem}.html") for one in (default_workbook[0], path))
    for pattern in (r"<figcaption[^>]*>([^<]*)", r"<h[123][^>]*>([^<]*)", r"<li data-experiment.*?</li>"):
        said = [re.findall(pattern, one.read_text("utf-8")) for one in (plain, front)]
        told = [[re.sub(r'"(?:#p-)?\d+[-,][\d,-]+"', "", text) for text in texts] for texts in said]
        assert told[0] == told[1] != []


def renamed(sheets: Any) -> None:
    sheets["Checks"].title = "Mine"


def moved(sheets: Any) -> None:
    sheets.defined_names["sentence.0.self_attention.X"].attr_text = "'Start'!$A$1:$D$7"


def nameless(sheets: Any) -> None:
    del sheets.defined_names["sentence.0.self_attention.X"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (renamed, "its sheet 'Checks' is gone or has another name"),
        (moved, "sentence.0.self_attention.X stands at 'Start'!$A$1:$D$7, and not at '1A Self-attention'!"),
        (nameless, "the name sentence.0.self_attention.X is gone"),
    ],
)
def test_what_was_moved_is_told_in_one_line(
    change: Any, told: str, default_workbook: tuple[Path, Instance], tmp_path: Path
) -> None:
    path = tmp_path / "moved.xlsx"
    sheets = openpyxl.load_workbook(default_workbook[0])
    change(sheets)
    sheets.save(path)
    with pytest.raises(UserError, match="cannot become a page") as caught:
        existing(path)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_line_says_in_one_line_what_is_wrong(
    default_workbook: tuple[Path, Instance], tmp_path: Path
) -> None:
    (tmp_path / "text.xlsx").write_text("no workbook")
    api.build_size(tmp_path / "size.xlsx")
    (tmp_path / "old.html").write_text("mine")
    path = default_workbook[0]
    (tmp_path / "macros.xlsm").write_bytes(path.read_bytes())
    wrong = [
        ((tmp_path / "none.xlsx",), "there is no file"),
        ((tmp_path / "text.xlsx",), "is no .xlsx workbook"),
        ((tmp_path / "size.xlsx",), "was not built by xlt"),
        ((tmp_path / "macros.xlsm", "-o", tmp_path / "x.html"), "has macros, which no page takes; save it as"),
        ((path, "-o", tmp_path / "x.xlsx"), "does not end in .html"),
        ((path, "-o", tmp_path / "old.html"), "exists already; give another name with -o, or --force"),
        ((path, "-o", tmp_path / "no" / "x.html"), "does not exist"),
    ]
    for arguments, told in wrong:
        status, _, said = run("page", *arguments)
        assert status == 2
        assert told in said
        assert said.count("\n") == 1
    assert (tmp_path / "old.html").read_text() == "mine"
    assert not [*tmp_path.glob("*.tmp")]


def test_without_the_engine_one_line_says_what_to_install(
    default_workbook: tuple[Path, Instance], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise UserError("a page takes the engine Formulon: pip install it")

    monkeypatch.setattr(engine, "check_engine", missing)
    for command in (("page", default_workbook[0]), ("build",)):
        status, _, said = run(*command, "-o", tmp_path / "page.html")
        assert (status, said) == (2, "xlt: a page takes the engine Formulon: pip install it\n")
    assert not [*tmp_path.iterdir()]


def test_the_function_keeps_its_name_beside_the_room() -> None:
    import xltransformer.page.document

    assert "xltransformer.page.document" in sys.modules
    assert xltransformer.page is api.page


def test_of_a_large_block_an_edit_is_taken_back_by_its_sums() -> None:
    rng = np.random.default_rng(0)
    built = rng.normal(size=(6, 50))
    values = built.copy()
    values[2, 7] += 3.5
    values[4, 0] = 0
    values[5, :2] += 1  # two edits of a row: nobody can tell
    found = undone(values.copy(), sums_of(built))
    assert np.allclose(found[:5], built[:5])
    assert found[5].tolist() == values[5].tolist()


def test_grids_agree_but_for_rounding_and_empty_texts() -> None:
    def grid(**cells: Any) -> Grid:
        return Grid.of({(1, ord(name)): value for name, value in cells.items()})

    assert grid(a=1.0, b="x", c="").agrees(grid(a=1 + 1e-12, b="x"), 1e-9)
    assert not grid(a=1.0).agrees(grid(a=1.001), 1e-9)
    assert not grid(a=1.0).agrees(grid(a=1.0, b=2.0), 1e-9)
    assert not grid(a="x").agrees(grid(a="y"), 1e-9)


def test_a_page_that_no_browser_could_hold_is_refused_before_it_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_NUMBERS", 1000)
    monkeypatch.setattr("xltransformer.workbook.layout.lay_out", None)
    status, _, said = run("build", "-o", tmp_path / "large.html")
    assert status == 2
    assert said.startswith("xlt: a page holds 1,000 numbers, and here are 3,534: ")
    assert not [*tmp_path.iterdir()]
