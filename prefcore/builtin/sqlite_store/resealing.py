"""Sealing anew in place: other texts of the same values, in entries and in the log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection

from prefcore.errors import LockedError
from prefcore.interfaces import SealedCell
from prefcore.values import is_sealed_text

__all__ = ["Place", "reseal", "scrub"]

#: Where a walk over both tables stands: which, and the primary key of the last row taken.
Place = tuple[int, int, int, int]

_KEY_NAME = """coalesce(k.name, (
  SELECT name FROM names WHERE key_id = k.id ORDER BY from_rev DESC LIMIT 1))"""
_SEALED = """t.value >= '{"$sealed":[' AND t.value < '{"$sealed":\\'"""
_OF_KEYS = "t.value IS NOT NULL AND k.uuid IN (SELECT value FROM json_each(:uuids))"
_TABLES = (
    ("entries", "0, t.owner_id, t.key_id", "(t.owner_id, t.key_id) > (:owner, :key)"),
    (
        "changes",
        "t.rev, t.owner_id, t.key_id",
        "(t.rev, t.owner_id, t.key_id) > (:rev, :owner, :key)",
    ),
)
_SELECT = """
SELECT {columns}, o.scope, o.name, k.uuid, {name}, t.value FROM {table} t
CROSS JOIN keys k ON k.id = t.key_id CROSS JOIN owners o ON o.id = t.owner_id
WHERE {beyond} AND k.app_id = :app AND {which} ORDER BY {order} LIMIT :most
"""
_PLACE = ("rev", "owner", "key")
_UPDATES = (
    "UPDATE entries SET value = ? WHERE 0 = ? AND owner_id = ? AND key_id = ?",
    "UPDATE changes SET value = ? WHERE rev = ? AND owner_id = ? AND key_id = ?",
)


def reseal(
    database: sqlite3.Connection,
    app_id: int,
    function: Callable[[SealedCell], str],
    *,
    uuids: Collection[str] | None,
    after: Place,
    most: int | None,
) -> Place | None:
    """Replace sealed texts, or all of some keys; see ``prefcore.interfaces.Transaction``."""
    database.execute("PRAGMA secure_delete = ON")
    left = -1 if most is None else most  # SQLite takes -1 for all
    for number, (table, columns, beyond) in enumerate(_TABLES):
        if number < after[0]:
            continue
        statement = _SELECT.format(
            columns=columns,
            beyond=beyond,
            order=columns.removeprefix("0, "),
            table=table,
            name=_KEY_NAME,
            which=_SEALED if uuids is None else _OF_KEYS,
        )
        start = after[1:] if number == after[0] else (-1, -1, -1)
        wanted = {
            **dict(zip(_PLACE, start, strict=True)),
            "app": app_id,
            "most": left,
            "uuids": None if uuids is None else json.dumps(sorted(uuids)),
        }
        rows = database.execute(statement, wanted).fetchall()
        sealed = rows if uuids is not None else (row for row in rows if is_sealed_text(row[7]))
        texts = ((function(row[3:]), row) for row in sealed)
        changed = [(new, *row[:3]) for new, row in texts if new != row[7]]
        database.executemany(_UPDATES[number], changed)
        if left >= 0:
            left -= len(rows)
            if not left:
                return (number, *rows[-1][:3])
    return None


def scrub(database: sqlite3.Connection) -> None:
    """Leave nothing in the store's files that is no longer held, such as in free pages.

    Raises LockedError where who reads holds up that the log is emptied.
    """
    database.execute("PRAGMA secure_delete = ON")
    database.execute("VACUUM")
    is_busy, *_ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        raise LockedError(
            "the store is being read, so its log (-wal) still holds what was removed; have the "
            "other program end, and try again"
        )
