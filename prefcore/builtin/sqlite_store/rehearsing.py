"""Rehearsing: a changeset on a private copy of the store, which vanishes with it.

The copy is a temporary database of SQLite's own: in memory while it is small, else in a file that
has no name as soon as it is open (https://www.sqlite.org/inmemorydb.html#temp_db), so that not
even a kill leaves it behind.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from prefcore.builtin.sqlite_store.connection import moved, translated
from prefcore.builtin.sqlite_store.connections import Connections, keep_of_parent
from prefcore.builtin.sqlite_store.writing import SqliteTransaction
from prefcore.errors import NoSpace
from prefcore.model import Draft

__all__ = ["opened_rehearsal"]


@contextmanager
def opened_rehearsal(
    connections: Connections, draft: Draft, version: str | None
) -> Iterator[SqliteTransaction]:
    """Give a transaction on a copy of the store as last committed; nothing of it is kept."""
    copy, pid = sqlite3.connect("", isolation_level=None, check_same_thread=False), os.getpid()
    try:
        _copy(connections, copy)
        copy.execute("BEGIN")
        transaction = SqliteTransaction(copy, draft)
        if transaction.version_before != version:
            raise moved(connections.path, draft.app, version, transaction.version_before)
        yield transaction
    except sqlite3.Error as error:
        raise _translated(error, connections.path) from error
    finally:
        if pid == os.getpid():
            copy.close()
        else:  # closing would roll back in the file that a forked child shares with its parent
            keep_of_parent(copy)


def _copy(connections: Connections, copy: sqlite3.Connection) -> None:
    """Fill the copy from one consistent view of the store: 30 ms for a million entries."""
    source = connections.open()
    try:
        source.backup(copy)
        copy.execute("PRAGMA synchronous = OFF")  # it need not survive anything
    finally:
        connections.give_back(source, pid=os.getpid())


def _translated(error: sqlite3.Error, path: str) -> Exception:
    # The store itself is only read here, so whatever could not be written is the copy.
    if getattr(error, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_IOERR_WRITE"):
        return NoSpace(
            f"{path}: no space left for the private copy that a plan is made on; free some in the "
            "folder of temporary files, or name another in SQLITE_TMPDIR",
            path=path,
        )
    return translated(error, path)
