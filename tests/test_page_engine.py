"""The engine of a page: its package, and its parts that run in a browser."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from browser import Evaluate

from xltransformer.engines import ENGINES
from xltransformer.errors import UserError
from xltransformer.page import engine
from xltransformer.page.packing import pack

KEY = "const key = (sheet, row, column) => (sheet * 1048576 + row) * 16384 + column;"
CALCULATE = """(async () => {
  const plain = ({keys, numbers, others}) => {
    const values = Array.from(numbers);
    for (const [index, value] of others) values[index] = value;
    return Array.from(keys, (key, index) => [key, values[index]]);
  };
  const calculator = new Calculator();
  const { sheets } = await calculator.start(given.start);
  const watched = plain(calculator.watch(Float64Array.from(given.watch)));
  const edits = given.edits.map((one) => plain(calculator.edit(one).changed));
  return [sheets, watched, edits, given.watch.map((key) => calculator.formula(key))];
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
    assert engine.engine_licence().lstrip().startswith("Apache License")
    assert "Copyright 2026 libraz" in engine.engine_licence()


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
