"""Weights from files, through the commands that people use: what comes out is what PyTorch has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from test_checkpoints import write_safetensors
from test_torch import FIXTURES, fixture, state_of
from untrained import untrained

from xltransformer import api
from xltransformer.building.adopt import read_tokens, unique
from xltransformer.building.instance import Instance, make_instance
from xltransformer.cli import main
from xltransformer.difference import diff
from xltransformer.errors import UserError
from xltransformer.graph import Array

TEMPLATES = {
    "encoder": "encoder",
    "decoder": "decoder",
    "transformer": "encoder-decoder",
    "gpt2": "gpt",
    "bert": "bert",
    "llama": "llama",
}
"""The template that each kind of fixture goes into."""
LOADED = [name for name in FIXTURES if name.rpartition("-")[0] in TEMPLATES]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def save(path: Path, state: dict[str, Array]) -> Path:
    if path.suffix == ".safetensors":
        write_safetensors(path, {n: ("F64", v.shape, v.astype("<f8").tobytes()) for n, v in state.items()})
    else:
        np.savez(path, **state)
    return path


def template_of(name: str) -> str:
    return TEMPLATES[name.rpartition("-")[0]]


def state_file(name: str, folder: Path) -> Path:
    """The state dict of a fixture as a file, .npz or .safetensors by turns.

    A BERT of ours has one text, segment A: other segments go into the positions they stand at.
    """
    arrays = fixture(name)[1]
    state = dict(state_of(arrays))
    if name.startswith("bert"):
        positions, segments = (f"bert.embeddings.{kind}_embeddings.weight" for kind in ("position", "token_type"))
        state[positions] = state[positions].copy()
        for place, segment in enumerate(arrays["segments"]):
            state[positions][place] += state[segments][segment] - state[segments][0]
    suffix = "npz" if int(name.rpartition("-")[2]) % 2 else "safetensors"
    return save(folder / f"{name}.{suffix}", state)


def sentences_of(name: str) -> list[str]:
    """Words for a fixture's rows: its tokens, or where it has vectors, words of their own (s0, t0, …)."""
    arrays = fixture(name)[1]
    if "tokens" in arrays:
        return [" ".join(f"t{token}" for token in arrays["tokens"])]
    tables = [arrays[key] for key in ("source", "memory", "x") if key in arrays]
    letters = "st" if len(tables) == 2 else "t"
    return [" ".join(f"{a}{i}" for i in range(len(x))) for a, x in zip(letters, tables, strict=True)]


def given(name: str, folder: Path) -> dict[str, Any]:
    """The options with which a fixture's model is built."""
    c, arrays = fixture(name)
    if "tokens" in arrays:
        tokens = [f"t{i}" for i in range(c["vocabulary"])]
    else:
        tokens = " ".join(sentences_of(name)).split()
    (folder / "tokens.txt").write_text("\n".join(tokens) + "\n")
    settings = {"heads": c["heads"], "slots": 0, "spare_rows": 0}
    settings |= {key: c[key] for key in ("pre_norm", "activation") if key in c}
    settings |= {key: c[key] for key in ("base",) if name.startswith("llama")}
    settings["epsilon"] = c.get("epsilon", 1e-5)  # PyTorch's where a fixture does not say
    if name.startswith("bert"):
        settings["head_activation"] = "gelu_erf"
        settings.setdefault("activation", "gelu_erf")
    if name.startswith("gpt2"):
        settings.setdefault("activation", "gelu_tanh")
    return {"weights": state_file(name, folder), "vocabulary": folder / "tokens.txt", "settings": settings}


def inputs_of(name: str, instance: Instance) -> dict[str, Array]:
    """The instance's inputs with the fixture's padding, and where the fixture has vectors, words
    that together with their positions are these vectors."""
    c, arrays = fixture(name)
    inputs = {block: value.copy() for block, value in instance.inputs.items()}
    tables = [arrays[key] for key in ("source", "memory", "x") if key in arrays]
    paddings = [c[key] for key in ("memory_padding", "padding") if key in c]
    values, row = instance.trace(), 0
    for x in tables:
        PE = next(v for block, v in values.items() if block.endswith(".PE") and v.shape == x.shape)
        inputs["embeddings"][row : row + len(x)] = x - PE
        row += len(x)
    for sentence, padding in zip(instance.model.sentences, paddings, strict=False):
        inputs[sentence.words.name][np.array(padding) == 0] = ""
    return inputs


