"""The sheet writes on: its tokens are NumPy's greedy decoding, and follow an overtyped one."""

from __future__ import annotations

import json
import random
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from office import Office, OpenedBook

from xltransformer import api
from xltransformer.building.instance import Instance, describe, make_instance, model_from
from xltransformer.difference import diff
from xltransformer.engines import ENGINES, fold
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.workbook.reader import read_book

POOL = ["<s>", "the", "a", "cat", "dog", "Mouse", "bird", "sat", "ran", "on", "mat", "猫", "鼠标", "7", "x?", "=1"]


@dataclass(frozen=True)
class Case:
    """A random model and prompt: the text of its template, and which sentence it goes on writing."""

    template: str
    sentence: int


def make_case(seed: int) -> Case:
    draw = random.Random(seed)
    words = draw.sample(POOL, draw.randint(6, 9))
    gpt = seed % 2 == 0
    prompts = [draw.choices(words[:-1], k=draw.randint(1, most)) for most in ((4,) if gpt else (3, 2))]
    options = {
        "d_model": draw.randint(3, 6),
        "layers": 1 + seed // 2 % 3,
        "heads": draw.randint(1, 3),
        "d_k": draw.randint(1, 3),
        "d_v": draw.randint(1, 3),
        "d_ff": draw.randint(1, 6),
        "tied": draw.random() < 0.5,
        "pre_norm": draw.random() < 0.5,
        "rms": draw.random() < 0.25,
        "biases": draw.random() < 0.5,
    }
    top = {
        "model": "gpt" if gpt else "encoder_decoder",
        "sentences": [" ".join(prompt) for prompt in prompts],
        "slots": draw.randint(3, 4),
        "spare_rows": 0,
        "seed": seed,
        "words": words,
    }
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in top.items()]
    lines += ["[sizes]", *(f"{key} = {json.dumps(value)}" for key, value in options.items())]
    return Case("\n".join(lines), len(prompts) - 1)


CASES = [make_case(seed) for seed in range(54, 74)]
OVERTYPED = (1, 8, 16)
"""The cases tried in LibreOffice, too: both models, one to three layers."""

Built = tuple[Path, Instance, Case]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Built]:
    folder, books = tmp_path_factory.mktemp("generation"), []
    for k, case in enumerate(CASES):
        template, book = folder / f"{k}.toml", folder / f"{k}.xlsx"
        template.write_text(case.template, "utf-8")
        books.append((book, api.build(book, template=template), case))
    return books


def tokens_of(instance: Instance, case: Case) -> str:
    return instance.model.sentences[case.sentence].words.name


def prompt_of(instance: Instance, case: Case) -> list[str]:
    return [token for token in instance.inputs[tokens_of(instance, case)].ravel() if token is not None]


def greedy(instance: Instance, case: Case, prompt: list[str]) -> list[str]:
    """Greedy decoding as a plain loop: ask a model that has room for the prompt alone for the
    probabilities of the word after it, append the likeliest one, and ask again."""
    written, slots = list(prompt), list(instance.sizes.slots)
    prefix = f"sentence.{case.sentence}." if len(slots) > 1 else ""
    while len(written) < instance.sizes.slots[case.sentence]:
        slots[case.sentence] = len(written)
        small = model_from({**describe(instance), "slots": slots})
        inputs = {
            block.name: instance.inputs[block.name][: block.shape[0], : block.shape[1]] for block in small.inputs
        }
        inputs[tokens_of(instance, case)] = np.array([[token] for token in written], dtype=object)
        probabilities = small.trace(inputs)[f"{prefix}prediction.probabilities"][-1]
        written.append(str(instance.inputs["vocabulary"][int(np.argmax(probabilities)), 0]))
    return written


def test_the_cases_are_worth_trying(built: list[Built]) -> None:
    """Both models, every number of layers and heads, tied and not, and more than one word written."""
    assert len({(case.sentence, i.sizes.options["layers"]) for _, i, case in built}) == 6
    assert {i.sizes.options["heads"] for _, i, _ in built} == {1, 2, 3}
    for case in CASES[0].sentence, CASES[1].sentence:
        assert {i.sizes.options["tied"] for _, i, c in built if c.sentence == case} == {True, False}
    assert len({len(prompt_of(i, case)) for _, i, case in built}) >= 4
    written = [greedy(i, case, prompt_of(i, case))[len(prompt_of(i, case)) :] for _, i, case in built]
    assert sum(len(set(words)) > 1 for words in written) >= 10


