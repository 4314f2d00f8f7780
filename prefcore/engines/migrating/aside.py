"""Aside: what a run changed and then took away, in case its key comes back later in the same run.

The log holds what stood before the whole run. One migration after the other would have logged what
stood when the key went, and that is what has to return.
"""

from __future__ import annotations

from prefcore.engines.migrating.gone import as_they_went
from prefcore.engines.migrating.work import Migration
from prefcore.interfaces import Transaction
from prefcore.migration import Edge, Rename
from prefcore.model import Row

__all__ = ["Aside"]

#: Rows by scope and owner.
_Rows = dict[tuple[str, str], Row]


class Aside:
    """Watches the keys that a run has changed and that a later edge of it declares again.

    There are hardly ever any; then it holds nothing.
    """

    def __init__(
        self, transaction: Transaction, migration: Migration, path: tuple[Edge, ...]
    ) -> None:
        self._transaction = transaction
        self._migration = migration
        self._app = migration.app
        self._coming: list[frozenset[str]] = []  # for each edge: what later ones add
        later: frozenset[str] = frozenset()
        for edge in reversed(path):
            self._coming.append(later)
            later |= {*migration.changed_keys(edge)[0]}
        self._touched: set[str] = set()
        self._began: dict[str, _Rows] = {}
        self._left: dict[str, _Rows] = {}

    def begin(self) -> None:
        """Note what stands before the next edge."""
        watched = self._coming.pop() & self._touched
        self._began = {key: self._held(key) for key in watched}

    def end(self, edge: Edge) -> None:
        """Keep what the edge took away; called when its operations have run."""
        for key, began in self._began.items():
            held = self._held(key)
            self._left.setdefault(key, {}).update(
                (place, row) for place, row in began.items() if place not in held
            )
        for operation in edge.step.operations if edge.step is not None else ():
            self._touched.update(operation.newer_keys)

    def renamed(self, operation: Rename) -> None:
        """Follow a key that was renamed for all owners at once."""
        for kept in (self._left, self._began):
            rows = kept.pop(operation.key, None)
            kept.pop(operation.to, None)
            if rows is not None:
                kept[operation.to] = {
                    place: (operation.to, *row[1:]) for place, row in rows.items()
                }

    def returning(self, key: str, version: str) -> _Rows:
        """Give what of a key comes back at a version, where its sets hold nothing of it now."""
        parked = list(self._transaction.parked(self._app, key))
        went = as_they_went(self._transaction, self._migration, key, parked, version)
        rows = {(scope, owner): row for scope, owner, row in went}
        left = self._left.pop(key, None)
        if left:
            held = self._held(key)
            rows |= {place: row for place, row in left.items() if place not in held}
        return rows

    def _held(self, key: str) -> _Rows:
        return {(scope, owner): row for scope, owner, row in self._transaction.held(self._app, key)}
