"""Files that are written: whole or not at all, and never over another by mistake."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from xltransformer.errors import UserError

_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.|$)", re.I)
_MOST_NAME = 200
"""Bytes of a file's name, of the 255 that systems take, without its ending."""
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
        raise UserError(f"{path} exists already; give another name with `path`, or `force=True` to replace it")
    if os.name == "nt" and _RESERVED.match(path.name):
        raise UserError(f"{path} cannot be a file's name in Windows; give another with `path`")
    if path.suffix.lower() not in endings:
        what = "workbook" if endings == (".xlsx",) else "file"
        raise UserError(f"{path} does not end in {' or '.join(endings)}; give the {what} a name that does")
    if not os.path.isdir(path.parent):
        raise UserError(f"the folder {path.parent} does not exist; create it first")
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"cannot write into the folder {path.parent}; choose another with `path`")


def file_name(text: str) -> str:
    """A text as the name of a file, without ending, that every system takes: no mark that one of them forbids, no
    device's name, not hidden, and not too long."""
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", text).lstrip(" .~").rstrip(" .")
    while len(name.encode()) > _MOST_NAME:
        name = name[:-1].rstrip(" .")
    return f"_{name}" if not name or _RESERVED.match(name) else name


def save(data: bytes, path: Path, endings: Sequence[str] = (".xlsx",), *, force: bool = False) -> None:
    """Put the bytes at `path`, whole or not at all; raises UserError as `check_free` does."""
    check_free(path, endings, force=force)
    temporary: str | None = None
    _tidy(path.parent)
    try:
        handle, temporary = tempfile.mkstemp(prefix=".xlt-", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        _as_new(temporary, 0o666)
        os.replace(temporary, path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        # Windows replaces no file that a program has open.
        close = "close it where it is open, or " if isinstance(error, PermissionError) and path.exists() else ""
        raise UserError(f"cannot write {path}: {reason}; {close}give another name with `path`") from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def check_free_folder(path: Path, names: Collection[str], *, force: bool = False) -> None:
    """Raise UserError where a folder at `path` holds anything already (with `force` anything but files of these
    `names`, which are replaced), where a file stands there, or where it cannot be made."""
    if os.path.lexists(path) and not os.path.isdir(path):
        raise UserError(f"{path} is a file; give the name of a folder with `path`")
    there = sorted(os.listdir(path)) if os.path.isdir(path) else []
    other = [name for name in there if name not in names or not os.path.isfile(path / name)]
    if there and not force:
        raise UserError(
            f"the folder {path} holds {there[0]:.60} already; give another, or `force=True` to replace it"
        )
    if other:
        raise UserError(f"the folder {path} holds {other[0]:.60}, which is not replaced; give another with `path`")
    parent = path.absolute().parent
    if not os.path.isdir(parent):
        raise UserError(f"the folder {parent} does not exist; create it first")
    if not os.access(parent, os.W_OK):
        raise UserError(f"cannot write into the folder {parent}; choose another with `path`")


def save_folder(files: Mapping[str, bytes], path: Path, names: Collection[str], *, force: bool = False) -> None:
    """Put files by their names into a folder at `path`, all of them or none; raises UserError as
    `check_free_folder` does."""
    check_free_folder(path, names, force=force)
    target = path.absolute()
    _tidy(target.parent)
    made = old = ""
    try:
        made = temporary_folder(target)
        for name, data in files.items():
            Path(made, name).write_bytes(data)
        if target.is_dir():
            old = temporary_folder(target)
            os.replace(target, Path(old, target.name))
        os.replace(made, target)
    except OSError as error:
        if old and not target.exists() and Path(old, target.name).exists():
            os.replace(Path(old, target.name), target)
        raise UserError(
            f"cannot write {path}: {error.strerror or error}; give another folder with `path`"
        ) from None
    finally:
        for left in filter(None, (made, old)):
            shutil.rmtree(left, ignore_errors=True)


def temporary_folder(target: Path) -> str:
    """A new folder beside a target, to be filled and put in its place; OSError where there can be none."""
    made = tempfile.mkdtemp(prefix=".xlt-", suffix=".tmp", dir=target.absolute().parent)
    _as_new(made, 0o777)
    return made


def _as_new(path: str, rights: int) -> None:
    """Give what `tempfile` has made private the rights that anything new gets."""
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(path, rights & ~mask)


def _tidy(folder: Path) -> None:
    """Remove what builds that were killed have left in a folder."""
    with contextlib.suppress(OSError):
        for left in folder.glob(".xlt-*.tmp"):
            if time.time() - left.stat().st_mtime > LEFTOVER:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
