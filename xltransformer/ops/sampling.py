"""Choosing a word by chance, step by step, and the draws that decide it; see `xltransformer.sampling`.

Whatever is said of a row depends on that row alone, so that what a model writes makes no circle.
"""

from __future__ import annotations

import numpy as np

from xltransformer import sampling
from xltransformer.graph import ONE, Array, Axis, Matrix
from xltransformer.ops.base import Coordinate, Index, Number, Op, Pieces, Ref
from xltransformer.ops.reduce import taken
from xltransformer.record import record
from xltransformer.sampling import (
    COLDEST,
    EDGE,
    HOTTEST,
    LARGEST_SEED,
    LAST,
    MODULUS,
    MULTIPLIER,
    SHIFT,
    SPREAD,
    SPREAD_MODULUS,
)

_JUMPS = "a choice jumps"


class MixedSeed(Op):
    """A seed mixed with numbers, so that neighbours have nothing in common once it is squared. A cell without a
    number is 0, which MIN alone would pass over."""

    signature = "1 1 -> 1 1"
    formula = (
        f"MOD({SPREAD}*INT(MAX(0,MIN(IF(ISNUMBER({{seed}}),{{seed}},0),{LARGEST_SEED})))+{SHIFT},{SPREAD_MODULUS})"
    )
    scale = "large"
    no_gradient = _JUMPS

    def value(self, seed: Array) -> Array:
        return sampling.mixed(seed).astype(float)


class StartNumber(Op):
    """The number that draws start from: 1 and the square of the mixed seed, modulo 2³¹ − 2."""

    signature = "1 1 -> 1 1"
    formula = f"1+MOD({{mixed}}*{{mixed}},{MODULUS - 1})"
    scale = "large"
    no_gradient = _JUMPS

    def value(self, mixed: Array) -> Array:
        return sampling.squared(mixed.astype(float))


@record
class Numbers(Op):
    """So many numbers (`count` x 1), each the one before it, at first the start, times 48271, modulo 2³¹ − 1."""

    count: int
    signature = "1 1 -> 1 1"
    scale = "large"
    recurs = True
    no_gradient = _JUMPS

    def axes(self, start: Matrix) -> tuple[Axis, Axis]:
        return Axis.numbered("", self.count), ONE

    def value(self, start: Array) -> Array:
        return sampling.following(start[..., 0, 0].astype(float), self.count)[..., None]

    def cell(self, i: Coordinate, j: Coordinate, start: Ref, own: Ref) -> str:
        before = own.cell(i - 1, 0) if i > 0 else start.cell(0, 0)
        return f"MOD({MULTIPLIER}*{before},{MODULUS})"


class Fraction(Op):
    """Such numbers as draws, above 0 and below 1."""

    signature = "n 1 -> n 1"
    formula = f"{{numbers}}/{MODULUS}"
    scale = "plain"
    no_gradient = _JUMPS

    def value(self, numbers: Array) -> Array:
        return np.asarray(numbers / MODULUS)


class DrawAfter(Op):
    """The draw that chooses what comes after each word: that of the next slot, and where there is none, the one
    that is made. Operands: the draws of the slots behind the first, those that are made, and the words."""

    signature = "m 1, k 1, n 1 -> n 1"
    scale = "plain"
    no_gradient = _JUMPS

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        _, one = super().axes(*operands)
        return Axis.of(operands[2]), one

    def value(self, draws: Array, made: Array, words: Array) -> Array:
        n = words.shape[-2]
        return np.concatenate([draws[..., :n, :], made[..., draws.shape[-2] : n, :]], axis=-2).astype(float)

    def cell(self, i: Coordinate, j: Coordinate, draws: Ref, made: Ref, words: Ref) -> str:
        return draws.cell(i, 0) if i < draws.shape[0] else made.cell(i, 0)


