"""Every live sentence of Start is true, as it is shown, after edits too: each is tested by its predicate in
`claims.py`, over every watched word, lesson, switch, temperature and place to write after, and random edits."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from claims import PREDICATES, Said, Seen, parsed
from live import Live, as_text, with_room
from office import Office, OpenedBook
from test_languages import CLASSIFIERS

from xltransformer.building.instance import Instance, describe, make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.graph import Matrix
from xltransformer.locale import Messages, load_messages, read_texts
from xltransformer.teaching.watch import lesson_title
from xltransformer.workbook.book import Workbook
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.writer import render

Edit = tuple[str, int, int, Any]
State = list[Edit]
NO_SENTENCES = {"itself"}
TEMPERATURES = (0.25, 1.0, 4.0)
RANDOM = 8
MOST_CELLS = 6_000
"""Of workbooks with more cells fewer states are looked at, as each takes a fifth of a second."""


def test_every_kind_of_sentence_has_a_predicate() -> None:
    kinds = set(read_texts("en", "answer")) - NO_SENTENCES
    assert {key.removeprefix("answer.") for key in kinds} - NO_SENTENCES == set(PREDICATES)


def opened(
    name: str, language: str, folder: Path, settings: dict[str, Any] | None = None
) -> tuple[Instance, Workbook, Live]:
    messages = load_messages(language)
    instance = make_instance(name, language=language, settings=settings)
    book = lay_out(instance, instance.trace(), messages)
    path = folder / "built.xlsx"
    path.write_bytes(render(book, describe(instance)))
    return instance, book, Live(path)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", shipped_templates())
def test_what_is_said_is_true(name: str, language: str, tmp_path: Path) -> None:
    with_room(partial(hold, name, language, tmp_path))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("options", CLASSIFIERS, ids=str)
def test_what_is_said_of_classes_is_true(options: dict[str, Any], language: str, tmp_path: Path) -> None:
    settings = options | {"layers": 1, "d_model": 4, "d_ff": 4, "slots": 1}
    with_room(partial(hold, "bert", language, tmp_path, settings))


def hold(name: str, language: str, folder: Path, settings: dict[str, Any] | None = None) -> None:
    """Type each state into the workbook, and hold every sentence to its predicate."""
    instance, book, live = opened(name, language, folder, settings)
    messages = load_messages(language)
    false = []
    for state in states(instance, live, book, language, name):
        for block, i, j, value in state:
            live.put(book.names[block], i, j, value)
        live.calculate()
        seen = Seen(instance.model, messages, lambda block: live.block(block, book.names[block.name]))
        false += [
            f"{state}: {said.key}: {said.text}"
            for said in told(live.cells(book.screen["answer"]), seen, messages)
            if not holds(said, seen)
        ]
        live.take_back()
    assert not false, "\n".join(false[:12]) + f"\n{len(false)} in all"


def holds(said: Said, seen: Seen) -> bool:
    try:
        return PREDICATES[said.key](said, seen)
    except (AssertionError, LookupError, ValueError) as error:
        raise AssertionError(f"{said.key}: {said.text}: {error!r}") from error


IN_LIBREOFFICE: dict[str, list[State]] = {
    "cat-and-mouse": [
        [],
        [("switches.temperature", 0, 0, 100.0)],
        [("sentence.0.words", 0, 0, "keyboard")],
        [("watch.word", 0, 0, "cat")],
        [("embeddings", 0, 0, -0.0004), ("watch.word", 0, 0, "cat")],
    ],
    "bert": [
        [],
        [("sentence.words", 1, 0, "cat")],
        [("sentence.words", 5, 0, "box")],
        [("watch.word", 0, 0, "mat")],
    ],
}


@pytest.mark.parametrize("name", IN_LIBREOFFICE)
def test_it_is_true_in_libreoffice(name: str, office: Office, tmp_path: Path) -> None:
    instance, book, _ = opened(name, "en", tmp_path)
    edits = [
        [(book.names[block].sheet, book.names[block].address(i, j), value) for block, i, j, value in state]
        for state in IN_LIBREOFFICE[name]
    ]
    for shown, _ in office.rounds(tmp_path / "built.xlsx", edits)[1]:
        seen = Seen(instance.model, load_messages(), partial(values_of, book, shown))
        said = list(told(shown.read(book.screen["answer"]), seen, load_messages()))
        assert said
        assert all(holds(one, seen) for one in said), said


def values_of(book: Workbook, shown: OpenedBook, block: Matrix) -> Any:
    """A block's values as LibreOffice shows them."""
    cells = shown.read(book.names[block.name])
    if block.text:
        return np.array([[as_text(cell) for cell in row] for row in cells], dtype=object)
    return np.array([[0.0 if cell == "" else cell for cell in row] for row in cells], float)


