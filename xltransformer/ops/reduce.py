"""What is said of each row: the steps of the softmax, and which of its entries are the largest.

The softmax takes four steps: row maximum, exponentials, row sum, quotient.

softmax(x)_j = exp((x_j - max x) / T) / sum_k exp((x_k - max x) / T). Subtracting the maximum
changes nothing in the quotient and keeps the exponentials from overflowing. The steps are shown
one by one because a one-cell softmax needs array entry in some spreadsheets.
"""

from __future__ import annotations

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import STOP, Contributions, Coordinate, Index, Number, Op, Pieces, Ref, joined
from xltransformer.ops.elementwise import multiply
from xltransformer.ops.linear import products, row_sums
from xltransformer.record import record
from xltransformer.sampling import COLDEST


class RowMax(Op):
    """The largest entry of each row."""

    signature = "n m -> n 1"
    formula = "MAX({x})"
    scale = "masked"
    no_gradient = "which entry is the largest jumps; a softmax does not depend on it"
    moves = True

    def value(self, x: Array) -> Array:
        return np.asarray(np.max(x, axis=-1, keepdims=True))

    def worked(self, i: Index, j: Index, x: Ref) -> Pieces | None:
        terms: list[Pieces] = [[Number(x.cell(i, k), masked=True)] for k in range(x.shape[1])]
        return ["max(", *joined(terms, "; "), ")"]


def _warm(temperature: Ref) -> str:
    """The temperature as formulas divide by it."""
    return f"MAX({temperature.cell(0, 0)},{COLDEST:.6f})"


class ShiftedExp(Op):
    """exp(x - row maximum), the difference divided by the temperature where there is one.

    No gradient is passed to the maximum: whatever is subtracted from all of a row cancels in its softmax.
    """

    signature = "n m, n 1, [1 1] -> n m"
    by_entry = True
    scale = "plain"

    def value(self, x: Array, maximum: Array, *temperature: Array) -> Array:
        return np.exp((x - maximum) / (np.maximum(temperature[0], COLDEST) if temperature else 1.0))

    def gradient(
        self, upstream: Matrix, result: Matrix, x: Matrix, maximum: Matrix, *temperature: Matrix
    ) -> Contributions:
        return exp_gradient(upstream, result, *temperature), None, *(STOP for _ in temperature)

    def cell(self, i: Coordinate, j: Coordinate, x: Ref, maximum: Ref, *temperature: Ref) -> str:
        shifted = f"{x.cell(i, j)}-{maximum.cell(i, 0)}"
        return f"EXP(({shifted})/{_warm(temperature[0])})" if temperature else f"EXP({shifted})"

    def worked(self, i: Index, j: Index, x: Ref, maximum: Ref, *temperature: Ref) -> Pieces | None:
        score, largest = Number(x.cell(i, j), masked=True), Number(maximum.cell(i, 0), masked=True)
        if not temperature:
            return ["exp(", score, " − ", largest, ")"]
        return ["exp((", score, " − ", largest, ") / ", Number(temperature[0].cell(0, 0)), ")"]


class MaskedExp(Op):
    """The same, and 0 where the mask is not 1. Operands: x, maximum, mask, and the temperature."""

    signature = "n m, n 1, n m, [1 1] -> n m"
    by_entry = True
    scale = "plain"

    def value(self, x: Array, maximum: Array, mask: Array, *temperature: Array) -> Array:
        return np.where(mask == 1, shifted_exp.value(x, maximum, *temperature), 0.0)

    def gradient(
        self, upstream: Matrix, result: Matrix, x: Matrix, maximum: Matrix, mask: Matrix, *temperature: Matrix
    ) -> Contributions:
        passed, *others = shifted_exp.gradient(upstream, result, x, maximum, *temperature)
        return passed, *others, STOP

    def cell(self, i: Coordinate, j: Coordinate, x: Ref, maximum: Ref, mask: Ref, *temperature: Ref) -> str:
        return f"IF({mask.cell(i, j)}=1,{shifted_exp.cell(i, j, x, maximum, *temperature)},0)"

    def worked(self, i: Index, j: Index, x: Ref, maximum: Ref, mask: Ref, *temperature: Ref) -> Pieces | None:
        return shifted_exp.worked(i, j, x, maximum, *temperature)