def result_of(name: str, instance: Instance, values: dict[str, Array]) -> Array:
    """What stands in the place of the fixture's output."""
    c, arrays = fixture(name)
    if "logits" in arrays:
        return values["prediction.logits"]
    stack = "encoder" if name.startswith("encoder") else "decoder"
    if f"{stack}.norm.output" in values:
        return values[f"{stack}.norm.output"]
    last = c["layers"] - 1
    norm = f"{stack}.{last}.norm.{1 if stack == 'encoder' else 2}"
    return values[f"{norm}.sum" if c["pre_norm"] else f"{norm}.output"]


@pytest.mark.parametrize("name", LOADED)
def test_outputs_are_those_of_torch(name: str, tmp_path: Path) -> None:
    c, arrays = fixture(name)
    instance = make_instance(template_of(name), sentences_of(name), **given(name, tmp_path))
    assert instance.warnings == ()
    ours = result_of(name, instance, instance.model.trace(inputs_of(name, instance)))
    theirs = arrays["logits"] if "logits" in arrays else arrays["output"]
    rows = np.array(c.get("padding", [1] * len(theirs))) == 1
    assert np.abs(ours - theirs)[rows].max() <= 1e-10 * np.abs(theirs).max()


@pytest.mark.parametrize(
    "name", ["encoder-1", "encoder-3", "decoder-2", "transformer-1", "gpt2-0", "gpt2-2", "bert-1"]
)
def test_built_workbooks_agree(name: str, tmp_path: Path) -> None:
    """The whole way: the command, the workbook, another engine."""
    options, path = given(name, tmp_path), tmp_path / "built.xlsx"
    arguments = ["--template", template_of(name), "-o", str(path)]
    arguments += [part for sentence in sentences_of(name) for part in ("--sentence", sentence)]
    arguments += ["--weights", str(options["weights"]), "--vocabulary", str(options["vocabulary"])]
    for key, value in options["settings"].items():
        arguments += ["--set", f"{key}={json.dumps(value) if isinstance(value, bool) else value}"]
    result = run("build", *arguments)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert diff(path).ok


def test_trace_from_the_command_line(tmp_path: Path) -> None:
    c, arrays = fixture("gpt2-0")
    weights = str(state_file("gpt2-0", tmp_path))
    gpt = untrained("gpt", tmp_path)
    result = run("trace", "--template", gpt, "--weights", weights, "--slots", "0", "--format", "json",
                 "--set", f"heads={c['heads']}", "--sentence", "the cat sat")  # fmt: skip
    assert result.exit_code == 0, result.output
    blocks = {block["name"]: block for block in json.loads(result.stdout)["blocks"]}
    table = state_of(arrays)["transformer.wte.weight"]
    np.testing.assert_array_equal(blocks["embeddings"]["values"], table)
    np.testing.assert_array_equal(blocks["decoder.words.X"]["values"], table[[1, 3, 7]])
    assert "left out: saw, on, under" in result.stderr


def test_sizes_are_the_files_and_what_they_do_not_say_is_named(tmp_path: Path) -> None:
    path = state_file("transformer-3", tmp_path)
    instance = make_instance("encoder-decoder", weights=path)
    assert instance.warnings == (
        f"{path} does not say, so this was taken: heads (2), pre_norm (norm_first: false), activation (relu), "
        "epsilon (layer_norm_eps: 1e-05); `settings={'heads': …}` gives another",
    )
    options = {"layers": 5, "encoder_layers": 5, "decoder_layers": 4, "heads": 2, "d_k": 2, "d_v": 2, "d_ff": 6}
    assert dict(instance.sizes.options).items() >= options.items()
    assert instance.sizes.width == 4
    path = state_file("encoder-3", tmp_path)
    options = {"biases": False, "final_norm": False, "pre_norm": True}
    instance = make_instance("encoder", weights=path, settings={"heads": 5, "pre_norm": True})
    assert dict(instance.sizes.options).items() >= options.items()


def test_a_model_writes_as_far_as_its_positions_go(tmp_path: Path) -> None:
    gpt = untrained("gpt", tmp_path)
    path, settings = state_file("gpt2-0", tmp_path), {"heads": 2}
    assert make_instance(gpt, weights=path, settings=settings).sizes.slots == (8,)
    assert make_instance(gpt, weights=path, settings={"heads": 2, "slots": 5}).sizes.slots == (8,)
    for options in ({"slots": 6}, {"slots": None, "settings": {"heads": 2, "slots": 6}}):
        with pytest.raises(UserError, match="know 8 positions, but the longest sentence takes 9 places"):
            make_instance(gpt, weights=path, **{"settings": settings, **options})
    with pytest.raises(UserError, match="know 8 positions, but the longest sentence takes 9 places"):
        make_instance(gpt, ["the " * 9], weights=path, settings=settings)


