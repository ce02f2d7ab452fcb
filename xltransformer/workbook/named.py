"""What a sentence is called: by its letter, which stands in the names of its sheets, those of a pair by what they
are there for, source and target."""

from __future__ import annotations

from xltransformer.workbook.book import Page
from xltransformer.workbook.canvas import spaced


def titled(page: Page, s: int) -> str:
    """As a heading: “Sentence A”, “Source (A)”."""
    if page.roles:
        return page.messages(f"start.{page.roles[s]}", letter=page.letters[s])
    return page.messages("start.sentence", letter=spaced(page.letters[s]))


def before(page: Page, s: int | None) -> str:
    """Before what is said of it: “A: ”, “Source (A): ”; nothing where there is one sentence only, or none."""
    if s is None or not page.letters[s]:
        return ""
    return page.messages("start.before", letter=titled(page, s) if page.roles else page.letters[s])


def named(page: Page, s: int) -> str:
    """Within a sentence: “sentence A”, “the source”."""
    key = page.roles[s] if page.roles else "several" if page.letters[s] else "sentence"
    return page.messages(f"named.{key}", letter=page.letters[s])
