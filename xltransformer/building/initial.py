"""What the inputs of a model hold at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xltransformer.building.plan import Plan
from xltransformer.building.template import Template
from xltransformer.errors import UserError
from xltransformer.graph import Array, Matrix
from xltransformer.locale import Messages
from xltransformer.models import Lesson
from xltransformer.nn.embedding import trimmed
from xltransformer.teaching.lesson import Goal, Watch
from xltransformer.teaching.watch import lesson_title
from xltransformer.text import meant, pseudo_random, word_key

GIVEN = ("target", "constant")
"""The roles of inputs that a template's weights may give, too."""
MASK = word_key("[MASK]")
"""The word that stands for a hidden one."""


def initial_values(model: Lesson, plan: Plan, messages: Messages) -> dict[str, Array]:
    """The values of every input of a model that a plan made; UserError for weights that it has no place for."""
    template, rows, width = plan.template, plan.sizes.vocabulary, plan.sizes.width
    table = [*template.table.words.values(), *(pseudo_random(word_key(w), (1, width))[0] for w in plan.made_up)]
    data: dict[str, Array] = {
        "vocabulary": _texts(plan.spelled, rows),
        "dimensions": np.array([template.table.dimensions], dtype=object),
        "embeddings": np.vstack([np.array(table, dtype=float), np.zeros((rows - len(table), width))]),
        **{block.name: _switch(block, template.switches[block.last_name], messages) for block in model.switches},
        **{block.name: np.full(block.shape, None) for block in model.inputs if block.made_by is not None},
        **model.constants,
    }
    for blocks, found in zip(model.sentences, plan.words, strict=True):
        empty = "" if blocks.words.feedback is None else None
        data[blocks.words.name] = _texts(found, blocks.words.shape[0], empty)
    if model.classes is not None:
        data[model.classes.name] = _texts(plan.sizes.names("classes"), model.classes.size)
    data |= targets(model, data)
    told = {block.name: template.weights.get(block.name) for block in model.inputs if block.role in GIVEN}
    data |= {name: value for name, value in told.items() if value is not None and value.shape == data[name].shape}
    if model.watch is not None:
        data |= _watched(model.watch, template, plan.words[: len(model.watch.sentences)], messages)
    data |= {
        block.name: _texts([next(filter(None, data[block.choices.name].ravel()), "")], 1)
        for block in model.inputs
        if block.role == "choice" and block.choices is not None and block.name not in data
    }
    if plan.given is not None:
        from xltransformer.building.part import fitted

        data |= fitted(model, template, data["embeddings"], plan.given)
    else:
        _check_taken(model, template)
    data |= {block.name: _parameter(block, template) for block in model.parameters}
    return {block.name: data[block.name] for block in model.inputs}


def _check_taken(model: Lesson, template: Template) -> None:
    """Raise UserError for weights of a template that no block of the model takes."""
    taken = {block.name for block in model.inputs if block.role in ("parameter", *GIVEN)}
    surplus = [name for name in template.weights if name not in taken]
    if surplus:
        names = [block.name for block in model.parameters]
        wanted = meant(surplus[0], names, "blocks with weights")
        raise UserError(f"template {template.name}: no block takes weights.{surplus[0]}; {wanted}")


def _texts(words: Sequence[str], rows: int, empty: str | None = "") -> Array:
    return np.array([*words, *[empty] * (rows - len(words))], dtype=object).reshape(rows, 1)


def _switch(block: Matrix, value: float, messages: Messages) -> Array:
    """A switch as it stands at first: a number, or the language's word for on or off."""
    if block.turned_by is None:
        return np.array([[value]])
    on, off = block.turned_by.said
    return _texts([messages(on if value else off)], 1)


def targets(model: Lesson, data: Mapping[str, Array]) -> dict[str, Array]:
    """What every result of a model that learns is to become at first, by the name of its target."""
    every = ((goal, goal.target) for goal in model.goals)
    return {block.name: _target(goal, block, data, model) for goal, block in every if block is not None}


