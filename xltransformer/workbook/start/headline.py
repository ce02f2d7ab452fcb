"""The headline: the pictures that carry a model's idea, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xltransformer.graph import Matrix
from xltransformer.models import Lesson
from xltransformer.teaching.lesson import Bars, Curves, Fact, Map, Picture, Writing
from xltransformer.teaching.watch import lesson_title
from xltransformer.text import word_key
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas, Chart, Series, spaced
from xltransformer.workbook.phrases import Phrase, of_sentence, phrase
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.grid import LABEL, REGION, TOP, Grid, Spot

COLOURS = ("#1F4E79", "#C2570C", "#5B3E96", "#0F766E", "#7A5C00", "#444444")
"""One for each sentence or curve; they keep apart for red-green colour-blind readers."""
MOST_POINTS = 200
"""A chart holds at most 255 series; each named point is one. Beyond, only the first words show."""
TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""What a temperature may be chosen from; any other number above 0 may be typed."""
MOST_MARKED = 24
"""A curve through more points than these is a plain line."""
_ORIGIN = "#111111"
_ROOM = 0.15
"""Room around the points of a plane, as a share of how far they lie apart."""
_POINT_LABELS = ("right", "above", "below")
_MARKERS = ("circle", "diamond", "square", "triangle")


class Behind:
    """The sheet behind the pictures: the texts that charts show, as cells that follow every edit."""

    def __init__(self, book: Book, sheet: Canvas) -> None:
        self.book, self.sheet, self.row = book, sheet, 4
        sheet.text(0, 1, book.messages("start.behind"), "title")
        sheet.heights[0] = 28
        sheet.freeze = (2, 0)
        sheet.widths = {0: 2, 1: 60}
        sheet.text(2, 1, book.messages("setting.temperature"), "remark")
        for k, temperature in enumerate(TEMPERATURES):
            sheet.number(2, 2 + k, temperature, ("grey", "0.00"))
        book.suggested = Place(sheet.name, 2, 2, (1, len(TEMPERATURES)))

    def place_rest(self, model: Lesson) -> None:
        """Give a place to every block that no step shows: what only the first sheet refers to."""
        for block in model.blocks.values():
            if block not in self.book.homes:
                self.book.draw(block, self.sheet, self.row + 1, 2)
                self.row += block.shape[0] + 2

    def caption(
        self,
        key: str,
        model: Lesson | None = None,
        letter: str = "",
        word: Matrix | None = None,
        sentence: str = "",
    ) -> str:
        """A cell that shows a message, of a word or of the watched one where it speaks of it, as charts
        refer to it; after the letter of a `sentence` where it is a sentence's."""
        parts: dict[str, Fact | str] = {"letter": letter}
        if model is not None and model.watch is not None:
            parts["word"] = Fact(word or model.watch.word)
        return self.column([of_sentence(sentence, phrase(self.book, self.sheet, key, parts))]).absolute

    def column(self, phrases: Sequence[Phrase]) -> Place:
        """Cells below one another, each with a text."""
        place = Place(self.sheet.name, self.row, 1, (len(phrases), 1))
        for k, said in enumerate(phrases):
            self.sheet.formula(self.row + k, 1, said.formula, said.shown, ("remark", ""))
        self.row += len(phrases)
        return place

    def corners(self, blocks: Sequence[Matrix]) -> Place:
        """The two corners (2 x 2) of a plane in which the points (n x 2 each) have some room around them."""
        sheet, book = self.sheet, self.book
        place = Place(sheet.name, self.row, 2, (2, 2))
        for j in (0, 1):
            found = np.concatenate([book.values[block.name][:, j] for block in blocks]).astype(float)
            seen = ",".join(book.ref(block, sheet).column(j) for block in blocks)
            low, high, room = found.min(), found.max(), _ROOM * (found.max() - found.min())
            apart = f"{_ROOM}*(MAX({seen})-MIN({seen}))"
            sheet.formula(self.row, 2 + j, f"MIN({seen})-{apart}", low - room, ("remark", "0.00"))
            sheet.formula(self.row + 1, 2 + j, f"MAX({seen})+{apart}", high + room, ("remark", "0.00"))
        self.row += 2
        return place


