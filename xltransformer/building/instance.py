"""A template put to work on sentences: a model and the values of its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from xltransformer.building.arguments import spelled
from xltransformer.building.initial import drawn_for, initial_values, is_drawn, shown_first
from xltransformer.building.limits import check_limits, check_sizes
from xltransformer.building.matched import Made, check_experiments, check_matched
from xltransformer.building.own import spoken
from xltransformer.building.plan import make_plan
from xltransformer.building.request import Options, Request, check_used
from xltransformer.building.template import Template
from xltransformer.checked import expect
from xltransformer.cutting import PLAIN
from xltransformer.errors import UserError
from xltransformer.graph import CHOICE, Array, SwitchWords
from xltransformer.locale import load_messages, turned_by
from xltransformer.models import Lesson, Sizes, build_model
from xltransformer.record import record
from xltransformer.text import as_html, listed


@record
class Instance:
    """A model, the values of its inputs by block name, and where they came from.

    `made_up` are the words that the vocabulary lacked; `warnings` are lines for the user; `to_fill` cells are left
    to a student.
    """

    template: Template
    sentences: tuple[str, ...]
    sizes: Sizes
    model: Lesson
    inputs: Mapping[str, Array]
    made_up: tuple[str, ...]
    warnings: tuple[str, ...]
    to_fill: int = 0

    def __repr__(self) -> str:
        said = "".join(f"; {line}" for line in self.warnings)
        cells = sum(block.size for block in self.model.blocks.values())
        sentences = listed([repr(text) for text in self.sentences], 3)
        return f"{self.template.name}: {sentences} ({len(self.model.blocks)} blocks, {cells:,} cells){said}"

    def _repr_html_(self) -> str:
        return as_html(repr(self))

    @property
    def generated(self) -> dict[str, frozenset[int]]:
        """The rows of inputs that the model fills itself, such as the tokens that it writes, by block name."""
        return {
            block.name: frozenset(k for k, token in enumerate(self.inputs[block.name].ravel()) if token is None)
            for block in self.model.inputs
            if block.feedback is not None or block.made_by is not None
        }

    @property
    def drawn(self) -> str:
        """What of its numbers is drawn from the seed: `weights`, `embeddings`, `all` of them or, empty, none; of
        weights that learn in the workbook, `learning`; of weights that the lesson shown at first does not use,
        `further`."""
        weights = any(is_drawn(block, self.template) for block in self.model.parameters)
        if weights and self.model.learns:
            return "learning"
        if weights and self.template.table.drawn:
            return "all"
        if weights:
            watch, template = self.model.watch, self.template
            if watch is None or watch.lesson is None:
                return "weights"
            return "weights" if drawn_for(watch.outputs[shown_first(watch, template)], template) else "further"
        return "embeddings" if self.template.table.drawn else ""

    @property
    def shown(self) -> str:
        """The title of the lesson that is shown at first, where there are several."""
        watch = self.model.watch
        return "" if watch is None or watch.lesson is None else str(self.inputs[watch.lesson.name][0, 0])

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


def _texts(sentences: Any) -> tuple[str, ...]:
    """Sentences as they are given: a text is one, and None is none; UserError for what are none."""
    fits = sentences is None or (isinstance(sentences, str | Iterable) and not isinstance(sentences, Mapping))
    expect(fits, "`sentences`", sentences, "a text or a list of texts", ".40")
    return (sentences,) if isinstance(sentences, str) else tuple(sentences or ())


@spelled
def make_instance(
    template: str | Path | Template | None = None,
    sentences: str | Sequence[str] = (),
    *,
    spare: bool = True,
    language: str | None = None,
    **options: Unpack[Options],
) -> Instance:
    """The template's model over the sentences (the template's own where none are given); a text is one sentence.

    Without a `language` it is that of the weights, or English. For the rest see `Request`, and for the `options`
    `Options`. Raises UserError for whatever cannot be built.
    """
    language = spoken(language, options.get("weights"))
    load_messages(language)  # or an error, before anything is read
    texts = _texts(sentences)
    request = Request(template, texts, options, spare, language)
    plan, model, inputs = made = _made(request)
    warnings = (*plan.warnings, *check_experiments(made, request, _made))
    return Instance(plan.template, plan.sentences, plan.sizes, model, inputs, plan.made_up, warnings)


def _made(request: Request) -> Made:
    """The plan of what a request asks for, its model and the values of its inputs."""
    plan = make_plan(request)
    name = plan.template.model
    try:
        model = build_model(name, plan.sizes)
    except UserError as error:
        if request.settings or not str(error).startswith("[sizes]"):
            raise
        raise UserError(f"template {plan.template.name}: {error}") from None
    check_used(request.settings, model, name)
    check_limits(model)
    inputs = initial_values(model, plan, load_messages(request.language))
    check_matched(plan, request, model, inputs)
    if plan.given is not None:
        from xltransformer.building.part import part_line

        plan = plan.warned(*part_line(model, plan.template, plan.given, request.weights))
    return plan, model, inputs


def describe(instance: Instance) -> dict[str, Any]:
    """What a workbook carries so that its model can be built again."""
    sizes = instance.sizes
    described: dict[str, Any] = {
        "template": instance.template.name,
        "model": instance.template.model,
        "sentences": list(instance.sentences),
        "slots": list(sizes.slots),
        "vocabulary": sizes.vocabulary,
        "width": sizes.width,
        "options": dict(sizes.options),
    }
    cut = instance.template.cut
    if cut != PLAIN:
        described |= {"cut": cut.to_json(), "unknown": cut.unknown}
    kinds = (("switch_words", sizes.switch_words), ("choice_words", sizes.choice_words))
    return described | {key: _further(words, key) for key, words in kinds if words != _USUAL[key]}


_USUAL = {"switch_words": SwitchWords(), "choice_words": CHOICE}
"""The words that turn switches in every workbook."""


def _further(words: SwitchWords, key: str) -> dict[str, list[str]]:
    """The words beyond the usual ones, which come first."""
    usual = _USUAL[key]
    return {"on": list(words.on[len(usual.on) :]), "off": list(words.off[len(usual.off) :])}


def _told_words(description: Mapping[str, Any], key: str) -> SwitchWords:
    """The usual words and those beyond them that a description tells."""
    further = description.get(key, {})
    told = [("a word", side == "on", word) for side in ("on", "off") for word in further.get(side, ())]
    return turned_by(told, _USUAL[key])


def sizes_from(description: Mapping[str, Any]) -> Sizes:
    """The sizes that a workbook's description tells; ValueError, KeyError or TypeError where it makes no sense."""
    return Sizes(
        tuple(description["slots"]),
        description["vocabulary"],
        description["width"],
        dict(description["options"]),
        _told_words(description, "switch_words"),
        _told_words(description, "choice_words"),
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
