"""What a model writes with stored keys and values is what its sheet writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from test_published import HUGGING_FACE, run, saved_model
from test_translator import WRITING

from xltransformer import build, sampling, train, write
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.request import Options
from xltransformer.building.template import shipped_templates
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.stepwise import Progress, Stepwise
from xltransformer.workbook.again import instance_of
from xltransformer.workbook.reader import read_book
from xltransformer.writing import Chance, Text, texts

WRITERS = sorted(name for name in shipped_templates() if load_template(name).entry.writes)
KINDS: list[tuple[str, Mapping[str, Any]]] = [
    ("gpt", {"seed": 2, "local": [1], "window": 3, "scaling": False}),
    ("gpt", {"seed": 3, "pre_norm": False, "tied": False, "heads": 3, "d_k": 5, "d_v": 2, "layers": 3}),
    ("gpt", {"seed": 4, "parallel": True, "rms": True, "biases": False, "feed_forward": True}),
    ("gpt", {"seed": 5, "feed_forward": False, "attention_biases": False, "activation": "relu"}),
    ("llama", {"seed": 6, "kv_heads": 1, "query_key_norms": True, "rotary": 2}),
    ("llama", {"seed": 7, "longer": "together", "factor": 4.0, "local": [0], "window": 2}),
    ("llama", {"seed": 8, "longer": "by_pair", "original": 6, "base": 50.0, "biases": True}),
    ("encoder-decoder", {"seed": 9, "pre_norm": True, "halves": True, "stretched": True, "output_bias": True}),
    ("encoder-decoder", {"seed": 10, "never": "the", "encoder_layers": 2, "decoder_heads": 1}),
    ("decoder", {"seed": 11, "layers": 3, "tied": False}),
]
"""Settings that between them take every way of a decoder; with them the weights are drawn."""


def drawn(kind: tuple[str, Mapping[str, Any]]) -> Instance:
    return make_instance(kind[0], settings={**kind[1], "slots": 9, "spare_rows": 1})


def slots_of(instance: Instance, text: Text) -> list[Any]:
    slots: list[Any] = instance.inputs[instance.model.sentences[text.sentence].words.name].ravel().tolist()
    return slots


def plainly(instance: Instance, chance: Chance | None) -> list[str]:
    """Writing as a plain loop: all of the model anew for each word, with the logits of the row before."""
    goal = instance.model.goals[-1]
    words = instance.model.sentences[goal.sentence].words
    inputs = {**instance.inputs, words.name: instance.inputs[words.name].copy()}
    slots = inputs[words.name]
    for place in range(1, len(slots)):
        if slots[place, 0] is not None:
            continue
        values = instance.model.trace(inputs)
        if values[words.feedback.name][place - 1, 0] == "":
            slots[place] = ""
        elif chance is None:
            slots[place] = values[words.feedback.name][place - 1]
        else:
            draw = sampling.draws(chance.seed, place)[-1]
            how = {"temperature": chance.temperature, "top_k": chance.top_k, "top_p": chance.top_p}
            chosen = sampling.choose(values[goal.result.name][place - 1], draw, **how)
            slots[place] = inputs["vocabulary"][int(chosen)]
    return [str(word) for word in slots.ravel() if word]


def test_there_are_models_that_write() -> None:
    assert {"gpt", "llama", "induction", "decoder", "encoder-decoder"} <= {*WRITERS}


@pytest.mark.parametrize("name", WRITERS)
def test_a_template_writes_what_its_sheet_does(name: str) -> None:
    instance = make_instance(name)
    values = instance.trace()
    for text in texts(instance):
        words = values[instance.model.sentences[text.sentence].words.name].ravel()
        assert [*text.words] == [word for word in words if word]
        assert len(text.words) > text.given


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind[0]}-{kind[1]['seed']}")
def test_rows_are_the_same_one_by_one(kind: tuple[str, Mapping[str, Any]]) -> None:
    instance = drawn(kind)
    values, goal = instance.trace(), instance.model.goals[-1]
    sentence = instance.model.sentences[goal.sentence]
    plan = Stepwise(instance.model, sentence.words, sentence.index, goal.result, instance.inputs)
    index, progress = values[sentence.index.name][None], Progress(plan)
    rows = [progress.feed(index[:, :3])[0]]
    progress.spread(2)
    rows += [progress.feed(np.repeat(index[:, k : k + 1], 2, axis=0))[1] for k in range(3, index.shape[1])]
    assert np.allclose(np.vstack(rows), values[goal.result.name], rtol=1e-12, atol=1e-12)
    assert [*texts(instance)[-1].words] == plainly(instance, None)


@pytest.mark.parametrize("kind", KINDS[::3], ids=lambda kind: f"{kind[0]}-{kind[1]['seed']}")
def test_words_by_chance_are_those_of_the_draws(kind: tuple[str, Mapping[str, Any]]) -> None:
    instance, chance = drawn(kind), Chance(1.3, 6, 0.9, 41)
    found = texts(instance, chance, 4)
    assert [text.seed for text in found] == [41, 42, 43, 44]
    assert [[*text.words] for text in found] == [plainly(instance, replace(chance, seed=41 + c)) for c in range(4)]
    assert len({text.words for text in found}) > 1


def typed(instance: Instance, changes: Mapping[int, str]) -> Instance:
    """With words typed into slots of the sentence that is written on."""
    name = instance.model.sentences[instance.model.goals[-1].sentence].words.name
    slots: Array = instance.inputs[name].copy()
    for place, word in changes.items():
        slots[place] = word
    return replace(instance, inputs={**instance.inputs, name: slots})


@pytest.mark.parametrize("changes", [{9: "dog"}, {7: "."}, {7: ""}, {6: "nothing known"}, {3: "."}, {11: "the"}])
def test_a_word_typed_behind_an_empty_slot_stays(changes: dict[int, str]) -> None:
    instance = typed(make_instance("gpt"), changes)
    found = texts(instance)[0]
    assert [*found.words] == plainly(instance, None)
    assert found.given == 5


def test_nothing_is_written_where_no_slot_is_empty() -> None:
    instance = make_instance("gpt", slots=0)
    assert [text.words for text in texts(instance, None, 2)] == [("the", "cat", "sat", "on", "the")] * 2


def test_every_sentence_is_written_on() -> None:
    found = texts(make_instance("gpt", ["the cat sat on the", "the dog"]), Chance(), 2)
    told = [(text.sentence, text.given, text.seed) for text in found]
    assert told == [(0, 5, 1), (0, 5, 2), (1, 2, 1), (1, 2, 2)]  # the seed of the sheet first


def by_sheet(instance: Instance) -> list[str]:
    """The words as the sheet has them."""
    words = instance.trace()[instance.model.sentences[-1].words.name].ravel()
    return [str(word) for word in words if word]


SHEETS: list[tuple[str, Mapping[str, Any]]] = [
    ("gpt", {"seed": 3, "switches.temperature": 1.5, "switches.seed": 9}),
    ("llama", {"seed": 5, "switches.top_k": 4, "switches.seed": 12}),
    ("encoder-decoder", {"seed": 6, "switches.top_p": 0.8, "switches.seed": 3}),
]


@pytest.mark.parametrize("kind", SHEETS, ids=lambda kind: str(kind[0]))
def test_a_sheet_that_chooses_by_chance_is_written_as_it_stands(kind: tuple[str, Mapping[str, Any]]) -> None:
    instance = drawn((kind[0], {**kind[1], "switches.choose": "chance"}))
    (text,) = texts(instance)
    assert [*text.words] == by_sheet(instance)
    assert [*text.words] != by_sheet(drawn((kind[0], {**kind[1], "switches.choose": "likely"})))
    assert texts(instance, Chance())[0].words == text.words  # the settings of the sheet, where none are given
    draws = instance.inputs["switches.draws"].copy()
    draws[len(draws) // 2] = 0.999
    typed_over = replace(instance, inputs={**instance.inputs, "switches.draws": draws})
    assert [*texts(typed_over)[0].words] == by_sheet(typed_over)


def test_a_model_that_does_not_write_is_named() -> None:
    with pytest.raises(UserError, match="template bert does not write"):
        texts(make_instance("bert"))


def test_words_that_look_both_ways_are_not_calculated_one_by_one() -> None:
    instance = make_instance("bert")
    model, sentence = instance.model, instance.model.sentences[0]
    with pytest.raises(UserError, match=r"encoder\.mask cannot be .* word by word: it is made of later rows"):
        Stepwise(model, sentence.words, sentence.index, model.goals[0].result, instance.inputs)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"temperature": 0}, "`temperature` is 0"),
        ({"top_p": 1.5}, "`top_p` is 1.5"),
        ({"seed": -1}, "`seed` is -1"),
    ],
)
def test_settings_out_of_range_are_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(UserError, match=named):
        Chance(**settings)


# What transformers writes: see scripts/make_published_fixtures.py

CONTINUED = [path.stem for path in sorted(HUGGING_FACE.glob("*.npz")) if "continued" in np.load(path).files]


def test_there_are_published_decoders() -> None:
    assert {"gpt-neo-near", "gpt-neox", "qwen3-tied"} <= {*CONTINUED}


@pytest.mark.parametrize("name", CONTINUED)
def test_a_published_decoder_writes_what_its_library_writes(name: str, tmp_path: Path) -> None:
    words, _ = saved_model(name, tmp_path)
    with np.load(HUGGING_FACE / f"{name}.npz") as arrays:
        written = [f"w{token}" for token in arrays["continued"]]
    options: Options = {"weights": tmp_path, "vocabulary": tmp_path / "words.json", "slots": len(written)}
    (text,) = write(" ".join(words), **options)
    assert [*text.words] == [*words, *written]
    assert str(text) == " ".join(text.words)


@pytest.mark.parametrize("name", ["gpt2", "gpt2-untied", "llama-3", "llama-linear", "mistral", "qwen2"])
def test_a_published_decoder_writes_what_its_sheet_does(name: str, tmp_path: Path) -> None:
    words, _ = saved_model(name, tmp_path)
    options: Options = {"weights": tmp_path, "vocabulary": tmp_path / "words.json", "slots": 3}
    instance = make_instance(None, " ".join(words[:4]), **options)
    chance = Chance(0.7, 0, 0.95, 5)
    assert [*texts(instance)[0].words] == plainly(instance, None)
    assert [*texts(instance, chance)[0].words] == plainly(instance, chance)


@pytest.mark.parametrize("name", ["marian", "marian-relu"])
def test_a_translator_writes_what_its_library_writes(name: str, tmp_path: Path) -> None:
    words, _ = saved_model(name, tmp_path)
    with np.load(HUGGING_FACE / f"{name}.npz") as arrays:
        written = [f"w{token}" for token in arrays["written"]][:-1]  # the last is a forced end
    (tmp_path / "generation_config.json").write_text(json.dumps(WRITING))
    options: Options = {"weights": tmp_path, "vocabulary": tmp_path / "words.json", "slots": [0, len(written) - 1]}
    (text,) = write([" ".join(words)], **options)
    assert [*text.words] == written


# From the command line


def test_the_command_line_prints_a_text_a_line() -> None:
    likeliest = run("write", "--template", "gpt", "--sentence", "the dog slept on the")
    assert (likeliest.exit_code, likeliest.stdout) == (0, "the dog slept on the rug.\n")
    chance = ("--temperature", "2.5", "--top-k", "8", "--top-p", "0.95", "--count", "4", "--seed", "7")
    several = run("write", "--template", "gpt", *chance)
    found = write(template="gpt", temperature=2.5, top_k=8, top_p=0.95, count=4, seed=7)
    assert several.stdout.splitlines() == [str(text) for text in found]
    assert len({*several.stdout.splitlines()}) > 1
    told = json.loads(run("write", "--template", "gpt", *chance, "--format", "json").stdout)
    assert [one["words"] for one in told["texts"]] == [[*text.words] for text in found]
    assert [one["seed"] for one in told["texts"]] == [7, 8, 9, 10]


def test_marks_of_a_target_are_no_text() -> None:
    result = run("write", "--template", "encoder-decoder")
    assert result.stdout == "the cat sleeps on the mat.\n"


def test_a_workbook_writes_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "gpt.xlsx"
    build(path, template="gpt")
    assert run("write", str(path)).stdout == "the cat sat on the mat.\n"
    place = read_book(path).homes["sentence.words"]
    book = openpyxl.load_workbook(path)
    for row, word in ((1, "crow"), (6, "and")):
        book[place.sheet].cell(place.row + row + 1, place.column + 1).value = word
    book.save(path)
    (text,) = write(workbook=path)
    assert text.words[:7] == ("the", "crow", "sat", "on", "the", "branch", "and")
    assert text.given == 5
    assert [*text.words] == plainly(instance_of(read_book(path)), None)
    told = run("write", str(path), "--sentence", "the unicorn slept on the")
    assert "the unicorn slept on the" in told.stdout
    assert told.stderr == (f"xlt: not in the vocabulary of {path}, so that the model does not see them: unicorn\n")


WRONG: list[tuple[list[str], str]] = [
    ([], "give --weights, a --template or a workbook that is to write"),
    (["--template", "bert"], "template bert does not write"),
    (["--template", "gpt", "--temperature", "0"], "--temperature is 0.0: give a number above 0"),
    (["--template", "gpt", "--top-p", "nan"], "--top-p is nan: give a number from 0 to 1"),
    (["--template", "gpt", "--top-k", "-1"], "--top-k is -1: give a whole number from 0"),
    (
        ["--template", "gpt", "--seed", "1000000000"],
        "--seed is 1000000000: give a whole number from 0 to 999,999,999",
    ),
    (["--template", "gpt", "--count", "0"], "--count is 0: give a whole number of at least 1"),
    (["missing.xlsx"], "there is no file missing.xlsx"),
    (["missing.xlsx", "--template", "gpt"], "missing.xlsx says itself what is to write: leave out --template"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_a_mistake_is_told_in_one_line(arguments: list[str], said: str) -> None:
    result = run("write", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"xlt: {said}")
    assert result.stderr.count("\n") == 1


def test_a_workbook_of_ones_own_letters_is_cut_as_its_data(tmp_path: Path) -> None:
    data, weights, book = (tmp_path / name for name in ("names.txt", "names.npz", "names.xlsx"))
    data.write_text("Ada, Ida.\nIda, Ada.\n", "utf-8")
    train(weights, template="gpt", data=data, letters=True, steps=2, settings={"layers": 1, "heads": 1})
    build(book, weights=weights)
    (text,) = write("Ada, I", workbook=book)
    assert text.words[:6] == ("a", "d", "a", ",", "▁", "I")
    assert str(text).startswith("ada, I")
    assert [*write("Ada, I", weights=weights)[0].words] == [*text.words]


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_of_each_layer_keys_and_values_are_kept_of_all_heads_together(heads: int) -> None:
    """And which places hold words; in as many calls however many heads there are."""
    instance = drawn(("gpt", {"seed": 1, "heads": heads, "layers": 2, "d_k": 3, "d_v": 5}))
    sentence, goal = instance.model.sentences[0], instance.model.goals[0]
    plan = Stepwise(instance.model, sentence.words, sentence.index, goal.result, instance.inputs)
    kept = [(line.kept.blocks, line.kept.across) for line in plan.lines if line.kept is not None]
    assert kept == [(1, 1), *[(heads, 5), (heads, 3)] * 2]
    assert len(plan.lines) == 62
