"""Loading: a whole state put into an empty store, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from hashlib import sha256

from prefcore.audit import is_pruned
from prefcore.builtin.sqlite_store.connection import translated
from prefcore.builtin.sqlite_store.connections import Connections
from prefcore.builtin.sqlite_store.pruning import mark
from prefcore.errors import DamagedDocument, LockedError, UsageError
from prefcore.full_state import (
    AppPart,
    ChangesetPart,
    ChangesPart,
    KeyPart,
    Part,
    PrunedPart,
    SchemaPart,
    read_parts,
)
from prefcore.model import PreferenceSet, Record, Scope, set_fault, to_micros

__all__ = ["load"]

_BATCH = 4096
_SCOPES = frozenset(map(str, Scope))

_WRITE_ENTRY = "INSERT INTO entries VALUES (?, ?, 0, ?, ?, ?)"
_WRITE_CHANGE = "INSERT INTO changes VALUES (?, ?, ?, 0, ?, ?, ?)"
# The revision that stands at the entry is that of the change before this one: changesets come
# oldest first, and each puts its own there when it is done.
_LINK_BACK = """
UPDATE changes SET before_rev = coalesce((SELECT e.rev FROM entries e
  WHERE e.owner_id = changes.owner_id AND e.key_id = changes.key_id), 0) WHERE rev = ?
"""
_PUT_REVISION = """
INSERT INTO entries SELECT owner_id, key_id, rev, ?, ?, NULL FROM changes WHERE rev = ?
ON CONFLICT(owner_id, key_id) DO UPDATE SET rev = excluded.rev
"""
_WRITE_CHANGESET = "INSERT INTO changesets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_IN_FORCE = """
UPDATE apps SET version_id =
  (SELECT v.id FROM versions v WHERE v.app_id = apps.id AND v.version = ?) WHERE id = ?
