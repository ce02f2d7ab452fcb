"""The experiments of every template, done as a reader does them: the edit that the text asks for, then the mark
and the explanation that appear, in LibreOffice and in IronCalc."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cells import cells_of
from changes import Parts
from office import Edit, Office
from openpyxl.utils.cell import coordinate_to_tuple
from tried import TRIED

from xltransformer.building.instance import Instance, describe, make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates
from xltransformer.engines import engine, fold
from xltransformer.errors import UserError
from xltransformer.inputs import ERRORS
from xltransformer.locale import Messages, in_language, languages, load_messages
from xltransformer.workbook.book import Workbook
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.places import Place
from xltransformer.workbook.writer import render

SHIPPED = [(name, language) for name in shipped_templates() for language in languages()]
AT_LEAST = 3
PART = {"backpropagation", "byte-pair", "trainable-attention"}
"""Lessons of whose explanations only some are held against the numbers: the others say why, not what."""


@dataclass(frozen=True)
class Trial:
    """One experiment: the edit, where its mark and explanation stand, its number and what it explains."""

    edit: Edit
    mark: Place
    explanation: Place
    number: int
    then: str


def trials(instance: Instance, book: Workbook, messages: Messages) -> list[Trial]:
    """What a reader reads on the first sheet: the address is taken from the text."""
    start, found = book.sheets[0], []
    for number, experiment in enumerate(instance.template.experiments, start=1):
        do = book.screen[f"experiment.{number}.do"]
        cell = cells_of(start)[do.row, do.column]
        text = str(cell.shown if cell.kind == "link" else cell.content)
        assert "{" not in text
        before, _, after = in_language(experiment.do, messages.language).partition("{cell}")
        where = text.removeprefix(before.rstrip()).removesuffix(after).strip()
        sheet, _, address = where.rpartition("!")
        to: Any = experiment.target(messages.language)
        if isinstance(to, bool):
            to = messages("switch.on" if to else "switch.off")
        places = [book.screen[f"experiment.{number}.{part}"] for part in ("mark", "explanation")]
        then = in_language(experiment.then, messages.language)
        found.append(Trial((sheet or start.name, address, to), *places, number, then))
    return found


def built(name: str, language: str, folder: Path) -> tuple[Path, list[Trial]]:
    data, listed = drawn(name, language)
    path = folder / "built.xlsx"
    path.write_bytes(data)
    return path, listed


@cache
def places_of(name: str, language: str) -> tuple[Place, Mapping[str, Place]]:
    """Where the line of state and the blocks stand."""
    messages = load_messages(language)
    instance = make_instance(name, language=language)
    book = lay_out(instance, instance.trace(), messages)
    return book.screen["state"], book.names


@cache
def drawn(name: str, language: str) -> tuple[bytes, list[Trial]]:
    """A workbook, once for all tests, and what to try in it."""
    messages = load_messages(language)
    instance = make_instance(name, language=language)
    book = lay_out(instance, instance.trace(), messages)
    return render(book, describe(instance)), trials(instance, book, messages)


@pytest.mark.parametrize("language", ["en", "zh"])  # others may be translated in part
@pytest.mark.parametrize("name", shipped_templates())
def test_every_template_has_experiments_in_the_languages_that_ship(name: str, language: str) -> None:
    experiments = load_template(name, language).experiments
    assert len(experiments) >= AT_LEAST
    for experiment in experiments:
        assert language in experiment.do
        assert language in experiment.then
        assert "{cell}" in experiment.do[language]


@pytest.mark.parametrize("name", sorted({name for name, _ in TRIED} - PART))
def test_every_explanation_is_held_against_the_numbers(name: str) -> None:
    numbers = range(1, len(load_template(name).experiments) + 1)
    assert {(name, number) for number in numbers} <= set(TRIED)


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_libreoffice_sees_each_done(name: str, language: str, office: Office, tmp_path: Path) -> None:
    path, listed = built(name, language, tmp_path)
    messages, (state, homes) = load_messages(language), places_of(name, language)
    predicates = {trial.number: TRIED[name, trial.number] for trial in listed if (name, trial.number) in TRIED}
    spoken = [homes[block] for one in predicates.values() for block in one.blocks]
    shown = [place for trial in listed for place in (trial.mark, trial.explanation)]
    untouched, rounds = office.rounds(path, [[trial.edit] for trial in listed], only=[state, *shown, *spoken])
    for trial, (done, undone) in zip(listed, rounds, strict=True):
        said = str(done.read(state)[0][-1])
        assert said.startswith("✓"), (trial.edit, said)
        assert messages("start.unchanged") not in said, trial.edit
        for opened in (untouched, undone):
            assert str(opened.read(state)[0][-1]) == f"✓ {messages('start.well')}  {messages('start.unchanged')}"
        if trial.number in predicates:
            before, after = (lambda block, book=book: book.read(homes[block]) for book in (untouched, done))
            assert predicates[trial.number].is_true(before, after), (trial.number, trial.then)
        for opened in (untouched, undone):
            assert opened.read(trial.mark) == [[str(trial.number)]]
            assert opened.read(trial.explanation) == [[""]]
        assert done.read(trial.mark) == [["✓"]], trial.edit
        assert done.read(trial.explanation) == [[trial.then]]
        others = [other for other in listed if other is not trial]
        assert all(done.read(other.mark) == [[str(other.number)]] for other in others)


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_ironcalc_sees_all_done_at_once(name: str, language: str, tmp_path: Path) -> None:
    path, listed = built(name, language, tmp_path)
    edits = {trial.edit[:2]: trial for trial in listed}  # of several in one cell, the last
    parts = Parts(path)
    for (sheet, address), trial in edits.items():
        row, column = coordinate_to_tuple(address)
        parts.put(Place(sheet, row - 1, column - 1, (1, 1)), 0, 0, trial.edit[2])
    parts.save(path)
    results = engine("ironcalc").recalculate(path)
    wrong = [(sheet, cell) for sheet, cells in results.items() for cell, value in cells.items() if value in ERRORS]
    assert not wrong, wrong[:5]
    state = places_of(name, language)[0]
    said = str(results[fold(state.sheet)][state.row + 1, state.column + state.shape[1]])
    assert said.startswith("✓"), said
    for trial in edits.values():
        cells = results[fold(trial.mark.sheet)]
        assert cells[trial.mark.row + 1, trial.mark.column + 1] == "✓", trial.edit
        assert cells[trial.explanation.row + 1, trial.explanation.column + 1] == trial.then


def template(tmp_path: Path, *experiments: str) -> Path:
    path = tmp_path / "mine.toml"
    own = 'model = "attention_lessons"\nsentences = ["a b"]\nwords = ["a", "b", "c"]\n'
    path.write_text(own + "".join(f"[[experiments]]\n{experiment}\n" for experiment in experiments), "utf-8")
    return path


def test_a_teacher_writes_experiments_the_same_way(tmp_path: Path, office: Office) -> None:
    word = 'block = "sentence.words"\nrow = "b"\nto = "c"\ndo = "Type c into {cell}."\nthen = "It says \\"c\\"."'
    switch = 'block = "switches.causal"\nto = true\ndo = "Switch on {cell}."\nthen = "On."'
    path, (first, second) = built(str(template(tmp_path, word, switch)), "en", tmp_path)
    _, ((done, _), (on, _)) = office.rounds(path, [[first.edit], [second.edit]])
    assert done.read(first.explanation) == [['It says "c".']]
    assert on.read(second.mark) == [["✓"]]


def test_an_experiment_on_a_word_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    instance = make_instance(sentences=["dog and mouse are friends", "keyboard and mouse are useful"])
    book = lay_out(instance, instance.trace(), load_messages("en"))
    marks = [name for name in book.screen if name.endswith(".mark")]
    assert len(marks) == len(instance.template.experiments) - 1


@pytest.mark.parametrize(
    ("experiment", "complaint"),
    [
        ('row = "b"\nto = "c"\ndo = "x"\nthen = "y"', "give the name of a block"),
        ('block = "a"\nto = 1\nabove = 2\ndo = "x"\nthen = "y"', "one of to, above and below"),
        ('block = "a"\ndo = "x"\nthen = "y"', "one of to, above and below"),
        ('block = "a"\nto = 1\nthen = "y"', "do is missing"),
        ('block = "a"\nto = 1\ndo = "x"\nthen = 3', "give a text"),
        ('block = "a"\nrow = 1.5\nto = 1\ndo = "x"\nthen = "y"', "give a label, or a number"),
        ('block = "a"\nto = nan\ndo = "x"\nthen = "y"', "give a finite number"),
        ('block = "a"\nsay = 1\nto = 1\ndo = "x"\nthen = "y"', "unknown key 'say'"),
    ],
)
def test_a_mistake_in_an_experiment_is_named(experiment: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="experiment 1") as caught:
        load_template(template(tmp_path, experiment))
    assert complaint in str(caught.value)
