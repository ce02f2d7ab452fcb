"""Which files of a class have the same answers: found by what was answered and by whose numbers it fits, not by
bytes.

It is said what is the same, and of whom; who had it from whom, a file does not tell, nor that nobody came to the
same slip alone. That two have all cells right with the same numbers is no sign of anything, and not remarked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from xltransformer.classroom.grading.records import Answer, Grade
from xltransformer.graph import Array
from xltransformer.record import record
from xltransformer.text import listed
from xltransformer.workbook.book import TOLERANCE

_RARE, _RARE_SHARE = 3, 4
"""A wrong answer counts that so many files have, or this part of the class: one that more have is a common
slip."""
_SOME = 3
"""So many wrong answers in common are remarked where not all answers are."""
_HALF = 0.5
"""And where they are this share of all wrong ones."""
_NAMED = 2
"""How many other files are named."""


def compared(grades: Sequence[Grade], twins: Mapping[int, int]) -> list[Grade]:
    """The grades with remarks on what is the same in other files. `twins` are files that are the same byte for
    byte, each with the first of its kind."""
    remarks: defaultdict[int, list[str]] = defaultdict(list)
    for k, first in twins.items():
        remarks[k].append(f"the same file as {grades[first].path}")
    alone = [k for k, one in enumerate(grades) if one.answers and k not in twins]
    for group in _groups(grades, alone):
        for k, said in _Class.of(grades, group).remarks():
            remarks[k].append(said)
    return [
        replace(one, remarks=(*one.remarks, *remarks[k])) if remarks[k] else one for k, one in enumerate(grades)
    ]


def notes(grades: Sequence[Grade]) -> list[str]:
    """What holds for the class: that equal answers are no sign where all are right with the same numbers."""
    alike = [one for one in grades if one.answers and not _whose(one)]
    done = [one for one in alike if one.total.right == one.total.cells]
    numbers = Counter(tuple(answer.expected for answer in one.answers) for one in done)
    if count := sum(many for many in numbers.values() if many > 1):
        return [f"{count} files are right in every cell with the same numbers: that is no sign of copying; built "
                "with variants, each student has other numbers"]  # fmt: skip
    return []


def _groups(grades: Sequence[Grade], some: Sequence[int]) -> Iterator[list[int]]:
    """Those of one exercise, at least two."""
    found: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for k in some:
        found[tuple((answer.block, answer.at) for answer in grades[k].answers)].append(k)
    return (group for group in found.values() if len(group) > 1)


@record(eq=False)
class _Class:
    """The answers of `n` files to the same `c` cells, as arrays (n x c): a number for each answer, alike where the
    answers are and 0 for none (`codes`); their `values` (NaN for none), the right ones (`expected`), and which are
    `wrong`, and `rare` among the class."""

    grades: Sequence[Grade]
    files: Sequence[int]
    codes: Array
    values: Array
    expected: Array
    wrong: Array
    rare: Array

    @classmethod
    def of(cls, grades: Sequence[Grade], files: Sequence[int]) -> _Class:
        answers = [grades[k].answers for k in files]
        known: dict[object, int] = {None: 0}
        codes = np.array([[known.setdefault(_key(one), len(known)) for one in row] for row in answers])
        values = np.array([[np.nan if one.value is None else one.value for one in row] for row in answers])
        expected = np.array([[one.expected for one in row] for row in answers])
        wrong = np.array([[one.verdict not in ("right", "empty") for one in row] for row in answers])
        most = max(_RARE, len(files) // _RARE_SHARE)
        rare = np.zeros_like(wrong)
        for j in range(codes.shape[1]):
            _, found, counts = np.unique(codes[:, j], return_inverse=True, return_counts=True)
            rare[:, j] = counts[found.ravel()] <= most
        return cls(grades, files, codes, values, expected, wrong, rare)

    def remarks(self) -> Iterator[tuple[int, str]]:
        """Each remark with the number of its file."""
        for i, k in enumerate(self.files):
            yield from ((k, said) for said in (*self._same_variant(i), *self._same_answers(i), *self._fits(i)))

    def _name(self, i: int) -> str:
        """A file, with whose variant it is."""
        one = self.grades[self.files[i]]
        return f"{one.path} ({whose})" if (whose := _whose(one)) else str(one.path)

    def _same_variant(self, i: int) -> Iterator[str]:
        """That two files are of one student's variant: where each has another, one had it from the other."""
        whose = _whose(self.grades[self.files[i]])
        others = [
            j for j in range(len(self.files)) if j != i and whose and _whose(self.grades[self.files[j]]) == whose
        ]
        if others:
            yield f"the same variant ({whose}) as {self._listed(others, named=False)}"

    def _same_answers(self, i: int) -> Iterator[str]:
        equal = self.codes == self.codes[i]
        whole = equal.all(axis=1) & self.codes.any(axis=1)
        slips = (equal & self.wrong & self.wrong[i] & self.rare).sum(axis=1)
        whole[i], slips[i] = False, 0
        same = [int(j) for j in np.flatnonzero(whole & (slips > 0))]
        mine = self.wrong[i].sum()
        fewer = np.minimum(self.wrong.sum(axis=1), mine)
        some = [int(j) for j in np.flatnonzero(~whole & (slips >= _SOME) & (slips >= _HALF * fewer))]
        if same:
            count = int(slips[same].max())
            yield f"the same answers as {self._listed(same)}, also the same {_wrong(count)}"
        if some:
            best = sorted(some, key=lambda j: -slips[j])
            yield f"{slips[best[0]]} of {mine} wrong answers are the same as in {self._listed(best)}"
        if moment := [
            int(j) for j in np.flatnonzero(whole) if self._saved(i) and self._saved(int(j)) == self._saved(i)
        ]:
            yield f"saved at the same second ({self._saved(i)}) as {self._listed(moment)}, with the same answers"

    def _saved(self, i: int) -> str:
        return self.grades[self.files[i]].saved.time

    def _fits(self, i: int) -> Iterator[str]:
        """That answers which are wrong in this file are right in another one, which was given other numbers."""
        if self.grades[self.files[i]].changed:
            return
        told = ~np.isnan(self.values[i]) & (abs(self.expected - self.expected[i]) > 2 * TOLERANCE)
        fits = told & self.wrong[i] & (abs(self.values[i] - self.expected) <= TOLERANCE * (1 + 1e-9))
        fits[[self.grades[k].changed for k in self.files]] = False
        counts, wrong = fits.sum(axis=1), (told & self.wrong[i]).sum(axis=1)
        best = int(counts.argmax())
        if counts[best] >= _SOME and counts[best] >= _HALF * wrong[best]:
            yield f"{counts[best]} answers that are wrong here are right for the numbers of {self._name(best)}"

    def _listed(self, some: Sequence[int], *, named: bool = True) -> str:
        names = [self._name(j) if named else str(self.grades[self.files[j]].path) for j in some]
        return listed(names, _NAMED)


def _wrong(count: int) -> str:
    return "wrong one" if count == 1 else f"{count} wrong ones"


def _whose(one: Grade) -> str:
    """Whose variant a file is: a name, a number, or both; nothing where there are no variants."""
    number = "" if one.variant is None else f"variant {one.variant}"
    return ", ".join(filter(None, (one.student, number)))


def _key(answer: Answer) -> object:
    """What makes two answers the same: the number to nine digits, or the text; None for none."""
    if answer.verdict == "empty":
        return None
    return str(answer.typed) if answer.value is None else float(f"{answer.value:.9g}")
