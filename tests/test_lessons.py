"""The lessons against computations of their own and against published figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kept import USUAL

from xltransformer import api
from xltransformer.building.instance import make_instance
from xltransformer.engines import ENGINES, fold
from xltransformer.workbook.reader import read_book

Array = np.ndarray[Any, Any]
CAT, KEYBOARD = "cat and mouse are friends", "keyboard and mouse are useful"
LESSONS = ("self_attention", "projected_attention", "resized_attention")


def attention(Q: Array, K: Array, V: Array, scale: float, temperature: float, causal: bool) -> tuple[Array, Array]:
    """Attention in a few lines of its own, sharing nothing with the package."""
    scores = Q @ K.T / scale
    if causal:
        scores = np.where(np.tri(len(scores)) == 1, scores, -np.inf)
    weights = np.exp(scores / temperature)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights, weights @ V


@pytest.mark.parametrize("sentence", [CAT, KEYBOARD, "mouse", "the dog likes the cat not the broken computer"])
@pytest.mark.parametrize(
    ("scaling", "temperature", "causal"),
    [("on", 1, "off"), ("off", 1, "off"), ("1", 0.3, "ON"), ("开", 2.5, "关"), ("true", 1, "false")],
)
def test_three_lessons(sentence: str, scaling: str, temperature: float, causal: str) -> None:
    instance = make_instance(None, [sentence])
    inputs = {
        **instance.inputs,
        "switches.scaling": np.array([[scaling]], dtype=object),
        "switches.temperature": np.array([[float(temperature)]]),
        "switches.causal": np.array([[causal]], dtype=object),
    }
    values = instance.model.trace(inputs)
    words = sentence.split()
    n = len(words)
    X = np.array([instance.template.table.words[word] for word in words])
    for lesson in LESSONS:
        w = {k: instance.inputs.get(f"{lesson}.W_{k}", np.eye(4)) for k in "QKV"}
        Q, K, V = X @ w["Q"], X @ w["K"], X @ w["V"]
        scale = np.sqrt(K.shape[1]) if scaling != "off" else 1
        weights, output = attention(Q, K, V, scale, temperature, causal == "ON")
        for name, expected in {"X": X, "Q": Q, "K": K, "V": V, "output": output}.items():
            np.testing.assert_allclose(values[f"{lesson}.{name}"][:n], expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(values[f"{lesson}.scores"][:n, :n], Q @ K.T, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(values[f"{lesson}.scaled"][:n, :n], Q @ K.T / scale, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(values[f"{lesson}.weights"][:n, :n], weights, rtol=1e-12, atol=1e-14)
        assert not values[f"{lesson}.weights"][n:].any()
        assert not values[f"{lesson}.weights"][:, n:].any()


def test_company_decides_what_mouse_means() -> None:
    traced = api.trace([CAT, KEYBOARD])
    inputs = [traced[f"sentence.{s}.self_attention.X"].loc["mouse"] for s in (0, 1)]
    assert (inputs[0] == inputs[1]).all()
    assert inputs[0]["animal"] == inputs[0]["technology"] > 1
    for lesson in LESSONS:
        beside_cat, beside_keyboard = (traced[f"sentence.{s}.{lesson}.output"].loc["mouse"] for s in (0, 1))
        assert beside_cat["animal"] > 1.5 * beside_cat["technology"]
        assert beside_keyboard["technology"] > 1.5 * beside_keyboard["animal"]
        assert traced[f"compare.{lesson}.output"].to_numpy().tolist() == [
            beside_cat.tolist(),
            beside_keyboard.tolist(),
        ]


@pytest.mark.parametrize("s", [0, 1])
def test_weights_turn_attention_away_from_grammar(s: int) -> None:
    traced = api.trace([CAT, KEYBOARD])
    grammar = [
        traced[f"sentence.{s}.{lesson}.weights"].loc["mouse", ["and", "are"]].sum() for lesson in LESSONS[:2]
    ]
    assert grammar[0] > 0.2
    assert grammar[1] < grammar[0] / 2


def test_lengths_of_vocabulary_entries_and_roles() -> None:
    table = make_instance().template.table
    assert len(table.words) >= 20
    assert {"cat", "keyboard", "mouse", "and", "are", "friends", "useful"} <= set(table.words)


# Printed in the article behind the template first-attention in Chinese (see the template).
TOKENS = list("寫代碼的中年人")
SCORES = [-1.3670, -1.2771, -0.1783, 1.4712, 0.3955, 4.2336, -1.4359]
WEIGHTS = [0.0033, 0.0036, 0.0109, 0.0570, 0.0194, 0.9025, 0.0031]
CONTEXT = [1.31085939, -0.30172873, -0.05573854, -1.34141581]


def test_published_figures_in_numpy() -> None:
    traced = api.trace(template="first-attention", language="zh")
    assert traced["single_query.X"].index.tolist() == TOKENS
    assert traced["single_query.scores"].loc["年", TOKENS].round(4).tolist() == SCORES
    assert traced["single_query.weights"].loc["年", TOKENS].round(4).tolist() == WEIGHTS
    assert traced["single_query.output"].loc["年"].round(8).tolist() == CONTEXT


@pytest.mark.parametrize("engine", USUAL)
def test_published_figures_in_the_sheet(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "first.xlsx"
    api.build(path, template="first-attention", language="zh")
    book, results = read_book(path), ENGINES[engine].recalculate(path)
    for name, decimals, published in (("scores", 4, SCORES), ("weights", 4, WEIGHTS), ("output", 8, CONTEXT)):
        place = book.homes[f"single_query.{name}"]
        cells = [results[fold(place.sheet)][place.row + 1, place.column + j + 1] for j in range(len(published))]
        assert [round(cell, decimals) for cell in cells] == published  # type: ignore[arg-type]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from(["cat", "mouse", "and", "are", "xyz", "年", "=1+1"]), min_size=1, max_size=9),
    st.integers(0, 4),
)
def test_spare_slots_change_nothing(words: list[str], slots: int) -> None:
    short, long = (api.trace([" ".join(words)], slots=k) for k in (0, slots))
    for lesson in LESSONS:
        for name in ("weights", "output"):
            a, b = short[f"{lesson}.{name}"], long[f"{lesson}.{name}"]
            np.testing.assert_allclose(b.to_numpy()[: a.shape[0], : a.shape[1]], a.to_numpy(), rtol=1e-13)
