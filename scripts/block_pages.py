#!/usr/bin/env python3
"""Writes docs/LANGUAGE/blocks.md: the names of all blocks, model by model, as the models give them.

scripts/block_pages.py      (`make gallery` does the same)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.parse import load_template
from xltransformer.building.template import shipped_templates
from xltransformer.graph import Axis
from xltransformer.listing import BlockLine, lines
from xltransformer.locale import load_messages
from xltransformer.models import MODELS

DOCS = Path(__file__).resolve().parent.parent / "docs"
_COLUMNS = {"en": "| block | shape | symbol | times | what it is |", "zh": "| 块 | 形状 | 符号 | 个数 | 说明 |"}
_TEMPLATE = {"en": "Template `{}`: “{}”.", "zh": "模板 `{}`：“{}”。"}


def shown_by(model: str) -> str:
    """The template that shows a model: the one for its published names, else the first that ships."""
    mine = (name for name in shipped_templates() if load_template(name).model == model)
    return MODELS[model].template or next(mine)


def side(axis: Axis, instance: Instance) -> str:
    """A side of a matrix: a letter where its labels are words, rows of the vocabulary or dimensions, else a
    number."""
    source, model = axis.source, instance.model
    words = [sentence.words for sentence in model.sentences]
    if source is not None and source in words:
        return "m" if instance.template.entry.pair and source is words[1] else "n"
    if source is not None and source in (model.vocabulary.words, model.vocabulary.dimensions):
        return "v" if source is model.vocabulary.words else "d"
    same = next((k for k, one in enumerate(words) if axis is one.rows), None)
    if same is not None:
        return "m" if instance.template.entry.pair and same else "n"
    if axis is model.vocabulary.words.rows:
        return "v"
    return "d" if axis is model.vocabulary.dimensions.columns else str(axis.size)


def together(name: str) -> str:
    """What blocks have in common that differ in a number only."""
    return ".".join("#" if part.isdigit() else part for part in name.split("."))


def row(some: Sequence[BlockLine], instance: Instance) -> str:
    """The row of blocks that differ in a number only."""
    made = (instance.model.blocks[one.name] for one in some)
    shapes = dict.fromkeys(f"{side(b.rows, instance)} × {side(b.columns, instance)}" for b in made)
    first = some[0]
    name = f"**`{first.name}`**" if first.kind == "input" else f"`{first.name}`"
    times = str(len(some)) if len(some) > 1 else ""
    return (
        f"| {name} | {', '.join(shapes)} | {first.symbol} | {times} | {first.told.replace('|', chr(92) + '|')} |"
    )


def section(model: str, language: str) -> str:
    """The part of the page on one model."""
    instance = make_instance(shown_by(model), spare=False, language=language)
    groups: dict[str, list[BlockLine]] = {}
    for line in lines(instance, load_messages(language), of_head=False):
        groups.setdefault(together(line.name), []).append(line)
    template = _TEMPLATE[language].format(instance.template.name, "”, “".join(instance.sentences))
    head = [f"## {model}", "", template, "", _COLUMNS[language], "|---|---|---|---|---|"]
    return "\n".join([*head, *(row(group, instance) for group in groups.values())])


def pages() -> dict[Path, str]:
    """The page of each language: its head, which people write, and a part for each model."""
    written = {DOCS / language / "blocks.md": language for language in _COLUMNS}
    heads = {path: path.read_text("utf-8").partition("\n## ")[0].strip() for path in written}
    return {
        path: "\n\n".join([heads[path], *(section(m, language) for m in MODELS)]) + "\n"
        for path, language in written.items()
    }


def main() -> None:
    for path, text in pages().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
