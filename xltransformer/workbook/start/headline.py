"""The headline: the pictures that carry a model's idea, side by side, or an exercise's score in their place."""

from __future__ import annotations

from dataclasses import replace

from xltransformer.graph import Matrix
from xltransformer.teaching.pictures import Map, Writing
from xltransformer.teaching.watch import lesson_title
from xltransformer.workbook.book import TOLERANCE, Drawn, Page
from xltransformer.workbook.drawing import draw
from xltransformer.workbook.hints import hints_taken
from xltransformer.workbook.named import before
from xltransformer.workbook.panels import step_title
from xltransformer.workbook.places import Place, quoted
from xltransformer.workbook.start.charts import Behind, draw_chart
from xltransformer.workbook.start.grid import REGION, TOP, Grid, Spot


def draw_headline(page: Page, behind: Behind, grid: Grid) -> tuple[int, dict[str, Place]]:
    """Every picture at its spot; returns the row after them, and the places of maps and headline by name."""
    screen: dict[str, Place] = {}
    for k, (picture, of_grid) in enumerate(zip(page.model.headline.pictures, grid.spots, strict=True)):
        spot = replace(of_grid, row=TOP + of_grid.row)
        if isinstance(picture, Writing):
            _draw_writing(page, picture, spot.row)
        elif isinstance(picture, Map):
            screen[f"picture.{k}"] = _draw_map(page, picture, spot, small=grid.small)
        else:
            draw_chart(page, behind, picture, spot)
    screen["headline"] = Place(page.sheet.name, TOP, REGION, (grid.rows, grid.last - REGION + 1))
    return TOP + grid.rows, screen


def _draw_writing(page: Page, picture: Writing, row: int) -> None:
    page.sheet.text(row, REGION, page.messages(f"picture.{picture.key}"), "picture")
    page.book.pictures.append(Drawn(picture, Place(page.sheet.name, row, REGION, (1, 1))))
    shown = str(page.book.values[picture.text.name][0, 0])
    page.formula(row + 1, REGION, lambda: page.ref(picture.text).cell(0, 0), shown, "writing")


def _draw_map(page: Page, picture: Map, spot: Spot, *, small: bool) -> Place:
    """A heat map with its title and labels; returns where all that stands."""
    part = lesson_title(picture.part, page.messages) if picture.part else ""
    title = before(page, picture.sentence) + page.messages(f"picture.{picture.key}", part=part)
    page.sheet.text(spot.row, spot.column, title, "picture")
    cells = draw(page, picture.block, spot.row + 2, spot.column + 1, small=small)
    page.book.pictures.append(Drawn(picture, Place(page.sheet.name, spot.row, spot.column, (1, 1)), cells))
    rows, columns = picture.block.shape
    return Place(page.sheet.name, spot.row, spot.column, (rows + 2, columns + 1))


def score_of(page: Page) -> list[tuple[str, list[Matrix]]]:
    """The steps of an exercise of which cells are left to the student, each with its title and these blocks."""
    messages = page.messages
    steps: dict[tuple[str, int | None], list[Matrix]] = {}
    left = set(page.book.exercise.blocks)
    for section in page.model.sections:
        lesson = messages(f"section.{section.key}.title", layer=(section.layer or 0) + 1)
        for step in section.steps:
            blocks = [block for block in step.blocks if block in left]
            left.difference_update(blocks)
            if blocks:  # each head of a layer has the same steps
                title = messages("start.before", letter=lesson) + step_title(messages, step)
                steps.setdefault((title, section.sentence), []).extend(blocks)
    return [(("" if s is None else before(page, s)) + title, blocks) for (title, s), blocks in steps.items()]


def draw_score(page: Page, last: int) -> tuple[int, Place]:
    """How many cells of each step are right; returns the row after them, and where they begin."""
    sheet, messages, row = page.sheet, page.messages, TOP
    sheet.text(row, REGION, messages("exercise.title"), "picture")
    sheet.paragraph(row + 1, REGION, messages("exercise.help", tolerance=TOLERANCE), "question", None, last)
    row, steps = row + 2, score_of(page)
    for title, blocks in steps:
        _line(page, row, title, blocks)
        row += 1
    _line(page, row, messages("exercise.total"), [block for _, blocks in steps for block in blocks], total=True)
    if page.book.exercise.hints:
        row += 1
        page.formula(row, REGION, lambda: hints_taken(page), 0, "verdict")
        sheet.text(row, REGION + 1, messages("hint.taken"), "remark")
    return row + 2, Place(sheet.name, TOP, REGION, (2, last - REGION + 1))


def _line(page: Page, row: int, label: str, blocks: list[Matrix], *, total: bool = False) -> None:
    """How many cells of some blocks are right, with a link to the first cell to fill, or in `total`."""
    exercise, here = page.book.exercise, page.sheet.name
    cells = sum(len(exercise.left[block]) for block in blocks)

    def formula() -> str:
        if total:
            return f'SUM({exercise.every_count.seen_from(here).all})&" / {cells}"'
        counts = (exercise.counts[block].seen_from(here).cell(0, 0) for block in blocks)
        return f'{"+".join(counts)}&" / {cells}"'

    page.formula(row, REGION, formula, f"0 / {cells}", "verdict")
    if total:
        page.sheet.text(row, REGION + 1, label, "row_text")
    else:
        (i, j), place = exercise.left[blocks[0]][0], exercise.places[blocks[0]]
        page.sheet.link(row, REGION + 1, f"{quoted(place.sheet)}!{place.address(i, j)}", label)
