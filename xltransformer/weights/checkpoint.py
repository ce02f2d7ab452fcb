"""Blocks of ours from a published state dict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array, Model
from xltransformer.nn.embedding import trimmed
from xltransformer.nn.positions import BASE
from xltransformer.record import record
from xltransformer.text import listed, nearest
from xltransformer.weights.dealing import deal
from xltransformer.weights.files import State
from xltransformer.weights.schemes import SCHEMES, Entry, Scheme


@record
class Checkpoint:
    """What a state dict holds: blocks by our names, and the sizes that its entries tell: `width`,
    `d_ff`, `vocabulary`, `positions`, and for each stack the number of its layers, such
    as `encoder` or `decoder`. `options` are those of our model that follow."""

    blocks: dict[str, Array]
    sizes: dict[str, int]
    options: dict[str, Any] = field(default_factory=dict)

    def fit(self, model: Model, words: int | None = None, *, part: bool = False) -> dict[str, Array]:
        """The values of the model's weights and embeddings, or of a `part` of them; see `trimmed` for `words`.

        Raises UserError listing the blocks that are missing, unless it is a part, surplus or misshapen.
        """
        blocks = {block.name: block for block in model.inputs if block.role in ("parameter", "embedding")}
        wanted = {name: block.shape for name, block in blocks.items()}
        values = {
            name: trimmed(value, blocks[name], words) for name, value in self.blocks.items() if name in wanted
        }
        found = {name: values.get(name, value).shape for name, value in self.blocks.items()}
        _compare("the weights do not fit the model", found, wanted, wanted if part else ())
        return values


def load(
    scheme: str,
    state: State,
    heads: int,
    *,
    layers: int | None = None,
    rows: Sequence[int] | None = None,
    untied: bool = False,
    decoder_heads: int | None = None,
    rotary: int | None = None,
) -> Checkpoint:
    """Our blocks from a state dict; the number of heads is the one size that no entry tells (`decoder_heads` are
    those of a decoder beside an encoder, where they differ), and with rotary positions how many columns of queries
    and keys turn (`rotary`, None for all).

    Of each stack only the first `layers` are taken, of the vocabulary only the `rows` given (from 0):
    nothing else is read from disk. Weights of the output that are those of the embeddings give no block, unless
    they are `untied`. Raises UserError for an unknown scheme, for heads that do not
    divide the width, and for a state dict with missing, surplus or misshapen entries.
    """
    if scheme not in SCHEMES:
        raise UserError(f"no scheme {scheme!r} of names: give one of {', '.join(SCHEMES)}")
    table = SCHEMES[scheme]
    if (name := next((name for name in table.published(state) if name in table.refused), None)) is not None:
        raise UserError(f"{name}: {table.refused[name]}; give an attention without")
    there, state = table.layers(state), table.published(state)
    wanted = _wanted(table, state, there)
    sizes = _read_sizes(wanted, state)
    biased = any(name.endswith("bias") for name in state)  # PyTorch's modules know bias=False
    _check(scheme, state, wanted, sizes, biased)
    groups = _groups(sizes, heads)
    if sizes.get("heads", heads) != heads:
        raise UserError(f"{heads} heads do not go with a bias for {sizes['heads']}; give heads={sizes['heads']}")
    own = heads if decoder_heads is None else decoder_heads
    shared = {"decoder": (own, _groups(sizes, own))} if "decoder_d_ff" in sizes else {}
    taken = {group: count if layers is None else min(count, layers) for group, count in there.items()}
    blocks: dict[str, Array] = {}
    for name, (entry, k) in wanted.items():
        if name not in state or (entry.group and k >= taken[entry.group]):
            continue
        value = finite(name, _rows_of(entry, state[name], rows))
        _check_same(name, entry, state, rows)
        if not untied and entry.tied in state and np.array_equal(value, _rows_of(entry, state[entry.tied], rows)):
            continue
        blocks |= deal(entry, value, k, *shared.get(entry.stack, (heads, groups)), rotary)
    stacks = {entry.blocks[0].partition(".")[0]: taken[entry.group] for entry in table.entries if entry.group}
    options = _options(table, blocks, sizes, stacks, heads, biased)
    if shared:
        options |= {"decoder_heads": own, "decoder_d_ff": sizes["decoder_d_ff"]}
    options |= {"kv_heads": groups} if "queries" in sizes else {}
    options |= {"segments": sizes["segments"]} if "segments" in sizes else {}
    return Checkpoint(blocks, sizes | stacks, options)


_Wanted = Mapping[str, tuple[Entry, int]]
"""Entries by their names in the state dict, each with the number of its layer."""


def _wanted(table: Scheme, state: State, there: Mapping[str, int]) -> _Wanted:
    """The entries that a state dict with so many layers in each group has."""
    whole = not table.part or any(name.startswith(table.part) for name in state)
    return {
        entry.name.replace("{layer}", str(k)): (entry, k)
        for entry in table.entries
        if whole or not entry.name.startswith(table.part)
        for k in range(there[entry.group] if entry.group else 1)
    }


def _check(scheme: str, state: State, wanted: _Wanted, sizes: Mapping[str, int], biased: bool) -> None:
    """Raise UserError where the state dict has other entries than are wanted, or of other shapes."""
    optional = {n for n, (entry, _) in wanted.items() if entry.optional or (n.endswith("bias") and not biased)}
    shapes = {name: tuple(entry_size(n, sizes) for n in entry.shape) for name, (entry, _) in wanted.items()}
    found = {name: state[name].shape for name in (*wanted, *state) if name in state}  # in the order of the scheme
    try:
        _compare(f"this is no state dict of the scheme {scheme}", found, shapes, optional)
    except UserError:
        if not _lies_turned(state, wanted, optional):
            raise
        ways = ["(outputs x inputs), as PyTorch's Linear has them", "(inputs x outputs), as Conv1D has them"]
        theirs, ours = ways[::-1] if SCHEMES[scheme].transposed else ways
        raise UserError(
            f"its matrices lie as {theirs}, but those of {scheme} as {ours}: transpose every linear map, square "
            "ones too"
        ) from None


def _lies_turned(state: State, wanted: _Wanted, optional: Collection[str]) -> bool:
    """Whether a state dict would have the shapes that are wanted if all its linear maps lay the other way: those
    that are square cannot tell, the others do."""

    def turned(name: str) -> Array:
        shape = state[name].shape
        entry = wanted[name][0] if name in wanted else None
        linear = entry is not None and len(entry.shape) == 2 and entry.shape[0] not in _TABLES
        return np.broadcast_to(0.0, shape[::-1] if linear else shape)

    other = {name: turned(name) for name in state}
    sizes = _read_sizes(wanted, other)
    shapes = {name: tuple(entry_size(n, sizes) for n in entry.shape) for name, (entry, _) in wanted.items()}
    try:
        _compare("", {name: value.shape for name, value in other.items()}, shapes, optional)
    except UserError:
        return False
    return True


_TABLES = ("vocabulary", "positions", "segments")
"""Sizes of what has a row for each word, place or segment, and is looked up."""


def _check_same(name: str, entry: Entry, state: State, rows: Sequence[int] | None) -> None:
    """UserError for an entry that is not what it must be the same as."""
    if entry.same in state:
        there, wanted = (_rows_of(entry, state[one], rows) for one in (name, entry.same))
        if there.shape != wanted.shape or not np.array_equal(there, wanted):
            raise UserError(
                f"{name} is not the same as {entry.same}, which is not built; give a model that shares it"
            )
    if entry.sines:
        there = np.asarray(state[name], dtype=float)
        wanted = sines(*there.shape)
        if np.abs(there - wanted).max(initial=0.0) > NEARLY:
            raise UserError(f"{name} holds other positions than sines and cosines, which is not built")


NEARLY = 1e-3
"""How near numbers of half precision are to what they were."""


def sines(places: int, width: int) -> Array:
    """The positions of `nn.positions.sinusoidal` with `halves`, (places x width)."""
    half = (width + 1) // 2
    pair = np.arange(width) % half
    angle = np.arange(places)[:, None] / BASE ** (2 * pair / width)
    return np.where(np.arange(width) < half, np.sin(angle), np.cos(angle))


def _groups(sizes: Mapping[str, int], heads: int) -> int:
    """How many keys and values the heads share; UserError for heads that cannot be."""
    queries = sizes.get("queries", sizes["width"])
    if heads < 1 or queries % heads:
        raise UserError(f"{heads} heads do not divide the width {queries} of the weights; give heads=…")
    each = queries // heads
    if sizes.get("d_k", each) != each:
        raise UserError(f"{heads} heads of width {each} do not go with norms {sizes['d_k']} wide; give heads=…")
    groups, rest = divmod(sizes.get("keys", queries), each)
    if rest or heads % groups:
        raise UserError(f"{heads} heads of width {each} do not go with keys {sizes['keys']} wide; give heads=…")
    return groups


def finite(name: str, value: Array) -> Array:
    """An array, or UserError where it holds something that no cell can."""
    if not np.isfinite(value).all():
        raise UserError(f"{name} holds {value[~np.isfinite(value)][0]}; give finite numbers")
    return value


def _rows_of(entry: Entry, value: Any, rows: Sequence[int] | None) -> Array:
    """The numbers of an entry in double precision; of one for each word of the vocabulary only the
    `rows` given."""
    value = value[entry.unused :] if entry.unused else value
    if rows is not None and "vocabulary" in entry.shape:
        taken = np.asarray(rows, dtype=int)
        value = value[taken] if entry.shape[0] == "vocabulary" else value[:, taken]
    double = np.asarray(value, dtype=float)
    return double if getattr(value, "dtype", None) == double.dtype else nine_digits(double)


def nine_digits(x: Array) -> Array:
    """Numbers of single precision to the nine digits that tell them apart, instead of the seventeen of
    double precision: the workbook is half as large, and none changes by more than 5e-10 of itself."""
    size = np.floor(np.log10(np.abs(np.where(x == 0, 1.0, x))))
    up, down = 10.0 ** np.clip(8 - size, 0, 22), 10.0 ** np.clip(size - 8, 0, 22)  # powers that are exact
    return np.where(np.abs(8 - size) <= 22, np.round(x * up / down) / up * down, x)


def _options(
    table: Scheme,
    blocks: Mapping[str, Array],
    sizes: Mapping[str, int],
    stacks: Mapping[str, int],
    heads: int,
    biased: bool,
) -> dict[str, Any]:
    """The options of our model that make it as large as the weights, and of their kind."""
    each = sizes.get("queries", sizes["width"]) // heads
    if not stacks:  # one attention by itself
        return {"heads": heads, "d_k": each, "d_v": each, "biases": biased, **table.options}
    layers = next(iter(stacks.values()))
    return {
        "layers": layers,
        **({f"{stack}_layers": count for stack, count in stacks.items()} if len(stacks) > 1 else {}),
        **{"heads": heads, "d_k": each, "d_v": each, "d_ff": sizes["d_ff"], "rms": False, "biases": biased},
        **table.options,
        **{option: block in blocks for option, block in table.present.items()},
        **{option: block not in blocks for option, block in table.absent.items()},
    }


def _read_sizes(wanted: _Wanted, state: State) -> dict[str, int]:
    """Each size as most entries have it, so that one misshapen entry is named and not all others."""
    votes: dict[str, Counter[int]] = {}
    for name, (entry, _) in wanted.items():
        if name in state and len(state[name].shape) == len(entry.shape):
            for symbol, size in zip(entry.shape, state[name].shape, strict=True):
                times, _, bare = symbol.rpartition("*")
                if bare.isdecimal():
                    continue
                votes.setdefault(bare, Counter())[size // int(times or 1)] += 1
    return {"width": 1} | {symbol: counter.most_common(1)[0][0] for symbol, counter in votes.items()}


def entry_size(symbol: str, sizes: Mapping[str, int]) -> int:
    """A size of an entry, such as 3*width, as a number."""
    times, _, bare = symbol.rpartition("*")
    return int(times or 1) * (int(bare) if bare.isdecimal() else sizes.get(bare, 0))


Shapes = Mapping[str, tuple[int, ...]]
MOST_COMPLAINT = 200
"""How long a complaint may be: with the file before it and a hint after it, it fits into 300 characters."""
MOST_NAMED = 4
"""How many names of a kind a complaint tells; only to these is the nearest looked for."""


def _compare(what: str, found: Shapes, wanted: Shapes, optional: Collection[str] = ()) -> None:
    """Raise UserError naming the first of what is missing, surplus or misshapen, if anything is."""

    def sized(shape: tuple[int, ...]) -> str:
        return "x".join(map(str, shape)) or "one number"

    misshapen = [(n, shape, wanted[n]) for n, shape in found.items() if shape != wanted.get(n, shape)]
    surplus = [name for name in found if name not in wanted]
    faults = {
        "missing": [name for name in wanted if name not in found and name not in optional],
        "surplus": [*(_unknown(name, wanted) for name in surplus[:MOST_NAMED]), *surplus[MOST_NAMED:]],
        "misshapen": [f"{n} ({sized(shape)}, expected {sized(expected)})" for n, shape, expected in misshapen],
    }
    if not any(faults.values()):
        return
    for most in range(MOST_NAMED, 0, -1):
        told = f"{what}: " + "; ".join(f"{kind}: {listed(n, most)}" for kind, n in faults.items() if n)
        if len(told) <= MOST_COMPLAINT:
            break
    raise UserError(told if len(told) <= MOST_COMPLAINT else told[: MOST_COMPLAINT - 1] + "…")


def _unknown(name: str, wanted: Collection[str]) -> str:
    """A name that is not wanted, with the one that it was perhaps meant to be."""
    near = nearest(name, wanted, 0.85)
    return name if near is None else f"{name} (did you mean {near}?)"
