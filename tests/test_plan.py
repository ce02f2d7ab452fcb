"""From a request to a plan, step by step: each gives one thing more, changes nothing, and warns in one way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xltransformer.building import plan as steps
from xltransformer.building.instance import make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.plan import STEPS, Plan, make_plan
from xltransformer.building.request import Options, Request
from xltransformer.errors import UserError


def planned(template: str, *sentences: str, **given: Any) -> tuple[Plan, Request]:
    """A plan at its beginning, and the request that it is for."""
    options: Options = given  # type: ignore[assignment]
    return Plan(load_template(template)), Request(template, sentences, options)


def test_a_plain_request_goes_through_every_step_and_is_the_template() -> None:
    plan = make_plan(Request())
    assert repr(plan.template) == repr(load_template())
    assert plan.sentences == plan.template.sentences
    assert not plan.warnings
    assert plan.sizes.slots == tuple(len(found) + plan.template.slots for found in plan.words)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_step_changes_no_plan_but_gives_another(step: Any) -> None:
    plan, request = planned("gpt", "the zebra sat", settings={"seed": 3})
    for before in STEPS[: STEPS.index(step)]:
        plan = before(plan, request)
    kept = repr(plan)
    step(plan, request)
    assert repr(plan) == kept


def test_misfits_forget_what_was_learned_and_say_so() -> None:
    plan, request = planned("gpt", settings={"layers": 1})
    found = steps.forget_misfits(plan, request)
    assert plan.template.trained
    assert not found.template.trained
    assert "do not fit another layers" in found.warnings[0]
    plan, request = planned("gpt", settings={"slots": 1})
    assert steps.forget_misfits(plan, request) is plan


def test_embeddings_bring_their_words_and_a_warning_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("word,x\ncat,1\n")
    plan, request = planned("cat-and-mouse", embeddings=tmp_path / "w.csv")
    found = steps.take_embeddings(plan.warned("one before"), request)
    assert list(found.template.table.words) == ["cat"]
    assert len(found.warnings) == 2
    assert found.warnings[0] == "one before"
    other = Request("cat-and-mouse", given={**request.given, "weights": "w.npz"})
    assert not steps.take_embeddings(plan, other).warnings  # its own would not be taken anyway


def test_a_pair_is_filled_up_with_the_templates_own_target() -> None:
    plan, request = planned("encoder-decoder", "the cat")
    assert steps.take_sentences(plan, request).sentences == ("the cat", plan.template.sentences[1])


def test_words_are_split_by_letters_where_the_model_spells() -> None:
    for template, words in (("byte-pair", ["l", "o", "w"]), ("cat-and-mouse", ["low"])):
        plan, request = planned(template, "low")
        found = steps.split_words(steps.take_sentences(plan, request), request)
        assert [list(one) for one in found.words] == [words]


def test_words_without_vocabulary_are_refused() -> None:
    plan, request = planned("gpt", words=3)
    with pytest.raises(UserError, match="words is 3, but there is no vocabulary"):
        steps.take_vocabulary(plan, request)


def test_made_up_words_are_told_once() -> None:
    plan, request = planned("cat-and-mouse", "Zebra zebra gnu cat")
    for step in (steps.take_sentences, steps.split_words, steps.make_up_words):
        plan = step(plan, request)
    assert plan.made_up == ("zebra", "gnu")
    assert plan.warnings == ("not in the vocabulary, given pseudo-random embeddings: zebra, gnu",)
    assert plan.spelled[-2:] == ["zebra", "gnu"]


def test_slots_are_those_asked_for_else_the_templates() -> None:
    plan, request = planned("cat-and-mouse", "the cat", "the mouse sat", slots=[1, 3])
    plan = steps.split_words(steps.take_sentences(plan, request), request)
    assert steps.empty_slots(plan, request) == [1, 3]
    assert steps.empty_slots(plan, Request(given={"slots": 4})) == [4, 4]
    assert steps.empty_slots(plan, Request()) == [plan.template.slots] * 2
    assert steps.empty_slots(plan, Request(spare=False)) == [0, 0]


def test_an_option_that_there_is_not_is_no_option() -> None:
    with pytest.raises(TypeError, match="'layers'"):
        make_instance("gpt", layers=3)  # type: ignore[call-arg]
