"""What somebody sees who works in a notebook or at a prompt."""

from __future__ import annotations

import copy
import json
import pickle
import re
from pathlib import Path

import make_notebooks
import numpy as np
import pandas as pd
import pytest

from xltransformer import UserError, build, compare, diff, load_template, trace
from xltransformer.notebook import MOST_COLUMNS, MOST_ROWS, Block


def backgrounds(block: pd.DataFrame) -> list[tuple[str, float]]:
    """The colour and strength of each cell that has one."""
    html = str(block._repr_html_())  # type: ignore[operator]
    found = re.findall(r"background:rgba\((\d+), \d+, \d+, ([\d.]+)\)", html)
    return [("blue" if red == "46" else "orange", float(strength)) for red, strength in found]


def made(values: object, holds: str) -> Block:
    block = Block(values)
    block.holds = holds
    return block


def test_a_trace_shows_itself_as_a_table_of_blocks() -> None:
    blocks = trace("cat and mouse")
    text, html = repr(blocks), blocks._repr_html_()
    assert text.startswith(f"cat-and-mouse: 'cat and mouse' ({len(blocks)} blocks)\nblock ")
    assert re.search(r"^self_attention\.weights +computed  3 × 3 +\S+ +Self-attention", text, re.M)
    assert re.search(r"^projected_attention\.W_Q +input +4 × 4 ", text, re.M)
    assert len(text.splitlines()) < 70
    assert html.count("<tr>") == len(blocks) + 1
    assert "the dict of weights: given: 1 of 6" in repr(
        trace("cat", weights={"projected_attention.W_K": np.eye(4)})
    )
    assert isinstance(blocks, dict)
    assert blocks._ipython_key_completions_() == list(blocks)


def test_a_block_is_a_data_frame_with_a_heat_map() -> None:
    weights = trace("cat and mouse")["self_attention.weights"]
    assert isinstance(weights, pd.DataFrame)
    assert {colour for colour, _ in backgrounds(weights)} == {"blue"}
    assert len(backgrounds(weights)) == 9
    assert f">{weights.iloc[0, 0]:.2f}<" in str(weights._repr_html_())
    for other in (weights.round(1), weights.T, copy.deepcopy(weights), pickle.loads(pickle.dumps(weights))):
        assert other.holds == "probability"
    pd.testing.assert_frame_equal(weights, pd.DataFrame(weights))


def test_colours_say_the_sign_and_ink_is_the_pages_own() -> None:
    signed = made([[1.0, -1.0], [0.0, 0.1]], "signed")
    assert [colour for colour, _ in backgrounds(signed)] == ["blue", "orange", "blue"]
    strengths = [strength for _, strength in backgrounds(signed)]
    assert strengths[0] == strengths[1] > strengths[2]
    assert not re.search(r"[;\"]color:", str(signed._repr_html_()))
    assert not backgrounds(made([[1.0, 2.0]], "count"))
    assert "−∞" in str(made([[1.0, -1e30]], "masked")._repr_html_())
    shares = made([[0.5, 0.5]], "probability")
    assert "orange" in {colour for colour, _ in backgrounds(shares - 0.9)}


def test_texts_are_escaped_and_large_blocks_cut() -> None:
    block = Block([[1.0]], index=["<b>"], columns=["a&b"])
    assert "<b>" not in str(block._repr_html_())
    assert "&lt;b&gt;" in str(block._repr_html_())
    large = str(Block(np.ones((200, 100)))._repr_html_())
    assert large.count("<tr>") == MOST_ROWS + 2
    assert large.count("<td") <= (MOST_ROWS + 1) * (MOST_COLUMNS + 1)
    assert "200 × 100" in large
    assert "word" in str(Block([["word"]])._repr_html_())
    assert Block()._repr_html_()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("self_atention.weights", "'self_atention.weights'; did you mean 'self_attention.weights'?"),
        ("W_Q", "did you mean 'projected_attention.W_Q' or 'resized_attention.W_Q'?"),
        ("sentence.words", "sentence.words holds texts, not numbers: 'cat', 'and', 'mouse'"),
        ("colour", "no block is called 'colour'; list(…) lists them all"),
    ],
)
def test_a_name_that_no_block_has(name: str, said: str) -> None:
    with pytest.raises(KeyError) as raised:
        trace("cat and mouse")[name]
    assert str(raised.value).endswith(said)


def test_what_was_built_and_compared_says_itself_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    built = build(path, "cat zebra", slots=0)
    assert re.fullmatch(r"cat-and-mouse: 'cat zebra' \(\d+ blocks, [\d,]+ cells\); not in the voc.*", repr(built))
    found, pair = diff(path), compare(path, path)
    assert re.fullmatch(r"NumPy and ironcalc \S+ agree: \d+ cells in \d+ blocks, largest error \S+", repr(found))
    assert re.fullmatch(r"the same: [\d,]+ cells in \d+ blocks", repr(pair))
    for one in (built, found, pair):
        assert re.fullmatch(r"<code>.*</code>", one._repr_html_())
    assert "✓" in found._repr_html_()


def test_a_mistake_shows_the_users_own_lines_and_the_message() -> None:
    with pytest.raises(UserError) as raised:
        build("x.xlsx", template="nothing")
    with pytest.raises(KeyError) as missing:
        trace("cat")["nothing"]
    for error in (raised.value, missing.value):
        lines = error._render_traceback_()  # type: ignore[union-attr]
        assert lines[-1] == f"{type(error).__name__}: {error}"
        assert len(lines) < 10
        assert not any("xltransformer/xltransformer" in line for line in lines[:-1])


def test_a_template_says_itself_in_one_line() -> None:
    assert repr(load_template("gpt")) == "template gpt: model gpt, 36 words, trained"


_MACHINE = re.compile(r"\d\.\de[-+]\d\d|\b\d+\.\d{6,}\b")
"""What differs from machine to machine: tiny errors and last digits."""


@pytest.mark.parametrize("path", make_notebooks.NOTEBOOKS, ids=lambda path: path.parent.name)
def test_a_notebook_stores_what_its_cells_show(path: Path, tmp_path: Path) -> None:
    text = path.read_text("utf-8")
    again = make_notebooks.text_of(make_notebooks.run(json.loads(text), tmp_path))
    assert _MACHINE.sub("", again) == _MACHINE.sub("", text), "run scripts/make_notebooks.py"
    assert "</table>" in text
    assert "matplotlib" not in text
