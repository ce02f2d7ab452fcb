"""Every operation: NumPy against values worked by hand, its cells against NumPy in both engines."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xltransformer import ops
from xltransformer.engines import ENGINES, Results, fold
from xltransformer.graph import Axis, Matrix
from xltransformer.locale import load_messages
from xltransformer.ops import HIDDEN, Op
from xltransformer.workbook.book import Book
from xltransformer.workbook.writer import render

WORDS = [["Cat"], ["?"], ["*"], ["dog"], [""], ["=1+1"], ["x" * 500], ["two"]]
LIST = [["cat"], ["mouse"], ["?"], ["=1+1"], ["x" * 500], ["*"], ["two"], ["TWO"], [""]]
INF = HIDDEN


@dataclass
class Case:
    """An operation, its operands, and the result worked by hand."""

    op: Op
    operands: list[Any]
    expected: Any


CASES = [
    Case(ops.copy, [[[1, -2], [3, 4.5]]], [[1, -2], [3, 4.5]]),
    Case(ops.transpose, [[[1, 2, 3], [4, 5, 6]]], [[1, 4], [2, 5], [3, 6]]),
    # (1 2 / 3 4)(5 6 / 7 8) = (19 22 / 43 50)
    Case(ops.matmul, [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[19, 22], [43, 50]]),
    Case(ops.matmul, [[[2]], [[-3]]], [[-6]]),
    # wider than what is spelled out: 1 + 2 + … + 17 = 153, and their squares 1785
    Case(
        ops.matmul,
        [[list(range(1, 18))], [[1, k] for k in range(1, 18)]],
        [[153, 1785]],
    ),
    Case(ops.root_width, [[[1]], [[7, 7, 7], [7, 7, 7]]], [[sqrt(3)]]),
    Case(ops.root_width, [[[0]], [[7, 7, 7]]], [[1]]),
    Case(ops.divide, [[[1, 2], [3, -4]], [[2]]], [[0.5, 1], [1.5, -2]]),
    Case(ops.present, [[[0], [3], [1]]], [[0], [1], [1]]),
    Case(ops.attention_mask, [[[1], [1], [0]], [[1], [1], [0]]], [[1, 1, 0], [1, 1, 0], [0, 0, 0]]),
    Case(ops.attention_mask, [[[1], [1], [1]], [[1], [0], [1]], [[1]]], [[1, 0, 0], [1, 0, 0], [1, 0, 1]]),
    Case(ops.attention_mask, [[[1], [1]], [[1], [1]], [[0]]], [[1, 1], [1, 1]]),
    Case(ops.mask_scores, [[[1, -2], [3, 4]], [[1, 0], [1, 1]]], [[1, INF], [3, 4]]),
    Case(ops.row_max, [[[1, 5, 2], [-3, INF, -4]]], [[5], [-3]]),
    Case(
        ops.shifted_exp,
        [[[1, 3], [2, INF], [INF, INF]], [[3], [2], [INF]], [[2]], [[1, 1], [1, 0], [0, 0]]],
        [[exp(-1), 1], [1, 0], [0, 0]],
    ),
    Case(ops.row_sum, [[[1, 2, 3.5], [0, 0, 0]]], [[6.5], [0]]),
    Case(ops.divide_rows, [[[1, 3], [0, 0]], [[4], [0]]], [[0.25, 0.75], [0, 0]]),
    # "two" stands twice in the list (case aside), so it is not found
    Case(ops.word_index, [WORDS, LIST], [[1], [3], [6], [0], [0], [4], [5], [0]]),
    Case(ops.lookup, [[[2], [0], [1]], [[1, 2], [3, 4]]], [[3, 4], [0, 0], [1, 2]]),
    Case(ops.join_words, [[["a"], [""], ["=b"], [""]]], [["a =b"]]),
    Case(ops.join_words, [[[""], [""]]], [[""]]),
    Case(ops.stack, [[["a b"]], [["年"]]], [["a b"], ["年"]]),
    Case(ops.equals, [[["Cat"], ["dog"], [""], ["cat"]], [["cat"]]], [[1], [0], [0], [1]]),
    Case(ops.equals, [[[""], ["a"]], [[""]]], [[0], [0]]),
    Case(ops.equals, [[["Cat", "dog", "cat"]], [["cat"]]], [[1], [0], [1]]),
    Case(ops.choose, [[[2]], [[1, 2]], [[3, 4]]], [[3, 4]]),
    Case(ops.plane, [[[1, 2, 3], [4, 5, 6]], [[3]], [[1]], [["c"], ["a"]]], [[3, 1], [6, 4]]),
    Case(ops.plane, [[[1, 2, 3]], [[0]], [[2]], [["?"], ["b"]]], [[0, 2]]),
    Case(ops.settle, [[[1, 2], [3, 4]], [[1], [0]], [[8, 9]]], [[1, 2], [8, 9]]),
    Case(ops.below, [[[1, 2]], [[3, 4]]], [[1, 2], [3, 4]]),
    Case(ops.less_first, [[[1, 2], [3, 5]]], [[0, 0], [2, 3]]),
    Case(ops.first, [[[0], [1], [1]]], [[2]]),
    Case(ops.first, [[[0], [0]]], [[0]]),
    Case(
        ops.pick,
        [[["s"], ["t"]], [[2]], [[1, 2], [3, 4]], [[0]], [[5, 6]]],
        [[3, 4], [0, 0]],
    ),
]
NAMES = [f"{k}-{type(case.op).__name__}" for k, case in enumerate(CASES)]


def as_array(values: Any) -> np.ndarray[Any, Any]:
    text = any(isinstance(v, str) for row in values for v in row)
    return np.array(values, dtype=object if text else float)


def as_input(name: str, value: np.ndarray[Any, Any]) -> Matrix:
    rows, columns = value.shape
    text = value.dtype == object
    return Matrix(Axis.numbered("r", rows), Axis.numbered("c", columns), name=name, text=text)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One workbook with a sheet a case; every cached result is wrong on purpose."""
    places: dict[str, Any] = {}
    book = Book({}, load_messages())
    for k, (name, case) in enumerate(zip(NAMES, CASES, strict=True)):
        arrays = [as_array(v) for v in case.operands]
        inputs = [as_input(f"case{k}.in{m}", value) for m, value in enumerate(arrays)]
        result = case.op(*inputs)
        result.name = f"case{k}.out"
        wrong = np.full(result.shape, "wrong" if result.text else 12345.0, dtype=object if result.text else float)
        book.values = {**{m.name: v for m, v in zip(inputs, arrays, strict=True)}, result.name: wrong}
        sheet, row = book.sheet(name[:31]), 1
        for block in inputs:
            book.draw(block, sheet, row, 1, labelled=False)
            row += block.shape[0] + 1
        places[name] = book.draw(result, sheet, row, 1, labelled=False)
        book.finish()
    path = tmp_path_factory.mktemp("ops") / "ops.xlsx"
    path.write_bytes(render(book, {}))
    return path, places


