"""What a workbook will take before it is built: cells, megabytes, seconds."""

from __future__ import annotations

from xltransformer.building.limits import MOST_WORDS
from xltransformer.graph import Model
from xltransformer.models import Lesson, Sizes, maker
from xltransformer.record import record
from xltransformer.size.configuration import Configuration
from xltransformer.teaching.lesson import by_rows

BYTES_A_NUMBER, BYTES_A_DRAWN = 10.0, 5.0
"""What a number takes in the file: nine digits, as single precision has, or few, as they are drawn."""
BYTES_A_FORMULA, BYTES_A_ROWS = 42.0, 12.0
"""What a formula takes in the file, and a cell of a row that is one array formula."""
SECONDS_A_NUMBER, SECONDS_A_FORMULA, SECONDS_A_ROWS = 1.3e-6, 1.6e-5, 7.8e-6
"""What the same take to build, on one core by itself."""
SECONDS_AT_LEAST = 0.7
"""What is as long for every workbook. All of these as measured by bench/published.py."""
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


def estimate(numbers: int, formulas: int, *, by_rows: bool, drawn: bool = False) -> Estimate:
    """What so many cells take, with one array formula a row or one formula a cell, and numbers that are
    learned or `drawn`."""
    size = numbers * (BYTES_A_DRAWN if drawn else BYTES_A_NUMBER)
    size += formulas * (BYTES_A_ROWS if by_rows else BYTES_A_FORMULA)
    seconds = numbers * SECONDS_A_NUMBER + formulas * (SECONDS_A_ROWS if by_rows else SECONDS_A_FORMULA)
    return Estimate(numbers, formulas, size / 1e6, SECONDS_AT_LEAST + seconds)


def estimate_model(model: Lesson, products: str = "auto", *, drawn: bool = False) -> Estimate:
    """What a model takes as a workbook, its `products` written as there, its weights learned or `drawn`."""
    return estimate(*counts(model), by_rows=by_rows(model, products), drawn=drawn)


def counts(model: Model) -> tuple[int, int]:
    """Cells with numbers or words to edit, and cells with formulas; each block is counted once."""
    numbers = sum(block.size for block in model.inputs)
    return numbers, sum(block.size for block in model.blocks.values()) - numbers


def estimate_configuration(own: Configuration, words: int) -> Estimate:
    """What a configuration of `xlt size` takes with so many words in its sentence: a model of one layer
    and one of two are counted, and every other layer taken to be as large as the second."""
    models = [_of_layers(own, layers, min(words, MOST_WORDS)) for layers in (1, 2)]
    layers = int(own["layers"]) + int(own["decoder_layers"])
    both = (a + (layers - 1) * (b - a) for a, b in zip(*map(counts, models), strict=True))
    return estimate(*both, by_rows=by_rows(models[0]))


def _of_layers(own: Configuration, layers: int, words: int) -> Lesson:
    """The model of ours that is nearest to a configuration, with so many layers."""
    options = {name: int(own[name]) for name in ("heads", "d_k", "d_v")}
    options |= {"layers": layers, "d_ff": max(int(own["d_ff"]), 1)}
    slots: tuple[int, ...] = (words,)
    if own["decoder_layers"]:
        name, slots = "encoder_decoder", (words, words)
        options |= {"encoder_layers": 1, "decoder_layers": layers}
    elif own["causal"]:
        name = "llama" if own["gated"] else "gpt"
        options |= {"tied": bool(own["tied"])}
    else:
        name = "bert"
        options |= {"head": bool(own["predicts"])}
    return maker(name)(Sizes(slots, max(int(own["vocabulary"]), 1), int(own["d_model"]), options))
