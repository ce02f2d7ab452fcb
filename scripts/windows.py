"""Workbooks in real windows: LibreOffice on a virtual screen, what it shows there, and pictures of it.

Needs LibreOffice with its Python bridge and Xvfb; pictures also need ImageMagick (import).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from xltransformer.engines.converters import find_soffice

LAPTOP = (1366, 768)
"""The window that the first screen is made for."""

_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Linguistic/SpellChecking"><prop oor:name="IsSpellAuto" oor:op="fuse">\
<value>false</value></prop></item>
</oor:items>
"""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True)
class View:
    """One sheet (from 0, hidden ones left out) to look at: the addresses to measure, and a picture to take,
    of the window scrolled down to the row `top` (from 0)."""

    sheet: int = 0
    places: Sequence[str] = ()
    picture: Path | None = None
    top: int = 0


@dataclass(frozen=True)
class Seen:
    """What the window shows of a sheet: the part of it that is visible, the charts, the places asked for,
    and how many pixels the text in the first cell of each of these takes on one line."""

    visible: Box
    charts: tuple[Box, ...]
    places: tuple[Box, ...]
    texts: tuple[float, ...]


def find_uno_python(soffice: str) -> str:
    """A Python that has LibreOffice's bridge: its own, or the system's."""
    beside = Path(os.path.realpath(soffice)).parent
    candidates = [beside / "python", beside / "python.exe", beside.parent / "Resources" / "python"]
    names = [str(path) for path in candidates if path.is_file()] + ["/usr/bin/python3", "python3", sys.executable]
    for name in names:
        program = shutil.which(name)
        if (
            program
            and subprocess.run([program, "-c", "import uno"], capture_output=True, check=False).returncode == 0
        ):
            return program
    raise RuntimeError("no Python with LibreOffice's bridge found: install python3-uno")


class Windows:
    """A LibreOffice with its windows on a screen of its own; to be used in a `with` statement.

    `profile` is a folder for its settings. Raises RuntimeError where a program is missing.
    """

    def __init__(self, profile: Path, size: tuple[int, int] = LAPTOP) -> None:
        self.size, self._profile = size, profile
        soffice = find_soffice()
        if not soffice or not shutil.which("Xvfb"):
            raise RuntimeError("LibreOffice or Xvfb is missing: run scripts/install-test-tools")
        self._soffice, self._python = soffice, find_uno_python(soffice)
        self._pipe = f"xlt-window-{os.getpid()}"

    def __enter__(self) -> Windows:
        width, height = self.size
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
        self._screen = subprocess.Popen(
            command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(writing)
        with os.fdopen(reading) as number:
            display = f":{number.readline().strip()}"
        (self._profile / "user").mkdir(parents=True, exist_ok=True)
        (self._profile / "user" / "registrymodifications.xcu").write_text(_SETTINGS, "utf-8")
        self._environment = {**os.environ, "DISPLAY": display, "SAL_USE_VCLPLUGIN": "gen", "LC_ALL": "C.UTF-8"}
        options = ["--norestore", "--nologo", "--nofirststartwizard", f"--accept=pipe,name={self._pipe};urp;"]
        self._office = subprocess.Popen(
            [self._soffice, f"-env:UserInstallation={self._profile.as_uri()}", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if sys.platform != "win32":  # where Xvfb is
            os.killpg(self._office.pid, 15)  # soffice is a starter: its child does the work
        self._office.wait(30)
        self._screen.terminate()
        self._screen.wait(30)

    def _copy(self, path: Path) -> str:
        folder = Path(tempfile.mkdtemp(dir=self._profile))
        return str(shutil.copyfile(path, folder / path.name))

    def show(self, books: Sequence[tuple[Path, Sequence[View]]]) -> list[list[Seen]]:
        """Open a copy of each workbook, which nobody can have locked, and look at its views, in order."""
        listed = [
            {
                "path": self._copy(path),
                "views": [
                    {
                        "sheet": view.sheet,
                        "places": list(view.places),
                        "picture": view.picture and str(view.picture),
                        "top": view.top,
                    }
                    for view in views
                ],
            }
            for path, views in books
        ]
        task = {"pipe": self._pipe, "size": self.size, "books": listed}
        run = subprocess.run(
            [self._python, str(Path(__file__).with_name("window_session.py"))],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=60 + 30 * len(books),
            check=False,
            env=self._environment,
        )
        if run.returncode != 0:
            raise RuntimeError(f"LibreOffice did not show the workbooks: {run.stderr}")
        return [[_seen(view) for view in views] for views in json.loads(run.stdout)]


def _seen(view: dict[str, Any]) -> Seen:
    charts, places = ([(b[0], b[1], b[2], b[3]) for b in view[name]] for name in ("charts", "places"))
    left, top, right, bottom = view["visible"]
    return Seen((left, top, right, bottom), tuple(charts), tuple(places), tuple(view["texts"]))
