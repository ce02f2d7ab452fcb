"""What a class hands in: which files of a folder are homework, and workbooks of it made of other forms."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from xltransformer.bounds import MOST_PARTS, read_bytes
from xltransformer.classroom.grading.marks_book import MARK
from xltransformer.errors import UserError
from xltransformer.formats import ODS
from xltransformer.text import listed

LIMITS = (60, 4000)
"""Seconds, and megabytes of memory, that converting one returned file may take."""
MOST_BYTES = 300_000_000
"""The largest returned workbook, unpacked."""
_KEPT_BY_PROGRAMS = re.compile(
    r"~\$.*|(?!.*\.icloud$)\..*|~wr[ld]\d*\.tmp|(eh)?thumbs\.db|desktop\.ini|icon\r?|"
    r"__macosx|@eadir|\$recycle\.bin|system volume information",
    re.IGNORECASE,
)
"""Names of files and folders that programs and systems keep beside others: hidden ones, such as LibreOffice's
.~lock.…# and the ._… of macOS, and those of Excel and Windows."""
_MARKS = re.compile(rb"(\xef\xbb\xbf)?file,(.*right,of,percent,remarks|block,.*typed,.*,verdict)\r?\n")
"""How a table of marks, or of answers, begins that `xlt grade` has written."""

_WORKBOOKS = (".xlsx", ".xlsm", ".ods")
"""How the names of files end that may be graded."""
_SMALL = 4000
"""Bytes in which marks say that they are some."""
_UNREADABLE = (BadZipFile, zlib.error, struct.error, RuntimeError, ValueError, EOFError, OSError, KeyError)
"""What reading a .zip archive may raise."""


def is_homework(path: Path, folder: Path) -> bool:
    """Whether a file below a folder was handed in by somebody, and not left there by a program."""
    return not any(_KEPT_BY_PROGRAMS.fullmatch(part) for part in path.relative_to(folder).parts)


def _is_marks(path: Path) -> bool:
    """Whether a file is a table of marks, or a workbook of them."""
    try:
        if path.suffix.lower() == ".xlsx":
            with ZipFile(path) as package:
                part = package.getinfo("docProps/custom.xml")
                return part.file_size < _SMALL and f'"{MARK}"'.encode() in package.read(part)
        if path.suffix.lower() == ".csv":
            with path.open("rb") as file:
                return _MARKS.match(file.read(_SMALL)) is not None
    except _UNREADABLE:  # whoever grades it says why
        return False
    return False


def handed_in(names: Iterable[str | Path]) -> list[Path]:
    """The files of a class: those named, and every file below the folders named, or in .zip archives named, as
    learning platforms hand out a class, but tables of marks. What programs keep beside such files (see
    `is_homework`) is passed over.

    Raises UserError where nothing is left of the only name; of several, a folder without any is kept, to be
    reported like a file that cannot be read.
    """
    found: list[Path] = []
    given = [Path(name) for name in names]
    for path in given:
        if path.is_dir():
            if not path.name.startswith(".") and not is_homework(path, path.parent):
                continue
            below = sorted(p for p in path.rglob("*") if p.is_file() and is_homework(p, path))
            inside = [p for p in below if not _is_marks(p)]
            if not inside and len(given) == 1:
                raise UserError(f"there is no .xlsx file in the folder {path}; name another")
            found += inside or [path]
        elif members := _members(path):
            found += members
        elif is_homework(path, path.parent):
            found.append(path)
    if not found:
        raise UserError(f"{listed([*map(str, given)], 3)}: only what programs keep beside files; name others")
    return list(dict.fromkeys(found))


def _members(path: Path) -> list[Path]:
    """The files in a .zip archive of homework, each as a path below it; none where it is no such archive."""
    if path.suffix.lower() != ".zip":
        return []
    try:
        with ZipFile(path) as archive:
            names = [one.filename for one in archive.infolist() if not one.is_dir()]
    except _UNREADABLE:  # whoever grades it says why
        return []
    if len(names) > MOST_PARTS or not any(Path(name).suffix.lower() in _WORKBOOKS for name in names):
        return []
    return [path / name for name in sorted(names) if is_homework(path / name, path)]


