"""A template put to work on sentences: a model and the values of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from xltransformer.building.experiments import to_try
from xltransformer.building.initial import initial_values
from xltransformer.building.limits import MARGIN, check_limits, check_sizes
from xltransformer.building.parse import load_template
from xltransformer.building.settings import Settings, apply_settings, check_used, misfits
from xltransformer.building.shipped import DEFAULT_TEMPLATE
from xltransformer.building.tables import untrained, with_embeddings
from xltransformer.building.template import Template
from xltransformer.errors import UserError
from xltransformer.graph import Array, SwitchWords
from xltransformer.locale import load_messages, switch_words, turned_by
from xltransformer.models import Lesson, Sizes, build_model
from xltransformer.nn.positions import LEARNED
from xltransformer.record import record
from xltransformer.text import MOST_TEXT, clean, listed, split_sentence, word_key

if TYPE_CHECKING:
    from xltransformer.building.adopt import Adopted


@record
class Instance:
    """A model, the values of its inputs by block name, and where they came from.

    `made_up` are the words that the vocabulary lacked; `warnings` are lines for the user.
    """

    template: Template
    sentences: tuple[str, ...]
    sizes: Sizes
    model: Lesson
    inputs: Mapping[str, Array]
    made_up: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def generated(self) -> dict[str, frozenset[int]]:
        """The rows of tokens that the model writes itself, by block name."""
        return {
            block.name: frozenset(
                row for row, token in enumerate(self.inputs[block.name].ravel()) if token is None
            )
            for block in self.model.inputs
            if block.feedback is not None
        }

    def trace(self) -> dict[str, Array]:
        """Every block's values, computed by NumPy; UserError where a number is no longer finite."""
        values = self.model.trace(self.inputs)
        for name, value in values.items():
            if not self.model.blocks[name].text and not np.isfinite(value).all():
                row, column = np.argwhere(~np.isfinite(value))[0]
                raise UserError(
                    f"{name} comes out as {value[row, column]} in row {row + 1}, column {column + 1}: "
                    "the embeddings or weights are too large; scale them down"
                )
        return values


class Options(TypedDict, total=False):
    """What may be given beside a template and sentences, by keyword, to make_instance and all that
    pass it on."""

    embeddings: str | Path | None
    """A .csv or .xlsx file that replaces the vocabulary."""
    slots: int | Sequence[int] | None
    """How many empty word slots each sentence gets; a list gives each its own number."""
    settings: Settings | None
    """Sizes and choices in place of the template's, such as {"layers": 2, "seed": 3}."""
    weights: str | Path | None
    """An .npz or .safetensors file of weights, under published names or those of the blocks."""
    vocabulary: str | Path | None
    """The words, in the order of the vocabulary's rows: a .txt or .json file with a list of them, or a
    published model's tokenizer (see `weights.tokens.read_tokenizer`)."""
    words: int | str | Path | None
    """Of a tokenizer's vocabulary, how many rows to have beside those in use, or a file that lists them."""


