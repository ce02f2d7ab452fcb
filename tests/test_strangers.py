"""Strangers' workbooks: made to do harm, and refused in one line before any program opens them; and
engines that break down or hang, which end alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from xltransformer import api
from xltransformer.classroom.grading import grade
from xltransformer.cli import main
from xltransformer.engines import ENGINES, Limits, limited
from xltransformer.engines.process import _reason, run
from xltransformer.errors import UserError

pytestmark = pytest.mark.own_process

Parts = dict[str, bytes]
Change = Callable[[Parts], None]
SHEET, BOOK, TEXTS = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml"
TOLD = re.compile(rb"<t>xlt\.model\.0 [^<]*</t>")
VBA = b'<Default Extension="q" ContentType="application/vnd.ms-office.vbaProject"/>'
TYPES = "[Content_Types].xml"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """An exercise, part by part."""
    path = tmp_path_factory.mktemp("strangers") / "quiz.xlsx"
    api.build(path, ["cat and mouse"], exercise=["scores"])
    with zipfile.ZipFile(path) as book:
        return {name: book.read(name) for name in book.namelist()}


def pack(parts: Parts, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, data in parts.items():
            book.writestr(name, data)
    return path


def into(part: str, before: bytes, added: bytes) -> Change:
    """Put something in front of the first `before` of a part."""

    def change(parts: Parts) -> None:
        assert before in parts[part]
        parts[part] = parts[part].replace(before, added + before, 1)

    return change


def replaced(part: str, data: bytes) -> Change:
    return lambda parts: parts.update({part: data})


def described(**wrong: object) -> Change:
    """A description in which something is not as it should be."""

    def change(parts: Parts) -> None:
        good = {"model": "attention_lessons", "slots": [3], "vocabulary": 4, "width": 2, "options": {}}
        text = json.dumps({**good, **wrong}).replace("&", "&amp;").replace("<", "&lt;")
        no_cell(parts)
        parts["docProps/custom.xml"] = properties(text)

    return change


def no_cell(parts: Parts) -> None:
    """Without the description's second home."""
    assert TOLD.search(parts[TEXTS])
    parts[TEXTS] = TOLD.sub(b"<t></t>", parts[TEXTS])


def only(text: str) -> Change:
    """The one description that there is."""

    def change(parts: Parts) -> None:
        no_cell(parts)
        parts["docProps/custom.xml"] = properties(text)

    return change


def in_cell(text: str) -> Change:
    """The same, in a cell."""

    def change(parts: Parts) -> None:
        del parts["docProps/custom.xml"]
        parts[TEXTS] = TOLD.sub(f"<t>xlt.model.0 {text}</t>".encode(), parts[TEXTS])

    return change


def nowhere(parts: Parts) -> None:
    no_cell(parts)
    del parts["docProps/custom.xml"]


def properties(text: str) -> bytes:
    return (
        '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt='
        '"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"><property fmtid="{D5CDD505-2E9C-'
        '101B-9397-08002B2CF9AE}" pid="2" name="xlt.model.0">'
        f"<vt:lpwstr>{text}</vt:lpwstr></property></Properties>"
    ).encode()


def cell(address: str) -> bytes:
    row = "".join(filter(str.isdigit, address))
    return f'<row r="{row}"><c r="{address}"><v>1</v></c></row>'.encode()


NAMES = b"".join(b'<definedName name="n%d">Start!$A$1</definedName>' % k for k in range(300_000))
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
LINK = b'<Relationship Id="rIdX" Type="http://x/%s" Target="file:///etc/passwd" TargetMode="External"/>'
END = b"</sheetData>"
DEEP = "[" * 200_000 + "]" * 200_000

