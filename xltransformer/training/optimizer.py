"""How weights follow their gradients: AdamW and plain gradient descent, over all weights at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from xltransformer.graph import Array

WARM_UP, FLOOR = 0.05, 0.02
"""The share of the steps in which the learning rate rises, and what is left of it after the last."""
LONGEST_GRADIENT = 1.0
"""Longer gradients are cut to this length. Pascanu et al. 2013, section 3.2."""


def rate_at(step: int, steps: int) -> float:
    """The share of the learning rate at a step, from 0: a rise to 1, then half a cosine down to `FLOOR`.
    Loshchilov and Hutter 2017, "SGDR", equation 5."""
    rise = max(1, int(WARM_UP * steps))
    fallen = max(0, step - rise) / max(1, steps - rise)
    return min(1.0, (step + 1) / rise) * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * fallen)))


def clip(gradient: Array) -> Array:
    """The gradient of all weights, (p,), cut to the length `LONGEST_GRADIENT` where it is longer."""
    length = float(np.sqrt(np.dot(gradient, gradient)))
    return gradient * (LONGEST_GRADIENT / length) if length > LONGEST_GRADIENT else gradient


class Optimizer(Protocol):
    """Changes weights in place, and has a state that can be kept: arrays of (p,) for p weights."""

    state: dict[str, Array]

    def update(self, weights: Array, gradient: Array, rate: float, step: int) -> None:
        """One step against the gradient, both (p,); `step` counts from 0."""


class AdamW:
    """Kingma and Ba 2015, "Adam", algorithm 1, with the decoupled weight decay of Loshchilov and Hutter
    2019, algorithm 2."""

    DECAY, BETA_1, BETA_2, EPSILON = 0.01, 0.9, 0.98, 1e-8

    def __init__(self, weights: Array) -> None:
        self.state = {"mean": np.zeros_like(weights), "square": np.zeros_like(weights)}

    def update(self, weights: Array, gradient: Array, rate: float, step: int) -> None:
        mean, square = self.state["mean"], self.state["square"]
        mean += (1 - self.BETA_1) * (gradient - mean)
        square += (1 - self.BETA_2) * (gradient * gradient - square)
        root = np.sqrt(square / (1 - self.BETA_2 ** (step + 1))) + self.EPSILON
        weights *= 1 - rate * self.DECAY
        weights -= (rate / (1 - self.BETA_1 ** (step + 1))) * mean / root


class Descent:
    """The update that the sheets show: weights less learning rate times gradient."""

    def __init__(self, weights: Array) -> None:
        self.state: dict[str, Array] = {}

    def update(self, weights: Array, gradient: Array, rate: float, step: int) -> None:
        weights -= rate * gradient


OPTIMIZERS: dict[str, Callable[[Array], Optimizer]] = {"adamw": AdamW, "sgd": Descent}
"""Every optimizer by its name."""
RATES = {"adamw": 5e-3, "sgd": 0.1}
"""The learning rate of each where none is given."""
