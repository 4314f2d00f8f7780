"""Writing a store: one changeset, its changes, its audit record, in one transaction."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import cast
from uuid import uuid4

from prefcore.audit import ALGORITHM, PRUNING, ChangesetDigest, Pruning, chain, with_details
from prefcore.builtin.sqlite_store.connection import moved, translated
from prefcore.builtin.sqlite_store.connections import Connections
from prefcore.builtin.sqlite_store.pruning import last_changed, prune
from prefcore.builtin.sqlite_store.resealing import Place, reseal
from prefcore.builtin.sqlite_store.taking_back import TakingBack
from prefcore.errors import ConflictError, InvalidSchema, LockedError, NotFound, UsageError
from prefcore.interfaces import SealedCell, Summary
from prefcore.model import Change, Changeset, Draft, Record, Rename, Row, Selection, from_micros
from prefcore.values import canonical_text

__all__ = ["SqliteTransaction", "opened_transaction"]

_WRITE_CHANGESET = """
INSERT INTO changesets(rev, id, app_id, at, actor, kind, reason, changes,
                       version_before, version_after, details, algorithm, digest, chain)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_DISPLACED = "SELECT displaced_id FROM keys WHERE id = ?"
_RENAMES = "SELECT before, after FROM renames WHERE rev = ? ORDER BY seq"
_ADDED_AND_REMOVED = """
SELECT coalesce(sum(c.value IS NULL), 0), coalesce(sum(e.value IS NULL), 0)
FROM changes c JOIN entries e ON e.owner_id = c.owner_id AND e.key_id = c.key_id
WHERE c.rev = ? AND (c.value IS NULL OR e.value IS NULL)
"""


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


class SqliteTransaction(TakingBack):
    """One changeset in the making; see ``prefcore.interfaces.Transaction``."""

    def __init__(self, connection: sqlite3.Connection, draft: Draft) -> None:
        super().__init__(connection, draft)
        self.version_after = self.version_before
        self._effects = 0  # renames, registered and applied versions
        self._resealed = False
        self._details = draft.details
        self._abandoned = False
        self._result: Changeset | None = None

    @property
    def _names_known(self) -> int:
        return self._effects

    def _names(self, app_id: int, selection: Selection) -> dict[int, str]:
        # Each set of an import may bring new keys: to read all names again takes 1 µs for each.
        if self._names_read[0] == (app_id, self._names_known):
            self._names_read[1].update(self._ids.new_names)
        self._ids.new_names.clear()
        return super()._names(app_id, selection)

    def mint(self, key: str) -> str:
        return self._ids.uuid(key)

    def reseal(
        self,
        function: Callable[[Sequence[SealedCell]], Sequence[str]],
        *,
        uuids: Collection[str] | None = None,
        after: object = None,
        most: int | None = None,
    ) -> object:
        self._resealed = True
        self._forget()
        start = cast(Place, after) if after is not None else (0, -1, -1, -1)
        return reseal(self._db, self._ids.app(), function, uuids=uuids, after=start, most=most)

    def prune(self, through: int) -> Pruning | None:
        if self._draft.kind != PRUNING:
            raise UsageError(f"only a changeset of kind '{PRUNING}' prunes the history")
        app, app_id = self._draft.app, self._ids.app()
        before, last = self.pruned(app), last_changed(self._db, app_id, through)
        if last <= before:
            return None
        pruning = prune(self._db, app_id, last, before, self._sets_at(app, Selection(), last))
        if pruning is not None:
            self._pruned_apps()[app_id] = last
            self._forget()
            self.note(pruning.as_details())
        return pruning

    def note(self, details: Mapping[str, object] | None = None) -> None:
        self._effects += 1
        self._details = with_details(self._details, details or {})

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
