"""Checking a store: SQLite's own integrity, and that entries, history and audit agree."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import sha256

from prefcore.audit import FIRST, chain, digest_of, expected_digests
from prefcore.builtin.sqlite_store.connection import translated
from prefcore.builtin.sqlite_store.connections import Connections
from prefcore.builtin.sqlite_store.reading import SqliteSnapshot, opened_snapshot
from prefcore.interfaces import StoreProblem

__all__ = ["check"]

_VERSIONS = "SELECT version, digest, text FROM versions"
_DAMAGED = "keep the file, and restore a backup or a safety copy"

# Each finds rows that the way this store writes cannot leave behind.
_DISAGREEMENTS = {
    "an entry's last change is not in the log": """
        SELECT count(*) FROM entries e LEFT JOIN changes c
        ON c.rev = e.rev AND c.owner_id = e.owner_id AND c.key_id = e.key_id
        WHERE c.rev IS NULL""",
    "an entry without owner, key or provenance": """
        SELECT count(*) FROM entries e LEFT JOIN owners o ON o.id = e.owner_id
        LEFT JOIN keys k ON k.id = e.key_id LEFT JOIN provenance p ON p.id = e.provenance_id
        WHERE o.id IS NULL OR k.id IS NULL OR p.id IS NULL""",
    "a change without its changeset": """
        SELECT count(*) FROM changes c LEFT JOIN changesets s ON s.rev = c.rev
        WHERE s.rev IS NULL""",
    "a change whose entry is newer than its successor in the log": """
        SELECT count(*) FROM changes WHERE before_rev >= rev""",
    "a changeset that counts other changes than it has": """
        SELECT count(*) FROM changesets s WHERE s.changes <>
        (SELECT count(*) FROM changes c WHERE c.rev = s.rev)""",
}


def check(connections: Connections) -> Iterator[StoreProblem]:
    """Give what is wrong with a store, worst first; nothing where all is well."""
    try:
        with opened_snapshot(connections) as snapshot:
            database = snapshot.connection
            for (message,) in database.execute("PRAGMA integrity_check(10)"):
                if message != "ok":
                    yield StoreProblem(f"SQLite finds: {message}", connections.path, _DAMAGED)
            for what, statement in _DISAGREEMENTS.items():
                (count,) = database.execute(statement).fetchone()
                if count:
                    yield StoreProblem(f"{what} ({count} times)", connections.path, _DAMAGED)
            for version, digest, text in database.execute(_VERSIONS):
                if digest != "sha256:" + sha256(text.encode()).hexdigest():
                    yield StoreProblem(
                        f"the schema of version {version} is not what its digest says",
                        connections.path,
                        _DAMAGED,
                    )
            yield from _check_audit(snapshot, connections.path)
    except sqlite3.Error as error:
        raise translated(error, connections.path) from error


def _check_audit(snapshot: SqliteSnapshot, path: str) -> Iterator[StoreProblem]:
    changesets = {one.revision: one for one in snapshot.changesets()}
    sealed_later = expected_digests(changesets.values())
    previous, expected = FIRST, 1
    for record in snapshot.audit():
        where = f"{path}, revision {record.revision}"
        if record.revision != expected:
            yield StoreProblem("the audit chain has a gap", where, _DAMAGED)
        if record.chain != chain(previous, record.revision, record.digest):
            yield StoreProblem("the audit chain is broken", where, _DAMAGED)
        previous, expected = record.chain, record.revision + 1
        changeset = changesets.get(record.revision)
        if changeset is None:
            continue
        digest = sealed_later.get(record.revision, record.digest)
        if digest_of(changeset, snapshot.changes(record.revision)) != digest:
            yield StoreProblem("a changeset is not what its audit digest says", where, _DAMAGED)
