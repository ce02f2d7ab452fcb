"""A page alive: what fields take for what is typed into them, and how everything shows what comes of it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import (
    Evaluate,
    OpenPage,
    calculated,
    entry,
    everything_drawn,
    field_of,
    numbers,
    outline,
    state,
    state_line,
    type_into,
    values,
)

from xltransformer import api
from xltransformer.building.instance import Instance
from xltransformer.graph import CHOICE, ONE, Matrix
from xltransformer.inputs import ErrorValue, why_unusable
from xltransformer.page.contents import _rule as rule_of
from xltransformer.page.numbers import format_of, shown

RULES = {
    "error": "is an error", "no_number": "is no number", "too_large": "is too large",
    "empty": "is empty, and must be above 0", "not_above_0": "must be above 0", "too_near_0": "is too near 0",
    "no_word": "is no word", "spelled_differently": "is a number that programs spell differently",
    "outside": "must be from 0 to 1000", "": "",
}  # fmt: skip
"""What the scripts call what `inputs` tells."""
KINDS = [
    Matrix(ONE, ONE, text=True, role="words"),
    Matrix(ONE, ONE, text=True, role="switch", turned_by=CHOICE),
    Matrix(ONE, ONE, role="parameter"),
    Matrix(ONE, ONE, role="switch", positive=True),
    Matrix(ONE, ONE, role="switch", between=(0, 1000)),
]
TRIED: list[Any] = [
    None, True, False, "", "cat", "1,5", "#N/A and more", ErrorValue("#N/A"), ErrorValue("#DIV/0!"), 0.0, -0.0,
    1.0, -1.0, 0.25, 0.12345, 0.0001, 0.00001, 1e-9, 1e-100, 9e-101, 1e-120, 1000.0, 1000.5, 999999999.0, 1e9,
    -1e9, 123456.7891, 123456.78912, 1e16, 1e100, -1e100, 1.1e100, -1e101, 1e308, math.inf, -math.inf, 0.1 + 0.2,
]  # fmt: skip
FORMATS = [
    "#,##0", "#,##0.0", '0.00E+00;-0.00E+00;"–"', "+0.0%;-0.0%;0.0%",
    "0.00", "0", "0.000000", "General", "0.00E+0", '0;-0;"none"', '[<-1E+29]"−∞";[<0]-0.00;0.00',
]  # fmt: skip
SHOWN = [
    0.0, -0.0, 0.004, -0.004, 0.005, -0.005, 1.005, -1.005, 2.675, 0.125, -0.125, 0.5, 1.5, -0.5, 1 / 3,
    123456.789, 12345.678, 1e-5, 1.5e-7, 0.0001, 1e11, -1e30, -1e31, 0.9999999, 99.995,
]  # fmt: skip
SMALL = {"layers": 1, "heads": 1, "d_model": 4, "d_ff": 4}


def as_json(value: Any) -> Any:
    """A value as the scripts have it."""
    return {"error": str(value)} if isinstance(value, ErrorValue) else value


def test_the_scripts_ask_what_the_rules_ask(evaluate: Evaluate) -> None:
    asked = [(rule_of(block), block, value) for block in KINDS for value in TRIED]
    given = [[rule, repr(value) if isinstance(value, float) else as_json(value), isinstance(value, float)]
             for rule, _, value in asked]  # fmt: skip
    number = '(text) => Number(text.replace("inf", "Infinity"))'
    made = f"given.map(([rule, value, isNumber]) => whyUnusable(rule, isNumber ? ({number})(value) : value))"
    found = evaluate(["rules.js"], made, given)
    for (_, block, value), name in zip(asked, found, strict=True):
        assert RULES[name] == why_unusable(block, value), (block.role, value)
    assert {*RULES} == {*found}


def test_a_field_for_a_number_takes_what_a_sheet_takes(evaluate: Evaluate) -> None:
    typed = {
        "": None, "  ": None, "0.5": 0.5, " -2 ": -2, "+3": 3, ".5": 0.5, "5.": 5, "1e3": 1000, "−1.5": -1.5,
        "50%": 0.5, "１．５": 1.5, "1e400": "1e400", "-1e400": "-1e400", "1,5": "1,5", "abc": "abc", "1 2": "1 2",
        "true": True, "FALSE": False, "#N/A": {"error": "#N/A"}, "#n/a and more": "#n/a and more",
        "2024-02-29": 45351, "2023-02-29": "2023-02-29", "=1+1": "=1+1", "NaN": "NaN", "Infinity": "Infinity",
        "0x10": "0x10", "1e": "1e",
    }  # fmt: skip
    assert evaluate(["rules.js"], "given.map(takenForNumber)", list(typed)) == list(typed.values())
    assert evaluate(["rules.js"], "Object.is(takenForNumber('-0'), 0)")


def test_a_field_for_a_word_takes_what_a_sheet_takes(evaluate: Evaluate) -> None:
    typed = {
        "": None, " ": None, "cat": "cat", "Cat ": "Cat", "zebra ": "zebra ", "TRUE": True, "true": "true",
        "5": "5", "5.0": "5", "0.12345": 0.12345, "1e9": 1e9, "1e8": "100000000", "#N/A": {"error": "#N/A"},
        "=1+1": "=1+1", "50%": "50%", "FALSE": "FALSE",
    }  # fmt: skip
    known = "(text) => ['cat', 'false'].includes(text.toLowerCase())"
    assert evaluate(["rules.js"], f"given.map((text) => takenForText(text, {known}))", list(typed)) == [
        *typed.values()
    ]


def dataset(number: str) -> dict[str, Any]:
    """What an element says of a number format."""
    said = format_of(number).attributes
    return {key.removeprefix("data-"): text for key, text in said.items() if text is not None}


def test_numbers_show_as_the_static_page_shows_them(evaluate: Evaluate) -> None:
    asked = [(number, value) for number in FORMATS for value in SHOWN]
    given = [[dataset(number), value] for number, value in asked]
    found = evaluate(["cells.js"], "given.map(([dataset, value]) => asShown(value, formatOf({ dataset })))", given)
    for (number, value), text in zip(asked, found, strict=True):
        assert text == shown(value, number), (number, value)
    told = evaluate(["cells.js"], "given.map(([dataset, value]) => asShown(value, formatOf({ dataset })))", [
        [{"digits": "2"}, value] for value in ({"error": "#DIV/0!"}, None, True, "cat", 1e30)
    ])  # fmt: skip
    assert told == ["#DIV/0!", "", "TRUE", "cat", "1.00E+30"]


def test_cells_have_keys(evaluate: Evaluate) -> None:
    found = evaluate(
        ["cells.js"],
        "given.map(([s, r, c]) => placeOf(keyOf(s, r, c)))",
        given := [[0, 0, 0], [40, 1048575, 16383]],
    )
    assert found == given
    assert evaluate(["cells.js"], 'keyNamed("2,7,3") === keyOf(2, 7, 3) && keyNamed("") === null')


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Instance]:
    path = tmp_path_factory.mktemp("lesson") / "lesson.html"
    return path, api.build(path, template="cat-and-mouse")


def test_every_entry_is_there_in_full(lesson: tuple[Path, Instance], open_page: OpenPage) -> None:
    path, instance = lesson
    page, expected = open_page(path), instance.trace()
    assert page.locator("html").get_attribute("data-ready") == "all"
    found = values(page)
    for name, array in found.items():
        if instance.model.blocks[name].text:
            assert (array == expected[name]).all(), name
        else:
            assert np.allclose(numbers(array), expected[name], rtol=1e-12, atol=1e-12), name
    for block in instance.model.inputs:
        if block.name in found and block.role != "list":
            count = page.locator(f'[data-block="{block.name}"]').count()
            inside = page.locator(f'[data-block="{block.name}"] > :is(input, select)[aria-label]').count()
            assert count == inside >= block.size, block.name


def test_a_word_changes_all_that_follows_and_a_reset_undoes_it(
    lesson: tuple[Path, Instance], open_page: OpenPage
) -> None:
    page = open_page(lesson[0])
    before, told = values(page), state_line(page)
    weights = entry(page, "sentence.0.self_attention.weights", 7, 1).first
    assert weights.text_content() == ""
    assert weights.get_attribute("class") == "empty"
    assert float(weights.get_attribute("data-value") or "nan") == 0
    type_into(page, "sentence.0.words", 7, 1, "dog")
    assert re.fullmatch(r"\d\.\d\d", weights.text_content() or "")
    assert not weights.get_attribute("class")
    assert state_line(page) != told
    after = values(page)
    assert after["sentence.0.words"][6, 0] == "dog"
    assert (after["sentence.1.words"] == before["sentence.1.words"]).all()
    times = page.evaluate("timesLive")
    page.locator("#reset").click()
    calculated(page, times)
    assert state_line(page) == told
    for name, array in values(page).items():
        if lesson[1].model.blocks[name].text:
            assert (array == before[name]).all()
        else:
            assert np.allclose(numbers(array), numbers(before[name]), rtol=1e-12, atol=1e-12)
    assert weights.text_content() == ""


def test_the_last_of_many_words_counts(lesson: tuple[Path, Instance], open_page: OpenPage) -> None:
    page = open_page(lesson[0])
    times, word = page.evaluate("timesLive"), field_of(page, "sentence.0.words", 1, 1)
    word.focus()
    word.select_text()
    page.keyboard.type("keyboard")
    assert state(page) == "calculating"
    page.keyboard.press("Enter")
    for text in ("dog", "bird", "robot"):
        word.fill(text)
        word.press("Enter")
    calculated(page, times)
    assert values(page)["sentence.0.words"][0, 0] == "robot" == word.input_value()
    times = page.evaluate("timesLive")
    word.fill("mouse")  # and no more
    calculated(page, times)
    assert entry(page, "sentence.0.words", 1, 1).first.get_attribute("data-value") == "mouse"
    word.press("Escape")
    calculated(page, times + 1)
    assert entry(page, "sentence.0.words", 1, 1).first.get_attribute("data-value") == "robot" == word.input_value()


def test_a_number_shows_in_full_while_it_is_edited(lesson: tuple[Path, Instance], open_page: OpenPage) -> None:
    page = open_page(lesson[0])
    type_into(page, "embeddings", 1, 1, "0.125")
    number = field_of(page, "embeddings", 1, 1)
    assert number.input_value() == "0.125"
    number.press("Tab")
    assert number.input_value() == "0.13"
    number.focus()
    assert number.input_value() == "0.125"
    type_into(page, "embeddings", 1, 1, "=1/8+1")
    assert number.input_value() == "1.125"
    type_into(page, "embeddings", 1, 1, "2024-02-29")
    assert entry(page, "embeddings", 1, 1).first.get_attribute("data-value") == "45351"


def test_a_size_is_edited_as_in_the_sheet(lesson: tuple[Path, Instance], open_page: OpenPage) -> None:
    page = open_page(lesson[0])
    size = page.locator("table.list .cell[data-edit=input] > input").first
    costs = page.locator("[data-digits^=','][data-cell]")
    before, times = costs.all_text_contents(), page.evaluate("timesLive")
    size.fill("7")
    size.press("Enter")
    calculated(page, times)
    assert costs.all_text_contents() != before
    assert size.input_value() == "7"
    assert set(values(page)) <= set(lesson[1].model.blocks)


BAD = [
    ("embeddings", "abc", "a number belongs here", "abc"),
    ("embeddings", "1e400", "too large", "1e400"),
    ("embeddings", "1e101", "too large", "1e+101"),
    ("embeddings", "TRUE", "a number belongs here", "TRUE"),
    ("embeddings", "#N/A", "an error", "#N/A"),
    ("embeddings", "", "", ""),
    ("sentence.0.words", "zebra", "not in the vocabulary", "zebra"),
    ("sentence.0.words", "TRUE", "no words", "TRUE"),
    ("sentence.0.words", "1e10", "below 1E+9", "10000000000"),
    ("sentence.0.words", "", "", ""),
    ("switches.temperature", "0", "above 0", "0"),
    ("switches.temperature", "warm", "a number belongs here", "warm"),
    ("switches.temperature", "", "above 0", ""),
]
"""An input, what is typed into its first entry, what is told beside it, and what stands there then."""


def test_bad_input_is_told_beside_its_field_and_in_the_line_of_state(
    lesson: tuple[Path, Instance], open_page: OpenPage
) -> None:
    page = open_page(lesson[0])
    for name, typed, told, value in BAD:
        type_into(page, name, 1, 1, typed)
        field = field_of(page, name, 1, 1)
        assert entry(page, name, 1, 1).first.get_attribute("data-value") == value, typed
        assert ("✗" in state_line(page)) == bool(told), (typed, state_line(page))
        assert field.get_attribute("aria-invalid") == ("true" if told else None)
        if told:
            beside = page.locator(f'[id="{field.get_attribute("aria-describedby")}"]')
            assert beside.is_visible()
            assert told in beside.inner_text()
        else:
            type_into(page, name, 1, 1, "cat" if name.endswith("words") else "1")


def test_a_word_that_the_model_wrote_comes_back(tmp_path: Path, open_page: OpenPage) -> None:
    instance = api.build(path := tmp_path / "writes.html", template="decoder", settings=SMALL)
    page = open_page(path)
    (words,) = [block.name for block in instance.model.inputs if block.feedback is not None]
    row = int(page.locator(f'.slot.written [data-block="{words}"]').first.get_attribute("data-row") or 0)
    before = values(page)
    type_into(page, words, row, 1, "zebra")
    type_into(page, words, 1, 1, "zebra")
    times = page.evaluate("timesLive")
    page.locator("#reset").click()
    calculated(page, times)
    assert (values(page)[words] == before[words]).all()
    others = [word for word in instance.inputs[words].ravel() if isinstance(word, str) and word]
    listed = instance.inputs[instance.model.vocabulary.words.name].ravel()
    other = next(word for word in listed if word and word not in others)
    type_into(page, words, 1, 1, other)  # its formula lives again
    assert state(page) == "live"
    assert "✗" not in state_line(page)


def test_an_exercise_is_filled_in_and_judged_on_its_page(tmp_path: Path, open_page: OpenPage) -> None:
    path = tmp_path / "exercise.html"
    right = api.build(path, template="first-attention", exercise="weights").trace()
    page = open_page(path)
    blocks = outline(page)["blocks"]
    name, (row, column) = next((name, one["left"][0]) for name, one in blocks.items() if one["edit"] == "exercise")
    for name_of, one in blocks.items():
        if one["edit"] == "exercise":
            assert page.locator(f'[data-block="{name_of}"] > .field').count() == len(one["left"])
    answer = entry(page, name, row + 1, column + 1).first
    assert not {"right", "wrong", "unusable"} & {*str(answer.get_attribute("class")).split()}
    type_into(page, name, row + 1, column + 1, "17")
    assert "wrong" in str(answer.get_attribute("class"))
    type_into(page, name, row + 1, column + 1, f"{right[name][row, column]:.3f}")
    assert "right" in str(answer.get_attribute("class"))
    hint = page.locator('[data-of^="xlt.hint"] select').first
    times = page.evaluate("timesLive")
    hint.select_option("on")
    calculated(page, times)
    assert page.locator('[data-of^="xlt.hint"][data-value="on"]').count() == 1


NO_ENGINE = {
    "no WebAssembly": "delete globalThis.Worker; delete globalThis.WebAssembly;",
    "an old browser": "delete globalThis.DecompressionStream;",
}


@pytest.mark.parametrize("why", NO_ENGINE)
def test_without_an_engine_the_page_says_so_and_stays_as_built(
    why: str, lesson: tuple[Path, Instance], open_page: OpenPage
) -> None:
    page = open_page(lesson[0], live=False, init=NO_ENGINE[why])
    page.wait_for_selector('html[data-state="failed"]', state="attached")
    failure = page.locator("#failure")
    assert failure.is_visible()
    assert "\n" not in failure.inner_text()
    assert ("WebAssembly" if why == "no WebAssembly" else "too old") in failure.inner_text()
    assert page.locator("[data-state-line]").inner_text().startswith("✓")
    weights = page.locator('table[data-of="sentence.0.self_attention.weights"]').first
    assert "0.34" in (weights.text_content() or "")
    editable = "[...document.querySelectorAll('.field')].filter((one) => !one.readOnly && !one.disabled).length"
    assert page.evaluate(editable) == 0
    if why == "no WebAssembly":  # in the workbook's file stand all digits
        expected = lesson[1].trace()
        exact = f'[data-value="{float(expected["sentence.0.self_attention.weights"][0, 0])!r}"]'
        page.wait_for_selector(exact, state="attached")
        everything_drawn(page)
        for name, array in values(page).items():
            if not lesson[1].model.blocks[name].text:
                np.testing.assert_allclose(numbers(array), expected[name], rtol=0, atol=1e-12, err_msg=name)
