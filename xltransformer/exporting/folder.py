"""The files of a folder that transformers loads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from xltransformer.building.instance import Instance
from xltransformer.exporting.architecture import Fitted, fit
from xltransformer.exporting.facts import Facts, facts_of
from xltransformer.exporting.words import settings, tokenizer
from xltransformer.models import MODELS
from xltransformer.record import record
from xltransformer.weights import translating
from xltransformer.weights.saving import safetensors
from xltransformer.weights.told import written
from xltransformer.weights.writing import WRITING

FILES = (
    "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json",
)  # fmt: skip
"""What such a folder may hold."""


@record
class Folder:
    """The files of a folder by name, the class that loads it, its numbers' type, and how many words it has."""

    files: Mapping[str, bytes]
    name: str
    dtype: str
    words: int


def folder_of(instance: Instance, subject: str) -> Folder:
    """The model of the `subject` as a folder. UserError where no published class computes the same."""
    facts = facts_of(instance)
    fitted = fit(facts, subject)
    files = {
        "config.json": _json(_config(facts, fitted)),
        "model.safetensors": safetensors(fitted.state),
        "tokenizer.json": _json(tokenizer(facts)),
        "tokenizer_config.json": _json(settings(facts, _places(facts))),
    }
    if MODELS[facts.model].writes:
        files["generation_config.json"] = _json(_writing(facts))
    return Folder(files, fitted.name, fitted.dtype, len(facts.words))


def _config(facts: Facts, fitted: Fitted) -> dict[str, Any]:
    """The config, with the numbers' type; what is not told is null lest the library's default hold, which is the
    number of a word that there is not."""
    absent = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"))
    return {**absent, **fitted.config, "dtype": fitted.dtype}


def _writing(facts: Facts) -> dict[str, Any]:
    """How the model writes: the likeliest word each time, or by chance, as its switches stand, up to the end. Of
    several texts short ones are filled up with the end, or any word, as they are masked."""
    pair = MODELS[facts.model].pair
    places = _places(facts)
    return {
        **written(facts.told, translating.WRITING if pair else WRITING),
        "do_sample": bool(facts.chance),
        **facts.chance,
        "pad_token_id": (*facts.told.ends, 0)[0],
        **({} if places is None else {"max_length": places}),
    }


def _places(facts: Facts) -> int | None:
    """How many words a text may have; None where nothing sets a bound."""
    return facts.told.sizes["positions"][1] if "positions" in facts.told.sizes else None


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
