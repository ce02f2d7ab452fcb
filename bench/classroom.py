"""A class of 300 returned exercises, some broken, hostile or copied: time per workbook, and what became of each.

On demand: `.venv/bin/python bench/classroom.py [--count 300] [--jobs 2]`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import openpyxl

from xltransformer import api
from xltransformer.classroom.together import grade_all, processors
from xltransformer.workbook.reader import read_book

MACROS = ("xl/vbaProject.bin", b"x")
ENTITIES = ("xl/workbook.xml", b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><workbook>&a;</workbook>')
GARBAGE = ("xl/worksheets/sheet1.xml", b"<garbage")


def answered(quiz: Path, folder: Path, right: int) -> Path:
    """The exercise with so many cells of its first step filled in rightly, and one wrongly."""
    read, book = read_book(quiz), openpyxl.load_workbook(quiz)
    values = api.trace(template="first-attention")
    block, place = next(iter(read.exercises.items()))
    numbers = values[block].to_numpy()
    for k in range(min(right, numbers.size)):
        i, j = divmod(k, numbers.shape[1])
        book[place.sheet].cell(place.row + i + 1, place.column + j + 1).value = float(numbers[i, j])
    path = folder / f"answered{right}.xlsx"
    book.save(path)
    return path


def returned(source: Path, target: Path, name: str, part: tuple[str, bytes] | None = None) -> None:
    """A copy that differs by its student's name, and perhaps by one part."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            if part is None or entry != part[0]:
                new.writestr(entry, old.read(entry))
        if part is not None:
            new.writestr(*part)
        new.comment = name.encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=processors())
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xlt-class-") as name:
        folder = Path(name)
        quiz = folder / "quiz.xlsx"
        api.build(quiz, template="first-attention", exercise=["scores"])
        sources = [answered(quiz, folder, right) for right in range(4)]
        paths, kinds = [], []
        for k in range(given.count):
            path = folder / f"student{k}.xlsx"
            kind = ("answered",) * 6 + ("cut off", "macros", "entities", "garbage", "copied", "answered")
            kinds.append(kind[k % 12])
            if kinds[-1] == "cut off":
                path.write_bytes(quiz.read_bytes()[: 1000 + 10 * k])
            elif kinds[-1] == "copied":
                path.write_bytes(paths[-5].read_bytes())
            else:
                part = {"macros": MACROS, "entities": ENTITIES, "garbage": GARBAGE}.get(kinds[-1])
                returned(sources[k % 4], path, f"student {k}", part)
            paths.append(path)
        started = time.perf_counter()
        grades = grade_all(paths, given.jobs)
        seconds = time.perf_counter() - started
        for kind in dict.fromkeys(kinds):
            mine = [grade for grade, other in zip(grades, kinds, strict=True) if other == kind]
            said = Counter("graded" if grade.graded else "refused" for grade in mine)
            said["the same file as another"] = sum("the same file as" in " ".join(g.remarks) for g in mine)
            print(f"{kind:10} {len(mine):4}  ", ", ".join(f"{n} {what}" for what, n in said.items() if n))
        each = seconds / len(grades)
        print(f"{len(grades)} workbooks in {seconds:.1f} s with {given.jobs} jobs: {each:.2f} s each")


if __name__ == "__main__":
    main()
