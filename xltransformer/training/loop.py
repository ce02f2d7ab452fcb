"""The loop: batches, steps, what is held out, and the run that can be taken up again."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from xltransformer.checked import expect, is_positive, is_whole
from xltransformer.errors import UserError
from xltransformer.files import check_free, save
from xltransformer.graph import Array
from xltransformer.record import record
from xltransformer.training.data import Data
from xltransformer.training.optimizer import OPTIMIZERS, RATES, clip, rate_at
from xltransformer.training.samples import Write
from xltransformer.training.task import PRECISION, Task
from xltransformer.weights import ABOUT, RUN, read_npz, write_state

LOOKS = 20
"""How often in a run held-out data are looked at."""
EVALUATED = 256
"""Examples in one batch where nothing is learned."""


@record
class Settings:
    """How to train: steps, batch size, optimizer, its highest learning rate, and the seed."""

    steps: int
    batch: int
    optimizer: str
    learning_rate: float
    seed: int

    @classmethod
    def of(cls, steps: int, batch: int, optimizer: str, learning_rate: float | None, seed: int) -> Settings:
        """Settings that can be used, without a learning rate the optimizer's own; UserError for others."""
        if optimizer not in OPTIMIZERS:
            raise UserError(f"there is no optimizer {optimizer!r}; give one of {', '.join(OPTIMIZERS)}")
        for name, value, least in (("steps", steps, 1), ("batch", batch, 1), ("seed", seed, 0)):
            expect(is_whole(value, least), f"`{name}`", value, f"a whole number of at least {least}")
        rate = RATES[optimizer] if learning_rate is None else learning_rate
        expect(is_positive(rate), "`learning_rate`", rate, "a number above 0")
        return cls(steps, batch, optimizer, rate, seed)

    def taken_up(self, told: Mapping[str, Any]) -> Settings:
        """The settings of a run that is taken up: what is not said otherwise is as the run `told` it."""
        usual = {**asdict(USUAL), "learning_rate": RATES[self.optimizer]}
        kept = {name: told.get(name, value) for name, value in usual.items() if getattr(self, name) == value}
        return replace(self, **kept)


USUAL = Settings(1000, 64, "adamw", RATES["adamw"], 0)
"""The settings where nothing is said."""


@record
class Progress:
    """Where a run stands after `step` steps: the mean loss of the batches since the last look, and of
    held-out data, where there are any, loss and the share of words that are right; what the model then writes
    (`sample`), if it writes. `seconds` are left."""

    step: int
    loss: float
    held_out_loss: float | None = None
    accuracy: float | None = None
    seconds: float = 0.0
    sample: str | None = None

    def to_json(self) -> dict[str, Any]:
        """What the history of a run keeps."""
        told = {key: value for key, value in asdict(self).items() if key not in ("seconds", "sample")}
        return told if self.sample is None else {**told, "sample": self.sample}


@dataclass
class Trained:
    """The weights that a run leaves, after which step, what it told on the way, and whether it was
    interrupted: then they are those of the lowest loss so far; and texts that the model then writes, if it
    writes (`samples`)."""

    weights: dict[str, Array]
    step: int
    history: list[Progress]
    interrupted: bool = False
    samples: tuple[str, ...] = ()


