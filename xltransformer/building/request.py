"""What someone wants built: a template, sentences, and what is given beside them, such as settings: sizes and
choices that take the place of the template's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from os import PathLike
from pathlib import Path
from typing import Any, TypedDict, cast

from xltransformer.building.parse import check_switches, slot_numbers
from xltransformer.building.tables import draw_words
from xltransformer.building.template import Template
from xltransformer.checked import expect, is_texts, whole_number
from xltransformer.errors import UserError
from xltransformer.nn.feed_forward import ALSO_CALLED
from xltransformer.record import record
from xltransformer.teaching.lesson import Lesson
from xltransformer.text import nearest

Settings = Mapping[str, Any]
"""Values by name: a size of the model, `d_model`, `slots`, `spare_rows`, `seed`, or `switches.NAME`."""

COUNTS = ("slots", "spare_rows", "seed")
"""The settings that stand at the head of a template, not among its sizes."""
SWITCH = "switches."

CALLED_HERE = {
    "norm_first": "pre_norm", "nhead": "heads", "n_head": "heads", "n_heads": "heads", "num_heads": "heads",
    "num_attention_heads": "heads", "num_key_value_heads": "kv_heads", "n_kv_heads": "kv_heads",
    "num_layers": "layers", "n_layer": "layers", "n_layers": "layers", "num_hidden_layers": "layers",
    "num_encoder_layers": "encoder_layers", "num_decoder_layers": "decoder_layers", "dim_feedforward": "d_ff",
    "intermediate_size": "d_ff", "n_inner": "d_ff", "hidden_size": "d_model", "n_embd": "d_model",
    "dim": "d_model", "head_dim": "d_k", "layer_norm_eps": "epsilon", "layer_norm_epsilon": "epsilon",
    "rms_norm_eps": "epsilon", "norm_eps": "epsilon", "rope_theta": "base", "hidden_act": "activation",
    "activation_function": "activation", "tie_word_embeddings": "tied", "bias": "biases",
}  # fmt: skip
"""What PyTorch, Hugging Face and Meta call settings of ours."""
SHAPING = {
    "d_model", "seed", "layers", "encoder_layers", "decoder_layers", "heads", "d_k", "d_v", "d_ff", "feed_forward",
    "biases", "rms", "pre_norm", "final_norm", "tied", "state", "lstm_state", "gru_state", "predicts", "classes",
}  # fmt: skip
"""The settings with which learned weights no longer fit."""


class Options(TypedDict, total=False):
    """What may be given beside a template and sentences, by keyword, to make_instance and all that
    pass it on. None is as good as nothing. A new one stands here, and in the step of `plan` that it is for."""

    embeddings: str | Path | None
    """A .csv or .xlsx file that replaces the vocabulary."""
    slots: int | Sequence[int] | None
    """How many empty word slots each sentence gets; a list gives each its own number."""
    settings: Settings | None
    """Sizes and choices in place of the template's, such as {"layers": 2, "seed": 3}."""
    weights: str | Path | Mapping[str, Any] | None
    """An .npz or .safetensors file of weights, or a dict of arrays (NumPy's, lists, tensors), under published
    names or those of the blocks; of the blocks also a part."""
    vocabulary: str | Path | Sequence[str] | None
    """The words, in the order of the vocabulary's rows: a list, a .txt or .json file with a list of them, or a
    published model's tokenizer (see `weights.tokens.read_tokenizer`); where none is given, the tokenizer
    that lies beside published weights."""
    words: int | str | Path | None
    """Of a tokenizer's vocabulary, how many rows to have beside those in use, or a file that lists them."""


