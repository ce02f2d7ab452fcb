"""Bounds for strangers' files: how much of one is read, and a look through a workbook before any
program opens it.

Every part of a workbook is unpacked piece by piece and read tag by tag, nothing is kept, and the first thing that
a workbook of ours cannot have ends it. So a file that was made to do harm is refused in a second,
whatever the programs that would read it next make of it.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from xml.parsers import expat

from xltransformer.errors import UserError
from xltransformer.formats import told_of, told_of_package
from xltransformer.record import record
from xltransformer.text import column_number

AGAIN = "save it again as .xlsx in a spreadsheet program"
"""What to do about a workbook that may hold what somebody typed: to build it again would lose that."""
MOST_FILE = 2_000_000_000
"""Bytes of a file of weights."""
MOST_TEXT_FILE = 64_000_000
"""Bytes of a template, a table of embeddings or a list of words."""
MOST_POINTER = 1_024
"""Bytes of a pointer that Git keeps in the place of a large file."""
_POINTERS = (
    (b"version https://git-lfs.github.com/spec/", "Git LFS", "git lfs pull, or download it from its page"),
    (b"version https://hawser.github.com/spec/", "Git LFS", "git lfs pull, or download it from its page"),
    (b"/annex/objects/", "git-annex", "git annex get"),
)
MOST_PARTS = 4_000
"""Files in the package: a sheet is at most three (itself, its links, a drawing), a chart one."""
MOST_BYTES = 12_000_000_000
"""Unpacked size of all parts: a hundred million cells, the most that is built."""
MOST_SEARCHED = 2_000_000_000
"""Unpacked size of a workbook that is searched for a description, as its document properties have none."""
MOST_TABLE = 600_000_000
"""Unpacked size of a table of embeddings."""
MOST_RATIO = 150
"""How many times smaller than itself a part may be packed; ours come to 12."""
MOST_INPUTS = 3_000_000
"""The most cells of words, embeddings and weights; beyond, a build takes minutes and gigabytes."""
SMALL_PART = 1_000_000
"""Below so many bytes the ratio does not matter."""
MOST_DESCRIPTION = 2_000_000
"""Bytes of the document properties, which carry the description."""
MOST_DEPTH = 64
"""How deeply tags may be nested."""
MOST_AREA = 5_000_000
"""Cells in one rectangle that is merged, linked or filled at once."""

_CELL = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_MACROS = re.compile(r"vbaproject|macrosheet|activex", re.IGNORECASE)
"""What content types and links say of parts that are macros, whatever these are called."""
_FORBIDDEN = (
    (r"vbaproject|macrosheets/|activex|vbadata", "macros", "save it as .xlsx without macros"),
    (r"(^|/)externallinks/", "links to other files", "break the links (Data, Edit Links)"),
    (r"(^|/)(connections\.xml|querytables/|webextensions/)", "data connections", "remove them"),
    (r"(^|/)embeddings/|oleobject", "embedded objects", "remove them"),
)


@record
class Bounds:
    """What one workbook may have: bytes unpacked, defined names, and cells in all its sheets."""

    bytes: int = MOST_BYTES
    names: int = 1_000_000
    cells: int = 20_000_000

    @classmethod
    def of(cls, blocks: int, cells: int) -> Bounds:
        """For a model of so many blocks and cells, with room for what users and other programs add."""
        return cls(min(MOST_BYTES, 20_000_000 + 2_000 * cells), 2_000 + 20 * blocks, 500_000 + 40 * cells)


def read_bytes(path: Path, most: int = MOST_FILE) -> bytes:
    """The contents of an ordinary file of at most so many bytes; UserError for another, or one that cannot
    be read."""
    check_file(path, most)
    try:
        with open(path, "rb") as file:
            return file.read(most)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, else UserError."""
    try:
        return read_bytes(path, MOST_TEXT_FILE).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None


