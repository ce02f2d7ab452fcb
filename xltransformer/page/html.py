"""Elements of HTML as texts."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

Value = str | int | bool | None
Attributes = Mapping[str, Value]
"""An element's attributes by name: one that is True stands alone, those that are False or None are left out."""


def element(name: str, content: str = "", attributes: Attributes | None = None, /, **more: Value) -> str:
    """An element around some HTML; `more` attributes by Python's names: `cls` is class, `data_at` data-at."""
    return f"{opened(name, attributes, **more)}{content}</{name}>"


def opened(name: str, attributes: Attributes | None = None, /, **more: Value) -> str:
    """An element's beginning, or an element that has no content."""
    named = {"class" if key == "cls" else key.replace("_", "-"): value for key, value in more.items()}
    parts = [name]
    for key, value in {**(attributes or {}), **named}.items():
        if value is True:
            parts.append(key)
        elif value is not None and value is not False:
            parts.append(f'{key}="{escape(str(value))}"')
    return f"<{' '.join(parts)}>"


def text(said: object) -> str:
    """A text as HTML."""
    return escape(str(said), quote=False)
