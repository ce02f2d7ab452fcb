"""A page in Firefox, where there is one: that it lives, and follows an edit."""

from __future__ import annotations

from pathlib import Path

import pytest
from firefox import find_firefox, firefox
from pages import write
from test_experiments import made

ENTER = "\ue007"


def test_it_lives_and_follows_an_edit(tmp_path: Path) -> None:
    program = find_firefox()
    if program is None:
        pytest.skip("Firefox is not on this machine: apt-get install firefox-esr, and the page is tried there too")
    path = write(made("cat-and-mouse", "en"), tmp_path)
    profile = tmp_path / "profile"
    profile.mkdir()
    with firefox(program, profile) as page:
        page.open(path)
        page.wait_for("document.documentElement.dataset.state === 'live'")
        weights = "[...document.querySelectorAll('[data-block$=weights]')].map((one) => one.dataset.value).join()"
        before = page.evaluate(weights)
        page.evaluate("document.querySelector('[data-block=\"sentence.0.words\"] input').select()")
        page.press("keyboard" + ENTER)
        page.wait_for("document.querySelector('[data-block=\"sentence.0.words\"]').dataset.value === 'keyboard'")
        page.wait_for("document.documentElement.dataset.state === 'live'")
        assert page.evaluate(weights) != before
        assert not page.wrong
