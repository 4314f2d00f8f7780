"""What child processes do to a store while they are killed, starved or kept waiting.

Each act prepares all it needs and gives what remains to be done: the write itself.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from prefcore import ImportRequest
from prefcore.errors import PrefcoreError
from prefcore.preferences import Preferences
from tests.faults import story

__all__ = ["ACTS", "mark", "report"]

#: What a child tells its parent.
BEGIN, END = b"begin", b"end"


def _sets(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    for number in count(len(list(prefs.log()))):
        yield lambda number=number: prefs.set(  # type: ignore[misc]  # bound now
            f"key{number % 8}", f"set {number}", user=f"user{number % 5:04}"
        )


def _import(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    request = ImportRequest(path=folder / "import.json", name="import.json", strategy="theirs")
    plan = prefs.plan_import(request)
    yield lambda: prefs.apply(plan)


def _up(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    plan = prefs.plan_migration(story.NEW)
    yield lambda: prefs.apply(plan)


def _down(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    plan = prefs.plan_migration(story.OLD)
    yield lambda: prefs.apply(plan)


ACTS = {"sets": _sets, "import": _import, "up": _up, "down": _down}


def mark(act: str, folder: str, marks: Connection) -> None:
    """Do an act (sets: one after the other, for ever), telling of each begin and end."""
    for write in ACTS[act](story.opened(Path(folder)), Path(folder)):
        marks.send_bytes(BEGIN)
        write()
        marks.send_bytes(END)
    time.sleep(60)  # until killed, so that nothing is closed in good order


def report(act: str, folder: str, reports: Connection, times: int, file_bytes: int) -> None:
    """Do an act so many times, no file growing beyond so many bytes; tell errors and the pid."""
    try:
        write = ACTS[act](story.opened(Path(folder)), Path(folder))
        todo = [next(write)]
        if file_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        for _ in range(times):
            todo.pop()()
            todo += [one for one, _ in zip(write, range(1), strict=False)]
        reports.send(("done", 0, "", os.getpid()))
    except PrefcoreError as error:
        reports.send((type(error).__name__, error.exit_code, error.message, os.getpid()))
