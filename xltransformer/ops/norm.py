"""The steps of layer norm and RMS norm, row by row.

Layer norm: (x - mean) / sqrt(variance + epsilon) * gain + bias, with the population variance.
Ba, Kiros and Hinton 2016, "Layer Normalization", equations 3 and 4. RMS norm: x / sqrt(mean square
+ epsilon) * gain. Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", equation 4.
Means are sums over counts: AVERAGE would leave an emptied cell out instead of taking it for 0.
"""

from __future__ import annotations

import numpy as np

from xltransformer.graph import Array, Matrix
from xltransformer.ops.base import (
    STOP,
    Contributions,
    Coordinate,
    Index,
    Number,
    Op,
    Pieces,
    Ref,
    collected,
    joined,
)
from xltransformer.ops.linear import column_sums, plus, products, row_sums


class RowMean(Op):
    """The mean of each row."""

    signature = "n m -> n 1"
    formula = "SUM({x})/COLUMNS({x})"

    def value(self, x: Array) -> Array:
        return np.asarray(row_sums(x) / x.shape[-1])

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix) -> Contributions:
        return (divide_by_width(upstream, x),)

    def worked(self, i: Index, j: Index, x: Ref) -> Pieces | None:
        total = joined(([Number(x.cell(i, k))] for k in range(x.shape[1])), " + ")
        return ["(", *total, f") / {x.shape[1]}"]


class DivideByWidth(Op):
    """A column divided by the width of a matrix, which lends its width, not its values: what a mean passes back to
    each of a row's entries."""

    signature = "n 1, n m -> n 1"
    formula = "{upstream}/COLUMNS({like})"

    def value(self, upstream: Array, like: Array) -> Array:
        return np.asarray(upstream / like.shape[-1])

    def worked(self, i: Index, j: Index, upstream: Ref, like: Ref) -> Pieces | None:
        return [Number(upstream.cell(i, 0)), f" / {like.shape[1]}"]


class RowVariance(Op):
    """The mean squared distance of each row's entries from their mean (population variance).

    Operands: x and the mean. No gradient is passed to the mean: around it the squares are least, and the
    slope is 0.
    """

    signature = "n m, n 1 -> n 1"
    formula = "SUMPRODUCT(({x}-{mean})^2)/COLUMNS({x})"
    scale = "plain"

    def value(self, x: Array, mean: Array) -> Array:
        distance = x - mean
        return np.asarray(np.einsum("...j,...j->...", distance, distance)[..., None] / x.shape[-1])

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix, mean: Matrix) -> Contributions:
        return squares_gradient(upstream, x, mean), None

    def worked(self, i: Index, j: Index, x: Ref, mean: Ref) -> Pieces | None:
        terms: list[Pieces] = [
            ["(", Number(x.cell(i, k)), " − ", Number(mean.cell(i, 0)), ")²"] for k in range(x.shape[1])
        ]
        return ["(", *joined(terms, " + "), f") / {x.shape[1]}"]


class SquaresGradient(Op):
    """What a mean of squares, or a variance, passes back: gradient × 2 (x - mean) / m.

    Operands: the gradient, x, and for a variance the mean.
    """

    signature = "n 1, n m, [n 1] -> n m"

    def value(self, upstream: Array, x: Array, *mean: Array) -> Array:
        return np.asarray((2 / x.shape[-1] * upstream) * (x - mean[0] if mean else x))

    def cell(self, i: Coordinate, j: Coordinate, upstream: Ref, x: Ref, *mean: Ref) -> str:
        distance = f"({x.cell(i, j)}-{mean[0].cell(i, 0)})" if mean else x.cell(i, j)
        return f"{upstream.cell(i, 0)}*2*{distance}/COLUMNS({x.row(i)})"

    def worked(self, i: Index, j: Index, upstream: Ref, x: Ref, *mean: Ref) -> Pieces | None:
        less = [piece for column in mean for piece in (" − ", Number(column.cell(i, 0)))]
        return [Number(upstream.cell(i, 0)), "×2×(", Number(x.cell(i, j)), *less, f") / {x.shape[1]}"]


class NormaliseRows(Op):
    """(x - mean) / sqrt(variance + epsilon)."""

    signature = "n m, n 1, n 1, 1 1 -> n m"
    formula = "({x}-{mean})/SQRT({variance}+{epsilon})"
    in_numbers = "({x} − {mean}) / √({variance} + ε)"
    by_entry = True

    def value(self, x: Array, mean: Array, variance: Array, epsilon: Array) -> Array:
        return np.asarray((x - mean) / np.sqrt(variance + epsilon))

    def gradient(
        self, upstream: Matrix, result: Matrix, x: Matrix, mean: Matrix, variance: Matrix, epsilon: Matrix
    ) -> Contributions:
        return (
            rms_normalise_rows(upstream, variance, epsilon),
            mean_gradient(upstream, variance, epsilon),
            spread_gradient(upstream, result, variance, epsilon),
            STOP,
        )


