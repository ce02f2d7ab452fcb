"""The usual slips, each as what it makes of the blocks that it changes. They are told by the operations of the
model and how these are tied, so that they hold in every lesson and architecture.

A slip that needs several operations to change, such as a mask that is missing, changes them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from xltransformer import ops
from xltransformer.checking.norms import NORMS
from xltransformer.checking.ways import Change, Values, Way
from xltransformer.graph import Array, Matrix
from xltransformer.record import record

HEAVY = (ops.MatMul, ops.Affine, ops.RowProducts)
"""What multiplies by a weight matrix."""


@record
class Slip:
    """What was done, in words in which {0}, {1} and so on stand for the operands of the first block that it
    changes, and how that changes blocks."""

    said: str
    change: Change


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


# Attention


def _scales(factor: Callable[[Array, int], Array]) -> Change:
    """Scores divided by something else than the root of d_k, which is given with the count of heads."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        if not isinstance(block.op, ops.Divide | ops.CausalDivide):
            return None
        scores, divisor = block.operands
        if not isinstance(divisor.op, ops.RootWidth):
            return None
        x, root = values[scores.name], values[divisor.name]
        return np.where(x <= SEEN, x, x / factor(root, len(way.like(block))))

    return change


SEEN = -1e29
"""What is below stands for minus infinity."""
_LOOKS_AHEAD = also(
    of(ops.CausalScores, ops.matmul.value),
    of(ops.CausalDivide, ops.divide.value),
    of(ops.CausalMix, ops.matmul.value),
)
"""Attention whose scores reach ahead, for a mask to hide that."""


def _masks(make: Callable[[Array], Array]) -> Change:
    """Another mask, wherever scores are hidden by one."""

    def hides(scores: Array, mask: Array) -> Array:
        return ops.mask_scores.value(scores, make(mask))

    def exp(x: Array, maximum: Array, mask: Array, *temperature: Array) -> Array:
        return ops.masked_exp.value(x, maximum, make(mask), *temperature)

    return also(of(ops.MaskScores, hides, but=ops.MaskColumns), of(ops.MaskedExp, exp), _LOOKS_AHEAD)


def _softmax(make: Callable[[Array, Array], Array], *, masked: bool = True) -> Change:
    """Shares otherwise than over a row, from the scores and the mask (1 everywhere, where there is none)."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        if not isinstance(block.op, ops.DivideRows):
            return None
        exponentials = block.operands[0]
        if not isinstance(exponentials.op, ops.ShiftedExp | ops.MaskedExp):
            return None
        x = values[exponentials.operands[0].name]
        hidden = isinstance(exponentials.op, ops.MaskedExp) and masked
        mask = values[exponentials.operands[2].name] if hidden else np.ones_like(x)
        return make(x, mask)

    return change


def _shares(x: Array, mask: Array, axis: int | None) -> Array:
    shown = np.where(mask == 1, x, -np.inf)
    largest = shown.max(axis=axis, keepdims=True)
    e = np.where(mask == 1, np.exp(shown - np.where(np.isfinite(largest), largest, 0.0)), 0.0)
    total = e.sum(axis=axis, keepdims=True)
    return np.asarray(np.where(total > 0, e / np.where(total > 0, total, 1.0), 0.0))


def _mask_as_factor(block: Matrix, values: Values, way: Way) -> Array | None:
    """Scores times the mask, so that what is hidden takes part with 0."""
    if isinstance(block.op, ops.MaskScores) and not isinstance(block.op, ops.MaskColumns):
        scores, mask = (values[one.name] for one in block.operands)
        return np.asarray(scores * mask)
    if isinstance(block.op, ops.MaskedExp):
        x, maximum, _, *temperature = (values[one.name] for one in block.operands)
        return ops.shifted_exp.value(x, maximum, *temperature)
    return None


def _mask_afterwards(block: Matrix, values: Values, way: Way) -> Array | None:
    """A mask on the shares, whose sums are then below 1."""
    if isinstance(block.op, ops.MaskScores) and not isinstance(block.op, ops.MaskColumns):
        return values[block.operands[0].name]
    if isinstance(block.op, ops.DivideRows) and isinstance(block.operands[0].op, ops.MaskedExp):
        exponentials = block.operands[0]
        x, mask = (values[exponentials.operands[k].name] for k in (0, 2))
        return np.asarray(_shares(x, np.ones_like(x), -1) * mask)
    return None


def _without_own(mask: Array) -> Array:
    return np.asarray(mask * (1 - np.eye(*mask.shape[-2:])))


# Heads


def _columns(pick: Callable[[Array, int, int], Array]) -> Change:
    """Queries, keys or values of a head that takes other columns of all heads' (n x h d): see `pick`."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        own = next((part for part in ("head", "group") if block.number_of(part) is not None), None)
        if own is None or not isinstance(block.op, HEAVY) or block.operands[1].role != "parameter":
            return None
        heads = way.like(block)
        whole = np.hstack([way.made(one, values) for one in heads])
        return pick(whole, len(heads), int(block.number_of(own) or 0)) if len(heads) > 1 else None

    return change


