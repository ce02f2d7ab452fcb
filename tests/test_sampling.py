"""Choosing a word by chance: the shares against transformers' warpers, the draws against what they promise."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from xltransformer import sampling
from xltransformer.graph import Array

FIXTURE = Path(__file__).parent / "fixtures" / "sampling.npz"  # by scripts/make_sampling_fixture.py
LOGITS = np.log([0.5, 0.2, 0.3])


def chosen(draw: float, logits: Array = LOGITS, **settings: float) -> int:
    return int(sampling.choose(logits, draw, **settings))


def test_probabilities_are_those_that_transformers_warpers_leave() -> None:
    with np.load(FIXTURE) as file:
        logits, settings, expected = file["logits"], file["settings"], file["probabilities"]
    for (temperature, top_k, top_p), theirs in zip(settings, expected, strict=True):
        ours = sampling.probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)
        assert np.abs(ours - theirs).max() < 1e-12, (temperature, top_k, top_p)


def test_a_word_is_chosen_as_often_as_its_probability_says() -> None:
    with np.load(FIXTURE) as file:
        logits, settings, expected = file["logits"], file["settings"], file["probabilities"]
    ticks = (np.arange(2000) + 0.5) / 2000
    for k in range(0, len(settings), 5):
        temperature, top_k, top_p = settings[k]
        words = sampling.choose(logits[:, None], ticks, temperature=temperature, top_k=top_k, top_p=top_p)
        shares = np.stack([np.bincount(row, minlength=logits.shape[1]) for row in words]) / len(ticks)
        assert np.abs(shares - expected[k]).max() < 1 / len(ticks), settings[k]


@pytest.mark.parametrize(
    ("draw", "word"),
    [(0, 0), (0.499999, 0), (0.5, 2), (0.799999, 2), (0.8, 1), (0.999999, 1), (1, 1), (-1, 0), (7, 1)],
)
def test_the_draw_takes_the_first_word_whose_sum_is_above_it(draw: float, word: int) -> None:
    assert chosen(draw) == word


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"top_k": 1}, {0}),
        ({"top_k": 2}, {0, 2}),
        ({"top_k": 2.9}, {0, 2}),
        ({"top_k": 0}, {0, 1, 2}),
        ({"top_k": -1}, {0, 1, 2}),
        ({"top_k": 100}, {0, 1, 2}),
        ({"top_p": 0}, {0}),
        ({"top_p": 0.5}, {0}),
        ({"top_p": 0.51}, {0, 2}),
        ({"top_p": 0.8}, {0, 2}),
        ({"top_p": 1}, {0, 1, 2}),
        ({"top_p": 9}, {0, 1, 2}),
        ({"top_k": 2, "top_p": 0.62}, {0}),  # 0.625 of what top-k left
        ({"temperature": 0.001}, {0}),
        ({"temperature": 0}, {0}),
        ({"temperature": -1}, {0}),
    ],
)
def test_settings_leave_the_words_they_say(settings: dict[str, float], words: set[int]) -> None:
    assert {chosen(draw, **settings) for draw in np.linspace(0, 0.9999, 101)} == words


def test_of_equal_words_the_first_comes_first() -> None:
    assert [chosen(draw, np.zeros(4)) for draw in (0, 0.25, 0.5, 0.75)] == [0, 1, 2, 3]
    assert chosen(0.9, np.zeros(4), top_k=1) == 0


def test_a_word_that_may_not_stand_is_never_chosen() -> None:
    logits = np.array([-1e30, 1.0, -np.inf, 0.0])
    for temperature in (0.1, 1, 1e40):
        assert {chosen(draw, logits, temperature=temperature) for draw in (0, 0.5, 0.999999999)} <= {1, 3}


def test_rows_have_settings_and_draws_of_their_own() -> None:
    rows = np.stack([LOGITS, LOGITS, LOGITS])
    assert sampling.choose(rows, [0.9, 0.9, 0.2], temperature=[1, 1e-3, 1], top_k=[0, 0, 2]).tolist() == [1, 0, 0]


def test_draws_are_the_generator_of_park_and_miller_from_the_mixed_seed() -> None:
    number = 1 + ((16807 * 7 + 12345) % 67108859) ** 2 % (2**31 - 2)
    for draw in sampling.draws(7, 20):
        number = 48271 * number % (2**31 - 1)
        assert draw == number / (2**31 - 1)
    # the minimal standard's own check, with this multiplier: the 10,000th number after 1 (C++'s minstd_rand)
    assert pow(48271, 10_000, 2**31 - 1) == 399268537


def test_draws_are_exact_in_doubles_as_in_cells() -> None:
    for seed in (0, 1, 12_345, sampling.LARGEST_SEED):
        mixed = math.fmod(16807.0 * seed + 12345.0, 67108859.0)
        number = 1 + math.fmod(mixed * mixed, 2147483646.0)
        for exact in sampling.numbers(seed, 5):
            number = math.fmod(48271.0 * number, 2147483647.0)
            assert number == exact


def test_neighbouring_seeds_and_places_have_nothing_in_common() -> None:
    made = sampling.draws(np.arange(2000), 12)
    counts = np.stack([np.histogram(column, 10, (0, 1))[0] for column in made.T])
    assert ((counts - 200) ** 2 / 200).sum(axis=1).max() < 28  # chi², 9 degrees of freedom: 0.1 %
    for one, other in [(made[:-1], made[1:]), (made[:, :-1], made[:, 1:])]:
        squares, _, _ = np.histogram2d(one.ravel(), other.ravel(), 8, ((0, 1), (0, 1)))
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.02
        assert squares.min() > 0.8 * squares.mean()
    assert made.min() > 0
    assert made.max() < 1


def test_seeds_beyond_the_range_are_taken_for_the_nearest() -> None:
    assert (sampling.draws([-5, 2.9, 1e99], 3) == sampling.draws([0, 2, sampling.LARGEST_SEED], 3)).all()
