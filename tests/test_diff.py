"""The diff: passes on recalculated values whatever the caches say, and names what was tampered with."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from xltransformer import api
from xltransformer.building.instance import Instance
from xltransformer.cli import main
from xltransformer.difference import diff
from xltransformer.engines import ENGINES, BrokeDown, Results
from xltransformer.errors import UserError
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import read_book

pytestmark = pytest.mark.own_process

Built = tuple[Path, Instance]


def rewrite(source: Path, target: Path, change: Any) -> None:
    """Copy a workbook with every sheet's XML passed through `change(name, xml)`."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                data = change(name, data.decode()).encode()
            new.writestr(name, data)


def edited(source: Path, target: Path, edits: dict[tuple[Place, int, int], Any]) -> Path:
    """Copy a workbook with some cells overwritten."""
    book = openpyxl.load_workbook(source)
    for (place, i, j), value in edits.items():
        book[place.sheet].cell(place.row + i + 1, place.column + j + 1).value = value
    book.save(target)
    return target


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "small.xlsx"
    api.build(path, ["cat and mouse"], slots=1)
    return path


@pytest.mark.parametrize("engine", list(ENGINES))
def test_untouched_workbooks_agree(engine: str, default_workbook: Built, first_workbook: Built) -> None:
    for path, instance in (default_workbook, first_workbook):
        result = diff(path, engine)
        assert result.ok
        assert not result.problems
        assert result.max_abs_error is not None
        assert result.max_abs_error < 1e-12
        assert [block.name for block in result.blocks] == list(instance.model.blocks)
        assert all(b.cells >= instance.model.blocks[b.name].size for b in result.blocks)


@pytest.mark.parametrize("engine", list(ENGINES))
def test_poisoned_caches_do_not_matter(engine: str, small: Path, tmp_path: Path) -> None:
    poisoned = tmp_path / "poisoned.xlsx"
    count = 0

    def poison(_: str, xml: str) -> str:
        nonlocal count
        xml, n = re.subn(r"(</f><v>)[^<]*(</v>)", r"\g<1>777\2", xml)
        count += n
        return xml

    rewrite(small, poisoned, poison)
    assert count > 300
    place = read_book(small).homes["self_attention.weights"]
    cell = openpyxl.load_workbook(poisoned, data_only=True)[place.sheet].cell(place.row + 1, place.column + 1)
    assert cell.value == 777
    assert diff(poisoned, engine).ok


@pytest.mark.parametrize(
    ("engine", "block", "i", "j"),
    [
        ("ironcalc", "self_attention.scores", 0, 2),
        ("ironcalc", "projected_attention.Q", 1, 0),
        ("ironcalc", "resized_attention.total", 2, 0),
        ("ironcalc", "self_attention.weights", 3, 1),  # of an empty slot: 0 divided by 0 may not excuse it
        *((engine, "self_attention.scores", 0, 2) for engine in ("libreoffice", "gnumeric", "formulon")),
    ],
)
def test_a_formula_tampered_with_is_named(
    engine: str, block: str, i: int, j: int, small: Path, tmp_path: Path
) -> None:
    place = read_book(small).homes[block]
    formula = read_book(small).holds(place, i, j)
    path = edited(small, tmp_path / "bad.xlsx", {(place, i, j): f"{formula}+0.001"})
    result = diff(path, engine)
    assert not result.ok
    assert [(p.kind, p.block, p.sheet, p.cell) for p in result.problems] == [
        ("differs", block, place.sheet, place.address(i, j))
    ]
    (problem,) = result.problems
    assert problem.sheet_value == pytest.approx(problem.numpy_value + 0.001, abs=1e-12)  # type: ignore[operator]
    wrong = {b.name for b in result.blocks if not b.ok}
    assert block in wrong
    assert block.replace(block.rpartition(".")[2], "output") in wrong, "what follows from it differs, too"