def _interleaved(whole: Array, heads: int, k: int) -> Array:
    return whole[:, k::heads]


def _reshaped(whole: Array, heads: int, k: int) -> Array:
    return np.asarray(whole.reshape(heads, whole.shape[0], -1)[k])


def _stacked(join: Callable[[Array], Array]) -> Change:
    """The heads put together otherwise, from all of them (h x n x d)."""

    def make(*heads: Array) -> Array | None:
        same = len(heads) > 1 and len({head.shape for head in heads}) == 1
        return join(np.stack(heads)).reshape(heads[0].shape[0], -1) if same else None

    return of(ops.Concatenate, make)


def _other_weights(step: int) -> Change:
    """Another weight matrix that multiplies the same: the next one, or the one after that."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        if not isinstance(block.op, HEAVY) or block.operands[1].role != "parameter":
            return None
        alike = [one for one in _beside(block, way) if one.operands[1].shape == block.operands[1].shape]
        if len(alike) <= step:
            return None
        other = alike[(alike.index(block) + step) % len(alike)]
        return way.made(other, values)

    return change


def _beside(block: Matrix, way: Way) -> list[Matrix]:
    """The products by weights of the same matrix in the same head, itself among them."""
    return [
        one
        for one in way.model.blocks.values()
        if type(one.op) is type(block.op)
        and one.operands[0] is block.operands[0]
        and one.operands[1].role == "parameter"
        and one.number_of("head") == block.number_of("head")
    ]


# Weights, sums, activations


def _turned(x: Array, W: Array, *bias: Array) -> Array | None:
    square = W.shape[0] == W.shape[1]
    return x @ W.T + (bias[0] if bias else 0.0) if square else None


def _of_weights(make: Callable[..., Array | None]) -> Change:
    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        if not isinstance(block.op, HEAVY) or block.operands[1].role != "parameter":
            return None
        return make(*(values[one.name] for one in block.operands))

    return change


def _leaves_out(k: int) -> Change:
    """A sum without its k-th operand."""
    return of(
        ops.Add, lambda *x: sum((one for j, one in enumerate(x) if j != k), np.zeros(1)) if k < len(x) else None
    )


ACTIVATIONS = {
    "ReLU": ops.relu.value,
    "GELU by tanh": ops.gelu_tanh.value,
    "GELU by erf": ops.gelu_erf.value,
    "GELU by the sigmoid, x·σ(1.702x)": lambda x: x * ops.sigmoid.value(1.702 * x),
    "SiLU": ops.silu.value,
    "tanh": ops.tanh.value,
    "no activation": lambda x: x,
}
_BENDS = (ops.Relu, ops.GeluTanh, ops.GeluErf, ops.Silu)


def _other_side(block: Matrix, values: Values, way: Way) -> Array | None:
    """SwiGLU with its function on the other factor."""
    if not isinstance(block.op, ops.Multiply) or not isinstance(block.operands[0].op, ops.Silu):
        return None
    gate, other = block.operands
    return values[gate.operands[0].name] * ops.silu.value(values[other.name])


# Positions


def _next_rows(block: Matrix, values: Values, way: Way) -> Array | None:
    """Learned positions that begin with the second row."""
    if not isinstance(block.op, ops.FirstRows):
        return None
    table = way.whole.get(block.operands[0].name, values[block.operands[0].name])
    rows = table[1 : 1 + block.shape[0]]
    return rows if len(rows) == block.shape[0] else None


def _exponents(power: Callable[[Array], Array]) -> Change:
    def make(base: Array, pairs: Array) -> Array:
        columns = np.arange(pairs.shape[-1])[None]
        return np.asarray(base ** (power(columns) / pairs.shape[-1]))

    return of(ops.InverseFrequency, make)


def _in_halves(x: Array, angle: Array) -> Array:
    width = angle.shape[-1]
    half = width // 2
    a, b, turn = x[:, :half], x[:, half:width], angle[:, ::2]
    return np.hstack([a * np.cos(turn) - b * np.sin(turn), b * np.cos(turn) + a * np.sin(turn), x[:, width:]])


def _sinusoid(make: Callable[[Array, Array], Array]) -> Change:
    """Sines and cosines otherwise, from the angles and the columns."""
    return of(ops.Sinusoid, lambda angle: make(angle, np.arange(angle.shape[-1])))


def slips() -> Iterator[Slip]:
    """Every slip, the likeliest first."""
    root = "of the root of d_k"
    yield Slip("not divided by the root of d_k", _scales(lambda root, _: np.ones(1)))
    yield Slip(f"divided by d_k in place {root}", _scales(lambda root, _: root**2))
    yield Slip(f"divided by the root of all heads' width in place {root}", _scales(lambda r, h: r * np.sqrt(h)))
    yield Slip("multiplied by the root of d_k in place of divided", _scales(lambda root, _: 1 / root))
    yield Slip("the mask is missing", _masks(np.ones_like))
    yield Slip(
        "the mask is turned round: it hides what it should show", _masks(lambda m: m.T if _square(m) else m)
    )
    yield Slip("the mask hides a word's own place, too", _masks(lambda m: _without_own(m) if _square(m) else m))
    yield Slip("hidden scores are 0 in place of minus infinity", also(_mask_as_factor, _LOOKS_AHEAD))
    yield Slip("the mask stands behind the softmax", also(_mask_afterwards, _LOOKS_AHEAD))
    yield Slip("softmax over the other axis, down each column", _softmax(partial(_shares, axis=-2)))
    yield Slip("softmax over all entries at once", _softmax(partial(_shares, axis=None)))
    yield Slip("heads split the other way: every h-th column, not d_k side by side", _columns(_interleaved))
    yield Slip("heads split by reshape alone, without moving the axis of the words", _columns(_reshaped))
    yield Slip("heads joined the other way, column by column", _stacked(lambda x: np.moveaxis(x, 0, 2)))
    yield Slip("heads joined by reshape alone, without moving the axis of the words", _stacked(lambda x: x))
    yield Slip("the weights of another projection are taken in place of {1}", _other_weights(1))
    yield Slip("the weights of another projection are taken in place of {1}", _other_weights(2))
    yield Slip("{1} is transposed", _of_weights(_turned))
    yield Slip("the bias {2} is missing", of(ops.Affine, lambda x, W, b: x @ W))
    for k in range(3):
        yield Slip(f"{{{k}}} is not added", _leaves_out(k))
    for name, function in ACTIVATIONS.items():
        yield Slip(f"the activation is {name}", of(_BENDS, function))
    yield Slip("SiLU is on the other factor", _other_side)
    yield from (Slip(said, change) for said, change in NORMS)
    yield Slip("positions are counted from 1, not from 0", also(of(ops.Position, _from_one), _next_rows))
    yield Slip("sines and cosines are exchanged", _sinusoid(lambda a, c: np.where(c % 2, np.sin(a), np.cos(a))))
    yield Slip("all sines stand before all cosines", _sinusoid(_one_after_the_other))
    yield Slip("every column has an exponent of its own, not every pair", _exponents(lambda c: 2.0 * c))
    yield Slip("every column has an exponent of its own, not every pair", _exponents(lambda c: 1.0 * c))
    yield Slip("the exponent of a pair is half as large", _exponents(lambda c: 1.0 * (c // 2)))
    yield Slip("not turned by its position", of(ops.RotatePairs, lambda x, angle: x))
    yield Slip(
        "turned the other way round", of(ops.RotatePairs, lambda x, angle: ops.rotate_pairs.value(x, -angle))
    )
    yield Slip("column k is turned with column k + d_k/2, not with its neighbour", of(ops.RotatePairs, _in_halves))
    yield Slip("multiplied by the root of the width", of(ops.Lookup, _rooted))


def _square(x: Array) -> bool:
    return bool(x.shape[-1] == x.shape[-2])


def _from_one(x: Array) -> Array:
    return np.asarray(ops.position.value(x) + 1)


def _one_after_the_other(angle: Array, columns: Array) -> Array:
    half = (len(columns) + 1) // 2
    first = angle[:, ::2]
    return np.hstack([np.sin(first), np.cos(first[:, : len(columns) - half])])


def _rooted(index: Array, table: Array) -> Array:
    return np.asarray(ops.lookup.value(index, table) * np.sqrt(table.shape[-1]))
