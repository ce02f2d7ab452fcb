"""What a step's formula and question speak of is there: each thing that they name is a block of the step's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest

from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.graph import Matrix, Section, Step
from xltransformer.locale import languages, load_messages
from xltransformer.workbook.book import Book, Page
from xltransformer.workbook.panels import step_text

NAMED = re.compile(r"\b([Wb]_[QKVO123]|masked|scaled|scores|inner|activated|heads)(?=ᵀ|\b)")
"""What a formula calls by the name of a block."""
TEMPERATURE = ("temperature", "温度")
SWITCH = ("causal mask on", "打开因果掩码")
LATER = ("later word", "后面的词")
SCALING = ("With scaling off", "关闭缩放")
CHOSEN = ("on the first sheet", "在第一张表里")


def steps(instance: Instance) -> Iterator[tuple[Section, Step]]:
    for section in instance.model.sections:
        if not section.compact:
            yield from ((section, step) for step in section.steps)


def there(step: Step) -> list[Matrix]:
    """The blocks of a step, and of the one that it goes back through, and what they come from."""
    blocks = [*step.blocks, *(step.backward_of.blocks if step.backward_of else ())]
    return [*blocks, *(operand for block in blocks for operand in block.operands)]


def says(text: str, what: tuple[str, ...]) -> bool:
    return any(one in text for one in what)


def faults(instance: Instance, language: str) -> list[str]:
    model, messages = instance.model, load_messages(language)
    page = Page(book := Book(instance.trace(), messages), book.sheet("any"), model, [""] * len(model.sentences))
    found = []
    for section, step in steps(instance):
        blocks = there(step)
        names = {block.name.rpartition(".")[2] for block in blocks}
        formula, question = (step_text(page, step, part) for part in ("formula", "question"))
        tempered = (step.key.endswith("softmax") or step.key == "sorted") and "temperature" in names
        masks = [block for block in blocks if block.last_name == "mask" and block.computed]
        turned = any("causal_on" in {one.last_name for one in mask.operands} for mask in masks)
        causal = any("causal" in type(mask.op).__name__.lower() for mask in masks)
        switched = any(block.last_name == "divisor" and len(block.operands) == 2 for block in blocks)
        chosen = model.watch is not None or bool(model.settings)
        claims = {
            "temperature": (says(formula, TEMPERATURE), tempered),
            "switch": (says(question, SWITCH), turned and step.key == "mask"),
            "later words": (says(question, LATER), (turned or causal) and step.key == "mask"),
            "scaling": (says(question, SCALING), step.key == "scaled" and switched),
        }
        at = f"{section.key}.{step.key}"
        found += [f"{at}: {what} told {told}, there {has}" for what, (told, has) in claims.items() if told != has]
        if says(question, CHOSEN) and not chosen:
            found.append(f"{at}: chosen where?")
        symbols = names | {book.symbol(block, of_head=False) for block in blocks}
        found += [f"{at}: no {name}" for name in NAMED.findall(formula) if name not in symbols]
        forward = step.backward_of is None and "learning_rate" not in names
        biases = {name for name in names if forward and re.fullmatch(r"b_[QKVO123]", name)}
        found += [f"{at}: {name} not told" for name in biases if name not in formula]
    return found


@pytest.mark.parametrize(("name", "language"), list(product(shipped_templates(), languages())))
def test_a_step_speaks_of_what_it_has(name: str, language: str) -> None:
    assert not faults(make_instance(name, language=language), language)


@pytest.mark.parametrize("name", ["cat-and-mouse", "gpt", "llama", "encoder-decoder"])
def test_so_does_a_step_of_the_backward_pass(name: str) -> None:
    assert not faults(make_instance(name, settings={"gradients": 1}), "en")
