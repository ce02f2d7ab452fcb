"""How large a page may be."""

from __future__ import annotations


def check_size(cells: int, size: int) -> None:
    """Raise UserError beyond what a browser holds."""
