"""Intervals: the names that a key was given, from where each begins and ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from prefcore.full_state import names_told

__all__ = ["Names", "names_of", "told"]

#: A key's names, each with the revision that gave it; None is one that it gave up.
Names = tuple[tuple[int, str | None], ...]

_OF_AN_APP = """
SELECT k.uuid, n.from_rev, n.to_rev, n.name FROM keys k JOIN names n ON n.key_id = k.id
WHERE k.app_id = ? ORDER BY k.id, n.from_rev
"""


def names_of(connection: sqlite3.Connection, app_id: int) -> dict[str, Names]:
    """Give an application's keys by UUID, with their names."""
    rows = connection.execute(_OF_AN_APP, (app_id,)).fetchall()
    return {uuid: told(row[1:] for row in group) for uuid, group in groupby(rows, itemgetter(0))}


def told(intervals: Iterable[tuple[int, int | None, str]]) -> Names:
    """Give a key's names from where each begins and ends, in that order."""
    return names_told(_moments(intervals))


def _moments(intervals: Iterable[tuple[int, int | None, str]]) -> Iterator[tuple[int, str | None]]:
    until: int | None = None
    for since, ended, name in intervals:
        if until is not None and until != since:
            yield until, None
        yield since, name
        until = ended
    if until is not None:
        yield until, None
