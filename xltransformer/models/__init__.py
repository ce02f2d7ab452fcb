"""The lessons and architectures: plain functions from sizes to a model, composed of layers."""

from __future__ import annotations

from dataclasses import replace

from xltransformer.errors import UserError
from xltransformer.models.registry import MODELS, ModelEntry, maker
from xltransformer.models.sizes import GRADIENTS, HEADS, Sizes
from xltransformer.teaching.lesson import Lesson


def build_model(name: str, sizes: Sizes) -> Lesson:
    """The model of that name, and with the option `gradients` how it learns, where it does not say so
    itself; KeyError where there is none, UserError for sizes that make no sense."""
    options = {key: value for key, value in sizes.options.items() if key != GRADIENTS}
    model = maker(name)(replace(sizes, options=options))
    if wants_gradients(sizes) and not model.learns:
        from xltransformer.models.objective import learn

        learn(model)
    return model


def wants_gradients(sizes: Sizes) -> bool:
    """Whether the option `gradients` is set: 1 or true; UserError for anything but yes or no."""
    value = sizes.options.get(GRADIENTS, False)
    if value not in (0, 1):
        raise UserError(f"[sizes] {GRADIENTS} is {value!r}: give 1 or 0")
    return bool(value)


__all__ = ["HEADS", "MODELS", "Lesson", "ModelEntry", "Sizes", "build_model", "maker"]
