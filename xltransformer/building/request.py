"""What someone wants built: a template, sentences, and what is given beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import TypedDict

from xltransformer.building.settings import Settings
from xltransformer.building.template import Template
from xltransformer.record import record


class Options(TypedDict, total=False):
    """What may be given beside a template and sentences, by keyword, to make_instance and all that
    pass it on. None is as good as nothing. A new one stands here, and in the step of `plan` that it is for."""

    embeddings: str | Path | None
    """A .csv or .xlsx file that replaces the vocabulary."""
    slots: int | Sequence[int] | None
    """How many empty word slots each sentence gets; a list gives each its own number."""
    settings: Settings | None
    """Sizes and choices in place of the template's, such as {"layers": 2, "seed": 3}."""
    weights: str | Path | None
    """An .npz or .safetensors file of weights, under published names or those of the blocks."""
    vocabulary: str | Path | None
    """The words, in the order of the vocabulary's rows: a .txt or .json file with a list of them, or a
    published model's tokenizer (see `weights.tokens.read_tokenizer`); where none is given, the tokenizer
    that lies beside published weights."""
    words: int | str | Path | None
    """Of a tokenizer's vocabulary, how many rows to have beside those in use, or a file that lists them."""


@record
class Request:
    """A template (none: the one that the names in the weights are for, else the default), sentences (none:
    the template's own), and what is `given` beside them.

    Without `spare` there are no empty vocabulary rows, and no empty slots either, except for a model that
    writes into them, and where a setting asks for them. `language` is that of the template's words, of the
    switches' and of the lessons' titles. TypeError for an option that there is not.
    """

    template: str | Path | Template | None = None
    sentences: tuple[str, ...] = ()
    given: Options = field(default_factory=Options)
    spare: bool = True
    language: str = "en"

    def __post_init__(self) -> None:
        unknown = self.given.keys() - Options.__annotations__.keys()
        if unknown:
            raise TypeError(f"unexpected keyword argument {min(unknown)!r}")

    @property
    def settings(self) -> Settings:
        return self.given.get("settings") or {}

    @property
    def weights(self) -> Path | None:
        return _path(self.given.get("weights"))

    @property
    def embeddings(self) -> Path | None:
        return _path(self.given.get("embeddings"))

    @property
    def vocabulary(self) -> Path | None:
        """The file of the words, given or found beside the weights."""
        given, weights = self.given.get("vocabulary"), self.weights
        if given is not None or weights is None or self.embeddings is not None:
            return _path(given)
        from xltransformer.weights.tokens import tokenizer_beside

        return tokenizer_beside(weights)


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
