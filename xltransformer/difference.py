"""Proves a workbook and NumPy equal, or says where they part.

The workbook is taken as it is now: its current inputs go through NumPy, a spreadsheet engine
recalculates it, and every block is compared cell by cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from xltransformer.engines import Engine, Results, engine, fold
from xltransformer.graph import Array, Matrix
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book

TOLERANCE = 1e-9
"""Largest error allowed: absolute for numbers up to 1 in size, relative to the number beyond."""

ProblemKind = Literal["differs", "not a formula", "not a number", "error", "missing"]

_SAYS: dict[ProblemKind, str] = {
    "differs": "the sheet does not compute what NumPy computes here",
    "not a formula": "a formula was replaced",
    "not a number": "a number belongs here",
    "error": "the cell is an error",
    "missing": "the block is no longer in the workbook",
}


@dataclass(frozen=True)
class Problem:
    """One cell in which something is wrong: where, of which block, and both values."""

    kind: ProblemKind
    block: str
    sheet: str
    cell: str
    sheet_value: float | str | bool | None
    numpy_value: float | str | None
    note: str = ""

    def __str__(self) -> str:
        where = f"{self.sheet}!{self.cell}" if self.cell else "workbook"
        values = ""
        if self.cell:
            values = f": sheet {show(self.sheet_value)}"
            if self.numpy_value is not None:
                values += f", NumPy {show(self.numpy_value)}"
        return f"{where} ({self.block}): {self.note or _SAYS[self.kind]}{values}"


@dataclass(frozen=True)
class BlockDiff:
    """One block's comparison; `max_abs_error` is None where a cell could not be compared."""

    name: str
    cells: int
    max_abs_error: float | None
    ok: bool


@dataclass(frozen=True)
class Diff:
    """A workbook's comparison in one engine. `problems` names the cells at which sheet and NumPy
    part first, not those that merely follow from them."""

    engine: str
    version: str
    blocks: tuple[BlockDiff, ...]
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        return all(block.ok for block in self.blocks) and not self.problems

    @property
    def max_abs_error(self) -> float | None:
        errors = [block.max_abs_error for block in self.blocks]
        known = [error for error in errors if error is not None]
        return max(known, default=0.0) if len(known) == len(errors) else None

    def to_json(self) -> dict[str, Any]:
        """The result as the command line prints it."""
        return {
            "engine": self.engine,
            "version": self.version,
            "blocks": [vars(block) for block in self.blocks],
            "max_abs_error": self.max_abs_error,
            "ok": self.ok,
            "problems": [{**vars(problem), "text": str(problem)} for problem in self.problems],
        }


def show(value: float | str | bool | None) -> str:
    """A value as messages print it."""
    if value is None or value == "":
        return "empty"
    return repr(float(value)) if isinstance(value, float) and not isinstance(value, bool) else repr(value)


def diff(path: str | Path, engine_name: str = "ironcalc", tolerance: float = TOLERANCE) -> Diff:
    """Compare the workbook at `path`, recalculated by an engine, with NumPy.

    Raises UserError where the file or the engine cannot be used.
    """
    used = engine(engine_name)
    return diff_book(read_book(Path(path)), used, tolerance)


def diff_book(book: ReadBook, used: Engine, tolerance: float = TOLERANCE) -> Diff:
    """Compare a workbook already read."""
    comparison = _Comparison(book, used.recalculate(book.path), tolerance)
    blocks = tuple(comparison.block(block) for block in book.model.blocks.values())
    return Diff(used.name, used.version() or "", blocks, tuple(comparison.problems))


def current_inputs(book: ReadBook, results: Results) -> tuple[dict[str, Array], list[Problem]]:
    """The inputs' values as the sheet now has them, and the cells that hold no usable value.

    An emptied cell counts as 0 in numbers and as no word in texts, as in the sheet; a formula that
    was typed into an input counts with its recalculated value.
    """
    inputs: dict[str, Array] = {}
    problems: list[Problem] = []
    for block in book.model.inputs:
        values = np.full(block.shape, "" if block.text else 0.0, dtype=object if block.text else float)
        place = book.homes.get(block.name)
        for i, j in np.ndindex(block.shape) if place is not None and place.shape == block.shape else ():
            assert place is not None
            value = _result(results, place, i, j) if book.is_formula(place, i, j) else book.holds(place, i, j)
            if block.feedback is not None and i > 0 and book.is_formula(place, i, j):
                values[i, j] = None  # generated, not typed
            elif block.text:
                values[i, j] = _as_text(value)
            elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                values[i, j] = float(value)
                if block.last_name == "temperature" and value <= 0:
                    problems.append(_problem("not a number", block, place, i, j, value, note="must be above 0"))
            elif value is not None:
                problems.append(_problem("not a number", block, place, i, j, value))
            elif block.last_name == "temperature":
                problems.append(_problem("not a number", block, place, i, j, value, note="must be above 0"))
        inputs[block.name] = values
    return inputs, problems


