"""The connections to one store file: each thread has its own, and so does a forked child."""

from __future__ import annotations

import os
import sqlite3
import threading

from prefcore.builtin.sqlite_store.connection import connect, write_ahead
from prefcore.errors import StoreMoved, UsageError

__all__ = ["Connections", "keep_of_parent"]

# A forked child must neither use nor close its parent's connections
# (https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_file_across_a_fork_),
# so they are kept here, out of the reach of the garbage collector.
_of_parents: list[object] = []


def keep_of_parent(connection: object) -> None:
    """Leave a connection of the parent process as it is: neither used nor closed."""
    _of_parents.append(connection)


class Connections:
    """Hands out connections to the store at ``path``; safe to share between threads."""

    def __init__(self, path: str, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._file = _file_at(path)
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []

    def reader(self) -> sqlite3.Connection:
        """Give this thread's connection for reads outside of snapshots and changesets."""
        if self._pid != os.getpid():
            _of_parents.append((self._local, self._all))
            self._begin()
        connection: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if connection is None:
            connection = self._local.reader = self.open()
        return connection

    def writer(self) -> sqlite3.Connection:
        """Give this thread's connection for changesets: its reads must not see half-done ones."""
        self.reader()  # notices a fork
        self._check_file()
        connection: sqlite3.Connection | None = getattr(self._local, "writer", None)
        if connection is None:
            connection = self._local.writer = self.open()
            write_ahead(connection)
        return connection

    def open(self) -> sqlite3.Connection:
        """Open a further connection, closed with the others.

        Raises UsageError once the store was closed, and StoreMoved when the file at its path is
        another one by now.
        """
        if self._closed:
            raise UsageError(f"the store {self.path} was closed; open it again")
        self._check_file()
        connection = connect(self.path, read_only=self.read_only)
        self._all.append(connection)
        return connection

    def give_back(self, connection: sqlite3.Connection, *, pid: int) -> None:
        """Close a connection that ``open`` gave in that process."""
        if pid != os.getpid():
            keep_of_parent(connection)
            return
        if connection in self._all:  # else all were closed first, as when a reader lingers
            self._all.remove(connection)
        connection.close()

    def close(self) -> None:
        """Close the connections of every thread of this process, for good."""
        self._closed = True
        if self._pid == os.getpid():
            while self._all:
                self._all.pop().close()
        self._begin()

    def _check_file(self) -> None:
        """Refuse to go on where the file was deleted or replaced: what we wrote would be lost."""
        if _file_at(self.path) != self._file:
            raise StoreMoved(
                f"{self.path} was deleted or replaced while it was open; open it again",
                path=self.path,
            )


def _file_at(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
