"""The cells of a sheet as the file format has them, row by row: ECMA-376 part 1, section 18.3.1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from xltransformer.workbook.canvas import Canvas, Cell, Cells
from xltransformer.workbook.patterns import Mark, Pattern, letters_of
from xltransformer.workbook.styles import Style

Segment = tuple[int, int, str]
"""A piece of a row: its first and last column, and its cells as text."""
Line = tuple[int, int, str]
"""A row or column of cells: its values and formulas, by identity, and its cells' style."""

DEFAULT_HEIGHT = 16.0
"""Of a row, in points."""


class Texts:
    """The texts of a workbook, each kept once; cells name them by number."""

    def __init__(self) -> None:
        self.number: dict[str, int] = {}
        self.uses = 0

    def use(self, text: str) -> int:
        self.uses += 1
        return self.number.setdefault(text, len(self.number))

    def xml(self) -> str:
        """The part of the package that holds them."""
        entries = (f"<t{_spaces(text)}>{text_xml(text)}</t>" for text in self.number)
        return (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            f'count="{self.uses}" uniqueCount="{len(self.number)}">'
            f"{''.join(f'<si>{entry}</si>' for entry in entries)}</sst>"
        )


def _spaces(text: str) -> str:
    return ' xml:space="preserve"' if text != text.strip() else ""


