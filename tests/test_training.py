"""`xlt train`: that it learns, alike for one seed, is taken up again, and says what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner
from test_checkpoints import gpt2
from test_published import saved_model

from xltransformer import api
from xltransformer.building.instance import make_instance
from xltransformer.cli import main
from xltransformer.difference import diff
from xltransformer.errors import UserError
from xltransformer.training import RATES, Settings, from_instance, prepare
from xltransformer.training.optimizer import AdamW, clip, rate_at
from xltransformer.training.start import told_of
from xltransformer.weights import read_source
from xltransformer.workbook.reader import read_book

TEMPLATE = """model = "{model}"
sentences = {sentences}
slots = 4
spare_rows = 0
words = ["<s>", "[MASK]", "a", "b", "c", "d", "."]
[sizes]
d_model = 8
{sizes}
"""
STACK = "layers = 1\nheads = 2\nd_ff = 8"
KINDS = {
    "gpt": ('["a b"]', STACK + '\nend = "."', "a b c d\nb c d a\nc d a b\nd a b c\n"),
    "bert": ('["a b"]', STACK, "a b c d\nb c d a\nc d a b\nd a b c\n"),
    "encoder_decoder": ('["a b", "<s>"]', STACK + '\nend = "."', "a b\tb a\nb c\tc b\nc d\td c\nd a\ta d\n"),
    "recurrent": ('["a b c"]', "predicts = true", "a b c\tb a\nb c d\tc b\nc d a\td c\n"),
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def template(model: str = "gpt") -> str:
    sentences, sizes, data = KINDS[model]
    Path("my.toml").write_text(TEMPLATE.format(model=model, sentences=sentences, sizes=sizes), "utf-8")
    Path("data.txt").write_text(data, "utf-8")
    return "my.toml"


def train(*options: str, model: str = "gpt", steps: int = 40) -> dict[str, Any]:
    name = template(model)
    words = ["train", "--template", name, "--data", "data.txt", "--steps", str(steps), "--batch", "8", *options]
    done = CliRunner().invoke(main, [*words, "--format", "json"] + ([] if "-o" in options else ["-o", "w.npz"]))
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def refused(*options: str) -> str:
    done = CliRunner().invoke(main, ["train", *options])
    assert done.exit_code == 2
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert not Path("w.npz").exists()
    return line


@pytest.mark.parametrize("optimizer", list(RATES))
@pytest.mark.parametrize("model", list(KINDS))
def test_a_short_run_lowers_the_loss(model: str, optimizer: str) -> None:
    told = train("--optimizer", optimizer, "--valid", "data.txt", "--learning-rate", "0.05", model=model, steps=60)
    first, *_, last = told["history"]
    assert last["loss"] < 0.9 * first["loss"]
    assert last["held_out_loss"] < 0.9 * first["held_out_loss"]
    assert 0 <= last["accuracy"] <= 1
    assert (last["step"], told["step"], told["interrupted"]) == (60, 60, False)


@pytest.mark.parametrize("model", list(KINDS))
def test_what_was_learned_is_what_a_workbook_has(model: str) -> None:
    train(model=model)
    instance = make_instance("my.toml", weights="w.npz")
    state = read_source("w.npz").state
    for block in instance.model.parameters:
        known = state[block.name][: block.shape[0]] if "position" in block.name else state[block.name]
        assert np.array_equal(instance.inputs[block.name], known)
    assert state["embeddings"].tolist() == instance.inputs["embeddings"][:7].tolist()


def test_one_seed_gives_the_same_bytes_and_another_does_not() -> None:
    files = []
    for seed in ("3", "3", "4"):
        train("--seed", seed, "--force", steps=5)
        files.append(Path("w.npz").read_bytes())
    assert files[0] == files[1] != files[2]
    given = _drawn(template())
    for seed in ("3", "4"):  # where no weight is drawn, batches still are
        train("--weights", given, "--seed", seed, "--force", steps=5)
        files.append(Path("w.npz").read_bytes())
    assert files[3] != files[4]


def test_a_gradient_of_a_batch_is_that_of_the_sheets_loss() -> None:
    """One step of plain descent from a batch of the only sentence is the update that the sheet shows."""
    name = template()
    Path("one.txt").write_text("a b c d .\n")
    instance = make_instance(
        name, ["a b c d ."], settings={"gradients": 1, "spare_rows": 0}, slots=1, weights=_drawn(name)
    )
    instance.inputs["learning_rate"][...] = 0.001  # type: ignore[index]
    values = instance.trace()
    start = from_instance(name, weights="drawn.npz")
    run = prepare(start, Settings(1, 4, "sgd", 0.001, 0), Path("one.txt"))
    run.advance()
    for block in run.task.learned:
        step, shown = run.weights[block.name], values[f"updated.{block.name}"]
        rows = min(len(step), len(shown))
        assert np.allclose(step[:rows], shown[:rows], atol=2e-6), block.name


def _drawn(name: str) -> str:
    state = {
        block.name: np.random.default_rng(len(block.name)).normal(0, 0.1, block.shape)
        for block in make_instance(name, settings={"spare_rows": 0}).model.inputs
        if block.role in ("parameter", "embedding")
    }
    np.savez("drawn.npz", **state)  # type: ignore[arg-type]
    return "drawn.npz"


def test_a_run_that_was_kept_goes_on_as_if_nothing_had_been() -> None:
    train("-o", "whole.npz", steps=40)
    name = template()
    start = from_instance(name, fresh=True)
    run = prepare(start, Settings(40, 8, "adamw", RATES["adamw"], 0), Path("data.txt"))
    for _ in range(17):
        run.advance()
    np.savez("kept.npz", **run.state())
    train("-o", "rest.npz", "--resume", "kept.npz", steps=40)
    whole, rest = read_source("whole.npz").state, read_source("rest.npz").state
    assert all(np.array_equal(whole[name], rest[name]) for name in whole)
    line = refused("--template", name, "--data", "data.txt", "--steps", "40", "--batch", "8",
                   "--resume", "kept.npz", "-o", "w.npz")  # fmt: skip
    assert "40 steps already" in line
    for option, value, said in (("--batch", "4", "batch 8, not 4"), ("--optimizer", "sgd", "another model or")):
        line = refused("--template", name, "--data", "data.txt", "--steps", "90", "--batch", "8", option, value,
                       "--resume", "kept.npz", "-o", "w.npz")  # fmt: skip
        assert said in line


def test_ctrl_c_keeps_the_best_weights_and_says_so() -> None:
    name = template()
    script = f"""
