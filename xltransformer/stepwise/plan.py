"""What is to be run for a new row: operations that are made alike together, and what is known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix, Model, Values
from xltransformer.ops.base import op_of
from xltransformer.record import record
from xltransformer.stepwise.needs import Need, Side, needs_of, shaped

Pick = slice | list[int] | None
"""Which blocks of several that are made together; None for all of them."""


class Kept(NamedTuple):
    """The number of the store that keeps the rows of some blocks, or their columns, the register of all so far,
    how many blocks they are, and their width the other way."""

    store: int
    past: int
    by_column: bool
    blocks: int
    across: int


class Line(NamedTuple):
    """Operations in one call: the registers that are read, and which blocks of each; the one that is filled; which
    side is to be cut to what is new, as all so far goes in; where the result is kept, if it is asked for again."""

    value: Callable[..., Array]
    reads: tuple[tuple[int, Pick], ...]
    fills: int
    cut: Side
    kept: Kept | None


class Known(NamedTuple):
    """What is known for all places, and the register that wants so much of it."""

    value: Array
    side: Side
    need: Need
    register: int


@record(eq=False)
class Bundle:
    """Blocks that one operation makes of operands alike, each of its own; what their new rows need of these, and
    the sides that follow the text. The first is what is given, of no operands."""

    blocks: tuple[Matrix, ...]
    needs: Sequence[Need]
    side: Side


class Stepwise:
    """What is to be run for the new rows of a `wanted` block (n x m), from those of a `given` one (n x 1), where n
    are the places of a text, the rows of `words`; the `values` are those of all inputs else.

    Operations whose result does not depend on what is given are run at once. Registers hold the rows of several
    blocks of several texts: (h x s x r x m), h or s 1 where they are the same for all. Raises UserError where a
    row depends on later ones, as where words look both ways, and KeyError for an input without a value.
    """

    def __init__(self, model: Model, words: Matrix, given: Matrix, wanted: Matrix, values: Values) -> None:
        self.places, self._words = words.shape[0], words
        self._values, growing = _parted(model.needed([wanted], {given.name}), words, given, values)
        bundles = _bundled(given, growing, words)
        self._homes = {block: (k, i) for k, bundle in enumerate(bundles) for i, block in enumerate(bundle.blocks)}
        self._registers: dict[tuple[int | tuple[Matrix, ...], Need], int] = {}
        reads = [self._reads(bundle) for bundle in bundles]
        home, self.which = self._homes[wanted]
        self.given, self.wanted = self._register(0, "new"), self._register(home, "new")
        kept = {k: self._kept(k, bundle) for k, bundle in enumerate(bundles)}
        self.given_kept = kept[0]
        self.lines = [
            Line(op_of(one.blocks[0]).value, reads[k], self._register(k, "new"), _cut(one), kept[k])
            for k, one in enumerate(bundles)
            if k > 0
        ]
        self.registers = len(self._registers)
        self.known = [
            Known(self._stacked(blocks), shaped(blocks[0], words)[1], need, register)
            for (blocks, need), register in self._registers.items()
            if not isinstance(blocks, int)
        ]

    def _register(self, what: int | tuple[Matrix, ...], need: Need) -> int:
        """The register of what is needed of a bundle, by its number, or of known blocks."""
        return self._registers.setdefault((what, "new" if need == "shape" else need), len(self._registers))

    def _reads(self, bundle: Bundle) -> tuple[tuple[int, Pick], ...]:
        """What a bundle reads of each operand: of all its blocks together."""
        columns = zip(*(block.operands for block in bundle.blocks), strict=True) if bundle.needs else ()
        return tuple(self._read(operands, need) for operands, need in zip(columns, bundle.needs, strict=True))

    def _read(self, operands: tuple[Matrix, ...], need: Need) -> tuple[int, Pick]:
        if operands[0] not in self._homes:
            same = all(operand is operands[0] for operand in operands)
            return self._register(operands[:1] if same else operands, need), None
        homes = [self._homes[operand] for operand in operands]
        return self._register(homes[0][0], need), _pick([i for _, i in homes], self._size(homes[0][0]))

    def _size(self, number: int) -> int:
        """How many blocks a bundle has."""
        return sum(home == number for home, _ in self._homes.values())

    def _kept(self, number: int, bundle: Bundle) -> Kept | None:
        """Where the rows of a bundle are kept, if they are asked for again."""
        past = self._registers.get((number, "past"))
        if past is None:
            return None
        first = bundle.blocks[0]
        if bundle.side == "both":
            raise UserError(f"{first.name} cannot be kept word by word: it grows both ways")
        by_column = bundle.side == "columns"
        return Kept(number, past, by_column, len(bundle.blocks), first.shape[0 if by_column else 1])

    def _stacked(self, blocks: tuple[Matrix, ...]) -> Array:
        """The values of known blocks: of one (n x m), of several (h x 1 x n x m)."""
        values = [self._values[block.name] for block in blocks]
        return values[0] if len(values) == 1 else np.stack(values)[:, None]


def _parted(
    blocks: Sequence[Matrix], words: Matrix, given: Matrix, values: Values
) -> tuple[dict[str, Array], dict[Matrix, Sequence[Need]]]:
    """The values of the blocks that do not depend on what is given, by their names; and the others, with what
    their new rows need of their operands."""
    known: dict[str, Array] = {}
    growing: dict[Matrix, Sequence[Need]] = {given: ()}
    asked: dict[Any, list[Need]] = {}
    with np.errstate(all="ignore"):
        for block in blocks:
            if any(operand in growing for operand in block.operands):
                needs = _needs(block, words, asked)
                pairs = zip(block.operands, needs, strict=True)
                if any(need != "shape" for operand, need in pairs if operand in growing):
                    growing[block] = needs
                    continue
            known[block.name] = _calculated(block, known, values)
    return known, growing


def _needs(block: Matrix, words: Matrix, asked: dict[Any, list[Need]]) -> list[Need]:
    op, result, operands = op_of(block), shaped(block, words), [shaped(one, words) for one in block.operands]
    key = (op, result, *operands)
    if key not in asked:
        try:
            asked[key] = needs_of(op, result, operands)
        except ValueError as error:
            raise UserError(f"{block.name} cannot be calculated word by word: {error}") from None
    return asked[key]


def _calculated(block: Matrix, known: Values, values: Values) -> Array:
    """An input, or a block that does not depend on the words: operands that do lend it their shapes."""
    if block.op is None:
        return values[block.name]
    operands = (known[one.name] if one.name in known else np.zeros(one.shape) for one in block.operands)
    return block.op.value(*operands)


def _bundled(given: Matrix, growing: Mapping[Matrix, Sequence[Need]], words: Matrix) -> list[Bundle]:
    """The blocks that grow, those together that the same operation makes of operands made together, in an order in
    which each comes after its operands."""
    bundles = [Bundle((given,), (), shaped(given, words)[1])]
    homes, levels = {given: 0}, {given: 0}
    for block in growing:
        if block is not given:
            levels[block] = 1 + max(levels[operand] for operand in block.operands if operand in levels)
    by_level: dict[int, list[Matrix]] = {}
    for block, level in levels.items():
        by_level.setdefault(level, []).append(block)
    for level in sorted(by_level)[1:]:
        alike: dict[Any, list[Matrix]] = {}
        for block in by_level[level]:
            come_from = tuple(homes.get(operand, operand.shape) for operand in block.operands)
            alike.setdefault((block.op, shaped(block, words), come_from), []).append(block)
        for (_, (_, side), _), blocks in alike.items():
            homes |= dict.fromkeys(blocks, len(bundles))
            bundles.append(Bundle(tuple(blocks), growing[blocks[0]], side))
    return bundles


def _pick(numbers: Sequence[int], size: int) -> Pick:
    """Which blocks of a bundle of that size: all in their order, or the one that there is, are None."""
    if size == 1 or [*numbers] == [*range(size)]:
        return None
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    if step > 0 and [*numbers] == [*range(numbers[0], numbers[-1] + 1, step)]:
        return slice(numbers[0], numbers[-1] + 1, step)
    return [*numbers]


def _cut(bundle: Bundle) -> Side:
    """Which side of what is made is to be cut to what is new: none where the new rows alone go in."""
    return None if "new" in bundle.needs or "shape" in bundle.needs else bundle.side
