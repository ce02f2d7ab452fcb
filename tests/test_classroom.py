"""Grading a class: every file once, each on its own, whatever becomes of the others."""

from __future__ import annotations

import csv
import io
import multiprocessing
import os
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from xltransformer import api
from xltransformer.classroom import together
from xltransformer.classroom.grading import Grade
from xltransformer.classroom.homework import handed_in
from xltransformer.classroom.together import grade_all, grade_data
from xltransformer.cli import main
from xltransformer.errors import UserError


@pytest.fixture(scope="module")
def quiz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("class") / "quiz.xlsx"
    api.build(path, template="first-attention", exercise=["scores"])
    return path


@pytest.fixture
def folder(quiz: Path, tmp_path: Path) -> Path:
    """A class of five: one well, one handed in twice, one broken, one no workbook, one no exercise."""
    folder = tmp_path / "class"
    (folder / "b").mkdir(parents=True)
    shutil.copy(quiz, folder / "ann.xlsx")
    shutil.copy(quiz, folder / "b" / "bob's 作业.xlsx")
    (folder / "cut.xlsx").write_bytes(quiz.read_bytes()[:5000])
    (folder / "text.xlsx").write_text("hello")
    (folder / "~$ann.xlsx").write_bytes(b"open")
    api.build(folder / "plain.xlsx", template="first-attention")
    return folder


def test_a_class(folder: Path) -> None:
    result = CliRunner().invoke(main, ["grade", str(folder), "--jobs", "2", "--format", "csv"])
    assert result.exit_code == 1
    rows = {Path(row["file"]).name: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert sorted(rows) == ["ann.xlsx", "bob's 作业.xlsx", "cut.xlsx", "plain.xlsx", "text.xlsx"]
    assert rows["ann.xlsx"]["of"] == rows["bob's 作业.xlsx"]["of"] != ""
    assert "the same file as" in rows["bob's 作业.xlsx"]["remarks"]
    assert "is no .xlsx workbook" in rows["cut.xlsx"]["remarks"]
    assert "is no exercise" in rows["plain.xlsx"]["remarks"]
    assert all(str(folder) in row["remarks"] for row in rows.values() if not row["of"])
    assert result.stderr == ""


def test_folders_and_files(folder: Path, tmp_path: Path) -> None:
    found = handed_in([str(folder), str(folder / "ann.xlsx")])
    assert [path.name for path in found] == ["ann.xlsx", "bob's 作业.xlsx", "cut.xlsx", "plain.xlsx", "text.xlsx"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no \.xlsx file in the folder"):
        handed_in([str(tmp_path / "empty")])
    (grade,) = grade_all([tmp_path / "gone.xlsx"])
    assert "cannot read" in grade.remarks[0]


def grade_or_die(name: str, data: bytes) -> Grade:
    """Stands in for a file over which the whole process breaks down."""
    if data == b"hello":
        os._exit(9)
    return grade_data(name, data)


def test_a_file_that_breaks_its_process_down(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "grade_data", grade_or_die)
    counts: list[int] = []
    grades = grade_all(handed_in([str(folder)]), 2, done=counts.append)
    assert [grade.graded for grade in grades] == [True, True, False, False, False]
    assert "broke its process down" in grades[4].remarks[0]
    assert counts[-1] == 5


def sleep_or_die(name: str, data: bytes) -> Grade:
    """Stands in for a file that takes long, and for one that breaks its process down meanwhile."""
    begun = Path(name).with_name("begun")
    if data == b"dies":
        while not begun.exists():
            time.sleep(0.05)
        os._exit(9)
    if not begun.exists():
        begun.touch()
        time.sleep(300)
    return Grade(Path(name), {}, ("graded",))


def test_a_file_is_in_work_while_another_breaks_its_process_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process ends, too, and it is graded again."""
    monkeypatch.setattr(together, "grade_data", sleep_or_die)
    for name in ("sleeps", "dies"):
        (tmp_path / f"{name}.xlsx").write_text(name)
    grades: list[Grade] = []
    paths = [tmp_path / "sleeps.xlsx", tmp_path / "dies.xlsx"]
    working = threading.Thread(target=lambda: grades.extend(grade_all(paths, 2)), daemon=True)
    working.start()
    working.join(120)
    for process in multiprocessing.active_children():  # which would be waited for at the end of the tests
        process.kill()
    slept, died = grades
    assert slept.remarks == ("graded",)
    assert "broke its process down" in died.remarks[0]


def test_more_processes_than_windows_can_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []

    class Counted(ThreadPoolExecutor):
        def __init__(self, jobs: int, *_: object) -> None:
            begun.append(jobs)
            super().__init__(2)

    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr(together, "ProcessPoolExecutor", Counted)
    with together._processes(200):
        assert begun == [61]


def slow(name: str, data: bytes) -> Grade:
    time.sleep(0.4)
    return Grade(Path(name), {}, (f"graded {name}",))


def test_a_cluster_that_loses_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every file is graded once, though one of two workers is killed in between."""
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(together, "grade_data", slow)
    paths = [tmp_path / f"{k}.xlsx" for k in range(12)]
    for path in paths:
        path.write_text(path.name)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, worker_dashboard_address=None
    ) as cluster:
        pid = next(iter(cluster.workers.values())).pid
        threading.Timer(1.2, os.kill, (pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)).start()
        grades = grade_all(paths, scheduler=cluster.scheduler_address)
    assert [grade.remarks for grade in grades] == [(f"graded {path}",) for path in paths]


def test_a_cluster_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    (tmp_path / "a.xlsx").write_text("a")
    result = CliRunner().invoke(main, ["grade", str(tmp_path), "--scheduler", "nonsense://here"])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "nonsense://here" in line
