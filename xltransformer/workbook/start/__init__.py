"""The first sheet: one screen that tells the story, and below it the map of everything else.

Drawn in two goes: what is typed there (the words, the settings), which all other sheets point at, and what is
shown there, which points at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xltransformer.building.instance import Instance
from xltransformer.record import record
from xltransformer.workbook.baseline import Changed
from xltransformer.workbook.book import Chapter, Page, Variant
from xltransformer.workbook.canvas import text_width
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.charts import Behind
from xltransformer.workbook.start.experiments import draw_experiments
from xltransformer.workbook.start.grid import (
    ABSENT,
    HEIGHTS,
    INTRO,
    LABEL,
    REGION,
    STATE,
    TASK,
    TITLE,
    Grid,
    lay_grid,
)
from xltransformer.workbook.start.head import head_of
from xltransformer.workbook.start.headline import draw_headline, draw_score
from xltransformer.workbook.start.inputs import draw_sentences, draw_settings
from xltransformer.workbook.start.words import draw_answers

_LETTER = 7
"""Pixels a letter of a link takes at most."""


@record
class Typed:
    """The first sheet with all that is typed there: the columns of the headline, the first row free below, and
    the places of the parts that stand, by name."""

    grid: Grid
    row: int
    screen: Mapping[str, Place]


def draw_typed(page: Page, instance: Instance, variant: Variant | None = None) -> Typed:
    """Title, in which an exercise says whose `variant` it is, sentences and settings."""
    sheet = page.sheet
    grid = lay_grid(sheet, () if page.book.exercise else page.model.headline.pictures)
    screen = _draw_head(page, instance, variant)
    row, sentences = draw_sentences(page)
    return Typed(grid, draw_settings(page, row), screen | {"sentences": sentences})


def _draw_head(page: Page, instance: Instance, variant: Variant | None) -> dict[str, Place]:
    """The title, the task where the template tells one, and in one line each what is drawn at random and what to
    do, as far as there is room; returns where they stand, by name."""
    sheet = page.sheet
    head = head_of(instance, page.messages, variant, exercise=bool(page.book.exercise))
    lines = [(head.task, "task"), (head.drawn, "intro_line"), (head.intro, "intro_line")]
    lines = [(head.title, "title"), *(line for line in lines if line[0])]
    sheet.heights |= {**HEIGHTS, **dict.fromkeys(range(TITLE + len(lines), STATE), ABSENT)}
    rows = (TITLE, TASK, INTRO)[: len(lines)]
    for row, (text, style) in zip(rows, lines, strict=False):
        sheet.text(row, LABEL, text, style)
    places = {row: Place(sheet.name, row, LABEL, (1, 1)) for row in rows}
    return {"title": places[TITLE], "intro": places[rows[-1]], **({"task": places[TASK]} if head.task else {})}


def draw_shown(
    page: Page,
    instance: Instance,
    typed: Typed,
    behind: Behind,
    chapters: Sequence[Chapter],
    changed: Changed | None,
) -> dict[str, Place]:
    """The headline with its answers and experiments, the map of the chapters and the legend; returns the places
    of these parts of the screen, and of those that are typed, by name."""
    grid, screen = typed.grid, dict(typed.screen)
    if changed is None:  # an exercise
        row, screen["headline"] = draw_score(page, grid.last)
    else:
        row, pictures = draw_headline(page, behind, grid)
        row, answers = draw_answers(page, row, grid.last)
        row, experiments = draw_experiments(page, instance, row, changed)
        screen |= {**pictures, "answer": answers, **experiments}
    _draw_legend(page, _draw_map(page, chapters, max(typed.row, row) + 1))
    return screen


def _draw_map(page: Page, chapters: Sequence[Chapter], row: int) -> int:
    """Every sheet with a link, and beside it its steps by their titles; returns the row after them."""
    sheet, row = page.sheet, _heading(page, "start.map", row)
    across = sheet.pixels(REGION, max(sheet.widths))
    for chapter in chapters:
        linked = chapter.page.sheet
        if linked.hidden:
            continue
        sheet.link(row, LABEL, linked.target(), linked.name)
        column, used = REGION, 0.0
        for title, at in chapter.steps:
            wanted = text_width(title) * _LETTER + 12
            if used and used + wanted > across:
                row, column, used = row + 1, REGION, 0.0
            sheet.link(row, column, linked.target(at), title)
            end = used + wanted
            while used < end:
                used += sheet.pixels(column, column)
                column += 1
        row += 1
    return row + 1


def _draw_legend(page: Page, row: int) -> None:
    """What the colours of cells mean."""
    sheet, row = page.sheet, _heading(page, "start.legend", row)
    for key, style in (("input", "input"), ("weight", "weight"), ("formula", "computed"), ("grey", "grey")):
        sheet.number(row, LABEL, 0.5, (style, "0.00"))
        sheet.text(row, LABEL + 1, page.messages(f"start.legend_{key}"), "remark")
        row += 1


def _heading(page: Page, key: str, row: int) -> int:
    """A heading over the width of the window; returns the row after it."""
    sheet = page.sheet
    sheet.heading(row, page.messages(key), "section")
    sheet.blank(row, max(sheet.widths), ("section", ""))  # as far as the headline goes
    return row + 1
