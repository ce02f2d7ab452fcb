"""A class's folder: whose homework a file is, what it is, and what is graded of it."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xltransformer import api
from xltransformer.classroom.homework import contents, handed_in
from xltransformer.classroom.together import grade_data
from xltransformer.cli import main
from xltransformer.engines import ENGINES
from xltransformer.engines.converters import LibreOffice
from xltransformer.errors import UserError

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)


@pytest.fixture(scope="module")
def quiz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("class") / "quiz.xlsx"
    api.build(path, template="first-attention", exercise=["scores"])
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def changed(path: Path, change: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    """A workbook with other contents of its parts, and more parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name in given.namelist():
            package.writestr(name, change(name, given.read(name)))
        for name, data in more.items():
            package.writestr(f"xl/{name}.bin", data)
    return buffer.getvalue()


def with_macros(name: str, data: bytes) -> bytes:
    if name == "[Content_Types].xml":
        data = data.replace(
            b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
            b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        )
        of_macros = b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
        return data.replace(b"<Default ", of_macros + b"<Default ", 1)
    if name == "xl/_rels/workbook.xml.rels":
        kind = b"http://schemas.microsoft.com/office/2006/relationships/vbaProject"
        link = b'<Relationship Id="rId999" Type="' + kind + b'" Target="vbaProject.bin"/>'
        return data.replace(b"</Relationships>", link + b"</Relationships>")
    return data


def strict(name: str, data: bytes) -> bytes:
    return data.replace(b"http://schemas.openxmlformats.org/", b"http://purl.oclc.org/ooxml/")


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


OTHERS: dict[str, tuple[bytes, str]] = {
    "photo.jpg": (b"\xff\xd8\xff\xe0" + bytes(20), "is a picture"),
    "photo.HEIC": (b"\0\0\0\x18ftypheic" + bytes(20), "is a picture"),
    "screen.png": (b"\x89PNG\r\n\x1a\n" + bytes(20), "is a picture"),
    "renamed.xlsx": (b"\x89PNG\r\n\x1a\n" + bytes(20), "is a picture"),
    "print.pdf": (b"%PDF-1.7" + bytes(20), "is a PDF"),
    "all.zip": (zipped("ann.xlsx"), "is an archive; unpack it"),
    "all.rar": (b"Rar!\x1a\7\0" + bytes(20), "is an archive; unpack it"),
    "values.csv": (b"a,b\n1,2\n", "is a table of values without formulas"),
    "old.xls": (OLE + "Workbook".encode("utf-16-le") + bytes(20), "Excel 97–2003"),
    "secret.xlsx": (OLE + "EncryptedPackage".encode("utf-16-le") + bytes(20), "protected by a password"),
    "binary.xlsb": (zipped("[Content_Types].xml", "xl/workbook.bin"), "Excel Binary Workbook"),
    "apple.numbers": (zipped("Index/Document.iwa"), "Apple Numbers"),
    "letter.docx": (zipped("[Content_Types].xml", "word/document.xml"), "is a text"),
    "letter.txt": (b"Dear teacher", "is a text"),
    "page.html": (b"<!DOCTYPE html><p>", "is a web page"),
    "saved.xlsx": (b"<html><table>", "is a web page"),
    "sheet.gsheet": (b'{"url": "https://docs.google.com/x"}', "only a link"),
    "nothing.xlsx": (b"", "is empty"),
    "half.xlsx.crdownload": (b"PK", "cut off"),
    ".cloud.xlsx.icloud": (b"bplist00", "not downloaded from iCloud"),
    "what": (b"\1\2\3", "is no .xlsx workbook"),
}
NOBODYS = (
    "~$ann.xlsx", ".~lock.ann.xlsx#", "._ann.xlsx", ".DS_Store", "Thumbs.db", "desktop.ini", "Desktop.INI",
    "__MACOSX/._ann.xlsx", "__MACOSX/ann.xlsx", "b/.~lock.bob.ods#", "b/__MACOSX/b.xlsx", ".git/ann.xlsx",
    "~WRL0001.tmp", "ehthumbs.db", "@eaDir/ann.xlsx",
)  # fmt: skip


