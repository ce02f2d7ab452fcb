"""The experiments of every template, done as a reader does them: the edit that the text asks for, then the mark
and the explanation that appear, in LibreOffice and in IronCalc."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cells import cells_of
from live import Live, with_room
from office import Edit, Office
from openpyxl.utils.cell import coordinate_to_tuple
from tried import tried

from xltransformer.building.instance import Instance, describe, make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates
from xltransformer.errors import UserError
from xltransformer.locale import Messages, in_language, languages, load_messages
from xltransformer.workbook.baseline import LISTED
from xltransformer.workbook.book import Workbook
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.places import Place
from xltransformer.workbook.writer import render

SHIPPED = [(name, language) for name in shipped_templates() for language in languages()]
IN_TURNS = [one for k, one in enumerate(SHIPPED) if k % 2 == k // 2 % 2]
"""Each template in one language, in turns: what LibreOffice is asked, IronCalc is asked in both."""
AT_LEAST = 3
NOTHING = ("", None)


Read = Callable[[Place], list[list[Any]]]
"""The cells of a place, row by row."""
ERROR = re.compile(r"#(N/A|NUM|DIV|VALUE|REF|NAME|NULL|ERROR|CIRC|N/IMPL|SPILL)|Err:\d")
NUMBER = re.compile(r"(?:ype|填) ([−-]?\d+(?:\.\d+)?)")
"""What a text asks to type."""


@dataclass(frozen=True)
class Trial:
    """One experiment: the edit, where its mark and explanation stand, its number and what it explains, and what
    the cell is called, where it is a word or a number of the vocabulary."""

    edit: Edit
    mark: Place
    explanation: Place
    number: int
    then: str
    called: str


@dataclass(frozen=True, repr=False)
class Made:
    """A workbook, what to try in it, and what to read of it: the line of state and the list of changed cells."""

    name: str
    messages: Messages
    instance: Instance
    book: Workbook
    data: bytes
    trials: list[Trial]

    @property
    def changed(self) -> Place:
        """What and where each changed cell is, what it holds now and held as built."""
        return Place(self.messages("sheet.baseline"), 6, 1, (LISTED, 5))

    @property
    def state(self) -> Place:
        return self.book.screen["state"]

    def write(self, folder: Path) -> Path:
        path = folder / "built.xlsx"
        path.write_bytes(self.data)
        return path


def trials(instance: Instance, book: Workbook, messages: Messages) -> list[Trial]:
    """What a reader reads on the first sheet: the address is taken from the text, and so is a number to type."""
    start, found = book.sheets[0], []
    for number, experiment in enumerate(instance.template.experiments, start=1):
        do = book.screen[f"experiment.{number}.do"]
        cell = cells_of(start)[do.row, do.column]
        text = str(cell.shown if cell.kind == "link" else cell.content)
        assert "{" not in text
        before, _, after = in_language(experiment.do, messages.language).partition("{cell}")
        where = text.removeprefix(before.rstrip()).removesuffix(after.lstrip()).strip()
        sheet, _, address = where.rpartition("!")
        to: Any = experiment.target(messages.language)
        if isinstance(to, bool):
            turned = instance.model.blocks[experiment.block].turned_by
            assert turned is not None
            to = messages(turned.said[0 if to else 1])
        elif isinstance(to, str):
            assert to in text
        else:
            asked = NUMBER.findall(text)
            assert len(asked) == 1, text
            to = float(asked[0].replace("−", "-"))
        edit = (sheet or start.name, address, to)
        places = [book.screen[f"experiment.{number}.{part}"] for part in ("mark", "explanation")]
        then = in_language(experiment.then, messages.language)
        name = called(instance, book, experiment.block, edit, messages)
        found.append(Trial(edit, places[0], places[1], number, then, name))
    return found


def called(instance: Instance, book: Workbook, block: str, edit: Edit, messages: Messages) -> str:
    """What the changed cell is called, in words; nothing where that is the block and its address."""
    home, (row, column) = book.names[block], coordinate_to_tuple(edit[1])
    i, j = row - 1 - home.row, column - 1 - home.column
    if block.startswith("sentence."):
        number = block.removeprefix("sentence.")[0]
        roles = ("source", "target") if instance.template.entry.pair else ("several", "several")
        key = roles[int(number)] if number.isdigit() else "sentence"
        letter = "AB"[int(number)] if number.isdigit() else ""
        return messages("changed.word", n=i + 1, sentence=messages(f"named.{key}", letter=letter))
    if block == "embeddings":
        known = instance.model.vocabulary
        word, dimension = instance.inputs[known.words.name][i, 0], instance.inputs[known.dimensions.name][0, j]
        return messages("changed.embedding", word=word, dimension=dimension)
    return ""


@cache
def made(name: str, language: str) -> Made:
    """A workbook, once for all tests, and what to try in it."""
    messages = load_messages(language)
    instance = make_instance(name, language=language)
    book = lay_out(instance, instance.trace(), messages)
    data = render(book, describe(instance))
    return Made(name, messages, instance, book, data, trials(instance, book, messages))


@pytest.mark.parametrize("language", ["en", "zh"])  # others may be translated in part
@pytest.mark.parametrize("name", shipped_templates())
def test_every_template_has_experiments_in_the_languages_that_ship(name: str, language: str) -> None:
    experiments = load_template(name, language).experiments
    assert len(experiments) >= AT_LEAST
    for experiment in experiments:
        assert language in experiment.do
        assert language in experiment.then
        assert "{cell}" in experiment.do[language]


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_every_explanation_is_held_against_the_numbers(name: str, language: str) -> None:
    numbers = range(1, len(load_template(name, language).experiments) + 1)
    assert not [number for number in numbers if tried(name, language, number) is None]


def done(tried_out: Made, read: Read, edited: Sequence[Trial]) -> None:
    """After edits: all is well, the line of state names them, the list below tells what and where they are, and
    of several in one cell the last one is marked as done, and explained."""
    messages = tried_out.messages
    said, listed = (
        str(read(tried_out.state)[0][-1]),
        [row for row in read(tried_out.changed) if row[0] not in NOTHING],
    )
    assert said.startswith(f"✓ {messages('start.well')}"), said
    assert messages("start.unchanged") not in said
    last = {trial.edit[:2]: trial for trial in edited}
    assert len(listed) == len(last)
    for what, sheet, address, now, before in listed:
        trial = last[sheet, address]
        assert now == trial.edit[2] != before
        assert str(what).startswith(trial.called or what)
        assert what in said or len(listed) > 1, (what, said)
    assert any(what in said for what, *_ in listed), said
    for trial in tried_out.trials:
        through = last.get(trial.edit[:2]) is trial
        assert read(trial.mark) == [["✓" if through else str(trial.number)]], (trial.edit, read(trial.mark))
        assert read(trial.explanation)[0][0] in (
            [trial.then if len(last) == 1 else messages("start.alone")] if through else NOTHING
        )


def undone(tried_out: Made, read: Read) -> None:
    """As built, or once everything was taken back."""
    messages = tried_out.messages
    assert str(read(tried_out.state)[0][-1]) == f"✓ {messages('start.well')}  {messages('start.unchanged')}"
    for trial in tried_out.trials:
        assert read(trial.mark) == [[str(trial.number)]]
        assert read(trial.explanation)[0][0] in NOTHING


def is_true(tried_out: Made, trial: Trial, before: Read, after: Read) -> bool:
    """Whether the explanation is true of the numbers."""
    predicate, names = tried(tried_out.name, tried_out.messages.language, trial.number), tried_out.book.names
    assert predicate is not None
    return predicate.is_true(lambda block: before(names[block]), lambda block: after(names[block]))


@pytest.mark.parametrize(("name", "language"), IN_TURNS)
def test_libreoffice_sees_each_done(name: str, language: str, office: Office, tmp_path: Path) -> None:
    one = made(name, language)
    rounds = [[trial] for trial in one.trials] + [one.trials]
    spoken = [
        one.book.names[block]
        for trial in one.trials
        if (predicate := tried(name, language, trial.number))
        for block in predicate.blocks
    ]
    whole = [
        Place(sheet.name, 0, 0, (sheet.bottom + 1, sheet.right + 1))
        for sheet in one.book.sheets
        if sheet.name in {one.messages(f"sheet.{key}") for key in ("start", "baseline", "checks", "behind")}
    ]
    edits = [[trial.edit for trial in edited] for edited in rounds]
    untouched, shown = office.rounds(one.write(tmp_path), edits, only=[*whole, *spoken])
    undone(one, untouched.read)
    for edited, (opened, mended) in zip(rounds, shown, strict=True):
        done(one, opened.read, edited)
        undone(one, mended.read)
        for place in whole:
            wrong = [cell for row in opened.read(place) for cell in row if cell is None or ERROR.match(str(cell))]
            assert not wrong, (place.sheet, [trial.edit for trial in edited])
        if len(edited) == 1:
            assert is_true(one, edited[0], untouched.read, opened.read), edited[0]


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_ironcalc_sees_each_done(name: str, language: str, tmp_path: Path) -> None:
    with_room(lambda: in_ironcalc(made(name, language), made(name, language).write(tmp_path)))


def in_ironcalc(one: Made, path: Path) -> None:
    """Each by itself, then one after another, added up in the order given."""
    live, rows = Live(path), [one.trials[:k] for k in range(2, len(one.trials) + 1)]
    live.calculate()
    undone(one, live.cells)
    spoken = [tried(one.name, one.messages.language, trial.number) for trial in one.trials]
    places = {one.book.names[block] for predicate in spoken if predicate for block in predicate.blocks}
    before = {place: live.cells(place) for place in places}
    for edited in [*([trial] for trial in one.trials), *rows]:
        for trial in edited if len(edited) == 1 else edited[0 if edited is rows[0] else -1 :]:
            row, column = coordinate_to_tuple(trial.edit[1])
            live.put(Place(trial.edit[0], row - 1, column - 1, (1, 1)), 0, 0, trial.edit[2])
        live.calculate()
        done(one, live.cells, edited)
        wrong = [cell for cell in live.everything() if isinstance(cell[3], str) and ERROR.match(cell[3])]
        assert not wrong, (wrong[:3], [trial.edit for trial in edited])
        if len(edited) == 1:
            assert is_true(one, edited[0], before.__getitem__, live.cells), edited[0]
        if not any(edited is row for row in rows[:-1]):
            live.take_back()
            live.calculate()
            undone(one, live.cells)


def template(tmp_path: Path, *experiments: str) -> Path:
    path = tmp_path / "mine.toml"
    own = 'model = "attention_lessons"\nsentences = ["a b"]\nwords = ["a", "b", "c"]\n'
    path.write_text(own + "".join(f"[[experiments]]\n{experiment}\n" for experiment in experiments), "utf-8")
    return path


def test_a_teacher_writes_experiments_the_same_way(tmp_path: Path, office: Office) -> None:
    word = 'block = "sentence.words"\nrow = "b"\nto = "c"\ndo = "Type c into {cell}."\nthen = "It says \\"c\\"."'
    switch = 'block = "switches.causal"\nto = true\ndo = "Switch on {cell}."\nthen = "On."'
    one = made(str(template(tmp_path, word, switch)), "en")
    first, second = one.trials
    _, ((typed, _), (on, _)) = office.rounds(one.write(tmp_path), [[first.edit], [second.edit]])
    assert typed.read(first.explanation) == [['It says "c".']]
    assert on.read(second.mark) == [["✓"]]


def test_an_experiment_on_a_word_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    instance = make_instance(sentences=["dog and mouse are friends", "keyboard and mouse are useful"])
    book = lay_out(instance, instance.trace(), load_messages("en"))
    marks = [name for name in book.screen if name.endswith(".mark")]
    assert len(marks) == len(instance.template.experiments) - 2  # those on “cat”


def test_an_experiment_that_speaks_of_other_words_is_left_out() -> None:
    """Of a number of “cat”, of what “mouse” then looks at: neither is there."""
    instance = make_instance(sentences=["the dog eats cheese"])
    book = lay_out(instance, instance.trace(), load_messages("en"))
    cells = cells_of(book.sheets[0])
    said = [str(cells[place.row, place.column].content) for name, place in book.screen.items() if ".do" in name]
    assert not [text for text in said if "mouse" in text or "cat" in text]
    named = make_instance(sentences=["cat and mouse are friends", "the keyboard and mouse"])
    book = lay_out(named, named.trace(), load_messages("en"))
    assert len([name for name in book.screen if name.endswith(".do")]) == len(named.template.experiments)


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
