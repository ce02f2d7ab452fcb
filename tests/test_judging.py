"""Published classifiers: what their config says of classes, pairs of sentences, and what they learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kept import USUAL
from test_published import refusal, saved_model, word_pieces

from xltransformer import api
from xltransformer.building.instance import Instance, make_instance
from xltransformer.difference import diff
from xltransformer.errors import UserError
from xltransformer.training.task import word_task

TORCH, OLDER = "torch.nn.modules", "sbert_ce_default_activation_function"
NUMBER = {"sentence_transformers": {"activation_fn": f"{TORCH}.linear.Identity"}}
PAIR = ["w3 w4 w2", "w5 w2"]


def made(folder: Path, name: str, sentences: list[str], settings: Any = None, **changes: Any) -> Instance:
    saved_model(name, folder, **changes)
    options: dict[str, Any] = {"weights": folder, "vocabulary": folder / "words.json", "spare": False}
    return make_instance(None, sentences, **options, settings=settings)


def answers(instance: Instance) -> list[str]:
    return [answer.key for answer in instance.model.headline.answers]


@pytest.mark.parametrize(
    ("name", "changes", "classes", "said"),
    [
        ("bert-sequence", {}, ["NEG", "so-so", "POS"], "judged"),
        ("bert-sequence", {"id2label": None, "num_labels": 3}, ["LABEL_0", "LABEL_1", "LABEL_2"], "judged"),
        ("bert-sequence", {"problem_type": "single_label_classification"}, ["NEG", "so-so", "POS"], "judged"),
        ("bert-sequence", {"problem_type": "multi_label_classification"}, ["NEG", "so-so", "POS"], "labelled"),
        ("bert-sequence", {"problem_type": "regression"}, ["NEG", "so-so", "POS"], "valued_most"),
        ("roberta-sequence", {}, ["NEG", "so-so", "POS"], "judged"),
        ("camembert-sequence", {}, ["LABEL_0", "LABEL_1"], "judged"),
        ("bert-cross", {}, ["LABEL_0"], "scored"),
        ("bert-cross", {"problem_type": "regression"}, ["LABEL_0"], "valued"),
        ("bert-cross", NUMBER, ["LABEL_0"], "valued"),
        ("bert-cross", {OLDER: f"{TORCH}.activation.Sigmoid"}, ["LABEL_0"], "scored"),
        ("distilbert-words", {}, ["LABEL_0", "LABEL_1"], "word_judged"),
    ],
)  # fmt: skip
def test_classes_have_their_names_and_their_way_to_answer(
    name: str, changes: dict[str, Any], classes: list[str], said: str, tmp_path: Path
) -> None:
    instance = made(tmp_path, name, ["w3 w4 w5"], **changes)
    assert instance.inputs["classifier.classes"].ravel().tolist() == classes
    assert answers(instance)[0] == said
    assert not instance.warnings


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("bert-sequence", {"problem_type": "ranking"}, "problem_type ranking is not built"),
        ("bert-sequence", {"id2label": {"0": "a", "2": "b"}}, "id2label"),
        ("bert-sequence", {"id2label": {"0": "a", "1": "b"}}, "a number of classes of 2, but the weights have 3"),
        ("bert-sequence", {"num_labels": 4}, "num_labels 4 is not built (id2label names 3)"),
        ("bert-sequence", {"architectures": ["BertForMultipleChoice"]}, "BertForMultipleChoice"),
        (
            "bert-cross",
            {"sbert_ce_default_activation_function": "torch.nn.Softplus"},
            "torch.nn.Softplus is not built",
        ),
    ],
)
def test_a_classifier_that_would_be_another_is_refused(
    name: str, changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert said in refusal(name, changes, tmp_path)


def test_two_sentences_are_a_pair_or_two(tmp_path: Path) -> None:
    """By itself where there is one class; asked for, else: an NLI model has three."""
    pair = made(tmp_path, "bert-cross", PAIR)
    assert pair.sentences == ("w3 w4 w2 w5 w2",)
    assert pair.trace()["encoder.kind"].ravel().tolist() == [1, 1, 1, 2, 2]
    alone = made(tmp_path, "bert-sequence", PAIR)
    assert len(alone.sentences) == 2
    assert "each sentence is judged by itself" in alone.warnings[0]
    asked = made(tmp_path, "bert-sequence", PAIR, {"pair": 1})
    assert asked.trace()["encoder.kind"].ravel().tolist() == [1, 1, 1, 2, 2]
    assert len(made(tmp_path, "bert-cross", PAIR, {"pair": 0}).sentences) == 2
    assert made(tmp_path, "roberta-sequence", PAIR, {"pair": 1}).sentences == ("w3 w4 w2 w2 w5 w2",)
    assert "encoder.kind" not in made(tmp_path, "roberta-sequence", PAIR, {"pair": 1}).model.blocks
    for sentences, settings, said in (
        ([*PAIR, "w2"], None, "3 sentences are no pair"),
        (PAIR[:1], {"pair": 1}, "1 sentence is no pair"),
        (["w3 w4", "w5 w6"], None, "a pair takes one separator"),
        (["w2 w4 w2", "w2"], None, "a pair takes one separator"),
        (["w3 w4 w2", "w3 w2"], None, "both sentences of the pair begin with 'w3'"),
        (PAIR, {"pair": 2}, "setting pair is 2"),
    ):
        with pytest.raises(UserError, match=said):
            made(tmp_path, "bert-cross", sentences, settings)


def test_a_tokenizer_frames_the_pair(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    saved_model("bert-cross", tmp_path, vocab_size=None)
    vocabulary = word_pieces(tmp_path)
    vocabulary.write_text("\n".join(vocabulary.read_text().splitlines()[:11]) + "\n")
    instance = make_instance(None, ["the cat", "cats"], weights=tmp_path, vocabulary=vocabulary, spare=False)
    assert instance.sentences == ("[CLS] the cat [SEP] cat ##s [SEP]",)
    assert instance.trace()["encoder.kind"].ravel().tolist() == [1, 1, 1, 1, 2, 2, 2]


def test_weights_alone_are_told_what_they_are_taken_for(tmp_path: Path) -> None:
    saved_model("roberta-words", tmp_path)
    (tmp_path / "config.json").unlink()
    options: dict[str, Any] = {
        "weights": tmp_path,
        "vocabulary": tmp_path / "words.json",
        "settings": {"heads": 2},
    }
    instance = make_instance(None, ["w3 w4"], **options)
    assert any("taken to classify words" in line for line in instance.warnings)
    assert instance.inputs["classifier.classes"].ravel().tolist() == ["LABEL_0", "LABEL_1"]


@pytest.mark.parametrize("engine", USUAL)
@pytest.mark.parametrize("name", ["bert-cross", "distilbert-sequence", "roberta-words"])
def test_the_sheets_of_classifiers_agree(name: str, engine: str, tmp_path: Path) -> None:
    saved_model(name, tmp_path)
    changes: dict[str, Any] = {"weights": tmp_path, "vocabulary": tmp_path / "words.json"}
    settings = {"layers": 1, "gradients": int(not name.startswith("distilbert"))}
    sentences = PAIR if name.endswith("cross") else PAIR[:1]
    api.build(tmp_path / "book.xlsx", sentences, slots=1, settings=settings, **changes)
    assert diff(tmp_path / "book.xlsx", engine, tolerance=1e-9).ok


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("bert-sequence", {}),
        ("bert-sequence", {"problem_type": "multi_label_classification"}),
        ("bert-sequence", {"problem_type": "regression"}),
        ("distilbert-sequence", {}),
        ("bert-words", {}),
    ],
)
def test_the_gradients_of_a_classifier_are_slopes(name: str, changes: dict[str, Any], tmp_path: Path) -> None:
    instance = made(tmp_path, name, ["w3 w4 w5"], {"gradients": 1}, **changes)
    found, h = instance.trace(), 1e-5
    for block, i, j in (("classifier.W", 1, 0), ("encoder.0.W_O", 2, 3), ("position_embeddings", 1, 2)):
        losses = []
        for step in (h, -h):
            moved = {name: value.copy() for name, value in instance.inputs.items()}
            moved[block][i, j] += step
            losses.append(float(instance.model.trace(moved)["objective.loss"].item()))
        assert found[f"gradient.{block}"][i, j] == pytest.approx(
            (losses[0] - losses[1]) / (2 * h), rel=1e-5, abs=1e-8
        )


def test_what_the_first_word_takes_adds_up_to_what_attention_makes(tmp_path: Path) -> None:
    values = made(tmp_path, "bert-sequence", ["w3 w4 w5"]).trace()
    whole = values["takes_in.added"].sum(axis=0) + values["encoder.1.b_O"][0]
    np.testing.assert_allclose(whole, values["encoder.1.attended"][0], atol=1e-12)
    assert values["takes_in.share"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "sentences", "settings"),
    [("roberta-pads", ["w3 w1 w4 w1 w5"], {}), ("bert-sequence", PAIR, {"pair": 1})],
)
def test_batches_know_where_pads_stand_and_what_parts_two_texts(
    name: str, sentences: list[str], settings: dict[str, Any], tmp_path: Path
) -> None:
    """A batch has indices alone, but pads and the second text are found by words."""
    instance = made(tmp_path, name, sentences, settings)
    values = instance.trace()
    index = values["sentence.index"]
    task = word_task(instance, [len(index)])
    assert len(task.asked) == 1
    weights = {block.name: instance.inputs[block.name].astype(float) for block in task.learned}
    none = np.zeros((1, task.model.blocks[task.batched[1]].shape[0], 1))
    _, (logits,) = task.look(weights, dict(zip(task.batched, (index[None], none, none), strict=True)))
    assert logits[0] == pytest.approx(values[task.results[0]], rel=1e-4, abs=1e-4)


def test_a_classifier_learns_classes_from_a_file(tmp_path: Path) -> None:
    saved_model("bert-sequence", tmp_path)
    data, losses = tmp_path / "data.txt", list[float]()
    data.write_text("w3 w4\tPOS\nw5 w6\tNEG\n")
    api.train(
        tmp_path / "learned.npz", template="bert", data=data, steps=60, weights=tmp_path,
        vocabulary=tmp_path / "words.json", tell=lambda progress: losses.append(progress.loss),
    )  # fmt: skip
    assert losses[-1] < 0.5
