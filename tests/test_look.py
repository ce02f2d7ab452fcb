"""How a workbook looks: nothing too narrow on LibreOffice's pages, nothing cut, covered or too low in
what is drawn."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pypdfium2
import pytest
from cells import cells_of
from openpyxl.utils import range_boundaries

from xltransformer import api
from xltransformer.building.instance import make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.classroom.selection import select
from xltransformer.engines.converters import find_soffice, make_profile
from xltransformer.locale import languages, load_messages
from xltransformer.workbook.canvas import LETTER, WINDOW, Canvas, Cell, Chart, Paragraph, text_width
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.panels import WIDEST
from xltransformer.workbook.sheet_data import DEFAULT_HEIGHT
from xltransformer.workbook.styles import FONT, STYLES

TEN = "the small dog likes the computer and hates the mouse"
LONG_WORDS = "internationalization and electroencephalographically Donaudampfschifffahrtsgesellschaft"
WORDS = ["cat", "and", "mouse"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Vocabularies of 2 and 8 dimensions, with large and negative numbers."""
    paths = {}
    for width in (2, 8):
        numbers = np.random.default_rng(width).uniform(-12, 12, (len(WORDS), width)).round(3)
        rows = [",".join(["word", *(f"dimension {k}" for k in range(width))])]
        rows += [",".join([word, *map(str, row)]) for word, row in zip(WORDS, numbers, strict=True)]
        paths[width] = tmp_path_factory.mktemp("tables") / f"{width}.csv"
        paths[width].write_text("\n".join(rows), "utf-8")
    return paths


def builds(tables: dict[int, Path]) -> dict[str, dict[str, Any]]:
    return {
        "three": {"sentences": ["cat and mouse"]},
        "ten": {"sentences": [TEN]},
        "two dimensions": {"sentences": ["cat and mouse"], "embeddings": tables[2]},
        "eight dimensions": {"sentences": ["cat and mouse", "mouse and cat"], "embeddings": tables[8]},
        "long words": {"sentences": [LONG_WORDS]},
        "first": {"template": "first-attention"},
    }


PRINTED = [("three", "zh"), ("ten", "en"), ("two dimensions", "zh"), ("eight dimensions", "en"),
           ("long words", "en"), ("long words", "zh"), ("first", "zh")]  # fmt: skip
ERRORS = re.compile(r"#{3}|#(VALUE|REF|NAME|DIV|N/A|NUM|NULL)|Err:\d")


