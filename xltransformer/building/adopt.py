"""A template that takes its weights from a file, and its sizes and words with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xltransformer.bounds import read_text
from xltransformer.building.own import title_of, unsaid_of
from xltransformer.building.request import Request, Settings
from xltransformer.building.tables import draw_words, rows_of
from xltransformer.building.template import DEFAULT_TEMPLATE, Template, WordTable, without_claims
from xltransformer.building.unsaid import assumed, unsaid_line
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.locale import load_messages
from xltransformer.models import HEADS, MODELS, Sizes
from xltransformer.models.registry import template_for_scheme
from xltransformer.nn.pooling import POOLINGS
from xltransformer.record import record
from xltransformer.text import MOST_TEXT, alike_key, clean, listed, split_sentence
from xltransformer.weights import (
    KINDS,
    SCHEMES,
    Checkpoint,
    Source,
    State,
    are_ours,
    finite,
    load,
    most_like,
    read_source,
)
from xltransformer.weights.arrays import GIVEN
from xltransformer.weights.labels import label
from xltransformer.weights.schemes import PAD, PAD_NUMBER
from xltransformer.weights.told import Told

if TYPE_CHECKING:
    from xltransformer.building.plan import Plan


@record
class Tokens:
    """Names for rows of the vocabulary; with `rows`, only these of the weights' are taken (from 0). `begins` is
    the word that a tokenizer puts before every text, and `some` says how many of its words these are, where they
    are not all."""

    names: Sequence[str]
    rows: Sequence[int] | None = None
    begins: str | None = None
    some: str = ""


def template_for(weights: str | Path | Mapping[str, Any]) -> str:
    """The template for weights under published names, by these names; the usual one for our own names.

    Raises UserError where the file cannot be read.
    """
    source = read_source(weights)
    state, schemes = source.state, source.told.schemes
    scheme = most_like(state, schemes)
    if _ours_are(state, weights):
        return DEFAULT_TEMPLATE
    if not schemes and not SCHEMES[scheme].likeness(state):
        raise UserError(
            f"{weights}: {next(iter(state), 'it')!s:.60} and the rest are named like no model that is known: "
            f"{', '.join(KINDS)}, and PyTorch's own modules"
        )
    part = SCHEMES[scheme].part
    if part and not any(name.startswith(part) for name in SCHEMES[scheme].published(state)):
        scheme = SCHEMES[scheme].without_part
    return template_for_scheme(scheme)


def _ours_are(state: State, given: object) -> bool:
    """Whether weights are named like our blocks: arrays that are given are, where nobody publishes such names."""
    arrays = isinstance(given, Mapping) and not any(scheme.likeness(state) for scheme in SCHEMES.values())
    return arrays or are_ours(state)


def adopt(plan: Plan, request: Request, given: Path | Mapping[str, Any]) -> Plan:
    """The plan with weights, of a file or given as arrays, under the published names of its model or under our
    blocks' names.

    What the file, or a config.json beside it, tells of sizes holds, and settings must not say
    otherwise, but for fewer layers; a number of heads that nothing tells is the template's. The plan's tokens
    name the rows of the vocabulary, where it has any. Raises UserError for what does not fit.
    """
    path = given if isinstance(given, Path) else GIVEN
    template, tokens, settings, source = plan.template, plan.tokens, request.settings, read_source(given)
    empty = next((name for name, value in source.state.items() if 0 in value.shape), None)
    if empty is not None:
        raise UserError(f"{path}: {empty} is empty; give numbers")
    ours = _ours_are(source.state, given)
    checkpoint, warnings = (_ours if ours else _assumed)(plan, source, path, settings)
    width = {"d_model": checkpoint.sizes["width"]} if "width" in checkpoint.sizes else {}
    for name, told in {**checkpoint.options, **width}.items():
        if settings.get(name, told) != told:
            raise UserError(f"setting {name} is {settings[name]!r}, but {path} has {told!r}: leave it out")
    if "classes" in checkpoint.sizes and "answers" not in source.told.options:
        kind = checkpoint.options["classifies"]
        warnings.append(f"{path} comes without its config.json: taken to classify {kind}, classes without names")
    if tokens is None and "embeddings" in checkpoint.blocks and not ours:
        warnings.append(f"{path} comes without its vocabulary: its rows bear other words; give `vocabulary`")
    blocks = dict(checkpoint.blocks)
    embeddings = blocks.pop("embeddings", None)
    if embeddings is None:
        table, said = _words_of_width(template, checkpoint.sizes.get("width"))
    elif request.embeddings is None:
        table, said = name_rows(template, embeddings, _names(source.told, tokens, path))
    else:
        raise UserError(f"{request.given['embeddings']} and {path} both give embeddings; leave the first out")
    own = source.told.own
    if own is not None:
        warnings += unsaid_of(own, template, 0 if embeddings is None else len(embeddings), path)
    template = without_claims(template)
    if own is not None and own.data:
        template = replace(template, title={request.language: title_of(template, own, request.language)})
    left = () if ours else ("classes", "end")
    kept = {name: size for name, size in template.sizes.items() if name not in left or name in settings}
    told = words_told(source.told, list(table.words), None if tokens is None else tokens.rows)
    start = told.pop("start", "")
    filling = told.pop("pad", PAD)
    pad = {"pad": filling} if "pad" in checkpoint.options else {}
    sizes = {**(told if template.entry.writes else {}), **kept, **checkpoint.options, **pad}
    sizes = {name: size for name, size in sizes.items() if size is not None}
    if not ours:
        _check_texts(source, plan, table, path)
    warnings += source.told.notes if template.entry.writes else ()
    if source.told.model and not (template.entry.compares or template.entry.pair):
        messages = load_messages(request.language)
        title = messages("start.title_of", model=source.told.model)
        template = replace(template, title={request.language: title}, watch=None)
    weights = {**template.weights, **blocks} if ours else blocks
    adopted = replace(template, table=table, sizes=sizes, weights=weights)
    names = frozenset(checkpoint.blocks) if ours else None
    return replace(plan, template=adopted, given=names, start=start).warned(*warnings, *said)


def _names(told: Told, tokens: Tokens | None, path: Path) -> Sequence[str] | None:
    """The names of the rows of the embeddings: those that weights of ours tell, else those of the vocabulary, if
    there is one; UserError for a list of others than are told."""
    words = () if told.own is None else told.own.words
    if not words:
        return None if tokens is None else tokens.names
    if tokens is not None and tokens.rows is None and [*words[: len(tokens.names)]] != [*tokens.names]:
        raise UserError(f"{path} says itself which words its rows are, others than those: leave `vocabulary` out")
    return words


def words_told(told: Told, words: Sequence[str], rows: Sequence[int] | None) -> dict[str, Any]:
    """The words whose numbers are told: the one with which a target begins (`start`), the `end`, or a list of
    several, the one that is `never` written, and the `pad` of a RoBERTa, as far as they are among the `words`,
    whose numbers are the `rows`, or in order."""
    order = range(len(words)) if rows is None else rows
    named = dict(zip(order, words, strict=False))
    found = {
        name: named[k]
        for name, k in (("start", told.start), ("never", told.never), ("pad", PAD_NUMBER))
        if k in named
    }
    ends = [named[k] for k in told.ends if k in named]
    return found | ({"end": ends if len(ends) > 1 else ends[0]} if ends else {})


def _check_texts(source: Source, plan: Plan, table: WordTable, path: Path) -> None:
    """UserError where the sentences would be cut off, or put in small letters, before the model reads them."""
    words = plan.words or [split_sentence(text, table.words) for text in plan.sentences]
    longest, most = max(map(len, words), default=0), source.told.pieces
    if most is not None and longest > most:
        raise UserError(
            f"{path}: a sentence has {longest} pieces, and those after {most} would be cut off; shorten it"
        )
    if source.told.small and any(text != text.lower() for text in plan.sentences):
        raise UserError(f"{path}: its texts are put in small letters (do_lower_case); write the sentences in them")


NAMED = ("classes", "end", "never")
"""Options that are names, which a setting may change where weights of ours tell others."""


def _ours(_: Plan, source: Source, path: Path, settings: Settings) -> tuple[Checkpoint, list[str]]:
    """The blocks of a file of ours, with what it tells among the options."""
    try:
        blocks = {name: finite(name, np.asarray(value, dtype=float)) for name, value in source.state.items()}
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    told = source.told.options
    return Checkpoint(
        blocks, {}, {name: told[name] for name in told if name not in NAMED or name not in settings}
    ), []


def _assumed(plan: Plan, source: Source, path: Path, settings: Settings) -> tuple[Checkpoint, list[str]]:
    """The blocks of a published state dict, with what is told beside it, and taken where nothing is, among the
    options; and a line that names what was taken."""
    scheme, rows = _scheme(plan.template, source, path), None if plan.tokens is None else plan.tokens.rows
    checkpoint = _published(plan.template, source, path, settings, scheme, rows)
    taken = assumed(scheme, checkpoint, plan.template, source, settings)
    checkpoint = replace(checkpoint, options={**checkpoint.options, **taken})
    return checkpoint, [unsaid_line(path, scheme, taken)] if taken else []


def _published(
    template: Template,
    source: Source,
    path: Path,
    settings: Settings,
    scheme: str,
    rows: Sequence[int] | None,
) -> Checkpoint:
    """The blocks of a state dict under published names, with what is told beside it among the options."""
    entry = template.entry
    told = {name: value for name, value in source.told.options.items() if name not in settings}
    heads = Sizes((), 0, 0, {**template.sizes, **told}).count("heads", HEADS)
    _check_rows(source, rows, path)
    if SCHEMES[scheme].config and not source.told.schemes:
        raise UserError(
            f"{path}: a {scheme} model takes the config.json that belongs to the weights; give it beside"
        )
    try:
        taken = _layers(source, scheme, settings)
        untied, chosen = source.told.tied is False, {**told, **settings}
        state = {**source.state, **source.behind} if entry.compares else source.state
        checkpoint = load(
            scheme,
            state,
            heads,
            layers=taken,
            rows=rows,
            untied=untied,
            decoder_heads=chosen.get("decoder_heads"),
            rotary=chosen.get("rotary"),
        )
    except UserError as error:
        other = most_like(source.state)
        known = SCHEMES[other].likeness(source.state) > SCHEMES[scheme].likeness(source.state)
        hint = f"; its names are those of {other}: `template='{template_for_scheme(other)}'`" if known else ""
        told_whole = f"{path}: {error}{hint}"
        raise UserError(told_whole if len(told_whole) <= MOST_LINE else f"{path.name}: {error}{hint}") from None
    _check_told(source, checkpoint, SCHEMES[scheme].layers(source.state), path)
    taken_options = ("epsilon", "activation", *entry.told)
    if "pooling" in taken_options and told.get("pooling", "mean") not in POOLINGS:
        raise UserError(
            f"{path}: its sentences are pooled by {told['pooling']:.40}, which is not built: "
            "`settings={'pooling': 'mean'}` or first, or `template='bert'` for the states of the words"
        )
    extra = {name: told[name] for name in taken_options if name in told}
    extra |= {"dense": checkpoint.sizes["dense"]} if "dense" in checkpoint.sizes else {}
    extra |= _judging(template, checkpoint, told, settings)
    return replace(checkpoint, options={**checkpoint.options, **extra})


def _judging(
    template: Template, checkpoint: Checkpoint, told: Mapping[str, Any], settings: Settings
) -> dict[str, Any]:
    """The options of a classifier, by name: what is told, or else its classes under the library's names for them;
    UserError where a setting names more or fewer of them."""
    count = checkpoint.sizes.get("classes")
    if count is None:
        return {}
    classes = settings.get("classes", told.get("classes", [label(k) for k in range(count)]))
    if isinstance(classes, list | tuple) and len(classes) != count:
        raise UserError(f"setting classes has {len(classes)} names, but the weights have {count} classes")
    usual = {"classes": classes, "answers": "sigmoid" if count == 1 else "softmax", "pair": count == 1}
    words = checkpoint.options["classifies"] == "words"
    options = ("classes",) if words else template.entry.judges
    return {name: told.get(name, usual[name]) for name in options if name == "classes" or name not in settings}


def _scheme(template: Template, source: Source, path: Path) -> str:
    """The scheme of names of the weights, of those that the template's model takes and, where the files beside
    them say what they are, of those that such a model has."""
    if not template.entry.schemes:
        raise UserError(
            f"{path}: the model {template.model} takes weights under the names of its own blocks only; "
            f"models for published weights: {', '.join(name for name, other in MODELS.items() if other.schemes)}"
        )
    told = source.told.schemes
    schemes = [scheme for scheme in template.entry.schemes if not told or scheme in told]
    if not schemes:
        raise UserError(
            f"{_config(path)} says what template {template.name} is not: give "
            f"`template='{template_for_scheme(told[0])}'`"
        )
    return most_like(source.state, schemes)


def _layers(source: Source, scheme: str, settings: Settings) -> int | None:
    """How many layers are taken, as a setting or the files beside the weights say it, None for all; UserError
    for more than there are."""
    asked = Sizes((), 0, 0, settings).count("layers", 1) if "layers" in settings else None
    if source.told.layers is None:
        return asked
    key, told = source.told.layers
    there = max(SCHEMES[scheme].layers(source.state).values(), default=0)
    if told > there:
        raise UserError(f"config.json says {key} {told}, but the weights have {there}")
    return told if asked is None else min(asked, told)


def _config(path: Path) -> Path:
    """The config.json beside weights, of which a folder may be given."""
    return (path if path.is_dir() else path.parent) / "config.json"


def _check_told(source: Source, checkpoint: Checkpoint, layers: Mapping[str, int], path: Path) -> None:
    """UserError where the weights, with so many layers by the beginnings of their names, are not what the files
    beside them tell."""
    misfit = source.told.misfit({**checkpoint.sizes, **checkpoint.options, **layers})
    if misfit:
        raise UserError(f"{_config(path)} says {misfit}; give the file that belongs to the weights")
    tied = checkpoint.options.get("tied")
    if source.told.tied is not None and tied is not None and tied != source.told.tied:
        lacking = "no output layer (give those of the model that predicts words)"
        there = lacking if tied else "an output layer other than the embeddings"
        raise UserError(
            f"{_config(path)} says tie_word_embeddings {str(source.told.tied).lower()}, but the "
            f"weights have {there}"
        )


MOST_LINE = 295
"""How long a line about weights that do not fit may be; the command line puts its name before it."""
_WORD_TABLE = re.compile(r".*(word_embeddings|wte|embed_tokens|tok_embeddings)\.weight")


def _check_rows(source: Source, rows: Sequence[int] | None, path: Path) -> None:
    """UserError where the vocabulary has tokens that the weights have no row for."""
    for name, table in source.state.items():
        if rows and _WORD_TABLE.fullmatch(name) and max(rows) >= table.shape[0]:
            raise UserError(
                f"the vocabulary has a token number {max(rows)}, but {path} has rows for {table.shape[0]} only: "
                "give the vocabulary that belongs to the weights"
            )


def _words_of_width(template: Template, width: int | None) -> tuple[WordTable, list[str]]:
    """The template's words, drawn anew where they have another width."""
    table = template.table
    if width in (None, len(table.dimensions)):
        return table, []
    drawn = draw_words(table.words, width, template.seed, "the width of the weights")
    warning = f"the weights are {width} wide: the words of template {template.name} are drawn anew"
    return drawn, [] if table.drawn else [warning]


