"""What files beside weights tell of a model, and how each of their keys is decided on.

A decision holds both ways: it tells what a key means (`tell`), and writes the key that would tell it (`write`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from xltransformer.bounds import read_bytes
from xltransformer.checked import is_number, is_whole
from xltransformer.errors import UserError
from xltransformer.record import record
from xltransformer.weights.ours import Own

MOST_BYTES = 10_000_000


@record
class Told:
    """What is told of a model beside its weights: `options` of ours; `sizes` that the weights must have, by the
    names that a checkpoint or its options have for them, each with the words of the file and the value;
    `layers`, how many are taken, where that is told; whether the output's weights are the embeddings (`tied`);
    the `schemes` of names that the weights may have, the likeliest first, any where there are none; where
    writing ends, the numbers of the words in `ends`; that of the word with which a target begins (`start`) and of
    the one that is `never` written; lines about writing for the user in `notes`; the `pieces` that a text may
    have, and whether it must be in `small` letters; the file of the weights of a `dense` layer behind; what
    such a `model` is called; and all that weights of our `own` tell."""

    options: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    layers: tuple[str, int] | None = None
    tied: bool | None = None
    schemes: tuple[str, ...] = ()
    ends: tuple[int, ...] = ()
    start: int | None = None
    never: int | None = None
    notes: tuple[str, ...] = ()
    pieces: int | None = None
    small: bool = False
    dense: Path | None = None
    model: str = ""
    own: Own | None = None

    def misfit(self, found: Mapping[str, Any]) -> str:
        """In words, the first size that is told but not found; empty where all are."""
        for name, (words, value) in self.sizes.items():
            if name in found and found[name] != value:
                return f"{words} {value}, but the weights have {found[name]}"
        return ""


@record
class Config:
    """The object in a config.json and where it lies."""

    file: Path
    keys: Mapping[str, Any]

    def refused(self, key: str, note: str = "", value: Any = None) -> UserError:
        """The error for a key whose value, or part of it, is not built, perhaps with what is."""
        said = short(self.keys.get(key) if value is None else value)
        others = f" ({note})" if note else ""
        return UserError(f"{self.file}: {key} {said} is not built{others}; without it the numbers would be wrong")

    def number(self, name: str, default: float) -> float:
        """A number above 0, else UserError."""
        value = self.keys.get(name, default)
        if not is_number(value) or value <= 0:
            raise UserError(f"{self.file}: {name} is {short(value)}; give a number above 0")
        return float(value)

    def count(self, name: str, default: int) -> int:
        """A whole number of at least 1, else UserError."""
        value = self.keys.get(name, default)
        if not is_whole(value, 1):
            raise UserError(f"{self.file}: {name} is {short(value)}; give a whole number of at least 1")
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or false, else UserError."""
        value = self.keys.get(name, default)
        if not isinstance(value, bool):
            raise UserError(f"{self.file}: {name} is {short(value)}; give true or false")
        return value


def all_with(decision: Decision, *names: str) -> dict[str, Decision]:
    """The same decision for several keys."""
    return dict.fromkeys(names, decision)


def short(value: object) -> str:
    """A value as JSON has it, or its beginning; a text bare."""
    return f"{value if isinstance(value, str) else json.dumps(value):.40}"


@record
class Number:
    """A key with a number above 0, which is the option of that name; `default` is what the library with which
    the models are published takes where the key is absent."""

    option: str
    default: float

    def tell(self, config: Config, key: str) -> Told:
        return Told({self.option: config.number(key, self.default)})

    def write(self, told: Told, key: str) -> Keys:
        return _key(key, told.options.get(self.option))


@record
class Count:
    """The same with a whole number."""

    option: str
    default: int

    def tell(self, config: Config, key: str) -> Told:
        return Told({self.option: config.count(key, self.default)})

    def write(self, told: Told, key: str) -> Keys:
        return _key(key, told.options.get(self.option))


@record
class Choice:
    """A key whose value is the name of one of ours, as `names` has them: the values of `options`."""

    options: tuple[str, ...]
    default: str
    names: Mapping[str, str]

    def tell(self, config: Config, key: str) -> Told:
        value = config.keys.get(key, self.default)
        if not isinstance(value, str) or value not in self.names:
            raise config.refused(key, f"built: {', '.join(self.names)}")
        return Told(dict.fromkeys(self.options, self.names[value]))

    def write(self, told: Told, key: str) -> Keys:
        ours = told.options.get(self.options[0])
        return _key(key, next((theirs for theirs, name in self.names.items() if name == ours), None))


@record
class Flag:
    """A key with true or false, which is the option of that name; `default`: what the library takes without it."""

    option: str
    default: bool

    def tell(self, config: Config, key: str) -> Told:
        return Told({self.option: config.flag(key, self.default)})

    def write(self, told: Told, key: str) -> Keys:
        return _key(key, told.options.get(self.option))


@record
class Size:
    """A key with a size that the weights must have, by our name; where it is absent or null they tell it."""

    size: str

    def tell(self, config: Config, key: str) -> Told:
        if config.keys.get(key) is None:
            return Told()
        return Told(sizes={self.size: (key, config.count(key, 1))})

    def write(self, told: Told, key: str) -> Keys:
        return _key(key, told.sizes[self.size][1] if self.size in told.sizes else None)


