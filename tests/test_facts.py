"""Fixed texts of the lessons that state facts about numbers: each against the numbers it speaks of.

A text that no longer says what is tested here fails, too, so that none can be changed without its test.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.template import template_folder
from xltransformer.graph import Array
from xltransformer.locale import read_texts

Values = dict[str, Array]
FACTS: list[tuple[str, str, str, str, Callable[[Instance, Values], bool]]] = []


def fact(template: str, note: str, en: str, zh: str) -> Callable[[Any], Any]:
    """Register the test of what a note of a template says, in so many words of each language."""

    def register(test: Callable[[Instance, Values], bool]) -> Callable[[Instance, Values], bool]:
        FACTS.append((template, note, en, zh, test))
        return test

    return register


@cache
def built(template: str) -> tuple[Instance, Values]:
    instance = make_instance(template, language="en")
    return instance, instance.trace()


def lines(name: str) -> list[str]:
    return (template_folder() / "data" / name).read_text("utf-8").splitlines()


def share(values: Values, lesson: str, sentence: int, who: str, whom: list[str]) -> float:
    """What a word gives to some words together."""
    words = [str(word) for word in values[f"sentence.{sentence}.words"][:, 0]]
    row = values[f"sentence.{sentence}.{lesson}.weights"][words.index(who)]
    return float(sum(row[words.index(word)] for word in whom))


def out(values: Values, lesson: str, sentence: int, who: str) -> Array:
    words = [str(word) for word in values[f"sentence.{sentence}.words"][:, 0]]
    return np.asarray(values[f"sentence.{sentence}.{lesson}.output"][words.index(who)])


PAIRS = {"cat-and-mouse": ("mouse", ["and", "are"]), "apple": ("苹果", ["和", "都", "很"])}


def test_the_two_meanings_lean_apart_more_with_weights_than_without() -> None:
    """What the notes of the first lessons say: the word is both alike; beside one neighbour its output leans one
    way, beside the other the other; some attention is spent on grammar words, with weights less."""
    for template, (word, grammar) in PAIRS.items():
        instance, values = built(template)
        listed = [str(one) for one in values["vocabulary"][:, 0]]
        embedding = values["embeddings"][listed.index(word)]
        assert embedding[0] == embedding[1]
        apart = {}
        for lesson in ("self_attention", "projected_attention"):
            first, second = (out(values, lesson, s, word) for s in (0, 1))
            assert first[0] > first[1] + 0.1
            assert second[1] > second[0] + 0.1
            apart[lesson] = (first[0] - first[1]) / np.abs(first).max()
        assert apart["projected_attention"] > apart["self_attention"]
        without, given = (share(values, lesson, 0, word, grammar) for lesson in apart)
        assert without > 0.15
        assert given < without
        assert "falls against lesson 1" in instance.template.notes["projected_attention"]["en"]


def with_inputs(template: str, **changed: Any) -> tuple[Values, Values]:
    """A workbook's values, and those with other inputs: for each name (dots as __) what takes a block's place."""
    instance, before = built(template)
    inputs = {name: value.copy() for name, value in instance.inputs.items()}
    for name, change in changed.items():
        change(inputs[name.replace("__", ".")])
    return before, instance.model.trace(inputs)


@pytest.mark.parametrize("temperature", [2.1, 3, 4, 20])
@pytest.mark.parametrize("template", PAIRS)
def test_a_high_temperature_lowers_the_largest_share_and_raises_those_of_grammar_words(
    template: str, temperature: float
) -> None:
    before, after = with_inputs(template, switches__temperature=lambda x: x.fill(temperature))
    word, grammar = PAIRS[template]
    for lesson in ("self_attention", "projected_attention"):
        for one in grammar:
            assert share(after, lesson, 0, word, [one]) > share(before, lesson, 0, word, [one])
        assert share(after, lesson, 0, word, [word]) < share(before, lesson, 0, word, [word])


@pytest.mark.parametrize("number", [0, 0.25, 0.49])
def test_a_neighbour_with_less_in_common_gets_less(number: float) -> None:
    for template, s, neighbour, column in (("cat-and-mouse", 0, "cat", 0), ("apple", 1, "手机", 1)):
        listed = [str(one) for one in built(template)[1]["vocabulary"][:, 0]]

        def change(x: Array, at: tuple[int, int] = (listed.index(neighbour), column)) -> None:
            x[at] = number

        before, after = with_inputs(template, embeddings=change)
        word = PAIRS[template][0]
        for lesson in ("self_attention", "projected_attention"):
            assert share(after, lesson, s, word, [neighbour]) < share(before, lesson, s, word, [neighbour])
            assert out(after, lesson, s, word)[column] < out(before, lesson, s, word)[column]


@fact("byte-pair", "byte_pair", "read: as low and est", "拆成 low 和 est")
def lowest(instance: Instance, values: Values) -> bool:
    return "low est" in " ".join(str(t) for t in values["sentence.0.byte_pair.text"].ravel())


@fact(
    "gpt", "embedding", "has learned 1,674 short sentences about eight animals", "学过 1674 个关于八种动物的短句"
)
def stories(instance: Instance, values: Values) -> bool:
    animals = ["cat", "kitten", "rabbit", "dog", "puppy", "bird", "crow", "mouse"]
    told = lines("animals.train.txt")
    return len(told) == 1674 and all(any(animal in line.split() for line in told) for animal in animals)


@fact("bert", "hidden_word", "Three animals live on the mat; cat comes first because", "住在垫子上的动物有三种")
def on_the_mat(instance: Instance, values: Values) -> bool:
    ends = [re.search(r"(\w+)( that .*)? sat on the mat", line) for line in lines("animals.train.txt")]
    met = [line.split() for line, end in zip(lines("animals.train.txt"), ends, strict=True) if end]
    animals = ["cat", "kitten", "rabbit", "dog", "puppy", "bird", "crow", "mouse"]
    counts = {a: sum(line.split().count(a) for line in lines("animals.train.txt")) for a in animals}
    first = {line[2] if line[1] not in animals else line[1] for line in met} & set(animals)
    row = values["prediction.probabilities"][1]
    listed = [str(word) for word in values["vocabulary"][:, 0]]
    ranked = [listed[k] for k in np.argsort(-row)[:3]]
    three = ["cat", "kitten", "rabbit"]
    return first == set(ranked) == set(three) and ranked[0] == "cat" == max(three, key=lambda a: counts[a])


@fact("sort-letters", "embedding", "about 85,500 learned numbers", "大约 85500 个学来的数")
def learned_numbers(instance: Instance, values: Values) -> bool:
    parameters = sum(values[block.name].size for block in instance.model.parameters)
    return abs(parameters - 85_500) < 100 and len(lines("sorting.train.tsv")) == 583


@fact("sort-letters", "embedding", "583 of the 729 rows of six letters", "729 种六字母排列里它学了 583 种")
def all_rows(instance: Instance, values: Values) -> bool:
    return len({*lines("sorting.train.tsv"), *lines("sorting.valid.tsv")}) == 729 == 3**6


@fact("encoder-decoder", "prediction", "It has learned 1,046 pairs of sentences", "它学过 1046 对句子")
def pairs(instance: Instance, values: Values) -> bool:
    return len(lines("translation.train.tsv")) == 1046


@fact("names", "embedding", "has learned 1,800 first names", "学过 1990 年美国人口普查中的 1800 个名字")
def numbers_kept(instance: Instance, values: Values) -> bool:
    """As many numbers are kept, all different."""
    numbers = values["learned.numbers"].ravel()
    return len({*numbers[numbers > 0].tolist()}) == 1800 == values["learned.count"].item()


@fact("names", "prediction", "takes 3.08 bits a letter", "平均需要 3.08 比特")
@fact("names", "prediction", "follows which takes 3.43", "需要 3.43 比特")
@fact("names", "prediction", "the same model in PyTorch 3.13", "用 PyTorch 训练，需要 3.13 比特")
def bits(instance: Instance, values: Values) -> bool:
    """As they were measured (scripts/held_out.py, scripts/names_in_torch.py)."""
    told = {}
    for name in ("measured", "torch"):
        told |= tomllib.loads((template_folder() / "weights" / f"names.{name}.toml").read_text("utf-8"))
    return [f"{told['bits'][0]:.2f}", f"{told['bits_pairs'][0]:.2f}", f"{told['bits_torch']:.2f}"] == [
        "3.08", "3.43", "3.13",
    ]  # fmt: skip


@fact("induction", "prediction", "three to eight of them", "三到八个")
def letters_before(instance: Instance, values: Values) -> bool:
    """Between the first letters, which all differ, and the first one that comes again."""
    counts = set()
    for line in lines("induction.train.tsv"):
        read = line.split("\t")[0].split()
        counts.add(len(read) - 1)
        if len(set(read[:-1])) != len(read) - 1 or read[-1] not in read[:-1]:
            return False
    return (min(counts), max(counts)) == (3, 8)


@fact("induction", "embedding", "looks at the letter after the earlier A", "关注上一个 A 后面的字母")
def three_heads(instance: Instance, values: Values) -> bool:
    """Where heads of the first layer look, from the letters of the input, and one of the second from the last."""
    words = [str(word) for word in values["sentence.words"][:7, 0]]
    earlier = words.index(words[6])
    same, before, after = (values[f"decoder.{name}.weights"] for name in ("0.head.0", "0.head.1", "1.head.1"))
    looks_before = all(before[k].argmax() == k - 1 for k in range(1, 7))
    return looks_before and same[6].argmax() == earlier and after[6].argmax() == earlier + 1


@fact("backpropagation", "backpropagation", "two shares that sum to 1", "两个和为 1 的占比")
def sums_to_one(instance: Instance, values: Values) -> bool:
    target = values["objective.target"]
    return np.allclose(values["backpropagation.shares"].sum(axis=1), 1) and np.array_equal(target, np.eye(2))


@fact("trainable-attention", "trainable_attention", "40 times", "走 40 次")
def forty_steps(instance: Instance, values: Values) -> bool:
    return values["training.losses"].shape == (1, 41)


def test_without_positions_a_word_gets_the_same_in_any_order() -> None:
    """What the section says: change the order of the words, and each still gets the same."""
    assert "each word still gets the same" in read_texts("en")["section.without_positions.intro"]
    _, values = built("positions")
    outputs = [
        {str(word): row for word, row in zip(words[:, 0], made, strict=True)}
        for words, made in (
            (values[f"sentence.{s}.words"], values[f"sentence.{s}.without_positions.output"]) for s in (0, 1)
        )
    ]
    assert outputs[0].keys() == outputs[1].keys()
    for word, row in outputs[0].items():
        np.testing.assert_allclose(row, outputs[1][word], atol=1e-12)


def test_rotary_scores_of_the_same_words_depend_on_the_distance_alone() -> None:
    assert "along the diagonals" in read_texts("en")["section.rotary.intro"]
    scores = built("rotary")[1]["rotary.scores"][:5, :5]
    for k in range(-4, 5):
        assert np.ptp(np.diagonal(scores, k)) < 1e-12


@pytest.mark.parametrize(("template", "note", "en", "zh", "test"), FACTS)
def test_a_note_is_true(template: str, note: str, en: str, zh: str, test: Any) -> None:
    instance, values = built(template)
    said = instance.template.notes[note]
    assert en in said["en"]
    assert zh in said["zh"]
    assert test(instance, values)
