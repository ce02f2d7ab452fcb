"""Measures what a user waits for, on this machine: `make bench`.

Prints medians over several runs: seconds by the clock, and processor time. Commands that are compared take
turns within each run, and their ratio is that of the processor time, so that it says something whatever else
the machine does meanwhile. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import xlsxwriter

from xltransformer.engines import ENGINES
from xltransformer.engines.converters import find_soffice, make_profile

IMPORTS = "import numpy, xlsxwriter, click"
"""What no build can do without."""
GPT = (
    *("build", "--force", "--template", "gpt"),
    *(word for size in ("layers=6", "heads=8", "d_model=32") for word in ("--set", size)),
)
"""A GPT of some 190,000 cells."""


@dataclass
class Task:
    """A thing to time, and the task that it takes turns with and is compared to."""

    name: str
    run: Callable[[], None]
    against: Task | None = None
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        spread = f"{min(self.seconds):.3f} to {max(self.seconds):.3f}"
        processor = f"{statistics.median(self.processor):9.3f}"
        line = f"{self.name:38} {statistics.median(self.seconds):8.3f}  {spread:>16} {processor}"
        if self.against is None:
            return line
        ratio = statistics.median(a / b for a, b in zip(self.processor, self.against.processor, strict=True))
        return f"{line}  {ratio:5.1f} x {self.against.name}"


def command(*words: str | Path) -> Callable[[], None]:
    """A command line to run, which must succeed."""

    def run() -> None:
        # Compiled once, as for a user, whatever the caller's settings say.
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, words))}: {done.stderr.strip()}")

    return run


def opening(soffice: str, workbook: Path, folder: Path) -> Callable[[], None]:
    """LibreOffice opens, recalculates and prints the workbook, in a profile of its own."""
    profile = make_profile(folder / f"profile-{workbook.stem}")
    out = folder / "pdf"
    printed = out / f"{workbook.stem}.pdf"
    options = (profile, "--headless", "--norestore", "--convert-to", "pdf", "--outdir", out)
    convert = command(soffice, *options, workbook)

    def run() -> None:
        printed.unlink(missing_ok=True)
        convert()
        if not printed.is_file():
            raise SystemExit(f"LibreOffice did not open {workbook.name}")

    return run


def measure(tasks: list[Task], runs: int) -> None:
    """Each task once to warm up, then all of them in turn, `runs` times."""
    for task in tasks:
        task.run()
    for _ in range(runs):
        for task in tasks:
            start, before = time.perf_counter(), os.times()
            task.run()
            after = os.times()
            task.seconds.append(time.perf_counter() - start)
            user, system = after.children_user, after.children_system
            task.processor.append(user + system - before.children_user - before.children_system)


def formula_cells(workbook: Path) -> int:
    book = openpyxl.load_workbook(workbook)
    return sum(cell.data_type == "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row)


def find_xlt() -> str:
    beside = Path(sys.executable).parent
    found = shutil.which("xlt", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise SystemExit("xlt is not installed for this Python: run `make bench`")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="runs to take the median of (default: 7)")
    runs = parser.parse_args().runs
    if runs < 1:
        parser.error("--runs must be at least 1")
    xlt = find_xlt()
    versions = {name: found.version() for name, found in ENGINES.items()}

    with tempfile.TemporaryDirectory(prefix="xlt-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        workbook, empty = folder / "default.xlsx", folder / "empty.xlsx"
        command(xlt, "build", "-o", workbook)()
        xlsxwriter.Workbook(empty).close()

        python = Task("python -c pass", command(sys.executable, "-c", "pass"))
        imports = Task("import numpy, xlsxwriter, click", command(sys.executable, "-c", IMPORTS), python)
        again = command(xlt, "build", "--force", "-o", folder / "again.xlsx")
        groups = [
            [
                python,
                imports,
                Task("xlt --help", command(xlt, "--help"), python),
                Task("xlt build", again, imports),
                Task("xlt build: GPT, 6 layers, 8 heads", command(xlt, *GPT, "-o", folder / "gpt.xlsx"), imports),
                *(
                    Task(f"xlt diff --engine {engine}", command(xlt, "diff", workbook, "--engine", engine), python)
                    for engine, version in versions.items()
                    if version
                ),
            ]
        ]
        soffice = find_soffice()
        if soffice:
            nothing = Task("LibreOffice: empty workbook to PDF", opening(soffice, empty, folder))
            default = Task("LibreOffice: default workbook to PDF", opening(soffice, workbook, folder), nothing)
            groups.append([nothing, default])

        size = f"{formula_cells(workbook)} formula cells, {workbook.stat().st_size / 1024:.1f} KiB"
        print(f"Python {platform.python_version()}, {platform.platform()}, {os.cpu_count()} cores")
        for engine, version in versions.items():
            print(f"{engine} {version or 'is missing: not measured'}")
        print(f"default workbook: {size}\n")
        print(f"{f'seconds, {runs} runs each':38} {'median':>8}  {'range':>16} {'processor':>9}  ratio")
        for tasks in groups:
            measure(tasks, runs)
            print("\n".join(map(str, tasks)), flush=True)


if __name__ == "__main__":
    main()
