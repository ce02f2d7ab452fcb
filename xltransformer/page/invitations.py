"""What the first screen invites to: experiments that tick themselves, or an exercise with its score."""

from __future__ import annotations

import re
from itertools import count

from xltransformer.building.instance import Instance
from xltransformer.locale import in_language
from xltransformer.page.contents import Contents, name_of
from xltransformer.page.entries import said_at
from xltransformer.page.html import element, text
from xltransformer.page.tables import single
from xltransformer.workbook.book import TOLERANCE, Page
from xltransformer.workbook.start.experiments import Invited, invited
from xltransformer.workbook.start.grid import REGION

DONE = "✓"


def draw_experiments(page: Page, instance: Instance, contents: Contents) -> str:
    """What to try: each experiment with its mark, and what was to be seen once it is done."""
    listed = "".join(_experiment(contents, k, one) for k, one in enumerate(invited(page, instance), start=1))
    if not listed:
        return ""
    heading = element("h2", text(page.messages("page.experiments")), id="experiments-title")
    return element(
        "section", heading + element("ol", listed), cls="experiments", aria_labelledby="experiments-title"
    )


def _experiment(contents: Contents, number: int, one: Invited) -> str:
    """One experiment: its mark and explanation are the sheet's, its text leads to the field."""
    places = {name: contents.workbook.screen[f"experiment.{number}.{name}"] for name in ("mark", "explanation")}
    mark, explanation = (said_at(contents, place) for place in places.values())
    cells = {name: name_of(contents.at(place)) for name, place in places.items()}
    parts = [
        element("span", text(mark), cls="mark", data_cell=cells["mark"]),
        element("p", _do(contents, one), cls="do"),
        element("p", text(explanation), cls="explanation", data_cell=cells["explanation"], aria_live="polite"),
    ]
    return element("li", "".join(parts), data_experiment=number, data_done=str(mark == DONE).lower())


def _do(contents: Contents, one: Invited) -> str:
    """What to do, with a link to the field where the sheet names a cell."""
    home, (i, j) = contents.page.book.homes[one.block], one.cell
    kind = "weight" if contents.edit_of(one.block) == "weight" else ""
    link = element(
        "a", text(contents.messages("page.this_field")), cls=f"to-field {kind}".rstrip(),
        href=f"#{contents.anchor(home.sheet, home.row)}",
        data_to=one.block.name, data_to_row=i + 1, data_to_column=j + 1,
    )  # fmt: skip
    do = in_language(one.experiment.do, contents.messages.language)
    if not contents.messages("page.this_field").isascii():  # among Chinese it stands without spaces
        do = re.sub(r" ?\{cell\} ?", "{cell}", do)
    return text(do).replace("{cell}", link)


def draw_score(contents: Contents) -> str:
    """How many cells of each step are right, with the way to the first one, as the first sheet lists them."""
    messages, sheet = contents.messages, contents.workbook.sheets[0]
    lines = []
    for row in count(contents.workbook.screen["headline"].row + 2):
        cell = sheet.single.get((row, REGION))
        if cell is None or cell.style[0] != "verdict":
            break
        label = sheet.single[row, REGION + 1]
        name = text(label.content)
        if label.kind == "link":
            name = element("a", text(label.shown), href=f"#{contents.led_to(str(label.content))}")
        lines.append(element("li", single(contents, sheet.name, row, REGION, cell) + element("span", name)))
    heading = element("h2", text(messages("exercise.title")), id="score-title")
    told = element("p", text(messages("exercise.help", tolerance=TOLERANCE)), cls="question")
    inside = heading + told + element("ul", "".join(lines), aria_live="polite")
    return element("section", inside, cls="score", aria_labelledby="score-title")
