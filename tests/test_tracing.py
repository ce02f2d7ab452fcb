"""A workbook traced as it is now, edits included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

from xltransformer import UserError, build, diff, trace
from xltransformer.cli import main
from xltransformer.workbook.reader import read_book


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(main, ["trace", *arguments])
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.stderr


def edit(path: Path, block: str, i: int, j: int, value: Any) -> None:
    """Type a value into a cell of a block."""
    place = read_book(path).homes[block]
    book = openpyxl.load_workbook(path)
    book[place.sheet][place.address(i, j)] = value
    book.save(path)


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook in which a word, a weight and, by a formula, a second weight were changed."""
    path = tmp_path_factory.mktemp("edited") / "mine.xlsx"
    build(path, ["cat and mouse"], settings={"seed": 3}, slots=1)
    edit(path, "sentence.words", 2, 0, "dog")
    edit(path, "projected_attention.W_Q", 0, 0, 7.5)
    edit(path, "projected_attention.W_K", 1, 1, "=1/8")
    return path


def test_a_workbook_is_traced_with_its_edits(edited: Path) -> None:
    blocks = trace(edited)
    assert list(blocks["self_attention.weights"].index) == ["cat", "and", "dog", ""]
    assert blocks["projected_attention.W_Q"].iloc[0, 0] == 7.5
    assert blocks["projected_attention.W_K"].iloc[1, 1] == 0.125
    changed = trace(["cat and dog"], slots=1)
    assert blocks["self_attention.output"].equals(changed["self_attention.output"])
    assert not blocks["projected_attention.scores"].equals(changed["projected_attention.scores"])
    for again in (trace(str(edited)), trace(workbook=str(edited)), trace(workbook=edited)):
        assert all(again[name].equals(block) for name, block in blocks.items())
    assert diff(edited).ok


def test_the_command_line_traces_it_too(edited: Path) -> None:
    told = json.loads(run(str(edited), "--format", "json"))
    assert told["template"] == "cat-and-mouse"
    assert told["sentences"] == ["cat and dog"]
    values = {block["name"]: block["values"] for block in told["blocks"]}
    assert values["projected_attention.W_K"][1][1] == 0.125
    assert values["self_attention.weights"] == trace(edited)["self_attention.weights"].to_numpy().tolist()
    assert "7.5" in run(str(edited), "--only", "projected_attention.W_Q")


def test_what_contradicts_a_workbook_is_refused(edited: Path) -> None:
    line = run(str(edited), "--template", "gpt", "--set", "heads=2", "--lang", "zh", status=2)
    assert line == f"xlt: {edited} says itself what to trace: leave out --template, --lang, --set\n"
    with pytest.raises(UserError, match=r"says itself what to trace: leave out `sentences`, `slots`$"):
        trace(["cat"], workbook=edited, slots=2)
    with pytest.raises(UserError, match="two workbooks"):
        trace(edited, workbook="b.xlsx")


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    assert run("cat and mouse", status=2) == (
        "xlt: there is no file 'cat and mouse'; a sentence is given with --sentence\n"
    )
    assert "there is no file gone.xlsx" in run("gone.xlsx", status=2)
    (tmp_path / "other.xlsx").write_bytes(b"no workbook")
    assert "is no .xlsx workbook" in run(str(tmp_path / "other.xlsx"), status=2)


def test_a_cell_that_cannot_be_used_is_named(edited: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(edited.read_bytes())
    edit(broken, "projected_attention.W_Q", 0, 1, "x")
    assert "projected_attention" not in (line := run(str(broken), status=2))
    assert "cannot be used: input " in line


def test_a_text_is_one_sentence() -> None:
    assert list(trace("cat and mouse")["self_attention.X"].index) == ["cat", "and", "mouse"]
    assert list(trace(None)) == list(trace())  # type: ignore[arg-type]
    with pytest.raises(UserError, match="a sentence is 3; give a text"):
        trace([3])  # type: ignore[list-item]
    with pytest.raises(UserError, match="`sentences` is 3; give a text or a list of texts"):
        trace(3)  # type: ignore[arg-type]