def make_instance(
    template: str | Path | Template | None = None,
    sentences: Sequence[str] = (),
    *,
    embeddings: str | Path | None = None,
    slots: int | Sequence[int] | None = None,
    settings: Settings | None = None,
    weights: str | Path | None = None,
    vocabulary: str | Path | None = None,
    words: int | str | Path | None = None,
    spare: bool = True,
    language: str = "en",
) -> Instance:
    """The template's model over the sentences (the template's own where none are given).

    `slots` empty word slots are added to each sentence; None means the template's number. `settings`
    take the place of the template's sizes and choices, `weights` (.npz or .safetensors) of its
    weights, `vocabulary` of its words; of a tokenizer's, `words` (a number, or a file that lists them)
    says which stand there beside those in use; where none is given, a tokenizer that lies beside published
    weights is taken. Without a template, the names in `weights` say which
    model they are for. Without `spare` there are no empty vocabulary
    rows, and no empty slots either, except for a model that writes into them, and where a setting
    asks for them. `language` is that of the switches' words and of the lessons' titles. Raises UserError
    for whatever cannot be built.
    """
    settings = settings or {}
    messages = load_messages(language)
    choice = _choose(template, language, sentences, embeddings, settings, weights, vocabulary, words)
    chosen, adopted, given, split = choice.template, choice.adopted, choice.sentences, choice.split
    warnings = list(choice.warnings)

    known = {word_key(word) for word in chosen.table.words}
    new: dict[str, str] = {}
    for word in (word for found in split for word in found if word_key(word) not in known):
        new.setdefault(word_key(word), word)
    made_up = tuple(new.values())
    if made_up:
        named = ", ".join(word if len(word) <= 40 else word[:40] + "…" for word in made_up[:20])
        more = f" and {len(made_up) - 20} more" if len(made_up) > 20 else ""
        seen = ", so that the model never saw them" if chosen.trained else ""
        warnings.append(f"not in the vocabulary{seen}, given pseudo-random embeddings: {named}{more}")

    rows = chosen.spare_rows if spare or "spare_rows" in settings else 0
    asked = chosen.slots if slots is None and "slots" in settings else slots
    wished = chosen.slots if spare or chosen.entry.writes else 0
    extra = _each(wished if asked is None else asked, len(split))
    known_positions = chosen.weights.get(LEARNED)
    if known_positions is not None and known_positions.ndim == 2:
        extra = _room(len(known_positions), split, extra, asked is not None, fill=chosen.trained and bool(wished))
    spelled = [*chosen.table.words, *made_up]
    if "end" not in settings and (embeddings or weights or vocabulary) is not None:
        chosen = _without_foreign_end(chosen, spelled)
    width = len(chosen.table.dimensions)
    places = tuple(len(found) + more for found, more in zip(split, extra, strict=True))
    sizes = Sizes(places, len(spelled) + rows, width, dict(chosen.sizes), switch_words())
    check_sizes(sizes)
    end = sizes.word("end")
    if end is not None and word_key(end) not in map(word_key, spelled):
        raise UserError(f"[sizes] end is {end!r}, which is no word of the vocabulary: give one that is")
    for sentence, found in zip(given, split, strict=True):
        letters = len(" ".join(found))
        if letters > MOST_TEXT - MARGIN:  # sheets show the sentence in one cell, behind a heading
            raise UserError(
                f"the sentence {sentence[:40]!r}… has {letters:,} letters; at most {MOST_TEXT - MARGIN:,} "
                "fit into a cell: use fewer or shorter words"
            )
    model = build_model(chosen.model, sizes)
    check_used(settings, model, chosen.model)
    check_limits(model)

    complete = adopted is not None and adopted.complete
    inputs = initial_values(model, chosen, split, made_up, complete, messages)
    taken = {block.name for block in model.inputs if block.role in ("parameter", "target")}
    surplus = [name for name in chosen.weights if name not in taken]
    if surplus:
        wanted = listed([block.name for block in model.parameters]) or "none"
        raise UserError(
            f"template {chosen.name}: no block takes weights.{surplus[0]} (blocks with weights: {wanted})"
        )
    return Instance(chosen, given, sizes, model, inputs, made_up, tuple(warnings))


def default_template(weights: str | Path | None) -> str:
    """The template for weights under published names, by these names; without any, the usual one.

    Raises UserError where the file cannot be read.
    """
    if weights is None:
        return DEFAULT_TEMPLATE
    from xltransformer.building.adopt import template_for

    return template_for(weights)


@record
class _Choice:
    """What is built: a template with everything in its place that was given beside it, the sentences,
    and their words."""

    template: Template
    adopted: Adopted | None
    sentences: tuple[str, ...]
    split: Sequence[Sequence[str]]
    warnings: Sequence[str]


def _choose(
    template: str | Path | Template | None,
    language: str,
    sentences: Sequence[str],
    embeddings: str | Path | None,
    settings: Settings,
    weights: str | Path | None,
    vocabulary: str | Path | None,
    words: int | str | Path | None,
) -> _Choice:
    template = default_template(weights) if template is None else template
    chosen = template if isinstance(template, Template) else load_template(template, language)
    warnings: list[str] = []
    if vocabulary is None and weights is not None and embeddings is None:
        from xltransformer.weights.tokens import tokenizer_beside

        vocabulary = tokenizer_beside(Path(weights))
    other = misfits(chosen, settings) or [name for name, path in (("vocabulary", vocabulary),) if path is not None]
    if chosen.trained and weights is not None:
        chosen = untrained(chosen)
    elif chosen.trained and other:
        chosen = untrained(chosen)
        warnings.append(
            f"the learned weights of template {chosen.name} do not fit another {listed(other)}: weights and "
            f"embeddings are drawn from seed {settings.get('seed', chosen.seed)}"
        )
    if embeddings is not None:
        chosen, warning = with_embeddings(chosen, Path(embeddings))
        warnings += [warning] if warning else []
    chosen = apply_settings(chosen, settings)
    given = _sentences(chosen, sentences)
    cut, tokens = None, None
    if vocabulary is not None:
        from xltransformer.building.adopt import with_tokens
        from xltransformer.building.vocabulary import read_words

        cut, tokens, said = read_words(Path(vocabulary), chosen, given, words)
        warnings += said
        chosen = with_tokens(chosen, tokens.names)
        if tokens.rows is not None and "spare_rows" not in settings:
            chosen = replace(chosen, spare_rows=0)
    elif words is not None:
        raise UserError(f"words is {words!r}, but there is no vocabulary to take them from: give `vocabulary`")
    adopted = None
    if weights is not None:
        from xltransformer.building.adopt import adopt

        adopted = adopt(chosen, Path(weights), settings, tokens)
        if embeddings is not None and adopted.embedded:
            raise UserError(f"{embeddings} and {weights} both give embeddings; leave the first out")
        chosen, warnings = adopted.template, [*warnings, *adopted.warnings]
    if chosen.entry.spells:
        split: Sequence[Sequence[str]] = [[letter for letter in clean(text) if letter.strip()] for text in given]
    else:
        split = cut or [split_sentence(sentence, chosen.table.words) for sentence in given]
    for sentence, found in zip(given, split, strict=True):
        if not found:
            raise UserError(f"the sentence {sentence!r:.60} has no word: give at least one")
    if adopted is not None and not adopted.complete:
        tries = to_try(split, load_messages(language)) if chosen.entry.compares else ()
        chosen = replace(chosen, experiments=tries)
    return _Choice(chosen, adopted, given, split, warnings)


