"""Exercises: which cells of a workbook are left to a student, and what the workbook says of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from xltransformer.errors import UserError
from xltransformer.graph import Matrix, Model, Values

Left = Mapping[Matrix, tuple[int, ...]]
"""What is left to a student: of each block some rows, by their numbers from 0, in the model's order."""

DEFAULT_STEPS = ("scores", "scaled", "softmax", "weights", "output")
"""The steps a student fills in where none are named."""
_NOT_FILLED = ("masked", "count", "gate")  # scales of blocks that hold no number to work out


def whole(blocks: Sequence[Matrix]) -> dict[Matrix, tuple[int, ...]]:
    """Every row of some blocks."""
    return {block: tuple(range(block.shape[0])) for block in blocks}


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


def described(left: Left, inputs: Values) -> dict[str, Any]:
    """What an exercise's workbook says of itself, by the names of its description: under `cells` the rows to
    fill, by block, None for all of them, and under `inputs` the mark of the inputs as they were handed out."""
    cells = {m.name: None if len(rows) == m.shape[0] else list(rows) for m, rows in left.items()}
    return {"cells": cells, "inputs": fingerprint(inputs)}


def left_by(told: Mapping[str, Any], model: Model) -> dict[Matrix, tuple[int, ...]]:
    """The same, as a workbook's description tells it (an older one names steps); ValueError where it makes no
    sense."""
    if isinstance(steps := told.get("steps"), list):
        return whole(exercise_blocks(model, steps))
    cells = told.get("cells")
    if not isinstance(cells, dict) or not cells or not cells.keys() <= model.blocks.keys():
        raise ValueError("it names no cells of its model")
    found: dict[Matrix, tuple[int, ...]] = {}
    for name, rows in cells.items():
        block = model.blocks[name]
        every = range(block.shape[0])
        if rows is not None and not (isinstance(rows, list) and rows and all(row in every for row in rows)):
            raise ValueError(f"{name} has no such rows")
        found[block] = tuple(every if rows is None else rows)
    return found
