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
from openpyxl.workbook.defined_name import DefinedName

from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook

ERROR = "#N/A"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

IN_CELLS = ("number", "text", "formula", "constant", "empty", "view", "frozen", "of its neighbour")
TAMPERS = (
    *IN_CELLS, "name removed", "name moved", "name grown", "name doubled", "sheet renamed", "sheet removed",
    "row inserted", "row inserted below", "column inserted", "row removed", "description cut",
    "description of another",
)  # fmt: skip
LEAVES_A_FORMULA = ("formula", "constant", "view", "of its neighbour")
"""What large numbers elsewhere could hide: beside them, rounding alone moves what a formula gives."""
MAYBE = ("of its neighbour", "row removed", "row inserted below", "column inserted")
"""Tampering that can come out as no change at all: all that is asked is that diff ends in good order."""
HARMLESS = (
    "reordered", "name of a copied sheet", "sheet added", "results poisoned", "sheets hidden", "cells beside",
    "painted",
)  # fmt: skip
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
            text = f'<is><t xml:space="preserve">{html.escape(text, quote=False)}</t></is>'
            self._replace(place, span, ' t="inlineStr"', text)
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

    def poison(self) -> None:
        """Every result of a formula becomes another."""
        for name, part in self._part.items():
            self._changed[part] = re.sub(r"(</f><v>)[^<]*", r"\g<1>12345", self._sheet(name))

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
    elif harmless == "sheets hidden":
        for sheet in opened.worksheets[1:]:
            sheet.sheet_state = "hidden"
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
    elif harmless:
        name = next(iter(opened.defined_names))
        opened.worksheets[-1].defined_names[name] = DefinedName(name, attr_text="Mine!$A$1")


def spoil(book: ReadBook, opened: Cells | Parts, tamper: str, rng: random.Random) -> bool:
    """Tamper with a cell of a computed block; False where there is nothing to tamper with."""
    block = rng.choice([b for b in book.model.blocks.values() if b.computed and b.name in book.homes])
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
        # one more than it was, also where it is a text
        formula = opened.formula(place, i, j)
        opened.put(place, i, j, f'{formula}&"x"' if block.text else f"{formula}+1.25")
    elif tamper == "frozen":
        assert isinstance(opened, Parts)
        opened.freeze(place, i, j)
    elif tamper == "of its neighbour":
        rows, columns = place.shape
        opened.put(place, i, j, opened.formula(place, (i + 1) % rows, (j + (rows == 1)) % columns))
    return True


def restructure(book: ReadBook, opened: Any, tamper: str, rng: random.Random) -> None:
    """Tamper with names, sheets or the description of a workbook of openpyxl's."""
    block = rng.choice([b for b in book.model.blocks.values() if b.computed and b.name in book.homes])
    place = book.homes[block.name]
    name = next(n for n in opened.defined_names if n.lower() == block.name.lower())
    properties = {p.name: p for p in opened.custom_doc_props.props}
    if tamper == "name removed":
        del opened.defined_names[name]
    elif tamper.startswith("name"):
        rows, columns = place.shape
        moved = Place(place.sheet, place.row + 40, place.column + 40, place.shape).absolute
        grown = Place(place.sheet, place.row, place.column, (rows + 1, columns)).absolute
        if tamper == "name doubled":
            again = DefinedName(rng.choice((name, name.upper())), attr_text=moved)
            dict.__setitem__(opened.defined_names, "again", again)  # which openpyxl itself does not allow
        else:
            opened.defined_names[name].attr_text = moved if tamper == "name moved" else grown
    elif tamper == "sheet renamed":
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
    elif tamper == "description cut":
        last = f"xlt.model.{sum(name.startswith('xlt.model.') for name in properties) - 1}"
        properties[last].value = str(properties[last].value)[:-7]
    elif tamper == "description of another":
        text = str(properties["xlt.model.0"].value)
        properties["xlt.model.0"].value = text.replace('"slots":[', '"slots":[1,')
