"""The setting `gradients`: target, loss, backward pass and update as sheets of a workbook."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cells import cells_of
from click.testing import CliRunner
from kept import USUAL
from untrained import untrained

from xltransformer import api, diff
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.cli import main
from xltransformer.errors import UserError
from xltransformer.locale import languages, load_messages
from xltransformer.models.objective import MOST_CELLS
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.reader import read_book

ASKED = {"gradients": 1}
MODELS = {name: make_instance(name).model for name in shipped_templates()}
TOO_LARGE = "sort-letters"
NAMES = [name for name, model in MODELS.items() if model.goals and not model.learns and name != TOO_LARGE]


def learning(name: str) -> Instance:
    return make_instance(name, settings=ASKED)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_against_the_gradient_lowers_the_loss(name: str) -> None:
    instance = learning(name)
    model, inputs = instance.model, dict(instance.inputs)
    loss = next(block for block_name, block in model.blocks.items() if block_name in ("loss", "objective.loss"))
    before = model.trace(inputs)
    assert before[loss.name].item() > 0
    inputs["learning_rate"] = np.array([[0.001]])
    values = model.trace(inputs)
    updated = {n.removeprefix("updated."): v for n, v in values.items() if n.startswith("updated.")}
    assert updated
    assert all(np.isfinite(value).all() for value in updated.values())
    after = model.trace({**inputs, **updated})
    assert after[loss.name].item() < before[loss.name].item()


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_between_has_gradient_and_update(name: str) -> None:
    model = learning(name).model
    learned = {n.removeprefix("updated.") for n in model.blocks if n.startswith("updated.")}
    assert "embeddings" in learned
    assert all(f"gradient.{n}" in model.blocks for n in learned)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", NAMES)
def test_every_panel_has_its_words(name: str, language: str) -> None:
    instance = make_instance(name, settings=ASKED, language=language)
    book = lay_out(instance, instance.trace(), load_messages(language))
    names = [sheet.name for sheet in book.sheets]
    assert len(set(names)) == len(names)
    assert not [
        cell.content
        for sheet in book.sheets
        for cell in cells_of(sheet).values()
        if cell.kind == "formula" and "&&" in cell.content
    ]


@pytest.mark.parametrize("engine", USUAL)
@pytest.mark.parametrize("name", ["multi-head", "add-norm", "recurrent", "gpt", "bert", "decoder"])
def test_backward_sheets_agree_with_numpy(name: str, engine: str, tmp_path: Path) -> None:
    path = tmp_path / "learning.xlsx"
    api.build(path, template=untrained(name, tmp_path), settings=ASKED)
    found = diff(path, engine)
    assert found.ok, found.problems[:3]
    assert any(block.name.startswith("gradient.") for block in found.blocks)


def test_the_target_is_what_the_workbook_says(tmp_path: Path) -> None:
    import openpyxl

    path = tmp_path / "learning.xlsx"
    api.build(path, template=untrained("gpt", tmp_path), settings=ASKED)
    read = read_book(path)
    place = read.homes["objective.target"]
    assert [read.holds(place, i, 0) for i in range(3)] == ["cat", "sat", None]
    book = openpyxl.load_workbook(path)
    book[place.sheet].cell(place.row + 3, place.column + 1).value = "on"
    book.save(path)
    found = diff(path)
    assert found.ok, found.problems[:3]


def test_a_hidden_word_is_to_be_told() -> None:
    inputs = learning("bert").inputs
    assert [word for word in inputs["objective.target"].ravel() if word] == ["a"]


@pytest.mark.parametrize(("name", "settings"), [(TOO_LARGE, {}), ("gpt", {"layers": 12})])
def test_too_many_cells_are_refused_with_their_number(name: str, settings: dict[str, int]) -> None:
    with pytest.raises(UserError, match=rf"would take [\d,]+ cells; at most {MOST_CELLS:,}"):
        make_instance(name, settings={**ASKED, **settings})


def test_a_setting_that_is_neither_yes_nor_no_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["build", "--template", "gpt", "--set", "gradients=maybe", "-o", str(tmp_path / "x.xlsx")]
    )
    assert result.exit_code == 2
    assert "gradients is 'maybe': give 1 or 0" in result.output
    assert not list(tmp_path.iterdir())
    assert "learning_rate" not in make_instance("gpt", settings={"gradients": 0}).model.blocks
