"""What the project does, as functions: build, trace, size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from xltransformer.estimate import Estimate, estimate_configuration, estimate_model
from xltransformer.exercise import exercise_blocks, fingerprint
from xltransformer.size import Configuration, configuration, quantities
from xltransformer.spec.instance import Instance, Options, describe, make_instance
from xltransformer.spec.template import Template

if TYPE_CHECKING:
    import pandas as pd

Report = Callable[[Estimate], Callable[[str], None]]
"""Is told what a workbook will take, and gives back what is then told every stage of it: "calculating",
"drawing", "writing", "done"."""


def build(
    path: str | Path,
    sentences: Sequence[str] = (),
    template: str | Path | Template | None = None,
    *,
    language: str = "en",
    exercise: Sequence[str] = (),
    products: str = "auto",
    force: bool = False,
    report: Report | None = None,
    **options: Unpack[Options],
) -> Instance:
    """Write the workbook of a template over some sentences (the template's own where none are given).

    The steps in `exercise` (such as "scores") are left for a student to fill; `products` is how
    matrix products are written: "spelled" out, "compact", or by size ("auto"); `report` hears what the
    workbook will take, and then how far it is; for `options` see `Options`. Returns what was built.
    Raises UserError, before anything is written, for whatever cannot be used.
    """
    from xltransformer.locale import load_messages
    from xltransformer.workbook.layout import lay_out
    from xltransformer.workbook.writer import check_free, render, save

    target = Path(path)
    check_free(target, force=force)
    messages = load_messages(language)
    if exercise and options.get("slots") is None and "slots" not in (options.get("settings") or {}):
        options["slots"] = 0  # a student's score counts every cell
    instance = make_instance(template, sentences, language=language, **options)
    steps = (report or _silent)(estimate_model(instance.model))
    description = describe(instance)
    if exercise:
        description["exercise"] = {"steps": list(exercise), "inputs": fingerprint(instance.inputs)}
    steps("calculating")
    values = instance.trace()
    steps("drawing")
    book = lay_out(instance, values, messages, exercise_blocks(instance.model, exercise), products)
    steps("writing")
    save(render(book, description), target, force=force)
    steps("done")
    return instance


def _silent(_: Estimate) -> Callable[[str], None]:
    return lambda stage: None


def trace_instance(
    sentences: Sequence[str] = (),
    template: str | Path | Template | None = None,
    **options: Unpack[Options],
) -> Instance:
    """What `trace` computes: the sentences as they are, without spare slots or vocabulary rows."""
    return make_instance(template, sentences, spare=False, **options)


def trace(
    sentences: Sequence[str] = (),
    template: str | Path | Template | None = None,
    **options: Unpack[Options],
) -> dict[str, pd.DataFrame]:
    """Every block of numbers as a labelled DataFrame, by its name, computed by NumPy alone.

    For `options` see `Options`. Raises UserError for whatever cannot be used.
    """
    return frames(trace_instance(sentences, template, **options))


def frames(instance: Instance) -> dict[str, pd.DataFrame]:
    """The blocks of numbers of an instance as labelled DataFrames."""
    import pandas as pd

    values = instance.trace()
    return {
        name: pd.DataFrame(values[name], index=block.rows.read(values), columns=block.columns.read(values))
        for name, block in instance.model.blocks.items()
        if not block.text
    }


def trace_json(instance: Instance) -> dict[str, Any]:
    """The same as one object for JSON, values at full double precision."""
    blocks = instance.model.blocks
    return {
        "template": instance.template.name,
        "sentences": list(instance.sentences),
        "blocks": [
            {
                "name": name,
                "kind": "computed" if blocks[name].computed else "input",
                "rows": frame.index.tolist(),
                "columns": frame.columns.tolist(),
                "values": frame.to_numpy().tolist(),
            }
            for name, frame in frames(instance).items()
        ],
    }


def build_size(
    path: str | Path, own: Configuration | None = None, *, language: str = "en", force: bool = False
) -> None:
    """Write a workbook with the sheet on size alone; `own` is the configuration in its first row.

    Raises UserError, before anything is written, for whatever cannot be used.
    """
    from xltransformer.locale import load_messages
    from xltransformer.workbook.layout import lay_out_size
    from xltransformer.workbook.writer import check_free, render, save

    target = Path(path)
    check_free(target, force=force)
    book = lay_out_size(own or configuration(), load_messages(language))
    save(render(book, {}), target, force=force)


def size_json(own: Configuration, words: int = 8) -> dict[str, Any]:
    """The size of a configuration, also as a workbook with so many words, and of the published models as
    one object for JSON."""
    from xltransformer.published import PUBLISHED

    taken = estimate_configuration(own, words)
    return {
        "workbook": {"words": words, "cells": taken.cells, "megabytes": taken.megabytes, "seconds": taken.seconds},
        "configuration": dict(own),
        "quantities": quantities(own),
        "published": [
            {
                "name": known.name,
                "source": known.source,
                "stated": known.stated,
                "rounding": known.rounding,
                "exact": known.exact,
                "configuration": dict(known.configuration),
                "quantities": quantities(known.configuration),
            }
            for known in PUBLISHED
        ],
    }
