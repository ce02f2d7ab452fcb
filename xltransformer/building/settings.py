"""Settings: sizes and choices that take the place of a template's, such as `layers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xltransformer.building.parse import check_switches, slot_numbers
from xltransformer.building.tables import draw_words
from xltransformer.building.template import Template
from xltransformer.checked import whole_number
from xltransformer.errors import UserError
from xltransformer.teaching.lesson import Lesson
from xltransformer.text import nearest

Settings = Mapping[str, Any]
"""Values by name: a size of the model, `d_model`, `slots`, `spare_rows`, `seed`, or `switches.NAME`."""

COUNTS = ("slots", "spare_rows", "seed")
"""The settings that stand at the head of a template, not among its sizes."""
SWITCH = "switches."

SHAPING = {
    "d_model", "seed", "layers", "encoder_layers", "decoder_layers", "heads", "d_k", "d_v", "d_ff", "feed_forward",
    "biases", "rms", "pre_norm", "final_norm", "tied", "state", "predicts",
}  # fmt: skip
"""The settings with which learned weights no longer fit."""


def misfits(template: Template, settings: Settings) -> list[str]:
    """The settings with which the learned weights of a template no longer fit it."""
    has = {**template.sizes, "d_model": len(template.table.dimensions), "seed": None}
    return [name for name, value in settings.items() if name in SHAPING and has.get(name) != value]


def apply_settings(template: Template, settings: Settings) -> Template:
    """The template with the settings in the place of its own.

    What only the model can judge, it judges when it is built. Raises UserError for the rest.
    """
    if not settings:
        return template
    counts: dict[str, Any] = {}
    switches, sizes = dict(template.switches), dict(template.sizes)
    for name, value in settings.items():
        if name in COUNTS:
            counts[name] = (slot_numbers if name == "slots" else whole_number)(value, f"setting {name}")
        elif name.startswith(SWITCH):
            switch = name.removeprefix(SWITCH)
            switches[switch] = check_switches({switch: value}, "settings")[switch]
        elif name != "d_model":
            near = nearest(name, (*COUNTS, "d_model"), 0.8)
            if near is not None:
                raise UserError(f"unknown setting {name!r}; did you mean {near!r}?")
            sizes[name] = value
    changed = replace(template, switches=switches, sizes=sizes, **counts)
    width = settings.get("d_model", len(template.table.dimensions))
    if template.table.drawn:
        where = "setting d_model" if "d_model" in settings else f"template {template.name}"
        table = draw_words(template.table.words, width, changed.seed, where)
        changed = replace(changed, table=table)
    elif width != len(template.table.dimensions):
        raise UserError(
            f"setting d_model is {width!r}, but the words of template {template.name} come with "
            f"{len(template.table.dimensions)} numbers each: give other words with `embeddings`, "
            "or a template whose words are a list"
        )
    return changed


def check_used(settings: Settings, model: Lesson, name: str) -> None:
    """Raise UserError for a switch that the model does not have."""
    known = [SWITCH + switch.last_name for switch in model.switches]
    for setting in settings:
        if setting.startswith(SWITCH) and setting not in known:
            listed = ", ".join(known) or "none"
            raise UserError(f"setting {setting}: the model {name} has no such switch (it has: {listed})")
