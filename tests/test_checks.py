"""The checks: each turns red for its own fault, in LibreOffice, is named on the first sheet, and well again
when the fault is mended; and the sheet that tells what the edits changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cells import cells_of, opened
from office import Edit, Office, OpenedBook

from xltransformer import api
from xltransformer.building.instance import Instance
from xltransformer.locale import Messages, load_messages
from xltransformer.workbook.canvas import Canvas
from xltransformer.workbook.checks import LEFT
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book
from xltransformer.workbook.start.grid import LABEL, STATE, VALUE

Built = tuple[Path, Instance]
Change = tuple[str, int, int, Any]


@dataclass(frozen=True)
class Book:
    """A built workbook, and the rows of its checks on their sheet by what they say."""

    read: ReadBook
    instance: Instance
    messages: Messages
    start: str
    sheet: Canvas
    checks: dict[str, int]
    links: dict[str, str]

    def edits(self, changes: list[Change]) -> list[Edit]:
        homes = self.read.homes
        return [(homes[name].sheet, homes[name].address(i, j), value) for name, i, j, value in changes]

    def red(self, shown: OpenedBook) -> list[str]:
        """The checks that do not hold; none may show anything but 1 or 0."""
        values = {text: shown.cell(self.sheet.name, row, LEFT) for text, row in self.checks.items()}
        assert set(values.values()) <= {0.0, 1.0}, values
        return [text for text, value in values.items() if value == 0]

    def status(self, shown: OpenedBook) -> tuple[str, str]:
        """What the first sheet says: whether all is well or what is amiss, and what the edits changed."""
        state, _, changes = str(shown.cell(self.start, STATE, VALUE)).partition("  ")
        return state, changes

    @property
    def well(self) -> str:
        return f"✓ {self.messages('start.well')}"


def make(path: Path, instance: Instance, language: str = "en") -> Book:
    messages = load_messages(language)
    start, *others = lay_out(instance, instance.trace(), messages).sheets
    (sheet,) = (other for other in others if other.name == messages("sheet.checks"))
    cells = cells_of(sheet)
    rows = [
        row
        for (row, column), cell in cells.items()
        if column == LEFT and cell.style == ("verdict", messages("number.verdict"))
    ]
    checks = {str(cells[row, LEFT + 3].content): row for row in rows}
    assert len(checks) == len(rows), "two checks say the same"
    links = {text: str(cells[row, LEFT + 1].content) for text, row in checks.items()}
    assert cells_of(start)[STATE, LABEL].content == f"'{sheet.name}'!A1", "the first sheet leads there"
    return Book(read_book(path), instance, messages, start.name, sheet, checks, links)


@pytest.fixture(scope="module")
def books(
    default_workbook: Built, first_workbook: Built, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Book]:
    zh = tmp_path_factory.mktemp("checks") / "zh.xlsx"
    return {
        "default": make(*default_workbook),
        "first": make(*first_workbook),
        "zh": make(zh, api.build(zh, ["猫 和 鼠标", "键盘 和 鼠标"], language="zh"), "zh"),
    }


LESSONS = ["1A Self-attention", "1B Self-attention", "2A With weights", "2B With weights",
           "3A Other dimensions", "3B Other dimensions"]  # fmt: skip
FOLLOWING = ["Watch", "4 Compare", "Behind the pictures"]


def sums(*sheets: str) -> list[str]:
    return [f"every row sums to 1: weights ({sheet})" for sheet in sheets]


def errors(*sheets: str) -> list[str]:
    return [f"no cell is an error: {sheet}" for sheet in sheets]


@dataclass(frozen=True)
class Fault:
    """What is typed, which check must say so, and which others cannot hold then either."""

    changes: list[Change]
    says: str
    follows: list[str] = field(default_factory=list)


KNOWN_A = "every word of sentence A is in the vocabulary"
EMBEDDINGS, WEIGHTS = (
    "every entry to fill in is a number: Vocabulary",
    "every entry to fill in is a number: 2A With weights",
)
TEXTS = load_messages()("check.texts", sheet="Start")
NAMED = {"word that is listed twice": "B6", "text in an embedding that no sentence has": "D25"}
"""Cells that the first sheet names."""
ALL_LESSONS = [*sums(*LESSONS), *errors(*LESSONS, *FOLLOWING)]
GONE = {"formula": "=1/0"}

FAULTS: dict[str, dict[str, Fault]] = {
    "default": {
        "empty sentence": Fault(
            [("sentence.0.words", k, 0, None) for k in range(5)],
            "sentence A has at least one word",
        ),
        "sentence of unknown words": Fault(
            [("sentence.1.words", k, 0, "blub" if k == 1 else None) for k in range(5)],
            "sentence B has at least one word",
            ["every word of sentence B is in the vocabulary"],
        ),
        "unknown word": Fault([("sentence.0.words", 4, 0, "unheard-of")], KNOWN_A),
        "word that is listed twice": Fault([("vocabulary", 26, 0, "CAT")], KNOWN_A),
        "word that is an error": Fault(
            [("sentence.0.words", 4, 0, GONE)], TEXTS,
            ["sentence A has at least one word", KNOWN_A,
             *sums("1A Self-attention", "2A With weights", "3A Other dimensions"),
             *errors("1A Self-attention", "2A With weights", "3A Other dimensions", *FOLLOWING)],
        ),
        "scaling 5": Fault([("switches.scaling", 0, 0, 5)], "scaling is on or off"),
        "scaling neither": Fault([("switches.scaling", 0, 0, "maybe")], "scaling is on or off"),
        "no scaling": Fault([("switches.scaling", 0, 0, None)], "scaling is on or off"),
        "scaling an error": Fault(
            [("switches.scaling", 0, 0, GONE)], TEXTS, ["scaling is on or off", *ALL_LESSONS]
        ),
        "causal -1": Fault([("switches.causal", 0, 0, -1)], "causal mask is on or off"),
        "temperature -1": Fault([("switches.temperature", 0, 0, -1)], "the temperature is above 0"),
        "temperature 0": Fault([("switches.temperature", 0, 0, 0)], "the temperature is above 0"),
        "no temperature": Fault([("switches.temperature", 0, 0, None)], "the temperature is above 0"),
        "temperature a text": Fault(
            [("switches.temperature", 0, 0, "hot")], "the temperature is above 0", errors(*LESSONS)
        ),
        "text in an embedding of a sentence": Fault(
            [("embeddings", 0, 2, "much")], EMBEDDINGS,
            [*sums(*LESSONS[::2]), *errors(*LESSONS[::2], *FOLLOWING)],
        ),
        "text in an embedding that no sentence has": Fault([("embeddings", 20, 1, "much")], EMBEDDINGS),
        "error in an embedding that no sentence has": Fault([("embeddings", 20, 1, GONE)], EMBEDDINGS),
        "text in a weight": Fault(
            [("projected_attention.W_K", 1, 1, "1,5")], WEIGHTS,
            [*sums("2A With weights", "2B With weights"),
             *errors("2A With weights", "2B With weights", *FOLLOWING)],
        ),
        "row that does not sum to 1": Fault(
            [("sentence.1.projected_attention.weights", 1, 0, 0.9)], *sums("2B With weights")
        ),
        "row that misses 1 by little": Fault(
            [("sentence.0.projected_attention.weights", 1, 0, {"formula": "=0.2+0.0000001"})],
            *sums("2A With weights"),
        ),
        "error in a lesson": Fault([("sentence.0.self_attention.output", 1, 0, GONE)], *errors(LESSONS[0])),
        "error on the sheet of the watched word": Fault(
            [("watch.1.points", 0, 0, GONE)], *errors("Watch"), errors("Behind the pictures")
        ),
        "error that spoils the worked lines": Fault(
            [("watch.1.other_position", 0, 0, GONE)], *errors(LESSONS[1]), errors(*LESSONS[3::2], "Watch")
        ),
        "error in the comparison": Fault([("compare.self_attention.difference", 1, 1, GONE)],
                                         *errors("4 Compare")),
        "no such lesson": Fault([("watch.lesson", 0, 0, "Cooking")], "what is shown is one of the list"),
        "lesson by its number": Fault([("watch.lesson", 0, 0, 1)], "what is shown is one of the list"),
    },
    "first": {
        "unknown word": Fault([("sentence.words", 1, 0, "木")], "every word of the sentence is in the vocabulary"),
        "temperature -1": Fault([("switches.temperature", 0, 0, -1)], "the temperature is above 0"),
        "row that does not sum to 1": Fault([("single_query.weights", 0, 2, 0.5)], *sums("1 One query")),
    },
    "zh": {
        "unknown word": Fault([("sentence.0.words", 0, 0, "木头")], "句子（A）的每个词都在词表里"),
        "temperature -1": Fault([("switches.temperature", 0, 0, -1)], "温度大于 0"),
    },
}  # fmt: skip


@pytest.mark.parametrize("which", list(FAULTS))
def test_each_fault_is_named_and_mended(which: str, office: Office, books: dict[str, Book]) -> None:
    book, faults = books[which], FAULTS[which]
    untouched, shown = office.rounds(book.read.path, [book.edits(fault.changes) for fault in faults.values()])
    assert book.red(untouched) == []
    for (what, fault), (typed, mended) in zip(faults.items(), shown, strict=True):
        red = book.red(typed)
        assert (what, sorted(red)) == (what, sorted([fault.says, *fault.follows]))
        said, named, cells = book.status(typed)[0].partition(f"✗ {book.messages('start.look_at')}{fault.says}")
        assert (said, bool(named)) == ("", True), (what, book.status(typed)[0])
        # the cell that was edited, or the one that it makes wrong, or all of a block of which several are
        assert re.fullmatch(r"(: [A-Z]+\d+(:[A-Z]+\d+)?( [A-Z]+\d+(:[A-Z]+\d+)?)*)?[.。]", cells), (what, cells)
        if what in NAMED:
            assert cells == f": {NAMED[what]}.", what
        assert book.red(mended) == [], what
        assert book.status(mended) == (book.well, book.messages("start.unchanged")), what


def test_no_cell_of_a_lesson_escapes(office: Office, books: dict[str, Book]) -> None:
    """Errors in what only repeats, names or explains the numbers are seen, too."""
    book = books["default"]
    lesson = book.read.homes["sentence.0.projected_attention.output"]
    cells: list[Edit] = [
        (lesson.sheet, lesson.address(-1, 0), GONE),  # a column label
        (lesson.sheet, lesson.address(lesson.shape[0] + 2, -1), GONE),  # a worked line, below the block
    ]
    _, shown = office.rounds(book.read.path, [[cell] for cell in cells])
    for (sheet, _, _), (typed, mended) in zip(cells, shown, strict=True):
        assert book.red(typed) == errors(sheet)
        assert book.red(mended) == []
    (view,) = (v.place for v in book.read.views if v.block == "projected_attention.W_V")
    typed = office.edit(book.read.path, [(view.sheet, view.address(0, 0), GONE)])
    assert errors(view.sheet)[0] in book.red(typed)
    assert errors(lesson.sheet)[0] not in book.red(typed)


def test_every_check_leads_to_where_to_look(books: dict[str, Book]) -> None:
    book = books["default"]
    sheets = {text: link.rpartition("!")[0].strip("'") for text, link in book.links.items()}
    homes = book.read.homes
    for text, sheet in sheets.items():
        named = [name for name in book.read.content if name in text]
        assert sheet == (named[0] if named else book.start), text
    words = homes["sentence.1.words"]
    assert book.links["sentence B has at least one word"] == f"'{words.sheet}'!{words.address(0, 0)}"
    assert book.links[EMBEDDINGS].endswith(f"!{homes['embeddings'].address(0, 0)}")


DIFFERENCES = ("weights", "output")


def before_and_after(book: Book, block: str) -> tuple[Place, Place, Place]:
    """Where "before and after" shows a block: now, when it was built, and the difference."""
    sheet = book.messages("sheet.baseline")
    now = next(view.place for view in book.read.views if view.block == block and view.place.sheet == sheet)
    heading = str(opened(book.read.path)[sheet].cell(now.row - 1, now.column + 1).value).rpartition(": ")[0]
    built, change = (
        titled(book, f"{heading}: {book.messages(f'baseline.{key}')}", now) for key in ("built", "change")
    )
    return now, built, change


def titled(book: Book, title: str, now: Place) -> Place:
    """The place on the same sheet that a title stands two rows above: the first one from `now` on."""
    sheet = opened(book.read.path)[now.sheet]
    row, column = next(
        (cell.row, cell.column)
        for row in sheet.iter_rows(min_row=now.row - 1)
        for cell in row
        if cell.value == title
    )
    return Place(now.sheet, row + 1, column - 1, now.shape)


EDITS: dict[str, list[Change]] = {
    "an embedding": [("embeddings", 1, 0, 0.0)],
    "a weight": [("projected_attention.W_V", 0, 0, -7.0)],
    "a word": [("sentence.0.words", 0, 0, "keyboard")],
    "causal": [("switches.causal", 0, 0, "on")],
    "a temperature": [("switches.temperature", 0, 0, 0.5)],
    "what moves nothing": [("embeddings", 20, 0, 3.0), ("watch.word", 0, 0, "and")],
}


def test_before_and_after(office: Office, books: dict[str, Book]) -> None:
    book = books["default"]
    blocks = [name for name in book.instance.model.blocks
              if name.rpartition(".")[2] in DIFFERENCES and name.startswith("sentence.")]  # fmt: skip
    assert len(blocks) == 12
    before = book.instance.trace()
    untouched, shown = office.rounds(book.read.path, [book.edits(changes) for changes in EDITS.values()])
    none = book.messages("start.unchanged")
    for changes, (typed, mended) in zip([[], *EDITS.values()], [(untouched, untouched), *shown], strict=True):
        inputs = {name: value.copy() for name, value in book.instance.inputs.items()}
        for name, i, j, value in changes:
            inputs[name][i, j] = value
        after = book.instance.model.trace(inputs)
        largest = 0.0
        for name in blocks:
            now, built, change = (np.array(typed.read(place)) for place in before_and_after(book, name))
            np.testing.assert_allclose(now, after[name], atol=1e-9)
            np.testing.assert_allclose(built, before[name], atol=1e-15)
            np.testing.assert_allclose(change, after[name] - before[name], atol=1e-9)
            largest = max(largest, float(np.abs(after[name] - before[name]).max()))
        said = book.status(typed)[1]
        assert (said == none) == (not changes), said
        assert (book.messages("start.moved", n=f"{largest:.2f}") in said) == bool(largest), said
        assert book.status(mended)[1] == none
    assert len({book.status(typed)[1] for typed, _ in shown}) == len(EDITS)


def test_a_watched_word_that_is_typed_over_is_no_alarm(office: Office, books: dict[str, Book]) -> None:
    """The word in its place is watched instead, all says its name, and one quiet line says so."""
    over: dict[str, tuple[list[Change], str, list[str]]] = {
        "typed over in both": (
            [("sentence.0.words", 2, 0, "dog"), ("sentence.1.words", 2, 0, "cat")], "dog", ["B"]
        ),
        "typed over in one": ([("sentence.0.words", 2, 0, "dog")], "mouse", ["A"]),
        "chosen in one sentence": ([("watch.word", 0, 0, "cat")], "cat", ["B"]),
        "chosen in none": ([("watch.word", 0, 0, "robot")], "mouse", []),
        "none chosen, none in its place": (
            [("watch.word", 0, 0, None), ("sentence.0.words", 2, 0, None)], "cat", ["B"]
        ),
    }  # fmt: skip
    book = books["default"]
    homes, said = book.read.homes, book.messages
    _, rounds = office.rounds(book.read.path, [book.edits(changes) for changes, _, _ in over.values()])
    for (what, (changes, watched, lacking)), (typed, _) in zip(over.items(), rounds, strict=True):
        inputs = {name: value.copy() for name, value in book.instance.inputs.items()}
        for name, i, j, value in changes:
            inputs[name][i, j] = "" if value is None else value
        assert book.instance.model.trace(inputs)["watch.shown"].item() == watched, what
        assert typed.read(homes["watch.shown"]) == [[watched]], what
        assert (book.red(typed), book.status(typed)[0]) == ([], book.well), what
        chosen = inputs["watch.word"].item()
        note = said("start.not_watched", chosen=chosen, word=watched) if chosen not in ("", watched) else ""
        assert note in book.status(typed)[1], what
        assert bool(note) == ("is watched instead" in book.status(typed)[1]), what
        answers = "  ".join(str(cell) for row in typed.values[book.start] for cell in row if "looks" in str(cell))
        not_here = said("answer.not_here", word=watched)
        everything = "  ".join(str(cell) for row in typed.values[book.start] for cell in row)
        for letter in "AB":
            assert (f"{letter}: {not_here}" in everything) == (letter in lacking), what
            assert (f"{letter}: “{watched}” looks most" in answers) == (letter not in lacking), what
