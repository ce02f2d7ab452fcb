"""What the page's scripts must know: sheets, blocks and where they lie, and the texts of the page's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from xltransformer import inputs
from xltransformer.graph import Axis, Matrix
from xltransformer.locale import Messages
from xltransformer.page.cells import Now, as_drawn
from xltransformer.page.numbers import GENERAL, format_of
from xltransformer.record import record
from xltransformer.workbook.book import HINT, Page, Workbook
from xltransformer.workbook.canvas import Canvas
from xltransformer.workbook.phrases import Phrase
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.charts import TEMPERATURES
from xltransformer.workbook.styles import number_format

EXTRA = "xlt.page"
"""The sheet with the texts of the page's own, which the engine gets and no file has."""
_TARGET = re.compile(r"'(.+)'![A-Z]+(\d+)")
"""What links lead to, as `Canvas.target` writes it."""
At = tuple[int, int, int]
"""A cell: its sheet's number, row and column, from 0."""


@record
class Live:
    """A text that follows every edit: the cell that holds it, and what it shows now."""

    at: At
    shown: str

    @property
    def cell(self) -> str:
        """The cell as elements name it."""
        return name_of(self.at)


def name_of(at: At) -> str:
    """A cell as elements name it: `2,7,3`."""
    return ",".join(map(str, at))


