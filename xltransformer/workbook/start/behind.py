"""The sheet behind the pictures: the texts that charts show, as cells that follow every edit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xltransformer.graph import Matrix
from xltransformer.locale import Messages
from xltransformer.teaching.pictures import Fact
from xltransformer.workbook.book import Page
from xltransformer.workbook.drawing import draw
from xltransformer.workbook.phrases import Phrase, of_sentence, phrase
from xltransformer.workbook.places import Place

TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""What a temperature may be chosen from; any other number above 0 may be typed."""
_ROOM = 0.15
"""Room around the points of a plane, as a share of how far they lie apart."""


def suggested(messages: Messages) -> Place:
    """Where the temperatures to choose from stand."""
    return Place(messages("sheet.behind"), 2, 2, (1, len(TEMPERATURES)))


class Behind:
    """The sheet on its way down: every text takes the next free row."""

    def __init__(self, page: Page) -> None:
        self.page, self.row = page, 4
        sheet, temperatures = page.sheet, suggested(page.messages)
        sheet.head(page.messages("start.behind"))
        sheet.widths = {0: 2, 1: 60}
        sheet.text(temperatures.row, 1, page.messages("setting.temperature"), "remark")
        for column, temperature in enumerate(TEMPERATURES, start=temperatures.column):
            sheet.number(temperatures.row, column, temperature, ("grey", "0.00"))

    def place_rest(self) -> None:
        """Give a place to every block that no step shows: what only the first sheet refers to."""
        for block in self.page.model.blocks.values():
            if block not in self.page.book.homes:
                draw(self.page, block, self.row + 1, 2)
                self.row += block.shape[0] + 2

    def caption(self, key: str, letter: str = "", word: Matrix | None = None, sentence: str = "") -> str:
        """A cell that shows a message, of a word or of the watched one where it speaks of it, as charts
        refer to it; after the letter of a `sentence` where it is a sentence's."""
        parts: dict[str, Fact | str] = {"letter": letter}
        if (watch := self.page.model.watch) is not None:
            parts["word"] = Fact(word or watch.word)
        return self.column([of_sentence(sentence, phrase(self.page, key, parts))]).absolute

    def column(self, phrases: Sequence[Phrase]) -> Place:
        """Cells below one another, each with a text."""
        place = Place(self.page.sheet.name, self.row, 1, (len(phrases), 1))
        for k, said in enumerate(phrases):
            self.page.sheet.formula(self.row + k, 1, said.formula, said.shown, ("remark", ""))
        self.row += len(phrases)
        return place

    def corners(self, blocks: Sequence[Matrix]) -> Place:
        """The two corners (2 x 2) of a plane in which the points (n x 2 each) have some room around them."""
        sheet, values = self.page.sheet, self.page.book.values
        place = Place(sheet.name, self.row, 2, (2, 2))
        for j in (0, 1):
            found = np.concatenate([values[block.name][:, j] for block in blocks]).astype(float)
            seen = ",".join(self.page.ref(block).column(j) for block in blocks)
            low, high, room = found.min(), found.max(), _ROOM * (found.max() - found.min())
            apart = f"{_ROOM}*(MAX({seen})-MIN({seen}))"
            sheet.formula(self.row, 2 + j, f"MIN({seen})-{apart}", low - room, ("remark", "0.00"))
            sheet.formula(self.row + 1, 2 + j, f"MAX({seen})+{apart}", high + room, ("remark", "0.00"))
        self.row += 2
        return place
