"""An exercise for each student of a class: the same cells to fill, each with other numbers."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np

from xltransformer.api import printed_pages, workbook_bytes
from xltransformer.bounds import read_bytes
from xltransformer.building.arguments import spelled
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.own import spoken
from xltransformer.building.request import Options, filled
from xltransformer.building.template import Template
from xltransformer.checked import expect, is_whole
from xltransformer.classroom.exercise import count
from xltransformer.classroom.selection import DEFAULT, asked_for, select
from xltransformer.errors import UserError
from xltransformer.files import check_free, file_name, save, temporary_folder
from xltransformer.graph import Array, Values
from xltransformer.locale import load_messages
from xltransformer.record import record
from xltransformer.text import clean
from xltransformer.workbook.book import Left, Variant

MOST_STUDENTS = 1000
MOST_NAME = 80
"""The longest name of a student, in characters."""
_MOST_BYTES = 10_000_000
_HEADINGS = {
    "name", "names", "student", "students", "full name", "first name", "last name", "surname", "student name",
    "pupil", "pupils", "id", "student id", "姓名", "名字", "学生", "学生姓名", "学号", "名单",
}  # fmt: skip
"""What the first line of a list of names may say that is no name."""

STEP, STEPS = 0.1, 3
"""An embedding differs from the template's by so many steps at most in each dimension."""
_DRAWS = 25
"""How many sets of numbers are tried for a student, of which the best is taken."""
_CLEAR, _TOO_SURE = 0.02, 0.97
"""By how much the largest share of attention leads at least, and how large it is at most."""
_LARGE, _SMALL = 100.0, 0.005
_SHARED = 0.25
"""The share of answers that a student may have in common with another."""


@record
class Class:
    """What was written: a file for each student, how many cells each has to fill, of these how many differ from
    student to student, and lines for the user."""

    files: tuple[Path, ...]
    to_fill: int
    differing: int
    warnings: tuple[str, ...]


@spelled
def build_variants(
    folder: str | Path,
    students: int | str | Path | Sequence[str],
    sentences: str | Sequence[str] = (),
    template: str | Path | Template | None = None,
    *,
    language: str | None = None,
    exercise: str | Sequence[str] = DEFAULT,
    handout: bool = False,
    key: bool = False,
    products: str = "auto",
    force: bool = False,
    tell: Callable[[int, int], None] = lambda done, total: None,
    **options: Unpack[Options],
) -> Class:
    """Write a folder of exercises, one for each of the `students`: a number of them, a file of names (.csv, the
    first column), or the names. Each has other embeddings, a few steps of 0.1 from the template's, drawn from the
    template's seed (`settings={"seed": 1}`): the same call writes the same bytes. For the rest see `build`.

    The folder is new or empty, unless there is `force`; `tell` hears how much of how much is done. Raises
    UserError, before anything is written, for whatever cannot be used, and where no answer would differ.
    """
    target, language = Path(folder), spoken(language, options.get("weights"))
    load_messages(language)  # or an error, before anything is calculated
    names = _names(students)
    check_folder(target, force=force)
    options = filled(options)  # a student's score counts every cell
    instance = make_instance(template, sentences, language=language, **options)
    left = select(instance, asked_for(exercise))
    varied: list[Instance] = []
    for one in _varied(instance, left, len(names)):
        varied.append(one)
        tell(len(varied), 2 * len(names))
    differing, same = _differing([instance.trace(), *(one.trace() for one in varied)], left)
    if not differing:
        raise UserError(
            f"no answer of {instance.template.name} would differ from student to student: these cells do not "
            "follow from the words' numbers; ask for others with `exercise`"
        )
    files = _file_names(name or f"{k:0{len(str(len(names)))}d}" for k, name in enumerate(names, start=1))
    with _filled(target, force=force) as place:
        notes: list[str] = []
        for k, (one, name, file) in enumerate(zip(varied, names, files, strict=True), start=1):
            variant = Variant(k, len(names), name, instance.template.seed)
            printed = printed_pages(one, left, handout=handout, key=key, whose=variant) if handout or key else None
            save(workbook_bytes(one, language, left, products, variant=variant, printed=printed), place / file)
            notes += [] if printed is None else [note for note in printed.notes if note not in notes]
            tell(len(names) + k, 2 * len(names))
    warnings = (*instance.warnings, *notes, *([f"the same for everyone: {', '.join(same)}"] if same else []))
    return Class(tuple(target / file for file in files), count(left), differing, warnings)