class Contents:
    """What a drawn workbook puts on the page. `now` is what its cells show, `page` what phrases of the page's own
    are made on, and `sheets` are the names of those in its file, in order, where these are not what was drawn."""

    def __init__(
        self, workbook: Workbook, name: str, now: Now = as_drawn, sheets: Sequence[str] | None = None
    ) -> None:
        assert workbook.page is not None
        self.workbook, self.name, self.now = workbook, name, now
        self._canvases = {canvas.name: canvas for canvas in (*workbook.sheets, *workbook.secret)}
        self.sheets = [*self._canvases] if sheets is None else [*sheets]
        self._numbers = {canvas: k for k, canvas in enumerate(self.sheets)}
        self.page: Page = replace(workbook.page, sheet=Canvas(EXTRA), labels={})
        self._given: dict[str, dict[str, Any]] = {}
        self._extra: list[Phrase] = []
        self.panels: dict[str, list[tuple[int, str]]] = {}
        """Of each sheet the panels by their first rows, for what leads there."""

    @property
    def messages(self) -> Messages:
        return self.page.messages

    def number(self, sheet: str) -> int:
        """The number of a sheet."""
        return self._numbers[sheet]

    def canvas(self, sheet: str) -> Canvas:
        """A sheet as it is drawn."""
        return self._canvases[sheet]

    def at(self, place: Place, i: int = 0, j: int = 0) -> At:
        """A cell of a place."""
        return self.number(place.sheet), place.row + i, place.column + j

    def live_text(self, phrase: Phrase) -> Live:
        """A text of the page's own, made on its `page`, that follows every edit."""
        self._extra.append(phrase)
        return Live((len(self.sheets), len(self._extra) - 1, 0), phrase.shown)

    def anchor(self, sheet: str, row: int = 0) -> str:
        """The id of the panel in which a row of a sheet stands."""
        known = self.panels.get(sheet, [])
        return next((name for top, name in reversed(known) if top <= row), known[0][1] if known else "start")

    def led_to(self, target: str) -> str:
        """The id of the panel to which a link of the workbook leads."""
        found = _TARGET.fullmatch(target)
        assert found is not None
        return self.anchor(found[1].replace("''", "'"), int(found[2]) - 1)

    def edit_of(self, block: Matrix) -> str | None:
        """How entries of a block are edited: as a word, a choice, a switch, a text, a number or a weight; None
        where they are not."""
        if block in self.page.book.exercise.blocks:
            return "exercise"
        if block.computed or block.role == "list":
            return None
        if any(block is one.words for one in self.page.model.sentences):
            return "word"
        if block.choices is not None:
            return "choice"
        if block.turned_by is not None:
            return "switch"
        if block.text:
            return "text"
        return "weight" if block.role == "parameter" else "input"

    def look_of(self, block: Matrix) -> str:
        """How the numbers of a block are coloured."""
        if block.text:
            return "text"
        if not block.computed or block in self.page.book.exercise.blocks:
            return "plain"
        if block.scale == "signed":
            return "signed" if block.size > 1 else "plain"
        return block.scale if block.scale in ("probability", "gate", "masked") else "plain"

    def outline(self) -> dict[str, Any]:
        """All of it, for JSON."""
        book = self.page.book
        blocks = {
            block.name: self._block(block) for block in self.page.model.blocks.values() if block in book.homes
        }
        return {
            "name": self.name,
            "sheets": self.sheets,
            "secret": [self.number(canvas.name) for canvas in self.workbook.secret],
            "words": self._words(),
            "blocks": {**blocks, **self._hints(), **self._given},
            "extra": {
                "sheet": EXTRA,
                "cells": [[k, 0, one.formula, one.shown] for k, one in enumerate(self._extra)],
            },
        }

    def _words(self) -> dict[str, str]:
        """The page's own messages, by the last part of their names."""
        return {
            key.removeprefix("page."): said for key, said in self.messages.texts.items() if key.startswith("page.")
        }

    def _block(self, block: Matrix) -> dict[str, Any]:
        book = self.page.book
        asked = block in book.exercise.blocks
        home = book.exercise.places[block] if asked else book.homes[block]
        hidden = book.exercise.hides(block) and not asked
        return {
            "at": self.at(home),
            "shape": block.shape,
            "text": block.text,
            "symbol": book.symbol(block),
            "digits": GENERAL if block.text else format_of(number_format(block, self.messages)).digits,
            "edit": self.edit_of(block),
            "rows": self._labels(block.rows),
            "columns": self._labels(block.columns),
            "rule": None if block.computed and not asked else _rule(block),
            "choices": self._choices(block),
            "panel": None if hidden else self.anchor(home.sheet, home.row),
            "generated": sorted(book.generated.get(block.name, ())),
            "left": sorted(book.exercise.left.get(block, ())),
            "verdicts": self.at(book.exercise.verdicts[block]) if asked else None,
        }

    def _labels(self, axis: Axis) -> dict[str, Any]:
        """Where the labels of an axis stand, which follow the words, or what they are."""
        if axis.source is not None and axis.source in self.page.book.homes:
            across = axis.source.shape[1] > 1
            return {"at": self.at(self.page.book.homes[axis.source]), "across": across, "size": axis.size}
        texts = axis.read(self.page.book.values)
        return {"texts": [self.messages.get(f"label.{label}", label) for label in texts]}

    def _choices(self, block: Matrix) -> dict[str, Any] | None:
        """What may be chosen, as a block or as texts; of numbers these are suggestions."""
        if block.computed:
            return None
        if block.choices is not None:
            return {"block": block.choices.name}
        if block.turned_by is not None:
            return {"texts": [self.messages(key) for key in block.turned_by.said]}
        if block.role == "switch" and block.between is None:
            return {"texts": [f"{temperature:g}" for temperature in TEMPERATURES]}
        return None

    def _hints(self) -> dict[str, Any]:
        """The switches of an exercise's hints, as blocks of texts to choose."""
        texts = [self.messages(f"switch.{key}") for key in ("on", "off")]
        said = {"text": True, "edit": "switch", "rule": {"kind": "switch"}, "choices": {"texts": texts}}
        return {name: self._apart(place, GENERAL) | said for name, place in self._hint_places()}

    def _apart(self, place: Place, digits: str) -> dict[str, Any]:
        """Cells to edit that are of no block, as one of numbers."""
        return {
            "at": self.at(place), "shape": place.shape, "text": False, "symbol": "", "digits": digits,
            "edit": "input", "rows": {"texts": [""] * place.shape[0]}, "columns": {"texts": [""]},
            "rule": {"kind": "number"}, "choices": None, "apart": True,
            "panel": self.anchor(place.sheet, place.row), "generated": [], "left": [], "verdicts": None,
        }  # fmt: skip

    def given(self, sheet: str, row: int, column: int, digits: str) -> str:
        """A number to edit that stands alone, such as a size: the name by which the outline has it."""
        place = Place(sheet, row, column, (1, 1))
        name = f"{sheet}.{place.address(0, 0)}"
        self._given[name] = self._apart(place, digits)
        return name

    def _hint_places(self) -> Iterator[tuple[str, Place]]:
        """Where the switches of hints are, by the names of their places."""
        return ((name, place) for name, place in self.page.book.names.items() if name.startswith(f"{HINT}."))

    @cached_property
    def _hint_cells(self) -> dict[tuple[str, int, int], tuple[str, int]]:
        return {
            (place.sheet, place.row + k, place.column): (name, k)
            for name, place in self._hint_places()
            for k in range(place.shape[0])
        }

    def hint(self, sheet: str, row: int, column: int) -> tuple[str, int] | None:
        """The switch of a hint that a cell is: the name of its place, and which one of it; None if it is none."""
        return self._hint_cells.get((sheet, row, column))


_KINDS: Sequence[tuple[tuple[inputs.Rule, ...], str]] = (
    (inputs.POSITIVE, "positive"),
    (inputs.SWITCH, "switch"),
    (inputs.WORD, "word"),
)


def _rule(block: Matrix) -> dict[str, Any]:
    """What an entry to edit may be, by the rules for it."""
    if block.computed:
        return {"kind": "number"}
    if not block.text and block.between is not None:
        low, high = block.between
        return {"kind": "between", "low": low, "high": high}
    rules = inputs.rules_of(block)
    return {"kind": next((kind for known, kind in _KINDS if known is rules), "number")}
