"""The engine of a page: its package, and its parts that run in a browser."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import Evaluate
from click.testing import CliRunner

from xltransformer.building.instance import Instance
from xltransformer.cli import main
from xltransformer.engines import ENGINES
from xltransformer.errors import UserError
from xltransformer.graph import Array
from xltransformer.locale import load_messages
from xltransformer.page import engine
from xltransformer.page.contents import Contents
from xltransformer.page.packing import pack
from xltransformer.page.trimming import trim
from xltransformer.workbook.layout import lay_out

CALCULATE = """(async () => {
  const plain = ({keys, numbers, others}) => {
    const values = new Map(Array.from(keys, (key, index) => [key, numbers[index]]));
    for (const [index, value] of others) values.set(keys[index], value);
    return Array.from(values);
  };
  const calculator = new Calculator();
  await calculator.load(given.load);
  const { sheets } = calculator.start({ extra: given.extra });
  const watched = plain(calculator.watch(Float64Array.from(given.watch)));
  calculator.settle();
  const settled = plain(calculator.changes());
  const formulas = given.watch.map((key) => calculator.formula(key));
  const edits = given.edits.map((one) => plain(calculator.edit(one).changed));
  return { sheets, watched, settled, formulas, edits };
})()"""


def key(sheet: int, row: int, column: int) -> int:
    return (sheet * 1048576 + row) * 16384 + column


def test_the_engine_is_the_one_that_diff_uses_and_is_pinned() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    pin = f"formulon=={engine.VERSION}.*"
    assert project["optional-dependencies"]["page"] == [pin]
    assert pin in project["optional-dependencies"]["test"]
    version = ENGINES["formulon"].version()
    assert engine.engine_name() == f"Formulon {version}"
    assert engine.engine().startswith(b"\0asm")
    assert "Apache License" in engine.engine_licence()
    assert "Copyright 2026 libraz" in engine.engine_licence()


def test_the_engine_in_a_page_has_what_the_page_calls_alone(evaluate: Evaluate) -> None:
    trimmed = engine.trimmed_engine()
    names = evaluate(
        ["unpack.js"],
        "WebAssembly.Module.exports(await WebAssembly.compile(await unpack(given))).map((one) => one.name)",
        engine.packed_engine(),
    )
    assert {"memory", "malloc", "free", "fm_workbook_load", "fm_workbook_recalc"} <= {*names}
    assert len(names) < 25
    assert len(trimmed) < 0.75 * len(engine.engine())


def test_nothing_is_left_out_of_a_module_of_another_make() -> None:
    for module in (b"\0asm\1\0\0\0", b"\0asm\1\0\0\0\x08\x01\x00"):
        assert trim(module, ()) == module


def test_a_missing_engine_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    with pytest.raises(UserError, match=r'a page takes the engine Formulon: pip install "xltransformer\[page\]"'):
        engine.check_engine()


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "VERSION", "0.1")
    with pytest.raises(UserError, match=r"takes Formulon 0\.1, and 0\.18\.0 is installed"):
        engine.check_engine()


@pytest.mark.parametrize("length", [0, 1, 12, 13, 14, 5000])
def test_a_browser_reads_what_is_packed(evaluate: Evaluate, length: int) -> None:
    data = bytes((7 * i * i + i) % 256 for i in range(length))
    for text in (pack(data), pack(data, True), "\r\n" + pack(data).replace("\n", "\r\n")):
        assert bytes(evaluate(["unpack.js"], "Array.from(await unpack(given))", text)) == data


def test_a_damaged_text_is_told(evaluate: Evaluate) -> None:
    told = "await unpack(given).then(() => 'fine', (error) => error.message)"
    text = pack(bytes(200))
    assert evaluate(["unpack.js"], told, text[:-30]).endswith("of 200 bytes")
    assert "damaged" in evaluate(["unpack.js"], told, "nothing")


@pytest.fixture(scope="module")
def lesson(first_workbook: tuple[Path, Instance]) -> tuple[str, Instance, dict[str, Any]]:
    """A workbook as a page holds it, what was built, and the outline of its page."""
    path, instance = first_workbook
    drawn = lay_out(instance, instance.trace(), load_messages("en"))
    return pack(path.read_bytes()), instance, Contents(drawn, path.stem).outline()


def entries(blocks: Mapping[str, Any], values: Mapping[str, Array]) -> Iterator[tuple[int, Any]]:
    """Every entry of the blocks that have a place: its key, and what it is."""
    for name, block in blocks.items():
        if name in values:
            sheet, top, left = block["at"]
            for (i, j), value in np.ndenumerate(values[name]):
                yield key(sheet, top + i, left + j), value


def check(found: Mapping[int, Any], expected: Mapping[int, Any]) -> None:
    for one, value in expected.items():
        if isinstance(value, str) or value is None:
            assert (found[one] or "") == (value or "")
        else:
            assert (found[one] or 0) == pytest.approx(float(value), rel=1e-9, abs=1e-9)


def test_the_engine_calculates_what_numpy_does(
    evaluate: Evaluate, lesson: tuple[str, Instance, dict[str, Any]]
) -> None:
    workbook, instance, outline = lesson
    blocks, extra = outline["blocks"], len(outline["sheets"])
    before = dict(entries(blocks, instance.trace()))
    weights = next(b for b in instance.model.inputs if b.name in blocks and not b.text and b.size > 2)
    row = instance.inputs[weights.name].copy()
    row[0, 0] += 0.5
    after = dict(entries(blocks, instance.model.trace({**instance.inputs, weights.name: row})))
    sheet, top, left = blocks[weights.name]["at"]
    place = key(sheet, top, left)
    cells = [[0, 0, "1/0", 7], [1, 0, '"[" & xlt.page!A4 & "]"', "built"], [2, 0, "1=1", False]]
    told = evaluate(
        ["worker.js"],
        CALCULATE,
        {
            "load": {"engine": engine.packed_engine(), "workbook": workbook},
            "extra": {"sheet": "xlt.page", "cells": cells},
            "watch": [*before, *(key(extra, row, 0) for row in range(4))],
            "edits": [
                [{"key": place, "value": float(row[0, 0])}],
                [{"key": place, "value": float(row[0, 0])}],
                [{"key": key(extra, 3, 0), "value": 'a"ü猫\0b'}],
                [{"key": key(extra, 3, 0), "value": -0.0}],
                [{"key": key(extra, 3, 0), "formula": "NA()"}, {"key": key(extra, 0, 0), "value": None}],
                [{"key": place, "value": float(instance.inputs[weights.name][0, 0])}],
            ],
        },
    )
    assert told["sheets"] == outline["sheets"]
    watched = dict(told["watched"])
    check(watched, before)
    assert [watched[key(extra, row, 0)] for row in range(4)] == [7, "built", False, None]
    a, b, c, d = (key(extra, row, 0) for row in range(4))
    assert told["settled"] == [[a, {"error": "#DIV/0!"}], [b, "[]"], [c, True]]
    assert told["formulas"][-4:] == ["=1/0", '="[" & xlt.page!A4 & "]"', "=1=1", ""]
    weight, again, text, zero, error, undone = map(dict, told["edits"])
    check({**watched, **weight}, after)
    assert place in weight
    assert len(weight) < len(after) / 2
    assert again == {}
    assert text == {b: '[a"ü猫b]', d: 'a"ü猫b'}
    assert zero == {b: "[0]", d: 0}
    assert error == {a: None, b: {"error": "#N/A"}, d: {"error": "#N/A"}}
    check({**watched, **weight, **undone}, before)
    assert set(undone) == set(weight)


@pytest.mark.parametrize("command", ["build", "page"])
def test_without_the_engine_no_page_is_written(
    command: str, tmp_path: Path, first_workbook: tuple[Path, Instance], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.Formulon, "name", "formulon-that-is-not-there")
    engine.engine.cache_clear()
    path = tmp_path / "lesson.html"
    given = ["--template", "first-attention"] if command == "build" else [str(first_workbook[0])]
    done = CliRunner().invoke(main, [command, *given, "-o", str(path)])
    engine.engine.cache_clear()
    line = 'xlt: a page takes the engine Formulon: pip install "xltransformer[page]"\n'
    assert (done.exit_code, done.stderr, path.exists()) == (2, line, False)
