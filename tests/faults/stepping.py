"""Stepping: a process stopped after each call of it that writes, to be hurt there, and let go on.

strace injects a SIGSTOP at each call (``signal=STOP``), which stops the whole process when the
call is done. So calls are counted over all threads, in the order in which they are made, where
strace's own ``when=`` counts those of each thread. While the process stands still it can be
killed, and told how far files may grow (prlimit). A write that crosses that size is cut there by
the kernel: it takes the bytes before it and says how many, as on a disk that becomes full then.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

__all__ = [
    "CALLS",
    "WRITES",
    "Call",
    "calls_of",
    "injected",
    "killed",
    "limit",
    "stepped",
    "was_cut",
]

ROOT = Path(__file__).parent.parent.parent
WRITES = ("write", "pwrite64", "pwritev", "writev")
#: Calls that write: what SQLite, copies, documents and targets use on Linux.
CALLS = (
    *WRITES,
    *("fsync", "fdatasync", "ftruncate", "fallocate"),
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir"),
    *("mkdirat", "rmdir"),
)
#: Seconds after which a process that neither ends nor stops is killed, and its point failed.
LONGEST = 60
_BEGUN = re.compile(r"(\d+) +(\w+)\((?:\w+<([^>]*)>)?")
_SIZES = re.compile(r", (\d+)(?:, (\d+))?(?:\)| <unfinished)")
_ENDED = re.compile(r", (\d+)(?:, \d+)?\) += (\d+)")


@attrs.frozen
class Call:
    """One call that wrote: by which thread, its name, and for a write its bytes and where to."""

    thread: str
    name: str
    size: int = 0
    start: int = 0


def injected(act: str, folder: Path, log: Path, fault: str, *, follow: bool) -> int:
    """Do an act with a fault of strace's, in all threads or in the first; give its exit code."""
    with _started(act, folder, log, fault, follow=follow) as process:
        return os.waitstatus_to_exitcode(_stopped(process))


def stepped(
    act: str, folder: Path, log: Path, hurts: Mapping[int, Callable[[int], object]]
) -> tuple[int, int]:
    """Do an act, and hurt its process (its id is given) when it made so many calls.

    Gives its exit code (a signal's number below zero), and how many calls it made.
    """
    made = 0
    with _started(act, folder, log, f"{','.join(CALLS)}:signal=STOP", follow=True) as process:
        while os.WIFSTOPPED(status := _stopped(process)):
            made += 1
            if hurt := hurts.get(made):
                hurt(process)
            os.kill(process, signal.SIGCONT)
    return os.waitstatus_to_exitcode(status), made


@contextmanager
def _started(act: str, folder: Path, log: Path, fault: str, *, follow: bool) -> Iterator[int]:
    """Start an act under strace, which is not its parent (``-D``): we are. Gives its process.

    It has to be waited for; after an error it is killed, so that none stands still for ever.
    """
    # Not with --seccomp-bpf: signals are not injected then.
    options = ["-D", *(["-f"] if follow else []), "-y", "-s0", "--quiet=attach,personality"]
    traced = ["-e", f"trace={','.join(CALLS)}", "-e", f"inject={fault}"]
    act_of = [sys.executable, "-m", "tests.faults.injected_act", act, str(folder)]
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    command = ["strace", *options, "-o", str(log), *traced, *act_of]
    # strace tells there when a process is gone that it is about to let stand still.
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environ, stdout=nowhere, stderr=nowhere)
    try:
        yield process.pid
    except BaseException:
        process.kill()
        process.wait(LONGEST)
        raise
    process.returncode = 0  # it was waited for, whatever it ended with


def _stopped(process: int) -> int:
    """Wait until a process stops or ends; one that does neither is an AssertionError."""
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        pid, status = os.waitpid(process, os.WUNTRACED | os.WNOHANG)
        if pid:
            return status
        time.sleep(0.0002)
    raise AssertionError(f"it neither ended nor stopped for {LONGEST} s")


def killed(pid: int) -> None:
    """Kill a process that stands still."""
    os.kill(pid, signal.SIGKILL)


def limit(size: int) -> Callable[[int], object]:
    """Give what lets the files of a process grow to this size, and no further; -1: as they like."""
    return lambda pid: resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, -1))


def calls_of(log: Path) -> list[Call]:
    """Give the calls of a log; where the bytes of a plain ``write`` go, as of an empty file."""
    return list(_calls(_lines(log)))


def was_cut(log: Path) -> bool:
    """Say whether a write of a log took only part of what it was given."""
    pairs = [_ENDED.search(line) for line in _lines(log) if _BEGUN.match(line)]
    return any(pair and 0 < int(pair[2]) < int(pair[1]) for pair in pairs)


def _calls(lines: Sequence[str]) -> Iterator[Call]:
    written: dict[str, int] = {}
    for line in lines:
        begun, sizes = _BEGUN.match(line), _SIZES.search(line)
        if begun is None:
            continue
        thread, name, path = begun.groups()
        if name in WRITES and sizes:
            size = int(sizes[1])
            start = int(sizes[2]) if sizes[2] else written.get(path, 0)
            written[path] = start + size
            yield Call(thread, name, size, start)
        else:
            yield Call(thread, name)


def _lines(log: Path) -> list[str]:
    """Give the lines of a log that strace has ended: it writes on when its process is gone."""
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        if lines and re.search(r"\+\+\+ (exited|killed)", lines[-1]):
            return lines
        time.sleep(0.001)
    raise AssertionError(f"strace did not end its log {log}")
