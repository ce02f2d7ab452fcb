"""A model calculated otherwise: blocks that a slip changes, and all that comes of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from xltransformer.graph import Array, Matrix, Model
from xltransformer.ops import (
    Add,
    Affine,
    CausalDivide,
    CausalScores,
    GainBias,
    MatMul,
    NormaliseRows,
    RmsNormaliseRows,
    RowProducts,
)
from xltransformer.record import record

Values = Mapping[str, Array]
HEAVY = (MatMul, Affine, RowProducts)
"""What multiplies by a weight matrix."""
PARTLY = (CausalScores, CausalDivide)
"""What is not calculated where it lies ahead."""


@record(eq=False)
class Residual:
    """A sum x + c with the norm that stands by it: before what makes c of x (`before`), or after the sum."""

    total: Matrix
    norm: Matrix
    before: bool


class Way:
    """A model with the values of its blocks; `whole` are weights of which it has the first rows only."""

    def __init__(self, model: Model, values: Values, whole: Values) -> None:
        self.model, self.values, self.whole = model, values, whole
        self.number = {name: k for k, name in enumerate(model.blocks)}
        self.residuals = self._residuals()

    def cone(self, target: Matrix, kept: Collection[str]) -> list[Matrix]:
        """What is calculated for a block, itself last, in the model's order, without what is `kept`, and what that
        comes from; scores that are not calculated as far as they lie ahead are never sure."""
        fixed = [self.model.blocks[name] for name in kept if name != target.name]
        known = [block for block in self.model.needed(fixed, ()) if not isinstance(block.op, PARTLY)]
        sure = {block.name for block in known} - {target.name}
        return [block for block in self.model.needed([target], sure) if block.computed]

    def run(self, cone: Sequence[Matrix], change: Change, only: Matrix | None = None) -> dict[str, Array]:
        """The values of the blocks of a cone, each as a slip changes it where it does, or one of them `only`."""
        values, touched = dict(self.values), set[str]()
        with np.errstate(all="ignore"):
            for block in cone:
                changed = change(block, values, self) if only is None or block is only else None
                if changed is None and touched.isdisjoint(one.name for one in block.operands):
                    continue
                values[block.name] = self.made(block, values) if changed is None else changed
                touched.add(block.name)
        return values

    def made(self, block: Matrix, values: Values) -> Array:
        """A computed block from its operands."""
        assert block.op is not None
        return block.op.value(*(values[one.name] for one in block.operands))

    def through(self, target: Matrix, given: Values, values: Values) -> Array:
        """A block where those that are given have other values."""
        now = {**values, **given}
        touched = set(given)
        for block in self.model.needed([target], given):
            if any(one.name in touched for one in block.operands):
                now[block.name] = self.made(block, now)
                touched.add(block.name)
        return now[target.name]

    def normed(self, norm: Matrix, x: Array, values: Values) -> Array:
        """What a norm makes of another matrix."""
        return self.through(norm, {source(norm).name: x}, values)

    def like(self, block: Matrix) -> list[Matrix]:
        """The block in every head, or group of heads, of its layer."""
        part = next((part for part in ("head", "group") if block.number_of(part) is not None), None)
        if part is None:
            return [block]
        before, _, after = block.name.partition(f"{part}.{block.number_of(part)}")
        found: list[Matrix] = []
        while (name := f"{before}{part}.{len(found)}{after}") in self.model.blocks:
            found.append(self.model.blocks[name])
        return found

    def _residuals(self) -> list[Residual]:
        """The sums of x and what is made of x that have a norm."""
        found: list[Residual] = []
        blocks = self.model.blocks.values()
        sources = [(block, source(block)) for block in blocks if isinstance(block.op, GainBias)]
        streams = {id(one.operands[0]) for one in blocks if isinstance(one.op, Add)}
        for block in blocks:
            if not isinstance(block.op, Add) or len(block.operands) != 2:
                continue
            x, change = block.operands
            within = {one.name for one in self.model.needed([change], ())}
            before = [norm for norm, of in sources if of is x and norm.name in within]
            found += [Residual(block, norm, before=True) for norm in before]
            if x.name in within and not before and id(block) not in streams:
                found += [Residual(block, norm, before=False) for norm, of in sources if of is block]
        return found


Change = Callable[[Matrix, Values, Way], "Array | None"]
"""What a slip makes of a block, from what other blocks come to by then; None where it changes nothing."""


def source(norm: Matrix) -> Matrix:
    """The matrix whose norm it is, from what the gain multiplies."""
    (normalised, *_) = norm.operands
    assert isinstance(normalised.op, NormaliseRows | RmsNormaliseRows)
    return normalised.operands[0]


def of(
    kinds: type | tuple[type, ...], make: Callable[..., Array | None], but: tuple[type, ...] | type = ()
) -> Change:
    """A change of the blocks of some operations, `but` of others, from their operands' values."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        if not isinstance(block.op, kinds) or isinstance(block.op, but):
            return None
        return make(*(values[one.name] for one in block.operands))

    return change


def also(*changes: Change) -> Change:
    """Several changes at once, of different blocks."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        found = (one(block, values, way) for one in changes)
        return next((value for value in found if value is not None), None)

    return change
