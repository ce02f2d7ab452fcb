"""What a workbook's file says: its sheets, its names, and its cells, read piece by piece into arrays.

The parts and tags are those of ECMA-376 part 1, sections 18.2 to 18.4.
"""

from __future__ import annotations

import posixpath
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np

from xltransformer.bounds import Package
from xltransformer.engines.grid import COLUMNS, Grid, among, keys_of
from xltransformer.graph import Array
from xltransformer.record import record
from xltransformer.text import column_number

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_DATA, _ROW, _CELL, _VALUE, _FORMULA, _ENTRY, _TEXT, _PHONETIC = (
    f"{_MAIN} {tag}" for tag in ("sheetData", "row", "c", "v", "f", "si", "t", "rPh")
)
_DIGITS = "0123456789"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")

Which = Literal["typed", "shown"]
"""Of a cell with a formula: that it holds one, or the result that stands beside it in the file."""


@record
class Sheet:
    """The cells of a sheet: values, the keys of those with a formula (sorted), and which values are errors."""

    values: Grid
    formulas: Array
    errors: frozenset[int]

    def has_formula(self, row: int, column: int, shape: tuple[int, int]) -> Array:
        """Which cells of a rectangle hold a formula, or belong to an array formula; row and column from 1."""
        return among(self.formulas, keys_of(row, column, shape))[0]


class Sheets:
    """The sheets of a workbook's file.

    `parts` are its worksheets by name, in order, and `names` its defined names with what they refer to.
    Raises UserError for a file that is damaged, and whatever it may for one that was made so by hand.
    """

    def __init__(self, package: Package) -> None:
        self._package = package
        (book,) = (target for kind, target in self._links("").values() if kind == "officeDocument")
        root, links = self._tree(book), self._links(book)
        self.parts = {
            sheet.attrib["name"]: part
            for sheet in root.iterfind(f"{{{_MAIN}}}sheets/{{{_MAIN}}}sheet")
            for kind, part in [links[sheet.attrib[f"{{{_LINKS}}}id"]]]
            if kind == "worksheet"
        }
        self.names = {
            name.attrib["name"]: name.text or ""
            for name in root.iterfind(f"{{{_MAIN}}}definedNames/{{{_MAIN}}}definedName")
            if "localSheetId" not in name.attrib
        }
        strings = [part for kind, part in links.values() if kind == "sharedStrings"]
        self._texts = [text for part in strings for text in _shared(package.read(part))]

    def read(self, which: Which) -> dict[str, Sheet]:
        """The cells of every sheet, by its name."""
        return {name: _sheet(self._package.read(part), which, self._texts) for name, part in self.parts.items()}

    def formulas(self) -> dict[str, dict[tuple[int, int], str]]:
        """The formulas of every sheet as they were typed, by row and column from 1; each cell of an array
        formula has its text."""
        return {name: _formulas(self._package.read(part)) for name, part in self.parts.items()}

    def _tree(self, part: str) -> ElementTree.Element:
        return ElementTree.fromstring(b"".join(self._package.read(part)))

    def _links(self, part: str) -> dict[str, tuple[str, str]]:
        """What a part is linked with: kind and part, by the link's identifier."""
        folder, name = posixpath.split(part)
        return {
            link.attrib["Id"]: (
                posixpath.basename(link.get("Type", "")),
                posixpath.normpath(posixpath.join("/", folder, link.get("Target", "")))[1:],
            )
            for link in self._tree(posixpath.join(folder, "_rels", f"{name}.rels"))
        }


def _shared(pieces: Iterable[bytes]) -> Iterator[str]:
    """The texts that cells name by number; how they are spoken (`rPh`) is no part of them."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    text: list[str] = []
    done: list[str] = []
    kept = 0

    def start(tag: str, _: object) -> None:
        nonlocal kept
        if tag == _TEXT:
            parser.CharacterDataHandler = text.append
        elif tag == _PHONETIC:
            kept = len(text)

    def end(tag: str) -> None:
        parser.CharacterDataHandler = None
        if tag == _PHONETIC:
            del text[kept:]
        elif tag == _ENTRY:
            done.append(unescaped("".join(text)))
            text.clear()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    for piece in pieces:
        parser.Parse(piece, False)
        yield from done
        done.clear()


def unescaped(text: str) -> str:
    """A text with its escaped characters, _xHHHH_ (section 22.9.2.19)."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


_Cell = tuple[int, str, Mapping[str, str] | None, str]
"""A cell's key, its type, the attributes of its formula if it has one, and its text: that of the formula or
of the value."""