HOSTILE: dict[str, tuple[Change, str]] = {
    "300,000 names": (into(BOOK, b"</definedNames>", NAMES), "names"),
    "a name defined twice": (
        into(BOOK, b"</definedNames>", b'<definedName name="VOCABULARY">Start!$A$1</definedName>'),
        "'VOCABULARY' twice",
    ),
    "a cell in the last corner": (into(SHEET, END, cell("XFD1048576")), "XFD1048576"),
    "a cell with a false address": (into(SHEET, END, cell("ZZZZ99999999")), "speaks of a cell"),
    "a sheet packed too well": (into(SHEET, END, b" " * 5_000_000), "packed into"),
    "a million cells": (
        into(SHEET, END, b"<row r='9'>" + b"".join(b"<c r='A%d'/>" % k for k in range(800_000)) + b"</row>"),
        "more than",
    ),
    "tags a hundred thousand deep": (into(SHEET, END, b"<a>" * 100_000 + b"</a>" * 100_000), "nested"),
    "all cells merged": (
        into(SHEET, b"<pageMargins", b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
        "A1:XFD1048576",
    ),
    "all cells linked": (
        into(SHEET, b"<pageMargins", b'<hyperlinks><hyperlink ref="A1:XFD1048576" location="A1"/></hyperlinks>'),
        "A1:XFD1048576",
    ),
    "all cells one formula": (
        into(SHEET, END, b'<row r="999"><c r="A999"><f t="array" ref="A1:XFD1048576">1</f></c></row>'),
        "A1:XFD1048576",
    ),
    "many formulas of many cells each": (
        into(SHEET, END, b"<row r='9'>" + b"<c r='A9'><f t='array' ref='A9:Z99999'>1</f></c>" * 9 + b"</row>"),
        "more than",
    ),
    "entities": (replaced(BOOK, ENTITIES + b"<workbook>&b;</workbook>"), "entities"),
    "external entities": (
        replaced(BOOK, b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><workbook/>'),
        "entities",
    ),
    "entities in UTF-16": (replaced(BOOK, (ENTITIES + b"<w>&b;</w>").decode().encode("utf-16")), "entities"),
    "macros": (replaced("xl/vbaProject.bin", b"x"), "macros"),
    "macros by their type": (
        lambda parts: into(TYPES, b"</Types>", VBA)(parts) or parts.update({"xl/harmless.q": b"x"}),
        "macros",
    ),
    "macros by a part's type": (
        lambda parts: (
            into(TYPES, b"</Types>", b'<Override PartName="/XL/a.q" ContentType="a/vnd.ms-office.vbaProject"/>')(
                parts
            )
            or parts.update({"xl/a.q": b"x"})
        ),
        "macros",
    ),
    "macros by their link": (
        into(
            "xl/_rels/workbook.xml.rels",
            b"</Relationships>",
            b'<Relationship Id="rIdX" Type="http://x/vbaProject" Target="a.q"/>',
        ),
        "macros",
    ),
    "old macros": (replaced("xl/macrosheets/sheet1.xml", b"<x/>"), "macros"),
    "controls": (replaced("xl/activeX/activeX1.bin", b"x"), "macros"),
    "links to other workbooks": (replaced("xl/externalLinks/externalLink1.xml", b"<x/>"), "links to other"),
    "an embedded program": (replaced("xl/embeddings/oleObject1.bin", b"x"), "embedded"),
    "a query": (replaced("xl/connections.xml", b"<x/>"), "connections"),
    "a picture from elsewhere": (
        into("xl/_rels/workbook.xml.rels", b"</Relationships>", LINK % b"image"),
        "/etc/passwd",
    ),
    "ten thousand parts": (lambda parts: parts.update({f"p{k}.bin": b"" for k in range(10_000)}), "parts"),
    "a part outside": (replaced("../../evil.xml", b"<x/>"), "strange name"),
    "a part of two spellings": (replaced("XL/workbook.xml", b"<x/>"), "two parts"),
    "no XML": (replaced(SHEET, b"<garbage"), "damaged"),
    "no description": (nowhere, "not built by xlt"),
    "a deep description": (only(DEEP), "cannot be read"),
    "a deep description in a cell": (in_cell(DEEP), "cannot be read"),
    "a description in a cell that is a list": (in_cell("[1]"), "no object"),
    "a description in a cell of no model": (in_cell("{}"), "cannot be read"),
    "two descriptions": (replaced("docProps/custom.xml", properties('{"model": "gpt"}')), "cannot be read"),
    "a long description": (
        replaced("docProps/custom.xml", properties(os.urandom(1_500_000).hex())),
        "description",
    ),
    "a description that is a list": (only("[1]"), "no object"),
    "a description of a million sentences": (described(slots=[3] * 300_000), "sentences"),
    "a description of huge sentences": (described(slots=[600] * 900), "cannot be read"),
    "a description of too many words": (described(vocabulary=10**15), "vocabulary"),
    "a description of no size": (described(width=-5), "cannot be read"),
    "a description of texts": (described(slots=["3"], vocabulary="4"), "cannot be read"),
    "a description of options": (described(options={"d_k": [1], "layers": {}}), "cannot be read"),
    "a description of another model": (described(model="__class__"), "cannot be read"),
}


def larger_than_it_says(parts: Parts, path: Path) -> None:
    """Python stops where the list of parts says; other programs do not."""
    pack({**parts, SHEET: parts[SHEET] + b" " * 900_000}, path)
    data = bytearray(path.read_bytes())
    where = data.rindex((len(parts[SHEET]) + 900_000).to_bytes(4, "little"))
    data[where : where + 4] = len(parts[SHEET]).to_bytes(4, "little")
    path.write_bytes(data)


def of_a_gigabyte(parts: Parts, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, data in parts.items():
            book.writestr(name, data)
        with book.open("xl/worksheets/sheet99.xml", "w") as sheet:
            for _ in range(100):
                sheet.write(bytes(10**7))


def packed_otherwise(parts: Parts, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as book:
        book.writestr(BOOK, parts[BOOK])


def locked(parts: Parts, path: Path) -> None:
    data = bytearray(pack(parts, path).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


PACKED: dict[str, tuple[Callable[[Parts, Path], None], str]] = {
    "a part larger than it says": (larger_than_it_says, "larger than it says"),
    "a sheet of a gigabyte": (of_a_gigabyte, "1,000,000,000 bytes packed into"),
    "parts packed otherwise": (packed_otherwise, "packed"),
    "a password": (locked, "password"),
}

MOST_SECONDS, MOST_MEGABYTES = 20, 500
"""What the refusal of one file may take: of processor time, so that other programs do not count, and of
memory for the whole process."""
LOOK = """
import json, sys, time
from click.testing import CliRunner
from xltransformer.cli import main

def most():
    try:  # the peak of this process alone; that of getrusage begins with what started it
        status = open("/proc/self/status").read()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1e3
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return 0.0  # not told by this system
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)

for path in json.load(sys.stdin):
    started = time.process_time()
    done = CliRunner().invoke(main, ["diff", path])
    error = None if isinstance(done.exception, SystemExit) else repr(done.exception)
    print(json.dumps([done.exit_code, error, done.stdout, done.stderr, time.process_time() - started, most()]))
"""
Refusal = tuple[int, str | None, str, str, float, float]
"""Exit status, traceback, output, what is said on stderr, seconds of processor time, megabytes so far."""


@pytest.fixture(scope="module")
def refusals(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Refusal]:
    """What `xlt diff` makes of each hostile workbook, one after the other in one process."""
    folder = tmp_path_factory.mktemp("hostile")
    paths: dict[str, str] = {}
    for k, kind in enumerate((*HOSTILE, *PACKED)):
        path = folder / f"evil{k}.xlsx"
        paths[kind] = str(path)
        if kind in PACKED:
            PACKED[kind][0](parts, path)
        else:
            changed = dict(parts)
            HOSTILE[kind][0](changed)
            pack(changed, path)
    done = subprocess.run(
        [sys.executable, "-c", LOOK], input=json.dumps(list(paths.values())), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(paths, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("kind", [*HOSTILE, *PACKED])
def test_a_hostile_workbook_is_refused(kind: str, refusals: dict[str, Refusal]) -> None:
    code, error, out, said, seconds, megabytes = refusals[kind]
    assert error is None
    assert code == 2, said
    assert out == ""
    (line,) = said.splitlines()
    assert len(line) <= 300
    assert {**HOSTILE, **PACKED}[kind][1] in line
    assert "evil" in line
    assert seconds < MOST_SECONDS
    assert megabytes < MOST_MEGABYTES


def test_grading_names_what_is_wrong(parts: Parts, tmp_path: Path) -> None:
    changed = dict(parts)
    HOSTILE["macros"][0](changed)
    found = grade(pack(changed, tmp_path / "evil.xlsx"))
    assert not found.graded
    assert "macros" in found.remarks[0]


@pytest.mark.parametrize("engine", list(ENGINES))
def test_a_formula_nested_8000_deep_ends_no_more_than_the_engine(
    engine: str, parts: Parts, tmp_path: Path
) -> None:
    deep = b'<row r="999"><c r="A999"><f>' + b"(" * 4_000 + b"1" + b")" * 4_000 + b"</f></c></row>"
    path = pack({**parts, SHEET: parts[SHEET].replace(END, deep + END)}, tmp_path / "deep.xlsx")
    result = CliRunner().invoke(main, ["diff", str(path), "--engine", engine])
    assert result.exit_code in (0, 2), result.output
    assert len(result.stderr.splitlines()) <= 1


def script(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "engine.py"
    path.write_text(text)
    return [sys.executable, str(path)]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems end programs otherwise, or limit no memory")
@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import os; os.abort()", "SIGABRT"),
        ("x = bytearray(3_000_000_000)", "more than 1,000 MB"),
        ("while True: pass", "within 2 seconds"),
    ],
)
def test_an_engine_that_breaks_down_or_hangs(program: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said) as caught:
        run(script(tmp_path, program), Limits(2, 1000), "the engine on x.xlsx")
    assert "the engine on x.xlsx" in str(caught.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [(-11, "too deeply: SIGSEGV"), (139, "too deeply: SIGSEGV"), (0xC00000FD, "too deeply: status 0XC00000FD")],
)
def test_how_systems_say_that_a_program_broke_down(code: int, said: str) -> None:
    """By a signal, as a shell says so, and in Windows."""
    assert _reason(code, "", Limits(1, 1)).endswith(said)


@pytest.mark.parametrize(("code", "left"), [(0, 0), (7, 7), (2**32 - 3, -3)])
def test_where_no_program_takes_the_place_of_another(
    code: int, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Windows limited.py waits for the program, and ends as it did."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "argv", ["limited.py", "1", "1", "program"])
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess((), code))
    with pytest.raises(SystemExit) as ended:
        limited.main()
    assert ended.value.code == left


@pytest.mark.skipif(sys.platform == "win32", reason="ends through the group of processes")
def test_an_engine_is_ended_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid)); time.sleep(60)"
    )
    with pytest.raises(UserError, match="within 1 seconds"):
        run(script(tmp_path, program), Limits(1, 1000), "the engine")
    pid = int(note.read_text())
    assert not any(_alive(pid) for _ in _tries()), "the child still runs"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.is_file() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def _tries() -> Iterator[None]:
    time.sleep(0.3)
    yield


def test_libreoffice_follows_no_links(tmp_path: Path) -> None:
    import http.server
    import threading

    import openpyxl

    asked: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

    server = http.server.HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    secret = openpyxl.Workbook()
    secret.active["A1"] = "secret"
    secret.save(tmp_path / "secret.xlsx")
    book = openpyxl.Workbook()
    book.active["A1"] = f'=_xlfn.WEBSERVICE("http://127.0.0.1:{server.server_port}/")'
    book.active["A2"] = f"=INDIRECT(\"'file://{tmp_path}/secret.xlsx'#$Sheet.A1\")"
    book.active["A3"] = f'=DDE("soffice","{tmp_path}/secret.xlsx","Sheet.A1")'
    book.active["A4"] = 1
    book.save(tmp_path / "links.xlsx")
    (values,) = ENGINES["libreoffice"].recalculate(tmp_path / "links.xlsx").values()
    server.shutdown()
    assert not asked
    assert values[4, 1] == 1
    assert "secret" not in values.values()
