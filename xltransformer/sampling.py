"""Which word a model that writes goes on with, chosen by chance, and the numbers that decide it.

A row of logits and a draw between 0 and 1 make one word, in the steps that sheets show:

1. the logits divided by the temperature, and their softmax (Ackley, Hinton & Sejnowski 1985);
2. the words in the order of their shares, the largest first, of equal ones the first in the vocabulary;
3. top-k: only the first k may be chosen (Fan, Lewis & Dauphin 2018, "Hierarchical Neural Story Generation");
4. top-p: of them, the fewest first ones whose shares, of what top-k left, reach p (Holtzman et al. 2020, "The
   Curious Case of Neural Text Degeneration");
5. their shares divided by the sum of them, and summed up: each word has the interval from the sum before it to
   the sum with it, and the draw falls into one of them: to the first word whose sum is above it.

That is the order in which transformers applies its warpers. Every function takes arrays of any number of leading
axes, (… x v) for v words, and settings that are numbers or arrays for the rows (…). NumPy only: whoever writes
from Python and the cells of a sheet share these meanings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from xltransformer.graph import Array

COLDEST, HOTTEST = 0.000001, 1_000_000.0
"""A temperature of 0 or less is a fault that the checks name; meanwhile it is taken for the first, at which each
row looks at its maximum alone, so that every number stays one. One above the second is taken for the second, at
which words are all but equally likely, and those that may not stand still have no share."""
LEAST = -1e30
"""What a logit of minus infinity is taken for: the largest temperature makes nothing of it."""
EDGE = 1e-12
"""How near a sum is as good as reached, so that programs that add up in other ways, or take 0.1 + 0.2 for 0.3,
choose the same word."""
LAST = 1 - 1e-10
"""The largest draw; one from 1 on is taken for it, and falls to the last word that has a share."""

MODULUS, MULTIPLIER = 2_147_483_647, 48_271
"""The numbers behind the draws: each is the one before times the multiplier, modulo 2³¹ − 1 (a prime). Park &
Miller 1988, "Random number generators: good ones are hard to find", with the multiplier of their answer in
Communications of the ACM 36(7), 1993. A product is below 2⁴⁷, so that doubles hold it exactly."""
SPREAD, SHIFT, SPREAD_MODULUS = 16_807, 12_345, 67_108_859
"""What a seed is mixed by before it is squared: (16807 seed + 12345) mod 67108859, the largest prime below 2²⁶,
whose square is below 2⁵². Without the square the draws of seeds 1, 2, 3 … would be multiples of one another
(Knuth, The Art of Computer Programming, section 3.2.2, on quadratic generators)."""
LARGEST_SEED, MOST_K = 999_999_999, 1_000_000
"""The largest seed and the largest k of top-k that a cell takes."""


def mixed(seed: ArrayLike) -> Array:
    """A seed mixed, 0 to 67108858, of whole seeds from 0 to `LARGEST_SEED` (any shape). Others are taken for the
    whole number below, and for the nearest of these."""
    whole = np.floor(np.clip(np.asarray(seed, dtype=float), 0, LARGEST_SEED)).astype(np.int64)
    return np.asarray((SPREAD * whole + SHIFT) % SPREAD_MODULUS)


def start(seed: ArrayLike) -> Array:
    """The number that the draws of a seed start from, 1 to 2³¹ − 2 (any shape)."""
    return squared(mixed(seed))


def squared(number: Array) -> Array:
    """1 and the square of a mixed seed, modulo 2³¹ − 2 (any shape)."""
    return np.asarray(1 + number * number % (MODULUS - 1))


def numbers(seed: ArrayLike, count: int) -> Array:
    """The first `count` whole numbers of each seed (…), 1 to 2³¹ − 2: (… x count)."""
    return following(start(seed), count)


def following(number: Array, count: int) -> Array:
    """So many numbers behind each (…), every one the one before times the multiplier, modulo 2³¹ − 1:
    (… x count)."""
    made = np.empty((*number.shape, count), number.dtype)
    for k in range(count):
        made[..., k] = number = MULTIPLIER * number % MODULUS
    return made


def draws(seed: ArrayLike, count: int) -> Array:
    """The first `count` draws of each seed (…), above 0 and below 1: (… x count). Draw number i, counted from 0,
    chooses the word that follows place i of a text, counted from 0."""
    return numbers(seed, count) / MODULUS


def order(logits: Array) -> Array:
    """The words (from 0) in the order of their logits (… x v), the largest first, of equal ones the first."""
    return np.argsort(-logits, axis=-1, kind="stable")


def heated(logits: Array, temperature: ArrayLike = 1.0) -> Array:
    """exp((logit − the largest) / temperature): the weights that shares are in proportion to, 1 for the largest
    (… x v). Temperatures are taken for at least `COLDEST` and at most `HOTTEST`."""
    known = np.maximum(logits, LEAST)
    largest = np.max(known, axis=-1, keepdims=True)
    return np.asarray(np.exp((known - largest) / np.clip(_of_rows(temperature), COLDEST, HOTTEST)))


def running(logits: Array, temperature: ArrayLike = 1.0) -> Array:
    """The weights added up, the largest first (… x v)."""
    return np.cumsum(heated(np.take_along_axis(logits, order(logits), axis=-1), temperature), axis=-1)


def first_words(words: int, top_k: ArrayLike) -> Array:
    """How many of the first words top-k keeps (…): all of them where it is below 1 or more than there are; a
    fraction counts as the whole number below."""
    asked = np.floor(np.asarray(top_k, dtype=float))
    return np.asarray(np.where(asked < 1, words, np.minimum(asked, words)).astype(np.int64))


def kept(sums: Array, first: Array, top_p: ArrayLike = 1.0) -> Array:
    """How many of the first words may be chosen (…), of running sums (… x v): of the `first` (…), top-p keeps the
    fewest whose sum reaches that part of theirs; all where it is 1 or more, one where it is 0 or less."""
    rows = np.broadcast_shapes(np.shape(first), sums.shape[:-1])
    sums = np.broadcast_to(sums, (*rows, sums.shape[-1]))
    wanted = _of_rows(top_p) * np.take_along_axis(sums, _at(first, sums), axis=-1)
    reached = np.sum(sums < wanted - EDGE, axis=-1) + 1
    return np.asarray(np.where(np.asarray(top_p) >= 1, first, np.minimum(first, reached)))


def place(sums: Array, total: Array, draw: ArrayLike) -> Array:
    """At which place, from 0 in the order of shares, the draw (…) falls: the first word whose running sum (… x v)
    is more than that part of the `total` (…) of those that are kept. A draw below 0 is taken for 0."""
    at = np.clip(_of_rows(draw), 0, LAST) * total[..., None]
    return np.asarray(np.sum(sums <= at + EDGE, axis=-1))


def choose(
    logits: Array,
    draw: ArrayLike,
    *,
    temperature: ArrayLike = 1.0,
    top_k: ArrayLike = 0,
    top_p: ArrayLike = 1.0,
) -> Array:
    """The word that a draw, 0 ≤ draw < 1, chooses in each row of logits (… x v): its index from 0 (…).

    >>> choose(np.log([[0.5, 0.2, 0.3]]), [0.6])  # 0 to 0.5 is the first word's, 0.5 to 0.8 the third's
    array([2])
    """
    sums = running(logits, temperature)
    count = kept(sums, first_words(logits.shape[-1], top_k), top_p)
    at = place(sums, np.take_along_axis(sums, _at(count, sums), axis=-1)[..., 0], draw)
    return np.asarray(np.take_along_axis(order(logits), at[..., None], axis=-1)[..., 0])


def probabilities(
    logits: Array, *, temperature: ArrayLike = 1.0, top_k: ArrayLike = 0, top_p: ArrayLike = 1.0
) -> Array:
    """With which probability each word is chosen by a draw, in the vocabulary's order (… x v): what transformers'
    TemperatureLogitsWarper, TopKLogitsWarper and TopPLogitsWarper leave, after a softmax."""
    sums = running(logits, temperature)
    count = kept(sums, first_words(logits.shape[-1], top_k), top_p)
    weights = np.diff(sums, axis=-1, prepend=0.0)
    left = np.where(np.arange(sums.shape[-1]) < count[..., None], weights, 0.0)
    made = np.zeros_like(left)
    np.put_along_axis(made, order(logits), left / np.sum(left, axis=-1, keepdims=True), axis=-1)
    return made


def _of_rows(setting: ArrayLike) -> Array:
    """A setting for every row, or a single number, as it is compared with entries of rows: (… x 1)."""
    return np.asarray(setting, dtype=float)[..., None]


def _at(count: Array, sums: Array) -> Array:
    """The place from 0 of the last of the first `count` words, a single one for every row too (… x 1)."""
    return np.broadcast_to(count, sums.shape[:-1])[..., None] - 1
