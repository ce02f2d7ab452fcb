"""Files that are written: whole or not at all, and never over another by mistake."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from xltransformer.errors import UserError

_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.|$)", re.I)
LEFTOVER = 600
"""After so many seconds a temporary file beside a target is what a killed build has left: writing takes
far less."""


def check_free(path: Path, endings: Sequence[str] = (".xlsx",), *, force: bool = False) -> None:
    """Raise UserError where a file stands at `path` already (and `force` is not given), where its name
    has none of the `endings`, or where its folder does not exist or cannot be written."""
    if os.path.isdir(path):
        raise UserError(f"{path} is a folder; give the name of a file")
    if os.path.exists(path) and not os.path.isfile(path):  # a device or pipe must not be replaced
        raise UserError(f"{path} is no ordinary file; give another name with `path`")
    if os.path.lexists(path) and not force:
        raise UserError(f"{path} exists already; give another name with `path`, or `force` to replace it")
    if os.name == "nt" and _RESERVED.match(path.name):
        raise UserError(f"{path} cannot be a file's name in Windows; give another with `path`")
    if path.suffix.lower() not in endings:
        what = "workbook" if endings == (".xlsx",) else "file"
        raise UserError(f"{path} does not end in {' or '.join(endings)}; give the {what} a name that does")
    if not os.path.isdir(path.parent):
        raise UserError(f"the folder {path.parent} does not exist; create it first")
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"cannot write into the folder {path.parent}; choose another with `path`")


def save(data: bytes, path: Path, endings: Sequence[str] = (".xlsx",), *, force: bool = False) -> None:
    """Put the bytes at `path`, whole or not at all; raises UserError as `check_free` does."""
    check_free(path, endings, force=force)
    temporary: str | None = None
    _tidy(path.parent)
    try:
        handle, temporary = tempfile.mkstemp(prefix=".xlt-", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # mkstemp makes the file private; a workbook gets the rights any new file would get.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        # Windows replaces no file that a program has open.
        close = "close it where it is open, or " if isinstance(error, PermissionError) and path.exists() else ""
        raise UserError(f"cannot write {path}: {reason}; {close}give another name with `path`") from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    """Remove what builds that were killed have left in a folder."""
    with contextlib.suppress(OSError):
        for left in folder.glob(".xlt-*.tmp"):
            if time.time() - left.stat().st_mtime > LEFTOVER:
                left.unlink()
