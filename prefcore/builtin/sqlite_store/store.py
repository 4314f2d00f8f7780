"""The SQLite store itself: the way in, and point reads.

On the start-up path of `prefcore get`: what only other commands need is imported where it is used.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from prefcore.builtin.sqlite_store.connection import moved, prepare, translated
from prefcore.builtin.sqlite_store.connections import Connections
from prefcore.builtin.sqlite_store.texts import as_text
from prefcore.errors import ReadOnly

if TYPE_CHECKING:
    from prefcore.builtin.sqlite_store.reading import SqliteSnapshot
    from prefcore.builtin.sqlite_store.writing import SqliteTransaction
    from prefcore.interfaces import Layer, SafetyCopy, StoreProblem
    from prefcore.model import Draft, PreferenceSet, Record

__all__ = ["SqliteStore"]

_OWNER = """
SELECT o.id FROM owners o JOIN apps a ON a.id = o.app_id
WHERE a.name = ? AND o.scope = ? AND o.name = ?
"""
_KEY = "SELECT k.id FROM keys k JOIN apps a ON a.id = k.app_id WHERE a.name = ? AND k.name = ?"
_PROVENANCE = "SELECT source, actor FROM provenance WHERE id = ?"
_DECLARATION = """
SELECT v.version, d.text FROM apps a JOIN versions v ON v.id = a.version_id
LEFT JOIN declarations d ON d.version_id = v.id AND d.key = ? WHERE a.name = ?
"""


class _Known:
    """Ids by name, and that there is none: they hold while the epoch stands that they were read at.

    Every point read compares its row's epoch with that of the ids it used, and begins another one
    of these where they differ; a thread that still uses the old one finds that out for itself.
    """

    __slots__ = ("at", "ids", "provenance")

    def __init__(self, app: str, epoch: int | None, version: str | None) -> None:
        self.at = (app, epoch, version)
        self.ids: dict[tuple[str, ...], int] = {}
        self.provenance: dict[int, tuple[str, str]] = {}


class SqliteStore:
    """A store in one SQLite file, at ``sqlite:PATH``.

    Safe to share between threads: each gets a connection of its own, and so does a forked child.
    """

    def __init__(self, path: str, *, read_only: bool) -> None:
        self.path = path
        self.url = f"sqlite:{path}"
        self.read_only = read_only
        self._connections = Connections(path, read_only=read_only)
        self._forget()

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

    def _forget(self) -> None:
        self._known = _Known("", -1, None)

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
        connection = self._connections.reader()
        known = self._known
        key_id = self._find(known, _KEY, app, key)
        arguments = []
        for scope, owner in sets:
            arguments += [
                self._find(known, _OWNER, app, scope, owner),
                key_id,
            ]
        statement = _statements.get(len(sets)) or _layers_statement(len(sets))
        row = connection.execute(statement, (*arguments, app)).fetchone()
        epoch = row[0] if row else None
        if (app, epoch, version) != known.at:
            self._check_version(app, version)
            self._known = _Known(app, epoch, version)
            return self._layers(app, version, key, sets)  # names may have moved with the version
        found: list[Layer] = []
        provenance = known.provenance
        for i, (scope, owner) in enumerate(sets):
            text, at, by = row[3 * i + 1 : 3 * i + 4] if row else (None, 0, 0)
            if text is not None:
                source, actor = provenance.get(by) or self._find_provenance(known, by)
                found.append((scope, owner, text, at, source, actor))
        return found

    def _find(self, known: _Known, statement: str, *names: str) -> int:
        """Give the id of an owner or key by its names; 0, which no row has, where there is none."""
        found = known.ids.get(names)
        if found is None:
            row = self._connections.reader().execute(statement, names).fetchone()
            found = known.ids[names] = int(row[0]) if row else 0
        return found

    def _find_provenance(self, known: _Known, id: int) -> tuple[str, str]:
        row = self._connections.reader().execute(_PROVENANCE, (id,)).fetchone()
        source, actor = (as_text(one, "where an entry came from") for one in row)
        known.provenance[id] = (source, actor)
        return known.provenance[id]

    def _check_version(self, app: str, version: str | None) -> None:
        in_force = self.declaration(app, "")[0]
        if in_force != version:
            raise moved(self.path, app, version, in_force)

    def declaration(self, app: str, key: str) -> tuple[str | None, str | None]:
        """Give the version in force and its declaration of a key, as text."""
        try:
            row = self._connections.reader().execute(_DECLARATION, (key, app)).fetchone()
        except sqlite3.Error as error:
            raise translated(error, self.path) from error
        if row is None:
            return None, None
        told = None if row[1] is None else as_text(row[1], f"a declaration of {key}")
        return as_text(row[0], "a schema version"), told

    def _refuse_if_read_only(self) -> None:
        if self.read_only:
            raise ReadOnly(f"{self.path} can only be read; nothing was changed", path=self.path)

    def snapshot(self) -> AbstractContextManager[SqliteSnapshot]:
        """Open one consistent view, on a connection of its own."""
        from prefcore.builtin.sqlite_store.reading import opened_snapshot

        return opened_snapshot(self._connections)

    def changeset(
        self, draft: Draft, *, version: str | None
    ) -> AbstractContextManager[SqliteTransaction]:
        """Begin a changeset under the write lock; see ``prefcore.interfaces.Store``."""
        from prefcore.builtin.sqlite_store.writing import opened_transaction

        self._refuse_if_read_only()
        return opened_transaction(self._connections, draft, version)

    def rehearse(
        self, draft: Draft, *, version: str | None
    ) -> AbstractContextManager[SqliteTransaction]:
        """Begin a changeset that is never kept; see ``prefcore.interfaces.Store``."""
        from prefcore.builtin.sqlite_store.rehearsing import opened_rehearsal

        return opened_rehearsal(self._connections, draft, version)

    def save_copy(self, reason: str) -> SafetyCopy:
        """Keep a copy of the state as last committed beside the store; the last three stay."""
        from prefcore.builtin.sqlite_store.copies import save_copy

        self._refuse_if_read_only()
        return save_copy(self.path, reason)

    def copies(self) -> list[SafetyCopy]:
        """Give the safety copies, newest first."""
        from prefcore.builtin.sqlite_store.copies import list_copies

        return list_copies(self.path)

    def restore_copy(self, id: str) -> None:
        """Put the whole state back to a safety copy; raises NotFound or ReadOnly."""
        from prefcore.builtin.sqlite_store.copies import restore_copy

        self._refuse_if_read_only()
        restore_copy(self._connections, id)

    def load(self, sets: Iterable[PreferenceSet], records: Iterable[Record]) -> None:
        """Put a whole state into this empty store; see ``prefcore.interfaces.Store``."""
        from prefcore.builtin.sqlite_store.loading import load

        self._refuse_if_read_only()
        load(self._connections, sets, records)

    def scrub(self) -> None:
        """Leave nothing in the file and its log that is no longer held."""
        from prefcore.builtin.sqlite_store.resealing import scrub

        self._refuse_if_read_only()
        try:
            scrub(self._connections.writer())
        except sqlite3.Error as error:
            raise translated(error, self.path) from error

    def check(self) -> Iterator[StoreProblem]:
        """Look for damage, and for parts that disagree."""
        from prefcore.builtin.sqlite_store.checking import check

        return check(self._connections)

    def close(self) -> None:
        """Give up the connections of every thread of this process."""
        self._connections.close()
        self._forget()


_statements: dict[int, str] = {}


def _layers_statement(sets: int) -> str:
    """Give the statement that reads one key in so many sets: one row, primary-key look-ups only."""
    columns = "".join(f", e{i}.value, e{i}.at, e{i}.provenance_id" for i in range(sets))
    joins = " ".join(
        f"LEFT JOIN entries e{i} ON e{i}.owner_id = ? AND e{i}.key_id = ?" for i in range(sets)
    )
    statement = f"SELECT a.epoch{columns} FROM apps a {joins} WHERE a.name = ?"
    return _statements.setdefault(sets, statement)