@record
class Layers:
    """How many layers are taken of those in the weights; all, where the key is absent."""

    def tell(self, config: Config, key: str) -> Told:
        return Told(layers=(key, config.count(key, 1))) if key in config.keys else Told()

    def write(self, told: Told, key: str) -> Keys:
        return _key(key, None if told.layers is None else told.layers[1])


@record
class Tied:
    """Whether the output's weights are the embeddings."""

    default: bool

    def tell(self, config: Config, key: str) -> Told:
        return Told(tied=config.flag(key, self.default))

    def write(self, told: Told, key: str) -> Keys:
        return _key(key, told.tied)


@record
class Has:
    """A key that says whether the weights have all that is named, as options of ours."""

    options: tuple[str, ...]
    default: bool

    def tell(self, config: Config, key: str) -> Told:
        value = config.flag(key, self.default)
        return Told(sizes=dict.fromkeys(self.options, (key, value)))

    def write(self, told: Told, key: str) -> Keys:
        return _key(key, told.options.get(self.options[0]))


@record
class Only:
    """A key that changes nothing with these values, and is not built with another; null stands for the first."""

    values: tuple[Any, ...]

    def tell(self, config: Config, key: str) -> Told:
        if not _among(config.keys.get(key), self.values):
            raise config.refused(key)
        return Told()

    def write(self, told: Told, key: str) -> Keys:
        return {}


@record
class Said:
    """A key that changes what is written on, unless it has one of these values, or null: that is said."""

    values: tuple[Any, ...]

    def tell(self, config: Config, key: str) -> Told:
        value = config.keys.get(key)
        if _among(value, self.values):
            return Told()
        words = (
            f"{config.file.name} writes with {key} {short(value)}; here the likeliest word is written without it"
        )
        return Told(notes=(words,))

    def write(self, told: Told, key: str) -> Keys:
        return {}


@record
class Idle:
    """A key without effect on what is computed here."""

    def tell(self, config: Config, key: str) -> Told:
        return Told()

    def write(self, told: Told, key: str) -> Keys:
        return {}


@record
class Together:
    """A key that means something with others: `read` makes of the whole config what they tell together, and
    `written` of that the keys."""

    read: Callable[[Config], Told]
    written: Callable[[Told], Keys] = lambda _: {}

    def tell(self, config: Config, key: str) -> Told:
        return self.read(config)

    def write(self, told: Told, _: str) -> Keys:
        return self.written(told)


Decision = Number | Count | Choice | Flag | Size | Layers | Tied | Has | Only | Said | Idle | Together
IDLE = Idle()
Keys = Mapping[str, Any]
"""Keys of a file with their values."""


def _key(key: str, value: Any) -> Keys:
    """A key with its value; none where there is nothing to tell."""
    return {} if value is None else {key: value}


def _among(value: Any, values: tuple[Any, ...]) -> bool:
    """Whether it is null or one of the values, which true and false are only themselves."""
    return value is None or any(
        value == one and isinstance(value, bool) == isinstance(one, bool) for one in values
    )


def decided(config: Config, decisions: Mapping[str, Decision], name: str) -> Told:
    """What a file tells, each of its keys by its decision; UserError for a key that has none."""
    for key, value in config.keys.items():
        if key not in decisions and value is not None:
            raise config.refused(key, f"no key of {name} that is known")
    return joined(decision.tell(config, key) for key, decision in decisions.items())


def written(told: Told, decisions: Mapping[str, Decision]) -> dict[str, Any]:
    """The keys of a file that tells what is told, each by its decision: `decided` read backwards."""
    return {name: value for key, one in decisions.items() for name, value in one.write(told, key).items()}


def agreed(one: Told, other: Told, files: str) -> Told:
    """What two files tell of one model; UserError where they differ."""
    for mine, theirs in ((one.options, other.options), (one.sizes, other.sizes)):
        for key in {*mine} & {*theirs}:
            a, b = (x[key] if mine is one.options else x[key][1] for x in (mine, theirs))
            if a != b:
                raise UserError(f"{files} differ: {key} is {a} and {b}; leave one of them out")
    return joined((one, other))


def joined(told: Iterable[Told]) -> Told:
    """What several tell, of one model."""
    whole = Told()
    for one in told:
        whole = Told(
            {**whole.options, **one.options},
            {**whole.sizes, **one.sizes},
            one.layers or whole.layers,
            whole.tied if one.tied is None else one.tied,
            one.schemes or whole.schemes,
            one.ends or whole.ends,
            whole.start if one.start is None else one.start,
            whole.never if one.never is None else one.never,
            (*whole.notes, *one.notes),
            whole.pieces if one.pieces is None else one.pieces,
            whole.small or one.small,
            one.dense or whole.dense,
            one.model or whole.model,
            one.own or whole.own,
        )
    return whole


def object_in(file: Path, remedy: str = "") -> Mapping[str, Any]:
    """The object in a JSON file, an empty one where there is no file; UserError for anything else."""
    data = read_json(file, remedy)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise UserError(f"{file} holds no object; mend it{remedy}")
    return data


def read_json(file: Path, remedy: str = "") -> Any:
    """What a JSON file holds, None where there is no file; UserError where it is none."""
    if not file.is_file():
        return None
    try:
        return json.loads(read_bytes(file, MOST_BYTES))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file} is no JSON ({error}); mend it{remedy}") from None
