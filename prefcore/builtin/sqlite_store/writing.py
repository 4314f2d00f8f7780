"""Writing a store: one changeset, its changes, its audit record, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4

from prefcore.audit import ALGORITHM, FIRST, ChangesetDigest, chain
from prefcore.builtin.sqlite_store.connection import translated
from prefcore.builtin.sqlite_store.reading import SqliteSnapshot
from prefcore.errors import ConflictError, InvalidSchema, LockedError, NotFound
from prefcore.model import Change, Changeset, Draft, Rename, Row, Scope, to_micros
from prefcore.values import canonical_text

if TYPE_CHECKING:
    from prefcore.builtin.sqlite_store.store import SqliteStore

__all__ = ["SqliteTransaction", "opened_transaction"]

_WRITE_ENTRY = """
INSERT INTO entries(owner_id, key_id, rev, at, provenance_id, value) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT(owner_id, key_id) DO UPDATE SET
  rev = excluded.rev, at = excluded.at, provenance_id = excluded.provenance_id,
  value = excluded.value
"""
# Only the first change of an entry in a changeset says what stood before it.
_WRITE_CHANGE = """
INSERT INTO changes(rev, owner_id, key_id, before_rev, at, provenance_id, value)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_SAME_AGAIN = """
SELECT c.owner_id, c.key_id, c.before_rev, c.at, c.provenance_id, c.value
FROM changes c JOIN entries e ON e.owner_id = c.owner_id AND e.key_id = c.key_id
WHERE c.rev = ? AND e.value IS c.value
"""
#: From so many rows on, a set's entries are read at once instead of one by one.
_MANY = 8


