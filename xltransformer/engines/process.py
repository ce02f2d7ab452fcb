"""Engines run in a process of their own, so that a file can break or hold up that process alone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from xltransformer.bounds import AGAIN
from xltransformer.errors import UserError
from xltransformer.record import record

_LIMITED = Path(__file__).with_name("limited.py")
_MOST_OUTPUT = 10_000
_NO_STACK = (0xC0000005, 0xC00000FD)
"""How Windows says that a program has left its memory, or its stack."""


class BrokeDown(UserError):
    """An engine cannot open a file, or broke down over it: another one may do."""


@record
class Limits:
    """What an engine may use on one workbook: seconds, and megabytes of memory."""

    seconds: float
    megabytes: int

    @classmethod
    def of(cls, path: Path) -> Limits:
        """For a workbook of that size: a small one is given five minutes and 6 GB."""
        size = path.stat().st_size / 10**6
        return cls(round(300 + 60 * size), round(6000 + 1000 * size))


def run(
    command: Sequence[str], limits: Limits, what: str, environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a program to its end; returns its exit status and the beginning of what it printed.

    `what` says in a sentence what it is about, such as "LibreOffice on lesson.xlsx". Raises UserError
    where the program broke down or took too long; it is then ended with all its children.
    """
    seconds = max(1, round(2 * limits.seconds))  # of processor time: for whatever outlives this process
    limited = [sys.executable, "-I", "-S", str(_LIMITED), str(limits.megabytes), str(seconds), *command]
    own_group: dict[str, object] = {"start_new_session": True}
    if sys.platform == "win32":
        own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            limited, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, **own_group
        )  # type: ignore[call-overload]
        try:
            code = process.wait(limits.seconds)
        except subprocess.TimeoutExpired:
            raise UserError(
                f"{what} did not finish within {limits.seconds:g} seconds, and was ended; "
                "use a smaller workbook, or another engine"
            ) from None
        finally:
            _end(process)
        output.seek(0)
        printed = output.read(_MOST_OUTPUT).decode("utf-8", "replace")
    if code < 0 or code > 128 or _out_of_memory(printed):
        kind = UserError if _out_of_memory(printed) else BrokeDown
        raise kind(f"{what} broke down ({_reason(code, printed, limits)}); {AGAIN}")
    return code, printed


def _out_of_memory(printed: str) -> bool:
    return any(said in printed for said in ("MemoryError", "memory allocation", "bad_alloc"))


def _reason(code: int, printed: str, limits: Limits) -> str:
    if _out_of_memory(printed):
        return f"it needs more than {limits.megabytes:,} MB of memory"
    number = -code if code < 0 else code - 128
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"status {code:#X}" if code > 255 else f"status {code}"
    return f"its formulas are nested too deeply: {name}" if name == "SIGSEGV" or code in _NO_STACK else name


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all its children; nothing happens where they have ended already."""
    if sys.platform == "win32":
        if process.poll() is None:
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
    else:
        with contextlib.suppress(OSError):  # its group: LibreOffice's starter and the child that does the work
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
