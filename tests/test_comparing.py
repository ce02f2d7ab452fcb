"""Two workbooks side by side."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from xltransformer import UserError, build, compare, diff, trace
from xltransformer.cli import main
from xltransformer.workbook.reader import read_book


def run(*arguments: str, status: int) -> str:
    done = CliRunner().invoke(main, ["diff", *map(str, arguments)])
    assert done.exit_code == status, done.output
    return done.output


def edited(path: Path, to: Path, **changes: Any) -> Path:
    """A copy of a workbook with values typed into blocks, `block__name=(row, column, value)`."""
    book, sheets = read_book(path), openpyxl.load_workbook(path)
    for name, (i, j, value) in changes.items():
        place = book.homes[name.replace("__", ".")]
        sheets[place.sheet][place.address(i, j)] = value
    sheets.save(to)
    return to


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("two") / "a.xlsx"
    build(path, ["cat and mouse"], slots=1)
    return path


def test_a_copy_is_the_same(first: Path, tmp_path: Path) -> None:
    again = edited(first, tmp_path / "saved again.xlsx")
    found = compare(first, again)
    assert found.ok
    assert found.max_abs_error == 0
    assert run(str(first), str(again), status=0).startswith("the same: ")


def test_what_was_typed_differently_is_named_and_what_comes_of_it(first: Path, tmp_path: Path) -> None:
    other = edited(
        first, tmp_path / "b.xlsx", sentence__words=(2, 0, "dog"), projected_attention__W_Q=(0, 1, 0.75)
    )
    found = compare(first, other)
    words, weight = found.inputs
    place = read_book(first).homes["projected_attention.W_Q"]
    assert (words.block, words.old, words.new) == ("sentence.words", "mouse", "dog")
    assert (weight.sheet, weight.cell, weight.new) == (place.sheet, place.address(0, 1), 0.75)
    assert weight.old == trace(first)["projected_attention.W_Q"].iloc[0, 1]
    assert str(weight).endswith(f"{weight.old!r} → 0.75")
    before, after = trace(first), trace(other)
    blocks = {block.name: block for block in found.blocks}
    for name in ("self_attention.weights", "projected_attention.scores"):
        apart = (before[name].to_numpy() - after[name].to_numpy()).__abs__().max()
        assert blocks[name].max_abs_error == apart > 0
        assert not blocks[name].ok
    assert blocks["vocabulary"].ok
    assert not found.ok
    printed = run(str(first), str(other), status=1)
    assert weight.cell in printed
    assert f"DIFFERENT: 2 cells typed differently; {len(found.differing)} of {len(found.blocks)} blocks" in printed
    told = json.loads(run(str(first), str(other), "--format", "json", status=1))
    assert [one["new"] for one in told["inputs"]] == ["dog", 0.75]
    assert told["ok"] is False
    assert {"name", "cells", "max_abs_error", "ok"} == told["blocks"][0].keys()


def test_a_formula_that_was_replaced_is_named(first: Path, tmp_path: Path) -> None:
    other = edited(first, tmp_path / "b.xlsx", self_attention__scores=(0, 0, 1))
    found = compare(first, other)
    assert not found.inputs
    assert not found.differing
    (note,) = found.notes
    assert note.endswith("(self_attention.scores) is no formula in the second: 1.0")
    assert not found.ok


def test_within_the_tolerance_nothing_differs(first: Path, tmp_path: Path) -> None:
    value = trace(first)["projected_attention.W_Q"].iloc[0, 1] + 1e-7
    other = edited(first, tmp_path / "b.xlsx", projected_attention__W_Q=(0, 1, value))
    assert run(str(first), str(other), "--tolerance", "1e-3", status=0).startswith("the same")
    assert "1 cell typed differently" in run(str(first), str(other), status=1)


def test_other_shapes_and_templates_are_told(first: Path, tmp_path: Path) -> None:
    build(tmp_path / "more.xlsx", ["cat and mouse"], slots=2)
    found = compare(first, tmp_path / "more.xlsx")
    assert found.notes[0] == "slots is [4] in the first, [5] in the second"
    assert "blocks of other shapes: sentence.words (4x1, 5x1)" in found.notes[1]
    build(tmp_path / "masks.xlsx", template="masks")
    notes = compare(first, tmp_path / "masks.xlsx").notes
    assert "template is 'cat-and-mouse' in the first, 'masks' in the second" in notes
    assert any(" blocks in the second alone: " in note for note in notes)


def test_words_that_the_model_writes_are_not_typed(tmp_path: Path) -> None:
    build(tmp_path / "a.xlsx", ["the cat"], "gpt", slots=2)
    (tmp_path / "b.xlsx").write_bytes((tmp_path / "a.xlsx").read_bytes())
    changes = {"sentence__words": (2, 0, "dog"), "switches__draws": (1, 0, 0.5)}
    other = edited(tmp_path / "b.xlsx", tmp_path / "b.xlsx", **changes)
    found = {edit.block: (edit.old, edit.new) for edit in compare(tmp_path / "a.xlsx", other).inputs}
    assert found["sentence.words"] == ("(written by the model)", "dog")
    assert found["switches.draws"] == ("(made by its formula)", 0.5)
    assert len(found) == 2


def test_mistakes_are_told_in_one_line(first: Path, tmp_path: Path) -> None:
    shutil.copy(first, tmp_path / "b.xlsx")
    assert run(str(first), "gone.xlsx", status=2) == (
        "xlt: there is no file gone.xlsx; give the name of a workbook built by xlt\n"
    )
    line = run(str(first), str(first), "--engine", "all", status=2)
    assert line == "xlt: --engine recalculates one workbook, and two are compared by NumPy: leave it out\n"
    with pytest.raises(UserError, match=r"b.xlsx is a workbook, and no engine; compare\(a, b\)"):
        diff(first, "b.xlsx")
