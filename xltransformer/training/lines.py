"""The lines of a file that is learned from, and every mistake in them, told at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from xltransformer.bounds import read_text
from xltransformer.errors import UserError
from xltransformer.record import record

MOST_TOLD = 5
"""How many lines with mistakes are told of."""
MOST_LINE = 290
"""How long the line that tells them may be."""


@record
class Line:
    """A line that is not empty: its number in the file, and what stands between its tabs."""

    number: int
    columns: tuple[str, ...]


def read_lines(path: Path) -> list[Line]:
    """The lines of a file that are not empty. Tabs before the first column, and behind the last one that most
    lines have, part nothing. UserError for a file that cannot be read, and for one without any line."""
    found = [(k, line.lstrip()) for k, line in enumerate(read_text(path).splitlines(), start=1) if line.strip()]
    if not found:
        raise UserError(f"{path} has no sentence: give one in each line")
    usual = _usual(len(line.rstrip().split("\t")) for _, line in found)
    lines = []
    for number, line in found:
        columns = line.split("\t")
        while len(columns) > usual and not columns[-1].strip():
            columns.pop()
        lines.append(Line(number, tuple(columns)))
    return lines


def columns_of(lines: Sequence[Line]) -> int:
    """How many columns most of the lines have."""
    return _usual(len(line.columns) for line in lines)


def _usual(counts: Iterable[int]) -> int:
    return Counter(counts).most_common(1)[0][0]


class Mistake(Exception):
    """What is wrong with a line: as a sentence that begins with its place, in a few words, and what to do, which
    is told of the mistake of the largest `size`."""

    def __init__(self, said: str, short: str, remedy: str, size: int = 0) -> None:
        super().__init__(said)
        self.said, self.short, self.remedy, self.size = said, short, remedy, size


class Mistakes:
    """The mistakes of a file, as they are found."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[tuple[int, Mistake]] = []

    def add(self, line: Line, mistake: Mistake) -> None:
        """One more."""
        self.found.append((line.number, mistake))

    def check(self) -> None:
        """Raise UserError where there are any: one in full, or the first of them and how many there are."""
        if not self.found:
            return
        if len(self.found) == 1:
            raise UserError(f"{self.path}, line {self.found[0][0]}{self.found[0][1].said}")
        remedy = max((one for _, one in self.found), key=lambda one: one.size).remedy
        begin, told = f"{self.path}: {len(self.found):,} lines cannot be used: ", ""
        for k, (number, one) in enumerate(self.found[:MOST_TOLD], start=1):
            more = f"{', ' if told else ''}line {number} ({one.short:.40})"
            rest = f" and {len(self.found) - k:,} more" if len(self.found) > k else ""
            if len(begin + told + more + rest + remedy) > MOST_LINE and told:
                rest = f" and {len(self.found) - k + 1:,} more"
                break
            told += more
        raise UserError(f"{begin}{told}{rest}; {remedy}")
