"""What a template says, as read and checked, and which of them ship with the tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from xltransformer.cutting import PLAIN, Cutting
from xltransformer.graph import Array
from xltransformer.locale import Texts
from xltransformer.models import MODELS, ModelEntry
from xltransformer.record import record
from xltransformer.teaching.experiments import Experiment

DEFAULT_TEMPLATE = "cat-and-mouse"
MEASURED = "measured"
"""The size that holds figures measured of learned weights, which go with these."""


@record
class WordTable:
    """A vocabulary: the names of d dimensions, and d numbers for each word, which may be `drawn` from the seed."""

    dimensions: tuple[str, ...]
    words: Mapping[str, tuple[float, ...]]
    drawn: bool = False


@record
class Template:
    """A template as read and checked. `task` says in one line what its model is to do; `glosses` what words of
    another language mean, by their keys. `weights` holds arrays by
    the block's full name; with `trained` these, and the embeddings, were learned. `shown` is the key of the
    lesson or head that is shown at first. Its texts are `cut` so; a sentence that is written on has so many
    `places` in all, where learned weights say it. `turned` names the switches that it sets itself; `others` is a
    template of a user's own as other languages have it, by these, and such a one is a
    user's `own`."""

    name: str
    model: str
    title: Texts
    task: Texts
    notes: Mapping[str, Texts]
    sentences: tuple[str, ...]
    watch: str | None
    plane: tuple[str, ...]
    slots: int | tuple[int, ...]
    spare_rows: int
    seed: int
    table: WordTable
    switches: Mapping[str, float]
    sizes: Mapping[str, Any]
    weights: Mapping[str, Array]
    experiments: tuple[Experiment, ...] = ()
    trained: bool = False
    shown: str | None = None
    glosses: Mapping[str, str] = field(default_factory=dict)
    cut: Cutting = PLAIN
    places: tuple[int, ...] = ()
    turned: tuple[str, ...] = ()
    others: Mapping[str, Template] = field(default_factory=dict)
    own: bool = False

    def __repr__(self) -> str:
        learned = ", trained" if self.trained else ""
        return f"template {self.name}: model {self.model}, {len(self.table.words)} words{learned}"

    @property
    def entry(self) -> ModelEntry:
        """What is known of its model."""
        return MODELS[self.model]


SHOWN = ("maps", MEASURED)
"""The options that go with the weights of a template: heads to show on the first screen, since they decide there,
and what was measured."""


def without_claims(template: Template) -> Template:
    """The template without what it says of its weights, for others in their place: title, task, notes,
    experiments, which heads decide, and what was measured."""
    sizes = {name: size for name, size in template.sizes.items() if name not in SHOWN}
    return replace(template, title={}, task={}, notes={}, experiments=(), others={}, sizes=sizes)


def shipped_templates() -> list[str]:
    """The names of the templates that ship with the tool, the default first."""
    names = sorted(path.stem for path in template_folder().glob("*.toml"))
    return sorted(names, key=lambda name: name != DEFAULT_TEMPLATE)


def template_folder() -> Path:
    """Where the templates that ship lie: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"
