"""The templates that ship with the tool: their names, and where they lie."""

from __future__ import annotations

from pathlib import Path

DEFAULT_TEMPLATE = "cat-and-mouse"


def shipped_templates() -> list[str]:
    """The names of the templates that ship with the tool, the default first."""
    names = sorted(path.stem for path in template_folder().glob("*.toml"))
    return sorted(names, key=lambda name: name != DEFAULT_TEMPLATE)


def template_folder() -> Path:
    """Where the templates that ship lie: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"
