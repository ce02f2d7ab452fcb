"""Every change of an input is seen, named and listed with its value as built, in LibreOffice and in IronCalc."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cells import opened
from changes import Parts
from office import Office
from openpyxl.formula.translate import Translator

from xltransformer import api
from xltransformer.building.instance import make_instance
from xltransformer.engines import Results, engine, fold
from xltransformer.locale import Messages, load_messages
from xltransformer.workbook.baseline import LISTED
from xltransformer.workbook.kept import MOST_CELLS
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book
from xltransformer.workbook.start.grid import STATE, VALUE

Change = tuple[str, int, int, Any]
FIRST_LINE, LEFT = 7, 2
"""Where the list begins, as engines count cells."""
TEMPLATES = {"en": "gpt", "zh": "trainable-attention"}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ReadBook]:
    folder = tmp_path_factory.mktemp("kept")
    for language, template in TEMPLATES.items():
        api.build(folder / f"{language}.xlsx", template=template, language=language)
    return {language: read_book(folder / f"{language}.xlsx") for language in TEMPLATES}


def state(results: Results, messages: Messages) -> str:
    return str(results[fold(messages("sheet.start"))].get((STATE + 1, VALUE + 1)))


def listed(results: Results, messages: Messages) -> list[tuple[Any, ...]]:
    """What, sheet, cell, now and as built of each line that is filled."""
    cells = results[fold(messages("sheet.baseline"))]
    rows = (tuple(cells.get((FIRST_LINE + k, LEFT + column)) for column in range(5)) for k in range(LISTED))
    return [tuple("" if cell is None else cell for cell in row) for row in rows if row[0]]


def several(book: ReadBook) -> list[Change]:
    """A change of every kind of input that is not a list: one cell of a block of each name."""
    named = {block.last_name: block for block in book.model.inputs if block.role != "list"}
    blocks = [block for block in book.model.inputs if block in named.values()]
    return [(block.name, 0, 0, "zzz" if block.text else 7.25) for block in blocks]


def built_with(book: ReadBook, changes: list[Change], path: Path) -> Path:
    parts = Parts(book.path)
    for name, i, j, value in changes:
        parts.put(book.homes[name], i, j, value)
    parts.save(path)
    return path


@pytest.mark.parametrize("language", list(TEMPLATES))
def test_ironcalc_and_libreoffice_see_a_change_of_every_input(
    language: str, books: dict[str, ReadBook], office: Office, tmp_path: Path
) -> None:
    book, messages = books[language], load_messages(language)
    inputs = make_instance(TEMPLATES[language], language=language).trace()
    changes = several(book)
    rounds = [[(book.homes[n].sheet, book.homes[n].address(i, j), value)] for n, i, j, value in changes]
    only = [
        Place(messages("sheet.start"), STATE, VALUE, (1, 1)),
        Place(messages("sheet.baseline"), FIRST_LINE - 1, LEFT - 1, (LISTED, 5)),
    ]
    untouched, shown = office.rounds(book.path, rounds, only=only)
    assert state(untouched.results, messages).endswith(messages("start.unchanged"))
    for (name, i, j, value), (typed, mended) in zip(changes, shown, strict=True):
        ((what, *found),) = listed(typed.results, messages)
        home, built = book.homes[name], inputs[name][i, j]
        assert found[:3] == [home.sheet, home.address(i, j), value], name
        assert found[3] == (built if book.model.blocks[name].text else pytest.approx(built, abs=1e-11)), name
        assert messages("start.changed", cells=what) in state(typed.results, messages), name
        assert state(mended.results, messages).endswith(messages("start.unchanged"))
        assert listed(mended.results, messages) == []
    few = [changes[k] for k in (0, len(changes) // 2, -1)]
    results = engine("ironcalc").recalculate(built_with(book, few, tmp_path / "few.xlsx"))
    assert [row[2] for row in listed(results, messages)] == [book.homes[n].address(i, j) for n, i, j, _ in few]
    names = messages("start.and").join(str(row[0]) for row in listed(results, messages))
    assert messages("start.changed", cells=names) in state(results, messages)
    results = engine("ironcalc").recalculate(built_with(book, changes, tmp_path / "all.xlsx"))
    assert len(listed(results, messages)) == LISTED
    more = results[fold(messages("sheet.baseline"))].get((FIRST_LINE + LISTED, LEFT))
    assert more == messages("changed.beyond", n=len(changes) - LISTED)


def test_of_large_blocks_rows_tell_what_was_changed(books: dict[str, ReadBook], tmp_path: Path) -> None:
    book, messages = books["en"], load_messages()
    name = next(b.name for b in book.model.parameters if b.size > MOST_CELLS and min(b.shape) > 3)
    built = make_instance("gpt").inputs[name]
    spots = [(0, 1), (2, 0), (3, built.shape[1] - 1)]
    results = engine("ironcalc").recalculate(
        built_with(book, [(name, i, j, built[i, j] + 1e-4) for i, j in spots], tmp_path / "rows.xlsx")
    )
    for (i, j), (_, _, cell, _, before) in zip(spots, listed(results, messages), strict=True):
        assert (cell, before) == (book.homes[name].address(i, j), pytest.approx(built[i, j], abs=1e-11))
    swapped = [(name, 1, 0, built[1, 1]), (name, 1, 1, built[1, 0])]
    results = engine("ironcalc").recalculate(built_with(book, swapped, tmp_path / "swapped.xlsx"))
    ((_, _, _, _, before),) = listed(results, messages)
    assert before == messages("changed.several")


def test_a_writing_cell_that_is_deleted_is_told_and_comes_back(books: dict[str, ReadBook], office: Office) -> None:
    book, messages, name = books["en"], load_messages(), "sentence.words"
    home, sheet = book.homes[name], opened(book.path)[book.homes[name].sheet]
    writing = [i for i in range(home.shape[0]) if str(sheet[home.address(i, 0)].value).startswith("=")]
    cells = [home.address(i, 0) for i in writing]
    formulas = [str(sheet[cell].value) for cell in cells]
    gone, typed = [[(home.sheet, cell, None)] for cell in cells[:2]], [[(home.sheet, cells[0], "zzz")]]
    every = [(home.sheet, cell, None) for cell in cells]
    untouched, rounds = office.rounds(book.path, [*gone, *typed, every])
    first, second, third, fourth = (state(shown.results, messages) for shown, _ in rounds)
    up, down = (messages("changed.copy", **{"from": a, "cell": b}) for a, b in (cells[1::-1], cells[:2]))
    assert messages("changed.deleted", cell=cells[0], how=up) in first
    assert messages("changed.deleted", cell=cells[1], how=down) in second
    assert Translator(formulas[0], cells[0]).translate_formula(cells[1]) == formulas[1]
    word = messages("changed.word", n=writing[0] + 1, sentence=messages("named.sentence"))
    assert messages("changed.typed", word=word, how=up) in third
    sheet_name, _, source = formulas[0].removeprefix("='").removesuffix('&""').partition("'!")
    told = messages("changed.enter", cell=cells[0], source=source, sheet=sheet_name)
    assert messages("changed.deleted", cell=cells[0], how=told) in fourth
    back = [every[0], (home.sheet, cells[0], {"formula": f"='{sheet_name}'.{source}"})]
    again = office.edit(book.path, back)
    assert state(again.results, messages).endswith(messages("start.unchanged"))
    everything = Place(home.sheet, home.row, home.column, home.shape)
    assert again.read(everything) == untouched.read(everything)
