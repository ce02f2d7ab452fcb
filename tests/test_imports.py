"""Imports run one way, down a staircase."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import xltransformer

STAIRS = [
    "__main__", "cli", "__init__", "variants", "api", "checking", "exporting", "tracing", "notebook",
    "training", "page", "classroom", "comparing", "difference",
    "listing", "writing", "workbook", "size", "building", "engines", "models", "teaching", "weights", "nn",
    "inputs", "stepwise", "ops", "locale", "checked", "bounds", "formats", "files", "cutting", "text",
    "sampling", "graph", "errors", "record",
]  # fmt: skip
"""Every room, each above those that it may import from."""
PACKAGE = Path(xltransformer.__file__).parent
ROOMS = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}


def imported(room: str) -> Iterator[tuple[str, str]]:
    """The rooms that a room imports from, each with where it does."""
    path = PACKAGE / room
    for file in path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for parts in (name.split(".") for name in names):
                if parts[0] == PACKAGE.name:
                    other = parts[1] if len(parts) > 1 and parts[1] in ROOMS else "__init__"
                    yield other, f"{file.relative_to(PACKAGE)}:{node.lineno}"


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_from_those_below_it(room: str) -> None:
    assert room in STAIRS, f"{room} is new: say where it stands"
    below = {room, *STAIRS[STAIRS.index(room) + 1 :]}
    assert not [f"{where} imports {other}" for other, where in imported(room) if other not in below]


def test_imports_are_found() -> None:
    assert {"graph", "ops", "record"} <= {other for other, _ in imported("nn")}
