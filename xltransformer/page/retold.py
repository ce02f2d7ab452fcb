"""What the template of a workbook said, as far as cells were placed by it: a template of a user's own is not at
hand when its workbook becomes a page, and what else was asked for at the time is not known.

Only whether something stands in a cell counts here; what stands there the page takes from the file anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace

from xltransformer.building.instance import Instance
from xltransformer.graph import Matrix
from xltransformer.locale import Messages, Texts, load_messages
from xltransformer.record import record
from xltransformer.teaching.experiments import Experiment
from xltransformer.text import column_number, word_key
from xltransformer.workbook.book import Workbook
from xltransformer.workbook.panels import LEFT
from xltransformer.workbook.reader import ReadBook
from xltransformer.workbook.start.grid import INTRO, LABEL, REGION, TITLE

_NOTE = 4
"""The row of a section's note."""
_NEVER = "…"
"""What no experiment asks for."""
_DO = re.compile(r"experiment\.\d+\.do")
_ADDRESS = re.compile(r"(?<![A-Za-z])([A-Z]{1,3})([1-9]\d{0,6})(?![\dA-Za-z])")
_DRAWN = ("all", "weights", "further", "embeddings", "learning")
"""What of an instance's numbers may be drawn at random."""


@record
class Told(Instance):
    """An instance of which its workbook tells what is drawn at random."""

    told_drawn: str = ""

    @property
    def drawn(self) -> str:
        return self.told_drawn


def retold(book: ReadBook, drawn: Workbook, instance: Instance) -> Instance:
    """The instance with such texts as its workbook has, given how it was `drawn`; the same one where it was drawn
    with just those."""
    read = _Read(book, drawn, instance)
    if not read.differs:
        return instance
    title, task, kind, seed = read.head()
    template = replace(
        instance.template, title=title, task=task, seed=seed, notes=read.notes(), experiments=read.experiments(),
        glosses=dict.fromkeys(read.glossed(), _NEVER), watch=None, sentences=instance.sentences,
    )  # fmt: skip
    parts = {one.name: getattr(instance, one.name) for one in fields(instance)}
    return Told(**{**parts, "template": template, "made_up": read.made_up()}, told_drawn=kind)


@record(eq=False)
class _Read:
    """The workbook as its file has it, as it is drawn, and the instance that it is drawn of."""

    book: ReadBook
    drawn: Workbook
    instance: Instance

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

    @property
    def differs(self) -> bool:
        """Whether any text stands elsewhere than it is drawn, or lines at the top or experiments say something
        else."""
        notes = {key for key, _, drawn in self._noted() if drawn}
        words = self.instance.inputs[self.instance.model.vocabulary.words.name].ravel()
        known = {word_key(str(word or "")) for word in words}
        return (
            self._lines() != self._drawn_lines()
            or self.notes().keys() != notes
            or self._tried() != self._drawn_tried()
            or self.glossed() != known & self.instance.template.glosses.keys()
            or set(self.made_up()) != set(self.instance.made_up)
        )

    def _lines(self) -> list[str]:
        return [self.at(self.drawn.sheets[0].name, row, LABEL) for row in range(TITLE, INTRO + 1)]

    def _drawn_lines(self) -> list[str]:
        cells = (self.drawn.sheets[0].single.get((row, LABEL)) for row in range(TITLE, INTRO + 1))
        return ["" if cell is None else str(cell.content) for cell in cells]

    def head(self) -> tuple[Texts, Texts, str, int]:
        """The title, the task where there is one, which numbers are drawn at random, and from which seed."""
        messages, (title, *lines) = load_messages(self.drawn.language), self._lines()
        intro = messages("exercise.intro" if self.book.exercises else "start.intro")
        task, kind, seed = "", "", self.instance.template.seed
        for line in filter(None, lines):
            if (drawn := _drawn(line, messages)) is not None:
                kind, seed = drawn
            elif not line.startswith(intro):
                task = line
        return self.said(title), self.said(task) if task else {}, kind, seed

    def notes(self) -> dict[str, Texts]:
        """The notes at the head of sections' sheets."""
        texts = [(key, self.at(sheet, _NOTE, LEFT)) for key, sheet, _ in self._noted()]
        return {key: self.said(text) for key, text in texts if text}

    def _noted(self) -> Iterator[tuple[str, str, bool]]:
        """The sections with the sheets on which a note may stand, and whether one is drawn there."""
        for chapter in self.drawn.chapters:
            if chapter.section is not None and not chapter.section.compact:
                sheet = chapter.page.sheet
                drawn = any((one.row, one.column) == (_NOTE, LEFT) for one in sheet.paragraphs)
                yield chapter.section.key, sheet.name, drawn

    def experiments(self) -> tuple[Experiment, ...]:
        """What to try."""
        return tuple(map(self._experiment, self._tried()))

    def _tried(self) -> list[str]:
        """What the sheet says to try: two rows each, below the answers; nothing in an exercise."""
        texts: list[str] = []
        if (answer := self.drawn.screen.get("answer")) is None:
            return texts
        row = answer.row + answer.shape[0]
        while self.formula(answer.sheet, row, REGION) and (text := self.at(answer.sheet, row, REGION + 1)):
            texts.append(text)
            row += 2
        return texts

    def _drawn_tried(self) -> list[str]:
        places = (self.drawn.screen[part] for part in self.drawn.screen if _DO.fullmatch(part))
        cells = (self.drawn.sheets[0].single[place.row, place.column] for place in places)
        return [str(cell.shown if cell.kind == "link" else cell.content) for cell in cells]

    def _experiment(self, text: str) -> Experiment:
        """One that says this, on the input of whose cell it speaks, by its address."""
        first = self.instance.model.sentences[0].words
        where, block, i, j = next(self._spoken_of(text), (text, first, 0, 0))
        do = self.said(text.replace(where, "{cell}") if where != text else text)
        return Experiment(block.name, do, self.said(_NEVER), i + 1, j + 1, self.said(_NEVER))

    def _spoken_of(self, text: str) -> Iterator[tuple[str, Matrix, int, int]]:
        """The entries of inputs that a text names by the addresses of their cells, each with how it does."""
        for found in _ADDRESS.finditer(text):
            before, row, column = text[: found.start()], int(found[2]) - 1, column_number(found[1]) - 1
            named = next((name for name in self.book.content if before.endswith(f"{name}!")), None)
            where = found[0] if named is None else f"{named}!{found[0]}"
            for block in self.instance.model.inputs:
                home = self.book.homes[block.name]
                i, j = row - home.row, column - home.column
                within = 0 <= i < block.shape[0] and 0 <= j < block.shape[1]
                if within and home.sheet == (named or self.drawn.sheets[0].name):
                    yield where, block, i, j

    def glossed(self) -> set[str]:
        """The words, by their keys, beside which stands in the vocabulary what they mean."""
        return {word_key(word) for word, at in self._beside_words(1) if self.formula(*at)}

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


def _drawn(line: str, messages: Messages) -> tuple[str, int] | None:
    """Which kind of numbers a line says to be drawn at random, and from which seed; None where it says no such."""
    for kind in _DRAWN:
        pattern = re.escape(messages.pattern(f"start.drawn_{kind}"))
        pattern = pattern.replace(r"\{seed\}", r"(?P<seed>\d+)").replace(r"\{lesson\}", ".*")
        if found := re.fullmatch(pattern, line):
            return kind, int(found["seed"])
    return None