@pytest.mark.parametrize("value", [0.5, "oops", None, "exact"])
def test_a_formula_replaced_is_named(value: Any, small: Path, tmp_path: Path) -> None:
    place = read_book(small).homes["projected_attention.weights"]
    if value == "exact":  # the right number, but no longer live
        value = (
            openpyxl.load_workbook(small, data_only=True)[place.sheet].cell(place.row + 2, place.column + 1).value
        )
    result = diff(edited(small, tmp_path / "bad.xlsx", {(place, 1, 0): value}))
    assert not result.ok
    kinds = [(p.kind, p.sheet, p.cell, p.sheet_value) for p in result.problems]
    assert kinds == [("not a formula", place.sheet, place.address(1, 0), value)]


def test_a_view_tampered_with_is_named(small: Path, tmp_path: Path) -> None:
    book = read_book(small)
    view = next(view for view in book.views if view.block == "projected_attention.V")
    result = diff(edited(small, tmp_path / "bad.xlsx", {(view.place, 0, 1): "=42"}))
    assert [(p.kind, p.sheet, p.cell) for p in result.problems] == [
        ("differs", view.place.sheet, view.place.address(0, 1))
    ]


def test_a_view_of_words_tampered_with_is_named(tmp_path: Path) -> None:
    """Of an input, too: it has no operation from which it could be off by rounding."""
    api.build(tmp_path / "pieces.xlsx", template="byte-pair")
    view = next(view for view in read_book(tmp_path / "pieces.xlsx").views if view.block == "sentence.0.words")
    result = diff(edited(tmp_path / "pieces.xlsx", tmp_path / "bad.xlsx", {(view.place, 1, 0): "=42"}))
    assert [(problem.kind, problem.sheet, problem.cell) for problem in result.problems] == [
        ("differs", view.place.sheet, view.place.address(1, 0))
    ]


@pytest.mark.parametrize(
    ("block", "value", "note"),
    [
        ("embeddings", "much", "is no number"),
        ("projected_attention.W_V", "1,5", "is no number"),
        ("projected_attention.W_V", True, "is no number"),
        ("switches.temperature", 0, "must be above 0"),
        ("switches.temperature", -1, "must be above 0"),
        ("switches.temperature", None, "is empty, and must be above 0"),
    ],
)
def test_a_number_replaced_by_something_else_is_named(
    block: str, value: Any, note: str, small: Path, tmp_path: Path
) -> None:
    place = read_book(small).homes[block]
    path = edited(small, tmp_path / "bad.xlsx", {(place, 0, 0): value})
    with pytest.raises(UserError, match=re.escape(f"input {place.sheet}!{place.address(0, 0)} {note}")):
        diff(path)


def test_an_error_is_named_where_it_begins(small: Path, tmp_path: Path) -> None:
    place = read_book(small).homes["self_attention.divisor"]
    result = diff(edited(small, tmp_path / "bad.xlsx", {(place, 0, 0): "=1/0"}))
    assert [(p.kind, p.block, p.cell) for p in result.problems] == [
        ("error", "self_attention.divisor", place.address(0, 0))
    ]
    assert result.max_abs_error is None