class ExpGradient(Op):
    """What passes back through exponentials: the gradient times the exponential itself, divided by the
    temperature where there is one."""

    signature = "n m, n m, [1 1] -> n m"

    def value(self, upstream: Array, exponentials: Array, *temperature: Array) -> Array:
        result: Array = upstream * exponentials
        return np.asarray(result / np.maximum(temperature[0], COLDEST)) if temperature else result

    def cell(self, i: Coordinate, j: Coordinate, upstream: Ref, exponentials: Ref, *temperature: Ref) -> str:
        return multiply.cell(i, j, upstream, exponentials) + "".join(f"/{_warm(t)}" for t in temperature)

    def worked(self, i: Index, j: Index, upstream: Ref, exponentials: Ref, *temperature: Ref) -> Pieces | None:
        cooled = [piece for t in temperature for piece in (" / ", Number(t.cell(0, 0)))]
        return [Number(upstream.cell(i, j)), "×", Number(exponentials.cell(i, j)), *cooled]


class RowSum(Op):
    """The sum of each row."""

    signature = "n m -> n 1"
    formula = "SUM({x})"
    scale = "plain"

    def value(self, x: Array) -> Array:
        return row_sums(x)

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix) -> Contributions:
        return (upstream,)  # one column, for all of them

    def worked(self, i: Index, j: Index, x: Ref) -> Pieces | None:
        return joined(([Number(x.cell(i, k))] for k in range(x.shape[1])), " + ")


class DivideRows(Op):
    """Each row divided by its own number; a row whose number is 0 (an empty slot) stays 0."""

    signature = "n m, n 1 -> n m"
    formula = "IF({divisor}=0,0,{x}/{divisor})"
    in_numbers = "{x} / {divisor}"
    by_entry = True
    scale = "probability"

    def value(self, x: Array, divisor: Array) -> Array:
        none = divisor == 0
        return np.asarray(np.where(none, 0.0, x) / np.where(none, 1.0, divisor) if none.any() else x / divisor)

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix, divisor: Matrix) -> Contributions:
        return divide_rows(upstream, divisor), divisor_gradient(upstream, result, divisor)


class DivisorGradient(Op):
    """What passes back to the divisor of each row: minus the sum of gradient times quotient, divided
    by the divisor (0 where that is 0)."""

    signature = "n m, n m, n 1 -> n 1"
    formula = "IF({divisor}=0,0,-SUMPRODUCT({upstream},{quotients})/{divisor})"

    def value(self, upstream: Array, quotients: Array, divisor: Array) -> Array:
        return divide_rows.value(-row_sums(upstream * quotients), divisor)

    def worked(self, i: Index, j: Index, upstream: Ref, quotients: Ref, divisor: Ref) -> Pieces | None:
        total = products((upstream.cell(i, k), quotients.cell(i, k)) for k in range(upstream.shape[1]))
        return ["−(", *total, ") / ", Number(divisor.cell(i, 0))]


class RowArgMax(Op):
    """The position (from 1) of the largest entry of each row, the first where several are as large."""

    signature = "n m -> n 1"
    formula = "MATCH(MAX({x}),{x},0)"
    scale = "count"
    no_gradient = "a position jumps"

    def value(self, x: Array) -> Array:
        return np.asarray(np.argmax(x, axis=-1, keepdims=True) + 1.0)


