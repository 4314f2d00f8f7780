"""``make test-faults``: kills and errors at every write that an act makes, by ``strace -e inject``.

``python -m tests.faults.injected [ACT…]``. Each act runs as a process once to count the calls that
write, then once for each call and fault: killed there, or told that the disk is full, broken, or
took nothing. Afterwards the store is the old one or the new one, whole; an act that ended well
stands; and the next run leaves no file behind. Prints how many points were tried.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs

from prefcore.errors import PrefcoreError
from tests.faults import story
from tests.faults.acts import ACTS
from tests.faults.story import State

__all__ = ["FAULTS", "Fault", "Prepared", "faults_of", "main"]

ROOT = Path(__file__).parent.parent.parent
#: Calls that write: what SQLite, copies and documents use on Linux.
CALLS = (
    *("write", "writev", "pwrite64", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate"),
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir"),
)
_SYNCS = ("fsync", "fdatasync")
_WRITES = ("write", "pwrite64", "pwritev", "writev")


@attrs.frozen
class Fault:
    """What befalls a call: its word, strace's expression, and the calls it may befall."""

    name: str
    expression: str
    calls: Sequence[str]


FAULTS = (
    Fault("killed", "signal=KILL", CALLS),
    Fault("disk full", "error=ENOSPC", (*_WRITES, "ftruncate", "fallocate", "mkdir")),
    Fault("disk broken", "error=EIO", _SYNCS),
    Fault("nothing taken", "retval=0", _WRITES),
)
_KILLED = -9


@attrs.frozen
class Prepared:
    """One act in a folder before it, with the states before and after it."""

    act: str
    folder: Path
    before: State
    after: State
    #: How often each call was made.
    calls: Counter[str]


def main(arguments: Sequence[str] | None = None) -> None:
    """Try every point of the acts named (all, if none is); exits with 1 where one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.injected", description=__doc__)
    known = ("sets", "import", "up", "down")
    parser.add_argument("acts", nargs="*", metavar="ACT", help=", ".join(known))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    if unknown := set(given.acts) - set(known):
        parser.error(f"there is no act {', '.join(sorted(unknown))}")
    if shutil.which("strace") is None:
        sys.exit("make test-faults needs strace on the PATH (on Debian: apt install strace)")
    wrong: list[str] = []
    tried = 0
    with tempfile.TemporaryDirectory(prefix="prefcore-faults-") as name:
        for act in given.acts or known:
            prepared = _prepared(act, Path(name) / act)
            points = list(_points(prepared))
            with ThreadPoolExecutor(given.jobs) as pool:
                told = list(pool.map(lambda point: _try(prepared, *point), points))  # noqa: B023  # used up here
            wrong += [one for one in told if one]
            tried += len(points)
            made = ", ".join(f"{count} {call}" for call, count in prepared.calls.items())
            print(f"{act}: {len(points)} points tried ({made})", flush=True)
    for one in wrong:
        print(f"FAILED {one}")
    print(f"{tried} points tried, {len(wrong)} failed")
    sys.exit(bool(wrong))


def _prepared(act: str, folder: Path) -> Prepared:
    start = folder / "start"
    start.mkdir(parents=True)
    story.prepare(start, owners=story.OWNERS)
    if act == "down":
        with story.opened(start) as prefs:
            prefs.apply(prefs.plan_migration(story.NEW))
    story.write_import(start)
    ended = shutil.copytree(start, folder / "ended")
    code, calls = _run(act, ended, None)
    assert code == 0, f"{act} fails without a fault: exit code {code}"
    return Prepared(act, start, State(start), State(ended), calls)


def _points(prepared: Prepared) -> Iterator[tuple[Fault, str, int]]:
    for fault in FAULTS:
        for call, count in prepared.calls.items():
            if call in fault.calls:
                for number in range(1, count + 1):
                    yield fault, call, number


def _try(prepared: Prepared, fault: Fault, call: str, number: int) -> str:
    """Try one point; give what is wrong, or the empty text."""
    where = f"{prepared.act}, {fault.name} at {call} {number}"
    with tempfile.TemporaryDirectory(dir=prepared.folder.parent) as name:
        folder = shutil.copytree(prepared.folder, Path(name) / "store")
        code, _ = _run(prepared.act, folder, f"{call}:{fault.expression}:when={number}")
        if fault.name == "killed" and code != _KILLED:
            return f"{where}: it was not killed, and ended with {code}"
        if fault.name != "killed" and code not in (0, 14):
            return f"{where}: exit code {code}"
        try:
            return "".join(f"{where}: {one}" for one in faults_of(prepared, folder, code))
        except (AssertionError, PrefcoreError) as error:
            return f"{where}: {type(error).__name__}: {error}"


def faults_of(prepared: Prepared, folder: Path, code: int) -> Iterator[str]:
    """Give what is wrong with a store after an act that ended so, and after the next run."""
    before, after = prepared.before, prepared.after
    state = State(folder)
    if not state.is_whole():
        yield f"the store is not whole: {state.problems}"
        return
    is_old = state.is_exactly(before)
    is_new = state.follows(before, 1) and (state.version, state.values) == (
        after.version,
        after.values,
    )
    if not is_old and not is_new:
        yield "the state is neither the old nor the new one"
    if code == 0 and not is_new:
        yield "it ended well, and the state is the old one"
    if is_old:
        ended = _again(prepared.act, folder)
        if ended or (State(folder).version, State(folder).values) != (after.version, after.values):
            yield f"the next run does not lead to the new state (exit code {ended})"
    with story.opened(folder) as prefs:
        prefs.set("key1", "afterwards", user="user0001")
    if left := _leftovers(folder):
        yield f"files are left behind: {left}"


def _again(act: str, folder: Path) -> int:
    """Do an act to its end, here; give its exit code."""
    try:
        with story.opened(folder) as prefs:
            next(ACTS[act](prefs, folder))()
    except PrefcoreError as error:
        return error.exit_code
    return 0


def _leftovers(folder: Path) -> list[str]:
    known = {"prefs.db", "import.json"}
    found = [path for path in folder.iterdir() if path.is_file() and path.name not in known]
    found += [path for path in (folder / "prefs.db.copies").glob("*") if path.suffix != ".db"]
    return sorted(path.name for path in found)


def _run(act: str, folder: Path, fault: str | None) -> tuple[int, Counter[str]]:
    """Do an act in a process; give its exit code, and how often it made each call."""
    log = folder.parent / f"{folder.name}.trace"
    inject = ["-e", f"inject={fault}"] if fault else []
    # Not with --seccomp-bpf: signals are not injected then.
    command = ["strace", "-f", "-qqq", "-o", str(log)]
    command += ["-e", f"trace={','.join(CALLS)}", *inject]
    command += [sys.executable, "-m", "tests.faults.injected_act", act, str(folder)]
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environ, check=False, stdout=subprocess.DEVNULL)
    text = log.read_text(encoding="utf-8", errors="replace")
    calls = Counter(re.findall(r"^\d+ +(\w+)\(", text, re.MULTILINE))
    log.unlink()
    return ended.returncode, calls


if __name__ == "__main__":
    main()
