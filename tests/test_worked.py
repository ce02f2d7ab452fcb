"""Worked lines ("scores[mouse, cat] = 1.20×1.50 + … = 1.92") against the cells they explain."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from cells import opened
from office import Edit, Office, OpenedBook
from test_diff import edited

from xltransformer import api
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.engines import IronCalc, fold
from xltransformer.graph import Section
from xltransformer.locale import Messages, load_messages
from xltransformer.text import word_key
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book

Read = Callable[[Place], list[list[Any]]]
Change = tuple[str, int, int, Any]

EXPLAINED = {
    "project": ["Q", "K", "V"],
    "scores": ["scores"],
    "scaled": ["scaled"],
    "softmax": ["maximum", "exponentials", "total"],
    "weights": ["weights", "row_sum"],
    "output": ["output"],
}
"""Which blocks of which step are worked out, in this order."""
CROSSWISE = {"scores", "scaled", "exponentials", "weights"}
"""Blocks with the watched word's row, in the column of its largest weight; the rest have a line for each word,
in the column of the entry that is largest in size."""

NUMBER = re.compile(r"-?\d+\.\d\d|−∞")


@dataclass(frozen=True)
class Book:
    """A built workbook, and the cells of its worked lines by section, from top to bottom."""

    instance: Instance
    read: ReadBook
    messages: Messages
    lines: list[list[Place]]


def lessons(instance: Instance) -> list[Section]:
    """The sections whose sheets follow the first one, in their order."""
    return [section for section in instance.model.sections if not section.behind]


def make(path: Path, instance: Instance, language: str) -> Book:
    messages = load_messages(language)
    drawn = lay_out(instance, instance.trace(), messages)
    lines = [
        [Place(sheet.name, p.row, p.column, (1, 1)) for p in sorted(sheet.paragraphs, key=lambda p: p.row)
         if p.cell.style[0] == "worked"]
        for sheet in drawn.sheets[1 : 1 + len(lessons(instance))]
    ]  # fmt: skip
    return Book(instance, read_book(path), messages, lines)


LONG = "the small dog likes the broken computer and hates the cat on the screen"


@pytest.fixture(scope="module")
def books(
    default_workbook: tuple[Path, Instance],
    first_workbook: tuple[Path, Instance],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Book]:
    folder = tmp_path_factory.mktemp("worked")
    zh, long = folder / "zh.xlsx", folder / "long.xlsx"
    return {
        "default": make(*default_workbook, "en"),
        "first": make(*first_workbook, "en"),
        "zh": make(zh, api.build(zh, ["猫 和 鼠标", "键盘 和 鼠标"], language="zh"), "zh"),
        "long": make(long, api.build(long, [LONG]), "en"),
    }


def explained(book: Book, section: int) -> Iterator[tuple[str, int]]:
    """The lines that a section must have: the block's name, and whose row it is (0: the watched
    word's, 1: the other's)."""
    for step in lessons(book.instance)[section].steps:
        for last in EXPLAINED.get(step.key, []):
            blocks = [b for b in step.blocks if b.computed and b.last_name == last]
            for block in blocks:
                rows = 1 if last in CROSSWISE or block.shape[0] == 1 else 2
                yield from ((block.name, k) for k in range(rows))


def operands(name: str, row: int, column: int, at: Callable[[str], Any]) -> list[float]:
    """The exact numbers that a line names, in its order: written here once more, by hand."""
    scope, _, last = name.rpartition(".")
    lesson = scope.rpartition(".")[2]

    def product(left: Any, right: Any) -> list[float]:
        return [float(number) for pair in zip(left, right, strict=True) for number in pair]

    if last in ("Q", "K", "V"):
        return product(at(f"{scope}.X")[row], at(f"{lesson}.W_{last}")[:, column])
    if last == "scores":
        return product(at(f"{scope}.Q")[row], at(f"{scope}.K")[column])
    if last == "scaled":
        return [at(f"{scope}.scores")[row, column], at(f"{scope}.divisor")[0, 0]]
    if last == "maximum":
        return list(at(f"{scope}.masked")[row])
    if last == "exponentials":
        numbers = at(f"{scope}.masked")[row, column], at(f"{scope}.maximum")[row, 0]
        return [*numbers, at("switches.temperature")[0, 0]]
    if last == "total":
        return list(at(f"{scope}.exponentials")[row])
    if last == "weights":
        return [at(f"{scope}.exponentials")[row, column], at(f"{scope}.total")[row, 0]]
    if last == "row_sum":
        return list(at(f"{scope}.weights")[row])
    assert last == "output"
    return product(at(f"{scope}.weights")[row], at(f"{scope}.V")[:, column])


def same(shown: str, exact: float) -> bool:
    return exact < -1e29 if shown == "−∞" else abs(float(shown) - exact) <= 0.005 + 1e-9


def calculate(expression: str, numbers: list[float]) -> float:
    """What the line says, with its rounded numbers replaced by the exact ones."""
    exact = iter(numbers)
    code = NUMBER.sub(lambda _: f"({float(next(exact))!r})", expression)
    code = code.replace("×", "*").replace("−", "-").replace(";", ",")
    assert re.fullmatch(r"[-+*/(),.\deinfmaxp ]+", code), code
    return float(eval(code, {"__builtins__": {}, "max": max, "exp": math.exp}))


def check_line(book: Book, read: Read, name: str, k: int, text: str) -> str:
    """Hold one line against the sheet's cells; returns "hint" or "line"."""
    homes, model = book.read.homes, book.instance.model

    def at(block: str) -> Any:
        cells = [[0.0 if cell in ("", None) else cell for cell in row] for row in read(homes[block])]
        return np.array(cells, dtype=float)

    block = model.blocks[name]
    (s,) = (section.sentence for section in model.sections for step in section.steps if block in step.blocks)
    assert s is not None
    assert model.watch is not None
    words = [word_key(str(row[0] or "")) for row in read(homes[model.sentences[s].words.name])]
    labels = [str(read(homes[m.name])[0][0] or "") for m in (model.watch.word, model.watch.sentences[s].other)]
    places = [words.index(word_key(w)) if w and word_key(w) in words else None for w in labels]
    last = block.last_name
    crosswise = last in CROSSWISE
    alone = block.shape[0] == 1  # the watched word is the only query, wherever it stands
    if places[k] is None and not alone:
        assert text == book.messages("worked.missing")
        return "hint"
    row = 0 if alone else places[k]
    assert row is not None
    entries = at(f"{name.rpartition('.')[0]}.weights")[row] if crosswise else np.abs(at(name)[row])
    column = int(entries.argmax())

    found = re.fullmatch(r"(\S+)\[(.*?)\] = (.+) = (\S+)", text)
    assert found, text
    symbol, inside, expression, result = found.groups()
    assert symbol == book.messages.get(f"symbol.{last}", last)
    expected_labels = [labels[k]]
    if crosswise:
        expected_labels.append(str(read(homes[model.sentences[s].words.name])[column][0]))
    elif last not in ("maximum", "total", "row_sum"):
        axis = block.columns
        names = [label for row in read(homes[axis.source.name]) for label in row] if axis.source else axis.labels
        expected_labels.append(str(names[column]))
    assert inside == ", ".join(expected_labels)
    assert same(result, at(name)[row, column]), (text, at(name)[row, column])
    numbers, shown = operands(name, row, column, at), NUMBER.findall(expression)
    if expression.endswith(("…", "…)")):
        assert len(numbers) > len(shown) >= 12
    else:
        assert len(numbers) == len(shown), text
        assert calculate(expression, numbers) == pytest.approx(at(name)[row, column], rel=1e-9, abs=1e-9), text
    assert all(same(one, exact) for one, exact in zip(shown, numbers, strict=False)), (text, numbers)
    return "line"


