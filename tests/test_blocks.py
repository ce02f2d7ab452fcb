"""The blocks of a model: traced with their words, picked by their names, and listed."""

from __future__ import annotations

import json
from typing import Any

import block_pages
import pytest
from click.testing import CliRunner

from xltransformer import blocks
from xltransformer.cli import main


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == status, result.output
    return result.output


def traced(*arguments: str) -> dict[str, Any]:
    """The blocks that `xlt trace` prints, by name."""
    blocks = json.loads(run("trace", "--format", "json", *arguments))["blocks"]
    return {block["name"]: block for block in blocks}


def test_inputs_of_text_are_traced_as_texts() -> None:
    blocks = traced("--template", "cat-and-mouse")
    words = blocks["sentence.0.words"]
    assert words["kind"] == "input"
    assert words["values"] == [["cat"], ["and"], ["mouse"], ["are"], ["friends"]]
    assert blocks["switches.scaling"]["values"] == [["on"]]
    assert blocks["switches.temperature"]["values"] == [[1.0]]
    for block in blocks.values():
        kinds = {type(value) for row in block["values"] for value in row}
        assert kinds == {float} or (kinds == {str} and block["kind"] == "input"), block["name"]


@pytest.mark.parametrize("form", ["table", "csv"])
def test_words_are_printed_in_every_form(form: str) -> None:
    printed = run("trace", "--sentence", "cat =1+1", "--only", "sentence.words", "--format", form)
    assert "=1+1" in printed
    assert "'" not in printed


def test_only_takes_names_and_patterns() -> None:
    names = traced("--template", "gpt", "--only", "*.weights", "--only", "SENTENCE.words")
    assert next(iter(names)) == "sentence.words"
    assert all(name.endswith(".weights") for name in list(names)[1:])
    assert len(names) > 4
    assert "sentence.0.text" in traced("--only", "sentence.0.text")  # computed texts where they are asked for


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("*.weigths", "did you mean '*.weights'?"),
        ("self_attention.Qs", "did you mean 'self_attention.Q'?"),
        ("???", "xlt blocks lists them all"),
    ],
)
def test_a_pattern_for_no_block_is_refused_with_the_nearest(pattern: str, said: str) -> None:
    line = run("trace", "--sentence", "cat", "--only", pattern, status=2)
    assert line == f"xlt: no block is called {pattern!r}; {said}\n"


def test_blocks_are_those_of_the_trace() -> None:
    listed = json.loads(run("blocks", "--template", "gpt", "--format", "json"))["blocks"]
    told = {block["name"]: block for block in listed}
    for name, block in traced("--template", "gpt").items():
        assert told[name]["kind"] == block["kind"]
        assert told[name]["shape"] == [len(block["rows"]), len(block["columns"])]
        assert told[name]["section"] or told[name]["what"], name
    assert told["decoder.0.head.1.K_T"]["symbol"] == "K₂ᵀ"
    assert told["decoder.0.head.1.W_Q"]["section"] == "Layer 1"
    assert [block.name for block in blocks(template="gpt")] == list(told)


@pytest.mark.parametrize(("language", "said"), [("en", "causal mask"), ("zh", "因果掩码")])
def test_blocks_are_told_in_every_language(language: str, said: str) -> None:
    line = run("blocks", "--template", "cat-and-mouse", "--lang", language, "--only", "switches.causal")
    assert said in line


def test_the_page_of_block_names_is_what_the_models_say() -> None:
    for path, text in block_pages.pages().items():
        assert path.read_text("utf-8") == text, "run scripts/block_pages.py and commit what it writes"
