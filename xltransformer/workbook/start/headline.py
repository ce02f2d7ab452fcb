"""The headline: the pictures that carry a model's idea, side by side."""

from __future__ import annotations

from dataclasses import replace

from xltransformer.teaching.pictures import Map, Writing
from xltransformer.teaching.watch import lesson_title
from xltransformer.workbook.drawing import draw
from xltransformer.workbook.page import Page
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.behind import Behind
from xltransformer.workbook.start.charts import chart
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
            page.sheet.charts.append(chart(behind, picture, spot))
    screen["headline"] = Place(page.sheet.name, TOP, REGION, (grid.rows, grid.last - REGION + 1))
    return TOP + grid.rows, screen


def _draw_writing(page: Page, picture: Writing, row: int) -> None:
    page.sheet.text(row, REGION, page.messages(f"picture.{picture.key}"), "picture")
    shown = str(page.book.values[picture.text.name][0, 0])
    page.formula(row + 1, REGION, lambda: page.ref(picture.text).cell(0, 0), shown, "writing")


def _draw_map(page: Page, picture: Map, spot: Spot, *, small: bool) -> Place:
    """A heat map with its title and labels; returns where all that stands."""
    part = lesson_title(picture.part, page.messages) if picture.part else ""
    letter = "" if picture.sentence is None else page.letters[picture.sentence]
    title = (f"{letter}: " if letter else "") + page.messages(f"picture.{picture.key}", part=part)
    page.sheet.text(spot.row, spot.column, title, "picture")
    draw(page, picture.block, spot.row + 2, spot.column + 1, small=small)
    rows, columns = picture.block.shape
    return Place(page.sheet.name, spot.row, spot.column, (rows + 2, columns + 1))
