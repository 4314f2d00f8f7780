"""The limits: the same work on raw sqlite3 and json, with nothing of ours, as fast as we know how.

One flat table stands in for a store; no history, no audit, no checks, no schema.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

__all__ = ["IMPORTS", "make", "read", "update"]

#: P1: what any command line of this kind imports.
IMPORTS = "import click, sqlite3, attrs"


def make(path: Path, owner: str, values: Iterable[tuple[str, object]]) -> sqlite3.Connection:
    """Give a connection to a fresh database that holds one owner's values, durable as ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE entries(owner TEXT, key TEXT, value TEXT, PRIMARY KEY(owner, key)) "
        "WITHOUT ROWID"
    )
    connection.execute("BEGIN")
    rows = [(owner, key, json.dumps(value)) for key, value in values]
    connection.executemany("INSERT INTO entries VALUES (?, ?, ?)", rows)
    connection.execute("COMMIT")
    return connection


def read(connection: sqlite3.Connection, owner: str, key: str) -> object:
    """P8: one value by its primary key."""
    (text,) = connection.execute(
        "SELECT value FROM entries WHERE owner = ? AND key = ?", (owner, key)
    ).fetchone()
    return json.loads(text)


def update(connection: sqlite3.Connection, owner: str, key: str, value: object) -> None:
    """P8: one value replaced, in a transaction that survives power loss."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "UPDATE entries SET value = ? WHERE owner = ? AND key = ?", (json.dumps(value), owner, key)
    )
    connection.execute("COMMIT")
