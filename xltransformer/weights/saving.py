"""A published state dict from blocks of ours: what `checkpoint.load` reads, written; and its file."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from xltransformer.graph import Array
from xltransformer.record import record
from xltransformer.weights.checkpoint import entry_size
from xltransformer.weights.dealing import blocks_of, gather
from xltransformer.weights.schemes import Entry, Scheme

Blocks = Mapping[str, Array]


@record
class Sharing:
    """How the numbers of a model are shared out: its `layers`, by stack; in each its `heads`, and how many
    `groups` of them there are."""

    layers: Mapping[str, int]
    heads: Mapping[str, int]
    groups: Mapping[str, int]


@record
class Place:
    """An entry of a state dict by its full `name`: its row of the table, its layer, its heads and groups."""

    name: str
    entry: Entry
    layer: int
    heads: int
    groups: int

    @property
    def blocks(self) -> list[str]:
        """The names of the blocks that it holds."""
        return blocks_of(self.entry, self.layer, self.heads, self.groups)


def places(scheme: Scheme, there: Collection[str], shared: Sharing, *, part: bool) -> Iterator[Place]:
    """The entries that a state dict of the scheme has where these blocks are `there`, those too that it cannot be
    without; without the `part` that may be missing those of it are left out."""
    for entry in scheme.entries:
        if not entry.blocks or (scheme.part and not part and entry.name.startswith(scheme.part)):
            continue
        how = shared.heads.get(entry.stack, 1), shared.groups.get(entry.stack, 1)
        for layer in range(shared.layers[entry.stack] if entry.group else 1):
            place = Place(entry.name.replace("{layer}", str(layer)), entry, layer, *how)
            if not entry.optional or all(block in there for block in place.blocks):
                yield place


def hollow(found: Iterable[Place], sizes: Mapping[str, int]) -> dict[str, Array]:
    """A state dict of zeros."""
    return {place.name: np.zeros([entry_size(symbol, sizes) for symbol in place.entry.shape]) for place in found}


def filled(found: Iterable[Place], blocks: Blocks, rotary: int | None) -> dict[str, Array]:
    """The state dict that holds the blocks; KeyError for one that is not there."""
    return {
        place.name: gather(place.entry, blocks, place.layer, place.heads, place.groups, rotary) for place in found
    }


def further(scheme: Scheme, state: Blocks, width: int) -> dict[str, Array]:
    """The entries that are the same as others of a state dict, and what the library's class has beside."""
    twice = {entry.name: state[entry.same] for entry in scheme.entries if entry.same in state}
    if not scheme.beside:
        return twice
    dtype = next(iter(state.values())).dtype
    zeros = {"weight": np.zeros((width, width), dtype), "bias": np.zeros(width, dtype)}
    return twice | {f"{scheme.beside}.{name}": value for name, value in zeros.items()}


_TYPES = {"<f8": "F64", "<f4": "F32"}


def safetensors(state: Blocks) -> bytes:
    """Arrays in single or double precision as the bytes of a .safetensors file (see `files`): the length of its
    header (8 bytes), the header (JSON), the arrays."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    parts, at = [], 0
    for name, value in state.items():
        little = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
        data = little.tobytes()
        header[name] = {
            "dtype": _TYPES[little.dtype.str], "shape": [*value.shape], "data_offsets": [at, at + len(data)]
        }  # fmt: skip
        parts.append(data)
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])
