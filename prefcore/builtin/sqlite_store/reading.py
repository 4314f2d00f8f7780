"""Reading a store: one consistent view of sets, keys, schema versions, and (see log) the past."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from prefcore.builtin.sqlite_store.connection import translated
from prefcore.builtin.sqlite_store.connections import Connections
from prefcore.builtin.sqlite_store.intervals import Names, names_of
from prefcore.builtin.sqlite_store.log import LogView, among
from prefcore.builtin.sqlite_store.records import records
from prefcore.builtin.sqlite_store.texts import as_text
from prefcore.interfaces import KeyState
from prefcore.model import (
    AppState,
    PreferenceSet,
    Record,
    Row,
    SchemaVersion,
    Selection,
    from_micros,
)
from prefcore.values import from_text

__all__ = ["EVERYTHING", "SqliteSnapshot", "opened_snapshot"]

#: Making one for each set would take as long as finding it.
EVERYTHING = Selection()

_OWNER = """
SELECT o.app_id, o.id FROM owners o JOIN apps a ON a.id = o.app_id
WHERE a.name = ? AND o.scope = ? AND o.name = ?
"""
_HELD = """
SELECT key_id, value, at, provenance_id FROM entries
WHERE owner_id = ? AND value IS NOT NULL
"""


#: So many rows of a set are read in the time in which one is looked up.
_LOOK_UP = 4


@contextmanager
def opened_snapshot(connections: Connections) -> Iterator[SqliteSnapshot]:
    """Give a snapshot on a connection of its own, and end it."""
    connection, pid = connections.open(), os.getpid()
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM apps LIMIT 1").fetchone()  # the view begins here
        yield SqliteSnapshot(connection)
    except sqlite3.Error as error:
        raise translated(error, connections.path) from error
    finally:
        connections.give_back(connection, pid=pid)


class SqliteSnapshot(LogView):
    """One consistent view; see ``prefcore.interfaces.Snapshot``."""

    # ------------------------------------------------------------------ applications, sets

    def apps(self) -> list[str]:
        rows = self._db.execute(
            "SELECT name FROM apps WHERE id IN (SELECT app_id FROM changesets) ORDER BY name"
        )
        return [as_text(row[0], "the name of an application") for row in rows]

    def version(self, app: str) -> str | None:
        return self._app(app)[1]

    def state(self, app: str) -> AppState:
        app_id, version = self._app(app)
        sets, entries = self._db.execute(
            "SELECT count(DISTINCT e.owner_id), count(*) FROM owners o "
            "CROSS JOIN entries e ON e.owner_id = o.id WHERE o.app_id = ? AND e.value IS NOT NULL",
            (app_id,),
        ).fetchone()
        last = self._db.execute(
            "SELECT id FROM changesets WHERE app_id = ? ORDER BY rev DESC LIMIT 1", (app_id,)
        ).fetchone()
        return AppState(app, version, last[0] if last else None, sets, entries)

    def read_set(self, app: str, scope: str, owner: str) -> PreferenceSet:
        found = self._db.execute(_OWNER, (app, str(scope), owner)).fetchone()
        if found is None:
            return PreferenceSet(scope, owner)
        names = self._names(found[0], EVERYTHING)
        return PreferenceSet(scope, owner, self._rows(found[1], names))

    def _rows(self, owner_id: int, names: Mapping[int, str]) -> list[Row]:
        """Give what an owner holds, sorted by key."""
        provenance, held = self._provenance, self._held_by(owner_id)
        return sorted([(names[key], text, at, *provenance[by]) for key, text, at, by in held])

    def _held_by(self, owner_id: int) -> Iterable[tuple[int, str, int, int]]:
        """Give what an owner holds: key id, text, time and provenance id of each."""
        return self._db.execute(_HELD, (owner_id,))

    def sets(
        self, app: str, selection: Selection = Selection(), *, at: int | None = None
    ) -> Iterator[PreferenceSet]:
        if at is not None:
            yield from self._sets_at(app, selection, at)
            return
        app_id, _ = self._app(app)
        names, provenance = self._names(app_id, selection), self._provenance
        every = self._names(app_id, EVERYTHING)
        # Few keys are looked up. Of many, the others are left out: a look-up costs more than a row.
        few = len(names) * _LOOK_UP < len(every)
        which, wanted = among("key_id", names) if few else ("", [])
        for owner_id, scope, owner in self._owners(app_id, selection):
            held: Iterable[tuple[int, str, int, int]]
            if few:
                held = self._db.execute(_HELD + which, (owner_id, *wanted))
            elif len(names) < len(every):
                held = [cell for cell in self._held_by(owner_id) if cell[0] in names]
            else:
                held = self._held_by(owner_id)
            rows = [(names[key], text, at, *provenance[by]) for key, text, at, by in held]
            if rows:
                yield PreferenceSet(scope, owner, sorted(rows))

    def keys(self, app: str) -> list[KeyState]:
        app_id, _ = self._app(app)
        held: dict[int, int] = dict(
            self._db.execute(
                "SELECT e.key_id, count(*) FROM owners o CROSS JOIN entries e "
                "ON e.owner_id = o.id WHERE o.app_id = ? AND e.value IS NOT NULL GROUP BY 1",
                (app_id,),
            ).fetchall()
        )
        rows = self._db.execute(
            "SELECT id, name, uuid FROM keys WHERE app_id = ? AND name IS NOT NULL ORDER BY name",
            (app_id,),
        )
        return [KeyState(name, uuid, held.get(id, 0)) for id, name, uuid in rows]

    def names(self, app: str) -> dict[str, Names]:
        return names_of(self._db, self._app(app)[0])

    def held(self, app: str, key: str) -> Iterator[tuple[str, str, Row]]:
        key_id = self._key(app, key)
        rows = self._db.execute(
            "SELECT o.scope, o.name, e.value, e.at, e.provenance_id FROM owners o "
            "CROSS JOIN entries e ON e.owner_id = o.id AND e.key_id = ? "
            "WHERE o.app_id = ? AND e.value IS NOT NULL ORDER BY o.scope, o.name",
            (key_id, self._app(app)[0]),
        )
        for scope, owner, *cell in rows:
            as_text(owner, "the name of an owner")
            yield scope, owner, self._row(key, *cell)

    # ----------------------------------------------------------------------- schema versions

    def schema(self, app: str, version: str) -> str | None:
        row = self._db.execute(
            "SELECT text FROM versions WHERE app_id = ? AND version = ?",
            (self._app(app)[0], version),
        ).fetchone()
        return as_text(row[0], f"schema {version}") if row else None

    def schema_versions(self, app: str) -> list[SchemaVersion]:
        rows = self._db.execute(
            "SELECT version, digest, registered_at, registered_by, applied_at, applied_by, facts "
            "FROM versions WHERE app_id = ? ORDER BY id",
            (self._app(app)[0],),
        )
        return [
            SchemaVersion(
                as_text(version, "a schema version"),
                as_text(digest, f"a digest of schema {version}"),
                registered_at=from_micros(registered_at),
                registered_by=as_text(registered_by, f"who registered schema {version}"),
                applied_at=None if applied_at is None else from_micros(applied_at),
                applied_by=as_text(applied_by or "", f"who applied schema {version}"),
                facts=from_text(facts),  # type: ignore[arg-type]  # ours: an object
            )
            for version, digest, registered_at, registered_by, applied_at, applied_by, facts in rows
        ]

    # ------------------------------------------------------------------------- whole state

    def records(self) -> Iterator[Record]:
        return records(self._db)
