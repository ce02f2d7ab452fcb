"""The lessons and architectures: plain functions from sizes to a model, composed of layers."""

from __future__ import annotations

from dataclasses import replace

from xltransformer.errors import UserError
from xltransformer.models.registry import MODELS, ModelEntry, maker
from xltransformer.models.sizes import GRADIENTS, HEADS, Sizes
from xltransformer.teaching.lesson import Lesson


def build_model(name: str, sizes: Sizes, *, forward_only: bool = False) -> Lesson:
    """The model of that name, and with the option `gradients` how it learns, where it does not say so
    itself and is not `forward_only`; KeyError where there is none, UserError for sizes that make no sense."""
    options = dict(sizes.options)
    gradients = options.pop(GRADIENTS, False)
    model = maker(name)(replace(sizes, options=options))
    if forward_only:
        return model
    if gradients not in (0, 1):
        raise UserError(f"[sizes] {GRADIENTS} is {gradients!r}: give 1 or 0")
    if gradients and not model.learns:
        from xltransformer.models.objective import learn

        learn(model)
    return model


__all__ = ["HEADS", "MODELS", "Lesson", "ModelEntry", "Sizes", "build_model", "maker"]
