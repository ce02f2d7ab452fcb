"""Sizes and choices given beside a template: --set on the command line, settings in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from untrained import untrained

from xltransformer import api
from xltransformer.building.instance import make_instance
from xltransformer.cli import main
from xltransformer.cli.options import read_settings
from xltransformer.difference import diff
from xltransformer.errors import UserError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("heads=2", 2),
        (" heads = 1_000 ", 1000),
        ("rms=true", True),
        ("rms=True", True),
        ("switches.temperature=0.5", 0.5),
        ("activation=gelu_erf", "gelu_erf"),
        ('activation="gelu_erf"', "gelu_erf"),
        ('key_labels=["a", "b=c"]', ["a", "b=c"]),
    ],
)
def test_values_are_read_as_in_a_template(text: str, value: Any) -> None:
    ((_, found),) = read_settings([text]).items()
    assert found == value
    assert type(found) is type(value)


def test_the_last_of_one_name_holds() -> None:
    assert read_settings(["heads=2", "layers=1", "heads=3"]) == {"heads": 3, "layers": 1}


def test_sizes_of_a_stack() -> None:
    settings = {"layers": 3, "heads": 4, "d_k": 5, "d_v": 2, "d_ff": 9, "d_model": 10, "activation": "swiglu"}
    traced = api.trace(template="encoder", settings=settings)
    assert "encoder.3.head.0.W_Q" not in traced
    assert traced["encoder.2.head.3.W_Q"].shape == (10, 5)
    assert traced["encoder.2.head.3.W_V"].shape == (10, 2)
    assert traced["encoder.2.W_O"].shape == (8, 10)
    assert traced["encoder.1.feed_forward.W_3"].shape == (10, 9)


def test_the_head_of_a_template(tmp_path: Path) -> None:
    gpt = untrained("gpt", tmp_path)
    plain = make_instance(gpt, spare=False)
    changed = make_instance(gpt, settings={"slots": 2, "spare_rows": 3, "seed": 9}, spare=False)
    assert changed.sizes.slots == (5,)
    assert changed.sizes.vocabulary == plain.sizes.vocabulary + 3
    for name in ("embeddings", "decoder.0.W_O"):  # both are drawn from the seed
        rows = len(plain.inputs[name])
        assert (changed.inputs[name][:rows] != plain.inputs[name]).any()
    assert make_instance(gpt, slots=1, settings={"slots": 2}).sizes.slots == (4,)


def test_words_with_numbers_keep_them() -> None:
    plain, seeded = make_instance(), make_instance(settings={"seed": 5})
    np.testing.assert_array_equal(plain.inputs["embeddings"], seeded.inputs["embeddings"])


def test_switches() -> None:
    inputs = make_instance(settings={"switches.causal": True, "switches.temperature": 2}).inputs
    assert [inputs[f"switches.{name}"].item() for name in ("scaling", "causal", "temperature")] == ["on", "on", 2]


def test_an_exercise_has_no_slots_but_by_a_setting(tmp_path: Path) -> None:
    sentence, steps = ["cat and mouse"], ["scores"]
    built = api.build(tmp_path / "a.xlsx", sentence, exercise=steps)
    assert built.sizes.slots == (3,)
    built = api.build(tmp_path / "b.xlsx", sentence, exercise=steps, settings={"slots": 1})
    assert built.sizes.slots == (4,)


@pytest.mark.parametrize(
    ("template", "settings"),
    [
        ("encoder", ["layers=1", "heads=3", "d_model=9", "d_ff=4", "activation=gelu_erf", "pre_norm=true"]),
        ("encoder", ["layers=1", "rms=true", "biases=false", "activation=swiglu"]),
        ("encoder-decoder", ["heads=1", "slots=1", "tied=false", "d_k=2"]),
        ("bert", ["layers=1", "heads=4", "d_model=8"]),
        ("gpt", ["layers=1", "tied=false", "slots=1", "spare_rows=2"]),
        ("recurrent", ["state=2", "switches.scaling=false"]),
        ("llama", ["layers=1", "base=500000"]),
        ("encoder", ["layers=1", "pre_norm=1", "biases=0", "activation=gelu"]),
    ],
)
def test_a_workbook_of_other_sizes_agrees(template: str, settings: list[str], tmp_path: Path) -> None:
    path = tmp_path / "set.xlsx"
    options = [part for setting in settings for part in ("--set", setting)]
    result = run("build", "--template", template, "-o", str(path), *options)
    assert result.exit_code == 0, result.output
    assert diff(path).ok


def test_trace_takes_settings() -> None:
    result = run("trace", "--template", "multi-head", "--set", "heads=3", "--format", "csv")
    assert result.exit_code == 0
    assert "multi_head.head.2.W_Q,input" in result.stdout


@pytest.mark.parametrize(
    ("template", "setting", "said"),
    [
        ("gpt", "heads", ["'heads'", "such as heads=4"]),
        ("gpt", "heads=", ["'heads='", "such as heads=4"]),
        ("gpt", "=4", ["'=4'", "such as heads=4"]),
        ("gpt", "heads=four heads", ["heads='four heads'", "a number, true, false or a word"]),
        ("gpt", "heads=4\nlayers=2", ["heads='4", "a number, true, false or a word"]),
        ("gpt", f"heads={'[' * 5000}", ["heads='[[", "a number, true, false or a word"]),
        ("gpt", "heads=4.0", ["heads is 4.0", "whole number of at least 1"]),
        ("gpt", "heads=0", ["heads is 0", "whole number of at least 1"]),
        ("gpt", "heads=true", ["heads is True", "whole number of at least 1"]),
        ("gpt", "heads=2024-01-01", ["heads is", "whole number of at least 1"]),
        ("gpt", "heads=20000", ["heads in all layers: 40,000", "use fewer"]),
        ("gpt", "d_ff=20000", ["d_ff: 20,000", "at most 16,320", "use fewer"]),
        ("gpt", "biases=2", ["biases is 2", "true or false"]),
        ("encoder", "norm_first=true", ["unknown setting 'norm_first'", "here it is 'pre_norm'"]),
        ("llama", "rope_theta=500000", ["unknown setting 'rope_theta'", "here it is 'base'"]),
        ("llama", "base=1e16", ["base is 1e+16", "above 0, at most 1e+15"]),
        ("llama", f"base={10**400}", ["base is 1000", "above 0, at most 1e+15"]),
        ("gpt", "activation=tanh", ["activation is 'tanh'", "relu, gelu_tanh, gelu_erf, silu, swiglu"]),
        ("gpt", "activation=[]", ["activation is []", "relu, gelu_tanh, gelu_erf, silu, swiglu"]),
        ("gpt", "laers=2", ["'laers'", "it knows: layers, heads"]),
        ("gpt", "slot=2", ["'slot'", "did you mean 'slots'?"]),
        ("gpt", "slots=-1", ["slots is -1", "at least 0"]),
        ("gpt", "spare_rows=x", ["spare_rows is 'x'", "whole number"]),
        ("gpt", "seed=0.5", ["seed is 0.5", "whole number"]),
        ("gpt", "d_model=0", ["d_model is 0", "from 1 to 4096"]),
        ("gpt", "d_model=5000", ["d_model is 5000", "from 1 to 4096"]),
        (
            "gpt",
            "switches.causal=true",
            ["switches.causal", "gpt has no such switch", "switches.choose, switches.temperature"],
        ),
        ("gpt", "switches.choose=dice", ["switches.choose is 'dice'", '"likely" or "chance"']),
        ("gpt", "switches.choose=1", ["switches.choose is 1", '"likely" or "chance"']),
        ("gpt", "switches.temperature=0", ["temperature is 0", "above 0"]),
        ("gpt", "switches.top_k=-1", ["switches.top_k is -1", "a whole number from 0 to 1000000"]),
        ("gpt", "switches.top_k=2.5", ["switches.top_k is 2.5", "a whole number from 0"]),
        ("gpt", "switches.top_p=1.5", ["switches.top_p is 1.5", "a number from 0 to 1"]),
        ("gpt", "switches.seed=-1", ["switches.seed is -1", "a whole number from 0 to 999999999"]),
        ("masks", "switches.choose=chance", ["switches.choose", "masks has no such switch"]),
        ("masks", "switches.causal=true", ["no such switch", "switches.scaling, switches.temperature"]),
        ("masks", "switches.scale=true", ["'scale'", "scaling, temperature, causal"]),
        ("masks", "switches.scaling=2", ["switches.scaling is 2", "true or false"]),
        ("masks", "switches.temperature=0", ["temperature is 0", "above 0"]),
        ("masks", "d_model=3", ["d_model is 3", "come with 4 numbers each", "--embeddings"]),
        ("rotary", "heads=2", ["'heads'", "it knows: none"]),
        ("cat-and-mouse", "d_k=3", ["key_labels has 2 names", "d_k is 3"]),
        ("cat-and-mouse", 'key_labels=["a"]', ["resized_attention.W_Q is 4x2", "expected 4x1"]),
    ],
)
def test_settings_that_cannot_be(template: str, setting: str, said: list[str], tmp_path: Path) -> None:
    path = tmp_path / "set.xlsx"
    for command in (["build", "-o", str(path)], ["trace"]):
        result = run(*command, "--template", template, "--set", setting)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith("xlt: ")
        assert all(part in line for part in said), line
    assert not path.exists()


def test_flags_and_activations_told_otherwise() -> None:
    for template, told, alike in (
        ("encoder", {"pre_norm": 1, "biases": 0}, {"pre_norm": True, "biases": False}),
        ("masks", {"switches.scaling": 0}, {"switches.scaling": False}),
        ("encoder", {"activation": "gelu"}, {"activation": "gelu_erf"}),
        ("encoder", {"activation": "gelu_pytorch_tanh"}, {"activation": "gelu_tanh"}),
    ):
        found, wanted = (make_instance(template, settings=given).trace() for given in (told, alike))
        assert found.keys() == wanted.keys()
        for name, value in found.items():
            np.testing.assert_array_equal(value, wanted[name])


def test_too_many_heads_are_refused_at_once() -> None:
    with pytest.raises(UserError, match="heads in all layers: 256,000,000 are too many"):
        make_instance("gpt", settings={"layers": 16_000, "heads": 16_000})