def _sentences(template: Template, given: Sequence[str]) -> tuple[str, ...]:
    """The sentences, the template's own where none are given; UserError where there is not what it takes."""
    sentences = tuple(given) or template.sentences
    if template.entry.pair:
        sentences = (*sentences, *template.sentences[len(sentences) :])
        if len(sentences) != 2:
            raise UserError(
                f"template {template.name} takes a source and a target, not {len(sentences)} sentences"
            )
    if not sentences:
        raise UserError(f"template {template.name} has no sentences: give one with `sentences`")
    return sentences


def _without_foreign_end(template: Template, words: Sequence[str]) -> Template:
    """The template without its word that ends a sentence, where other words have none such."""
    end = str(template.sizes.get("end", ""))
    if word_key(end) in map(word_key, words):
        return template
    return replace(template, sizes={name: size for name, size in template.sizes.items() if name != "end"})


def _each(slots: int | Sequence[int], sentences: int) -> list[int]:
    """The empty slots of each sentence; of a list that is too short the last number goes on."""
    listed = list(slots) if isinstance(slots, Sequence) else [slots]
    return [*listed, *[listed[-1]] * sentences][:sentences]


def _room(positions: int, split: Sequence[Sequence[str]], extra: list[int], asked: bool, fill: bool) -> list[int]:
    """The empty slots of each sentence that the positions of the weights leave, all of them with `fill`;
    UserError where there are fewer than are `asked` for, or than words."""
    longest = max(len(words) + (more if asked else 0) for words, more in zip(split, extra, strict=True))
    if longest > positions:
        raise UserError(
            f"the weights know {positions} positions, but the longest sentence takes {longest} "
            "places, empty slots included: use fewer words or slots"
        )
    rooms = [positions - len(words) for words in split]
    return extra if asked else rooms if fill else [min(pair) for pair in zip(extra, rooms, strict=True)]


def describe(instance: Instance) -> dict[str, Any]:
    """What a workbook carries so that its model can be built again."""
    sizes = instance.sizes
    return {
        "template": instance.template.name,
        "model": instance.template.model,
        "sentences": list(instance.sentences),
        "slots": list(sizes.slots),
        "vocabulary": sizes.vocabulary,
        "width": sizes.width,
        "options": dict(sizes.options),
        **_further_words(sizes.switch_words),
    }


def _further_words(words: SwitchWords) -> dict[str, Any]:
    """The words of switches beyond those that hold in every workbook, where there are such."""
    usual = SwitchWords()
    further = {"on": [*words.on[len(usual.on) :]], "off": [*words.off[len(usual.off) :]]}
    return {"switch_words": further} if words != usual else {}


def sizes_from(description: Mapping[str, Any]) -> Sizes:
    """The sizes that a workbook's description tells; ValueError, KeyError or TypeError where it makes no sense."""
    further = description.get("switch_words", {})
    told = [("a word", side == "on", word) for side in ("on", "off") for word in further.get(side, ())]
    return Sizes(
        tuple(description["slots"]),
        description["vocabulary"],
        description["width"],
        dict(description["options"]),
        turned_by(told),
    )


def model_from(description: Mapping[str, Any]) -> Lesson:
    """The model that a workbook's description stands for; ValueError where it makes no sense."""
    try:
        sizes = sizes_from(description)
        if not all(type(n) is int and n > 0 for n in (*sizes.slots, sizes.vocabulary, sizes.width)):
            raise ValueError("a size is no whole number above 0")
        check_sizes(sizes)
        model = build_model(description["model"], sizes)
        check_limits(model)
        return model
    except (AttributeError, KeyError, TypeError, UserError) as error:
        raise ValueError(str(error)) from None
