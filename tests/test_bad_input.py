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
from bad_inputs import BAD, HEAD, W_Q, WORDS
from click.testing import CliRunner, Result

from xltransformer import api
from xltransformer.building.instance import Instance, model_from
from xltransformer.building.limits import MOST_WORDS
from xltransformer.cli import main
from xltransformer.models.sizes import MOST_COLUMNS
from xltransformer.text import MOST_TEXT
from xltransformer.workbook.reader import read_book

pytestmark = pytest.mark.own_process

Built = tuple[Path, Instance]

MOST_SECONDS = 20
"""Beyond this, of processor time, the work was begun before it was refused, on the slowest machine too."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, which also gets every temporary file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its bytes (not of huge ones), every folder with None."""
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() and p.stat().st_size < 10**9 else None
        for p in folder.rglob("*")
    }


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


@pytest.mark.parametrize("kind", BAD)
def test_the_table(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for k, (arguments, files) in enumerate(BAD[kind].ways):
        (tmp_path / str(k)).mkdir()
        monkeypatch.chdir(tmp_path / str(k))
        for name, data in files.items():
            Path(name).write_bytes(data)
        line = refused(*arguments)
        assert all(part in line for part in BAD[kind].said), line


def test_the_table_is_long_and_readable() -> None:
    assert len(BAD) > 100
    assert all(": " in kind and len(kind) < 70 for kind in BAD)


# Sentences


def test_sentence_of_the_most_words_makes_formulas_that_excel_takes() -> None:
    sentence = " ".join(["cat"] * (MOST_WORDS - 2))
    assert run("build", "--template", "first-attention", "--sentence", sentence, "-o", "out.xlsx").exit_code == 0
    with zipfile.ZipFile("out.xlsx") as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    formulas = [part.partition("</f>")[0] for sheet in sheets for part in sheet.split("<f>")[1:]]
    assert 5000 < max(len(formula.replace("&quot;", '"').replace("&amp;", "&")) for formula in formulas) <= 8192


# Templates


@pytest.mark.parametrize("size", [2 * 10**6, 10**9, 10**20])
def test_template_of_sizes_beyond_any_sheet_is_refused_at_once(size: int) -> None:
    """Refused before anything of that size is made: 10**9 slots would fill the memory."""
    assert f"d_k: {size:,}" in refused_template(HEAD + WORDS + f"[sizes]\nd_k = {size}\n")
    for text in (f"slots = {size}\n", f"spare_rows = {size}\n"):
        Path("my.toml").write_text(text + HEAD + WORDS)
        line = refused("build", "--template", "my.toml", "-o", "out.xlsx")
        assert "use fewer" in line
        assert f"{size + 1:,}" in line or "cells" in line


# Weights


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


def test_words_and_dimensions_that_no_cell_holds() -> None:
    for rows in ([["word", "a"], ["w" * (MOST_TEXT + 1), 1]], [["word", "d" * (MOST_TEXT + 1)], ["cat", 1]]):
        line = refused_embeddings(write_rows(rows, "csv"))
        assert "32,768 letters" in line
        assert "shorten" in line


def test_booleans_among_embeddings() -> None:
    rows = [["word", "a", "b"], ["cat", True, 2]]
    assert "'cat', a is 'True'; a number belongs" in refused_embeddings(write_rows(rows, "csv"))
    assert "'cat', a is True; a number belongs" in refused_embeddings(write_rows(rows, "xlsx"))


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


def test_files_that_never_end() -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with names here")
    options = {"e.csv": "embeddings", "e.xlsx": "embeddings", "t.toml": "template", "v.txt": "vocabulary"}
    for name, option in {**options, "w.npz": "weights", "w.safetensors": "weights"}.items():
        os.mkfifo(name)
        assert "no ordinary file" in refused("build", "-o", "out.xlsx", f"--{option}", name)
    with open("big.csv", "wb") as file:
        file.truncate(10**11)
    assert "bytes, at most" in refused("build", "-o", "out.xlsx", "--embeddings", "big.csv")


# The command line


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_pipe_is_not_replaced() -> None:
    """Nor is a device: with the rights of root, --force would put a file in the place of /dev/null."""
    os.mkfifo("pipe")
    line = refused("build", "--sentence", "cat", "-o", "pipe", "--force")
    assert "pipe is no ordinary file" in line
    assert "another name" in line
    assert Path("pipe").is_fifo()


@pytest.mark.skipif(sys.platform == "win32", reason="links take rights of their own there")
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
    line = refused("diff", "x.xlsx", "--engine", "excel")
    assert "no engine 'excel'" in line
    assert "give one of ironcalc, libreoffice, gnumeric, formulon" in line
    monkeypatch.setenv("XLT_SOFFICE", "/nonexistent")
    monkeypatch.setenv("PATH", "/nonexistent")
    for title in ("LibreOffice", "Gnumeric"):
        line = refused("diff", "x.xlsx", "--engine", title.lower())
        assert f"engine {title.lower()} is not on this machine" in line
        assert f"install {title}" in line


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
    assert "empty.xlsx is empty; give the file again" in refused("diff", "empty.xlsx")
    assert "words.txt is a text; the workbook itself, as .xlsx, is needed" in refused("diff", "words.txt")
    for name in ("text.xlsx", "half.xlsx"):
        line = refused("diff", name)
        assert f"{name} is no .xlsx workbook" in line
        assert "save" in line
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


def test_a_workbook_that_is_open_elsewhere_is_to_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows replaces no file that Excel has open."""
    Path("out.xlsx").write_bytes(b"mine")

    def fail(*_: Any) -> None:
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(os, "replace", fail)
    line = refused("build", "--sentence", "cat", "-o", "out.xlsx", "--force")
    assert "cannot write out.xlsx: Access is denied; close it where it is open, or" in line
    assert Path("out.xlsx").read_bytes() == b"mine"


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
