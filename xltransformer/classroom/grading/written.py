"""Marks written to files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xltransformer.classroom.grading.marks import Table, answers, as_csv, marks
from xltransformer.classroom.grading.marks_book import marks_book
from xltransformer.classroom.grading.records import Grade
from xltransformer.files import check_free, save

ENDINGS = (".csv", ".xlsx")


def check_marks(path: Path, *, cells: bool = False, force: bool = False) -> None:
    """Raise UserError where marks cannot be written to a file, or every answer to the one beside it."""
    for one in _files(path, cells=cells):
        check_free(one, ENDINGS, force=force)


def write_marks(path: Path, grades: Sequence[Grade], *, cells: bool = False, force: bool = False) -> list[Path]:
    """Write marks as comma-separated values (.csv) or as a workbook (.xlsx), with `cells` every answer, too: in a
    second file beside a .csv, or on a second sheet. Returns the files; raises UserError where one cannot be
    written.
    """
    check_marks(path, cells=cells, force=force)
    files = _files(path, cells=cells)
    if path.suffix.lower() == ".xlsx":
        save(marks_book(grades, cells=cells), path, ENDINGS, force=force)
        return files
    for file, table in zip(files, (marks(grades), answers(grades)), strict=False):
        save(_bytes(table), file, ENDINGS, force=force)
    return files


def _files(path: Path, *, cells: bool) -> list[Path]:
    beside = cells and path.suffix.lower() == ".csv"
    return [path, path.with_name(f"{path.stem}.cells{path.suffix}")] if beside else [path]


def _bytes(table: Table) -> bytes:
    return as_csv(table).encode("utf-8-sig")  # Excel asks for the mark