NAMED = ("sentence", "several", "source", "target")
"""What a sentence may be called within another."""


def told(cells: Sequence[Sequence[Any]], seen: Seen, messages: Messages) -> Iterator[Said]:
    """Every sentence in the cells of Start that hold the answers."""
    lines = [str(row[0] or "") for row in cells]
    texts = [text for line in lines if line for text in line.split("  ")]
    answers = seen.model.headline.answers
    assert len(texts) <= len(answers)
    letters = [chr(65 + s) for s in range(len(seen.model.sentences))]
    named = [messages(f"named.{key}", letter=letter) for key in NAMED for letter in letters]
    nothing = {"", *(messages("start.empty", sentence=one) for one in named)}
    for text, answer in zip(texts, answers, strict=False):
        if text in nothing:  # as `test_extremes` looks at it
            continue
        part = lesson_title(answer.part, messages) if answer.part else ""
        yield from parsed(text, answer, seen, part)


def states(instance: Instance, live: Live, book: Workbook, language: str, name: str) -> list[State]:
    """What is typed, one state after the other: nothing, each choice and switch, and edits at random."""
    model = instance.model
    rng = random.Random(f"{name} {language}")
    moving = model.moving()
    choices = [
        [(block.name, 0, 0, text)]
        for block in model.inputs
        if block.role == "choice" and block in moving and block.choices is not None
        for text in dict.fromkeys(map(str, instance.trace()[block.choices.name].ravel()))
        if text
    ]
    switches: list[State] = []
    for block in model.switches:
        if block.last_name == "temperature":
            switches += [[(block.name, 0, 0, value)] for value in TEMPERATURES]
        else:
            words = load_messages(language)
            switches += [[(block.name, 0, 0, words(f"switch.{word}"))] for word in ("on", "off")]
    edits = [free_edits(instance, live, book, rng) for _ in range(RANDOM)]
    mixed: list[State] = [
        [*(rng.choice(choices) if choices else []), *(rng.choice(switches) if switches else []), *edit]
        for edit in edits
    ]
    every: list[State] = [[], *choices, *switches, *mixed]
    large = sum(block.size for block in model.blocks.values()) > MOST_CELLS
    most = (10 if large else 30) if language == "en" else (3 if large else 8)
    return every if len(every) <= most else [[], *rng.sample(every[1:], most - 1)]


def free_edits(instance: Instance, live: Live, book: Workbook, rng: random.Random) -> State:
    """One to three edits of what a reader edits: words swapped or deleted, numbers changed."""
    model, found = instance.model, []
    for _ in range(rng.randint(1, 3)):
        kind = rng.choice(("word", "word", "no word", "embedding", "weight"))
        if kind in ("word", "no word"):
            s = rng.randrange(len(model.sentences))
            block = model.sentences[s].words
            typed = [i for i in range(block.shape[0]) if not live.is_formula(book.names[block.name], i, 0)]
            listed = [str(word) for word in instance.inputs[model.vocabulary.words.name].ravel() if word]
            value = rng.choice(listed) if kind == "word" else None
            found.append((block.name, rng.choice(typed), 0, value))
            continue
        numbers = [b for b in model.inputs if b.role == "parameter" and not b.text]
        block = model.vocabulary.embeddings if kind == "embedding" or not numbers else rng.choice(numbers)
        cell = rng.randrange(block.shape[0]), rng.randrange(block.shape[1])
        found.append((block.name, *cell, round(rng.uniform(-2, 2), 2)))
    return found
