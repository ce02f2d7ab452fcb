"""What lies beside published weights and tells of the model: config.json, and the files that go with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from xltransformer.errors import UserError
from xltransformer.text import listed
from xltransformer.weights.kinds import CALLED, GENERAL, KINDS, Kind, kind_of
from xltransformer.weights.params import PARAMS
from xltransformer.weights.sentences import sentences_beside
from xltransformer.weights.told import Config, Told, agreed, decided, joined, object_in, short
from xltransformer.weights.translating import writing
from xltransformer.weights.writing import WRITING


def told_beside(weights: Path) -> Told:
    """What the files in the folder of the weights tell: Hugging Face's config.json by the table of its kind
    (`kinds.KINDS`), generation_config.json, which holds against it where writing ends, Meta's params.json, and
    the files of a sentence-embedding model; nothing where there are none.

    Raises UserError for a file that cannot be read, for a model that computes what we have not, and for files
    that differ.
    """
    folder = weights.parent
    file = folder / "config.json"
    keys = object_in(file, ", or take it away and `settings={'heads': …}`")
    told = told_in(Config(file, keys)) if keys else Told()
    written = folder / "generation_config.json"
    if "marian" in told.schemes:
        told = joined([told, writing(Config(written, object_in(written)))])
    elif written.is_file():
        how = decided(Config(written, object_in(written)), WRITING, written.name)
        told = replace(told, ends=how.ends, notes=how.notes)
    meta = folder / "params.json"
    if meta.is_file():
        theirs = decided(Config(meta, object_in(meta)), PARAMS, meta.name)
        both = f"{meta} and {file.name}"
        told = agreed(theirs, told, both) if keys else replace(theirs, schemes=("llama_meta", "llama"))
    return joined((told, sentences_beside(folder)))


def told_in(config: Config) -> Told:
    """What a config tells: each of its keys by the decision of its kind, and the keys that it leaves out as
    the library takes them. UserError for an unknown kind, class, or key."""
    name, kind, schemes = _kind(config)
    keys = _own_names(config, kind)
    told = decided(Config(config.file, keys), {**GENERAL, **kind.keys}, name)
    fixed = {option: (f"model_type {name}, with {option}", value) for option, value in kind.fixed.items()}
    return replace(told, schemes=schemes, sizes={**fixed, **told.sizes}, model=CALLED[name])


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
