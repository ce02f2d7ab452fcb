"""Proves a workbook and NumPy equal, or says where they part.

The workbook is taken as it is now: its current inputs go through NumPy, a spreadsheet engine
recalculates it, and every block is compared cell by cell.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from xltransformer.engines import Engine, Grid, Results, fold, recalculate
from xltransformer.engines import engine as find_engine
from xltransformer.errors import UserError
from xltransformer.formats import is_workbook
from xltransformer.graph import Array, Matrix
from xltransformer.inputs import as_text, show
from xltransformer.ops import op_of
from xltransformer.record import record
from xltransformer.text import as_html
from xltransformer.workbook.current import result, trace_inputs, usable_inputs
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


@record
class Problem:
    """One cell in which something is wrong: where, of which block, and both values; or a block that is missing."""

    kind: ProblemKind
    block: str
    sheet: str = ""
    cell: str = ""
    sheet_value: float | str | bool | None = None
    numpy_value: float | str | None = None
    note: str = ""

    def __str__(self) -> str:
        said = f"({self.block}): {self.note or _SAYS[self.kind]}"
        if self.kind == "missing":
            return f"workbook {said}"
        values = f"sheet {show(self.sheet_value)}, NumPy {show(self.numpy_value)}"
        return f"{self.sheet}!{self.cell} {said}: {values}"


@record
class BlockDiff:
    """One block's comparison; `max_abs_error` is None where a cell could not be compared."""

    name: str
    cells: int
    max_abs_error: float | None
    ok: bool


@record
class Diff:
    """A workbook's comparison in one engine. `problems` names the cells at which sheet and NumPy
    part first, not those that merely follow from them; `remark` says what is odd about the file."""

    engine: str
    version: str
    blocks: tuple[BlockDiff, ...]
    problems: tuple[Problem, ...]
    remark: str = ""

    @property
    def ok(self) -> bool:
        return all(block.ok for block in self.blocks) and not self.problems

    @property
    def max_abs_error(self) -> float | None:
        errors = [block.max_abs_error for block in self.blocks]
        known = [error for error in errors if error is not None]
        return max(known, default=0.0) if len(known) == len(errors) else None

    @property
    def verdict(self) -> str:
        """One line that says whether they agree."""
        cells = sum(block.cells for block in self.blocks)
        if self.ok:
            return f"agree: {cells} cells in {len(self.blocks)} blocks, largest error {self.max_abs_error:.1e}"
        return f"DIFFER: {sum(not block.ok for block in self.blocks)} of {len(self.blocks)} blocks"

    def __repr__(self) -> str:
        first = f"; {self.problems[0]}" if self.problems else ""
        return f"NumPy and {self.engine} {self.version} {self.verdict}{first}"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.ok)

    def to_json(self) -> dict[str, Any]:
        """The result as the command line prints it."""
        return {
            "engine": self.engine,
            "version": self.version,
            "blocks": [vars(block) for block in self.blocks],
            "max_abs_error": self.max_abs_error,
            "ok": self.ok,
            "remark": self.remark,
            "problems": [{**vars(problem), "text": str(problem)} for problem in self.problems],
        }


def diff(path: str | Path, engine: str | None = None, tolerance: float = TOLERANCE) -> Diff:
    """Compare the workbook at `path`, as it is now, with NumPy, block by block.

    `engine` is what recalculates it: one that `xlt engines` lists; without one it is IronCalc or,
    where that breaks down over the file, another one, as `remark` then says. `tolerance` is the largest error
    allowed in a block, as a share of its largest number where that is beyond 1. Raises UserError where the
    file or the engine cannot be used.

        found = diff("lesson.xlsx", "libreoffice")
        assert found.ok and found.max_abs_error < 1e-12
    """
    if engine is not None and is_workbook(str(engine)):
        raise UserError(f"{engine} is a workbook, and no engine; compare(a, b) compares two of them")
    used = None if engine is None else find_engine(engine)
    return diff_book(read_book(Path(path)), used, tolerance)


def diff_book(book: ReadBook, used: Engine | None = None, tolerance: float = TOLERANCE) -> Diff:
    """Compare a workbook already read."""
    book.expect(book.model.inputs)
    if used is None:
        used, results, remark = recalculate(book.path)
    else:
        results, remark = used.recalculate(book.path), ""
    comparison = _Comparison(book, results, tolerance, used.wide)
    blocks = tuple(comparison.block(block) for block in book.model.blocks.values())
    return Diff(used.name, used.version() or "", blocks, tuple(comparison.problems), remark)


def _is_choice(block: Matrix) -> bool:
    """Whether a block's cells are one thing or another, which rounding turns at once or not at all."""
    return block.text or block.scale in ("count", "gate")


