"""The READMEs: their commands print what they say, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from gallery import AGAIN, GALLERY, ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The workbooks that the READMEs say what to try in."""
    folder = tmp_path_factory.mktemp("gallery")
    texts = "".join((ROOT / name).read_text("utf-8") for name in GALLERY.READMES)
    return [GALLERY.build(one, folder) for one in GALLERY.GALLERY if f"<!-- gallery: {one.name} -->" in texts]


_MACHINE = re.compile(r"\d\.\de[-+]\d\d|(?<= )\d+(?:\.\d+){2,}|(?<=\.\d{12})\d+|missing: .*")
"""What differs from machine to machine: tiny errors, versions, last digits, engines that are not there."""


@pytest.mark.parametrize("name", GALLERY.READMES)
def test_readme_shows_what_its_commands_print(name: str, built: list[Any], tmp_path: Path) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert _MACHINE.sub("", text) == _MACHINE.sub("", GALLERY.readme(text, built, tmp_path)), AGAIN


@pytest.mark.parametrize("page", [*GALLERY.READMES, "workbooks/README.md"])
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
    assert links
    for link in links:
        assert link.startswith("https://") or (path.parent / link).exists(), f"{page} links to {link}"