def draw_plane(book: Book, sheet: Canvas, behind: Behind, model: Lesson, letters: list[str]) -> None:
    """The plane once more, below all that a sheet holds by now."""
    chart = plane_chart(book, behind, model, letters, sheet.bottom + 2, LABEL, (620, 420))
    sheet.charts.append(chart)


def part(place: Place, i: int, j: int, rows: int = 1, columns: int = 1) -> str:
    """Some cells of a place, as charts refer to them: absolute, with their sheet."""
    return Place(place.sheet, place.row + i, place.column + j, (rows, columns)).absolute


def draw_headline(book: Book, sheet: Canvas, behind: Behind, model: Lesson, letters: list[str], grid: Grid) -> int:
    """Every picture at its spot; returns the row after them."""
    for picture, spot in zip(model.headline.pictures, grid.spots, strict=True):
        row = TOP + spot.row
        if isinstance(picture, Writing):
            _draw_writing(book, sheet, picture, row)
        elif isinstance(picture, Map):
            part = lesson_title(picture.part, book.messages) if picture.part else ""
            letter = "" if picture.sentence is None else letters[picture.sentence]
            title = (f"{letter}: " if letter else "") + book.messages(f"picture.{picture.key}", part=part)
            sheet.text(row, spot.column, title, "picture")
            book.draw(picture.block, sheet, row + 2, spot.column + 1, small=grid.small)
            rows, columns = picture.block.shape
            place = Place(sheet.name, row, spot.column, (rows + 2, columns + 1))
            book.screen[f"picture.{len(book.screen)}"] = place
        else:
            sheet.charts.append(_chart(book, behind, model, letters, picture, row, spot))
    book.screen["headline"] = Place(sheet.name, TOP, REGION, (grid.rows, grid.last - REGION + 1))
    return TOP + grid.rows


def _draw_writing(book: Book, sheet: Canvas, picture: Writing, row: int) -> None:
    sheet.text(row, REGION, book.messages(f"picture.{picture.key}"), "picture")
    shown = str(book.values[picture.text.name][0, 0])
    book.formula(sheet, row + 1, REGION, lambda: book.ref(picture.text, sheet).cell(0, 0), shown, "writing")


def _chart(
    book: Book,
    behind: Behind,
    model: Lesson,
    letters: list[str],
    picture: Picture,
    row: int,
    spot: Spot,
) -> Chart:
    size = spot.width, spot.height
    if isinstance(picture, Bars):
        return bars_chart(book, behind, model, letters, picture, row, spot.column, size)
    if isinstance(picture, Curves):
        return curves_chart(book, behind, model, picture, row, spot.column, size)
    return plane_chart(book, behind, model, letters, row, spot.column, size)


def bars_chart(
    book: Book,
    behind: Behind,
    model: Lesson,
    letters: list[str],
    picture: Bars,
    row: int,
    column: int,
    size: tuple[int, int],
) -> Chart:
    """A bar for every entry; several rows of numbers stand as groups, each in its colour."""
    names = book.homes[picture.names]
    series = []
    several, alike = len(picture.values) > 1, len({block.last_name for block in picture.values}) == 1
    for k, block in enumerate(picture.values):
        if several and alike:  # the same of each sentence
            name = behind.caption("start.sentence", letter=spaced(letters[picture.sentence + k]))
        else:
            name = behind.caption(f"picture.{block.last_name}") if several else ""
        colour = COLOURS[(picture.sentence + k) % len(COLOURS)]
        series.append(Series(book.homes[block].absolute, names.absolute, name, colour=colour))
    letter = "" if several else letters[picture.sentence]
    title = behind.caption(f"picture.{picture.key}", model, word=picture.word, sentence=letter)
    return Chart("bar", row, column, size, tuple(series), title, legend=several, shares=picture.shares)


