"""The first sheet: one screen that tells the story, and below it the map of everything else.

Drawn in two goes: what is typed there (the words, the settings), which all other sheets point at, and what is
shown there, which points at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xltransformer.building.instance import Instance
from xltransformer.record import record
from xltransformer.workbook.book import Page
from xltransformer.workbook.phrases import told
from xltransformer.workbook.places import Place
from xltransformer.workbook.sections import Chapter
from xltransformer.workbook.start.charts import Behind
from xltransformer.workbook.start.contents import draw_legend, draw_map
from xltransformer.workbook.start.experiments import draw_experiments
from xltransformer.workbook.start.grid import INTRO, LABEL, TITLE, Grid, lay_grid
from xltransformer.workbook.start.headline import draw_headline, draw_score
from xltransformer.workbook.start.inputs import draw_sentences, draw_settings
from xltransformer.workbook.start.words import State, draw_answers, draw_state


@record
class Typed:
    """The first sheet with all that is typed there: the columns of the headline, the first row free below, and
    the places of the parts that stand, by name."""

    grid: Grid
    row: int
    screen: Mapping[str, Place]


def draw_typed(page: Page, instance: Instance) -> Typed:
    """Title, sentences and settings."""
    sheet, messages = page.sheet, page.messages
    grid = lay_grid(sheet, () if page.book.exercise else page.model.headline.pictures)
    sheet.text(TITLE, LABEL, told(instance, instance.template.title, messages) or messages("start.title"), "title")
    sheet.heights |= {TITLE: 27, INTRO + 2: 6}
    intro = messages("start.intro")
    if instance.template.trained and instance.made_up:
        intro += " " + messages("start.never_saw", words=messages("start.and").join(instance.made_up))
    sheet.text(INTRO, LABEL, intro, "intro_line")
    screen = {part: Place(sheet.name, at, LABEL, (1, 1)) for part, at in (("title", TITLE), ("intro", INTRO))}
    row, sentences = draw_sentences(page)
    return Typed(grid, draw_settings(page, row), screen | {"sentences": sentences})


def draw_shown(
    page: Page, instance: Instance, typed: Typed, behind: Behind, state: State, chapters: Sequence[Chapter]
) -> dict[str, Place]:
    """The state, the headline with its answers and experiments, the map of the chapters and the legend; returns
    the places of all parts of the screen by name."""
    grid, screen = typed.grid, {**typed.screen, "state": draw_state(page, state)}
    if page.book.exercise:
        row, screen["headline"] = draw_score(page, grid.last)
    else:
        row, pictures = draw_headline(page, behind, grid)
        row, answers = draw_answers(page, row, grid.last)
        row, experiments = draw_experiments(page, instance, row)
        screen |= {**pictures, "answer": answers, **experiments}
    draw_legend(page, draw_map(page, chapters, max(typed.row, row) + 1))
    return screen
