"""How a wide model's workbook does in LibreOffice with its products written one way and another.

    python bench/wide.py [layers heads width slots]

By default the shape of the nanoGPT workbook: 3 layers, 3 heads, width 48, 11 slots, three words. Prints for
compact products and for array formulas by row the size, and the medians of five runs of loading the file, a
hard recalculation, and from one edited word to the last probabilities; they take turns in one LibreOffice. The
processor's time, which other work on the machine hardly disturbs, stands beside the clock's. Needs Linux.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from in_office import book_of, office_times

from xltransformer import api
from xltransformer.workbook.places import Place
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
    seen = homes["prediction.probabilities"]
    last = Place(seen.sheet, seen.row + slots - 1, seen.column, (1, 3))
    return book_of(path, homes["sentence.words"], 0, ["B", "A", "C"], last)


def main() -> None:
    shape = [int(word) for word in sys.argv[1:5]] or [3, 3, 48, 11]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        books = [build(Path(name) / f"{way}.xlsx", way, shape) for way in WAYS]
        print(f"{'':10} {'MB':>8} {'load':>8} {'recalculate':>12} {'edit':>8}   seconds")
        for way, book, marks in zip(WAYS, books, office_times(books, RUNS), strict=True):
            size = Path(book["path"]).stat().st_size / 1e6
            for which, clock in ((1, "processor"), (0, "clock")):
                opened, recalculated, followed = (
                    statistics.median(pair[which] for pair in column) for column in zip(*marks, strict=True)
                )
                print(f"{way:10} {size:8.2f} {opened:8.3f} {recalculated:12.3f} {followed:8.3f}   {clock}")


if __name__ == "__main__":
    main()
