"""Reads a workbook of ours back: which model it holds, where each block lies, what its cells hold."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from xltransformer.bounds import MOST_BYTES, Bounds, Package, unreadable
from xltransformer.building.instance import model_from
from xltransformer.engines.grid import COLUMNS, CellValue
from xltransformer.engines.sheets import Sheet, Sheets
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix
from xltransformer.models import Lesson
from xltransformer.record import record
from xltransformer.workbook import described
from xltransformer.workbook.book import EXERCISE, HINT, SHOWN
from xltransformer.workbook.described import Description
from xltransformer.workbook.places import Place, place_of


@record
class View:
    """A further place where a block is shown."""

    name: str
    block: str
    place: Place


@record
class ReadBook:
    """A workbook as its file has it now. `names` are its defined names with what they refer to; `homes` lacks the
    blocks whose name is gone; `exercises` are the cells a student fills, by block."""

    path: Path
    description: Mapping[str, Any]
    model: Lesson
    names: Mapping[str, str]
    homes: Mapping[str, Place]
    views: tuple[View, ...]
    exercises: Mapping[str, Place]
    content: Mapping[str, Sheet]

    @cached_property
    def formulas(self) -> Mapping[str, Mapping[tuple[int, int], str]]:
        """By sheet, the formulas as they were typed; they are many, and read only when asked for."""
        with Package(self.path) as package:
            return Sheets(package).formulas()

    @cached_property
    def hints(self) -> list[Place]:
        """The switches of an exercise's hints, a column for each block."""
        found: list[Place] = []
        for name, refers in self.names.items():
            if _plain(name).startswith(f"{_plain(HINT)}_"):
                with suppress(ValueError):
                    found.append(place_of(refers.strip().removeprefix("=")))
        return [place for place in found if place.sheet in self.content]

    def expect(self, blocks: Sequence[Matrix], exercises: Sequence[Matrix] = ()) -> None:
        """Raise UserError where the cells of these inputs, or what a student fills of these blocks, cannot be
        found: programs drop names. Cells that were deleted keep theirs, which refer to #REF!."""
        lost = [block.name for block in blocks if not self._found(block.name, self.homes)]
        left = [f"{EXERCISE}.{block.name}" for block in exercises]
        kept = bool(self.exercises)
        lost += [
            name
            for name, block in zip(left, exercises, strict=True)
            if not (kept and self._found(block.name, self.exercises, f"{EXERCISE}."))
        ]
        if lost:
            more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
            raise UserError(
                f"{self.path} cannot be used: the defined names are lost by which cells are found, of "
                f"{', '.join(lost[:3])}{more}; not all programs keep names: save it from Excel or LibreOffice"
            )
        for block in blocks:
            if (place := self.homes.get(block.name)) is None or place.shape != block.shape:
                now = "gone" if place is None else "{}x{} cells now".format(*place.shape)
                raise UserError(
                    f"{self.path} cannot be used: input {block.name} is {now}, expected "
                    f"{block.shape[0]}x{block.shape[1]}; undo what was deleted or inserted there"
                )

    def _found(self, block: str, places: Mapping[str, Place], before: str = "") -> bool:
        return block in places or "#REF!" in self._refers.get(_plain(f"{before}{block}"), "")

    @cached_property
    def _refers(self) -> Mapping[str, str]:
        return {_plain(name): refers for name, refers in self.names.items()}

    def named(self, name: str) -> Place | None:
        """The cells that a defined name refers to, None where they are not there."""
        try:
            place = place_of(self._refers.get(_plain(name), "").strip().removeprefix("="))
        except ValueError:
            return None
        return place if place.sheet in self.content else None

    def holds(self, place: Place, i: int, j: int) -> CellValue | None:
        """What was typed or written into a cell: a number, a text, a formula (begins with =), or None."""
        at = place.row + i + 1, place.column + j + 1
        if self.is_formula(place, i, j):
            return self.formulas[place.sheet][at]
        return self.content[place.sheet].values.get(at)

    def is_formula(self, place: Place, i: int, j: int) -> bool:
        return bool(self.content[place.sheet].has_formula(place.row + i + 1, place.column + j + 1, (1, 1))[0, 0])

    def is_error(self, place: Place, i: int, j: int) -> bool:
        """Whether an error value, such as #N/A, was typed or pasted into a cell."""
        return COLUMNS * (place.row + i + 1) + place.column + j + 1 in self.content[place.sheet].errors

    def numbers(self, place: Place) -> Array:
        """The numbers that were typed or written into a place, NaN where none was."""
        return self.content[place.sheet].values.numbers(place.row + 1, place.column + 1, place.shape)

    def has_formula(self, place: Place) -> Array:
        """Which cells of a place hold a formula."""
        return self.content[place.sheet].has_formula(place.row + 1, place.column + 1, place.shape)


def _plain(name: str) -> str:
    """A defined name without what programs change in one: case, and its dots, which Google Sheets has none of."""
    return name.lower().replace(".", "_")


