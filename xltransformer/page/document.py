"""The page as one file: all that it shows, the workbook, the engine, and the scripts that bring it to life."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence

from xltransformer.building.instance import Instance
from xltransformer.locale import Messages
from xltransformer.page import engine, first, joining, limits
from xltransformer.page.cells import Now, as_drawn
from xltransformer.page.contents import Contents
from xltransformer.page.html import element, opened, text
from xltransformer.page.packing import pack
from xltransformer.page.panels import Panel, Paneled, draw_chapters, number_panels
from xltransformer.page.pictures import described
from xltransformer.workbook.book import Workbook

SHARED_ENGINE = "engine.js"
"""The file beside pages that share one engine."""


def document(
    instance: Instance,
    drawn: Workbook,
    workbook: bytes,
    name: str,
    *,
    now: Now = as_drawn,
    sheets: Sequence[str] | None = None,
    recalculate: bool = False,
    shared: bool = False,
    beside: Sequence[first.Beside] = (),
) -> str:
    """The page of a drawn workbook, whose file is `workbook` and is called `name` without its ending.

    `now` is what cells show where that is not what was drawn, and `sheets` are those of the file, in order, where
    that may have others, too; with `recalculate` the engine calculates everything at the start, since the results
    in the file count for nothing. Pages that have a `shared` engine take it from the file SHARED_ENGINE beside
    them, and lead to what else lies `beside` them. Raises UserError where the engine is not installed, and where
    no browser could hold the page.
    """
    limits.check_size(sum(one.values.size for sheet in drawn.sheets for one in sheet.blocks), len(workbook))
    contents = Contents(drawn, name, now, sheets)
    number_panels(contents)
    start = first.draw(contents.page, instance, contents)
    chapters = draw_chapters(contents)
    outline = {**contents.outline(), "pictures": described(contents)}
    outline["recalculate"] = recalculate or contents.page.book.notation.by_row  # which keeps few digits
    opening, header, footer = _opening(contents, shared), first.header(contents), _licences(contents)
    data, ways = _data(outline, workbook, shared), _map(contents, chapters, beside)
    room = MOST_SIZE * (engine.deflated_size() + len(workbook))
    room -= _size(opening, header, start, *data, ways, footer, engine.packed_engine() if shared else "")
    # The engine starts while the steps are read.
    inside = _failure(contents.messages) + "\n".join([start, *data, _steps(contents, chapters, room)])
    main = element("main", inside, id="main", tabindex="-1")
    return "\n".join(["<!doctype html>", opening, "<body>", header, main, ways, footer, "</body></html>", ""])


MOST_SIZE = 1.38
"""How large a page becomes at most, as a multiple of the whole engine, deflated, and the workbook."""


def _packed(html: str) -> str:
    return pack(html.encode(), deflate=True)


def _size(*parts: str) -> int:
    return sum(len(part.encode()) for part in parts)


def _in_room(chapters: Sequence[Paneled], room: float) -> tuple[str, str]:
    """The first panels, as many as there is room for, and the others, which are packed, in their chapters."""
    drawn = [(chapter, list(map(_panel, chapter.panels))) for chapter in chapters]
    every = "".join(_chapter(chapter, panels) for chapter, panels in drawn)
    if _size(every) <= room:
        return every, ""
    room -= len(_packed(every))  # at most
    shown, packed = list[str](), list[str]()
    for chapter, panels in drawn:
        count = 0
        while not packed and count < len(panels) and (room := room - _size(panels[count])) >= 0:
            count += 1
        shown.append(_chapter(chapter, panels[:count]) if not packed else "")
        packed += [_chapter(chapter, panels[count:])] if count < len(panels) else []
    return "".join(shown), "".join(packed)


def _steps(contents: Contents, chapters: Sequence[Paneled], room: float) -> str:
    """All steps: those that there is room for, and the others packed, which the scripts put there."""
    steps, more = _in_room(chapters, room)
    if more:
        said = element("p", text(contents.messages("page.more")), cls="note")
        steps += element("noscript", said) + element("script", _packed(more), type="text/plain", id="more")
    return element("section", steps, id="steps", aria_label=contents.messages("page.steps"))


def shared_engine() -> str:
    """What stands in the file of an engine that pages share."""
    return f"globalThis.xltEngine = {json.dumps(engine.packed_engine())};\n"


def _opening(contents: Contents, shared: bool) -> str:
    """Everything before the body: the title, the policy that lets nothing in from outside, the style."""
    title = contents.workbook.title
    shared_from = "'self' file: " if shared else ""
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(joining.script('main'))}' {shared_from}"
        "'wasm-unsafe-eval' blob:; worker-src blob:; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = [
        '<meta charset="utf-8">',
        opened("meta", http_equiv="Content-Security-Policy", content=policy),
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        opened("meta", name="generator", content="xltransformer"),
        element("title", text(title)),
        element("style", joining.styles()),
    ]
    language = {"zh": "zh-Hans"}.get(contents.messages.language, contents.messages.language)
    return opened("html", lang=language, data_state="shown") + "\n" + element("head", "\n".join(head))


def _digest(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _failure(messages: Messages) -> str:
    """Why nothing is calculated, with the words for it: they must be there when nothing else is."""
    return element(
        "p", role="alert", id="failure", hidden=True, data_said=messages("page.failed", reason="{reason}"),
        data_wasm=messages("page.failed_wasm"), data_old=messages("page.failed_old"),
        data_damaged=messages("page.failed_damaged"),
    )  # fmt: skip


def _chapter(chapter: Paneled, panels: Sequence[str]) -> str:
    """A chapter with some of its panels; without any it is but its title."""
    return element("section", element("h2", text(chapter.title)) + "".join(panels), cls="chapter", id=chapter.id)


def _panel(panel: Panel) -> str:
    """A panel, with the rows that say how high it will be before it is laid out."""
    heading = element("h3", text(panel.title)) if panel.title else ""
    return element("article", heading + panel.html, cls="panel", id=panel.id, style=f"--rows:{panel.rows}")


def _map(contents: Contents, chapters: list[Paneled], beside: Sequence[first.Beside]) -> str:
    """The list of chapters and steps with their shapes, each of which leads there."""
    items = []
    for chapter in chapters:
        steps = "".join(
            element(
                "li", element("a", text(panel.title), href=f"#{panel.id}") + element("small", text(panel.made))
            )
            for panel in chapter.panels
            if panel.title
        )
        listed = element("ol", steps) if steps else ""
        items.append(element("li", element("a", text(chapter.name), href=f"#{chapter.id}") + listed))
    return first.ways(contents, "".join(items), beside)


def _licences(contents: Contents) -> str:
    """Whose parts are in the file, and under which licences."""
    said = element("summary", text(contents.messages("page.licences")))
    return element(
        "footer",
        element(
            "details",
            said + element("pre", text(f"{engine.engine_name()}\n\n{engine.engine_licence()}"), tabindex="0"),
            id="licences",
        ),
    )


def _data(outline: dict[str, object], workbook: bytes, shared: bool) -> list[str]:
    """What the scripts need, and the scripts."""
    said = json.dumps(outline, ensure_ascii=False, separators=(",", ":")).encode()
    held = [("outline", pack(said, deflate=True)), ("workbook", pack(workbook))]
    if not shared:
        held.append(("engine", engine.packed_engine()))
    return [
        *(element("script", packed, type="text/plain", id=name) for name, packed in held),
        *([element("script", "", src=SHARED_ENGINE)] if shared else []),
        element("script", joining.script("main"), id="page-code"),
    ]
