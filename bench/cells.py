"""Measures the writing of cells against bare XlsxWriter writing the same ones: `python bench/cells.py`.

For each size one line: cells, seconds (processor time, medians; the two take turns), cells a second, the
ratio of the two, bytes of memory a cell at the most (of a process of its own), and bytes of the file a cell.
"""

from __future__ import annotations

import argparse
import io
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import xlsxwriter

from xltransformer.graph import Axis, Matrix
from xltransformer.locale import load_messages
from xltransformer.ops import add, matmul, relu
from xltransformer.workbook.book import Book, Page
from xltransformer.workbook.drawing import draw
from xltransformer.workbook.notation import Notation
from xltransformer.workbook.styles import FONT, STYLES
from xltransformer.workbook.writer import render

SIZES = 6_000, 60_000, 600_000, 3_000_000, 10_000_000
MOST_BARE = 600_000
"""Bare XlsxWriter takes about a kilobyte a cell."""
WIDTH = 100


def drawn(cells: int) -> Book:
    """Six blocks: two inputs, weights, a product, a sum and an activation, `cells` in all."""
    rows = (cells - WIDTH * WIDTH) // (5 * WIDTH) if cells > 20 * WIDTH * WIDTH else cells // (6 * WIDTH)
    inner = WIDTH if cells > 20 * WIDTH * WIDTH else rows
    x = Matrix(Axis.numbered("", rows), Axis.numbered("", inner), name="x", role="parameter")
    w = Matrix(Axis.numbered("", inner), Axis.numbered("", WIDTH), name="w", role="parameter")
    y = Matrix(Axis.numbered("", rows), Axis.numbered("", WIDTH), name="b", role="parameter")
    blocks = [x, w, y, matmul(x, w)]
    blocks += [add(blocks[-1], y)]
    blocks += [relu(blocks[-1])]
    random = np.random.default_rng(0)
    values = {}
    for block, name in zip(blocks, ("x", "w", "y", "product", "total", "out"), strict=True):
        block.name = name
        values[name] = random.normal(size=block.shape)
    book = Book(values, load_messages(), notation=Notation("compact"))
    page, row = Page(book, book.sheet("cells")), 1
    for block in blocks:
        if row + block.shape[0] > 1_048_000:
            page, row = page.another(f"more {block.name}"), 1
        draw(page, block, row, 1, labelled=False)
        row += block.shape[0] + 1
    return book


def count(book: Book) -> int:
    return sum(block.values.size for sheet in book.sheets for block in sheet.blocks)


def ours(cells: int) -> Callable[[], bytes]:
    def run() -> bytes:
        return render(drawn(cells).finish(), {})

    return run


def bare(cells: int) -> Callable[[], bytes]:
    """The same cells, each by a call of XlsxWriter's; making their texts is not counted."""
    book = drawn(cells)
    book.finish()
    given = [
        (
            sheet.name,
            [(b.row + i, b.column + j, b.cell(i, j)) for b in sheet.blocks for i, j in np.ndindex(b.shape)],
        )
        for sheet in book.sheets
    ]

    def run() -> bytes:
        buffer = io.BytesIO()
        workbook = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_format_properties": FONT})
        formats = {}
        for name, listed in given:
            sheet = workbook.add_worksheet(name)
            for row, column, cell in listed:
                if cell.style not in formats:
                    formats[cell.style] = workbook.add_format(STYLES[cell.style[0]])
                if cell.kind == "formula":
                    sheet.write_formula(row, column, "=" + cell.content, formats[cell.style], cell.shown)
                else:
                    sheet.write_number(row, column, cell.content, formats[cell.style])
        workbook.close()
        return buffer.getvalue()

    return run


def memory(cells: int) -> int:
    """The most memory that a process needs for writing so many cells, in bytes."""
    done = subprocess.run([sys.executable, __file__, "--memory", str(cells)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return int(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs to take the median of (default: 5)")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest size to measure, in cells")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory:
        ours(given.memory)()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        return
    # First of all: on Linux a process begins with the high-water mark of the one that started it.
    sizes = [size for size in SIZES if size <= given.most]
    high = {size: memory(size) for size in sizes}
    print(f"{'cells':>10} {'seconds':>8} {'µs/cell':>8} {'bare':>8} {'ratio':>6} {'memory':>7} {'file':>6}")
    for cells in sizes:
        write, compared = ours(cells), bare(cells) if cells <= MOST_BARE else None
        book = drawn(cells)
        book.finish()
        exact = count(book)
        del book
        runs = given.runs if cells <= MOST_BARE else 1
        times: dict[Callable[[], bytes], list[float]] = {run: [] for run in (write, compared) if run}
        size = len(write())
        for _ in range(runs):
            for run, seconds in times.items():
                start = time.process_time()
                run()
                seconds.append(time.process_time() - start)
        median = statistics.median(times[write])
        line = f"{exact:>10,} {median:>8.3f} {median / exact * 1e6:>8.2f}"
        if compared:
            ratio = statistics.median(b / a for a, b in zip(times[write], times[compared], strict=True))
            line += f" {statistics.median(times[compared]):>8.3f} {ratio:>6.1f}"
        else:
            line += f" {'':>8} {'':>6}"
        more = f"{(high[cells] - high[SIZES[0]]) / exact:>7.0f}" if cells > MOST_BARE / 10 else f"{'':>7}"
        print(f"{line} {more} {size / exact:>6.1f}", flush=True)


if __name__ == "__main__":
    main()
