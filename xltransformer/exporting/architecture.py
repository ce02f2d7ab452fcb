"""Which published architecture computes the same as a model of ours, and what keeps one from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xltransformer.errors import UserError
from xltransformer.exporting.facts import Facts, options_of, same
from xltransformer.graph import Array
from xltransformer.models import MODELS
from xltransformer.record import record
from xltransformer.weights.checkpoint import Checkpoint, load
from xltransformer.weights.config import told_in
from xltransformer.weights.kinds import CALLED, GENERAL, KINDS, Kind
from xltransformer.weights.saving import Sharing, filled, further, hollow, places
from xltransformer.weights.schemes import PAD_NUMBER, SCHEMES
from xltransformer.weights.told import Config, Told, written

ELSEWHERE = {"maps", "measured", "end", "separator", "never", "back", "begins", "learned"}
"""Options that are no part of what the architecture computes: what is shown or said, and words, told by number."""
OF_PAIRS = ("between", "pair")
"""Options that say how sentences are put together, before the model reads them."""


@record
class Fitted:
    """A published class with the keys of its config, and the arrays of its state dict: in single precision where
    that holds them to the last bit, else in double."""

    kind: str
    name: str
    config: Mapping[str, Any]
    state: Mapping[str, Array]

    @property
    def dtype(self) -> str:
        """The library's name of the numbers' type."""
        return str(next(iter(self.state.values())).dtype)


@record
class _Misfit:
    """An option that keeps a model from a class, with its value here and there; or a reason in words alone."""

    option: str
    ours: Any = None
    theirs: Any = None

    @property
    def named(self) -> bool:
        """Whether it is an option."""
        return not self.ours is self.theirs is None

    def said(self, called: str) -> str:
        """The misfit in words, for a class so `called`."""
        if not self.named:
            return f"{called}: {self.option}"
        change = f"; train it with `settings={{'{self.option}': {_short(self.theirs)}}}`"
        return f"{self.option} is {_short(self.ours)}, but {called} has {_short(self.theirs)}{change}"


def fit(facts: Facts, subject: str) -> Fitted:
    """The published class that computes the same as the model of the `subject`, and comes back the same to the
    last bit. UserError, naming what no published class has, where there is none."""
    tries = [_tried(facts, *one) for one in _classes(facts.model)]
    found = next((one for one in tries if isinstance(one, Fitted)), None)
    if found is not None:
        return found
    if not tries:
        torch = any(scheme.startswith("torch") for scheme in MODELS[facts.model].schemes)
        why = "only PyTorch's own modules compute" if torch else "no model of transformers computes"
        takes = ", ".join(dict.fromkeys(MODELS[m].template for m in MODELS if [*_classes(m)]))
        raise UserError(
            f"{subject} cannot be exported: {why} what its model {facts.model} does; give one like {takes}"
        )
    kind, misfits = min((one for one in tries if not isinstance(one, Fitted)), key=lambda one: _weight(one[1]))
    raise UserError(f"{subject} cannot be exported: {misfits[0].said(CALLED[kind])}")


def _weight(misfits: Sequence[_Misfit]) -> int:
    """How far a class is from a model: a reason in words alone weighs more than any options."""
    return sum(1 if one.named else 1000 for one in misfits)


def _classes(model: str) -> Iterator[tuple[str, str, str, bool]]:
    """The published classes that a model may be: the kind, the class, the scheme of its names, and whether it has
    the part of that scheme that others lack."""
    schemes = MODELS[model].schemes
    for kind, known in KINDS.items():
        for name, theirs in known.classes.items():
            for scheme in schemes:
                if theirs[0] in (scheme, SCHEMES[scheme].without_part):
                    yield kind, name, scheme, theirs[0] == scheme


def _tried(facts: Facts, kind: str, name: str, scheme: str, part: bool) -> Fitted | tuple[str, list[_Misfit]]:
    """The model as that class, or what keeps it from it."""
    known, table = KINDS[kind], SCHEMES[scheme]
    keys = {"architectures": [name], "model_type": kind, **written(facts.told, {**GENERAL, **known.keys})}
    sizes = {size: count for size, (_, count) in facts.told.sizes.items()}
    found = [*places(table, facts.blocks, _sharing(facts), part=part)]
    try:
        told = told_in(Config(Path("config.json"), keys))
        misfits = _misfits(facts, known, told, _read(scheme, hollow(found, sizes), told))
        taken = {block for place in found for block in place.blocks}
        if misfits or taken != facts.blocks.keys():
            odd = min(taken ^ facts.blocks.keys(), default="")
            return kind, misfits or [_Misfit(f"it has {'no' if odd in facts.blocks else 'a'} {odd}")]
        state = filled(found, facts.blocks, told.options.get("rotary"))
        for dtype in (np.float32, np.float64):
            saved = {entry: value.astype(dtype) for entry, value in state.items()}
            if same(_read(scheme, saved, told).blocks, facts.blocks):
                return Fitted(
                    kind, name, keys, {**saved, **further(SCHEMES[known.classes[name][0]], saved, sizes["width"])}
                )
    except UserError as error:
        return kind, [_Misfit(str(error))]
    return kind, [_Misfit("its numbers would come back otherwise")]


def _sharing(facts: Facts) -> Sharing:
    """How the numbers of the model are shared out, in its one stack or in both."""
    o = facts.options
    heads, layers = o.get("heads", 1), o.get("layers", 1)
    several = {"encoder": heads, "decoder": o.get("decoder_heads", heads)}
    return Sharing(
        {stack: o.get(f"{stack}_layers", layers) for stack in several},
        several,
        {stack: o.get("kv_heads", count) for stack, count in several.items()},
    )


def _read(scheme: str, state: Mapping[str, Array], told: Told) -> Checkpoint:
    """What a state dict is read as, with what is told beside it."""
    o = told.options
    heads, turning = o.get("heads", 1), o.get("rotary")
    return load(scheme, state, heads, untied=True, decoder_heads=o.get("decoder_heads"), rotary=turning)


def _misfits(facts: Facts, known: Kind, told: Told, read: Checkpoint) -> list[_Misfit]:
    """The options that the model would come back with otherwise than it has them."""
    entry, words = MODELS[facts.model], ("classes", "answers")
    wanted = {"epsilon", "activation", *entry.told, *(words if "classes" in read.sizes else ())}
    options = read.options | {name: value for name, value in told.options.items() if name in wanted}
    options = {name: value for name, value in options.items() if name not in (*OF_PAIRS, *ELSEWHERE)}
    theirs = options_of(facts.model, replace(facts.sizes, options=options)) | dict(known.fixed)
    if theirs.get("pad"):  # it is the word of that number, whatever it is called
        theirs["pad"] = dict(enumerate(facts.words)).get(PAD_NUMBER)
    ours = dict(facts.options)
    if not ours.get("local"):
        ours.pop("window", None)
    found = [
        _Misfit(name, ours[name], theirs[name])
        for name in ours
        if name in theirs and name not in ELSEWHERE and ours[name] != theirs[name]
    ]
    otherwise = told.misfit({**read.sizes, **read.options})
    return found or ([_Misfit(f"it would say {otherwise}")] if otherwise else [])


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | str) else f"{value!s:.40}"
