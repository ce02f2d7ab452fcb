"""The largest page."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from xltransformer.cli import main
from xltransformer.errors import UserError
from xltransformer.page import limits
from xltransformer.page.limits import MOST_MEGABYTES, MOST_NUMBERS, check_size


def test_a_page_may_be_so_large_and_no_larger() -> None:
    check_size(MOST_NUMBERS, MOST_MEGABYTES * 1_000_000)
    with pytest.raises(UserError, match=r"holds 500,000 numbers, and here are 500,001: give a smaller model"):
        check_size(MOST_NUMBERS + 1, 0)
    with pytest.raises(UserError, match=r"a workbook of 10 MB, and this has 10\.5: "):
        check_size(0, 10_500_000)


def test_a_build_beyond_it_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_NUMBERS", 100)
    path = tmp_path / "large.html"
    done = CliRunner().invoke(main, ["build", "--template", "first-attention", "-o", str(path)])
    assert done.exit_code == 2
    assert "a page holds 100 numbers, and here are " in done.output
    assert not path.exists()
