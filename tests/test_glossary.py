"""Every Chinese text keeps to the glossary, docs/zh/glossary.md, and to one way of writing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from gallery import ROOT

from xltransformer.building.template import shipped_templates, template_folder
from xltransformer.locale import load_messages

HAN = r"[\u4e00-\u9fff]"
MISSPACED = (
    (rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}", "a space between Chinese and Latin"),
    (rf"{HAN}  +|{HAN} +{HAN}", "a space within Chinese"),
    (r"[，。：；？！“”（）、] +\S|\S +[，。：；？！“”（）、]", "a space beside a mark"),
)
HALF_WIDTH = rf"{HAN} ?[,;:?!()]|[,;:?!()] ?{HAN}"


ELSE = {".sheet.key", ".new.keys"}
"""Where a key is that of an exercise, or of a template, not one of attention's."""


def in_formula(key: str) -> bool:
    """Whether brackets are those of a formula, such as `formula_bias`, and names those of its blocks."""
    return any(part == "symbol" or part.startswith("formula") for part in key.split("."))


def terms(language: str) -> list[list[str]]:
    """The rows of a glossary: the cells of each."""
    lines = (ROOT / "docs" / language / "glossary.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return rows[2:]


def texts(tree: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every text of a table of tables, with its key."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, str):
            yield f"{name}.{key}", value
        elif isinstance(value, dict | list):
            yield from texts(value, f"{name}.{key}")


def pairs() -> dict[str, tuple[str, str]]:
    """Every text in English and in Chinese: the messages, and what the templates say."""
    folder = ROOT / "xltransformer" / "locale"
    en, zh = (
        dict(texts(tomllib.loads((folder / f"{code}.toml").read_text("utf-8")), "")) for code in ("en", "zh")
    )
    found = {key: (en[key], zh[key]) for key in en if key in zh}
    for name in shipped_templates():
        said = dict(texts(tomllib.loads((template_folder() / f"{name}.toml").read_text("utf-8")), name))
        both = ((key.removesuffix(".zh"), key) for key in said if key.endswith(".zh") and f"{key[:-2]}en" in said)
        found |= {key: (said[f"{key}.en"], said[chinese]) for key, chinese in both}
    return found


PAIRS = pairs()
CHINESE = {key: chinese for key, (_, chinese) in PAIRS.items()}


def test_both_glossaries_have_the_same_terms() -> None:
    assert [row[:2] for row in terms("en")] == [row[:2] for row in terms("zh")]
    assert load_messages("zh")("setting.word") == "被观察的词"


@pytest.mark.parametrize(("english", "chinese"), [row[:2] for row in terms("zh") if "(" not in row[0]])
def test_a_term_is_the_glossarys(english: str, chinese: str) -> None:
    used = re.compile(rf"(?<![\w{{\[-])(?:{re.escape(english)})(?:s|es)?(?![\w}}-])", re.I)
    good = [form.partition("（")[0] for form in chinese.split("；")]
    good = [part for form in good for part in form.split("…")[-1:]]
    for key, (en, zh) in PAIRS.items():
        if used.search(en) and not in_formula(key) and key not in ELSE:
            assert any(form in zh for form in good), f"{key}: {en!r} is {zh!r}, without {chinese}"


def places() -> dict[str, str]:
    """All that is written in Chinese: messages, templates, documents."""
    files = [*(ROOT / "docs" / "zh").glob("*.md"), ROOT / "README.zh.md"]
    return CHINESE | {path.name: path.read_text("utf-8") for path in files if path.stem != "glossary"}


@pytest.mark.parametrize("avoided", [one for row in terms("zh") for one in row[2].split("；") if one])
def test_no_text_has_a_form_that_the_glossary_avoids(avoided: str) -> None:
    assert not [key for key, text in places().items() if avoided in text]


def test_a_word_is_watched_by_one_name() -> None:
    assert not [key for key, text in places().items() if re.search("(?<!被)观察的词", text)]


def test_marks_are_wide_and_spaces_follow_one_rule() -> None:
    for key, text in CHINESE.items():
        for wrong, rule in MISSPACED:
            assert not re.search(wrong, text), f"{key}: {rule}: {text}"
        if not in_formula(key):
            assert not re.search(HALF_WIDTH, text), f"{key}: {text}"


def test_the_rules_see_what_they_should() -> None:
    assert all(
        re.search(rule, text) for (rule, _), text in zip(MISSPACED, ("第1层", "两 个", "， x"), strict=True)
    )
    assert re.search(HALF_WIDTH, "你好, 世界")
