"""What every model begins with: a vocabulary, and its sentences."""

from __future__ import annotations

from xltransformer.graph import Axis, Model
from xltransformer.models.sizes import HEADS, Sizes
from xltransformer.nn.architecture import Architecture
from xltransformer.nn.embedding import Vocabulary
from xltransformer.nn.norm import EPSILON
from xltransformer.teaching.lesson import Lesson


def begin(sizes: Sizes, *options: str) -> tuple[Lesson, Vocabulary]:
    """A model of these sizes, with its vocabulary; UserError for options that it does not know."""
    sizes.expect(*options)
    model = Lesson(sizes.slots, sizes.vocabulary, sizes.width)
    return model, model.vocabulary


STACK = (
    "layers", "heads", "d_k", "d_v", "d_ff", "activation", "pre_norm", "rms", "biases", "feed_forward", "epsilon"
)  # fmt: skip
"""The options of a stack of layers; with `feed_forward` false it is attention only."""


def architecture(
    model: Model, sizes: Sizes, width: Axis, *, epsilon: float = EPSILON, **defaults: object
) -> Architecture:
    """The sizes and choices of a stack, as the options give them; `defaults` are the model's own."""
    heads = sizes.count("heads", HEADS)
    each = max(1, width.size // heads)
    return Architecture(
        width=width,
        heads=heads,
        d_k=sizes.count("d_k", each),
        d_v=sizes.count("d_v", each),
        d_ff=sizes.count("d_ff", 4 * width.size),
        epsilon=model.scope().constant("epsilon", sizes.number("epsilon", epsilon), positive=True),
        activation=sizes.choice("activation", str(defaults.get("activation", "relu"))),
        pre_norm=sizes.flag("pre_norm", bool(defaults.get("pre_norm", False))),
        rms=sizes.flag("rms", bool(defaults.get("rms", False))),
        biases=sizes.flag("biases", bool(defaults.get("biases", True))),
        feed_forward=sizes.flag("feed_forward", True),
    )
