"""Records: the state of a store beside its sets, drawn for a document."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from prefcore.audit import is_pruned
from prefcore.builtin.sqlite_store.intervals import told
from prefcore.builtin.sqlite_store.pruning import pruned_apps
from prefcore.full_state import (
    AppPart,
    ChangedKey,
    ChangesetPart,
    KeyPart,
    Part,
    PrunedPart,
    SchemaPart,
    changes_parts,
)
from prefcore.model import Changeset, Record, Rename, from_micros

__all__ = ["records"]

_APPS = """
SELECT a.name, v.version FROM apps a LEFT JOIN versions v ON v.id = a.version_id
WHERE a.id IN (SELECT app_id FROM changesets) ORDER BY a.name
"""
_IDS = "SELECT name, id FROM apps"
_SCHEMAS = """
SELECT a.name, v.version, v.text, v.registered_at, v.registered_by, v.applied_at, v.applied_by,
       v.facts, v.id
FROM versions v JOIN apps a ON a.id = v.app_id ORDER BY a.name, v.id
"""
_DECLARATIONS = "SELECT key, text FROM declarations WHERE version_id = ?"
_KEYS = """
SELECT k.id, a.name, k.uuid, k.displaced_id FROM keys k JOIN apps a ON a.id = k.app_id
ORDER BY a.name, k.uuid
"""
_NAMES = "SELECT from_rev, to_rev, name FROM names WHERE key_id = ? ORDER BY from_rev"
_CHANGESETS = """
SELECT c.rev, c.id, a.name, c.actor, c.kind, c.at, c.reason, c.changes, c.version_before,
       c.version_after, c.details, c.algorithm, c.digest, c.chain, c.app_id
FROM changesets c JOIN apps a ON a.id = c.app_id ORDER BY c.rev
"""
_RENAMES = "SELECT before, after FROM renames WHERE rev = ? ORDER BY seq"
_COLUMNS = "o.scope, o.name, c.key_id, c.value, c.at, c.provenance_id"
# Few are sorted here; many are drawn by way of the owners, whose index has their order.
_FEW = f"SELECT {_COLUMNS} FROM changes c JOIN owners o ON o.id = c.owner_id WHERE c.rev = ?"
_MANY = f"""
SELECT {_COLUMNS} FROM owners o CROSS JOIN changes c ON c.rev = ? AND c.owner_id = o.id
WHERE o.app_id = ? ORDER BY o.scope, o.name
"""
_MOST_SORTED = 10_000
_MOST_REMEMBERED = 10_000

#: Scope, owner, key id, text before, time and provenance id.
_Row = tuple[str, str, int, str | None, int | None, int | None]


def records(connection: sqlite3.Connection) -> Iterator[Record]:
    """Give the records of everything that was committed, as they are drawn."""
    drawing = _Drawing(connection)
    for part in drawing.parts():
        yield part.record()


class _Drawing:
    """Draws parts in the order of a document; remembers the numbers it gave to keys."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._numbers: dict[int, int] = {}
        self._provenance: dict[int | None, tuple[str, str]] = {None: ("", "")}

    def parts(self) -> Iterator[Part]:
        for app, version in self._db.execute(_APPS):
            yield AppPart(app, version)
        pruned = pruned_apps(self._db)
        named = [(name, pruned[id]) for name, id in self._db.execute(_IDS) if id in pruned]
        yield from (PrunedPart(*one) for one in sorted(named))
        yield from self._schemas()
        yield from self._keys()
        for row in self._db.execute(_CHANGESETS):
            part = self._changeset(row)
            yield part
            if part.changeset.changes and not is_pruned(part.changeset, pruned.get(row[14], 0)):
                yield from self._changes(part.changeset, row[14])

    def _schemas(self) -> Iterator[SchemaPart]:
        for row in self._db.execute(_SCHEMAS):
            app, version, text, at, by, applied_at, applied_by, facts, id = row
            yield SchemaPart(
                app=app,
                version=version,
                text=text,
                declarations=dict(self._db.execute(_DECLARATIONS, (id,)).fetchall()),
                registered_at=at,
                registered_by=by,
                applied_at=applied_at,
                applied_by=applied_by or "",
                facts=facts,
            )

    def _keys(self) -> Iterator[KeyPart]:
        keys = self._db.execute(_KEYS).fetchall()
        self._numbers = {row[0]: number for number, row in enumerate(keys)}
        for key_id, app, uuid, displaced in keys:
            waiting = None if displaced is None else self._numbers[displaced]
            names = told(self._db.execute(_NAMES, (key_id,)).fetchall())
            yield KeyPart(app, self._numbers[key_id], uuid, names, waiting)

    def _changeset(self, row: tuple[Any, ...]) -> ChangesetPart:
        revision, id, app, actor, kind, at, reason, changes, before, after, details, *link = row[
            :14
        ]
        moment = from_micros(at)
        algorithm, digest, chain = link
        return ChangesetPart(
            changeset=Changeset(
                id, revision, app, actor, kind, moment, reason, changes, before, after
            ),
            details=details,
            renames=tuple(Rename(*names) for names in self._db.execute(_RENAMES, (revision,))),
            algorithm=algorithm,
            digest=digest,
            chain=chain,
        )

    def _changes(self, one: Changeset, app_id: int) -> Iterator[Part]:
        rows: Iterable[_Row]
        if one.changes <= _MOST_SORTED:
            found = self._db.execute(_FEW, (one.revision,)).fetchall()
            rows = sorted(found, key=itemgetter(0, 1))
        else:
            rows = self._db.execute(_MANY, (one.revision, app_id))
        for (scope, owner), group in groupby(rows, key=itemgetter(0, 1)):
            changed = sorted(map(self._changed, group))
            yield from changes_parts(one.revision, scope, owner, changed)

    def _changed(self, row: _Row) -> ChangedKey:
        key_id, text, at, by = row[2:]
        source, actor = self._provenance.get(by) or self._provenance_of(by)
        return self._numbers[key_id], text, at or 0, source, actor

    def _provenance_of(self, id: int | None) -> tuple[str, str]:
        if len(self._provenance) > _MOST_REMEMBERED:
            self._provenance = {None: ("", "")}
        row = self._db.execute("SELECT source, actor FROM provenance WHERE id = ?", (id,))
        source, actor = row.fetchone()
        self._provenance[id] = (source, actor)
        return source, actor