@pytest.fixture(scope="module", params=list(ENGINES))
def recalculated(request: pytest.FixtureRequest, drawn: tuple[Path, dict[str, Any]]) -> Results:
    return ENGINES[request.param].recalculate(drawn[0])


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_numpy_gives_the_value_worked_by_hand(case: Case) -> None:
    result = case.op.value(*(as_array(v) for v in case.operands))
    expected = as_array(case.expected)
    assert result.shape == expected.shape
    if case.op.text:
        assert result.tolist() == expected.tolist()
    else:
        np.testing.assert_allclose(result.astype(float), expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize(("name", "case"), list(zip(NAMES, CASES, strict=True)), ids=NAMES)
def test_cells_give_what_numpy_gives(
    name: str, case: Case, drawn: tuple[Path, dict[str, Any]], recalculated: Results
) -> None:
    place = drawn[1][name]
    expected = case.op.value(*(as_array(v) for v in case.operands))
    assert place.shape == expected.shape
    for i, j in np.ndindex(place.shape):
        value = recalculated[fold(place.sheet)].get((place.row + i + 1, place.column + j + 1))
        if case.op.text:
            assert (value or "") == expected[i, j]
        else:
            assert value == pytest.approx(expected[i, j], rel=1e-13, abs=1e-15), (i, j)


def test_every_operation_has_a_case() -> None:
    public = {name for name in ops.__all__ if isinstance(getattr(ops, name), Op)}
    tested = {name for name in public if any(case.op is getattr(ops, name) for case in CASES)}
    assert public == tested


@pytest.mark.parametrize(
    ("op", "shapes"),
    [
        (ops.matmul, [(2, 3), (2, 3)]),
        (ops.divide, [(2, 2), (2, 1)]),
        (ops.mask_scores, [(2, 2), (2, 3)]),
        (ops.divide_rows, [(2, 2), (3, 1)]),
        (ops.lookup, [(2, 2), (3, 3)]),
    ],
)
def test_misfitting_shapes_are_named(op: Op, shapes: list[tuple[int, int]]) -> None:
    operands = [as_input(f"m{k}", np.zeros(shape)) for k, shape in enumerate(shapes)]
    with pytest.raises(ValueError, match=f"m1 {shapes[1][0]}x{shapes[1][1]}"):
        op(*operands)
