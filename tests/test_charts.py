"""The charts: every range points at the cells it claims, and these cells follow every edit."""

from __future__ import annotations

import posixpath
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest
from office import Edit, Office, OpenedBook
from openpyxl.utils import range_boundaries

from xltransformer import api
from xltransformer.building.instance import Instance
from xltransformer.building.template import shipped_templates
from xltransformer.locale import Messages, load_messages
from xltransformer.teaching.lesson import Lesson
from xltransformer.teaching.pictures import Bars, Curves, Plane
from xltransformer.text import word_key
from xltransformer.workbook.places import Place
from xltransformer.workbook.reader import ReadBook, read_book

Built = tuple[Path, Instance]
Change = tuple[str, int, int, Any]

C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
D = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def place_of(reference: str) -> Place:
    """`'Start'!$C$5:$D$9` as a place."""
    sheet, _, address = reference.rpartition("!")
    left, top, right, bottom = range_boundaries(address.replace("$", ""))
    assert left is not None
    assert top is not None
    assert right is not None
    assert bottom is not None
    name = sheet.removeprefix("'").removesuffix("'").replace("''", "'")
    return Place(name, top - 1, left - 1, (bottom - top + 1, right - left + 1))


@dataclass(frozen=True)
class Drawn:
    """One series as the file has it; `across` are a bar's categories."""

    values: Place
    across: Place
    name: Place | None
    cached: tuple[str, ...]


@dataclass(frozen=True)
class FileChart:
    """One chart as the file has it; `above` is the cell above its upper left corner, where its title stands."""

    sheet: str
    kind: str
    series: tuple[Drawn, ...]
    above: Place
    linked: tuple[Place, ...]
    """Titles within the chart, of itself or an axis, that are cells: LibreOffice would not let them follow."""


def reference(element: ElementTree.Element | None) -> Place | None:
    found = None if element is None else element.find(f".//{C}f")
    return None if found is None else place_of(found.text or "")


def read_charts(path: Path) -> list[FileChart]:
    """Every chart of a workbook with the sheet it stands on, from the file's own parts."""
    charts = []
    with zipfile.ZipFile(path) as parts:

        def related(part: str) -> dict[str, str]:
            folder, name = posixpath.split(part)
            rels = f"{folder}/_rels/{name}.rels"
            if rels not in parts.namelist():
                return {}
            return {
                r.get("Id", ""): posixpath.normpath(posixpath.join(folder, r.get("Target", ""))).lstrip("/")
                for r in ElementTree.fromstring(parts.read(rels))
            }

        book = ElementTree.fromstring(parts.read("xl/workbook.xml"))
        sheets = related("xl/workbook.xml")
        for sheet in book.iter(f"{S}sheet"):
            for drawing in related(sheets[sheet.get(f"{R}id", "")]).values():
                if "/drawings/drawing" not in drawing:
                    continue
                found = related(drawing)
                for anchor in ElementTree.fromstring(parts.read(drawing)).iter(f"{D}twoCellAnchor"):
                    row, column = (int(anchor.findtext(f"{D}from/{D}{side}", "0")) for side in ("row", "col"))
                    name, held = sheet.get("name", ""), anchor.find(f".//{C}chart")
                    assert held is not None
                    xml = ElementTree.fromstring(parts.read(found[held.get(f"{R}id", "")]))
                    charts.append(_chart(name, xml, Place(name, row - 1, column, (1, 1))))
    return charts


def _chart(sheet: str, xml: ElementTree.Element, above: Place) -> FileChart:
    area = xml.find(f"{C}chart/{C}plotArea")
    assert area is not None
    kind = "scatter" if area.find(f"{C}scatterChart") is not None else "bar"
    series = []
    for one in area.iter(f"{C}ser"):
        values, across = (
            next(place for tag in tags if (place := reference(one.find(f"{C}{tag}"))))
            for tags in (("val", "yVal"), ("cat", "xVal"))
        )
        cached = tuple(v.text or "" for tag in ("val", "yVal") for v in one.iterfind(f"{C}{tag}//{C}v"))
        series.append(Drawn(values, across, reference(one.find(f"{C}tx")), cached))
    linked = tuple(place for title in xml.iter(f"{C}title") if (place := reference(title)))
    return FileChart(sheet, kind, tuple(series), above, linked)


def part(place: Place, i: int, j: int, rows: int = 1, columns: int = 1) -> Place:
    return Place(place.sheet, place.row + i, place.column + j, (rows, columns))