def read_book(path: Path, most: int = MOST_BYTES) -> ReadBook:
    """Open a workbook; UserError where the file cannot be read, is no workbook, or none of ours."""
    try:
        os.stat(path)
    except FileNotFoundError:
        raise UserError(f"there is no file {path}; give the name of a workbook built by xlt") from None
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    with Package(path, most) as package:
        package.check_contents()
        description, model, sheets, content = _contents(package)
    places = {name: _place(refers, sheets) for name, refers in sheets.names.items()}
    listed = places.get("vocabulary")  # rows inserted into the word list belong to it
    if listed is not None and listed.shape[0] != description.get("vocabulary"):
        description = {**description, "vocabulary": listed.shape[0]}
        model = _model(description, path)

    homes, views, exercises = _named(model, {name: place for name, place in places.items() if place is not None})
    return ReadBook(path, description, model, sheets.names, homes, views, exercises, content)


_NAMED = re.compile(rf"(?:(?P<shown>{_plain(SHOWN)})_\d+_|(?P<exercise>{_plain(EXERCISE)})_)?(?P<block>.*)")


def _named(
    model: Lesson, places: Mapping[str, Place]
) -> tuple[dict[str, Place], tuple[View, ...], dict[str, Place]]:
    """What defined names say of a model: the homes of its blocks, the views, and the cells that students fill. A
    name that stands there as it was given counts before one that is only like it."""
    homes: dict[str, Place] = {}
    views: list[View] = []
    exercises: dict[str, Place] = {}
    blocks = {_plain(name): name for name in model.blocks}
    for defined in sorted(places, key=lambda name: "_" in name and "." not in name):
        found, place = _NAMED.fullmatch(_plain(defined)), places[defined]
        if found is None or (block := blocks.get(found["block"])) is None:
            continue
        if found["shown"]:
            if place.shape == model.blocks[block].shape:
                views.append(View(defined, block, place))
        elif found["exercise"]:
            exercises.setdefault(block, place)
        else:
            homes.setdefault(block, place)
    return homes, tuple(views), exercises


def _contents(package: Package) -> tuple[Description, Lesson, Sheets, dict[str, Sheet]]:
    """The description, its model, and the sheets, once the package was looked through."""
    path = package.path
    told = _told(described.from_properties(package.properties()))
    if isinstance(told, dict):
        model = _model(told, path)
        sheets, content = _sheets(package, _bounds(model))
        _expect_one(told, described.from_cells(content), path)
        return told, model, sheets, content
    if not any(described.mentions(part) for part in package.texts()):
        if told is not None:
            raise _not_read(path, told)
        raise UserError(
            f"{path} was not built by xlt: it carries no description of a model; take it as it was before"
        )
    sheets, content = _sheets(package, Bounds())
    found = described.from_cells(content)
    again = _told(next(iter(found.values()), ""))
    if not isinstance(again, dict):
        raise _not_read(path, again or told or "its beginning is missing")
    _expect_one(again, found, path, every=True)
    model = _model(again, path)
    package.check(_bounds(model))
    return again, model, sheets, content


def _told(text: str) -> Description | ValueError | None:
    """A description by its text, why it cannot be read, or None where there is none."""
    if not text:
        return None
    try:
        return described.parse(text)
    except ValueError as error:
        return error


def _expect_one(told: Description, found: Mapping[str, str], path: Path, *, every: bool = False) -> None:
    """Raise UserError where the cells that carry a description tell another model: all of them, as where sheets
    were copied here from another workbook, or where `every` one counts, any."""
    models = {sheet: read for sheet, text in found.items() if isinstance(read := _told(text), dict)}
    others = [sheet for sheet, one in models.items() if one != told]
    if others and (every or len(others) == len(models)):
        raise UserError(
            f"{path} tells of two models: cell A1 of its sheet {others[0]!r:.40} differs from "
            f"{'that of another sheet' if every else 'its document properties'}; take the file as it was before"
        )


def _bounds(model: Lesson) -> Bounds:
    return Bounds.of(len(model.blocks), sum(block.size for block in model.blocks.values()))


def _sheets(package: Package, bounds: Bounds) -> tuple[Sheets, dict[str, Sheet]]:
    """The sheets of a package and their cells as typed, within the bounds."""
    package.check(bounds)
    try:
        sheets = Sheets(package)
        return sheets, sheets.read("typed")
    except UserError:
        raise
    except Exception as error:  # a damaged file can make the reader stumble anywhere
        raise UserError(f"{package.path} is a damaged workbook ({type(error).__name__}: {error!s:.120})") from None


def _model(description: Mapping[str, Any], path: Path) -> Lesson:
    try:
        return model_from(description)
    except Exception as error:  # a description made by hand can make the model stumble anywhere
        raise _not_read(path, error) from None


def _not_read(path: Path, why: object) -> UserError:
    return UserError(
        f"{path} carries a description that cannot be read ({why!s:.120}); take the file as it was before"
    )


def _place(refers: str, sheets: Sheets) -> Place | None:
    """Where a defined name points, None where that is no longer one rectangle on a sheet."""
    try:
        place = place_of(refers.strip().removeprefix("="))
    except ValueError:
        return None
    return place if place.sheet in sheets.parts else None
