"""``make test-faults``: kills, errors and cut writes at every write that an act makes.

``python -m tests.faults.injected [ACT…]``. Each act runs as a process under strace, once to count
the calls that write, then once for each call and fault: killed after it; told that the disk is
full, broken, or took nothing; or cut in the middle of what it writes, with room again at once or
not any more. Afterwards the state is the old one or the new one, whole; an act that ended well
stands; and the next run leaves no file behind. Prints how many points were tried.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import attrs

from prefcore.errors import PrefcoreError
from tests.faults import rotating, story, traced
from tests.faults.judging import ENCRYPTED, WITH_BACKUPS, Prepared, faults_of
from tests.faults.judging_keys import KEYED, prepare_keys
from tests.faults.stepping import (
    WRITES,
    Call,
    calls_of,
    injected,
    killed,
    limit,
    stepped,
    was_cut,
)
from tests.faults.story import State

__all__ = ["ACTS", "main"]

#: The acts that are tried, each named as in ``tests.faults.acts``.
ACTS = (
    *("sets", "import", "up", "down", "prune", "backup", ENCRYPTED, "restore", "load", "export"),
    *KEYED,
)
#: What is tried as a whole, and gives what is wrong.
_WHOLE = {"canary": traced.failures, "rotation": rotating.failures}
_SYNCS = ("fsync", "fdatasync")
#: Errors that strace gives in a call's place: their name, strace's expression, for which calls.
_ERRORS = (
    ("disk full", "error=ENOSPC", (*WRITES, "ftruncate", "fallocate", "mkdir")),
    ("disk broken", "error=EIO", _SYNCS),
    ("nothing taken", "retval=0", WRITES),
)
_KILLED = -9
_PARTIAL, _NO_SPACE, _UNREACHABLE = 3, 14, 15


@attrs.frozen
class Point:
    """One fault at one call: its name, the numbers that place it, and how the act may end."""

    fault: str
    where: str
    codes: Sequence[int]
    #: For what strace injects: its expression, and whether threads are followed.
    expression: str = ""
    follow: bool = False
    #: For what befalls a process that stands still after so many calls.
    after: int = 0
    size: int = 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Try every point of the acts named (all, if none is); exits with 1 where one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.injected", description=__doc__)
    parser.add_argument("acts", nargs="*", metavar="ACT", help=", ".join((*ACTS, *_WHOLE)))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    if unknown := set(given.acts) - {*ACTS, *_WHOLE}:
        parser.error(f"there is no act {', '.join(sorted(unknown))}")
    if shutil.which("strace") is None:
        sys.exit("make test-faults needs strace on the PATH (on Debian: apt install strace)")
    wrong = [
        one
        for name, failures in _WHOLE.items()
        if not given.acts or name in given.acts
        for one in failures()
    ]
    tried: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="prefcore-faults-") as name:
        for act in [one for one in given.acts or ACTS if one not in _WHOLE]:
            prepared, calls = _prepared(act, Path(name) / act)
            points = list(_points(prepared, calls))
            with ThreadPoolExecutor(given.jobs) as pool:
                told = list(pool.map(lambda point: _try(prepared, point), points))  # noqa: B023  # used up here
            wrong += [one for one in told if one]
            by_fault = Counter(point.fault for point in points)
            tried += by_fault
            made = ", ".join(f"{n} {call}" for call, n in Counter(c.name for c in calls).items())
            print(f"{act}: {len(points)} points tried ({made})", flush=True)
            print("  " + ", ".join(f"{fault} {n}" for fault, n in by_fault.items()), flush=True)
    for one in wrong:
        print(f"FAILED {one}")
    print(f"{tried.total()} points tried, {len(wrong)} failed")
    sys.exit(bool(wrong))


def _prepared(act: str, folder: Path) -> tuple[Prepared, list[Call]]:
    """Give an act's folder before it, its states, and the calls it makes without a fault."""
    start = folder / "start"
    start.mkdir(parents=True)
    story.prepare(start, owners=story.OWNERS)
    story.write_import(start)
    with story.opened(start) as prefs:
        if act == "export":
            (start / story.EXPORTED).write_text(story.BEFORE_EXPORT, encoding="utf-8")
        if act == "down":
            prefs.apply(prefs.plan_migration(story.NEW))
        if act == ENCRYPTED:
            keys = prefs.keys.folder
            keys.create(datetime(2026, 11, 26, tzinfo=UTC), keys.new_root_file)
        if act in KEYED:
            prepare_keys(act, prefs)
        if act in WITH_BACKUPS:
            prefs.back_up(target=story.target(start))
        if act == "prune":
            story.forget(start)
        if act in ("backup", ENCRYPTED, "restore"):
            prefs.set("key1", "since the backup", user="user0000")
    ended = shutil.copytree(start, folder / "ended")
    log = folder / "trace"
    code, made = stepped(act, ended, log, {})
    assert code == 0, f"{act} fails without a fault: exit code {code}"
    calls = calls_of(log)
    assert len(calls) == made, f"{act}: {made} stops for {len(calls)} calls"
    return Prepared(act, start, State(start), State(ended)), calls


