"""The recipes of CONTRIBUTING.md, each carried out in a copy of the tree as it is told there, and nowhere else."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COPIED = ("xltransformer", "templates", "tests", "scripts", "pyproject.toml", "CONTRIBUTING.md")
PROGRAMS = {"python": (), "pytest": ("-m", "pytest"), "ruff": ("-m", "ruff"), "xlt": ("-m", "xltransformer")}
_TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("\n## Recipes\n")[2].partition("\n## ")[0]
RECIPES = dict(part.split("\n", 1) for part in _TEXT.split("\n### ")[1:])
WANTED = {"An operation", "An activation", "A layer", "A lesson", "A template", "A trained template", "A language",
          "An engine", "A scheme of published names"}  # fmt: skip
_BLOCK = re.compile(r"([^\n]*)\n\n```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""A block of code, and the line above it, which says what becomes of it."""
_PLACE = re.compile(r"(New|At the end of|In) `([^`]+)`(?:, (before|after|in place of) `([^`]+)`)?:$")


def blocks(recipe: str) -> Iterator[tuple[str, str, str]]:
    """Of each block the line above it, its language and what stands in it."""
    for found in _BLOCK.finditer(RECIPES[recipe]):
        yield found[1], found[2], found[3]


def write(folder: Path, line: str, text: str) -> Path:
    """Do with a block's text as the line above it says; returns the file that it went to."""
    told = _PLACE.search(line)
    assert told, f"{line!r} does not end in a place: New, At the end of, or In …, before, after or in place of …"
    how, name, side, mark = told.groups()
    file = folder / name
    assert file.exists() == (how != "New"), f"{name}: {'is there already' if file.exists() else 'is not there'}"
    lines = [] if how == "New" else file.read_text("utf-8").splitlines(keepends=True)
    at = len(lines)
    if how == "In":
        found = [k for k, one in enumerate(lines) if mark in one]
        assert len(found) == 1, f"{name}: {mark!r} stands there {len(found)} times, and once is wanted"
        at = found[0] + (side == "after")
        del lines[at : at + (side == "in place of")]
    lines.insert(at, text)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(lines), "utf-8")
    return file


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """A command as a contributor would type it in the copy."""
    program, *rest = shlex.split(command)
    return subprocess.run(
        [sys.executable, *PROGRAMS[program], *rest], cwd=folder, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(folder)}, check=False,
    )  # fmt: skip


def copy(folder: Path) -> Path:
    """A copy of the tree, with what Python has compiled."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
        else:
            shutil.copy2(ROOT / name, folder / name)
    return folder


def carried_out(folder: Path, recipe: str) -> list[str]:
    """Write what a recipe says to the files of a copy; returns the commands that it names."""
    commands: list[str] = []
    for line, kind, text in blocks(recipe):
        if kind == "console":
            commands += [one.removeprefix("$ ") for one in text.splitlines()]
        else:
            write(folder, line, text)
    return commands


def test_there_is_a_recipe_for_everything_that_is_added() -> None:
    assert set(RECIPES) == WANTED


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_commands_of_a_recipe_pass_where_it_is_carried_out(recipe: str, tmp_path: Path) -> None:
    commands = carried_out(copy(tmp_path), recipe)
    assert commands, f"{recipe} names no command that would notice"
    for command in (*commands, "ruff check .", "ruff format --check ."):
        done = run(tmp_path, command)
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"


def test_texts_that_a_lesson_lacks_are_told_together(tmp_path: Path) -> None:
    """In one line, each with its table: the recipe without what it says to the file of English texts."""
    copy(tmp_path)
    for line, kind, text in blocks("A lesson"):
        if kind != "console" and "locale/en.toml" not in line:
            write(tmp_path, line, text)
    done = run(tmp_path, "xlt build --template likeness -o likeness.xlsx")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    for key in (
        "[sheet] likeness",
        "[section.likeness] title, intro",
        "[step.likeness] title",
        "[picture] likeness",
    ):
        assert key in done.stderr
