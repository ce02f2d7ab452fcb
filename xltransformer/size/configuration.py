"""How large a Transformer is and what it costs: parameters, operations, memory, training.

Every quantity is written once, as an expression over names. Python evaluates it with the numbers of
a configuration, the workbook with the cells that hold them. The conventions:

- parameters count every learned number: embeddings included, weights that two parts share only once;
- a weight used costs 2 operations a token (multiply, add); the rows that are looked up in the
  embeddings cost none; scores and mix cost 2 operations for each number of each key and value seen.
  Where a word sees only earlier ones, that is half of the context on average, which gives the
  2·layers·n·d of Kaplan et al. 2020, "Scaling Laws for Neural Language Models", section 2.1;
- with an encoder and a decoder, "a token" is one of the source and one of the target;
- training costs 6·N·D for N parameters and D tokens, and using the model 2·N a token (Kaplan et al.
  2020, section 2.1; Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import CodeType

from xltransformer.errors import UserError
from xltransformer.record import record

Value = int | float
Configuration = Mapping[str, Value]
"""A value for each of `INPUTS`."""


@record
class Input:
    """One number of a configuration: a count, a choice from `least` to `most`, or a `measure` above 0."""

    name: str
    default: Value
    least: int = 0
    most: int | None = None
    measure: bool = False

    @property
    def is_flag(self) -> bool:
        """Whether it is a choice between no and yes."""
        return (self.least, self.most) == (0, 1)


@record
class Quantity:
    """One number that follows: an expression over inputs and earlier quantities.

    It holds names, whole numbers, + - * / and brackets, which mean the same in Python and in a cell.
    """

    name: str
    expression: str

    @property
    def notation(self) -> str:
        """The expression as people write it."""
        return f"{self.name} = {self.expression.replace('*', '×').replace(' - ', ' − ')}"


SHAPE = (
    Input("layers", 12, 1),
    Input("decoder_layers", 0),
    Input("heads", 12, 1),
    Input("d_model", 768, 1),
    Input("d_k", 64, 1),
    Input("d_v", 64, 1),
    Input("d_ff", 3072),
    Input("vocabulary", 50257),
    Input("positions", 1024),
    Input("segments", 0),
)
"""How many and how wide. `layers` are those of the only stack or of the encoder; `decoder_layers`
attend to an encoder, too. Encoder and decoder share one table of embeddings."""

CHOICES = (
    Input("gated", 0, most=1),
    Input("attention_biases", 1, most=1),
    Input("feed_forward_biases", 1, most=1),
    Input("norm_numbers", 2, 1, 2),
    Input("embeddings_norm", 0, most=1),
    Input("final_norms", 1, most=2),
    Input("predicts", 1, most=1),
    Input("tied", 1, most=1),
    Input("pooler", 0, most=1),
    Input("causal", 1, most=1),
)
"""What there is. `norm_numbers`: 2 (gain and bias) or 1 (gain); `predicts`: whether scores over the
vocabulary are computed, with the embeddings' weights where `tied`; `causal`: whether the words of
`layers` see earlier words only."""

USE = (Input("context", 1024, 1), Input("bytes", 2, measure=True), Input("tokens", 0))
"""How it is used: words in context, bytes a number takes, tokens it is trained on (0: not known)."""

INPUTS = {given.name: given for given in (*SHAPE, *CHOICES, *USE)}

PARAMETERS = (
    Quantity("embeddings", "(vocabulary + positions + segments) * d_model"),
    Quantity(
        "attention",
        "(layers + 2 * decoder_layers) * "
        "(2 * heads * (d_k + d_v) * d_model + attention_biases * (heads * (2 * d_k + d_v) + d_model))",
    ),
    Quantity(
        "feed_forward",
        "(layers + decoder_layers) * "
        "((2 + gated) * d_model * d_ff + feed_forward_biases * ((1 + gated) * d_ff + d_model))",
    ),
    Quantity(
        "norms", "(2 * layers + 3 * decoder_layers + embeddings_norm + final_norms) * norm_numbers * d_model"
    ),
    Quantity("output", "predicts * (1 - tied) * vocabulary * d_model + pooler * d_model * (d_model + 1)"),
    Quantity("parameters", "embeddings + attention + feed_forward + norms + output"),
)
"""The learned numbers, by part and in total."""

COSTS = (
    Quantity("weight_flops", "2 * (parameters - embeddings + predicts * tied * vocabulary * d_model)"),
    Quantity("attention_flops", "((2 - causal) * layers + 3 * decoder_layers) * context * heads * (d_k + d_v)"),
    Quantity("flops", "weight_flops + attention_flops"),
    Quantity("weight_memory", "parameters * bytes / 1000000"),
    Quantity(
        "cache_memory",
        "(causal * layers + 2 * decoder_layers) * context * heads * (d_k + d_v) * bytes / 1000000",
    ),
    Quantity("training", "6 * parameters * tokens"),
    Quantity("inference", "2 * parameters"),
)
"""What a token, a context and the training cost: operations, and megabytes (of 1,000,000 bytes)."""

QUANTITIES = (*PARAMETERS, *COSTS)

_NAME = re.compile(r"[a-z_]+")


def formula(quantity: Quantity, cell: Callable[[str], str]) -> str:
    """The expression as a cell formula without its `=`; `cell` gives the address that holds a name."""
    return _NAME.sub(lambda name: cell(name.group()), quantity.expression).replace(" ", "")


@cache
def _compiled(quantity: Quantity) -> CodeType:
    return compile(quantity.expression, quantity.name, "eval")


def quantities(given: Configuration) -> dict[str, Value]:
    """Every quantity of a configuration by its name; whole numbers are exact."""
    values = dict(given)
    for quantity in QUANTITIES:  # the expressions are the ones above, never a user's
        values[quantity.name] = eval(_compiled(quantity), {"__builtins__": {}}, values)
    return {quantity.name: values[quantity.name] for quantity in QUANTITIES}


def configuration(**given: Value) -> dict[str, Value]:
    """A whole configuration: what is given, and GPT-2 small for the rest.

    Where they are not given, d_k is d_model / heads, d_v is d_k and d_ff is 4·d_model. Raises
    UserError for an unknown name or a number that makes no sense.
    """
    for name, value in given.items():
        _check(name, value)
    whole = {name: given.get(name, known.default) for name, known in INPUTS.items()}
    if "d_k" not in given:
        width, rest = divmod(whole["d_model"], whole["heads"])
        if rest:
            raise UserError(
                f"d_model {whole['d_model']} cannot be shared out among {whole['heads']} heads: "
                "give d_k, or a d_model that heads divides"
            )
        whole["d_k"] = width
    whole["d_v"] = given.get("d_v", whole["d_k"])
    whole["d_ff"] = given.get("d_ff", 4 * whole["d_model"])
    return whole


_MOST = 10**15
"""Beyond, a spreadsheet's numbers are no longer whole."""


def _check(name: str, value: Value) -> None:
    known = INPUTS.get(name)
    if known is None:
        raise unknown(name)
    if known.measure:
        if not 0 < value <= _MOST:
            raise UserError(f"{name} is {value}: give a number above 0")
        return
    most = _MOST if known.most is None else known.most
    if not known.least <= value <= most or value != int(value):
        if known.most is None:
            raise UserError(f"{name} is {value}: give a whole number from {known.least} to {most:,}")
        choices = " or ".join(str(k) for k in range(known.least, known.most + 1))
        raise UserError(f"{name} is {value}: give {choices}")


def unknown(name: str) -> UserError:
    """For a name that no number of a configuration has."""
    return UserError(f"there is no {name[:40]!r} in a configuration: give one of {', '.join(INPUTS)}")
