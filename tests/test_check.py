"""Arrays of an implementation of one's own, in plain NumPy here, right and with the usual slips."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_published import run

import xltransformer
from xltransformer import check, load_template
from xltransformer.building.instance import Instance, make_instance
from xltransformer.checking.check import Check
from xltransformer.errors import UserError
from xltransformer.graph import Array

GPT, TEXT = "gpt", ["the cat sat on the"]
ENCODER, WORDS = "encoder", ["the cat sat"]


def instance_of(template: str, texts: list[str], **settings: Any) -> Instance:
    return make_instance(template, texts, spare=False, slots=0, settings=settings)


def softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def gelu(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


def layer_norm(x: Array, gain: Array, bias: Array, *slips: str, epsilon: float = 1e-5) -> Array:
    """A layer norm, with slips."""
    axis = 0 if "axis" in slips else -1
    mean, width = x.mean(axis=axis, keepdims=True), x.shape[-1]
    variance = x.var(axis=axis, keepdims=True)
    if "unbiased" in slips:
        variance = variance * width / (width - 1)
    if "rms" in slips:
        mean, variance = np.zeros(1), (x**2).mean(-1, keepdims=True)
    if "no epsilon" in slips:
        epsilon = 0.0
    if "small epsilon" in slips:
        epsilon = 1e-12
    root = np.sqrt(variance) + epsilon if "outside" in slips else np.sqrt(variance + epsilon)
    y = (x - mean) / root
    y = y if "no gain" in slips else y * gain
    return np.asarray(y if "no bias" in slips else y + bias)


def gpt(v: dict[str, Array], *slips: str, heads: int = 2) -> dict[str, Array]:
    """A GPT of two layers in plain NumPy, from the weights under our names: arrays under the names of blocks."""
    X = v["embeddings"][(v["sentence.index"].ravel() - 1).astype(int)]
    n = len(X)
    start = 1 if "from one" in slips else 0
    x = X + load_template(GPT).weights["position_embeddings"][start : start + n]
    x = X if "no positions" in slips else x
    found = {"decoder.words.X": X, "decoder.X": x}
    for k in range(2):
        at = f"decoder.{k}."

        def normed(y: Array, j: int, at: str = at) -> Array:
            return layer_norm(y, v[f"{at}norm.{j}.gain"], v[f"{at}norm.{j}.bias"], *slips)

        y = x if "post" in slips else normed(x, 0)
        if "post" not in slips:
            found[f"{at}norm.0.output"] = y
        together = attend(v, found, at, y, slips, heads)
        x = x + together if "no residual" not in slips else together
        x = normed(x, 0) if "post" in slips else x
        found[f"{at}norm.0.sum"] = x
        y = x if "post" in slips else normed(x, 1)
        inner = y @ v[f"{at}feed_forward.W_1"] + (0 if "no b_1" in slips else v[f"{at}feed_forward.b_1"])
        active = np.maximum(inner, 0) if "relu" in slips else gelu(inner)
        found |= {f"{at}feed_forward.inner": inner, f"{at}feed_forward.activated": active}
        x = x + active @ v[f"{at}feed_forward.W_2"] + v[f"{at}feed_forward.b_2"]
        x = normed(x, 1) if "post" in slips else x
        found[f"{at}norm.1.sum"] = x
    return found


def attend(
    v: dict[str, Array], found: dict[str, Array], at: str, y: Array, slips: tuple[str, ...], heads: int
) -> Array:
    """Attention of several heads, as one usually writes it: all of them in one matrix, then split."""
    n = len(y)

    def all_heads(letter: str) -> Array:
        turned = "W_V transposed" in slips and letter == "V"
        whole = np.hstack([v[f"{at}head.{h}.W_{letter}"] for h in range(heads)])
        bias = np.hstack([v[f"{at}head.{h}.b_{letter}"] for h in range(heads)])
        z = y @ (whole.T if turned else whole) + bias
        if "interleaved" in slips:
            return z.reshape(n, -1, heads).transpose(2, 0, 1)
        if "reshaped" in slips:
            return z.reshape(heads, n, -1)
        return z.reshape(n, heads, -1).transpose(1, 0, 2)

    Q, K, V = map(all_heads, "QKV")
    if "exchanged" in slips:
        Q, K = K, Q
    found |= {
        f"{at}head.{h}.{name}": part[h] for name, part in zip("QKV", (Q, K, V), strict=True) for h in range(heads)
    }
    d_k = K.shape[-1]
    scores = Q @ K.transpose(0, 2, 1)
    divisor = {"unscaled": 1.0, "d_k": d_k, "whole": np.sqrt(d_k * heads)}
    scaled = scores / next((divisor[slip] for slip in slips if slip in divisor), np.sqrt(d_k))
    see = np.tril(np.ones((n, n)), -1 if "not own" in slips else 0)
    see = see.T if "mask turned" in slips else see
    if "zero" in slips:
        weights = softmax(scaled * see)
    elif "mask behind" in slips:
        weights = softmax(scaled) * see
    else:
        masked = scaled if "no mask" in slips else np.where(see == 1, scaled, -np.inf)
        weights = softmax(masked, -2 if "columns" in slips else -1)
    outputs = weights @ V
    joined = outputs.reshape(n, -1) if "joined" in slips else outputs.transpose(1, 0, 2).reshape(n, -1)
    if "joined in turn" in slips:
        joined = outputs.transpose(1, 2, 0).reshape(n, -1)
    for h in range(heads):
        found |= {f"{at}head.{h}.scores": scores[h], f"{at}head.{h}.weights": weights[h]}
        found |= {f"{at}head.{h}.output": outputs[h]}
    found[f"{at}heads"] = joined
    found[f"{at}attended"] = joined @ v[f"{at}W_O"] + (0 if "no b_O" in slips else v[f"{at}b_O"])
    return found[f"{at}attended"]


@pytest.fixture(scope="module")
def weights() -> dict[str, Array]:
    """All numbers of the small GPT; its gains and biases are no longer what they begin as."""
    return instance_of(GPT, TEXT).trace()


def test_an_implementation_that_is_right(weights: dict[str, Array]) -> None:
    found = check(gpt(weights), TEXT, GPT)
    assert found.ok, found
    assert found.first is None
    assert found.explained == ()
    assert "all 40 agree" in str(found)


SLIPS = {
    "unscaled": ("decoder.0.head.0.weights", "not divided by the root of d_k"),
    "d_k": ("decoder.0.head.0.weights", "divided by d_k in place of the root of d_k"),
    "whole": ("decoder.0.head.0.weights", "divided by the root of all heads' width"),
    "no mask": ("decoder.0.head.0.weights", "the mask is missing"),
    "mask turned": ("decoder.0.head.0.weights", "the mask is turned round"),
    "zero": ("decoder.0.head.0.weights", "hidden scores are 0"),
    "mask behind": ("decoder.0.head.0.weights", "the mask stands behind the softmax"),
    "columns": ("decoder.0.head.0.weights", "softmax over the other axis"),
    "interleaved": ("decoder.0.head.0.Q", "heads split the other way"),
    "reshaped": ("decoder.0.head.0.Q", "heads split by reshape alone"),
    "exchanged": (
        "decoder.0.head.0.Q",
        "the weights of another projection are taken in place of decoder.0.head.0.W_Q",
    ),
    "joined": ("decoder.0.heads", "heads joined by reshape alone"),
    "joined in turn": ("decoder.0.heads", "heads joined the other way"),
    "no b_O": ("decoder.0.attended", "the bias decoder.0.b_O is missing"),
    "no b_1": ("decoder.0.feed_forward.inner", "the bias decoder.0.feed_forward.b_1 is missing"),
    "no residual": ("decoder.0.norm.0.sum", "decoder.X is not added"),
    "relu": ("decoder.0.feed_forward.activated", "the activation is ReLU"),
    "from one": ("decoder.X", "positions are counted from 1"),
    "no positions": ("decoder.X", "decoder.position is not added"),
    "unbiased": ("decoder.0.norm.0.output", "the variance is divided by d - 1 (unbiased)"),
    "no epsilon": ("decoder.0.norm.0.output", "epsilon is missing"),
    "small epsilon": ("decoder.0.norm.0.output", "epsilon is 1e-12"),
    "outside": ("decoder.0.norm.0.output", "epsilon is added outside of the root"),
    "axis": ("decoder.0.norm.0.output", "the norm is over the other axis"),
    "rms": ("decoder.0.norm.0.output", "an RMS norm stands in place of a layer norm"),
    "no gain": ("decoder.0.norm.0.output", "the gain decoder.0.norm.0.gain is missing"),
    "no bias": ("decoder.0.norm.0.output", "the bias decoder.0.norm.0.bias is missing"),
    "post": ("decoder.0.head.0.Q", "post-norm for pre-norm"),
}
"""What the first block is that does not agree, and what explains it."""


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told(slip: str, weights: dict[str, Array]) -> None:
    first, said = SLIPS[slip]
    found = check(gpt(weights, slip), TEXT, GPT)
    assert not found.ok
    assert found.first == first, found
    assert any(said in one for one in found.explained), found
    likely = [one for one in found.explained if not one.startswith("epsilon")]
    assert len(likely) <= 2, found


ENDS = ("unscaled", "no mask", "columns", "joined", "no residual", "relu", "no epsilon", "post", "from one")


@pytest.mark.parametrize("slip", ENDS)
def test_a_slip_is_told_by_its_end_alone(slip: str, weights: dict[str, Array]) -> None:
    """Of nothing but what comes out of the first layer."""
    name = "decoder.0.norm.1.sum"
    found = check({name: gpt(weights, slip)[name]}, TEXT, GPT)
    assert found.first == name
    assert any(SLIPS[slip][1] in one for one in found.explained), found


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("decoder.0.head.1.weights", lambda x: softmax(np.log(x + 1e-9) * 0.7)),
        ("decoder.0.norm.0.output", lambda x: x * 1.01),
        ("decoder.0.feed_forward.activated", lambda x: x + 0.01),
        ("decoder.X", lambda x: x[::-1]),
        ("decoder.0.heads", lambda x: x - 0.5),
    ],
)
def test_nothing_is_explained_that_is_no_slip(name: str, change: Any, weights: dict[str, Array]) -> None:
    arrays = gpt(weights)
    found = check({**arrays, name: change(arrays[name])}, TEXT, GPT)
    assert found.first == name
    assert found.explained == ()
    assert "none of the usual slips explains it" in str(found)


def test_what_is_hardly_more_than_allowed_is_no_slip(weights: dict[str, Array]) -> None:
    name = "decoder.0.norm.0.output"
    mine = gpt(weights, "no epsilon")[name]
    off = float(np.abs(mine - weights[name]).max())
    assert check({name: mine}, TEXT, GPT, tolerance=off / 1000).explained
    found = check({name: mine}, TEXT, GPT, tolerance=off / 5)
    assert found.first == name
    assert found.explained == ()


def test_two_slips_at_once_are_none_of_them(weights: dict[str, Array]) -> None:
    found = check(gpt(weights, "unscaled", "columns"), TEXT, GPT)
    assert found.explained == ()


def test_what_follows_is_settled(weights: dict[str, Array]) -> None:
    found = check(gpt(weights, "unscaled"), TEXT, GPT)
    assert found.settled == found.wrong - 1 > 10
    assert f"explains {found.settled} of the other {found.settled}, too" in str(found)


def test_a_slip_in_one_place_alone(weights: dict[str, Array]) -> None:
    arrays = gpt(weights)
    arrays["decoder.1.attended"] = arrays["decoder.1.attended"] - weights["decoder.1.b_O"]
    found = check(arrays, TEXT, GPT)
    assert found.first == "decoder.1.attended"
    assert "the bias decoder.1.b_O is missing" in found.explained[0]


# Other architectures


def test_norms_before_in_place_of_behind() -> None:
    v = instance_of(ENCODER, WORDS).trace()
    x = v["encoder.positions.X"]
    y = layer_norm(x, v["encoder.0.norm.0.gain"], v["encoder.0.norm.0.bias"])
    outputs = []
    for h in range(2):
        Q, K, V = (y @ v[f"encoder.0.head.{h}.W_{p}"] + v[f"encoder.0.head.{h}.b_{p}"] for p in "QKV")
        outputs.append(softmax(Q @ K.T / np.sqrt(K.shape[1])) @ V)
    total = x + np.hstack(outputs) @ v["encoder.0.W_O"] + v["encoder.0.b_O"]
    found = check({"encoder.positions.X": x, "encoder.0.norm.0.sum": total}, WORDS, ENCODER)
    assert any("pre-norm for post-norm" in one for one in found.explained), found


def test_positions_of_sines() -> None:
    v = instance_of(ENCODER, WORDS).trace()
    PE = v["encoder.positions.PE"]
    n, d = PE.shape
    columns, rows = np.arange(d), np.arange(n)[:, None]

    def made(at: Array, power: Array, sine: Array) -> Array:
        angle = at / 10000 ** (power / d)
        return np.where(sine, np.sin(angle), np.cos(angle))

    pair = columns // 2
    for mine, said in (
        (made(rows + 1, 2 * pair, columns % 2 == 0), "counted from 1"),
        (made(rows, 2 * pair, columns % 2 == 1), "exchanged"),
        (made(rows, 2 * columns, columns % 2 == 0), "an exponent of its own"),
        (made(rows, 2 * (columns % (d // 2)), columns < d // 2), "all sines stand before all cosines"),
    ):
        found = check({"PE": mine}, WORDS, ENCODER)
        assert any(said in one for one in found.explained), (said, found)
    right = check({"PE": PE, "encoder.words.X": v["encoder.words.X"] * np.sqrt(d)}, WORDS, ENCODER)
    assert right.explained == ("multiplied by the root of the width (in encoder.words.X)",)


def test_slips_of_llama() -> None:
    text = ["the dog sat"]
    v = instance_of("llama", text).trace()
    at = "decoder.0."
    Q, angle = v[f"{at}head.0.Q"], v["decoder.rotary.angle"]
    half = Q.shape[1] // 2
    turn = angle[:, ::2]
    a, b = Q[:, :half], Q[:, half:]
    halves = np.hstack([a * np.cos(turn) - b * np.sin(turn), b * np.cos(turn) + a * np.sin(turn)])
    x, gain = v["decoder.words.X"], v[f"{at}norm.0.gain"]
    gate, inner, gated = (v[f"{at}feed_forward.{name}"] for name in ("gate", "inner", "gated"))
    silu = gated / (1 + np.exp(-gated))
    assert not np.allclose(inner * silu, gate * gated)
    for name, mine, said in (
        (f"{at}head.0.Q_rotated", halves, "with column k + d_k/2"),
        (f"{at}head.0.Q_rotated", Q, "not turned by its position"),
        (f"{at}norm.0.output", x / np.sqrt((x**2).mean(-1, keepdims=True)) * gain, "epsilon is missing"),
        (f"{at}norm.0.output", layer_norm(x, gain, np.zeros(1)), "a layer norm stands in place of an RMS norm"),
        (f"{at}feed_forward.activated", inner * silu, "SiLU is on the other factor"),
    ):
        found = check({name: mine}, text, "llama")
        assert any(said in one for one in found.explained), (said, found)


# Names and arrays


def test_names_and_forms_of_arrays(weights: dict[str, Array]) -> None:
    v = weights
    Q = np.stack([v["decoder.0.head.0.Q"], v["decoder.0.head.1.Q"]])
    found = check(
        {
            "decoder.0.head.Q": Q,
            "decoder.0.K": np.stack([v["decoder.0.head.0.K"], v["decoder.0.head.1.K"]]),
            "words.X": v["decoder.words.X"][None],
            "decoder.norm.gain": v["decoder.norm.gain"].ravel().tolist(),
            "transformer.h.1.attn.c_proj.weight": v["decoder.1.W_O"].astype(np.float32),
            "h.0.attn.c_attn.bias": np.hstack([v[f"decoder.0.head.{h}.b_{p}"][0] for p in "QKV" for h in (0, 1)]),
        },
        TEXT,
        GPT,
    )
    assert found.ok, found
    assert len(found.lines) == 2 + 2 + 1 + 1 + 1 + 6


class Tensor:
    """What PyTorch's tensors do: one that learns gives no array before it is detached."""

    def __init__(self, value: Array, *, learns: bool = True) -> None:
        self.value, self.learns = value, learns

    def detach(self) -> Tensor:
        return Tensor(self.value, learns=False)

    def cpu(self) -> Tensor:
        return self

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.learns:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad")
        return self.value


