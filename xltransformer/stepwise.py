"""A plan that runs row by row: a text is written on word by word, and of each new word only its own rows are
calculated. What later rows ask of earlier ones is kept, which for attention is its keys and values.

Nothing here knows what attention is. The formulas of an operation say which rows of its operands a row of its
result is made of: its own alone, as in a layer norm; those up to its own, as in causal attention (which is why a
sheet that writes has no circle); or none, where an operand lends its shape only, as to positions. The operation's
NumPy meaning is then run on these rows: there is no second definition.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix, Model, Values
from xltransformer.ops import Coordinate, Index, Op
from xltransformer.ops.base import op_of

Need = Literal["new", "past", "shape", "whole"]
"""Which rows of an operand the new rows of a result are made of: the new ones, these and all before, none (it
lends its shape), or all of an operand that has none that follow."""
Side = Literal["rows", "columns", "both", None]
"""Which sides of a block follow the words of the text: its columns do where keys are turned."""
Shaped = tuple[tuple[int, int], Side]
"""A block's shape, and the sides that follow the text."""
Cells = set[tuple[int, int, int, int]]
"""Rectangles of cells: first and last row, first and last column."""

_PLACES, _AT = 6, 3
"""An operation is asked for the formulas of a text of so many words, at two places in its middle."""


class _Asked:
    """An operand that notes which of its cells a formula refers to (a `Ref`): first and last row and column."""

    spelled_out, typed = 0, False

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.seen: Cells = set()

    def _note(self, rows: tuple[int, int], columns: tuple[int, int]) -> str:
        self.seen.add((*rows, *columns))
        return "A1:B2"

    def cell(self, row: Index, column: Index) -> str:
        return self._note(_span(row, self.shape[0]), _span(column, self.shape[1]))

    def row(self, row: Coordinate, count: Coordinate | None = None) -> str:
        return self._note(_span(row, 0), _first(count, self.shape[1]))

    def column(self, column: Coordinate, count: Coordinate | None = None) -> str:
        return self._note(_first(count, self.shape[0]), _span(column, 0))

    def part(self, rows: Coordinate | None = None, columns: Coordinate | None = None) -> str:
        return self._note(_first(rows, self.shape[0]), _first(columns, self.shape[1]))


def _span(index: Index, size: int) -> tuple[int, int]:
    """The row or column of that number; any of them where a formula tells which one."""
    return (0, size - 1) if isinstance(index, str) else (int(index), int(index))


def _first(count: Coordinate | None, size: int) -> tuple[int, int]:
    return 0, (size if count is None else count.__index__()) - 1


def _needs(op: Op, result: Shaped, operands: Sequence[Shaped]) -> list[Need]:
    """What of each operand a row of the result is made of, or a column, where columns follow the text; ValueError
    where it is made of rows that come later."""
    one, other = ([*_cells(op, at, result, operands)] for at in (_AT, _AT + 1))
    needs: list[Need] = []
    for (_, side), seen in zip(operands, one, strict=True):
        along = {cells[2:] if side == "columns" else cells[:2] for cells in seen}
        if side is None:
            needs.append("whole")
        elif not along or op.constant:
            needs.append("shape")
        elif max(last for _, last in along) > _AT:
            raise ValueError("it is made of later rows")
        else:
            turned = side == "columns" and result[1] != "columns"
            needs.append("new" if along == {(_AT, _AT)} and not turned else "past")
    follows = {"new", "past"} & {*needs}
    if follows and any(n == "whole" and a != b for n, a, b in zip(needs, one, other, strict=True)):
        raise ValueError("it takes another row of an operand for each word")
    return needs


def _cells(op: Op, at: int, result: Shaped, operands: Sequence[Shaped]) -> Iterator[Cells]:
    """The cells of each operand that the formulas of row `at` refer to, or of column `at`, where columns follow:
    those of the first cells and the last, and of some at the diagonal."""
    shape, side = result
    across = shape[0] if side == "columns" else shape[1]
    refs = [_Asked(shape) for shape, _ in operands]
    for other in {0, 1, *range(_AT, _PLACES), across - 1}:
        if other < across:
            op.cell(*((other, at) if side == "columns" else (at, other)), *refs)
    yield from (ref.seen for ref in refs)


class _Kept(NamedTuple):
    """The number of the store that keeps a block's rows, or its columns, the register of all so far, and the
    block's width the other way."""

    store: int
    past: int
    by_column: bool
    across: int


class _Line(NamedTuple):
    """One operation: the registers that it reads and fills, whether the last rows of what it makes are new, as it
    is given all so far, and where they are kept, if they are asked for again."""

    value: Callable[..., Array]
    reads: tuple[int, ...]
    fills: int
    cut: bool
    kept: _Kept | None


class _Known(NamedTuple):
    """A block that is known for all places, and the register that wants so much of it."""

    block: Array
    side: Side
    need: Need
    register: int


