"""Reading a store: one consistent view of sets, keys, schema versions, and (see log) the past."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter

from prefcore.builtin.sqlite_store.connection import translated
from prefcore.builtin.sqlite_store.connections import Connections
from prefcore.builtin.sqlite_store.log import LogView
from prefcore.builtin.sqlite_store.records import records
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

__all__ = ["SqliteSnapshot", "opened_snapshot"]

_SETS = """
SELECT o.id, o.scope, o.name, e.key_id, e.value, e.at, e.provenance_id
FROM owners o CROSS JOIN entries e ON e.owner_id = o.id
WHERE o.app_id = ? AND e.value IS NOT NULL {which}
ORDER BY o.scope, o.name
"""


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
        return [row[0] for row in rows]

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
        found = self.sets(app, Selection((scope,), (owner,)))
        return next(iter(found), PreferenceSet(scope, owner))

    def sets(
        self, app: str, selection: Selection = Selection(), *, at: int | None = None
    ) -> Iterator[PreferenceSet]:
        if at is not None:
            yield from self._sets_at(app, selection, at)
            return
        app_id, _ = self._app(app)
        names = self._names(app_id, selection)
        which = []
        arguments: list[object] = [app_id]
        for column, wanted in (("o.scope", selection.scopes), ("o.name", selection.owners)):
            if wanted:
                which.append(f"AND {column} IN ({', '.join('?' * len(wanted))})")
                arguments += map(str, wanted)
        if selection.keys:
            if len(names) > 500:  # SQLite takes 999 arguments where it is old
                which.append("AND e.key_id IN (SELECT value FROM json_each(?))")
                arguments.append(json.dumps(list(names)))
            else:
                which.append(f"AND e.key_id IN ({', '.join('?' * len(names))})")
                arguments += names
        rows = self._db.execute(_SETS.format(which=" ".join(which)), arguments)
        provenance = self._provenance_of
        for (_, scope, owner), group in groupby(rows, key=itemgetter(0, 1, 2)):
            yield PreferenceSet(
                scope,
                owner,
                sorted(
                    (names[key], text, at, *provenance(by)) for _, _, _, key, text, at, by in group
                ),
            )

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

    def held(self, app: str, key: str) -> Iterator[tuple[str, str, Row]]:
        key_id = self._key(app, key)
        rows = self._db.execute(
            "SELECT o.scope, o.name, e.value, e.at, e.provenance_id FROM owners o "
            "CROSS JOIN entries e ON e.owner_id = o.id AND e.key_id = ? "
            "WHERE o.app_id = ? AND e.value IS NOT NULL ORDER BY o.scope, o.name",
            (key_id, self._app(app)[0]),
        )
        for scope, owner, *cell in rows:
            yield scope, owner, self._row(key, *cell)

    # ----------------------------------------------------------------------- schema versions

    def schema(self, app: str, version: str) -> str | None:
        row = self._db.execute(
            "SELECT text FROM versions WHERE app_id = ? AND version = ?",
            (self._app(app)[0], version),
        ).fetchone()
        return row[0] if row else None

    def schema_versions(self, app: str) -> list[SchemaVersion]:
        rows = self._db.execute(
            "SELECT version, digest, registered_at, registered_by, applied_at, applied_by, facts "
            "FROM versions WHERE app_id = ? ORDER BY id",
            (self._app(app)[0],),
        )
        return [
            SchemaVersion(
                version,
                digest,
                registered_at=from_micros(registered_at),
                registered_by=registered_by,
                applied_at=None if applied_at is None else from_micros(applied_at),
                applied_by=applied_by or "",
                facts=from_text(facts),  # type: ignore[arg-type]  # ours: an object
            )
            for version, digest, registered_at, registered_by, applied_at, applied_by, facts in rows
        ]

    # ------------------------------------------------------------------------- whole state

    def records(self) -> Iterator[Record]:
        return records(self._db)
