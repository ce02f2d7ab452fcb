"""The lessons and architectures: plain functions from sizes to a model, composed of layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xltransformer.errors import UserError
from xltransformer.models.architectures import bert, decoder_model, encoder_decoder, encoder_model, gpt
from xltransformer.models.attention_lessons import attention_lessons
from xltransformer.models.byte_pair import byte_pair
from xltransformer.models.layer_lessons import (
    add_norm_lesson,
    feed_forward_lesson,
    masks_lesson,
    multi_head_lesson,
    positions_lesson,
    recurrent_lesson,
    rotary_lesson,
)
from xltransformer.models.lesson import Lesson
from xltransformer.models.objective import SETTING, learn
from xltransformer.models.published import llama, sentence_encoder
from xltransformer.models.single_query import single_query
from xltransformer.models.sizes import HEADS, Sizes
from xltransformer.models.training_lessons import backpropagation, trainable_attention

MODELS: dict[str, Callable[[Sizes], Lesson]] = {
    "byte_pair": byte_pair,
    "attention_lessons": attention_lessons,
    "single_query": single_query,
    "multi_head": multi_head_lesson,
    "positions": positions_lesson,
    "rotary": rotary_lesson,
    "masks": masks_lesson,
    "add_norm": add_norm_lesson,
    "feed_forward": feed_forward_lesson,
    "recurrent": recurrent_lesson,
    "trainable_attention": trainable_attention,
    "backpropagation": backpropagation,
    "encoder": encoder_model,
    "decoder": decoder_model,
    "encoder_decoder": encoder_decoder,
    "bert": bert,
    "sentence_encoder": sentence_encoder,
    "gpt": gpt,
    "llama": llama,
}
"""Every model by the name that templates call it by."""


def build_model(name: str, sizes: Sizes) -> Lesson:
    """The model of that name, and with the option `gradients` how it learns, where it does not say so
    itself; KeyError where there is none, UserError for sizes that make no sense."""
    options = {key: value for key, value in sizes.options.items() if key != SETTING}
    model = MODELS[name](replace(sizes, options=options))
    if wants_gradients(sizes) and not model.learns:
        learn(model)
    return model


def wants_gradients(sizes: Sizes) -> bool:
    """Whether the option `gradients` is set: 1 or true; UserError for anything but yes or no."""
    value = sizes.options.get(SETTING, False)
    if value not in (0, 1):
        raise UserError(f"[sizes] {SETTING} is {value!r}: give 1 or 0")
    return bool(value)


WRITERS = {"encoder_decoder", "gpt", "llama"}
"""The models that write: the empty slots of a sentence take what the model predicts."""

SPELLERS = {"byte_pair"}
"""The models that read words letter by letter."""

PAIRS = {"decoder", "encoder_decoder"}
"""The models over two sentences, a source and a target."""

__all__ = ["HEADS", "MODELS", "PAIRS", "SPELLERS", "WRITERS", "Lesson", "Sizes", "build_model"]
