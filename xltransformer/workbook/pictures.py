"""The charts: a word's attention as bars, and its way through the plane of two dimensions."""

from __future__ import annotations

from dataclasses import dataclass

from xltransformer.graph import Model
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Chart, Series
from xltransformer.workbook.places import Place

SENTENCE_COLOURS = ("#1F4E79", "#C2570C", "#5B3E96", "#0F766E", "#7A5C00", "#444444")
"""One for each sentence; they keep apart for red-green colour-blind readers."""
MOST_POINTS = 200
"""A chart holds at most 255 series; each named point is one. Beyond, only the first words show."""
_ORIGIN = "#111111"
_LABELS = ("right", "above", "below")


def colour(s: int) -> str:
    """A sentence's colour."""
    return SENTENCE_COLOURS[s % len(SENTENCE_COLOURS)]


def part(place: Place, i: int, j: int, rows: int = 1, columns: int = 1) -> str:
    """Some cells of a place, as charts refer to them: absolute, with their sheet."""
    return Place(place.sheet, place.row + i, place.column + j, (rows, columns)).absolute


@dataclass(frozen=True)
class Captions:
    """Cells whose text the charts show: the plane's title, and for each sentence the names of its
    words (a column), the name of the watched word after attention, and the title of its bars."""

    plane: Place
    words: list[Place]
    after: list[Place]
    bars: list[Place]


def plane_chart(
    book: Book, model: Model, captions: Captions, row: int, column: int, size: tuple[int, int]
) -> Chart:
    """Every word of every sentence as a point, and a dashed line from the watched word to what
    attention makes of it."""
    watch = model.watch
    assert watch is not None
    series: list[Series] = []
    for blocks, words in zip(watch.sentences, captions.words, strict=True):
        points = book.homes[blocks.points]
        for k in range(min(points.shape[0], MOST_POINTS // len(watch.sentences))):
            series.append(
                Series(part(points, k, 1), part(points, k, 0), part(words, k, 0), "#8A94A3", "circle", 5,
                       _LABELS[k % len(_LABELS)])
            )  # fmt: skip
    for s, blocks in enumerate(watch.sentences):
        move = book.homes[blocks.move]
        series.append(Series(part(move, 0, 1, 2), part(move, 0, 0, 2), colour=colour(s), line=True))
    for s, blocks in enumerate(watch.sentences):
        move, name = book.homes[blocks.move], captions.after[s].absolute
        series.append(Series(part(move, 1, 1), part(move, 1, 0), name, colour(s), "diamond", 11, "right"))
    first = book.homes[watch.sentences[0].move]
    series.append(
        Series(
            part(first, 0, 1), part(first, 0, 0), book.homes[watch.word].absolute, _ORIGIN, "square", 9, "above"
        )
    )
    across, up = (book.homes[block].absolute for block in (watch.across, watch.up))
    return Chart("scatter", row, column, size, tuple(series), captions.plane.absolute, across, up)


def attention_chart(
    book: Book, model: Model, captions: Captions, s: int, row: int, column: int, size: tuple[int, int]
) -> Chart:
    """The watched word's attention in sentence s, a bar for every word."""
    watch = model.watch
    assert watch is not None
    sentence, attention = model.sentences[s], book.homes[watch.sentences[s].attention]
    n = attention.shape[1]
    words = book.homes[sentence.words]
    bars = Series(part(attention, 0, 0, 1, n), part(words, 0, 0, n, 1), colour=colour(s))
    return Chart("bar", row, column, size, (bars,), captions.bars[s].absolute)
