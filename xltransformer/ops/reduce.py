"""What is said of each row: the steps of the softmax, and which of its entries are the largest.

The softmax takes four steps: row maximum, exponentials, row sum, quotient.

softmax(x)_j = exp((x_j - max x) / T) / sum_k exp((x_k - max x) / T). Subtracting the maximum
changes nothing in the quotient and keeps the exponentials from overflowing. The steps are shown
one by one because a one-cell softmax needs array entry in some spreadsheets.
"""

from __future__ import annotations

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import STOP, Contributions, Index, Number, Op, Pieces, Ref, check, joined
from xltransformer.ops.elementwise import multiply
from xltransformer.ops.linear import row_sums
from xltransformer.record import record


class RowMax(Op):
    """The largest entry of each row: (n x m) to (n x 1)."""

    scale = "masked"
    no_gradient = "which entry is the largest jumps; a softmax does not depend on it"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        return operands[0].rows, ONE

    def value(self, *operands: Array) -> Array:
        return np.asarray(np.max(operands[0], axis=-1, keepdims=True))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f"MAX({operands[0].row(i)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        (x,) = operands
        terms: list[Pieces] = [[Number(x.cell(i, k), masked=True)] for k in range(x.shape[1])]
        return ["max(", *joined(terms, "; "), ")"]


@record
class ShiftedExp(Op):
    """exp(x - row maximum), and 0 where there is a mask that is not 1.

    Operands: x (n x m), maximum (n x 1), the mask (n x m) if `masked`, and, where there is one,
    the temperature (1 x 1) by which the difference is divided. No gradient is passed to the maximum:
    whatever is subtracted from all of a row cancels in its softmax.
    """

    by_entry = True

    masked: bool

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, maximum, *rest = operands
        masks, temperatures = rest[: self.masked], rest[self.masked :]
        fits = maximum.shape == (x.shape[0], 1) and all(mask.shape == x.shape for mask in masks)
        check(fits and len(masks) == self.masked and all(t.shape == (1, 1) for t in temperatures), self, *operands)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, maximum, *rest = operands
        masks, temperatures = rest[: self.masked], rest[self.masked :]
        exponentials: Array = np.exp((x - maximum) / (temperatures[0] if temperatures else 1.0))
        return np.where(masks[0] == 1, exponentials, 0.0) if masks else exponentials

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        rest = operands[2:]
        return exp_gradient(upstream, result, *rest[self.masked :]), None, *(STOP for _ in rest)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, maximum, *rest = operands
        masks, temperatures = rest[: self.masked], rest[self.masked :]
        shifted = f"{x.cell(i, j)}-{maximum.cell(i, 0)}"
        if temperatures:
            shifted = f"({shifted})/{temperatures[0].cell(0, 0)}"
        return f"IF({masks[0].cell(i, j)}=1,EXP({shifted}),0)" if masks else f"EXP({shifted})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, maximum, *rest = operands
        temperatures = rest[self.masked :]
        score, largest = Number(x.cell(i, j), masked=True), Number(maximum.cell(i, 0), masked=True)
        if not temperatures:
            return ["exp(", score, " − ", largest, ")"]
        return ["exp((", score, " − ", largest, ") / ", Number(temperatures[0].cell(0, 0)), ")"]


