"""What a block means stands in its fields, whatever it is called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xltransformer.building.instance import make_instance
from xltransformer.building.parse import load_template
from xltransformer.graph import BIAS, GAIN, ONE, SHIFT, Axis, Matrix, Model, Scope
from xltransformer.models import Sizes, build_model
from xltransformer.training.begin import first_weights

OTHER_NAMES = {"gain": "scale", "bias": "shift", "b_1": "offset", "temperature": "heat", "row_sum": "whole"}


@pytest.fixture
def renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models whose blocks have other names than they always had."""
    add = Scope.add

    def under_another_name(self: Scope, name: str, block: Matrix, **said: Any) -> Matrix:
        return add(self, OTHER_NAMES.get(name, name), block, **said)

    monkeypatch.setattr(Scope, "add", under_another_name)


@pytest.mark.usefixtures("renamed")
def test_a_gain_called_scale_starts_at_ones() -> None:
    instance = make_instance(load_template("encoder", fresh=True))
    norm, blocks = "encoder.0.norm.0", instance.model.blocks
    assert (instance.inputs[f"{norm}.scale"] == 1).all()
    assert (instance.inputs[f"{norm}.shift"] == 0).all()
    assert (
        len(set(instance.inputs["encoder.0.feed_forward.offset"].ravel())) > 1
    )  # drawn: there is something to see
    for name, begins in ((f"{norm}.scale", 1), (f"{norm}.shift", 0), ("encoder.0.feed_forward.offset", 0)):
        assert (first_weights(blocks[name], 0) == begins).all()


@pytest.mark.usefixtures("renamed")
def test_what_is_positive_and_what_sums_to_one() -> None:
    model = build_model("attention_lessons", Sizes((3,), 5, 4))
    assert [block.name for block in model.inputs if block.positive] == ["switches.heat"]
    sums = [block for block in model.blocks.values() if block.sums_to_one]
    assert [block.last_name for block in sums] == ["whole"] * 3
    assert [block.operands[0].last_name for block in sums] == ["weights"] * 3
    for name, positive in (
        ("encoder", {"base", "epsilon"}),
        ("llama", {"base", "epsilon", "heat"}),
        ("gpt", {"epsilon", "heat"}),
    ):
        model = build_model(name, Sizes((3,), 5, 4))
        assert {block.last_name for block in model.inputs if block.positive} == positive


def test_training_draws_as_wide_as_a_field_says() -> None:
    g, wide = Model().scope(), Axis.numbered("d", 400)
    tall = Axis.numbered("n", 4)
    weight = g.input("embeddings_like", tall, wide, "parameter")
    assert np.std(first_weights(weight, 0)) == pytest.approx(1 / 2, rel=0.1)
    model = build_model("bert", Sizes((4,), 5, 400, {"heads": 1}))
    for name in ("embeddings", "position_embeddings", "segment_embeddings"):
        assert np.std(first_weights(model.blocks[name], 0)) == pytest.approx(1 / 20, rel=0.1)
    drawn = [g.input(name, ONE, tall, "parameter", initial=initial) for name, initial in
             (("a", GAIN), ("b", SHIFT), ("c", BIAS))]  # fmt: skip
    assert [first_weights(block, 0).mean() for block in drawn] == [1, 0, 0]


def test_learned_positions_and_what_compares() -> None:
    learned = {
        name: build_model(name, Sizes((3, 3), 5, 4)).learned_positions for name in ("gpt", "bert", "encoder")
    }
    assert [block and block.name for block in learned.values()] == ["position_embeddings"] * 2 + [None]
    model = build_model("attention_lessons", Sizes((3, 3), 5, 4))
    assert [section.key for section in model.sections if section.compares] == ["compare"]


def test_a_backward_step_knows_the_step_it_is_of() -> None:
    model = build_model("encoder", Sizes((3,), 5, 4, {"gradients": True}))
    forward = [step for section in model.sections if not section.backward for step in section.steps]
    backward = [step for section in model.sections if section.backward for step in section.steps]
    assert backward
    assert all(step.backward_of in forward for step in backward)
    assert all(step.backward_of is None for step in forward)


def test_a_section_ends_with_its_with() -> None:
    model = Model()
    with model.section("one"):
        with model.section("two"), model.step("inner"):
            pass
        with model.step("outer"):
            pass
    found = {section.key: [step.key for step in section.steps] for section in model.sections}
    assert found == {"one": ["outer"], "two": ["inner"]}
    with pytest.raises(ValueError, match="the step 'after' is in no section"), model.step("after"):
        pass


def test_a_block_is_shown_in_a_step_alone() -> None:
    model = Model()
    with model.section("one"), model.step("given"):
        shown = model.scope().constant("a", 1.0)
    with pytest.raises(ValueError, match="a is shown in no step"), model.section("one"):
        model.show(shown)
