"""What no weights say of a model: what is taken for it, and the line that names it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xltransformer.building.request import Settings
from xltransformer.building.template import Template
from xltransformer.weights import Checkpoint, Source
from xltransformer.weights.schemes import SCHEMES

MOST_LINE = 295
"""How long the line may be; the command line puts its name before it."""


def assumed(
    scheme: str, checkpoint: Checkpoint, template: Template, source: Source, settings: Settings
) -> dict[str, Any]:
    """The options that neither the weights, nor the files beside them, nor settings tell, with what is taken: what
    the template has, else what most such models have."""
    if source.told.schemes:  # a config tells it: what it leaves out is as its library has it
        return {}
    taken = {"heads": checkpoint.options["heads"]}
    for name, unsaid in SCHEMES[scheme].unsaid.items():
        if name == "head_activation" and not checkpoint.options.get("head"):
            continue
        taken[name] = template.sizes.get(name, unsaid.value)
    return {name: value for name, value in taken.items() if name not in {*settings, *source.told.options}}


def unsaid_line(path: Path, scheme: str, taken: Mapping[str, Any]) -> str:
    """One line that names what was taken."""
    unsaid = SCHEMES[scheme].unsaid
    called = {name: f"{unsaid[name].called}: " if name in unsaid and unsaid[name].called else "" for name in taken}
    each = ", ".join(f"{name} ({called[name]}{_said(value)})" for name, value in taken.items())
    told = f" does not say, so this was taken: {each}; `settings={{'{next(iter(taken))}': …}}` gives another"
    return f"{path}{told}" if len(f"{path}{told}") <= MOST_LINE else f"{path.name:.60}{told}"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