def escape(text: str) -> str:
    """A text with its signs of XML made harmless. (The one in xml.sax loads urllib, http and ssl.)"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_SPECIAL = re.compile("[&<>_\x00-\x08\x0b-\x1f\ufffe\uffff]")


def text_xml(text: str) -> str:
    """A text as the file format takes it: a character that XML lacks is written _xHHHH_, and an
    underscore that would begin such a one likewise (section 22.9.2.19)."""
    if _SPECIAL.search(text) is None:
        return text
    text = _ESCAPED.sub("_x005F_", text)
    return escape(_CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", text))


def sheet_rows(canvas: Canvas, style_number: Mapping[Style, int], texts: Texts) -> Iterator[str]:
    """The rows of a sheet, in order; ValueError where two things were drawn over one another."""
    heights, single, ends = canvas.row_heights, dict(canvas.single), canvas.bar_ends()
    blanks: dict[int, list[tuple[int, Style]]] = {
        row: [(column, (name, "")) for column in range(1, ends[row] + 1)] for row, name in canvas.bars
    }
    for paragraph, last in canvas.ends():
        row, column, cell = paragraph.row, paragraph.column, paragraph.cell
        single[row, column] = cell
        for other in range(row, paragraph.last_row + 1):
            under = [(k, cell.style) for k in range(column + (other == row), last + 1)]
            blanks[other] = under + blanks.get(other, [])
    singles: dict[int, list[Segment]] = {}
    for (row, column), cell in single.items():
        text = _single(row, column, cell, style_number[cell.style], texts)
        singles.setdefault(row, []).append((column, column, text))
    waiting = sorted(canvas.blocks, key=lambda block: block.row, reverse=True)
    active, lines = list[_Block](), dict[Line, list[str]]()
    others = {*singles, *blanks, *heights}
    last = max([canvas.bottom, *others])
    tall = {row: f"{_pixels(height):g}" for row, height in heights.items()}
    usual = f"{_pixels(DEFAULT_HEIGHT):g}"
    for row in range(last + 1):
        while waiting and waiting[-1].row == row:
            block = waiting.pop()
            active.append(_Block(block, style_number[block.style], texts, lines))
        if not active and row not in others:
            continue
        segments = singles.get(row, [])
        if active:
            segments = segments + [block.segment(row) for block in active]
            active = [block for block in active if block.last_row > row]
        segments.sort()
        for (_, before, _), (column, _, _) in pairwise(segments):
            if column <= before:
                raise ValueError(f"two things stand in {canvas.target(row, column)}")
        if row in blanks:
            segments = _with_blanks(row, segments, blanks[row], style_number)
        cells = "".join([text for _, _, text in segments])
        yield f'<row r="{row + 1}" ht="{tall.get(row, usual)}" customHeight="1">{cells}</row>'


def _pixels(height: float) -> float:
    """A height in points that is a whole number of pixels, of which there are 96 an inch."""
    return round(height * 96 / 72) * 72 / 96


def _with_blanks(
    row: int, segments: list[Segment], blanks: list[tuple[int, Style]], style_number: Mapping[Style, int]
) -> list[Segment]:
    """The segments with empty cells where nothing stands, in the first style that is given for each."""
    taken = {column for first, last, _ in segments for column in range(first, last + 1)}
    free = {column: style for column, style in reversed(blanks) if column not in taken}
    cells = [
        (column, column, f'<c r="{letters_of(column)}{row + 1}" s="{style_number[style]}"/>')
        for column, style in free.items()
    ]
    return sorted([*segments, *cells])


def _single(row: int, column: int, cell: Cell, style: int, texts: Texts) -> str:
    start = f'<c r="{letters_of(column)}{row + 1}" s="{style}"'
    if cell.kind == "formula":
        array = f' t="array" ref="{letters_of(column)}{row + 1}"' if cell.array else ""
        formula = f"<f{array}>{escape(cell.content)}</f>"
        if isinstance(cell.shown, str):
            return f'{start} t="str">{formula}<v>{text_xml(cell.shown)}</v></c>'
        return f"{start}{_number(formula, cell.shown)}"
    if cell.kind == "number":
        return f"{start}{_number('', cell.content)}"
    text = cell.shown if cell.kind == "link" else cell.content
    return f'{start} t="s"><v>{texts.use(text)}</v></c>' if text else f"{start}/>"


def _number(formula: str, value: float) -> str:
    """The rest of a cell with a number, after its style; one that is none is an error."""
    if not np.isfinite(value):
        return f' t="e">{formula}<v>#NUM!</v></c>'
    return f">{formula}<v>{value if isinstance(value, int) else float(value)!r}</v></c>"


class _Block:
    """A block of cells on its way into the rows of a sheet; `lines` as `_line` keeps them."""

    def __init__(self, block: Cells, style: int, texts: Texts, lines: dict[Line, list[str]]) -> None:
        self.block, self.texts = block, texts
        self.row, (rows, columns) = block.row, block.shape
        self.last_row, self.last_column = block.row + rows - 1, block.column + columns - 1
        self.letters = [letters_of(block.column + j) for j in range(columns)]
        self.text = block.values.dtype == object
        self.patterns: list[_Filled] = []
        self.made: list[str] = []
        # What follows the cell's address, up to its formula or value.
        kind = ' t="str"' if self.text and block.formulas else ""
        self.style, self.start = f' s="{style}"', f' s="{style}"{kind}>'
        self.every_number = self.text or bool(np.isfinite(block.values).all())
        patterns = block.formulas.patterns if block.formulas else ()
        if 1 in (rows, columns) and len(patterns) == 1 and self.every_number and not block.arrays:
            ends = self._line(lines)
            if columns == 1:
                start, first = f'<c r="{self.letters[0]}', self.row + 1
                self.made = [f'{start}{row}"{end}' for row, end in enumerate(ends, first)]
            else:
                made = [
                    f'<c r="{letters}{self.row + 1}"{end}' for letters, end in zip(self.letters, ends, strict=True)
                ]
                self.made = ["".join(made)]
        else:
            self.patterns = [_Filled(pattern, columns) for pattern in patterns]

    def _line(self, lines: dict[Line, list[str]]) -> list[str]:
        """The cells of a single row or column, all at once and from after their address on. Labels are many,
        and the same ones stand in many places: each line is made once."""
        values, formulas = self.block.values, self.block.formulas
        key = id(values), id(formulas), self.start
        if key not in lines:
            assert formulas is not None
            (pattern,), form = formulas.patterns, [f"{self.start}<f>"]
            lists, made = list[list[str]](), dict[Mark, list[str]]()
            for piece in pattern.pieces:
                if isinstance(piece, str):
                    form.append(escape(piece).replace("%", "%%"))
                    continue
                form.append("%s")
                if piece not in made:
                    made[piece] = [piece.at(i, j) for i in range(len(values)) for j in range(values.shape[1])]
                lists.append(made[piece])
            form.append("</f><v>%s</v></c>")
            shown = map(text_xml if self.text else repr, values.ravel().tolist())
            lines[key] = [*map("".join(form).__mod__, zip(*lists, shown, strict=True))]
        return lines[key]

    def segment(self, row: int) -> Segment:
        """The block's cells in a row of the sheet."""
        i = row - self.row
        if self.made:
            return self.block.column, self.last_column, self.made[i]
        values = self.block.values[i].tolist()
        if not self.patterns and self.text:
            cells = self._plain_texts(row, values)
        elif not self.every_number or (self.block.arrays and self.block.arrays[i]):
            cells = self._one_by_one(row, i, values)
        elif not self.patterns:
            form = f'<c r="%s{row + 1}"{self.start}<v>%s</v></c>'
            cells = "".join(map(form.__mod__, zip(self.letters, map(repr, values), strict=True)))
        else:
            cells = self._formulas(row, i, [*map(text_xml if self.text else repr, values)])
        return self.block.column, self.last_column, cells

    def _formulas(self, row: int, i: int, shown: list[str]) -> str:
        assert self.block.formulas is not None
        found: list[str] = []
        for k, columns in self.block.formulas.in_row(i):
            form, fillings = self.patterns[k].in_row(i)
            form = f'<c r="%s{row + 1}"{self.start}<f>{form}</f><v>%s</v></c>'
            lists: list[Sequence[str]] = [self.letters, *fillings, shown]
            if columns is None:
                return "".join(map(form.__mod__, zip(*lists, strict=True)))
            found = found or [""] * len(shown)
            for j in columns:
                found[j] = form % tuple([texts[j] for texts in lists])
        return "".join(found)

    def _plain_texts(self, row: int, values: list[str]) -> str:
        return "".join(
            f'<c r="{letters}{row + 1}"{self.style} t="s"><v>{self.texts.use(text)}</v></c>'
            if text
            else f'<c r="{letters}{row + 1}"{self.style}/>'
            for letters, text in zip(self.letters, values, strict=True)
        )

    def _one_by_one(self, row: int, i: int, values: list[Any]) -> str:
        """A row with array formulas, each of which stands in its first cell, while the others hold results only;
        or with numbers that are none."""
        formulas, arrays = self.block.formulas, self.block.arrays[i] if self.block.arrays else []
        inside = {j for first, count, _ in arrays for j in range(first, first + count)}
        formula_of = [""] * len(values)
        if formulas is not None:
            for j in {*range(len(values))} - inside:
                formula_of[j] = f"<f>{escape(formulas.at(i, j))}</f>"
        for first, count, formula in arrays:
            where = f"{self.letters[first]}{row + 1}:{self.letters[first + count - 1]}{row + 1}"
            formula_of[first] = f'<f t="array" ref="{where}">{escape(formula)}</f>'
        if self.every_number:
            form = f'<c r="%s{row + 1}"{self.start}%s<v>%s</v></c>'
            shown = map(text_xml if self.text else repr, values)
            return "".join(map(form.__mod__, zip(self.letters, formula_of, shown, strict=True)))
        return "".join(
            f'<c r="{letters}{row + 1}"{self.style}{_number(formula, value)}'
            for letters, formula, value in zip(self.letters, formula_of, values, strict=True)
        )


