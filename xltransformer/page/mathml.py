"""Formulas of the steps as a page shows them: MathML for what is mathematics, text for what is told in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape
from itertools import groupby
from math import inf

from xltransformer.page.terms import Term, terms

WIDEST = 34
"""Characters of a formula in one piece; what is wider may break between lines, as MathML itself does not."""
_LEAST = 10
"""Characters of words that may break."""
_BREAKS = dict.fromkeys("=←+−", _LEAST) | dict.fromkeys(("×", "·", "/", "mod"), 2 * _LEAST)
"""Before these a wide formula may break, once a piece has so many characters."""
_WIDE_CHARACTER = re.compile(r"[⺀-￯]")
_TAG = re.compile(r"<[^>]*>")
_LEAVES = {
    "number": "mn",
    "letter": "mi",
    "name": "mi",
    "words": "mtext",
    "comma": "mo",
    "operator": "mo",
    "sign": "mo",
}
_UPRIGHT = "∂∞TΣΦσ"
_BRACKETS = {"group": ("(", ")"), "bars": ("|", "|")}


def mathml(notation: str) -> str:
    """A notation ("weights = softmax(Q · Kᵀ / √d_k)") as HTML: MathML, and as text what is said in words and is
    too long for one line. What is no notation of ours stands as it is."""
    try:
        row = terms(notation)
    except ValueError:
        return escape(notation, quote=False)
    found, part = "", list[Term]()
    for term in row:
        if term.ends_formula:
            found += _formula(part) + (f"{term.text}\u2002" if term.text in ",;" else term.text)
            part = []
        else:
            part.append(term)
    return found + _formula(part)


def _formula(row: Sequence[Term]) -> str:
    """One formula: in one piece where it is short, else in several."""
    row = _with_fractions(row)
    whole = _math(row)
    return whole if _width(whole) <= WIDEST else "".join(_pieces(row)).strip()


def _width(html: str) -> int:
    """About how many characters wide it is; an operator has some room on each side."""
    text = _TAG.sub("", html)
    return len(text) + len(_WIDE_CHARACTER.findall(text)) + html.count("<mo>")


def _math(row: Sequence[Term]) -> str:
    return f'<math displaystyle="true">{_row(row)}</math>' if row else ""


def _pieces(row: Sequence[Term]) -> Iterator[str]:
    """A wide formula: what is said in words as text, the rest in pieces of MathML."""
    piece: list[Term] = []
    for run in _runs(_opened(row)):
        told = run[0].kind == "comma" or _is_told(run)
        if told or _width(_math(piece)) >= _BREAKS.get(run[0].text, inf):
            yield _math(piece)
            piece = []
        yield " " * (run[0].apart and not piece)
        if told:
            yield "".join(" " * (k > 0 and term.apart) + _said(term) for k, term in enumerate(run))
        else:
            piece += run
    yield _math(piece)


def _is_told(run: Sequence[Term]) -> bool:
    """Whether what stands side by side is running text, not an operand or a function before its bracket."""
    brackets = [term.kind == "bracket" for term in run]
    calls = [next_one and not term.apart for term, next_one in zip(run[1:], brackets[1:], strict=True)]
    words = [term for term, is_call in zip(run, [*calls, False], strict=True) if term.is_text and not is_call]
    return any(len(run) - sum(brackets) - sum(calls) > 1 or _width(term.text) > _LEAST for term in words)


def _opened(row: Iterable[Term]) -> Iterator[Term]:
    """A row in which what stands in brackets and is wide stands like the rest, between brackets."""
    for term in row:
        if term.kind not in ("group", "joined") or _width(_term(term)) <= WIDEST / 2:
            yield term
        elif term.kind == "joined":
            yield from _opened(replace(one, apart=term.apart and k == 0) for k, one in enumerate(term.parts[0]))
        else:
            yield Term("bracket", "(", apart=term.apart)
            yield from _opened(term.parts[0])
            yield Term("bracket", ")")


def _said(term: Term) -> str:
    """A term among words."""
    plain = term.is_text or term.kind in ("number", "comma", "bracket")
    return escape(term.text, quote=False) if plain else _math([term])


def _runs(row: Iterable[Term]) -> Iterator[list[Term]]:
    """The operands, each with all that stands side by side, and what stands between them."""
    for is_mark, found in groupby(row, key=lambda term: term.is_mark):
        run = [*found]
        yield from ([term] for term in run) if is_mark else [run]


def _with_fractions(row: Sequence[Term]) -> list[Term]:
    """A row with a fraction for each division that is written with spaces and is no part of a longer product."""
    runs = [*_runs(row)]
    k = 1
    while k < len(runs) - 1:
        if _stacks(runs, k):
            parts = (_bare(runs[k - 1]), _bare(runs[k + 1]))
            runs[k - 1 : k + 2] = [[Term("fraction", parts=parts, apart=runs[k - 1][0].apart)]]
        else:
            k += 1
    return [term for run in runs for term in run]


def _stacks(runs: Sequence[Sequence[Term]], k: int) -> bool:
    """Whether the run at k divides its neighbours, and they belong to no product or division before it."""
    mark, left, right = runs[k][0], runs[k - 1][0], runs[k + 1][0]
    before, behind = (runs[at][0].text if 0 <= at < len(runs) else "" for at in (k - 2, k + 2))
    divides = mark.text == "/" and mark.apart and not (left.is_mark or right.is_mark)
    return divides and before not in ("·", "×", "/", "mod") and behind != "/"


def _bare(run: Sequence[Term]) -> tuple[Term, ...]:
    """What stands above or below a fraction's line: without its brackets."""
    return run[0].parts[0] if len(run) == 1 and run[0].kind == "group" else tuple(run)