def test_tensors_and_their_precision(weights: dict[str, Array]) -> None:
    arrays = {name: Tensor(x.astype(np.float32)) for name, x in gpt(weights).items()}
    assert check(arrays, TEXT, GPT).ok
    double = {name: x.astype(np.float32).astype(float) for name, x in gpt(weights).items()}
    assert not check(double, TEXT, GPT).ok
    assert check(double, TEXT, GPT, tolerance=1e-5).ok


def test_what_is_not_known_is_said(weights: dict[str, Array]) -> None:
    found = check({"decoder.0.head.0.wieghts": np.eye(5), "scores": np.eye(5), "zebra": [1]}, TEXT, GPT)
    assert not found.ok
    assert found.first is None
    notes = [line.note for line in found.lines]
    assert notes[0] == "did you mean decoder.0.head.0.weights?"
    assert "blocks are called so" in notes[1]
    assert notes[2] == "no block is called so"


def test_another_shape_is_said_and_a_transposed_one_told(weights: dict[str, Array]) -> None:
    W = weights["decoder.0.feed_forward.W_1"]
    found = check({"decoder.0.feed_forward.W_1": W.T}, TEXT, GPT)
    assert found.lines[0].note == "it is 32 x 16, the block 16 x 32"
    assert found.explained == ("it is transposed",)
    swapped = check({"decoder.0.head.0.W_Q": weights["decoder.0.head.0.W_K"]}, TEXT, GPT)
    assert swapped.explained == ("it holds the numbers of decoder.0.head.0.W_K",)


