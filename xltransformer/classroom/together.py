"""Grading a class: many returned exercises through one executor, each on its own.

The executor is one of `concurrent.futures`: processes of this machine, or a Dask cluster's. A file that
breaks its process down is graded again alone, and reported; the others never know of it.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from xltransformer.classroom.grading import Grade, compared, grade
from xltransformer.classroom.homework import as_workbook, contents
from xltransformer.engines.limited import limit
from xltransformer.errors import UserError

MOST_BYTES = 100_000_000
"""The largest returned file that is read."""
ENDED = 143
"""The exit status of a process that was asked to end, as shells have it."""
MEGABYTES = 6000
"""Memory of a grading process, in which a file is read."""


def grade_all(
    paths: Sequence[Path],
    jobs: int | None = 1,
    scheduler: str | None = None,
    done: Callable[[int], None] = lambda _: None,
) -> list[Grade]:
    """The grades of returned workbooks, in their order; `done` is told how many there are so far.

    `jobs` processes work here (None: one a processor), or with a `scheduler` (tcp://…) that Dask cluster's
    workers. A file that cannot be graded says why in its remarks. Raises UserError where there is no such cluster.
    """
    grades: dict[int, Grade] = {}
    again: list[int] = []
    first: dict[bytes, int] = {}
    twins: dict[int, int] = {}

    def tasks() -> Iterator[tuple[int, bytes]]:
        for k, path in enumerate(paths):
            try:
                data = contents(path, MOST_BYTES)
            except UserError as error:
                grades[k] = Grade(path, {}, (str(error),))
                continue
            twin = first.setdefault(hashlib.sha256(data).digest(), k)
            if twin != k:
                twins[k] = twin
            yield k, data

    jobs = min(jobs or processors(), len(paths) or 1)
    with _cluster(scheduler) if scheduler else _processes(jobs) as executor:
        for k, future in _finished(executor, tasks(), paths, 4 * max(jobs, 8 if scheduler else 1)):
            try:
                grades[k] = replace(future.result(), path=paths[k])
            except BrokenProcessPool:
                again.append(k)
                continue
            except Exception as error:  # whatever became of its worker
                grades[k] = _broken(paths[k], error)
            done(len(grades))
    for k in again:
        grades[k] = _alone(paths[k])
        done(len(grades))
    return compared([grades[k] for k in range(len(paths))], twins)


def grade_data(name: str, data: bytes) -> Grade:
    """Grade a returned workbook by its bytes: what a worker does, on whatever machine."""
    with tempfile.TemporaryDirectory(prefix="xlt-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / f"returned{Path(name).suffix}"
        try:
            data, done = as_workbook(name, data)
        except UserError as error:
            return Grade(path, {}, (str(error),))
        path.write_bytes(data)
        found = grade(path)
        said = tuple(remark.replace(str(path), name) for remark in found.remarks)
        return replace(found, remarks=(*done, *said) if found.graded else said)


def _work(grade_one: Callable[[str, bytes], Grade], name: str, data: bytes) -> Grade:
    """One task of an executor. A process that is ended meanwhile (`_begin`) has ended its engine on the way
    here, and ends: the executor would take what ended it for the task's result, and wait for the process
    forever."""
    try:
        return grade_one(name, data)
    except SystemExit:
        os._exit(ENDED)


def _alone(path: Path) -> Grade:
    """Grade a file again, in a process of its own."""
    try:
        data = contents(path, MOST_BYTES)
        with _processes(1) as executor:
            return replace(executor.submit(_work, grade_data, str(path), data).result(), path=path)
    except Exception as error:
        return _broken(path, error)


def _broken(path: Path, error: Exception) -> Grade:
    why = f"{path} broke its process down ({type(error).__name__}: {error!s:.100}); look at it by hand"
    return Grade(path, {}, (why,))


def _finished(
    executor: Executor, tasks: Iterator[tuple[int, bytes]], paths: Sequence[Path], most: int
) -> Iterator[tuple[int, Future[Grade]]]:
    """Hand the tasks to an executor, so many at a time, and give back each when it is finished."""
    waiting: dict[Future[Grade], int] = {}
    for k, data in tasks:
        try:
            waiting[executor.submit(_work, grade_data, str(paths[k]), data)] = k
        except BrokenProcessPool as error:
            broken: Future[Grade] = Future()
            broken.set_exception(error)
            yield k, broken
        if len(waiting) >= most:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future
    for future in as_completed(waiting):
        yield waiting[future], future


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    if sys.platform == "win32":
        jobs = min(jobs, 61)  # it cannot wait for more
    executor = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin)
    try:
        # Every process begins before the first file: of one that begins later the executor may not see that it
        # broke down, and would wait for it forever (seen in Python 3.11).
        wait([executor.submit(os.getpid) for _ in range(jobs)])
        yield executor
    except BaseException:  # interrupted: what has begun is of no use any more
        processes = list((getattr(executor, "_processes", None) or {}).values())
        executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        raise
    executor.shutdown()


def _begin() -> None:
    """What a grading process does first: leave Ctrl-C to the one that started it, and limit its memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))
    limit(lasting=False, AS=MEGABYTES * 10**6)  # an engine may be given more for a large workbook


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    """The executor of a Dask cluster; its workers need xltransformer, too."""
    try:
        from distributed import Client
    except ImportError:
        raise UserError("`scheduler` needs Dask: pip install 'xltransformer[cluster]'") from None
    try:
        client: Any = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(f"no Dask scheduler answers at {address} ({error!s:.80}); start one there") from None
    try:
        with client.get_executor(retries=2) as executor:
            yield executor
    finally:
        client.close()


def processors() -> int:
    """How many processes may work here at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
