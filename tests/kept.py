"""Engines that go on running from file to file: for tests that recalculate thousands of workbooks.

They do what the engines do in a process of their own, by the same script and the same filter, and only save
the start of a process for every file.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

from xltransformer.engines import Limits, base, converters, process

if TYPE_CHECKING:
    from office import Office

USUAL = ("ironcalc", "libreoffice")
"""The engine that comes along and the program that most have: where it is the numbers of a model that are tested,
not what engines are made of, which `test_everywhere` and `test_ops` ask of every one."""
MOST_FILES = 400
"""After so many files a process is started anew: what a program forgets to free is no business of ours."""


def _begin() -> None:
    """What a kept process does first: leave Ctrl-C to the one that started it, and print nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _as_script(script: str, arguments: Sequence[str]) -> int:
    """Run a script as Python would; returns its exit status."""
    sys.argv = [script, *arguments]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


class Kept:
    """While it is entered, engines in wheels and (with `office`) LibreOffice run in processes that are kept,
    once a file has asked for them, unless `own` is set: then each file has a process of its own, as for users.
    `died` counts processes that ended over a file; it is then handed to one of its own, for whatever that
    says."""

    def __init__(self, office: bool = False) -> None:
        self.own = False
        self.died = 0
        self.office: Office | None = None
        self._wants_office = office
        self._files = 0

    def __enter__(self) -> Kept:
        self._folder = tempfile.TemporaryDirectory(prefix="xlt-kept-", ignore_cleanup_errors=True)
        self._start_scripts()
        self._before = base.run
        base.run = self._run
        return self

    def __exit__(self, *_: object) -> None:
        base.run = self._before
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self.office is not None:
            self.office.close()
        self._folder.cleanup()

    def _start_scripts(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, context, _begin, max_tasks_per_child=MOST_FILES)

    def _start_office(self) -> None:
        sys.path.append(str(Path(__file__).parent.parent / "scripts"))
        from office import Office

        folder = Path(tempfile.mkdtemp(dir=self._folder.name))
        converters.make_profile(folder / "profile")  # which recalculates every file on load
        self.office = Office(folder)

    def fresh_office(self) -> Office:
        """The running LibreOffice, started anew from time to time."""
        self._files += 1
        if self.office is None or self._files % MOST_FILES == 0:
            if self.office is not None:
                self.office.close()
            self._start_office()
        assert self.office is not None
        return self.office

    def _script(
        self, command: Sequence[str], limits: Limits, what: str, environment: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        if not self.own:
            script = next(k for k, part in enumerate(command) if part.endswith(".py"))
            try:
                task = self._pool.submit(_as_script, command[script], command[script + 1 :])
                return task.result(limits.seconds), ""
            except (BrokenProcessPool, TimeoutError):
                self.died += 1
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._start_scripts()
        return process.run(command, limits, what, environment)

    def _run(
        self, command: Sequence[str], limits: Limits, what: str, environment: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        if any(part.endswith(".py") for part in command):
            return self._script(command, limits, what, environment)
        if not self.own and self._wants_office and "--convert-to" in command:
            source, folder = Path(command[-1]), Path(command[command.index("--outdir") + 1])
            folder.mkdir(exist_ok=True)
            try:
                self.fresh_office().convert(source, folder / source.name)
                return 0, ""
            except Exception:  # whatever became of it
                self.died += 1
                if self.office is not None:
                    self.office.close()
                self.office = None
        return process.run(command, limits, what, environment)