def test_a_deleted_name_is_reported(small: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(small)
    del book.defined_names["self_attention.scores"]
    book.save(tmp_path / "bad.xlsx")
    result = diff(tmp_path / "bad.xlsx")
    assert not result.ok
    assert [(p.kind, p.block) for p in result.problems] == [("missing", "self_attention.scores")]


@pytest.mark.parametrize("engine", list(ENGINES))
def test_inputs_are_read_as_they_are_now(engine: str, default_workbook: Built, tmp_path: Path) -> None:
    path, instance = default_workbook
    homes = read_book(path).homes
    edits = {
        (homes["embeddings"], 1, 0): -3.25,
        (homes["embeddings"], 4, 2): None,
        (homes["vocabulary"], 25, 0): "lion",
        (homes["embeddings"], 25, 0): "=2^0.5",
        (homes["vocabulary"], 26, 0): 42,
        (homes["embeddings"], 26, 1): 0.5,
        (homes["dimensions"], 0, 0): "beast",
        (homes["sentence.0.words"], 0, 0): "lion",
        (homes["sentence.0.words"], 5, 0): "LION",
        (homes["sentence.0.words"], 6, 0): 42,
        (homes["sentence.1.words"], 2, 0): "unheard-of",
        (homes["sentence.1.words"], 3, 0): None,
        (homes["projected_attention.W_Q"], 0, 1): 1e-3,
        (homes["resized_attention.W_V"], 3, 2): None,
        (homes["switches.scaling"], 0, 0): 0,
        (homes["switches.temperature"], 0, 0): 0.7,
        (homes["switches.causal"], 0, 0): 1,
        (homes["watch.word"], 0, 0): "and",
    }
    changed = edited(path, tmp_path / "edited.xlsx", edits)
    result = diff(changed, engine)
    assert result.ok, [str(p) for p in result.problems]
    again = read_book(changed)
    results = ENGINES[engine].recalculate(changed)
    shown = results[again.homes["sentence.0.index"].sheet.lower()]
    place = again.homes["sentence.0.index"]
    indices = [shown[place.row + i + 1, place.column + 1] for i in range(7)]
    assert indices == [26, 4, 2, 5, 6, 26, 27]
    assert instance.sizes.vocabulary == 30


@pytest.mark.office
def test_every_engine_in_one_command(small: Path) -> None:
    run = CliRunner().invoke(main, ["diff", str(small), "--engine", "all", "--format", "json"])
    assert run.exit_code == 0
    assert [(result["engine"], result["ok"]) for result in json.loads(run.stdout)] == [
        (name, True) for name in ENGINES
    ]


def test_every_engine_that_is_there(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLT_SOFFICE", "/nonexistent")
    monkeypatch.setenv("PATH", "/nonexistent")
    run = CliRunner().invoke(main, ["diff", str(small), "--engine", "all", "--format", "json"])
    assert run.exit_code == 0
    assert [result["engine"] for result in json.loads(run.stdout)] == [
        name for name in ENGINES if name not in ("libreoffice", "gnumeric")
    ]
    assert run.stderr == "xlt: not on this machine: libreoffice, gnumeric; xlt engines tells how to get them\n"


def test_an_engine_that_breaks_down_does_not_keep_the_others_from_it(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_down(*_: object) -> Results:
        raise BrokeDown("IronCalc on small.xlsx broke down (panic); save it again")

    monkeypatch.setenv("XLT_SOFFICE", "/nonexistent")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(type(ENGINES["ironcalc"]), "recalculate", breaks_down)
    run = CliRunner().invoke(main, ["diff", str(small), "--engine", "all", "--format", "json"])
    assert run.exit_code == 2
    assert [result["engine"] for result in json.loads(run.stdout)] == ["formulon"]
    assert run.stderr.endswith("\nxlt: IronCalc on small.xlsx broke down (panic); save it again\n")
    run = CliRunner().invoke(main, ["diff", str(small), "--engine", "ironcalc", "--format", "json"])
    assert (run.exit_code, run.stdout) == (2, "")


def test_command_line(small: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["diff", str(small), "--format", "json"])
    found = json.loads(run.stdout)
    assert run.exit_code == 0
    assert found["engine"] == "ironcalc"
    assert found["ok"] is True
    assert set(found["blocks"][0]) == {"name", "cells", "max_abs_error", "ok"}
    place = read_book(small).homes["self_attention.scores"]
    bad = edited(small, tmp_path / "bad.xlsx", {(place, 0, 1): "=1+1"})
    run = CliRunner().invoke(main, ["diff", str(bad)])
    assert run.exit_code == 1
    assert f"{place.sheet}!{place.address(0, 1)} (self_attention.scores)" in run.stdout
    assert "sheet 2.0, NumPy 0.24" in run.stdout

    kept = tmp_path / "kept.xlsx"
    shutil.copyfile(bad, kept)
    CliRunner().invoke(main, ["diff", str(kept)])
    assert kept.read_bytes() == bad.read_bytes()
