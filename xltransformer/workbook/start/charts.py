"""The headline's charts (bars, curves, the plane in which words move), each below its title, and the sheet behind
them with the texts that they show, as cells that follow every edit.

LibreOffice lets the names of series follow their cells, but no titles of charts and axes: titles stand in cells
above the charts, and the plane's axes are named by series of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from xltransformer.graph import Matrix
from xltransformer.locale import Messages
from xltransformer.teaching.pictures import Bars, Curves, Fact, Plane
from xltransformer.text import word_key
from xltransformer.workbook.book import Chapter, Drawn, Page, PlaneNames
from xltransformer.workbook.canvas import Chart, Series, spaced
from xltransformer.workbook.drawing import draw
from xltransformer.workbook.phrases import Phrase, literal, of_sentence, phrase
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.grid import LABEL, ROW, Spot

TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""What a temperature may be chosen from; any other number above 0 may be typed."""
_ROOM = 0.15
"""Room around the points of a plane, as a share of how far they lie apart."""
COLOURS = ("#1F4E79", "#C2570C", "#5B3E96", "#0F766E", "#7A5C00", "#444444")
"""One for each sentence or curve; they keep apart for red-green colour-blind readers."""
MOST_POINTS = 200
"""A chart holds at most 255 series; each named point is one. Beyond, only the first words show."""
MOST_MARKED = 24
"""A curve through more points than these has small dots."""
_ORIGIN = "#111111"
_POINT_LABELS = ("right", "above", "below")
_MARKERS = ("circle", "diamond", "square", "triangle")


def suggested(messages: Messages) -> Place:
    """Where the temperatures to choose from stand."""
    return Place(messages("sheet.behind"), 2, 2, (1, len(TEMPERATURES)))


class Behind:
    """The sheet on its way down: every text takes the next free row."""

    def __init__(self, page: Page) -> None:
        self.page, self.row = page, 4
        sheet, temperatures = page.sheet, suggested(page.messages)
        sheet.head(page.messages("start.behind"))
        sheet.widths = {0: 2, 1: 60}
        sheet.text(temperatures.row, 1, page.messages("setting.temperature"), "remark")
        for column, temperature in enumerate(TEMPERATURES, start=temperatures.column):
            sheet.number(temperatures.row, column, temperature, ("grey", "0.00"))

    def place_rest(self) -> None:
        """Give a place to every block that no step shows: what only the first sheet refers to."""
        for block in self.page.model.blocks.values():
            if block not in self.page.book.homes:
                draw(self.page, block, self.row + 1, 2)
                self.row += block.shape[0] + 2

    def caption(self, key: str, letter: str = "", **facts: Fact) -> Place:
        """A cell that shows a message, of the watched word where it speaks of one."""
        return self.column([_told(self.page, key, letter=letter, **facts)])

    def column(self, phrases: Sequence[Phrase]) -> Place:
        """Cells below one another, each with a text."""
        place = Place(self.page.sheet.name, self.row, 1, (len(phrases), 1))
        for k, said in enumerate(phrases):
            self.page.sheet.formula(self.row + k, 1, said.formula, said.shown, ("remark", ""))
        self.row += len(phrases)
        return place

    def corners(self, blocks: Sequence[Matrix]) -> Place:
        """The two corners (2 x 2) of a plane in which the points (n x 2 each) have some room around them."""
        sheet, values = self.page.sheet, self.page.book.values
        place = Place(sheet.name, self.row, 2, (2, 2))
        for j in (0, 1):
            found = np.concatenate([values[block.name][:, j] for block in blocks]).astype(float)
            seen = ",".join(self.page.ref(block).column(j) for block in blocks)
            low, high, room = found.min(), found.max(), _ROOM * (found.max() - found.min())
            apart = f"{_ROOM}*(MAX({seen})-MIN({seen}))"
            sheet.formula(self.row, 2 + j, f"MIN({seen})-{apart}", low - room, ("remark", "0.00"))
            sheet.formula(self.row + 1, 2 + j, f"MAX({seen})+{apart}", high + room, ("remark", "0.00"))
        self.row += 2
        return place


