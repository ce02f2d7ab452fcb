"""Edits typed into a running LibreOffice, compared with NumPy run on the same edits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from office import Edit, Office, OpenedBook

from xltransformer import api
from xltransformer.building.instance import Instance
from xltransformer.difference import diff
from xltransformer.locale import load_messages
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book
from xltransformer.workbook.start.grid import STATE, VALUE

Built = tuple[Path, Instance]
Change = tuple[str, int, int, Any]

CHANGES: dict[str, list[Change]] = {
    "an embedding": [("embeddings", 1, 0, 0.0)],
    "a weight": [("projected_attention.W_Q", 0, 2, 3.5), ("resized_attention.W_K", 1, 1, -2.0)],
    "a word": [("sentence.0.words", 0, 0, "keyboard")],
    "a word in capitals": [("sentence.0.words", 0, 0, "DOG")],
    "a word emptied": [("sentence.0.words", 1, 0, None)],
    "a lengthened sentence": [("sentence.0.words", 5, 0, "not"), ("sentence.0.words", 6, 0, "robot")],
    "scaling off": [("switches.scaling", 0, 0, "off")],
    "scaling off by a number": [("switches.scaling", 0, 0, 0)],
    "a temperature": [("switches.temperature", 0, 0, 0.25)],
    "causal": [("switches.causal", 0, 0, "on")],
    "causal in another language": [("switches.causal", 0, 0, "开")],
    "a new word": [("vocabulary", 27, 0, "*"), ("embeddings", 27, 1, 2.0), ("sentence.1.words", 4, 0, "*")],
    "an unknown word": [("sentence.0.words", 2, 0, "unheard-of")],
    "an empty sentence": [("sentence.0.words", k, 0, None) for k in range(5)],
    "another lesson": [("watch.lesson", 0, 0, "Self-attention")],
    "no such lesson": [("watch.lesson", 0, 0, "Cooking")],
    "another word to compare": [("watch.word", 0, 0, "friends")],
}


def edits_of(book: ReadBook, changes: list[Change]) -> list[Edit]:
    homes = book.homes
    return [(homes[name].sheet, homes[name].address(i, j), value) for name, i, j, value in changes]


def type_in(office: Office, built: Built, changes: list[Change], save: Path | None = None) -> OpenedBook:
    return office.edit(built[0], edits_of(read_book(built[0]), changes), save)


@pytest.fixture(scope="module")
def followed(office: Office, default_workbook: Built) -> dict[str, OpenedBook]:
    """The default workbook after each of the changes, one after the other in one window."""
    book = read_book(default_workbook[0])
    _, rounds = office.rounds(book.path, [edits_of(book, changes) for changes in CHANGES.values()])
    return {what: typed for what, (typed, _) in zip(CHANGES, rounds, strict=True)}


def numpy_with(instance: Instance, changes: list[Change]) -> dict[str, np.ndarray[Any, Any]]:
    inputs = {name: value.copy() for name, value in instance.inputs.items()}
    for name, i, j, value in changes:
        text = inputs[name].dtype == object
        inputs[name][i, j] = as_text(value) if text else value or 0.0
    return instance.model.trace(inputs)


def as_text(value: Any) -> str:
    """What formulas take a cell for where they look for a text: a number typed into it as its digits."""
    return "" if value is None else value if isinstance(value, str) else f"{value:g}"


def assert_same(shown: OpenedBook, built: Built, expected: dict[str, np.ndarray[Any, Any]]) -> None:
    book = read_book(built[0])
    for name, block in book.model.blocks.items():
        cells = shown.read(book.homes[name])
        if block.text:
            assert [[as_text(cell) for cell in row] for row in cells] == expected[name].tolist(), name
        else:
            numbers = [[0.0 if cell == "" else cell for cell in row] for row in cells]
            np.testing.assert_allclose(
                np.array(numbers, dtype=float), expected[name], rtol=1e-9, atol=1e-9, err_msg=name
            )


@pytest.mark.parametrize("what", list(CHANGES))
def test_everything_follows_an_edit(what: str, followed: dict[str, OpenedBook], default_workbook: Built) -> None:
    changes = CHANGES[what]
    expected = numpy_with(default_workbook[1], changes)
    before = default_workbook[1].trace()
    assert any(not np.array_equal(before[name], expected[name]) for name in before)
    assert_same(followed[what], default_workbook, expected)


def test_first_attention_asks_another_token_and_scales(office: Office, first_workbook: Built) -> None:
    changes: list[Change] = [("watch.word", 0, 0, "she"), ("switches.scaling", 0, 0, "on")]
    expected = numpy_with(first_workbook[1], changes)
    assert expected["single_query.divisor"][0, 0] == 2
    assert_same(type_in(office, first_workbook, changes), first_workbook, expected)


LOOK_AT = load_messages()("start.look_at")


def state(shown: OpenedBook, start: str) -> str:
    """The line on the first sheet that says whether all is well."""
    return str(shown.cell(start, STATE, VALUE))


def marks(shown: OpenedBook, words: Place) -> list[Any]:
    """What stands beside the words of a sentence: a question mark at each that cannot be looked up."""
    return [shown.cell(words.sheet, words.row + i, words.column + 1) for i in range(words.shape[0])]


def test_an_untouched_workbook_is_well(office: Office, default_workbook: Built) -> None:
    shown, place = office.edit(default_workbook[0]), read_book(default_workbook[0]).homes["sentence.0.words"]
    assert not any(marks(shown, place))
    assert state(shown, place.sheet).startswith(f"✓ {load_messages()('start.well')}")


def test_an_unknown_word_is_flagged_in_plain_words(office: Office, default_workbook: Built) -> None:
    shown = type_in(office, default_workbook, [("sentence.0.words", 2, 0, "unheard-of")])
    place = read_book(default_workbook[0]).homes["sentence.0.words"]
    assert marks(shown, place) == ["", "", "?", *[""] * 4]
    assert state(shown, place.sheet).startswith(f"✗ {LOOK_AT}every word of sentence A is in the vocabulary")
    everything = [cell for rows in shown.values.values() for row in rows for cell in row]
    assert not [cell for cell in everything if cell is None or (isinstance(cell, str) and cell.startswith("#"))]


def test_a_word_listed_twice_is_flagged(office: Office, default_workbook: Built) -> None:
    shown = type_in(office, default_workbook, [("vocabulary", 26, 0, "cat")])
    place = read_book(default_workbook[0]).homes["sentence.0.words"]
    assert marks(shown, place) == ["?", *[""] * 6]
    assert state(shown, place.sheet).startswith(f"✗ {LOOK_AT}every word of sentence A is in the vocabulary")


@pytest.mark.parametrize("engine", ["ironcalc", "libreoffice"])
def test_saved_by_libreoffice_it_still_agrees(
    engine: str, office: Office, default_workbook: Built, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.xlsx"
    changes = [*CHANGES["a new word"], *CHANGES["a weight"], *CHANGES["a lengthened sentence"], *CHANGES["causal"]]
    type_in(office, default_workbook, changes, saved)
    result = diff(saved, engine)
    assert result.ok, [str(p) for p in result.problems]
    assert len(result.blocks) == len(default_workbook[1].model.blocks)


def test_saved_by_libreoffice_tampering_is_still_named(
    office: Office, default_workbook: Built, tmp_path: Path
) -> None:
    place = read_book(default_workbook[0]).homes["sentence.0.self_attention.scores"]
    saved = tmp_path / "saved.xlsx"
    office.edit(default_workbook[0], [(place.sheet, place.address(1, 1), 7.0)], saved)
    result = diff(saved)
    assert [(p.kind, p.sheet, p.cell) for p in result.problems] == [
        ("not a formula", place.sheet, place.address(1, 1))
    ]


def test_chinese_workbook_lives_too(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "zh.xlsx"
    built = path, api.build(path, ["猫 和 鼠标", "键盘 和 鼠标"], language="zh")
    changes: list[Change] = [("sentence.0.words", 0, 0, "键盘"), ("switches.temperature", 0, 0, 2.0)]
    assert_same(type_in(office, built, changes), built, numpy_with(built[1], changes))