class ExpGradient(Op):
    """What passes back through exponentials: the gradient times the exponential itself, divided by the
    temperature where there is one.

    Operands: the gradient and the exponentials (n x m), the temperature (1 x 1); result (n x m).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        upstream, exponentials, *temperature = operands
        fits = upstream.shape == exponentials.shape and all(t.shape == (1, 1) for t in temperature)
        check(fits, self, *operands)
        return exponentials.rows, exponentials.columns

    def value(self, *operands: Array) -> Array:
        upstream, exponentials, *temperature = operands
        result: Array = upstream * exponentials
        return np.asarray(result / temperature[0]) if temperature else result

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return multiply.cell(i, j, *operands[:2]) + "".join(f"/{t.cell(0, 0)}" for t in operands[2:])

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        upstream, exponentials, *temperature = operands
        cooled = [piece for t in temperature for piece in (" / ", Number(t.cell(0, 0)))]
        return [Number(upstream.cell(i, j)), "×", Number(exponentials.cell(i, j)), *cooled]


class RowSum(Op):
    """The sum of each row: (n x m) to (n x 1)."""

    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        return operands[0].rows, ONE

    def value(self, *operands: Array) -> Array:
        return row_sums(operands[0])

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return (upstream,)  # one column, for all of them

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f"SUM({operands[0].row(i)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        (x,) = operands
        return joined(([Number(x.cell(i, k))] for k in range(x.shape[1])), " + ")


class DivideRows(Op):
    """Each row divided by its own number; a row whose number is 0 (an empty slot) stays 0.

    Operands: x (n x m), divisor (n x 1).
    """

    by_entry = True
    scale = "probability"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, divisor = operands
        check(divisor.shape == (x.shape[0], 1), self, x, divisor)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, divisor = operands
        none = divisor == 0
        return np.asarray(np.where(none, 0.0, x) / np.where(none, 1.0, divisor) if none.any() else x / divisor)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return divide_rows(upstream, operands[1]), divisor_gradient(upstream, result, operands[1])

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, divisor = operands
        return f"IF({divisor.cell(i, 0)}=0,0,{x.cell(i, j)}/{divisor.cell(i, 0)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, divisor = operands
        return [Number(x.cell(i, j)), " / ", Number(divisor.cell(i, 0))]


class DivisorGradient(Op):
    """What passes back to the divisor of each row: minus the sum of gradient times quotient, divided
    by the divisor (0 where that is 0).

    Operands: the gradient and the quotients (n x m), the divisor (n x 1); result (n x 1).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        upstream, quotients, divisor = operands
        check(upstream.shape == quotients.shape and divisor.shape == (upstream.shape[0], 1), self, *operands)
        return divisor.rows, divisor.columns

    def value(self, *operands: Array) -> Array:
        upstream, quotients, divisor = operands
        return divide_rows.value(-row_sums(upstream * quotients), divisor)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        upstream, quotients, divisor = operands
        total = f"SUMPRODUCT({upstream.row(i)},{quotients.row(i)})"
        return f"IF({divisor.cell(i, 0)}=0,0,-{total}/{divisor.cell(i, 0)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        upstream, quotients, divisor = operands
        terms: list[Pieces] = [
            [Number(upstream.cell(i, k)), "×", Number(quotients.cell(i, k))] for k in range(upstream.shape[1])
        ]
        return ["−(", *joined(terms, " + "), ") / ", Number(divisor.cell(i, 0))]


class RowArgMax(Op):
    """The position (from 1) of the largest entry of each row, the first where several are as large:
    (n x m) to (n x 1)."""

    scale = "count"
    no_gradient = "a position jumps"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        return operands[0].rows, ONE

    def value(self, *operands: Array) -> Array:
        return np.asarray(np.argmax(operands[0], axis=-1, keepdims=True) + 1.0)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        row = operands[0].row(i)
        return f"MATCH(MAX({row}),{row},0)"


class RowRank(Op):
    """The rank of each entry within its row, 1 for the largest; of equal entries the first ranks
    first, so that every rank occurs once. (n x m) to (n x m)."""

    scale = "count"
    no_gradient = "a rank jumps"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        return operands[0].rows, operands[0].columns

    def value(self, *operands: Array) -> Array:
        order = np.argsort(-operands[0], axis=-1, kind="stable")
        return np.argsort(order, axis=-1, kind="stable") + 1.0

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        (x,) = operands
        own = x.cell(i, j)
        return f"SUMPRODUCT(({x.row(i)}>{own})*1)+SUMPRODUCT(({x.row(i, j + 1)}={own})*1)"


class ColumnOf(Op):
    """In which column (from 1) of each row a number first stands: (n x m) and the numbers (1 x k)
    give (n x k), 0 where it does not. With `RowRank`, where the runners-up stand."""

    scale = "count"
    no_gradient = "a position jumps"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, wanted = operands
        check(wanted.shape[0] == 1, self, x, wanted)
        return x.rows, wanted.columns

    def value(self, *operands: Array) -> Array:
        x, wanted = operands
        hits = x[..., :, :, None] == wanted[..., None, :]
        return np.where(hits.any(axis=-2), np.argmax(hits, axis=-2) + 1.0, 0.0)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, wanted = operands
        return f"IFERROR(MATCH({wanted.cell(0, j)},{x.row(i)},0),0)"


class EntryAt(Op):
    """The entries of each row that stand in the given columns (from 1; 0 gives 0).

    Operands: x (n x m), columns (n x k); result (n x k).
    """

    scale = "probability"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, columns = operands
        check(x.shape[0] == columns.shape[0], self, x, columns)
        return x.rows, columns.columns

    def value(self, *operands: Array) -> Array:
        x, columns = operands
        return taken(x, columns, axis=-1)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return place_entries(upstream, operands[1], operands[0]), STOP

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, columns = operands
        at = columns.cell(i, j)
        # With its row given: Gnumeric takes a single index into a row for a row number.
        return f"IF({at}=0,0,INDEX({x.row(i)},1,{at}))"