import signal
from xltransformer import api, training
from xltransformer.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what a shell starts in the background
advance = training.Run.advance
def interrupted(run):
    if run.step == 200:
        signal.raise_signal(signal.SIGINT)
    return advance(run)
training.Run.advance = interrupted
main(["train", "--template", {name!r}, "--data", "data.txt", "--steps", "1000", "--batch", "8", "-o", "w.npz"])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "interrupted: the best weights so far, those after step" in done.stdout
    assert done.stderr == ""
    told = api.train(
        "later.npz", data="data.txt", template=name, weights="w.npz", steps=20, batch=8, learning_rate=1e-4
    )
    assert told.trained.history[0].loss < 1.0  # it had learned something


def test_a_workbook_goes_on_from_its_weights_edits_included(tmp_path: Path) -> None:
    name = template()
    api.build("a.xlsx", template=name, language="zh")
    book = openpyxl.load_workbook("a.xlsx")
    sheet, address = next(book.defined_names["decoder.0.W_O"].destinations)
    first = address.replace("$", "").partition(":")[0]
    book[sheet][first] = 0.625
    book.save("edited.xlsx")
    run = ["train", "edited.xlsx", "--data", "data.txt", "--steps", "30", "--learning-rate", "1e-9", "-o"]
    done = CliRunner().invoke(main, [*run, "same.xlsx"])
    assert done.exit_code == 0, done.output
    same = read_book(Path("same.xlsx"))
    home = same.homes["decoder.0.W_O"]
    assert same.holds(home, 0, 0) == pytest.approx(0.625, abs=1e-5)
    assert "开始" in same.content
    assert diff("same.xlsx").ok
    done = CliRunner().invoke(
        main, ["train", "edited.xlsx", "--steps", "30", "-o", "own.xlsx", "--format", "json"]
    )
    assert done.exit_code == 0, done.output
    history = json.loads(done.stdout)["history"]
    assert history[-1]["loss"] < history[0]["loss"]
    assert diff("own.xlsx").ok