@contextmanager
def opened_transaction(
    store: SqliteStore, draft: Draft, version: str | None
) -> Iterator[SqliteTransaction]:
    """Give a transaction under the write lock; commit it, or leave the store as it was."""
    connection = store.writer()
    if connection.in_transaction:
        raise LockedError(f"{store.path}: a changeset of this thread is still open; end it first")
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            transaction = SqliteTransaction(connection, draft)
            if transaction.version != version:
                raise store.moved(draft.app, version, transaction.version)
            yield transaction
            transaction.finish()
        except BaseException:
            _roll_back(connection)
            raise
    except sqlite3.Error as error:
        raise translated(error, store.path) from error


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
        self.app_id, self.version = self._app(draft.app)
        self.version_after = self.version
        last = connection.execute("SELECT max(rev) FROM audit").fetchone()[0]
        self.revision = (last or 0) + 1
        self._owner_ids: dict[tuple[str, str], int] = {}
        self._key_ids: dict[str, int] = {}
        self._provenance_ids: dict[tuple[str, str], int] = {}
        self._effects = 0  # renames, registered and applied versions
        self._rewritten = False  # an entry was changed twice: it may be as before again
        self._abandoned = False
        self._result: Changeset | None = None

    # ------------------------------------------------------------------------------ entries

    def write(self, scope: str, owner: str, rows: Iterable[Row]) -> int:
        rows = list(rows)
        owner_id = self._owner_id(Scope.named(scope), owner)
        held = self._held(owner_id, [row[0] for row in rows])
        entries, changes = [], []
        for key, text, at, source, actor in rows:
            key_id = self._key_ids.get(key) or self._key_id(key)
            before = held.get(key_id)
            if before is not None and before[3] == text:
                continue
            entry = (owner_id, key_id, self.revision, at, self._provenance_id(source, actor), text)
            entries.append(entry)
            changes.append(self._change(owner_id, key_id, before))
            held[key_id] = (self.revision, at, entry[4], text)
        self._db.executemany(_WRITE_CHANGE, changes)
        self._db.executemany(_WRITE_ENTRY, entries)
        return len(entries)

    def remove(self, scope: str, owner: str, keys: Iterable[str]) -> int:
        keys = list(keys)
        owner_id = self._owner(self._draft.app, str(scope), owner)
        held = self._held(owner_id, keys)
        by = self._provenance_id("api", self._draft.actor)
        removed = []
        for key_id in {self._key(self._draft.app, key) for key in keys}:
            before = held.get(key_id)
            if before is not None and before[3] is not None:
                removed.append((key_id, before))
        self._db.executemany(
            _WRITE_CHANGE, [self._change(owner_id, key_id, before) for key_id, before in removed]
        )
        self._db.executemany(
            _WRITE_ENTRY,
            [(owner_id, key_id, self.revision, self._at, by, None) for key_id, _ in removed],
        )
        return len(removed)

    def transform(
        self, key: str, function: Callable[[str], str | None], *, source: str = "migration"
    ) -> int:
        key_id = self._key(self._draft.app, key)
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
        by = self._provenance_id(source, self._draft.actor)
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

    # ------------------------------------------------------------------------ keys, versions

    def rename(self, key: str, to: str) -> None:
        key_id, target_id = self._key(self._draft.app, key), self._key(self._draft.app, to)
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
        self._name(key_id, to)
        self._give_back(key)
        self._key_ids.clear()
        self._db.execute(
            "INSERT INTO renames SELECT ?1, count(*), ?2, ?3 FROM renames WHERE rev = ?1",
            (self.revision, key, to),
        )
        self._db.execute("UPDATE apps SET epoch = epoch + 1 WHERE id = ?", (self.app_id,))
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

    def _give_back(self, name: str) -> None:
        """Let the key that last gave up a name, now free again, have it back."""
        row = self._db.execute(
            "SELECT k.id FROM keys k JOIN names n ON n.key_id = k.id "
            "WHERE k.app_id = ? AND k.name IS NULL AND n.name = ? ORDER BY n.to_rev DESC LIMIT 1",
            (self.app_id, name),
        ).fetchone()
        if row is not None:
            self._name(row[0], name)

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
            (self._own_app(), version, digest, text, self._at, self._draft.actor),
        ).lastrowid
        self._db.executemany(
            "INSERT INTO declarations VALUES (?, ?, ?)",
            [(version_id, key, declared) for key, declared in declarations.items()],
        )
        self._effects += 1

    def apply_version(self, version: str) -> None:
        row = self._db.execute(
            "SELECT id FROM versions WHERE app_id = ? AND version = ?", (self.app_id, version)
        ).fetchone()
        if row is None:
            raise NotFound(f"{self._draft.app} {version} is not registered", version=version)
        if version == self.version_after:
            return
        self._db.execute(
            "UPDATE apps SET version_id = ?, epoch = epoch + 1 WHERE id = ?", (row[0], self.app_id)
        )
        self._db.execute(
            "UPDATE versions SET applied_at = ?, applied_by = ? WHERE id = ?",
            (self._at, self._draft.actor, row[0]),
        )
        self.version_after = version
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

    def abandon(self) -> None:
        self._abandoned = True

    def result(self) -> Changeset | None:
        return self._result

    def finish(self) -> None:
        """Write changeset and audit record and commit; or roll back what had no effect."""
        self._settle()
        changes = self._db.execute(
            "SELECT count(*) FROM changes WHERE rev = ?", (self.revision,)
        ).fetchone()[0]
        if self._abandoned or not (changes or self._effects):
            self._db.execute("ROLLBACK")
            return
        draft, id = self._draft, str(uuid4())
        self._db.execute(
            "INSERT INTO changesets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.revision,
                id,
                self._own_app(),
                draft.actor,
                draft.kind,
                self._at,
                draft.reason,
                changes,
                self.version,
                self.version_after,
                canonical_text(draft.details),
            ),
        )
        self._db.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.revision,
                id,
                self._at,
                draft.actor,
                draft.kind,
                draft.reason,
                changes,
                ALGORITHM,
                *self._digest_and_chain(id),
            ),
        )
        self._db.execute("COMMIT")
        self._result = Changeset(
            id,
            self.revision,
            draft.app,
            draft.actor,
            draft.kind,
            draft.at,
            draft.reason,
            changes,
            self.version,
            self.version_after,
            draft.details,
        )

    def _digest_and_chain(self, id: str) -> tuple[str, str]:
        draft = self._draft
        digest = ChangesetDigest()
        digest.head(
            app=draft.app,
            kind=draft.kind,
            actor=draft.actor,
            at=self._at,
            id=id,
            reason=draft.reason,
            schema_before=self.version,
            schema_after=self.version_after,
        )
        for before, after in self._db.execute(
            "SELECT before, after FROM renames WHERE rev = ? ORDER BY seq", (self.revision,)
        ):
            digest.rename(before, after)
        digest.entries(
            (scope, owner, key, before[0], after[0])
            for scope, owner, _, key, before, after in self._changed(self.revision)
        )
        hexdigest = digest.hexdigest()
        row = self._db.execute(
            "SELECT chain FROM audit WHERE rev < ? ORDER BY rev DESC LIMIT 1", (self.revision,)
        ).fetchone()
        return hexdigest, chain(row[0] if row else FIRST, self.revision, hexdigest)

    def _settle(self) -> None:
        """Forget changes of entries that are as before again, whose metadata is then as before."""
        if not self._rewritten:
            return
        self._rewritten = False
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

    def _held(self, owner_id: int, keys: list[str]) -> dict[int, tuple[int, int, int, str | None]]:
        """Give at least what these keys of an owner hold or held, by key id.

        Each with the revision of its last change, time, provenance and text (None: removed).
        """
        if len(keys) > _MANY:
            rows = self._db.execute(
                "SELECT key_id, rev, at, provenance_id, value FROM entries WHERE owner_id = ?",
                (owner_id,),
            ).fetchall()
            return {row[0]: row[1:] for row in rows}
        held = {}
        for key in keys:
            key_id = self._key_ids.get(key) or self._key(self._draft.app, key)
            row = self._db.execute(
                "SELECT rev, at, provenance_id, value FROM entries "
                "WHERE owner_id = ? AND key_id = ?",
                (owner_id, key_id),
            ).fetchone()
            if row is not None:
                held[key_id] = row
        return held

    def _change(
        self, owner_id: int, key_id: int, before: tuple[int, int, int, str | None] | None
    ) -> tuple[object, ...]:
        if before is None:
            return (self.revision, owner_id, key_id, 0, None, None, None)
        rev, at, by, text = before
        if rev == self.revision:
            self._rewritten = True
        return (self.revision, owner_id, key_id, rev, at, by, text)

    def _own_app(self) -> int:
        if not self.app_id:
            row = self._db.execute(
                "INSERT INTO apps(name) VALUES (?) RETURNING id", (self._draft.app,)
            ).fetchone()
            self.app_id = int(row[0])
        return self.app_id

    def _owner_id(self, scope: str, owner: str) -> int:
        found = self._owner_ids.get((scope, owner)) or self._owner(self._draft.app, scope, owner)
        if not found:
            row = self._db.execute(
                "INSERT INTO owners(app_id, scope, name) VALUES (?, ?, ?) RETURNING id",
                (self._own_app(), scope, owner),
            ).fetchone()
            found = int(row[0])
        self._owner_ids[scope, owner] = found
        return found

    def _key_id(self, key: str) -> int:
        found = self._key(self._draft.app, key)
        if not found:
            row = self._db.execute(
                "INSERT INTO keys(app_id, uuid, name) VALUES (?, ?, ?) RETURNING id",
                (self._own_app(), str(uuid4()), key),
            ).fetchone()
            found = int(row[0])
            self._db.execute(
                "INSERT INTO names VALUES (?, ?, NULL, ?)", (found, self.revision, key)
            )
        self._key_ids[key] = found
        return found

    def _provenance_id(self, source: str, actor: str) -> int:
        found = self._provenance_ids.get((source, actor))
        if found is None:
            row = self._db.execute(
                "SELECT id FROM provenance WHERE source = ? AND actor = ?", (source, actor)
            ).fetchone()
            row = (
                row
                or self._db.execute(
                    "INSERT INTO provenance(source, actor) VALUES (?, ?) RETURNING id",
                    (source, actor),
                ).fetchone()
            )
            found = self._provenance_ids[source, actor] = int(row[0])
        return found
