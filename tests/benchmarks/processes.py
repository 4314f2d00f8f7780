"""Works measured as processes: wall and CPU time, and the most memory each held."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

import attrs

__all__ = ["Runs", "Work", "measured", "prefcore", "run_rounds"]

ROOT = Path(__file__).parent.parent.parent


@attrs.frozen
class Work:
    """A command, what makes ready for it before each run, and how large its work is."""

    command: Sequence[str]
    folder: Path
    before: Callable[[], object] = lambda: None


@attrs.frozen
class Runs:
    """What several runs of one work took: wall and CPU seconds of each, bytes at most."""

    wall: list[float] = attrs.field(factory=list)
    cpu: list[float] = attrs.field(factory=list)
    memory: list[int] = attrs.field(factory=list)

    def ratio(self, other: Runs) -> tuple[float, float]:
        """Give the medians of the paired quotients, of wall and of CPU time."""
        pairs = ((self.wall, other.wall), (self.cpu, other.cpu))
        wall, cpu = (
            median(one / two for one, two in zip(ours, theirs, strict=True))
            for ours, theirs in pairs
        )
        return wall, cpu


def prefcore(*arguments: str) -> tuple[str, ...]:
    """Give the command that runs prefcore's command line, quietly."""
    return ("prefcore.cli", "--quiet", *arguments)


def measured(work: Work) -> tuple[float, float, int]:
    """Run a work once; give wall and CPU seconds and bytes. Raises where it fails."""
    work.before()
    told = work.folder / "peak"
    command = [sys.executable, "-m", "tests.benchmarks.watched", str(told), *work.command]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(work.folder)}
    # Installed programs are compiled; the first run of a round compiles what is not yet.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=work.folder, env=environ, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return wall, usage.ru_utime + usage.ru_stime, int(told.read_text())


def run_rounds(works: Mapping[str, Work], rounds: int) -> dict[str, Runs]:
    """Run every work once a round, and give what each took.

    The order of a round is the works' own, for some lead from one to the next, such as up and down.
    """
    runs = {name: Runs() for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            wall, cpu, memory = measured(work)
            runs[name].wall.append(wall)
            runs[name].cpu.append(cpu)
            runs[name].memory.append(memory)
    return runs
