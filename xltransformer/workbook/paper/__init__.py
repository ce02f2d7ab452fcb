"""An exercise on paper: a page a lesson with blanks to fill by hand, and the same with the answers."""

from __future__ import annotations

from xltransformer.workbook.paper.pages import KEY, Printed, draw_pages

__all__ = ["KEY", "Printed", "draw_pages"]
