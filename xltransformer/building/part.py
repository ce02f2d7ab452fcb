"""Weights under the names of our blocks: all that a model has, or a part of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from xltransformer.building.template import Template
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.models import Lesson
from xltransformer.text import listed
from xltransformer.weights import Checkpoint
from xltransformer.weights.arrays import GIVEN

MOST_LINE = 295


def fitted(model: Lesson, template: Template, embeddings: Array, given: Collection[str]) -> Mapping[str, Array]:
    """The values of the weights that were `given`, and of the embeddings.

    Raises UserError, listing all of them, for those that the model has no place for or that have another shape.
    """
    constants = [block for block in model.inputs if block.role == "constant"]  # which `initial_values` takes
    shapes = {name: value.shape for name, value in template.weights.items()}
    told = {one.name for one in constants if shapes.get(one.name) == one.shape}
    blocks = {name: value for name, value in template.weights.items() if name in given and name not in told}
    taken = Checkpoint({"embeddings": embeddings, **blocks}, {})
    try:
        return taken.fit(model, len(template.table.words), part=True)
    except UserError as error:
        has = [block.name for block in model.parameters]
        said = f"{error}; the model has {listed(has, 4) or 'none'}"
        raise UserError(said if len(said) <= MOST_LINE else str(error)) from None


def part_line(model: Lesson, template: Template, given: Collection[str], weights: object) -> list[str]:
    """One line that says how many of the weights were given, and what the others are, where these are a part; the
    embeddings, which may come with words, count among them where they are given."""
    wanted = [*(["embeddings"] if "embeddings" in given else []), *(block.name for block in model.parameters)]
    others = [name for name in wanted if name not in given]
    if not others:
        return []
    own = [name for name in others if name in template.weights]
    drawn = [name for name in others if name not in own]
    told = [f"drawn (seed {template.seed})"] if drawn else []
    told += [f"as in template {template.name}"] if own else []
    path = weights if isinstance(weights, Path) else GIVEN
    for most in (6, 4, 2, 1):
        line = f"{path}: given: {len(wanted) - len(others)} of {len(wanted)}, others {' or '.join(told)}"
        line += f": {listed(others, most)}"
        if len(line) <= MOST_LINE:
            break
    return [line]