def part(place: Place, i: int, j: int, rows: int = 1, columns: int = 1) -> str:
    """Some cells of a place, as charts refer to them: absolute, with their sheet."""
    return Place(place.sheet, place.row + i, place.column + j, (rows, columns)).absolute


def draw_chart(page: Page, behind: Behind, picture: Bars | Curves | Plane, spot: Spot) -> None:
    """A picture that is a chart, at its spot of a page: its title, which follows every edit, and below it the
    chart."""
    said = _title(page, picture)
    if said.formula == literal(said.shown):
        page.sheet.text(spot.row, spot.column, said.shown, "picture")
    else:
        page.sheet.formula(spot.row, spot.column, said.formula, said.shown, ("picture", ""))
    below = Spot(spot.row + 1, spot.column, (spot.size[0], spot.size[1] - ROW))
    title = Place(page.sheet.name, spot.row, spot.column, (1, 1))
    drawn = Drawn(picture, title)
    if isinstance(picture, Plane):
        drawn = replace(drawn, plane=(named := _plane_names(behind)))
        chart = _plane(page, below, named)
    elif isinstance(picture, Bars):
        drawn = replace(drawn, names=(names := _bar_names(behind, picture)))
        chart = _bars(page, picture, below, names)
    else:
        drawn = replace(drawn, names=(names := _curve_names(behind, picture)))
        chart = _curves(page, picture, below, names)
    page.book.pictures.append(drawn)
    page.sheet.charts.append(replace(chart, told=_where(page, picture, title)))


def _where(page: Page, picture: Bars | Curves | Plane, title: Place) -> str:
    """What kind of chart it is, and in which cells its title and its numbers stand. These follow every edit: texts
    about the numbers themselves would not."""
    homes, watch = page.book.homes, page.model.watch
    if isinstance(picture, Bars):
        kind, blocks = "bars", [picture.names, *picture.values]
    elif isinstance(picture, Curves):
        kind, blocks = "curves", [block for curve in picture.curves for block in (curve.across, curve.up)]
    else:
        kind, blocks = "plane", [] if watch is None else [one.points for one in watch.sentences]
    numbers = dict.fromkeys(homes[block].absolute for block in blocks)
    return page.messages(f"chart.{kind}", title=title.absolute, numbers=", ".join(numbers)).replace("$", "")


def _title(page: Page, picture: Bars | Curves | Plane) -> Phrase:
    """What stands above a chart, after what its sentence is called where it is of one."""
    if not isinstance(picture, Bars):
        return _told(page, "picture.moves" if isinstance(picture, Plane) else f"picture.{picture.key}")
    of_word = {"word": Fact(picture.word)} if picture.word is not None else {}
    s = picture.sentence if len(picture.values) == 1 else None
    return of_sentence(page, s, _told(page, f"picture.{picture.key}", **of_word))


def _told(page: Page, key: str, **parts: Fact | str) -> Phrase:
    """A message of a word, of the watched one where no other is given."""
    watch = page.model.watch
    return phrase(page, key, {**({"word": Fact(watch.word)} if watch is not None else {}), **parts})


def draw_below(behind: Behind, chapters: Sequence[Chapter]) -> None:
    """Draw pictures below all that the sheets of some sections hold by then: the plane once more where attention
    is compared, and what the model wants there."""
    book, model = behind.page.book, behind.page.model
    for chapter in chapters if not book.exercise else ():
        if (section := chapter.section) is None or section.backward:
            continue
        if section.compares and model.watch is not None:
            book.later(partial(_add_below, chapter.page, behind, Plane()))
        if section.key in model.below and not section.sentence:
            book.later(partial(_add_below, chapter.page, behind, model.below[section.key]))


