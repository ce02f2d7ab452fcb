"""The steps of layer norm and RMS norm, row by row.

Layer norm: (x - mean) / sqrt(variance + epsilon) * gain + bias, with the population variance.
Ba, Kiros and Hinton 2016, "Layer Normalization", equations 3 and 4. RMS norm: x / sqrt(mean square
+ epsilon) * gain. Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", equation 4.
Means are sums over counts: AVERAGE would leave an emptied cell out instead of taking it for 0.
"""

from __future__ import annotations

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import STOP, Contributions, Index, Number, Op, Pieces, Ref, check, collected, joined
from xltransformer.ops.linear import column_sums, plus, row_sums


class RowMean(Op):
    """The mean of each row: (n x m) to (n x 1)."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (x,) = operands
        return x.rows, ONE

    def value(self, *operands: Array) -> Array:
        return np.asarray(row_sums(operands[0]) / operands[0].shape[-1])

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return (divide_by_width(upstream, operands[0]),)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        row = operands[0].row(i)
        return f"SUM({row})/COLUMNS({row})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        (x,) = operands
        terms: list[Pieces] = [[Number(x.cell(i, k))] for k in range(x.shape[1])]
        return ["(", *joined(terms, " + "), f") / {x.shape[1]}"]


class DivideByWidth(Op):
    """A column divided by the width of a matrix: what a mean passes back to each of a row's entries.

    Operands: the gradient (n x 1), and the matrix (n x m), which lends its width; result (n x 1).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        upstream, like = operands
        check(upstream.shape == (like.shape[0], 1), self, upstream, like)
        return upstream.rows, ONE

    def value(self, *operands: Array) -> Array:
        upstream, like = operands
        return np.asarray(upstream / like.shape[-1])

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        upstream, like = operands
        return f"{upstream.cell(i, 0)}/COLUMNS({like.row(i)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        return [Number(operands[0].cell(i, 0)), f" / {operands[1].shape[1]}"]


class RowVariance(Op):
    """The mean squared distance of each row's entries from their mean (population variance).

    Operands: x (n x m), mean (n x 1); result (n x 1). No gradient is passed to the mean: around it the
    squares are least, and the slope is 0.
    """

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, mean = operands
        check(mean.shape == (x.shape[0], 1), self, x, mean)
        return x.rows, ONE

    def value(self, *operands: Array) -> Array:
        x, mean = operands
        distance = x - mean
        return np.asarray(np.einsum("...j,...j->...", distance, distance)[..., None] / x.shape[-1])

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return squares_gradient(upstream, *operands), None

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, mean = operands
        return f"SUMPRODUCT(({x.row(i)}-{mean.cell(i, 0)})^2)/COLUMNS({x.row(i)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, mean = operands
        terms: list[Pieces] = [
            ["(", Number(x.cell(i, k)), " − ", Number(mean.cell(i, 0)), ")²"] for k in range(x.shape[1])
        ]
        return ["(", *joined(terms, " + "), f") / {x.shape[1]}"]


class SquaresGradient(Op):
    """What a mean of squares, or a variance, passes back: gradient × 2 (x - mean) / m.

    Operands: the gradient (n x 1), x (n x m), and for a variance the mean (n x 1); result (n x m).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        upstream, x, *mean = operands
        check(all(column.shape == (x.shape[0], 1) for column in (upstream, *mean)), self, *operands)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        upstream, x, *mean = operands
        return np.asarray((2 / x.shape[-1] * upstream) * (x - mean[0] if mean else x))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        upstream, x, *mean = operands
        distance = f"({x.cell(i, j)}-{mean[0].cell(i, 0)})" if mean else x.cell(i, j)
        return f"{upstream.cell(i, 0)}*2*{distance}/COLUMNS({x.row(i)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        upstream, x, *mean = operands
        less = [piece for column in mean for piece in (" − ", Number(column.cell(i, 0)))]
        return [Number(upstream.cell(i, 0)), "×2×(", Number(x.cell(i, j)), *less, f") / {x.shape[1]}"]


class NormaliseRows(Op):
    """(x - mean) / sqrt(variance + epsilon).

    Operands: x (n x m), mean (n x 1), variance (n x 1), epsilon (1 x 1); result (n x m).
    """

    by_entry = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, mean, variance, epsilon = operands
        fits = mean.shape == variance.shape == (x.shape[0], 1)
        check(fits and epsilon.shape == (1, 1), self, *operands)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, mean, variance, epsilon = operands
        return np.asarray((x - mean) / np.sqrt(variance + epsilon))

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        variance, epsilon = operands[2:]
        return (
            rms_normalise_rows(upstream, variance, epsilon),
            mean_gradient(upstream, variance, epsilon),
            spread_gradient(upstream, result, variance, epsilon),
            STOP,
        )

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, mean, variance, epsilon = operands
        return f"({x.cell(i, j)}-{mean.cell(i, 0)})/SQRT({variance.cell(i, 0)}+{epsilon.cell(0, 0)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, mean, variance, _ = operands
        numbers = Number(x.cell(i, j)), Number(mean.cell(i, 0)), Number(variance.cell(i, 0))
        return ["(", numbers[0], " − ", numbers[1], ") / √(", numbers[2], " + ε)"]


class MeanGradient(Op):
    """What a norm passes back to the mean of each row: minus the row's sum / sqrt(variance + epsilon).

    Operands: the gradient (n x m), variance (n x 1), epsilon (1 x 1); result (n x 1).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        upstream, variance, epsilon = operands
        check(variance.shape == (upstream.shape[0], 1) and epsilon.shape == (1, 1), self, *operands)
        return variance.rows, ONE

    def value(self, *operands: Array) -> Array:
        upstream, variance, epsilon = operands
        return np.asarray(-row_sums(upstream) / np.sqrt(variance + epsilon))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        upstream, variance, epsilon = operands
        return f"-SUM({upstream.row(i)})/SQRT({variance.cell(i, 0)}+{epsilon.cell(0, 0)})"


