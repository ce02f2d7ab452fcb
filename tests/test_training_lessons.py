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
    assert values["training.outcome"] == 0
    np.testing.assert_array_equal(values["training.curve"][0], losses)


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
        assert "All well." in texts  # what a reader tries is no fault
        assert ("In 12 steps the loss fell" in texts) == good
        assert ("The loss left all bounds at step 2:" in texts) != good
        drawn, steps = (shown.read(book.homes[f"training.{name}"])[0] for name in ("curve", "steps"))
        assert steps == [min(k, 12 if good else 1) for k in range(13)]
        assert drawn == shown.read(book.homes["training.losses"])[0][: int(steps[-1]) + 1] + drawn[-1:] * (
            12 - int(steps[-1])
        )


RATES = [
    (0, "off", 4), (0.05, "off", 1), (0.2, "off", 1), (0.5, "off", 0), (1, "off", 0), (1.5, "off", 2),
    (3, "off", 5), (30, "off", 5), (1000, "off", 5), (-0.005, "off", 3), (0, "on", 4), (0.05, "on", 1),
    (0.2, "on", 0), (1, "on", 2), (1.5, "on", 5), (3, "on", 5), (30, "on", 5), (1000, "on", 5), (1e12, "on", 5),
]  # fmt: skip


@pytest.mark.parametrize(("rate", "momentum", "outcome"), RATES)
def test_whatever_the_learning_rate_numbers_stay_numbers(rate: float, momentum: str, outcome: int) -> None:
    instance = make_instance(NAME)
    inputs = dict(instance.inputs)
    inputs["training.learning_rate"] = np.array([[float(rate)]])
    inputs["switches.momentum"] = np.array([[momentum]], dtype=object)
    values = instance.model.trace(inputs)
    losses = values["training.losses"][0]
    assert all(np.isfinite(value).all() for value in values.values() if value.dtype != object)
    assert values["training.outcome"] == outcome
    inside = int(np.argmax(losses > 10 * losses[0])) or len(losses)
    assert (outcome == 5) == (inside < len(losses))
    assert (losses[inside:] == losses[-1]).all()  # training has stopped
    assert (values["training.curve"][0] <= 10 * losses[0]).all()
    assert values["training.steps"][0, -1] == inside - 1


@pytest.mark.parametrize(("rate", "momentum"), [(1.5, "off"), (3, "off"), (1000, "on"), (1.5, "on"), (0, "off")])
def test_wild_learning_rates_agree(rate: float, momentum: str, learning: Path, tmp_path: Path) -> None:
    path = edited(learning, tmp_path, switches__momentum=momentum, training__learning_rate=rate)
    assert diff(path).ok


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
            assert values[f"nudge.{name}.verdict"] == 0


@pytest.mark.parametrize(
    ("nudge", "verdict"), [(1e-3, 0), (-1e-3, 0), (1.5, 1), (-40, 1), (1e100, 1), (0, 2), (1e-17, 3), (-1e-300, 3)]
)
def test_whatever_the_nudge_it_is_told_what_it_shows(nudge: float, verdict: int) -> None:
    instance = make_instance("backpropagation")
    values = instance.model.trace({**instance.inputs, "nudge.nudge": np.array([[float(nudge)]])})
    assert all(np.isfinite(value).all() for value in values.values() if value.dtype != object)
    assert [values[f"nudge.{name}.verdict"].item() for name in ("product", "softmax")] == [verdict, verdict]


NUDGES = {1e-3: "gradient says", 1.0: "so large a nudge leaves the tangent", 0.0: "shows no slope",
          1e-17: "lost among the digits"}  # fmt: skip


def test_a_nudge_is_never_an_alarm(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "back.xlsx"
    api.build(path, template="backpropagation")
    place = read_book(path).homes["nudge.nudge"]
    _, rounds = office.rounds(path, [[(place.sheet, place.address(0, 0), nudge)] for nudge in NUDGES])
    for told, (shown, _) in zip(NUDGES.values(), rounds, strict=True):
        texts = [str(cell) for row in shown.values[place.sheet] for cell in row]
        assert any("All well." in text for text in texts)
        assert sum(told in text for text in texts) >= 1, told
        assert not [text for text in texts if text.startswith("#")]


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
    with pytest.raises(UserError, match=r"languages\.en: unknown key 'title'; known are: dimensions"):
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
