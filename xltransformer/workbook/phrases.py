"""Messages: those a model needs, and sentences whose {names} are filled by formulas, to follow the numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal

from xltransformer.building.instance import Instance
from xltransformer.graph import Section
from xltransformer.locale import Messages, Texts, in_language, unknown_part
from xltransformer.models import Lesson
from xltransformer.record import record
from xltransformer.teaching.pictures import Bars, Curves, Fact, Picture, Plane
from xltransformer.workbook.book import Page
from xltransformer.workbook.canvas import text_width
from xltransformer.workbook.named import before

_PIECE = 250
"""The most characters of a text in a formula, in Excel 255."""


def told(instance: Instance, texts: Texts, messages: Messages) -> str:
    """A text of the template's in the workbook's language; none for sentences that it cannot speak of,
    because the word it watches is not in them."""
    template, watch = instance.template, instance.model.watch
    if watch is not None and template.watch not in (None, instance.inputs[watch.choice.name][0, 0]):
        return ""
    return in_language(texts, messages.language)


_EVERY_DIGIT = Context(prec=400)
NEVER_BELOW_0 = ("count", "gate", "probability")
"""Scales of numbers that FIXED shows as they are: of -0.001 it makes -0.00."""


def fixed(value: float, decimals: int = 2) -> str:
    """A number as FIXED(value, decimals) shows it, but what rounds to nothing as 0.00, never as -0.00."""
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _EVERY_DIGIT)
    return f"{rounded or abs(rounded)}"


@record
class Phrase:
    """A text as a formula makes it, without its `=`, what it shows now, and how wide it may become in letters."""

    formula: str
    shown: str
    width: float = 0.0

    @property
    def length(self) -> float:
        """How wide it may become, by what it shows now where nothing else is known."""
        return max(self.width, text_width(self.shown))


def phrase(page: Page, key: str, parts: Mapping[str, Fact | str]) -> Phrase:
    """The message with its {names} filled, by formulas where they are facts, for a cell on the page; to
    be called when every block has its place."""
    phrases: list[Phrase] = []
    for k, piece in enumerate(re.split(r"\{(\w+)\}", page.messages.pattern(key))):
        if k % 2 and piece not in parts:
            raise unknown_part(key, piece, parts)
        fact = parts[piece] if k % 2 else piece
        if isinstance(fact, Fact):
            phrases.append(_quoted(page, fact))
        elif fact:
            phrases.append(Phrase(literal(fact), fact))
    return Phrase("&".join(one.formula for one in phrases), "".join(one.shown for one in phrases))


def literal(text: str) -> str:
    """A text as a formula writes it, a long one in pieces: Excel takes 255 characters at once, and counts some,
    such as 🎉, twice."""
    most = _PIECE if max(text, default="") <= "\uffff" else _PIECE // 2
    pieces = [text[k : k + most] for k in range(0, len(text), most)] or [""]
    return "&".join('"' + piece.replace('"', '""') + '"' for piece in pieces)


def filled(pattern: str, formulas: Mapping[str, str], **texts: str) -> str:
    """A message with its {names} filled by formulas, or by texts, as a formula without its `=`."""
    pieces = []
    for k, piece in enumerate(re.split(r"\{(\w+)\}", pattern)):
        if k % 2 and piece in formulas:
            pieces.append(formulas[piece])
        elif text := texts[piece] if k % 2 else piece:
            pieces.append(literal(text))
    return "&".join(pieces)


def of_sentence(page: Page, s: int | None, said: Phrase) -> Phrase:
    """What is said of a sentence, after what it is called; as it stands, where there is one sentence only."""
    if not (called := before(page, s)):
        return said
    return Phrase(f"{literal(called)}&{said.formula}", called + said.shown, text_width(called) + said.length)


def _quoted(page: Page, fact: Fact) -> Phrase:
    """One entry: a word, or a number with two decimals, none for a count, six for what is compared closely;
    a constant as it stands."""
    block, book, at = fact.block, page.book, page.ref(fact.block).cell(fact.row, fact.column)
    value = book.values[block.name][fact.row, fact.column]
    if not block.text:
        if block.role == "constant":
            return Phrase(at, f"{float(value):g}")
        decimals = {"count": 0, "whole": 0, "large": 0, "gate": 0, "fine": 6}.get(block.scale, 2)
        number = at if block.scale in NEVER_BELOW_0 else f"ROUND({at},{decimals})+0"  # of -0.001, too, 0.00
        return Phrase(f"FIXED({number},{decimals},TRUE)", fixed(float(value), decimals))
    if fact.itself is None:
        return Phrase(at, str(value))
    index, name = block.operands[0], page.messages("answer.itself")  # the position that the word was found by
    found, own = page.ref(index).cell(fact.row, fact.column), page.ref(fact.itself).cell(0, 0)
    same = book.values[index.name][fact.row, fact.column] == book.values[fact.itself.name][0, 0]
    return Phrase(f'IF({found}={own},"{name}","“"&{at}&"”")', name if same else f"“{value}”")


def needed(model: Lesson) -> Iterator[str]:
    """The keys of the messages that the sheets of a model show and that depend on it."""
    for section in model.sections:
        yield from _of_section(section)
    for block in (*model.settings, *model.switches):
        yield f"setting.{block.last_name}"
    if model.watch is not None:
        yield from (f"sheet.{key}" for key in model.watch.keys if "head." not in key)
    for picture in (*model.headline.pictures, *model.below.values()):
        yield from _of_picture(picture)
    for answer in model.headline.answers:
        yield from answer.keys


def _of_section(section: Section) -> Iterator[str]:
    yield from (f"sheet.{section.key}", f"section.{section.key}.title", f"section.{section.key}.intro")
    if section.compact:
        yield f"strip.{section.key}"
    for step in section.steps:
        yield f"step.{(step.backward_of or step).key}.title"
        if not section.compact:
            yield from (f"step.{step.key}.formula", f"step.{step.key}.question")


def _of_picture(picture: Picture) -> Iterator[str]:
    if isinstance(picture, Plane):
        yield from ("picture.moves", "picture.after", "picture.across", "picture.up")
        return
    yield f"picture.{picture.key}"
    if isinstance(picture, Bars) and len({block.last_name for block in picture.values}) > 1:
        yield from (f"picture.{block.last_name}" for block in picture.values)
    if isinstance(picture, Curves):
        yield from (f"picture.{key}" for key in (picture.across, *(curve.key for curve in picture.curves)))
