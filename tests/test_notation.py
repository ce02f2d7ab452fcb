"""How results are written: a cell a formula, or a row an array."""

from __future__ import annotations

import numpy as np
import pytest

from xltransformer.building.instance import make_instance
from xltransformer.workbook.notation import Notation, notation_of


@pytest.mark.parametrize(("products", "exercise", "by_row", "spelled_out"), [
    ("auto", False, True, 0), ("auto", True, False, 16), ("compact", False, False, 0), ("rows", True, True, 0),
])  # fmt: skip
def test_a_wide_model_is_written_by_rows_but_for_an_exercise(
    products: str, exercise: bool, by_row: bool, spelled_out: int
) -> None:
    model = make_instance("gpt", [], settings={"d_model": 40}).model
    notation = notation_of(model, products, exercise=exercise)
    assert notation.by_row == by_row
    assert notation.spelled_out == spelled_out


def test_by_rows_a_file_holds_few_digits_and_what_looks_at_whole_sheets_is_calculated_on_opening() -> None:
    values, arrays = (
        np.array([[1 / 3, -12.3456789012]]),
        Notation("rows").arrays(1, lambda i: [(0, 2, f"A{i + 1}:B{i + 1}")]),
    )
    assert arrays == [[(0, 2, "A1:B1")]]
    assert Notation("rows").kept(values, arrays).tolist() == [[0.333333, -12.3457]]
    assert Notation("rows").kept(values, ()).tolist() == [[0.333333333, -12.3456789]]
    assert Notation("rows").on_opening
    assert Notation().arrays(1, lambda i: [(0, 2, "A1:B1")]) == ()
    assert Notation().kept(values, ()) is values
    assert not Notation().on_opening
