"""Attention that learns in the sheet, and gradients checked by a nudge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from office import Office

from xltransformer import api, diff
from xltransformer.building.instance import make_instance
from xltransformer.building.parse import load_template
from xltransformer.errors import UserError
from xltransformer.graph import Axis, Model
from xltransformer.models import build_model
from xltransformer.models.sizes import Sizes
from xltransformer.nn.gradients import gradients
from xltransformer.ops import matmul, mean_square, row_sum, transpose
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import read_book

FOLDER = Path(__file__).parent / "fixtures" / "torch"
WEIGHTS = ("W_Q", "W_K", "W_V", "W_out")
NAME = "trainable-attention"


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lesson as a workbook, with fewer steps than it ships with; not to be changed."""
    path = tmp_path_factory.mktemp("learning") / "learning.xlsx"
    api.build(path, template=NAME, settings={"steps": 12})
    return path


def edited(path: Path, folder: Path, **cells: Any) -> Path:
    """The workbook with other numbers or words in blocks of one cell (`__` stands for a dot)."""
    book = openpyxl.load_workbook(path)
    for name, value in cells.items():
        ((sheet, address),) = book.defined_names[name.replace("__", ".")].destinations
        book[sheet][address.replace("$", "").partition(":")[0]].value = value
    book.save(folder / "edited.xlsx")
    return folder / "edited.xlsx"


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("training-*.npz")))
def test_forty_steps_are_those_of_pytorch(name: str) -> None:
    with np.load(FOLDER / f"{name}.npz") as file:
        kept = dict(file)
    config = json.loads(str(kept["config"]))
    instance = make_instance(NAME, settings={"d_k": config["d_k"], "d_v": config["d_v"], "spare_rows": 0})
    inputs = dict(instance.inputs)
    inputs["embeddings"] = kept["embeddings"]
    inputs["training.learning_rate"] = np.array([[config["learning_rate"]]])
    inputs["training.momentum_size"] = np.array([[config["momentum"]]])
    inputs["switches.momentum"] = np.array([["on"]], dtype=object)
    inputs |= {f"trainable_attention.{key}": kept[f"state:{key}"] for key in WEIGHTS}
    values = instance.model.trace(inputs)
    rows = [values[f"sentence.{s}.index"].ravel() - 1 for s in (0, 1)]
    assert [list(row) for row in rows] == config["sentences"]
    np.testing.assert_allclose(values["training.losses"][0], kept["losses"], rtol=1e-9)
    assert len(kept["losses"]) == 41
    for key in WEIGHTS:
        np.testing.assert_allclose(values[f"step.40.{key}"], kept[f"after:{key}"], rtol=1e-8, atol=1e-10)


def test_every_step_is_the_model_with_the_weights_of_the_step_before() -> None:
    instance = make_instance(NAME, settings={"steps": 3})
    values = instance.trace()
    for k in (1, 2, 3):
        weights = {f"trainable_attention.{key}": values[f"step.{k}.{key}"] for key in WEIGHTS}
        again = instance.model.trace({**instance.inputs, **weights})
        np.testing.assert_allclose(values[f"step.{k}.loss"], again["loss"], rtol=1e-12)
        np.testing.assert_allclose(
            values[f"step.{k}.sentence.1.weights"], again["sentence.1.trainable_attention.weights"], rtol=1e-12
        )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_as_it_ships_it_learns(language: str) -> None:
    values = make_instance(NAME, language=language).trace()
    losses = values["training.losses"][0]
    assert losses[0] > 0.6
    assert losses[-1] < 0.07
    assert values["training.settles"] == 1


def test_momentum_agrees_in_the_sheet(learning: Path, tmp_path: Path) -> None:
    path = edited(learning, tmp_path, switches__momentum="on", training__learning_rate=0.3)
    book = read_book(path)
    assert book.holds(book.homes["switches.momentum"], 0, 0) == "on"
    assert diff(path).ok


def test_too_high_a_learning_rate_is_told_in_words(learning: Path, office: Office) -> None:
    book = read_book(learning)
    place = book.homes["training.learning_rate"]
    edit = (place.sheet, place.address(0, 0), 3)
    (before, ((after, undone),)) = office.rounds(learning, [[edit]])
    start = next(iter(before.values))
    for shown, good in ((before, True), (after, False), (undone, True)):
        texts = " ".join(str(cell) for row in shown.values[start] for cell in row if isinstance(cell, str))
        assert ("All well." in texts) == good
        assert ("In 12 steps the loss fell" in texts) == good
        assert ("leaps or does not fall" in texts) != good
        assert ("the loss falls without leaps (if not, lower the learning rate)" in texts) != good


def test_the_steps_point_at_the_steps_before(learning: Path) -> None:
    """No pasted history: each strip's weights are formulas of the strip above."""
    book = openpyxl.load_workbook(learning)
    ((sheet, address),) = book.defined_names["step.7.W_Q"].destinations
    before, velocity = (read_book(learning).homes[f"step.{k}"] for k in ("6.W_Q", "7.velocity_W_Q"))
    formula = book[sheet][address.replace("$", "")][0][0].value
    assert formula.startswith(f"={before.address(0, 0)}-")
    assert formula.endswith(f"*{velocity.address(0, 0)}")


def test_steps_that_are_no_count_are_refused() -> None:
    with pytest.raises(UserError, match="steps is 0: give a whole number of at least 1"):
        make_instance(NAME, settings={"steps": 0})
    with pytest.raises(UserError, match="learning_rate is 'fast': give a number"):
        make_instance(NAME, settings={"learning_rate": "fast"})


