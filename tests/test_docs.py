"""docs/ becomes a site: strictly, in both languages, asking nothing of other servers."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from gallery import ROOT, script

import xltransformer

DOCS = script("make-docs")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, which fails on any warning."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(ROOT / "scripts" / "make-docs"), "-o", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300)
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")
    return folder


@pytest.mark.parametrize("language", DOCS.LANGUAGES)
def test_every_page_is_there_in_its_language(language: str, site: Path) -> None:
    home = site / DOCS.LANGUAGES[language]
    for page in (ROOT / "docs" / language).glob("*.md"):
        html = home / f"{page.stem}.html"
        assert f'<html lang="{language}"' in html.read_text("utf-8")
    reference = (home / "python.html").read_text("utf-8")
    homes = {"page": "api.page"}  # the name is that of a room, too
    assert all(f'id="xltransformer.{homes.get(name, name)}"' in reference for name in xltransformer.__all__)


_ASKING = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?https?:|<link rel="?stylesheet[^>]*https?:"""
)


def test_pages_ask_nothing_of_other_servers(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        assert not _ASKING.search(page.read_text("utf-8")), page


def test_every_link_of_the_site_leads_to_a_file(site: Path) -> None:
    pages = [page for page in site.rglob("*.html") if page.name != "404.html"]  # that one is served anywhere
    for page in pages:
        linked = re.findall(r"""\b(?:href|src)=["']?([^"'\s>]+)""", page.read_text("utf-8"))
        for link in {unquote(one.partition("#")[0]) for one in linked if not re.match(r"https?:|data:|#", one)}:
            assert (page.parent / link).exists(), f"{page.relative_to(site)} links to {link}"


FAULTS = ["[x](nowhere.md)", "![x](../../nowhere.png)", "[x](#nowhere)", "::: xltransformer.nowhere"]


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_a_fault_stops_the_build(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs" / "en").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "site.toml", tmp_path / "docs")
    (tmp_path / "docs" / "en" / "site.toml").write_text('[project]\nsite_name = "x"\n', "utf-8")
    (tmp_path / "docs" / "en" / "index.md").write_text(f"# Title\n\n{fault}\n", "utf-8")
    monkeypatch.setattr(DOCS, "ROOT", tmp_path)
    stopped = pytest.raises((subprocess.CalledProcessError, FileNotFoundError))
    with stopped if fault else contextlib.nullcontext():
        DOCS.make("en", tmp_path / "site")
