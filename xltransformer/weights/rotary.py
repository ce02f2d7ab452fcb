"""What a config.json tells of rotary positions, of the windows of attention, and of shared keys and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xltransformer.record import record
from xltransformer.weights.told import Config, Keys, Told

LONGEST = 512
"""Tokens, more than a sentence may have: what begins only beyond is nothing to us."""
BASE = 10000.0
_BY_PAIR = {
    "factor": "factor",
    "low": "low_freq_factor",
    "high": "high_freq_factor",
    "original": "original_max_position_embeddings",
}


def rotary(config: Config, theta: str = "rope_theta", part: Part | None = None) -> Told:
    """`base`, `longer` and its numbers from `theta`, and from rope_scaling, which newer files call
    rope_parameters: what stands there holds against what stands beside. Where a `part` of each head may turn,
    `rotary` is how many of its columns do.

    Raises UserError for another kind of rotary positions, and for a key there that is not known.
    """
    given = config.keys.get("rope_scaling") or config.keys.get("rope_parameters") or {}
    if not isinstance(given, Mapping):
        raise config.refused("rope_scaling" if config.keys.get("rope_scaling") else "rope_parameters")
    base = config.number(theta, BASE) if given.get("rope_theta") is None else 0.0
    told: dict[str, Any] = {"base": base or _number(config, given, "rope_theta")}
    kind = str(given.get("rope_type", given.get("type", "default")))
    longest = config.keys.get("max_position_embeddings")
    if kind == "dynamic" and isinstance(longest, int) and longest >= LONGEST:
        kind = "default"  # until then the angles are as ever
        given = {key: value for key, value in given.items() if key not in ("factor", *_BY_PAIR.values())}
    if kind not in _TAKES:
        raise config.refused("rope_scaling of the type", f"built: {', '.join(_TAKES)}", kind)
    takes = _TAKES[kind]
    for name, value in {**_partial(config.keys), **given}.items():
        known = name in ("rope_theta", "rope_type", "type", *takes.values()) or (part and name in _PARTIAL)
        if not known and value is not None and (value != 1 or name not in _PARTIAL):
            raise config.refused(f"{name} (rotary positions)", value=value)
    longer = {"linear": {"longer": "together"}, "llama3": {"longer": "by_pair"}}.get(kind, {})
    told |= {} if part is None else {"rotary": part.columns(config, given)}
    return Told({**told, **longer, **{ours: _number(config, given, theirs) for ours, theirs in takes.items()}})


def turned(told: Told, theta: str = "rope_theta") -> Keys:
    """The keys from which `rotary` reads what is told of it."""
    kind = {"together": "linear", "by_pair": "llama3"}.get(str(told.options.get("longer")))
    base = {theta: told.options["base"]}
    if kind is None:
        return base
    numbers = {theirs: told.options[ours] for ours, theirs in _TAKES[kind].items()}
    if "original" in _TAKES[kind]:
        numbers[_TAKES[kind]["original"]] = int(told.options["original"])
    return {**base, "rope_scaling": {"rope_type": kind, **numbers}}


def turned_in_part(told: Told) -> Keys:
    """The same for GPT-NeoX, with the part of each head's columns that turns."""
    part = told.options["rotary"] / told.options["d_k"]
    return {**turned(told, "rotary_emb_base"), "rotary_pct": part}


_PARTIAL = ("partial_rotary_factor", "rotary_pct")
_TAKES: Mapping[str, Mapping[str, str]] = {"default": {}, "linear": {"factor": "factor"}, "llama3": _BY_PAIR}
"""The kinds of scaling that are built, with the numbers of each by our names."""


