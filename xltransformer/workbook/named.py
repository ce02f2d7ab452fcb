"""What a sentence is called: by its letter, which stands in the names of its sheets, those of a pair by what they
are there for, source and target."""

from __future__ import annotations

from xltransformer.locale import Messages
from xltransformer.workbook.book import Page, Variant
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


def of_student(messages: Messages, key: str, whose: Variant | None) -> str:
    """A message, or where it is of a student, the one with the name, or else with the number."""
    if whose is None:
        return messages(key)
    if whose.name:
        return messages(f"{key}_of", name=whose.name)
    return messages(f"{key}_number", number=whose.number)
