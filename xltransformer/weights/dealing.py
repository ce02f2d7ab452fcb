"""The numbers of one published entry and those of our blocks, as a row of a scheme's table ties them: dealt out to
the blocks, and gathered from them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from xltransformer.graph import Array
from xltransformer.weights.schemes import Entry


def deal(
    entry: Entry, value: Array, layer: int, heads: int, groups: int, rotary: int | None
) -> Iterator[tuple[str, Array]]:
    """The blocks of one entry of a layer, by their names: its columns dealt out to them, and among the heads or
    their groups, of which so many columns of queries and keys turn (`rotary`, None for all)."""
    matrix = value.reshape(1, -1) if value.ndim == 1 else value.T if entry.transposed else value
    if entry.by_head:
        each = matrix.reshape(len(matrix), heads, len(entry.blocks), -1)
        matrix = each.swapaxes(1, 2).reshape(matrix.shape)
    parts = np.hsplit(matrix, len(entry.blocks)) if entry.blocks else []
    for number, (names, part) in enumerate(zip(_names(entry, layer, heads, groups), parts, strict=True)):
        for name, own in zip(names, np.hsplit(part, len(names)), strict=True):
            yield name, own[:, _order(own, rotary)] if number in entry.halves else own.copy()


def gather(
    entry: Entry, blocks: Mapping[str, Array], layer: int, heads: int, groups: int, rotary: int | None
) -> Array:
    """The entry of a layer from its blocks: `deal` read backwards. KeyError for a block that is not there."""
    parts = []
    for number, names in enumerate(_names(entry, layer, heads, groups)):
        for name in names:
            own = blocks[name]
            parts.append(own[:, np.argsort(_order(own, rotary))] if number in entry.halves else own)
    matrix = np.hstack(parts)
    if entry.by_head:
        each = matrix.reshape(len(matrix), len(entry.blocks), heads, -1)
        matrix = each.swapaxes(1, 2).reshape(matrix.shape)
    if len(entry.shape) == 1:
        return matrix.reshape(-1)
    value = matrix.T if entry.transposed else matrix
    return np.vstack([np.zeros((entry.unused, value.shape[1])), value])


def blocks_of(entry: Entry, layer: int, heads: int, groups: int) -> list[str]:
    """The names of all blocks of an entry in a layer."""
    return [name for names in _names(entry, layer, heads, groups) for name in names]


def _names(entry: Entry, layer: int, heads: int, groups: int) -> list[list[str]]:
    """For each block of an entry the names of those that it stands for, one for each head or group, where it has
    such."""
    found = []
    for block in entry.blocks:
        block = block.replace("{layer}", str(layer))
        if groups == heads:  # as many groups as heads: each head has its own
            block = block.replace("group.{group}", "head.{head}")
        count = heads if "{head}" in block else groups if "{group}" in block else 1
        found.append([block.replace("{head}", str(k)).replace("{group}", str(k)) for k in range(count)])
    return found


def _order(x: Array, rotary: int | None) -> Array:
    """Columns 0, r/2, 1, r/2 + 1, … of the first r, all or as many as turn: what stood half of them apart side by
    side. Queries and keys in the same new order have the same scores."""
    width = x.shape[1] if rotary is None else rotary
    order = np.arange(x.shape[1])
    if width % 2 == 0 and width <= x.shape[1]:
        order[:width] = np.arange(width).reshape(2, -1).T.ravel()
    return order
