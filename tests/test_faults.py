"""Faults around a build: the target is whole or untouched, one line says why, and nothing is left."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import diff_at_once, kill_builds

from xltransformer import api, files

pytestmark = pytest.mark.own_process

XLT = [sys.executable, "-m", "xltransformer"]
BUILD = [*XLT, "build", "--template", "first-attention"]


def xlt(*arguments: str, **extra: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*XLT, *arguments], capture_output=True, text=True, encoding="utf-8", **extra)  # type: ignore[call-overload]
    assert isinstance(done, subprocess.CompletedProcess)
    return done


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kilobytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("no right to mount a small disk here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    target = small_disk / "out.xlsx"
    target.write_bytes(b"mine")
    done = xlt("build", "-o", str(target), "--force")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "No space left" in line
    assert os.listdir(small_disk) == ["out.xlsx"]
    assert target.read_bytes() == b"mine"


def test_a_disk_that_cannot_be_written(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = xlt("build", "-o", str(small_disk / "out.xlsx"))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "write" in line
    assert "-o" in line
    assert not os.listdir(small_disk)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C comes otherwise there")
def test_an_interruption_at_any_moment(tmp_path: Path) -> None:
    started = time.monotonic()
    assert subprocess.run([*BUILD, "-o", str(tmp_path / "whole.xlsx")], capture_output=True).returncode == 0
    whole, seconds = (tmp_path / "whole.xlsx").read_bytes(), time.monotonic() - started
    target, rng = tmp_path / "out.xlsx", random.Random(5)
    for _ in range(5):
        process = subprocess.Popen([*BUILD, "-o", str(target)], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        time.sleep(rng.uniform(0.15, 1) * seconds)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
        if process.returncode == -signal.SIGINT:  # while Python itself starts or ends, when it cannot catch it
            assert not said
        elif process.returncode != 0:
            assert process.returncode == 130, said
            assert said.decode().splitlines() == ["xlt: interrupted; nothing was left half-written"]
        assert not target.exists() or target.read_bytes() == whole
        assert sorted(os.listdir(tmp_path)) in (["whole.xlsx"], ["out.xlsx", "whole.xlsx"])
        target.unlink(missing_ok=True)


def test_what_a_killed_build_has_left_is_tidied_up(tmp_path: Path) -> None:
    old, new = tmp_path / ".xlt-old.tmp", tmp_path / ".xlt-new.tmp"
    for path in (old, new):
        path.write_bytes(b"half")
    folder = tmp_path / ".xlt-folder.tmp"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"half")
    os.utime(folder, (time.time() - 2 * files.LEFTOVER,) * 2)
    os.utime(old, (time.time() - 2 * files.LEFTOVER,) * 2)
    api.build(tmp_path / "out.xlsx", template="first-attention")
    assert sorted(os.listdir(tmp_path)) == [".xlt-new.tmp", "out.xlsx"], "another build may be writing the new one"


def test_output_that_nobody_reads(tmp_path: Path) -> None:
    """`xlt trace | head -1`: no message, whatever part of the output was read."""
    for arguments in (["trace", "--format", "csv"], ["templates"]):
        process = subprocess.Popen([*XLT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait()


@pytest.mark.parametrize(
    "name", ["my lesson.xlsx", 'it\'s "so".xlsx', "教案 表格.xlsx", "-o.xlsx", "a%20b#c&d;e.xlsx"]
)
def test_odd_names_without_a_home(name: str, tmp_path: Path) -> None:
    if sys.platform == "win32" and '"' in name:
        pytest.skip("no name there")
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP")}
    environment = {**kept, "LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    path = tmp_path / "a folder's 文件夹" / name
    path.parent.mkdir()
    built = xlt("build", "--template", "first-attention", "--lang", "zh", f"--output={path}", env=environment)
    assert built.returncode == 0, built.stderr
    agreed = xlt("diff", "--", str(path), env=environment)
    assert agreed.returncode == 0, agreed.stderr


def test_names_that_windows_reserves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from xltransformer.errors import UserError

    monkeypatch.chdir(tmp_path)
    for name in ("CON.xlsx", "nul.xlsx", "Com1.xlsx", "LPT9.tar.xlsx", "aux"):
        assert files._RESERVED.match(name)
    for name in ("console.xlsx", "com10.xlsx", "xcon.xlsx"):
        assert not files._RESERVED.match(name)
    path = Path("con.xlsx")
    with monkeypatch.context() as patched:
        patched.setattr(files.os, "name", "nt")
        with pytest.raises(UserError, match="Windows"):
            files.check_free(path)


def test_builds_killed_at_random_moments(tmp_path: Path) -> None:
    """In small; `make faults` kills fifty."""
    found = kill_builds(5, 2026, tmp_path)
    assert found["whole"] + found["untouched"] == 5, found
    assert found["next build well"] == 1


def test_several_libreoffices_at_once(tmp_path: Path) -> None:
    assert diff_at_once(2, tmp_path)["agree"] == 2
