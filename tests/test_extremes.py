"""Wild settings, as a reader tries them in every template: no error value shows anywhere, every chart still has
numbers to draw, and the first sheet says in words what is so. The words are held against the numbers in the cells,
by predicates that know nothing of the formulas that make the words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from live import Live, with_room
from office import Office, OpenedBook

from xltransformer.building.instance import Instance, describe, make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.graph import Matrix
from xltransformer.locale import Messages, languages, load_messages
from xltransformer.workbook.book import Workbook
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.places import Place, place_of
from xltransformer.workbook.writer import render

ERROR = re.compile(r"#(N/A|NUM|DIV|VALUE|REF|NAME|NULL|ERROR|CIRC|N/IMPL|SPILL)|Err:\d")
MOST_ZEROS = 600
"""Numbers of a vocabulary that are typed over one by one, at most."""
RATES = (0, 0.05, 0.2, 1, 1.5, 3, 30, 1000)

Typed = tuple[Place, Any]
Read = Callable[[str, int, int], Any]
"""What a cell shows: its sheet, row and column, from 0."""
Made = tuple[Instance, Workbook, Path, Messages]


def make(name: str, language: str, folder: Path, **more: Any) -> Made:
    instance = make_instance(name, language=language, **more)
    messages = load_messages(language)
    book = lay_out(instance, instance.trace(), messages)
    path = folder / f"{name}.{language}.xlsx"
    path.write_bytes(render(book, describe(instance)))
    return instance, book, path, messages


def cells_of(place: Place) -> Iterator[Place]:
    for i in range(place.shape[0]):
        for j in range(place.shape[1]):
            yield Place(place.sheet, place.row + i, place.column + j, (1, 1))


def wild(instance: Instance, book: Workbook) -> dict[str, list[Typed]]:
    """What a reader may type, by what it is called."""
    model, edits = instance.model, dict[str, list[Typed]]()

    def typed(block: Matrix, value: Any, first: int = 0) -> list[Typed]:
        return [(cell, value) for cell in cells_of(book.names[block.name])][first:]

    by_name = {block.last_name: block for block in model.inputs}
    if (temperature := by_name.get("temperature")) is not None:
        edits |= {f"temperature {t}": typed(temperature, t) for t in (0.01, 100, 0, -1)}
    if (rate := by_name.get("learning_rate")) is not None:
        edits |= {f"rate {r}": typed(rate, r) for r in RATES}
        if "momentum" in by_name:
            on = typed(by_name["momentum"], "on")
            edits |= {f"rate {r} momentum": typed(rate, r) + on for r in RATES}
    words = [sentence.words for sentence in model.sentences]
    edits["empty"] = typed(words[0], "")
    edits["all empty"] = [edit for block in words for edit in typed(block, "")]
    edits["one word"] = typed(words[0], "", first=1)
    if (numbers := model.vocabulary.embeddings).size <= MOST_ZEROS:
        edits["zeros"] = typed(numbers, 0)
    if "nudge" in by_name:
        edits |= {f"nudge {n}": typed(by_name["nudge"], n) for n in (0, 1, 1000, 1e-17)}
    return edits


def said(book: Workbook, part: str, read: Read) -> list[str]:
    """The texts in a part of the first screen."""
    texts = (read(cell.sheet, cell.row, cell.column) for cell in cells_of(book.screen[part]))
    return [text for text in texts if isinstance(text, str) and text.strip()]


def check(made: Made, what: str, read: Read, errors: Sequence[Any]) -> None:
    _, book, path, _ = made
    assert not errors, (path.name, what, errors[:5])
    for sheet in book.shown:
        for chart in sheet.charts:
            for reference in (text for series in chart.series for text in (series.values, series.categories)):
                values = [read(cell.sheet, cell.row, cell.column) for cell in cells_of(place_of(reference))]
                numbers = chart.kind == "scatter" or reference in [series.values for series in chart.series]
                assert not numbers or all(
                    isinstance(value, int | float) and math.isfinite(value) for value in values
                ), (path.name, what, reference, values)
    answers, state = said(book, "answer", read), " ".join(said(book, "state", read))
    assert answers, (path.name, what)
    hold(made, what, answers, state, read)


def hold(made: Made, what: str, answers: list[str], state: str, read: Read) -> None:
    """That the words are true of the numbers."""
    instance, book, _, messages = made

    def numbers(name: str) -> list[float]:
        return [float(read(cell.sheet, cell.row, cell.column)) for cell in cells_of(book.names[name])]

    kind, _, value = what.partition(" ")
    fault = kind == "empty" or what == "all empty" or (kind == "temperature" and float(value) <= 0)
    assert ("✗" in state) == fault, (what, state)
    if kind in ("empty", "all"):
        several = "source" if instance.template.entry.pair else "several"
        key = several if len(instance.model.sentences) > 1 else "sentence"
        told = messages("start.empty", sentence=messages(f"named.{key}", letter="A"))
        assert answers[0].startswith(told), (what, answers)
    elif what == "temperature 0.01" and instance.model.headline.answers[0].key == "looks":
        found = re.search(r"[(（](\d\.\d\d)[)）]", answers[0])
        most = max(numbers("watch.0.attention"))
        assert found is None or abs(float(found[1]) - most) < 0.0051 or most < 0.005, (what, answers)
    elif kind == "rate" and "training.losses" in book.names:
        if messages.language == "en":
            hold_losses(numbers("training.losses"), answers[0], len(numbers("training.steps")) - 1)
    elif kind == "nudge":
        shown = [float(number) for number in re.findall(r"-?\d+\.\d{6}", answers[0])]
        slope, gradient = (numbers(f"nudge.product.{part}")[0] for part in ("slope", "gradient"))
        assert shown == pytest.approx([gradient] if abs(float(value)) < 1e-9 else [slope, gradient], abs=1e-6)
        leaves = len(shown) == 2 and abs(slope - gradient) > 0.001
        assert any(word in answers[0] for word in ("tangent", "切线")) == leaves


def hold_losses(losses: list[float], answer: str, steps: int) -> None:
    """What is said of a row of losses, in English: that is the language of these tests of it."""
    first, last = losses[0], losses[-1]
    if (found := re.search(r"left all bounds at step (\d+)", answer)) is not None:
        step = int(found[1])
        assert losses[step] > 10 * first
        assert max(losses[:step]) <= 10 * first
        assert losses[step:] == [last] * (steps + 1 - step)
    elif "no weight moves" in answer:
        assert set(losses) == {first}
    elif "no lower than at first" in answer:
        assert last >= first
    else:
        assert f"from {first:.2f} to {last:.2f}" in answer
        rises = [after - before for before, after in pairwise(losses)]
        assert ("with leaps" in answer) == (max(rises) > first / 4)
        assert ("have learned" not in answer) or last <= first / 4
        assert ("only begun" not in answer) or last > first / 4


def in_ironcalc(made: Made, edits: Mapping[str, list[Typed]]) -> None:
    """Every edit in turn, each taken back before the next."""
    _, book, path, _ = made
    live = Live(path)

    def read(sheet: str, row: int, column: int) -> Any:
        return live.cell(Place(sheet, row, column, (1, 1)))

    for what, typed in edits.items():
        for cell, value in typed:
            live.put(cell, 0, 0, value)
        live.calculate()
        texts = ((sheet.name, text) for sheet in book.shown for text in live.texts(sheet.name))
        check(made, what, read, [(sheet, text) for sheet, text in texts if ERROR.match(text[2])])
        live.take_back()


BOTH = ("cat-and-mouse", "encoder", "backpropagation")
"""What is tried in each language; the others in one of them, in turns, as it is the same formulas that fail."""
TRIED = [
    (name, language)
    for k, name in enumerate(shipped_templates())
    for j, language in enumerate(languages())
    if name in BOTH or (language == "en" if name == "trainable-attention" else k % 2 == j % 2)
]


@pytest.mark.parametrize(("name", "language"), TRIED)
def test_no_wild_setting_shows_an_error(name: str, language: str, tmp_path: Path) -> None:
    made = make(name, language, tmp_path)
    with_room(lambda: in_ironcalc(made, wild(*made[:2])))


def test_a_wild_learning_rate_of_gradients_shows_no_error(tmp_path: Path) -> None:
    made = make("multi-head", "en", tmp_path, settings={"gradients": 1})
    edits = {what: typed for what, typed in wild(*made[:2]).items() if what.startswith("rate")}
    assert len(edits) == len(RATES)
    with_room(lambda: in_ironcalc(made, edits))


@pytest.mark.parametrize(
    ("name", "language", "chosen"),
    [
        ("cat-and-mouse", "zh", ("temperature 0.01", "temperature 100", "temperature 0", "all empty", "zeros")),
        ("trainable-attention", "en", ("rate 0", "rate 3 momentum", "rate 1000", "empty")),
        ("backpropagation", "zh", ("nudge 0", "nudge 1000", "zeros", "empty")),
    ],
)
def test_libreoffice_shows_no_error_either(
    name: str, language: str, chosen: Sequence[str], office: Office, tmp_path: Path
) -> None:
    steps = {"settings": {"steps": 6}} if name == "trainable-attention" else {}
    made = make(name, language, tmp_path, **steps)
    _, book, path, _ = made
    edits = wild(*made[:2])
    rounds = [
        [(cell.sheet, cell.address(0, 0), None if value == "" else value) for cell, value in edits[what]]
        for what in chosen
    ]
    _, shown = office.rounds(path, rounds)
    visible = {sheet.name for sheet in book.shown}
    for what, (opened, _) in zip(chosen, shown, strict=True):
        check(made, what, opened.cell, list(errors_of(opened, visible)))


def errors_of(opened: OpenedBook, visible: set[str]) -> Iterator[Any]:
    """The cells that show an error: None where it is a formula's."""
    for sheet in visible:
        for i, row in enumerate(opened.values[sheet]):
            yield from ((sheet, i, j, v) for j, v in enumerate(row) if v is None or ERROR.match(str(v)))


def test_what_is_looked_for_would_be_found(tmp_path: Path) -> None:
    """An error value, a sentence that is not so."""
    made = make("trainable-attention", "en", tmp_path, settings={"steps": 2})
    losses = made[1].names["training.losses"]
    cell = Place(losses.sheet, losses.row, losses.column + 1, (1, 1))
    with pytest.raises(AssertionError):
        with_room(lambda: in_ironcalc(made, {"rate 0.5": [(cell, "=1/0")]}))
    with pytest.raises(AssertionError):
        hold_losses([1.0, 2.0, 0.5], "In 2 steps the loss fell from 1.00 to 0.50", 2)
    with pytest.raises(AssertionError):
        hold_losses([1.0, 2.0, 30.0], "The loss left all bounds at step 1", 2)
