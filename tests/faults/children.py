"""Child processes for the fault tests: started fast, killed with SIGKILL, asked what became of it.

A fork server imports everything once and forks a child for each act, so a child starts in
milliseconds and opens SQLite itself; the process that runs pytest, which has threads, never forks.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import attrs

from tests.faults.acts import BEGIN, END, mark, report

__all__ = ["Fate", "Report", "kill", "measure", "start"]

_CONTEXT = get_context("forkserver")
#: Seconds that a child may take for one act before it counts as hung.
LONGEST = 120
#: What a child needs, and what prefcore would import late, in each child anew.
_PRELOADED = [
    "tests.faults.acts",
    "prefcore.builtin.sqlite_store.copies",
    "prefcore.builtin.sqlite_store.writing",
    "prefcore.engines.importing",
    "prefcore.engines.migrating",
    "prefcore_json._format",
    "prefcore_local._target",
]
_CONTEXT.set_forkserver_preload(_PRELOADED)


@attrs.frozen
class Fate:
    """How far a killed child came: writes ended, and whether one had begun and not ended."""

    ended: int
    is_inside: bool


@attrs.frozen
class Report:
    """What a child told: ``done`` and its result, or its error's class, exit code and message."""

    what: str
    exit_code: int
    message: str


def kill(act: str, folder: Path, *, after: float) -> Fate:
    """Start an act, kill -9 its process so many seconds after the first write began."""
    marks, process = _started(mark, act, str(folder))
    assert _told(marks, process).recv_bytes() == BEGIN
    _wait(after)
    process.kill()  # SIGKILL
    process.join(LONGEST)
    assert process.exitcode == -signal.SIGKILL
    seen = [BEGIN]
    try:
        while True:
            seen.append(_told(marks, process).recv_bytes())
    except EOFError:
        marks.close()
    return Fate(seen.count(END), seen[-1] == BEGIN)


def measure(act: str, folder: Path) -> float:
    """Give the seconds from the begin to the end of the act's first write, in a child."""
    marks, process = _started(mark, act, str(folder))
    assert _told(marks, process).recv_bytes() == BEGIN
    began = time.perf_counter()
    assert _told(marks, process).recv_bytes() == END
    duration = time.perf_counter() - began
    process.kill()
    process.join(LONGEST)
    marks.close()
    return duration


def start(
    act: str, folder: Path, *, times: int = 1, file_bytes: int = 0, is_guest: bool = False
) -> Callable[[], Report]:
    """Start an act in a child; the callable waits for its end and gives its report."""
    reports, process = _started(report, act, str(folder), times, file_bytes, is_guest)

    def ended() -> Report:
        told = Report(*_told(reports, process).recv())
        process.join(LONGEST)
        assert process.exitcode is not None, f"{act} told how it went, and does not end"
        reports.close()
        return told

    return ended


def _started(
    target: Callable[..., None], act: str, folder: str, *options: int
) -> tuple[Connection, ForkServerProcess]:
    ours, theirs = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=target, args=(act, folder, theirs, *options))
    process.start()
    theirs.close()
    return ours, process


def _told(connection: Connection, process: ForkServerProcess) -> Connection:
    """Give a connection that has something to tell, if only that its other end is gone.

    A child that tells nothing for long is killed, and that is an AssertionError.
    """
    if connection.poll(LONGEST):
        return connection
    process.kill()
    process.join(LONGEST)
    raise AssertionError(f"a child told nothing for {LONGEST} s")


def _wait(seconds: float) -> None:
    """Wait to within microseconds: a set takes less than the scheduler's grain."""
    end = time.perf_counter() + seconds
    if seconds > 0.01:
        time.sleep(seconds - 0.005)
    while time.perf_counter() < end:
        pass