def contents(path: Path, most: int) -> bytes:
    """What is in a file, or in one of an archive (see `handed_in`), of at most so many bytes; UserError where it
    cannot be read."""
    archive = next((one for one in path.parents if one.suffix.lower() == ".zip" and one.is_file()), None)
    if archive is None:
        return read_bytes(path, most)
    try:
        with ZipFile(archive) as opened, opened.open(path.relative_to(archive).as_posix()) as file:
            data = file.read(most + 1)
    except _UNREADABLE as error:
        raise UserError(
            f"{path} cannot be read ({error!s:.80}); unpack {archive.name}, and give its files"
        ) from None
    if len(data) > most:
        raise UserError(f"{path} has more than {most:,} bytes; no exercise is so large")
    return data


def as_workbook(name: str, data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """A returned file as an .xlsx workbook, and remarks on what was done to it: one with macros is taken without
    them, an OpenDocument spreadsheet as LibreOffice, where it is on this machine, converts it.

    Raises UserError, which speaks of the file by its name, for what cannot be made a workbook.
    """
    path = Path(name)
    if path.suffix.lower() == ".xlsm" and data.startswith(b"PK"):
        return _without_macros(path, data), ("an .xlsm: taken without macros",)
    if path.suffix.lower() == ".ods" and data.startswith(b"PK"):
        return _converted(path, data), ("converted by LibreOffice",)
    return data, ()


_WITH_MACROS = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_PLAIN = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_MACRO_PART = re.compile(r"(.*/)?(vbaproject|vbadata)[^/]*\.(bin|xml|rels)|.*\.bin\.rels", re.IGNORECASE)
_MACRO_TYPE = re.compile(rb"<(Override|Default)\b[^>]*(vbaProject|vbaData)[^>]*?(/>|>\s*</\1>)")
_MACRO_LINK = re.compile(rb"<Relationship\b[^>]*(vbaProject|wordVbaData)[^>]*?(/>|>\s*</Relationship>)")


def _without_macros(path: Path, data: bytes) -> bytes:
    """A workbook that may hold macros as one that has none: their parts, and what speaks of them, left out."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as package:
        for name, content in _parts(path, data):
            if _MACRO_PART.fullmatch(name):
                continue
            if name.lower() == "[content_types].xml":
                content = _MACRO_TYPE.sub(b"", content).replace(_WITH_MACROS, _PLAIN)
            elif name.lower().endswith(".rels"):
                content = _MACRO_LINK.sub(b"", content)
            package.writestr(name, content)
    return buffer.getvalue()


def _parts(path: Path, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The parts of a .zip archive by name; UserError for one that is damaged or too large."""
    try:
        with ZipFile(io.BytesIO(data)) as given:
            parts = given.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
                raise UserError(f"{path} is not opened: it would unpack to more than {MOST_BYTES:,} bytes")
            for part in parts:
                yield part.filename, given.read(part)
    except _UNREADABLE as error:
        raise UserError(f"{path} is damaged ({error!s:.80}); ask for it again") from None


_ELSEWHERE = re.compile(
    rb"table:(cell-range-source|table-source|dde-link)|office:dde-source|form:connection-resource|"
    rb"db:connection|WEBSERVICE|<draw:(object-ole|plugin|applet)",
    re.IGNORECASE,
)
"""What in an OpenDocument spreadsheet takes something from elsewhere, or runs."""


def _converted(path: Path, data: bytes) -> bytes:
    """An OpenDocument spreadsheet as LibreOffice saves it in the form of Excel."""
    from xltransformer.engines import Limits
    from xltransformer.engines.converters import LibreOffice

    for name, content in _parts(path, data):
        if name.lower().endswith(".xml") and (found := _ELSEWHERE.search(content)) is not None:
            raise UserError(f"{path} is not opened: it takes something from elsewhere ({found[0].decode()})")
    office = LibreOffice()
    if office.program() is None:
        raise UserError(f"{path} {ODS}")
    return office.converted(path, data, Limits(*LIMITS))