class HeatedInOrder(Op):
    """exp((logit − row maximum) / temperature) in the order of the ranks, the largest first.

    Operands: logits, their ranks, the places from 1 in a row, the row maximum and the temperature. Ackley, Hinton
    and Sejnowski 1985, "A Learning Algorithm for Boltzmann Machines", for the temperature.
    """

    signature = "n v, n v, 1 v, n 1, 1 1 -> n v"
    scale = "plain"
    no_gradient = _JUMPS

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        rows, _ = super().axes(*operands)
        return rows, operands[2].columns

    def value(self, logits: Array, ranks: Array, places: Array, largest: Array, temperature: Array) -> Array:
        in_order = taken(logits, _found(ranks, places), axis=-1)
        return np.asarray(np.exp((in_order - largest) / np.clip(temperature, COLDEST, HOTTEST)))

    def cell(
        self, i: Coordinate, j: Coordinate, logits: Ref, ranks: Ref, places: Ref, largest: Ref, temperature: Ref
    ) -> str:
        logit = f"INDEX({logits.row(i)},1,MATCH({places.cell(0, j)},{ranks.row(i)},0))"
        degrees = f"MIN(MAX({temperature.cell(0, 0)},{COLDEST:.6f}),{HOTTEST:.0f})"
        return f"EXP(({logit}-{largest.cell(i, 0)})/{degrees})"


def _found(ranks: Array, places: Array) -> Array:
    """In which column, from 1, each place stands among ranks that are a permutation; NaN where it does not."""
    order = np.argsort(ranks, axis=-1, kind="stable")
    stands = np.take_along_axis(ranks, order, axis=-1) == places
    return np.where(stands, order + 1.0, np.nan)


class Running(Op):
    """The entries of each row added up, from the left."""

    signature = "n v -> n v"
    scale = "plain"
    recurs = True
    no_gradient = _JUMPS

    def value(self, x: Array) -> Array:
        return np.asarray(np.cumsum(x, axis=-1))

    def cell(self, i: Coordinate, j: Coordinate, x: Ref, own: Ref) -> str:
        return f"{own.cell(i, j - 1)}+{x.cell(i, j)}" if j > 0 else x.cell(i, j)


class FirstWords(Op):
    """How many words top-k keeps: all there are where it is below 1, and never more. Operands: places from 1, and
    k. Fan, Lewis and Dauphin 2018, "Hierarchical Neural Story Generation", section 5."""

    signature = "1 v, 1 1 -> 1 1"
    scale = "count"
    no_gradient = _JUMPS

    def value(self, places: Array, top_k: Array) -> Array:
        return sampling.first_words(places.shape[-1], top_k).astype(float)

    def cell(self, i: Coordinate, j: Coordinate, places: Ref, top_k: Ref) -> str:
        k, v = top_k.cell(0, 0), f"COLUMNS({places.row(0)})"
        return f"IF(ISNUMBER({k}),IF({k}<1,{v},MIN({v},INT({k}))),{v})"


class Kept(Op):
    """How many of the first words top-p keeps: the fewest whose sum reaches that part of what top-k left.

    Operands: running sums, how many words top-k keeps, and p. Holtzman et al. 2020, "The Curious Case of Neural
    Text Degeneration", section 3.1.
    """

    signature = "n v, 1 1, 1 1 -> n 1"
    scale = "count"
    no_gradient = _JUMPS

    def value(self, sums: Array, first: Array, top_p: Array) -> Array:
        count = sampling.kept(sums, first[..., 0].astype(np.int64), top_p[..., 0])
        return np.asarray(count[..., None].astype(float))

    def cell(self, i: Coordinate, j: Coordinate, sums: Ref, first: Ref, top_p: Ref) -> str:
        row, k, p = sums.row(i), first.cell(0, 0), top_p.cell(0, 0)
        reached = f"1+SUMPRODUCT(({row}<{p}*INDEX({row},1,{k})-{EDGE:.0E})*1)"
        return f"IF({p}>=1,{k},MIN({k},{reached}))"


