"""What a template says, as read and checked: a model, its sentences, vocabulary, switches, sizes and weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xltransformer.graph import Array
from xltransformer.locale import Texts
from xltransformer.models import MODELS, ModelEntry
from xltransformer.record import record
from xltransformer.teaching.experiments import Experiment


@record
class WordTable:
    """A vocabulary: the names of the d dimensions, and for each word its d numbers, which may be
    `drawn` from the seed."""

    dimensions: tuple[str, ...]
    words: Mapping[str, tuple[float, ...]]
    drawn: bool = False


@record
class Template:
    """A template as read and checked. `weights` holds arrays by the block's full name; with `trained`
    these, and the embeddings, were learned."""

    name: str
    model: str
    title: Texts
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

    @property
    def entry(self) -> ModelEntry:
        """What is known of its model."""
        return MODELS[self.model]
