"""What is to be told of a model when it leaves: every option as it holds, its words, and its weights."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any

import numpy as np

from xltransformer.building.instance import Instance
from xltransformer.cutting import Cutting
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix
from xltransformer.models import Sizes, build_model
from xltransformer.ops import SwitchedOn
from xltransformer.record import record
from xltransformer.weights.told import Told

_END = re.compile(r"output\.end(_\d+)?")
"""The constants that hold the words after which nothing is written."""


@record
class _Noted(Sizes):
    """Sizes that note every option as a model takes it, its default where it has no other."""

    found: dict[str, Any] = field(default_factory=dict)

    def _take(self, name: str, default: Any, fits: Callable[[Any], bool], wanted: str) -> Any:
        value = self.found[name] = super()._take(name, default, fits, wanted)
        return value


def options_of(model: str, sizes: Sizes) -> dict[str, Any]:
    """Every option of a model of these sizes, as it holds. UserError for sizes that make no sense."""
    noted = _Noted(sizes.slots, sizes.vocabulary, sizes.width, sizes.options, sizes.switch_words)
    build_model(model, noted, forward_only=True)
    return noted.found


@record
class Facts:
    """Of an instance: its `model`, every option as it holds, the sizes by which it is built, the words of its
    rows, without the empty ones, and its weights and embeddings by block, for these words; `told` is what files
    beside its weights have to tell, `cutting` how a text becomes words, and `chance` by what words
    are chosen as its switches stand; empty where the likeliest one is."""

    model: str
    options: Mapping[str, Any]
    sizes: Sizes
    words: tuple[str, ...]
    blocks: Mapping[str, Array]
    told: Told
    cutting: Cutting
    chance: Mapping[str, float]


def facts_of(instance: Instance) -> Facts:
    """What is to be told of an instance, with whatever was edited in it.

    Rows of made-up words are left out, as nothing knows them; so are empty rows. Learned positions are all that
    its template has. UserError for a word that stands twice, and for an edited number that no option gives.
    """
    model, inputs = instance.model, instance.inputs
    known = model.vocabulary
    texts = ["" if word is None else str(word) for word in inputs[known.words.name].ravel()]
    rows = [k for k, word in enumerate(texts) if word and word not in instance.made_up]
    words = tuple(texts[k] for k in rows)
    twice = next((word for k, word in enumerate(words) if word in words[:k]), None)
    if twice is not None:
        raise UserError(f"the word {twice!r:.60} stands twice in the vocabulary: leave one of them out")
    learned = [block for block in model.inputs if block.role in ("parameter", "embedding")]
    blocks = {block.name: _of_words(block, known.words, _whole(block, instance), rows) for block in learned}
    places = model.learned_positions
    longest = 0 if places is None else len(blocks[places.name]) - ("pad" in instance.sizes.options)
    slots = tuple(max(slots, longest) for slots in instance.sizes.slots)
    sizes = replace(instance.sizes, slots=slots, vocabulary=len(words))
    options = {**options_of(instance.template.model, sizes), **_edited(instance)}
    told = _told(instance, options, sizes, blocks, words)
    return Facts(
        instance.template.model, options, sizes, words, blocks, told, instance.template.cut, _chance(instance)
    )


def _whole(block: Matrix, instance: Instance) -> Array:
    """The values of a block; of learned positions also those beyond the places of the sentences."""
    value = instance.inputs[block.name]
    given = instance.template.weights.get(block.name)
    longer = block.row_per_place and given is not None and len(given) > len(value)
    return given if longer and given is not None else value


def _of_words(block: Matrix, words: Matrix, value: Array, rows: list[int]) -> Array:
    """A block with the rows, or columns, of some words only, where it has one for each."""
    value = value[rows] if block.rows.source is words else value
    return value[:, rows] if block.columns.source is words else value


def _edited(instance: Instance) -> dict[str, Any]:
    """The options that stand in cells as constants, or as names of classes, as they are there now."""
    model, found = instance.model, dict[str, Any]()
    asked = options_of(instance.template.model, instance.sizes)
    computing = {block.name for block in model.needed([goal.result for goal in model.goals], ())}
    for block in (block for block in model.inputs if block.role == "constant"):
        value = instance.inputs[block.name]
        if block.last_name in asked:
            found[block.last_name] = str(value.item()) if block.text else float(value.item())
        elif block.name in computing and (value != block.default).any():
            raise UserError(f"{block.name} is {value.item()!r}, which no published model has: set it back")
    if model.classes is not None:
        found["classes"] = [str(name) for name in instance.inputs[model.classes.name].ravel()]
    return found


def _chance(instance: Instance) -> dict[str, float]:
    """The temperature, top-k and top-p by which a model writes as its switches stand; nothing where it chooses the
    likeliest word."""
    turned = {block.last_name: block for block in instance.model.switches}
    choose = turned.get("choose")
    if choose is None or choose.turned_by is None:
        return {}
    if SwitchedOn(choose.turned_by).value(instance.inputs[choose.name]).item() != 1:
        return {}
    numbers = {name: instance.inputs[turned[name].name].item() for name in ("temperature", "top_k", "top_p")}
    return {**numbers, "top_k": int(numbers["top_k"])}


def _told(
    instance: Instance,
    options: Mapping[str, Any],
    sizes: Sizes,
    blocks: Mapping[str, Array],
    words: tuple[str, ...],
) -> Told:
    """What the files beside the weights have to tell."""
    inputs, number = instance.inputs, {word: k for k, word in enumerate(words)}
    places = instance.model.learned_positions
    heads, kv = options.get("heads", 1), options.get("kv_heads", options.get("heads", 1))
    counted = {
        **{name: value for name, value in options.items() if isinstance(value, int)},
        "width": sizes.width,
        "vocabulary": len(words),
        "queries": heads * options.get("d_k", 1),
        "keys": kv * options.get("d_k", 1),
        "classes": len(options.get("classes") or ()),
        "model.encoder.layers.": options.get("encoder_layers", 1),
        "model.decoder.layers.": options.get("decoder_layers", 1),
    }
    if places is not None:
        counted["positions"] = len(blocks[places.name]) + ("pad" in options and options["pad"] is not None)
    ends = [str(inputs[block.name].item()) for block in instance.model.inputs if _END.fullmatch(block.name)]
    begins = (
        str(inputs[instance.model.sentences[-1].words.name].ravel()[0]) if instance.template.entry.pair else ""
    )
    return Told(
        options,
        {name: ("", int(count)) for name, count in counted.items() if count},
        layers=("", int(options["layers"])) if "layers" in options else None,
        tied=options.get("tied"),
        ends=tuple(number[word] for word in ends if word in number),
        start=number.get(begins),
        never=number.get(str(options.get("never"))),
    )


def same(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    """Whether two models have the same blocks, to the last bit."""
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape and np.array_equal(one[name], other[name]) for name in one
    )
