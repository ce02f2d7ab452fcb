"""The language in which an operation says the shapes of its operands and of its result."""

from __future__ import annotations

import re

import numpy as np
import pytest

from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops import Coordinate, Op, Ref, Row, affine, concatenate, gain_bias, matmul, row_products
from xltransformer.ops.signature import read


def block(rows: int, columns: int, name: str = "x") -> Matrix:
    return Matrix(Axis.numbered(f"{name}_row", rows), Axis.numbered(f"{name}_column", columns), name=name)


def labels(signature: str, *shapes: tuple[int, int]) -> tuple[str, str] | None:
    """The first label of the result's rows and of its columns; None where the shapes do not fit."""
    axes = read(signature).axes(tuple(block(*shape, name) for shape, name in zip(shapes, "abcd", strict=False)))
    return None if axes is None else (axes[0].labels[0], axes[1].labels[0])


@pytest.mark.parametrize(
    ("signature", "shapes", "expected"),
    [
        ("n m -> n m", [(2, 3)], ("a_row1", "a_column1")),
        ("n m -> m n", [(2, 3)], ("a_column1", "a_row1")),
        ("n m -> m m", [(2, 3)], ("a_column1", "a_column1")),
        ("n m -> n 1", [(2, 3)], ("a_row1", "")),
        ("n m -> 1 1", [(2, 3)], ("", "")),
        ("n k, k m -> n m", [(2, 3), (3, 4)], ("a_row1", "b_column1")),
        # a letter's labels are those of the operand where it comes first
        ("n k, n m, k m -> k m", [(2, 3), (2, 4), (3, 4)], ("a_column1", "b_column1")),
        ("1 1, 1 d -> 1 d", [(1, 1), (1, 4)], ("", "b_column1")),
        # a letter may stand for 1
        ("n k, k m -> n m", [(1, 1), (1, 1)], ("a_row1", "b_column1")),
        ("n m, [1 m] -> n m", [(2, 3)], ("a_row1", "a_column1")),
        ("n m, [1 m] -> n m", [(2, 3), (1, 3)], ("a_row1", "a_column1")),
        ("n m, [1 m], [1 1] -> n m", [(2, 3), (1, 3), (1, 1)], ("a_row1", "a_column1")),
        ("n m, ... -> n m", [(2, 3)], ("a_row1", "a_column1")),
        ("n m, ... -> n m", [(2, 3), (2, 3), (2, 3)], ("a_row1", "a_column1")),
        ("1 1, n m, ... -> n m", [(1, 1), (2, 3), (2, 3)], ("b_row1", "b_column1")),
    ],
)
def test_shapes_that_fit_give_the_axes_of_the_result(
    signature: str, shapes: list[tuple[int, int]], expected: tuple[str, str]
) -> None:
    assert labels(signature, *shapes) == expected


@pytest.mark.parametrize(
    ("signature", "shapes"),
    [
        ("n k, k m -> n m", [(2, 3), (2, 3)]),
        ("n n -> n n", [(2, 3)]),
        ("n 1 -> n 1", [(2, 3)]),
        ("1 n -> 1 n", [(2, 3)]),
        ("n m, n 1 -> n m", [(2, 3), (3, 1)]),
        # too few of them, and too many
        ("n m, 1 m -> n m", [(2, 3)]),
        ("n m, ... -> n m", []),
        ("1 1, n m, ... -> n m", [(1, 1)]),
        ("n m -> n m", [(2, 3), (2, 3)]),
        ("n m, [1 m] -> n m", [(2, 3), (1, 3), (1, 3)]),
        # those that may be left out, or come again, are looked at as well
        ("n m, [1 m] -> n m", [(2, 3), (1, 2)]),
        ("n m, [1 m], [1 1] -> n m", [(2, 3), (1, 3), (1, 3)]),
        ("n m, ... -> n m", [(2, 3), (2, 3), (2, 2)]),
    ],
)
def test_shapes_that_do_not_fit_have_no_axes(signature: str, shapes: list[tuple[int, int]]) -> None:
    assert labels(signature, *shapes) is None


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "n m",
        "n m ->",
        "-> n m",
        "n -> n m",
        "n m k -> n m",
        "n m, n m",
        "n m,n m -> n m",
        "N m -> N m",
        "n 2 -> n 2",
        "n 0 -> n 0",
        "nm km -> nm km",
        "[n m] -> 1 1",
        "... -> 1 1",
        "n m, ..., 1 1 -> n m",
        "n m, [1 m], n m -> n m",
        "n m, [1 m], ... -> n m",
        "n m -> n m, n m",
    ],
)
def test_what_is_no_signature_is_refused(signature: str) -> None:
    with pytest.raises(ValueError, match="is no signature such as"):
        read(signature)


