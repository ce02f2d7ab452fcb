"""In a built workbook that writes, no cell of a position depends on a later token, by whatever way.

Read off the formulas in the file, cell by cell, with every view, label and name in it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from xltransformer import api
from xltransformer.text import column_number
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book

Cell = tuple[str, int, int]

_TEXT = re.compile(r'"(?:[^"]|"")*"')
_SHEET = r"(?:('(?:[^']|'')+'|[^\W\d][\w.]*)!)?"
_REFERENCE = re.compile(_SHEET + r"\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?(?![\w(])")


def references(formula: str, sheet: str) -> Iterator[Cell]:
    """Every cell that a formula on a sheet refers to; rows and columns count from 0."""
    for where, left, top, right, bottom in rectangles(formula, sheet):
        for row in range(top, bottom):
            for column in range(left, right):
                yield where, row, column


def rectangles(formula: str, sheet: str) -> Iterator[tuple[str, int, int, int, int]]:
    """Every rectangle of cells that it refers to: its sheet, left, top, and what is right of it and below."""
    for match in _REFERENCE.finditer(_TEXT.sub('""', formula)):
        named, left, top, right, bottom = match.groups()
        where = named.strip("'").replace("''", "'") if named else sheet
        first, last = column_number(left), column_number(right or left)
        yield where, first - 1, int(top) - 1, last, int(bottom or top)


def test_references_are_read() -> None:
    found = set(references("IF('4 It''s'!$B$2=\"C3:D4\",LOG10(A1)+SUM(B1:C2),Start!$A$9&\"\")", "here"))
    assert found == {
        ("4 It's", 1, 1), ("here", 0, 0), ("Start", 8, 0),
        *(("here", row, column) for row in (0, 1) for column in (1, 2)),
    }  # fmt: skip


class Walk:
    """For every cell of a workbook the latest token that it depends on, -1 for none."""

    def __init__(self, book: ReadBook, tokens: Place) -> None:
        self.book, self.tokens = book, tokens
        self.formulas: dict[Cell, str] = {
            (name, row - 1, column - 1): text
            for name, cells in book.formulas.items()
            for (row, column), text in cells.items()
        }
        self.latest: dict[Cell, int] = defaultdict(lambda: -1)
        self._walk()

    def token(self, cell: Cell) -> int:
        """Which token a cell is, -1 for none."""
        sheet, row, column = cell
        inside = sheet == self.tokens.sheet and column == self.tokens.column
        return row - self.tokens.row if inside and 0 <= row - self.tokens.row < self.tokens.shape[0] else -1

    def _walk(self) -> None:
        """Depth first, without recursion; a circle is an error, and would be one in a spreadsheet."""
        done: set[Cell] = set()
        for start in self.formulas:
            path, open_ = [(start, self._precedents(start))], {start}
            while path:
                cell, precedents = path[-1]
                following = next((p for p in precedents if p in self.formulas and p not in done), None)
                if following is not None:
                    assert following not in open_, f"circular reference at {following}"
                    open_.add(following)
                    path.append((following, self._precedents(following)))
                    continue
                met = (max(self.latest.get(other, -1), self.token(other)) for other in self._precedents(cell))
                self.latest[cell] = max(met, default=-1)
                done.add(cell)
                open_.discard(cell)
                path.pop()

    def _precedents(self, cell: Cell) -> Iterator[Cell]:
        return references(self.formulas[cell], cell[0])


MODELS = {"gpt": "sentence", "llama": "sentence", "encoder-decoder": "sentence.1"}


@pytest.fixture(
    scope="module",
    params=[
        "gpt spelled",
        "gpt compact",
        "gpt rows",
        "llama rows",
        "encoder-decoder spelled",
        "encoder-decoder rows",
    ],
)
def walked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ReadBook, Walk]:
    template, products = request.param.split()
    path = tmp_path_factory.mktemp("causality") / "book.xlsx"
    api.build(path, template=template, products=products)
    book = read_book(path)
    return template, book, Walk(book, book.homes[f"{MODELS[template]}.words"])


def places(book: ReadBook, name: str) -> list[Place]:
    """Wherever a block stands."""
    return [book.homes[name], *(view.place for view in book.views if view.block == name)]


def test_no_cell_depends_on_a_later_token(walked: tuple[str, ReadBook, Walk]) -> None:
    template, book, walk = walked
    words = book.model.blocks[f"{MODELS[template]}.words"]
    seen = 0
    for name, block in book.model.blocks.items():
        by_row, by_column = block.rows.source is words, block.columns.source is words
        if not block.computed or not (by_row or by_column):
            continue
        for place in places(book, name):
            for i in range(block.shape[0]):
                for j in range(block.shape[1]):
                    cell = place.sheet, place.row + i, place.column + j
                    if name.startswith("watch."):
                        continue  # the watched word is looked up among all of them
                    assert cell in walk.formulas, (name, i, j)
                    assert walk.latest[cell] <= (i if by_row else j), (name, i, j)
                    seen += 1
    assert seen > 1000


def test_a_token_depends_on_earlier_ones_only(walked: tuple[str, ReadBook, Walk]) -> None:
    _, book, walk = walked
    generated = [
        i
        for i in range(walk.tokens.shape[0])
        if (walk.tokens.sheet, walk.tokens.row + i, walk.tokens.column) in walk.formulas
    ]
    prompt = len(book.description["sentences"][-1].split())
    assert generated == list(range(prompt, walk.tokens.shape[0]))
    for i in generated:
        assert walk.latest[walk.tokens.sheet, walk.tokens.row + i, walk.tokens.column] == i - 1


def test_each_prediction_depends_on_every_token_so_far(walked: tuple[str, ReadBook, Walk]) -> None:
    """The walk is not blind."""
    _, book, walk = walked
    (name,) = [name for name in book.model.blocks if name.endswith("prediction.predicted")]
    home = book.homes[name]
    latest = [walk.latest[home.sheet, home.row + i, home.column] for i in range(home.shape[0])]
    assert latest == list(range(home.shape[0]))


def test_the_walk_finds_a_circle(tmp_path: Path) -> None:
    path = tmp_path / "circle.xlsx"
    api.build(path, template="gpt")
    book = read_book(path)
    place, tokens = book.homes["decoder.X"], book.homes["sentence.words"]
    last = f"'{tokens.sheet}'!{tokens.address(tokens.shape[0] - 1, 0)}"
    changed = openpyxl.load_workbook(path)
    changed[place.sheet][place.address(0, 0)] = f"=LEN({last})"
    changed.save(path)
    with pytest.raises(AssertionError, match="circular reference"):
        Walk(read_book(path), tokens)