class _Cells:
    """The cells of a sheet in the file's order, with the texts of their `formulas` or with those of values.

    `start` and `end` are called for every tag of millions of cells, so they are one function each.
    """

    def __init__(self, formulas: bool) -> None:
        self._formulas = formulas
        self._columns: dict[str, int] = {}
        self._text: list[str] = []
        self._row, self._key, self._kind, self._spoken = 0, 0, "", False
        self._formula: Mapping[str, str] | None = None
        self._done: list[_Cell] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._begin

    def read(self, pieces: Iterable[bytes]) -> Iterator[_Cell]:
        for piece in pieces:
            self._parser.Parse(piece, False)
            yield from self._done
            self._done.clear()

    def _begin(self, tag: str, _: object) -> None:
        if tag == _DATA:
            self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == _CELL:
            self._kind, self._formula = attributes.get("t", "n"), None
            self._text.clear()
            if (address := attributes.get("r")) is None:
                self._key += 1
            else:
                letters = address.rstrip(_DIGITS)
                if letters not in self._columns:
                    self._columns[letters] = column_number(letters.replace("$", ""))
                self._key = COLUMNS * int(address[len(letters) :]) + self._columns[letters]
        elif tag == _VALUE:
            if not self._formulas and self._kind != "inlineStr":
                self._parser.CharacterDataHandler = self._text.append
        elif tag == _FORMULA:
            self._formula = attributes
            if self._formulas:
                self._parser.CharacterDataHandler = self._text.append
        elif tag == _ROW:
            self._row = int(float(attributes.get("r", self._row + 1)))  # 3.0 has been seen
            self._key = COLUMNS * self._row
        elif tag == _TEXT:
            if self._kind == "inlineStr" and not self._formulas and not self._spoken:
                self._parser.CharacterDataHandler = self._text.append
        elif tag == _PHONETIC:
            self._spoken = True

    def _end(self, tag: str) -> None:
        if tag == _CELL:
            if self._text or self._formula is not None:
                self._done.append((self._key, self._kind, self._formula, "".join(self._text)))
        elif tag == _PHONETIC:
            self._spoken = False
        elif tag == _DATA:
            self._parser.StartElementHandler, self._parser.EndElementHandler = self._begin, None
        else:
            self._parser.CharacterDataHandler = None


def _sheet(pieces: Iterable[bytes], which: Which, texts: Sequence[str]) -> Sheet:
    keys, numbers, formulas = array("q"), array("d"), array("q")
    others: dict[int, str | bool] = {}
    errors: set[int] = set()
    covered: list[Array] = []
    for key, kind, formula, text in _Cells(formulas=False).read(pieces):
        if formula is not None and which == "typed":
            formulas.append(key)
            if formula.get("t") == "array":
                covered.append(_reach(formula["ref"]).ravel())
        elif not text:
            continue
        elif kind == "n":
            keys.append(key)
            numbers.append(float(text))
        elif kind == "s":
            others[key] = texts[int(text)]
        elif kind == "b":
            others[key] = bool(int(text))
        elif kind == "e":
            others[key] = text
            errors.add(key)
        elif kind == "d":
            keys.append(key)
            numbers.append(_days(text))
        else:
            others[key] = text if which == "typed" else unescaped(text)
    found = np.unique(np.concatenate([np.frombuffer(formulas, np.int64), *covered]))
    # A typed -0 is 0.
    values = Grid(np.frombuffer(keys, np.int64), np.frombuffer(numbers, float) + 0.0, others)
    return Sheet(values, found, frozenset(errors))


def _formulas(pieces: Iterable[bytes]) -> dict[tuple[int, int], str]:
    from openpyxl.formula.translate import Translator
    from openpyxl.utils import get_column_letter

    found: dict[int, str] = {}
    shared: dict[str | None, Translator] = {}
    for key, _, formula, text in _Cells(formulas=True).read(pieces):
        if formula is None:
            continue
        found.setdefault(key, f"={text}")
        if formula.get("t") == "array":
            found |= dict.fromkeys(_reach(formula["ref"]).ravel().tolist(), f"={text}")
        elif formula.get("t") == "shared":
            address = f"{get_column_letter(key % COLUMNS)}{key // COLUMNS}"
            if formula.get("si") in shared:
                found[key] = shared[formula.get("si")].translate_formula(address)
            elif text:
                shared[formula.get("si")] = Translator(f"={text}", address)
    return {divmod(key, COLUMNS): text for key, text in found.items()}


def _reach(address: str) -> Array:
    """The keys of a rectangle such as `A1:C1`."""
    corners = []
    for corner in (address.partition(":")[0], address.rpartition(":")[2]):
        letters = corner.rstrip(_DIGITS)
        corners.append((int(corner[len(letters) :]), column_number(letters.replace("$", ""))))
    (top, left), (bottom, right) = corners
    return keys_of(top, left, (bottom - top + 1, right - left + 1))


def _days(text: str) -> float:
    """A date or time as ISO 8601 writes it, as a number of days."""
    from openpyxl.utils.datetime import from_ISO8601, to_excel

    return float(to_excel(from_ISO8601(text)))
