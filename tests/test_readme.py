"""The READMEs and docs/: their commands print what they say, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
from gallery import AGAIN, GALLERY, ROOT

from xltransformer.cli import main


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The workbooks that the pages say what to try in."""
    folder = tmp_path_factory.mktemp("gallery")
    return [GALLERY.build(one, folder) for one in GALLERY.asked()]


_MACHINE = re.compile(r"\d\.\de[-+]\d\d|(?<= )\d+(?:\.\d+){2,}|(?<=\.\d{12})\d+|missing: .*")
"""What differs from machine to machine: tiny errors, versions, last digits, engines that are not there."""


@pytest.mark.parametrize("name", GALLERY.PAGES)
def test_pages_show_what_their_commands_print(name: str, built: list[Any], tmp_path: Path) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert _MACHINE.sub("", text) == _MACHINE.sub("", GALLERY.filled(text, built, tmp_path)), AGAIN


OTHERS = ["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "workbooks/README.md"]


@pytest.mark.parametrize("page", [*GALLERY.PAGES, *OTHERS])
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
    assert links or page.startswith("docs/")
    for link in links:
        assert link.startswith("https://") or (path.parent / link).exists(), f"{page} links to {link}"


@pytest.mark.parametrize("page", GALLERY.README)
def test_readme_fits_on_a_few_screens(page: str) -> None:
    assert len((ROOT / page).read_text("utf-8").splitlines()) <= 150


def test_both_languages_have_the_same_pages() -> None:
    english, chinese = ({path.name for path in (ROOT / "docs" / language).iterdir()} for language in ("en", "zh"))
    assert english == chinese


def test_chinese_page_of_commands_names_every_option() -> None:
    sections = re.split(r"^## ", (ROOT / "docs" / "zh" / "commands.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert isinstance(main, click.Group)
    for name, command in main.commands.items():
        (section,) = (one for one in sections if name in re.split("[：、\n]", one.splitlines()[0]))
        told = {*re.findall(r"(?<=`)-[-\w]+", section)}
        options = {option for one in command.params if isinstance(one, click.Option) for option in one.opts}
        assert told == options, name
