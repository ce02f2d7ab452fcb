"""The first screen, in a real window of a common laptop: what must be seen at once is seen, and nothing covers
anything else. Positions and widths are those that LibreOffice reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from windows import Box, Seen, View, Windows

from xltransformer import api
from xltransformer.building.instance import Instance, describe, make_instance
from xltransformer.building.template import DEFAULT_TEMPLATE, shipped_templates
from xltransformer.classroom.selection import select
from xltransformer.locale import languages, load_messages
from xltransformer.workbook.book import Workbook
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.writer import render

AT_ONCE = ("title", "intro", "state", "sentences", "headline", "answer")
"""What a reader must see without scrolling."""
LINES = ("title", "intro", "state")
"""Texts on one line, which run over the cells beside them."""
SLACK = 1.5
"""Pixels that rounding may take."""
OLD = ("old", "en")
WORKBOOKS = [*((name, language) for name in shipped_templates() for language in languages()), ("exercise", "en")]


def lay(name: str, language: str) -> tuple[Instance, Workbook]:
    """A template as it is built, or the default one as an exercise."""
    exercise = name == "exercise"
    instance = make_instance(None if exercise else name, language=language, slots=0 if exercise else None)
    left = select(instance) if exercise else None
    return instance, lay_out(instance, instance.trace(), load_messages(language), left)


def parts_of(book: Workbook) -> dict[str, str]:
    """The addresses of what the first screen consists of, by name."""
    start = book.sheets[0].name
    return {
        name: place.absolute.rpartition("!")[2].replace("$", "")
        for name, place in book.screen.items()
        if place.sheet == start
    }


Shown = tuple[dict[str, str], Seen]
"""The parts of a first screen, and what a window showed of it."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Shown]:
    """Every workbook in a window; also one as it used to be, whose charts begin in column P."""
    folder = tmp_path_factory.mktemp("window")
    views, parts = [], []
    for name, language in [*WORKBOOKS, OLD]:
        instance, book = lay(DEFAULT_TEMPLATE if name == OLD[0] else name, language)
        if name == OLD[0]:
            charts = book.sheets[0].charts
            charts[:] = [replace(chart, column=15 + 6 * k) for k, chart in enumerate(charts)]
        path = folder / f"{name}.{language}.xlsx"
        path.write_bytes(render(book, describe(instance)))
        parts.append(parts_of(book))
        views.append((path, [View(places=list(parts[-1].values()))]))
    with Windows(folder / "profile") as windows:
        shown = [first for (first,) in windows.show(views)]
    return dict(zip([*WORKBOOKS, OLD], zip(parts, shown, strict=True), strict=True))


def inside(inner: Box, outer: Box) -> bool:
    return (
        inner[0] >= outer[0] - SLACK
        and inner[1] >= outer[1] - SLACK
        and inner[2] <= outer[2] + SLACK
        and inner[3] <= outer[3] + SLACK
    )


def overlap(one: Box, other: Box) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    return across > SLACK and min(one[3], other[3]) - max(one[1], other[1]) > SLACK


def faults(parts: Mapping[str, str], seen: Seen, wanted: Sequence[str] = AT_ONCE) -> list[str]:
    """What is wrong with the first screen, in words."""
    boxes = dict(zip(parts, seen.places, strict=True))
    found = [f"{name} is missing" for name in wanted if name not in boxes]
    found += [
        f"{name} {boxes[name]} is not on the first screen {seen.visible}"
        for name in wanted
        if name in boxes and not inside(boxes[name], seen.visible)
    ]
    found += [
        f"chart {k} {box} lies beside the headline {boxes['headline']}"
        for k, box in enumerate(seen.charts)
        if box[1] < seen.visible[3] and not inside(box, boxes["headline"])
    ]
    for name, width in zip(parts, seen.texts, strict=True):
        line = name in LINES or name.startswith("experiment")
        if line and boxes[name][0] + width > seen.visible[2]:
            found.append(f"the text of {name} ends at {boxes[name][0] + width:.0f}, beyond the window")
    maps = {name: box for name, box in boxes.items() if name.startswith("picture")}
    things = {name: box for name, box in boxes.items() if name in AT_ONCE and name != "headline"} | maps
    things |= {f"chart {k}": box for k, box in enumerate(seen.charts)}
    things |= {name: box for name, box in boxes.items() if name.startswith("experiment")}
    found += [
        f"{one} {things[one]} and {other} {things[other]} overlap"
        for one, other in combinations(things, 2)
        if overlap(things[one], things[other])
    ]
    return found


@pytest.mark.parametrize(("name", "language"), WORKBOOKS)
def test_the_story_is_on_the_first_screen(name: str, language: str, seen: dict[tuple[str, str], Shown]) -> None:
    wanted = [part for part in AT_ONCE if name != "exercise" or part != "answer"]  # those a student is to find
    assert not faults(*seen[name, language], wanted)


@pytest.mark.parametrize("name", shipped_templates())
def test_every_headline_is_a_picture_with_an_answer(name: str) -> None:
    model = make_instance(name).model
    assert model.headline.pictures
    assert model.headline.answers


def test_what_lies_elsewhere_would_be_noticed(seen: dict[tuple[str, str], Shown]) -> None:
    """A chart beyond the window, one over the words, a sentence too far down, a line too long."""
    parts, shown = seen["cat-and-mouse", "en"]
    left, top, right, bottom = shown.charts[0]
    beyond = replace(shown, charts=((left + 1000, top, right + 1000, bottom), *shown.charts[1:]))
    assert any("beside the headline" in fault for fault in faults(parts, beyond))
    over = replace(shown, charts=((left - 200, top, right - 200, bottom), *shown.charts[1:]))
    assert any("overlap" in fault for fault in faults(parts, over))
    at = list(parts).index("answer")
    moved = list(shown.places)
    moved[at] = (moved[at][0], 600.0, moved[at][2], 640.0)
    assert any("not on the first screen" in fault for fault in faults(parts, replace(shown, places=tuple(moved))))
    long = [*shown.texts]
    long[list(parts).index("intro")] = 2000.0
    assert any("beyond the window" in fault for fault in faults(parts, replace(shown, texts=tuple(long))))


def test_charts_beyond_the_window_are_noticed(seen: dict[tuple[str, str], Shown]) -> None:
    assert sum("beside the headline" in fault for fault in faults(*seen[OLD])) > 1


def test_window_of_a_build_is_that_of_its_layout(tmp_path: Path) -> None:
    """What is built by name is what these tests look at."""
    instance, book = lay("gpt", "zh")
    api.build(tmp_path / "gpt.xlsx", template="gpt", language="zh")
    assert (tmp_path / "gpt.xlsx").read_bytes() == render(book, {**describe(instance), "language": "zh"})
