"""The front page of the site: the lessons in their order, each with its page and its workbook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lessons import Built

from xltransformer.locale import in_language
from xltransformer.page.html import element, opened, text
from xltransformer.page.joining import part

FILES = {"en": "index.html", "zh": "zh.html"}
DOCS = {"en": "docs/index.html", "zh": "docs/zh/index.html"}
LANG = {"en": "en", "zh": "zh-Hans"}
WORDS = {
    "en": {
        "title": "xltransformer: a Transformer, live on a page",
        "heading": "A Transformer in which every number is live",
        "told": (
            "Choose a lesson and change a word, an embedding or a weight: the picture, the answer and all numbers "
            "follow at once. Point at a number to see its formula and where it comes from. Nothing is installed, "
            "nothing is sent: a spreadsheet engine computes everything here, from the workbook's own formulas."
        ),
        "lessons": "Lessons",
        "all": "All lessons",
        "download": "Workbook",
        "trained": "trained",
        "exercise": "to fill in",
        "exercise_title": "An exercise: work it out yourself",
        "exercise_told": "Some numbers are left for you to fill in: each is checked as soon as it is typed.",
        "docs": "Documentation",
        "other": "中文",
        "skip": "To the lessons",
        "first": "begin here",
    },
    "zh": {
        "title": "xltransformer：网页上的 Transformer，每个数都可以改",
        "heading": "每个数都可以改的 Transformer",
        "told": (
            "选一课，改一个词、一个词向量或一个权重：图、答案和所有的数马上跟着变。"
            "指向一个数，就能看到它的公式和来历。不用安装，也不向任何地方发送数据；"
            "一切都在您的浏览器里，由电子表格引擎按工作簿自己的公式算出。"
        ),
        "lessons": "课程",
        "all": "全部课程",
        "download": "工作簿",
        "trained": "训练过",
        "exercise": "练习",
        "exercise_title": "练习：自己算一算",
        "exercise_told": "有些数留给您来填：每填一个，马上就知道对不对。",
        "docs": "文档",
        "other": "English",
        "skip": "跳到课程",
        "first": "从这里开始",
    },
}  # fmt: skip
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = Path(__file__).with_suffix(".css")


def front_page(gallery: Sequence[Built], language: str, *, docs: bool = True) -> str:
    """The page of one language, which needs no script; with a link to the documentation where that is there."""
    words = WORDS[language]
    other = next(one for one in FILES if one != language)
    head = [
        '<meta charset="utf-8">',
        opened(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        ),
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        element("title", text(words["title"])),
        element("style", f"{part('base.css')}\n{_STYLE.read_text('utf-8')}"),
    ]
    links = [
        element("span", "xltransformer", cls="brand"),
        element("a", text(words["docs"]), cls="button", href=DOCS[language]) if docs else "",
        element(
            "a", text(words["other"]), cls="button", href=FILES[other], lang=LANG[other], hreflang=LANG[other]
        ),
    ]
    cards = [_card(built, words, first=k == 0) for k, built in enumerate(gallery)]
    main = [
        element("h1", text(words["heading"])),
        element("p", text(words["told"]), cls="told"),
        element("h2", text(words["lessons"]), id="lessons"),
        element("ol", "\n".join(cards), cls="cards"),
    ]
    return "\n".join([
        "<!doctype html>",
        opened("html", lang=LANG[language]),
        element("head", "\n".join(head)),
        "<body>",
        element("a", text(words["skip"]), cls="skip", href="#lessons"),
        element("header", element("nav", "\n".join(links), cls="top")),
        element("main", "\n".join(main)),
        "</body>\n</html>\n",
    ])  # fmt: skip


def _card(built: Built, words: dict[str, str], *, first: bool) -> str:
    """A lesson: its title, which leads to its page, what it is about, and its workbook."""
    entry, template = built.entry, built.instance.template
    title, task = entry.title, in_language(template.task, entry.language)
    if entry.exercise:
        title, task = words["exercise_title"], words["exercise_told"]
    marks = [words["first"]] * first + [words["trained"]] * (template.trained and not entry.exercise)
    marks += [words["exercise"]] * bool(entry.exercise)
    size = f"{built.path.stat().st_size / 1024:.0f} KiB"
    parts = [
        element("h3", element("a", text(title), href=f"{entry.name}.html")),
        element("p", text(task)),
        element(
            "p",
            "".join(element("span", text(mark), cls="mark") for mark in marks)
            + element(
                "a", f"{text(words['download'])} <small>.xlsx, {size}</small>", href=entry.file, download=True
            ),
            cls="foot",
        ),
    ]
    return element("li", "".join(parts), cls="card")
