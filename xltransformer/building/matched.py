"""Whatever a template names must be there: a watched word, a cell to edit, a switch, a section. What matches
nothing is told by its place, with the nearest that does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from xltransformer.building.plan import Plan
from xltransformer.building.request import Request
from xltransformer.building.template import Template
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix, Values
from xltransformer.models import Lesson
from xltransformer.teaching.experiments import Experiment, labels_of, place_of, so_already
from xltransformer.teaching.pictures import Map
from xltransformer.text import listed, meant, nearest, word_key

TYPED = {"words", "vocabulary", "embedding", "switch", "choice", "parameter", "constant", "target"}
"""The roles of inputs that a reader types into."""


def check_matched(plan: Plan, request: Request, model: Lesson, inputs: Mapping[str, Array]) -> None:
    """Raise UserError for the first thing in a template that matches nothing. Built over other sentences, or with
    anything else in the place of its own, a template is asked only for what these do not change."""
    template = plan.template
    lines = [*_always(template, model)]
    if as_it_is(request):
        lines += _with_its_words(plan, model, inputs)
    if lines:
        raise UserError(f"template {template.name}: {lines[0]}")


def as_it_is(request: Request) -> bool:
    """Whether a template is built over its own sentences, with nothing in the place of its own; one that ships and
    was taken apart in Python may have become another."""
    if isinstance(request.template, Template) and not request.template.own:
        return False
    return not request.sentences and not any(value not in (None, {}) for value in request.given.values())


def _always(template: Template, model: Lesson) -> Iterator[str]:
    """What is the same over any sentences: switches, and what is watched at all."""
    turned = [switch.last_name for switch in model.switches]
    for name in template.turned:
        if name not in turned:
            has = listed(turned) or "none"
            yield f"switches.{name}: the model {template.model} has no such switch (it has: {has})"
    wishes = (("watch", template.watch), ("plane", template.plane), ("shown", template.shown))
    for key, wish in wishes:
        if wish and model.watch is None:
            yield f"{key} is given, but the model {template.model} follows no word; leave it out"


def _with_its_words(plan: Plan, model: Lesson, inputs: Mapping[str, Array]) -> Iterator[str]:
    """What stands or falls with the template's own sentences and sizes."""
    template, watch = plan.template, model.watch
    if watch is not None and template.watch is not None and inputs[watch.choice.name][0, 0] != template.watch:
        everywhere = [w for w in dict.fromkeys(plan.words[0]) if all(w in other for other in plan.words)]
        where = "stands in no sentence" if not _stands(template.watch, plan.words) else "is not in every sentence"
        choice = everywhere or list(dict.fromkeys(plan.words[0]))
        yield f"watch is {template.watch!r:.40}, which {where}; {meant(template.watch, choice, 'give one of')}"
    if watch is not None and template.shown not in (None, *watch.keys):
        near = meant(str(template.shown), watch.keys, "give one of")
        yield f"shown is {template.shown!r:.40}, which is no lesson here; {near}"
    drawn = [picture.part for picture in model.headline.pictures if isinstance(picture, Map) and picture.part]
    for head in template.sizes.get("maps", []):
        if head not in drawn:
            heads = [key for key in (watch.keys if watch else drawn) if "head." in key]
            yield f"sizes.maps names {head!r:.40}, which the model has not; {meant(head, heads, 'give some of')}"
    sections = list(dict.fromkeys(section.key for section in model.sections))
    for key in template.notes:
        if key not in sections:
            yield f"notes.{key:.40} belongs to no section; {meant(key, sections)}"
    if not isinstance(template.slots, int) and len(template.slots) > len(plan.sentences):
        yield f"slots has {len(template.slots)} numbers for {len(plan.sentences)} sentences; leave some out"
    known = {word_key(word): word for word in plan.spelled}
    for word in template.glosses:
        if word not in known:
            yield f"glosses: {word!r:.40} is no word of the vocabulary; {meant(word, known)}"


Made = tuple[Plan, Lesson, Mapping[str, Array]]
"""A plan, the model of it, and the values of its inputs."""


def check_experiments(made: Made, request: Request, make: Callable[[Request], Made]) -> list[str]:
    """A line for each experiment that can be done in some of the template's languages only; UserError for one that
    can be done in none of those that have it. `make` makes the template as another language has it."""
    plan, model, inputs = made
    template = plan.template
    if not as_it_is(request):
        return []
    own, done = untried(template, model, inputs, request.language, request.spare), set[int]()
    lines = [*_done_already(template, model, inputs, request.language)]
    for code, other in template.others.items():
        if not _differs(template, other):
            done |= {*range(1, len(template.experiments) + 1)} - own.keys()
            continue
        try:
            its_plan, its_model, its_inputs = make(replace(request, template=other, language=code))
        except UserError as error:
            lines.append(f"{error} (in the language {code})")
            continue
        found = untried(its_plan.template, its_model, its_inputs, code, request.spare)
        lines += [f"template {template.name}: experiment {k} cannot be tried in {code}: {found[k]}" for k in found]
        pairs = zip(template.experiments, other.experiments, strict=False)
        done |= {k for k, (one, its) in enumerate(pairs, start=1) if one == its and k not in found}
    for k, line in own.items():
        if k not in done:
            raise UserError(f"template {template.name}: experiment {k}: {line}")
        lines.append(f"template {template.name}: experiment {k} cannot be tried in {request.language}: {line}")
    return lines