def _as_text(value: Any) -> str:
    """A cell's value as `&""` makes it text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _result(results: Results, place: Place, i: int, j: int) -> float | str | bool | None:
    return results.get(fold(place.sheet), {}).get((place.row + i + 1, place.column + j + 1))


def _problem(
    kind: ProblemKind,
    block: Matrix,
    place: Place,
    i: int,
    j: int,
    sheet: Any,
    numpy: Any = None,
    note: str = "",
) -> Problem:
    numpy_value = numpy if numpy is None or isinstance(numpy, str) else float(numpy)
    return Problem(kind, block.name, place.sheet, place.address(i, j), sheet, numpy_value, note)


class _Comparison:
    """One pass over a recalculated workbook, block by block in the model's order.

    `seen` are the sheet's values of the blocks so far. Each cell is held against two values: what
    NumPy says (the error that is reported), and what follows from the operands as the sheet has
    them (whether this is the cell where the two part).
    """

    def __init__(self, book: ReadBook, results: Results, tolerance: float) -> None:
        self.book = book
        self.results = results
        self.tolerance = tolerance
        inputs, self.problems = current_inputs(book, results)
        self.expected = book.model.trace(inputs)
        self.seen = {name: self.expected[name] for name in inputs}
        self.altered: dict[str, Array] = {}  # views that no longer repeat their home

    def block(self, block: Matrix) -> BlockDiff:
        """Compare one block, wherever it is shown."""
        home = self.book.homes.get(block.name)
        if home is None or home.shape != block.shape:
            self._missing(block, home)
            self.seen[block.name] = self.expected[block.name]
            return BlockDiff(block.name, 0, None, False)
        cells, error = block.size, 0.0
        if block.feedback is not None:
            error = self._generated(block, home)
        if block.computed:
            self.seen[block.name] = self._read(block, home, self._follows(block), self._clean(block))
            error = self._error(block, self.seen[block.name])
        for view in (view for view in self.book.views if view.block == block.name):
            cells += block.size
            repeated = self._read(block, view.place, [self.seen[block.name]], clean=False)
            error = max(error, self._error(block, repeated))
            if not np.array_equal(repeated, self.seen[block.name]):
                self.altered[block.name] = repeated
        ok = not any(problem.block == block.name for problem in self.problems)
        scale = 1.0 if block.text else max(1.0, float(np.max(np.abs(self.expected[block.name]))))
        ok = ok and error <= self.tolerance * scale
        return BlockDiff(block.name, cells, error if math.isfinite(error) else None, ok)

    def _generated(self, block: Matrix, home: Place) -> float:
        """Whether every generated token is what NumPy decodes, noting each cell that does not repeat
        the sheet's own prediction."""
        assert block.feedback is not None
        source, error = self.book.homes.get(block.feedback.name), 0.0
        for i in (i for i in range(1, block.shape[0]) if self.book.is_formula(home, i, 0)):
            value, should = _as_text(_result(self.results, home, i, 0)), self.expected[block.name][i, 0]
            if value != should:
                error = math.inf
            if source is None or value != _as_text(_result(self.results, source, i - 1, 0)):
                self.problems.append(_problem("differs", block, home, i, 0, value, should))
        return error

    def _missing(self, block: Matrix, home: Place | None) -> None:
        note = ""
        if home is not None:
            found, expected = (f"{rows}x{columns}" for rows, columns in (home.shape, block.shape))
            note = f"the block is {found} cells now, expected {expected}"
        self.problems.append(Problem("missing", block.name, "", "", None, None, note))

    def _error(self, block: Matrix, seen: Array) -> float:
        """The largest difference from NumPy; infinite where something cannot be compared."""
        expected = self.expected[block.name]
        if block.text:
            return 0.0 if np.array_equal(seen, expected) else math.inf
        error = float(np.max(np.abs(seen - expected)))
        return math.inf if math.isnan(error) else error

    def _follows(self, block: Matrix) -> list[Array]:
        """What the block should be, given its operands in the sheet: in their homes, and where a
        view of one was altered, also in that view."""
        assert block.op is not None
        names = [operand.name for operand in block.operands]
        results = []
        with np.errstate(all="ignore"):
            results.append(block.op.value(*(self.seen[name] for name in names)))
            if any(name in self.altered for name in names):
                results.append(block.op.value(*(self.altered.get(name, self.seen[name]) for name in names)))
        return results

    def _read(self, block: Matrix, place: Place, follows: list[Array], clean: bool) -> Array:
        """The sheet's values at a place (NaN for none), noting each cell that does not follow.

        `clean`: whether what it comes from holds numbers only, so that an error must begin here.
        """
        expected = self.expected[block.name]
        seen = np.full(block.shape, "" if block.text else math.nan, dtype=object if block.text else float)
        for i, j in np.ndindex(block.shape):
            value = _result(self.results, place, i, j)
            numeric = isinstance(value, int | float) and not isinstance(value, bool)
            if block.text or numeric:
                seen[i, j] = _as_text(value) if block.text else value
            kind: ProblemKind | None = None
            if not self.book.is_formula(place, i, j):
                kind, value = "not a formula", self.book.holds(place, i, j)
            elif not block.text and not numeric:
                # An error that comes down from an operand is named where it begins.
                kind = "error" if clean or any(math.isfinite(f[i, j]) for f in follows) else None
            elif not any(self._agree(seen[i, j], f[i, j]) for f in follows):
                kind = "differs"
            if kind is not None:
                self.problems.append(_problem(kind, block, place, i, j, value, expected[i, j]))
        return seen

    def _clean(self, block: Matrix) -> bool:
        """Whether every operand in the sheet is a finite number."""
        return all(operand.text or np.isfinite(self.seen[operand.name]).all() for operand in block.operands)

    def _agree(self, seen: Any, follows: Any) -> bool:
        if isinstance(follows, str):
            return bool(seen == follows)
        return math.isnan(follows) or abs(seen - follows) <= self.tolerance * max(1.0, abs(follows))
