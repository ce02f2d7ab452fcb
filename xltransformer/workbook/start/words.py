"""What the first sheet says in words: the answers, and whether all is well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from xltransformer.ops import same_word
from xltransformer.teaching.lesson import Watch
from xltransformer.teaching.pictures import Answer, Fact
from xltransformer.teaching.watch import lesson_title
from xltransformer.workbook.baseline import Changed
from xltransformer.workbook.book import Page
from xltransformer.workbook.named import named
from xltransformer.workbook.phrases import Phrase, filled, literal, of_sentence, phrase
from xltransformer.workbook.places import Place, quoted
from xltransformer.workbook.start.grid import LABEL, REGION, STATE, VALUE
from xltransformer.workbook.styles import BAD

MOST_ANSWERS = 4
"""Lines of answers that the first screen has room for."""
MOST_FORMULA = 8000
"""Characters of a formula, of which Excel takes 8,192."""
MOST_NAMED = 3
"""How many changed cells are named."""
_LETTER, _FULL = 5.9, 0.92
"""Pixels of a letter on average, and how much of a line may be taken before a second one is kept free."""


def draw_answers(page: Page, row: int, last: int) -> tuple[int, Place]:
    """The answers, as many on a line as fit, a long one over two lines; returns the row after them, and
    where they stand."""
    top, room = row, page.sheet.pixels(REGION, last) / _LETTER
    lines: list[list[Phrase]] = []
    for said in answers_of(page):
        if lines and _fits([*lines[-1], said], _FULL * room):
            lines[-1].append(said)
        else:
            lines.append([said])
    for said_together in lines:
        rows = 1 if _length(said_together) <= _FULL * room else 2
        if row + rows > top + MOST_ANSWERS:
            break
        formula = '&"  "&'.join(said.formula for said in said_together)
        shown = "  ".join(said.shown for said in said_together)
        page.sheet.paragraph(row, REGION, shown, "answer", formula, last, rows)
        row += rows
    return row, Place(page.sheet.name, top, REGION, (max(1, row - top), last - REGION + 1))


def answers_of(page: Page) -> Iterator[Phrase]:
    """Every answer, or that there is nothing to answer: the first one that speaks of an empty sentence says so. To
    be called when every block has its place."""
    sentences, told = page.model.sentences, set[int]()
    for answer in page.model.headline.answers:
        said = _told(page, answer)
        formula = said.formula
        of = range(len(sentences)) if answer.sentence is None else [answer.sentence]
        for s in reversed(of):
            words = page.ref(sentences[s].words).column(0)
            empty = page.messages("start.empty", sentence=named(page, s))
            formula = f'IF(SUMPRODUCT(({words}<>"")*1)=0,{literal("" if s in told else empty)},{formula})'
        told.update(of)
        yield replace(said, formula=formula)


def _told(page: Page, answer: Answer) -> Phrase:
    """An answer in the form that holds, after what its sentence is called."""
    return of_sentence(page, answer.sentence, _phrase(page, answer))


def _phrase(page: Page, answer: Answer) -> Phrase:
    """An answer in the form that holds, with what is said then, or where it does not hold, what is said in its
    place."""
    parts: dict[str, Fact | str] = {"part": lesson_title(answer.part, page.messages)} if answer.part else {}
    values, facts = page.book.values, {**parts, **answer.facts}
    said = phrase(page, f"answer.{answer.key}", facts)
    if answer.case is not None:
        forms = [said, *(phrase(page, f"answer.{key}", facts) for key in answer.cases)]
        said = _chosen(page.ref(answer.case).cell(0, 0), int(values[answer.case.name].item()), forms)
    if answer.then is not None:
        said = _after(said, _phrase(page, answer.then))
    if answer.holds is not None:
        other = phrase(page, answer.otherwise, facts)
        holds = f"IFERROR({page.ref(answer.holds).cell(0, 0)}=1,FALSE)"
        shown = said.shown if values[answer.holds.name].item() == 1 else other.shown
        said = Phrase(f"IF({holds},{said.formula},{other.formula})", shown, max(said.length, other.length))
    return said


def _chosen(number: str, which: int, forms: Sequence[Phrase]) -> Phrase:
    """The form of a number, the first one where that is 0."""
    formula = forms[0].formula
    for k in range(len(forms) - 1, 0, -1):
        formula = f"IF({number}={k},{forms[k].formula},{formula})"
    return Phrase(formula, forms[which].shown, max(form.length for form in forms))


def _after(said: Phrase, then: Phrase) -> Phrase:
    """One phrase after another."""
    return Phrase(f"{said.formula}&{then.formula}", said.shown + then.shown, said.length + then.length)


def _fits(phrases: Sequence[Phrase], room: float) -> bool:
    """Whether phrases have room on one line, and their formulas in one cell."""
    formulas = sum(len(said.formula) + len('&"  "&') for said in phrases)
    return _length(phrases) <= room and formulas <= MOST_FORMULA


def _length(phrases: Sequence[Phrase]) -> float:
    """How long they are, whichever form is said."""
    return sum(said.length + 2 for said in phrases)


def draw_state(page: Page, checks: tuple[Place, Place], moved: Place | None, changed: Changed | None) -> Place:
    """One line: all well or what is amiss, by the verdicts and texts of the checks, which cells were changed, and
    how far that `moved` attention and outputs, by how much each block has; returns where it stands."""
    sheet, messages = page.sheet, page.messages
    verdicts, texts = (place.seen_from(sheet.name) for place in checks)
    well, look_at = messages("start.well"), messages("start.look_at")
    first = f"MATCH(0,{verdicts.all},0)"
    cells, text = (f"INDEX({texts.column(k)},{first})" for k in (0, 1))
    said = f'"✗ {look_at}"&{text}&IF({cells}="","",": "&{cells})&{literal(messages("start.stop"))}'
    formula = f'IF(MIN({verdicts.all})=1,"✓ {well}",{said})'
    shown = f"✓ {well}"
    if changed is not None:
        formula += _changed(page, changed)
        shown += f"  {messages('start.unchanged')}"
    if moved is not None:
        formula += _moved(page, moved)
    if page.model.watch is not None and page.model.watch.choice in page.model.moving():
        formula += _watched_instead(page, page.model.watch)
    sheet.link(STATE, LABEL, f"{quoted(checks[0].sheet)}!A1", messages("start.checks_link"))
    sheet.formula(STATE, VALUE, formula, shown, ("status", ""), array=page.book.notation.on_opening)
    where = Place(sheet.name, STATE, VALUE, (1, 1)).absolute.partition("!")[2].partition(":")[0]
    bad = f'=LEFT({where},1)="✗"'
    sheet.conditions.append((where, {"type": "formula", "criteria": bad, "format": BAD}))
    return Place(sheet.name, STATE, LABEL, (1, VALUE - LABEL + 1))


def _changed(page: Page, changed: Changed) -> str:
    """In a formula, after other text: which cells were changed, by the names of the first ones."""
    messages, names = page.messages, changed.names.seen_from(page.sheet.name)
    count, separator = changed.count.seen_from(page.sheet.name).cell(0, 0), literal(messages("start.and"))
    others = "".join(f'&IF({count}>{k},{separator}&{names.cell(k, 0)},"")' for k in range(1, MOST_NAMED))
    cells = f"{names.cell(0, 0)}{others}"
    more = filled(messages.pattern("start.changed_more"), {"n": f"({count}-{MOST_NAMED})"})
    said = filled(messages.pattern("start.changed"), {"cells": f'{cells}&IF({count}>{MOST_NAMED},{more},"")'})
    unchanged = literal(messages("start.unchanged"))
    return f'&IF(ISERROR({count}),"","  "&IF({count}=0,{unchanged},{said}))'


def _moved(page: Page, moved: Place) -> str:
    """In a formula, after other text: how far attention and outputs have moved, where they have."""
    largest = f"MAX({moved.seen_from(page.sheet.name).all})"
    said = filled(page.messages.pattern("start.moved"), {"n": f"FIXED({largest},2,TRUE)"})
    return f'&IF(ISERROR({largest}),"",IF({largest}<0.000001,"","  "&{said}))'


def _watched_instead(page: Page, watch: Watch) -> str:
    """In a formula, after other text: that the chosen word stands nowhere, and which is watched; else nothing."""
    said = phrase(page, "start.not_watched", {"chosen": Fact(watch.choice), "word": Fact(watch.word)})
    chosen, word = (page.ref(block).cell(0, 0) for block in (watch.choice, watch.word))
    return f'&IFERROR(IF(OR({chosen}="",{word}="",{same_word(chosen, word)}),"","  "&{said.formula}),"")'
