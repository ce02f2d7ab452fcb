"""Products, transposes, scalings, and matrices cut and put together."""

from __future__ import annotations

import numpy as np

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import (
    STOP,
    Contributions,
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

    by_entry = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (a,) = operands
        return a.rows, a.columns

    def value(self, *operands: Array) -> Array:
        return operands[0]

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return (upstream,)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return operands[0].cell(i, j)


class Transpose(Op):
    """Rows become columns: (n x m) to (m x n)."""

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (a,) = operands
        return a.columns, a.rows

    def value(self, *operands: Array) -> Array:
        return np.swapaxes(operands[0], -1, -2)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return (transpose(upstream),)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return operands[0].cell(j, i)


def product(a: Array, b: Array) -> Array:
    """The matrix product, summed from left to right as a spreadsheet sums, so that both round alike;
    with leading axes in the order that is fastest."""
    if a.ndim > 2 and b.ndim == 2:
        return (a.reshape(-1, a.shape[-1]) @ b).reshape(*a.shape[:-1], b.shape[1])
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


def product_cell(i: int, j: int, a: Ref, b: Ref, width: int | None = None) -> str:
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


def product_worked(i: Index, j: Index, a: Ref, b: Ref) -> Pieces:
    """Row i of `a` times column j of `b`, in numbers."""
    terms = (_term(a.cell(i, k), b.cell(k, j)) for k in range(a.shape[1]))
    return joined(terms, " + ")


def _term(a: str, b: str) -> Pieces:
    return [Number(a), "×", Number(b)]


class MatMul(Op):
    """Matrix product (n x k) (k x m) = (n x m): each cell is a row of the left operand times a
    column of the right one."""

    crosswise = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        a, b = operands
        check(a.shape[1] == b.shape[0], self, a, b)
        return a.rows, b.columns

    def value(self, *operands: Array) -> Array:
        return product(*operands)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        a, b = operands
        return row_products(upstream, b), transposed_matmul(a, upstream, b)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        a, b = operands
        return product_cell(i, j, a, b)

    def row(self, i: int, *operands: Ref) -> list[Span]:
        return [(0, operands[1].shape[1], product_row(i, *operands))]

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        a, b = operands
        return product_worked(i, j, a, b)


class Affine(Op):
    """Matrix product plus a bias, a W + b: (n x k) (k x m) + (1 x m) = (n x m)."""

    crosswise = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        a, weights, bias = operands
        check(a.shape[1] == weights.shape[0] and bias.shape == (1, weights.shape[1]), self, *operands)
        return a.rows, weights.columns

    def value(self, *operands: Array) -> Array:
        a, weights, bias = operands
        return plus(product(a, weights), bias)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        a, weights, bias = operands
        return (
            row_products(upstream, weights),
            transposed_matmul(a, upstream, weights),
            column_sums(upstream, bias),
        )

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        a, weights, bias = operands
        return f"{product_cell(i, j, a, weights)}+{bias.cell(0, j)}"

    def row(self, i: int, *operands: Ref) -> list[Span]:
        return [(0, operands[1].shape[1], product_row(i, *operands))]

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        a, weights, bias = operands
        return [*product_worked(i, j, a, weights), " + ", Number(bias.cell(0, j))]


class RowProducts(Op):
    """Every row of a times every row of b, that is a bᵀ: (n x k) and (m x k) give (n x m).

    With a third operand, a bias (1 x m), that is added. This is the output layer whose weights are
    the embeddings themselves ("tied"): Press and Wolf 2017, "Using the Output Embedding to Improve
    Language Models"; Vaswani et al. 2017, section 3.4.
    """

    turned = (False, True)

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        a, b, *bias = operands
        check(a.shape[1] == b.shape[1] and all(c.shape == (1, b.shape[0]) for c in bias), self, *operands)
        return a.rows, b.rows

    def value(self, *operands: Array) -> Array:
        a, b, *bias = operands
        result = product(a, np.swapaxes(b, -1, -2))
        return plus(result, bias[0]) if bias else result

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        a, b, *bias = operands
        return (
            matmul(upstream, b),
            transposed_matmul(upstream, a, b),
            *(column_sums(upstream, row) for row in bias),
        )

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        a, b, *bias = operands
        if a.shape[1] > a.spelled_out:
            terms = f"SUMPRODUCT({a.row(i)},{b.row(j)})"
        else:
            terms = "+".join(f"{a.cell(i, k)}*{b.cell(j, k)}" for k in range(a.shape[1]))
        return terms + "".join(f"+{c.cell(0, j)}" for c in bias)

    def row(self, i: int, *operands: Ref) -> list[Span]:
        a, b, *bias = operands
        # Vectors are turned, not the matrix, which may be all the words' embeddings.
        turned = f"TRANSPOSE({mmult(b, b.part(), a, f'TRANSPOSE({a.row(i)})')})"
        return [(0, b.shape[0], turned + "".join(f"+{c.row(0)}" for c in bias))]

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        a, b, *bias = operands
        terms = (_term(a.cell(i, k), b.cell(j, k)) for k in range(a.shape[1]))
        return [*joined(terms, " + "), *(piece for c in bias for piece in (" + ", Number(c.cell(0, j))))]


class TransposedMatmul(Op):
    """Every column of a times every column of b, that is aᵀ b: (n x k) and (n x m) give (k x m), the
    gradient of the weights between a and what b passes back.

    The third operand (k x m) lends its labels: it is what the result is the gradient of. Leading
    axes that it lacks are summed over, for weights serve every sentence.
    """

    collects = True
    turned = (True, False)

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        a, b, like = operands
        check(a.shape[0] == b.shape[0] and like.shape == (a.shape[1], b.shape[1]), self, *operands)
        return like.rows, like.columns

    def value(self, *operands: Array) -> Array:
        a, b, like = operands
        if like.ndim == 2 and a.ndim > 2 and a.shape[:-1] == b.shape[:-1]:  # one product for the whole batch
            return a.reshape(-1, a.shape[-1]).T @ b.reshape(-1, b.shape[-1])
        return collected(product(np.swapaxes(a, -1, -2), b), like)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        a, b, _ = operands
        if a.shape[0] > a.spelled_out:
            return f"SUMPRODUCT({a.column(i)},{b.column(j)})"
        return "+".join(f"{a.cell(k, i)}*{b.cell(k, j)}" for k in range(a.shape[0]))

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        a, b, _ = operands
        terms: list[Pieces] = [[Number(a.cell(k, i)), "×", Number(b.cell(k, j))] for k in range(a.shape[0])]
        return joined(terms, " + ")


class ColumnSums(Op):
    """The sum of each column, (n x m) to (1 x m): the gradient of a bias or of a row that is repeated.

    The second operand (1 x m) lends its labels, and its leading axes: others are summed over.
    """

    collects = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, like = operands
        check(like.shape == (1, x.shape[1]), self, x, like)
        return like.rows, like.columns

    def value(self, *operands: Array) -> Array:
        x, like = operands
        if like.ndim == 2 < x.ndim:
            x = x.reshape(-1, x.shape[-1])
            return np.ones((1, len(x)), x.dtype) @ x  # faster than a sum
        return collected(x.sum(axis=-2, keepdims=True), like)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return f"SUM({operands[0].column(j)})"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x = operands[0]
        return joined(([Number(x.cell(k, j))] for k in range(x.shape[0])), " + ")


class Total(Op):
    """The gradient of a block as the sum of all contributions to it, where it is used several times.

    Operands: the block (n x m), which lends its shape and labels, then the contributions, each
    (n x m), or one column (n x 1) or one number (1 x 1) that counts for every column or entry.
    """

    collects = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        block, *parts = operands
        rows = block.shape[0]
        check(all(p.shape in (block.shape, (rows, 1), (1, 1)) for p in parts), self, *operands)
        return block.rows, block.columns

    def value(self, *operands: Array) -> Array:
        block, *parts = operands
        total: Array = parts[0]
        if len(parts) > 1:
            total = parts[0] + parts[1]
            for part in parts[2:]:
                total = total + part
        if total.shape[-2:] != block.shape[-2:]:
            total = np.broadcast_to(total, total.shape[:-2] + block.shape[-2:])
        return collected(total, block)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return "+".join(part.cell(*self._at(part, i, j)) for part in operands[1:])

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        if len(operands) == 2:
            return None
        return joined(([Number(part.cell(*self._at(part, i, j)))] for part in operands[1:]), " + ")

    @staticmethod
    def _at(part: Ref, i: Index, j: Index) -> tuple[Index, Index]:
        rows, columns = part.shape
        return 0 if rows == 1 else i, 0 if columns == 1 else j


class RootWidth(Op):
    """The square root of the width of the keys, (1 x 1), or 1 where the switch is off (0).

    Operands: the keys (m x d_k), and a switch (1 x 1) where there is one.
    Vaswani et al. 2017, "Attention Is All You Need", equation 1: scores are divided by it.
    """

    scale = "plain"
    constant = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        _, *switch = operands
        check(all(s.shape == (1, 1) for s in switch), self, *operands)
        return ONE, ONE

    def value(self, *operands: Array) -> Array:
        keys, *switch = operands
        root = np.full((1, 1), np.sqrt(keys.shape[-1]), keys.dtype)
        return np.where(switch[0] != 0, root, 1.0) if switch else root

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        keys, *switch = operands
        root = f"SQRT(COLUMNS({keys.row(0)}))"
        return f"IF({switch[0].cell(0, 0)}=0,1,{root})" if switch else root


class Divide(Op):
    """Every entry divided by one number: (n x m) and (1 x 1) give (n x m)."""

    by_entry = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        a, divisor = operands
        check(divisor.shape == (1, 1), self, a, divisor)
        return a.rows, a.columns

    def value(self, *operands: Array) -> Array:
        a, divisor = operands
        return a / divisor

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return divide(upstream, operands[1]), STOP

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        a, divisor = operands
        return f"{a.cell(i, j)}/{divisor.cell(0, 0)}"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        a, divisor = operands
        return [Number(a.cell(i, j)), " / ", Number(divisor.cell(0, 0))]


class Concatenate(Op):
    """Matrices side by side, Concat(head_1, …, head_h): (n x m_1) … (n x m_h) give (n x m_1 + … + m_h).

    Vaswani et al. 2017, section 3.2.2.
    """

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

    def cell(self, i: int, j: int, *operands: Ref) -> str:
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
    """Some columns by themselves, from `start` (counted from 0) as many as the second operand has:
    (n x k) and (n x m) give (n x m)."""

    start: int

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, like = operands
        check(x.shape[0] == like.shape[0] and self.start + like.shape[1] <= x.shape[1], self, x, like)
        return like.rows, like.columns

    def value(self, *operands: Array) -> Array:
        x, like = operands
        return x[..., self.start : self.start + like.shape[-1]]

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return operands[0].cell(i, self.start + j)


@record
class PlaceRows(Op):
    """Rows put back where they were taken from, 0 elsewhere: (n x m), which stand from row `start`
    (counted from 0) of the second operand, and that operand (p x m) give (p x m).

    The second operand lends its labels, and its leading axes: others are summed over.
    """

    start: int = 0

    collects = True

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        rows, like = operands
        fits = rows.shape[1] == like.shape[1] and self.start + rows.shape[0] <= like.shape[0]
        check(fits, self, rows, like)
        return like.rows, like.columns

    def value(self, *operands: Array) -> Array:
        rows, like = operands
        rows = collected(rows, like)
        placed = np.zeros((*rows.shape[:-2], *like.shape[-2:]), rows.dtype)
        placed[..., self.start : self.start + rows.shape[-2], :] = rows
        return placed

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        at = i - self.start
        return operands[0].cell(at, j) if 0 <= at < operands[0].shape[0] else "0"


@record
class Row(Op):
    """One row by itself, counted from 0: (n x m) to (1 x m)."""

    index: int

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (x,) = operands
        check(0 <= self.index < x.shape[0], self, x)
        return ONE, x.columns

    def value(self, *operands: Array) -> Array:
        return operands[0][..., self.index : self.index + 1, :]

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return (PlaceRows(self.index)(upstream, operands[0]),)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return operands[0].cell(self.index, j)


class StackRows(Op):
    """Rows below one another, under the row labels of the first operand, whose values do not matter.

    Operands: labels (n x k), then n rows (1 x m each); result (n x m).
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        labels, *rows = operands
        check(
            len(rows) == labels.shape[0] and all(r.shape == (1, rows[0].shape[1]) for r in rows), self, *operands
        )
        return labels.rows, rows[0].columns

    def value(self, *operands: Array) -> Array:
        return side_by_side(operands[1:], -2)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return None, *(Row(k)(upstream) for k in range(len(operands) - 1))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return operands[1 + i].cell(0, j)


@record
class Repeat(Op):
    """One row, `count` times below itself, the copies counted from 0: (1 x d) to (count x d)."""

    count: int

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (row,) = operands
        check(row.shape[0] == 1, self, row)
        return Axis.fixed([str(k) for k in range(self.count)]), row.columns

    def value(self, *operands: Array) -> Array:
        return np.repeat(operands[0], self.count, axis=-2)

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return (column_sums(upstream, operands[0]),)

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return operands[0].cell(0, j)


class FirstRows(Op):
    """As many of a table's first rows as another matrix has: (p x d) and (n x m) give (n x d).

    The rows of the learned positions for n words: Radford et al. 2019, Devlin et al. 2019.
    """

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        table, like = operands
        check(table.shape[0] >= like.shape[0], self, table, like)
        return like.rows, table.columns

    def value(self, *operands: Array) -> Array:
        table, like = operands
        return table[..., : like.shape[-2], :]

    def gradient(self, upstream: Matrix, result: Matrix, *operands: Matrix) -> Contributions:
        return PlaceRows()(upstream, operands[0]), None

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return operands[0].cell(i, j)


@record
class RowDiagonal(Op):
    """One row, counted from 0, on the diagonal of a square, 0 elsewhere: (n x m) to (m x m)."""

    index: int

    no_gradient = "it is itself part of a derivative, and no loss is made of it"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        (x,) = operands
        check(0 <= self.index < x.shape[0], self, x)
        return x.columns, x.columns

    def value(self, *operands: Array) -> Array:
        row = operands[0][..., self.index, :, None]
        return np.asarray(row * np.eye(row.shape[-2], dtype=row.dtype))

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        return operands[0].cell(self.index, i) if i == j else "0"


@record
class ScaleRows(Op):
    """Row i of a matrix times the i-th entry of one row, counted from 0, of another:
    (m x k) and (n x m) give (m x k)."""

    index: int

    no_gradient = "it is itself part of a derivative, and no loss is made of it"

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        x, factors = operands
        check(x.shape[0] == factors.shape[1] and 0 <= self.index < factors.shape[0], self, x, factors)
        return x.rows, x.columns

    def value(self, *operands: Array) -> Array:
        x, factors = operands
        return np.asarray(x * factors[..., self.index, :, None])

    def cell(self, i: int, j: int, *operands: Ref) -> str:
        x, factors = operands
        return f"{x.cell(i, j)}*{factors.cell(self.index, i)}"

    def worked(self, i: Index, j: Index, *operands: Ref) -> Pieces | None:
        x, factors = operands
        return [Number(x.cell(i, j)), "×", Number(factors.cell(self.index, i))]


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
