"""What a run of training begins with and leaves: from a template or a workbook as it is now to a run, and from
its end to weights in a file or a workbook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.request import Options
from xltransformer.building.template import DEFAULT_TEMPLATE, SHOWN, shipped_templates
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.locale import ENGLISH
from xltransformer.models.sizes import GRADIENTS
from xltransformer.nn.learned import LEARNED_TEXTS
from xltransformer.text import word_key
from xltransformer.training.begin import Start, given_in
from xltransformer.training.data import as_data, mask_row, read_data
from xltransformer.training.loop import Run, Settings, Trained
from xltransformer.training.samples import from_data, from_own
from xltransformer.training.task import PRECISION, contrast_task, sentence_task, word_task
from xltransformer.weights import ABOUT, MADE, OPTIONS, WORDS
from xltransformer.workbook.again import instance_of, language_of
from xltransformer.workbook.reader import read_book


def from_instance(
    template: str | Path | None,
    sentences: str | Sequence[str] = (),
    *,
    fresh: bool = False,
    **options: Unpack[Options],
) -> Start:
    """A template with its weights, or those of a file among the `options` (see `Options`); with `fresh`
    what a template has learned already is forgotten.

    Raises UserError for whatever cannot be built.
    """
    chosen = load_template(DEFAULT_TEMPLATE if template is None else template, fresh=fresh)
    options["settings"] = {"spare_rows": 0, **(options.get("settings") or {})}
    instance = make_instance(chosen, sentences, **options)
    return Start.of(instance, given_in(instance), ENGLISH)


def from_workbook(path: Path) -> Start:
    """The model of a workbook with its inputs as they stand there now, edits included.

    Raises UserError for a workbook that cannot be read, and for cells that hold no number.
    """
    book = read_book(path)
    instance = instance_of(book)
    start = Start.of(instance, instance.inputs, language_of(book))
    known = {word_key(word) for word in instance.template.table.words}
    listed = instance.inputs[instance.model.vocabulary.words.name].ravel()
    return replace(start, made=any(word and word_key(str(word)) not in known for word in listed))


def changed(start: Start, weights: Mapping[str, Array]) -> Instance:
    """The instance of a start with other weights."""
    inputs = {**start.instance.inputs, **{name: value.astype(float) for name, value in weights.items()}}
    return replace(start.instance, inputs=inputs)


def prepare(
    start: Start, settings: Settings, data: str | Path | None = None, valid: str | Path | None = None
) -> Run:
    """A run over the sentences of a file, or without one over the instance's own sentences and targets.

    Raises UserError for files that cannot be used, and where there is nothing to learn.
    """
    instance = start.instance
    if data is None:
        if valid is not None:
            raise UserError(f"`valid` {valid} goes with `data`: give that, too")
        task = sentence_task(instance)
        return Run(task, start.weights(task, settings.seed), settings, None)
    files = [Path(file) for file in (data, valid) if file is not None]
    read = [read_data(path, instance, start.places, long=start.long, known=start.known) for path in files]
    longest = tuple(map(max, zip(*(one.longest() for one in read), strict=True)))
    places = longest if start.places is None else start.places[: len(longest)]
    if instance.template.entry.compares:
        places = (max(places),) * 3
        task = contrast_task(instance, places)
    else:
        task = word_task(instance, places)
    mask = mask_row(instance, task.model.vocabulary.words)
    batches = [as_data(one.examples, places, mask) for one in read]
    notes = tuple(
        f"{path.name:.60}: {one.cut:,} of {len(one.examples):,} lines were cut to {max(places)} places"
        for path, one in zip(files, read, strict=True)
        if one.cut
    )
    held_out = batches[1] if len(batches) > 1 else None
    return Run(
        task, start.weights(task, settings.seed), settings, batches[0], held_out, notes=notes,
        write=from_own(instance), write_last=from_data(instance, held_out or batches[0]),
        about=about(start), source=start.source(data, valid),
    )  # fmt: skip


def learned_state(start: Start, run: Run, trained: Trained, data: str | Path | None) -> dict[str, Array]:
    """All weights of the model in single precision, by their blocks' names, and as JSON what is to be told of
    them: of the model all that building it takes, how they were trained, and the name of the `data`."""
    blocks = [block.name for block in run.task.model.inputs if block.role in ("parameter", "embedding")]
    values = {**start.instance.inputs, **trained.weights}
    name = None if data is None else Path(data).name
    told: dict[str, Any] = {**asdict(run.settings), "step": trained.step, "data": name}
    if trained.history:
        told["last"] = trained.history[-1].to_json()
    told |= run.about or about(start)
    told["history"] = [one.to_json() for one in trained.history]
    state = {name: np.asarray(values[name], PRECISION) for name in blocks}
    return {**state, ABOUT: np.array(json.dumps(told, ensure_ascii=False))}


def about(start: Start) -> dict[str, Any]:
    """What a file tells of the model that a run begins with."""
    vocabulary = {"vocabulary": MADE if start.made else "template"}
    return {**told_of(start.instance), "language": start.language, **vocabulary}


def told_of(instance: Instance) -> dict[str, Any]:
    """What a file of weights tells of a model, so that nothing else is needed to build it again: its template and
    model, its options (None for those of the template that it does without), the words of its rows, the places and
    the words of its sentences, how text is cut, and its switches."""
    template, options = instance.template, instance.sizes.options
    usual: Mapping[str, Any] = {}
    if template.name in shipped_templates():
        own = load_template(template.name, fresh=True)
        usual = own.sizes if own.model == template.model else {}
    rows = instance.inputs[instance.model.vocabulary.words.name].ravel()
    return {
        "template": template.name,
        "model": template.model,
        OPTIONS: {name: options.get(name) for name in {**usual, **options} if name not in (*SHOWN, GRADIENTS)}
        | ({} if LEARNED_TEXTS not in options else {LEARNED_TEXTS: None}),
        WORDS: ["" if word is None else str(word) for word in rows],
        "slots": list(instance.sizes.slots),
        "sentences": list(instance.sentences),
        "cut": template.cut.to_json(),
        "unknown": template.cut.unknown or None,
        "switches": dict(template.switches),
    }
