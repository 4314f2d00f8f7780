"""Writing a store: one changeset, its changes, its audit record, in one transaction."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from operator import itemgetter, lt
from typing import cast
from uuid import uuid4

from prefcore.audit import ALGORITHM, FIRST, ChangesetDigest, chain
from prefcore.builtin.sqlite_store.cells import Cells
from prefcore.builtin.sqlite_store.connection import moved, translated
from prefcore.builtin.sqlite_store.connections import Connections
from prefcore.builtin.sqlite_store.ids import Ids
from prefcore.builtin.sqlite_store.reading import SqliteSnapshot
from prefcore.builtin.sqlite_store.resealing import Place, reseal
from prefcore.errors import ConflictError, InvalidSchema, LockedError, NotFound, UsageError
from prefcore.interfaces import SealedCell, Summary
from prefcore.model import (
    Change,
    Changeset,
    Draft,
    Record,
    Rename,
    Row,
    Scope,
    from_micros,
    to_micros,
)
from prefcore.values import canonical_text, same_text

__all__ = ["SqliteTransaction", "opened_transaction"]

_WRITE_ENTRY = """
INSERT INTO entries(owner_id, key_id, rev, at, provenance_id, value) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT(owner_id, key_id) DO UPDATE SET
  rev = excluded.rev, at = excluded.at, provenance_id = excluded.provenance_id,
  value = excluded.value
"""
_WRITE_CHANGESET = """
INSERT INTO changesets(rev, id, app_id, at, actor, kind, reason, changes,
                       version_before, version_after, details, algorithm, digest, chain)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_LAST_LINK = "SELECT rev, chain FROM changesets ORDER BY rev DESC LIMIT 1"
_DISPLACED = "SELECT displaced_id FROM keys WHERE id = ?"
_RENAMES = "SELECT before, after FROM renames WHERE rev = ? ORDER BY seq"
_SAME_AGAIN = """
SELECT c.owner_id, c.key_id, c.before_rev, c.at, c.provenance_id, c.value
FROM changes c JOIN entries e ON e.owner_id = c.owner_id AND e.key_id = c.key_id
WHERE c.rev = ? AND (e.value IS c.value OR same_text(e.value, c.value))
"""
_ALL_OF = "SELECT key_id, rev, at, provenance_id, value FROM entries WHERE owner_id = ?"
_ADDED_AND_REMOVED = """
SELECT coalesce(sum(c.value IS NULL), 0), coalesce(sum(e.value IS NULL), 0)
FROM changes c JOIN entries e ON e.owner_id = c.owner_id AND e.key_id = c.key_id
WHERE c.rev = ? AND (c.value IS NULL OR e.value IS NULL)
"""
#: From so many rows on, a set's entries are read at once instead of one by one.
_MANY = 8

#: Revision of the last change, time, provenance and text (None: removed) of an entry.
_Held = tuple[int, int | None, int | None, str | None]
_NOTHING: _Held = (0, None, None, None)
#: Key id, and the above.
_Cell = tuple[int, int, int | None, int | None, str | None]
_NOBODY: tuple[int, Sequence[_Cell]] = (0, ())
#: Key, and the texts before and after.
_Told = tuple[str, str | None, str | None]


@contextmanager
def opened_transaction(
    connections: Connections, draft: Draft, version: str | None
) -> Iterator[SqliteTransaction]:
    """Give a transaction under the write lock; commit it, or leave the store as it was."""
    connection = connections.writer()
    if connection.in_transaction:
        raise LockedError(
            f"{connections.path}: a changeset of this thread is still open; end it first"
        )
    pid = os.getpid()
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            transaction = SqliteTransaction(connection, draft)
            if transaction.version_before != version:
                raise moved(connections.path, draft.app, version, transaction.version_before)
            yield transaction
            if pid != os.getpid():
                raise UsageError(
                    f"{connections.path}: this changeset was begun in the parent process, and only "
                    "that can end it; a forked child begins its own"
                )
            transaction.finish()
        except BaseException:
            if pid == os.getpid():  # the parent's transaction is not ours to end
                _roll_back(connection)
            raise
    except sqlite3.Error as error:
        raise translated(error, connections.path) from error


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # SQLite itself may have ended it, such as on a full disk
        connection.execute("ROLLBACK")