@record
class Request:
    """A template (none: the one that the names in the weights are for, else the default), sentences (none:
    the template's own), and what is `given` beside them.

    Without `spare` there are no empty vocabulary rows, and no empty slots either, except for a model that
    writes into them, and where a setting asks for them. `language` is that of the template's words, of the
    switches' and of the lessons' titles. TypeError for an option that there is not.
    """

    template: str | Path | Template | None = None
    sentences: tuple[str, ...] = ()
    given: Options = field(default_factory=Options)
    spare: bool = True
    language: str = "en"

    def __post_init__(self) -> None:
        unknown = self.given.keys() - Options.__annotations__.keys()
        if unknown:
            raise TypeError(f"there is no option {min(unknown)!r}; known are {', '.join(Options.__annotations__)}")
        settings, slots = self.given.get("settings"), self.given.get("slots")
        named = isinstance(settings, Mapping) and all(isinstance(name, str) for name in settings)
        expect(settings is None or named, "`settings`", settings, "a dict of values by name", ".40")
        if slots is not None:
            slot_numbers(slots, "`slots`")
        for text in self.sentences:
            expect(isinstance(text, str), "a sentence", text, "a text")

    @property
    def settings(self) -> Settings:
        given = self.given.get("settings") or {}
        activation = given.get("activation")
        if isinstance(activation, str) and activation in ALSO_CALLED:
            return {**given, "activation": ALSO_CALLED[activation]}
        return given

    @property
    def weights(self) -> Path | Mapping[str, Any] | None:
        given = self.given.get("weights")
        return given if isinstance(given, Mapping) else _path("weights", given)

    @property
    def embeddings(self) -> Path | None:
        return _path("embeddings", self.given.get("embeddings"))

    @property
    def vocabulary(self) -> Path | list[str] | None:
        """The words, or their file, given or found beside the weights."""
        given, weights = self.given.get("vocabulary"), self.weights
        if isinstance(given, list | tuple):
            expect(is_texts([*given]) and any(given), "`vocabulary`", given, "a file or a list of words", ".40")
            return [*given]
        if given is not None or weights is None or isinstance(weights, Mapping) or self.embeddings is not None:
            return _path("vocabulary", given)
        from xltransformer.weights.tokens import tokenizer_beside

        return tokenizer_beside(weights)


def filled(options: Options) -> Options:
    """Options without empty slots, unless these ask for some."""
    asked = options.get("slots") is not None or "slots" in (options.get("settings") or {})
    return options if asked else cast(Options, {**options, "slots": 0})


def _path(name: str, given: Any) -> Path | None:
    expect(given is None or isinstance(given, str | PathLike), f"`{name}`", given, "a file", ".40")
    return None if given is None else Path(given)


def misfits(template: Template, settings: Settings) -> list[str]:
    """The settings with which the learned weights of a template no longer fit it."""
    has = {**template.sizes, "d_model": len(template.table.dimensions), "seed": None}
    return [name for name, value in settings.items() if name in SHAPING and has.get(name) != value]


def apply_settings(template: Template, settings: Settings) -> Template:
    """The template with the settings in the place of its own.

    What only the model can judge, it judges when it is built. Raises UserError for the rest.
    """
    if not settings:
        return template
    counts: dict[str, Any] = {}
    switches, sizes = dict(template.switches), dict(template.sizes)
    for name, value in settings.items():
        if name in COUNTS:
            counts[name] = (slot_numbers if name == "slots" else whole_number)(value, f"setting {name}")
        elif name.startswith(SWITCH):
            switch = name.removeprefix(SWITCH)
            switches[switch] = check_switches({switch: value}, "settings")[switch]
        elif name != "d_model":
            if name in CALLED_HERE:
                raise UserError(f"unknown setting {name!r}; here it is {CALLED_HERE[name]!r}")
            near = nearest(name, (*COUNTS, "d_model"), 0.8)
            if near is not None:
                raise UserError(f"unknown setting {name!r}; did you mean {near!r}?")
            sizes[name] = value
    weights = template.weights
    if not settings.get("biases", True):
        weights = {name: given for name, given in weights.items() if not name.split(".")[-1].startswith("b")}
    changed = replace(template, switches=switches, sizes=sizes, weights=weights, **counts)
    width = settings.get("d_model", len(template.table.dimensions))
    if template.table.drawn:
        where = "setting d_model" if "d_model" in settings else f"template {template.name}"
        table = draw_words(template.table.words, width, changed.seed, where)
        changed = replace(changed, table=table)
    elif width != len(template.table.dimensions):
        raise UserError(
            f"setting d_model is {width!r}, but the words of template {template.name} come with "
            f"{len(template.table.dimensions)} numbers each: give other words with `embeddings`, "
            "or a template whose words are a list"
        )
    return changed


def check_used(settings: Settings, model: Lesson, name: str) -> None:
    """Raise UserError for a switch that the model does not have."""
    known = [SWITCH + switch.last_name for switch in model.switches]
    for setting in settings:
        if setting.startswith(SWITCH) and setting not in known:
            listed = ", ".join(known) or "none"
            raise UserError(f"setting {setting}: the model {name} has no such switch (it has: {listed})")