@record
class RowRank(Op):
    """The rank of each entry within its row, 1 for the largest; of equal entries the first ranks
    first, so that every rank occurs once.

    Of `shares`, from 0 to 1, cells compare huge multiples: IronCalc takes two numbers for equal that lie less than
    2E-16 apart, as the small shares of a softmax do."""

    signature = "n m -> n m"
    scale = "count"
    no_gradient = "a rank jumps"

    shares: bool = False

    def value(self, x: Array) -> Array:
        order = np.argsort(-x, axis=-1, kind="stable")
        return np.argsort(order, axis=-1, kind="stable") + 1.0

    def cell(self, i: Coordinate, j: Coordinate, x: Ref) -> str:
        times = "*1E+300" if self.shares else ""
        own = f"{x.cell(i, j)}{times}"
        larger, equal = f"{x.row(i)}{times}>{own}", f"{x.row(i, j + 1)}{times}={own}"
        return f"SUMPRODUCT(({larger})*1)+SUMPRODUCT(({equal})*1)"


class ColumnOf(Op):
    """In which column (from 1) of each row each of some numbers first stands, 0 where it does not.
    With `RowRank`, where the runners-up stand."""

    signature = "n m, 1 k -> n k"
    formula = "IFERROR(MATCH({wanted},{x},0),0)"
    scale = "count"
    no_gradient = "a position jumps"

    def value(self, x: Array, wanted: Array) -> Array:
        hits = x[..., :, :, None] == wanted[..., None, :]
        return np.where(hits.any(axis=-2), np.argmax(hits, axis=-2) + 1.0, 0.0)


class EntryAt(Op):
    """The entries of each row that stand in the given columns (from 1; 0 gives 0)."""

    signature = "n m, n k -> n k"
    # With its row given: Gnumeric takes a single index into a row for a row number.
    formula = "IF({columns}=0,0,INDEX({x},1,{columns}))"
    scale = "probability"
    moves = True

    def value(self, x: Array, columns: Array) -> Array:
        return taken(x, columns, axis=-1)

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix, columns: Matrix) -> Contributions:
        return place_entries(upstream, columns, x), STOP