def claims(book: ReadBook) -> Counter[Any]:
    """The series that the plane must have (values, across), but for those at the corners of the room around."""
    homes, watch = book.homes, book.model.watch
    assert watch is not None
    plane: Counter[Any] = Counter()
    for s, sentence in enumerate(book.model.sentences):
        drawn, move = (homes[f"watch.{s}.{name}"] for name in ("drawn", "move"))
        plane.update((part(drawn, k, 1), part(drawn, k, 0)) for k in range(homes[sentence.words.name].shape[0]))
        plane[part(move, 0, 1, 2), part(move, 0, 0, 2)] += 1  # the way from before to after
        plane[part(move, 1, 1), part(move, 1, 0)] += 1  # after
        plane[part(move, 0, 1), part(move, 0, 0)] += 1  # before, the same in every sentence that has the word
    return plane


def headline(book: ReadBook, kind: type) -> list[Any]:
    """The pictures of a kind that the model's headline has."""
    assert isinstance(book.model, Lesson)
    return [picture for picture in book.model.headline.pictures if isinstance(picture, kind)]


@pytest.fixture(scope="module")
def books(
    default_workbook: Built, first_workbook: Built, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Built]:
    folder = tmp_path_factory.mktemp("charts")
    three, long = folder / "three.xlsx", folder / "it's long.xlsx"
    return {
        "default": default_workbook,
        "first": first_workbook,
        "three": (three, api.build(three, ["猫 和 鼠标", "键盘 和 鼠标", "鼠标"], language="zh", slots=1)),
        "long": (long, api.build(long, ["one two three four five six seven eight nine ten mouse"], slots=3)),
    }


@pytest.mark.parametrize("which", ["default", "first", "three", "long"])
def test_ranges_are_the_cells_they_claim(which: str, books: dict[str, Built]) -> None:
    path, _ = books[which]
    check_ranges(path, read_charts(path), which in ("default", "three"))


def check_ranges(path: Path, charts: list[FileChart], compared: bool) -> None:
    book = read_book(path)
    planes = [chart for chart in charts if series_of_plane(chart)]
    start = book.homes["watch.word"].sheet
    pictures = headline(book, Plane)
    assert [chart.sheet == start for chart in planes] == [True] * len(pictures) + [False] * compared
    for chart in planes:
        drawn = Counter((series.values, series.across) for series in chart.series)
        keeps_room, *ends = corners = [key for key in drawn if key not in claims(book)]
        assert [place.shape for place in keeps_room] == [(2, 1), (2, 1)]
        values, across = keeps_room
        assert ends == [(part(values, k, 0), part(across, 1 - k, 0)) for k in (0, 1)]  # lower right, upper left
        assert drawn == claims(book) + Counter(corners)
    assert not [chart.linked for chart in charts if chart.linked]
    check_bars(book, charts)


def series_of_plane(chart: FileChart) -> bool:
    return chart.kind == "scatter" and len(chart.series) > 5


def check_bars(book: ReadBook, charts: list[FileChart]) -> None:
    """Every chart of bars on the first sheet is one of the headline's, in its order."""
    start, bars = next(iter(book.content)), headline(book, Bars)
    shown = [chart for chart in charts if chart.kind == "bar"]
    assert all(chart.sheet == start for chart in shown)
    assert [[(one.values, one.across) for one in chart.series] for chart in shown] == [
        [(book.homes[block.name], book.homes[picture.names.name]) for block in picture.values] for picture in bars
    ]


