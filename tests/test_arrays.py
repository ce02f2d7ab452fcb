"""Weights given as arrays: all of a model's or a part, and PyTorch's attention by itself."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from test_torch import fixture, state_of

from xltransformer import UserError, build, diff, trace
from xltransformer.building.instance import make_instance
from xltransformer.cli import main
from xltransformer.training import from_instance

W_Q = "projected_attention.W_Q"
LEARNED = ("trainable_attention.W_Q", "trainable_attention.W_K")
WORDS = ("cat", "dog", "hen", "cow")


class Tensor:
    """Makes an array of itself as PyTorch's tensors do: not while it learns, nor in bfloat16."""

    def __init__(self, numbers: Any, *, learns: bool = False, narrow: bool = False) -> None:
        self.numbers, self.learns, self.narrow = np.asarray(numbers, dtype=np.float32), learns, narrow

    def detach(self) -> Tensor:
        return Tensor(self.numbers, narrow=self.narrow)

    def cpu(self) -> Tensor:
        return self

    def float(self) -> Tensor:
        return Tensor(self.numbers)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if self.learns:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.narrow:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.numbers


def embeddings(path: Path, x: np.ndarray[Any, Any]) -> Path:
    """A vocabulary of words with these numbers."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = [[word, *map(repr, row)] for word, row in zip(WORDS, x.tolist(), strict=False)]
        csv.writer(file).writerows([["word", *(f"d{k}" for k in range(x.shape[1]))], *rows])
    return path


@pytest.mark.parametrize("name", ["attention-0", "attention-1"])
def test_an_attention_of_torch_comes_out_as_there(name: str, tmp_path: Path) -> None:
    c, arrays = fixture(name)
    given = embeddings(tmp_path / "x.csv", arrays["x"])
    sentence = " ".join(WORDS[: c["words"]])
    options: dict[str, Any] = {"weights": state_of(arrays), "embeddings": given}
    traced = trace(sentence, "multi-head", **options)
    assert np.array_equal(traced["multi_head.X"], arrays["x"])
    weights = [traced[f"multi_head.head.{k}.weights"].to_numpy() for k in range(c["heads"])]
    assert np.abs(traced["multi_head.output"] - arrays["output"]).max(axis=None) < 1e-9
    assert np.abs(np.array(weights) - arrays["weights"]).max() < 1e-9
    assert np.abs(np.mean(weights, axis=0) - arrays["averaged"]).max() < 1e-9
    assert ("multi_head.b_O" in traced) == c["biases"]
    built = build(tmp_path / "a.xlsx", sentence, weights=state_of(arrays), embeddings=given, slots=1)
    assert built.template.name == "multi-head"
    assert any("the dict of weights does not say, so this was taken: heads (2)" in line for line in built.warnings)
    found = diff(tmp_path / "a.xlsx")
    assert found.ok


def test_what_an_attention_may_be_given_as() -> None:
    _, arrays = fixture("attention-0")
    state = state_of(arrays)
    apart = {name: value for name, value in state.items() if name != "in_proj_weight"}
    for part, value in zip("qkv", np.split(state["in_proj_weight"], 3), strict=True):
        apart[f"{part}_proj_weight"] = value
    within = {f"layer.attn.{name}": Tensor(value, learns=True) for name, value in state.items()}
    usual = trace("cat dog", weights=state)["multi_head.output"]
    assert trace("cat dog", weights=apart)["multi_head.output"].equals(usual)
    assert np.abs(trace("cat dog", weights=within)["multi_head.output"] - usual).max(axis=None) < 1e-6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bias_k": np.ones((1, 1, 8))}, "bias_k: a key and a value beside those of the words (add_bias_kv)"),
        (
            {"k_proj_weight": np.ones((8, 6))},
            "keys and values of another width than the words (kdim, vdim)",
        ),
        ({"out_proj.wieght": np.ones((8, 8))}, "surplus: out_proj.wieght (did you mean out_proj.weight?)"),
        ({"in_proj_weight": np.ones((24, 7))}, "misshapen: in_proj_weight (24x7, expected 24x8)"),
    ],
)
def test_an_attention_that_cannot_be_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as raised:
        trace("cat", "multi-head", weights={**state_of(fixture("attention-0")[1]), **change})
    assert said in str(raised.value)


def test_a_part_is_given_and_the_others_are_told() -> None:
    mine = np.arange(16.0).reshape(4, 4) / 10
    instance = make_instance(weights={W_Q: mine})
    assert np.array_equal(instance.inputs[W_Q], mine)
    own = make_instance()
    assert np.array_equal(
        instance.inputs["projected_attention.W_K"], own.inputs["projected_attention.W_K"]
    )  # the template's, which were written by hand
    (line,) = instance.warnings
    assert line.startswith(
        "the dict of weights: given: 1 of 6, others as in template cat-and-mouse: projected_attention.W_K"
    )
    (line,) = make_instance("multi-head", weights={"multi_head.W_O": np.eye(8)}).warnings
    assert line.startswith("the dict of weights: given: 1 of 8, others drawn (seed 0): multi_head.head.0.W_Q")
    whole = {block.name: own.inputs[block.name] for block in own.model.parameters}
    assert not make_instance(weights=whole).warnings
    numbers = own.inputs["embeddings"][: len(own.template.table.words)]
    assert not make_instance(weights={**whole, "embeddings": numbers}).warnings


def test_a_part_in_a_file_too(tmp_path: Path) -> None:
    np.savez(tmp_path / "part.npz", **{W_Q: np.eye(4)})
    done = CliRunner().invoke(main, ["trace", "--weights", str(tmp_path / "part.npz"), "--only", W_Q])
    assert done.exit_code == 0
    assert "part.npz: given: 1 of 6, others as in template cat-and-mouse: " in done.stderr


def test_words_may_be_a_list_beside_them() -> None:
    words, X = ["we", "they", "see"], np.arange(12.0).reshape(3, 4) / 10
    traced = trace("they see", vocabulary=words, weights={"embeddings": X})
    assert np.array_equal(traced["self_attention.X"], X[1:])
    assert trace("we see", vocabulary=("see", "we"))["sentence.index"].to_numpy().ravel().tolist() == [2, 1]
    for wrong in ([], [1], [""], {"we": 1}):
        with pytest.raises(UserError, match="give a file"):
            trace("we", vocabulary=wrong)  # type: ignore[arg-type]


def test_training_begins_with_arrays() -> None:
    own = make_instance("trainable-attention")
    start = from_instance("trainable-attention", weights={W: np.zeros(own.model.blocks[W].shape) for W in LEARNED})
    assert not any(start.instance.inputs[name].any() for name in LEARNED)
    assert set(LEARNED) <= start.given
    assert "trainable_attention.W_V" not in start.given


@pytest.mark.parametrize(
    "value",
    [
        Tensor(np.eye(4)), Tensor(np.eye(4), learns=True), Tensor(np.eye(4), narrow=True), np.eye(4).tolist(),
        np.eye(4, dtype=int), np.eye(4, dtype=np.float16),
    ],
)  # fmt: skip
def test_whatever_makes_an_array_is_taken(value: Any) -> None:
    assert np.array_equal(make_instance(weights={W_Q: value}).inputs[W_Q], np.eye(4))


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({}, "the dict of weights is empty; give arrays by the names of blocks, or a state dict"),
        ([1], "`weights` is [1]; give a file or a dict of arrays by name"),
        ({3: np.eye(4)}, "the dict of weights: 3 is no name of an array"),
        ({"projected_atention.W_Q": np.eye(4)}, f"surplus: projected_atention.W_Q (did you mean {W_Q}?)"),
        ({"foo": np.eye(4)}, f"surplus: foo; the model has {W_Q}, "),
        ({W_Q: np.ones((3, 4))}, f"misshapen: {W_Q} (3x4, expected 4x4)"),
        ({W_Q: np.full((4, 4), np.nan)}, f"{W_Q} holds nan; give finite numbers"),
        ({W_Q: [[1, 2], [3]]}, f"{W_Q} is no array (setting an array element"),
        ({W_Q: None}, f"{W_Q} holds objects, not numbers; give an array of numbers"),
        ({W_Q: [["x"]]}, f"{W_Q} holds <U1, not numbers"),
        ({W_Q: np.eye(4) * 1j}, f"{W_Q} holds complex128, not numbers"),
        ({W_Q: np.eye(4, dtype=np.int8)}, f"the weights are quantised ({W_Q}: int8)"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(weights: Any, said: str) -> None:
    with pytest.raises(UserError) as raised:
        make_instance(weights=weights)
    line = str(raised.value)
    assert said in line
    assert len(line) <= 300
    assert "\n" not in line