def test_hidden_scores_may_be_any_large_number(weights: dict[str, Array]) -> None:
    masked = weights["decoder.0.head.0.masked"]
    for hidden in (-np.inf, -1e9, -65504.0):
        assert check({"decoder.0.head.0.masked": np.where(masked < -1e29, hidden, masked)}, TEXT, GPT).ok
    assert not check({"decoder.0.head.0.masked": np.where(masked < -1e29, 0.0, masked)}, TEXT, GPT).ok


def test_mistakes_are_told_in_a_line(weights: dict[str, Array]) -> None:
    for arrays, options, said in (
        ({}, {}, "arrays is empty"),
        ({"decoder.X": "text"}, {}, "decoder.X holds"),
        ({"decoder.X": [[1], [1, 2]]}, {}, "give rows of equal length"),
        ({"decoder.X": [[1.0]]}, {"tolerance": -1}, "tolerance is -1"),
    ):
        with pytest.raises(UserError, match=said) as caught:
            check(arrays, **{"template": GPT, **options})
        assert len(str(caught.value)) <= 300


def test_the_table_is_shown_in_notebooks(weights: dict[str, Array]) -> None:
    found = check(gpt(weights, "relu"), TEXT, GPT)
    html = found._repr_html_()
    assert html.startswith("<table>")
    assert "decoder.0.feed_forward.activated" in html
    assert "the activation is ReLU" in html
    assert isinstance(found, Check)
    assert xltransformer.check is check
    assert run("--help").exit_code == 0
