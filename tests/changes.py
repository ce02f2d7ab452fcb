"""What people and programs do to a workbook: cells typed into, formulas spoiled, sheets and names moved.

Two ways lead to a changed file: openpyxl, which writes every part anew and without results, and the parts of
the file itself, of which only the cell that was changed is written anew, as an office program leaves the rest.
"""

from __future__ import annotations

import datetime
import html
import random
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.datetime import to_excel

from xltransformer.graph import Matrix
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook

ERROR = "#N/A"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TEXTS = "xl/sharedStrings.xml"
_NAMED = r'(<definedName (?![^>]*localSheetId)[^>]*name="{}"[^>]*>)'

IN_CELLS = ("number", "text", "formula", "constant", "empty", "view", "frozen", "of its neighbour")
IN_PARTS = (
    "name removed", "name moved", "name grown", "name doubled", "description cut", "description of another",
)  # fmt: skip
TAMPERS = (
    *IN_CELLS, *IN_PARTS,
    "sheet renamed", "sheet removed", "row inserted", "row inserted below", "column inserted", "row removed",
)  # fmt: skip
LEAVES_A_FORMULA = ("formula", "constant", "view", "of its neighbour")
"""What large numbers elsewhere could hide: beside them, rounding alone moves what a formula gives."""
MAYBE = ("of its neighbour", "row removed", "row inserted below", "column inserted")
"""Tampering that can come out as no change at all: all that is asked is that diff ends in good order."""
HARMLESS_PARTS = ("name of a copied sheet", "results poisoned", "sheets hidden")
HARMLESS = (*HARMLESS_PARTS, "reordered", "sheet added", "cells beside", "painted")
"""What users and programs do to whole workbooks, and what changes no model: Excel gives the copy of a sheet its
own names."""