class MeanGradient(Op):
    """What a norm passes back to the mean of each row: minus the row's sum / sqrt(variance + epsilon)."""

    signature = "n m, n 1, 1 1 -> n 1"
    formula = "-SUM({upstream})/SQRT({variance}+{epsilon})"

    def value(self, upstream: Array, variance: Array, epsilon: Array) -> Array:
        return np.asarray(-row_sums(upstream) / np.sqrt(variance + epsilon))


class SpreadGradient(Op):
    """What a norm passes back to the variance or mean square of each row: minus half the sum of
    gradient times normalised entry, divided by (variance + epsilon)."""

    signature = "n m, n m, n 1, 1 1 -> n 1"
    formula = "-0.5*SUMPRODUCT({upstream},{normalised})/({variance}+{epsilon})"

    def value(self, upstream: Array, normalised: Array, variance: Array, epsilon: Array) -> Array:
        return np.asarray(-0.5 * row_sums(upstream * normalised) / (variance + epsilon))


class MeanSquare(Op):
    """The mean of the squares of each row."""

    signature = "n m -> n 1"
    formula = "SUMSQ({x})/COLUMNS({x})"
    scale = "plain"

    def value(self, x: Array) -> Array:
        return np.asarray(np.mean(x**2, axis=-1, keepdims=True))

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix) -> Contributions:
        return (squares_gradient(upstream, x),)

    def worked(self, i: Index, j: Index, x: Ref) -> Pieces | None:
        terms: list[Pieces] = [["(", Number(x.cell(i, k)), ")²"] for k in range(x.shape[1])]
        return ["(", *joined(terms, " + "), f") / {x.shape[1]}"]


class RmsNormaliseRows(Op):
    """x / sqrt(mean square + epsilon)."""

    signature = "n m, n 1, 1 1 -> n m"
    formula = "{x}/SQRT({mean_square}+{epsilon})"
    in_numbers = "{x} / √({mean_square} + ε)"
    by_entry = True

    def value(self, x: Array, mean_square: Array, epsilon: Array) -> Array:
        return np.asarray(x / np.sqrt(mean_square + epsilon))

    def gradient(
        self, upstream: Matrix, result: Matrix, x: Matrix, mean_square: Matrix, epsilon: Matrix
    ) -> Contributions:
        return (
            rms_normalise_rows(upstream, mean_square, epsilon),
            spread_gradient(upstream, result, mean_square, epsilon),
            STOP,
        )


class GainBias(Op):
    """Every column times its own gain, plus its own bias where there is one."""

    signature = "n m, 1 m, [1 m] -> n m"
    by_entry = True

    def value(self, x: Array, gain: Array, *bias: Array) -> Array:
        return plus(x * gain, bias[0]) if bias else x * gain

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix, gain: Matrix, *bias: Matrix) -> Contributions:
        return (
            gain_bias(upstream, gain),
            gain_gradient(upstream, x, gain),
            *(column_sums(upstream, b) for b in bias),
        )

    def cell(self, i: Coordinate, j: Coordinate, x: Ref, gain: Ref, *bias: Ref) -> str:
        return f"{x.cell(i, j)}*{gain.cell(0, j)}" + "".join(f"+{row.cell(0, j)}" for row in bias)

    def worked(self, i: Index, j: Index, x: Ref, gain: Ref, *bias: Ref) -> Pieces | None:
        added = [piece for row in bias for piece in (" + ", Number(row.cell(0, j)))]
        return [Number(x.cell(i, j)), "×", Number(gain.cell(0, j)), *added]


class GainGradient(Op):
    """The gradient of a gain: the sum of each column of gradient times entry.

    Operands: the gradient, x, and the gain, which lends its leading axes: others are summed over.
    """

    signature = "n m, n m, 1 m -> 1 m"
    formula = "SUMPRODUCT({upstream},{x})"
    collects = True

    def value(self, upstream: Array, x: Array, gain: Array) -> Array:
        if gain.ndim == 2 and upstream.shape == x.shape:  # one sum for the whole batch
            width = x.shape[-1]
            return np.asarray(np.einsum("ij,ij->j", upstream.reshape(-1, width), x.reshape(-1, width))[None])
        return collected(np.einsum("...ij,...ij->...j", upstream, x)[..., None, :], gain)

    def worked(self, i: Index, j: Index, upstream: Ref, x: Ref, gain: Ref) -> Pieces | None:
        return products((upstream.cell(k, j), x.cell(k, j)) for k in range(x.shape[0]))


row_mean = RowMean()
divide_by_width = DivideByWidth()
squares_gradient = SquaresGradient()
mean_gradient = MeanGradient()
spread_gradient = SpreadGradient()
gain_gradient = GainGradient()
row_variance = RowVariance()
normalise_rows = NormaliseRows()
mean_square = MeanSquare()
rms_normalise_rows = RmsNormaliseRows()
gain_bias = GainBias()
