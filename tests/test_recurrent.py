"""The recurrent lesson: how much each word moves the last state, against the network itself."""

from __future__ import annotations

from math import atanh
from pathlib import Path

import numpy as np
import pytest
from untrained import untrained

from xltransformer import api
from xltransformer.building.instance import make_instance
from xltransformer.difference import diff
from xltransformer.graph import Array

SENTENCES = ["the cat saw a dog", "dog", "a mouse ran on the mat under the tree and saw the cat"]


def last_state(X: Array, inputs: dict[str, Array]) -> Array:
    """The network in three lines of its own."""
    state = np.zeros(len(inputs["recurrent.b"][0]))
    for x in X:
        state = np.tanh(x @ inputs["recurrent.W_x"] + state @ inputs["recurrent.W_h"] + inputs["recurrent.b"][0])
    return state


@pytest.mark.parametrize("sentence", SENTENCES)
def test_influence_is_how_the_last_state_follows_each_word(sentence: str) -> None:
    instance = make_instance("recurrent", [sentence])
    inputs, values, step = dict(instance.inputs), instance.trace(), 1e-6
    X = values["recurrent.X"]
    np.testing.assert_allclose(values["recurrent.states"][-1], last_state(X, inputs), rtol=1e-12)
    for t in range(len(X)):
        moved = np.zeros((X.shape[1], values["recurrent.states"].shape[1]))
        for k in range(X.shape[1]):
            nudge = np.zeros_like(X)
            nudge[t, k] = step
            moved[k] = (last_state(X + nudge, inputs) - last_state(X - nudge, inputs)) / (2 * step)
        np.testing.assert_allclose(values[f"recurrent.word.{t}.jacobian"], moved, atol=1e-9)
        assert values["recurrent.influence"][0, t] == pytest.approx(np.linalg.norm(moved), abs=1e-9)


# One number a word, one number of state, W_x = 1, W_h = 1/2, b = 0. The words are chosen so that the
# states are 0.5, 0.8 and 0.6, hence the slopes 0.75, 0.36 and 0.64. By the chain rule the last word
# counts 0.64, the one before 0.64 · 1/2 · 0.36 = 0.1152, the first 0.1152 · 1/2 · 0.75 = 0.0432.
BY_HAND = (
    f"""
model = "recurrent"
sentences = ["one two three"]
dimensions = ["d"]
slots = 0
spare_rows = 0
[words]
one = [{atanh(0.5)!r}]
two = [{atanh(0.8) - 0.25!r}]
three = [{atanh(0.6) - 0.4!r}]
[sizes]
state = 1
[weights.recurrent]
W_x = [[1.0]]
W_h = [[0.5]]
b = [[0.0]]
""".replace("np.float64(", "(")
    .replace("[(", "[")
    .replace(")]", "]")
)


def test_influence_worked_by_hand(tmp_path: Path) -> None:
    (tmp_path / "by-hand.toml").write_text(BY_HAND)
    values = api.build(tmp_path / "by-hand.xlsx", template=tmp_path / "by-hand.toml").trace()
    np.testing.assert_allclose(values["recurrent.states"].ravel(), [0.5, 0.8, 0.6], rtol=1e-14)
    np.testing.assert_allclose(values["recurrent.slope"].ravel(), [0.75, 0.36, 0.64], rtol=1e-14)
    np.testing.assert_allclose(values["recurrent.influence"].ravel(), [0.0432, 0.1152, 0.64], rtol=1e-13)
    assert diff(tmp_path / "by-hand.xlsx").ok


@pytest.mark.parametrize("sentence", [SENTENCES[0], SENTENCES[2]])
def test_influence_shrinks_with_distance_and_attention_does_not(sentence: str, tmp_path: Path) -> None:
    values = make_instance(untrained("recurrent", tmp_path), [sentence]).trace()
    reach, direct = values["recurrent.influence"][0], values["self_attention.direct"][0]
    assert (np.diff(reach) > 0).all()
    assert reach[0] < reach[-1] / 10
    np.testing.assert_array_equal(direct, values["self_attention.weights"][-1])
    assert direct[0] > direct[-1] / 10


def test_with_predicts_both_say_a_word_at_every_place_from_the_words_up_to_there(tmp_path: Path) -> None:
    """Against the arithmetic in a few lines; a later word changes no earlier prediction."""
    settings = {"predicts": True, "state": 4}
    instance = api.build(tmp_path / "both.xlsx", ["the cat saw a dog"], template="recurrent", settings=settings)
    inputs, values = instance.inputs, instance.trace()
    E = values["recurrent.X"]
    n, d = E.shape
    angle = np.arange(n)[:, None] / 10000 ** (np.arange(d) // 2 * 2 / d)
    X = E + np.where(np.arange(d) % 2, np.cos(angle), np.sin(angle))
    Q, K, V = (X @ inputs[f"self_attention.W_{name}"] for name in "QKV")
    shares = np.tril(np.exp(Q @ K.T / np.sqrt(d)))
    attended = shares / shares.sum(axis=1, keepdims=True) @ V
    states = np.array([last_state(E[: t + 1], dict(inputs)) for t in range(n)])
    for name, x in (("self_attention", attended), ("recurrent", states)):
        logits = x @ inputs[f"{name}.prediction.W"]
        expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(values[f"{name}.prediction.probabilities"], expected, atol=1e-12)
    assert diff(tmp_path / "both.xlsx").ok
    other = make_instance("recurrent", ["the cat saw a mouse"], settings=settings).trace()
    for name in ("recurrent", "self_attention"):
        before, after = (v[f"{name}.prediction.probabilities"] for v in (values, other))
        np.testing.assert_allclose(after[:-1], before[:-1], atol=1e-12)
        assert np.abs(after[-1] - before[-1]).max() > 1e-4
