"""Puts the cells into a finished package.

XlsxWriter makes the package: styles, names, charts, conditions, links. It takes an object a cell,
which is what a large workbook spends its time on; so its sheets come without their cells, and what
stands between `<sheetData>` and `</sheetData>`, the part with the texts and the sheets' dimensions are
put in here, streamed into the compressed parts. This relies on the file format alone, not on anything
inside XlsxWriter: even the styles' numbers are read from cells that it wrote.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from xltransformer.workbook.canvas import Canvas
from xltransformer.workbook.patterns import letters_of
from xltransformer.workbook.sheet_data import Texts, escape, sheet_rows
from xltransformer.workbook.styles import Style

TEXTS = "xl/sharedStrings.xml"
_CORE, _CORE_END = "docProps/core.xml", b"</cp:coreProperties>"

_DATA = re.compile(r"<sheetData\s*/>|<sheetData>.*</sheetData>", re.DOTALL)
_DIMENSION = re.compile(r'<dimension ref="[^"]*"\s*/>')
_MARKED = re.compile(r">_xlfn\.(condition|validation)\.(\d+)<")
_CHUNK = 1 << 18
_LARGE = 1 << 30
"""Beyond so many bytes a part is written in the way for parts that may have 2 GiB and more."""


def _sheet_part(number: int) -> str:
    return f"xl/worksheets/sheet{number + 1}.xml"


def probed_styles(frame: bytes, row: int) -> list[int]:
    """The numbers of the styles of the empty cells in a row of the first sheet, from left to right."""
    with ZipFile(io.BytesIO(frame)) as package:
        sheet = package.read(_sheet_part(0)).decode()
    return [int(number) for number in re.findall(rf'<c r="[A-Z]+{row + 1}" s="(\d+)"\s*/>', sheet)]


def fill(
    frame: bytes, canvases: Sequence[Canvas], style_number: Mapping[Style, int], level: int, language: str
) -> bytes:
    """The package with the cells of its sheets, which come in the order of the canvases, and its language."""
    buffer, texts = io.BytesIO(), Texts()
    sheets = {_sheet_part(k): canvas for k, canvas in enumerate(canvases)}
    with ZipFile(io.BytesIO(frame)) as given, ZipFile(buffer, "w", ZIP_DEFLATED, compresslevel=level) as package:
        for name in given.namelist():
            if name == TEXTS:
                continue
            content = given.read(name)
            if name == _CORE:
                content = content.replace(_CORE_END, f"<dc:language>{language}</dc:language>".encode() + _CORE_END)
            if name in sheets:
                canvas = sheets.pop(name)
                large = len(content) + canvas.most_characters() > _LARGE
                _write(package, name, _sheet(content.decode(), canvas, style_number, texts), large=large)
            else:
                _write(package, name, [content.decode()])
        if sheets:
            raise ValueError(f"the package lacks {', '.join(sheets)}")
        _write(package, TEXTS, [texts.xml()])
    return buffer.getvalue()


def _write(package: ZipFile, name: str, pieces: Iterable[str], *, large: bool = False) -> None:
    # By its name alone a part gets the earliest date there is: the same cells give the same bytes.
    with package.open(name, "w", force_zip64=large) as part, io.BufferedWriter(part, _CHUNK) as buffer:
        buffer.writelines(map(str.encode, pieces))


def mark(kind: str, k: int) -> str:
    """What stands for the formula of a sheet's k-th "condition" or "validation" until `fill` puts it there:
    XlsxWriter looks through such formulas for some 150 functions, but not where it meets this prefix."""
    return f"=_xlfn.{kind}.{k}"


def formula_of(condition: Mapping[str, Any]) -> str | None:
    """The entry of a condition that is a formula, None where there is none."""
    if condition["type"] == "formula":
        return "criteria"
    return "value" if condition["type"] == "cell" and isinstance(condition["value"], str) else None


def _with_formulas(xml: str, canvas: Canvas) -> str:
    """The end of a sheet's part with the formulas that marks stand for."""

    def formula(found: re.Match[str]) -> str:
        k = int(found[2])
        if found[1] == "condition":
            condition = canvas.conditions[k][1]
            text = condition[formula_of(condition) or ""]
        else:
            text = canvas.validations[k][1]["source"]
        return f">{escape(text.removeprefix('='))}<"

    return _MARKED.sub(formula, xml)


def _sheet(xml: str, canvas: Canvas, style_number: Mapping[Style, int], texts: Texts) -> Iterator[str]:
    """A sheet's part with its cells."""
    (data,) = _DATA.finditer(xml)
    last = f"{letters_of(canvas.right)}{canvas.bottom + 1}"
    head, count = _DIMENSION.subn(f'<dimension ref="A1:{last}"/>', xml[: data.start()])
    if count != 1:
        raise ValueError("a sheet does not tell its dimension")
    yield f"{head}<sheetData>"
    yield from sheet_rows(canvas, style_number, texts)
    yield f"</sheetData>{_with_formulas(xml[data.end() :], canvas)}"
