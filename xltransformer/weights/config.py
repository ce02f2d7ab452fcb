"""What lies beside published weights and tells of the model: config.json, and how sentences are pooled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from xltransformer.bounds import read_bytes
from xltransformer.errors import UserError
from xltransformer.text import listed
from xltransformer.weights.kinds import GENERAL, KINDS, Kind, kind_of
from xltransformer.weights.told import Config, Told, joined, short
from xltransformer.weights.translating import writing

MOST_BYTES = 10_000_000


def told_beside(weights: Path) -> Told:
    """What the files in the folder of the weights tell: Hugging Face's config.json by the table of its kind
    (`kinds.KINDS`), and `pooling` from the files of a sentence-embedding model; nothing where there are none.

    Raises UserError for a file that cannot be read, and for a model that computes what we have not.
    """
    file = weights.parent / "config.json"
    keys = _object(file, ", or take it away and `settings={'heads': …}`")
    told = told_in(Config(file, keys)) if keys else Told()
    if "marian" in told.schemes:
        generation = weights.parent / "generation_config.json"
        told = joined([told, writing(Config(generation, _object(generation, "")))])
    return replace(told, options={**told.options, **_pooling(weights.parent)})


def told_in(config: Config) -> Told:
    """What a config tells: each of its keys by the decision of its kind, and the keys that it leaves out as
    the library takes them. UserError for an unknown kind, class, or key."""
    name, kind, schemes = _kind(config)
    keys = _own_names(config, kind)
    for key, value in keys.items():
        if key not in kind.keys and key not in GENERAL and value is not None:
            raise config.refused(key, note=f"no key of {name} that is known")
    renamed = Config(config.file, keys)
    decisions = {**{key: GENERAL[key] for key in keys if key in GENERAL}, **kind.keys}
    told = joined(decision.tell(renamed, key) for key, decision in decisions.items())
    return replace(told, schemes=schemes)


def _kind(config: Config) -> tuple[str, Kind, tuple[str, ...]]:
    """The kind of model, by its name, and the schemes of names that its weights may have."""
    classes = config.keys.get("architectures") or []
    if not isinstance(classes, list) or not all(isinstance(one, str) for one in classes):
        raise UserError(f"{config.file}: architectures is {short(classes)}; give a list of names")
    name = config.keys.get("model_type") or kind_of(classes)
    if name is None and not classes:
        raise UserError(f"{config.file} does not say its model_type: add it, one of {', '.join(KINDS)}")
    if not isinstance(name, str) or name not in KINDS:
        said = f"model_type {short(name)}" if name else f"architectures {short(classes[0])}"
        raise UserError(f"{config.file} says {said}, which is not among those that are built: {', '.join(KINDS)}")
    kind = KINDS[name]
    unknown = [one for one in classes if one not in kind.classes]
    if unknown:
        raise UserError(
            f"{config.file} says {name} with architectures {short(unknown[0])}, which is not among those that "
            f"are built: {listed(list(kind.classes), 4)}"
        )
    return name, kind, kind.classes[classes[0]] if classes else kind.schemes


def _own_names(config: Config, kind: Kind) -> dict[str, Any]:
    """The keys under the names that the kind has for them; UserError where two of one thing differ."""
    keys = {kind.aliases.get(key, key): value for key, value in config.keys.items()}
    for alias, own in kind.aliases.items():
        if alias in config.keys and own in config.keys and config.keys[alias] != config.keys[own]:
            raise UserError(
                f"{config.file}: {alias} and {own} are the same thing, but they differ; leave one of them out"
            )
    return keys


def _pooling(folder: Path) -> dict[str, Any]:
    """`pooling`: "mean" or "first" as a sentence-embedding model has it, or what else it has, in its words."""
    modules = _read(folder / "modules.json", "")
    kinds = [str(one.get("type")).rpartition(".")[2] for one in modules or () if isinstance(one, dict)]
    other = [kind for kind in kinds if kind not in ("Transformer", "Pooling", "Normalize")]
    if other:
        return {"pooling": f"a {other[0]} layer"}
    config = _object(folder / "1_Pooling" / "config.json", "")
    modes = [name.removeprefix("pooling_mode_") for name, on in config.items() if on is True and "_mode_" in name]
    names = {"cls": "first", "cls_token": "first", "mean": "mean", "mean_tokens": "mean"}
    chosen = modes or ([config["pooling_mode"]] if "pooling_mode" in config else [])
    return {"pooling": "+".join(names.get(str(mode), str(mode)) for mode in chosen)} if chosen else {}


def _object(file: Path, remedy: str) -> Mapping[str, Any]:
    """The object in a JSON file, an empty one where there is no file."""
    data = _read(file, remedy)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise UserError(f"{file} holds no object; mend it{remedy}")
    return data


def _read(file: Path, remedy: str) -> Any:
    if not file.is_file():
        return None
    try:
        return json.loads(read_bytes(file, MOST_BYTES))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file} is no JSON ({error}); mend it{remedy}") from None
