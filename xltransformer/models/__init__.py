"""The lessons and architectures: plain functions from sizes to a model, composed of layers."""

from __future__ import annotations

from collections.abc import Callable

from xltransformer.graph import Model
from xltransformer.models.attention_lessons import attention_lessons
from xltransformer.models.single_query import single_query
from xltransformer.models.sizes import Sizes

MODELS: dict[str, Callable[[Sizes], Model]] = {
    "attention_lessons": attention_lessons,
    "single_query": single_query,
}
"""Every model by the name that templates call it by."""

__all__ = ["MODELS", "Sizes"]
