"""Cases of the fuzzer with a fixed seed; `make fuzz` runs as many others as one likes."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

import fuzz as fuzzer
import pytest
from changes import ERROR, HARMLESS, HARMLESS_PARTS, MAYBE, TAMPERS, Cells, Parts
from click.testing import CliRunner, Result
from fuzz import ANYTHING, Case, Copy, Workshop, failures, fuzz, make_case
from kept import Kept

from xltransformer import api
from xltransformer.cli import main
from xltransformer.workbook.reader import read_book

SPOILED = Case(
    ("--template", "first-attention"), "", (Copy((), "number", "", parts=True, bridge=False),), "a seed"
)


def test_random_builds_edits_and_tampering() -> None:
    tally, failed = fuzz(2026, itertools.count(), "ironcalc", seconds=120, most=120)
    assert not failed, failed
    assert tally["interrupted"] == tally["engines that ended over a file"] == 0
    for kind in ("0, untampered", "2, untampered", "1, tampered"):
        assert tally[f"exit status {kind}"] > 0, tally


def test_a_case_is_its_seed_and_number() -> None:
    assert make_case(7, 123) == make_case(7, 123)
    cases = [make_case(7, k) for k in range(2000)]
    assert len({case.arguments for case in cases[:50]}) > 30
    assert {case.template for case in cases} == set(fuzzer.shipped_templates()), "one is never drawn"
    assert {copy.tamper for case in cases for copy in case.copies} == {"", *TAMPERS}


def test_the_fuzzer_sees_what_must_not_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It would call out a diff that always agrees, one that always differs, and one that dies."""
    ends = {"agrees": "--version", "differs": "", "dies": ""}

    def run(*arguments: str) -> Result:
        if arguments[0] != "diff":
            return CliRunner().invoke(main, arguments)
        result = CliRunner().invoke(main, ["--version"])
        if ends["now"] == "differs":
            result.exit_code = 1
        elif ends["now"] == "dies":
            result.exit_code, result.exception = 1, ValueError("x")
        return result

    monkeypatch.setattr(fuzzer, "run", run)
    untouched = Case(SPOILED.arguments, "", (Copy((), "", "", parts=True, bridge=False),), "a seed")
    with Kept() as kept:
        for end, case, said in (
            ("agrees", SPOILED, "called equal"),
            ("differs", untouched, "called different"),
            ("dies", untouched, "traceback: ValueError"),
            ("agrees", untouched, ""),
            ("differs", SPOILED, ""),
        ):
            ends["now"] = end
            found = [wrong for _, wrong in failures(case, "ironcalc", tmp_path, Counter(), kept)]
            assert [said in wrong for wrong in found] == [True] * bool(said), (end, found)


def test_both_ways_to_change_a_file_change_the_same(tmp_path: Path) -> None:
    """Or an edit might be none, and nothing could fail."""
    api.build(tmp_path / "built.xlsx", template="masks", settings={"spare_rows": len(ANYTHING)})
    book = read_book(tmp_path / "built.xlsx")
    places = book.homes["vocabulary"], book.homes["embeddings"]
    held = []
    for opened in (Cells(book.path), Parts(book.path)):
        for place, (k, value) in itertools.product(places, enumerate(ANYTHING)):
            opened.put(place, k, 0, value)
        opened.save(tmp_path / "changed.xlsx")
        read = read_book(tmp_path / "changed.xlsx")
        held.append(
            [
                (read.holds(place, k, 0), read.is_error(place, k, 0))
                for place in places
                for k in range(len(ANYTHING))
            ]
        )
    for (one, failed), (other, failed_too), value in zip(*held, ANYTHING * 2, strict=True):
        assert failed == failed_too == (value in (ERROR, "#REF!"))
        assert one == (pytest.approx(other, 1e-15) if isinstance(other, float) else other), value
        assert value is None or one is not None


@pytest.mark.parametrize("tamper", [tamper for tamper in TAMPERS if tamper not in MAYBE])
def test_every_tampering_is_one(tamper: str, tmp_path: Path) -> None:
    """And is taken back before the next copy is made."""
    api.build(tmp_path / "built.xlsx", template="multi-head", products="rows")
    workshop = Workshop(tmp_path / "built.xlsx")
    for parts in (True, False):
        copy = Copy((), tamper, "", parts=parts, bridge=False)
        assert workshop.make(copy, random.Random(1), None, tmp_path / "changed.xlsx")
        assert CliRunner().invoke(main, ["diff", str(tmp_path / "changed.xlsx")]).exit_code in (1, 2)
        copy = Copy((), "", "", parts=parts, bridge=False)
        assert not workshop.make(copy, random.Random(1), None, tmp_path / "changed.xlsx")
        assert CliRunner().invoke(main, ["diff", str(tmp_path / "changed.xlsx")]).exit_code == 0


@pytest.mark.parametrize("harmless", HARMLESS)
def test_what_changes_no_model_changes_the_file(harmless: str, tmp_path: Path) -> None:
    api.build(tmp_path / "built.xlsx", template="first-attention")
    workshop = Workshop(tmp_path / "built.xlsx")
    for name, change in (("before", ""), ("after", harmless)):
        copy = Copy((), "", change, parts=harmless in HARMLESS_PARTS, bridge=False)
        workshop.make(copy, random.Random(1), None, tmp_path / f"{name}.xlsx")
    before, after = (zipfile.ZipFile(tmp_path / f"{name}.xlsx") for name in ("before", "after"))
    same = [
        name for name in before.namelist() if name in after.namelist() and before.read(name) == after.read(name)
    ]
    assert len(same) < len(after.namelist())
    assert CliRunner().invoke(main, ["diff", str(tmp_path / "after.xlsx")]).exit_code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signal to one process")
def test_an_interrupted_run_prints_what_it_counted() -> None:
    command = [sys.executable, "-u", fuzzer.__file__, "--seed", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "seed 1, engine ironcalc\n"
        time.sleep(5)
        running.send_signal(signal.SIGINT)
        printed, said = running.communicate(timeout=60)
    assert running.returncode == 0, said
    assert "      1 interrupted\n" in printed
    assert " builds\n" in printed
    assert "      0 failed\n" in printed
    assert not said
