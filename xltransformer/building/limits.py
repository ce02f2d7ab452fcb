"""How large a model may be, so that its workbook can be opened and used."""

from __future__ import annotations

from xltransformer.errors import UserError
from xltransformer.graph import Model
from xltransformer.models import Sizes
from xltransformer.models.sizes import MARGIN, MOST_COLUMNS

MOST_ROWS = 1_048_576
"""The rows that a sheet holds (Excel's limit)."""
MOST_CELLS = 100_000_000
"""The most cells that are built, formulas and numbers together: about what a machine of 64 GB can write."""
MOST_HEADS = 10_000
"""The most heads in all layers together."""
MOST_SENTENCES = 1_000
"""The most sentences: each takes at least one sheet."""
MOST_WORDS = 480
"""The most words and empty slots of a sentence: the formula that joins them, which names the first sheet
for each, may have 8,192 characters."""


def check_sizes(sizes: Sizes) -> None:
    """Raise UserError where a size alone is too large, before anything of that size is made."""
    counts = {name: size for name, size in sizes.options.items() if isinstance(size, int)}
    layers = max((size for name, size in counts.items() if name.endswith("layers")), default=1)
    heads = counts.get("heads", 1)
    for what, size, most in (
        ("sentences", len(sizes.slots), MOST_SENTENCES),
        ("words and empty slots in a sentence", max(sizes.slots, default=0), MOST_WORDS),
        ("rows in the vocabulary", sizes.vocabulary, MOST_ROWS - MARGIN),
        ("dimensions of an embedding", sizes.width, MOST_COLUMNS - MARGIN),
        ("heads in all layers", heads * layers, MOST_HEADS),
    ):
        if size > most:
            raise UserError(f"{what}: {size:,} are too many, at most {most:,} can be built; use fewer")


def check_limits(model: Model) -> None:
    """Raise UserError where the model does not fit into a workbook that can be used."""
    for block in model.blocks.values():
        rows, columns = block.shape
        if rows > MOST_ROWS - MARGIN or columns > MOST_COLUMNS - MARGIN:
            raise UserError(
                f"{block.name} would be {rows} x {columns} cells, but a sheet holds at most "
                f"{MOST_ROWS - MARGIN} x {MOST_COLUMNS - MARGIN}: use fewer words or dimensions"
            )
    cells = sum(block.size for block in model.blocks.values())
    if cells > MOST_CELLS:
        raise UserError(
            f"this would take {cells:,} cells; at most {MOST_CELLS:,} are built: "
            "use fewer words, sentences, slots, layers or rows of the vocabulary"
        )