def test_every_file_has_its_line(quiz: Path, tmp_path: Path) -> None:
    """One student's workbook among files of other kinds, and what programs leave beside them."""
    for name in (*OTHERS, *NOBODYS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(OTHERS.get(name, (b"whatever", ""))[0])
    shutil.copy(quiz, tmp_path / "ann.xlsx")
    (tmp_path / "strict.xlsx").write_bytes(changed(quiz, strict))
    result = run("grade", str(tmp_path), "--jobs", "1", "--format", "csv")
    assert (result.exit_code, result.stderr) == (1, "")
    rows = {Path(row["file"]).name: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert rows.keys() == {*OTHERS, "ann.xlsx", "strict.xlsx"}
    assert rows["ann.xlsx"]["of"]
    for name, (_, said) in OTHERS.items():
        assert said in rows[name]["remarks"], name
    assert "Strict Open XML" in rows["strict.xlsx"]["remarks"]
    for name in {*OTHERS, "strict.xlsx"}:
        assert not rows[name]["of"]
        assert rows[name]["remarks"].startswith(str(tmp_path / name))
        assert len(rows[name]["remarks"]) <= 300
        assert "build" not in rows[name]["remarks"]


def test_what_programs_keep_is_passed_over_by_name_too(quiz: Path, tmp_path: Path) -> None:
    """As with `xlt grade *`."""
    given = [tmp_path / name for name in ("ann.xlsx", "~$ann.xlsx", "Thumbs.db", ".~lock.ann.xlsx#")]
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "._ann.xlsx").write_bytes(b"x")
    assert handed_in([*given, tmp_path / "__MACOSX"]) == given[:1]
    with pytest.raises(UserError, match="only what programs keep"):
        handed_in(given[1:])


def test_an_archive_of_a_class(quiz: Path, tmp_path: Path) -> None:
    """As learning platforms hand it out, where it is named; in a folder it may be anybody's."""
    archive = tmp_path / "class.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(quiz, "Ann_17_submission/安.xlsx")
        opened.writestr("Bob_18_submission/photo.jpg", OTHERS["photo.jpg"][0])
        opened.writestr("Eve_19_submission/eve.xlsx", b"PK")
        opened.writestr("../../escapes.xlsx", b"PK")
        opened.writestr("__MACOSX/._ann.xlsx", b"x")
    rows = list(csv.DictReader(io.StringIO(run("grade", str(archive), "--jobs", "1", "--format", "csv").stdout)))
    assert [row["file"] for row in rows] == [
        str(archive / name)
        for name in (
            "Ann_17_submission/安.xlsx",
            "Bob_18_submission/photo.jpg",
            "Eve_19_submission/eve.xlsx",
        )
    ]
    assert rows[0]["of"] != ""
    assert "is a picture" in rows[1]["remarks"]
    assert not rows[2]["of"]
    (found,) = handed_in([tmp_path])
    assert found == archive
    with pytest.raises(UserError, match=r"cannot be read .*unpack class.zip"):
        contents(archive / "gone.xlsx", 1000)
    with pytest.raises(UserError, match="more than 1,000 bytes"):
        contents(archive / "Ann_17_submission" / "安.xlsx", 1000)


def test_diff_says_what_a_file_is(quiz: Path, tmp_path: Path) -> None:
    for name in ("secret.xlsx", "photo.jpg", "old.xls", "renamed.xlsx"):
        data, said = OTHERS[name]
        (tmp_path / name).write_bytes(data)
        result = run("diff", str(tmp_path / name))
        assert result.exit_code == 2
        assert said in result.stderr
        assert result.stderr.count("\n") == 1


def test_macros_are_left_out(quiz: Path) -> None:
    data = changed(quiz, with_macros, vbaProject=b"\xd0\xcf\x11\xe0 macros")
    found = grade_data("ann.xlsm", data)
    assert found.remarks == ("an .xlsm: taken without macros", "nothing is filled in")
    assert found.steps == grade_data("ann.xlsx", quiz.read_bytes()).steps
    assert "carries macros" in grade_data("ann.xlsx", data).remarks[0]
    assert "ann.xlsm is damaged" in grade_data("ann.xlsm", data[:5000]).remarks[0]


@pytest.mark.skipif(ENGINES["libreoffice"].version() is None, reason="needs LibreOffice")
def test_an_open_document_is_converted(quiz: Path, tmp_path: Path) -> None:
    """As a student saves it in LibreOffice."""
    source, target = tmp_path / "workbook.xlsx", tmp_path / "out"
    shutil.copy(quiz, source)
    office = LibreOffice()
    command = [*office.command(office.program() or "", source, target / "workbook.xlsx")]
    command[command.index("--convert-to") + 1] = "ods"
    subprocess.run(command, check=True, timeout=200, capture_output=True)
    data = (target / "workbook.ods").read_bytes()
    found = grade_data("ann.ods", data)
    assert found.remarks == ("converted by LibreOffice", "nothing is filled in")
    assert found.steps == grade_data("ann.xlsx", quiz.read_bytes()).steps
    (tmp_path / "ann.ods").write_bytes(data)
    assert "OpenDocument spreadsheet; open it in LibreOffice" in run("diff", str(tmp_path / "ann.ods")).stderr


def test_an_open_document_without_libreoffice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLT_SOFFICE", "not-there")
    assert "OpenDocument spreadsheet; open it" in grade_data("ann.ods", zipped("content.xml")).remarks[0]
    cut = grade_data("ann.ods", zipped("content.xml")[:40]).remarks[0]
    assert "ann.ods is damaged" in cut


def test_an_open_document_that_fetches_is_not_opened() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("content.xml", '<table:table-source xlink:href="https://example.org/x.ods"/>')
    assert "takes something from elsewhere" in grade_data("ann.ods", buffer.getvalue()).remarks[0]


def test_marks_are_no_formulas(
    quiz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever a student called the file."""
    names = ["=cmd.xlsx", "+1.xlsx", "@SUM.xlsx", "a.xlsx"]
    for name in names:
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    monkeypatch.chdir(tmp_path)
    result = run("grade", *names, "./-2.xlsx", "--jobs", "1", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["file"] for row in rows] == ["'=cmd.xlsx", "'+1.xlsx", "'@SUM.xlsx", "a.xlsx", "'-2.xlsx"]
    assert rows[0]["remarks"].startswith("'=cmd.xlsx is a picture")


def test_marks_in_a_file(quiz: Path, tmp_path: Path) -> None:
    """They are no homework the next time, and nothing is written over."""
    folder = tmp_path / "作业"
    folder.mkdir()
    shutil.copy(quiz, folder / "安.xlsx")
    marks = folder / "marks.csv"
    result = run("grade", str(folder), "-o", str(marks), "--jobs", "1")
    assert (result.exit_code, result.output) == (0, f"wrote {marks}: 1 of 1 files graded\n")
    (row,) = csv.DictReader(io.StringIO(marks.read_text("utf-8-sig")))
    assert (row["file"], row["right"]) == (str(folder / "安.xlsx"), "0")
    assert marks.read_bytes().startswith(b"\xef\xbb\xbf")  # without it Excel would not read 安
    assert "--force" in run("grade", str(folder), "-o", str(marks)).stderr
    again = run("grade", str(folder), "-o", str(marks), "--force", "--jobs", "1")
    assert again.output == result.output
    assert "does not end in .csv or .xlsx" in run("grade", str(folder), "-o", str(folder / "m.pdf")).stderr
