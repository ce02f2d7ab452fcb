"""How a wide model's workbook does in LibreOffice with its products written one way and another.

    python bench/wide.py [layers heads width slots]

By default the shape of the nanoGPT workbook: 3 layers, 3 heads, width 48, 11 slots, three words. Prints for
compact products and for array formulas by row the size, and the medians of five runs of loading the file, a
hard recalculation, and from one edited word to the last probabilities; they take turns in one LibreOffice. The
processor's time, which other work on the machine hardly disturbs, stands beside the clock's. Needs Linux.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from windows import find_uno_python

from xltransformer import api
from xltransformer.engines.converters import find_soffice
from xltransformer.workbook.reader import read_book

WAYS = ("compact", "rows")
RUNS = 5


def build(path: Path, products: str, shape: list[int]) -> dict[str, Any]:
    """A book for `uno_times`: its first word is edited, the probabilities after its last one are read."""
    layers, heads, width, slots = shape
    sentence = " ".join("ABC"[k % 3] for k in range(slots))
    settings = {"layers": layers, "heads": heads, "d_model": width, "d_ff": 4 * width}
    words = path.with_suffix(".txt")
    words.write_text("A\nB\nC\n")
    api.build(path, [sentence], "gpt", products=products, slots=0, settings=settings, vocabulary=words, force=True)
    homes = read_book(path).homes
    typed, seen = homes["sentence.words"], homes["prediction.probabilities"]
    return {
        "path": str(path),
        "edit": [typed.sheet, typed.address(0, 0), ["B", "A", "C"]],
        "look": [seen.sheet, f"{seen.address(slots - 1, 0)}:{seen.address(slots - 1, 2)}"],
    }


def main() -> None:
    shape = [int(word) for word in sys.argv[1:5]] or [3, 3, 48, 11]
    soffice = find_soffice()
    if soffice is None:
        raise SystemExit("LibreOffice is missing")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, pipe = Path(name), f"xltbench{os.getpid()}"
        books = [build(folder / f"{way}.xlsx", way, shape) for way in WAYS]
        office = subprocess.Popen(
            [soffice, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore",
             f"--accept=pipe,name={pipe};urp;"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            run = subprocess.run(
                [find_uno_python(soffice), str(Path(__file__).with_name("uno_times.py"))],
                input=json.dumps({"pipe": pipe, "runs": RUNS, "books": books}),
                capture_output=True, text=True, check=False, timeout=1200,
            )  # fmt: skip
        finally:
            os.killpg(office.pid, signal.SIGTERM)
            office.wait(30)
        if run.returncode:
            raise SystemExit(run.stderr)
        print(f"{'':10} {'MB':>8} {'load':>8} {'recalculate':>12} {'edit':>8}   seconds")
        for way, book, marks in zip(WAYS, books, json.loads(run.stdout), strict=True):
            size = Path(book["path"]).stat().st_size / 1e6
            for which, clock in ((1, "processor"), (0, "clock")):
                opened, recalculated, followed = (
                    statistics.median(pair[which] for pair in column) for column in zip(*marks, strict=True)
                )
                print(f"{way:10} {size:8.2f} {opened:8.3f} {recalculated:12.3f} {followed:8.3f}   {clock}")


if __name__ == "__main__":
    main()