def _row(row: Sequence[Term]) -> str:
    """Terms side by side."""
    found = ""
    for k, term in enumerate(row):
        before = row[k - 1] if k else None
        if before is not None and term.apart and not (term.is_mark or before.is_mark):
            found += '<mspace width="0.28em"/>'
        found += _mark(term, k == 0, k == len(row) - 1) if term.is_mark else _term(term)
    return found


def _mark(term: Term, first: bool, last: bool) -> str:
    """What stands between operands, also at the ends of a piece, where a space stands beside it in the text."""
    ends = ' form="infix"' * (first or last) + ' lspace="0"' * (first and term.apart) + ' rspace="0"' * last
    room = ' stretchy="false" lspace="0.28em" rspace="0.28em"' * (term.text in "|&")
    return f"<mo{ends}{room}>{escape(term.text)}</mo>"


def _bracket(text: str, form: str) -> str:
    return f'<mo form="{form}" stretchy="false" lspace="0" rspace="0">{text}</mo>'


def _term(term: Term) -> str:
    """An operand."""
    parts = [_row(part) for part in term.parts]
    if term.kind in _BRACKETS:
        left, right = _BRACKETS[term.kind]
        return f"<mrow>{_bracket(left, 'prefix')}{parts[0]}{_bracket(right, 'postfix')}</mrow>"
    if term.kind == "bracket":
        return _bracket(term.text, "prefix" if term.text == "(" else "postfix")
    if term.kind == "joined":
        return f"<mrow>{parts[0]}</mrow>"
    if term.kind == "root":
        return f"<msqrt>{parts[0]}</msqrt>"
    if term.parts:
        tag = {"below": "msub", "raised": "msup", "fraction": "mfrac"}[term.kind]
        return f"<{tag}>{''.join(_one(part, html) for part, html in zip(term.parts, parts, strict=True))}</{tag}>"
    upright = ' mathvariant="normal"' * (term.text in _UPRIGHT)
    tag = _LEAVES[term.kind]
    return f"<{tag}{upright}>{escape(term.text, quote=False)}</{tag}>"


def _one(part: Sequence[Term], html: str) -> str:
    """Terms as the one element that a script or a fraction takes."""
    return html if len(part) == 1 else f"<mrow>{html}</mrow>"
