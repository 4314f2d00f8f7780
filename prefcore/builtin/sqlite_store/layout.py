"""The tables of a store file, and the way from an older layout to this one.

Owners and keys have small tables of their own, so an entry is a pair of integers and a value, and
renaming a key is one row. ``entries.rev`` is the revision of an entry's last change; the row of
``changes`` for it holds what stood before and the revision of *that*, so an entry's history is a
list linked backwards, and what stood after a change is the next before, or the entry. A removed
entry stays as a row without a value, to hold on to its history. A changeset and its link of the
audit chain are one row: a table more would cost every durable set a page more.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

__all__ = [
    "APPLICATION_ID",
    "LAYOUT",
    "PRUNED",
    "PRUNERS",
    "UPGRADES",
    "create",
    "departures",
    "upgrade",
]

#: "pref" in ASCII: marks the file as ours (https://www.sqlite.org/pragma.html#pragma_application_id).
APPLICATION_ID = 0x70726566

#: The layout that a store begins with, and an older one is brought to; SQLite's user_version.
LAYOUT = 1
#: The layout of a store whose history was pruned: the same tables, but entries and changes may lead
#: back to changes that are gone. Code that does not know that would take them for damage, or undo
#: less than it says; so it has to refuse the store, which a number that it does not know makes it.
PRUNED = 2

_TABLES = """
CREATE TABLE apps(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  version_id INTEGER REFERENCES versions,
  epoch INTEGER NOT NULL DEFAULT 0            -- moves with version, renames and new ids
);
CREATE TABLE versions(
  id INTEGER PRIMARY KEY,
  app_id INTEGER NOT NULL REFERENCES apps,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  text TEXT NOT NULL,
  registered_at INTEGER NOT NULL,             -- microseconds since 1970 UTC
  registered_by TEXT NOT NULL,
  applied_at INTEGER,                         -- when it was last put in force
  applied_by TEXT,
  facts TEXT NOT NULL DEFAULT '{}',           -- canonical text: what was said of it since
  UNIQUE(app_id, version)
);
CREATE TABLE declarations(                    -- of each version, by key: `get` reads only one
  version_id INTEGER NOT NULL REFERENCES versions,
  key TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY(version_id, key)
) WITHOUT ROWID;
CREATE TABLE owners(
  id INTEGER PRIMARY KEY,
  app_id INTEGER NOT NULL REFERENCES apps,
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE(app_id, scope, name)
);
CREATE TABLE keys(
  id INTEGER PRIMARY KEY,
  app_id INTEGER NOT NULL REFERENCES apps,
  uuid TEXT NOT NULL UNIQUE,
  name TEXT,                                  -- NULL: another key took its name
  displaced_id INTEGER REFERENCES keys,       -- whose name it took, and who waits for it
  UNIQUE(app_id, name)
);
CREATE TABLE names(                           -- the names a key has had, by revision interval
  key_id INTEGER NOT NULL REFERENCES keys,
  from_rev INTEGER NOT NULL,
  to_rev INTEGER,                             -- the first revision without it; NULL: still
  name TEXT NOT NULL,
  PRIMARY KEY(key_id, from_rev)
) WITHOUT ROWID;
CREATE TABLE provenance(
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  actor TEXT NOT NULL,
  UNIQUE(source, actor)
);
CREATE TABLE entries(
  owner_id INTEGER NOT NULL,
  key_id INTEGER NOT NULL,
  rev INTEGER NOT NULL,                       -- of its last change
  at INTEGER NOT NULL,                        -- microseconds since 1970 UTC
  provenance_id INTEGER NOT NULL,
  value TEXT,                                 -- canonical text; NULL: removed
  PRIMARY KEY(owner_id, key_id)
) WITHOUT ROWID;
CREATE INDEX removed ON entries(key_id) WHERE value IS NULL;
CREATE TABLE changesets(
  rev INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  app_id INTEGER NOT NULL REFERENCES apps,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  changes INTEGER NOT NULL,
  version_before TEXT,
  version_after TEXT,
  details TEXT NOT NULL,
  algorithm TEXT NOT NULL,                    -- these three: its link of the audit chain
  digest TEXT NOT NULL,
  chain TEXT NOT NULL
);
CREATE TABLE changes(
  rev INTEGER NOT NULL,
  owner_id INTEGER NOT NULL,
  key_id INTEGER NOT NULL,
  before_rev INTEGER NOT NULL,                -- of the change before this one; 0: there was none
  at INTEGER,                                 -- these three: the entry before; NULL: none
  provenance_id INTEGER,
  value TEXT,
  PRIMARY KEY(rev, owner_id, key_id)
) WITHOUT ROWID;
CREATE TABLE renames(
  rev INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  PRIMARY KEY(rev, seq)
) WITHOUT ROWID;
"""

#: What a pruned store has besides: the few changesets that pruned are found without a scan.
PRUNERS = "CREATE INDEX pruners ON changesets(app_id, rev) WHERE kind = 'prune'"

#: What somebody who ran SQLite's ANALYZE leaves.
_OF_ANALYZE = frozenset(("table", f"sqlite_stat{number}") for number in (1, 3, 4))

#: From each older layout to the next: statements run inside the upgrading transaction.
UPGRADES: Mapping[int, Callable[[sqlite3.Connection], None]] = {}


def create(connection: sqlite3.Connection) -> None:
    """Make an empty database file a store; a kill leaves it empty or whole.

    The tables are made in rollback-journal mode, so that the header of the main file says what
    the file is even while all else still stands in the write-ahead log.
    """
    connection.execute("BEGIN EXCLUSIVE")
    try:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            _make_tables(connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {LAYOUT}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def upgrade(
    connection: sqlite3.Connection,
    *,
    to: int = LAYOUT,
    steps: Mapping[int, Callable[[sqlite3.Connection], None]] = UPGRADES,
) -> int:
    """Bring an older layout up to ``to`` in one transaction; gives the layout found.

    The layout is read again under the write lock: another process may have been faster.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        for layout in range(found, to):
            steps[layout](connection)
        if found < to:
            connection.execute(f"PRAGMA user_version = {to:d}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return found


def departures(connection: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """Give kind and name of what a file declares otherwise than its layout, and how it departs.

    Everything counts that SQLite would obey: tables, their columns, indexes, views and triggers.
    """
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    with closing(sqlite3.connect(":memory:")) as made:
        _make_tables(made)
        if layout >= PRUNED:
            made.execute(PRUNERS)
        due = _declared(made)
    held = _declared(connection)
    for kind, name in sorted(held.keys() | due.keys()):
        if (kind, name) not in due:
            yield kind, name, "is not of a store's own"
        elif (kind, name) not in held:
            yield kind, name, "is missing"
        elif held[kind, name] != due[kind, name]:
            yield kind, name, "is not what a store makes it"


def _declared(connection: sqlite3.Connection) -> dict[tuple[str, str], tuple[str, str]]:
    """Give what each object is of and how it is declared, by kind and name; comments aside."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return {
        (kind, name): (table, " ".join(re.sub("--[^\n]*", "", text or "").split()))
        for kind, name, table, text in rows
        if (kind, name) not in _OF_ANALYZE
    }


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)