def test_rows_without_a_word_are_numbered(tmp_path: Path) -> None:
    path = state_file("bert-4", tmp_path)  # 19 rows, the template has 18 words
    bert = untrained("bert", tmp_path)
    instance = make_instance(bert, ["the cat #18"], weights=path, settings={"heads": 5}, spare=False)
    assert list(instance.template.table.words)[17:] == [".", "#18"]
    assert instance.trace()["sentence.index"].ravel().tolist() == [4, 6, 19]


def test_words_that_the_weights_lack(tmp_path: Path) -> None:
    """A word made up and a spare row have no weights in the output layer: their logits are 0."""
    path = state_file("gpt2-2", tmp_path)
    settings = {"heads": 3, "spare_rows": 2}
    instance = make_instance(
        untrained("gpt", tmp_path), ["the zebra sat"], weights=path, settings=settings, spare=False
    )
    assert instance.made_up == ("zebra",)
    values = instance.trace()
    assert values["output.W"].shape == (9, 16)
    assert not values["prediction.logits"][:, 13:].any()
    assert values["prediction.logits"][:, :13].all()


def test_words_of_torch_stacks_keep_their_numbers_where_they_fit(tmp_path: Path) -> None:
    plain = make_instance("encoder", settings={"d_model": 6}).inputs["embeddings"]
    kept = make_instance("encoder", weights=state_file("encoder-0", tmp_path))
    np.testing.assert_array_equal(kept.inputs["embeddings"], plain)
    drawn = make_instance("encoder", weights=state_file("encoder-4", tmp_path), settings={"seed": 1})
    assert drawn.inputs["embeddings"].shape == (32, 4)
    again = make_instance("encoder", settings={"d_model": 4})
    np.testing.assert_array_equal(drawn.inputs["embeddings"], again.inputs["embeddings"])


def test_words_with_numbers_of_their_own_give_way_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("word,a,b\nthe,1,2\ncat,3,4\n")
    options = {"embeddings": tmp_path / "words.csv", "weights": state_file("encoder-0", tmp_path)}
    instance = make_instance("encoder", ["the cat"], **options, settings={"heads": 2})
    assert instance.sizes.width == 6
    assert "the words of template encoder are drawn anew" in instance.warnings[-1]


