"""What weights do not say is named; what programs put around their names, or turn, is seen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from test_torch import fixture, state_of
from test_weights import save, sentences_of, state_file

from xltransformer.building.instance import make_instance
from xltransformer.cli import main
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.weights import load

UNSAID = {
    "encoder-0": "heads (2), pre_norm (norm_first: false), activation (relu), epsilon (layer_norm_eps: 1e-05)",
    "decoder-0": "heads (2), pre_norm (norm_first: false), activation (relu), epsilon (layer_norm_eps: 1e-05)",
    "transformer-0": "heads (2), pre_norm (norm_first: false), activation (relu), epsilon (layer_norm_eps: 1e-05)",
    "gpt2-0": "heads (2), activation (gelu_tanh), epsilon (1e-05)",
    "bert-0": "heads (2), activation (gelu_erf), epsilon (1e-12), head_activation (gelu_erf)",
    "llama-0": "heads (4), epsilon (1e-06), base (10000)",
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def traced(path: Path, *settings: str) -> tuple[str, dict[str, Array]]:
    """The lines on stderr, and the blocks."""
    options = [part for setting in settings for part in ("--set", setting)]
    result = run("trace", "--weights", str(path), "--slots", "0", "--format", "json", *options)
    assert result.exit_code == 0, result.output
    blocks = {block["name"]: np.array(block["values"]) for block in json.loads(result.stdout)["blocks"]}
    return result.stderr, blocks


@pytest.mark.parametrize("name", UNSAID)
def test_what_weights_do_not_say_is_named(name: str, tmp_path: Path) -> None:
    """In one line, but for what was set: and as it was named, so it is taken."""
    path = state_file(name, tmp_path)
    said, plain = traced(path)
    line = next(line for line in said.splitlines() if "does not say" in line)
    assert f"does not say, so this was taken: {UNSAID[name]}; --set heads=… gives another" in line
    assert len(line) <= 300
    each = [part.partition(" (") for part in UNSAID[name].split(", ")]
    settings = [f"{option}={value.removesuffix(')').rpartition(': ')[2]}" for option, _, value in each]
    said, blocks = traced(path, *settings)
    assert "does not say" not in said
    assert blocks.keys() == plain.keys()
    for block, values in blocks.items():
        np.testing.assert_array_equal(values, plain[block])
    said, _ = traced(path, *settings[:-1])
    assert f"this was taken: {UNSAID[name].split(', ')[-1]}; --set {each[-1][0]}=…" in said


def test_a_norm_before_is_computed_where_it_is_set(tmp_path: Path) -> None:
    """PyTorch's values for norm_first, GELU and another number of heads, through the command line."""
    c, arrays = fixture("encoder-5")
    path = save(tmp_path / "w.npz", dict(state_of(arrays)))
    words = sentences_of("encoder-5")[0]
    instance = make_instance("encoder", [words], slots=0, weights=path, settings={"heads": 4, "pre_norm": True})
    x = arrays["x"] - instance.trace()["encoder.positions.PE"]
    rows = [[word, *map(repr, row)] for word, row in zip(words.split(), x.tolist(), strict=True)]
    head = ["word", *(f"d{k}" for k in range(c["width"]))]
    (tmp_path / "x.csv").write_text("\n".join(",".join(row) for row in [head, *rows]) + "\n")
    result = run(
        "trace", "--template", "encoder", "--weights", str(path), "--embeddings", str(tmp_path / "x.csv"),
        "--sentence", words, "--slots", "0", "--format", "json", "--set", "heads=4", "--set", "pre_norm=1",
        "--set", "activation=gelu", "--set", "epsilon=1e-5",
    )  # fmt: skip
    assert result.exit_code == 0
    assert "does not say" not in result.stderr
    blocks = {block["name"]: np.array(block["values"]) for block in json.loads(result.stdout)["blocks"]}
    np.testing.assert_allclose(blocks["encoder.norm.output"], arrays["output"], rtol=0, atol=1e-10)


def test_a_long_path_is_cut_to_its_name(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100) / ("y" * 100)
    folder.mkdir(parents=True)
    said, _ = traced(state_file("encoder-0", folder))
    line = next(line for line in said.splitlines() if "does not say" in line)
    assert line.startswith("xlt: encoder-0.safetensors does not say")
    assert len(line) <= 300


def test_a_config_says_it(tmp_path: Path) -> None:
    state = dict(state_of(fixture("gpt2-0")[1]))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2", "n_head": 2}))
    said, _ = traced(save(tmp_path / "model.safetensors", state))
    assert "does not say" not in said


WRAPPED = ("module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model.", "model._orig_mod.", "net.")
SCHEME = {"encoder-0": "torch_encoder", "gpt2-0": "gpt2", "bert-0": "bert", "llama-0": "llama"}


@pytest.mark.parametrize("name", SCHEME)
@pytest.mark.parametrize("wrapper", [*WRAPPED, "_fsdp_wrapped_module.", "inside"])
def test_names_of_a_wrapped_model(name: str, wrapper: str, tmp_path: Path) -> None:
    """As DistributedDataParallel, torch.compile, FSDP and modules around a model save them."""
    state = dict(state_of(fixture(name)[1]))
    if wrapper == "inside":
        wrapped = {key.replace("layers.0.", "layers.0._orig_mod."): value for key, value in state.items()}
    else:
        wrapped = {wrapper + key: value for key, value in state.items()}
    heads = fixture(name)[0]["heads"]
    plain, found = load(SCHEME[name], state, heads), load(SCHEME[name], wrapped, heads)
    assert (found.sizes, found.options) == (plain.sizes, plain.options)
    assert found.blocks.keys() == plain.blocks.keys()
    path = save(tmp_path / "w.npz", wrapped)
    built = make_instance(weights=path).model.blocks.keys()
    assert built == make_instance(weights=save(path, state)).model.blocks.keys()


@pytest.mark.parametrize(
    ("name", "square", "said"),
    [
        (
            "gpt2-0",
            False,
            "(outputs x inputs), as PyTorch's Linear has them, but those of gpt2 as (in",
        ),
        (
            "gpt2-0",
            True,
            "(outputs x inputs), as PyTorch's Linear has them, but those of gpt2 as (in",
        ),
        ("bert-0", False, "(inputs x outputs), as Conv1D has them, but those of bert as (outputs x inputs)"),
        ("encoder-0", False, "(inputs x outputs), as Conv1D has them, but those of torch_encoder as (outputs"),
        ("llama-0", False, "(inputs x outputs), as Conv1D has them, but those of llama as (outputs x inputs)"),
    ],
)
def test_matrices_that_lie_the_other_way(name: str, square: bool, said: str, tmp_path: Path) -> None:
    """Also where the inner width is that of a word, so that but one kind of matrix tells."""
    state = dict(state_of(fixture(name)[1]))
    if square:
        state = {
            key: value[..., :6] if "c_fc" in key else value[:6] if key.endswith("mlp.c_proj.weight") else value
            for key, value in state.items()
        }
        load("gpt2", state, 2)
    tables = ("wte", "wpe", "lm_head", "embeddings.", "embed_tokens", "decoder.weight")
    turned = {k: v if v.ndim < 2 or any(t in k for t in tables) else v.T for k, v in state.items()}
    with pytest.raises(UserError) as error:
        load(SCHEME[name], turned, fixture(name)[0]["heads"])
    assert said in str(error.value)
    result = run("trace", "--weights", str(save(tmp_path / "model.npz", turned)))
    assert result.exit_code == 2
    assert "transpose every linear map, square ones too" in result.stderr
    assert len(result.stderr) <= 301
