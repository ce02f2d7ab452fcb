"""Built files are valid OOXML, and four engines calculate them to NumPy's values.

Gnumeric and formulon (which is checked against Excel 365 itself) belong to the tests only.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import formulon
import openxml_audit
import pytest

from xltransformer import api
from xltransformer.difference import diff_book
from xltransformer.engines import ENGINES, Engine, Results, fold
from xltransformer.engines.libreoffice import read_values
from xltransformer.workbook.reader import read_book

BUILDS: dict[str, dict[str, Any]] = {
    "default": {},
    "first": {"template": "first-attention"},
    "zh": {"language": "zh", "sentences": ["cat and mouse", "dog and mouse"]},
    "exercise": {"exercise": ("scores", "weights", "output")},
    "long": {"sentences": ["the small dog likes the extraordinarily broken computer and hates the cat"]},
    "odd": {"sentences": ["=1+1 +cmd @x -2 😀 * ~ مرحبا"]},
    "gpt": {"template": "gpt"},
    "bert": {"template": "bert"},
    "encoder-decoder": {"template": "encoder-decoder"},
}


class Gnumeric:
    """ssconvert with a forced recalculation."""

    name = "gnumeric"
    how_to_get = "apt-get install gnumeric"

    def version(self) -> str | None:
        return "installed" if shutil.which("ssconvert") else None

    def recalculate(self, path: Path) -> Results:
        out = path.with_name(f"{path.stem}-gnumeric.xlsx")
        subprocess.run(
            ["ssconvert", "--recalc", str(path), str(out)], check=True, capture_output=True, timeout=120
        )
        return read_values(out)


class Formulon:
    """The wheel's own engine."""

    name = "formulon"
    how_to_get = "pip install formulon"

    def version(self) -> str | None:
        return "installed"

    def recalculate(self, path: Path) -> Results:
        book = formulon.Workbook.load(path.read_bytes())
        book.recalc()

        def plain(value: Any) -> Any:
            return next(
                (v for v in (value.number, value.boolean, value.text, value.error_code) if v is not None), None
            )

        return {
            fold(book.sheet_name(k)): {(c.row + 1, c.col + 1): plain(c.value) for c in book.iter_cells(k)}
            for k in range(book.sheet_count())
        }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("everywhere")
    paths = {name: folder / f"{name}.xlsx" for name in BUILDS}
    for name, options in BUILDS.items():
        api.build(paths[name], **options)
    return paths


def poisoned(path: Path) -> Path:
    """The same workbook with every cached number wrong, so that no engine can pass by keeping it."""
    out = path.with_name(f"{path.stem}-poisoned.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                data = re.sub(rb"(</f><v>)-?[0-9.eE+-]+(</v>)", rb"\g<1>777\2", data)
            new.writestr(name, data)
    return out


@pytest.mark.parametrize("name", list(BUILDS))
def test_files_are_valid(name: str, built: dict[str, Path]) -> None:
    result = openxml_audit.OpenXmlValidator().validate(str(built[name]))
    assert not result.errors, [(e.severity, e.description, e.part_uri) for e in result.errors[:5]]


def test_the_validator_can_fail(built: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(built["first"]) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"<sheetData>", b"<sheetData><nonsense/>"))
    assert openxml_audit.OpenXmlValidator().validate(str(broken)).errors


@pytest.mark.parametrize("engine", [*ENGINES.values(), Gnumeric(), Formulon()], ids=lambda e: e.name)
@pytest.mark.parametrize("name", list(BUILDS))
def test_engines_calculate_what_numpy_calculates(name: str, engine: Engine, built: dict[str, Path]) -> None:
    assert engine.version(), f"{engine.name} is missing: {engine.how_to_get}"
    result = diff_book(read_book(poisoned(built[name])), engine)
    assert result.ok, [str(problem) for problem in result.problems[:5]]
    assert result.max_abs_error is not None
    assert result.max_abs_error < 1e-9
