"""Retracing: what the steps make again of what stood before the changes that are taken back.

A way back that ends within a run gives back what stood before the run, and takes that up to its
goal again. What was parked before the run came back on the way, and so it does here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import attrs

from prefcore.engines.migrating.climb import Climb
from prefcore.engines.migrating.gone import as_they_went
from prefcore.engines.migrating.undoing import Undoing
from prefcore.engines.migrating.work import Migration
from prefcore.interfaces import Edit
from prefcore.migration import Edge
from prefcore.model import PreferenceSet, Row
from prefcore.vault import SealingTransaction

__all__ = ["Retracing", "Trace"]


@attrs.define
class Trace:
    """A set at a version on its way: rows by key, and what is parked there, by key."""

    scope: str
    owner: str
    version: str
    rows: dict[str, Row]
    parked: dict[str, Row]


@attrs.frozen
class Retracing:
    """Takes sets from before what is undone to where they went from there.

    ``renamed`` are the names that keys got there for all owners at once.
    """

    transaction: SealingTransaction
    migration: Migration
    undo: Undoing
    path: tuple[Edge, ...]
    renamed: Collection[str]
    #: The keys that are declared on the way, each with the first version that does.
    _returning: dict[str, str] = attrs.field(init=False)

    @_returning.default
    def _find_returning(self) -> dict[str, str]:
        base, goal = self.undo.base, self.undo.goal
        again = self.migration.find_path(base, goal) if base != goal else ()
        edges = [*again, *reversed(self.path)]
        return {
            key: edge.newer
            for edge in reversed(edges)
            for key in self.migration.changed_keys(edge)[0]
        }

    def parked(self, scope: str, owner: str, touched: Iterable[Edit]) -> dict[str, Row]:
        """Give what of the touched entries was parked before what is undone, as it went, by key."""
        found: dict[str, Row] = {}
        for edit in touched:
            if edit.before is None and edit.now in self._returning:
                row = self._parked(scope, owner, str(edit.now))
                if row is not None:
                    found[row[0]] = row
        return found

    def _parked(self, scope: str, owner: str, key: str) -> Row | None:
        """Give one key's value that was parked, or, where the log of that was pruned, came back."""
        first = self.undo.revision
        came_back = None
        for changeset, change in self.transaction.history(self.migration.app, scope, owner, key):
            if changeset.revision > first:
                continue
            if changeset.revision == first:
                came_back = change.after
                continue
            if changeset.kind != "migrate" or change.after is not None or change.before is None:
                return None
            one = (scope, owner, change.before.as_row(key))
            came = self._returning[key]
            found = as_they_went(self.transaction, self.migration, key, [one], came, before=first)
            return next((row for *_, row in found), None)
        # Whoever set it is in its stamp, and a value that a step made has the migration's.
        if came_back is None or came_back.source == "migration":
            return None
        return came_back.as_row(key)

    def walk(self, trace: Trace, goal: str, hidden: Iterable[str]) -> None:
        """Take a set up to another version, by the steps and what was parked.

        ``hidden`` are keys whose values are secrets, whatever the schemas say. Raises what a step
        raises, with its edge and the set.
        """
        one = PreferenceSet(trace.scope, trace.owner, sorted(trace.rows.values()))
        climb = Climb(self.migration, self._is_free, one, trace.parked, secrets=hidden)
        for edge in self.migration.find_path(trace.version, goal):
            climb.retrace(edge)
        trace.rows = {row[0]: row for row in climb.rows}
        trace.parked, trace.version = climb.parked, goal

    def _is_free(self, key: str) -> bool:
        return key in self.renamed
