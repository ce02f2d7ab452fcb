"""Write a model as a folder that transformers loads as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from xltransformer.building.arguments import spelled
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.request import Options
from xltransformer.building.template import Template
from xltransformer.checked import says_itself
from xltransformer.errors import UserError
from xltransformer.exporting.folder import FILES, folder_of
from xltransformer.files import check_free_folder, save_folder
from xltransformer.record import record


@record
class Exported:
    """What `export` wrote: the folder, the class of transformers that loads it, the type of its numbers, how many
    words it knows, and lines for the user."""

    path: Path
    name: str
    dtype: str
    words: int
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        exact = "" if self.dtype == "float32" else ", as float32 would not hold these numbers to the last bit"
        return f"wrote {self.path}: {self.name}, {self.words} words, {self.dtype}{exact}"


@spelled
def export(
    path: str | Path,
    workbook: str | Path | None = None,
    *,
    template: str | Path | Template | None = None,
    sentences: str | Sequence[str] = (),
    force: bool = False,
    **options: Unpack[Options],
) -> Exported:
    """Write a model as a folder that Hugging Face's transformers loads as it is: config.json, model.safetensors,
    tokenizer.json and what goes with them. The model is that of `weights`, of a `template`, or of a `workbook` as
    it is now, edits included.

    `build(…, weights=path)` gives it back the same to the last bit: numbers are written in single precision where
    that holds them, else in double. Rows of the vocabulary that are empty, and words that a sentence made up, are
    left out. `force` replaces a folder that was exported before; for `options` see `Options`. Raises UserError,
    before anything is written, for whatever cannot be used, and where no published class computes the same: it
    names the option that none has.

        export("rhymes/", weights="rhymes.npz")
        transformers.AutoModelForCausalLM.from_pretrained("rhymes/")
    """
    target = Path(path)
    check_free_folder(target, FILES, force=force)
    if workbook is not None:
        says_itself(workbook, "to export", {"template": template, "sentences": sentences, **options})
        instance, subject = _in_workbook(Path(workbook)), str(workbook)
    elif template is None and options.get("weights") is None:
        raise UserError("give `weights`, a `template` or a workbook to export")
    else:
        instance = make_instance(template, sentences, **options)
        weights = options.get("weights")
        given = "the weights" if isinstance(weights, Mapping) else str(weights)
        subject = f"template {instance.template.name}" if weights is None else given
    folder = folder_of(instance, subject)
    save_folder(folder.files, target, FILES, force=force)
    return Exported(target, folder.name, folder.dtype, folder.words, instance.warnings)


def _in_workbook(path: Path) -> Instance:
    """The model of a workbook, with nothing but what stands there."""
    from xltransformer.workbook.again import instance_of
    from xltransformer.workbook.reader import read_book

    instance = instance_of(read_book(path))
    return replace(instance, template=replace(instance.template, weights={}))
