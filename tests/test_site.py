"""The site: lessons in their order, pages with one engine, links that lead somewhere, anywhere and from a disk."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from browser import Chromium, OpenPage, state
from gallery import script

SITE = script("make-site")
SHOWN = [entry for entry in SITE.GALLERY if entry.topic in ("cat-and-mouse", "exercise")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("site") / "any" / "path"
    SITE.make(folder, SHOWN, docs=False)
    return folder


class Links(HTMLParser):
    """Where a page leads to, and what it loads."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def test_front_pages_list_the_lessons_in_the_gallerys_order(site: Path) -> None:
    for language, name in SITE.FILES.items():
        text = (site / name).read_text("utf-8")
        assert f'<html lang="{language}' in text
        listed = re.findall(r'<h3><a href="([^"]+)\.html"', text)
        assert listed == [entry.name for entry in SHOWN if entry.language == language]
        assert "<script" not in text


def test_every_link_is_relative_and_leads_to_a_file(site: Path) -> None:
    for page in site.glob("*.html"):
        links = [link for link in Links(page).found if not link.startswith(("#", "data:"))]
        assert all((site / unquote(link.partition("#")[0])).is_file() for link in links), page.name
    assert [link for link in Links(site / "cat-and-mouse.html").found if link.endswith(".js")] == ["engine.js"]


def test_pages_with_a_shared_engine_are_small(site: Path) -> None:
    engine = (site / "engine.js").stat().st_size
    assert all(page.stat().st_size < engine for page in site.glob("*.html"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_the_front_pages(scheme: str, site: Path, open_page: OpenPage) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for name, size in (("index.html", (1366, 768)), ("zh.html", (390, 844))):
        page = open_page(site / name, size, live=False, color_scheme=scheme, bypass_csp=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        found = Axe().run(page)
        assert not found.response["violations"], found.generate_report()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a web server for a folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("where", ["disk", "web"])
def test_a_lesson_takes_its_engine_from_beside_it(where: str, site: Path, browser: Chromium) -> None:
    path = site / "cat-and-mouse.html"
    with served(site.parent.parent) as address:
        page = browser.open(path, live=where == "disk", offline=where == "disk")
        if where == "web":
            page.goto(f"{address}/any/path/{path.name}")
            browser.wait_until_live(page)
        assert state(page) == "live"
        heard = browser.close(page)
    home = address + "/any/path/" if where == "web" else path.parent.as_uri() + "/"
    asked = [url for url in heard.requests if url.startswith(home)]
    assert asked[-2:] == [home + path.name, f"{home}engine.js"]
    assert not heard.errors
