"""The way out: what `export` writes, read back, and held against transformers itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from test_published import HUGGING_FACE, run, saved_model

from xltransformer import build, export, load_template, train, write
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.cutting import Cutter, Cutting
from xltransformer.errors import UserError
from xltransformer.exporting.facts import facts_of
from xltransformer.exporting.folder import folder_of
from xltransformer.exporting.words import tokenizer
from xltransformer.graph import Array
from xltransformer.text import word_key
from xltransformer.weights import read_source
from xltransformer.weights.checkpoint import nine_digits
from xltransformer.weights.tokens import read_tokenizer

SENTENCES = {"gpt": "the cat sat on the", "llama": "the dog that saw the bird sat on the",
             "bert": "the [MASK] sat on the mat", "sentences": "the cat sat on the mat",
             "sort-letters": "C A B B A C"}  # fmt: skip
"""The templates that a class of transformers computes, and a sentence for each."""


def weights_of(instance: Instance) -> dict[str, Array]:
    return {
        block.name: instance.inputs[block.name]
        for block in instance.model.inputs
        if block.role in ("parameter", "embedding")
    }


def words_of(instance: Instance) -> list[Any]:
    return [word for word in instance.inputs["vocabulary"].ravel() if word]


def assert_same(one: Instance, other: Instance) -> None:
    """The same words, and the same weights to the last bit."""
    assert words_of(one) == words_of(other)
    mine, theirs = weights_of(one), weights_of(other)
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        assert value.tobytes() == theirs[name].tobytes(), name


def kept(name: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The entries of a published state dict, and its config."""
    with np.load(HUGGING_FACE / f"{name}.npz") as arrays:
        state = {key.removeprefix("state:"): arrays[key] for key in arrays.files if key.startswith("state:")}
        return state, json.loads(str(arrays["config"]))