@pytest.fixture(scope="module")
def pages(tables: dict[int, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The text of every printed page of several workbooks, from one run of LibreOffice."""
    program = find_soffice()
    assert program, "LibreOffice is missing: run scripts/install-test-tools"
    folder = tmp_path_factory.mktemp("pages")
    paths = {f"{name} {language}": folder / f"{name} {language}.xlsx" for name, language in PRINTED}
    for (name, language), path in zip(PRINTED, paths.values(), strict=True):
        api.build(path, language=language, **builds(tables)[name])
    paths["narrow"] = folder / "narrow.xlsx"
    book = openpyxl.load_workbook(paths["ten en"])
    for name in "ABCDEFGHIJKLMN":
        book.worksheets[1].column_dimensions[name].width = 2
    book.save(paths["narrow"])
    command = [program, make_profile(folder / "profile"), "--headless", "--norestore", "--convert-to", "pdf"]
    command += ["--outdir", str(folder), *map(str, paths.values())]
    subprocess.run(command, capture_output=True, timeout=300, check=True)
    return {what: list(page_texts(path.with_suffix(".pdf"))) for what, path in paths.items()}


def page_texts(path: Path) -> Iterator[str]:
    document = pypdfium2.PdfDocument(path)
    for page in document:
        yield page.get_textpage().get_text_range()
    document.close()


@pytest.mark.parametrize("what", [f"{name} {language}" for name, language in PRINTED])
def test_no_page_shows_a_number_that_does_not_fit_or_an_error(what: str, pages: dict[str, list[str]]) -> None:
    for k, text in enumerate(pages[what], start=1):
        assert not (found := ERRORS.search(text)), f"page {k}: {text[max(0, found.start() - 80) : found.end()]!r}"
    assert 4 < len(pages[what]) < 60
    messages = load_messages(what[-2:])
    everything = re.sub(r"\s", "", "".join(pages[what]))
    for key in ("start.checks_link", "checks.title", "step.scores.title", "step.output.title", "vocabulary.title"):
        assert re.sub(r"\s", "", messages(key)) in everything, key


def test_a_number_that_does_not_fit_would_be_seen(pages: dict[str, list[str]]) -> None:
    assert any(ERRORS.search(text) for text in pages["narrow"])


def looks(canvas: Canvas) -> Iterator[tuple[tuple[int, int], Cell]]:
    """Every cell as it looks; the formulas of blocks are left out, which take long to spell."""
    for block in canvas.blocks:
        for (i, j), value in np.ndenumerate(block.values):
            at = block.row + i, block.column + j
            if block.formulas is not None or block.array(i, j) is not None:
                yield at, Cell("formula", "", block.style, value)
            else:
                yield at, block.cell(i, j)
    yield from canvas.single.items()


class Drawn:
    """A sheet with the sizes of its rows and columns in pixels, as the writer sets them."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.cells = {at: cell for at, cell in looks(canvas) if cell.kind != "blank"}
        self.full: dict[int, list[int]] = defaultdict(list)
        """The columns in use, by row."""
        for row, column in self.cells:
            self.full[row].append(column)
        last_row, last_column = canvas.printed
        self.last = {(one.row, one.column): last for one, last in canvas.ends()}
        last_column = max([last_column, *self.last.values()])
        widths = [self.column(column) for column in range(last_column + 2)]
        heights = canvas.row_heights
        self._lefts = [0.0, *accumulate(widths)]
        self._tops = [0.0, *accumulate(heights.get(row, DEFAULT_HEIGHT) * 4 / 3 for row in range(last_row + 3))]

    def column(self, column: int) -> float:
        return int(self.canvas.pixels(column, column))

    def left(self, column: int) -> float:
        return self._lefts[column]

    def top(self, row: int) -> float:
        return self._tops[row]

    def box(self, chart: Chart) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a chart."""
        left, top = self.left(chart.column), self.top(chart.row)
        return left, top, left + chart.size[0], top + chart.size[1]

    def below(self, paragraph: Paragraph) -> int:
        """The first row below a paragraph."""
        return paragraph.row + max(1, paragraph.rows)

    def paragraph(self, paragraph: Paragraph) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a paragraph."""
        right = self.left(self.last[paragraph.row, paragraph.column] + 1)
        return self.left(paragraph.column), self.top(paragraph.row), right, self.top(self.below(paragraph))


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def drawings(tables: dict[int, Path]) -> Iterator[tuple[str, list[Canvas]]]:
    """Every visible sheet of everything there is to draw."""
    for language in languages():
        messages = load_messages(language)
        for name, what in builds(tables).items():
            instance = make_instance(
                what.get("template"),
                what.get("sentences", ()),
                embeddings=what.get("embeddings"),
                language=language,
            )
            yield f"{name} {language}", lay_out(instance, instance.trace(), messages).shown
        for template in shipped_templates():
            instance = make_instance(template, language=language)
            yield f"{template} {language}", lay_out(instance, instance.trace(), messages).shown
        instance = make_instance(slots=0, language=language)
        left = select(instance)
        sheets = lay_out(instance, instance.trace(), messages, left).shown
        yield f"exercise {language}", sheets


@pytest.fixture(scope="module")
def drawn(tables: dict[int, Path]) -> Everything:
    return [(what, [Drawn(canvas) for canvas in canvases]) for what, canvases in drawings(tables)]


Everything = list[tuple[str, list[Drawn]]]


def test_charts_cover_nothing(drawn: Everything) -> None:
    charts = 0
    for what, sheets in drawn:
        for sheet in sheets:
            canvas = sheet.canvas
            boxes = [sheet.box(chart) for chart in canvas.charts]
            charts += len(boxes)
            for k, box in enumerate(boxes):
                assert not any(overlap(box, other) for other in boxes[:k]), (what, canvas.name, "two charts")
                inside = [
                    (at, cell.content)
                    for at, cell in sheet.cells.items()
                    if overlap(
                        box, (sheet.left(at[1]), sheet.top(at[0]), sheet.left(at[1] + 1), sheet.top(at[0] + 1))
                    )
                ]
                inside += [
                    ((one.row, one.column), one.cell.shown)
                    for one in canvas.paragraphs
                    if overlap(box, sheet.paragraph(one))
                ]
                assert not inside, (what, canvas.name, inside[:3])
                row, column = canvas.printed
                assert sheet.left(column + 1) >= box[2], (what, canvas.name, "cut at the page's right side")
                assert sheet.top(row + 1) >= box[3], (what, canvas.name, "cut at the page's foot")
    assert charts > 40


def test_each_activation_shows_its_curve() -> None:
    """A line over the numbers from -3 to 3, and the first word's hidden numbers as points on it."""
    instance = make_instance("feed-forward")
    values = instance.trace()
    sheets = lay_out(instance, values, load_messages("en")).shown[1:5]
    assert [[[one.line for one in chart.series] for chart in sheet.charts] for sheet in sheets] == [
        [[False, True]]
    ] * 4
    functions = {"relu": "activated", "gelu_tanh": "activated", "gelu_erf": "activated", "swiglu": "gate"}
    for name, bent in functions.items():
        drawn = values[f"curve.{'silu' if name == 'swiglu' else name}"][0]
        into, out = values[f"{name}.inner"][0], values[f"{name}.{bent}"][0]
        np.testing.assert_allclose(np.interp(into, values["curve.x"][0], drawn), out, atol=0.01)


def text_of(cell: Cell) -> str:
    if cell.kind == "text":
        return str(cell.content)
    return cell.shown if isinstance(cell.shown, str) else ""


def test_no_text_is_cut(drawn: Everything) -> None:
    """A text that does not wrap has room up to the next cell that is not empty, and no chart lies over
    it. Labels that shrink to fit may do so, but not beyond reading."""
    count = 0
    for what, sheets in drawn:
        for sheet in sheets:
            canvas = sheet.canvas
            full, right = sheet.full, canvas.printed[1] + 1
            for (row, column), cell in sheet.cells.items():
                look, text = STYLES[cell.style[0]], text_of(cell).strip()
                if not text or look.get("text_wrap"):
                    continue
                count += 1
                size = look.get("font_size", FONT["font_size"]) / FONT["font_size"]
                needed = text_width(text) * LETTER * size * (1.08 if look.get("bold") else 1.0)
                if look.get("shrink") or look.get("align") == "center":
                    # Half the size at least (LETTER is generous); words as long as this are the user's choice.
                    assert needed * 0.50 <= sheet.column(column) or len(text) > 18, (
                        what,
                        canvas.name,
                        row,
                        column,
                        text,
                    )
                    continue
                if look.get("align") == "right":
                    before = max((other for other in full[row] if other < column), default=-1)
                    room = sheet.left(column + 1) - sheet.left(before + 1)
                else:
                    following = min((other for other in full[row] if other > column), default=right)
                    room = sheet.left(following) - sheet.left(column)
                assert needed <= room, (what, canvas.name, row, column, text, needed, room)
    assert count > 5000


def test_paragraphs_are_high_enough(drawn: Everything) -> None:
    """By a count of their own: words are not broken, Chinese may break anywhere."""
    count = 0
    for what, sheets in drawn:
        for sheet in sheets:
            canvas = sheet.canvas
            for one in canvas.paragraphs:
                left, top, right, bottom = sheet.paragraph(one)
                text = text_of(one.cell)  # of a hint nothing, until it is asked for
                lines = wrapped_lines(text, right - left - 6)
                assert (bottom - top) * 0.75 >= 14.5 * lines, (what, canvas.name, one.row, lines, text)
                rows, last = range(one.row, sheet.below(one)), sheet.last[one.row, one.column]
                over = [
                    (row, column) for row in rows for column in sheet.full[row] if one.column <= column <= last
                ]
                assert not over, (what, canvas.name, one.row, "a paragraph lies over cells", over)
                assert right <= WINDOW + 1 or one.last is not None, (
                    what,
                    canvas.name,
                    one.row,
                    "beyond the window",
                )
                count += 1
    assert count > 1000


def wrapped_lines(text: str, width: float) -> int:
    lines, used = 1, 0.0
    for piece in re.findall(r"[\u2e80-\uffff]|[^\s\u2e80-\uffff]+\s?|\s", text):
        needed = text_width(piece) * 6.2
        if used + needed > width and used:
            lines, used = lines + 1, 0.0
        used += needed
        while used > width:
            lines, used = lines + 1, used - width
    return lines


def test_sheets_have_names_that_a_workbook_takes(drawn: Everything) -> None:
    for what, sheets in drawn:
        names = [sheet.canvas.name for sheet in sheets]
        assert len({name.lower() for name in names}) == len(names), what
        assert all(0 < len(name) <= 31 and not re.search(r"[\[\]:*?/\\]|^'|'$", name) for name in names), (
            what,
            names,
        )


def test_a_page_is_readable(drawn: Everything) -> None:
    """No sheet is shrunk beyond reading: what is too wide for a page goes on beside it."""
    count = several = 0
    for what, sheets in drawn:
        for sheet in sheets:
            canvas = sheet.canvas
            inches = sheet.left(canvas.printed[1] + 1) / 96 + canvas.beside * 64 / 96
            assert canvas.across * 10.9 / inches >= 0.4, (what, canvas.name, inches, canvas.across)
            count += 1
            several += canvas.across > 1
    assert count > 500
    assert several > 10


def test_headings_stay_in_view(drawn: Everything) -> None:
    for what, sheets in drawn:
        for canvas in (sheet.canvas for sheet in sheets[1:]):
            assert canvas.freeze != (0, 0), (what, canvas.name)


def test_steps_of_a_sheet_have_titles_of_their_own(drawn: Everything) -> None:
    for what, sheets in drawn:
        for canvas in (sheet.canvas for sheet in sheets[1:]):
            titles = [
                str(cell.content).rpartition("  ")[2]
                for cell in canvas.single.values()
                if cell.style[0] == "heading"
            ]
            assert len(set(titles)) == len(titles), (what, canvas.name, titles)


def test_no_block_begins_beyond_the_window(drawn: Everything) -> None:
    """However wide a model is, of each matrix some columns are seen without scrolling to the right."""
    count = 0
    for what, sheets in drawn:
        for canvas in (sheet.canvas for sheet in sheets[1:]):
            for (row, column), cell in canvas.single.items():
                if cell.style[0] in ("symbol", "long_symbol"):
                    assert column < WIDEST, (what, canvas.name, row, column, cell.content)
                    count += 1
    assert count > 1000


@pytest.mark.parametrize("template", ["gpt", "decoder", "positions", "cat-and-mouse"])
def test_an_empty_slot_has_no_colour(template: str) -> None:
    """LibreOffice draws colour scales over all other formats: the scale itself must be white there."""
    instance = make_instance(
        template, slots=None if template == "gpt" else 3
    )  # which writes a full stop by itself
    coloured = pale = 0
    for canvas in lay_out(instance, instance.trace(), load_messages("en")).sheets:
        cells = cells_of(canvas)
        for where, rule in canvas.conditions:
            if not rule["type"].endswith("color_scale") or where.count(":") != 1:
                continue
            waits = "IF($" in str(rule.get("max_value"))
            left, top, right, bottom = (int(edge) - 1 for edge in range_boundaries(where))
            for row in range(top, bottom + 1):
                label = cells.get((row, left - 1))
                empty = label is not None and label.kind == "formula" and label.shown == ""
                values = [cells[row, column].shown for column in range(left, right + 1)]
                assert waits or not empty or not any(values), (canvas.name, where, row)
                coloured, pale = coloured + (not waits), pale + waits
    assert coloured > 50
    assert pale > 20 or template == "cat-and-mouse"
