"""The first screen: the header, what one types, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xltransformer.building.instance import Instance
from xltransformer.graph import Matrix
from xltransformer.nn.embedding import Sentence
from xltransformer.ops import says
from xltransformer.page import pictures
from xltransformer.page.contents import Contents, Live, name_of
from xltransformer.page.entries import entry, said_at, value_of
from xltransformer.page.html import element, text
from xltransformer.page.invitations import draw_experiments, draw_score
from xltransformer.page.numbers import shown
from xltransformer.page.tables import single
from xltransformer.record import record
from xltransformer.workbook.book import Page
from xltransformer.workbook.named import titled
from xltransformer.workbook.phrases import Phrase, literal
from xltransformer.workbook.places import Place
from xltransformer.workbook.start.grid import STATE, VALUE
from xltransformer.workbook.start.head import head_of
from xltransformer.workbook.start.inputs import settings_of
from xltransformer.workbook.start.words import answers_of
from xltransformer.workbook.styles import number_format

ICONS = {
    "menu": "M3 5h14M3 10h14M3 15h14",
    "scheme": "M10 3v14a7 7 0 0 1 0-14zM10 3a7 7 0 0 1 0 14",
    "close": "M5 5l10 10M15 5L5 15",
}
"""Lines of the icons of buttons, in a square of 20."""


@record
class Beside:
    """Another page of the same site: its `file`, what is said of it, and in which language (of HTML) that is."""

    file: str
    said: str
    lang: str


def header(contents: Contents) -> str:
    """What stands above the page, whatever is read: the way past it, and the buttons."""
    messages = contents.messages
    steps, name, ending = (messages(f"page.{key}") for key in ("steps", "download", "ending"))
    download = element("span", element("span", text(f"{name} "), cls="more") + text(ending))
    buttons = [
        _button("menu", icon("menu"), aria_label=steps, aria_expanded="false", aria_controls="map"),
        element("span", text(contents.workbook.title), cls="brand", aria_hidden="true"),
        _button("download", download),
        _button("copy-link", text(messages("page.copy_link"))),
        _button("reset", text(messages("page.reset"))),
        _button("scheme", icon("scheme"), aria_label=messages("page.dark"), aria_pressed="false"),
    ]
    skip = element("a", text(messages("page.skip")), cls="skip", href="#main")
    return skip + element("header", "".join(buttons), cls="top")


def ways(contents: Contents, listed: str, beside: Sequence[Beside] = ()) -> str:
    """The list of chapters and steps, which is a drawer on a narrow screen; above it the pages beside this one."""
    messages = contents.messages
    close = _button("map-close", icon("close"), aria_label=messages("page.close"))
    top = element("li", element("a", text(messages("sheet.start")), href="#start"))
    title = messages("page.steps")
    others = "".join(element("a", text(one.said), href=one.file, lang=one.lang) for one in beside)
    inside = element("p", others, cls="beside") if others else ""
    inside += close + element("h2", text(title)) + element("ul", top + listed)
    return element("nav", inside, id="map", aria_label=title)


def icon(name: str) -> str:
    """An icon, which says nothing to those who listen."""
    return element("svg", f'<path d="{ICONS[name]}"/>', cls="icon", viewBox="0 0 20 20", aria_hidden="true")


def _button(name: str, content: str, **more: str) -> str:
    return element("button", content, type="button", id=name, **more)


def draw(page: Page, instance: Instance, contents: Contents) -> str:
    """The first screen's HTML: in an exercise the score stands in the place of headline and experiments."""
    typed = _sentences(page, contents) + _settings(page, contents)
    if page.book.exercise:
        told = draw_score(contents)
    else:
        headline = element("div", pictures.headline(page, contents), cls="headline")
        told = headline + _answers(page, contents) + draw_experiments(page, instance, contents)
    parts = [
        _head(page, instance, contents),
        _state(contents),
        element("div", typed, cls="typed"),
        element("div", told, cls="shown"),
    ]
    return element("section", "".join(parts), id="start", aria_labelledby="title")


def _head(page: Page, instance: Instance, contents: Contents) -> str:
    """The title, and below it what there is to say before one begins."""
    head = head_of(instance, page.messages, exercise=bool(page.book.exercise), intro="page.intro")
    lines = {"task": head.task, "drawn": head.drawn, "intro": head.intro}
    told = "".join(element("p", text(said), cls=name) for name, said in lines.items() if said)
    return element("div", element("h1", text(contents.workbook.title), id="title") + told, cls="head")


def part(name: str, title: str, content: str, *, live: bool = False) -> str:
    """A part of the first screen under a heading; of a `live` one each change is told to those who listen."""
    heading = element("h2", text(title), id=f"{name}-title")
    inside = element("div", content, aria_live="polite", cls="live") if live else content
    return element("section", heading + inside, cls=name, aria_labelledby=f"{name}-title")


