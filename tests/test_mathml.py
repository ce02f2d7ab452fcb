"""Formulas as MathML: they say what the notation says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import pytest

from xltransformer.locale import languages, load_messages
from xltransformer.page.mathml import mathml
from xltransformer.page.terms import RAISED
from xltransformer.size.configuration import COSTS, PARAMETERS

TAGS = {"math", "mi", "mo", "mn", "mtext", "mrow", "mspace", "msub", "msup", "msqrt", "mfrac"}
pytestmark = pytest.mark.quick


def _formulas(language: str) -> Iterator[str]:
    for key, text in load_messages(language).texts.items():
        if re.fullmatch(r"step\.\w+\.formula\w*", key) and text:
            yield text.format(x="scaled")
    yield from (quantity.notation for quantity in (*PARAMETERS, *COSTS))


def parsed(notation: str) -> Element:
    return ElementTree.fromstring(f"<p>{mathml(notation)}</p>")


def told(element: Element) -> str:
    """What MathML says, in the notation that it comes from, without spaces."""
    inside = [told(one) for one in element]
    if element.tag == "msub":
        return "_".join(inside)
    if element.tag == "msup":
        raised = {letter: sign for sign, letter in RAISED.items()}
        signs = "".join(raised.get(letter, " ") for letter in inside[1])
        return f"{inside[0]}{signs}" if " " not in signs else f"{inside[0]}^({inside[1]})"
    if element.tag == "mfrac":
        sums = [one.tag == "mrow" and any(sign.tag == "mo" for sign in one[1:]) for one in element]
        return "/".join(f"({text})" if is_sum else text for is_sum, text in zip(sums, inside, strict=True))
    if element.tag == "msqrt":
        return f"√{inside[0]}" if len(inside) == 1 else f"√({''.join(inside)})"
    tails = [one.tail or "" for one in element]
    text = (element.text or "") + "".join(f"{one}{tail}" for one, tail in zip(inside, tails, strict=True))
    return "".join(text.split())


@pytest.mark.parametrize("language", languages())
def test_every_formula_says_what_its_notation_says(language: str) -> None:
    formulas = [*_formulas(language)]
    assert len(formulas) > 150
    for notation in formulas:
        page = parsed(notation)
        assert told(page) == re.sub(r"√\((\w+)\)", r"√\1", "".join(notation.split())), notation
        assert {one.tag for one in page.iter()} <= TAGS | {"p"}, notation
        assert all(len(one) == 2 for one in page.iter() if one.tag in ("msub", "msup", "mfrac")), notation


@pytest.mark.parametrize(("notation", "inside"), [
    ("W_Q", "<msub><mi>W</mi><mi>Q</mi></msub>"),
    ("Kᵀ", '<msup><mi>K</mi><mi mathvariant="normal">T</mi></msup>'),
    ("10000^(2i/d)", "<msup><mn>10000</mn><mrow><mn>2</mn><mi>i</mi><mo>/</mo><mi>d</mi></mrow></msup>"),
    ("scores / √d_k", "<mfrac><mi>scores</mi><msqrt><msub><mi>d</mi><mi>k</mi></msub></msqrt></mfrac>"),
    ("row sum", "<mtext>row sum</mtext>"),
    ("词 & 词", "<mtext>词</mtext>"),
    ("a · b / c", "<mo>/</mo>"),
])  # fmt: skip
def test_a_sign_becomes_structure(notation: str, inside: str) -> None:
    assert inside in mathml(notation)


def test_formulas_stand_side_by_side_and_what_is_wide_may_break() -> None:
    assert mathml("Q = X,  K = X").count("<math") == 2
    assert mathml("i, f = x").count("<math") == 1
    wide = "open = masked where the word may be written after all, −∞ elsewhere"
    assert " masked where the word may be written after all, " in f" {mathml(wide)}"
    assert mathml(f"sum = {' + '.join(['scaled'] * 9)}").count("</math> <math") > 1
    assert mathml("x = exp(scaled − maximum of the whole row) · temperature").count("<math") > 1
    assert mathml("size = decoder_layers × d_model").count("<msub>") == 1


@pytest.mark.parametrize(
    "notation", ["", "(a", "a)", "√", "√ · b", "∂", "x_", "^", "|a", "a / ", "/ a", "−", "<b>&amp;", "a <b"]
)
def test_what_is_no_notation_stands_as_it_is(notation: str) -> None:
    assert "".join("".join(parsed(notation).itertext()).split()) == "".join(notation.split())