def test_a_workbook_of_a_lesson_learns_its_own_target() -> None:
    api.build("a.xlsx", template="multi-head")
    done = CliRunner().invoke(main, ["train", "a.xlsx", "--steps", "20", "-o", "b.xlsx", "--format", "json"])
    assert done.exit_code == 0, done.output
    history = json.loads(done.stdout)["history"]
    assert history[-1]["loss"] < history[0]["loss"]
    assert diff("b.xlsx").ok
    line = refused("a.xlsx", "--data", "nothing.txt", "-o", "c.xlsx")
    assert "nothing.txt" in line


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", ["data.txt has no sentence"]),
        ("\n \n", ["data.txt has no sentence"]),
        ("a b c d a b\n", ["line 1 takes 7 places", "the model has 6", "--slots 7"]),
        ("a b c d a b\na b\na b c d a b c\n", ["2 lines", "line 1 (7 places), line 3 (8 places)", "--slots 8"]),
        ("a b\nb\tc\n", ["line 2 has 2 columns"]),
        ("a\tb\tc\n", ["line 1 has 3 columns"]),
        ("a\t\u200b\n", ["line 1", "has no word"]),
    ],
)
def test_data_that_cannot_be_used(data: str, said: list[str]) -> None:
    name = template()
    Path("data.txt").write_text(data)
    line = refused("--template", name, "--data", "data.txt", "--slots", "6", "-o", "w.npz")
    assert all(part in line for part in said), line


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "no.txt", "-o", "w.npz"], ["cannot read no.txt"]),
        (["-o", "w.npz"], ["--data"]),
        (["--data", "data.txt"], ["-o"]),
        (["--data", "data.txt", "-o", "w.txt"], ["w.txt does not end in .npz"]),
        (["--data", "data.txt", "-o", "no/w.npz"], ["no does not exist"]),
        (["--data", "data.txt", "-o", "w.npz", "--learning-rate", "nan"], ["--learning-rate is nan"]),
        (["--data", "data.txt", "-o", "w.npz", "--resume", "data.txt"], ["does not end in .npz"]),
        (
            ["--data", "data.txt", "-o", "w.npz", "--optimizer", "sgd", "--learning-rate", "1e30"],
            ["the loss became"],
        ),
    ],
)
def test_options_that_cannot_be_used(options: list[str], said: list[str]) -> None:
    line = refused("--template", template(), *options)
    assert all(part in line for part in said), line


def test_other_models_and_workbooks_say_what_is_missing() -> None:
    template()
    assert "--template or a workbook" in refused("--data", "data.txt", "-o", "w.npz")
    assert "no file no.xlsx" in refused("no.xlsx", "-o", "w.xlsx")
    Path("data.txt").write_text("cat and mouse\n")
    assert "predicts no words" in refused("--template", "add-norm", "--data", "data.txt", "-o", "w.npz")


def test_published_weights_can_be_trained_on() -> None:
    """A state dict under GPT-2's names is taken, and what comes out is under ours."""
    np.savez("published.npz", **gpt2())  # type: ignore[arg-type]
    found = Path("published.npz")
    words = [f"w{k}" for k in range(len(read_source(found).state["transformer.wte.weight"]))]
    Path("words.txt").write_text("\n".join(words) + "\n")
    Path("data.txt").write_text("w1 w2 w3\nw2 w3 w1\n")
    told = api.train(
        "w.npz", data="data.txt", template="gpt", weights=str(found), vocabulary="words.txt",
        steps=20, batch=4, settings={"heads": 2},
    )  # fmt: skip
    assert told.trained.history[-1].loss < told.trained.history[0].loss
    assert "decoder.0.head.0.W_Q" in read_source("w.npz").state


