"""Sealing anew in place: other texts of the same values, in entries and in the log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence

from prefcore.errors import LockedError
from prefcore.interfaces import SealedCell
from prefcore.values import is_sealed_text

__all__ = ["Place", "reseal", "scrub"]

#: Where a walk over both tables stands: which, and the primary key of the last row taken.
Place = tuple[int, int, int, int]
#: The primary key of a row, an entry's with 0 before it; and with its text.
_Primary = tuple[int, int, int]
_Row = tuple[int, int, int, str]

_TABLES = (
    ("entries", "0", "owner_id, key_id", ":owner, :key", ":last_owner, :last_key"),
    (
        *("changes", "rev", "rev, owner_id, key_id"),
        *(":rev, :owner, :key", ":last_rev, :last_owner, :last_key"),
    ),
)
_SEALED = """value >= '{"$sealed":[' AND value < '{"$sealed":\\'"""
_OF_KEYS = """value IS NOT NULL
AND key_id IN (SELECT id FROM keys WHERE uuid IN (SELECT value FROM json_each(:uuids)))"""
# Owners and keys repeat, so they are looked up once for all: in each row they cost as much as it.
_SELECT = """
SELECT {rev}, owner_id, key_id, value FROM {table} CROSS JOIN owners o ON o.id = owner_id
WHERE ({primary}) > ({first}) AND key_id IN (SELECT id FROM keys WHERE app_id = :app) AND {which}
ORDER BY {primary} LIMIT :most
"""
_OWNERS = "SELECT id, scope, name FROM owners WHERE id IN (SELECT value FROM json_each(?))"
_KEYS = """
SELECT id, uuid, coalesce(name, (
  SELECT name FROM names WHERE key_id = k.id ORDER BY from_rev DESC LIMIT 1
)) FROM keys k WHERE id IN (SELECT value FROM json_each(?))
"""
# A second walk over the same rows: a statement for each of them takes twice as long.
_UPDATE = """
UPDATE {table} SET value = coalesce(sealed_anew({rev}, owner_id, key_id), value)
WHERE ({primary}) >= ({first}) AND ({primary}) <= ({last}) AND {which}
"""
_PLACE = ("rev", "owner", "key")
_END = ("last_rev", "last_owner", "last_key")


def reseal(
    database: sqlite3.Connection,
    app_id: int,
    function: Callable[[Sequence[SealedCell]], Sequence[str]],
    *,
    uuids: Collection[str] | None,
    after: Place,
    most: int | None,
) -> Place | None:
    """Replace sealed texts, or all of some keys; see ``prefcore.interfaces.Transaction``."""
    of_keys = None if uuids is None else json.dumps(sorted(uuids))
    left = -1 if most is None else most  # SQLite takes -1 for all
    end = None
    changed: list[tuple[str, dict[str, object], dict[_Primary, str]]] = []
    for number, (table, rev, primary, first, last) in enumerate(_TABLES):
        if number < after[0]:
            continue
        words = {"table": table, "rev": rev, "primary": primary, "first": first, "last": last}
        words["which"] = _SEALED if uuids is None else _OF_KEYS
        start = after[1:] if number == after[0] else (-1, -1, -1)
        wanted = {**_named(_PLACE, start), "app": app_id, "most": left, "uuids": of_keys}
        rows: list[_Row] = database.execute(_SELECT.format(**words), wanted).fetchall()
        if not rows:
            continue
        ends = {**_named(_PLACE, rows[0]), **_named(_END, rows[-1]), "uuids": of_keys}
        sealed = rows if uuids is not None else [row for row in rows if is_sealed_text(row[3])]
        changed.append((_UPDATE.format(**words), ends, _anew(database, sealed, function)))
        if left >= 0:
            left -= len(rows)
            if not left:
                end = (number, *rows[-1][:3])
                break
    # All are known before one is written: a function that raises has changed nothing.
    for statement, ends, texts in changed:
        if texts:
            _update(database, statement, ends, texts)
    return end


def _anew(
    database: sqlite3.Connection,
    rows: Sequence[_Row],
    function: Callable[[Sequence[SealedCell]], Sequence[str]],
) -> dict[_Primary, str]:
    """Give the texts that are others now, by the primary keys of their rows."""
    owners = _by_id(database, _OWNERS, {row[1] for row in rows})
    keys = _by_id(database, _KEYS, {row[2] for row in rows})
    texts = function(
        [(*owners[owner_id], *keys[key_id], text) for _, owner_id, key_id, text in rows]
    )
    return {row[:3]: text for row, text in zip(rows, texts, strict=True) if text != row[3]}


def _by_id(
    database: sqlite3.Connection, statement: str, ids: Collection[int]
) -> dict[int, tuple[str, str]]:
    found = database.execute(statement, (json.dumps(list(ids)),))
    return {id: (one, other) for id, one, other in found}


def _update(
    database: sqlite3.Connection,
    statement: str,
    ends: Mapping[str, object],
    texts: Mapping[_Primary, str],
) -> None:
    database.execute("PRAGMA secure_delete = ON")
    database.create_function("sealed_anew", 3, lambda *primary: texts.get(primary))
    try:
        database.execute(statement, ends)
    finally:
        database.create_function("sealed_anew", 3, None)  # it would hold on to all these texts


def _named(names: Sequence[str], row: Sequence[object]) -> dict[str, object]:
    return dict(zip(names, row, strict=False))  # a row goes on after its primary key


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