class SqliteTransaction(SqliteSnapshot):
    """One changeset in the making; see ``prefcore.interfaces.Transaction``."""

    def __init__(self, connection: sqlite3.Connection, draft: Draft) -> None:
        super().__init__(connection)
        self._draft = draft
        self._at = to_micros(draft.at)
        self.kind_in_making = draft.kind
        app_id, self.version_before = self._app(draft.app)
        self.version_after = self.version_before
        last = connection.execute(_LAST_LINK).fetchone() or (0, FIRST)
        self.revision, self._previous_link = last[0] + 1, last[1]
        self._ids = Ids(connection, draft.app, app_id, self.revision)
        # Hashes entries as they are written, while they come in order and each once; after
        # that the tables tell them in order at the end.
        self._hashed: ChangesetDigest | None = ChangesetDigest()
        self._last_hashed = ("", "", "")
        self._summed: ChangesetDigest | None = None  # what the tables told, until the next write
        self._count_hashed = 0
        self._cells = Cells(connection)
        # The owner last read, and what its entries hold and held, until anything is written.
        self._read = _NOBODY
        self._effects = 0  # renames, registered and applied versions
        self._rewritten = False  # an entry was changed twice: it may be as before again
        self._resealed = False
        self._details = draft.details
        self._abandoned = False
        self._result: Changeset | None = None

    @property
    def _names_known(self) -> int:
        return self._ids.made_keys + self._effects

    # ------------------------------------------------------------------------------ entries

    def write(self, scope: str, owner: str, rows: Iterable[Row]) -> int:
        rows = list(rows)
        scope = Scope.named(scope)
        owner_id = self._ids.owner(scope, owner)
        keys = [row[0] for row in rows]
        if self._ids.takes_new(owner_id) and all(map(lt, keys, islice(keys, 1, None))):
            return self._add(scope, owner, owner_id, rows)
        by = self._ids.provenances
        cells = [(key, at, by[source, actor], text) for key, text, at, source, actor in rows]
        return self._put(scope, owner, owner_id, cells)

    def remove(self, scope: str, owner: str, keys: Iterable[str]) -> int:
        owner_id = self._ids.find_owner(scope, owner)
        by = self._ids.provenances["api", self._draft.actor]
        cells = [(key, self._at, by, None) for key in dict.fromkeys(keys)]
        return self._put(scope, owner, owner_id, cells) if owner_id else 0

    def _add(self, scope: str, owner: str, owner_id: int, rows: Sequence[Row]) -> int:
        """Write the first entries of an owner; they come sorted by key, each once."""
        known, made, by = self._ids.keys, self._ids.key, self._ids.provenances
        revision = self.revision
        flat: list[object] = []
        for key, text, at, source, actor in rows:
            key_id = known.get(key) or made(key)
            flat += (owner_id, revision, key_id, at, by[source, actor], text)
        if rows:
            self._read = _NOBODY
            self._cells.add(owner_id, flat)
            self._hash(scope, owner, [(row[0], None, row[1]) for row in rows])
        return len(rows)

    def _put(
        self,
        scope: str,
        owner: str,
        owner_id: int,
        cells: Sequence[tuple[str, int, int, str | None]],
    ) -> int:
        """Make entries hold (None: nothing) what the cells say, where they do not already."""
        revision, ids = self.revision, self._ids
        known, find, made = ids.keys, ids.find_key, ids.key
        held = self._held(owner_id, [cell[0] for cell in cells])
        self._read = _NOBODY
        all_held, is_rewritten = len(held), False
        put: list[tuple[int, int, int, str | None, _Held]] = []
        told: list[_Told] = []
        for key, at, by, text in cells:
            key_id = known.get(key) or (find(key) if text is None else made(key))
            before = held.get(key_id, _NOTHING)
            old = before[3]
            if old == text or (old and old[0] == "{" and same_text(old, text)):  # if it is sealed
                continue
            if before[0] == revision:
                is_rewritten = True
            put.append((key_id, at, by, text, before))
            held[key_id] = (revision, at, by, text)
            told.append((key, old, text))
        self._rewritten = self._rewritten or is_rewritten
        is_all = len(put) == all_held == len(held) and not is_rewritten
        if is_all and all_held > _MANY and len({one[1:3] for one in put}) == 1:
            at, by = put[0][1:3]
            self._cells.replace(owner_id, revision, at, by, {one[0]: one[3] for one in put})
        elif put:
            self._cells.put(owner_id, revision, put)
        self._hash(scope, owner, told)
        return len(told)

    def _hash(self, scope: str, owner: str, told: list[_Told]) -> None:
        """Hash entries of one set, unless they, or the sets, are out of order."""
        self._summed = None
        if self._hashed is None or not told:
            return
        told.sort(key=itemgetter(0))
        if self._rewritten or (scope, owner, told[0][0]) <= self._last_hashed:
            self._hashed = None
            return
        self._last_hashed = (scope, owner, told[-1][0])
        self._count_hashed += len(told)
        self._hashed.of_set(scope, owner, told)

    def transform(
        self, key: str, function: Callable[[str], str | None], *, source: str = "migration"
    ) -> int:
        key_id = self._ids.find_key(key)
        self._read = _NOBODY
        self._hashed = self._summed = None
        results: dict[str, str | None] = {}
        raised: list[BaseException] = []

        def transformed(text: str) -> str | None:
            if text not in results:
                if len(results) > 10_000:
                    results.clear()
                try:
                    results[text] = function(text)
                except BaseException as error:
                    raised.append(error)
                    raise
            return results[text]

        self._db.create_function("transformed", 1, transformed, deterministic=True)
        changed = "key_id = ? AND value IS NOT NULL AND transformed(value) IS NOT value"
        by = self._ids.provenances[source, self._draft.actor]
        try:
            self._rewritten = self._rewritten or bool(
                self._db.execute(
                    "SELECT 1 FROM entries WHERE key_id = ? AND rev = ? LIMIT 1",
                    (key_id, self.revision),
                ).fetchone()
            )
            self._db.execute(
                "INSERT INTO changes SELECT ?, owner_id, key_id, rev, at, provenance_id, value "
                f"FROM entries WHERE {changed} AND rev <> ?",
                (self.revision, key_id, self.revision),
            )
            # In primary-key order; an index on key_id would make this four times slower.
            return self._db.execute(
                f"UPDATE entries SET value = transformed(value), rev = ?, at = ?, "
                f"provenance_id = ? WHERE {changed}",
                (self.revision, self._at, by, key_id),
            ).rowcount
        except sqlite3.OperationalError:
            if raised:
                raise raised[0] from None
            raise

    def mint(self, key: str) -> str:
        return self._ids.uuid(key)

    def reseal(
        self,
        function: Callable[[SealedCell], str],
        *,
        uuids: Collection[str] | None = None,
        after: object = None,
        most: int | None = None,
    ) -> object:
        self._resealed = True
        self._read = _NOBODY
        self._hashed = self._summed = None
        start = cast(Place, after) if after is not None else (0, -1, -1, -1)
        return reseal(self._db, self._ids.app(), function, uuids=uuids, after=start, most=most)

    def note(self, details: Mapping[str, object] | None = None) -> None:
        self._effects += 1
        self._details = {**self._details, **(details or {})}

    # ------------------------------------------------------------------------ keys, versions

    def rename(self, key: str, to: str) -> None:
        key_id, target_id = self._ids.find_key(key), self._ids.find_key(to)
        if not key_id or key_id == target_id:
            return
        if target_id:
            holder = next(self.held(self._draft.app, to), None)
            if holder is not None:
                raise ConflictError(
                    f"cannot rename {key} to {to}: {holder[0]}/{holder[1]} holds {to} already",
                    key=key,
                    to=to,
                )
            self._name(target_id, None)
        (waiting,) = self._db.execute(_DISPLACED, (key_id,)).fetchone()
        self._name(key_id, to)
        if waiting is not None:  # the name it leaves is free again for the key it displaced
            self._name(waiting, key)
        self._db.execute(
            "UPDATE keys SET displaced_id = ? WHERE id = ?", (target_id or None, key_id)
        )
        self._ids.forget_keys()
        self._hashed = self._summed = None
        self._db.execute(
            "INSERT INTO renames SELECT ?, count(*), ?, ? FROM renames WHERE rev = ?",
            (self.revision, key, to, self.revision),
        )
        self._move_epoch()
        self._effects += 1

    def _name(self, key_id: int, name: str | None) -> None:
        """Give a key another name from this revision on, or take it away."""
        self._db.execute(
            "DELETE FROM names WHERE key_id = ? AND from_rev = ?", (key_id, self.revision)
        )
        self._db.execute(
            "UPDATE names SET to_rev = ? WHERE key_id = ? AND to_rev IS NULL",
            (self.revision, key_id),
        )
        self._db.execute("UPDATE keys SET name = ? WHERE id = ?", (name, key_id))
        if name is not None:
            self._db.execute(
                "INSERT INTO names VALUES (?, ?, NULL, ?)", (key_id, self.revision, name)
            )

    def register(self, version: str, text: str, *, declarations: Mapping[str, str]) -> None:
        held = self.schema(self._draft.app, version)
        if held == text:
            return
        if held is not None:
            raise InvalidSchema(
                f"{self._draft.app} {version} is registered with another content; "
                "a changed schema needs a new version",
                version=version,
            )
        digest = "sha256:" + sha256(text.encode()).hexdigest()
        version_id = self._db.execute(
            "INSERT INTO versions(app_id, version, digest, text, registered_at, registered_by) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (self._ids.app(), version, digest, text, self._at, self._draft.actor),
        ).lastrowid
        self._db.executemany(
            "INSERT INTO declarations VALUES (?, ?, ?)",
            [(version_id, key, declared) for key, declared in declarations.items()],
        )
        self._effects += 1

    def apply_version(self, version: str) -> None:
        row = self._db.execute(
            "SELECT id FROM versions WHERE app_id = ? AND version = ?", (self._ids.app(), version)
        ).fetchone()
        if row is None:
            raise NotFound(f"{self._draft.app} {version} is not registered", version=version)
        if version == self.version_after:
            return
        self._db.execute(
            "UPDATE apps SET version_id = ?, epoch = epoch + 1 WHERE id = ?",
            (row[0], self._ids.app()),
        )
        self._db.execute(
            "UPDATE versions SET applied_at = ?, applied_by = ? WHERE id = ?",
            (self._at, self._draft.actor, row[0]),
        )
        self.version_after = version
        self._effects += 1

    def note_version(self, version: str, facts: Mapping[str, object]) -> None:
        text = canonical_text(dict(facts))
        row = self._db.execute(
            "SELECT id, facts FROM versions WHERE app_id = ? AND version = ?",
            (self._ids.app(), version),
        ).fetchone()
        if row is None:
            raise NotFound(f"{self._draft.app} {version} is not registered", version=version)
        if row[1] != text:
            self._db.execute("UPDATE versions SET facts = ? WHERE id = ?", (text, row[0]))
            self._effects += 1

    # -------------------------------------------------------- what it did, and the ending

    def pending(self) -> Iterator[Change | Rename]:
        self._settle()
        return super().changes(self.revision)

    def changes(self, revision: int) -> Iterator[Change | Rename]:
        return iter(()) if revision == self.revision else super().changes(revision)

    def parked(self, app: str, key: str) -> Iterator[tuple[str, str, Row]]:
        self._settle()
        return super().parked(app, key)

    def records(self) -> Iterator[Record]:
        raise UsageError("a changeset in the making is no whole state; take records of a snapshot")

    def summary(self) -> Summary:
        self._settle()
        digest = self._entries_digest()
        added, removed = self._db.execute(_ADDED_AND_REMOVED, (self.revision,)).fetchone()
        changed = self._count() - added - removed
        return Summary(added, changed, removed, digest.copy().hexdigest())

    def abandon(self) -> None:
        self._abandoned = True

    def result(self) -> Changeset | None:
        return self._result

    def finish(self) -> None:
        """Write changeset and audit record and commit; or roll back what had no effect."""
        self._settle()
        changes = self._count()
        if self._abandoned or not (changes or self._effects or self._resealed):
            self._db.execute("ROLLBACK")
            return
        if not (changes or self._effects):
            self._db.execute("COMMIT")
            return
        draft = self._draft
        changeset = Changeset(
            id=str(uuid4()),
            revision=self.revision,
            app=draft.app,
            actor=draft.actor,
            kind=draft.kind,
            at=from_micros(self._at),
            reason=draft.reason,
            changes=changes,
            schema_before=self.version_before,
            schema_after=self.version_after,
            details=self._details,
        )
        self._record(changeset)
        self._db.execute("COMMIT")
        self._result = changeset

    def _record(self, one: Changeset) -> None:
        """Write a changeset's row of the log, and its link of the audit chain."""
        details = canonical_text(one.details, path="details") if one.details else "{}"
        digest = self._digest(one)
        self._db.execute(
            _WRITE_CHANGESET,
            (
                self.revision,
                one.id,
                self._ids.app(),
                self._at,
                one.actor,
                one.kind,
                one.reason,
                one.changes,
                one.schema_before,
                one.schema_after,
                details,
                ALGORITHM,
                digest,
                chain(self._previous_link, self.revision, digest),
            ),
        )
        if self._ids.made_any:  # others may remember that there is no such owner or key
            self._move_epoch()

    def _move_epoch(self) -> None:
        self._db.execute("UPDATE apps SET epoch = epoch + 1 WHERE id = ?", (self._ids.app(),))

    def _count(self) -> int:
        if self._hashed is not None:
            return self._count_hashed
        row = self._db.execute("SELECT count(*) FROM changes WHERE rev = ?", (self.revision,))
        return int(row.fetchone()[0])

    def _digest(self, changeset: Changeset) -> str:
        digest = self._entries_digest().copy()
        digest.facts(changeset)
        return digest.hexdigest()

    def _entries_digest(self) -> ChangesetDigest:
        """Give the digest over entries and renames, made from the tables at most once."""
        if self._hashed is not None:
            return self._hashed
        if self._summed is None:
            self._summed = digest = ChangesetDigest()
            for scope, owner, found in self._changed_sets(self.revision):
                digest.of_set(scope, owner, [(one[0], one[3][0], one[4][0]) for one in found])
            for before, after in self._db.execute(_RENAMES, (self.revision,)):
                digest.rename(before, after)
        return self._summed

    def _settle(self) -> None:
        """Forget changes of entries that are as before again, whose metadata is then as before."""
        if not self._rewritten:
            return
        self._rewritten = False
        self._read = _NOBODY
        self._hashed = self._summed = None
        self._db.create_function("same_text", 2, same_text, deterministic=True)
        rows = self._db.execute(_SAME_AGAIN, (self.revision,)).fetchall()
        for owner_id, key_id, before_rev, at, by, value in rows:
            self._db.execute(
                "DELETE FROM changes WHERE rev = ? AND owner_id = ? AND key_id = ?",
                (self.revision, owner_id, key_id),
            )
            if before_rev:
                self._db.execute(
                    _WRITE_ENTRY, (owner_id, key_id, before_rev, at or 0, by or 0, value)
                )
            else:
                self._db.execute(
                    "DELETE FROM entries WHERE owner_id = ? AND key_id = ?", (owner_id, key_id)
                )

    # ------------------------------------------------------------------------------- inside

    def _held_by(self, owner_id: int) -> Iterable[tuple[int, str, int, int]]:
        # What is read in a changeset is often written next, and that must know all of this.
        cells = self._all_of(owner_id)
        return [(id, text, at or 0, by or 0) for id, _, at, by, text in cells if text is not None]

    def _all_of(self, owner_id: int) -> Sequence[_Cell]:
        cells: Sequence[_Cell] = self._db.execute(_ALL_OF, (owner_id,)).fetchall()
        self._read = (owner_id, cells)
        return cells

    def _held(self, owner_id: int, keys: list[str]) -> dict[int, _Held]:
        """Give at least what these keys of an owner hold or held, by key id.

        Each with the revision of its last change, time, provenance and text (None: removed).
        """
        owner, cells = self._read
        if owner == owner_id or len(keys) > _MANY:
            cells = cells if owner == owner_id else self._all_of(owner_id)
            return {cell[0]: cell[1:] for cell in cells}
        held: dict[int, _Held] = {}
        for key in keys:
            key_id = self._ids.find_key(key)
            row = self._db.execute(
                "SELECT rev, at, provenance_id, value FROM entries "
                "WHERE owner_id = ? AND key_id = ?",
                (owner_id, key_id),
            ).fetchone()
            if row is not None:
                held[key_id] = row
        return held
