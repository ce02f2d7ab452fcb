"""Sinusoidal and rotary positions against their papers' formulas."""

from __future__ import annotations

from math import cos, sin

import numpy as np
import pytest
from cells import one_section

from xltransformer.graph import ONE, Array, Axis
from xltransformer.nn.attention import attention
from xltransformer.nn.multi_head import multi_head, multi_head_weights
from xltransformer.nn.positions import BASE, angles, rotary, sinusoidal


def encoding(n: int, d: int, positions: list[float] | None = None) -> Array:
    """PE of n rows and d columns, from a trace of the layer."""
    model = one_section()
    g = model.scope()
    X = g.input("words", Axis.numbered("", n), Axis.numbered("d", d), "embedding")
    at = None if positions is None else g.input("at", X.rows, ONE, "choice")
    sinusoidal(g, X, g.constant("base", BASE), at)
    inputs = {**model.constants, "words": np.ones((n, d))}
    if positions is not None:
        inputs["at"] = np.array(positions).reshape(-1, 1)
    values = model.trace(inputs)
    np.testing.assert_array_equal(values["X"], 1 + values["PE"])
    return values["PE"]


@pytest.mark.parametrize(
    ("pos", "i", "d"), [(0, 0, 4), (1, 0, 2), (3, 1, 4), (7, 2, 6), (49, 10, 33), (99, 31, 64)]
)
def test_sinusoidal_values_are_those_of_the_paper(pos: int, i: int, d: int) -> None:
    PE = encoding(pos + 1, d)
    assert PE[pos, 2 * i] == pytest.approx(sin(pos / 10000 ** (2 * i / d)), rel=1e-13, abs=1e-15)
    if 2 * i + 1 < d:
        assert PE[pos, 2 * i + 1] == pytest.approx(cos(pos / 10000 ** (2 * i / d)), rel=1e-13, abs=1e-15)


def test_sinusoidal_values_worked_by_hand() -> None:
    # d = 4: the second pair's angles are pos / 10000^(2/4) = pos / 100
    expected = [
        [0, 1, 0, 1],
        [0.8414709848078965, 0.5403023058681398, 0.009999833334166664, 0.9999500004166653],
        [0.9092974268256817, -0.4161468365471424, 0.01999866669333308, 0.9998000066665778],
    ]
    np.testing.assert_allclose(encoding(3, 4), expected, rtol=1e-15)


def test_positions_may_be_given() -> None:
    np.testing.assert_array_equal(encoding(2, 6, [5, 3]), encoding(6, 6)[[5, 3]])


@pytest.fixture
def two() -> tuple[Array, Array]:
    generator = np.random.default_rng(7)
    return generator.normal(size=(1, 6)), generator.normal(size=(1, 6))


def rotary_score(query: Array, key: Array, pos_q: float, pos_k: float) -> float:
    model = one_section()
    g = model.scope()
    Q, K = (g.input(name, Axis.numbered("", 2), Axis.numbered("k", 6), "embedding") for name in "QK")
    at = g.input("at", Q.rows, ONE, "choice")
    Q_turned, K_turned = rotary(g, Q, K, angles(g, Q, g.constant("base", BASE), at))
    attention(g, Q_turned, K_turned, K)
    rows = {"Q": np.vstack([query, query]), "K": np.vstack([key, key]), "at": np.array([[pos_q], [pos_k]])}
    return float(model.trace({**model.constants, **rows})["scores"][0, 1])


def test_rotary_scores_depend_on_the_distance_only(two: tuple[Array, Array]) -> None:
    near = [rotary_score(*two, pos, pos + 2) for pos in (0, 1, 5, 40, 1000)]
    np.testing.assert_allclose(near, near[0], rtol=1e-11)
    assert abs(rotary_score(*two, 0, 3) - near[0]) > 1e-3
    assert rotary_score(*two, 4, 4) == pytest.approx(float(two[0][0] @ two[1][0]))


def test_rotary_positions_are_those_of_the_paper(two: tuple[Array, Array]) -> None:
    # Su et al. 2021, equations 14 and 15: a rotation matrix for each pair, from the angles m theta_i
    def turned(x: Array, m: int) -> Array:
        R = np.zeros((6, 6))
        for i in (1, 2, 3):
            a = m * 10000 ** (-2 * (i - 1) / 6)
            R[2 * i - 2 : 2 * i, 2 * i - 2 : 2 * i] = [[cos(a), -sin(a)], [sin(a), cos(a)]]
        return R @ x[0]

    assert rotary_score(*two, 11, 4) == pytest.approx(float(turned(two[0], 11) @ turned(two[1], 4)), rel=1e-12)


def test_without_positions_order_does_not_matter() -> None:
    """Without positions "dog bites man" and "man bites dog" attend alike; with them they do not."""
    generator = np.random.default_rng(3)
    words = generator.normal(size=(3, 4))

    def outputs(X_values: Array, *, positioned: bool) -> Array:
        model = one_section()
        g = model.scope()
        X = g.input("words", Axis.numbered("", 3), Axis.numbered("d", 4), "embedding")
        w = multi_head_weights(g, X.columns, 2, 2, 2)
        seeing = sinusoidal(g, X, g.constant("base", BASE)) if positioned else X
        multi_head(g, seeing, w)
        seeds = np.random.default_rng(4)
        weights = {block.name: seeds.normal(size=block.shape) for block in model.parameters}
        return model.trace({**model.constants, **weights, "words": X_values})["output"]

    plain, reversed_plain = (outputs(x, positioned=False) for x in (words, words[::-1]))
    np.testing.assert_allclose(plain, reversed_plain[::-1], rtol=1e-12)
    told, reversed_told = (outputs(x, positioned=True) for x in (words, words[::-1]))
    assert np.abs(told - reversed_told[::-1]).max() > 1e-3
