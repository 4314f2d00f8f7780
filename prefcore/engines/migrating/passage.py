"""Passage: sets of a document taken to another version in memory, as the store takes its own.

A document has no log. What a key held when a step gave it up comes back where a later version on
the way declares the key again; what does not come back is lost to whoever takes the document in,
so it is told.
"""

from __future__ import annotations

import attrs

from prefcore.engines.migrating.climb import Climb
from prefcore.engines.migrating.work import Migration
from prefcore.migration import Edge
from prefcore.model import PreferenceSet, Selection

__all__ = ["Passage"]

#: So many keys are named in a sentence.
_NAMED = 4


@attrs.frozen
class Passage:
    """The way of a document's sets along a path, up or down."""

    migration: Migration
    path: tuple[Edge, ...]
    upwards: bool
    _given_up: set[str] = attrs.field(factory=set, init=False)

    def __call__(self, one: PreferenceSet, secrets: set[str]) -> PreferenceSet:
        """Give a set as it is at the end of the path; raises what a step raises, with the set.

        ``secrets`` are the keys whose values are secrets; those made of them are added.
        """
        if self.upwards:
            return self._up(one, secrets)
        if secrets:
            self._follow(secrets)
        rows = self.migration.rows(one.rows)
        for edge in self.path:
            if edge.step is not None:
                edge.step.down(rows)
        return PreferenceSet(one.scope, one.owner, rows)

    def _follow(self, secrets: set[str]) -> None:
        for edge in self.path:
            operations = edge.step.operations if edge.step is not None else ()
            for operation in operations if self.upwards else reversed(operations):
                ends = operation.older_keys, operation.newer_keys
                source, made = ends if self.upwards else ends[::-1]
                if not secrets.isdisjoint(source):
                    secrets.update(made)

    def _up(self, one: PreferenceSet, secrets: set[str]) -> PreferenceSet:
        # Each set is alone: a name that it does not hold is free. And who trusts the document,
        # and what in it, is not for the steps to say.
        climb = Climb(self.migration, lambda key: True, one, {}, secrets=secrets, distrusts=False)
        if secrets:
            self._follow(secrets)
        for edge in self.path:
            climb.retrace(edge)
        self._given_up.update(key for key in climb.parked if key not in climb.rows)
        return PreferenceSet(one.scope, one.owner, climb.rows)

    def told(self, selection: Selection) -> str:
        """Say what the steps gave up of selected keys; empty where it is nothing."""
        keys = sorted(key for key in self._given_up if selection.takes_key(key))
        if not keys:
            return ""
        few = ", ".join(keys[:_NAMED])
        more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
        return f"{few}{more}: given up by the steps to {self.path[-1].newer}, and left out"