class PlaceEntries(Op):
    """Entries put back into the columns they were taken from, 0 elsewhere.

    Operands: the entries and their columns (from 1; 0: nowhere), both (n x k), and the block they were
    taken from (n x m), which lends its shape; result (n x m).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        entries, columns, like = operands
        check(entries.shape == columns.shape and entries.shape[0] == like.shape[0], self, *operands)
        return like.rows, like.columns

    def value(self, *operands: Array) -> Array:
        entries, columns, like = operands
        at = np.arange(1, like.shape[-1] + 1)
        return np.asarray(
            sum(
                np.where(columns[..., k, None] == at, entries[..., k, None], 0.0) for k in range(columns.shape[-1])
            )
        )

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        entries, columns, like = operands
        at = f"COLUMNS({like.row(i, j + 1)})"
        return "+".join(f"IF({columns.cell(i, k)}={at},{entries.cell(i, k)},0)" for k in range(entries.shape[1]))


def taken(x: Array, positions: Array, axis: int) -> Array:
    """The entries along an axis (-1 or -2) at positions that count from 1; 0 gives 0, and NaN (an error in
    a sheet) NaN."""
    at = np.maximum(np.nan_to_num(positions).astype(int) - 1, 0)
    lead = np.broadcast_shapes(x.shape[:-2], at.shape[:-2])
    across = -3 - axis  # the other axis: of one entry where the positions serve all of it
    shape = list(at.shape[-2:])
    if shape[across] == 1:
        shape[across] = x.shape[across]
    at = np.broadcast_to(at, (*lead, *shape))
    found = np.take_along_axis(np.broadcast_to(x, lead + x.shape[-2:]), at, axis=axis)
    return np.where(np.isnan(positions), np.nan, np.where(positions == 0, 0.0, found))


class Norms(Op):
    """The size of each of n matrices, the root of the sum of its squares (Frobenius norm).

    Operands: labels (n x k), whose values do not matter, then n matrices of one shape; result (1 x n).
    """

    no_gradient = "it measures, and no loss is made of it"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        labels, *matrices = operands
        fits = all(m.shape == matrices[0].shape for m in matrices)
        check(len(matrices) == labels.shape[0] and fits, self, *operands)
        return ONE, labels.rows

    def value(self, *operands: Array) -> Array:
        sizes = [np.sqrt(np.sum(m**2, axis=(-2, -1))) for m in operands[1:]]
        return np.stack(np.broadcast_arrays(*sizes), axis=-1)[..., None, :]

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x = operands[1 + j]
        rows, columns = x.shape
        lines = [x.row(k) for k in range(rows)] if rows < columns else [x.column(k) for k in range(columns)]
        return f"SQRT({'+'.join(f'SUMSQ({line})' for line in lines)})"


@record
class Places(Op):
    """1, 2, … up to `count` (no more than there are rows), counted along a column: (n x m) to (1 x count)."""

    count: int

    scale = "count"
    constant = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        return ONE, Axis.numbered("", min(self.count, operands[0].shape[0]))

    def value(self, *operands: Array) -> Array:
        return np.arange(1.0, min(self.count, operands[0].shape[-2]) + 1).reshape(1, -1)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f"ROWS({operands[0].column(0, j + 1)})"


class MeanRows(Op):
    """The mean of those rows of x that a column of flags marks with 1, 0 where there are none: (n x d)
    and (n x 1) give (1 x d)."""

    no_gradient = "a sentence embedding is compared, and no loss is made of it"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, flags = operands
        check(flags.shape == (x.shape[0], 1), self, x, flags)
        return ONE, x.columns

    def value(self, *operands: Array) -> Array:
        x, flags = operands
        total = np.sum(x * flags, axis=-2, keepdims=True)
        return np.asarray(total / np.maximum(np.sum(flags, axis=-2, keepdims=True), 1.0))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, flags = operands
        return f"SUMPRODUCT({x.column(j)},{flags.column(0)})/MAX(SUM({flags.column(0)}),1)"


class RowLength(Op):
    """The length of each row, the root of the sum of its squares: (n x m) to (n x 1)."""

    no_gradient = "a sentence embedding is compared, and no loss is made of it"
    scale = "plain"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        return operands[0].rows, ONE

    def value(self, *operands: Array) -> Array:
        return np.asarray(np.sqrt(np.sum(operands[0] ** 2, axis=-1, keepdims=True)))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f"SQRT(SUMSQ({operands[0].row(i)}))"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        (x,) = operands
        terms: list[Pieces] = [[Number(x.cell(i, k)), "²"] for k in range(x.shape[1])]
        return ["√(", *joined(terms, " + "), ")"]


norms = Norms()
row_max = RowMax()
shifted_exp = ShiftedExp(masked=False)
masked_exp = ShiftedExp(masked=True)
exp_gradient = ExpGradient()
row_sum = RowSum()
divide_rows = DivideRows()
divisor_gradient = DivisorGradient()
place_entries = PlaceEntries()
row_argmax = RowArgMax()
row_rank = RowRank()
column_of = ColumnOf()
entry_at = EntryAt()
mean_rows = MeanRows()
row_length = RowLength()