def check_all(book: Book, read: Read) -> dict[str, int]:
    """Hold every line of a workbook against its cells; counts lines and hints."""
    count = {"line": 0, "hint": 0}
    for section, places in enumerate(book.lines):
        wanted = list(explained(book, section))
        assert len(places) == len(wanted)
        for place, (name, k) in zip(places, wanted, strict=True):
            count[check_line(book, read, name, k, str(read(place)[0][0]))] += 1
    return count


ROUNDS: dict[str, dict[str, tuple[list[Change], bool]]] = {
    "default": {
        "another word to watch": ([("watch.word", 0, 0, "are")], False),
        "the word in capitals": ([("watch.word", 0, 0, "MOUSE")], False),
        "another other word": ([("watch.0.other", 0, 0, "friends"), ("watch.1.other", 0, 0, "are")], False),
        "both words the same": ([("watch.0.other", 0, 0, "mouse")], False),
        "an embedding": ([("embeddings", 1, 0, -1.2345), ("embeddings", 0, 2, 7)], False),
        "a weight": ([("projected_attention.W_V", 1, 0, 3.25)], False),
        "a temperature": ([("switches.temperature", 0, 0, 0.37)], False),
        "scaling off": ([("switches.scaling", 0, 0, "off")], False),
        "masked words": ([("switches.causal", 0, 0, "on"), ("watch.word", 0, 0, "and"),
                          ("watch.0.other", 0, 0, "mouse"), ("watch.1.other", 0, 0, "mouse")], False),
        "longer sentences": ([("sentence.0.words", 5, 0, "not"), ("sentence.1.words", 6, 0, "robot"),
                              ("watch.0.other", 0, 0, "not"), ("watch.1.other", 0, 0, "robot")], False),
        "a renamed dimension": ([("dimensions", 0, 0, "beast")], False),
        "a sentence changed under the words": ([("sentence.0.words", 0, 0, "dog")], True),
        "a word typed over": ([("sentence.0.words", 2, 0, "dog"), ("sentence.1.words", 2, 0, "cat")], True),
        "a word of one sentence only": ([("watch.word", 0, 0, "cat")], True),
        "another word that is nowhere": ([("watch.0.other", 0, 0, "robot")], True),
        "no word at all": ([("watch.word", 0, 0, None), ("watch.1.other", 0, 0, None)], True),
    },
    "first": {
        "another word asks": ([("watch.word", 0, 0, "she"), ("watch.0.other", 0, 0, "river")], False),
        "scaling": ([("switches.scaling", 0, 0, "on"), ("switches.temperature", 0, 0, 3)], False),
    },
    "zh": {
        "another word to watch": ([("watch.word", 0, 0, "和"), ("watch.0.other", 0, 0, "鼠标")], False),
        "masked words": ([("switches.causal", 0, 0, "开"), ("watch.word", 0, 0, "和"),
                          ("watch.1.other", 0, 0, "鼠标")], False),
    },
    "long": {
        "first and last": ([("watch.word", 0, 0, "the"), ("watch.0.other", 0, 0, "screen")], False),
    },
}  # fmt: skip


