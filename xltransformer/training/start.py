"""What a run of training begins with and leaves: from a template or a workbook as it is now to a run, and from
its end to weights in a file or a workbook."""

from __future__ import annotations

import json
import zlib
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
from xltransformer.graph import Array, Matrix
from xltransformer.locale import ENGLISH
from xltransformer.models.sizes import GRADIENTS
from xltransformer.record import record
from xltransformer.training.data import as_data, longest, mask_row, read_data
from xltransformer.training.loop import Run, Settings, Trained
from xltransformer.training.task import PRECISION, Task, contrast_task, sentence_task, word_task
from xltransformer.weights import ABOUT, OPTIONS, WORDS
from xltransformer.workbook.again import instance_of, language_of
from xltransformer.workbook.reader import read_book


@record
class Start:
    """An instance of the model, and which of its weights are `given`; the rest are drawn from a seed.
    `language` is that of a workbook."""

    instance: Instance
    given: frozenset[str]
    language: str = ENGLISH

    @property
    def places(self) -> Sequence[int] | None:
        """The most words of each sentence, where the model has learned positions for so many."""
        learned = self.instance.model.learned_positions
        return (max(self.instance.sizes.slots),) if learned is not None else None

    def weights(self, task: Task, seed: int) -> dict[str, Array]:
        """The first weights of a task, in the precision of training. Drawn ones are normal: 1/√rows wide
        for a weight matrix, so that what comes out is as large as what goes in; 1/√d wide for
        embeddings and positions; biases are 0 and gains 1."""
        return {
            block.name: (
                self.instance.inputs[block.name] if block.name in self.given else first_weights(block, seed)
            ).astype(PRECISION)
            for block in task.learned
        }


def first_weights(block: Matrix, seed: int) -> Array:
    """The weights of a block before training, from a seed and the block's name."""
    if block.initial.trained is not None:
        return np.full(block.shape, block.initial.trained)
    wide = block.shape[1] if block.initial.by_row else block.shape[0]
    rng = np.random.default_rng([seed, zlib.crc32(block.name.encode())])
    return np.asarray(rng.normal(0.0, 1 / np.sqrt(wide), block.shape))


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
    given = set(instance.template.weights)
    if not instance.template.table.drawn:
        given.add("embeddings")
    return Start(instance, frozenset(given))


def from_workbook(path: Path) -> Start:
    """The model of a workbook with its inputs as they stand there now, edits included.

    Raises UserError for a workbook that cannot be read, and for cells that hold no number.
    """
    book = read_book(path)
    instance = instance_of(book)
    return Start(instance, frozenset(instance.inputs), language_of(book))


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
    files = [data] if valid is None else [data, valid]
    read = [read_data(Path(path), instance, start.places) for path in files]
    places = start.places or longest([example for examples in read for example in examples])
    if instance.template.entry.compares:
        places = (max(places),) * 3
        task = contrast_task(instance, places)
    else:
        task = word_task(instance, places)
    mask = mask_row(instance, task.model.vocabulary.words)
    batches = [as_data(examples, places, mask) for examples in read]
    return Run(
        task, start.weights(task, settings.seed), settings, batches[0], batches[1] if len(batches) > 1 else None
    )


def learned_state(start: Start, run: Run, trained: Trained, about: dict[str, Any]) -> dict[str, Array]:
    """All weights of the model in single precision, by their blocks' names, and as JSON what is to be
    told of them: how they were trained, what is in `about`, and what its template does not say of the model."""
    blocks = [block.name for block in run.task.model.inputs if block.role in ("parameter", "embedding")]
    values = {**start.instance.inputs, **trained.weights}
    told: dict[str, Any] = {**asdict(run.settings), "step": trained.step, **about}
    if trained.history:
        told["last"] = trained.history[-1].to_json()
    told |= not_of_template(start.instance)
    state = {name: np.asarray(values[name], PRECISION) for name in blocks}
    return {**state, ABOUT: np.array(json.dumps(told, ensure_ascii=False))}


def not_of_template(instance: Instance) -> dict[str, Any]:
    """Options of the model, None for those that it does without, and the words of its rows, where the template
    that ships under that name has others: what the arrays alone would not say to who builds it again."""
    template, options = instance.template, instance.sizes.options
    own = load_template(template.name, fresh=True) if template.name in shipped_templates() else None
    usual = own.sizes if own is not None and own.model == template.model else {}
    names = [name for name in {**usual, **options} if name not in (*SHOWN, GRADIENTS)]
    other = {name: options.get(name) for name in names if options.get(name) != usual.get(name)}
    rows = instance.inputs[instance.model.vocabulary.words.name].ravel()
    words = ["" if word is None else str(word) for word in rows]
    same = own is not None and words == [*own.table.words]
    return ({OPTIONS: other} if other else {}) | ({} if same else {WORDS: words})
