"""Which messages a model needs, so that all that are missing are told at once."""

from __future__ import annotations

from collections.abc import Iterator

from xltransformer.graph import Section
from xltransformer.models import Lesson
from xltransformer.teaching.pictures import Bars, Curves, Picture, Plane


def needed(model: Lesson) -> Iterator[str]:
    """The keys of the messages that the sheets of a model show and that depend on it."""
    for section in model.sections:
        yield from _of_section(section)
    for block in (*model.settings, *model.switches):
        yield f"setting.{block.last_name}"
    for promise in model.promises:
        yield f"check.{promise.last_name}"
    if model.watch is not None:
        yield from (f"sheet.{key}" for key in model.watch.keys if "head." not in key)
    for picture in model.headline.pictures:
        yield from _of_picture(picture)
    for answer in model.headline.answers:
        yield f"answer.{answer.key}"
        if answer.holds is not None:
            yield f"answer.{answer.key}_not"


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
        yield from ("picture.moves", "picture.after")
        return
    yield f"picture.{picture.key}"
    if isinstance(picture, Bars) and len({block.last_name for block in picture.values}) > 1:
        yield from (f"picture.{block.last_name}" for block in picture.values)
    if isinstance(picture, Curves):
        yield from (f"picture.{key}" for key in (picture.across, *(curve.key for curve in picture.curves)))