def curves_chart(
    book: Book, behind: Behind, model: Lesson, picture: Curves, row: int, column: int, size: tuple[int, int]
) -> Chart:
    """Points over points, each curve with a colour and a marker of its own. The first curve, whose markers
    are large and hollow, stands last: the others show where they coincide with it, whether a program draws
    the first series on top (LibreOffice) or the last."""
    series = []
    for k, curve in enumerate(picture.curves):
        across, up = book.homes[curve.across], book.homes[curve.up]
        count = up.shape[1] - max(one.start for one in picture.curves)
        upright = across.shape[1] == 1
        series.append(
            Series(
                part(up, curve.row, curve.start, 1, count),
                part(across, 0, 0, *((count, 1) if upright else (1, count))),
                behind.caption(f"picture.{curve.key}"),
                COLOURS[k % len(COLOURS)],
                "" if count > MOST_MARKED else _MARKERS[k % len(_MARKERS)],
                max(4, 10 - 3 * k),  # of curves that coincide, each shows
                line=picture.joined,
                dashed=k > 0,
                hollow=k == 0,
            )
        )
    title = behind.caption(f"picture.{picture.key}", model)
    across_name = behind.caption(f"picture.{picture.across}")
    shares = all(curve.up.scale == "probability" for curve in picture.curves)
    whole = all(curve.across.scale in ("count", "whole") for curve in picture.curves)
    legend = len(series) > 1
    drawn = tuple(reversed(series))
    return Chart("scatter", row, column, size, drawn, title, across_name, "", legend, shares, whole)


def plane_chart(
    book: Book,
    behind: Behind,
    model: Lesson,
    letters: list[str],
    row: int,
    column: int,
    size: tuple[int, int],
) -> Chart:
    """Every word of every sentence as a point, and a dashed line from the watched word to what
    attention makes of it."""
    watch = model.watch
    assert watch is not None
    corners = behind.corners([block for one in watch.sentences for block in (one.points, one.move)])
    series = [Series(part(corners, 0, 1, 2), part(corners, 0, 0, 2))]  # nothing but room for the names
    for s, blocks in enumerate(watch.sentences):
        points, words = book.homes[blocks.points], _point_names(book, behind, model, s)
        for k in range(min(points.shape[0], MOST_POINTS // len(watch.sentences))):
            series.append(
                Series(part(points, k, 1), part(points, k, 0), part(words, k, 0), "#6B7280", "circle", 5,
                       _POINT_LABELS[k % len(_POINT_LABELS)])
            )  # fmt: skip
    for s, blocks in enumerate(watch.sentences):
        move, colour = book.homes[blocks.move], COLOURS[s % len(COLOURS)]
        series.append(Series(part(move, 0, 1, 2), part(move, 0, 0, 2), colour=colour, line=True, dashed=True))
    for s, blocks in enumerate(watch.sentences):
        name = behind.caption("picture.after", model, letters[s] or book.messages("label.after"))
        move, colour = book.homes[blocks.move], COLOURS[s % len(COLOURS)]
        series.append(Series(part(move, 1, 1), part(move, 1, 0), name, colour, "diamond", 11, "right"))
    first = book.homes[watch.sentences[0].move]
    series.append(
        Series(
            part(first, 0, 1), part(first, 0, 0), book.homes[watch.word].absolute, _ORIGIN, "square", 9, "above"
        )
    )
    across, up = (book.homes[block].absolute for block in (watch.across, watch.up))
    title = behind.caption("picture.moves", model)
    return Chart("scatter", row, column, size, tuple(series), title, across, up)


def _point_names(book: Book, behind: Behind, model: Lesson, s: int) -> Place:
    """A sentence's words as the picture names them: not the watched word, which has a point of
    its own, nor a word that an earlier sentence has already. A space stands for no name."""
    watch, sheet, sentence = model.watch, behind.sheet, model.sentences[s]
    assert watch is not None
    words, watched = book.ref(sentence.words, sheet), book.ref(watch.word, sheet).cell(0, 0)
    earlier = [one.words for one in model.sentences[:s]]
    taken = {word_key(str(w)) for block in [watch.word, *earlier] for w in book.values[block.name].ravel()}
    names = []
    for k in range(sentence.words.shape[0]):
        word = words.cell(k, 0)
        columns = [book.ref(block, sheet).column(0) for block in earlier]
        found = "+".join([f"({word}={watched})*1", *(f"SUMPRODUCT(({column}={word})*1)" for column in columns)])
        text = str(book.values[sentence.words.name][k, 0])
        shown = text if text and word_key(text) not in taken else " "
        names.append(Phrase(f'IF({word}=""," ",IF({found}>0," ",{word}&""))', shown))
    return behind.column(names)