class SpreadGradient(Op):
    """What a norm passes back to the variance or mean square of each row: minus half the sum of
    gradient times normalised entry, divided by (variance + epsilon).

    Operands: the gradient and what is normalised (n x m), variance (n x 1), epsilon (1 x 1);
    result (n x 1).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        upstream, normalised, variance, epsilon = operands
        fits = upstream.shape == normalised.shape and variance.shape == (upstream.shape[0], 1)
        check(fits and epsilon.shape == (1, 1), self, *operands)
        return variance.rows, ONE

    def value(self, *operands: Array) -> Array:
        upstream, normalised, variance, epsilon = operands
        return np.asarray(-0.5 * row_sums(upstream * normalised) / (variance + epsilon))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        upstream, normalised, variance, epsilon = operands
        total = f"SUMPRODUCT({upstream.row(i)},{normalised.row(i)})"
        return f"-0.5*{total}/({variance.cell(i, 0)}+{epsilon.cell(0, 0)})"


class MeanSquare(Op):
    """The mean of the squares of each row: (n x m) to (n x 1)."""

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (x,) = operands
        return x.rows, ONE

    def value(self, *operands: Array) -> Array:
        return np.asarray(np.mean(operands[0] ** 2, axis=-1, keepdims=True))

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return (squares_gradient(upstream, operands[0]),)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        row = operands[0].row(i)
        return f"SUMSQ({row})/COLUMNS({row})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        (x,) = operands
        terms: list[Pieces] = [["(", Number(x.cell(i, k)), ")²"] for k in range(x.shape[1])]
        return ["(", *joined(terms, " + "), f") / {x.shape[1]}"]


class RmsNormaliseRows(Op):
    """x / sqrt(mean square + epsilon).

    Operands: x (n x m), mean square (n x 1), epsilon (1 x 1); result (n x m).
    """

    by_entry = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, mean_square, epsilon = operands
        check(mean_square.shape == (x.shape[0], 1) and epsilon.shape == (1, 1), self, *operands)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, mean_square, epsilon = operands
        return np.asarray(x / np.sqrt(mean_square + epsilon))

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        _, mean_square, epsilon = operands
        return (
            rms_normalise_rows(upstream, mean_square, epsilon),
            spread_gradient(upstream, result, mean_square, epsilon),
            STOP,
        )

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, mean_square, epsilon = operands
        return f"{x.cell(i, j)}/SQRT({mean_square.cell(i, 0)}+{epsilon.cell(0, 0)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, mean_square, _ = operands
        return [Number(x.cell(i, j)), " / √(", Number(mean_square.cell(i, 0)), " + ε)"]


class GainBias(Op):
    """Every column times its own gain, plus its own bias where there is one.

    Operands: x (n x m), gain (1 x m), bias (1 x m); result (n x m).
    """

    by_entry = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, *rows = operands
        check(len(rows) in (1, 2) and all(row.shape == (1, x.shape[1]) for row in rows), self, *operands)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, gain, *bias = operands
        return plus(x * gain, bias[0]) if bias else x * gain

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        x, gain, *bias = operands
        return (
            gain_bias(upstream, gain),
            gain_gradient(upstream, x, gain),
            *(column_sums(upstream, b) for b in bias),
        )

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, gain, *bias = operands
        return f"{x.cell(i, j)}*{gain.cell(0, j)}" + "".join(f"+{row.cell(0, j)}" for row in bias)

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, gain, *bias = operands
        added = [piece for row in bias for piece in (" + ", Number(row.cell(0, j)))]
        return [Number(x.cell(i, j)), "×", Number(gain.cell(0, j)), *added]


class GainGradient(Op):
    """The gradient of a gain: the sum of each column of gradient times entry.

    Operands: the gradient and x (n x m), and the gain (1 x m), which lends its labels, and its leading
    axes: others are summed over. Result (1 x m).
    """

    collects = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        upstream, x, gain = operands
        check(upstream.shape == x.shape and gain.shape == (1, x.shape[1]), self, *operands)
        return gain.rows, gain.columns

    def value(self, *operands: Array) -> Array:
        upstream, x, gain = operands
        if gain.ndim == 2 and upstream.shape == x.shape:  # one sum for the whole batch
            width = x.shape[-1]
            return np.asarray(np.einsum("ij,ij->j", upstream.reshape(-1, width), x.reshape(-1, width))[None])
        return collected(np.einsum("...ij,...ij->...j", upstream, x)[..., None, :], gain)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        upstream, x, _ = operands
        return f"SUMPRODUCT({upstream.column(j)},{x.column(j)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        upstream, x, _ = operands
        terms: list[Pieces] = [[Number(upstream.cell(k, j)), "×", Number(x.cell(k, j))] for k in range(x.shape[0])]
        return joined(terms, " + ")


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