def test_embeddings_come_from_one_file(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("word,a,b\nthe,1,2\n")
    options = {"embeddings": tmp_path / "words.csv", "weights": state_file("gpt2-0", tmp_path)}
    with pytest.raises(UserError, match=r"words\.csv and .*gpt2-0\.safetensors both give embeddings"):
        make_instance("gpt", ["the"], **options)


# Our own names


@pytest.mark.parametrize("template", ["gpt", "encoder-decoder", "bert", "cat-and-mouse", "recurrent"])
@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
@pytest.mark.parametrize("embeddings", [True, False])
def test_our_own_names(template: str, suffix: str, embeddings: bool, tmp_path: Path) -> None:
    settings = {"seed": 8}
    first = make_instance(template, settings=settings, spare=False)
    roles = ("parameter", "embedding") if embeddings else ("parameter",)
    blocks = {block.name: first.inputs[block.name] for block in first.model.inputs if block.role in roles}
    path = save(tmp_path / f"ours.{suffix}", blocks)
    second = make_instance(template, weights=path, spare=False)
    assert second.warnings == ()
    for block in first.model.parameters:
        np.testing.assert_array_equal(second.inputs[block.name], first.inputs[block.name])
    same = (second.inputs["embeddings"] == first.inputs["embeddings"]).all()
    assert same == (embeddings or template == "cat-and-mouse")


def test_our_own_names_with_more_room(tmp_path: Path) -> None:
    """Spare rows and words made up widen the vocabulary; the weights stay those of the file."""
    bert = untrained("bert", tmp_path)
    first = make_instance(bert, spare=False)
    path = save(tmp_path / "ours.npz", {b.name: first.inputs[b.name] for b in first.model.parameters})
    second = make_instance(bert, ["the zebra"], weights=path, settings={"spare_rows": 1})
    assert second.inputs["output.b"].shape == (1, 20)
    np.testing.assert_array_equal(second.inputs["output.b"][:, :18], first.inputs["output.b"])


# Vocabularies


def test_vocabularies(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n\nc d\n", "utf-8")
    (tmp_path / "b.txt").write_text("\ufeffa\r\nb", "utf-8")
    (tmp_path / "a.json").write_text('["a", "b", "a"]')
    (tmp_path / "b.json").write_text('{"b": 3, "猫": 0}', "utf-8")
    assert read_tokens(tmp_path / "a.txt") == ["a", "", "c d"]
    assert read_tokens(tmp_path / "b.txt") == ["a", "b"]
    assert read_tokens(tmp_path / "a.json") == ["a", "b", "a"]
    assert read_tokens(tmp_path / "b.json") == ["猫", "", "", "b"]


def test_every_token_gets_a_name_of_its_own() -> None:
    tokens = ["the", "The", "", " the ", "#2", "\n", "THE", "The#1", "a\tb"]
    assert unique(tokens) == ["the", "The#1", "#2", "the#3", "#2#4", "#5", "THE#6", "The#1#7", "a b"]


def test_a_vocabulary_alone_gives_other_words(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("one\ntwo\ncat\n")
    template = untrained("bert", tmp_path)
    plain = make_instance(template).template.table.words
    table = make_instance(template, ["one two"], vocabulary=tmp_path / "v.txt").template.table
    assert list(table.words) == ["one", "two", "cat"]
    assert table.words["cat"] == plain["cat"]
    table = make_instance(sentences=["one two"], vocabulary=tmp_path / "v.txt").template.table
    assert table.dimensions == ("animal", "technology", "grammar", "feeling")
    assert table.words["cat"] == (1.5, 0.0, 0.2, 0.4)


# What cannot be used


def refused(folder: Path, *arguments: str) -> str:
    for command in (["build", "-o", str(folder / "out.xlsx")], ["trace"]):
        result = run(*command, *arguments)
        assert result.exit_code == 2, result.output
        (line,) = result.stderr.splitlines()
        assert line.startswith("xlt: ")
        assert len(line) < 1500
    assert not (folder / "out.xlsx").exists()
    return line


@pytest.mark.parametrize(
    ("template", "name", "settings", "said"),
    [
        (
            "bert",
            "gpt2-0",
            [],
            [
                "scheme bert",
                "missing: bert.embeddings",
                "surplus: transformer.wte.weight",
                "more",
                "--template gpt",
            ],
        ),
        ("gpt", "encoder-0", [], ["scheme gpt2", "missing: transformer.wte.weight", "layers.0"]),
        ("encoder", "decoder-0", [], ["scheme torch_encoder", "surplus", "layers.0.multihead_attn"]),
        ("masks", "gpt2-0", [], ["the model masks", "own blocks only", "encoder, decoder"]),
        ("gpt", "gpt2-0", ["heads=4"], ["4 heads do not divide the width 6"]),
        ("gpt", "gpt2-0", ["heads=0"], ["heads is 0", "at least 1"]),
        ("gpt", "gpt2-1", [], ["2 heads do not divide the width 7", "heads=…"]),
        ("gpt", "gpt2-0", ["layers=3"], ["setting layers is 3", "has 2", "leave it out"]),
        ("gpt", "gpt2-0", ["d_model=8"], ["setting d_model is 8", "has 6", "leave it out"]),
        ("gpt", "gpt2-0", ["d_k=2"], ["setting d_k is 2", "has 3"]),
        ("gpt", "gpt2-0", ["rms=true"], ["setting rms is True", "has False"]),
        ("gpt", "gpt2-0", ["tied=false"], ["setting tied is False", "has True"]),
        ("encoder-decoder", "transformer-1", ["heads=3", "decoder_layers=1"], ["decoder_layers is 1", "has 2"]),
        ("gpt", "gpt2-0", ["state=2"], ["'state'", "it knows: layers"]),
    ],
)
def test_weights_that_do_not_fit(
    template: str, name: str, settings: list[str], said: list[str], tmp_path: Path
) -> None:
    path = state_file(name, tmp_path)
    options = [part for setting in settings for part in ("--set", setting)]
    line = refused(tmp_path, "--template", template, "--weights", str(path), *options)
    assert all(part in line for part in said), line
    assert len(line) <= 300


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"transformer.ln_f.bias": None}, "missing: transformer.ln_f.bias"),
        ({"transformer.extra": np.ones(2)}, "surplus: transformer.extra"),
        ({"transformer.ln_f.bias": np.ones(5)}, "misshapen: transformer.ln_f.bias (5, expected 6)"),
        ({"transformer.wpe.weight": np.array(1.0)}, "misshapen: transformer.wpe.weight (one number, expected"),
        ({"transformer.wte.weight": np.zeros((0, 6))}, "transformer.wte.weight is empty"),
        ({"transformer.ln_f.bias": np.full(6, np.nan)}, "transformer.ln_f.bias holds nan; give finite numbers"),
    ],
)
def test_state_dicts_with_a_fault(change: dict[str, Array | None], said: str, tmp_path: Path) -> None:
    state = {**state_of(fixture("gpt2-0")[1]), **change}
    path = save(tmp_path / "w.npz", {name: value for name, value in state.items() if value is not None})
    line = refused(tmp_path, "--template", "gpt", "--weights", str(path))
    assert str(path) in line
    assert said in line


