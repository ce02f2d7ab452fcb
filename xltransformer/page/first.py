"""The first screen."""

from __future__ import annotations

from xltransformer.building.instance import Instance
from xltransformer.page.contents import Contents
from xltransformer.page.html import element, text
from xltransformer.workbook.book import Page


def draw(page: Page, instance: Instance, contents: Contents) -> str:
    """The first screen's HTML."""
    return element("section", element("h1", text(contents.workbook.title)), id="start")
