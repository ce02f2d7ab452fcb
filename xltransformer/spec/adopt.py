"""A template that takes its weights from a file, and its sizes and words with them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.models import HEADS, Sizes
from xltransformer.spec.settings import Settings
from xltransformer.spec.template import Template, WordTable, draw_words, read_text
from xltransformer.text import MOST_TEXT, clean, word_key
from xltransformer.weights import SCHEME_OF, Checkpoint, State, listed, load, read_state

_OUR_NAMES = re.compile(r"(.*\.)?(W(_[^.]+)?|gain)")
"""Names that our blocks have, and no published state dict: every model with weights has one."""


@dataclass(frozen=True)
class Adopted:
    """A template with the weights of a file. `complete` is whether they are to be all that the model
    has, `embedded` whether they bring embeddings."""

    template: Template
    complete: bool
    embedded: bool
    warnings: tuple[str, ...]


def adopt(template: Template, path: Path, settings: Settings, tokens: Sequence[str] | None, most: int) -> Adopted:
    """The template with the weights of an .npz or .safetensors file, under the published names of
    its model or under our blocks' names.

    What a file under published names tells of sizes holds, and settings must not say otherwise;
    the number of heads is the template's. `tokens` name the rows of the vocabulary, where it has
    any. Raises UserError for what does not fit, and for more than `most` numbers.
    """
    state = _checked(read_state(path), path)
    ours = any(_OUR_NAMES.fullmatch(name) for name in state)
    checkpoint = Checkpoint(state, {}) if ours else _published(template, state, path)
    numbers = sum(value.size for value in checkpoint.blocks.values())
    if numbers > most:
        raise UserError(f"{path} holds {numbers:,} numbers; at most {most:,} are built: use a smaller model")
    for name, told in {**checkpoint.options, **_width(checkpoint)}.items():
        if settings.get(name, told) != told:
            raise UserError(f"setting {name} is {settings[name]!r}, but {path} has {told!r}: leave it out")
    warnings = []
    if "heads" in checkpoint.options and "heads" not in settings:
        warnings.append(
            f"{path} does not tell the number of heads, taken to be {checkpoint.options['heads']}: "
            "--set heads=… gives another"
        )
    blocks = dict(checkpoint.blocks)
    embeddings = blocks.pop("embeddings", None)
    if embeddings is not None:
        table, said = name_rows(template, embeddings, tokens)
    else:
        table, said = _words_of_width(template, checkpoint.sizes.get("width"))
    return Adopted(
        replace(template, table=table, sizes={**template.sizes, **checkpoint.options}, weights=blocks),
        ours,
        embeddings is not None,
        (*warnings, *said),
    )


def _checked(state: dict[str, Array], path: Path) -> dict[str, Array]:
    for name, value in state.items():
        if not value.size:
            raise UserError(f"{path}: {name} is empty; give numbers")
        if not np.isfinite(value).all():
            raise UserError(f"{path}: {name} holds {value[~np.isfinite(value)][0]}; give finite numbers")
    return state


def _published(template: Template, state: State, path: Path) -> Checkpoint:
    scheme = SCHEME_OF.get(template.model)
    if scheme is None:
        raise UserError(
            f"{path}: the model {template.model} takes weights under the names of its own blocks only; "
            f"models for published weights: {', '.join(SCHEME_OF)}"
        )
    try:
        return load(scheme, state, Sizes((), 0, 0, template.sizes).count("heads", HEADS))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _width(checkpoint: Checkpoint) -> dict[str, int]:
    return {"d_model": checkpoint.sizes["width"]} if "width" in checkpoint.sizes else {}


def _words_of_width(template: Template, width: int | None) -> tuple[WordTable, list[str]]:
    """The template's words, drawn anew where they have another width."""
    table = template.table
    if width in (None, len(table.dimensions)):
        return table, []
    drawn = draw_words(table.words, width, template.seed, "the width of the weights")
    warning = f"the weights are {width} wide: the words of template {template.name} are drawn anew"
    return drawn, [] if table.drawn else [warning]


def with_tokens(template: Template, tokens: Sequence[str]) -> Template:
    """The template with other words, which keep their numbers where it knows them, and else are drawn."""
    names = unique(tokens)
    table = draw_words(names, len(template.table.dimensions), template.seed, "the width of the words")
    words = {name: template.table.words.get(name, numbers) for name, numbers in table.words.items()}
    return replace(template, table=replace(table, dimensions=template.table.dimensions, words=words))


def name_rows(template: Template, embeddings: Array, tokens: Sequence[str] | None) -> tuple[WordTable, list[str]]:
    """A vocabulary of given numbers: its rows are named by the tokens, else by the template's words
    as far as they go; the rest are #17 and so on, by their number from 0."""
    if embeddings.ndim != 2:
        raise UserError(f"the embeddings have {embeddings.ndim} dimensions; give a row of numbers for each word")
    rows, width = embeddings.shape
    given = list(template.table.words) if tokens is None else tokens
    if tokens is not None and len(tokens) > rows:
        raise UserError(f"the vocabulary has {len(tokens)} tokens, but the weights have rows for {rows}")
    warnings = []
    if len(given) > rows:
        warnings.append(f"the weights have rows for {rows} words; left out: {listed(given[rows:])}")
    names = unique([*given[:rows], *[""] * (rows - len(given))])
    dimensions = template.table.dimensions
    if len(dimensions) != width:
        dimensions = tuple(f"d{i}" for i in range(1, width + 1))
    return WordTable(dimensions, dict(zip(names, map(tuple, embeddings.tolist()), strict=True))), warnings


def unique(tokens: Sequence[str]) -> list[str]:
    """A name for each token that no other has, case aside: its own, or with its number behind it."""
    names: dict[str, str] = {}
    for i, token in enumerate(tokens):
        name = " ".join(clean(token).split())[: MOST_TEXT // 2]
        if not name or word_key(name) in names:
            name += f"#{i}"
        while word_key(name) in names:
            name += "#"
        names[word_key(name)] = name
    return list(names.values())


def read_tokens(path: Path) -> list[str]:
    """The tokens of a vocabulary, in the order of their numbers: a .txt file with one in each line,
    or a .json file with a list, or with an object that gives each its number from 0.

    Raises UserError for a file that cannot be read or holds something else.
    """
    suffix = path.suffix.lower()
    if suffix not in (".txt", ".json"):
        raise UserError(f"vocabulary file {path} is no .txt or .json file; save it as one")
    text = read_text(path)
    if suffix == ".txt":
        tokens = text.removesuffix("\n").replace("\r", "").split("\n")
    else:
        try:
            tokens = _listed(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path} is no vocabulary: {error}; give a list of tokens or their numbers") from None
    if not any(tokens):
        raise UserError(f"{path} has no token; give at least one")
    return tokens


_MOST_TOKENS = 1_000_000


def _listed(data: Any) -> list[str]:
    """The tokens of a JSON file in order; numbers left out have empty ones. ValueError where it is none."""
    if not isinstance(data, list | dict):
        raise ValueError("it holds neither a list nor an object")
    pairs = data.items() if isinstance(data, dict) else ((token, i) for i, token in enumerate(data))
    tokens: dict[int, str] = {}
    for token, number in pairs:
        if not isinstance(token, str):
            raise ValueError(f"token {number} is no text")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < _MOST_TOKENS:
            raise ValueError(f"the number of {token!r:.40} is {number!r:.40}")
        if number in tokens:
            raise ValueError(f"{token!r:.40} and {tokens[number]!r:.40} have the same number {number}")
        tokens[number] = token
    return [tokens.get(k, "") for k in range(max(tokens, default=-1) + 1)]
