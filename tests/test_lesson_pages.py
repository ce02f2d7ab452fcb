"""What the pages on lessons of one's own promise: their recipes do it, and every key is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.parse import _KEYS, SWITCHES, own_template
from xltransformer.building.spoken import SPOKEN
from xltransformer.graph import Array
from xltransformer.teaching.experiments import Experiment, place_of

DOCS = Path(__file__).parent.parent / "docs"
Traced = Mapping[str, Array]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_key_of_a_template_is_told(language: str) -> None:
    text = (DOCS / language / "keys.md").read_text("utf-8")
    told = {*re.findall(r"[a-z_]+", " ".join(re.findall(r"`[^`\n]+`", text)))}
    assert {*_KEYS, *SPOKEN, *SWITCHES, *Experiment.__annotations__} - {"momentum_size"} <= told


def recipe(language: str) -> Instance:
    """The lesson of the page, built."""
    page = (DOCS / language / "lessons.md").read_text("utf-8")
    (found,) = re.findall(r'^```toml title="(\w+)\.toml"\n(.*?)^```$', page, re.MULTILINE | re.DOTALL)
    return make_instance(own_template(*found, Path(), language), language=language)


def tried(instance: Instance, experiment: Experiment, language: str) -> dict[str, Array]:
    """Every value after an experiment."""
    block = instance.model.blocks[experiment.block]
    labels = (experiment.row, experiment.column)
    at = tuple(place_of(block, label, side, instance.inputs) for side, label in enumerate(labels))
    edited = instance.inputs[block.name].copy()
    edited[at] = experiment.target(language)
    return instance.model.trace({**instance.inputs, block.name: edited})


def moves(values: Traced, sentence: int) -> Any:
    """How far the watched word moves in the plane, to the right and up."""
    return (values[f"watch.{sentence}.after"] - values[f"watch.{sentence}.before"]).ravel()


def towards_the_second(before: Traced, after: Traced) -> bool:
    """At first towards the first dimension in sentence A; then towards the second, in both."""
    right, up = moves(before, 0)
    return right > 0 > up and all(moves(after, s)[1] > 0 > moves(after, s)[0] for s in (0, 1))


def even(before: Traced, after: Traced) -> bool:
    """The shares of the words lie at most half as far apart as before."""
    spread = [float(np.ptp(v["watch.0.attention"][0, :3])) for v in (before, after)]
    return spread[1] < spread[0] / 2


PROMISED: dict[str, tuple[Callable[[Traced, Traced], bool], ...]] = {
    "en": (towards_the_second, even),
    "zh": (towards_the_second,),
}


@pytest.mark.parametrize("language", PROMISED)
def test_the_recipe_does_what_it_promises(language: str) -> None:
    instance = recipe(language)
    assert instance.warnings == ()
    assert instance.drawn == "further"
    watch = instance.model.watch
    assert watch is not None
    assert instance.inputs["watch.lesson"][0, 0] == {"en": "Self-attention", "zh": "自注意力"}[language]
    before = instance.trace()
    experiments = instance.template.experiments
    for experiment, holds in zip(experiments, PROMISED[language], strict=True):
        assert holds(before, tried(instance, experiment, language)), experiment.do