def with_tokens(template: Template, names: Sequence[str]) -> Template:
    """The template with other words, which keep their numbers where it knows them, and else are drawn."""
    table = draw_words(names, len(template.table.dimensions), template.seed, "the width of the words")
    words = {name: template.table.words.get(name, numbers) for name, numbers in table.words.items()}
    return replace(template, table=replace(table, dimensions=template.table.dimensions, words=words))


def name_rows(template: Template, embeddings: Array, tokens: Sequence[str] | None) -> tuple[WordTable, list[str]]:
    """A vocabulary of given numbers: its rows are named by the tokens, else by the template's words
    as far as they go; the rest are #17 and so on, by their number from 0."""
    if embeddings.ndim != 2:
        raise UserError(f"the embeddings have {embeddings.ndim} dimensions; give a row of numbers for each word")
    rows = len(embeddings)
    given = list(template.table.words) if tokens is None else tokens
    if tokens is not None and len(tokens) > rows:
        raise UserError(f"the vocabulary has {len(tokens)} tokens, but the weights have rows for {rows}")
    warnings = []
    if len(given) > rows:
        warnings.append(f"the weights have rows for {rows} words; left out: {listed(given[rows:])}")
    names = unique([*given[:rows], *[""] * (rows - len(given))])
    return rows_of(embeddings, names, template.table.dimensions), warnings


def unique(tokens: Sequence[str], numbers: Iterable[int] | None = None) -> list[str]:
    """A name for each token that no other has, nor one that some program takes for it (see `alike_key`): its own,
    or with its number behind it, which is its place from 0 where no `numbers` are given."""
    names: dict[str, str] = {}
    for i, token in zip(range(len(tokens)) if numbers is None else numbers, tokens, strict=True):
        name = " ".join(clean(token).split())[: MOST_TEXT // 2]
        if not name or alike_key(name) in names:
            name += f"#{i}"
        while alike_key(name) in names:
            name += "#"
        names[alike_key(name)] = name
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
    longest = max(tokens, key=len)
    if len(longest) > MOST_TEXT:
        raise UserError(f"{path}: the token {longest:.40}… has {len(longest):,} letters, more than a cell holds")
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
