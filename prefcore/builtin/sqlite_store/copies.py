"""Safety copies: the whole store file, kept beside it before a change that is hard to take back."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from prefcore.builtin.sqlite_store.connection import connect, identify, translated
from prefcore.builtin.sqlite_store.connections import Connections
from prefcore.errors import LockedError, NoSpace, NotFound, NotPermitted
from prefcore.interfaces import SafetyCopy

__all__ = ["KEPT", "list_copies", "restore_copy", "save_copy"]

#: How many copies stay; the oldest go first.
KEPT = 3

_NAME = re.compile(r"(\d{8}T\d{12}Z)-([a-z0-9.-]*)\.db\Z")


def folder_of(path: str) -> Path:
    """Give the folder that a store keeps its copies in: ``prefs.db.copies``."""
    return Path(path + ".copies")


def save_copy(path: str, reason: str) -> SafetyCopy:
    """Copy the state as last committed, whole and synced before its name appears.

    Reads through a connection of its own, so it may run while this store holds the write lock.
    Who may write the store by its group may keep copies too. Raises NotPermitted where the folder
    is another's alone, NoSpace where it takes no more; then no copy was added and none dropped.
    """
    folder = folder_of(path)
    word = re.sub(r"[^a-z0-9.]+", "-", reason.lower()).strip("-")[:60]
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{word}.db"
    part = folder / (name + ".part")
    try:
        _make_folder(folder, path)
        for dead in folder.glob("*.part*"):  # of a killed process, with the journal beside it
            dead.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        _share(part, path, 0o060)
        _copy(path, part)
        part.rename(folder / name)
        _sync(folder)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, PermissionError):
            raise _not_permitted(folder) from error
        raise NoSpace(
            f"cannot keep a safety copy in {folder} ({error}); nothing was changed",
            path=str(folder),
        ) from error
    copies = list_copies(path)
    for old in copies[KEPT:]:
        (folder / f"{old.id}.db").unlink(missing_ok=True)
    return copies[0]


def list_copies(path: str) -> list[SafetyCopy]:
    """Give the copies of the store at ``path``, newest first; raises NotPermitted."""
    found = []
    folder = folder_of(path)
    try:
        files = list(folder.iterdir()) if folder.is_dir() else []
    except PermissionError as error:
        raise _not_permitted(folder) from error
    for file in files:
        match = _NAME.match(file.name)
        if match:
            moment = datetime.strptime(match[1], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
            reason = match[2].replace("-", " ")
            found.append(SafetyCopy(file.stem, moment, file.stat().st_size, reason))
    return sorted(found, key=lambda copy: copy.id, reverse=True)


def restore_copy(connections: Connections, id: str) -> None:
    """Put the whole state back to a copy, in one transaction of SQLite's.

    What stood before is kept as a further copy. Raises NotFound, DamagedStore or LockedError.
    """
    path = connections.path
    if id not in {copy.id for copy in list_copies(path)}:
        raise NotFound(f"{path} has no safety copy '{id}'; `prefcore doctor` lists them")
    file = folder_of(path) / f"{id}.db"
    identify(str(file))
    target = connections.writer()
    if target.in_transaction:
        raise LockedError(f"{path}: a changeset of this thread is still open; end it first")
    source = connect(str(file), read_only=True)
    # Read from before the present state is kept: the copy may be the one that makes room for it.
    source.execute("SELECT count(*) FROM apps").fetchone()
    save_copy(path, "before restoring a copy")
    try:
        source.backup(target)
        # Ids mean other things now: every process must look them up again.
        target.execute("UPDATE apps SET epoch = abs(random())")
    except sqlite3.Error as error:
        raise translated(error, path) from error
    finally:
        source.close()


def _make_folder(folder: Path, path: str) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    _share(folder, path, 0o070)


def _share(made: Path, path: str, bits: int) -> None:
    """Let the group of the store's file at what was made beside it, if it may write the store."""
    found = Path(path).stat()
    if os.name != "posix" or found.st_mode & 0o060 != 0o060:
        return
    with suppress(PermissionError):  # not a member: then it stays the maker's alone
        os.chown(made, -1, found.st_gid)
        made.chmod(stat.S_IMODE(made.stat().st_mode) | bits)


def _not_permitted(folder: Path) -> NotPermitted:
    return NotPermitted(
        f"you may not keep safety copies in {folder}, so nothing was changed; have its owner give "
        f"it the group of the store's file, and: chmod -R ug+rwX {folder}",
        path=str(folder),
    )


def _copy(path: str, part: Path) -> None:
    source = connect(path, read_only=True)
    try:
        target = sqlite3.connect(part, isolation_level=None)
        try:
            source.backup(target)
            # One file, without a log beside it, whatever may happen to the folder.
            target.execute("PRAGMA journal_mode = DELETE")
        finally:
            target.close()
    finally:
        source.close()
    descriptor = os.open(part, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
