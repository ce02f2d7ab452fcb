"""Steps as panels: heading, notation, question, and the matrices laid out as by hand."""

from __future__ import annotations

from xltransformer.graph import Matrix, Step
from xltransformer.ops import matmul
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas
from xltransformer.workbook.places import Place

LEFT = 1
"""The column of the row labels; the first block's cells begin one further right."""
WIDEST = 26
"""Beyond this column a panel continues on a new line."""


def draw_step(book: Book, sheet: Canvas, step: Step, number: str, row: int) -> int:
    """Draw one panel from `row` down; returns the first row free after it."""
    messages = book.messages
    lesson = (
        messages.get(f"section.{step.blocks[-1].name.split('.')[-2]}.title", "")
        if "." in step.blocks[-1].name
        else ""
    )
    sheet.text(row, LEFT, f"{number}  {messages(f'step.{step.key}.title', lesson=lesson)}", "heading")
    sheet.heights[row] = 21
    sheet.bar(row, "heading")
    row += 1
    if notation := messages(f"step.{step.key}.formula"):
        sheet.text(row, LEFT, notation, "notation")
        row += 1
    sheet.paragraph(row, LEFT, messages(f"step.{step.key}.question"), "question")
    row += 2
    products = [block for block in step.blocks if block.op is matmul]
    factors = {operand for product in products for operand in product.operands}
    row = _draw_in_line(book, sheet, [b for b in step.blocks if b not in factors and b not in products], row)
    row = _draw_products(book, sheet, products, row)
    return row + 1


def _draw_in_line(book: Book, sheet: Canvas, blocks: list[Matrix], row: int) -> int:
    """Blocks side by side, each with its labels, wrapping to a new line where the sheet ends."""
    column, tallest = LEFT + 1, 0
    for block in blocks:
        if column > LEFT + 1 and column + block.shape[1] > WIDEST:
            row, column, tallest = row + tallest + 2, LEFT + 1, 0
        book.draw(block, sheet, row + 1, column)
        column += block.shape[1] + 1
        tallest = max(tallest, block.shape[0])
    return row + tallest + 2 if blocks else row


def _draw_products(book: Book, sheet: Canvas, products: list[Matrix], row: int) -> int:
    """Products crosswise: left operand on the left, right operand above, result where they meet.

    Products that share their left operand stand side by side, as long as there is room.
    """
    left: Matrix | None = None
    shown: Place | None = None
    column, deepest = 0, 0
    for product in products:
        factor, right = product.operands
        if factor is not left or column + right.shape[1] > WIDEST or right.shape[0] != deepest:
            if shown is not None:
                row = shown.row + shown.shape[0] + 1
            deepest = right.shape[0]
            shown = book.draw(factor, sheet, row + deepest + 3, LEFT + 1)
            left, column = factor, LEFT + 1 + factor.shape[1] + 1
        assert shown is not None
        above = book.draw(right, sheet, row + 1, column)
        book.draw(product, sheet, shown.row, column, {factor: shown, right: above})
        column += right.shape[1] + 1
    return row if shown is None else shown.row + shown.shape[0] + 1
