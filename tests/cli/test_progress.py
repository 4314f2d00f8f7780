"""Progress on a terminal: told for what takes long, cleared at the end, and silent elsewhere."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prefcore.cli.progress import Progress
from tests.benchmarks import population
from tests.cli.shell import ended


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _told(steps: list[tuple[float, int, float | None]]) -> str:
    """Give what a terminal is sent by an act that tells so much after so many seconds."""
    out, now = _Terminal(), iter([0.0, *(at for at, _, _ in steps)])
    progress = Progress("importing", out, clock=lambda: next(now))
    for _, entries, part in steps:
        progress(entries, part)
    progress.end()
    return out.getvalue()


def test_what_is_done_within_a_second_tells_nothing() -> None:
    assert _told([(0.2, 1000, 0.5), (0.9, 1000, 1.0)]) == ""


def test_count_rate_and_time_left_are_told_and_cleared_at_the_end() -> None:
    shown = "importing: 50,000 entries, 25,000 a second, 20%, 8 s left"
    assert _told([(2.0, 50_000, 0.2)]) == f"\r\x1b[K{shown}\r\x1b[K"


def test_without_a_known_whole_there_is_no_time_left() -> None:
    assert "a second\r" in _told([(2.0, 50_000, None)])


def test_it_is_told_a_few_times_a_second_and_not_for_each_set() -> None:
    steps: list[tuple[float, int, float | None]] = [(1 + i / 1000, 40, None) for i in range(1000)]
    assert 4 <= _told(steps).count("importing") <= 6


@pytest.mark.parametrize(
    ("part", "left"), [(0.5, "2 s left"), (0.01, "3:18 min left"), (0.0001, "5:33 h left")]
)
def test_the_time_left_is_in_the_unit_it_needs(part: float, left: str) -> None:
    assert left in _told([(2.0, 1, part)])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project whose export is larger than a pipe and one write take."""
    folder = tmp_path_factory.mktemp("project") / "large"
    population.project(folder)
    population.document(folder / "in.json", 20_000)
    for words in (("init",), ("import", "in.json")):
        subprocess.run([*_PREFCORE, "--quiet", *words], cwd=folder, check=True)
    return folder


_PREFCORE = (sys.executable, "-c", "from prefcore.cli import main; main()")


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Give the two ends of a terminal: the one to read from, the one for a process."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def _seen(project: Path, terminal: tuple[int, int], *words: str) -> str:
    """Export to a pipe that nobody reads for a while; give what the terminal showed of it."""
    ours, theirs = terminal
    process = subprocess.Popen(
        [*_PREFCORE, *words, "export"], cwd=project, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    assert process.stdout is not None
    process.stdout.read(1)  # it has begun to write
    time.sleep(1.2)
    assert process.stdout.read().endswith(b"}}\n")
    assert process.wait(120) == 0
    process.stdout.close()
    return _all_of(lambda: os.read(ours, 65536)).decode()


def _all_of(read: Callable[[], bytes]) -> bytes:
    found = b""
    try:
        while data := read():
            found += data
    except OSError:  # Linux says so that the other end is closed
        pass
    return found


def test_a_long_export_tells_of_itself_on_a_terminal(
    project: Path, terminal: tuple[int, int]
) -> None:
    seen = _seen(project, terminal)
    assert "exporting: " in seen
    assert " entries, " in seen
    assert " left" in seen
    assert seen.endswith("\r\x1b[K")


# As though each act took long.
_AT_ONCE = "import prefcore.cli.progress as one; one.AFTER = one.EVERY = 0; "
_BACKUPS = ("--target", "file:backups")


def test_backups_tell_of_each_stage_on_a_terminal(project: Path) -> None:
    code = f"{_AT_ONCE}from prefcore.cli import main; main()"
    for words, stages in (
        (("create",), ("backing up", "reading it back")),
        (("verify",), ("verifying",)),
        (("verify", "--level=3"), ("verifying",)),
        (("restore", "latest", "--to", "sqlite:new.db"), ("verifying", "restoring")),
        (("restore", "latest", "--no-backup"), ("restoring",)),
    ):
        ours, theirs = pty.openpty()
        command = [sys.executable, "-c", code, "backup", *words, *_BACKUPS]
        process = subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        seen = _all_of(lambda end=ours: os.read(end, 65536)).decode()  # type: ignore[misc]  # bound now
        os.close(ours)
        process.communicate()
        assert process.returncode == 0
        shown = [line for line in seen.split("\r\x1b[K") if " entries, " in line]
        assert list(dict.fromkeys(line.partition(":")[0] for line in shown)) == list(stages)
        for stage in stages:
            told = [line for line in shown if line.startswith(stage)]
            assert "20,000 entries, " in told[-1]
            assert ", 100%, 0 s left" in told[-1]
        assert f"{told[-1]}\r\x1b[K" in seen  # gone before what comes next is told


def test_quiet_means_quiet(project: Path, terminal: tuple[int, int]) -> None:
    assert _seen(project, terminal, "--quiet") == ""


def test_a_file_for_the_standard_error_gets_nothing(project: Path) -> None:
    with (project / "errors").open("wb") as errors:
        exported = subprocess.Popen(
            [*_PREFCORE, "export"], cwd=project, stdout=subprocess.PIPE, stderr=errors
        )
        assert exported.stdout is not None
        exported.stdout.read(1)
        time.sleep(1.2)
        ended(exported)
    assert (project / "errors").read_bytes() == b""
