"""From a start and files of data to a run, and from its end to a file of weights."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.training.data import as_data, longest, mask_row, read_data
from xltransformer.training.loop import Run, Settings, Trained
from xltransformer.training.start import Start
from xltransformer.training.task import PRECISION, sentence_task, word_task
from xltransformer.weights import ABOUT


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
    task = word_task(instance, places)
    mask = mask_row(instance, task.model.vocabulary.words)
    batches = [as_data(examples, places, mask) for examples in read]
    return Run(
        task, start.weights(task, settings.seed), settings, batches[0], batches[1] if len(batches) > 1 else None
    )


def learned_state(start: Start, run: Run, trained: Trained, about: dict[str, Any]) -> dict[str, Array]:
    """All weights of the model in single precision, by their blocks' names, and as JSON what is to be
    told of them: how they were trained, and what is in `about`."""
    blocks = [block.name for block in run.task.model.inputs if block.role in ("parameter", "embedding")]
    values = {**start.instance.inputs, **trained.weights}
    told: dict[str, Any] = {**asdict(run.settings), "step": trained.step, **about}
    if trained.history:
        told["last"] = trained.history[-1].to_json()
    state = {name: np.asarray(values[name], PRECISION) for name in blocks}
    return {**state, ABOUT: np.array(json.dumps(told, ensure_ascii=False))}
