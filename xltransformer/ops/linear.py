"""Products, transposes, scalings, and matrices cut and put together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from xltransformer.graph import Array, Axis, Matrix
from xltransformer.ops.base import (
    STOP,
    Contributions,
    Coordinate,
    Index,
    Number,
    Op,
    Pieces,
    Ref,
    Span,
    check,
    collected,
    joined,
    side_by_side,
)
from xltransformer.record import record


class Copy(Op):
    """The same matrix under another name: Q = X."""

    signature = "n m -> n m"
    formula = "{a}"
    by_entry = True
    moves = True

    def value(self, a: Array) -> Array:
        return a

    def gradient(self, upstream: Matrix, result: Matrix, a: Matrix) -> Contributions:
        return (upstream,)


class Transpose(Op):
    """Rows become columns."""

    signature = "n m -> m n"
    formula = "{a}"
    moves = True

    def value(self, a: Array) -> Array:
        return np.swapaxes(a, -1, -2)

    def gradient(self, upstream: Matrix, result: Matrix, a: Matrix) -> Contributions:
        return (transpose(upstream),)


def product(a: Array, b: Array) -> Array:
    """The matrix product, summed from left to right as a spreadsheet sums, so that both round alike;
    with leading axes in the order that is fastest."""
    if a.ndim > 2 and b.ndim == 2:
        return (a.reshape(-1, a.shape[-1]) @ b).reshape(*a.shape[:-1], b.shape[1])
    if (
        a.ndim == b.ndim > 2 and b.shape[-3] == 1 < a.shape[-3]
    ):  # one factor for a batch: one product of all its rows
        whole = a.reshape(*a.shape[:-3], -1, a.shape[-1]) @ b[..., 0, :, :]
        return np.asarray(whole.reshape(*whole.shape[:-2], *a.shape[-3:-1], b.shape[-1]))
    if a.ndim > 2 or b.ndim > 2:
        return np.asarray(a @ b)
    total = np.zeros((a.shape[0], b.shape[1]), np.result_type(a, b))
    for k in range(a.shape[1]):
        total += np.outer(a[:, k], b[k])
    return total


def row_sums(x: Array) -> Array:
    """The sum of each row, (…, n x m) to (…, n x 1); of a batch by a product, which is faster."""
    if x.ndim == 2:
        return np.asarray(np.sum(x, axis=-1, keepdims=True))
    return product(x, np.ones((x.shape[-1], 1), x.dtype))


def plus(result: Array, row: Array) -> Array:
    """A new array with a row added to every row, in its own memory where it has room for that."""
    if row.ndim == 2 and np.result_type(result, row) == result.dtype:
        result += row
        return result
    return np.asarray(result + row)


def product_cell(i: Coordinate, j: Coordinate, a: Ref, b: Ref, width: Coordinate | None = None) -> str:
    """Row i of `a` times column j of `b`, or the first `width` entries of both."""
    terms = a.shape[1] if width is None else width
    if terms > a.spelled_out:
        return f"SUMPRODUCT({mmult(a, a.row(i, width), b, b.column(j, width))})"
    return "+".join(f"{a.cell(i, k)}*{b.cell(k, j)}" for k in range(terms))


def product_row(i: int, a: Ref, b: Ref, *bias: Ref) -> str:
    """Row i of `a` times `b`, plus a bias where there is one, as an array."""
    return mmult(a, a.row(i), b, b.part()) + "".join(f"+{row.row(0)}" for row in bias)


def mmult(a: Ref, of_a: str, b: Ref, of_b: str) -> str:
    """The product of a range of `a` and one of `b`. MMULT takes no empty cell, and what is typed can be
    emptied: + 0 makes it 0."""
    return f"MMULT({of_a}{'+0' * a.typed},{of_b}{'+0' * b.typed})"


def products(cells: Iterable[tuple[str, str]]) -> Pieces:
    """The sum of the products of two cells each, in numbers."""
    return joined(([Number(a), "×", Number(b)] for a, b in cells), " + ")


class MatMul(Op):
    """Matrix product: each cell is a row of the left operand times a column of the right one."""

    signature = "n k, k m -> n m"
    crosswise = True

    def value(self, a: Array, b: Array) -> Array:
        return product(a, b)

    def gradient(self, upstream: Matrix, result: Matrix, a: Matrix, b: Matrix) -> Contributions:
        return row_products(upstream, b), transposed_matmul(a, upstream, b)

    def cell(self, i: Coordinate, j: Coordinate, a: Ref, b: Ref) -> str:
        return product_cell(i, j, a, b)

    def row(self, i: int, a: Ref, b: Ref) -> list[Span]:
        return [(0, b.shape[1], product_row(i, a, b))]

    def worked(self, i: Index, j: Index, a: Ref, b: Ref) -> Pieces:
        return products((a.cell(i, k), b.cell(k, j)) for k in range(a.shape[1]))


class Affine(Op):
    """Matrix product plus a bias, a W + b."""

    signature = "n k, k m, 1 m -> n m"
    crosswise = True

    def value(self, a: Array, weights: Array, bias: Array) -> Array:
        return plus(product(a, weights), bias)

    def gradient(
        self, upstream: Matrix, result: Matrix, a: Matrix, weights: Matrix, bias: Matrix
    ) -> Contributions:
        return (
            row_products(upstream, weights),
            transposed_matmul(a, upstream, weights),
            column_sums(upstream, bias),
        )

    def cell(self, i: Coordinate, j: Coordinate, a: Ref, weights: Ref, bias: Ref) -> str:
        return f"{product_cell(i, j, a, weights)}+{bias.cell(0, j)}"

    def row(self, i: int, a: Ref, weights: Ref, bias: Ref) -> list[Span]:
        return [(0, weights.shape[1], product_row(i, a, weights, bias))]

    def worked(self, i: Index, j: Index, a: Ref, weights: Ref, bias: Ref) -> Pieces | None:
        return [*matmul.worked(i, j, a, weights), " + ", Number(bias.cell(0, j))]


class RowProducts(Op):
    """Every row of a times every row of b, that is a bᵀ, plus a bias where there is one.

    This is the output layer whose weights are the embeddings themselves ("tied"): Press and Wolf 2017, "Using the
    Output Embedding to Improve Language Models"; Vaswani et al. 2017, section 3.4.
    """

    signature = "n k, m k, [1 m] -> n m"
    turned = (False, True)

    def value(self, a: Array, b: Array, *bias: Array) -> Array:
        result = product(a, np.swapaxes(b, -1, -2))
        return plus(result, bias[0]) if bias else result

    def gradient(self, upstream: Matrix, result: Matrix, a: Matrix, b: Matrix, *bias: Matrix) -> Contributions:
        return (
            matmul(upstream, b),
            transposed_matmul(upstream, a, b),
            *(column_sums(upstream, row) for row in bias),
        )

    def cell(self, i: Coordinate, j: Coordinate, a: Ref, b: Ref, *bias: Ref) -> str:
        if a.shape[1] > a.spelled_out:
            terms = f"SUMPRODUCT({a.row(i)},{b.row(j)})"
        else:
            terms = "+".join(f"{a.cell(i, k)}*{b.cell(j, k)}" for k in range(a.shape[1]))
        return terms + "".join(f"+{c.cell(0, j)}" for c in bias)

    def row(self, i: int, a: Ref, b: Ref, *bias: Ref) -> list[Span]:
        # Vectors are turned, not the matrix, which may be all the words' embeddings.
        turned = f"TRANSPOSE({mmult(b, b.part(), a, f'TRANSPOSE({a.row(i)})')})"
        return [(0, b.shape[0], turned + "".join(f"+{c.row(0)}" for c in bias))]

    def worked(self, i: Index, j: Index, a: Ref, b: Ref, *bias: Ref) -> Pieces | None:
        total = products((a.cell(i, k), b.cell(j, k)) for k in range(a.shape[1]))
        return [*total, *(piece for c in bias for piece in (" + ", Number(c.cell(0, j))))]


class TransposedMatmul(Op):
    """Every column of a times every column of b, that is aᵀ b: the gradient of the weights between a and what
    b passes back.

    The third operand is what the result is the gradient of. Leading axes that it lacks are summed over,
    for weights serve every sentence.
    """

    signature = "n k, n m, k m -> k m"
    collects = True
    turned = (True, False)

    def value(self, a: Array, b: Array, like: Array) -> Array:
        if like.ndim == 2 and a.ndim > 2 and a.shape[:-1] == b.shape[:-1]:  # one product for the whole batch
            return a.reshape(-1, a.shape[-1]).T @ b.reshape(-1, b.shape[-1])
        return collected(product(np.swapaxes(a, -1, -2), b), like)

    def cell(self, i: Coordinate, j: Coordinate, a: Ref, b: Ref, like: Ref) -> str:
        if a.shape[0] > a.spelled_out:
            return f"SUMPRODUCT({a.column(i)},{b.column(j)})"
        return "+".join(f"{a.cell(k, i)}*{b.cell(k, j)}" for k in range(a.shape[0]))

    def worked(self, i: Index, j: Index, a: Ref, b: Ref, like: Ref) -> Pieces | None:
        return products((a.cell(k, i), b.cell(k, j)) for k in range(a.shape[0]))


class ColumnSums(Op):
    """The sum of each column: the gradient of a bias or of a row that is repeated.

    The second operand is that bias or row. It lends its leading axes: others are summed over.
    """

    signature = "n m, 1 m -> 1 m"
    formula = "SUM({x})"
    collects = True

    def value(self, x: Array, like: Array) -> Array:
        if like.ndim == 2 < x.ndim:
            x = x.reshape(-1, x.shape[-1])
            return np.ones((1, len(x)), x.dtype) @ x  # faster than a sum
        return collected(x.sum(axis=-2, keepdims=True), like)

    def worked(self, i: Index, j: Index, x: Ref, like: Ref) -> Pieces | None:
        return joined(([Number(x.cell(k, j))] for k in range(x.shape[0])), " + ")


class Total(Op):
    """The gradient of a block as the sum of all contributions to it, where it is used several times.

    Operands: the block (n x m), which lends its shape and labels, then the contributions, each
    (n x m), or one column (n x 1) or one number (1 x 1) that counts for every column or entry.
    """

    collects = True

    def axes(self, block: Matrix, *parts: Matrix) -> tuple[Axis, Axis]:
        rows = block.shape[0]
        check(all(p.shape in (block.shape, (rows, 1), (1, 1)) for p in parts), self, block, *parts)
        return block.rows, block.columns

    def value(self, block: Array, *parts: Array) -> Array:
        total = sum(parts[1:], parts[0])
        if total.shape[-2:] != block.shape[-2:]:
            total = np.broadcast_to(total, total.shape[:-2] + block.shape[-2:])
        return collected(total, block)

    def only_moves(self, *operands: Matrix) -> bool:
        block, *parts = operands
        return len(parts) == 1 and parts[0].shape[0] >= block.shape[0]

    def cell(self, i: Coordinate, j: Coordinate, block: Ref, *parts: Ref) -> str:
        return "+".join(part.cell(*self._at(part, i, j)) for part in parts)

    def worked(self, i: Index, j: Index, block: Ref, *parts: Ref) -> Pieces | None:
        if len(parts) == 1:
            return None
        return joined(([Number(part.cell(*self._at(part, i, j)))] for part in parts), " + ")

    @staticmethod
    def _at(part: Ref, i: Index, j: Index) -> tuple[Index, Index]:
        rows, columns = part.shape
        return 0 if rows == 1 else i, 0 if columns == 1 else j


class RootWidth(Op):
    """The square root of the width of the keys, or 1 where the switch is off (0).

    Operands: the keys, and a switch where there is one.
    Vaswani et al. 2017, "Attention Is All You Need", equation 1: scores are divided by it.
    """

    signature = "n k, [1 1] -> 1 1"
    scale = "plain"
    constant = True

    def value(self, keys: Array, *switch: Array) -> Array:
        root = np.full((1, 1), np.sqrt(keys.shape[-1]), keys.dtype)
        return np.where(switch[0] != 0, root, 1.0) if switch else root

    def cell(self, i: Coordinate, j: Coordinate, keys: Ref, *switch: Ref) -> str:
        root = f"SQRT(COLUMNS({keys.row(0)}))"
        return f"IF({switch[0].cell(0, 0)}=0,1,{root})" if switch else root


class Divide(Op):
    """Every entry divided by one number."""

    signature = "n m, 1 1 -> n m"
    formula = "{a}/{divisor}"
    in_numbers = "{a} / {divisor}"
    by_entry = True

    def value(self, a: Array, divisor: Array) -> Array:
        return a / divisor

    def gradient(self, upstream: Matrix, result: Matrix, a: Matrix, divisor: Matrix) -> Contributions:
        return divide(upstream, divisor), STOP


class Times(Op):
    """Every entry times one number."""

    signature = "n m, 1 1 -> n m"
    formula = "{a}*{factor}"
    in_numbers = "{a}×{factor}"
    by_entry = True

    def value(self, a: Array, factor: Array) -> Array:
        return np.asarray(a * factor)

    def gradient(self, upstream: Matrix, result: Matrix, a: Matrix, factor: Matrix) -> Contributions:
        return times(upstream, factor), STOP


class Concatenate(Op):
    """Matrices side by side, Concat(head_1, …, head_h): (n x m_1) … (n x m_h) give (n x m_1 + … + m_h).

    Vaswani et al. 2017, section 3.2.2.
    """

    moves = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        check(all(m.shape[0] == operands[0].shape[0] for m in operands), self, *operands)
        if any(m.columns.source is not None for m in operands):
            return operands[0].rows, Axis.numbered("", sum(m.shape[1] for m in operands))
        return operands[0].rows, Axis.fixed([label for m in operands for label in m.columns.labels])

    def value(self, *operands: Array) -> Array:
        return side_by_side(operands, -1)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        starts = np.cumsum([0, *(m.shape[1] for m in operands)])
        return tuple(Columns(int(start))(upstream, m) for start, m in zip(starts, operands, strict=False))

    def cell(self, i: Coordinate, j: Coordinate, *operands: Ref) -> str:
        for operand in operands:
            if j < operand.shape[1]:
                return operand.cell(i, j)
            j -= operand.shape[1]
        raise IndexError(j)

    def row(self, i: int, *operands: Ref) -> list[Span]:
        starts = np.cumsum([0, *(operand.shape[1] for operand in operands)]).tolist()
        return [(start, m.shape[1], m.row(i)) for start, m in zip(starts, operands, strict=False)]


@record
class Columns(Op):
    """Some columns by themselves, from `start` (counted from 0) as many as the second operand has."""

    signature = "n k, n m -> n m"

    start: int
    moves = True

    def fits(self, x: Matrix, like: Matrix) -> bool:
        return self.start + like.shape[1] <= x.shape[1]

    def value(self, x: Array, like: Array) -> Array:
        return x[..., self.start : self.start + like.shape[-1]]

    def cell(self, i: Coordinate, j: Coordinate, x: Ref, like: Ref) -> str:
        return x.cell(i, self.start + j)


@record
class PlaceRows(Op):
    """Rows put back where they were taken from, from row `start` (counted from 0) of the second operand; 0
    elsewhere.

    That operand lends its leading axes: others are summed over.
    """

    signature = "n m, p m -> p m"

    start: int = 0
    collects = True
    moves = True

    def fits(self, rows: Matrix, like: Matrix) -> bool:
        return self.start + rows.shape[0] <= like.shape[0]

    def value(self, rows: Array, like: Array) -> Array:
        rows = collected(rows, like)
        placed = np.zeros((*rows.shape[:-2], *like.shape[-2:]), rows.dtype)
        placed[..., self.start : self.start + rows.shape[-2], :] = rows
        return placed

    def cell(self, i: Coordinate, j: Coordinate, rows: Ref, like: Ref) -> str:
        at = i - self.start
        return rows.cell(at, j) if 0 <= at < rows.shape[0] else "0"


@record
class Row(Op):
    """One row by itself, counted from 0."""

    signature = "n m -> 1 m"

    index: int
    moves = True

    def fits(self, x: Matrix) -> bool:
        return 0 <= self.index < x.shape[0]

    def value(self, x: Array) -> Array:
        return x[..., self.index : self.index + 1, :]

    def gradient(self, upstream: Matrix, result: Matrix, x: Matrix) -> Contributions:
        return (PlaceRows(self.index)(upstream, x),)

    def cell(self, i: Coordinate, j: Coordinate, x: Ref) -> str:
        return x.cell(self.index, j)


class StackRows(Op):
    """Rows below one another, one for each row of the first operand, which lends its row labels, not its
    values."""

    signature = "n k, 1 m, ... -> n m"
    moves = True

    def fits(self, labels: Matrix, *rows: Matrix) -> bool:
        return len(rows) == labels.shape[0]

    def value(self, labels: Array, *rows: Array) -> Array:
        return side_by_side(rows, -2)

    def gradient(self, upstream: Matrix, result: Matrix, labels: Matrix, *rows: Matrix) -> Contributions:
        return None, *(Row(k)(upstream) for k in range(len(rows)))

    def cell(self, i: Coordinate, j: Coordinate, labels: Ref, *rows: Ref) -> str:
        return rows[i].cell(0, j)


@record
class Repeat(Op):
    """One row, `count` times below itself, the copies counted from 0: (1 x d) to (count x d)."""

    count: int
    moves = True

    def axes(self, row: Matrix) -> tuple[Axis, Axis]:
        check(row.shape[0] == 1, self, row)
        return Axis.fixed([str(k) for k in range(self.count)]), row.columns

    def value(self, row: Array) -> Array:
        return np.repeat(row, self.count, axis=-2)

    def gradient(self, upstream: Matrix, result: Matrix, row: Matrix) -> Contributions:
        return (column_sums(upstream, row),)

    def cell(self, i: Coordinate, j: Coordinate, row: Ref) -> str:
        return row.cell(0, j)


class FirstRows(Op):
    """As many of a table's first rows as another matrix has, which lends its row labels, not its values.

    The rows of the learned positions for n words: Radford et al. 2019, Devlin et al. 2019.
    """

    signature = "p d, n m -> n d"
    moves = True

    def fits(self, table: Matrix, like: Matrix) -> bool:
        return table.shape[0] >= like.shape[0]

    def value(self, table: Array, like: Array) -> Array:
        return table[..., : like.shape[-2], :]

    def gradient(self, upstream: Matrix, result: Matrix, table: Matrix, like: Matrix) -> Contributions:
        return PlaceRows()(upstream, table), None

    def cell(self, i: Coordinate, j: Coordinate, table: Ref, like: Ref) -> str:
        return table.cell(i, j)


@record
class RowDiagonal(Op):
    """One row, counted from 0, on the diagonal of a square, 0 elsewhere."""

    signature = "n m -> m m"

    index: int
    no_gradient = "it is itself part of a derivative, and no loss is made of it"
    moves = True

    def fits(self, x: Matrix) -> bool:
        return 0 <= self.index < x.shape[0]

    def value(self, x: Array) -> Array:
        row = x[..., self.index, :, None]
        return np.asarray(row * np.eye(row.shape[-2], dtype=row.dtype))

    def cell(self, i: Coordinate, j: Coordinate, x: Ref) -> str:
        return x.cell(self.index, i) if i == j else "0"


@record
class ScaleRows(Op):
    """Row i of a matrix times the i-th entry of one row, counted from 0, of another."""

    signature = "m k, n m -> m k"

    index: int
    no_gradient = "it is itself part of a derivative, and no loss is made of it"

    def fits(self, x: Matrix, factors: Matrix) -> bool:
        return 0 <= self.index < factors.shape[0]

    def value(self, x: Array, factors: Array) -> Array:
        return np.asarray(x * factors[..., self.index, :, None])

    def cell(self, i: Coordinate, j: Coordinate, x: Ref, factors: Ref) -> str:
        return f"{x.cell(i, j)}*{factors.cell(self.index, i)}"

    def worked(self, i: Index, j: Index, x: Ref, factors: Ref) -> Pieces | None:
        return [Number(x.cell(i, j)), "×", Number(factors.cell(self.index, i))]


times = Times()
copy = Copy()
first_rows = FirstRows()
transpose = Transpose()
matmul = MatMul()
affine = Affine()
row_products = RowProducts()
transposed_matmul = TransposedMatmul()
column_sums = ColumnSums()
total = Total()
root_width = RootWidth()
divide = Divide()
concatenate = Concatenate()
stack_rows = StackRows()