def field(contents: Contents, block: Matrix, i: int, j: int, label: str, classes: str = "") -> str:
    """An entry of a block as a cell that stands alone, at its home, under a label of its own."""
    number = number_format(block, contents.messages)
    at, said = contents.at(contents.page.book.homes[block], i, j), shown(value_of(contents, block, i, j), number)
    edit = contents.edit_of(block)
    return entry(at, block.name, i, j, said, number, classes, data_edit=edit, data_label=label)


def _sentences(page: Page, contents: Contents) -> str:
    """Each sentence as a row of fields."""
    sentences = page.model.sentences
    made = "".join(_sentence(page, contents, s, sentence) for s, sentence in enumerate(sentences))
    return element("div", made, cls="sentences")


def _sentence(page: Page, contents: Contents, s: int, sentence: Sentence) -> str:
    """A sentence's fields in their order, each with its mark or gloss; with draws, if the model writes it."""
    written = page.book.generated.get(sentence.words.name, frozenset())
    draws = page.model.draws if sentence.words.feedback is not None else None
    slots = [
        element("li", "".join(_slot(page, contents, s, i, draws)), cls="slot written" if i in written else "slot")
        for i in range(sentence.words.shape[0])
    ]
    name = f"sentence-{s}"
    short = element("span", text(page.letters[s]), cls="short", aria_hidden="true")
    heading = element("h2", element("span", text(titled(page, s)), cls="long") + short, id=name)
    listed = element("ol", "".join(slots), cls="slots")
    used = "" if draws is None else _draws_used(page, contents)
    return element("section", heading + used + listed, cls="sentence", aria_labelledby=name)


def _slot(page: Page, contents: Contents, s: int, i: int, draws: Matrix | None) -> Iterator[str]:
    """A word's field, what the sheet says beside it, and from the second word on the draw that may choose it."""
    words, messages = page.model.sentences[s].words, page.messages
    home = page.book.homes[words]
    yield field(contents, words, i, 0, messages("page.slot", sentence=titled(page, s), n=i + 1))
    first = contents.workbook.sheets[0]
    at = home.row + i, home.column + 1
    if home.sheet == first.name and (beside := first.single.get(at)) is not None:
        yield single(contents, home.sheet, *at, beside)
    if draws is not None and 0 < i <= draws.shape[0]:
        yield field(contents, draws, i - 1, 0, messages("page.draw", n=i + 1), "draw")


def _draws_used(page: Page, contents: Contents) -> str:
    """Whether the draws below the words choose anything."""
    messages, choose = page.messages, page.model.switches[0]
    used, unused = messages("page.draws"), messages("page.draws_unused")
    if choose.turned_by is None:
        return element("p", text(used), cls="draws-told")
    by_chance = f"OR({says(page.ref(choose).cell(0, 0), choose.turned_by, on=True)})"
    chosen = str(value_of(contents, choose, 0, 0)) in choose.turned_by.on
    said = Phrase(f"IF({by_chance},{literal(used)},{literal(unused)})", used if chosen else unused)
    return live_text("p", contents.live_text(said), "draws-told", data_used=used, data_idle=not chosen)


def live_text(name: str, live: Live, classes: str, **more: str | bool) -> str:
    """A text of the page's own as an element."""
    return element(name, text(live.shown), cls=classes, data_cell=live.cell, **more)


def _settings(page: Page, contents: Contents) -> str:
    """A name and a field for each setting that the first screen follows."""
    settings = "".join(
        element(
            "li",
            element("label", element("span", text(name)) + field(contents, block, 0, 0, name)),
            cls="setting",
        )
        for block, name in settings_of(page)
    )
    return part("settings", page.messages("start.settings"), element("ul", settings)) if settings else ""


def _answers(page: Page, contents: Contents) -> str:
    """What the pictures show, in words."""
    said = "".join(
        live_text("p", contents.live_text(phrase), "answer", data_answer=True) for phrase in answers_of(page)
    )
    return part("answers", page.messages("page.answers"), said, live=True) if said else ""


def _state(contents: Contents) -> str:
    """One line: all well or what is amiss, with the way to the checks."""
    place = Place(contents.workbook.sheets[0].name, STATE, VALUE, (1, 1))
    said = said_at(contents, place)
    line = element(
        "p", text(said), data_state_line=True, data_cell=name_of(contents.at(place)),
        data_amiss=str(not said.startswith("✓")).lower(), aria_live="polite",
    )  # fmt: skip
    checks = contents.anchor(contents.messages("sheet.checks"))
    link = element("a", text(contents.messages("start.checks_link")), href=f"#{checks}")
    title = element("h2", text(contents.messages("page.state")), cls="unseen", id="state-title")
    return element("section", title + line + link, cls="state", aria_labelledby="state-title")
