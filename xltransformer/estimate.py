"""What a workbook will take before it is built: cells, megabytes, seconds."""

from __future__ import annotations

from xltransformer.graph import Model
from xltransformer.models import Sizes, maker
from xltransformer.record import record
from xltransformer.size import Configuration
from xltransformer.spec.instance import MOST_WORDS

BYTES_A_NUMBER, BYTES_A_FORMULA = 10.0, 42.0
SECONDS_A_NUMBER, SECONDS_A_FORMULA = 4e-6, 3.5e-5
"""What a cell takes in the file, its numbers in single precision, and to build, as measured by
bench/published.py on two cores."""
LONG = 5.0
"""Seconds from which a user is told."""


@record
class Estimate:
    """How many cells hold numbers and formulas, how many megabytes (of 1,000,000 bytes) the file takes,
    and how many seconds it takes to build."""

    numbers: int
    formulas: int
    megabytes: float
    seconds: float

    @property
    def cells(self) -> int:
        return self.numbers + self.formulas

    def __str__(self) -> str:
        size, time = rounded(self.megabytes), rounded(self.seconds)
        return f"{self.cells:,} cells, about {size} MB and {time} seconds to build"


def rounded(value: float) -> str:
    """A number to two digits, as an estimate is told; below 1 as "less than 1"."""
    if value < 1:
        return "less than 1"
    digits = len(str(int(value)))
    return f"{round(value, 2 - digits):,.0f}" if value >= 10 else f"{value:.0f}"


def estimate(numbers: int, formulas: int) -> Estimate:
    """What so many cells take."""
    size = numbers * BYTES_A_NUMBER + formulas * BYTES_A_FORMULA
    seconds = numbers * SECONDS_A_NUMBER + formulas * SECONDS_A_FORMULA
    return Estimate(numbers, formulas, size / 1e6, seconds)


def estimate_model(model: Model) -> Estimate:
    """What a model takes as a workbook."""
    return estimate(*counts(model))


def counts(model: Model) -> tuple[int, int]:
    """Cells with numbers or words to edit, and cells with formulas; each block is counted once."""
    numbers = sum(block.size for block in model.inputs)
    return numbers, sum(block.size for block in model.blocks.values()) - numbers


def estimate_configuration(own: Configuration, words: int) -> Estimate:
    """What a configuration of `xlt size` takes with so many words in its sentence: a model of one layer
    and one of two are counted, and every other layer taken to be as large as the second."""
    one, two = (counts(_of_layers(own, layers, min(words, MOST_WORDS))) for layers in (1, 2))
    layers = int(own["layers"]) + int(own["decoder_layers"])
    return estimate(*(a + (layers - 1) * (b - a) for a, b in zip(one, two, strict=True)))


def _of_layers(own: Configuration, layers: int, words: int) -> Model:
    """The model of ours that is nearest to a configuration, with so many layers."""
    heads, gated = int(own["heads"]), bool(own["gated"])
    options: dict[str, int] = {"layers": layers, "heads": heads, "d_k": int(own["d_k"]), "d_v": int(own["d_v"])}
    options |= {"d_ff": max(int(own["d_ff"]), 1)}
    slots: tuple[int, ...]
    if own["decoder_layers"]:
        name, slots = "encoder_decoder", (words, words)
        options |= {"encoder_layers": 1, "decoder_layers": layers}
    elif own["causal"]:
        name, slots = ("llama" if gated else "gpt"), (words,)
        options |= {"tied": bool(own["tied"])}
    else:
        name, slots = "bert", (words,)
        options |= {"head": bool(own["predicts"])}
    return maker(name)(Sizes(slots, max(int(own["vocabulary"]), 1), int(own["d_model"]), options))