@pytest.mark.parametrize("template", shipped_templates())
def test_headlines_show_the_blocks_that_the_model_names(template: str, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    api.build(path, template=template)
    book, charts = read_book(path), read_charts(path)
    assert bool(charts) == bool([p for kind in (Plane, Bars, Curves) for p in headline(book, kind)])
    check_bars(book, charts)
    start = next(iter(book.content))
    curves = [one for one in charts if one.kind == "scatter" and one.sheet == start and not series_of_plane(one)]
    for chart, picture in zip(curves, headline(book, Curves), strict=True):
        for series, curve in zip(reversed(chart.series), picture.curves, strict=True):
            up, across, n = book.homes[curve.up.name], book.homes[curve.across.name], series.values.shape[1]
            assert n == up.shape[1] - max(one.start for one in picture.curves)
            assert series.values == part(up, curve.row, curve.start, 1, n)
            assert series.across == part(across, 0, 0, *((n, 1) if across.shape[1] == 1 else (1, n)))
            assert series.name is not None
    check_numbers_kept(path, charts)
    cells = openpyxl.load_workbook(path, data_only=True)
    for chart in charts:
        assert not chart.linked
        assert cells[chart.sheet].cell(chart.above.row + 1, chart.above.column + 1).value, chart.above


@pytest.mark.parametrize("which", ["default", "first", "three", "long"])
def test_numbers_kept_in_the_charts_are_the_cells(which: str, books: dict[str, Built]) -> None:
    path, _ = books[which]
    assert check_numbers_kept(path, read_charts(path)) >= 8


def check_numbers_kept(path: Path, charts: list[FileChart]) -> int:
    """Hold what a previewer draws without calculating against the cells; returns how many there are."""
    cached = openpyxl.load_workbook(path, data_only=True)
    count = 0
    for chart in charts:
        for series in chart.series:
            rows, columns = series.values.shape
            cells = [
                cached[series.values.sheet].cell(series.values.row + i + 1, series.values.column + j + 1).value
                for i in range(rows)
                for j in range(columns)
            ]
            assert [float(text) for text in series.cached] == cells
            count += len(cells)
    return count


CHANGES: dict[str, dict[str, list[Change]]] = {
    "default": {
        "nothing": [],
        "words added": [("sentence.0.words", 5, 0, "not"), ("sentence.0.words", 6, 0, "robot"),
                        ("sentence.1.words", 5, 0, "dog")],
        "words changed": [("sentence.0.words", 0, 0, "dog"), ("sentence.1.words", 4, 0, "keyboard")],
        "a word taken out": [("sentence.0.words", 0, 0, None)],
        "a word unknown": [("sentence.0.words", 0, 0, "unheard-of")],
        "another word to watch": [("watch.word", 0, 0, "and")],
        "a word of one sentence only": [("watch.word", 0, 0, "CAT")],
        "another lesson": [("watch.lesson", 0, 0, "Self-attention")],
        "no such lesson": [("watch.lesson", 0, 0, "Cooking")],
        "another plane": [("watch.across", 0, 0, "grammar"), ("watch.up", 0, 0, "size")],
        "no such dimension": [("watch.up", 0, 0, "taste")],
        "a dimension renamed": [("dimensions", 0, 0, "beast"), ("watch.across", 0, 0, "beast")],
        "numbers": [("embeddings", 1, 0, -3.5), ("projected_attention.W_V", 0, 0, 2)],
    },
    "first": {
        "words added": [("sentence.words", 6, 0, "boat"), ("sentence.words", 7, 0, "she")],
        "another word asks": [("watch.word", 0, 0, "river"), ("watch.up", 0, 0, "person")],
        "scaling": [("switches.scaling", 0, 0, "on")],
    },
    "three": {
        "words added": [("sentence.0.words", 3, 0, "鼠标"), ("sentence.2.words", 1, 0, "猫")],
        "another word to watch": [("watch.word", 0, 0, "和"), ("watch.lesson", 0, 0, "自注意力")],
    },
    "long": {"words added": [("sentence.words", 11, 0, "cat"), ("sentence.words", 13, 0, "dog")]},
}  # fmt: skip


@pytest.mark.parametrize("which", list(CHANGES))
def test_cells_follow_every_edit_in_libreoffice(which: str, office: Office, books: dict[str, Built]) -> None:
    path, instance = books[which]
    book, charts = read_book(path), read_charts(path)
    messages = load_messages("zh" if which == "three" else "en")
    rounds: list[list[Edit]] = [
        [(book.homes[name].sheet, book.homes[name].address(i, j), value) for name, i, j, value in changes]
        for changes in CHANGES[which].values()
    ]
    _, shown = office.rounds(path, rounds)
    for (what, changes), (typed, _) in zip(CHANGES[which].items(), shown, strict=True):
        inputs = {name: value.copy() for name, value in instance.inputs.items()}
        for name, i, j, value in changes:
            inputs[name][i, j] = "" if value is None else value
        check_cells(book, charts, typed, instance.model.trace(inputs), what, messages)


def check_cells(
    book: ReadBook, charts: list[FileChart], shown: OpenedBook, values: Any, what: str, messages: Messages
) -> None:
    everything = [cell for rows in shown.values.values() for row in rows for cell in row]
    assert not [c for c in everything if c is None or (isinstance(c, str) and c.startswith("#"))], what
    watch = book.model.watch
    assert watch is not None
    watched = str(values["watch.shown"][0, 0])
    columns = [
        [word_key(d) for d in values["dimensions"][0]].index(word_key(values[f"watch.{axis}"][0, 0]))
        if values[f"watch.{axis}"][0, 0] in values["dimensions"][0]
        else None
        for axis in ("across", "up")
    ]

    def in_plane(vector: Any) -> list[float]:
        return [0.0 if c is None else float(vector[c]) for c in columns]

    table = {word_key(w): values["embeddings"][k] for k, w in enumerate(values["vocabulary"].ravel()) if w}
    single = "single_query" in str(list(values))
    lesson = watch.keys[0]
    if watch.lesson is not None:
        titles = dict(zip(values["watch.lessons"].ravel(), watch.keys, strict=True))
        lesson = titles.get(values["watch.lesson"][0, 0], "")
    planes = [chart for chart in charts if series_of_plane(chart)]
    named = {series.values: series.name for plane in planes[:1] for series in plane.series}
    seen, placed = {word_key(watched)}, False
    for s, sentence in enumerate(book.model.sentences):
        words = [str(word) for word in values[sentence.words.name].ravel()]
        keys = [word_key(word) for word in words]
        scope = sentence.words.name.removesuffix(".words") if len(book.model.sentences) > 1 else ""
        output, weights = (
            values[f"{scope}.{lesson}.{name}".lstrip(".")] if lesson else np.zeros((len(words), size))
            for name, size in (("output", values["embeddings"].shape[1]), ("weights", len(words)))
        )
        at = 0 if single else keys.index(word_key(watched)) if word_key(watched) in keys else None
        zero = np.zeros(values["embeddings"].shape[1])
        before = in_plane(table[word_key(watched)] if single else zero if at is None else table[keys[at]])
        after = [0.0, 0.0] if at is None else in_plane(output[at])
        drawn, move, bars = (book.homes[f"watch.{s}.{name}"] for name in ("drawn", "move", "attention"))
        expected = [in_plane(table[key]) if key in table else before for key in keys]
        np.testing.assert_allclose(shown.read(drawn), expected, atol=1e-9, err_msg=what)
        np.testing.assert_allclose(shown.read(move), [before, after], atol=1e-9, err_msg=what)
        row = np.zeros(len(words)) if at is None else weights[at]
        np.testing.assert_allclose(shown.read(bars), [row], atol=1e-9, err_msg=what)
        for k, word in enumerate(words) if planes else ():
            name = named[part(drawn, k, 1)]
            assert name is not None
            expected_name = " " if not word or word_key(word) in seen else word
            assert shown.read(name) == [[expected_name]], (what, s, word)
        seen |= set(keys) - {""}
        if planes:
            letter = chr(65 + s) if len(book.model.sentences) > 1 else messages("label.after")
            after_name, before_name = named[part(move, 1, 1)], named[part(move, 0, 1)]
            assert after_name is not None
            assert before_name is not None
            told = " " if at is None else messages("picture.after", word=watched, letter=letter)
            assert shown.read(after_name) == [[told]], what
            assert shown.read(before_name) == [[" " if at is None or placed else watched]], what
            placed = placed or at is not None
    for plane in planes:
        check_room(book, plane, shown)
        assert shown.read(plane.above) == [[messages("picture.moves", word=watched)]]
        assert [shown.read(series.name)[0][0] for series in plane.series[-2:] if series.name] == [
            messages(f"picture.{axis}", name=values[f"watch.{axis}"][0, 0]) for axis in ("across", "up")
        ]
    for s, chart in enumerate(c for c in charts if c.kind == "bar"):
        letter = messages("start.before", letter=chr(65 + s)) if len(book.model.sentences) > 1 else ""
        assert shown.read(chart.above) == [[letter + messages("picture.looks", word=watched)]]


def check_room(book: ReadBook, plane: FileChart, shown: OpenedBook) -> None:
    """The corners lie beyond every point, by the same share of the width or height everywhere."""
    room = next(one for one in plane.series if (one.values, one.across) not in claims(book))
    for axis, place in enumerate((room.across, room.values)):
        points = [
            row[axis]
            for s in range(len(book.model.sentences))
            for name in ("drawn", "move")
            for row in shown.read(book.homes[f"watch.{s}.{name}"])
        ]
        wide = 0.15 * (max(points) - min(points))
        found = [row[0] for row in shown.read(place)]
        np.testing.assert_allclose(found, [min(points) - wide, max(points) + wide], atol=1e-9)


def test_saved_by_libreoffice_the_ranges_are_still_theirs(
    office: Office, default_workbook: Built, tmp_path: Path
) -> None:
    path, _ = default_workbook
    place = read_book(path).homes["sentence.0.words"]
    saved = tmp_path / "saved.xlsx"
    office.edit(path, [(place.sheet, place.address(5, 0), "not")], saved)
    check_ranges(saved, read_charts(saved), compared=True)


def test_an_exercise_has_no_chart(tmp_path: Path) -> None:
    """Pictures would show the answers."""
    path = tmp_path / "exercise.xlsx"
    api.build(path, exercise=["scores"])
    assert read_charts(path) == []
