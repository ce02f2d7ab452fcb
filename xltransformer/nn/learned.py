"""Whether a text is one of those that a model has learned, told by numbers: the list itself is not needed.

A text's number is the sum of its words' rows in the vocabulary, each times the factor of its place, modulo a
prime: a linear hash (Carter and Wegman 1979, "Universal classes of hash functions"). Of k learned texts, any other
text has the number of one with a chance of about k in 2³¹.
"""

from __future__ import annotations

from collections.abc import Sequence

from xltransformer.graph import ONE, Axis, Matrix, Scope
from xltransformer.ops import matmul, present, remainder, times_there
from xltransformer.record import record

MODULUS, FACTOR = 2_147_483_647, 1_664_525
"""The prime 2³¹ − 1, and how many times the factor of the place before each factor is, modulo it. All products
and sums of a thousand places stay below 2⁵³, where whole numbers are exact."""
LEARNED_TEXTS, NUMBERS = "learned", "learned.numbers"
"""The size that says how many texts a model has learned, and the block of their numbers."""
COLUMNS = 40
"""How many of the learned numbers stand side by side."""


@record
class Learned:
    """The number of a text, how many of the learned ones have it, and whether any has (1 x 1 each)."""

    number: Matrix
    times: Matrix
    known: Matrix


def factors(places: int) -> tuple[float, ...]:
    """The factor of each place, the first one's 1."""
    return tuple(float(pow(FACTOR, place, MODULUS)) for place in range(places))


def number_of(rows: Sequence[int]) -> int:
    """The number of a text whose words have these rows in the vocabulary, counted from 1."""
    return sum(row * int(factor) for row, factor in zip(rows, factors(len(rows)), strict=True)) % MODULUS


def learned(g: Scope, index: Matrix, count: int) -> Learned:
    """Whether a text of words with this `index` (n x 1) is among so many that were learned, whose numbers are an
    input; to be called within a step."""
    places = index.shape[0]
    line = Matrix(ONE, Axis.numbered("", places), role="constant", scale="large", default=factors(places))
    rows = Axis.numbered("", -(-count // COLUMNS))
    table = Matrix(rows, Axis.numbered("", COLUMNS), role="constant", scale="large", default=0.0)
    total = g.add("number_sum", matmul(g.add("factors", line), index), scale="large")
    number = g.add("number", remainder(total, g.constant("modulus", float(MODULUS), positive=True, scale="large")))
    times = g.add("times_there", times_there(g.add("numbers", table), number))
    return Learned(number, times, g.add("known", present(times)))