class _Filled:
    """A pattern ready for `%`, with the texts of those of its marks that go by columns alone."""

    def __init__(self, pattern: Pattern, columns: int) -> None:
        self.columns = columns
        self.by_column: dict[Mark, Sequence[str]] = {}
        self.across: list[Mark] = []  # the marks that differ by column, as they stand in the formula
        self.down: list[Mark] = []  # the marks that differ by row alone
        row_form: list[str] = []
        for piece in pattern.pieces:
            if isinstance(piece, str):
                row_form.append(escape(piece).replace("%", "%%%%"))
            elif piece.columns:
                row_form.append("%%s")
                self.across.append(piece)
                if not piece.rows and piece not in self.by_column:
                    self.by_column[piece] = [piece.at(0, j) for j in range(columns)]
            else:
                row_form.append("%s")
                self.down.append(piece)
        self.row_form = "".join(row_form)
        self.rows = [*dict.fromkeys(self.down)]
        self.fixed = [self.by_column[mark] for mark in self.across if mark in self.by_column]

    def in_row(self, i: int) -> tuple[str, list[Sequence[str]]]:
        """The pattern in row i as a form with `%s`, and what is to be filled in there, by columns."""
        texts = {mark: mark.at(i, 0) for mark in self.rows}
        form = self.row_form % tuple([texts[mark] for mark in self.down])
        if len(self.fixed) == len(self.across):
            return form, self.fixed
        made = {m: self.by_column.get(m) or [m.at(i, j) for j in range(self.columns)] for m in set(self.across)}
        return form, [made[mark] for mark in self.across]
