"""The map at the head of a long sheet: every step with a link, and what it makes, of which shape."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from xltransformer.graph import Matrix, Section, Step
from xltransformer.record import record
from xltransformer.workbook.book import Page
from xltransformer.workbook.canvas import LETTER, text_width
from xltransformer.workbook.panels import COLUMN, LEFT, WIDEST

LONG = 9
"""A sheet of so many steps begins with a map."""
MOST_NAMES = 4
"""So many results of one shape are named."""
_FIRST = 103
"""Pixels of the column of row labels, at least, in which the first titles begin."""


@record
class Line:
    """A step's title, and what it makes."""

    title: str
    made: str


@record
class Part:
    """Some lines below one another: titles in one column, what is made in another."""

    lines: Sequence[Line]
    titles: int
    made: int


@record
class StepMap:
    """A map of a section: one part, or two side by side."""

    parts: Sequence[Part]

    @property
    def rows(self) -> int:
        """How many rows it takes, its title and a free row below it included."""
        return max(len(part.lines) for part in self.parts) + 2


def step_map(page: Page, section: Section, titles: Sequence[str]) -> StepMap | None:
    """The map of a section whose steps have these titles; None where it is short."""
    if len(titles) < LONG:
        return None
    lines = [Line(title, text) for title, text in zip(titles, what_is_made(page, section), strict=True)]
    side_by_side = _parts(lines, math.ceil(len(lines) / 2))
    return StepMap(side_by_side if _end(side_by_side[-1]) <= WIDEST else _parts(lines, len(lines)))


def what_is_made(page: Page, section: Section) -> list[str]:
    """What each step of a section makes, of which shapes."""
    elsewhere = _used_elsewhere(page, section)
    return [_made(page, step, elsewhere) for step in section.steps]


def draw_step_map(page: Page, drawn: StepMap, rows: Iterable[int], top: int) -> None:
    """A map from row `top` down; `rows` are those that its links lead to."""
    sheet, to = page.sheet, iter(rows)
    sheet.text(top, LEFT, page.messages("map.title"), "picture")
    for part in drawn.parts:
        for row, line in enumerate(part.lines, start=top + 1):
            sheet.link(row, part.titles, sheet.target(next(to), 0), line.title)
            sheet.text(row, part.made, line.made, "remark")
    sheet.blank(top, _end(drawn.parts[-1]) - 1, ("picture", ""))  # as far as the sheet is to be printed


def _parts(lines: Sequence[Line], size: int) -> list[Part]:
    """The lines in parts of one size, side by side."""
    parts: list[Part] = []
    for start in range(0, len(lines), size):
        some, column = lines[start : start + size], _end(parts[-1]) if parts else LEFT
        wide = max(text_width(line.title) for line in some) * LETTER - (_FIRST if column == LEFT else 0)
        parts.append(Part(some, column, column + (column == LEFT) + math.ceil(max(0, wide) / COLUMN)))
    return parts


def _end(part: Part) -> int:
    """The first column that a part leaves free."""
    return part.made + math.ceil(max(text_width(line.made) for line in part.lines) * LETTER / COLUMN)


def _used_elsewhere(page: Page, section: Section) -> dict[Step, set[Matrix]]:
    """The blocks of each step that blocks of other steps come from."""
    home = {block: step for step in reversed(section.steps) for block in step.blocks}
    used: dict[Step, set[Matrix]] = defaultdict(set)
    for block in page.model.blocks.values():
        for operand in block.operands:
            if operand in home and home.get(block) is not home[operand]:
                used[home[operand]].add(operand)
    return used


def _made(page: Page, step: Step, elsewhere: dict[Step, set[Matrix]]) -> str:
    """What a step makes, by shapes: what other steps go on with or, where there is nothing, all of it. Of heads
    that do the same it is said once."""
    computed = [block for block in step.blocks if block.computed]
    made = [block for block in computed if block in elsewhere[step]] or computed
    owners: dict[str, dict[tuple[int, int], list[str]]] = {}
    for block in made:
        kinds = [kind for kind in ("head", "group") if block.number_of(kind) is not None]
        names = owners.setdefault(kinds[0] if kinds else "", {}).setdefault(block.shape, [])
        if (name := page.book.symbol(block, of_head=not kinds)) not in names:
            names.append(name)
    return page.messages("start.and").join(_told(page, owner, shapes) for owner, shapes in owners.items())


def _told(page: Page, owner: str, shapes: dict[tuple[int, int], list[str]]) -> str:
    """What a head, a group of heads or nobody in particular makes, by shapes."""
    messages = page.messages
    said = messages("start.and").join(
        f"{messages('start.and').join(names[:MOST_NAMES])}{'…' * (len(names) > MOST_NAMES)} {rows} × {columns}"
        for (rows, columns), names in shapes.items()
    )
    return messages(f"map.{owner}", made=said) if owner else said
