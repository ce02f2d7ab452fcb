"""An exercise's score, step by step and in total, in the place of the headline."""

from __future__ import annotations

from xltransformer.graph import Matrix
from xltransformer.models import Lesson
from xltransformer.workbook.book import TOLERANCE, Book
from xltransformer.workbook.canvas import Canvas, spaced
from xltransformer.workbook.panels import step_title
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.grid import REGION, TOP


def draw_score(book: Book, sheet: Canvas, model: Lesson, letters: list[str], last: int) -> int:
    """How many cells of each step are right; returns the row after them."""
    messages, row = book.messages, TOP
    sheet.text(row, REGION, messages("exercise.title"), "picture")
    sheet.paragraph(row + 1, REGION, messages("exercise.help", tolerance=TOLERANCE), "question", None, last)
    row += 2
    steps: dict[tuple[str, int], list[Matrix]] = {}
    left = set(book.exercise)
    for section in model.sections:
        lesson = messages(f"section.{section.key}.title", layer=(section.layer or 0) + 1)
        for step in section.steps:
            blocks = [block for block in step.blocks if block in left]
            left.difference_update(blocks)
            if blocks and section.sentence is not None:  # each head of a layer has the same steps
                steps.setdefault((f"{lesson}: {step_title(book, step)}", section.sentence), []).extend(blocks)
    for (title, s), blocks in steps.items():
        _line(book, sheet, row, f"{title}{spaced(letters[s])}", blocks, "remark")
        row += 1
    every = [block for blocks in steps.values() for block in blocks]
    _line(book, sheet, row, messages("exercise.total"), every, "row_text")
    book.screen["headline"] = Place(sheet.name, TOP, REGION, (2, last - REGION + 1))
    return row + 2


def _line(book: Book, sheet: Canvas, row: int, label: str, blocks: list[Matrix], style: str) -> None:
    cells = sum(block.size for block in blocks)

    def formula() -> str:
        counts = (f"COUNTIF({book.verdicts[b].seen_from(sheet.name).all},1)" for b in blocks)
        return f'{"+".join(counts)}&" / {cells}"'

    book.formula(sheet, row, REGION, formula, f"0 / {cells}", "verdict")
    sheet.text(row, REGION + 1, label, style)
