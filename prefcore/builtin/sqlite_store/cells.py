"""Cells: what an owner's entries hold, and held before, put into the tables in few statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

__all__ = ["Cells"]

#: Rows in one statement, largest first: two thirds of the time of one at a time. Few sizes, so that
#: the statements stay prepared; few arguments, because SQLite takes 999 where it is old.
_SIZES = (64, 32, 16, 8, 4, 2, 1)

_ENTRIES = "INSERT INTO entries(owner_id, rev, key_id, at, provenance_id, value) VALUES "
_REPLACING = """
ON CONFLICT(owner_id, key_id) DO UPDATE SET
  rev = excluded.rev, at = excluded.at, provenance_id = excluded.provenance_id,
  value = excluded.value
"""
_CHANGES = (
    "INSERT INTO changes(owner_id, rev, key_id, before_rev, at, provenance_id, value) VALUES "
)
# Only the first change of an entry in a changeset says what stood before it.
_KEEPING = " ON CONFLICT DO NOTHING"
_LOG_ALL = """
INSERT INTO changes SELECT ?, owner_id, key_id, rev, at, provenance_id, value
FROM entries WHERE owner_id = ?
"""
_REPLACE_ALL = """
UPDATE entries SET value = new_text(key_id), rev = ?, at = ?, provenance_id = ? WHERE owner_id = ?
"""
_NOTHING_BEFORE = """
INSERT INTO changes SELECT rev, owner_id, key_id, 0, NULL, NULL, NULL
FROM entries WHERE owner_id = ?
"""


#: Arguments for one row of each; owner and revision, the first two, are those of all.
_OF_ENTRY, _OF_CHANGE = 4, 5


def _statement(head: str, columns: int, rows: int, tail: str = "") -> str:
    """Give the statement that puts so many rows."""
    first = range(3, 3 + rows * columns, columns)
    told = [",".join([f"?{i}" for i in range(one, one + columns)]) for one in first]
    return f"{head}{','.join([f'(?1,?2,{each})' for each in told])}{tail}"


@cache
def _adding(rows: int) -> str:
    """Give the statement that adds so many rows: one for each size that sets have, as far as 64.

    A set in one statement takes four fifths of the time of two.
    """
    return _statement(_ENTRIES, _OF_ENTRY, rows)


_PUT = {size: _statement(_ENTRIES, _OF_ENTRY, size, _REPLACING) for size in _SIZES}
_LOG = {size: _statement(_CHANGES, _OF_CHANGE, size, _KEEPING) for size in _SIZES}


class Cells:
    """Writes the cells of one changeset, an owner at a time.

    Cells are flat sequences, because a list of tuples costs as much again as binding it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._texts: dict[int, str | None] = {}  # of ``replace``

    def add(self, owner_id: int, revision: int, entries: Sequence[object]) -> None:
        """Write the entries of an owner that has none: key, time, provenance and text of each."""
        most = _SIZES[0] * _OF_ENTRY
        for at in range(0, len(entries), most):
            some = entries[at : at + most]
            self._db.execute(_adding(len(some) // _OF_ENTRY), (owner_id, revision, *some))
        self._db.execute(_NOTHING_BEFORE, (owner_id,))

    def put(
        self,
        owner_id: int,
        revision: int,
        cells: Iterable[tuple[int, int, int, str | None, Sequence[object]]],
    ) -> None:
        """Put entries of an owner, and log what stood before: key, time, provenance and text.

        Last of each, what stood before: revision of the last change, time, provenance and text.
        """
        entries: list[object] = []
        changes: list[object] = []
        for key_id, at, by, text, before in cells:
            changes += (key_id, *before)
            entries += (key_id, at, by, text)
        self._run(_LOG, owner_id, revision, changes, _OF_CHANGE)
        self._run(_PUT, owner_id, revision, entries, _OF_ENTRY)

    def replace(
        self, owner_id: int, revision: int, at: int, by: int, texts: Mapping[int, str | None]
    ) -> None:
        """Replace the texts of all entries of an owner, by key, and log what stood before.

        None of them was changed in this changeset before. Binding each would take twice as long.
        """
        if not self._texts:
            self._db.create_function("new_text", 1, self._texts.__getitem__)
        self._texts.clear()
        self._texts.update(texts)
        self._db.execute(_LOG_ALL, (revision, owner_id))
        self._db.execute(_REPLACE_ALL, (revision, at, by, owner_id))

    def _run(
        self,
        statements: Mapping[int, str],
        owner_id: int,
        revision: int,
        flat: Sequence[object],
        columns: int,
    ) -> None:
        at, left = 0, len(flat) // columns
        for size in _SIZES:
            while left >= size:
                end = at + size * columns
                self._db.execute(statements[size], (owner_id, revision, *flat[at:end]))
                at, left = end, left - size
