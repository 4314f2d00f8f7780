"""Checking a store: SQLite's own integrity, and that entries, history and audit agree."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from itertools import chain

from prefcore.audit import expected_digests, faults, prunings, state_faults
from prefcore.builtin.sqlite_store.connection import translated
from prefcore.builtin.sqlite_store.connections import Connections
from prefcore.builtin.sqlite_store.layout import departures
from prefcore.builtin.sqlite_store.pruning import pruned_apps
from prefcore.builtin.sqlite_store.reading import SqliteSnapshot, opened_snapshot
from prefcore.errors import DamagedStore
from prefcore.interfaces import StoreProblem

__all__ = ["check"]

#: Columns of text that a store reads, by table; SQLite lets one hold bytes, too.
_TEXTS = {
    "apps": ("name",),
    "versions": ("version", "digest", "text", "registered_by", "applied_by", "facts"),
    "declarations": ("key", "text"),
    "owners": ("scope", "name"),
    "keys": ("uuid", "name"),
    "names": ("name",),
    "provenance": ("source", "actor"),
    "entries": ("value",),
    "changesets": ("id", "actor", "kind", "reason", "details", "algorithm", "digest", "chain"),
    "changes": ("value",),
    "renames": ("before", "after"),
}

_VERSIONS = "SELECT version, digest, text FROM versions"
_DAMAGED = "keep the file, and restore a backup or a safety copy"

# Each finds rows that the way this store writes cannot leave behind.
_DISAGREEMENTS = {
    "an entry's last change is not in the log": """
        SELECT count(*) FROM entries e LEFT JOIN changes c
        ON c.rev = e.rev AND c.owner_id = e.owner_id AND c.key_id = e.key_id
        WHERE c.rev IS NULL
        AND e.rev > pruned((SELECT app_id FROM owners WHERE id = e.owner_id))""",
    "an entry without owner, key or provenance": """
        SELECT count(*) FROM entries e LEFT JOIN owners o ON o.id = e.owner_id
        LEFT JOIN keys k ON k.id = e.key_id LEFT JOIN provenance p ON p.id = e.provenance_id
        WHERE o.id IS NULL OR k.id IS NULL OR p.id IS NULL""",
    "a change without its changeset": """
        SELECT count(*) FROM changes c LEFT JOIN changesets s ON s.rev = c.rev
        WHERE s.rev IS NULL""",
    "an entry that its last change in the log does not lead to": """
        SELECT count(*) FROM entries e JOIN (
          SELECT owner_id, key_id, max(rev) AS rev FROM changes GROUP BY owner_id, key_id
        ) c ON c.owner_id = e.owner_id AND c.key_id = e.key_id WHERE c.rev <> e.rev""",
    "a change that does not follow on the one before of its entry": """
        SELECT count(*) FROM (SELECT owner_id, before_rev, lag(rev, 1, 0) OVER
          (PARTITION BY owner_id, key_id ORDER BY rev) AS earlier FROM changes)
        WHERE before_rev <> earlier AND (earlier <> 0
          OR before_rev > pruned((SELECT app_id FROM owners WHERE id = owner_id)))""",
    "a change without an entry that it led to": """
        SELECT count(*) FROM changes c LEFT JOIN entries e
        ON e.owner_id = c.owner_id AND e.key_id = c.key_id WHERE e.key_id IS NULL""",
    "a key whose present name is not its last one": """
        SELECT count(*) FROM keys k WHERE k.name IS NOT
        (SELECT n.name FROM names n WHERE n.key_id = k.id AND n.to_rev IS NULL)""",
    "a change of another application than its changeset, key or set": """
        SELECT count(*) FROM changes c JOIN changesets s ON s.rev = c.rev
        JOIN owners o ON o.id = c.owner_id JOIN keys k ON k.id = c.key_id
        WHERE o.app_id <> s.app_id OR k.app_id <> s.app_id""",
    "an application that the log knows nothing of": """
        SELECT count(*) FROM apps WHERE id NOT IN (SELECT app_id FROM changesets)""",
    "an application at another version than its last changeset left": """
        SELECT count(*) FROM (SELECT app_id, max(rev) AS rev FROM changesets GROUP BY app_id) m
        JOIN changesets s ON s.rev = m.rev JOIN apps a ON a.id = m.app_id
        LEFT JOIN versions v ON v.id = a.version_id AND v.app_id = a.id
        WHERE v.version IS NOT s.version_after""",
    "a name that a key got, or gave up, without a rename in the log": """
        SELECT count(*) FROM names n JOIN keys k ON k.id = n.key_id WHERE
        (n.to_rev IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM renames r JOIN changesets s ON s.rev = r.rev
          WHERE r.rev = n.to_rev AND s.app_id = k.app_id AND n.name IN (r.before, r.after)))
        OR (n.from_rev > (SELECT min(from_rev) FROM names WHERE key_id = n.key_id) AND NOT EXISTS (
          SELECT 1 FROM renames r JOIN changesets s ON s.rev = r.rev
          WHERE r.rev = n.from_rev AND s.app_id = k.app_id AND n.name IN (r.before, r.after)))""",
    # Whoever took its name gives it back when it is renamed again: a migration down goes by that.
    "a key that waits for a name and has one, or has none and waits for nobody": """
        SELECT count(*) FROM keys WHERE (name IS NULL) <> (id IN (
          SELECT d.id FROM keys t JOIN keys d ON d.id = t.displaced_id
          WHERE d.app_id = t.app_id AND d.id <> t.id))""",
    "a key that two others took a name of": """
        SELECT count(displaced_id) - count(DISTINCT displaced_id) FROM keys""",
    "a key with two names at once": """
        SELECT count(*) FROM (SELECT to_rev, lead(from_rev) OVER
          (PARTITION BY key_id ORDER BY from_rev) AS next FROM names)
        WHERE next IS NOT NULL AND (to_rev IS NULL OR to_rev > next)""",
    "a rename in the log that no key went through": """
        SELECT count(*) FROM renames r JOIN changesets s ON s.rev = r.rev
        WHERE r.seq = (SELECT max(seq) FROM renames WHERE rev = r.rev) AND NOT EXISTS (
          SELECT 1 FROM names n JOIN keys k ON k.id = n.key_id WHERE k.app_id = s.app_id
          AND n.name = r.after AND n.from_rev <= r.rev
          AND (n.to_rev IS NULL OR n.to_rev > r.rev))""",
    # A key that was made in the same changeset had no name before it.
    "a rename in the log of a name that no key had": """
        SELECT count(*) FROM renames r JOIN changesets s ON s.rev = r.rev
        WHERE NOT EXISTS (
          SELECT 1 FROM renames e WHERE e.rev = r.rev AND e.seq < r.seq AND e.after = r.before)
        AND NOT EXISTS (
          SELECT 1 FROM names n JOIN keys k ON k.id = n.key_id WHERE k.app_id = s.app_id
          AND n.name = r.before AND n.from_rev < r.rev
          AND (n.to_rev IS NULL OR n.to_rev >= r.rev))
        AND NOT EXISTS (
          SELECT 1 FROM keys k WHERE k.app_id = s.app_id AND r.rev = coalesce(
            (SELECT min(from_rev) FROM names WHERE key_id = k.id), r.rev))""",
    "a key with entries from before it had a name": """
        SELECT count(*) FROM (
          SELECT key_id, min(rev) AS rev FROM entries GROUP BY key_id
          UNION ALL SELECT key_id, min(rev) FROM changes GROUP BY key_id
          UNION ALL SELECT key_id, min(before_rev) FROM changes WHERE before_rev > 0 GROUP BY key_id
        ) u JOIN (SELECT key_id, min(from_rev) AS first FROM names GROUP BY key_id) n
        ON n.key_id = u.key_id WHERE u.rev < n.first""",
    "a change of a key or set that is not there": """
        SELECT count(*) FROM changes c LEFT JOIN owners o ON o.id = c.owner_id
        LEFT JOIN keys k ON k.id = c.key_id WHERE o.id IS NULL OR k.id IS NULL""",
}


def check(connections: Connections) -> Iterator[StoreProblem]:
    """Give what is wrong with a store, worst first; nothing where all is well."""
    try:
        with opened_snapshot(connections) as snapshot:
            database = snapshot.connection
            for (message,) in database.execute("PRAGMA integrity_check(10)"):
                if message != "ok":
                    yield StoreProblem(f"SQLite finds: {message}", connections.path, _DAMAGED)
            for kind, name, how in departures(database):
                yield StoreProblem(
                    f"the {kind} '{name:.80}' {how}",
                    connections.path,
                    "see what it does; who made it so can have it change what is stored",
                )
            wrong = _wrong_kinds(database)
            for what in wrong:
                yield StoreProblem(what, connections.path, _DAMAGED)
            pruned = pruned_apps(database)
            database.create_function(
                "pruned", 1, lambda app: pruned.get(app, 0), deterministic=True
            )
            for what, statement in _DISAGREEMENTS.items():
                (count,) = database.execute(statement).fetchone()
                if count:
                    yield StoreProblem(f"{what} ({count} times)", connections.path, _DAMAGED)
            for version, digest, text in database.execute(_VERSIONS):
                if digest != "sha256:" + sha256(str(text).encode()).hexdigest():
                    yield StoreProblem(
                        f"the schema of version {version} is not what its digest says",
                        connections.path,
                        _DAMAGED,
                    )
            try:
                yield from _check_audit(snapshot, connections.path)
            except (TypeError, DamagedStore):
                if not wrong:
                    raise
                yield StoreProblem(
                    "the log cannot be read further for that", connections.path, _DAMAGED
                )
    except sqlite3.Error as error:
        raise translated(error, connections.path) from error


def _wrong_kinds(database: sqlite3.Connection) -> list[str]:
    """Say of which columns some text is none."""
    found = []
    for table, columns in _TEXTS.items():
        counted = ", ".join(f"sum(typeof({one}) NOT IN ('text', 'null'))" for one in columns)
        counts = database.execute(f"SELECT {counted} FROM {table}").fetchone()
        found += [
            f"a text in {table}.{column} is bytes, which prefcore never writes ({count} times)"
            for column, count in zip(columns, counts, strict=True)
            if count
        ]
    return found


def _check_audit(snapshot: SqliteSnapshot, path: str) -> Iterator[StoreProblem]:
    pruned = prunings(snapshot.changesets())
    sealed_later = expected_digests(snapshot.changesets())
    found = chain(
        faults(snapshot.log(), sealed_later, pruned),
        state_faults(lambda app, at: snapshot.sets(app, at=at), pruned),
    )
    for fault in found:
        where = f"{path}, revision {fault.revision}"
        yield StoreProblem(fault.what, where, _DAMAGED, revision=fault.revision)
