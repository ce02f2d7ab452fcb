"""What cannot be used is refused: one clear line, exit status 2, and nothing written."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner, Result

from xltransformer import api
from xltransformer.cli import main
from xltransformer.spec.instance import MOST_COLUMNS, MOST_WORDS, Instance, model_from
from xltransformer.text import MOST_TEXT
from xltransformer.workbook.reader import read_book

Built = tuple[Path, Instance]

MOST_SECONDS = 2
"""What a refusal may take, of processor time, so that other programs do not count."""
HEAD = 'model = "attention_lessons"\nsentences = ["cat"]\ndimensions = ["a", "b"]\n'
WORDS = "[words]\ncat = [1.0, 2.0]\n"
W_Q = "[weights.projected_attention]\nW_Q = "


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, which also gets every temporary file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its bytes, every folder with None."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def refused(*arguments: str) -> str:
    """The line with which the command is refused; checks that it is one, and that no file changed."""
    before = contents(Path.cwd())
    started = time.process_time()
    result = run(*arguments)
    assert time.process_time() - started < MOST_SECONDS
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("xlt: ")
    assert len(line) <= 300
    assert contents(Path.cwd()) == before
    return line


def refused_template(text: str) -> str:
    """The line with which a template is refused, by build and by trace alike (which adds no spare rows)."""
    Path("my.toml").write_text(text, "utf-8")
    line = refused("build", "--template", "my.toml", "-o", "out.xlsx")
    counts = re.compile(r"[\d,]+")
    assert counts.sub("", refused("trace", "--template", "my.toml")) == counts.sub("", line)
    return line


def valid(path: Path) -> bool:
    """Whether a file is a complete workbook of ours."""
    with zipfile.ZipFile(path) as parts:
        return parts.testzip() is None and bool(read_book(path).homes)


# Sentences


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        pytest.param("", ["the sentence '' has no word", "give at least one"], id="empty"),
        pytest.param(" \t ", ["has no word", "give at least one"], id="blank"),
        pytest.param(
            "?! 。— ...", ["the sentence '?! 。— ...' has no word", "give at least one"], id="punctuation"
        ),
        pytest.param("!" * 5000, ["!!!", "has no word"], id="much punctuation"),
        pytest.param(" ".join(["cat"] * 10_000), ["words", "10,002", "use fewer"], id="10,000 words"),
        pytest.param(" ".join(["cat"] * 20_000), ["words", "20,002", "use fewer"], id="20,000 words"),
        pytest.param(
            " ".join(f"w{i}" for i in range(10_000)), ["10,002", "use fewer"], id="10,000 different words"
        ),
        pytest.param("中" * 10_000, ["10,002", "use fewer"], id="10,000 characters"),
        pytest.param("a" * 40_000, ["'aaaa", "40,000 letters", "shorter"], id="a word of 40,000 letters"),
        pytest.param(" ".join(["a" * 999] * 40), ["39,999 letters", "shorter"], id="40,000 letters in all"),
    ],
)
def test_sentence(sentence: str, said: list[str]) -> None:
    line = refused("build", "--sentence", sentence, "-o", "out.xlsx")
    assert all(text in line for text in said), line
    assert refused("build", "--sentence", "cat", "--sentence", sentence)


def test_sentence_of_the_most_words_makes_formulas_that_excel_takes() -> None:
    sentence = " ".join(["cat"] * (MOST_WORDS - 2))
    assert run("build", "--template", "first-attention", "--sentence", sentence, "-o", "out.xlsx").exit_code == 0
    with zipfile.ZipFile("out.xlsx") as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    formulas = [part.partition("</f>")[0] for sheet in sheets for part in sheet.split("<f>")[1:]]
    assert 5000 < max(len(formula.replace("&quot;", '"').replace("&amp;", "&")) for formula in formulas) <= 8192


# Templates


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("a = [1,\nb = 2\n", ["my", "TOML", "line 2, column", "correct"], id="no TOML"),
        pytest.param("model = \n", ["TOML", "line 1, column 9"], id="no value"),
        pytest.param(f"x = {'[' * 5000}", ["TOML", "nested"], id="deep TOML"),
        pytest.param(f"x = {'9' * 5000}", ["TOML", "5000 digits"], id="endless number"),
        pytest.param(HEAD + 'tiltle = "x"\n' + WORDS, ["'tiltle'", "did you mean 'title'"], id="misspelt key"),
        pytest.param("zzz = 1\n" + HEAD + WORDS, ["'zzz'", "known are", "sentences"], id="unknown key"),
        pytest.param("", ["model is None", "single_query"], id="empty"),
        pytest.param('model = "lstm"', ["'lstm'", "give one of", "single_query"], id="unknown model"),
        pytest.param('model = ["single_query"]', ["['single_query']", "give one of"], id="list of models"),
        pytest.param(HEAD.replace('"cat"', "5") + WORDS, ["sentences", "5", "list of texts"], id="sentence 5"),
        pytest.param(HEAD.replace('"cat"', "") + WORDS, ["my has no sentences", "--sentence"], id="no sentence"),
        pytest.param("watch = 5\n" + HEAD + WORDS, ["watch is 5", "give a word"], id="watch 5"),
        pytest.param("slots = -1\n" + HEAD + WORDS, ["slots is -1", "at least 0"], id="slots -1"),
        pytest.param("slots = 1.5\n" + HEAD + WORDS, ["slots is 1.5", "whole number"], id="slots 1.5"),
        pytest.param("slots = true\n" + HEAD + WORDS, ["slots is True", "whole number"], id="slots true"),
        pytest.param("spare_rows = -3\n" + HEAD + WORDS, ["spare_rows is -3", "at least 0"], id="spare rows -3"),
        pytest.param("seed = -1\n" + HEAD + WORDS, ["seed is -1", "at least 0"], id="seed -1"),
        pytest.param("title = 5\n" + HEAD + WORDS, ["title is 5", "give a text"], id="title 5"),
        pytest.param(HEAD + WORDS + "[notes]\nx = 5\n", ["notes.x is 5", "give a text"], id="note 5"),
        pytest.param(f'title = "{"t" * 40_000}"\n' + HEAD + WORDS, ["40,000 letters", "shorten"], id="long title"),
        pytest.param("weights = 5\n" + HEAD + WORDS, ["weights is 5", "[weights]"], id="weights 5"),
    ],
)  # fmt: skip
def test_template(text: str, said: list[str]) -> None:
    line = refused_template(text)
    assert all(part in line for part in said), line


@pytest.mark.parametrize("size", [2 * 10**6, 10**9, 10**20])
def test_template_of_sizes_beyond_any_sheet_is_refused_at_once(size: int) -> None:
    """Refused before anything of that size is made: 10**9 slots would fill the memory."""
    assert f"d_k: {size:,}" in refused_template(HEAD + WORDS + f"[sizes]\nd_k = {size}\n")
    for text in (f"slots = {size}\n", f"spare_rows = {size}\n"):
        Path("my.toml").write_text(text + HEAD + WORDS)
        line = refused("build", "--template", "my.toml", "-o", "out.xlsx")
        assert "use fewer" in line
        assert f"{size + 1:,}" in line or "cells" in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param("cat = [1, 2, 3]", ["'cat'", "3 numbers", "expected 2"], id="too long"),
        pytest.param("cat = [1, 2]\ndog = [1]", ["'dog'", "1 numbers", "expected 2"], id="too short"),
        pytest.param("cat = [1, nan]", ["'cat', b is nan", "finite number"], id="nan"),
        pytest.param("cat = [1, -inf]", ["'cat', b is -inf", "finite number"], id="inf"),
        pytest.param(f"cat = [1, {'9' * 400}]", ["'cat', b is 999", "finite number"], id="400 digits"),
        pytest.param('cat = ["x", 2]', ["'cat', a is 'x'", "a number belongs there"], id="text"),
        pytest.param("cat = [true, 2]", ["'cat', a is True", "a number belongs there"], id="boolean"),
        pytest.param("cat = [1, [2]]", ["'cat', b is [2]", "a number belongs there"], id="list"),
        pytest.param("cat = 5", ["'cat' is 5", "give a list of numbers"], id="one number"),
        pytest.param("cat = [1, 2]\ncat = [1, 2]", ["TOML", "line 6, column"], id="twice"),
        pytest.param("cat = [1, 2]\nCat = [1, 2]", ["'Cat'", "twice", "'cat'", "keep one"], id="case variant"),
        pytest.param('cat = [1, 2]\n" cat" = [1, 2]', ["'cat'", "twice", "keep one"], id="space variant"),
        pytest.param("'Σ' = [1, 2]\n'ς' = [1, 2]", ["'ς'", "twice", "'Σ'", "keep one"], id="sigma variant"),
        pytest.param("'' = [1, 2]", ["word 1 is empty", "give"], id="no word"),
        pytest.param(f"{'w' * 40_000} = [1, 2]", ["'www", "40,000 letters", "shorten"], id="long word"),
        pytest.param("", ["no word", "give at least one"], id="none"),
    ],
)
def test_words_of_a_template(words: str, said: list[str]) -> None:
    line = refused_template(f"{HEAD}[words]\n{words}\n")
    assert all(part in line for part in said), line


@pytest.mark.parametrize(
    ("dimensions", "said"),
    [
        pytest.param('["a", "a"]', ["dimension 2", "'a'", "name of its own"], id="twice"),
        pytest.param('["a", " "]', ["dimension 2", "''", "name of its own"], id="blank"),
        pytest.param('["a", 5]', ["['a', 5]", "list of names"], id="number"),
        pytest.param("[]", ["dimensions is []", "list of names"], id="none"),
        pytest.param("2", ["dimensions is 2", "list of names"], id="count"),
    ],
)
def test_dimensions_of_a_template(dimensions: str, said: list[str]) -> None:
    line = refused_template(HEAD.replace('["a", "b"]', dimensions) + WORDS)
    assert all(part in line for part in said), line


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        pytest.param("temperature = 0", ["temperature is 0.0", "above 0"], id="temperature 0"),
        pytest.param("temperature = -1.5", ["temperature is -1.5", "above 0"], id="temperature -1.5"),
        pytest.param("temperature = nan", ["temperature is nan", "finite"], id="temperature nan"),
        pytest.param('temperature = "warm"', ["temperature is 'warm'", "a number belongs"], id="temperature warm"),
        pytest.param("scaling = 1", ["scaling is 1", "true or false"], id="scaling 1"),
        pytest.param('causal = "yes"', ["causal is 'yes'", "true or false"], id="causal yes"),
        pytest.param("causl = true", ["unknown switch 'causl'", "known are", "causal"], id="unknown"),
    ],
)
def test_switches_of_a_template(switches: str, said: list[str]) -> None:
    line = refused_template(f"{HEAD}{WORDS}[switches]\n{switches}\n")
    assert all(part in line for part in said), line


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        pytest.param("d_k = -1", ["d_k is -1", "at least 1"], id="negative"),
        pytest.param("d_v = 0", ["d_v is 0", "at least 1"], id="zero"),
        pytest.param('d_k = "2"', ["d_k is '2'", "whole number"], id="text"),
        pytest.param("d_k = 20000", ["d_k: 20,000", "use fewer"], id="wider than a sheet"),
        pytest.param("d_z = 2", ["'d_z'", "it knows", "d_k"], id="unknown"),
        pytest.param('key_labels = ["p", "q"]\nd_k = 3', ["2 names", "d_k is 3"], id="labels do not fit"),
    ],
)
def test_sizes_of_a_template(sizes: str, said: list[str]) -> None:
    line = refused_template(f"{HEAD}{WORDS}[sizes]\n{sizes}\n")
    assert all(part in line for part in said), line


# Weights


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        pytest.param(W_Q + "[[1, 2, 3], [4, 5, 6]]", ["W_Q is 2x3", "expected 2x2"], id="shape"),
        pytest.param(W_Q + "[[1, 2, 3], [4, 5]]", ["W_Q: row 2 has 2 numbers", "row 1 has 3"], id="ragged"),
        pytest.param(W_Q + "[[1, nan], [3, 4]]", ["row 1, column 2 is nan", "finite number"], id="nan"),
        pytest.param(W_Q + "[[1, 2], [inf, 4]]", ["row 2, column 1 is inf", "finite number"], id="inf"),
        pytest.param(W_Q + "[[1, 'x'], [3, 4]]", ["row 1, column 2 is 'x'", "a number belongs"], id="text"),
        pytest.param(W_Q + "[[1, false], [3, 4]]", ["row 1, column 2 is False", "a number belongs"], id="boolean"),
        pytest.param(W_Q + "[1, 2]", ["W_Q is [1, 2]", "list of rows"], id="one row"),
        pytest.param(W_Q + "[]", ["W_Q is []", "list of rows"], id="no row"),
        pytest.param(W_Q + "5", ["W_Q is 5", "list of rows"], id="one number"),
        pytest.param(W_Q.replace("W_Q", "W_X") + "[[1]]", ["projected_attention.W_X", "W_Q"], id="unknown block"),
        pytest.param("[weights.self_attention]\nW_Q = [[1]]", ["self_attention.W_Q", "W_K"], id="unknown layer"),
        pytest.param(W_Q + "'w.txt'", ["'w.txt'", ".npz or .csv"], id="another file"),
        pytest.param(W_Q + "'no.npz'", ["cannot read no.npz", "check"], id="no .npz file"),
        pytest.param(W_Q + "'no.csv'", ["cannot read no.csv", "check"], id="no .csv file"),
        pytest.param("[weights]\nfile = 'no.npz'", ["cannot read no.npz", "check"], id="no file of weights"),
        pytest.param("[weights]\nfile = 5", ["weights.file is 5", "give the name of a file"], id="file 5"),
    ],
)
def test_weights(weights: str, said: list[str]) -> None:
    line = refused_template(f"{HEAD}{WORDS}{weights}\n")
    assert all(part in line for part in said), line


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        pytest.param({"W_K": np.eye(2)}, ["w.npz has no array", "projected_attention.W_Q", "W_K"], id="not in it"),
        pytest.param({}, ["w.npz has no array", "projected_attention.W_Q", "none"], id="nothing in it"),
        pytest.param({"W_Q": np.eye(3)}, ["W_Q is 3x3", "expected 2x2"], id="shape"),
        pytest.param({"W_Q": np.ones(2)}, ["[1.0, 1.0]", "list of rows"], id="one row"),
        pytest.param({"W_Q": np.ones((2, 2, 2))}, ["row 1, column 1 is [1.0, 1.0]", "a number"], id="3-D"),
        pytest.param({"W_Q": np.ones((0, 2))}, ["W_Q is []", "list of rows"], id="no row"),
        pytest.param({"W_Q": np.array([[1, np.nan], [1, 1]])}, ["column 2 is nan", "finite"], id="nan"),
        pytest.param({"W_Q": np.array([[1, 1], [np.inf, 1]])}, ["row 2, column 1 is inf", "finite"], id="inf"),
        pytest.param({"W_Q": np.eye(2, dtype=bool)}, ["is True", "a number belongs"], id="boolean"),
        pytest.param({"W_Q": np.array([["p", "q"], ["r", "s"]])}, ["is 'p'", "a number belongs"], id="text"),
        pytest.param({"W_Q": np.eye(2, dtype=complex)}, ["is (1+0j)", "a number belongs"], id="complex"),
        pytest.param({"W_Q": np.array([[None]])}, ["w.npz is no .npz file of plain numbers"], id="objects"),
    ],
)
def test_weights_from_npz(arrays: dict[str, Any], said: list[str]) -> None:
    np.savez("w.npz", **arrays)
    line = refused_template(f"{HEAD}{WORDS}{W_Q}'w.npz'\n")
    assert all(part in line for part in said), line


def _npy() -> bytes:
    np.save("w.npy", np.eye(2))
    return Path("w.npy").read_bytes()


def _damaged() -> bytes:
    np.savez_compressed("w.npz", W_Q=np.eye(2))
    data = bytearray(Path("w.npz").read_bytes())
    data[60:80] = bytes(20)
    return bytes(data)


@pytest.mark.parametrize(
    "make",
    [lambda: b"", lambda: b"hello", lambda: b"PK\x03\x04junk", lambda: _damaged()[:150], _damaged, _npy],
    ids=["empty", "text", "junk", "truncated", "damaged", "an .npy file"],
)
def test_broken_npz(make: Callable[[], bytes]) -> None:
    Path("w.npz").write_bytes(make())
    for weights in (f"{W_Q}'w.npz'", "[weights]\nfile = 'w.npz'"):
        line = refused_template(f"{HEAD}{WORDS}{weights}\n")
        assert "w.npz is no .npz file of plain numbers" in line
        assert "numpy.savez" in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("1,2\n3\n", ["row 2 has 1 numbers", "row 1 has 2"], id="ragged"),
        pytest.param("1,2,3\n4,5,6\n", ["W_Q is 2x3", "expected 2x2"], id="shape"),
        pytest.param("1,x\n3,4\n", ["row 1, column 2 is 'x'", "a number belongs"], id="text"),
        pytest.param("1,\n3,4\n", ["row 1, column 2 is ''", "a number belongs"], id="hole"),
        pytest.param("1,TRUE\n3,4\n", ["row 1, column 2 is 'TRUE'", "a number belongs"], id="boolean"),
        pytest.param("1,nan\n3,4\n", ["row 1, column 2 is nan", "finite"], id="nan"),
        pytest.param("", ["W_Q is []", "list of rows"], id="empty"),
    ],
)
def test_weights_from_csv(text: str, said: list[str]) -> None:
    Path("w.csv").write_text(text)
    line = refused_template(f"{HEAD}{WORDS}{W_Q}'w.csv'\n")
    assert all(part in line for part in said), line


# Embeddings from files


def write_rows(rows: list[list[Any]], kind: str) -> str:
    """A table as a .csv or .xlsx file; its name."""
    name = f"words.{kind}"
    if kind == "csv":
        with open(name, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    else:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(name)
    return name


def refused_embeddings(name: str) -> str:
    """The line with which a file of embeddings is refused, given as an option and in a template."""
    line = refused("build", "--sentence", "cat", "--embeddings", name, "-o", "out.xlsx")
    model = f'model = "attention_lessons"\nsentences = ["cat"]\nembeddings = "{name}"\n'
    assert refused_template(model) == line
    return line


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(["cat", 1, 2, 3], ["'cat'", "3 numbers", "expected 2"], id="too long"),
        pytest.param(["cat", 1], ["'cat'", "1 numbers", "expected 2"], id="too short"),
        pytest.param(["cat", None, 1], ["'cat', a is ''", "a number belongs"], id="hole"),
        pytest.param(["cat", 1, "nan"], ["'cat', b is nan", "finite number"], id="nan"),
        pytest.param(["cat", 1, "-inf"], ["'cat', b is -inf", "finite number"], id="inf"),
        pytest.param(["cat", "x", 2], ["'cat', a is 'x'", "a number belongs"], id="text"),
        pytest.param(["cat", "1,5", 2], ["'cat', a is '1,5'", "a number belongs"], id="decimal comma"),
        pytest.param(["dog", 3, 4], ["'dog'", "twice", "keep one"], id="word twice"),
        pytest.param(["DOG", 3, 4], ["'DOG'", "twice", "'dog'", "keep one"], id="case variant"),
        pytest.param(["", 3, 4], ["word 2 is empty", "give"], id="no word"),
        pytest.param(["cat", 1e200, 1e200], ["scores comes out as inf", "scale them down"], id="overflow"),
    ],
)
def test_embeddings(kind: str, row: list[Any], said: list[str]) -> None:
    line = refused_embeddings(write_rows([["word", "a", "b"], ["dog", 1, 2], row], kind))
    assert all(part in line for part in said), line


def test_words_and_dimensions_that_no_cell_holds() -> None:
    for rows in ([["word", "a"], ["w" * (MOST_TEXT + 1), 1]], [["word", "d" * (MOST_TEXT + 1)], ["cat", 1]]):
        line = refused_embeddings(write_rows(rows, "csv"))
        assert "32,768 letters" in line
        assert "shorten" in line


def test_booleans_among_embeddings() -> None:
    rows = [["word", "a", "b"], ["cat", True, 2]]
    assert "'cat', a is 'True'; a number belongs" in refused_embeddings(write_rows(rows, "csv"))
    assert "'cat', a is True; a number belongs" in refused_embeddings(write_rows(rows, "xlsx"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param([], ["words.", "expected a header row"], id="nothing"),
        pytest.param([["word"], ["cat"]], ["words.", "expected a header row"], id="one column"),
        pytest.param([["word", "a"]], ["words.", "no word", "give at least one"], id="header alone"),
        pytest.param(
            [["word", "a", "a"], ["cat", 1, 2]], ["dimension 2", "'a'", "of its own"], id="dimension twice"
        ),
        pytest.param([["word", "", "a"], ["cat", 1, 2]], ["dimension 1", "''", "of its own"], id="no dimension"),
    ],
)
def test_tables_of_embeddings(kind: str, rows: list[list[Any]], said: list[str]) -> None:
    line = refused_embeddings(write_rows(rows, kind))
    assert all(part in line for part in said), line


@pytest.mark.parametrize("width", [MOST_COLUMNS - 63, 20_000])
def test_embeddings_wider_than_a_sheet(width: int) -> None:
    name = write_rows([["word", *range(1, width + 1)], ["cat", *[0.5] * width]], "csv")
    Path(name).write_text(Path(name).read_text().replace("word,1,", "word,d,", 1))
    line = refused_embeddings(name)
    assert f"dimensions of an embedding: {width:,}" in line
    assert "use fewer" in line


def test_embeddings_whose_weights_fill_the_memory() -> None:
    """8,000 dimensions fit into a sheet, but 8,000 x 8,000 weights several times do not into a workbook."""
    width = 8000
    line = refused_embeddings(
        write_rows([["word", *(f"d{i}" for i in range(width))], ["cat", *[1] * width]], "csv")
    )
    assert "cells" in line
    assert "use fewer" in line


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        pytest.param("no.csv", None, ["cannot read no.csv", "check"], id="no .csv file"),
        pytest.param("no.xlsx", None, ["cannot read no.xlsx", "check"], id="no .xlsx file"),
        pytest.param("e.txt", b"word,a\ncat,1\n", ["e.txt", ".csv or .xlsx"], id="another kind of file"),
        pytest.param("e.xlsx", b"word,a\ncat,1\n", ["e.xlsx is no .xlsx workbook", "save it"], id="text as .xlsx"),
        pytest.param("e.csv", "word,a\n键盘,1\n".encode("gbk"), ["e.csv", "save it as UTF-8"], id="GBK"),
        pytest.param("e.csv", "word,a\ncat,1\n".encode("utf-16"), ["e.csv", "save it as UTF-8"], id="UTF-16"),
        pytest.param("e.csv", b"word,a\n" + b"c" * 200_000 + b",1\n", ["e.csv, line 2", "limit"], id="huge cell"),
    ],
)
def test_files_of_embeddings(name: str, data: bytes | None, said: list[str]) -> None:
    if data is not None:
        Path(name).write_bytes(data)
    line = refused_embeddings(name)
    assert all(part in line for part in said), line


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
@pytest.mark.parametrize("content", [None, b"<garbage", b""])
def test_damaged_workbooks(part: str, content: bytes | None) -> None:
    write_rows([["word", "a"], ["cat", 1]], "xlsx")
    with zipfile.ZipFile("words.xlsx") as old, zipfile.ZipFile("e.xlsx", "w") as new:
        for name in old.namelist():
            data = content if name == part else old.read(name)
            if data is not None:
                new.writestr(name, data)
    assert "e.xlsx is" in refused_embeddings("e.xlsx")
    assert "damaged" in refused_embeddings("e.xlsx")
    assert "e.xlsx" in refused("diff", "e.xlsx")


def test_null_character_in_a_file_name() -> None:
    text = 'model = "single_query"\nembeddings = "a\\u0000.csv"\n'
    assert "cannot read" in refused_template(text)


# The command line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            ["--template", "cat-and-mose"], ["'cat-and-mose'", "Did you mean cat-and-mouse?"], id="misspelt"
        ),
        pytest.param(["--template", "zzz"], ["'zzz'", "give one of", "first-attention"], id="unknown template"),
        pytest.param(["--template", ""], ["no template ''", "give one of"], id="empty template"),
        pytest.param(["--template", "no.toml"], ["cannot read no.toml", "check"], id="no .toml file"),
        pytest.param(["--template", "no/no.toml"], ["cannot read no/no.toml", "check"], id="no folder of a .toml"),
        pytest.param(["--template", "."], ["no template '.'", "give one of"], id="folder as template"),
        pytest.param(["--template", "x" * 300], ["'xxx", "give one of"], id="endless template"),
        pytest.param(["--lang", "xx"], ["'xx'", "en, zh"], id="unknown language"),
        pytest.param(["--slots", "1000"], ["1,001", "use fewer"], id="many slots"),
        pytest.param(["-o", "no/out.xlsx"], ["folder no does not exist", "create it"], id="no folder"),
        pytest.param(["-o", "taken/out.xlsx"], ["folder taken does not exist", "create it"], id="file as folder"),
        pytest.param(["-o", "."], [". is a folder", "name of a file"], id="folder as output"),
        pytest.param(["-o", ""], ["is a folder", "name of a file"], id="empty output"),
        pytest.param(["-o", "taken"], ["taken exists already", "-o", "--force"], id="file exists"),
        pytest.param(["-o", "x" * 300 + ".xlsx"], ["cannot write xxx", "another name"], id="endless output"),
        pytest.param(["-o", "a\0b.xlsx"], ["cannot write", "another name"], id="null character"),
    ],
)
def test_build_arguments(arguments: list[str], said: list[str]) -> None:
    Path("taken").write_bytes(b"mine")
    line = refused("build", "--sentence", "cat", *arguments)
    assert all(part in line for part in said), line


def test_template_file_that_is_no_text() -> None:
    Path("my.toml").write_bytes(b"\xff\xfe\x00")
    assert "my.toml is not UTF-8 text" in refused("build", "--template", "my.toml")


def test_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **k: mode != os.W_OK and allowed(path, mode, **k))
    line = refused("build", "--sentence", "cat", "-o", "out.xlsx")
    assert "cannot write into the folder ." in line
    assert "-o" in line


@pytest.mark.parametrize(
    "arguments",
    [["build", "--slots", "-1"], ["build", "--slots", "x"], ["build", "--nonsense"], ["build", "cat"],
     ["nonsense"], ["trace", "--format", "xml"], ["diff"], ["diff", "x.xlsx", "--tolerance", "x"]],
    ids=" ".join,
)  # fmt: skip
def test_usage_errors(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert arguments[-1] in result.stderr or "FILE" in result.stderr
    assert "Traceback" not in result.stderr
    assert not contents(Path.cwd())


def test_file_that_exists_is_replaced_by_force_alone() -> None:
    target = Path("out.xlsx")
    target.write_bytes(b"mine")
    assert "out.xlsx exists already" in refused("build", "--sentence", "cat", "-o", "out.xlsx")
    assert "has no word" in refused("build", "--sentence", "", "-o", "out.xlsx", "--force")
    assert target.read_bytes() == b"mine"
    assert run("build", "--sentence", "cat", "-o", "out.xlsx", "--force").exit_code == 0
    assert valid(target)
    assert list(contents(Path.cwd())) == ["out.xlsx"]


def test_pipe_is_not_replaced() -> None:
    """Nor is a device: with the rights of root, --force would put a file in the place of /dev/null."""
    os.mkfifo("pipe")
    line = refused("build", "--sentence", "cat", "-o", "pipe", "--force")
    assert "pipe is no ordinary file" in line
    assert "another name" in line
    assert Path("pipe").is_fifo()


def test_link_that_leads_nowhere_is_kept() -> None:
    Path("out.xlsx").symlink_to("gone.xlsx")
    assert "exists already" in refused("build", "--sentence", "cat", "-o", "out.xlsx")
    assert Path("out.xlsx").is_symlink()


# Diff


@pytest.mark.parametrize("tolerance", ["nan", "-1", "inf"])
def test_tolerance(tolerance: str) -> None:
    line = refused("diff", "x.xlsx", "--tolerance", tolerance)
    assert f"--tolerance is {float(tolerance)}" in line
    assert "at least 0" in line


def test_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    line = refused("diff", "x.xlsx", "--engine", "gnumeric")
    assert "no engine 'gnumeric'" in line
    assert "give one of ironcalc, libreoffice" in line
    monkeypatch.setenv("XLT_SOFFICE", "/nonexistent")
    for name in ("libreoffice", "all"):
        line = refused("diff", "x.xlsx", "--engine", name)
        assert "engine libreoffice is not on this machine" in line
        assert "install LibreOffice" in line


def test_files_that_diff_cannot_read(first_workbook: Built) -> None:
    Path("text.xlsx").write_text("cat and mouse")
    Path("empty.xlsx").write_bytes(b"")
    Path("words.txt").write_text("cat")
    data = first_workbook[0].read_bytes()
    Path("half.xlsx").write_bytes(data[: len(data) // 2])
    openpyxl.Workbook().save("other.xlsx")
    Path("folder.xlsx").mkdir()
    assert "there is no file no.xlsx" in refused("diff", "no.xlsx")
    assert "other.xlsx was not built by xlt" in refused("diff", "other.xlsx")
    for name in ("text.xlsx", "empty.xlsx", "half.xlsx", "words.txt"):
        line = refused("diff", name)
        assert f"{name} is no .xlsx workbook" in line
        assert "save it" in line
    assert "folder.xlsx" in refused("diff", "folder.xlsx")
    assert "File name too long" in refused("diff", "x" * 300 + ".xlsx")


@pytest.mark.parametrize(
    "change",
    [{"slots": [10**12]}, {"vocabulary": 10**12}, {"width": 10**12}, {"options": {"d_k": 10**12}},
     {"slots": ["x"]}, {"slots": 5}, {"options": None}, {"model": "lstm"}, {"model": []}],
    ids=str,
)  # fmt: skip
def test_description_that_makes_no_sense(change: Mapping[str, Any]) -> None:
    good = {"model": "attention_lessons", "slots": [3], "vocabulary": 4, "width": 2, "options": {}}
    assert model_from(good).blocks
    with pytest.raises(ValueError, match=r"."):
        model_from({**good, **change})


# Results that overflow


@pytest.mark.parametrize("value", [1e155, 1e200, 1.7e308])
def test_values_so_large_that_results_overflow(value: float) -> None:
    line = refused_template(f"{HEAD}[words]\ncat = [{value}, {value}]\n")
    assert "self_attention.scores comes out as inf" in line
    assert "scale them down" in line
    W = f"[[{value}, 0.0], [0.0, {value}]]"
    line = refused_template(f"{HEAD}{WORDS}{W_Q}{W}\nW_K = {W}\n")
    assert "projected_attention." in line
    assert "scale them down" in line


# Builds that fail half-way


@pytest.mark.parametrize("step", ["replace", "chmod", "fdopen"])
@pytest.mark.parametrize("force", [False, True])
def test_build_that_fails_while_writing_leaves_nothing(
    step: str, force: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if force:
        Path("out.xlsx").write_bytes(b"mine")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    line = refused("build", "--sentence", "cat", "-o", "out.xlsx", *(["--force"] if force else []))
    assert "cannot write out.xlsx: No space left on device" in line
    assert "-o" in line


def test_build_that_is_interrupted_while_writing_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        api.build("out.xlsx", ["cat"])
    assert not contents(folder)


def start_build(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "xltransformer", "build", "--sentence", "cat and mouse", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_build_killed_while_it_writes_leaves_what_was_there(folder: Path) -> None:
    """Killed as soon as its temporary file appears, a build has not touched the file it was to replace,
    or has replaced it whole."""
    target = folder / "out.xlsx"
    api.build(folder / "whole.xlsx", ["cat and mouse"])
    for _ in range(3):
        target.write_bytes(b"mine")
        process = start_build("-o", "out.xlsx", "--force")
        while process.poll() is None and not any(name.startswith(".xlt-") for name in os.listdir(folder)):
            pass
        process.kill()
        process.wait()
        assert target.read_bytes() in (b"mine", (folder / "whole.xlsx").read_bytes())
        for left in folder.glob(".xlt-*"):
            left.unlink()


def test_build_killed_before_its_last_step_leaves_what_was_there(folder: Path) -> None:
    target = folder / "out.xlsx"
    target.write_bytes(b"mine")
    program = (
        "import os, time; from xltransformer import api\n"
        "os.replace = lambda *_: (print('written', flush=True), time.sleep(60))\n"
        "api.build('out.xlsx', ['cat'], force=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"written"
    process.kill()
    process.communicate()
    assert target.read_bytes() == b"mine"
    (temporary,) = folder.glob(".xlt-*")
    temporary.rename(folder / "temporary.xlsx")
    assert valid(folder / "temporary.xlsx")
