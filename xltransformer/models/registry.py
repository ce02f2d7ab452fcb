"""Every model by the name that templates call it by, and what is to be known of it before it is made.

A new model is one function from sizes to a model, and one entry here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from xltransformer.models.sizes import Sizes
from xltransformer.record import record
from xltransformer.teaching.lesson import Lesson


@record
class ModelEntry:
    """What is known of a model without loading it.

    `made_by` is its file in this folder and its function there; the file is loaded when the model is made.
    It `writes` where the empty slots of a sentence take what it predicts, `guesses` hidden words unless its
    option `head` is off, `spells` where it reads words letter by letter, reads a `pair` of a source and a
    target, `compares` two sentences. `schemes` are the published names (see `weights.schemes`) that its weights
    may have, the likeliest first; then `template` is the one that ships for them, and `told` are the entries of
    a config.json beside them that are options of the model, further than those of every stack; `judges` are those
    that are options where the weights are a classifier's. The steps `practised` are those of which an exercise
    leaves cells to the student where none are named.
    """

    made_by: str
    writes: bool = False
    guesses: bool = False
    spells: bool = False
    pair: bool = False
    compares: bool = False
    schemes: tuple[str, ...] = ()
    template: str = ""
    told: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()
    practised: tuple[str, ...] = ("scores", "scaled", "softmax", "weights", "output")

    def __post_init__(self) -> None:
        if bool(self.schemes) != bool(self.template):
            raise ValueError(f"{self.made_by}: schemes of published names and the template for them go together")


_BERTS = ("bert", "roberta", "distilbert", "mpnet")
"""The schemes of models like BERT."""
MODELS = {
    "byte_pair": ModelEntry("byte_pair.byte_pair", spells=True),
    "attention_lessons": ModelEntry("attention_lessons.attention_lessons"),
    "single_query": ModelEntry("attention_lessons.single_query"),
    "multi_head": ModelEntry(
        "layer_lessons.multi_head_lesson", schemes=("torch_attention",), template="multi-head"
    ),
    "positions": ModelEntry("layer_lessons.positions_lesson"),
    "rotary": ModelEntry("layer_lessons.rotary_lesson", practised=("rotary", "scores", "scaled", "weights")),
    "masks": ModelEntry("layer_lessons.masks_lesson"),
    "add_norm": ModelEntry("layer_lessons.add_norm_lesson", practised=("residual", "layer_norm")),
    "feed_forward": ModelEntry("layer_lessons.feed_forward_lesson", practised=("expand", "relu", "contract")),
    "recurrent": ModelEntry(
        "recurrent_lesson.recurrent_lesson",
        practised=("recurrent", "lstm_gates", "lstm_cell", "lstm_state"),
    ),
    "trainable_attention": ModelEntry("training_lessons.trainable_attention"),
    "backpropagation": ModelEntry("training_lessons.backpropagation"),
    "encoder": ModelEntry("architectures.encoder_model", schemes=("torch_encoder",), template="encoder"),
    "decoder": ModelEntry(
        "architectures.decoder_model", writes=True, pair=True, schemes=("torch_decoder",), template="decoder"
    ),
    "encoder_decoder": ModelEntry(
        "architectures.encoder_decoder",
        writes=True,
        pair=True,
        schemes=("torch_transformer", "marian"),
        template="encoder-decoder",
        told=("stretched",),
    ),
    "bert": ModelEntry(
        "architectures.bert",
        guesses=True,
        schemes=(*_BERTS, *(f"{name}_{what}" for name in _BERTS for what in ("sequence", "words"))),
        template="bert",
        told=("head_activation",),
        judges=("classes", "answers", "pair"),
    ),
    "sentence_encoder": ModelEntry(
        "published.sentence_encoder",
        compares=True,
        schemes=tuple(f"{name}_states" for name in _BERTS),
        template="sentences",
        told=("pooling", "dense_activation"),
    ),
    "gpt": ModelEntry(
        "architectures.gpt",
        writes=True,
        schemes=("gpt2", "gpt_neo"),
        template="gpt",
        told=("end", "local", "window"),
    ),
    "llama": ModelEntry(
        "published.llama",
        writes=True,
        schemes=("llama", "llama_meta", "gpt_neox"),
        template="llama",
        told=("base", "longer", "factor", "low", "high", "original", "rotary", "parallel", "end"),
    ),
}


def maker(name: str) -> Callable[[Sizes], Lesson]:
    """The function that makes the model of that name; KeyError where there is none."""
    module, _, function = MODELS[name].made_by.partition(".")
    made: Callable[[Sizes], Lesson] = getattr(import_module(f"xltransformer.models.{module}"), function)
    return made


def template_for_scheme(scheme: str) -> str:
    """The template that ships for a scheme of published names."""
    return next(entry.template for entry in MODELS.values() if scheme in entry.schemes)