class Stepwise:
    """What is to be run for the new rows of a `wanted` block (n x m), from those of a `given` one (n x 1), where n
    are the places of a text, the rows of `words`; the `values` are those of all inputs else.

    Operations whose result does not depend on what is given are run at once. Raises UserError where a row depends
    on later ones, as where words look both ways, and KeyError for an input without a value.
    """

    def __init__(self, model: Model, words: Matrix, given: Matrix, wanted: Matrix, values: Values) -> None:
        self.places, self._words = words.shape[0], words
        self._asked: dict[tuple[Op, Shaped, tuple[Shaped, ...]], list[Need]] = {}
        self._numbers: dict[tuple[str, Need], int] = {}
        self._stores: list[str] = []
        known: dict[str, Array] = {}
        growing: dict[Matrix, Sequence[Need]] = {given: ()}
        with np.errstate(all="ignore"):
            for block in model.needed([wanted], {given.name}):
                needs = self._needs(block, growing)
                if needs:
                    growing[block] = needs
                else:
                    known[block.name] = _calculated(block, known, values)
        for block, needs in growing.items():
            for operand, need in zip(block.operands if needs else (), needs, strict=True):
                self._number(operand, need)
        self.given, self.given_kept = self._number(given, "new"), self._kept(given)
        self.lines = [self._line(block, needs) for block, needs in growing.items() if needs]
        self.wanted, self.registers = self._number(wanted, "new"), len(self._numbers)
        self.known = [
            _Known(known[name], self._side(model.blocks[name]), need, register)
            for (name, need), register in self._numbers.items()
            if name in known
        ]

    def _needs(self, block: Matrix, growing: Collection[Matrix]) -> Sequence[Need]:
        """What the new rows of a block need of its operands; nothing where none of them depends on the words."""
        if not any(operand in growing for operand in block.operands):
            return ()
        op, result, operands = op_of(block), self._shaped(block), tuple(map(self._shaped, block.operands))
        key = op, result, operands
        if key not in self._asked:
            try:
                self._asked[key] = _needs(op, result, operands)
            except ValueError as error:
                raise UserError(f"{block.name} cannot be calculated word by word: {error}") from None
        needs = self._asked[key]
        pairs = zip(block.operands, needs, strict=True)
        return needs if any(need != "shape" for operand, need in pairs if operand in growing) else ()

    def _line(self, block: Matrix, needs: Sequence[Need]) -> _Line:
        reads = tuple(map(self._number, block.operands, needs))
        return _Line(op_of(block).value, reads, self._number(block, "new"), "new" not in needs, self._kept(block))

    def _number(self, block: Matrix, need: Need) -> int:
        """The register of what is needed of a block."""
        return self._numbers.setdefault((block.name, "new" if need == "shape" else need), len(self._numbers))

    def _kept(self, block: Matrix) -> _Kept | None:
        """Where a block's rows are kept, if they are asked for again."""
        past, side = self._numbers.get((block.name, "past")), self._side(block)
        if past is None:
            return None
        if side == "both":
            raise UserError(f"{block.name} cannot be kept word by word: it grows both ways")
        self._stores.append(block.name)
        by_column = side == "columns"
        return _Kept(len(self._stores) - 1, past, by_column, block.shape[0 if by_column else 1])

    def _side(self, block: Matrix) -> Side:
        rows, columns = block.rows.source is self._words, block.columns.source is self._words
        return "both" if rows and columns else "rows" if rows else "columns" if columns else None

    def _shaped(self, block: Matrix) -> Shaped:
        """A block's shape as if the text had `_PLACES` words."""
        side, (rows, columns) = self._side(block), block.shape
        if side in ("rows", "both"):
            rows = _PLACES
        return (rows, _PLACES if side in ("columns", "both") else columns), side


def _calculated(block: Matrix, known: Values, values: Values) -> Array:
    """An input, or a block that does not depend on the words: operands that do lend it their shapes."""
    if block.op is None:
        return values[block.name]
    operands = (known[one.name] if one.name in known else np.zeros(one.shape) for one in block.operands)
    return block.op.value(*operands)


class Progress:
    """A text as far as it has come, or several of one length: what is kept of it."""

    def __init__(self, plan: Stepwise) -> None:
        self.plan, self.at = plan, 0
        self._registers: list[Any] = [None] * plan.registers
        self._stores: dict[int, Array] = {}
        for block, _, need, register in plan.known:
            if need == "whole":
                self._registers[register] = block
        self._parts = [known for known in plan.known if known.need != "whole"]

    def spread(self, count: int) -> None:
        """Go on with so many texts, which are alike so far."""
        self._stores = {k: np.repeat(store, count, axis=0) for k, store in self._stores.items()}

    def feed(self, rows: Array) -> Array:
        """The next rows of the wanted block for those of the given one: (s x r x 1) to (s x r x m), of s texts."""
        plan, registers, new = self.plan, self._registers, rows.shape[1]
        start, self.at = self.at, self.at + new
        for block, side, need, register in self._parts:
            part = slice(start if need == "new" else 0, self.at)
            if side == "columns":
                registers[register] = block[:, part]
            else:
                registers[register] = block[part, : self.at] if side == "both" else block[part]
        registers[plan.given] = rows
        if plan.given_kept is not None:
            self._keep(plan.given_kept, rows, start)
        with np.errstate(all="ignore"):
            for value, reads, fills, cut, kept in plan.lines:
                made = value(*[registers[k] for k in reads])
                registers[fills] = made = made[..., -new:, :] if cut else made
                if kept is not None:
                    self._keep(kept, made, start)
        return np.asarray(registers[plan.wanted])

    def _keep(self, kept: _Kept, made: Array, start: int) -> None:
        """Keep new rows or columns, and let the register have all so far."""
        store, past, by_column, across = kept
        if store not in self._stores:
            shape = (across, self.plan.places) if by_column else (self.plan.places, across)
            self._stores[store] = np.empty((len(made), *shape), made.dtype)
        whole = self._stores[store]
        if by_column:
            whole[:, :, start : self.at] = made
            self._registers[past] = whole[:, :, : self.at]
        else:
            whole[:, start : self.at] = made
            self._registers[past] = whole[:, : self.at]
