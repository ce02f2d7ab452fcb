"""Choosing by chance on the sheet: what is written is what a plain loop over the same draws writes, whatever is
typed into the settings; what may not stand there is named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from changes import Parts
from live import Live

from xltransformer import api, sampling
from xltransformer.building.instance import Instance, make_instance
from xltransformer.comparing import compare
from xltransformer.difference import diff, diff_book
from xltransformer.engines import ENGINES
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.locale import load_messages
from xltransformer.workbook.checks import LEFT, TOP
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book
from xltransformer.workbook.start.grid import STATE, VALUE

TEMPLATE = """
model = "gpt"
sentences = ["the cat"]
slots = 5
spare_rows = 1
seed = 4
words = ["the", "cat", "dog", "sat", "on", "mat", "ran", "a", "by"]
[switches]
choose = "chance"
temperature = 1.5
seed = 7
[sizes]
d_model = 4
layers = 1
heads = 1
d_ff = 4
tied = false
"""
PLACES = 7


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReadBook, Instance]:
    folder = tmp_path_factory.mktemp("choosing")
    (folder / "small.toml").write_text(TEMPLATE, "utf-8")
    made = api.build(folder / "small.xlsx", template=folder / "small.toml")
    return read_book(folder / "small.xlsx"), made


def written(instance: Instance, **settings: Any) -> list[str]:
    """What a plain loop writes: ask the model for the logits after the words so far, choose, and ask again."""
    draws = settings.pop("draws", None)
    draws = sampling.draws(settings.pop("seed", 7), PLACES) if draws is None else draws
    inputs, vocabulary = dict(instance.inputs), instance.inputs["vocabulary"].ravel()
    words = [str(word) for word in inputs["sentence.words"].ravel() if word]
    while len(words) < PLACES:
        inputs["sentence.words"] = np.array([[*words, *[""] * (PLACES - len(words))]], dtype=object).T
        logits = instance.model.trace(inputs)["prediction.masked"][len(words) - 1]
        how = {"temperature": 1.5, **settings}
        words.append(str(vocabulary[int(sampling.choose(logits, draws[len(words) - 1], **how))]))
    return words


def typed_draws(**typed: float) -> Array:
    """The draws of seed 7, but for those of some slots, from slot 2 on."""
    draws = sampling.draws(7, PLACES)
    for slot, value in typed.items():
        draws[int(slot[1:]) - 2] = value
    return draws


EDITS: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "nothing": ({}, {}),
    "seed": ({"seed": 8}, {"seed": 8}),
    "large seed": ({"seed": 999999999}, {"seed": 999999999}),
    "half a seed": ({"seed": 8.5}, {"seed": 8}),
    "no seed": ({"seed": None}, {"seed": 0}),
    "cold": ({"temperature": 0.01}, {"temperature": 0.01}),
    "hot": ({"temperature": 1e30}, {"temperature": 1e30}),
    "top-k 1": ({"top_k": 1}, {"top_k": 1}),
    "top-k 2": ({"top_k": 2}, {"top_k": 2}),
    "top-k beyond": ({"top_k": 1000}, {"top_k": 1000}),
    "top-p 0": ({"top_p": 0}, {"top_p": 0}),
    "top-p": ({"top_p": 0.5}, {"top_p": 0.5}),
    "both": ({"top_k": 3, "top_p": 0.6}, {"top_k": 3, "top_p": 0.6}),
    "draw 0": ({"draws.1": 0}, {"draws": typed_draws(s3=0)}),
    "draw almost 1": ({"draws.1": 0.999999}, {"draws": typed_draws(s3=0.999999)}),
    "draw 1": ({"draws.1": 1}, {"draws": typed_draws(s3=1)}),
    "no draw": ({"draws.2": None}, {"draws": typed_draws(s4=0)}),
    "a formula for a draw": ({"draws.3": "=1/2"}, {"draws": typed_draws(s5=0.5)}),
    "most likely": ({"choose": "Most likely"}, {"top_k": 1}),
    "in Chinese": ({"choose": "随机"}, {}),
    "neither": ({"choose": "dice"}, {"top_k": 1}),
}
FAULTS: dict[str, tuple[str, Any, str, str]] = {
    "temperature 0": ("temperature", 0, "must be above 0", "the temperature is above 0"),
    "negative": ("temperature", -1, "must be above 0", "the temperature is above 0"),
    "temperature in words": ("temperature", "warm", "is no number", "the temperature is above 0"),
    "top-k below 0": ("top_k", -1, "must be from 0 to 1000000", "top-k: numbers from 0 to 1000000"),
    "top-p above 1": ("top_p", 1.5, "must be from 0 to 1", "top-p: numbers from 0 to 1"),
    "seed below 0": ("seed", -1, "must be from 0 to 999999999", "seed: numbers from 0 to 999999999"),
    "draw above 1": ("draws.2", 1.01, "must be from 0 to 1", "draw: numbers from 0 to 1"),
    "draw in words": ("draws.2", "half", "is no number", "draw: numbers from 0 to 1"),
}


def edited(book: ReadBook, edits: Mapping[str, Any], path: Path) -> Path:
    parts = Parts(book.path)
    for name, value in edits.items():
        block, _, row = name.partition(".")
        parts.put(book.homes[f"switches.{block}"], int(row or 0), 0, value)
    parts.save(path)
    return path


@pytest.mark.parametrize("edit", EDITS)
def test_the_sheet_writes_what_a_plain_loop_draws(
    edit: str, built: tuple[ReadBook, Instance], tmp_path: Path
) -> None:
    (book, instance), (edits, settings) = built, EDITS[edit]
    path = edited(book, edits, tmp_path / "edited.xlsx")
    found = diff(path)
    assert found.ok, found.problems
    place = book.homes["sentence.words"]
    cells = ENGINES["ironcalc"].recalculate(path)[place.sheet.lower()]
    shown = [str(cells[place.row + i + 1, place.column + 1]) for i in range(PLACES)]
    assert shown == written(instance, **settings)


def test_edits_change_what_is_written(built: tuple[ReadBook, Instance]) -> None:
    """Else the test above would tell nothing."""
    _, instance = built
    texts = {" ".join(written(instance, **settings)) for _, settings in EDITS.values()}
    assert len(texts) > 8
    assert len({" ".join(written(instance, seed=seed)) for seed in range(12)}) > 9


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "ironcalc"])
def test_other_programs_choose_the_same(engine: str, built: tuple[ReadBook, Instance], tmp_path: Path) -> None:
    book, _ = built
    edits = {"seed": 123456, "top_k": 6, "top_p": 0.95, "temperature": 3, "draws.2": 0.75}
    found = diff(edited(book, edits, tmp_path / "edited.xlsx"), engine)
    assert found.ok, found.problems


@pytest.mark.parametrize("fault", FAULTS)
def test_what_may_not_stand_there_is_named(fault: str, built: tuple[ReadBook, Instance], tmp_path: Path) -> None:
    (book, _), (name, value, note, check) = built, FAULTS[fault]
    path = edited(book, {name: value}, tmp_path / "edited.xlsx")
    with pytest.raises(UserError, match=note):
        diff_book(read_book(path))
    sheet = ENGINES["ironcalc"].recalculate(path)[load_messages()("sheet.checks").lower()]
    red = [sheet[row, LEFT + 4] for row in range(TOP + 1, TOP + 60) if sheet.get((row, LEFT + 1)) == 0]
    assert check in red


def state(live: Live, book: ReadBook) -> str:
    """What the line of state says."""
    return str(live.cell(Place(book.homes["sentence.words"].sheet, STATE, VALUE, (1, 1))))


def test_the_line_of_state_names_the_setting_alone(built: tuple[ReadBook, Instance]) -> None:
    """Not the draws and words that follow from it."""
    book, _ = built
    live = Live(book.path)
    assert "Nothing changed" in state(live, book)
    live.put(book.homes["switches.seed"], 0, 0, 8)
    live.calculate()
    assert "changed: seed" in state(live, book).lower()
    assert "draw" not in state(live, book)
    live.put(book.homes["switches.draws"], 1, 0, 0.3)
    live.calculate()
    home = book.homes["switches.draws"]
    assert f"draw {home.address(1, 0)}" in state(live, book)


def test_comparing_two_workbooks_names_what_was_typed(built: tuple[ReadBook, Instance], tmp_path: Path) -> None:
    """Draws that follow from the seed are not typed."""
    book, _ = built
    path = edited(book, {"seed": 8, "draws.2": 0.3}, tmp_path / "edited.xlsx")
    assert [edit.block for edit in compare(book.path, path).inputs] == ["switches.seed", "switches.draws"]


def test_two_sentences_share_their_draws() -> None:
    instance = make_instance(
        "gpt", ["the cat", "the cat"], settings={"switches.choose": "chance", "switches.temperature": 4}
    )
    values = instance.trace()
    assert values["sentence.0.words"].tolist() == values["sentence.1.words"].tolist()
    made = sampling.draws(1, len(values["switches.draws"]))
    assert values["switches.draws"][:, 0].tolist() == made.tolist()


@pytest.mark.parametrize("template", ["gpt", "encoder-decoder"])
def test_by_default_the_most_likely_word_is_written(template: str) -> None:
    instance = make_instance(template)
    values = instance.trace()
    name = next(name for name in values if name.endswith("prediction.predicted_index"))
    np.testing.assert_array_equal(values[name], values[name.replace("predicted", "likely")])
