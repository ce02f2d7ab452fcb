"""Files that are no workbook in the form that is read (.xlsx): what each is, and what to do, in words that fit
whoever has it: a student, or a teacher to whom it was handed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How Microsoft's compound files begin: Office of 1997 to 2003, and whatever has a password since."""
_NEEDED = "the workbook itself, as .xlsx, is needed"
_SAVE_AS = "open it there and save it as Excel Workbook (.xlsx)"
_PICTURE = f"is a picture; {_NEEDED}"
_ARCHIVE = "is an archive; unpack it, and give what is inside"
_PAGE = f"is a web page; {_NEEDED}"
_TEXT = f"is a text; {_NEEDED}"
_LINK = "is only a link to a sheet that is somewhere else; download that as Microsoft Excel (.xlsx)"
_TABLE = f"is a table of values without formulas; {_NEEDED}"
ODS = "is an OpenDocument spreadsheet; open it in LibreOffice and save it as Excel 2007–365 (.xlsx)"

_MAGIC = {
    b"\x89PNG": _PICTURE, b"\xff\xd8\xff": _PICTURE, b"GIF8": _PICTURE, b"BM": _PICTURE, b"II*\0": _PICTURE,
    b"MM\0*": _PICTURE, b"%PDF": f"is a PDF, a picture of a workbook; {_NEEDED}", b"Rar!": _ARCHIVE,
    b"7z\xbc\xaf": _ARCHIVE, b"\x1f\x8b": _ARCHIVE, b"<!DOC": _PAGE, b"<!doc": _PAGE, b"<html": _PAGE,
    b"<HTML": _PAGE, b"{\\rtf": _TEXT,
}  # fmt: skip
_SUFFIXES = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic"), _PICTURE),
    ".svg": _PICTURE,
    **dict.fromkeys((".mov", ".mp4", ".avi", ".mkv", ".webm"), f"is a film; {_NEEDED}"),
    **dict.fromkeys((".zip", ".rar", ".7z", ".gz", ".tgz", ".tar", ".xz"), _ARCHIVE),
    **dict.fromkeys((".csv", ".tsv"), _TABLE),
    **dict.fromkeys((".txt", ".md", ".rtf", ".doc", ".docx", ".odt", ".pages", ".wps"), _TEXT),
    **dict.fromkeys((".ppt", ".pptx", ".odp", ".key"), f"is a presentation; {_NEEDED}"),
    **dict.fromkeys((".html", ".htm", ".mht", ".mhtml"), _PAGE),
    **dict.fromkeys((".gsheet", ".url", ".webloc", ".lnk", ".desktop"), _LINK),
    ".pdf": _MAGIC[b"%PDF"],
    ".xls": "is a workbook of Excel 97–2003 (.xls), which loses part of ours; copy what was typed into the "
    ".xlsx that was given out",
    ".xlsb": f"is an Excel Binary Workbook (.xlsb); {_SAVE_AS}",
    ".xltx": f"is an Excel template (.xltx); {_SAVE_AS}",
    ".xltm": f"is an Excel template (.xltm); {_SAVE_AS}",
    **dict.fromkeys((".ods", ".fods", ".ots"), ODS),
    ".numbers": "is a document of Apple Numbers; export it as Excel (File, Export To, Excel)",
    ".et": f"is a document of WPS (.et); {_SAVE_AS}",
    ".gnumeric": f"is a document of Gnumeric; {_SAVE_AS}",
    ".icloud": "was not downloaded from iCloud: it only holds its place; download it, then try again",
    **dict.fromkeys(
        (".crdownload", ".part", ".download", ".tmp"), "is a download that did not end; download it again"
    ),
}  # fmt: skip
PASSWORD = "is protected by a password; save it without one (File, Info, Protect Workbook, Encrypt with Password)"
STRICT = (
    "is a Strict Open XML Spreadsheet, another form of .xlsx; open it and save it as Excel Workbook (.xlsx), the "
    "first in the list"
)
NO_WORKBOOK = "is no .xlsx workbook; save it as .xlsx (Excel workbook)"
_LONGEST = 300_000_000


def is_workbook(name: str) -> bool:
    """Whether a text is the name of a spreadsheet's file, of ours or not."""
    return name.lower().endswith((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".numbers", ".et", ".gnumeric"))


def told_of(path: Path) -> str:
    """What a file is that is no whole .zip archive, as every .xlsx is, and what to do: by how it begins, then by
    the ending of its name."""
    with path.open("rb") as file:
        start = file.read(16)
        if not start:
            return "is empty; give the file again"
        if start.startswith(_OLE):
            return _told_of_ole(start + file.read(_LONGEST))
    if start[4:8] == b"ftyp":  # HEIC, MP4
        return _SUFFIXES[".mp4"] if path.suffix.lower() in (".mp4", ".mov") else _PICTURE
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _PICTURE
    if start.startswith(b"PK"):
        return "is no .xlsx workbook: it was cut off, or damaged; save or download it again"
    told = next((told for magic, told in _MAGIC.items() if start.startswith(magic)), None)
    return told or _SUFFIXES.get(path.suffix.lower(), NO_WORKBOOK)


def _told_of_ole(data: bytes) -> str:
    """What a compound file is, by the names of its streams ([MS-CFB], section 2.6)."""
    for stream, told in (
        ("EncryptedPackage", PASSWORD),
        ("WordDocument", _TEXT),
        ("PowerPoint Document", _SUFFIXES[".ppt"]),
        ("Workbook", _SUFFIXES[".xls"]),
        ("Book", _SUFFIXES[".xls"]),
    ):
        if stream.encode("utf-16-le") in data:
            return told
    return NO_WORKBOOK


_PARTS = (
    (r"word/.*", _TEXT),
    (r"ppt/.*", _SUFFIXES[".ppt"]),
    (r"xl/workbook\.bin", _SUFFIXES[".xlsb"]),
    (r"index(/document\.iwa|\.zip)", _SUFFIXES[".numbers"]),
)


def told_of_package(parts: Collection[str], read: Callable[[str], bytes]) -> str | None:
    """What a .zip archive of such parts is, and what to do, where it is no .xlsx in the usual form; else None.
    `read` gives a part."""
    names = {name.lower(): name for name in parts}
    for pattern, told in _PARTS:
        if any(re.fullmatch(pattern, name) for name in names):
            return told
    if "mimetype" in names:
        kind = read(names["mimetype"]).decode("latin-1")
        if "opendocument.spreadsheet" in kind:
            return ODS
        return _TEXT if "opendocument" in kind else _ARCHIVE
    if "_rels/.rels" in names and b"purl.oclc.org/ooxml" in read(names["_rels/.rels"]):
        return STRICT
    if not any(name == "[content_types].xml" or name.startswith("xl/") for name in names):
        return _ARCHIVE
    return None
