"""The headline's pictures."""

from __future__ import annotations

from xltransformer.page.contents import Contents
from xltransformer.workbook.book import Page


def headline(page: Page, contents: Contents) -> str:
    """The pictures side by side."""
    return ""