class Cells:
    """A workbook opened with openpyxl."""

    def __init__(self, path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.book = openpyxl.load_workbook(path)
        self._before: list[tuple[Any, ...]] = []

    def _cell(self, place: Place, i: int, j: int) -> Any:
        """A cell; of those that one array formula fills, the first one, which holds it."""
        sheet = self.book[place.sheet]
        row, column = place.row + i + 1, place.column + j + 1
        for reference in sheet.array_formulae.values():
            left, top, right, bottom = range_boundaries(reference)
            if top <= row <= bottom and left <= column <= right:
                row, column = top, left
        return sheet.cell(row, column)

    def put(self, place: Place, i: int, j: int, value: Any) -> None:
        cell = self._cell(place, i, j)
        self._before.append((cell, cell._value, cell.data_type, cell._style))
        cell.value = value
        if value == ERROR:
            cell.data_type = "e"

    def formula(self, place: Place, i: int, j: int) -> str:
        value = self._cell(place, i, j).value
        return str(getattr(value, "text", value))

    def save(self, path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.book.save(path)

    def take_back(self) -> None:
        """Take back what was put into cells."""
        for cell, value, kind, style in reversed(self._before):
            cell._value, cell.data_type, cell._style = value, kind, style
        self._before.clear()


class Parts:
    """A workbook as the parts of its file."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as package:
            self._parts = {name: package.read(name) for name in package.namelist()}
        links = {
            link.get("Id"): link.get("Target", "")
            for link in ElementTree.fromstring(self._parts["xl/_rels/workbook.xml.rels"])
        }
        self._part = {
            sheet.get("name", ""): "xl/" + links[sheet.get(f"{{{_LINKS}}}id")]
            for sheet in ElementTree.fromstring(self._parts["xl/workbook.xml"]).iter(f"{{{_MAIN}}}sheet")
        }
        self._changed: dict[str, str] = {}

    def _sheet(self, name: str) -> str:
        part = self._part[name]
        return self._changed.get(part) or self._parts[part].decode()

    def _span(self, place: Place, i: int, j: int) -> tuple[int, int]:
        """Where a cell begins and ends in the text of its sheet; of an array formula's, the first one."""
        xml = self._sheet(place.sheet)
        row, column = place.row + i + 1, place.column + j + 1
        for reference in re.findall(r'<f t="array" ref="([^"]+)"', xml):
            left, top, right, bottom = range_boundaries(reference)
            if top <= row <= bottom and left <= column <= right:
                row, column = top, left
        start = xml.index(f'<c r="{get_column_letter(column)}{row}"')
        end = xml.index(">", start) + 1
        return start, end if xml[end - 2] == "/" else xml.index("</c>", start) + len("</c>")

    def _replace(self, place: Place, span: tuple[int, int], kind: str, content: str) -> None:
        xml = self._sheet(place.sheet)
        head = re.match(r'<c r="[A-Z0-9]+"(?: s="\d+")?', xml[slice(*span)])
        assert head
        cell = f"{head[0]}{kind}>{content}</c>" if content else f"{head[0]}/>"
        self._changed[self._part[place.sheet]] = xml[: span[0]] + cell + xml[span[1] :]

    def put(self, place: Place, i: int, j: int, value: Any) -> None:
        span = self._span(place, i, j)
        if value is None:
            self._replace(place, span, "", "")
        elif isinstance(value, bool):
            self._replace(place, span, ' t="b"', f"<v>{value:d}</v>")
        elif isinstance(value, str) and value.startswith("="):
            self._replace(place, span, "", f"<f>{html.escape(value[1:], quote=False)}</f>")
        elif value in ERROR_CODES:
            self._replace(place, span, ' t="e"', f"<v>{value}</v>")
        elif isinstance(value, str):
            text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", value)
            shared = self._changed.get(_TEXTS) or self._parts[_TEXTS].decode()
            entry = f'<si><t xml:space="preserve">{html.escape(text, quote=False)}</t></si></sst>'
            self._changed[_TEXTS] = shared.replace("</sst>", entry)
            self._replace(place, span, ' t="s"', f"<v>{shared.count('<si>')}</v>")
        else:
            self._replace(place, span, "", f"<v>{serial(value)!r}</v>")

    def formula(self, place: Place, i: int, j: int) -> str:
        found = re.search(r"<f[^>]*>([^<]*)</f>", self._sheet(place.sheet)[slice(*self._span(place, i, j))])
        return "=" + html.unescape(found[1]) if found else ""

    def freeze(self, place: Place, i: int, j: int) -> None:
        """Put the result, as the file has it, in the place of its formula."""
        (start, end), xml = self._span(place, i, j), self._sheet(place.sheet)
        frozen = re.sub(r"<f[^>]*>[^<]*</f>", "", xml[start:end])
        self._changed[self._part[place.sheet]] = xml[:start] + frozen + xml[end:]

    def change(self, harmless: str) -> None:
        """What changes no model."""
        if harmless == "results poisoned":  # every result of a formula becomes another
            for name, part in self._part.items():
                self._changed[part] = re.sub(r"(</f><v>)[^<]*", r"\g<1>12345", self._sheet(name))
        elif harmless == "sheets hidden":
            sheet = r'(<sheet name="[^"]*" sheetId="(?!1")\d+")(?: state="visible")?'
            self._rewrite("xl/workbook.xml", sheet, r'\1 state="hidden"')
        elif harmless:
            again = r'<definedName name="\2" localSheetId="2">Mine!$A$1</definedName>'
            self._rewrite("xl/workbook.xml", _NAMED.format('([^"_]+)'), rf"{again}\g<0>")

    def _rewrite(self, part: str, pattern: str, new: str) -> None:
        """Replace what a pattern matches first in a part."""
        text, count = re.subn(pattern, new, self._parts[part].decode(), count=1)
        assert count, pattern
        self._changed[part] = text

    def misname(self, block: str, tamper: str, absolute: str = "") -> None:
        """Tamper with the name of a block, or have it name another place."""
        name = _NAMED.format(f"((?i:{re.escape(block)}))") + "([^<]*)(</definedName>)"
        absolute = html.escape(absolute, quote=False)
        new = {
            "name removed": "",
            "name doubled": rf'\g<0><definedName name="{block.upper()}">{absolute}\4',
        }.get(tamper, rf"\g<1>{absolute}\4")
        self._rewrite("xl/workbook.xml", name, new)

    def misdescribe(self, tamper: str) -> None:
        """Tamper with the description of the model."""
        if tamper == "description cut":
            last = max(map(int, re.findall(rb'name="xlt\.model\.(\d+)"', self._parts["docProps/custom.xml"])))
            end = rf'(name="xlt\.model\.{last}"[^>]*><vt:lpwstr>[^<]*?)[^<]{{1,7}}(?=</vt:lpwstr>)'
            self._rewrite("docProps/custom.xml", end, r"\1")
            self._rewrite(_TEXTS, r"(<t>xlt\.model\.0 [^<]*?)[^<]{1,7}(?=</t>)", r"\1")
        else:  # its sizes, wherever they are parted into pieces
            self._rewrite("docProps/custom.xml", r"(?<=:)(\[?)(\d+)(?=[],}])(?![^<]*sentences)", r"\g<1>1\2")

    def save(self, path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
            for name, data in self._parts.items():
                changed = self._changed[name].encode() if name in self._changed else data
                package.writestr(zipfile.ZipInfo(name), changed, zipfile.ZIP_DEFLATED)  # of no date: always alike

    def take_back(self) -> None:
        """Take back everything."""
        self._changed.clear()


def serial(value: Any) -> float:
    """A number, or a date or time as its number of days."""
    return float(to_excel(value) if isinstance(value, datetime.date | datetime.time) else value)


def change(opened: Any, harmless: str) -> None:
    """What changes no model, to a workbook of openpyxl's."""
    if harmless == "reordered":
        opened.move_sheet(opened.sheetnames[0], 2)
    elif harmless == "sheet added":
        opened.create_sheet("Mine", 0)["A1"] = "=1+1"
    elif harmless == "cells beside":
        for sheet in opened.worksheets:
            sheet.cell(sheet.max_row + 3, 2).value = "=NA()"
            sheet.cell(sheet.max_row + 5, 2).value = "mine"
    elif harmless == "painted":
        for sheet in opened.worksheets:
            for row in sheet.iter_rows(max_row=12):
                for cell in row:
                    if not isinstance(cell, openpyxl.cell.cell.MergedCell):
                        cell.number_format = "0.000%"


def _computed(book: ReadBook, rng: random.Random) -> Matrix:
    return rng.choice([b for b in book.model.blocks.values() if b.computed and b.name in book.homes])


def spoil(book: ReadBook, opened: Cells | Parts, tamper: str, rng: random.Random) -> bool:
    """Tamper with a cell of a computed block; False where there is nothing to tamper with."""
    block = _computed(book, rng)
    place = book.homes[block.name]
    if tamper == "view":
        if not book.views:
            return False
        place = rng.choice(book.views).place
    i, j = rng.randrange(place.shape[0]), rng.randrange(place.shape[1])
    if tamper == "number":
        opened.put(place, i, j, 0.125)
    elif tamper == "text":
        opened.put(place, i, j, "blub")
    elif tamper == "empty":
        opened.put(place, i, j, None)
    elif tamper in ("formula", "view"):
        opened.put(place, i, j, "=12345.678")
    elif tamper == "constant":
        # more than it was, also where it is a text or -1E+30, to which 1 adds nothing
        formula = opened.formula(place, i, j)
        opened.put(place, i, j, f'{formula}&"x"' if block.text else f"{formula}*2+1.25")
    elif tamper == "frozen":
        assert isinstance(opened, Parts)
        opened.freeze(place, i, j)
    elif tamper == "of its neighbour":
        rows, columns = place.shape
        opened.put(place, i, j, opened.formula(place, (i + 1) % rows, (j + (rows == 1)) % columns))
    return True


def misname(book: ReadBook, opened: Parts, tamper: str, rng: random.Random) -> None:
    """Tamper with the name of a computed block, or with the description."""
    if tamper.startswith("description"):
        opened.misdescribe(tamper)
        return
    block = _computed(book, rng)
    place = book.homes[block.name]
    rows, columns = place.shape
    other = Place(place.sheet, place.row + 40, place.column + 40, place.shape)
    if tamper == "name grown":
        other = Place(place.sheet, place.row, place.column, (rows + 1, columns))
    opened.misname(block.name, tamper, other.absolute)


def restructure(book: ReadBook, opened: Any, tamper: str, rng: random.Random) -> None:
    """Tamper with the sheets of a workbook of openpyxl's."""
    place = book.homes[
        rng.choice([b.name for b in book.model.blocks.values() if b.computed and b.name in book.homes])
    ]
    if tamper == "sheet renamed":
        opened[place.sheet].title = "Renamed"
    elif tamper == "sheet removed":
        del opened[place.sheet]
    elif tamper == "row inserted":
        opened[place.sheet].insert_rows(1)
    elif tamper == "row inserted below":
        opened[place.sheet].insert_rows(rng.randrange(1, place.row + place.shape[0] + 1))
    elif tamper == "row removed":
        opened[place.sheet].delete_rows(rng.randrange(1, place.row + place.shape[0] + 1))
    elif tamper == "column inserted":
        opened[place.sheet].insert_cols(rng.randrange(1, place.column + place.shape[1] + 1))