class LeftOver(Op):
    """What is left of the first words' shares, divided by the sum of them: 0 behind those that are kept.

    Operands: weights in their order, the sum of those that are kept, how many these are, and places from 1.
    """

    signature = "n v, n 1, n 1, 1 k -> n k"
    scale = "probability"
    no_gradient = _JUMPS

    def value(self, weights: Array, total: Array, count: Array, places: Array) -> Array:
        return np.where(places <= count, weights[..., : places.shape[-1]] / total, 0.0)

    def cell(self, i: Coordinate, j: Coordinate, weights: Ref, total: Ref, count: Ref, places: Ref) -> str:
        share = f"{weights.cell(i, j)}/{total.cell(i, 0)}"
        return f"IF({places.cell(0, j)}<={count.cell(i, 0)},{share},0)"

    def worked(self, i: Index, j: Index, weights: Ref, total: Ref, count: Ref, places: Ref) -> Pieces | None:
        return [Number(weights.cell(i, j)), " / ", Number(total.cell(i, 0))]


class IntervalEnds(Op):
    """Where the interval of each of the first words ends: the running sum, as a part of what is kept. Operands:
    running sums, the sum of those that are kept, and places from 1."""

    signature = "n v, n 1, 1 k -> n k"
    scale = "plain"
    no_gradient = _JUMPS

    def axes(self, *operands: Matrix) -> tuple[Axis, Axis]:
        rows, _ = super().axes(*operands)
        return rows, operands[2].columns

    def value(self, sums: Array, total: Array, places: Array) -> Array:
        return np.asarray(np.minimum(1.0, sums[..., : places.shape[-1]] / total))

    def cell(self, i: Coordinate, j: Coordinate, sums: Ref, total: Ref, places: Ref) -> str:
        return f"MIN(1,{sums.cell(i, j)}/{total.cell(i, 0)})"


class Falls(Op):
    """At which place, from 1, each draw falls: at the first whose running sum is above that part of the sum of all
    that are kept. Operands: running sums, that sum, and draws."""

    signature = "n v, n 1, n 1 -> n 1"
    scale = "count"
    no_gradient = _JUMPS

    def value(self, sums: Array, total: Array, draws: Array) -> Array:
        return np.asarray(sampling.place(sums, total[..., 0], draws[..., 0])[..., None] + 1.0)

    def cell(self, i: Coordinate, j: Coordinate, sums: Ref, total: Ref, draws: Ref) -> str:
        at = f"MAX(0,MIN({draws.cell(i, 0)},{LAST:.10f}))*{total.cell(i, 0)}+{EDGE:.0E}"
        return f"1+SUMPRODUCT(({sums.row(i)}<={at})*1)"


class AtPlace(Op):
    """1 at the place, from 1, that each row names, else 0. Operands: the place of each row, and the places."""

    signature = "n 1, 1 k -> n k"
    formula = "IF({place}={places},1,0)"
    scale = "gate"
    no_gradient = _JUMPS

    def value(self, place: Array, places: Array) -> Array:
        return np.where(place == places, 1.0, 0.0)


class RankedAs(Op):
    """In which column, from 1, of each row of ranks a rank stands. Operands: ranks, and a rank for each row."""

    signature = "n v, n 1 -> n 1"
    formula = "MATCH({rank},{ranks},0)"
    scale = "count"
    no_gradient = _JUMPS

    def value(self, ranks: Array, rank: Array) -> Array:
        return np.asarray(np.argmax(ranks == rank, axis=-1, keepdims=True) + 1.0)


class Either(Op):
    """The second column where the gate is 1, else the third."""

    signature = "1 1, n 1, n 1 -> n 1"
    formula = "IF({gate}=1,{one},{other})"
    scale = "count"
    no_gradient = _JUMPS

    def value(self, gate: Array, one: Array, other: Array) -> Array:
        return np.where(gate == 1, one, other)


mixed_seed = MixedSeed()
start_number = StartNumber()
fraction = Fraction()
draw_after = DrawAfter()
heated_in_order = HeatedInOrder()
running = Running()
first_words = FirstWords()
kept = Kept()
left_over = LeftOver()
interval_ends = IntervalEnds()
falls = Falls()
at_place = AtPlace()
ranked_as = RankedAs()
either = Either()
