"""A drawing as a table: its labels as headers, its cells as they show, and which block it is of."""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.page.cells import LABELS, Drawing
from xltransformer.page.contents import Contents, name_of
from xltransformer.page.entries import entry, said_in
from xltransformer.page.html import element, opened, text
from xltransformer.page.numbers import format_of, shown
from xltransformer.workbook.canvas import Cell, Cells
from xltransformer.workbook.styles import UNSEEN


def table(contents: Contents, drawing: Drawing, **more: str | None) -> str:
    """A drawing as a table, with `more` attributes."""
    place, sheet = drawing.place, drawing.place.sheet
    labelled = drawing.rows is not None or bool(drawing.symbol)
    head = _head(contents, drawing, corner=labelled) if drawing.columns is not None or drawing.symbol else ""
    body, (rows, columns) = [], _empty(contents, drawing)
    for i, row in enumerate(drawing.cells):
        label = _label(contents, sheet, drawing.rows, i) if labelled else ""
        tds = "".join(
            '<td class="empty">'
            if i in rows or j in columns
            else _cell(contents, sheet, place.row + i, place.column + j, cell)
            for j, cell in enumerate(row)
        )
        body.append(f"<tr>{label}{tds}")
    return opened("table", _said(contents, drawing), **more) + f"{head}<tbody>{''.join(body)}</table>"


def _empty(contents: Contents, drawing: Drawing) -> tuple[set[int], set[int]]:
    """The rows and columns of a drawing that show nothing, since their slots are empty: so do their labels."""
    block, sheet = drawing.block, drawing.place.sheet
    if block is None or contents.edit_of(block) is not None or block.shape == (1, 1):
        return set(), set()
    axes = (block.columns, block.rows) if drawing.place.turned else (block.rows, block.columns)
    found: tuple[set[int], set[int]] = set(), set()
    for side, (axis, cells) in enumerate(zip(axes, (drawing.rows, drawing.columns), strict=True)):
        if axis.source is not None and cells is not None:
            for k, label in enumerate(cells.values.ravel().tolist()):
                at = (cells.row + k, cells.column) if side == 0 else (cells.row, cells.column + k)
                if contents.now(sheet, *at, label) in ("", None):
                    found[side].add(k)
    return found


def _said(contents: Contents, drawing: Drawing) -> dict[str, str | bool | None]:
    """What a table says of its cells."""
    block, number = drawing.block, _number(drawing.cells)
    said: dict[str, str | bool | None] = {"data-at": name_of(contents.at(drawing.place))}
    look = "text"
    if block is not None:
        said |= {"data-of": block.name, "data-turned": drawing.place.turned, "data-edit": contents.edit_of(block)}
        look = contents.look_of(block)
    elif number and number != "@":
        look = "plain"
    kind = "block" if block is not None else drawing.style if drawing.style in LABELS else "kept"
    name = block.name if block is not None else None
    return {
        "class": f"{kind} {drawing.style}", "aria-label": drawing.symbol or name, **said, "data-look": look,
        **{key: str(value) for key, value in format_of(number).attributes.items() if value is not None},
    }  # fmt: skip


def _number(cells: Sequence[Sequence[Cell]]) -> str:
    """The number format of a drawing's cells, of which some may be empty."""
    return next((cell.style[1] for row in cells for cell in row if cell.style[0]), "")


def _head(contents: Contents, drawing: Drawing, *, corner: bool) -> str:
    """The row of column labels, or one that holds but the symbol."""
    first, columns = f'<td class="symbol">{text(drawing.symbol)}' if corner else "", drawing.columns
    if columns is None:
        return f'<thead><tr>{first}<td colspan="{drawing.place.shape[1]}">'
    names = "".join(
        f"<th>{text(contents.now(drawing.place.sheet, columns.row, columns.column + j, value))}"
        for j, value in enumerate(columns.values[0].tolist())
    )
    return f"<thead><tr>{first}{names}"


def _label(contents: Contents, sheet: str, rows: Cells | None, i: int) -> str:
    if rows is None:
        return '<td class="symbol">'
    return f"<th>{text(contents.now(sheet, rows.row + i, rows.column, rows.values[i, 0]))}"


def _cell(contents: Contents, sheet: str, row: int, column: int, cell: Cell) -> str:
    value = contents.now(sheet, row, column, cell.content)
    return f"<td>{text(shown(value, cell.style[1]))}"


def single(contents: Contents, sheet: str, row: int, column: int, cell: Cell, name: str = "span") -> str:
    """A cell that stands alone: a text, or what a formula shows, which follows every edit."""
    if cell.style == UNSEEN or cell.kind == "blank":
        return ""
    if (hint := contents.hint(sheet, row, column)) is not None:
        label = contents.messages("page.hint", n=hint[1] + 1)
        return _field(contents, sheet, row, column, cell, hint, "switch", label)
    if cell.kind == "number" and cell.style[0] == "input":
        given = contents.given(sheet, row, column, format_of(cell.style[1]).digits)
        return _field(contents, sheet, row, column, cell, (given, 0), "input", given)
    if cell.kind != "formula":
        return element(name, text(shown(cell.content, cell.style[1])), cls=cell.style[0])
    return element(
        name, text(said_in(contents, sheet, row, column, cell)), format_of(cell.style[1]).attributes,
        cls=cell.style[0], data_cell=name_of((contents.number(sheet), row, column)),
    )  # fmt: skip


def _field(
    contents: Contents, sheet: str, row: int, column: int, cell: Cell, of: tuple[str, int], edit: str, label: str
) -> str:
    """A cell to edit that stands alone and is of no block: which one of what the outline has by a name."""
    at, said = (contents.number(sheet), row, column), said_in(contents, sheet, row, column, cell)
    return entry(at, of[0], of[1], 0, said, cell.style[1], data_edit=edit, data_label=label)