def _add_below(page: Page, behind: Behind, picture: Curves | Plane) -> None:
    draw_chart(page, behind, picture, Spot(page.sheet.bottom + 2, LABEL, (620, 440)))


def _bar_names(behind: Behind, picture: Bars) -> tuple[Place, ...]:
    """What several groups of bars are called; nothing where there is one."""
    if len(picture.values) == 1:
        return ()
    if len({block.last_name for block in picture.values}) > 1:
        return tuple(behind.caption(f"picture.{block.last_name}") for block in picture.values)
    letters = behind.page.letters[picture.sentence :][: len(picture.values)]  # the same of each sentence
    return tuple(behind.caption("start.sentence", spaced(letter)) for letter in letters)


def _bars(page: Page, picture: Bars, spot: Spot, names: Sequence[Place]) -> Chart:
    """A bar for every entry; several rows of numbers stand as groups, each in its colour."""
    homes, series = page.book.homes, []
    entries = homes[picture.names].absolute
    for k, block in enumerate(picture.values):
        name, colour = names[k].absolute if names else "", COLOURS[(picture.sentence + k) % len(COLOURS)]
        series.append(Series(homes[block].absolute, entries, name, colour=colour))
    drawn, legend = tuple(series), bool(names)
    return Chart("bar", spot.row, spot.column, spot.size, drawn, legend=legend, shares=picture.shares)


def _curve_names(behind: Behind, picture: Curves) -> tuple[Place, ...]:
    """What the curves are called."""
    return tuple(behind.caption(f"picture.{curve.key}") for curve in picture.curves)


def _curves(page: Page, picture: Curves, spot: Spot, names: Sequence[Place]) -> Chart:
    """Points over points, each curve with a colour and a marker of its own. The first curve, whose markers
    are large and hollow, stands last: the others show where they coincide with it, whether a program draws
    the first series on top (LibreOffice) or the last."""
    series = [_curve(page, picture, k, name) for k, name in enumerate(names)]
    across = page.messages(f"picture.{picture.across}")
    kind = across, len(series) > 1, picture.shares, picture.whole
    return Chart("scatter", spot.row, spot.column, spot.size, tuple(reversed(series)), *kind)


def _curve(page: Page, picture: Curves, k: int, name: Place) -> Series:
    """The k-th curve of a picture."""
    curve, homes = picture.curves[k], page.book.homes
    across, up, count = homes[curve.across], homes[curve.up], picture.count(curve)
    return Series(
        part(up, curve.row, curve.start, 1, count),
        part(across, 0, 0, *((count, 1) if across.shape[1] == 1 else (1, count))),
        name.absolute,
        COLOURS[k % len(COLOURS)],
        _MARKERS[k % len(_MARKERS)],
        3 if count > MOST_MARKED else max(4, 10 - 3 * k),  # of curves that coincide, each shows
        line=picture.joined and curve.joined,
        dashed=k > 0,
        hollow=k == 0,
    )


def _plane_names(behind: Behind) -> PlaneNames:
    """The cells of the names in a plane, and of its corners."""
    watch = behind.page.model.watch
    assert watch is not None
    corners = behind.corners([block for one in watch.sentences for block in (one.points, one.move)])
    points = tuple(_point_names(behind, s) for s in range(len(watch.sentences)))
    afters, befores = _move_names(behind)
    axes = ("across", watch.across), ("up", watch.up)
    across, up = (behind.caption(f"picture.{key}", name=Fact(block)) for key, block in axes)
    return PlaneNames(corners, points, befores, afters, (across, up))


