"""Which blocks of a model arrays are, by the names that they bear."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from xltransformer.building.instance import Instance
from xltransformer.graph import Array, Matrix
from xltransformer.models import HEADS
from xltransformer.record import record
from xltransformer.text import listed, nearest_block
from xltransformer.weights.dealing import deal
from xltransformer.weights.schemes import SCHEMES, Entry


@record(eq=False)
class Given:
    """An array under its name, and the block that it is; None, with the reason in words, where it is none."""

    name: str
    value: Array
    block: Matrix | None = None
    why: str = ""


def taken(arrays: Mapping[str, Array], instance: Instance) -> list[Given]:
    """The arrays as blocks: by the block's name, by the end of it where that is one block's alone, an array of all
    heads (h x n x m) as each head's, and by a published name of the model's weights."""
    return [one for name, value in arrays.items() for one in _taken(name, value, instance)]


def _taken(name: str, value: Array, instance: Instance) -> list[Given]:
    blocks = instance.model.blocks
    value = (
        value.reshape(value.shape[-2:]) if value.ndim > 2 and value.size == np.prod(value.shape[-2:]) else value
    )
    if name in blocks:
        return [_fitted(name, value, blocks[name])]
    if value.ndim == 3 and (heads := _of_heads(name, blocks, len(value))):
        return [_fitted(f"{name}[{k}]", value[k], head) for k, head in enumerate(heads)]
    if published := _published(name, value, instance):
        return published
    ends = [block for known, block in blocks.items() if known.lower().endswith(f".{name.lower()}")]
    if len(ends) == 1:
        return [_fitted(name, value, ends[0])]
    if ends:
        return [Given(name, value, why=f"{len(ends)} blocks are called so: {listed([e.name for e in ends], 2)}")]
    near = nearest_block(name, blocks)
    return [Given(name, value, why=f"did you mean {near}?" if near else "no block is called so")]


def _fitted(name: str, value: Array, block: Matrix) -> Given:
    """An array as that block: one row or column of numbers may come without its second axis."""
    if block.text:
        return Given(name, value, why=f"{block.name} holds texts, not numbers")
    if value.ndim < 2 and value.size == block.size and 1 in block.shape:
        value = value.reshape(block.shape)
    return Given(name, value, block)


def _of_heads(name: str, blocks: Mapping[str, Matrix], count: int) -> list[Matrix]:
    """The block of every head where a name has no number of a head: `0.head.Q`, or `0.Q`; none where there are
    others than so many."""
    before, dot, last = name.rpartition(".")
    for part in ("head", "group"):
        prefix = before.removesuffix(f"{part}s").removesuffix(part).removesuffix(".")
        prefix = f"{prefix}{dot}" if prefix else ""
        names = [f"{prefix}{part}.{k}.{last}" for k in range(count + 1)]
        if [known in blocks for known in names] == [True] * count + [False]:
            return [blocks[known] for known in names[:-1]]
    return []


def _published(name: str, value: Array, instance: Instance) -> list[Given]:
    """The blocks of an entry of a published state dict; none where the model has no such."""
    options = instance.sizes.options
    heads = int(options.get("heads", HEADS))
    groups = int(options.get("kv_heads", heads))
    for scheme in (SCHEMES[one] for one in instance.template.entry.schemes):
        (theirs, *_) = scheme.published({name: value})
        for entry in scheme.entries:
            pattern = re.escape(entry.name).replace(r"\{layer\}", r"(?P<layer>\d+)")
            found = re.fullmatch(pattern, theirs)
            if found is None or value.ndim != len(entry.shape) or not entry.blocks:
                continue
            return _dealt(name, value, entry, (int(found.groupdict().get("layer", 0)), heads, groups), instance)
    return []


def _dealt(name: str, value: Array, entry: Entry, how: tuple[int, int, int], instance: Instance) -> list[Given]:
    try:
        dealt = dict(deal(entry, value[entry.unused :], *how, instance.sizes.options.get("rotary")))
    except ValueError:  # its columns cannot be shared out
        return [Given(name, value, why=f"{value.shape} cannot be shared out among {how[1]} heads")]
    blocks = instance.model.blocks
    return [_fitted(name, part, blocks[block]) for block, part in dealt.items() if block in blocks]
