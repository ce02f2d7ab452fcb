"""Programs that convert a file: LibreOffice, run without a window in a profile of its own, and Gnumeric."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from xltransformer.engines.base import Engine
from xltransformer.engines.process import Limits, run
from xltransformer.errors import UserError

_PLACES = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    "/snap/bin/libreoffice",
    "/opt/libreoffice/program/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.com",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.com",
)

_SETTINGS = (
    # LibreOffice trusts the cached results of a file by default; 0 means: always recalculate.
    ("Calc/Formula/Load", "OOXMLRecalcMode", "0"),
    # A stranger's file: no link is followed, no macro run, nothing fetched or remembered.
    ("Calc/Content/Update", "Link", "2"),
    ("Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Common/Security/Scripting", "DisableOLEAutomation", "true"),
    ("Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Common/Security/Scripting", "DisablePythonRuntime", "true"),
    ("Common/Security", "DisableHyperlinks", "true"),
    ("Java/ApplicationSettings", "Enable", "false"),
    ("Common/Save/Document", "AutoSave", "false"),
    ("Common/History", "PickListSize", "0"),
    # Whatever asks for the network all the same asks a proxy that is not there.
    ("Inet/Settings", "ooInetProxyType", "1"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
    ("Inet/Settings", "ooInetFTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetFTPProxyPort", "9"),
)


def find_soffice() -> str | None:
    """The LibreOffice program: $XLT_SOFFICE, on the PATH, or where its installers put it."""
    wish = os.environ.get("XLT_SOFFICE")
    if wish is not None:
        return shutil.which(wish)
    names = ("soffice", "libreoffice")
    return next((found for name in (*names, *_PLACES) if (found := shutil.which(name))), None)


def make_profile(folder: Path) -> str:
    """A fresh user profile that recalculates every file on load, and follows no links and runs no macros;
    returns the option that names it."""
    (folder / "user").mkdir(parents=True)
    items = "".join(
        f'<item oor:path="/org.openoffice.{"Office." if not path.startswith("Inet") else ""}{path}">'
        f'<prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>\n'
        for path, name, value in _SETTINGS
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<oor:items xmlns:oor="http://openoffice.org/2001/registry">\n{items}</oor:items>\n'
    )
    (folder / "user" / "registrymodifications.xcu").write_text(text, "utf-8")
    return f"-env:UserInstallation={folder.absolute().as_uri()}"


class LibreOffice(Engine):
    """Recalculates by converting to a new .xlsx file."""

    name, title = "libreoffice", "LibreOffice"
    how_to_get = (
        "install LibreOffice Calc (Debian, Ubuntu: sudo apt-get install libreoffice-calc; macOS: brew install "
        "--cask libreoffice; Windows: winget install TheDocumentFoundation.LibreOffice), or set XLT_SOFFICE"
    )

    def program(self) -> str | None:
        return find_soffice()

    def ask_version(self, program: str) -> tuple[int, str]:
        with tempfile.TemporaryDirectory(prefix="xlt-", ignore_cleanup_errors=True) as folder:
            profile = make_profile(Path(folder) / "profile")
            return run([program, profile, "--version"], Limits(60, 8000), self.title)

    def command(self, program: str, source: Path, target: Path) -> Sequence[str]:
        command = [program, make_profile(source.parent / "profile"), "--headless", "--norestore"]
        command += ["--convert-to", "xlsx:Calc MS Excel 2007 XML"]
        return [*command, "--outdir", str(target.parent), str(source)]

    def converted(self, path: Path, data: bytes, limits: Limits) -> bytes:
        """A file in a form of LibreOffice's own as an .xlsx workbook, in a process of its own; UserError, which
        speaks of it by its `path`, where it cannot be opened."""
        with tempfile.TemporaryDirectory(prefix="xlt-", ignore_cleanup_errors=True) as home:
            source = Path(home) / f"workbook{path.suffix.lower()}"
            target = Path(home) / "out" / "workbook.xlsx"
            source.write_bytes(data)
            target.parent.mkdir()
            apart = {} if sys.platform == "win32" else {"HOME": home}
            command = self.command(self.program() or "soffice", source, target)
            run(command, limits, f"{self.title} on {path}", {**os.environ, **apart})
            if not target.is_file():
                raise UserError(f"{self.title} cannot open {path}; open it there and save it as .xlsx")
            return target.read_bytes()


class Gnumeric(Engine):
    """Recalculates by its ssconvert."""

    name, title = "gnumeric", "Gnumeric"
    wide = True  # long double, in Debian's (seen: 1E-530 in a cold softmax, saved as 0)
    how_to_get = (
        "install Gnumeric, with its ssconvert on the PATH (Debian, Ubuntu: sudo apt-get install gnumeric; "
        "macOS: brew install gnumeric)"
    )

    def program(self) -> str | None:
        return shutil.which("ssconvert")

    def command(self, program: str, source: Path, target: Path) -> Sequence[str]:
        return [program, "--recalc", str(source), str(target)]
