"""What is told of each template that ships: whence its numbers, how many, and how good on held-out data."""

from __future__ import annotations

import tomllib

from xltransformer.bounds import read_text
from xltransformer.building.instance import make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.template import template_folder
from xltransformer.record import record

HELD_OUT = "weights/held-out.toml"
"""The file of held-out figures, in the folder of the templates."""


@record
class Figure:
    """Of so many, how many were right, and of what."""

    what: str
    right: int
    of: int

    def __str__(self) -> str:
        return f"{self.right} of {self.of} {self.what}"


def held_out_figures() -> dict[str, list[Figure]]:
    """What every trained template that ships does on held-out data, as it was measured."""
    path = template_folder() / HELD_OUT
    kept = tomllib.loads(read_text(path)) if path.exists() else {}
    return {name: [Figure(**figure) for figure in figures] for name, figures in kept.items()}


def origin(name: str) -> str:
    """In one line: trained, hand-made or drawn, the count of embeddings and weights, and the figures."""
    template = load_template(name)
    instance = make_instance(template, spare=False)
    count = sum(block.size for block in instance.model.inputs if block.role in ("parameter", "embedding"))
    if template.trained:
        figures = "; ".join(map(str, held_out_figures().get(name, [])))
        return f"trained, {count:,} numbers; held out: {figures or 'not measured'}"
    return f"{'drawn from a seed' if instance.drawn else 'hand-made'}, {count:,} numbers"