def test_a_slope_is_the_gradient_wherever_one_nudges() -> None:
    instance = make_instance("backpropagation")
    for row, column in np.ndindex(2, 2):
        inputs = dict(instance.inputs)
        dimensions = inputs["dimensions"][0]
        inputs["nudge.nudge"] = np.array([[1e-6]])
        inputs["nudge.product.W_row"][0, 0], inputs["nudge.product.W_column"][0, 0] = dimensions[[row, column]]
        inputs["nudge.softmax.scores_row"][0, 0] = inputs["sentence.words"][row, 0]
        inputs["nudge.softmax.scores_column"][0, 0] = dimensions[column]
        values = instance.model.trace(inputs)
        for name, block in (("product", "W"), ("softmax", "scores")):
            gradient = values[f"gradient.backpropagation.{block}"][row, column]
            assert values[f"nudge.{name}.gradient"].item() == gradient
            assert abs(gradient) > 0.01
            assert values[f"nudge.{name}.slope"].item() == pytest.approx(gradient, abs=1e-6)
        assert values["nudge.agrees"] == 1


def test_too_large_a_nudge_is_noticed() -> None:
    instance = make_instance("backpropagation")
    values = instance.model.trace({**instance.inputs, "nudge.nudge": np.array([[1.5]])})
    assert values["nudge.agrees"] == 0


def test_the_line_touches_the_curve() -> None:
    """They meet where nothing is nudged, and part with the square of the nudge: ten times nearer, a hundred
    times closer."""
    apart = []
    for reach in (0.1, 0.01):
        instance = make_instance("backpropagation")
        values = instance.model.trace({**instance.inputs, "scan.reach": np.array([[reach]])})
        by, losses, line = (values[f"scan.{name}"][0] for name in ("by", "losses", "line"))
        middle = len(by) // 2
        assert by[middle] == 0
        np.testing.assert_allclose(losses[middle], line[middle], rtol=1e-14)
        assert abs(line[-1] - line[0]) > reach / 100
        apart.append(np.abs(losses - line).max())
    assert apart[0] / apart[1] == pytest.approx(100, rel=0.2)


@pytest.mark.parametrize("words", ["snow", "rain", "sun rain snow", "snow snow snow snow"])
def test_backpropagation_takes_any_number_of_words(words: str, tmp_path: Path) -> None:
    """Its shares are over dimensions: they are not ranked among the words, of which there may be fewer."""
    path = tmp_path / "words.xlsx"
    instance = api.build(path, [words], "backpropagation")
    assert not any(name.endswith("ranked") for name in instance.model.blocks)
    assert diff(path).ok


def test_backpropagation_takes_one_sentence() -> None:
    with pytest.raises(UserError, match="takes one sentence, not 2"):
        make_instance("backpropagation", ["sun rain", "fog snow"])


def test_a_computed_block_may_be_wanted() -> None:
    model = Model()
    g = model.scope()
    axis = Axis.numbered("", 2)
    a, w = g.input("a", axis, axis, "parameter"), g.input("w", axis, axis, "parameter")
    middle = g.add("middle", matmul(a, w))
    loss = g.add("loss", row_sum(g.add("flat", transpose(g.add("rows", mean_square(middle))))))
    found = gradients(model, loss, [middle])
    assert set(found) == {middle}
    assert "gradient.a" not in model.blocks
    values = model.trace({**model.constants, "a": np.eye(2), "w": np.array([[1.0, 2.0], [3.0, 4.0]])})
    np.testing.assert_allclose(values["gradient.middle"], values["middle"])  # of x²/2 for each of two entries


def test_products_of_turned_matrices_meet_at_the_result(tmp_path: Path) -> None:
    """∂W = Xᵀ ∂scores: the left operand, turned, stands to the left, the right one above."""
    path = tmp_path / "back.xlsx"
    api.build(path, template="backpropagation")
    book, read = openpyxl.load_workbook(path), read_book(path)
    home: Place = read.homes["gradient.backpropagation.W"]
    formula = book[home.sheet].cell(home.row + 1, home.column + 1).value
    left, above = formula[1:].split("+")[0].split("*")
    assert "!" not in formula
    sheet = book[home.sheet]
    assert sheet[left].row == home.row + 1
    assert sheet[left].column < home.column + 1
    assert sheet[above].column == home.column + 1
    assert sheet[above].row < home.row + 1
    assert sheet.cell(home.row, sheet[left].column - 1).value == "Xᵀ"


def test_a_template_speaks_several_languages(tmp_path: Path) -> None:
    assert load_template(NAME, "zh").sentences == ("小猫 很 爱 睡觉", "小狗 很 爱 跑步")
    assert "kittens" in load_template(NAME, "en").table.words
    assert load_template(NAME, "xx").sentences == load_template(NAME, "en").sentences
    path = tmp_path / "own.toml"
    path.write_text('model = "single_query"\n[languages.en]\ntitle = "no"\n', "utf-8")
    with pytest.raises(UserError, match=r"languages\.en is .*; give a table of dimensions"):
        load_template(path)


def test_asking_for_gradients_adds_nothing_to_a_lesson_that_has_them() -> None:
    sizes = Sizes((2,), 4, 2)
    assert list(build_model("backpropagation", sizes).blocks) == list(
        build_model("backpropagation", Sizes((2,), 4, 2, {"gradients": 1})).blocks
    )


def test_one_sentence_learns_too() -> None:
    one = make_instance("trainable-attention", ["kittens love"], settings={"steps": 3})
    losses = one.trace()["training.losses"]
    assert losses.shape == (1, 4)
    assert losses[0, -1] < losses[0, 0]
