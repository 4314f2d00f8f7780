"""Taking back: sets that only some changesets changed get what stood before them, a set at a time.

What was edited by others is not decided here; nor is what is sealed, or whose key has another name
by now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from prefcore.builtin.sqlite_store.entry_writing import EntryWriter, PutCell, Told
from prefcore.builtin.sqlite_store.reading import EVERYTHING
from prefcore.interfaces import Edit
from prefcore.values import is_sealed_text

__all__ = ["TakingBack"]

_TOUCHED = """
SELECT e.key_id, e.rev, e.at, e.provenance_id, e.value,
       c.before_rev, c.at, c.provenance_id, c.value
FROM entries e LEFT JOIN changes c
  ON c.rev = e.rev AND c.owner_id = e.owner_id AND c.key_id = e.key_id
WHERE e.owner_id = ? AND e.rev >= ?
"""
_CHANGE = """
SELECT before_rev, at, provenance_id, value FROM changes
WHERE rev = ? AND owner_id = ? AND key_id = ?
"""


class TakingBack(EntryWriter):
    """The part of a changeset that undoes others; see ``prefcore.interfaces.Transaction``."""

    def take_back(self, revision: int, *, ignoring: Collection[int]) -> Iterator[Edit]:
        app_id = self._app(self._draft.app)[0]
        self._refuse_pruned_since(self._draft.app, revision)
        names = self._names(app_id, EVERYTHING)
        steady = {id for id, name in names.items() if name == self._name_at(id, revision - 1)}
        for owner_id, scope, owner in self._owners(app_id, EVERYTHING):
            touched = self._db.execute(_TOUCHED, (owner_id, revision)).fetchall()
            if not touched:
                continue
            put = self._puts(owner_id, touched, revision, ignoring, steady)
            if put is None:
                yield from self._edits_of((scope, owner, owner_id), revision, ignoring, names)
                continue
            told: list[Told] = [(names[one[0]], one[4][3], one[3]) for one in put]
            self._take_in(scope, owner, owner_id, put, told)

    def _puts(
        self,
        owner_id: int,
        touched: list[tuple[Any, ...]],
        revision: int,
        ignoring: Collection[int],
        steady: Collection[int],
    ) -> list[PutCell] | None:
        """Give what puts touched entries back; None where their set is to be left alone."""
        gone = (self._at, self._ids.provenances["api", self._draft.actor], None)
        put: list[PutCell] = []
        for key_id, since, at, by, text, *change in touched:
            link = since
            while link in ignoring and change[0] is not None and change[0] >= revision:
                link = change[0]
                found = self._db.execute(_CHANGE, (link, owner_id, key_id)).fetchone()
                change = [None] if found is None else [*found]
            if change[0] is None or link not in ignoring or key_id not in steady:
                return None
            before = change[3]
            if is_sealed_text(text or "") or is_sealed_text(before or ""):
                return None
            if before != text:
                cell = gone if before is None else change[1:]
                put.append((key_id, *cell, (since, at, by, text)))
        return put
