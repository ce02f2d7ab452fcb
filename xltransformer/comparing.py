"""Two workbooks of ours side by side: what was typed differently, and what comes of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xltransformer.difference import TOLERANCE, BlockDiff
from xltransformer.graph import Array, Matrix
from xltransformer.inputs import show
from xltransformer.ops.masking import SEEN
from xltransformer.record import record
from xltransformer.text import as_html, listed
from xltransformer.workbook.again import instance_of
from xltransformer.workbook.current import trace_inputs
from xltransformer.workbook.reader import ReadBook, read_book

Books = tuple[ReadBook, ReadBook]

MEASURED = ("signed", "probability", "masked", "plain", "fine")
"""The kinds of numbers of which one can be more or less than another by a little."""
WRITTEN, MADE = "(written by the model)", "(made by its formula)"
"""What stands for a word, and for a number, that nobody typed."""


@record
class Edit:
    """One cell of an input that holds something else in the second workbook: of which block, where it stands in
    the first, the labels of its row and column there, and what it holds in each."""

    block: str
    sheet: str
    cell: str
    row: str
    column: str
    old: float | str
    new: float | str

    def __str__(self) -> str:
        named = ", ".join(filter(None, (self.row, self.column)))
        at = f"{self.sheet}!{self.cell} ({self.block}{f': {named}' if named else ''})"
        return f"{at}: {show(self.old)} → {show(self.new)}"


@record
class Comparison:
    """Two workbooks: the inputs that differ, cell by cell; each block that both have in one shape, computed by
    NumPy from each one's inputs; and `notes` on whatever else is not the same, such as shapes. `max_abs_error` is
    None in a block whose texts differ, or which the mask hides in one of them only. `most` is the block whose
    numbers differ most, counts and places aside."""

    files: tuple[str, str]
    notes: tuple[str, ...]
    inputs: tuple[Edit, ...]
    blocks: tuple[BlockDiff, ...]
    most: str = ""

    @property
    def ok(self) -> bool:
        """Whether they are the same."""
        return not self.notes and not self.inputs and all(block.ok for block in self.blocks)

    @property
    def differing(self) -> tuple[BlockDiff, ...]:
        return tuple(block for block in self.blocks if not block.ok)

    @property
    def max_abs_error(self) -> float:
        """The largest difference of two numbers."""
        return max((block.max_abs_error for block in self.blocks if block.max_abs_error is not None), default=0.0)

    def to_json(self) -> dict[str, Any]:
        """The result as the command line prints it."""
        return {
            "engine": "numpy",
            "files": list(self.files),
            "inputs": [vars(edit) for edit in self.inputs],
            "blocks": [vars(block) for block in self.blocks],
            "max_abs_error": self.max_abs_error,
            "ok": self.ok,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return self.verdict

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.ok)

    @property
    def verdict(self) -> str:
        """One line that says whether they are the same, and by how much they differ."""
        cells = sum(block.cells for block in self.blocks)
        if self.ok:
            return f"the same: {cells:,} cells in {len(self.blocks)} blocks"
        said = [f"{len(self.inputs)} cell{'s' * (len(self.inputs) != 1)} typed differently"] if self.inputs else []
        if self.differing:
            apart = {block.name: block.max_abs_error for block in self.differing}
            by = f", most {self.most} by {apart[self.most]:.3g}" if self.most else ""
            said.append(f"{len(self.differing)} of {len(self.blocks)} blocks differ{by}")
        return f"DIFFERENT: {'; '.join(said or self.notes)}"


def compare(a: str | Path, b: str | Path, tolerance: float = TOLERANCE) -> Comparison:
    """Compare two workbooks of ours as they are now: the cells of inputs that hold something else, and every block
    as NumPy computes it from each one's inputs. Numbers that are nearer than `tolerance`, as a share of the larger
    where that is beyond 1, are the same. Raises UserError where a file cannot be used.

        found = compare("lesson.xlsx", "mine.xlsx")
        print(*found.inputs, sep="\\n")
    """
    books = read_book(Path(a)), read_book(Path(b))
    inputs = [instance_of(book).inputs for book in books]
    x, y = (trace_inputs(book, given) for book, given in zip(books, inputs, strict=True))
    theirs = books[1].model.blocks
    shared = [m for name, m in books[0].model.blocks.items() if name in theirs and theirs[name].shape == m.shape]
    typed = [block for block in shared if not (block.computed or theirs[block.name].computed)]
    edits = [edit for block in typed for edit in _edits(books[0], block, x, inputs, tolerance)]
    blocks = [_compared(block, x[block.name], y[block.name], tolerance) for block in shared]
    notes = [*_told(books), *_other_blocks(books), *_replaced(shared, books)]
    measured = [one for m, one in zip(shared, blocks, strict=True) if m.computed and m.scale in MEASURED]
    most = max(measured, key=lambda block: block.max_abs_error or 0.0, default=None)
    name = most.name if most is not None and most.max_abs_error else ""
    return Comparison((str(a), str(b)), tuple(notes), tuple(edits), tuple(blocks), name)


def _apart(x: Array, y: Array, tolerance: float) -> Array:
    """How far two arrays of numbers are from one another, 0 where that is within the tolerance, and infinite
    where one of them alone is hidden by a mask."""
    hidden = (x <= SEEN).astype(int) + (y <= SEEN)
    apart = np.where(hidden == 0, np.abs(x - y), np.where(hidden == 1, math.inf, 0.0))
    return np.where(apart <= tolerance * np.maximum(1.0, np.maximum(np.abs(x), np.abs(y))), 0.0, apart)


def _compared(block: Matrix, x: Array, y: Array, tolerance: float) -> BlockDiff:
    if block.text:
        same = bool((x == y).all())
        return BlockDiff(block.name, block.size, 0.0 if same else None, same)
    apart = _apart(x, y, tolerance)
    finite = apart[np.isfinite(apart)]
    largest = float(np.abs(finite).max(initial=0.0))
    return BlockDiff(block.name, block.size, largest if finite.size == apart.size else None, not apart.any())


def _edits(
    book: ReadBook,
    block: Matrix,
    values: Mapping[str, Array],
    inputs: Sequence[Mapping[str, Array]],
    tolerance: float,
) -> Iterator[Edit]:
    """The cells of an input that hold something else in the second workbook."""
    old, new = (given[block.name] for given in inputs)
    place, rows, columns = book.homes[block.name], block.rows.read(values), block.columns.read(values)
    made = [one == None for one in (old, new)]  # noqa: E711
    x, y = (np.where(none, 0.0, one) for none, one in zip(made, (old, new), strict=True))
    differ = old != new if block.text else _apart(x.astype(float), y.astype(float), tolerance) > 0
    for i, j in np.argwhere(differ | (made[0] != made[1])).tolist():
        untyped = WRITTEN if block.text else MADE
        held = (untyped if one[i, j] is None else one[i, j] for one in (old, new))
        before, after = (one if isinstance(one, str) else float(one) for one in held)
        yield Edit(block.name, place.sheet, place.address(i, j), rows[i], columns[j], before, after)


def _told(books: Books) -> Iterator[str]:
    """What the workbooks tell of themselves differently: template, model, language, sizes and choices."""
    x, y = ({**book.description, **book.description.get("options", {})} for book in books)
    for name in dict.fromkeys((*x, *y)):
        if name not in ("options", "sentences", "exercise", "switch_words") and x.get(name) != y.get(name):
            yield f"{name} is {x.get(name)!r:.40} in the first, {y.get(name)!r:.40} in the second"


def _other_blocks(books: Books) -> Iterator[str]:
    """What cannot be compared: blocks that one of the workbooks lacks, or that have another shape."""
    x, y = (book.model.blocks for book in books)
    for which, here, there in (("first", x, y), ("second", y, x)):
        if only := [name for name in here if name not in there]:
            yield f"{len(only)} blocks in the {which} alone: {listed(only, 3)}"
    pairs = [(name, block.shape, y[name].shape) for name, block in x.items() if name in y]
    if other := [f"{n} ({r}x{c}, {i}x{j})" for n, (r, c), (i, j) in pairs if (r, c) != (i, j)]:
        yield f"{len(other)} blocks of other shapes: {listed(other, 3)}"


def _replaced(shared: Sequence[Matrix], books: Books) -> Iterator[str]:
    """Cells that are a formula in one of the workbooks alone, as where somebody typed over it."""
    for block in shared:
        places = [book.homes.get(block.name) for book in books]
        if not block.computed or None in places or any(one and one.shape != block.shape for one in places):
            continue
        first, second = (book.has_formula(one) for book, one in zip(books, places, strict=True) if one)
        for i, j in np.argwhere(first != second).tolist():
            k = int(first[i, j])
            place = places[k]
            assert place is not None
            holds = show(books[k].holds(place, i, j))
            which = ("first", "second")[k]
            yield f"{place.sheet}!{place.address(i, j)} ({block.name}) is no formula in the {which}: {holds:.40}"
