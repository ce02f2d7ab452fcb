"""The usual slips with norms and where they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from xltransformer import ops
from xltransformer.checking.ways import Change, Values, Way, source
from xltransformer.graph import Array, Matrix

EPSILONS = (0.0, 1e-12, 1e-8, 1e-6, 1e-5, 1e-3)
"""What keeps a norm's root above 0 in one library or another."""


def _normalises(make: Callable[[Array, Array], Array | None]) -> Change:
    """The numbers of a layer norm or RMS norm before its gain otherwise, from the matrix and epsilon; mean and
    variance are those of the model, unless a slip has changed them."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        if not isinstance(block.op, ops.NormaliseRows | ops.RmsNormaliseRows):
            return None
        return make(values[block.operands[0].name], values[block.operands[-1].name])

    return change


def _epsilon(other: float, *, outside: bool = False, unbiased: bool = False) -> Change:
    """Another epsilon, or the model's own (below 0), perhaps outside of the root, with the unbiased variance."""

    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        if not isinstance(block.op, ops.NormaliseRows | ops.RmsNormaliseRows):
            return None
        x, *mean, spread, epsilon = (values[one.name] for one in block.operands)
        e = float(epsilon.item()) if other < 0 else other
        width = x.shape[-1]
        if unbiased and (width < 2 or not mean):
            return None
        spread = spread * width / (width - 1) if unbiased else spread
        root = np.sqrt(spread) + e if outside else np.sqrt(spread + e)
        return np.asarray((x - (mean[0] if mean else 0.0)) / root)

    return change


def _unbiased(x: Array, mean: Array) -> Array | None:
    width = x.shape[-1]
    return ops.row_variance.value(x, mean) * width / (width - 1) if width > 1 else None


def _variance(block: Matrix, values: Values, way: Way) -> Array | None:
    if not isinstance(block.op, ops.RowVariance):
        return None
    return _unbiased(*(values[one.name] for one in block.operands))


def _down(x: Array, epsilon: Array) -> Array:
    return np.asarray((x - x.mean(axis=-2, keepdims=True)) / np.sqrt(x.var(axis=-2, keepdims=True) + epsilon))


def _of_layer(block: Matrix, values: Values, way: Way) -> Array | None:
    """An RMS norm in place of a layer norm."""
    if not isinstance(block.op, ops.NormaliseRows):
        return None
    x, epsilon = values[block.operands[0].name], values[block.operands[-1].name]
    return ops.rms_normalise_rows.value(x, ops.mean_square.value(x), epsilon)


def _of_rms(block: Matrix, values: Values, way: Way) -> Array | None:
    """A layer norm in place of an RMS norm."""
    if not isinstance(block.op, ops.RmsNormaliseRows):
        return None
    x, epsilon = values[block.operands[0].name], values[block.operands[-1].name]
    mean = ops.row_mean.value(x)
    return ops.normalise_rows.value(x, mean, ops.row_variance.value(x, mean), epsilon)


def _gain(make: Callable[..., Array]) -> Change:
    def change(block: Matrix, values: Values, way: Way) -> Array | None:
        if not isinstance(block.op, ops.GainBias):
            return None
        return make(*(values[one.name] for one in block.operands))

    return change


def _no_gain(x: Array, gain: Array, *bias: Array) -> Array:
    return x + (bias[0] if bias else 0.0)


def _no_norm(block: Matrix, values: Values, way: Way) -> Array | None:
    return values[source(block).name] if isinstance(block.op, ops.GainBias) else None


def _after(block: Matrix, values: Values, way: Way) -> Array | None:
    """Norms behind the sums, where the model has them before: x goes as it is into what is added, and the sum
    has the norm."""
    for one in way.residuals:
        if one.before and block is one.norm:
            return values[source(block).name]
        if one.before and block is one.total:
            return way.normed(one.norm, way.made(block, values), values)
    return None


def _before(block: Matrix, values: Values, way: Way) -> Array | None:
    """Norms before, where the model has them behind the sums."""
    for one in way.residuals:
        if not one.before and block is one.norm:
            return values[one.total.name]
        if not one.before and block is one.total:
            x, change = block.operands
            normed = way.normed(one.norm, values[x.name], values)
            return values[x.name] + way.through(change, {x.name: normed}, values)
    return None


NORMS: Sequence[tuple[str, Change]] = (
    ("the norm stands behind the sum, not before (post-norm for pre-norm)", _after),
    ("the norm stands before, not behind the sum (pre-norm for post-norm)", _before),
    ("the norm is missing", _no_norm),
    ("the variance is divided by d - 1 (unbiased) in place of d", _variance),
    *((f"epsilon is {e:g}" if e else "epsilon is missing", _epsilon(e)) for e in EPSILONS),
    ("epsilon is added outside of the root", _epsilon(-1.0, outside=True)),
    *((f"epsilon is {e:g}, and added outside of the root", _epsilon(e, outside=True)) for e in EPSILONS[1:]),
    (
        "the variance is divided by d - 1, and epsilon is added outside of the root",
        _epsilon(-1.0, outside=True, unbiased=True),
    ),
    *(
        (f"the variance is divided by d - 1, and epsilon is {e:g}, added outside of the root",
         _epsilon(e, outside=True, unbiased=True))
        for e in EPSILONS[1:]
    ),
    ("the norm is over the other axis, down each column", _normalises(_down)),
    ("an RMS norm stands in place of a layer norm", _of_layer),
    ("a layer norm stands in place of an RMS norm", _of_rms),
    ("the gain {1} is missing", _gain(_no_gain)),
    ("the bias {2} is missing", _gain(lambda x, gain, *bias: x * gain)),
)  # fmt: skip
