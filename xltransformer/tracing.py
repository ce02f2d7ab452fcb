"""Every number of a model, computed by NumPy alone: of a template over sentences, or of a workbook as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from xltransformer.building.arguments import spelled
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.own import spoken
from xltransformer.building.request import Options
from xltransformer.building.template import Template
from xltransformer.checked import says_itself
from xltransformer.errors import UserError
from xltransformer.formats import is_workbook
from xltransformer.text import matching

if TYPE_CHECKING:
    from xltransformer.notebook import Traced


@spelled
def trace(
    sentences: str | Path | Sequence[str] = (),
    template: str | Path | Template | None = None,
    *,
    workbook: str | Path | None = None,
    language: str | None = None,
    **options: Unpack[Options],
) -> Traced:
    """Every block of numbers as a labelled DataFrame, by its name, computed by NumPy alone: of a template over
    `sentences` (its own where none are given), or of a `workbook` with its inputs as they stand there now, edits
    included. In the place of sentences a workbook's file may be named, too.

    Of n words and d dimensions, `self_attention.X` is n x d, and attention's scores and weights are n x n:
    a row for the word that looks, a column for each word seen. For template and `options` see `build` and
    `Options`; a workbook says itself what they would. Raises UserError for whatever cannot be used, and KeyError,
    with the name that is nearest, for a block that there is not.

        trace(["cat and mouse"])["self_attention.weights"].loc["cat", "mouse"]
        trace("mine.xlsx")["self_attention.weights"]
    """
    from xltransformer.notebook import Traced

    return Traced(*subject(workbook, sentences, template, language, options))


def subject(
    workbook: str | Path | None,
    sentences: str | Sequence[str] | Path,
    template: str | Path | Template | None,
    language: str | None,
    options: Options,
) -> tuple[Instance, str]:
    """What is traced, and its language: a workbook as it is now, also where its file stands for `sentences`, or a
    template; UserError where both are given."""
    if isinstance(sentences, Path) or (isinstance(sentences, str) and is_workbook(sentences)):
        if workbook is not None:
            raise UserError(f"{workbook} and {sentences} are two workbooks; trace one after the other")
        workbook, sentences = sentences, ()
    if workbook is None:
        language = spoken(language, options.get("weights"))
        return make_instance(template, sentences, spare=False, language=language, **options), language
    says_itself(
        workbook, "to trace", {"sentences": sentences, "template": template, "language": language, **options}
    )
    from xltransformer.workbook.again import instance_of, language_of
    from xltransformer.workbook.reader import read_book

    if not (is_workbook(str(workbook)) or Path(workbook).exists()):
        raise UserError(f"there is no file {str(workbook)!r:.80}; a sentence is given with `sentences`")
    book = read_book(Path(workbook))
    return instance_of(book), language_of(book)


def trace_json(instance: Instance, only: Sequence[str] = ()) -> dict[str, Any]:
    """Every block of numbers and every input, words included, as one object for JSON, values at full double
    precision; with `only`, the blocks whose names these patterns are for (`*.weights`), whatever they hold.

    Raises UserError for a pattern that is for none.
    """
    blocks, values = instance.model.blocks, instance.trace()
    names = matching(blocks, only) if only else [n for n, b in blocks.items() if not (b.text and b.computed)]
    return {
        "template": instance.template.name,
        "sentences": list(instance.sentences),
        "blocks": [
            {
                "name": name,
                "kind": "computed" if blocks[name].computed else "input",
                "rows": blocks[name].rows.read(values),
                "columns": blocks[name].columns.read(values),
                "values": values[name].tolist(),
            }
            for name in names
        ],
    }
