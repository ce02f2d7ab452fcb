"""A LibreOffice driven over its own interface, as a user drives it by hand."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from windows import find_uno_python

from xltransformer.engines import Grid, Results, fold
from xltransformer.engines.converters import find_soffice
from xltransformer.workbook.places import Place

Edit = tuple[str, str, Any]
"""Sheet, address, and what is typed there: a number, a text, {"formula": …}, or None to empty it."""


class Office:
    """One LibreOffice process without a window, in a profile of its own."""

    def __init__(self, folder: Path) -> None:
        program = find_soffice()
        assert program, "LibreOffice is missing: run scripts/install-test-tools"
        self.python = find_uno_python(program)
        self.pipe = f"xlt{uuid4().hex}"  # two at one pipe wait for each other, and take a processor each
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        accept = f"--accept=pipe,name={self.pipe};urp;"
        self.process = subprocess.Popen(
            [program, profile, "--headless", "--norestore", accept],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def edit(
        self, path: Path, edits: Sequence[Edit] = (), save: Path | None = None, first: Sequence[Place] = ()
    ) -> OpenedBook:
        """Open a workbook, type into cells, and read every cell then; the places in `first` before the
        others, as the texts that stand there."""
        return OpenedBook(self._run(path, edits, (), save, first))

    def convert(self, path: Path, save: Path, edits: Sequence[Edit] = ()) -> None:
        """Open a workbook, type into cells, and save it, without reading what then stands there."""
        self._run(path, edits, (), save, read=False)

    def open(self, path: Path) -> OpenedBook:
        """Open a workbook and recalculate every cell of it, whatever its cached results; also measure
        which numbers are too wide for their columns."""
        return OpenedBook(self._run(path, (), (), None, hard=True))

    def rounds(
        self, path: Path, rounds: Sequence[Sequence[Edit]], only: Sequence[Place] = ()
    ) -> tuple[OpenedBook, list[Round]]:
        """Open a workbook and read it; then, time after time, type into cells, read, take the edits
        back and read again. With places in `only` no other sheet is read, nor calculated unless they need it."""
        result = self._run(path, (), rounds, None, only=only)
        return OpenedBook(result), [
            (OpenedBook({**result, "values": typed}), OpenedBook({**result, "values": mended}))
            for typed, mended in result["rounds"]
        ]

    def _run(
        self,
        path: Path,
        edits: Sequence[Edit],
        rounds: Sequence[Sequence[Edit]],
        save: Path | None,
        first: Sequence[Place] = (),
        hard: bool = False,
        only: Sequence[Place] = (),
        read: bool = True,
    ) -> dict[str, Any]:
        places = [(place.sheet, place.absolute.rpartition("!")[2].replace("$", "")) for place in first]
        ends: dict[str, list[int]] = {}
        for place in only:
            row, column = ends.get(place.sheet, [0, 0])
            last = place.row + place.shape[0] - 1, place.column + place.shape[1] - 1
            ends[place.sheet] = [max(row, last[0]), max(column, last[1])]
        task = {
            "pipe": self.pipe, "path": str(path), "edits": list(edits), "rounds": [list(r) for r in rounds],
            "save": save and str(save), "first": places, "hard": hard, "narrow": hard,
            "only": ends, "read": read,
        }  # fmt: skip
        script = Path(__file__).with_name("uno_session.py")
        run = subprocess.run(
            [self.python, str(script)],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        result: dict[str, Any] = json.loads(run.stdout)
        return result

    def close(self) -> None:
        # soffice is a starter: its child does the work, and both end with their own session.
        os.killpg(self.process.pid, 15)
        self.process.wait(30)


class OpenedBook:
    """What LibreOffice shows after the edits."""

    def __init__(self, result: dict[str, Any]) -> None:
        self.values: dict[str, list[list[Any]]] = result["values"]
        self.texts: list[list[list[str]]] = result["texts"]  # of the places read first
        self.narrow: list[list[Any]] = result["narrow"]  # sheet, row, column and text
        self.opened: float = result["opened"]
        self.followed: float = result["followed"]  # seconds from the first edit to these texts
        self.edited: float = result["edited"]

    def read(self, place: Place) -> list[list[Any]]:
        """The cells of a place, row by row."""
        rows = self.values[place.sheet][place.row : place.row + place.shape[0]]
        return [row[place.column : place.column + place.shape[1]] for row in rows]

    @property
    def results(self) -> Results:
        """The cells as an engine returns them."""
        return {
            fold(sheet): Grid.of(
                {
                    (i, j): "#ERROR!" if cell is None else cell
                    for i, row in enumerate(rows, start=1)
                    for j, cell in enumerate(row, start=1)
                    if cell != ""
                }
            )
            for sheet, rows in self.values.items()
        }

    def cell(self, sheet: str, row: int, column: int) -> Any:
        """One cell; row and column count from 0, and beyond the used area all is empty."""
        rows = self.values[sheet]
        return rows[row][column] if row < len(rows) and column < len(rows[row]) else ""


Round = tuple[OpenedBook, OpenedBook]
"""A workbook with some edits, and with these edits taken back."""