def _noisy(block: Matrix, values: Array, k: int) -> Array:
    """The k-th version of a block's values in which every number is off by what rounding can do; programs
    also take numbers for equal that differ by less than the last digit of 1 (seen: IronCalc). What is
    exactly 0, such as all of an empty slot, stays so: 0 divided by about 0 could be anything."""
    if _is_choice(block):
        return values
    random = np.random.default_rng(k)
    off = values * (1 + 4e-15 * random.choice((-1, 1), values.shape)) + random.normal(0, 4e-16, values.shape)
    return np.where(values == 0, 0.0, off)


def _lifted(block: Matrix, values: Array, k: int) -> Array:
    """The k-th version of a block's values for a program to which what underflows is not 0."""
    if not block.computed or _is_choice(block):
        return values
    tiny = np.random.default_rng(k).uniform(1e-305, 1e-300, values.shape)
    return np.where(values == 0, tiny, values)


class _Comparison:
    """One pass over a recalculated workbook, block by block in the model's order.

    `seen` are the sheet's values of the blocks so far. Each cell is held against two values: what
    NumPy says (the error that is reported), and what follows from the operands as the sheet has
    them (whether this is the cell where the two part).
    """

    def __init__(self, book: ReadBook, results: Results, tolerance: float, wide: bool) -> None:
        self.book = book
        self.results = results
        self.tolerance = tolerance
        self.wide = wide
        inputs = usable_inputs(book, results)
        self.problems: list[Problem] = []
        self.expected = trace_inputs(book, inputs)
        self.seen = {name: self.expected[name] for name in inputs}
        self._turned = False  # whether rounding alone has turned a choice, from which anything can follow
        self._near: dict[str, list[Array]] = {}
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
            error = self._generated(block, block.feedback, home)
        if block.computed:
            self.seen[block.name] = self._read(block, home, self._follows(block))
            error = float(self._apart(block, self.seen[block.name]).max())
        for view in (view for view in self.book.views if view.block == block.name):
            cells += block.size
            repeated = self._read(block, view.place, [self.seen[block.name]], repeats=True)
            error = max(error, float(self._apart(block, repeated).max()))
            if not np.array_equal(repeated, self.seen[block.name]):
                self.altered[block.name] = repeated
        ok = not any(problem.block == block.name for problem in self.problems)
        scale = 1.0 if block.text else max(1.0, float(np.max(np.abs(self.expected[block.name]))))
        if ok and error > self.tolerance * scale:
            ok = self._turned or self._is_rounding(block, self.tolerance * scale)
        if ok and block.text:
            error = 0.0  # also where rounding has turned a choice
        return BlockDiff(block.name, cells, error if math.isfinite(error) else None, ok)

    def _generated(self, block: Matrix, feedback: Matrix, home: Place) -> float:
        """Whether every generated token is what NumPy decodes, noting each cell that does not repeat
        the sheet's own prediction."""
        source, error = self.book.homes.get(feedback.name), 0.0
        for i in (i for i in range(1, block.shape[0]) if self.book.is_formula(home, i, 0)):
            value = as_text(result(self.results, home, i, 0))
            if value != self.expected[block.name][i, 0]:
                error = math.inf
            if source is None or value != as_text(result(self.results, source, i - 1, 0)):
                self._note("differs", block, home, i, 0, value)
        return error

    def _note(self, kind: ProblemKind, block: Matrix, place: Place, i: int, j: int, value: Any) -> None:
        """Note that a cell is wrong, and what the sheet has there."""
        expected = self.expected[block.name][i, j]
        numpy_value = expected if block.text else float(expected)
        self.problems.append(Problem(kind, block.name, place.sheet, place.address(i, j), value, numpy_value))

    def _missing(self, block: Matrix, home: Place | None) -> None:
        note = ""
        if home is not None:
            found, expected = (f"{rows}x{columns}" for rows, columns in (home.shape, block.shape))
            note = f"the block is {found} cells now, expected {expected}"
        self.problems.append(Problem("missing", block.name, note=note))

    def _follows(self, block: Matrix) -> list[Array]:
        """What the block should be, given its operands in the sheet: in their homes, and where a
        view of one was altered, also in that view."""
        names = [operand.name for operand in block.operands]
        results = [self._value(block, [self.seen[name] for name in names])]
        if any(name in self.altered for name in names):
            results.append(self._value(block, [self.altered.get(name, self.seen[name]) for name in names]))
        return [result for result in results if result is not None]

    @staticmethod
    def _value(block: Matrix, operands: Sequence[Array]) -> Array | None:
        """What an operation makes of values that may be none it ever meets, such as positions outside of
        a list; None where it makes nothing of them."""
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return op_of(block).value(*operands)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return None

    def _rounds_to(self, block: Matrix, seen: Array, i: int, j: int) -> bool:
        """Whether rounding alone explains a cell: sums of large numbers that cancel out are uncertain, and
        of two that are as good as equal either may be taken for the larger."""
        if block.name not in self._near:
            self._near[block.name] = self._near_values(block)
        near = [values[i, j] for values in self._near[block.name]]
        if _is_choice(block):
            turned = bool(seen[i, j] in near)
            self._turned |= turned
            return turned
        centre = near[-1] if near else math.nan
        spread = max((abs(value - centre) for value in near), default=0.0)
        allowed = self.tolerance * max(1.0, abs(centre)) + 4 * spread + self._inexact(block, self.seen)
        return bool(spread > 0 and abs(seen[i, j] - centre) <= allowed)

    def _near_values(self, block: Matrix) -> list[Array]:
        """What the block may be, its operands in the sheet rounded this way or that; last as they stand."""
        operands = [(operand, self.seen[operand.name]) for operand in block.operands]
        near = [[_noisy(m, v, k) for m, v in operands] for k in range(24 if _is_choice(block) else 4)]
        if _is_choice(block):
            # As those programs compare that take 1E-200 for 0 (seen: IronCalc).
            near.append([v if _is_choice(m) else np.round(v, 15) for m, v in operands])
            near += [[_lifted(m, v, k) for m, v in operands] for k in range(48 if self.wide else 0)]
        made = [self._value(block, values) for values in (*near, [v for _, v in operands])]
        return [values for values in made if values is not None]

    @staticmethod
    def _inexact(block: Matrix, values: Mapping[str, Array]) -> float:
        """How far off a program may be that calculates a function less exactly than NumPy."""
        share = op_of(block).inexact()
        return share * float(np.max(np.abs(values[block.operands[0].name]), initial=0.0)) if share else 0.0

    @cached_property
    def _spread(self) -> dict[str, Array]:
        """How far rounding in every block on the way can move each cell."""
        spread = {name: np.zeros(value.shape) for name, value in self.expected.items()}
        for k in range(3):
            values: dict[str, Array] = {}
            for name, block in self.book.model.blocks.items():
                value = self.expected[name]
                if block.computed:
                    made = self._value(block, [values[operand.name] for operand in block.operands])
                    value = value if made is None else made
                    value = value if block.text else value + self._inexact(block, values) * (-1) ** k
                values[name] = _noisy(block, value, k)
                spread[name] = np.maximum(spread[name], self._apart(block, value))
        return spread

    def _apart(self, block: Matrix, seen: Array) -> Array:
        """How far each cell is from NumPy; infinite where something cannot be compared."""
        expected = self.expected[block.name]
        if block.text:
            return np.where(seen == expected, 0.0, math.inf)
        with np.errstate(all="ignore"):
            return np.asarray(np.nan_to_num(np.abs(seen - expected), nan=math.inf, posinf=math.inf))

    def _is_rounding(self, block: Matrix, allowed: float) -> bool:
        """Whether every cell of the block is as far from NumPy as rounding alone can bring it."""
        shown = [self.seen[block.name], self.altered.get(block.name, self.seen[block.name])]
        return all((self._apart(block, seen) <= allowed + 10 * self._spread[block.name]).all() for seen in shown)

    def _read(self, block: Matrix, place: Place, follows: list[Array], repeats: bool = False) -> Array:
        """The sheet's values at a place (NaN for none), noting each cell that does not follow.

        `repeats`: whether it only shows again what stands elsewhere, so that nothing is rounded.
        """
        formulas = self.book.has_formula(place)
        if block.text:
            cells = [as_text(result(self.results, place, i, j)) for i, j in np.ndindex(block.shape)]
            seen, numeric = np.array(cells, dtype=object).reshape(block.shape), np.ones(block.shape, dtype=bool)
        else:
            grid = self.results.get(fold(place.sheet)) or Grid.of({})
            seen = grid.numbers(place.row + 1, place.column + 1, place.shape)
            numeric = ~np.isnan(seen)
        # Whether what it comes from holds finite numbers only, so that an error must begin here.
        clean = not repeats and all(m.text or np.isfinite(self.seen[m.name]).all() for m in block.operands)
        agrees = np.logical_or.reduce([self._agrees(block, seen, f) for f in follows]) | (not follows)
        for i, j in np.argwhere(~(formulas & numeric & agrees)).tolist():
            value = result(self.results, place, i, j)
            kind: ProblemKind | None = None
            if not formulas[i, j]:
                kind, value = "not a formula", self.book.holds(place, i, j)
            elif not numeric[i, j]:
                # An error that comes down from an operand is named where it begins.
                kind = "error" if clean or any(math.isfinite(f[i, j]) for f in follows) else None
            elif repeats or not self._rounds_to(block, seen, i, j):
                kind = "differs"
            if kind is not None:
                self._note(kind, block, place, i, j, value)
        return seen

    def _agrees(self, block: Matrix, seen: Array, follows: Array) -> Array:
        """Which cells are what follows; anything does from what is no number."""
        if block.text:
            return np.asarray(seen == follows)
        with np.errstate(all="ignore"):
            allowed = self.tolerance * np.maximum(1.0, abs(follows))
            return np.asarray(np.isnan(follows) | (abs(seen - follows) <= allowed))