def shown_points(words: int, sentences: int) -> int:
    """How many of a sentence's words are points of the plane."""
    return min(words, MOST_POINTS // sentences)


def _plane(page: Page, spot: Spot, named: PlaneNames) -> Chart:
    """Every word of every sentence as a point, and a dashed line from the watched word to what
    attention makes of it."""
    homes, watch, corners = page.book.homes, page.model.watch, named.corners
    assert watch is not None
    series = [Series(part(corners, 0, 1, 2), part(corners, 0, 0, 2))]  # nothing but room for the names
    for blocks, words in zip(watch.sentences, named.points, strict=True):
        points = homes[blocks.points]
        for k in range(shown_points(points.shape[0], len(watch.sentences))):
            label = _POINT_LABELS[k % len(_POINT_LABELS)]
            xy = part(points, k, 1), part(points, k, 0)
            series.append(Series(*xy, part(words, k, 0), "#6B7280", "circle", 5, label))
    moves = [(homes[one.move], COLOURS[s % len(COLOURS)]) for s, one in enumerate(watch.sentences)]
    for move, colour in moves:
        series.append(Series(part(move, 0, 1, 2), part(move, 0, 0, 2), colour=colour, line=True, dashed=True))
    for s, (move, colour) in enumerate(moves):
        name = part(named.after, s, 0)
        series.append(Series(part(move, 1, 1), part(move, 1, 0), name, colour, "diamond", 11, "right"))
    for s, (move, _) in enumerate(moves):
        name = part(named.before, s, 0)
        series.append(Series(part(move, 0, 1), part(move, 0, 0), name, _ORIGIN, "square", 9, "above"))
    for j, (axis, label) in enumerate(zip(named.axes, ("left", "right"), strict=True)):  # at the end of its axis
        xy = part(corners, j, 1), part(corners, 1 - j, 0)
        series.append(Series(*xy, axis.absolute, _ORIGIN, label=label, bold=True))
    return Chart("scatter", spot.row, spot.column, spot.size, tuple(series))


def _move_names(behind: Behind) -> tuple[Place, Place]:
    """What the watched word is called after attention in each sentence, and before, where that has no name yet. A
    space stands for no name: of a sentence in which the word does not stand, nothing is told."""
    page, values, watch = behind.page, behind.page.book.values, behind.page.model.watch
    assert watch is not None
    afters, befores = list[Phrase](), list[Phrase]()
    word, earlier, named = page.ref(watch.word).cell(0, 0), "FALSE", False
    for one, letter in zip(watch.sentences, page.letters, strict=False):
        gate = "TRUE" if one.here is None else f"{page.ref(one.here).cell(0, 0)}=1"
        here = one.here is None or values[one.here.name].item() == 1
        after = _told(page, "picture.after", letter=letter or page.messages("label.after"))
        afters.append(Phrase(f'IF({gate},{after.formula}," ")', after.shown if here else " "))
        shown = str(values[watch.word.name].item()) if here and not named else " "
        befores.append(Phrase(f'IF(AND({gate},NOT({earlier})),{word}&""," ")', shown))
        earlier, named = f"OR({gate},{earlier})", named or here
    return behind.column(afters), behind.column(befores)


def _point_names(behind: Behind, s: int) -> Place:
    """A sentence's words as the picture names them: not the watched word, which has a point of
    its own, nor a word that an earlier sentence has already. A space stands for no name."""
    page, values = behind.page, behind.page.book.values
    watch, sentence = page.model.watch, page.model.sentences[s]
    assert watch is not None
    words, watched = page.ref(sentence.words), page.ref(watch.word).cell(0, 0)
    earlier = [one.words for one in page.model.sentences[:s]]
    taken = {word_key(str(w)) for block in [watch.word, *earlier] for w in values[block.name].ravel()}
    names = []
    for k in range(sentence.words.shape[0]):
        word = words.cell(k, 0)
        columns = [page.ref(block).column(0) for block in earlier]
        found = "+".join([f"({word}={watched})*1", *(f"SUMPRODUCT(({column}={word})*1)" for column in columns)])
        text = str(values[sentence.words.name][k, 0])
        shown = text if text and word_key(text) not in taken else " "
        names.append(Phrase(f'IF({word}=""," ",IF({found}>0," ",{word}&""))', shown))
    return behind.column(names)
