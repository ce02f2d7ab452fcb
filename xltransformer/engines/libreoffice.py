"""LibreOffice, run without a window in a profile of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from xltransformer.engines.base import Results, fold
from xltransformer.errors import UserError

_PLACES = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.exe",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.exe",
)

# LibreOffice trusts the cached results of a file by default; 0 means: always recalculate.
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">\
<value>0</value></prop></item>
</oor:items>
"""


def find_soffice() -> str | None:
    """The LibreOffice program: $XLT_SOFFICE, on the PATH, or where its installers put it."""
    wish = os.environ.get("XLT_SOFFICE")
    if wish is not None:
        return shutil.which(wish)
    names = ("soffice", "libreoffice")
    return next((found for name in (*names, *_PLACES) if (found := shutil.which(name))), None)


def make_profile(folder: Path) -> str:
    """A fresh user profile that recalculates every file on load; returns the option that names it."""
    (folder / "user").mkdir(parents=True)
    (folder / "user" / "registrymodifications.xcu").write_text(_SETTINGS, "utf-8")
    return f"-env:UserInstallation={folder.as_uri()}"


@cache
def _version(program: str) -> str | None:
    try:
        with tempfile.TemporaryDirectory(prefix="xlt-") as folder:
            profile = make_profile(Path(folder) / "profile")
            run = subprocess.run(
                [program, profile, "--version"], capture_output=True, text=True, timeout=60, check=False
            )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\d+(\.\d+)+", run.stdout)
    return found.group() if found else None


class LibreOffice:
    """Recalculates by converting to a new .xlsx file, which is then read."""

    name = "libreoffice"
    how_to_get = (
        "install LibreOffice Calc (Debian, Ubuntu: sudo apt-get install libreoffice-calc; macOS: brew install "
        "--cask libreoffice; Windows: winget install TheDocumentFoundation.LibreOffice), or set XLT_SOFFICE"
    )

    def __init__(self, timeout: float = 300) -> None:
        self.timeout = timeout

    def version(self) -> str | None:
        program = find_soffice()
        return _version(program) if program else None

    def recalculate(self, path: Path) -> Results:
        program = find_soffice()
        if program is None:
            raise UserError(f"the engine libreoffice is not on this machine: {self.how_to_get}")
        with tempfile.TemporaryDirectory(prefix="xlt-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            # A plain name, so that whatever the user's file is called cannot matter.
            source = folder / "workbook.xlsx"
            shutil.copyfile(path, source)
            profile = make_profile(folder / "profile")
            command = [
                program,
                profile,
                "--headless",
                "--norestore",
                "--convert-to",
                "xlsx:Calc MS Excel 2007 XML",
            ]
            command += ["--outdir", str(folder / "out"), str(source)]
            try:
                run = subprocess.run(command, capture_output=True, text=True, timeout=self.timeout, check=False)
            except subprocess.TimeoutExpired:
                raise UserError(f"LibreOffice did not finish {path} within {self.timeout:.0f} seconds") from None
            converted = folder / "out" / "workbook.xlsx"
            if not converted.is_file():
                raise UserError(f"LibreOffice cannot open {path}: {run.stderr.strip() or run.stdout.strip()}")
            return read_values(converted)


def read_values(path: Path) -> Results:
    """The cached values of a workbook."""
    import openpyxl
    from openpyxl.utils.escape import unescape

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    results = {
        fold(sheet.title): {
            (cell.row, cell.column): unescape(cell.value) if isinstance(cell.value, str) else cell.value
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None
        }
        for sheet in book.worksheets
    }
    book.close()
    return results