def test_adamw_and_the_schedule_are_what_the_papers_say() -> None:
    weights, gradient = np.array([1.0, -2.0]), np.array([0.5, 0.25])
    AdamW(weights).update(weights, gradient, 0.1, 0)
    # the first step is the learning rate against the sign, after the decay of 0.01
    assert np.allclose(weights, [1.0 * 0.999 - 0.1, -2.0 * 0.999 - 0.1], atol=1e-6)
    rates = [rate_at(step, 100) for step in range(100)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert max(rates) == 1.0
    assert rates[5] > rates[50] > rates[99] > 0.02
    assert clip(np.array([3.0, 4.0])).tolist() == pytest.approx([0.6, 0.8])
    assert clip(np.array([0.3, 0.4])).tolist() == [0.3, 0.4]


def test_a_sentence_counts_by_its_words_and_padding_not_at_all() -> None:
    name = template()
    Path("data.txt").write_text("a b\na b c d\n")
    run = prepare(from_instance(name), Settings(1, 2, "adamw", 0.1, 0), Path("data.txt"))
    assert run.data is not None
    _, share = run.data.batch(run.task, np.array([0, 1]), None)
    assert share.ravel().tolist() == pytest.approx([2 / 6, 4 / 6])  # with the full stop, without the first word


def test_no_bar_is_shown_in_a_pipe() -> None:
    template()
    words = ["train", "--template", "my.toml", "--data", "data.txt", "--steps", "3", "-o", "w.npz"]
    done = subprocess.run(
        [sys.executable, "-m", "xltransformer", *words], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    shown = [line.split()[0] for line in done.stdout.splitlines()]
    assert shown == ["step", "step", "writes:", "writes:", "writes:", "wrote"]


@pytest.mark.parametrize("name", ["llama-3", "bert-relu", "gpt-neo", "gpt-neox"])
def test_what_a_config_said_goes_with_the_weights_learned_from_it(name: str) -> None:
    """Its options and words are those of who builds it again from the file alone."""
    changes = {"rms_norm_eps": 1e-3, "rope_theta": 500.0, "rope_parameters": None} if name == "llama-3" else {}
    words, _ = saved_model(name, Path(), **changes)
    sentence = " ".join(words)
    Path("data.txt").write_text(f"{sentence}\n", "utf-8")
    given: Any = {"weights": Path(), "vocabulary": "words.json"}
    shipped = make_instance(None, [sentence], **given, settings={"spare_rows": 0})
    named = shipped.template.name
    api.train("w.npz", sentences=[sentence], template=named, data="data.txt", steps=1, **given)
    learned = read_source("w.npz").state
    assert not np.array_equal(learned["embeddings"], shipped.inputs["embeddings"])
    expected = shipped.model.trace({**shipped.inputs, **{key: np.asarray(learned[key]) for key in learned}})
    again = make_instance(named, [sentence], weights="w.npz", settings={"spare_rows": 0})
    assert not again.warnings
    found = again.trace()
    assert found.keys() == expected.keys()
    for block, values in expected.items():
        np.testing.assert_array_equal(found[block], values, err_msg=block)
    with pytest.raises(UserError, match=r"setting epsilon is 0\.5, but w\.npz has .*: leave it out"):
        make_instance(named, [sentence], weights="w.npz", settings={"epsilon": 0.5})
    Path("others.json").write_text(json.dumps(["a", "b"]))
    with pytest.raises(UserError, match=r"w\.npz says itself which words its rows are"):
        make_instance(named, [sentence], weights="w.npz", vocabulary="others.json")


def test_what_a_file_tells_of_its_model_must_make_sense() -> None:
    told = told_of(make_instance("gpt", settings={"spare_rows": 0}))
    assert (told["template"], told["options"]["layers"], told["words"][:2]) == ("gpt", 2, ["the", "a"])
    np.savez("w.npz", **{"W_1": np.ones((2, 2)), "about": np.array('{"options": 3}')})
    with pytest.raises(UserError, match="its entry 'about' does not tell the model's options"):
        read_source("w.npz")
