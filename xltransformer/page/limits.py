"""How large a page may be.

Measured in Chromium with GPTs of growing size: a page with 446,000 numbers, of a workbook with 470,000 cells,
takes 1.5 GB of memory, of which the engine has a third: 1.2 KB a cell. A tab has 4 GB, and the engine's own memory
ends at 2.
"""

from __future__ import annotations

from xltransformer.errors import UserError

MOST_NUMBERS = 500_000
"""Numbers and words that a page shows."""
MOST_MEGABYTES = 10
"""Size of the workbook in it."""
_INSTEAD = "give a smaller model, or write a workbook (.xlsx)"


def check_size(cells: int, size: int) -> None:
    """Raise UserError beyond what a browser holds: so many entries of blocks, and bytes of the workbook."""
    if cells > MOST_NUMBERS:
        raise UserError(f"a page holds {MOST_NUMBERS:,} numbers, and here are {cells:,}: {_INSTEAD}")
    if size > MOST_MEGABYTES * 1e6:
        raise UserError(
            f"a page holds a workbook of {MOST_MEGABYTES} MB, and this has {size / 1e6:.1f}: {_INSTEAD}"
        )