def _differs(template: Template, other: Template) -> bool:
    """Whether a template in another language can differ in what can be tried."""
    several = any(isinstance(one.to, Mapping) and len(one.to) > 1 for one in template.experiments)
    spoken = ("table", "sentences", "sizes", "experiments", "watch", "plane")
    return several or any(getattr(template, key) != getattr(other, key) for key in spoken)


def _stands(word: str, sentences: Sequence[Sequence[str]]) -> bool:
    return any(word in words for words in sentences)


def untried(template: Template, model: Lesson, inputs: Values, language: str, spare: bool) -> dict[int, str]:
    """The experiments, by their numbers from 1, that cannot be done in a language, each with what is amiss.
    Without `spare` rows those on rows that a workbook may have beyond these are taken to be there."""
    found = {}
    for k, experiment in enumerate(template.experiments, start=1):
        if line := _amiss(experiment, model, inputs, language, spare):
            found[k] = line
    return found


def _amiss(experiment: Experiment, model: Lesson, inputs: Values, language: str, spare: bool) -> str:
    """What an experiment names that is not there; nothing where it can be done."""
    name, typed = experiment.block, [block for block in model.inputs if block.role in TYPED]
    block = model.blocks.get(name)
    if block is None:
        return f"no block is called {name!r:.60}; {_meant_block(name, [one.name for one in typed])}"
    if block not in typed:
        kind = "computed" if block.computed else "no cell to edit"
        return f"block {name!r:.60} is {kind}; name an input (`blocks()` lists them)"
    values = _labelled(block, model, inputs)
    for side, (label, what) in enumerate(((experiment.row, "row"), (experiment.column, "column"))):
        if isinstance(label, int) and label > block.shape[side] and not spare:
            continue
        if place_of(block, label, side, values) is None:
            labels = [one for one in labels_of(block, side, values) if one]
            said = f"{what} is missing" if label is None else f"{name} has no {what} {label!r:.40}"
            return f"{said}; {_meant_label(label, labels, block.shape[side])}"
    return _wrong_kind(experiment, block, values, language)


def _done_already(template: Template, model: Lesson, inputs: Values, language: str) -> Iterator[str]:
    """A line for each experiment that asks for what is so as built, and is therefore left out."""
    for k, experiment in enumerate(template.experiments, start=1):
        block = model.blocks.get(experiment.block)
        if block is None or _amiss(experiment, model, inputs, language, spare=True):
            continue
        values = _labelled(block, model, inputs)
        i, j = (place_of(block, at, side, values) for side, at in enumerate((experiment.row, experiment.column)))
        if so_already(experiment, block, value := values[block.name][i, j], language):
            told = f"experiment {k} is left out: {block.name} holds {value!s:.40} there, as it asks for"
            yield f"template {template.name}: {told}"


def _labelled(block: Matrix, model: Lesson, inputs: Values) -> Values:
    """Values that the labels of a block can be read from."""
    sources = (block.rows.source, block.columns.source)
    return model.trace(inputs) if any(one is not None and one.computed for one in sources) else inputs


def _meant_block(name: str, typed: Sequence[str]) -> str:
    """The input that was perhaps meant; of several sentences each has its number."""
    alike = [one for one in typed if one.rpartition(".")[2] == name.rpartition(".")[2]]
    near = nearest(name, typed) if len(alike) != 1 else alike[0]
    if near is not None and alike and near not in alike[:1]:  # the first sentence's rather than another's
        near = alike[0] if nearest(near, alike[:1]) else near
    return f"did you mean {near!r}?" if near else "`blocks()` lists the inputs"


def _meant_label(label: str | int | None, labels: Sequence[str], count: int) -> str:
    if isinstance(label, int):
        return f"it has {count}"
    return meant(label, labels, "give one of") if label is not None else f"give one of {listed(labels)}"


def _wrong_kind(experiment: Experiment, block: Matrix, values: Values, language: str) -> str:
    """What does not fit of what is to be typed into a cell."""
    to = experiment.target(language)
    if block.role == "switch" and block.text:
        return "" if isinstance(to, bool) else f"to is {to!r:.40}; for a switch give true or false"
    if isinstance(to, bool):
        return f"to is {str(to).lower()}, but {block.name} is no switch"
    if not block.text:
        return f"to is {to!r:.40}, but {block.name} holds numbers" if isinstance(to, str) else ""
    if not isinstance(to, str):
        return f"{block.name} holds words; say with to which one to type"
    if block.choices is None:
        return ""
    choices = [str(one) for one in values[block.choices.name].ravel() if one]
    if word_key(to) in map(word_key, choices):
        return ""
    return f"to is {to!r:.40}, which {block.choices.name} does not have; {meant(to, choices)}"
