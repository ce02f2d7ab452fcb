"""Sentences become words, and words become numbers, alike everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xltransformer.text import alike_key, clean, pseudo_random, split_sentence, word_key


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("Cat and mouse.", ["cat", "and", "mouse"]),
        ("  Cat \t and\n mouse  ", ["cat", "and", "mouse"]),
        ("cat,mouse;dog!bird?fish", ["cat", "mouse", "dog", "bird", "fish"]),
        ("cat...mouse… dog", ["cat", "mouse", "dog"]),
        ("cat — mouse—dog - bird – fish", ["cat", "mouse", "dog", "bird", "fish"]),
        ("She said: “cat”, «mouse», 'dog', \"bird\".", ["she", "said", "cat", "mouse", "dog", "bird"]),
        ("(cat) [mouse] {dog} (bird", ["cat", "mouse", "dog", "bird"]),
        ("¿Qué? ¡Gato!", ["qué", "gato"]),
        ("", []),
        (" \t\n\u3000", []),
        ("... , ; : ! ? ' \" ( ) [ ] - – —", []),
        ("。，、；：！？…—「」『』《》【】（）", []),
    ],
)
def test_white_space_and_punctuation_part_words(sentence: str, words: list[str]) -> None:
    assert split_sentence(sentence) == words


@pytest.mark.parametrize(
    "token",
    ["don't", "o’clock", "well-known", "3.14", ".5", "-2", "1,000", "1,000.5", "10:30", "http://x.org/a", "a_b",
     "f(x)", "=1+1", "+cmd", "@x", "=sum(a1:a2)", "*", "~x", "a*b", "#div/0", "c++", "%", "x" * 500, "ß",
     "🐱", "👨‍👩‍👧", "👍🏽", "❤️", "🇨🇳", "שלום", "مرحبا", "नमस्ते", "สวัสดี", "고양이", "é"],
)  # fmt: skip
def test_token_stays_whole(token: str) -> None:
    assert split_sentence(f"cat {token} mouse") == ["cat", token, "mouse"]
    assert split_sentence(f"{token}.") == [token]


def test_right_to_left_text_is_kept_in_its_own_order() -> None:
    assert split_sentence("שלום, עולם!") == ["שלום", "עולם"]
    assert split_sentence("مرحبا، يا قطة؟") == ["مرحبا", "يا", "قطة"]


def test_words_are_spelled_as_in_the_vocabulary_else_in_lower_case() -> None:
    assert split_sentence("CAT Mouse DOG", ["Cat", "MOUSE"]) == ["Cat", "MOUSE", "dog"]


def test_letters_are_composed() -> None:
    assert split_sentence("cafe\u0301") == ["caf\u00e9"]


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("猫和老鼠", ["猫", "和", "老", "鼠"]),
        ("猫和老鼠。", ["猫", "和", "老", "鼠"]),
        ("我喜欢猫，你喜欢狗。", list("我喜欢猫你喜欢狗")),  # a comma is no division into words
        ("我喜欢猫， 你喜欢狗", list("我喜欢猫你喜欢狗")),
        ("猫 和 老鼠", ["猫", "和", "老鼠"]),
        ("我 喜欢 猫，你 喜欢 狗！", ["我", "喜欢", "猫", "你", "喜欢", "狗"]),
        ("我们 love 猫咪", ["我们", "love", "猫咪"]),
        ("用Excel做表格", ["用", "excel", "做", "表", "格"]),
        ("猫——老鼠……狗", ["猫", "老", "鼠", "狗"]),
        ("卡尔·马克思", ["卡", "尔", "马", "克", "思"]),
        ("“猫”（老鼠）《狗》", ["猫", "老", "鼠", "狗"]),
        ("猫(狗).价:3.14元", ["猫", "狗", "价", "3.14", "元"]),
        ("ねこ・イヌ", ["ね", "こ", "イ", "ヌ"]),
        ("𠮷野", ["𠮷", "野"]),
    ],
)
def test_chinese_and_japanese(sentence: str, words: list[str]) -> None:
    assert split_sentence(sentence) == words


def test_longest_vocabulary_word_first() -> None:
    assert split_sentence("中年人", ["中年", "中"]) == ["中年", "人"]
    assert split_sentence("寫代碼的中年人", ["中年", "中年人", "代碼"]) == ["寫", "代碼", "的", "中年人"]
    assert split_sentence("中年,中年人", ["中年", "中年人"]) == ["中年", "中年人"]
    assert split_sentence("人々が", ["人々"]) == ["人々", "が"]


def test_vocabulary_may_have_a_dash() -> None:
    assert split_sentence("5 - 2") == ["5", "2"]
    assert split_sentence("5 - 2", ["-"]) == ["5", "-", "2"]


@pytest.mark.parametrize(
    "junk", ["\x00", "\x07", "\x1b", "\x7f", "\ud800", "\ufffe", "\uffff", "\u200b", "\ufeff"]
)
def test_characters_that_no_workbook_can_hold_are_taken_out(junk: str) -> None:
    assert junk not in clean(f"cat{junk}")
    assert split_sentence(f"cat {junk} mouse{junk}") == ["cat", "mouse"]


@pytest.mark.parametrize(
    ("one", "other"), [("Cat", "cAT"), ("É", "é"), ("ΛΌΓΟΣ", "λόγος"), ("А", "а"), ("ẞ", "ß")]
)
def test_spellings_of_one_word(one: str, other: str) -> None:
    assert word_key(one) == word_key(other)


ALIKE = [
    ("maße", "masse"), ("æsir", "aesir"), ("œuvre", "oeuvre"), ("ς", "σ"), ("ı", "i"), ("ﬁ", "fi"), ("ａｂ", "ab"),
    ("ｶ", "カ"), ("①", "1"), ("ſ", "s"), ("Ⅳ", "iv"), ("a\u200db", "ab"), ("ẞ", "ss"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_words_that_only_some_programs_take_for_one(one: str, other: str) -> None:
    assert word_key(one) != word_key(other)
    assert alike_key(one) == alike_key(other)


@pytest.mark.parametrize(("one", "other"), [("e", "é"), ("カ", "か"), ("が", "か"), ("a", "а"), ("學", "学")])
def test_spellings_of_two_words(one: str, other: str) -> None:
    assert word_key(one) != word_key(other)
    assert alike_key(one) != alike_key(other)


@given(st.text())
def test_any_text_splits_into_words(text: str) -> None:
    for word in split_sentence(text):
        assert word
        assert not any(letter.isspace() for letter in word)
        assert word == clean(word)


@given(st.text(alphabet="猫狗鼠 ,。-·aA'(", max_size=30), st.lists(st.text(alphabet="猫狗鼠aA-' ", max_size=4)))
def test_any_text_splits_with_any_vocabulary(text: str, vocabulary: list[str]) -> None:
    for word in split_sentence(text, vocabulary):
        assert word
        assert not any(letter.isspace() for letter in word)
        assert word in vocabulary or word == word.lower()


def test_pseudo_random_numbers_never_change() -> None:
    assert pseudo_random("cat", (1, 4)).tolist() == [[-0.15, 0.3, 0.28, -0.13]]
    assert pseudo_random("0:W", (2, 2)).tolist() == [[-0.92, -0.85], [0.62, -0.27]]
    assert pseudo_random("中", (1, 3)).tolist() == [[-0.69, 0.4, 0.49]]
    assert pseudo_random("\ud800", (1, 2)).shape == (1, 2)


def test_pseudo_random_depends_on_the_name_alone() -> None:
    np.testing.assert_array_equal(pseudo_random("cat", (3, 2)).ravel(), pseudo_random("cat", (1, 6)).ravel())
    assert not np.array_equal(pseudo_random("cat", (1, 6)), pseudo_random("dog", (1, 6)))


def test_pseudo_random_numbers_fill_the_range() -> None:
    numbers = pseudo_random("range", (100, 100))
    assert numbers.min() == -1
    assert numbers.max() == 1
    assert abs(numbers.mean()) < 0.02
    np.testing.assert_array_equal(numbers, numbers.round(2))


@given(st.text(), st.integers(1, 5), st.integers(1, 5))
def test_pseudo_random_numbers_are_within_one(name: str, rows: int, columns: int) -> None:
    numbers = pseudo_random(name, (rows, columns))
    assert numbers.shape == (rows, columns)
    assert np.abs(numbers).max() <= 1
