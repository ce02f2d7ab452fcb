"""What the template of a workbook said, as far as cells were placed by it: a template of a user's own is not at
hand when its workbook becomes a page, and what else was asked for at the time is not known.

Only whether something stands in a cell counts here; what stands there the page takes from the file anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from xltransformer.building.instance import Instance
from xltransformer.building.template import Template
from xltransformer.locale import Texts
from xltransformer.record import record
from xltransformer.teaching.experiments import Experiment
from xltransformer.text import word_key
from xltransformer.workbook.book import Workbook
from xltransformer.workbook.panels import LEFT
from xltransformer.workbook.reader import ReadBook
from xltransformer.workbook.start.grid import INTRO, LABEL, REGION, TITLE

_NOTE = 4
"""The row of a section's note."""
_NEVER = "…"
"""What no experiment asks for."""


def retold(book: ReadBook, drawn: Workbook, instance: Instance) -> Instance:
    """The instance with such texts as its workbook has, given how it was `drawn`; the same one where it was drawn
    with just those."""
    read = _Read(book, drawn, instance)
    template = instance.template
    if changed := {**read.head(), **read.notes(), **read.experiments(), **read.glosses()}:
        template = replace(template, **changed, watch=None, sentences=instance.sentences)
    made_up = read.made_up()
    if template is instance.template and set(made_up) == set(instance.made_up):
        return instance
    return replace(instance, template=template, made_up=made_up)


@record(eq=False)
class _Read:
    """The workbook as its file has it, as it is drawn, and the instance that it is drawn of."""

    book: ReadBook
    drawn: Workbook
    instance: Instance

    @property
    def template(self) -> Template:
        return self.instance.template

    def at(self, sheet: str, row: int, column: int) -> str:
        """The text in a cell, empty where there is none."""
        held = self.book.content[sheet].values.get((row + 1, column + 1)) if sheet in self.book.content else None
        return held if isinstance(held, str) else ""

    def formula(self, sheet: str, row: int, column: int) -> bool:
        """Whether a cell holds a formula."""
        return bool(self.book.content[sheet].has_formula(row + 1, column + 1, (1, 1))[0, 0])

    def said(self, text: str) -> Texts:
        """A text in the workbook's language."""
        return {self.drawn.language: text}

    def head(self) -> Mapping[str, Any]:
        """The lines at the top: a title, what to do, and between them at most a task."""
        start = self.drawn.sheets[0]
        lines = [text for row in range(TITLE, INTRO + 1) if (text := self.at(start.name, row, LABEL))]
        rows = [row for row in range(TITLE, INTRO + 1) if (row, LABEL) in start.single]
        if not lines or (len(lines) == len(rows) and lines[0] == self.drawn.title):
            return {}
        if len(lines) == len(rows):
            return {"title": self.said(lines[0])}
        # With all weights given none is drawn at random, of which a line would tell.
        model = self.instance.model
        given = {block.name: np.zeros(block.shape) for block in model.parameters}
        table = replace(self.template.table, drawn=False)
        task = self.said(lines[1]) if len(lines) > 2 else {}
        return {"title": self.said(lines[0]), "task": task, "weights": given, "table": table}

    def notes(self) -> Mapping[str, Any]:
        """A note at the head of a section's sheet."""
        found: dict[str, Texts] = {}
        differs = False
        for chapter in self.drawn.chapters:
            sheet = chapter.page.sheet
            if chapter.section is None or chapter.section.compact:
                continue
            drawn = any((one.row, one.column) == (_NOTE, LEFT) for one in sheet.paragraphs)
            text = self.at(sheet.name, _NOTE, LEFT)
            differs |= drawn != bool(text)
            if text:
                found[chapter.section.key] = self.said(text)
        return {"notes": found} if differs else {}

    def experiments(self) -> Mapping[str, Any]:
        """What to try: two rows each, below the answers."""
        answer = self.drawn.screen.get("answer")
        if answer is None:  # an exercise
            return {}
        texts, row = [], answer.row + answer.shape[0]
        while self.formula(answer.sheet, row, REGION) and self.at(answer.sheet, row, REGION + 1):
            texts.append(self.at(answer.sheet, row, REGION + 1))
            row += 2
        drawn = [place for part, place in self.drawn.screen.items() if re.fullmatch(r"experiment\.\d+\.do", part)]
        cells = [self.drawn.sheets[0].single[place.row, place.column] for place in drawn]
        if texts == [str(cell.shown if cell.kind == "link" else cell.content) for cell in cells]:
            return {}
        words, to = self.instance.model.sentences[0].words.name, self.said(_NEVER)
        tried = (Experiment(words, self.said(text), self.said(_NEVER), 1, 1, to) for text in texts)
        return {"experiments": tuple(tried)}

    def glosses(self) -> Mapping[str, Any]:
        """What words mean, beside them in the vocabulary."""
        cells = list(self._beside_words(1))
        there = {word_key(word) for word, at in cells if self.formula(*at)}
        if there == {key for word, _ in cells if (key := word_key(word)) in self.template.glosses}:
            return {}
        return {"glosses": dict.fromkeys(there, _NEVER)}

    def made_up(self) -> tuple[str, ...]:
        """The words that are told to be made up, beside their numbers in the vocabulary."""
        return tuple(word for word, at in self._beside_words(0) if word and self.at(*at))

    def _beside_words(self, column: int) -> Iterator[tuple[str, tuple[str, int, int]]]:
        """Each word of the vocabulary with a cell in a column after its numbers."""
        known = self.instance.model.vocabulary
        home = self.drawn.page.book.homes[known.embeddings] if self.drawn.page is not None else None
        for i, word in enumerate(self.instance.inputs[known.words.name].ravel() if home is not None else ()):
            assert home is not None
            yield str(word or ""), (home.sheet, home.row + i, home.column + home.shape[1] + column)
