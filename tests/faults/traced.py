"""The canary under strace: no write of its process holds the secret, temporary files and all.

``python -m tests.faults.traced`` plays the story of ``tests.canary`` in one process, in which the
command line runs too, and reads all that it wrote, to whatever file, from strace's log. A file that
was removed again, or never had a name, shows here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs

from tests.canary import STEM, found_in, play, prepare, shell_in

__all__ = ["CALLS", "Write", "failures", "leaks", "writes_of"]

#: Calls that take bytes out of a process.
CALLS = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg", "execve")
_ROOT = Path(__file__).parent.parent.parent
#: strace gives strings as hexadecimal, whole, and for each number of a file its path.
_OPTIONS = ("-f", "-y", "-xx", "-s", str(1 << 24))
#: What is no file at all: memory that has a number like one.
_IN_MEMORY = "/memfd:"
_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((?:\w+<([^>]*)>)?")
_BYTES = re.compile(r"(?:\\x[0-9a-f]{2})+")


@attrs.frozen
class Write:
    """One call: its name, the path of its file where it has one, and the bytes it took."""

    call: str
    path: str
    data: bytes


def writes_of(log: Path) -> Iterator[Write]:
    """Give the calls in a log of strace's."""
    with log.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            head = _CALL.match(line)
            if head is None or head[1] not in CALLS:
                continue
            rest = line[head.end() :]
            data = b"".join(
                bytes.fromhex(one[0].replace("\\x", "")) for one in _BYTES.finditer(rest)
            )
            path = bytes.fromhex(head[2].replace("\\x", "")).decode() if head[2] else ""
            yield Write(head[1], path, data)


def leaks(log: Path) -> tuple[int, list[str]]:
    """Give how many calls were looked at, and those that hold the secret."""
    count, found = 0, []
    for one in writes_of(log):
        count += 1
        forms = found_in(one.data)
        if forms and not one.path.startswith(_IN_MEMORY):
            found.append(f"{one.call} to {one.path or 'a new process'} holds it as {forms[0]}")
    return count, found


def failures() -> list[str]:
    """Play the story and look at its writes; give what is wrong, and say how many there were."""
    with tempfile.TemporaryDirectory(prefix="prefcore-canary-") as name:
        folder = Path(name)
        prepare(shell_in(folder), folder / "given")
        _, marked = leaks(_traced(folder, "--mark"))
        count, found = leaks(_traced(folder, "--play"))
    if not marked:
        found.append("a secret that was written on purpose was not found")
    print(f"canary: {count} calls looked at, {len(found)} failed", flush=True)
    return [f"canary: {one}" for one in found]


def _traced(folder: Path, what: str) -> Path:
    """Run this module under strace in a folder that is prepared; give the log."""
    log = folder / "trace"
    traced = f"trace={','.join(CALLS)}"
    command = [sys.executable, "-m", "tests.faults.traced", what, os.fspath(folder)]
    subprocess.run(
        ["strace", *_OPTIONS, "-o", log, "-e", traced, *command],
        cwd=_ROOT,
        check=True,
        env={**os.environ, "TMPDIR": os.fspath(folder)},
    )
    return log


def _main(what: str, folder: Path) -> None:
    if what == "--mark":
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(STEM.encode())
    else:
        for _ in play(shell_in(folder), folder / "given"):
            pass


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _main(sys.argv[1], Path(sys.argv[2]))
    else:
        wrong = failures()
        print(*wrong, sep="\n")
        sys.exit(bool(wrong))
