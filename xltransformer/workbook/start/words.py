"""What the first sheet says in words: the answers, the experiments, and whether all is well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xltransformer.building.instance import Instance
from xltransformer.building.template import Experiment, in_language
from xltransformer.graph import Matrix, SwitchWords
from xltransformer.models import Lesson
from xltransformer.teaching.watch import lesson_title
from xltransformer.text import word_key
from xltransformer.workbook.book import Book
from xltransformer.workbook.canvas import Canvas, text_width
from xltransformer.workbook.phrases import Phrase, literal, of_sentence, phrase
from xltransformer.workbook.places import Place, quoted
from xltransformer.workbook.start.grid import LABEL, REGION, STATE, VALUE
from xltransformer.workbook.styles import BAD, GOOD

MOST_ANSWERS = 4
"""Lines of answers that the first screen has room for."""
_LETTER, _FULL = 5.9, 0.92
"""Pixels of a letter on average, and how much of a line may be taken before a second one is kept free."""


def draw_answers(book: Book, sheet: Canvas, model: Lesson, letters: list[str], row: int, last: int) -> int:
    """The answers, as many on a line as fit, a long one over two lines; returns the row after them."""
    top, room = row, sheet.pixels(REGION, last) / _LETTER
    lines: list[list[Phrase]] = []
    for answer in model.headline.answers:
        parts = {"part": lesson_title(answer.part, book.messages)} if answer.part else {}
        said = phrase(book, sheet, f"answer.{answer.key}", {**answer.facts, **parts})
        if answer.holds is not None:
            other = phrase(book, sheet, f"answer.{answer.key}_not", {**answer.facts, **parts})
            holds = f"IFERROR({book.ref(answer.holds, sheet).cell(0, 0)}=1,FALSE)"
            shown = said.shown if book.values[answer.holds.name].item() == 1 else other.shown
            said = Phrase(f"IF({holds},{said.formula},{other.formula})", shown)
        said = of_sentence(letters[answer.sentence] if answer.sentence is not None else "", said)
        if lines and _length([*lines[-1], said]) <= _FULL * room:
            lines[-1].append(said)
        else:
            lines.append([said])
    for said_together in lines:
        rows = 1 if _length(said_together) <= _FULL * room else 2
        if row + rows > top + MOST_ANSWERS:
            break
        formula = '&"  "&'.join(said.formula for said in said_together)
        shown = "  ".join(said.shown for said in said_together)
        sheet.paragraph(row, REGION, shown, "answer", formula, last, rows)
        row += rows
    book.screen["answer"] = Place(sheet.name, top, REGION, (max(1, row - top), last - REGION + 1))
    return row


def _length(phrases: Sequence[Phrase]) -> float:
    return sum(text_width(said.shown) + 2 for said in phrases)


def draw_experiments(book: Book, sheet: Canvas, instance: Instance, row: int) -> int:
    """What to try, with a mark that shows that it was done and what was to be seen; returns the row
    after them. Experiments on words that these sentences do not have, and those that ask for what is
    so already, are left out."""
    language, number = book.messages.language, 0
    for experiment in instance.template.experiments:
        place = _target(book, instance.model, experiment)
        if place is None or _is_done(book, instance.model, experiment, language):
            continue
        number += 1
        address = place.address(0, 0)
        where = address if place.sheet == sheet.name else f"{place.sheet}!{address}"
        do = in_language(experiment.do, language).replace("{cell}", where)
        then = literal(in_language(experiment.then, language))
        cell = place.seen_from(sheet.name).cell(0, 0).replace("$", "")
        done = _done(experiment, cell, language, _said(instance.model.blocks[experiment.block], experiment))
        sheet.formula(row, REGION, f'IF({done},"✓","{number}")', str(number), ("mark", ""))
        if place.sheet == sheet.name:
            sheet.text(row, REGION + 1, do, "experiment")
        else:
            sheet.link(row, REGION + 1, f"{quoted(place.sheet)}!{address}", do)
        sheet.formula(row + 1, REGION + 1, f'IF({done},{then},"")', "", ("explanation", ""))
        mark = Place(sheet.name, row, REGION, (1, 1))
        book.screen[f"experiment.{number}.do"] = Place(sheet.name, row, REGION + 1, (1, 1))
        book.screen[f"experiment.{number}.mark"] = mark
        book.screen[f"experiment.{number}.explanation"] = Place(sheet.name, row + 1, REGION + 1, (1, 1))
        rule = {"type": "cell", "criteria": "==", "value": '"✓"', "format": GOOD}
        sheet.conditions.append((mark.absolute.partition("!")[2], rule))
        row += 2
    return row


def _target(book: Book, model: Lesson, experiment: Experiment) -> Place | None:
    """The cell that an experiment edits; None where the model has no such block, row or column."""
    block = model.blocks.get(experiment.block)
    if block is None or block not in book.homes:
        return None
    place = book.homes[block]
    i = _at(book, block, experiment.row, 0)
    j = _at(book, block, experiment.column, 1)
    return None if i is None or j is None else Place(place.sheet, place.row + i, place.column + j, (1, 1))


def _is_done(book: Book, model: Lesson, experiment: Experiment, language: str) -> bool:
    """Whether the cell holds what the experiment asks for as it is built."""
    block = model.blocks[experiment.block]
    i, j = _at(book, block, experiment.row, 0), _at(book, block, experiment.column, 1)
    value: Any = book.values[block.name][i, j]
    if experiment.above is not None or experiment.below is not None:
        low, high = experiment.above, experiment.below
        return bool(value > low if low is not None else value < high)
    to = experiment.target(language)
    if isinstance(to, bool):
        return word_key(str(value)) in map(word_key, _said(block, experiment))
    return word_key(str(value)) == word_key(to) if isinstance(to, str) else bool(abs(value - to) < 1e-6)


def _said(block: Matrix, experiment: Experiment) -> tuple[str, ...]:
    """The words that turn a switch to what an experiment asks for."""
    words = block.turned_by or SwitchWords()
    return words.on if experiment.to else words.off


def _at(book: Book, block: Matrix, label: str | int | None, side: int) -> int | None:
    """A row or column by its label as built, for words by the word itself, or by its number from 1."""
    if label is None:
        return 0 if block.shape[side] == 1 else None
    if isinstance(label, int):
        return label - 1 if 1 <= label <= block.shape[side] else None
    labels = (block.rows, block.columns)[side].read(book.values)
    if block.text and side == 0:
        labels = [str(word) for word in book.values[block.name][:, 0]]
    return next((k for k, one in enumerate(labels) if word_key(one) == word_key(label)), None)


def _done(experiment: Experiment, cell: str, language: str, words: tuple[str, ...]) -> str:
    """The formula that says whether the cell holds what the experiment types, of a switch one of the words."""
    if experiment.above is not None:
        return f"IF(ISNUMBER({cell}),{cell}>{experiment.above!r},FALSE)"
    if experiment.below is not None:
        return f"IF(ISNUMBER({cell}),{cell}<{experiment.below!r},FALSE)"
    to = experiment.target(language)
    if isinstance(to, bool):
        said = [f'{cell}&""="{word}"' for word in words]
        return f"OR({','.join(said)})"
    if isinstance(to, str):
        quoted_text = to.replace('"', '""')
        return f'{cell}&""="{quoted_text}"'
    return f"IF(ISNUMBER({cell}),ABS({cell}-{to!r})<0.000001,FALSE)"


def draw_state(book: Book, sheet: Canvas, checks: tuple[Place, Place], changes: Place | None) -> None:
    """One line: all well or what is amiss, and how far the edits have moved attention and outputs.
    `checks` are the verdicts of the checks, and the cells at fault beside the texts."""
    messages = book.messages
    verdicts, texts = (place.seen_from(sheet.name) for place in checks)
    well, look_at = messages("start.well"), messages("start.look_at")
    first = f"MATCH(0,{verdicts.all},0)"
    cells, text = (f"INDEX({texts.column(k)},{first})" for k in (0, 1))
    said = f'"✗ {look_at}"&{text}&IF({cells}="","",": "&{cells})'
    formula = f'IF(MIN({verdicts.all})=1,"✓ {well}",{said})'
    shown = f"✓ {well}"
    if changes is not None:
        none, some = messages("start.unchanged"), messages("start.changed")
        largest = f"MAX({changes.seen_from(sheet.name).all})"
        formula += (
            f'&IF(ISERROR({largest}),"",IF({largest}<0.000001,"  {none}","  {some}"&FIXED({largest},2,TRUE)))'
        )
        shown += f"  {none}"
    sheet.link(STATE, LABEL, f"{quoted(checks[0].sheet)}!A1", messages("start.checks_link"))
    sheet.formula(STATE, VALUE, formula, book.notation.cached(shown), ("status", ""))
    where = Place(sheet.name, STATE, VALUE, (1, 1)).absolute.partition("!")[2].partition(":")[0]
    bad = f'=LEFT({where},1)="✗"'
    sheet.conditions.append((where, {"type": "formula", "criteria": bad, "format": BAD}))
    book.screen["state"] = Place(sheet.name, STATE, LABEL, (1, VALUE - LABEL + 1))
