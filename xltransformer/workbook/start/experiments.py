"""The experiments that the first sheet invites to, each with a mark that shows that it was done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xltransformer.building.instance import Instance
from xltransformer.graph import Matrix, SwitchWords
from xltransformer.locale import in_language
from xltransformer.ops import same_word, says
from xltransformer.record import record
from xltransformer.teaching.experiments import Experiment, place_of, so_already
from xltransformer.text import word_key
from xltransformer.workbook.baseline import Changed
from xltransformer.workbook.book import Page
from xltransformer.workbook.phrases import literal
from xltransformer.workbook.places import Place, quoted
from xltransformer.workbook.start.grid import REGION
from xltransformer.workbook.styles import GOOD


@record
class Invited:
    """An experiment that the first screen invites to, and the cell that it edits, by row and column from 0."""

    experiment: Experiment
    block: Matrix
    cell: tuple[int, int]


def invited(page: Page, instance: Instance) -> Iterator[Invited]:
    """The experiments, but for those on words that these sentences do not have, and those that ask for what is so
    already."""
    values, language = page.book.values, page.messages.language
    for experiment in instance.template.experiments:
        block = page.model.blocks.get(experiment.block)
        if block is None or block not in page.book.homes or not _speaks_of(instance, experiment, page):
            continue
        labels = (experiment.row, experiment.column)
        i, j = (place_of(block, label, side, values) for side, label in enumerate(labels))
        if (
            i is not None
            and j is not None
            and not so_already(experiment, block, values[block.name][i, j], language)
        ):
            yield Invited(experiment, block, (i, j))


def draw_experiments(page: Page, instance: Instance, row: int, changed: Changed) -> tuple[int, dict[str, Place]]:
    """What to try, with a mark that shows that it was done and what was to be seen; returns the row
    after them, and where their parts stand, by name. What was to be seen is told while nothing else is
    `changed`, for then alone it is true."""
    screen = dict[str, Place]()
    for number, one in enumerate(invited(page, instance), start=1):
        home, (i, j) = page.book.homes[one.block], one.cell
        place = Place(home.sheet, home.row + i, home.column + j, (1, 1))
        done = _done(page, one.experiment, place)
        parts = _draw(page, one.experiment, place, done, number, row, changed)
        screen |= {f"experiment.{number}.{part}": place for part, place in parts.items()}
        row += 2
    return row, screen


def _speaks_of(instance: Instance, experiment: Experiment, page: Page) -> bool:
    """Whether an experiment speaks of these sentences: over others than the template's own it may edit the numbers
    of a word that none has, or tell of such a word, or of the template's watched word where another is watched."""
    template, model, inputs = instance.template, instance.model, instance.inputs
    if instance.sentences == template.sentences:
        return True
    language = page.messages.language
    there = {word_key(str(word)) for one in model.sentences for word in inputs[one.words.name].ravel()}
    absent = {word_key(word) for word in template.table.words} - there
    block, row = model.blocks.get(experiment.block), experiment.row
    if block is not None and block.role == "embedding" and isinstance(row, str) and word_key(row) in absent:
        return False
    absent.discard(word_key(str(experiment.target(language))))  # which is typed
    if model.watch is not None and template.watch not in (None, inputs[model.watch.choice.name][0, 0]):
        absent.add(word_key(template.watch))
    told = in_language(experiment.do, language) + in_language(experiment.then, language)
    return not any(word_key(word) in absent for word in re.findall("“([^”]+)”", told))


def _draw(
    page: Page, experiment: Experiment, place: Place, done: str, number: int, row: int, changed: Changed
) -> dict[str, Place]:
    """One experiment, on a cell, over two rows; returns where its parts stand."""
    sheet, language, address = page.sheet, page.messages.language, place.address(0, 0)
    where = address if place.sheet == sheet.name else f"{place.sheet}!{address}"
    do = in_language(experiment.do, language)
    if not where[0].isascii():  # a Chinese name of a sheet stands among Chinese without a space
        do = do.replace(" {cell}", "{cell}")
    do = do.replace("{cell}", where)
    then, alone = (
        literal(text) for text in (in_language(experiment.then, language), page.messages("start.alone"))
    )
    count = changed.count.seen_from(sheet.name).cell(0, 0)
    sheet.formula(row, REGION, f'IF({done},"✓","{number}")', str(number), ("mark", ""))
    if place.sheet == sheet.name:
        sheet.text(row, REGION + 1, do, "experiment")
    else:
        sheet.link(row, REGION + 1, f"{quoted(place.sheet)}!{address}", do)
    sheet.formula(
        row + 1, REGION + 1, f'IF({done},IF(IFERROR({count},2)>1,{alone},{then}),"")', "", ("explanation", "")
    )
    spots = {"do": (row, REGION + 1), "mark": (row, REGION), "explanation": (row + 1, REGION + 1)}
    parts = {part: Place(sheet.name, *at, (1, 1)) for part, at in spots.items()}
    rule = {"type": "cell", "criteria": "==", "value": '"✓"', "format": GOOD}
    sheet.conditions.append((parts["mark"].absolute.partition("!")[2], rule))
    return parts


def _done(page: Page, experiment: Experiment, place: Place) -> str:
    """In a formula, whether a cell holds what the experiment asks for."""
    cell = place.seen_from(page.sheet.name).cell(0, 0).replace("$", "")
    if experiment.above is not None:
        return f"IF(ISNUMBER({cell}),{cell}>{experiment.above!r},FALSE)"
    if experiment.below is not None:
        return f"IF(ISNUMBER({cell}),{cell}<{experiment.below!r},FALSE)"
    to = experiment.target(page.messages.language)
    if isinstance(to, bool):
        turned = page.model.blocks[experiment.block].turned_by or SwitchWords()
        return f"OR({says(cell, turned, on=to)})"
    if isinstance(to, str):
        return same_word(cell, literal(to))
    return f"IF(ISNUMBER({cell}),ABS({cell}-{to!r})<0.000001,FALSE)"
