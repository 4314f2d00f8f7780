"""The SQLite store itself: connections per thread and process, point reads, and the way in.

On the start-up path of `prefcore get`: what only other commands need is imported where it is used.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from prefcore.builtin.sqlite_store.connection import connect, prepare, translated
from prefcore.errors import ReadOnly, StoreMoved

if TYPE_CHECKING:
    from prefcore.builtin.sqlite_store.reading import SqliteSnapshot
    from prefcore.builtin.sqlite_store.writing import SqliteTransaction
    from prefcore.interfaces import Layer, SafetyCopy, StoreProblem
    from prefcore.model import Draft

__all__ = ["SqliteStore"]

_OWNER = """
SELECT o.id FROM owners o JOIN apps a ON a.id = o.app_id
WHERE a.name = ? AND o.scope = ? AND o.name = ?
"""
_KEY = "SELECT k.id FROM keys k JOIN apps a ON a.id = k.app_id WHERE a.name = ? AND k.name = ?"
_PROVENANCE = "SELECT source, actor FROM provenance WHERE id = ?"
_DECLARATION = """
SELECT v.version, d.text FROM apps a JOIN versions v ON v.id = a.version_id
LEFT JOIN declarations d ON d.version_id = v.id AND d.key = ?2 WHERE a.name = ?1
"""

# A forked child must neither use nor close its parent's connections
# (https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_file_across_a_fork_),
# so they are kept here, out of the reach of the garbage collector.
_of_parents: list[object] = []


class SqliteStore:
    """A store in one SQLite file, at ``sqlite:PATH``.

    Safe to share between threads: each gets a connection of its own, and so does a forked child.
    """

    def __init__(self, path: str, *, read_only: bool) -> None:
        self.path = path
        self.url = f"sqlite:{path}"
        self.read_only = read_only
        self._fresh_connections()

    @classmethod
    def open(cls, url: str, *, create: bool = False, read_only: bool = False) -> SqliteStore:
        """Open the store of a URL such as ``sqlite:/home/me/prefs.db``.

        A file that cannot be written opens for reading. Raises NotFound (nothing there, and not
        ``create``), ForeignFile, DamagedStore, NewerFormat, NotPermitted, NoSpace or LockedError;
        a file that is refused is left as it was, byte for byte.
        """
        path = os.path.abspath(os.path.expanduser(url.partition(":")[2]))
        only_readable = prepare(path, create=create, read_only=read_only)
        return cls(path, read_only=only_readable)

    def _fresh_connections(self) -> None:
        self._pid = os.getpid()
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        # Ids never change while the epoch stands, which every point read checks.
        self._ids: dict[tuple[str, ...], int] = {}
        self._provenance: dict[int, tuple[str, str]] = {}
        self._checked: tuple[str, int | None, str | None] = ("", -1, None)

    def reader(self) -> sqlite3.Connection:
        """Give this thread's connection for reads outside of snapshots and changesets."""
        if self._pid != os.getpid():
            _of_parents.append((self._local, self._all))
            self._fresh_connections()
        connection: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if connection is None:
            connection = self._local.reader = self.connect()
        return connection

    def writer(self) -> sqlite3.Connection:
        """Give this thread's connection for changesets: its reads must not see half-done ones."""
        self.reader()  # notices a fork
        connection: sqlite3.Connection | None = getattr(self._local, "writer", None)
        if connection is None:
            connection = self._local.writer = self.connect()
        return connection

    def connect(self) -> sqlite3.Connection:
        """Open a further connection, closed with the store."""
        connection = connect(self.path, read_only=self.read_only)
        self._all.append(connection)
        return connection

    def disconnect(self, connection: sqlite3.Connection) -> None:
        """Close a connection that ``connect`` gave."""
        if connection in self._all:  # else the store was closed first, and the connection with it
            self._all.remove(connection)
        connection.close()

    def layers(
        self, app: str, version: str | None, key: str, sets: Sequence[tuple[str, str]]
    ) -> list[Layer]:
        """Give what each of the sets holds for one key; see ``prefcore.interfaces.Store``."""
        try:
            return self._layers(app, version, key, sets)
        except sqlite3.Error as error:
            raise translated(error, self.path) from error

    def _layers(
        self, app: str, version: str | None, key: str, sets: Sequence[tuple[str, str]]
    ) -> list[Layer]:
        connection = self.reader()
        ids = self._ids
        arguments = []
        for scope, owner in sets:
            arguments += [
                ids.get((app, scope, owner)) or self._find(_OWNER, (app, scope, owner)),
                ids.get((app, key)) or self._find(_KEY, (app, key)),
            ]
        statement = _statements.get(len(sets)) or _layers_statement(len(sets))
        row = connection.execute(statement, (*arguments, app)).fetchone()
        epoch = row[0] if row else None
        if (app, epoch, version) != self._checked:
            self._check_version(app, epoch, version)
            return self._layers(app, version, key, sets)  # names may have moved with the version
        found: list[Layer] = []
        provenance = self._provenance
        for i, (scope, owner) in enumerate(sets):
            text, at, by = row[3 * i + 1 : 3 * i + 4] if row else (None, 0, 0)
            if text is not None:
                source, actor = provenance.get(by) or self._find_provenance(by)
                found.append((scope, owner, text, at, source, actor))
        return found

    def _find(self, statement: str, names: tuple[str, ...]) -> int:
        """Give the id of an owner or key by its names; 0, which no row has, where there is none."""
        row = self.reader().execute(statement, names).fetchone()
        if row is None:
            return 0
        self._ids[names] = row[0]
        return int(row[0])

    def _find_provenance(self, id: int) -> tuple[str, str]:
        row = self.reader().execute(_PROVENANCE, (id,)).fetchone()
        self._provenance[id] = (row[0], row[1])
        return self._provenance[id]

    def _check_version(self, app: str, epoch: int | None, version: str | None) -> None:
        in_force = self.declaration(app, "")[0]
        if in_force != version:
            raise self.moved(app, version, in_force)
        self._ids.clear()
        self._checked = (app, epoch, version)

    def declaration(self, app: str, key: str) -> tuple[str | None, str | None]:
        """Give the version in force and its declaration of a key, as text."""
        try:
            row = self.reader().execute(_DECLARATION, (app, key)).fetchone()
        except sqlite3.Error as error:
            raise translated(error, self.path) from error
        return (row[0], row[1]) if row else (None, None)

    def moved(self, app: str, expected: str | None, found: str | None) -> StoreMoved:
        """Give the error for a store that is at another version than its user thinks."""
        return StoreMoved(
            f"{self.path}: {app} is at schema version {found}, not {expected} as when it was "
            "opened; another process migrated it, open it again",
            expected=expected,
            found=found,
        )

    def _refuse_if_read_only(self) -> None:
        if self.read_only:
            raise ReadOnly(f"{self.path} can only be read; nothing was changed", path=self.path)

    def snapshot(self) -> AbstractContextManager[SqliteSnapshot]:
        """Open one consistent view, on a connection of its own."""
        from prefcore.builtin.sqlite_store.reading import opened_snapshot

        return opened_snapshot(self)

    def changeset(
        self, draft: Draft, *, version: str | None
    ) -> AbstractContextManager[SqliteTransaction]:
        """Begin a changeset under the write lock; see ``prefcore.interfaces.Store``."""
        from prefcore.builtin.sqlite_store.writing import opened_transaction

        self._refuse_if_read_only()
        return opened_transaction(self, draft, version)

    def save_copy(self, reason: str) -> SafetyCopy:
        """Keep a copy of the state as last committed beside the store; the last three stay."""
        from prefcore.builtin.sqlite_store.copies import save_copy

        self._refuse_if_read_only()
        return save_copy(self, reason)

    def copies(self) -> list[SafetyCopy]:
        """Give the safety copies, newest first."""
        from prefcore.builtin.sqlite_store.copies import list_copies

        return list_copies(self.path)

    def restore_copy(self, id: str) -> None:
        """Put the whole state back to a safety copy; raises NotFound or ReadOnly."""
        from prefcore.builtin.sqlite_store.copies import restore_copy

        self._refuse_if_read_only()
        restore_copy(self, id)

    def check(self) -> Iterator[StoreProblem]:
        """Look for damage, and for parts that disagree."""
        from prefcore.builtin.sqlite_store.checking import check

        return check(self)

    def close(self) -> None:
        """Give up the connections of every thread of this process."""
        if self._pid == os.getpid():
            while self._all:
                self._all.pop().close()
        self._fresh_connections()


_statements: dict[int, str] = {}


def _layers_statement(sets: int) -> str:
    """Give the statement that reads one key in so many sets: one row, primary-key look-ups only."""
    columns = "".join(f", e{i}.value, e{i}.at, e{i}.provenance_id" for i in range(sets))
    joins = " ".join(
        f"LEFT JOIN entries e{i} ON e{i}.owner_id = ? AND e{i}.key_id = ?" for i in range(sets)
    )
    statement = f"SELECT a.epoch{columns} FROM apps a {joins} WHERE a.name = ?"
    return _statements.setdefault(sets, statement)
