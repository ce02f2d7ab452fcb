"""What the project does, as functions: build, page, trace, train, grade, size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from xltransformer.building.arguments import spelled
from xltransformer.building.instance import Instance, describe, make_instance
from xltransformer.building.own import spoken
from xltransformer.building.request import Options, filled
from xltransformer.building.template import Template
from xltransformer.checked import expect, is_whole, says_itself
from xltransformer.classroom.exercise import count, described
from xltransformer.classroom.selection import DEFAULT, asked_for, select
from xltransformer.errors import UserError
from xltransformer.files import check_free, save
from xltransformer.record import record
from xltransformer.size.configuration import Configuration, configuration, quantities
from xltransformer.size.estimate import Estimate, estimate_configuration, estimate_model
from xltransformer.tracing import trace as trace

if TYPE_CHECKING:
    from xltransformer import training
    from xltransformer.classroom.grading import Grade
    from xltransformer.training import Progress, Trained
    from xltransformer.workbook.book import Left, Variant, Workbook
    from xltransformer.workbook.paper import Printed

PAGE = ".html"
BUILT = (".xlsx", PAGE)
"""What can be built: a workbook, or a page that holds one."""

Report = Callable[[Estimate], Callable[[str], None]]
"""Is told what a workbook will take, and gives back what is then told every stage of it: "calculating",
"drawing", "writing", "done"."""


@spelled
def build(
    path: str | Path,
    sentences: str | Sequence[str] = (),
    template: str | Path | Template | None = None,
    *,
    language: str | None = None,
    exercise: str | Sequence[str] = (),
    handout: bool = False,
    key: bool = False,
    products: str = "auto",
    force: bool = False,
    report: Report = lambda _: lambda stage: None,
    **options: Unpack[Options],
) -> Instance:
    """Write the workbook (.xlsx) of a template over some sentences (the template's own where none are given), or
    where the file's name ends in .html, a page that holds the same, live in any browser.

    `template` is one that ships, by its name, or a .toml file of yours; without it the default one, or the
    one that `weights` under published names are for. Of what is named in `exercise` the cells are left for a
    student to fill: "default" for 20 to 30 of them, or steps, blocks and rows of them ("weights:mouse"), lessons,
    sentences (see `selection.select`); with `handout` a sheet has the same to print, a page a lesson with blanks,
    and with `key` another one the answers; `products` is how matrix products are written: "spelled" out,
    "compact", by "rows", or by size ("auto"); `force` replaces a file that exists; `report` hears what the
    workbook will take, and then how far it is; without a `language` it is that of the weights, or English; for
    `options` see `Options`. Returns what was built: the model, its inputs as arrays by block name, and `warnings`
    worth telling. Raises UserError, before anything is written, for whatever cannot be used.

        build("lesson.xlsx", ["cat and mouse"], "multi-head", settings={"heads": 2}, language="zh")
        build("lesson.html", ["cat and mouse"])
    """
    from xltransformer.locale import load_messages

    target, asked = Path(path), asked_for(exercise or ())
    check_free(target, BUILT, force=force)
    is_page = target.suffix.lower() == PAGE
    if is_page:
        _expect_engine()
    language = spoken(language, options.get("weights"))
    load_messages(language)  # or an error, before anything is calculated
    printing = handout or key
    if asked or printing:
        options = filled(options)  # a student's score counts every cell
    instance = make_instance(template, sentences, language=language, **options)
    if is_page:
        _expect_room(instance)
    taken = estimate_model(instance.model, products, drawn=not instance.template.weights)
    steps = report(taken)
    left = select(instance, asked) if asked else {}
    printed = printed_pages(instance, left, handout=handout, key=key) if printing else None
    drawn, written = _drawn(instance, language, left, products, steps, printed=printed)
    save(_paged(instance, drawn, written, target) if is_page else written, target, BUILT, force=force)
    steps("done")
    told = (*instance.warnings, *(printed.notes if printed is not None else ()))
    return replace(instance, to_fill=count(left), warnings=told)


def _expect_engine() -> None:
    """Raise UserError where no page can be made here."""
    from xltransformer.page.engine import check_engine

    check_engine()


def _expect_room(instance: Instance) -> None:
    """Raise UserError, before anything is drawn, for what no page can hold."""
    from xltransformer.page.limits import check_size

    check_size(sum(block.size for block in instance.model.blocks.values()), 0)


def _paged(instance: Instance, drawn: Workbook, written: bytes, target: Path) -> bytes:
    """The page of a workbook as it is drawn and written."""
    from xltransformer.page.document import document

    return document(instance, drawn, written, target.stem).encode()


def page(workbook: str | Path, path: str | Path | None = None, *, force: bool = False) -> Path:
    """Write a page (.html) that holds a `workbook` as it is now, edits included, and computes it in any browser:
    one file, which needs no network. Exercises are scored as in the sheet.

    Without a `path` it stands beside the workbook under its name; `force` replaces a file that exists. Returns
    where it was written. Raises UserError, before anything is written, for whatever cannot be used.

        page("lesson.xlsx")
        page("returned.xlsx", "seen.html")
    """
    from xltransformer.page.document import document
    from xltransformer.page.existing import existing

    source = _named("workbook", workbook)
    target = source.with_suffix(PAGE) if path is None else _named("path", path)
    check_free(target, (PAGE,), force=force)
    _expect_engine()
    found = existing(source)
    whole = document(
        found.instance, found.drawn, found.file, source.stem,
        now=found.now, sheets=found.sheets, recalculate=found.recalculate,
    )  # fmt: skip
    save(whole.encode(), target, (PAGE,), force=force)
    return target


def _named(argument: str, given: Any) -> Path:
    expect(isinstance(given, str | PathLike), f"`{argument}`", given, "the name of a file", ".40")
    return Path(given)


def printed_pages(
    instance: Instance, left: Left, *, handout: bool, key: bool, whose: Variant | None = None
) -> Printed:
    """What is to be printed of the cells `left` to a student or, where none are, of 20 to 30."""
    from xltransformer.workbook.paper import Printed

    notes = []
    if key and left:
        notes = ["with `key` the answers are in the workbook: keep it, and give out one without"]
    return Printed(handout, key, left or select(instance, [DEFAULT]), whose, notes)


@record
class TrainedFile:
    """What `train` wrote, where, how, and lines for the user."""

    path: Path
    trained: Trained
    settings: training.Settings
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        last = f", {self.trained.history[-1]}" if self.trained.history else ""
        return f"{self.path}: trained for {self.trained.step} steps{last}"


@spelled
def train(
    path: str | Path,
    workbook: str | Path | None = None,
    *,
    template: str | Path | None = None,
    sentences: str | Sequence[str] = (),
    data: str | Path | None = None,
    valid: str | Path | None = None,
    steps: int = 1000,
    batch: int = 64,
    optimizer: str = "adamw",
    learning_rate: float | None = None,
    seed: int = 0,
    fresh: bool = False,
    letters: bool = False,
    lower: bool = False,
    most_words: int | None = None,
    long: str = "refuse",
    language: str | None = None,
    resume: str | Path | None = None,
    force: bool = False,
    tell: Callable[[Progress], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
    **options: Unpack[Options],
) -> TrainedFile:
    """Train a template on the sentences of a file, or a `workbook` as it is now, on those of a file or
    on its own; write the weights (.npz), or the workbook with them (.xlsx).

    `data` and, of held-out sentences, `valid` hold a sentence a line, or two columns parted by a tab.
    The words are those of the template where it has all of the data's, else the data's, all of them or the
    `most_words` most frequent, or `letters`; in `lower` case where asked. A line takes as many places as the
    longest one, or the option `slots` says; longer ones are a mistake, unless `long` is "cut". The file keeps all
    that building needs, the `language` of its workbooks included.

    Each of the `steps` takes a `batch` of sentences; `optimizer` is "adamw" or "sgd", `learning_rate` its
    highest (0.005, sgd 0.1); `seed` draws batches and the weights that are not given, all of them with
    `fresh`. With `resume` the run is kept in a file (.npz) and goes on from it where it is there, which then tells
    all the rest. `note` hears
    the `warnings` before the run, and `tell` how it goes, 20 times; Ctrl-C ends it with the best weights so far.
    For `options` see `Options`; a workbook says itself what they would. Raises UserError, before anything is
    written, for whatever cannot be used.

        train("weights.npz", template="gpt", data="sentences.txt", steps=200)
        build("trained.xlsx", ["the cat sat"], weights="weights.npz")
    """
    from xltransformer import training
    from xltransformer.weights import write_state

    run = training.Settings.of(steps, batch, optimizer, learning_rate, seed)
    reading = training.Reading.of(letters, lower, most_words, long)
    target = Path(path)
    check_free(target, (".npz",) if workbook is None else (".npz", ".xlsx"), force=force)
    if resume is not None and Path(resume).exists() and not (workbook or template or options.get("weights")):
        says_itself(resume, "to train", _asked(sentences, reading, fresh, language, options))
        start, told = training.from_run(Path(resume))
        run, data, valid = run.taken_up(told), data or told.get("data"), valid or told.get("valid")
    else:
        start = _start(workbook, template, sentences, data, valid, reading, fresh, language, options)
    begun = training.prepare(start, run, data, valid)
    warnings = (*start.notes, *begun.notes)
    for line in warnings:
        note(line)
    trained = training.train(begun, tell, begun.keep_in(Path(resume)) if resume is not None else lambda: None)
    if target.suffix.lower() == ".npz":
        written = write_state(training.learned_state(start, begun, trained, data))
    else:
        written = workbook_bytes(training.changed(start, trained.weights), start.language)
    save(written, target, (".npz", ".xlsx"), force=force)
    return TrainedFile(target, trained, run, warnings)


def _asked(
    sentences: str | Sequence[str], reading: training.Reading, fresh: bool, language: str | None, options: Options
) -> dict[str, Any]:
    """What is asked of a run, by the names of arguments, that a workbook or a run says itself."""
    read = {"letters": reading.letters, "lower": reading.lower, "most_words": reading.most}
    return {"sentences": sentences, **options, **read, "fresh": fresh, "language": language}


def _start(
    workbook: str | Path | None, template: str | Path | None, sentences: str | Sequence[str],
    data: str | Path | None, valid: str | Path | None, reading: training.Reading, fresh: bool,
    language: str | None, options: Options,
) -> training.Start:  # fmt: skip
    """What is trained: a workbook or a template; UserError where that is not clear, or nothing to learn from."""
    from xltransformer.training import from_data, from_workbook

    if workbook is not None:
        asked = _asked(sentences, reading, fresh, language, options)
        says_itself(workbook, "to train", {"template": template, **asked})
        return replace(from_workbook(Path(workbook)), long=reading.long)
    if template is None and options.get("weights") is None:
        raise UserError("give a `template` or a workbook to train")
    if data is None:
        raise UserError("give `data`, a file of sentences to learn from")
    held_out = None if valid is None else Path(valid)
    return from_data(
        template, sentences, Path(data), held_out, reading, fresh=fresh, language=language, options=options
    )


def grade(
    files: str | Path | Sequence[str | Path],
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[Grade]:
    """Grade returned exercises: files, and every file below folders but what programs keep there. One grade a
    file, in order: how many cells of each step are right, wrong and empty, and remarks; a file that cannot be
    graded says there what it is. An .xlsm is taken without its macros, an .ods as LibreOffice converts it.

    `jobs` processes work (None: one a processor), or the workers of a Dask cluster whose `scheduler` is
    given (tcp://…); `tell` hears how many of how many files are done. The processes load your script anew:
    call this under `if __name__ == "__main__":` there. Raises UserError for a folder without such files,
    and where no such cluster answers.

        for one in grade("returned/"):
            print(one.path.name, one.total.right, "of", one.total.cells)
    """
    from xltransformer.classroom.homework import handed_in
    from xltransformer.classroom.together import grade_all

    expect(jobs is None or is_whole(jobs, 1), "`jobs`", jobs, "a whole number of at least 1")
    named = [files] if isinstance(files, str | Path) else files
    fits = isinstance(named, Sequence) and all(isinstance(one, str | Path) for one in named) and len(named) > 0
    expect(fits, "`files`", files, "a file or folder, or a list of them", ".40")
    paths = handed_in(named)
    return grade_all(paths, jobs, scheduler, lambda done: tell(done, len(paths)))


def workbook_bytes(
    instance: Instance,
    language: str,
    left: Left | None = None,
    products: str = "auto",
    steps: Callable[[str], None] = lambda _: None,
    variant: Variant | None = None,
    printed: Printed | None = None,
) -> bytes:
    """The workbook of an instance, with cells `left` to a student, whose `variant` it is, and the sheets that are
    to be `printed`; `steps` hears every stage."""
    return _drawn(instance, language, left, products, steps, variant, printed)[1]


def _drawn(
    instance: Instance,
    language: str,
    left: Left | None,
    products: str,
    steps: Callable[[str], None],
    variant: Variant | None = None,
    printed: Printed | None = None,
) -> tuple[Workbook, bytes]:
    """The same as it is drawn, and as a file."""
    from xltransformer.locale import load_messages
    from xltransformer.workbook.layout import lay_out
    from xltransformer.workbook.writer import render

    description = {**describe(instance), "language": language}
    steps("calculating")
    values = instance.trace()
    if left:
        description["exercise"] = described(left, instance.inputs, variant)
    steps("drawing")
    book = lay_out(instance, values, load_messages(language), left, products, variant, printed)
    steps("writing")
    return book, render(book, description)


def build_size(
    path: str | Path, own: Configuration | None = None, *, language: str = "en", force: bool = False
) -> None:
    """Write a workbook with the sheet on size alone; `own` is the configuration in its first row.

    Raises UserError, before anything is written, for whatever cannot be used.
    """
    from xltransformer.locale import load_messages
    from xltransformer.workbook.layout import lay_out_size
    from xltransformer.workbook.writer import render

    target = Path(path)
    check_free(target, force=force)
    book = lay_out_size(own or configuration(), load_messages(language))
    save(render(book, {}), target, force=force)


def size_json(own: Configuration, words: int = 8) -> dict[str, Any]:
    """The size of a configuration, also as a workbook with so many words, and of the published models as
    one object for JSON."""
    from xltransformer.size.published import PUBLISHED

    taken = estimate_configuration(own, words)
    return {
        "workbook": {"words": words, "cells": taken.cells, "megabytes": taken.megabytes, "seconds": taken.seconds},
        **_quantified(own),
        "published": [{**vars(known), **_quantified(known.configuration)} for known in PUBLISHED],
    }


def _quantified(own: Configuration) -> dict[str, Any]:
    return {"configuration": dict(own), "quantities": quantities(own)}
