"""Walking through the whole log once, oldest first: every changeset with what it did."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from prefcore.audit import ChangedText, Logged
from prefcore.builtin.sqlite_store.changesets import CHANGESET, LINK, changeset_of, link_of
from prefcore.model import Rename

__all__ = ["walk"]

_RENAMES = "SELECT rev, before, after FROM renames ORDER BY rev, seq"
# What stood after a change is what stood before the next one of that entry, or the entry. SQLite
# sorts numbers to find the next, and the texts once more to give them by revision; both beyond
# what fits in its cache on disk. Following each entry's list back for every change would take
# time that grows with the square of an entry's changes.
_CHANGES = """
SELECT n.rev, o.scope, o.name, n.key_id, c.value,
       CASE WHEN n.later IS NULL THEN e.value ELSE l.value END
FROM (SELECT rev, owner_id, key_id,
        lead(rev) OVER (PARTITION BY owner_id, key_id ORDER BY rev) AS later FROM changes) n
CROSS JOIN changes c ON c.rev = n.rev AND c.owner_id = n.owner_id AND c.key_id = n.key_id
LEFT JOIN changes l ON l.rev = n.later AND l.owner_id = n.owner_id AND l.key_id = n.key_id
LEFT JOIN entries e ON e.owner_id = n.owner_id AND e.key_id = n.key_id
LEFT JOIN owners o ON o.id = n.owner_id
ORDER BY n.rev, o.scope, o.name
"""

#: Gives the name of a key (by id) after a revision, and whether it has it still.
NameOf = Callable[[int, int], tuple[str, bool]]


def walk(database: sqlite3.Connection, name_of: NameOf) -> Iterator[Logged]:
    """Give the log in bulk; see ``prefcore.interfaces.Snapshot.log``."""
    changes = _Joined(database.execute(_CHANGES))
    renames = _Joined(database.execute(_RENAMES))
    links = database.execute(LINK + "ORDER BY c.rev")
    for row, link in zip(database.execute(CHANGESET + "ORDER BY c.rev"), links, strict=True):
        revision = row[0]
        yield Logged(
            changeset_of(row),
            link_of(link),
            tuple(Rename(before, after) for _, before, after in renames.of(revision)),
            _changed(changes.of(revision), revision, name_of),
        )


class _Joined:
    """Rows that begin with a revision and come by it, given out revision by revision."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._groups = groupby(rows, key=itemgetter(0))
        self._next = next(self._groups, None)

    def of(self, revision: int) -> Iterator[tuple[Any, ...]]:
        """Give the rows of a revision; those of earlier ones, which nobody asked for, are gone."""
        while self._next is not None and self._next[0] < revision:
            self._next = next(self._groups, None)
        if self._next is None or self._next[0] != revision:
            return
        yield from self._next[1]
        self._next = next(self._groups, None)


def _changed(
    rows: Iterator[tuple[Any, ...]], revision: int, name_of: NameOf
) -> Iterator[ChangedText]:
    names: dict[int, tuple[str, bool]] = {}
    for (scope, owner), group in groupby(rows, key=itemgetter(1, 2)):
        found = []
        for row in group:
            key_id = row[3]
            name = names.get(key_id)
            if name is None:
                name = names[key_id] = name_of(key_id, revision)
            found.append((*name, *row[4:]))
        found.sort(key=itemgetter(0, 1))
        for key, _, before, after in found:
            yield scope or "", owner or "", key, before, after