def check_file(path: Path, most: int) -> None:
    """Raise UserError where there is no ordinary file of at most so many bytes."""
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if stat.S_ISDIR(found.st_mode):
        raise UserError(f"cannot read {path}: it is a folder; give the name of a file")
    if not stat.S_ISREG(found.st_mode):  # a pipe might never end
        raise UserError(f"cannot read {path}: it is no ordinary file; save it as one")
    if found.st_size > most:
        raise UserError(f"{path} has {found.st_size:,} bytes, at most {most:,} are read; use a smaller one")
    if found.st_size <= MOST_POINTER:
        _refuse_pointer(path)


def _refuse_pointer(path: Path) -> None:
    """Raise UserError for what Git keeps in the place of a large file that was not fetched."""
    try:
        with open(path, "rb") as file:
            start = file.read(MOST_POINTER)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    for begin, kept_by, fetch in _POINTERS:
        if start.startswith(begin):
            raise UserError(f"{path} is a pointer of {kept_by}, not the file itself; fetch that: {fetch}")


def unreadable(path: Path, error: Exception) -> UserError:
    """For a file that cannot be opened (ValueError: its name holds a null character)."""
    why = getattr(error, "strerror", None) or error
    return UserError(f"cannot read {path!s:.120}: {why}; check its name and place")


