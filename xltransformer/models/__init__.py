"""The lessons and architectures: plain functions from sizes to a model, composed of layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

from xltransformer.errors import UserError
from xltransformer.models.sizes import GRADIENTS, HEADS, Sizes
from xltransformer.teaching.lesson import Lesson

MODELS = {
    "byte_pair": "byte_pair.byte_pair",
    "attention_lessons": "attention_lessons.attention_lessons",
    "single_query": "single_query.single_query",
    "multi_head": "layer_lessons.multi_head_lesson",
    "positions": "layer_lessons.positions_lesson",
    "rotary": "layer_lessons.rotary_lesson",
    "masks": "layer_lessons.masks_lesson",
    "add_norm": "layer_lessons.add_norm_lesson",
    "feed_forward": "layer_lessons.feed_forward_lesson",
    "recurrent": "layer_lessons.recurrent_lesson",
    "trainable_attention": "training_lessons.trainable_attention",
    "backpropagation": "training_lessons.backpropagation",
    "encoder": "architectures.encoder_model",
    "decoder": "architectures.decoder_model",
    "encoder_decoder": "architectures.encoder_decoder",
    "bert": "architectures.bert",
    "sentence_encoder": "published.sentence_encoder",
    "gpt": "architectures.gpt",
    "llama": "published.llama",
}
"""Every model by the name that templates call it by: its file in this folder, and its function there. Only
the file of the model that is built is loaded."""


def maker(name: str) -> Callable[[Sizes], Lesson]:
    """The function that makes the model of that name; KeyError where there is none."""
    module, _, function = MODELS[name].partition(".")
    made: Callable[[Sizes], Lesson] = getattr(import_module(f"{__name__}.{module}"), function)
    return made


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


WRITERS = {"encoder_decoder", "gpt", "llama"}
"""The models that write: the empty slots of a sentence take what the model predicts."""

SPELLERS = {"byte_pair"}
"""The models that read words letter by letter."""

PAIRS = {"decoder", "encoder_decoder"}
"""The models over two sentences, a source and a target."""

__all__ = ["HEADS", "MODELS", "PAIRS", "SPELLERS", "WRITERS", "Lesson", "Sizes", "build_model", "maker"]
