"""A workbook as an instance again: its model, with the inputs as they stand there now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from xltransformer.building.instance import Instance, sizes_from
from xltransformer.building.parse import load_template
from xltransformer.building.template import Template
from xltransformer.cutting import PLAIN, Cutting
from xltransformer.engines import recalculate
from xltransformer.errors import UserError
from xltransformer.locale import ENGLISH, languages
from xltransformer.workbook.current import is_made, usable_inputs
from xltransformer.workbook.reader import ReadBook


def instance_of(book: ReadBook) -> Instance:
    """The model of a workbook with its inputs as they stand there now, edits included: a formula that was typed
    into an input counts with what it comes to.

    Raises UserError for cells that hold no usable value, and where inputs can no longer be found.
    """
    book.expect(book.model.inputs)
    formulas = any(
        block.made_by is None or not is_made(book, {}, block, book.homes[block.name], i, j)
        for block in book.model.inputs
        if block.feedback is None
        for i, j in np.argwhere(book.has_formula(book.homes[block.name])).tolist()
    )
    inputs = usable_inputs(book, recalculate(book.path)[1] if formulas else {})
    template = template_of(book.description)
    joined = template.cut.joined if template.cut.letters else " ".join
    sentences = tuple(
        joined([str(word) for word in inputs[s.words.name].ravel() if word]) for s in book.model.sentences
    )
    return Instance(template, sentences, sizes_from(book.description), book.model, inputs, (), ())


def language_of(book: ReadBook) -> str:
    """The language of a workbook, English where it tells none that is known."""
    spoken = str(book.description.get("language"))
    return spoken if spoken in languages() else ENGLISH


def template_of(described: Mapping[str, Any], language: str = ENGLISH) -> Template:
    """The template that a workbook was built from, as far as it ships; else one that says nothing. Its texts are
    cut as they were, and told in a language."""
    try:
        cut = (
            Cutting.from_json(described["cut"], str(described.get("unknown", ""))) if "cut" in described else PLAIN
        )
    except ValueError:
        cut = PLAIN
    try:
        template = load_template(str(described["template"]), language)
        if template.model == described["model"]:
            return replace(template, cut=cut)
    except UserError:
        pass
    blank = load_template()
    return replace(
        blank, name=str(described["template"]), model=str(described["model"]), title={}, notes={}, watch=None,
        sentences=tuple(described["sentences"]), experiments=(), weights={}, trained=False, cut=cut,
    )  # fmt: skip
