"""The usual slips, each as what it makes of the blocks that it changes. They are told by the operations of the
model and how these are tied, so that they hold in every lesson and architecture.

A slip that needs several operations to change, such as a mask that is missing, changes them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from xltransformer import ops
from xltransformer.checking.attention import ATTENTION, HEADS
from xltransformer.checking.norms import NORMS
from xltransformer.checking.ways import HEAVY, Change, Values, Way, also, of
from xltransformer.graph import Array, Matrix
from xltransformer.record import record


@record
class Slip:
    """What was done, in words in which {0}, {1} and so on stand for the operands of the first block that it
    changes, and how that changes blocks."""

    said: str
    change: Change


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
    yield from (Slip(said, change) for said, change in (*ATTENTION, *HEADS))
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


def _from_one(x: Array) -> Array:
    return np.asarray(ops.position.value(x) + 1)


def _one_after_the_other(angle: Array, columns: Array) -> Array:
    half = (len(columns) + 1) // 2
    first = angle[:, ::2]
    return np.hstack([np.sin(first), np.cos(first[:, : len(columns) - half])])


def _rooted(index: Array, table: Array) -> Array:
    return np.asarray(ops.lookup.value(index, table) * np.sqrt(table.shape[-1]))
