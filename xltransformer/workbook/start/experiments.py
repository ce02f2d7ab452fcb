"""The experiments that the first sheet invites to, each with a mark that shows that it was done."""

from __future__ import annotations

from typing import Any

from xltransformer.building.instance import Instance
from xltransformer.graph import Matrix, SwitchWords, Values
from xltransformer.locale import in_language
from xltransformer.record import record
from xltransformer.teaching.experiments import Experiment
from xltransformer.text import word_key
from xltransformer.workbook.book import Page
from xltransformer.workbook.phrases import literal
from xltransformer.workbook.places import Place, quoted
from xltransformer.workbook.start.grid import REGION
from xltransformer.workbook.styles import GOOD


def draw_experiments(page: Page, instance: Instance, row: int) -> tuple[int, dict[str, Place]]:
    """What to try, with a mark that shows that it was done and what was to be seen; returns the row
    after them, and where their parts stand, by name. Experiments on words that these sentences do not have,
    and those that ask for what is so already, are left out."""
    language, number, screen = page.messages.language, 0, dict[str, Place]()
    for experiment in instance.template.experiments:
        edited = _edited(page, experiment)
        if edited is not None and not _is_done(experiment, edited.value, edited.words, language):
            number += 1
            parts = _draw(page, experiment, edited, number, row)
            screen |= {f"experiment.{number}.{part}": place for part, place in parts.items()}
            row += 2
    return row, screen


@record
class _Edited:
    """The cell that an experiment edits, what it holds as built, and the words that turn it to what is asked
    for where it is a switch."""

    place: Place
    value: Any
    words: tuple[str, ...]


def _edited(page: Page, experiment: Experiment) -> _Edited | None:
    """What an experiment edits; None where the model has no such block, row or column."""
    block = page.model.blocks.get(experiment.block)
    if block is None or block not in page.book.homes:
        return None
    place, values = page.book.homes[block], page.book.values
    i, j = (_at(block, label, side, values) for side, label in enumerate((experiment.row, experiment.column)))
    if i is None or j is None:
        return None
    turned = block.turned_by or SwitchWords()
    words = turned.on if experiment.to else turned.off
    return _Edited(Place(place.sheet, place.row + i, place.column + j, (1, 1)), values[block.name][i, j], words)


def _draw(page: Page, experiment: Experiment, edited: _Edited, number: int, row: int) -> dict[str, Place]:
    """One experiment, over two rows; returns where its parts stand."""
    sheet, language, place = page.sheet, page.messages.language, edited.place
    address = place.address(0, 0)
    where = address if place.sheet == sheet.name else f"{place.sheet}!{address}"
    do = in_language(experiment.do, language).replace("{cell}", where)
    then = literal(in_language(experiment.then, language))
    done = _done(experiment, place.seen_from(sheet.name).cell(0, 0).replace("$", ""), language, edited.words)
    sheet.formula(row, REGION, f'IF({done},"✓","{number}")', str(number), ("mark", ""))
    if place.sheet == sheet.name:
        sheet.text(row, REGION + 1, do, "experiment")
    else:
        sheet.link(row, REGION + 1, f"{quoted(place.sheet)}!{address}", do)
    sheet.formula(row + 1, REGION + 1, f'IF({done},{then},"")', "", ("explanation", ""))
    spots = {"do": (row, REGION + 1), "mark": (row, REGION), "explanation": (row + 1, REGION + 1)}
    parts = {part: Place(sheet.name, *at, (1, 1)) for part, at in spots.items()}
    rule = {"type": "cell", "criteria": "==", "value": '"✓"', "format": GOOD}
    sheet.conditions.append((parts["mark"].absolute.partition("!")[2], rule))
    return parts


def _is_done(experiment: Experiment, value: Any, words: tuple[str, ...], language: str) -> bool:
    """Whether a cell that holds a value is what the experiment asks for."""
    if experiment.above is not None or experiment.below is not None:
        low, high = experiment.above, experiment.below
        return bool(value > low if low is not None else value < high)
    to = experiment.target(language)
    if isinstance(to, bool):
        return word_key(str(value)) in map(word_key, words)
    return word_key(str(value)) == word_key(to) if isinstance(to, str) else bool(abs(value - to) < 1e-6)


def _at(block: Matrix, label: str | int | None, side: int, values: Values) -> int | None:
    """A row or column by its label as built, for words by the word itself, or by its number from 1."""
    if label is None:
        return 0 if block.shape[side] == 1 else None
    if isinstance(label, int):
        return label - 1 if 1 <= label <= block.shape[side] else None
    labels = (block.rows, block.columns)[side].read(values)
    if block.text and side == 0:
        labels = [str(word) for word in values[block.name][:, 0]]
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