@pytest.mark.parametrize("signature", ["n m -> n k", "n 1 -> m 1", "n 1, [m 1] -> n m"])
def test_the_result_has_only_sizes_that_an_operand_surely_tells(signature: str) -> None:
    with pytest.raises(ValueError, match="no operand tells the size of the result"):
        read(signature)


def test_a_single_row_or_column_of_the_result_has_no_label() -> None:
    axes = read("n m -> 1 m").axes((block(2, 3),))
    assert axes is not None
    assert axes[0] is ONE


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("n m -> n m", [(4, 7)]),
        ("n m -> m n", [(7, 4)]),
        ("n m, n 1, 1 m, [1 1] -> n m", [(4, 7), (4, 0), (0, 7), (0, 0)]),
        # a letter that the result lacks stands for all of its size
        ("n k, k m -> n m", [(4, None), (None, 7)]),
        ("n m -> n 1", [(4, None)]),
        ("n 1, n m -> 1 m", [(None, 0), (None, 7)]),
    ],
)
def test_a_cell_of_the_result_goes_with_these_of_the_operands(
    signature: str, expected: list[tuple[int | None, int | None]]
) -> None:
    assert [read(signature).place(k, 4, 7) for k in range(len(expected))] == expected


@pytest.mark.parametrize(
    ("op", "operands", "message"),
    [
        (matmul, "ab", 'MatMul: shapes do not fit "n k, k m -> n m": a 2x3, layer.b 2x3'),
        (affine, "au", 'Affine: shapes do not fit "n k, k m, 1 m -> n m": a 2x3, unnamed 1x1'),
        (Row(2), "a", 'Row(index=2): shapes do not fit "n m -> 1 m": a 2x3'),
        (concatenate, "au", "Concatenate: shapes do not fit: a 2x3, unnamed 1x1"),  # it has no signature
    ],
)
def test_an_error_names_the_operation_its_signature_and_the_shapes(op: Op, operands: str, message: str) -> None:
    blocks = {"a": block(2, 3, "a"), "b": block(2, 3, "layer.b"), "u": block(1, 1, "")}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        op(*(blocks[name] for name in operands))


@pytest.mark.parametrize("op", [row_products, gain_bias])
def test_an_operand_in_brackets_may_be_left_out(op: Op) -> None:
    a, row = block(2, 3), block(1, 3)
    b = row if op == gain_bias else block(3, 3)
    assert op(a, b).shape == op(a, b, row).shape == (2, 3)


class Outer(Op):
    """A column times a row, of at most three entries each."""

    signature = "n 1, 1 m -> n m"

    def fits(self, a: Matrix, b: Matrix) -> bool:
        return max(a.size, b.size) <= 3

    def value(self, a: Array, b: Array) -> Array:
        return np.asarray(a * b)

    def cell(self, i: Coordinate, j: Coordinate, a: Ref, b: Ref) -> str:
        return f"{a.cell(i, 0)}*{b.cell(0, j)}"


def test_an_operation_may_ask_more_of_shapes_than_its_signature_says() -> None:
    assert Outer()(block(2, 1), block(1, 3)).shape == (2, 3)
    with pytest.raises(ValueError, match='Outer: shapes do not fit "n 1, 1 m -> n m": a 4x1, b 1x3'):
        Outer()(block(4, 1, "a"), block(1, 3, "b"))


def test_a_signature_is_read_once_when_its_class_is_made() -> None:
    with pytest.raises(ValueError, match="'n m => n m' is no signature"):
        type("Wrong", (Outer,), {"signature": "n m => n m"})
    assert type("Same", (Outer,), {})()(block(2, 1), block(1, 3)).shape == (2, 3)


def test_a_class_says_its_shapes_one_way_or_the_other() -> None:
    own = {"value": Outer.value, "cell": Outer.cell}
    with pytest.raises(ValueError, match="'' is no signature"):
        type("Silent", (Op,), own)
    type("Spoken", (Op,), {**own, "axes": lambda self, a: (ONE, ONE)})
