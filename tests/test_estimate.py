"""What a workbook will take: counted, not guessed."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from xltransformer import api
from xltransformer.cli import main
from xltransformer.models import Sizes, maker
from xltransformer.size import estimate
from xltransformer.size.configuration import configuration
from xltransformer.size.estimate import counts, estimate_configuration, rounded


@pytest.mark.parametrize(
    ("name", "given", "options"),
    [
        ("gpt", {"causal": 1}, {"tied": True}),
        ("llama", {"gated": 1, "tied": 0}, {"tied": False}),
        ("bert", {"causal": 0}, {"head": True}),
    ],
)
def test_cells_are_those_of_the_whole_model(name: str, given: dict[str, int], options: dict[str, bool]) -> None:
    """Counted from one layer and two, and counted in all five."""
    own = configuration(layers=5, d_model=8, heads=2, d_ff=12, vocabulary=11, positions=6, **given)
    sizes = Sizes((6,), 11, 8, {"layers": 5, "heads": 2, "d_k": 4, "d_v": 4, "d_ff": 12, **options})
    numbers, formulas = counts(maker(name)(sizes))
    found = estimate_configuration(own, 6)
    assert (found.numbers, found.formulas) == (numbers, formulas)


def test_pictures_of_many_heads_are_counted_nearly() -> None:
    """The first screen shows eight heads at most, however many there are."""
    own = configuration(layers=5, d_model=8, heads=2, d_ff=12, vocabulary=11, positions=6, causal=0, predicts=0)
    options = {"layers": 5, "heads": 2, "d_k": 4, "d_v": 4, "d_ff": 12, "head": False}
    whole = sum(counts(maker("bert")(Sizes((6,), 11, 8, options))))
    assert estimate_configuration(own, 6).cells == pytest.approx(whole, rel=0.03)


def test_an_encoder_with_a_decoder() -> None:
    own = configuration(layers=2, decoder_layers=3, d_model=8, heads=2, vocabulary=11)
    assert (
        estimate_configuration(own, 4).cells
        > estimate_configuration(configuration(layers=3, d_model=8, heads=2, vocabulary=11), 4).cells
    )


@pytest.mark.parametrize("products", ["compact", "rows"])
def test_estimates_are_near_what_a_build_takes(products: str, tmp_path: Path) -> None:
    """Megabytes within 30 %; seconds of an unknown machine within a factor of ten."""
    told: list[estimate.Estimate] = []

    def report(taken: estimate.Estimate):  # type: ignore[no-untyped-def]
        told.append(taken)
        return lambda stage: None

    start = time.process_time()
    settings = {"layers": 6, "d_model": 32, "heads": 8}
    api.build(tmp_path / "gpt.xlsx", template="gpt", settings=settings, products=products, report=report)
    seconds = time.process_time() - start
    megabytes = (tmp_path / "gpt.xlsx").stat().st_size / 1e6
    assert told[0].megabytes == pytest.approx(megabytes, rel=0.3)
    assert told[0].seconds / 10 < seconds < told[0].seconds * 10


def test_what_is_long_is_told_before_it_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(estimate, "LONG", 0.0)
    result = CliRunner().invoke(main, ["build", "--template", "masks", "-o", str(tmp_path / "m.xlsx")])
    assert result.exit_code == 0
    assert re.fullmatch(
        r"xlt: [\d,]+ cells, about less than 1 MB and less than 1 seconds to build\n", result.stderr
    )
    monkeypatch.setattr(estimate, "LONG", 1e9)
    result = CliRunner().invoke(main, ["build", "--template", "masks", "-o", str(tmp_path / "n.xlsx")])
    assert result.stderr == ""


def test_xlt_size_says_what_a_workbook_takes() -> None:
    result = CliRunner().invoke(main, ["size", "--set", "layers=2", "--set", "vocabulary=100", "--words", "5"])
    assert re.search(r"as a workbook of 5 words: [\d,]+ cells, about [\d,]+ MB and [\d,]+ seconds", result.output)
    data = json.loads(CliRunner().invoke(main, ["size", "--format", "json"]).output)
    assert data["workbook"]["cells"] == estimate_configuration(configuration(), 8).cells


@pytest.mark.parametrize(("value", "shown"), [(0.4, "less than 1"), (7.6, "8"), (42.4, "42"), (1234, "1,200")])
def test_rounded(value: float, shown: str) -> None:
    assert rounded(value) == shown