def _target(goal: Goal, target: Matrix, data: Mapping[str, Array], model: Lesson) -> Array:
    """What a result is to become at first: the first of several classes, for each word where it is of words; the
    next word of each (of a sentence still to be written, the source's words); a word for each [MASK], or where
    there is none the words themselves; the embeddings; or zeros."""
    typed = data[model.sentences[goal.sentence].words.name].ravel()
    words, rows = [str(word) for word in typed if word], target.shape[0]
    first = [str(word) for word in data[model.sentences[0].words.name].ravel() if word]
    if goal.names is not None:
        return _texts([data[goal.names.name].item(0)] * (1 if rows == 1 else len(words)), rows)
    if goal.next_word:
        return _texts((words[1:] or first)[:rows], rows)
    if goal.words:
        hidden = [word_key(word) == MASK for word in words]
        spare = [str(word) for word in data["vocabulary"].ravel() if word and not str(word).startswith("[")]
        plain = next((word for word in spare if word not in words), words[0])
        told = [(plain if here else "") if any(hidden) else word for word, here in zip(words, hidden, strict=True)]
        return _texts(told, rows)
    value = np.zeros(target.shape)
    if goal.like is not None and goal.like.shape == target.shape and rows >= len(words):
        index = {word_key(str(word)): k for k, word in reversed(list(enumerate(data["vocabulary"].ravel())))}
        for row, word in enumerate(words):
            value[row] = data["embeddings"][index[word_key(word)]]
    return value


def _watched(
    watch: Watch, template: Template, split: Sequence[Sequence[str]], messages: Messages
) -> dict[str, Array]:
    """What is watched at first: the template's wishes where possible, words that every sentence has where not, the
    first two dimensions, and the last lesson whose weights are given, unless it wishes for another."""
    shared = [word for word in split[0] if all(word in sentence for sentence in split)]
    plain = [one for one in shared or split[0] if one.strip("▁").isalpha()]  # no mark, no [SEP]
    word = (plain or shared or list(split[0]))[-1]
    if template.watch in shared or (template.watch in split[0] and not shared):
        word = str(template.watch)
    names = template.table.dimensions
    plane = template.plane if template.plane and set(template.plane) <= set(names) else (names * 2)[:2]
    chosen = {watch.choice: word, watch.across: plane[0], watch.up: plane[1]}
    for sentence, words in zip(watch.sentences, split, strict=False):
        chosen[sentence.other] = next((other for other in words if other != word), word)
    data = {block.name: _texts([text], 1) for block, text in chosen.items()}
    data[watch.place.name] = np.array([[split[0].index(word) + 1.0]])
    for place, words in zip(watch.places, split, strict=False):
        assert place.choices is not None
        numbers = [str(k) for k in range(1, place.choices.shape[0] + 1)]
        data |= {place.choices.name: _texts(numbers, len(numbers)), place.name: _texts([str(len(words))], 1)}
    if watch.lesson is not None and watch.lesson.choices is not None:
        titles = [lesson_title(key, messages) for key in watch.keys]
        data[watch.lesson.choices.name] = _texts(titles, len(titles))
        data[watch.lesson.name] = _texts([titles[shown_first(watch, template)]], 1)
    return data


def shown_first(watch: Watch, template: Template) -> int:
    """The number of the lesson that is shown at first: the template's wish, else the last that draws no weights,
    or the last of all where every one does."""
    if template.shown in watch.keys:
        return watch.keys.index(template.shown)
    given = [k for k, output in enumerate(watch.outputs) if not drawn_for(output, template)]
    return (given or [len(watch.keys) - 1])[-1]


def drawn_for(output: Matrix, template: Template) -> bool:
    """Whether weights that are drawn at random are among what a block comes from."""
    seen, waiting = {output}, [output]
    while waiting:
        block = waiting.pop()
        if is_drawn(block, template):
            return True
        further = set(block.operands) - seen
        waiting += further
        seen |= further
    return False


def is_drawn(block: Matrix, template: Template) -> bool:
    """Whether the numbers of a block are weights that nothing gives, so that they are drawn from the seed."""
    return block.role == "parameter" and block.name not in template.weights and block.initial.shown is None


def _parameter(block: Matrix, template: Template) -> Array:
    """The template's weights for a block, or reproducible ones drawn from its seed."""
    if block.name not in template.weights:
        if block.initial.shown is not None:
            return np.full(block.shape, block.initial.shown)
        return pseudo_random(f"{template.seed}:{block.name}", block.shape)
    value = trimmed(template.weights[block.name], block, len(template.table.words))
    if value.shape != block.shape:
        found, expected = ("x".join(map(str, shape)) for shape in (value.shape, block.shape))
        raise UserError(f"template {template.name}: weights.{block.name} is {found}, expected {expected}")
    return value
