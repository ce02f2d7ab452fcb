"""Exercises: which cells of a workbook are left to a student, and what the workbook says of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Matrix, Model, Values
from xltransformer.workbook.book import Cell, Left, Variant

_NOT_FILLED = ("masked", "count", "gate")  # scales of blocks that hold no number to work out


def whole(blocks: Sequence[Matrix]) -> dict[Matrix, tuple[Cell, ...]]:
    """Every cell of some blocks."""
    return {block: tuple(np.ndindex(block.shape)) for block in blocks}


def count(left: Left) -> int:
    """How many cells there are to fill."""
    return sum(map(len, left.values()))


def exercise_blocks(model: Model, steps: Sequence[str]) -> list[Matrix]:
    """The blocks that the steps leave to the student, in the model's order.

    A block belongs to the first step that has it; later ones only show it again. Raises UserError
    for a step the model does not have, or that has no number of its own to fill in.
    """
    found: dict[str, list[Matrix]] = {}
    seen: set[Matrix] = set()
    for step in (step for section in model.sections if section.sentence is not None for step in section.steps):
        numbers = (b for b in step.blocks if b.computed and not b.text and b.scale not in _NOT_FILLED)
        found.setdefault(step.key, []).extend(b for b in numbers if b not in seen)
        seen.update(step.blocks)
    for step_key in steps:
        if not found.get(step_key):
            known = ", ".join(key for key, blocks in found.items() if blocks)
            raise UserError(f"no step {step_key!r} to fill in; this model has: {known}")
    return [block for key, blocks in found.items() if key in steps for block in blocks]


def fingerprint(inputs: Values) -> str:
    """A short mark of all inputs, by which grading sees whether they were changed."""
    digest = hashlib.sha256()
    for name in sorted(inputs):
        digest.update(name.encode())
        digest.update(json.dumps(inputs[name].tolist()).encode())
    return digest.hexdigest()[:16]


def described(left: Left, inputs: Values, variant: Variant | None = None) -> dict[str, Any]:
    """What an exercise's workbook says of itself, by the names of its description: under `cells` the cells to
    fill, by block, and under `inputs` the mark of the inputs as they were handed out. Of a block they are pairs of
    a row and its columns, None for all of the row, or None for all of the block. Under `variant` is whose it is,
    where each student has one."""
    cells = {block.name: _told(block, found) for block, found in left.items()}
    whose = {"variant": asdict(variant)} if variant is not None else {}
    return {"cells": cells, "inputs": fingerprint(inputs), **whose}


def _told(block: Matrix, cells: Sequence[Cell]) -> list[list[Any]] | None:
    rows: dict[int, list[int]] = {}
    for i, j in cells:
        rows.setdefault(i, []).append(j)
    if len(cells) == block.size:
        return None
    return [[i, None if len(columns) == block.shape[1] else columns] for i, columns in rows.items()]


def left_by(told: Mapping[str, Any], model: Model) -> dict[Matrix, tuple[Cell, ...]]:
    """The same, as a workbook's description tells it (an older one names steps); ValueError where it makes no
    sense."""
    if isinstance(steps := told.get("steps"), list):
        return whole(exercise_blocks(model, steps))
    cells = told.get("cells")
    if not isinstance(cells, dict) or not cells or not cells.keys() <= model.blocks.keys():
        raise ValueError("it names no cells of its model")
    return {model.blocks[name]: tuple(_read(model.blocks[name], rows)) for name, rows in cells.items()}


def _read(block: Matrix, rows: Any) -> Iterator[Cell]:
    """The cells that a description tells; ValueError where there are no such."""
    every, across = range(block.shape[0]), range(block.shape[1])
    try:
        for i, columns in [(i, None) for i in every] if rows is None else rows:
            for j in across if columns is None else columns:
                if i not in every or j not in across:
                    raise ValueError(f"{block.name} has no cell in row {i!r:.20}, column {j!r:.20}")
                yield int(i), int(j)
    except TypeError:
        raise ValueError(f"{block.name} has no such cells") from None