@pytest.mark.parametrize("k", range(len(CASES)))
def test_trace_decodes_as_a_plain_loop_does(k: int, built: list[Built]) -> None:
    _, instance, case = built[k]
    traced = instance.trace()[tokens_of(instance, case)].ravel().tolist()
    assert traced == greedy(instance, case, prompt_of(instance, case))


@pytest.mark.parametrize("k", range(len(CASES)))
def test_the_sheet_writes_what_numpy_decodes(k: int, built: list[Built]) -> None:
    path, instance, case = built[k]
    place = read_book(path).homes[tokens_of(instance, case)]
    cells = ENGINES["ironcalc"].recalculate(path)[fold(place.sheet)]
    shown = [str(cells[place.row + i + 1, place.column + 1]) for i in range(place.shape[0])]
    assert shown == greedy(instance, case, prompt_of(instance, case))


@pytest.mark.parametrize("k", range(len(CASES)))
def test_no_iteration_is_asked_for(k: int, built: list[Built]) -> None:
    with zipfile.ZipFile(built[k][0]) as file:
        workbook = file.read("xl/workbook.xml").decode()
    assert re.search(r"<calcPr [^>]*>", workbook)
    assert "iterate" not in workbook


def overtype(instance: Instance, case: Case) -> tuple[int, str]:
    """A generated slot that is not the last, and a word to type there that changes what follows."""
    decoded, known = greedy(instance, case, prompt_of(instance, case)), instance.inputs["vocabulary"].ravel()
    for slot in range(len(prompt_of(instance, case)), len(decoded) - 1):
        for word in map(str, known):
            if greedy(instance, case, [*decoded[:slot], word])[slot + 1 :] != decoded[slot + 1 :]:
                return slot, word
    raise AssertionError("no word changes what follows: choose another case")


def numpy_with(instance: Instance, typed: dict[int, str], name: str) -> dict[str, Array]:
    tokens = instance.inputs[name].copy()
    for slot, word in typed.items():
        tokens[slot, 0] = word
    return instance.model.trace({**instance.inputs, name: tokens})


def assert_shows(shown: OpenedBook, path: Path, expected: dict[str, Array]) -> None:
    book = read_book(path)
    for name, block in book.model.blocks.items():
        cells = shown.read(book.homes[name])
        if block.text:
            assert [[str(cell) for cell in row] for row in cells] == expected[name].tolist(), name
        else:
            numbers = [[0.0 if cell == "" else cell for cell in row] for row in cells]
            np.testing.assert_allclose(
                np.array(numbers, dtype=float), expected[name], rtol=1e-9, atol=1e-9, err_msg=name
            )


