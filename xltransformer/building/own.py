"""The template that is begun with: named, or told by the weights, and what a file of ours tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from xltransformer.building.parse import load_template
from xltransformer.building.tables import draw_words
from xltransformer.building.template import DEFAULT_TEMPLATE, Template, shipped_templates, without_claims
from xltransformer.checked import expect
from xltransformer.errors import UserError
from xltransformer.locale import ENGLISH, languages, load_messages
from xltransformer.models import MODELS
from xltransformer.text import listed

if TYPE_CHECKING:
    from xltransformer.weights import Given, Own


def begun(template: str | Path | Template | None, weights: Given | None, language: str) -> Template:
    """The template that is meant, in a language, with what weights of ours tell of it.

    Without one it is that of the weights, or the usual one. Raises UserError where there is none such, and where
    files cannot be read.
    """
    own = _told(weights)
    if template is None and own is not None and weights is not None and own.model:
        return begun_with(own, weights, language)
    named = default_template(weights) if template is None else template
    found = named if isinstance(named, Template) else load_template(named, language)
    return found if own is None else _as_told(found, own, given=template is not None)


def begun_with(own: Own, weights: object, language: str) -> Template:
    """The template that weights of ours tell, which may be one that does not ship."""
    ships = own.template in shipped_templates() and load_template(own.template, fresh=True).model == own.model
    found = load_template(own.template, language) if ships else _alone(own, weights)
    return _as_told(found, own, given=False)


def default_template(weights: Given | None) -> str:
    """The template for weights: the one that those of ours name, else the one for their published names; without
    any, the usual one.

    Raises UserError where the file cannot be read.
    """
    if weights is None:
        return DEFAULT_TEMPLATE
    from xltransformer.building.adopt import template_for

    own = _told(weights)
    return own.template if own is not None and own.template else template_for(weights)


def spoken(language: str | None, weights: Given | None) -> str:
    """The language that is meant: the one given, else that of the weights, else English."""
    if language is not None:
        return language
    own = _told(weights)
    return own.language if own is not None and own.language in languages() else ENGLISH


def _told(weights: Given | None) -> Own | None:
    """What weights of ours tell of their model, if that is what they are; UserError for what are no weights."""
    if weights is None or isinstance(weights, Mapping):
        return None
    expect(isinstance(weights, str | PathLike), "`weights`", weights, "a file or a dict of arrays by name", ".40")
    from xltransformer.weights import told_by

    return told_by(weights)


def unsaid_of(own: Own, template: Template, rows: int, path: Path) -> list[str]:
    """A line that names what an older file of ours does not tell, and what is taken for it."""
    if not own.template:  # written by somebody's own hand
        return []
    missing = [*own.missing]
    known = len(template.table.words)
    nameless = "" if own.words or rows <= known else f", its rows from #{known} on without words (`vocabulary`)"
    if not missing:
        return []
    return [f"{path} does not tell {listed(missing)}: taken as template {template.name} has it{nameless}"]


def _alone(own: Own, weights: object) -> Template:
    """A template that says nothing but what weights of one that does not ship tell."""
    if own.model not in MODELS:
        raise UserError(f"{weights} is of a model {own.model!r:.40}, which there is not: give `template`")
    blank = without_claims(load_template())
    return replace(
        blank, name=own.template or own.model, model=own.model, sentences=own.sentences, sizes={}, weights={},
        watch=None, turned=(), plane=(), shown=None, glosses={},
        table=draw_words(own.words, 1, 0, "the words of the weights"),
    )  # fmt: skip


def _as_told(template: Template, own: Own, *, given: bool) -> Template:
    """A template as a file of ours tells it, which one was `given` or taken from there."""
    if own.model and own.model != template.model:
        return template  # what does not fit is told by its arrays
    own_words = own.made and bool(own.words)
    if own_words:
        table = draw_words(own.words, 1, 0, "the words of the weights")
        template = replace(template, table=table, watch=None, plane=(), glosses={})
    places = own.places if template.entry.writes else ()
    sentences = own.sentences if own.sentences and (own_words or not given) else template.sentences
    told = {} if given else {name: own.switches[name] for name in template.switches if name in own.switches}
    return replace(
        template, cut=own.cut, places=places, sentences=sentences, switches={**template.switches, **told}
    )


def title_of(template: Template, own: Own, language: str) -> str:
    """What a workbook of weights of ours is called: what its model does, and from what it has learned."""
    messages = load_messages(language)
    usual = messages.get(f"start.title_{template.model}", messages("start.title"))
    return messages("start.title_learned", title=usual, file=own.data)
