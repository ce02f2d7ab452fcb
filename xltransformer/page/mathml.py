"""Notation as MathML."""

from __future__ import annotations

from xltransformer.page.html import text


def mathml(notation: str) -> str:
    """A line of notation."""
    return text(notation)
