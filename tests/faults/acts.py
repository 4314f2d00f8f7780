"""What child processes do to a store while they are killed, starved or kept waiting.

Each act prepares all it needs and gives what remains to be done: the write itself.
"""

from __future__ import annotations

import fcntl
import os
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from prefcore import ImportRequest
from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.cli.files import replacing
from prefcore.engines import reencrypting
from prefcore.errors import LockedError, PrefcoreError
from prefcore.preferences import Preferences
from tests.faults import story

__all__ = ["ACTS", "mark", "report"]

NOBODY = 65534

#: Gives the writes of an act, one after the other, each ready to be done.
Act = Callable[[Preferences[Any], Path], Iterator[Callable[[], object]]]

#: Where SQLite keeps the locks of those who have a database open (its SHARED_FIRST, 510 bytes).
SHARED_FIRST = 0x40000002

#: What a child tells its parent.
BEGIN, END = b"begin", b"end"


def _sets(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    for number in count(len(list(prefs.log()))):
        yield lambda number=number: prefs.set(  # type: ignore[misc]  # bound now
            f"key{number % 8}", f"set {number}", user=f"user{number % 5:04}"
        )


def _sets_of(owner: str) -> Act:
    def act(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
        for number in count():
            yield lambda number=number: prefs.set(  # type: ignore[misc]  # bound now
                f"key{number % 8}", f"set {number}", user=owner
            )

    return act


def _get(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    yield lambda: prefs.get("size", user="user0001")


def _newest(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    plan = prefs.plan_migration(story.NEW)
    prefs.read_at_newest()
    yield lambda: (prefs.get("font_size", user="user0001"), prefs.version, plan.counts)


def _get_set(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    yield lambda: prefs.get("key2", user="user0002")


def _lock(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    """Raise LockedError where another process holds the store open and is writing to it."""

    def lock() -> None:
        connection = sqlite3.connect(folder / "prefs.db", timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            with (folder / "prefs.db").open("rb+") as file:
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, SHARED_FIRST)
                except BlockingIOError:
                    raise LockedError(str(error)) from error
        finally:
            connection.close()

    prefs.close()
    yield lock


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


def _prune(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    plan = prefs.plan_prune(keep_last=1)
    yield lambda: prefs.apply(plan)


def _back_up(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    yield lambda: prefs.back_up(target=story.target(folder), always=True)


def _restore(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    # The first one: the act itself takes a backup, which may be the latest when it is run again.
    with prefs.backups(story.target(folder)) as backups:
        first = backups.list().whole[0].id
    plan = prefs.plan_restore(first, target=story.target(folder))
    yield lambda: prefs.apply(plan)


def _load(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    backups = prefs.backups(story.target(folder))
    manifest = backups.find("latest")
    store = SqliteStore.open(f"sqlite:{folder}/new.db", create=True)

    def load() -> None:
        backups.load(manifest, store)
        store.close()

    yield load


def _export(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    def export() -> None:
        with replacing(str(folder / story.EXPORTED)) as out:
            prefs.export(out, format="json")

    yield export


def _rotate(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    keys = prefs.keys.folder
    yield lambda: keys.change(lambda ring: ring.rotated(datetime.now(UTC), os.urandom))


def _rewrap(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    keys = prefs.keys.folder
    yield lambda: keys.rewrap(keys.new_root_file)


def _reencrypt(prefs: Preferences[Any], folder: Path) -> Iterator[Callable[[], object]]:
    reencrypting._PART = 4  # so that it is several transactions
    yield prefs.reencrypt


ACTS: Mapping[str, Act] = {
    "sets": _sets,
    "our sets": _sets_of("ours"),
    "their sets": _sets_of("theirs"),
    "get": _get,
    "key2": _get_set,
    "newest": _newest,
    "lock": _lock,
    "import": _import,
    "up": _up,
    "down": _down,
    "prune": _prune,
    "backup": _back_up,
    "encrypted": _back_up,
    "restore": _restore,
    "load": _load,
    "export": _export,
    "rotate": _rotate,
    "rewrap": _rewrap,
    "reencrypt": _reencrypt,
}


def mark(act: str, folder: str, marks: Connection) -> None:
    """Do an act (sets: one after the other, for minutes), telling of each begin and end."""
    end = time.monotonic() + 300  # nobody comes to kill us after that
    for write in ACTS[act](story.opened(Path(folder)), Path(folder)):
        marks.send_bytes(BEGIN)
        write()
        marks.send_bytes(END)
        if time.monotonic() > end:
            break
    time.sleep(60)  # until killed, so that nothing is closed in good order


def report(
    act: str, folder: str, reports: Connection, times: int, file_bytes: int, is_guest: bool
) -> None:
    """Do an act so many times and tell its result, or its error.

    No file may grow beyond ``file_bytes`` (0: as it likes); a guest may do nothing that the modes
    of files do not allow everybody (for a root that runs tests: as the user nobody).
    """
    if is_guest and os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        os.environ["HOME"] = "/"  # ours, which a guest may not enter, could hide a policy
    try:
        write = ACTS[act](story.opened(Path(folder)), Path(folder))
        first = next(write)
        if file_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        result = first()
        for _ in range(times - 1):
            result = next(write)()
        reports.send(("done", 0, repr(result)))
    except PrefcoreError as error:
        reports.send((type(error).__name__, error.exit_code, error.message))
