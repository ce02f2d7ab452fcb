"""Which cells an exercise leaves to the student."""

from __future__ import annotations

import numpy as np
import pytest

from xltransformer.building.instance import make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.classroom.selection import LEAST, MOST, parts, select, stands
from xltransformer.errors import UserError
from xltransformer.ops import op_of

SENTENCES = ["cat and mouse", "keyboard and mouse"]


@pytest.mark.parametrize("template", shipped_templates())
def test_the_usual_choice_is_20_to_30_cells_to_work_out(template: str) -> None:
    """None only repeats another one, or is masked out, and NumPy has an answer to each."""
    instance = make_instance(template, slots=0)
    left, values = select(instance), instance.trace()
    assert LEAST <= sum(map(len, left.values())) <= MOST
    practice = {stand.block: stand.practice for stand in stands(instance.model)}
    assert template == "byte-pair" or all(practice[block] for block in left)
    for block, cells in left.items():
        assert len(set(cells)) == len(cells)
        assert all(np.isfinite(values[block.name][cell]) and values[block.name][cell] > -1e29 for cell in cells)


@pytest.mark.parametrize("template", shipped_templates())
def test_what_moves_only_has_nothing_to_work_out(template: str) -> None:
    """Every entry of what an operation that `moves` makes is one of its operands', 0, or masked out."""
    instance = make_instance(template, slots=0)
    values = instance.trace()
    for block in instance.model.blocks.values():
        if block.computed and op_of(block).only_moves(*block.operands) and not block.text:
            given = [values[m.name].astype(float).ravel() for m in block.operands if not m.text]
            assert np.isin(values[block.name], [*np.concatenate(given), 0, -1e30]).all(), block.name


ASKED: dict[str, list[str]] = {
    "self_attention.weights:mouse": ["0.self_attention.weights 2", "1.self_attention.weights 2"],
    "sentence 2, self_attention.weights：MOUSE": ["1.self_attention.weights 2"],
    "句子B，*.V:1，projected_attention": ["1.projected_attention.V 0"],
    "self_attention.scores:2,self_attention.scores:3,sentence A": [
        "0.self_attention.scores 1", "0.self_attention.scores 2",
    ],
    "sentence.1.self_attention.K_T:grammar": ["1.self_attention.K_T 2"],
    "divisor:1,sentence 1,resized_attention": ["0.resized_attention.divisor 0"],
}  # fmt: skip


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_for_is_left(asked: str) -> None:
    instance = make_instance("cat-and-mouse", SENTENCES, slots=0)
    left = select(instance, parts(asked))
    rows = [
        f"{block.name.removeprefix('sentence.')} {i}" for block, cells in left.items() for i, j in cells if j == 0
    ]
    assert rows == ASKED[asked]
    assert all(len(cells) % block.shape[1] == 0 for block, cells in left.items())


@pytest.mark.parametrize("where", ["self_attention", "sentence 2", "sentence B,projected_attention"])
def test_a_place_by_itself_is_a_choice_of_it(where: str) -> None:
    left = select(make_instance("cat-and-mouse", SENTENCES, slots=0), parts(where))
    assert LEAST <= sum(map(len, left.values())) <= MOST
    wanted = {"self_attention": "self_attention", "sentence 2": "sentence.1"}.get(where, "1.projected_attention")
    assert all(wanted in block.name for block in left)


@pytest.mark.parametrize(("asked", "said"), [
    ("wieghts", "did you mean 'weights'"),
    ("self_atention.weights:cat", "did you mean 'self_attention.weights'"),
    ("weights:dog", "weights has no row 'dog'; its rows: cat, and, mouse, keyboard"),
    ("weights:9", "has no row '9'"),
    ("weights:", "names no row"),
    ("sentence 3", "there is no 'sentence 3'; sentences are counted from 1, here to 2"),
    ("sentence.0.words", "sentence.0.words is text"),
    ("embeddings", "is typed, not worked out"),
    ("scores,resized_attention.scores:cat,sentence C", "there is no 'sentence C'"),
])  # fmt: skip
def test_what_cannot_be_asked_for_is_said(asked: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        select(make_instance("cat-and-mouse", SENTENCES, slots=0), parts(asked))
    assert said in str(error.value)
    assert len(str(error.value)) <= 300