@pytest.mark.parametrize("k", OVERTYPED)
def test_everything_follows_an_overtyped_token(
    k: int, built: list[Built], office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, instance, case = built[k]
    name, saved = tokens_of(instance, case), tmp_path / "saved.xlsx"
    place, (slot, word) = read_book(path).homes[name], overtype(instance, case)
    shown = office.edit(path, [(place.sheet, place.address(slot, 0), word)], saved, [place])
    expected = numpy_with(instance, {slot: word}, name)
    assert_shows(shown, path, expected)
    decoded = greedy(instance, case, prompt_of(instance, case))
    continued = [row[0] for row in shown.read(place)]
    assert continued[:slot] == decoded[:slot]
    assert continued == greedy(instance, case, [*decoded[:slot], word])
    assert continued[slot + 1 :] != decoded[slot + 1 :]
    cells = [cell for rows in shown.values.values() for row in rows for cell in row]
    assert not [c for c in cells if c is None or (isinstance(c, str) and re.match("#|Err:", c))]
    with zipfile.ZipFile(saved) as file:
        assert not re.search(r'iterate="(1|true)"', file.read("xl/workbook.xml").decode())
    result = diff(saved)
    assert result.ok, [str(problem) for problem in result.problems]
    with capsys.disabled():
        formulas = sum(block.size for block in instance.model.blocks.values() if block.computed)
        print(f"\novertyped token to continuation, {formulas} formulas: {1000 * shown.followed:.0f} ms")


def test_two_tokens_overtyped_and_one_emptied(built: list[Built], office: Office) -> None:
    """The slot after an emptied one goes on from there, in the sheet as in NumPy."""
    path, instance, case = built[OVERTYPED[0]]
    name, first = tokens_of(instance, case), len(prompt_of(instance, case))
    place, words = read_book(path).homes[name], instance.inputs["vocabulary"].ravel()
    typed = {first: str(words[-1]), first + 1: ""}
    edits = [(place.sheet, place.address(slot, 0), word or None) for slot, word in typed.items()]
    assert_shows(office.edit(path, edits), path, numpy_with(instance, typed, name))


ENDS = """
model = "gpt"
sentences = ["the Cat sat"]
slots = 6
spare_rows = 0
words = ["the", "Cat", "sat", "mat", "Stop"]
[sizes]
d_model = 6
feed_forward = false
"""
"""A model of attention only that goes on to the last slot, or, with seeds 7, 34 and 38, stops."""


@pytest.mark.parametrize("seed", [7, 34, 38])
def test_it_stops_after_the_word_that_ends_a_sentence(seed: int, tmp_path: Path, office: Office) -> None:
    template, path = tmp_path / "ends.toml", tmp_path / "ends.xlsx"
    template.write_text(ENDS)
    endless = make_instance(template, settings={"seed": seed})
    name = endless.model.sentences[0].words.name
    on = list(endless.trace()[name].ravel())
    ended = api.build(path, template=template, settings={"seed": seed, "end": "stop"})
    words = list(ended.trace()[name].ravel())
    at = on.index("Stop") + 1
    assert 3 < at < len(on)
    assert "" not in on
    assert words == on[:at] + [""] * (len(on) - at)
    assert diff(path).ok
    assert not any("feed_forward" in block for block in ended.model.blocks)

    home = read_book(path).homes[name]
    shown = office.edit(path, [(home.sheet, home.address(at - 1, 0), "mat")], tmp_path / "on.xlsx", [home])
    assert [row[0] for row in shown.read(home)] == list(numpy_with(ended, {at - 1: "mat"}, name)[name].ravel())
    assert shown.read(home)[at][0] != ""


@pytest.mark.parametrize(
    ("end", "said"), [('"."', "no word of the vocabulary"), ("3", "give a word"), ('" "', "a word")]
)
def test_an_end_that_cannot_be_is_refused(end: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "ends.toml").write_text(f"{ENDS}end = {end}\n")
    with pytest.raises(UserError, match=rf"end is .*{said}"):
        make_instance(tmp_path / "ends.toml")


@pytest.mark.parametrize("tied", [True, False])
def test_empty_rows_of_the_vocabulary_are_never_predicted(tied: bool, tmp_path: Path) -> None:
    """Spare rows have output weights, too, and of all logits 0 may be the largest."""
    options = f"[sizes]\nd_model = 3\ntied = {str(tied).lower()}\n"
    head = f'model = "gpt"\nsentences = ["the"]\nslots = 4\nwords = {json.dumps(POOL[:3])}\n'
    for seed in range(6):
        (tmp_path / "spare.toml").write_text(f"{head}seed = {seed}\n{options}")
        traced = make_instance(tmp_path / "spare.toml").trace()
        assert set(traced["prediction.predicted"].ravel()) <= set(POOL[:3])
        assert not traced["prediction.probabilities"][:, 3:].any()
    api.build(tmp_path / "spare.xlsx", template=tmp_path / "spare.toml")
    assert diff(tmp_path / "spare.xlsx").ok


@pytest.mark.parametrize("template", ["gpt", "encoder-decoder", "bert"])
def test_the_runners_up_are_the_likeliest_words_in_order(template: str) -> None:
    instance = make_instance(template)
    values = instance.trace()
    (prefix,) = [name.removesuffix("predicted") for name in values if name.endswith("prediction.predicted")]
    for row, shares in enumerate(values[f"{prefix}probabilities"]):
        order = sorted(range(len(shares)), key=lambda k: -shares[k])[:3]
        assert values[f"{prefix}ranked"][row].tolist() == [values["vocabulary"][k, 0] for k in order]
        assert values[f"{prefix}ranked_probability"][row].tolist() == [shares[k] for k in order]
        assert values[f"{prefix}ranked"][row, 0] == values[f"{prefix}predicted"][row, 0]
        assert values[f"{prefix}ranked_probability"][row, 0] == values[f"{prefix}probability"][row, 0]
    shown = {f"{prefix}ranked", f"{prefix}ranked_probability"}
    steps = [step for section in instance.model.sections for step in section.steps]
    assert any(shown <= {block.name for block in step.blocks} for step in steps)
