"""The encoder that judges reviews: what its first sheet says against what the words and numbers mean."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest
import training_data as td

from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.parse import load_template
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.locale import load_messages
from xltransformer.teaching.pictures import Answer
from xltransformer.workbook.layout import lay_out

DEFAULT = "i found the film not bad though the ending very dull"
ROWS = dict(zip(load_template("encoder").table.words, load_template("encoder", "zh").table.words, strict=True))


def read(words: Sequence[str], language: str = "en", watched: str = "") -> tuple[Instance, dict[str, Array]]:
    """The shipped model over words, of which some may be empty."""
    instance = make_instance("encoder", language=language, settings={"slots": 2})
    inputs = dict(instance.inputs)
    typed = [*words, *[""] * (inputs["sentence.words"].size - len(words))]
    if language == "zh":
        typed, watched = [ROWS.get(word, word) for word in typed], ROWS.get(watched, watched)
    inputs["sentence.words"] = np.array(typed, dtype=object).reshape(-1, 1)
    if watched:
        inputs["watch.word"] = np.array([[watched]], dtype=object)
    return instance, instance.model.trace(inputs)


def said(instance: Instance, values: dict[str, Array], answer: Answer, language: str) -> str:
    """The sentence of an answer, filled from the values."""
    holds = answer.holds is None or values[answer.holds.name].item() == 1
    key = f"answer.{answer.key}" if holds else answer.otherwise
    facts = {name: values[fact.block.name][fact.row, fact.column] for name, fact in answer.facts.items()}
    filled = {n: f"{x:.2f}" if isinstance(x, float) else str(x) for n, x in facts.items()}
    return re.sub(r"{(\w+)}", lambda found: filled[found[1]], load_messages(language).pattern(key))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "one", td.more_reviews()[:12] + td.reviews_never_met()[:6], ids=lambda one: " ".join(one[0])
)
def test_a_review_is_judged_as_the_grammar_judges_it(one: td.Review, language: str) -> None:
    """In Chinese word for word, by the same weights; after layer 1 each half says what it says by itself."""
    _, values = read(one.words, language)
    names = [str(name) for name in values["classifier.classes"].ravel()]
    assert names == (["kind", "unkind"] if language == "en" else ["好评", "差评"])
    verdict = [td.KIND, td.UNKIND].index(one.verdict)
    assert values["classification.class"].item() == names[verdict]
    scores = values["reading.by_layer"][: len(one.words)]
    np.testing.assert_allclose(scores.mean(axis=0), values["reading.mean_score"][0])
    share = 1 / (1 + np.exp(-values["reading.mean_score"][0, -1]))
    np.testing.assert_allclose(values["classification.class_probabilities"], [[share, 1 - share]], atol=1e-12)
    for word, score, part in zip(one.words, scores, one.parts, strict=True):
        if word in td.QUALITY:
            assert (score[0] > 0) == (td.QUALITY[word] == td.KIND)  # by itself
            assert (score[1] > 0) == (part == td.KIND)  # with its neighbours


def emptied(k: int) -> list[str]:
    return [word if at != k else "" for at, word in enumerate(DEFAULT.split(), start=1)]


@pytest.mark.parametrize("watched", [*dict.fromkeys(DEFAULT.split()), "music", "zebra", "ENDING"])
@pytest.mark.parametrize("words", [DEFAULT.split(), emptied(5), ["zebra", *DEFAULT.split()[1:]], ["bad"], []])
def test_what_is_said_is_true(words: list[str], watched: str) -> None:
    for language in ("en", "zh"):
        instance, values = read(words, language, watched)
        judged, way, most = (said(instance, values, a, language) for a in instance.model.headline.answers)
        known = {word: k for k, word in reversed(list(enumerate(words))) if word in ROWS}
        scores = values["reading.by_layer"]
        name = values["classification.class"].item()
        if not known:
            assert judged == most == load_messages(language).pattern("answer.no_word")
        else:
            numbers = re.findall(r"-?\d+\.\d\d", judged)
            mean = scores[[k for k, word in enumerate(words) if word in ROWS]].mean(axis=0)
            assert f"“{name}”" in judged
            assert numbers[1:] == [f"{x:.2f}" for x in mean]
            assert name == values["classifier.classes"].ravel()[int(mean[-1] < 0)]
            loudest = max(known, key=lambda word: abs(scores[known[word], 0]))
            assert f"“{loudest if language == 'en' else ROWS[loudest]}”" in most
            assert re.findall(r"-?\d+\.\d\d", most) == [f"{scores[known[loudest], 0]:.2f}"]
        word = values["watch.shown"].item()  # what is chosen, or what stands in its place
        at = {ROWS[w] if language == "zh" else w: k for w, k in known.items()}.get(word.lower())
        if at is None:
            assert way == load_messages(language).pattern("answer.not_read").replace("{word}", word)
        else:
            assert re.findall(r"-?\d+\.\d\d", way) == [f"{x:.2f}" for x in scores[at]]
            sides = [str(values["classifier.classes"].ravel()[int(x < 0)]) for x in scores[at]]
            assert re.findall("“([^”]*)”", way) == [word, *sides]


def test_not_taken_out_by_emptying_its_cell_makes_the_review_unkind() -> None:
    _, values = read(emptied(5))
    assert values["classification.class"].item() == td.UNKIND
    assert values["reading.by_layer"][5, 1] < 0


def test_heads_look_where_the_notes_say() -> None:
    """In layer 1, head 2 looks from “bad” at “not”; in layer 2, head 2 from everywhere at “but”."""
    _, values = read(DEFAULT.replace("though", "but").split())
    assert values["encoder.0.head.1.weights"][5].argmax() == 4
    assert (values["encoder.1.head.1.weights"][:11].argmax(axis=1) == 6).all()
    assert read(DEFAULT.split())[1]["watch.lesson"].item() == "Layer 1, head 2"


@pytest.mark.parametrize("layers", [1, 3])
def test_other_classes_and_layers(layers: int) -> None:
    instance = make_instance("encoder", settings={"classes": ["good", "fair", "poor"], "layers": layers})
    values = instance.trace()
    assert not instance.template.trained
    lay_out(instance, values, load_messages("en"))
    scores, logits = values["reading.by_layer"], values[f"reading.stage.{layers}.logits"]
    assert scores.shape[1] == layers + 1
    np.testing.assert_allclose(scores[:11, -1], (logits[:, 0] - logits[:, 1:].mean(axis=1))[:11])
    np.testing.assert_allclose(values["classification.logits"][0], logits[:11].mean(axis=0))


def test_one_class_is_too_few() -> None:
    with pytest.raises(UserError, match="classes has 'good' alone: give at least two names"):
        make_instance("encoder", settings={"classes": ["good"]})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_classes_by_language_leave_the_other_sizes(language: str) -> None:
    """The class names stand under `languages`; the width that is drawn for new training does not."""
    fresh = load_template("encoder", language, fresh=True)
    assert len(fresh.table.dimensions) == 12
    assert fresh.sizes["layers"] == 2
    assert fresh.sizes["classes"] == (["kind", "unkind"] if language == "en" else ["好评", "差评"])