def _points(prepared: Prepared, calls: Sequence[Call]) -> Iterator[Point]:
    failures: tuple[int, ...] = (0, _NO_SPACE)
    if prepared.act in WITH_BACKUPS:
        failures = (*failures, _UNREACHABLE)
    if prepared.act == "prune":  # it is done, and the file could not be written anew
        failures = (*failures, _PARTIAL)
    for number, call in enumerate(calls, 1):
        yield Point("killed", f"after call {number}, {call.name}", [_KILLED], after=number)
    main_thread = calls[0].thread
    for fault, expression, befallen in _ERRORS:
        # strace counts each thread's calls: once those of the first one alone, once of all.
        for follow in (False, True):
            counts = Counter(
                (one.thread, one.name)
                for one in calls
                if one.name in befallen and (one.thread != main_thread) == follow
            )
            most = {
                name: max(n for (_, is_), n in counts.items() if is_ == name) for _, name in counts
            }
            for name, count in most.items():
                for number in range(1, count + 1):
                    yield Point(
                        fault,
                        f"at {name} {number}",
                        failures,
                        expression=f"{name}:{expression}:when={number}",
                        follow=follow,
                    )
    for number, (before, call) in enumerate(pairwise(calls), 1):
        if call.name in WRITES and call.size > 1:
            size = call.start + call.size // 2
            where = f"in call {number + 1}, {call.name} of {call.size} bytes, after {before.name}"
            yield Point("cut, then room", where, [0], after=number, size=size)
            yield Point("cut, then full", where, failures, after=number, size=size)


def _try(prepared: Prepared, point: Point) -> str:
    """Try one point; give what is wrong, or the empty text."""
    where = f"{prepared.act}, {point.fault} {point.where}"
    with tempfile.TemporaryDirectory(dir=prepared.folder.parent) as name:
        folder = shutil.copytree(prepared.folder, Path(name) / "store")
        try:
            code, log = (
                _hurt(prepared.act, point, folder, Path(name) / "trace"),
                Path(name) / "trace",
            )
            if code not in point.codes:
                return f"{where}: exit code {code}"
            if point.size and not was_cut(log):
                return f"{where}: no write was cut"
            return "".join(f"{where}: {one}" for one in faults_of(prepared, folder, code))
        except (AssertionError, PrefcoreError) as error:
            return f"{where}: {type(error).__name__}: {error}"


def _hurt(act: str, point: Point, folder: Path, log: Path) -> int:
    """Do an act with its fault; give its exit code."""
    if point.expression:
        return injected(act, folder, log, point.expression, follow=point.follow)
    if not point.size:
        return stepped(act, folder, log, {point.after: killed})[0]
    hurts = {point.after: limit(point.size)}
    if point.fault == "cut, then room":
        hurts[point.after + 1] = limit(-1)
    return stepped(act, folder, log, hurts)[0]


if __name__ == "__main__":
    main()
