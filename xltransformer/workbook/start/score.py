"""An exercise's score, step by step and in total, in the place of the headline."""

from __future__ import annotations

from xltransformer.graph import Matrix
from xltransformer.workbook.answers import TOLERANCE
from xltransformer.workbook.canvas import spaced
from xltransformer.workbook.page import Page
from xltransformer.workbook.panels import step_title
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.grid import REGION, TOP


def draw_score(page: Page, last: int) -> tuple[int, Place]:
    """How many cells of each step are right; returns the row after them, and where they begin."""
    sheet, messages, row = page.sheet, page.messages, TOP
    sheet.text(row, REGION, messages("exercise.title"), "picture")
    sheet.paragraph(row + 1, REGION, messages("exercise.help", tolerance=TOLERANCE), "question", None, last)
    row += 2
    steps: dict[tuple[str, int], list[Matrix]] = {}
    left = set(page.book.exercise.blocks)
    for section in page.model.sections:
        lesson = messages(f"section.{section.key}.title", layer=(section.layer or 0) + 1)
        for step in section.steps:
            blocks = [block for block in step.blocks if block in left]
            left.difference_update(blocks)
            if blocks and section.sentence is not None:  # each head of a layer has the same steps
                steps.setdefault((f"{lesson}: {step_title(messages, step)}", section.sentence), []).extend(blocks)
    for (title, s), blocks in steps.items():
        _line(page, row, f"{title}{spaced(page.letters[s])}", blocks, "remark")
        row += 1
    every = [block for blocks in steps.values() for block in blocks]
    _line(page, row, messages("exercise.total"), every, "row_text")
    return row + 2, Place(sheet.name, TOP, REGION, (2, last - REGION + 1))


def _line(page: Page, row: int, label: str, blocks: list[Matrix], style: str) -> None:
    cells, verdicts = sum(block.size for block in blocks), page.book.exercise.verdicts

    def formula() -> str:
        counts = (f"COUNTIF({verdicts[b].seen_from(page.sheet.name).all},1)" for b in blocks)
        return f'{"+".join(counts)}&" / {cells}"'

    page.formula(row, REGION, formula, f"0 / {cells}", "verdict")
    page.sheet.text(row, REGION + 1, label, style)
