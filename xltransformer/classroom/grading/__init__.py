"""Grading returned exercises: one file, the files of a class among one another, and tables of marks."""

from __future__ import annotations

from xltransformer.classroom.grading.copies import compared, notes
from xltransformer.classroom.grading.one import grade
from xltransformer.classroom.grading.records import Answer, Grade, Saved, Score

__all__ = ["Answer", "Grade", "Saved", "Score", "compared", "grade", "notes"]