def _names(students: int | str | Path | Sequence[str]) -> list[str]:
    """The students' names, empty ones for a number of students."""
    if isinstance(students, str) and re.fullmatch(r"\s*-?\d+\s*", students):
        students = int(students)
    if isinstance(students, int) and is_whole(students, 1):
        names = [""] * min(students, MOST_STUDENTS + 1)
    elif isinstance(students, str | Path):
        names = _read_names(Path(students))
    else:
        given = students if isinstance(students, Sequence) else []
        fits = len(given) > 0 and all(isinstance(name, str) for name in given)
        expect(fits, "`students`", students, f"a number from 1 to {MOST_STUDENTS}, or names", ".40")
        names = [" ".join(clean(name).split()) for name in given]
    if len(names) > MOST_STUDENTS:
        raise UserError(f"too many students: `students` takes 1 to {MOST_STUDENTS}")
    if long := next((name for name in names if len(name) > MOST_NAME), None):
        raise UserError(f"a student's name has {len(long)} letters ({long:.40}…): {MOST_NAME} is the most")
    return names


def _read_names(path: Path) -> list[str]:
    """The names in the first column of a file, without a heading."""
    import csv

    data = read_bytes(path, _MOST_BYTES)
    if data.startswith((b"PK", b"\xd0\xcf")):
        raise UserError(f"{path} is no list of names: save it as .csv, a name a line")
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")  # as Excel in Chinese saves it
        except UnicodeDecodeError as error:
            raise UserError(f"{path} is no text (byte {error.start}): save it as CSV in UTF-8") from None
    lines = text.splitlines()
    delimiter = max(";\t,", key=lambda mark: sum(mark in line for line in lines))
    try:
        first = [row[0] if row else "" for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error as error:
        raise UserError(f"{path} is no list of names ({error}): give one a line") from None
    names = [name for name in (" ".join(clean(cell).split()) for cell in first) if name]
    if names and names[0].lower() in _HEADINGS:
        names = names[1:]
    if not names:
        raise UserError(f"{path} holds no name: give one a line, in the first column")
    return names


def _file_names(names: Iterable[str]) -> list[str]:
    """A file's name for each, safe on every system; where two would be the same, with a number."""
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        stem = file_name(name)
        free = (f"{stem}{f' {k}' if k > 1 else ''}" for k in range(1, MOST_STUDENTS + 2))
        chosen = next(one for one in free if one.casefold() not in taken)
        taken.add(chosen.casefold())
        found.append(f"{chosen}.xlsx")
    return found


def check_folder(path: Path, *, force: bool = False) -> None:
    """Raise UserError unless `path` is a folder that can be made or filled: new, empty, or with `force`."""
    if path.suffix.lower() == ".xlsx":
        raise UserError(f"{path} is the name of a workbook; with `students` give that of a folder")
    if path.is_dir() and (force or not any(path.iterdir())):
        return
    if os.path.lexists(path):
        why = "holds files already" if path.is_dir() else "is no folder"
        raise UserError(f"{path} {why}; give another name with `path`" + ", or `force=True`" * path.is_dir())
    check_free(path.with_name("x.xlsx"), force=True)


@contextmanager
def _filled(target: Path, *, force: bool) -> Iterator[Path]:
    """A folder beside the target to write into, which takes its place once all is written."""
    check_folder(target, force=force)
    try:
        place = Path(temporary_folder(target))
    except OSError as error:
        raise UserError(f"cannot write beside {target} ({error.strerror}); choose another folder") from None
    try:
        yield place
        check_folder(target, force=force)
        if target.is_dir():
            for file in sorted(place.iterdir()):
                os.replace(file, target / file.name)
        else:
            os.replace(place, target)
    except OSError as error:
        raise UserError(
            f"cannot write {target} ({error.strerror}); close what is open there, or choose another"
        ) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _varied(instance: Instance, left: Left, students: int) -> Iterator[Instance]:
    """The instance for each student, with embeddings of its own."""
    embeddings = [block for block in instance.model.inputs if block.role == "embedding"]
    tables = {block.name: block.rows.read(instance.inputs) for block in embeddings}
    answers: list[Array] = [_answers(instance.trace(), left)]
    for k in range(students):
        random = np.random.default_rng([instance.template.seed, k])
        best: tuple[float, Instance, Array] | None = None
        for _ in range(_DRAWS):
            changed = {name: _moved(instance.inputs[name], words, random) for name, words in tables.items()}
            one = replace(instance, inputs={**instance.inputs, **changed})
            values = one.model.trace(one.inputs)
            told = _answers(values, left)
            flaws = _flaws(instance, values, left) + _in_common(told, answers)
            if np.isfinite(told).all() and (best is None or flaws < best[0]):
                best = flaws, one, told
            if best is not None and best[0] == 0:
                break
        if best is None:
            raise UserError(
                f"no numbers are found for student {k + 1} that stay finite; scale the embeddings down"
            )
        yield best[1]
        answers.append(best[2])


def _moved(table: Array, words: Sequence[str], random: np.random.Generator) -> Array:
    """Embeddings a few steps away, in two decimals: none changes its sign, and of two that are 0 one stays so."""
    steps = random.integers(-STEPS, STEPS + 1, table.shape)
    still = random.integers(0, 2, table.shape) == 1
    moved = np.round(table + STEP * np.where(table == 0, np.sign(steps) * still, steps), 2)
    kept = (np.sign(moved) != np.sign(table)) & (table != 0)
    moved = np.where(kept, np.round(table, 2), moved) + 0.0
    return np.where(np.array([bool(word) for word in words])[:, None], moved, table)


def _answers(values: Values, left: Left) -> Array:
    return np.array([values[block.name][cell] for block, cells in left.items() for cell in cells], dtype=float)


def _flaws(instance: Instance, values: Values, left: Left) -> float:
    """How much there is about numbers that makes them hard to read: attention that is a tie or certain, and
    answers that are very large, or show as 0."""
    told = np.abs(_answers(values, left))
    flaws = float(np.sum(told > _LARGE) + np.sum(told < _SMALL))
    for weights in (attended.weights for attended in instance.model.attentions):
        for i in {i for i, _ in left.get(weights, ())}:
            *_, second, first = sorted([0.0, *values[weights.name][i].tolist()])
            flaws += (first - second < _CLEAR) + (first > _TOO_SURE)
    return flaws


def _in_common(told: Array, others: Sequence[Array]) -> float:
    """How many answers one has in common with some other, beyond what may be."""
    same = max(int(np.sum(np.round(told, 2) == np.round(other, 2))) for other in others)
    return max(0.0, same - _SHARED * len(told))


def _differing(all_values: Sequence[Values], left: Left) -> tuple[int, list[str]]:
    """How many of the cells differ between some students or from the template, and the blocks in which none
    does."""
    count, same = 0, []
    for block, cells in left.items():
        told = np.round([[values[block.name][cell] for cell in cells] for values in all_values], 2)
        differs = int(np.sum((told != told[0]).any(axis=0)))
        count += differs
        if not differs:
            same.append(block.name)
    return count, same
