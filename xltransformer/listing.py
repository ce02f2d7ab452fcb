"""The blocks of a model, each with what it is: for whoever writes a lesson or reads a trace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

from xltransformer.building.arguments import spelled
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.own import spoken
from xltransformer.building.request import Options
from xltransformer.building.template import Template
from xltransformer.graph import Matrix, Section, Step
from xltransformer.locale import Messages, load_messages
from xltransformer.models import Lesson
from xltransformer.record import record
from xltransformer.text import letters
from xltransformer.workbook.panels import section_title, step_title
from xltransformer.workbook.symbols import has_several_heads, symbol_of


@record
class BlockLine:
    """A block: its name, whether it is an "input" or "computed", its shape, its symbol on the sheets, the section
    and the step that make it, or use it first (empty: none), and what it `is` in words."""

    name: str
    kind: str
    shape: tuple[int, int]
    symbol: str
    section: str
    step: str
    what: str

    @property
    def told(self) -> str:
        """What it is and where it stands, in one text."""
        return " · ".join(filter(None, (self.what, " › ".join(filter(None, (self.section, self.step))))))

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "shape": list(self.shape)}


@spelled
def blocks(
    sentences: Sequence[str] = (),
    template: str | Path | Template | None = None,
    *,
    language: str | None = None,
    **options: Unpack[Options],
) -> list[BlockLine]:
    """Every block of the model of a template, in its order, inputs and computed ones, as `trace` has them: for
    template and `options` see `build` and `Options`. Raises UserError for whatever cannot be used.

        [block.name for block in blocks(template="gpt") if block.kind == "input"]
    """
    language = spoken(language, options.get("weights"))
    instance = make_instance(template, sentences, spare=False, language=language, **options)
    return lines(instance, load_messages(language))


def lines(instance: Instance, messages: Messages, *, of_head: bool = True) -> list[BlockLine]:
    """A line for each block of an instance; symbols tell the head they are `of_head`, where there are several."""
    model = instance.model
    homes, several = _homes(model), of_head and has_several_heads(model.blocks)
    told = []
    for name, block in model.blocks.items():
        section, step = homes.get(block, (None, None))
        told.append(
            BlockLine(
                name,
                "computed" if block.computed else "input",
                block.shape,
                symbol_of(block, messages, several_heads=several),
                "" if section is None else _section_title(section, model, messages),
                "" if step is None else step_title(messages, step),
                _what(block, block in homes, messages),
            )
        )
    return told


def _homes(model: Lesson) -> dict[Matrix, tuple[Section, Step]]:
    """Where each block is made or, of what stands on no panel, where it is used first."""
    steps = [(section, step) for section in model.sections for step in section.steps]
    homes: dict[Matrix, tuple[Section, Step]] = {}
    for section, step in steps:
        for block in step.blocks:
            if block.computed:
                homes.setdefault(block, (section, step))
    for block, home in list(homes.items()):
        for operand in block.operands:
            if operand.role in ("parameter", "constant", "target"):
                homes.setdefault(operand, home)
    return homes


def _section_title(section: Section, model: Lesson, messages: Messages) -> str:
    """A section's title, with the letter of its sentence where there are several."""
    title = section_title(messages, section)
    letter = "" if section.sentence is None else letters(len(model.sentences))[section.sentence]
    return f"{title} ({letter})" if letter else title


def _what(block: Matrix, placed: bool, messages: Messages) -> str:
    """What an input is for, or that a result stands on no panel; nothing more of a result that a step makes."""
    if block.computed:
        return "" if placed else messages("block.outside")
    usual = messages.get(f"block.{block.last_name}", messages.get(f"block.{block.role}", ""))
    turned = block.role in ("switch", "choice", "constant")
    return messages.get(f"note.{block.last_name}", usual) if turned else usual
