"""Cases of the fuzzer with a fixed seed; `make fuzz` runs as many others as one likes."""

from __future__ import annotations

import pytest
from fuzz import failure, fuzz, make_case

from xltransformer.cli import main


@pytest.mark.parametrize("part", range(4))
def test_random_builds_edits_and_tampering(part: int) -> None:
    tally, failed = fuzz(2026, range(part * 50, part * 50 + 50), "ironcalc", seconds=20)
    assert not failed, failed
    assert tally["diffs"] > 0


def test_a_case_is_its_seed_and_number() -> None:
    assert make_case(7, 123) == make_case(7, 123)
    assert len({repr(make_case(7, k).arguments) for k in range(50)}) > 30


def test_the_fuzzer_sees_what_must_not_be(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """It would call out a diff that always agrees, and one that dies."""
    import fuzz as module
    from click.testing import CliRunner, Result

    def run(*arguments: str) -> Result:
        if arguments[0] == "diff":
            return CliRunner().invoke(main, ["--version"])
        return CliRunner().invoke(main, list(arguments))

    monkeypatch.setattr(module, "run", run)
    case = next(c for k in range(500) if (c := make_case(1, k)).tamper == "number" and "--set" not in c.arguments)
    case = module.Case(("--template", "first-attention"), "", (), "number", "", False, case.number)
    assert "called equal" in failure(case, "ironcalc", tmp_path, module.Counter())