def test_all_faults_of_our_own_names_are_listed(tmp_path: Path) -> None:
    recurrent = untrained("recurrent", tmp_path)
    blocks = {"recurrent.W_x": np.ones((4, 2)), "recurrent.W_h": np.ones((3, 3)), "recurrent.W_y": np.ones((3, 3))}
    path = save(tmp_path / "ours.npz", blocks)
    line = refused(tmp_path, "--template", recurrent, "--weights", str(path))
    assert (
        "surplus: recurrent.W_y (did you mean recurrent.W_x?); misshapen: recurrent.W_x (4x2, expected 4x3)"
        in line
    )
    path = save(tmp_path / "ours.npz", {"recurrent.W_x": np.ones((4, 2)), "embeddings": np.ones(4)})
    assert "embeddings have 1 dimension" in refused(tmp_path, "--template", recurrent, "--weights", str(path))


def test_output_weights_of_bert_must_be_the_embeddings(tmp_path: Path) -> None:
    state = dict(state_of(fixture("bert-0")[1]))
    state["cls.predictions.decoder.weight"] = state["cls.predictions.decoder.weight"] + 1
    path = save(tmp_path / "w.npz", state)
    line = refused(tmp_path, "--template", "bert", "--weights", str(path))
    assert "no block takes" in line
    assert "output.W" in line


def test_weights_wider_than_a_sheet_are_refused_at_once(tmp_path: Path) -> None:
    state = dict(state_of(fixture("gpt2-0")[1]))
    state["transformer.wte.weight"] = np.zeros((600_000, 6))
    del state["lm_head.weight"]
    line = refused(tmp_path, "--template", "gpt", "--weights", str(save(tmp_path / "w.npz", state)))
    assert "600000 cells, but a sheet holds at most" in line


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("v.csv", "a", [".txt or .json"]),
        ("none.txt", None, ["cannot read", "none.txt", "check its name"]),
        ("v.txt", "", ["no token", "at least one"]),
        ("v.txt", "\n\n", ["no token", "at least one"]),
        ("v.txt", b"\xff\xfe", ["not UTF-8"]),
        ("v.json", "[", ["no vocabulary", "give a list of tokens"]),
        ("v.json", "[" * 5000, ["no vocabulary", "give a list of tokens"]),
        ("v.json", "3", ["neither a list nor an object"]),
        ("v.json", "[1]", ["token 0 is no text"]),
        ("v.json", "{}", ["no token"]),
        ("v.json", '{"a": "0"}', ["the number of 'a' is '0'"]),
        ("v.json", '{"a": true}', ["the number of 'a' is True"]),
        ("v.json", '{"a": -1}', ["the number of 'a' is -1"]),
        ("v.json", '{"a": 99999999999}', ["the number of 'a' is 99999999999"]),
        ("v.json", '{"a": 0, "b": 0}', ["'b' and 'a' have the same number 0"]),
        ("v.txt", "\n".join(map(str, range(10))), ["10 tokens", "rows for 9"]),
    ],
)
def test_vocabularies_that_cannot_be(
    name: str, content: str | bytes | None, said: list[str], tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    weights = str(state_file("gpt2-0", tmp_path))
    line = refused(tmp_path, "--template", "gpt", "--weights", weights, "--vocabulary", str(path))
    assert all(part in line for part in said), line


@pytest.mark.parametrize("name", ["w.pt", "missing.npz", "bad.npz", "bad.safetensors"])
def test_files_that_hold_no_weights(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 no weights") if "bad" in name else None
    line = refused(tmp_path, "--template", "gpt", "--weights", str(tmp_path / name))
    assert name in line


def test_python_takes_the_same_options(tmp_path: Path) -> None:
    bert = untrained("bert", tmp_path)
    path = state_file("bert-1", tmp_path)
    options: dict[str, Any] = {"weights": path, "settings": {"heads": 1}}
    built = api.build(tmp_path / "bert.xlsx", ["[CLS]"], bert, **options)
    traced = api.trace(["[CLS]"], bert, **options)
    logits = built.trace()["prediction.logits"]
    np.testing.assert_array_equal(traced["prediction.logits"].to_numpy(), logits)
    with pytest.raises(TypeError):
        api.trace(wieghts=path)  # type: ignore[call-arg]