class Package:
    """A workbook's file, opened, of at most so many bytes unpacked; use it in a `with`. Raises UserError
    for what it cannot hold."""

    def __init__(self, path: Path, most: int = MOST_BYTES) -> None:
        self.path = path
        self.most = most
        check_file(path, most)
        try:
            self._zip = zipfile.ZipFile(path)
            self._file = open(path, "rb")  # noqa: SIM115
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
            raise UserError(f"{path} {told_of(path)}") from None
        except OSError as error:
            raise unreadable(path, error) from None
        self._parts = self._zip.infolist()

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._zip.close()

    def check_contents(self) -> None:
        """Raise UserError for what the list of parts shows already: too much, twice, or forbidden."""
        names = [part.filename for part in self._parts]
        if len(names) > MOST_PARTS:
            raise self._refused(f"it has {len(names):,} parts, at most {MOST_PARTS:,} are read")
        if len({name.lower() for name in names}) < len(names):
            raise self._refused("it has two parts of one name")
        for name in names:
            if name.startswith("/") or ".." in name.split("/") or "\\" in name:
                raise self._refused(f"it has a part of the strange name {name!r:.60}")
            for pattern, what, remedy in _FORBIDDEN:
                if re.search(pattern, name, re.IGNORECASE):
                    raise UserError(f"{self.path} is not opened: it carries {what} ({name:.60}); {remedy}")
        self._check_size(self.most)
        for part in self._parts:
            if part.flag_bits & 1:
                raise UserError(f"{self.path} is not opened: it has a password; save it without")
            if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self._refused(f"{part.filename!r:.60} is packed as no spreadsheet packs")
            if part.file_size > SMALL_PART and part.file_size > MOST_RATIO * max(part.compress_size, 1):
                raise self._refused(
                    f"{part.filename!r:.60} is {part.file_size:,} bytes packed into {part.compress_size:,}"
                )
        if (told := told_of_package(names, lambda name: next(self.read(name), b""))) is not None:
            raise UserError(f"{self.path} {told}")

    def check(self, bounds: Bounds) -> None:
        """Unpack and look through every part; raise UserError for what goes beyond the bounds."""
        self._check_size(min(bounds.bytes, self.most))
        counted = _Counted(bounds, [part.filename for part in self._parts])
        for part in self._parts:
            if part.filename.lower().endswith((".xml", ".rels", ".vml")):
                self._look_through(part, counted)
            else:
                for _ in self._unpacked(part):
                    pass

    def texts(self) -> Iterator[Iterator[bytes]]:
        """The parts in which a cell's text may stand, each piece by piece; UserError where they are too large to
        be searched."""
        self._check_size(min(MOST_SEARCHED, self.most))
        for part in self._parts:
            if part.filename.lower().endswith(".xml"):
                yield self._unpacked(part)

    def check_table(self) -> None:
        """Raise UserError unless it is a table of at most MOST_INPUTS cells."""
        self.check_contents()
        self.check(Bounds(MOST_TABLE, 10_000, MOST_INPUTS))

    def properties(self) -> bytes:
        """The part with the custom document properties, empty where there is none."""
        for part in self._parts:
            if part.filename.lower() == "docprops/custom.xml":
                if part.file_size > MOST_DESCRIPTION:
                    raise self._refused(f"its description has {part.file_size:,} bytes")
                self._look_through(part, _Counted(Bounds(), ()))
                return b"".join(self._unpacked(part))
        return b""

    def read(self, name: str) -> Iterator[bytes]:
        """A part piece by piece; case counts for nothing in its name."""
        for part in self._parts:
            if part.filename.lower() == name.lower():
                return self._unpacked(part)
        raise self._damaged(f"{name} is missing")

    def _check_size(self, most: int) -> None:
        size = sum(part.file_size for part in self._parts)
        if size > most:
            raise self._refused(f"it would unpack to {size:,} bytes, of at most {most:,}")

    def _refused(self, why: str) -> UserError:
        return UserError(f"{self.path} is not opened: {why}; {AGAIN}")

    def _damaged(self, why: object) -> UserError:
        return UserError(f"{self.path} is a damaged workbook ({why!s:.120}); {AGAIN}, or take it as it was before")

    def _look_through(self, part: zipfile.ZipInfo, counted: _Counted) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = counted.starter(part.filename)
        parser.EndElementHandler = counted.end
        counted.depth = 0
        try:
            for piece in self._unpacked(part):
                parser.Parse(piece, False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise self._damaged(f"{part.filename}: {error}") from None
        except _Refused as refused:
            raise UserError(f"{self.path} is not opened: {refused}") from None

    def _unpacked(self, part: zipfile.ZipInfo) -> Iterator[bytes]:
        """A part piece by piece, as the file has it, whatever size it claims to have."""
        try:
            self._file.seek(part.header_offset)
            header = self._file.read(30)
            if header[:4] != b"PK\x03\x04":
                raise self._damaged(part.filename)
            name, extra = struct.unpack("<HH", header[26:30])
            self._file.seek(name + extra, 1)
            left, size = part.compress_size, 0
            unpack = zlib.decompressobj(-15) if part.compress_type == zipfile.ZIP_DEFLATED else None
            while left > 0 and (packed := self._file.read(min(left, 65_536))):
                left -= len(packed)
                while packed:
                    piece = unpack.decompress(packed, 2**20) if unpack else packed
                    packed = unpack.unconsumed_tail if unpack else b""
                    size += len(piece)
                    if size > part.file_size:
                        raise self._refused(f"{part.filename!r:.60} is larger than it says")
                    yield piece
                    if not piece:
                        break
            if size != part.file_size:
                raise self._damaged(f"{part.filename} is cut off")
        except (zlib.error, struct.error, OSError) as error:
            raise self._damaged(f"{part.filename}: {error}") from None


class _Refused(Exception):
    """Why a part is refused, and what to do."""


_TOO_DEEP = f"its tags are nested more than {MOST_DEPTH} deep; {AGAIN}"

_CARRIES_MACROS = "it carries macros; save it as .xlsx without macros"


def _refuse_doctype(*_: object) -> None:
    raise _Refused(f"it defines entities of its own, as no spreadsheet does; {AGAIN}")


class _Counted:
    """What was met so far in all parts, held against the bounds."""

    def __init__(self, bounds: Bounds, parts: Sequence[str]) -> None:
        self.bounds = bounds
        self._parts = {f"/{part.lower()}" for part in parts}
        self._endings = {part.lower().rpartition(".")[2] for part in parts}
        self.depth = self.names = self.cells = 0
        self._right = self._bottom = 0
        self._named: set[tuple[str, str | None]] = set()
        self._local: dict[str, str] = {}  # the names of tags, without their prefix
        self._columns: dict[str, int] = {}  # their numbers, by letters

    def starter(self, part: str) -> Callable[[str, Mapping[str, str]], None]:
        """What is called for every tag of a part."""
        self._right = self._bottom = 0
        part = part.lower()
        if part.endswith(".rels"):
            return self._start_link
        if part == "[content_types].xml":
            return self._start_type
        return self._start_cell if "worksheets/" in part else self._start

    def end(self, _: str) -> None:
        self.depth -= 1

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise _Refused(_TOO_DEEP)
        if tag.endswith("definedName"):
            self.names += 1
            if self.names > self.bounds.names:
                raise _Refused(
                    f"it defines more than {self.bounds.names:,} names, its model fewer; delete those added"
                )
            name = attributes.get("name", "")
            scoped = (name.lower(), attributes.get("localSheetId"))
            if scoped in self._named:  # programs differ in which of the two they take
                raise _Refused(f"it defines the name {name!r:.60} twice; delete one")
            self._named.add(scoped)

    def _start_type(self, tag: str, attributes: Mapping[str, str]) -> None:
        """The content type of a part, or of all that end in so: many are told of parts that are not there."""
        self._start(tag, attributes)
        of_one = attributes.get("PartName", "").lower() in self._parts
        if (of_one or attributes.get("Extension", "").lower() in self._endings) and _MACROS.search(
            attributes.get("ContentType", "")
        ):
            raise _Refused(_CARRIES_MACROS)

    def _start_link(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._start(tag, attributes)
        kind = attributes.get("Type", "")
        if _MACROS.search(kind):
            raise _Refused(_CARRIES_MACROS)
        if attributes.get("TargetMode", "").lower() == "external" and not kind.endswith("/hyperlink"):
            raise _Refused(f"it takes something from {attributes.get('Target', '')!r:.60}; remove that link")

    def _start_cell(self, tag: str, attributes: Mapping[str, str]) -> None:
        if (name := self._local.get(tag)) is None:
            name = self._local[tag] = tag.rpartition(":")[2]
        if name in ("row", "c", "v"):  # the most by far
            self.depth += 1
            if self.depth > MOST_DEPTH:
                raise _Refused(_TOO_DEEP)
            if name == "c":
                self._count(1)
                if (address := attributes.get("r")) is not None:
                    self._reach(address)
            return
        self._start(tag, attributes)
        if "ref" in attributes and name in ("mergeCell", "hyperlink", "f"):
            top_left, _, bottom_right = attributes["ref"].partition(":")
            (left, top), (right, bottom) = _corner(top_left), _corner(bottom_right or top_left)
            area = (abs(right - left) + 1) * (abs(bottom - top) + 1)
            if area > MOST_AREA:
                raise _Refused(f"{attributes['ref']!r:.40} is merged, linked or filled at once; undo that")
            if name == "f":
                self._count(area)

    def _count(self, cells: int) -> None:
        self.cells += cells
        if self.cells > self.bounds.cells:
            raise _Refused(f"it has more than {self.bounds.cells:,} cells, its model far less; delete those added")

    def _reach(self, address: str) -> None:
        """Note how far the cells of a sheet reach: a spreadsheet goes through the whole rectangle."""
        letters = address.rstrip("0123456789")
        if letters in self._columns and letters != address:
            column, row = self._columns[letters], int(address[len(letters) :])
        else:
            column, row = _corner(address)
            self._columns[letters] = column
        if column > self._right or row > self._bottom:
            self._right, self._bottom = max(self._right, column), max(self._bottom, row)
            if self._right * self._bottom > self.bounds.cells + 20_000_000:
                raise _Refused(
                    f"a sheet reaches to {address:.20}, far beyond its model; delete the cells out there"
                )


def _corner(address: str) -> tuple[int, int]:
    """Column and row, from 1."""
    found = _CELL.fullmatch(address)
    if found is None:
        raise _Refused(f"it speaks of a cell {address!r:.40}; {AGAIN}")
    return column_number(found[1]), int(found[2])