@dataclass
class Run:
    """A task with its weights, which lie in one array: blocks are views of it; lines for the user in `notes`;
    what the model writes, if it writes, at every look (`write`) and at the end (`write_last`); what is told of the
    model (`about`) and of what it learns from (`source`) in the file that keeps the run."""

    task: Task
    weights: dict[str, Array]
    settings: Settings
    data: Data | None
    valid: Data | None = None
    history: list[Progress] = field(default_factory=list)
    step: int = 0
    notes: tuple[str, ...] = ()
    write: Write | None = None
    write_last: Write | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.flat = np.concatenate([value.ravel() for value in self.weights.values()]).astype(PRECISION)
        self.weights = self.views(self.flat)
        self.optimizer = OPTIMIZERS[self.settings.optimizer](self.flat)

    def views(self, flat: Array) -> dict[str, Array]:
        """All weights, (p,), as the blocks that they are."""
        ends = np.cumsum([value.size for value in self.weights.values()])
        parts = np.split(flat, ends[:-1])
        return {n: part.reshape(v.shape) for (n, v), part in zip(self.weights.items(), parts, strict=True)}

    def advance(self) -> float:
        """One step; returns the loss before it. UserError where that is no number."""
        settings = self.settings
        batch: dict[str, Array] = {}
        share = np.ones((1, 1), PRECISION)
        if self.data is not None:
            rng = np.random.default_rng([settings.seed, self.step])
            rows = rng.integers(len(self.data), size=settings.batch)
            batch, share = self.data.batch(self.task, rows, rng)
        losses, found = self.task.step(self.weights, batch, share)
        loss = float((losses * share).sum())
        gradient = np.concatenate([found[name].ravel() for name in self.weights])
        if not math.isfinite(loss) or not np.isfinite(gradient).all():
            raise UserError(
                f"the loss became {loss} at step {self.step + 1}: use a smaller `learning_rate` "
                f"than {settings.learning_rate:g}"
            )
        rate = settings.learning_rate * rate_at(self.step, settings.steps)
        self.optimizer.update(self.flat, clip(gradient), rate, self.step)
        self.step += 1
        return loss

    def evaluate(self, data: Data) -> tuple[float, float]:
        """The mean loss of a target word in some data, and the share of words that are right."""
        data = data.one_hidden_each()
        total, right, counted = 0.0, 0.0, 0.0
        for first in range(0, len(data), EVALUATED):
            rows = np.arange(first, min(first + EVALUATED, len(data)))
            batch, share = data.batch(self.task, rows, None)
            losses, results = self.task.look(self.weights, batch)
            counts, target = data.counted(data.counts[rows]), data.counted(data.target[rows])
            number = float(counts.sum())
            total += float((losses * share).sum()) * number
            hits = [(np.argmax(result, axis=-1) + 1 == target) * counts for result in results]
            right += sum(float(hit.sum()) for hit in hits) / len(hits)
            counted += number
        return total / counted, right / counted

    def state(self) -> dict[str, Array]:
        """The run as arrays, from which it can be taken up again."""
        arrays = {f"weights.{name}": value for name, value in self.weights.items()}
        arrays |= {f"optimizer.{name}": value for name, value in self.optimizer.state.items()}
        history = [one.to_json() for one in self.history]
        told = {**asdict(self.settings), **self.source, "step": self.step, "history": history}
        texts = {RUN: told, ABOUT: self.about}
        return arrays | {name: np.array(json.dumps(text, ensure_ascii=False)) for name, text in texts.items()}

    def resume(self, path: Path) -> None:
        """Go on where a saved run stopped; UserError where it is another run's."""
        state = read_npz(path)
        told = told_of_run(path, state)
        history, step = told["history"], told["step"]
        expected = {f"weights.{name}": value for name, value in self.weights.items()}
        expected |= {f"optimizer.{name}": value for name, value in self.optimizer.state.items()}
        shapes = {name: value.shape for name, value in state.items() if value.dtype.kind == "f"}
        if shapes != {name: value.shape for name, value in expected.items()}:
            raise UserError(f"{path} holds a run of another model or optimizer: give another file with `resume`")
        for key in ("seed", "batch", "optimizer"):
            if told.get(key) != getattr(self.settings, key):
                raise UserError(
                    f"{path} holds a run with {key} {told.get(key)}, not {getattr(self.settings, key)}: "
                    "give the same, or another file with `resume`"
                )
        if step >= self.settings.steps:
            raise UserError(f"{path} holds a run of {step} steps already: give more with `steps`")
        for name, value in expected.items():
            value[...] = state[name]
        self.history, self.step = history, step

    def keep_in(self, path: Path) -> Callable[[], None]:
        """What saves the run in a file, from which it goes on here where the file is there.

        Raises UserError for a file that cannot be written, or is another run's."""
        check_free(path, (".npz",), force=True)
        if path.exists():
            self.resume(path)
        return lambda: save(write_state(self.state()), path, (".npz",), force=True)


def told_of_run(path: Path, state: Mapping[str, Array]) -> dict[str, Any]:
    """What a file that keeps a run tells of it; UserError for a file of something else."""
    try:
        told: dict[str, Any] = json.loads(str(state[RUN]))
        return {**told, "history": [Progress(**one) for one in told["history"]], "step": int(told["step"])}
    except (KeyError, ValueError, TypeError):
        raise UserError(f"{path} holds no run of training: give another file with `resume`") from None


def train(
    run: Run, tell: Callable[[Progress], None] = lambda _: None, keep: Callable[[], None] = lambda: None
) -> Trained:
    """Take the steps that are left. `tell` hears of every look, and `keep` may save the run at each.
    Ctrl-C ends it with the best weights so far: those of the look with the lowest held-out loss, or
    without held-out data the lowest loss of training; before the first look with those it has."""
    steps = run.settings.steps
    every = max(1, steps // LOOKS)
    started, first = time.perf_counter(), run.step
    best: tuple[float, Array, int] | None = None
    losses: list[float] = []
    try:
        while run.step < steps:
            losses.append(run.advance())
            if run.step % every and run.step < steps:
                continue
            loss = float(np.mean(losses))
            held_out, right = run.evaluate(run.valid) if run.valid is not None else (None, None)
            left = (time.perf_counter() - started) / (run.step - first) * (steps - run.step)
            sample = None if run.write is None else run.write(run.weights)[0]
            told = Progress(run.step, loss, held_out, right, left, sample)
            losses = []
            run.history.append(told)
            measured = loss if held_out is None else held_out
            if best is None or measured < best[0]:
                best = measured, run.flat.copy(), run.step
            tell(told)
            keep()
    except KeyboardInterrupt:
        _, flat, step = best or (math.inf, run.flat, run.step)
        return _ended(run, run.views(flat), step, interrupted=True)
    return _ended(run, run.weights, run.step)


def _ended(run: Run, weights: dict[str, Array], step: int, *, interrupted: bool = False) -> Trained:
    samples = () if run.write_last is None else tuple(run.write_last(weights))
    return Trained(weights, step, run.history, interrupted, samples)
