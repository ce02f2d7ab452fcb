"""Reads a workbook of ours back: which model it holds, where each block lies, what its cells hold."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from xltransformer.bounds import MOST_BYTES, Bounds, Package, unreadable
from xltransformer.engines import plain
from xltransformer.errors import UserError
from xltransformer.models import Lesson
from xltransformer.spec.instance import model_from
from xltransformer.workbook.book import EXERCISE, SHOWN
from xltransformer.workbook.places import Place
from xltransformer.workbook.writer import PROPERTY


@dataclass(frozen=True)
class View:
    """A further place where a block is shown."""

    name: str
    block: str
    place: Place


@dataclass(frozen=True)
class ReadBook:
    """A workbook as its file has it now. `homes` lacks the blocks whose name is gone; `exercises` are
    the cells a student fills, by block."""

    path: Path
    description: Mapping[str, Any]
    model: Lesson
    homes: Mapping[str, Place]
    views: tuple[View, ...]
    exercises: Mapping[str, Place]
    content: Mapping[str, Any]

    @cached_property
    def arrays(self) -> Mapping[str, Mapping[tuple[int, int], str]]:
        """By sheet, the cells that belong to an array formula, and its text."""
        return {name: _in_arrays(sheet) for name, sheet in self.content.items()}

    def holds(self, place: Place, i: int, j: int) -> Any:
        """What was typed or written into a cell: a number, a text, a formula (begins with =), or None."""
        cell = self.content[place.sheet].cell(place.row + i + 1, place.column + j + 1)
        if (array := self.arrays[place.sheet].get((cell.row, cell.column))) is not None:
            return array
        if cell.data_type != "f":
            return plain(cell.value)
        return cell.value if isinstance(cell.value, str) else f"={getattr(cell.value, 'text', '')}"

    def is_formula(self, place: Place, i: int, j: int) -> bool:
        row, column = place.row + i + 1, place.column + j + 1
        if (row, column) in self.arrays[place.sheet]:
            return True
        return bool(self.content[place.sheet].cell(row, column).data_type == "f")

    def is_error(self, place: Place, i: int, j: int) -> bool:
        """Whether an error value, such as #N/A, was typed or pasted into a cell."""
        return bool(self.content[place.sheet].cell(place.row + i + 1, place.column + j + 1).data_type == "e")


def read_book(path: Path, most: int = MOST_BYTES) -> ReadBook:
    """Open a workbook; UserError where the file cannot be read, is no workbook, or none of ours."""
    import openpyxl

    try:
        os.stat(path)
    except FileNotFoundError:
        raise UserError(f"there is no file {path}; give the name of a workbook built by xlt") from None
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    with Package(path, most) as package:
        package.check_contents()
        description = _description(package.properties(), path)
        try:
            model = model_from(description)
        except Exception as error:  # a description made by hand can make the model stumble anywhere
            raise _not_read(path, error) from None
        cells = sum(block.size for block in model.blocks.values())
        package.check(Bounds.of(len(model.blocks), cells))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        raise UserError(f"{path} is a damaged workbook ({type(error).__name__}: {error!s:.120})") from None
    if "vocabulary" in book.defined_names:  # rows inserted into the word list belong to it
        listed = _place(book.defined_names["vocabulary"], book)
        if listed is not None and listed.shape[0] != description.get("vocabulary"):
            description = {**description, "vocabulary": listed.shape[0]}
            try:
                model = model_from(description)
            except ValueError as error:
                raise _not_read(path, error) from None

    homes: dict[str, Place] = {}
    views: list[View] = []
    exercises: dict[str, Place] = {}
    names = {name.lower(): name for name in model.blocks}
    for defined, entry in book.defined_names.items():
        place = _place(entry, book)
        if defined.startswith(SHOWN):
            block = names.get(defined[len(SHOWN) + 1 :].partition(".")[2].lower())
            if block is not None and place is not None and place.shape == model.blocks[block].shape:
                views.append(View(defined, block, place))
        elif defined.startswith(EXERCISE):
            block = names.get(defined[len(EXERCISE) + 1 :].lower())
            if block is not None and place is not None:
                exercises[block] = place
        elif defined.lower() in names and place is not None:
            homes[names[defined.lower()]] = place
    content = {sheet.title: sheet for sheet in book.worksheets}
    return ReadBook(path, description, model, homes, tuple(views), exercises, content)


def _description(properties: bytes, path: Path) -> dict[str, Any]:
    """The description that the custom document properties carry in pieces."""
    from xml.etree import ElementTree

    found = {p.get("name", ""): "".join(p.itertext()) for p in ElementTree.fromstring(properties or b"<none/>")}
    pieces: list[str] = []
    while f"{PROPERTY}.{len(pieces)}" in found:
        pieces.append(found[f"{PROPERTY}.{len(pieces)}"])
    if not pieces:
        raise UserError(
            f"{path} was not built by xlt: it carries no description of a model; build one with xlt build"
        )
    try:
        description = json.loads("".join(pieces))
    except (ValueError, RecursionError) as error:
        raise _not_read(path, error) from None
    if not isinstance(description, dict):
        raise _not_read(path, "it is no object")
    return description


def _not_read(path: Path, why: object) -> UserError:
    return UserError(f"{path} carries a description that cannot be read ({why!s:.120}); build it again")


def _in_arrays(sheet: Any) -> dict[tuple[int, int], str]:
    """The cells of a sheet that belong to an array formula, whose text only the first one holds."""
    from openpyxl.utils import range_boundaries

    found: dict[tuple[int, int], str] = {}
    last_row, last_column = sheet.max_row, sheet.max_column
    for first, reference in sheet.array_formulae.items():
        left, top, right, bottom = range_boundaries(reference)
        text = sheet[first].value.text
        columns = range(left, min(right, last_column) + 1)  # a file made by hand may say anything
        for row in range(top, min(bottom, last_row) + 1):
            found |= dict.fromkeys(((row, column) for column in columns), text)
    return found


def _place(defined: Any, book: Any) -> Place | None:
    """Where a defined name points, None where that is no longer one rectangle on a sheet."""
    from openpyxl.utils import range_boundaries

    try:
        ((sheet, address),) = defined.destinations
        left, top, right, bottom = range_boundaries(address)
    except (ValueError, TypeError):
        return None
    if sheet not in book.sheetnames or None in (left, top, right, bottom):
        return None
    return Place(sheet, top - 1, left - 1, (bottom - top + 1, right - left + 1))
