"""The languages that the trained models learn: what belongs to them, and that nothing held out is learned."""

from __future__ import annotations

import importlib.util
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training_data", ROOT / "scripts" / "training_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


td = _load()


def lines(name: str) -> list[str]:
    return (td.DATA / name).read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("animals", td.animals), ("translation", td.translation), ("sorting", td.sorting),
        ("induction", td.induction), ("backwards", td.backwards),
        ("neighbours", td.neighbours), ("paraphrases", td.paraphrases),
    ],
)  # fmt: skip
def test_the_files_are_what_the_grammar_makes_and_nothing_held_out_is_learned(name: str, made: object) -> None:
    ending = "txt" if name == "animals" else "tsv"
    found = [lines(f"{name}.{part}.{ending}") for part in ("train", "valid")]
    for items, read in zip(made(), found, strict=True):  # type: ignore[operator]
        assert read == [" ".join(item) if ending == "txt" else "\t".join(map(" ".join, item)) for item in items]
        assert len(set(read)) == len(read) > 100
    sources = [{line.partition("\t")[0] for line in read} for read in found]
    assert not sources[0] & sources[1]
    for part in ("train", "valid"):
        assert (td.DATA / f"{name}.{part}.{ending}").stat().st_size < 300_000


def test_the_files_of_reviews_are_what_the_grammar_makes_and_nothing_held_out_is_learned() -> None:
    read = [lines(f"reviews.{part}.tsv") for part in ("train", "valid")]
    for made, found in zip(td.reviews(), read, strict=True):
        assert found == [td.review_line(one) for one in made]
        assert len(set(found)) == len(found) >= 300
    learned, held_out = ({line.partition("\t")[0] for line in found} for found in read)
    further = {" ".join(one.words) for one in (*td.more_reviews(), *td.reviews_never_met())}
    assert not learned & held_out
    assert not (learned | held_out) & further
    assert not any(" ".join(pair) in text for text in learned for pair in td.NEVER_MET)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("good", "kind"), ("dull", "unkind"), ("not bad", "kind"), ("never dull", "kind"),
        ("hardly good", "unkind"), ("not too good", "unkind"), ("very bad", "unkind"), ("good and lively", "kind"),
        ("good and bad", None), ("not bad and dull", None), ("good but the ending dull", "unkind"),
        ("not bad but the ending really dull", "unkind"), ("not bad though the ending very dull", "kind"),
        ("dull though lively", "unkind"), ("good but", None), ("good but the film bad", None), ("not", None),
    ],
)  # fmt: skip
def test_a_review_is_kind_where_what_counts_in_it_is(said: str, verdict: str | None) -> None:
    found = td.review(f"i found the film {said}")
    assert (found and found.verdict) == verdict


def test_held_out_beginnings_begin_a_sentence_and_no_learned_one() -> None:
    beginnings = [tuple(line.split()) for line in lines("animals.beginnings.txt")]
    assert len(set(beginnings)) == 200
    learned = {
        tuple(words[:k]) for words in map(str.split, lines("animals.train.txt")) for k in range(len(words) + 1)
    }
    for beginning in beginnings:
        assert beginning not in learned
        assert td.next_words(" ".join(beginning))


def test_every_learned_and_held_out_sentence_is_grammatical_and_spoiled_ones_are_not() -> None:
    for part in ("train", "valid"):
        assert all(td.grammatical(line) for line in lines(f"animals.{part}.txt"))
    for spoiled in ("the cat sat on the rug", "the cat sat on mat", "cat sat on the mat", "the cat ate a bone",
                    "the cat that saw the dog sat on the rug", "the cat saw the cat", "", "the"):  # fmt: skip
        assert not td.grammatical(spoiled)


def test_what_may_follow_and_what_may_stand_hidden() -> None:
    assert td.next_words("the cat sat on the") == {"mat"}
    assert td.next_words("the cat that saw the dog sat on the") == {"mat"}
    assert td.next_words("the dog sat under the") == {"tree", "table"}
    assert td.END in td.next_words("the cat sat on the mat")
    assert td.next_words("the the") == frozenset()
    assert td.fitting("the [MASK] sat on the mat") == {"cat", "kitten", "rabbit"}
    assert td.fitting("the dog ate the [MASK]") == {"bone"}


def test_translations_read_as_they_should() -> None:
    known = dict(td.translation_pairs())
    for chinese, english in (
        ("猫 吃 鱼", "the cat eats fish"),
        ("猫 在 垫子 上 睡觉", "the cat sleeps on the mat"),
        ("今天 小 狗 在 桌子 下 吃 肉", "the small dog eats meat under the table today"),
    ):
        assert known[tuple(chinese.split())] == tuple(english.split())
    assert len(known) == len(td.translation_pairs())


def test_the_tasks_of_letters_and_names() -> None:
    learned, held_out = td.sorting()
    assert {read for read, _ in (*learned, *held_out)} == set(product("ABC", repeat=6))
    assert all(list(said) == sorted(read) for read, said in (*learned, *held_out))
    assert td.follow(tuple("DFABCEA"), 4) == tuple("BCEA")
    for read, said in (pair for pairs in td.induction() for pair in pairs):
        assert len(set(read)) == len(read) - 1
        assert len(read) + len(said) <= td.ROOM
        assert said[0] == read[read.index(read[-1]) + 1]
    assert td.neighbours_of(("cat", "dog", "hen")) == ("nobody-dog", "cat-hen", "dog-nobody")
    for read, said in (pair for pairs in td.backwards() for pair in pairs):
        assert read == (*said[::-1], *[td.BACK] * len(said))
