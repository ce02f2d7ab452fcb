"""Our one-line notation of formulas ("scaled = scores / √d_k") as terms: what belongs together, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from xltransformer.text import CJK

RAISED = dict(zip("ᵀ⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ˣ", "T0123456789+−x", strict=True))
"""The characters of a superscript, each with what it raises."""
OPERATORS = "=+−·×/←>&|"


@dataclass(frozen=True)
class Term:
    """A part of a notation.

    kind: "number", "name" (of Latin letters), "letter" (one, Latin or Greek), "words" (running text), "operator",
    "sign" (a minus before one operand), "comma", or how its parts belong together: "below" (a letter and its
    subscript), "raised", "root", "group" (in brackets), "bars", "joined" (side by side without a space).
    apart: whether a space stands before it. wide: whether one stands behind an operator, two behind a comma.
    """

    kind: str
    text: str = ""
    parts: tuple[tuple[Term, ...], ...] = ()
    apart: bool = False
    wide: bool = False

    @property
    def is_text(self) -> bool:
        return self.kind in ("name", "words")

    @property
    def ends_formula(self) -> bool:
        """Whether it is what stands between two formulas."""
        return self.kind == "comma" and (self.text != "," or self.wide)

    @property
    def is_mark(self) -> bool:
        """Whether it stands between two operands."""
        return self.kind in ("operator", "comma")


_TOKENS = re.compile(
    rf"(?P<space>\s+)|(?P<number>\d+(?:\.\d+)?)|(?P<raised>[{''.join(RAISED)}]+)|_(?P<below>[A-Za-z]+|\d+)"
    r"|(?P<letter>[b-zA-Z](?![A-Za-z'’-])|[Α-ω∞])|(?P<name>[A-Za-z]{2,}(?:_[A-Za-z]{2,})+|[A-Za-z]+(?:['’-][A-Za-z]*)*)"
    rf"|(?P<operator>[{OPERATORS}])|(?P<comma>,|，|；|;)|(?P<sign>[√∂^()])"
    rf"|(?P<words>[{CJK}“”（）、。：]+|.)"
)  # fmt: skip


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    apart: bool
    wide: bool


def _tokens(notation: str) -> list[_Token]:
    found = [(match.lastgroup or "", match[match.lastgroup or 0]) for match in _TOKENS.finditer(notation)]
    spaces = [len(text) * (kind == "space") for kind, text in found]
    around = zip([0, *spaces], [*spaces[1:], 0], strict=False)
    return [
        _Token("operator" if text == "mod" else kind, text, before > 0, behind > (kind == "comma"))
        for (kind, text), (before, behind) in zip(found, around, strict=True)
        if kind != "space"
    ]


class _Reader:
    """Reads the tokens of a notation from left to right."""

    def __init__(self, notation: str) -> None:
        self.tokens = _tokens(notation)
        self.at = 0

    def _next(self, text: str) -> bool:
        """Whether this sign comes next."""
        return self.at < len(self.tokens) and self.tokens[self.at].text == text

    def _first(self) -> _Token:
        if self.at == len(self.tokens):
            raise ValueError("an operand is missing")
        return self.tokens[self.at]

    def _take(self) -> _Token:
        token = self._first()
        self.at += 1
        return token

    def terms(self, until: Callable[[], bool] = lambda: False) -> tuple[Term, ...]:
        """The terms up to where `until` holds, or to the end."""
        found: list[Term] = []
        while self.at < len(self.tokens) and not until():
            found.append(self._term(first=not found or found[-1].is_mark))
        return tuple(_merged(found))

    def _enclosed(self, end: str) -> tuple[Term, ...]:
        inside = self.terms(lambda: self._next(end))
        if self.at == len(self.tokens):
            raise ValueError(f"a {end} is missing")
        self.at += 1
        return inside

    def _term(self, *, first: bool = True) -> Term:
        """The next term; a minus is its sign where it is `first`, or stands apart from what is before it only."""
        token = self._first()
        if token.text == "−" and (first or (token.apart and not token.wide)):
            self.at += 1
            return Term("joined", parts=((Term("sign", "−"), self._term()),), apart=token.apart)
        if token.kind == "comma" or (token.kind == "operator" and not self._opens_bars()):
            self.at += 1
            return Term(token.kind, token.text, apart=token.apart, wide=token.wide)
        term = replace(self._bare(), apart=token.apart)
        while self.at < len(self.tokens) and not self.tokens[self.at].apart:
            follower = self.tokens[self.at]
            if follower.kind == "raised":
                self.at += 1
                term = Term("raised", parts=((term,), _raised(follower.text)), apart=token.apart)
            elif self._next("^"):
                self.at += 1
                term = Term("raised", parts=((term,), self._argument()), apart=token.apart)
            elif follower.text == "(" and term.kind in ("letter", "name", "below"):
                term = Term("joined", parts=((term, self._bare()),), apart=token.apart)
            else:
                break
        return term

    def _opens_bars(self) -> bool:
        token = self.tokens[self.at]
        return token.text == "|" and not token.wide

    def _bare(self) -> Term:
        """A term without what is raised behind it."""
        token = self._take()
        if token.text == "(":
            return Term("group", parts=(self._enclosed(")"),))
        if token.text == "|":
            return Term("bars", parts=(self._enclosed("|"),))
        if token.text == "√":
            return Term("root", parts=(self._argument(),))
        if token.text == "∂":
            return Term("joined", parts=((Term("letter", "∂"), replace(self._term(), apart=False)),))
        if token.kind not in ("number", "name", "letter", "words"):
            raise ValueError(f"{token.text} stands where an operand belongs")
        if (
            token.kind in ("letter", "name")
            and self.at < len(self.tokens)
            and self.tokens[self.at].kind == "below"
        ):
            below = self._take().text
            kind = "number" if below.isdigit() else "letter" if len(below) == 1 else "name"
            return Term("below", parts=((Term(token.kind, token.text),), (Term(kind, below),)))
        return Term(token.kind, token.text)

    def _argument(self) -> tuple[Term, ...]:
        """What a root or a power takes: what stands in brackets, without them, else one term."""
        term = self._bare()
        return term.parts[0] if term.kind == "group" else (term,)


def _merged(row: Iterable[Term]) -> Iterator[Term]:
    """A row with words that follow one another as one text."""
    for is_text, found in groupby(row, key=lambda term: term.is_text):
        run = [*found]
        if is_text and len(run) > 1:
            text = "".join(" " * one.apart + one.text for one in run)
            yield Term("words", text.removeprefix(" " * run[0].apart), apart=run[0].apart)
        else:
            yield from run


def _raised(text: str) -> tuple[Term, ...]:
    return _Reader("".join(RAISED[letter] for letter in text)).terms()


def terms(notation: str) -> tuple[Term, ...]:
    """The terms of a notation, in their order. Raises ValueError where a bracket or an operand is missing."""
    return _Reader(notation).terms()
