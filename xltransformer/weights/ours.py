"""What a file of weights of ours tells of its model beside the arrays, as JSON in one entry of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from xltransformer.checked import is_number, is_texts, is_whole
from xltransformer.cutting import PLAIN, Cutting
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.record import record

ABOUT, RUN = "about", "run"
"""The entries of .npz files of ours that tell, as JSON, how weights were made, and of a run of training."""
OPTIONS, WORDS = "options", "words"
"""What the first of them tells of the model that its arrays do not."""
MADE = "data"
"""How a file says of its vocabulary that it was made from the data."""

_SAID = {"template": "template", "language": "language", "slots": "slots", "cut": "how text is cut"}
"""What older files do not tell, each with what it is called."""


@record
class Own:
    """What a file of ours tells: its `template`, and the `model` of that; `options`, None for those of the
    template that it does without; the `words` of the rows, and whether these were `made` from the data; the
    `places` that each sentence has in all; `sentences` to begin with; how text is `cut`; its `switches`; the
    `language` of the workbook; the file of its `data`; and what an older file leaves unsaid (`missing`)."""

    template: str = ""
    model: str = ""
    language: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    made: bool = False
    places: tuple[int, ...] = ()
    sentences: tuple[str, ...] = ()
    cut: Cutting = PLAIN
    switches: Mapping[str, float] = field(default_factory=dict)
    data: str = ""
    missing: tuple[str, ...] = ()


def own_of(path: Path, about: Array | None) -> Own:
    """What the entry ABOUT of a file tells; UserError where it makes no sense."""
    if about is None:
        return Own(missing=tuple(_SAID.values()))
    try:
        told = json.loads(str(about))
        return _own(told)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise UserError(
            f"{path}: its entry {ABOUT!r} does not tell the model's options; train the weights again"
        ) from None


def _own(told: Any) -> Own:
    options, switches, words = told.get(OPTIONS, {}), told.get("switches", {}), told.get(WORDS, [])
    places, sentences = told.get("slots", []), told.get("sentences", [])
    texts = [told.get(name) or "" for name in ("template", "model", "language", "data", "unknown")]
    fits = isinstance(options, dict) and isinstance(switches, dict) and all(map(is_number, switches.values()))
    fits = fits and all(isinstance(value, list) and is_texts(value) for value in (words, sentences, texts))
    if not (fits and isinstance(places, list) and all(is_whole(n, 1) for n in places)):
        raise ValueError("it tells something else")
    template, model, language, data, unknown = texts
    return Own(
        template, model, language, options, tuple(words), told.get("vocabulary") == MADE, tuple(places),
        tuple(sentences), Cutting.from_json(told["cut"], unknown) if "cut" in told else PLAIN, switches, data,
        tuple(called for name, called in _SAID.items() if name not in told),
    )  # fmt: skip