WORTHLESS = re.compile(r"(?<![\d.])-0\.0+(?!\d)|^(weights|probabilities)\S*\[.*\] = 0\.0+ / \S+ = 0\.0+$")
"""Minus zero, and shares of nothing."""


@pytest.mark.parametrize("template", shipped_templates())
def test_what_is_worked_out_is_worth_it(template: str) -> None:
    """Whatever is divided into shares is the largest of them, and no number is minus zero."""
    instance = make_instance(template)
    for sheet in lay_out(instance, instance.trace(), load_messages("en")).shown:
        shown = [str(p.cell.shown) for p in sheet.paragraphs if p.cell.style[0] == "worked"]
        assert not [line for line in shown if WORTHLESS.search(line)]


def reader(shown: OpenedBook) -> Read:
    return shown.read


@pytest.mark.parametrize("which", list(ROUNDS))
def test_lines_agree_with_their_cells_in_libreoffice(which: str, office: Office, books: dict[str, Book]) -> None:
    book, wanted = books[which], ROUNDS[which]
    homes = book.read.homes
    rounds: list[list[Edit]] = [
        [(homes[name].sheet, homes[name].address(i, j), value) for name, i, j, value in changes]
        for changes, _ in wanted.values()
    ]
    untouched, shown = office.rounds(book.read.path, rounds)
    count = check_all(book, reader(untouched))
    assert count["line"] > (5 if which == "first" else 30)
    assert not count["hint"]
    before = texts(book, reader(untouched))
    for (what, (_, hints)), (typed, mended) in zip(wanted.items(), shown, strict=True):
        count = check_all(book, reader(typed))
        assert bool(count["hint"]) == hints, what
        assert texts(book, reader(typed)) != before, what
        assert texts(book, reader(mended)) == before, what


def texts(book: Book, read: Read) -> list[str]:
    return [str(read(place)[0][0]) for places in book.lines for place in places]


@pytest.mark.parametrize("what", ["an embedding", "masked words", "another other word", "a word typed over"])
def test_lines_agree_with_their_cells_in_ironcalc(what: str, books: dict[str, Book], tmp_path: Path) -> None:
    book, (changes, hints) = books["default"], ROUNDS["default"][what]
    edits = {(book.read.homes[name], i, j): value for name, i, j, value in changes}
    results = IronCalc().recalculate(edited(book.read.path, tmp_path / "edited.xlsx", edits))

    def read(place: Place) -> list[list[Any]]:
        sheet = results[fold(place.sheet)]
        rows, columns = place.shape
        return [
            [sheet.get((place.row + i + 1, place.column + j + 1)) for j in range(columns)] for i in range(rows)
        ]

    assert bool(check_all(book, read)["hint"]) == hints


def test_lines_shown_before_any_recalculation_are_the_same(books: dict[str, Book]) -> None:
    """The results cached in the file are what an engine works out."""
    for book in books.values():
        cached = openpyxl.load_workbook(book.read.path, data_only=True)
        results = IronCalc().recalculate(book.read.path)
        for place in (place for places in book.lines for place in places):
            where = place.row + 1, place.column + 1
            assert cached[place.sheet].cell(*where).value == results[fold(place.sheet)][where]


def test_no_line_gives_an_exercise_away(tmp_path: Path) -> None:
    """Where a step is left to the student it has no line, and none starts from it."""
    path = tmp_path / "exercise.xlsx"
    instance = api.build(path, ["cat and mouse"], exercise=["weights", "output"])
    lines = [
        str(cell.value)
        for sheet in opened(path).values()
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and re.match(r"=IF\(.{1,40}>0,", cell.value)
    ]
    assert len(instance.model.sections) > 1
    assert not [line for line in lines if '"weights["' in line or '"output["' in line]
    assert [line for line in lines if '"scores["' in line]
    assert not [line for line in lines if "answers" in line.lower()]