@record
class Part:
    """The part of each head's columns that turns, as the `key` says, or where it is absent the `default`; `heads`
    is the key with the number of heads."""

    key: str
    default: float
    heads: tuple[str, int]

    def columns(self, config: Config, given: Mapping[str, Any]) -> int:
        """How many columns turn. UserError for a part that cannot be, and for an odd number of columns."""
        key = next((name for name in _PARTIAL if given.get(name) is not None), self.key)
        part = Config(config.file, {**config.keys, **given}).number(key, self.default)
        width = config.count("hidden_size", 1) // config.count(*self.heads)
        columns = int(width * part)
        if part > 1 or columns < 2 or columns % 2:
            raise config.refused(key, f"{columns} of the {width} columns of a head would turn", part)
        return columns


def local_layers(config: Config) -> Told:
    """`local` layers and their `window` from attention_types, lists of kinds each with how often they come one
    after the other, as far as a sentence may be longer than window_size. UserError for other kinds, or too few."""
    types = config.keys.get("attention_types") or [[["global", "local"], 12]]
    try:
        kinds = [kind for some, times in types for _ in range(times) for kind in some]
    except (TypeError, ValueError):
        raise config.refused("attention_types") from None
    layers = config.keys.get("num_layers")
    fewer = isinstance(layers, int) and len(kinds) != layers
    if fewer or not {"global", "local"} >= {str(kind) for kind in kinds}:
        raise config.refused("attention_types", "built: global and local, one for each layer")
    if config.keys.get("attention_layers") not in (None, kinds):
        raise config.refused("attention_layers", "attention_types says otherwise")
    window = config.count("window_size", 256)
    local = [k for k, kind in enumerate(kinds) if kind == "local"]
    return Told({"local": local if window < LONGEST else [], "window": window})


def in_turn(told: Told) -> Keys:
    """The keys from which `local_layers` reads what is told of it."""
    local, count = told.options["local"], 0 if told.layers is None else told.layers[1]
    kinds = ["local" if k in local else "global" for k in range(count)]
    return {"attention_types": [[kinds, 1]], "window_size": int(told.options["window"])}


def _partial(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {name: keys[name] for name in _PARTIAL if name in keys}


def _number(config: Config, given: Mapping[str, Any], name: str) -> float:
    return Config(config.file, {f"{name} of rope_scaling": given.get(name)}).number(f"{name} of rope_scaling", 1)


def window(config: Config) -> Told:
    """Nothing, or UserError where words further back than a window of attention are not seen."""
    size = config.keys.get("sliding_window") if config.keys.get("use_sliding_window", True) else None
    if size is not None and not (isinstance(size, int) and size >= LONGEST):
        raise config.refused("sliding_window")
    kinds = config.keys.get("layer_types")
    allowed = ("full_attention", *(["sliding_attention"] if size else []))
    if kinds is not None and not (isinstance(kinds, list) and all(kind in allowed for kind in kinds)):
        raise config.refused("layer_types", "built: full_attention")
    return Told()


def shared_heads(config: Config, heads: int, groups: int | None, width: int | None = None) -> Told:
    """`heads`, and the sizes `kv_heads` and `d_k`, with what the library takes where they are absent: so many
    `heads`, so many `groups` of them (None: as many), and heads so wide (None: they share out the width)."""
    heads = config.count("num_attention_heads", heads)
    given = config.keys.get("num_key_value_heads", groups)
    kv = heads if given is None else config.count("num_key_value_heads", given)
    sizes = {"kv_heads": ("num_key_value_heads", kv)}
    whole = config.keys.get("hidden_size")
    if config.keys.get("head_dim", width) is not None:
        sizes["d_k"] = ("head_dim", config.count("head_dim", width or 1))
    elif isinstance(whole, int):
        sizes["d_k"] = ("hidden_size/num_attention_heads", whole // heads)
    return Told({"heads": heads}, sizes)


def sharing(told: Told) -> Keys:
    """The keys from which `shared_heads` reads what is told of it."""
    o = told.options
    return {"num_attention_heads": o["heads"], "num_key_value_heads": o["kv_heads"], "head_dim": o["d_k"]}
