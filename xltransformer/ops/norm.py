"""The steps of layer norm and RMS norm, row by row.

Layer norm: (x - mean) / sqrt(variance + epsilon) * gain + bias, with the population variance.
Ba, Kiros and Hinton 2016, "Layer Normalization", equations 3 and 4. RMS norm: x / sqrt(mean square
+ epsilon) * gain. Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", equation 4.
Means are sums over counts: AVERAGE would leave an emptied cell out instead of taking it for 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import Index, Number, Op, Pieces, Ref, check, joined


@dataclass(frozen=True)
class RowMean(Op):
    """The mean of each row: (n x m) to (n x 1)."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (x,) = operands
        return x.rows, ONE

    def value(self, *operands: Array) -> Array:
        return np.asarray(np.mean(operands[0], axis=1, keepdims=True))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        row = operands[0].row(i)
        return f"SUM({row})/COLUMNS({row})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        (x,) = operands
        terms: list[Pieces] = [[Number(x.cell(i, k))] for k in range(x.shape[1])]
        return ["(", *joined(terms, " + "), f") / {x.shape[1]}"]


@dataclass(frozen=True)
class RowVariance(Op):
    """The mean squared distance of each row's entries from their mean (population variance).

    Operands: x (n x m), mean (n x 1); result (n x 1).
    """

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, mean = operands
        check(mean.shape == (x.shape[0], 1), self, x, mean)
        return x.rows, ONE

    def value(self, *operands: Array) -> Array:
        x, mean = operands
        return np.asarray(np.mean((x - mean) ** 2, axis=1, keepdims=True))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, mean = operands
        return f"SUMPRODUCT(({x.row(i)}-{mean.cell(i, 0)})^2)/COLUMNS({x.row(i)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, mean = operands
        terms: list[Pieces] = [
            ["(", Number(x.cell(i, k)), " − ", Number(mean.cell(i, 0)), ")²"] for k in range(x.shape[1])
        ]
        return ["(", *joined(terms, " + "), f") / {x.shape[1]}"]


@dataclass(frozen=True)
class NormaliseRows(Op):
    """(x - mean) / sqrt(variance + epsilon).

    Operands: x (n x m), mean (n x 1), variance (n x 1), epsilon (1 x 1); result (n x m).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, mean, variance, epsilon = operands
        fits = mean.shape == variance.shape == (x.shape[0], 1)
        check(fits and epsilon.shape == (1, 1), self, *operands)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, mean, variance, epsilon = operands
        return np.asarray((x - mean) / np.sqrt(variance + epsilon))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, mean, variance, epsilon = operands
        return f"({x.cell(i, j)}-{mean.cell(i, 0)})/SQRT({variance.cell(i, 0)}+{epsilon.cell(0, 0)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, mean, variance, _ = operands
        numbers = Number(x.cell(i, j)), Number(mean.cell(i, 0)), Number(variance.cell(i, 0))
        return ["(", numbers[0], " − ", numbers[1], ") / √(", numbers[2], " + ε)"]


@dataclass(frozen=True)
class MeanSquare(Op):
    """The mean of the squares of each row: (n x m) to (n x 1)."""

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (x,) = operands
        return x.rows, ONE

    def value(self, *operands: Array) -> Array:
        return np.asarray(np.mean(operands[0] ** 2, axis=1, keepdims=True))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        row = operands[0].row(i)
        return f"SUMSQ({row})/COLUMNS({row})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        (x,) = operands
        terms: list[Pieces] = [["(", Number(x.cell(i, k)), ")²"] for k in range(x.shape[1])]
        return ["(", *joined(terms, " + "), f") / {x.shape[1]}"]


@dataclass(frozen=True)
class RmsNormaliseRows(Op):
    """x / sqrt(mean square + epsilon).

    Operands: x (n x m), mean square (n x 1), epsilon (1 x 1); result (n x m).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, mean_square, epsilon = operands
        check(mean_square.shape == (x.shape[0], 1) and epsilon.shape == (1, 1), self, *operands)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, mean_square, epsilon = operands
        return np.asarray(x / np.sqrt(mean_square + epsilon))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, mean_square, epsilon = operands
        return f"{x.cell(i, j)}/SQRT({mean_square.cell(i, 0)}+{epsilon.cell(0, 0)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, mean_square, _ = operands
        return [Number(x.cell(i, j)), " / √(", Number(mean_square.cell(i, 0)), " + ε)"]


@dataclass(frozen=True)
class GainBias(Op):
    """Every column times its own gain, plus its own bias where there is one.

    Operands: x (n x m), gain (1 x m), bias (1 x m); result (n x m).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, *rows = operands
        check(len(rows) in (1, 2) and all(row.shape == (1, x.shape[1]) for row in rows), self, *operands)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, gain, *bias = operands
        return x * gain + (bias[0] if bias else 0.0)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, gain, *bias = operands
        return f"{x.cell(i, j)}*{gain.cell(0, j)}" + "".join(f"+{row.cell(0, j)}" for row in bias)

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, gain, *bias = operands
        added = [piece for row in bias for piece in (" + ", Number(row.cell(0, j)))]
        return [Number(x.cell(i, j)), "×", Number(gain.cell(0, j)), *added]


row_mean = RowMean()
row_variance = RowVariance()
normalise_rows = NormaliseRows()
mean_square = MeanSquare()
rms_normalise_rows = RmsNormaliseRows()
gain_bias = GainBias()