"""
# What stood before the changes of an application was pruned up to a revision: what did not change
# since then, and the first change since of what did, lead back to there.
_ENTRIES_LEAD_BACK = """
UPDATE entries SET rev = :through
WHERE rev = 0 AND owner_id IN (SELECT id FROM owners WHERE app_id = :app)
"""
_CHANGES_LEAD_BACK = """
UPDATE changes SET before_rev = :through WHERE before_rev = 0 AND value IS NOT NULL
AND owner_id IN (SELECT id FROM owners WHERE app_id = :app)
"""
# What the parts cannot tell without the sets, and so only shows when all is there.
_DISAGREEMENTS = {
    "an entry that the log knows nothing of": "SELECT 1 FROM entries WHERE rev = 0",
    "a first change of an entry that tells of an entry before": (
        "SELECT 1 FROM changes WHERE before_rev = 0 AND value IS NOT NULL"
    ),
    "a set of an application that is not among the records": (
        "SELECT 1 FROM apps WHERE id NOT IN (SELECT app_id FROM changesets)"
    ),
    "an entry of a key that is not among the records": ("SELECT 1 FROM keys WHERE uuid LIKE '?%'"),
}


def load(
    connections: Connections, sets: Iterable[PreferenceSet], records: Iterable[Record]
) -> None:
    """Put in a whole state; see ``prefcore.interfaces.Store.load``."""
    connection = connections.writer()
    if connection.in_transaction:
        raise LockedError(
            f"{connections.path}: a changeset of this thread is still open; end it first"
        )
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if connection.execute("SELECT 1 FROM apps LIMIT 1").fetchone():
                raise UsageError(
                    f"{connections.path} is in use; a whole state goes into a new store only",
                    path=connections.path,
                )
            loading = _Loading(connection)
            loading.sets(sets)
            for part in read_parts(records, takes_pruned=True):
                loading.part(part)
            loading.end()
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise
    except sqlite3.IntegrityError as error:
        raise DamagedDocument(
            f"two records, or two sets, are of the same thing ({error}); get a whole copy"
        ) from error
    except sqlite3.Error as error:
        raise translated(error, connections.path) from error


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # SQLite itself may have ended it, such as on a full disk
        connection.execute("ROLLBACK")


class _Loading:
    """Takes sets, then parts in order; rows of changes and entries are written in batches."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._apps: dict[str, int] = {}
        self._named: dict[tuple[int, str], int] = {}  # keys by application and name
        self._numbered: list[int] = []  # keys by their number in the document
        self._provenance: dict[tuple[str, str], int] = {}
        self._displaced: list[tuple[int, int]] = []
        self._in_force: list[tuple[str | None, int]] = []
        self._pruned: dict[int, int] = {}  # up to which revision, by application
        self._rows: list[tuple[object, ...]] = []
        self._open: ChangesetPart | None = None
        self._owner: tuple[tuple[int, str, str], int] = ((0, "", ""), 0)

    # ------------------------------------------------------------------------------- sets

    def sets(self, sets: Iterable[PreferenceSet]) -> None:
        """Write the entries, under keys that have no UUID and with no revision as yet."""
        last = ("", "", "")
        for one in sets:
            now = (one.app, str(one.scope), one.owner)
            if now <= last:
                raise DamagedDocument(f"the set {one.place} is out of order; get a whole copy")
            if one.scope not in _SCOPES or set_fault(one.scope, one.owner):
                raise DamagedDocument(f"there is no set {one.place}; get a whole copy")
            last = now
            app_id = self._app(one.app)
            owner_id = self._insert("INSERT INTO owners VALUES (NULL, ?, ?, ?)", app_id, *now[1:])
            for key, text, at, source, actor in one.rows:
                key_id = self._named.get((app_id, key)) or self._new_key(app_id, key)
                by = self._provenance.get((source, actor)) or self._new_provenance(source, actor)
                self._rows.append((owner_id, key_id, at, by, text))
            if len(self._rows) >= _BATCH:
                self._flush(_WRITE_ENTRY)
        self._flush(_WRITE_ENTRY)

    def _new_key(self, app_id: int, key: str) -> int:
        stand_in = f"?{app_id} {key}"
        found = self._insert(
            "INSERT INTO keys(app_id, uuid, name) VALUES (?, ?, ?)", app_id, stand_in, key
        )
        self._named[app_id, key] = found
        return found

    # ------------------------------------------------------------------------------ parts

    def part(self, part: Part) -> None:
        """Write what the next part tells."""
        match part:
            case ChangesPart():
                self._changes(part)
            case ChangesetPart():
                self._end_changeset()
                self._changeset(part)
            case KeyPart():
                self._key(part)
            case SchemaPart():
                self._schema(part)
            case PrunedPart():
                self._pruned[self._app(part.app)] = part.revision
            case AppPart():
                self._in_force.append((part.schema, self._app(part.app)))

    def _schema(self, part: SchemaPart) -> None:
        version_id = self._insert(
            "INSERT INTO versions VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._app(part.app),
            part.version,
            "sha256:" + sha256(part.text.encode()).hexdigest(),
            part.text,
            part.registered_at,
            part.registered_by,
            part.applied_at,
            None if part.applied_at is None else part.applied_by,
            part.facts,
        )
        self._db.executemany(
            "INSERT INTO declarations VALUES (?, ?, ?)",
            [(version_id, key, text) for key, text in part.declarations.items()],
        )

    def _key(self, part: KeyPart) -> None:
        app_id = self._app(part.app)
        key_id = self._named.get((app_id, part.name)) if part.name is not None else None
        if key_id is None:
            key_id = self._insert(
                "INSERT INTO keys(app_id, uuid, name) VALUES (?, ?, ?)",
                app_id,
                part.uuid,
                part.name,
            )
        else:
            self._db.execute("UPDATE keys SET uuid = ? WHERE id = ?", (part.uuid, key_id))
        self._numbered.append(key_id)
        if part.displaced is not None:
            self._displaced.append((key_id, part.displaced))
        ends = [revision for revision, _ in part.names[1:]]
        self._db.executemany(
            "INSERT INTO names VALUES (?, ?, ?, ?)",
            [
                (key_id, since, until, name)
                for (since, name), until in zip(part.names, [*ends, None], strict=False)
                if name is not None
            ],
        )

    def _changeset(self, part: ChangesetPart) -> None:
        one = part.changeset
        self._open = part
        self._db.execute(
            _WRITE_CHANGESET,
            (
                one.revision,
                one.id,
                self._app(one.app),
                one.actor,
                one.kind,
                to_micros(one.at),
                one.reason,
                one.changes,
                one.schema_before,
                one.schema_after,
                part.details,
                part.algorithm,
                part.digest,
                part.chain,
            ),
        )
        self._db.executemany(
            "INSERT INTO renames VALUES (?, ?, ?, ?)",
            [(one.revision, n, each.before, each.after) for n, each in enumerate(part.renames)],
        )

    def _changes(self, part: ChangesPart) -> None:
        assert self._open is not None  # read_parts sees to it
        owner_id = self._owner_of(self._open.changeset.app, part.scope, part.owner)
        revision, keys = part.revision, self._numbered
        self._rows += [(revision, owner_id, keys[key], None, None, None) for key in part.added]
        for key, text, at, source, actor in part.before:
            by = self._provenance.get((source, actor)) or self._new_provenance(source, actor)
            self._rows.append((revision, owner_id, keys[key], at, by, text))
        if len(self._rows) >= _BATCH:
            self._flush(_WRITE_CHANGE)

    def _end_changeset(self) -> None:
        """Link the changes of the changeset that ends to those before, and their entries to it."""
        if self._open is None or not self._open.changeset.changes:
            return
        self._flush(_WRITE_CHANGE)
        one = self._open.changeset
        if is_pruned(one, self._pruned.get(self._app(one.app), 0)):
            return
        by = self._provenance.get(("api", one.actor)) or self._new_provenance("api", one.actor)
        self._db.execute(_LINK_BACK, (one.revision,))
        self._db.execute(_PUT_REVISION, (to_micros(one.at), by, one.revision))

    def end(self) -> None:
        """Write what only the last record settled, and see whether all goes together."""
        self._end_changeset()
        self._db.executemany(
            "UPDATE keys SET displaced_id = ? WHERE id = ?",
            [(self._numbered[displaced], key_id) for key_id, displaced in self._displaced],
        )
        self._db.executemany(_PUT_IN_FORCE, self._in_force)
        for app_id, through in self._pruned.items():
            for statement in (_ENTRIES_LEAD_BACK, _CHANGES_LEAD_BACK):
                self._db.execute(statement, {"app": app_id, "through": through})
        if self._pruned:
            mark(self._db)
        for what, statement in _DISAGREEMENTS.items():
            if self._db.execute(f"{statement} LIMIT 1").fetchone():
                raise DamagedDocument(f"the state has {what}; get a whole copy")
        # Whatever another process remembers of this file, such as that there is no such key.
        self._db.execute("UPDATE apps SET epoch = abs(random())")

    # ----------------------------------------------------------------------------- inside

    def _app(self, app: str) -> int:
        found = self._apps.get(app)
        if found is None:
            found = self._apps[app] = self._insert("INSERT INTO apps(name) VALUES (?)", app)
        return found

    def _owner_of(self, app: str, scope: str, owner: str) -> int:
        wanted = (self._app(app), scope, owner)
        if self._owner[0] != wanted:  # a large set has several parts
            row = self._db.execute(
                "SELECT id FROM owners WHERE app_id = ? AND scope = ? AND name = ?", wanted
            ).fetchone()
            statement = "INSERT INTO owners VALUES (NULL, ?, ?, ?)"
            self._owner = (wanted, row[0] if row else self._insert(statement, *wanted))
        return self._owner[1]

    def _new_provenance(self, source: str, actor: str) -> int:
        if len(self._provenance) > _BATCH:
            self._provenance.clear()
        row = self._db.execute(
            "SELECT id FROM provenance WHERE source = ? AND actor = ?", (source, actor)
        ).fetchone()
        found = (
            row[0]
            if row
            else self._insert("INSERT INTO provenance VALUES (NULL, ?, ?)", source, actor)
        )
        self._provenance[source, actor] = found
        return int(found)

    def _insert(self, statement: str, *values: object) -> int:
        row = self._db.execute(statement, values).lastrowid
        assert row is not None
        return row

    def _flush(self, statement: str) -> None:
        self._db.executemany(statement, self._rows)
        self._rows.clear()