@pytest.mark.parametrize("template", SENTENCES)
def test_a_template_comes_back_the_same(template: str, tmp_path: Path) -> None:
    before = make_instance(template, [SENTENCES[template]])
    done = export(tmp_path / "out", template=template)
    settings = {"spare_rows": 0} | ({"segments": 0} if template == "sentences" else {})
    after = make_instance(None, [SENTENCES[template]], weights=done.path, settings=settings)
    mine, theirs = weights_of(before), weights_of(after)
    places = "position_embeddings"
    if places in mine:  # as many as there is room for in the sentence
        mine[places] = make_instance(template).template.weights[places][: len(theirs[places])]
    assert mine.keys() == theirs.keys()
    assert all(mine[name].tobytes() == theirs[name].tobytes() for name in mine)
    assert words_of(before) == words_of(after)
    one, other = (x.trace() for x in (before, after))
    for name in ("0.head.0.weights", "norm.1.output"):
        block = next(block for block in one if block.endswith(name))
        rows = len(SENTENCES[template].split())
        np.testing.assert_allclose(one[block][:rows, :rows], other[block][:rows, :rows], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", sorted(path.stem for path in HUGGING_FACE.glob("*.npz")))
def test_a_published_model_leaves_as_it_came(name: str, tmp_path: Path) -> None:
    """The state dict that transformers saved, entry by entry, and a config that tells the same."""
    saved_model(name, tmp_path)
    state, config = kept(name)
    texts = ["w1 w2 w3", "w4 w5"] if name.startswith("marian") or name.endswith("cross") else ["w1 w2 w3"]
    options: dict[str, Any] = {"settings": {"pair": 0}} if name.endswith("cross") else {}
    done = export(
        tmp_path / "out", sentences=texts, weights=tmp_path, vocabulary=tmp_path / "words.json", **options
    )
    written = json.loads((done.path / "config.json").read_text("utf-8"))
    assert ALIKE.get(config["model_type"], config["model_type"]) == written["model_type"]
    found = read_source(done.path).state
    prefix = next((entry.partition(".")[0] + "." for entry in found if "embed" in entry or ".wte" in entry), "")
    for entry, value in state.items():
        if "pooler" in entry and "sequence" not in name and "cross" not in name:
            continue  # it stands beside what we compute, and is written as zeros
        theirs = found.get(entry, found.get(prefix + entry))
        if theirs is None:  # what has no say in the result, or is the same as something else
            assert any(
                part in entry for part in ("pooler", "embed_tokens", "embed_positions", "lm_head", "decoder")
            )
        else:
            first = "position_embeddings" in entry and config["model_type"] in UNUSED  # a row that is never read
            assert np.array_equal(theirs[first:], value[first:]), entry


ALIKE = {"camembert": "roberta", "xlm-roberta": "roberta", "mistral": "llama"}
"""Kinds of models that compute the same as another, as which they leave."""
UNUSED = ("roberta", "camembert", "xlm-roberta", "mpnet")


# What transformers makes of it: scripts/make_export_fixture.py

EXPORTED = json.loads((Path(__file__).parent / "fixtures" / "exported.json").read_text("utf-8"))
SINGLE = {"llama": 2e-6, "translator": 1e-6}
"""The library computes LLaMA's norms and angles, and Marian's positions, in single precision."""
BLOCKS = {"bert": "prediction.logits", "states": "encoder.1.norm.1.output", "sentences": "encoder.0.norm.1.output",
          "classifier": "classification.logits", "words": "classification.logits",
          "translator": "sentence.1.prediction.logits"}  # fmt: skip


def instance_like(kept: dict[str, Any], *more: str) -> Instance:
    template = load_template(kept["template"], fresh=bool(kept["settings"]))
    return make_instance(template, [kept["sentence"], *more], settings=kept["settings"])


@pytest.mark.parametrize("name", EXPORTED)
def test_transformers_computes_the_same(name: str) -> None:
    kept = EXPORTED[name]
    instance = instance_like(kept, *(["<s> 狗 鸟"] if name == "translator" else []))
    values, words = instance.trace(), words_of(instance)
    block = next(b for b in values if b.endswith(BLOCKS.get(name, "prediction.logits")))
    result = np.array(kept["result"])
    found = values[block][: len(result)] if result.ndim == 2 else values[block][0]
    assert np.abs(found - result).max() < SINGLE.get(name, 1e-9)
    assert [words[k] for k in kept["tokens"]] == kept["sentence"].split()


@pytest.mark.parametrize("name", ["gpt", "sort-letters", "llama"])
def test_transformers_writes_the_same(name: str) -> None:
    kept = EXPORTED[name]
    written = " ".join(w for w in instance_like(kept).trace()["sentence.words"].ravel() if w)
    assert written == kept["written"]


@pytest.mark.parametrize("name", EXPORTED)
def test_the_tokenizer_cuts_as_the_sheet_does(name: str, tmp_path: Path) -> None:
    kept = EXPORTED[name]
    template = load_template(kept["template"], fresh=bool(kept["settings"]))
    export(tmp_path / "out", template=template, settings=kept["settings"])
    read = read_tokenizer(tmp_path / "out")
    assert read is not None
    assert read.encode(kept["sentence"]) == kept["tokens"]


# A model of one's own, and a workbook as it is now


def test_a_trained_model_comes_back_the_same(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("the cat sat on the mat .\na dog ran .\n" * 4, "utf-8")
    settings = {"layers": 1, "d_ff": 20, "d_model": 8, "activation": "relu"}
    weights = tmp_path / "own.npz"
    train(weights, template="gpt", data=tmp_path / "data.txt", steps=2, settings=settings)
    result = run("export", "--weights", str(weights), "--template", "gpt", "-o", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert "GPT2LMHeadModel, 36 words, float64" in result.output
    text = ["the cat sat on the"]
    before = make_instance("gpt", text, weights=weights, slots=3)
    after = make_instance(None, text, weights=tmp_path / "out", slots=3)
    assert after.sizes.options["activation"] == "relu"
    assert after.sizes.options["end"] == "."
    assert_same(before, after)


def test_edits_of_a_workbook_go_along(tmp_path: Path) -> None:
    path = tmp_path / "bert.xlsx"
    build(path, ["the [MASK] sat"], "bert", slots=8)
    book = openpyxl.load_workbook(path)
    for name, typed in (("encoder.0.W_O", 0.125), ("vocabulary", "das")):
        sheet, cells = book.defined_names[name].attr_text.rsplit("!", 1)
        book[sheet.strip("'")][cells.replace("$", "").partition(":")[0]] = typed
    book.save(path)
    export(tmp_path / "out", path)
    changed = np.asarray(read_source(tmp_path / "out").state["bert.encoder.layer.0.attention.output.dense.weight"])
    before = make_instance("bert").inputs["encoder.0.W_O"]
    assert changed[0, 0] == 0.125
    np.testing.assert_allclose(changed.T.ravel()[1:], before.ravel()[1:], rtol=1e-15)
    after = make_instance(None, ["the cat"], weights=tmp_path / "out")
    assert words_of(after) == ["das", *words_of(make_instance("bert"))[1:]]


def test_an_edited_epsilon_goes_along(tmp_path: Path) -> None:
    instance = make_instance("bert")
    inputs = {**instance.inputs, "epsilon": np.array([[1e-3]])}
    config = json.loads(folder_of(replace(instance, inputs=inputs), "it").files["config.json"])
    assert config["layer_norm_eps"] == 1e-3


def test_an_edited_base_of_sines_has_no_place() -> None:
    instance = make_instance("encoder-decoder", settings={"halves": True, "stretched": True})
    inputs = {**instance.inputs, "positions.base": np.array([[500.0]])}
    with pytest.raises(UserError, match=r"positions\.base is 500\.0, which no published model has"):
        folder_of(replace(instance, inputs=inputs), "it")


def test_a_model_that_writes_by_chance_does_so_there() -> None:
    instance = make_instance("gpt")
    turned = {"choose": "chance", "temperature": 0.5, "top_k": 3.0, "top_p": 0.9}
    inputs = {f"switches.{name}": np.array([[value]], dtype=object if name == "choose" else float)
              for name, value in turned.items()}  # fmt: skip
    likely, chance = (
        json.loads(folder_of(one, "it").files["generation_config.json"])
        for one in (instance, replace(instance, inputs={**instance.inputs, **inputs}))
    )
    assert likely["do_sample"] is False
    assert "top_k" not in likely
    assert chance | {"do_sample": True, "temperature": 0.5, "top_k": 3, "top_p": 0.9} == chance


def test_weights_as_a_dict_leave_too(tmp_path: Path) -> None:
    weights = {**load_template("gpt").weights}
    done = export(tmp_path / "out", template="gpt", weights=weights)
    assert done.name == "GPT2LMHeadModel"


def test_empty_rows_and_words_made_up_stay_behind(tmp_path: Path) -> None:
    done = export(tmp_path / "out", sentences=["the zebra sat"], template="gpt", settings={"spare_rows": 3})
    assert done.words == 36
    assert "zebra" not in (tmp_path / "out" / "tokenizer.json").read_text("utf-8")


TEXTS = [
    "The cat (small) sat, on the mat.", "well-known 3.14 x.y, 'quoted' \"said\" she", "(a) (b, [c] d] e) f)",
    "猫在垫子上睡觉。", "猫 在 垫子 上 睡觉 。", "GPT模型 很 好！", "小猫，“你好”", "don't stop... wait -- what?!",
    "'''a'''",
    "a:b c: d", "Mr. X's 5.", ".5 and 1,000,000 or 1,2", "A; B; C", "¿Qué tal?", "ok (see (this))", "Ünï",
]  # fmt: skip


@pytest.mark.parametrize("letters", [False, True])
@pytest.mark.parametrize("marks", [False, True])
def test_the_tokenizer_cuts_any_text_as_we_do(marks: bool, letters: bool) -> None:
    """Whatever its capitals, its punctuation and its script, with the words of all these texts on the list."""
    tokenizers = pytest.importorskip("tokenizers")
    cutting = Cutting(letters=letters, marks=marks)
    words = {word_key(word): word for text in TEXTS for word in Cutter(cutting).words(text)}
    facts = replace(facts_of(make_instance("gpt")), words=tuple(words.values()), cutting=cutting)
    made = tokenizers.Tokenizer.from_str(json.dumps(tokenizer(facts)))
    cutter = Cutter(cutting, words.values())
    for text in [*TEXTS, *map(str.upper, TEXTS)]:
        assert made.encode(text).tokens == cutter.words(text), text


def test_a_model_of_letters_and_one_with_an_unknown_word(tmp_path: Path) -> None:
    data = tmp_path / "rhymes.txt"
    data.write_text("Mary had a lamb, its fleece.\nAnd Mary went!\n", "utf-8")
    for name, options, text in (
        ("letters", {"letters": True}, "mary had"),
        ("few", {"most_words": 4}, "Mary had a zebra, its"),
    ):
        weights = tmp_path / f"{name}.npz"
        train(weights, template="gpt", data=data, steps=1, **options)
        done = export(tmp_path / name, weights=weights)
        before = make_instance(None, [text], weights=weights)
        after = make_instance(None, [text], weights=done.path)
        assert words_of(before) == words_of(after)
        count = len(Cutter(before.template.cut, words_of(before)).words(text))
        for k in range(count):
            assert before.inputs["sentence.words"][k] == after.inputs["sentence.words"][k]


def test_a_model_of_own_words_opens_on_one_of_them_and_writes_with_blanks(tmp_path: Path) -> None:
    """The template's own sentence has none of its words, and there is no word for unknown ones."""
    data, weights = tmp_path / "rhymes.txt", tmp_path / "rhymes.npz"
    data.write_text("Mary had a lamb, its fleece.\nAnd Mary went!\n", "utf-8")
    train(weights, template="gpt", data=data, steps=20)
    done = export(tmp_path / "out", weights=weights)
    assert set(make_instance(None, weights=done.path).sentences[0].split()) <= {"Mary", "had", "a", "And", "went"}
    there, here = (str(write("Mary had", weights=path)[0]) for path in (done.path, weights))
    assert there == here
    assert there.startswith("Mary had ")
    with pytest.raises(UserError, match="cannot cut 'the zebra'"):
        make_instance(None, ["the zebra"], weights=done.path)


# What has no place there


REFUSED = {
    "induction": "feed_forward is false, but GPT-2 has true",
    "encoder-decoder": "halves is false, but Marian has true",
    **dict.fromkeys(("encoder", "decoder", "multi-head"), "only PyTorch's own modules compute"),
}
"""Why whole models that ship have no class; lessons are no models of transformers."""


@pytest.mark.parametrize("template", [name for name in shipped_templates() if name not in SENTENCES])
def test_why_not_is_said_in_one_line(template: str, tmp_path: Path) -> None:
    result = run("export", "--template", template, "-o", str(tmp_path / "out"))
    if load_template(template).entry.writes and template not in REFUSED:
        assert result.exit_code == 0, result.stderr
        return
    assert result.exit_code == 2
    assert f"template {template} cannot be exported: " in result.stderr
    assert REFUSED.get(template, "no model of transformers computes") in result.stderr
    assert len(result.stderr.strip()) <= 300
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("template", "option", "value", "there"),
    [
        ("gpt", "pre_norm", False, "pre_norm is false, but GPT-2 has true"),
        ("gpt", "rms", True, "rms is true, but GPT-2 has false"),
        ("gpt", "biases", False, "biases is false, but GPT-2 has true"),
        ("gpt", "scaling", False, "scaling is false, but GPT-2 has true"),
        ("gpt", "feed_forward", False, "feed_forward is false, but GPT-2 has true"),
        ("gpt", "d_k", 5, "d_k is 5, but GPT-2 has 8"),
        ("gpt", "d_v", 5, "d_v is 5, but GPT-2 has 8"),
        ("gpt", "activation", "swiglu", 'activation is "swiglu", but GPT-2 has'),
        ("gpt", "parallel", True, "parallel is true, but GPT-2 has false"),
        ("llama", "pre_norm", False, "pre_norm is false, but LLaMA has true"),
        ("llama", "rms", False, "rms is false, but LLaMA has true"),
        ("llama", "activation", "relu", 'activation is "relu", but LLaMA has "swiglu"'),
        ("bert", "pre_norm", True, "pre_norm is true, but BERT has false"),
        ("bert", "biases", False, "biases is false, but BERT has true"),
        ("encoder-decoder", "pre_norm", True, "pre_norm is true, but Marian has false"),
    ],
)
def test_an_option_that_no_class_has_is_named(
    template: str, option: str, value: Any, there: str, tmp_path: Path
) -> None:
    settings = {option: value} | ({"halves": True} if template == "encoder-decoder" else {})
    with pytest.raises(UserError, match=re.escape(there)) as caught:
        export(tmp_path / "out", template=load_template(template, fresh=True), settings=settings)
    assert len(str(caught.value)) <= 290


def test_a_folder_is_replaced_only_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(out, template="gpt")
    with pytest.raises(UserError, match="to replace it"):
        export(out, template="llama")
    (out / "tokenizer_config.json").unlink()
    export(out, template="llama", force=True)
    assert "llama" in (out / "config.json").read_text("utf-8")
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"notes\.txt, which is not replaced"):
        export(out, template="gpt", force=True)
    assert (out / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_is_asked_for_must_be_clear(tmp_path: Path) -> None:
    for arguments, said in (
        (["-o", str(tmp_path / "out")], "give --weights, a --template or a workbook"),
        (["--template", "gpt"], "say with -o"),
        (["mine.xlsx", "--template", "gpt", "-o", str(tmp_path / "out")], "leave out --template"),
        (["--template", "gpt", "-o", str(tmp_path / "no" / "out")], "does not exist"),
    ):
        result = run("export", *arguments)
        assert result.exit_code == 2
        assert said in result.stderr


def test_a_word_that_stands_twice_is_named() -> None:
    instance = make_instance("gpt")
    words = instance.inputs["vocabulary"].copy()
    words[3, 0] = "the"
    with pytest.raises(UserError, match="'the' stands twice"):
        folder_of(replace(instance, inputs={**instance.inputs, "vocabulary": words}), "it")


def test_single_precision_where_that_holds_the_numbers() -> None:
    instance = make_instance("gpt")
    weights = {name: nine_digits(np.float32(x).astype(float)) for name, x in weights_of(instance).items()}
    folder = folder_of(replace(instance, inputs={**instance.inputs, **weights}, template=replace(
        instance.template, weights={})), "it")  # fmt: skip
    assert folder.dtype == "float32"