class PlaceEntries(Op):
    """Entries put back into the columns they were taken from, 0 elsewhere.

    Operands: the entries, their columns (from 1; 0: nowhere), and the block they were taken from, which
    lends its shape.
    """

    signature = "n k, n k, n m -> n m"
    moves = True

    def value(self, entries: Array, columns: Array, like: Array) -> Array:
        at = np.arange(1, like.shape[-1] + 1)
        placed = (np.where(columns[..., [k]] == at, entries[..., [k]], 0.0) for k in range(columns.shape[-1]))
        return np.asarray(sum(placed))

    def cell(self, i: Coordinate, j: Coordinate, entries: Ref, columns: Ref, like: Ref) -> str:
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

    Operands: one that lends its n row labels, not its values, then n matrices.
    """

    signature = "n k, a b, ... -> 1 n"
    no_gradient = "it measures, and no loss is made of it"

    def fits(self, labels: Matrix, *matrices: Matrix) -> bool:
        return len(matrices) == labels.shape[0]

    def value(self, labels: Array, *matrices: Array) -> Array:
        sizes = [np.sqrt(np.sum(m**2, axis=(-2, -1))) for m in matrices]
        return np.stack(np.broadcast_arrays(*sizes), axis=-1)[..., None, :]

    def cell(self, i: Coordinate, j: Coordinate, labels: Ref, *matrices: Ref) -> str:
        x = matrices[j]
        rows, columns = x.shape
        lines = [x.row(k) for k in range(rows)] if rows < columns else [x.column(k) for k in range(columns)]
        return f"SQRT({'+'.join(f'SUMSQ({line})' for line in lines)})"


@record
class Places(Op):
    """1, 2, … up to `count` (no more than there are rows), counted along a column: (n x m) to (1 x count)."""

    count: int
    scale = "count"
    constant = True

    def axes(self, x: Matrix) -> tuple[Axis, Axis]:
        return ONE, Axis.numbered("", min(self.count, x.shape[0]))

    def value(self, x: Array) -> Array:
        return np.arange(1.0, min(self.count, x.shape[-2]) + 1).reshape(1, -1)

    def cell(self, i: Coordinate, j: Coordinate, x: Ref) -> str:
        return f"ROWS({x.column(0, j + 1)})"


class MeanRows(Op):
    """The mean of those rows of x that a column of flags marks with 1, 0 where there are none."""

    signature = "n d, n 1 -> 1 d"
    formula = "SUMPRODUCT({x},{flags})/MAX(SUM({flags}),1)"

    def value(self, x: Array, flags: Array) -> Array:
        total = np.sum(x * flags, axis=-2, keepdims=True)
        return np.asarray(total / np.maximum(np.sum(flags, axis=-2, keepdims=True), 1.0))

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix, flags: Matrix) -> Contributions:
        return shared_out(upstream, flags), STOP


class SharedOut(Op):
    """What a mean of rows passes back to each: an equal share of the gradient where the row counts, else 0.

    Operands: the gradient, and the column of flags.
    """

    signature = "1 d, n 1 -> n d"

    def value(self, upstream: Array, flags: Array) -> Array:
        return np.asarray(upstream * flags / np.maximum(np.sum(flags, axis=-2, keepdims=True), 1.0))

    def cell(self, i: Coordinate, j: Coordinate, upstream: Ref, flags: Ref) -> str:
        return f"{upstream.cell(0, j)}*{flags.cell(i, 0)}/MAX(SUM({flags.column(0)}),1)"


class Margin(Op):
    """The first entry of each row less the mean of the others: how much more there is for the first of
    several classes."""

    signature = "n c -> n 1"
    no_gradient = "it is for pictures, and no loss is made of it"

    def fits(self, x: Matrix) -> bool:
        return x.shape[1] > 1

    def value(self, x: Array) -> Array:
        return np.asarray(x[..., :1] - np.mean(x[..., 1:], axis=-1, keepdims=True))

    def cell(self, i: Coordinate, j: Coordinate, x: Ref) -> str:
        first, second, last = (x.cell(i, k) for k in (0, 1, x.shape[1] - 1))
        others = f"AVERAGE({second}:{last.rpartition('!')[2]})" if x.shape[1] > 2 else second
        return f"{first}-{others}"


class RowLength(Op):
    """The length of each row, the root of the sum of its squares."""

    signature = "n m -> n 1"
    formula = "SQRT(SUMSQ({x}))"
    scale = "plain"

    def value(self, x: Array) -> Array:
        return np.asarray(np.sqrt(np.sum(x**2, axis=-1, keepdims=True)))

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix) -> Contributions:
        return (length_gradient(upstream, x, result),)

    def worked(self, i: Index, j: Index, x: Ref) -> Pieces | None:
        terms: list[Pieces] = [[Number(x.cell(i, k)), "²"] for k in range(x.shape[1])]
        return ["√(", *joined(terms, " + "), ")"]


class LengthGradient(Op):
    """What passes back to a row from its length: gradient times row over length (0 where that is 0)."""

    signature = "n 1, n m, n 1 -> n m"
    formula = "IF({length}=0,0,{upstream}*{x}/{length})"
    no_gradient = "second derivatives are not taken"

    def value(self, upstream: Array, x: Array, length: Array) -> Array:
        return divide_rows.value(upstream * x, length)


norms = Norms()
row_max = RowMax()
shifted_exp = ShiftedExp()
masked_exp = MaskedExp()
exp_gradient = ExpGradient()
row_sum = RowSum()
divide_rows = DivideRows()
divisor_gradient = DivisorGradient()
place_entries = PlaceEntries()
row_argmax = RowArgMax()
row_rank = RowRank()
share_rank = RowRank(shares=True)
column_of = ColumnOf()
entry_at = EntryAt()
mean_rows = MeanRows()
shared_out = SharedOut()
margin = Margin()
row_length = RowLength()
length_gradient = LengthGradient()
