"""Which word a model that writes goes on with, chosen by chance, and the numbers that decide it.

A row of logits and a draw between 0 and 1 make one word, in the steps that sheets show:

1. the logits divided by the temperature, and their softmax (Ackley, Hinton & Sejnowski 1985);
2. the words in the order of their shares, the largest first, of equal ones the first in the vocabulary;
3. top-k: only the first k may be chosen (Fan, Lewis & Dauphin 2018, "Hierarchical Neural Story Generation");
4. top-p: of them, the fewest first ones whose shares, of what top-k left, reach p (Holtzman et al. 2020, "The
   Curious Case of Neural Text Degeneration");
5. their shares divided by the sum of them, and summed up: each word has the interval from the sum before it to
   the sum with it, and the draw falls into one of them.

That is the order in which transformers applies its warpers. Every function takes arrays of any number of leading
axes, (… x v) for v words, and settings that are numbers or arrays for the rows (…). NumPy only: whoever writes
from Python and the cells of a sheet share these meanings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from xltransformer.graph import Array

COLDEST = 0.000001
"""A temperature of 0 or less is a fault that the checks name; meanwhile it is taken for this one, at which each
row looks at its maximum alone, so that every number stays one."""
NEVER = -1e29
"""A logit of this or less is minus infinity: no temperature makes such a word one that may be chosen."""
DECIMALS = 12
"""To how many decimals sums are compared with draws and with p, so that programs that add up in other ways, or
take 0.1 + 0.2 for 0.3, choose the same word."""

MODULUS, MULTIPLIER = 2_147_483_647, 48_271
"""The numbers behind the draws: each is the one before times the multiplier, modulo 2³¹ − 1 (a prime). Park &
Miller 1988, "Random number generators: good ones are hard to find", with the multiplier of their answer in
Communications of the ACM 36(7), 1993. A product is below 2⁴⁷, so that doubles hold it exactly."""
SPREAD, SHIFT, SPREAD_MODULUS = 16_807, 12_345, 67_108_859
"""What a seed is mixed by before it is squared: (16807 seed + 12345) mod 67108859, the largest prime below 2²⁶,
whose square is below 2⁵². Without the square the draws of seeds 1, 2, 3 … would be multiples of one another
(Knuth, The Art of Computer Programming, section 3.2.2, on quadratic generators)."""
LARGEST_SEED = 999_999_999


def start(seed: ArrayLike) -> Array:
    """The number a seed starts from, 1 to 2³¹ − 2, of whole seeds from 0 to `LARGEST_SEED` (any shape). Others are
    taken for the whole number below, and for the nearest of these."""
    whole = np.clip(np.floor(np.asarray(seed, dtype=float)), 0, LARGEST_SEED).astype(np.int64)
    mixed = (SPREAD * whole + SHIFT) % SPREAD_MODULUS
    return np.asarray(1 + mixed * mixed % (MODULUS - 1))


def numbers(seed: ArrayLike, count: int) -> Array:
    """The first `count` whole numbers of each seed (…), 1 to 2³¹ − 2: (… x count)."""
    number = start(seed)
    made = np.empty((*number.shape, count), np.int64)
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
    """exp((logit − the largest) / temperature), 0 of words that are `NEVER` chosen: what the shares are in
    proportion to (… x v). Of a temperature of 0 or less `COLDEST` is taken."""
    largest = np.max(logits, axis=-1, keepdims=True)
    scaled = (logits - largest) / np.maximum(_of_rows(temperature), COLDEST)
    return np.where(logits <= NEVER, 0.0, np.exp(scaled))


def sorted_shares(logits: Array, temperature: ArrayLike = 1.0) -> Array:
    """The shares of the softmax at that temperature, the largest first (… x v); all 0 where no word may be
    chosen."""
    weights = heated(np.take_along_axis(logits, order(logits), axis=-1), temperature)
    total = np.sum(weights, axis=-1, keepdims=True)
    return np.where(total == 0, 0.0, weights / np.where(total == 0, 1.0, total))


def kept(shares: Array, top_k: ArrayLike = 0, top_p: ArrayLike = 1.0) -> Array:
    """How many of the first words may be chosen, at least 1, of sorted shares (… x v): (…).

    `top_k` keeps so many, all of them where it is below 1 or more than there are; a fraction counts as the whole
    number below. `top_p` then keeps the fewest whose sum reaches that part of what is left, all where it is 1 or
    more, and the first alone where it is 0 or less. Words with a share of 0 are never kept.
    """
    v = shares.shape[-1]
    asked = np.floor(np.asarray(top_k, dtype=float))
    first = np.clip(np.where(asked < 1, v, asked), 1, np.maximum(np.sum(shares > 0, axis=-1), 1)).astype(np.int64)
    running = np.cumsum(shares, axis=-1)
    left = np.take_along_axis(running, first[..., None] - 1, axis=-1)
    p = _of_rows(top_p)
    reached = np.sum(np.round(running, DECIMALS) < np.round(p * left, DECIMALS), axis=-1) + 1
    return np.asarray(np.where(p[..., 0] >= 1, first, np.minimum(first, reached)))


def upper_ends(shares: Array, count: Array) -> Array:
    """Where the interval of each of the first `count` (…) words ends, of sorted shares (… x v): the sum of their
    renormalised shares up to there, to `DECIMALS`; 1 for those behind."""
    running = np.cumsum(shares, axis=-1)
    total = np.take_along_axis(running, count[..., None] - 1, axis=-1)
    ends = np.round(running / np.where(total == 0, 1.0, total), DECIMALS)
    return np.where(np.arange(shares.shape[-1]) < count[..., None] - 1, ends, 1.0)


def place(ends: Array, count: Array, draw: ArrayLike) -> Array:
    """Into the interval of which word, from 0 in the order of shares, the draw (…) falls: the first that ends
    above it, and never one behind the first `count` (…): (…). A draw below 0 is taken for 0, one from 1 on falls
    into the last interval."""
    below = np.sum(ends <= np.round(_of_rows(draw), DECIMALS), axis=-1)
    return np.asarray(np.minimum(below, count - 1))


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
    shares = sorted_shares(logits, temperature)
    count = kept(shares, top_k, top_p)
    at = place(upper_ends(shares, count), count, draw)
    return np.asarray(np.take_along_axis(order(logits), at[..., None], axis=-1)[..., 0])


def probabilities(
    logits: Array, *, temperature: ArrayLike = 1.0, top_k: ArrayLike = 0, top_p: ArrayLike = 1.0
) -> Array:
    """With which probability each word is chosen by a draw, in the vocabulary's order (… x v): what transformers'
    TemperatureLogitsWarper, TopKLogitsWarper and TopPLogitsWarper leave, after a softmax."""
    shares = sorted_shares(logits, temperature)
    count = kept(shares, top_k, top_p)
    left = np.where(np.arange(shares.shape[-1]) < count[..., None], shares, 0.0)
    total = np.sum(left, axis=-1, keepdims=True)
    made = np.zeros_like(left)
    np.put_along_axis(made, order(logits), left / np.where(total == 0, 1.0, total), axis=-1)
    return made


def _of_rows(setting: ArrayLike) -> Array:
    """A setting for every row, or a single number, as it is compared with entries of rows: (… x 1)."""
    return np.asarray(setting, dtype=float)[..., None]
