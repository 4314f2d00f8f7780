"""In memory: one set after the other taken up the steps while it is read, for stores left as is.

A set comes out as ``migrate_up`` would leave it in the store: parked values return, what is lost or
refused on the way is the same error. Only what a migration decides over all sets at once is told
otherwise: whether a name is free is asked of the store as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from prefcore.engines.migrating.up import lost_key, raise_named, refused_value
from prefcore.engines.migrating.work import Migration, fault_of
from prefcore.interfaces import Snapshot
from prefcore.migration import Add, Edge, Rename
from prefcore.model import Entry, PreferenceSet, Row, Selection, to_micros
from prefcore.schema import SchemaDocument
from prefcore.values import canonical_text

__all__ = ["Ascent"]


@attrs.frozen
class Ascent:
    """The way up from the version a store is at, for sets that are read."""

    migration: Migration
    path: tuple[Edge, ...]

    @property
    def returning(self) -> tuple[str, ...]:
        """The keys, by their names in the store, whose parked values may return on the way."""
        load = self.migration.load
        keys: set[str] = set()
        for edge in self.path:
            keys.update(load(edge.older).changed_keys(load(edge.newer))[0])
            for operation in edge.step.operations if edge.step is not None else ():
                if isinstance(operation, Add | Rename):
                    keys.add(operation.key)
        return tuple(sorted(keys))

    def one_set(self, view: Snapshot, scope: str, owner: str) -> PreferenceSet:
        """Give one set as it is at the end of the way."""
        app = self.migration.app
        parked = {}
        for key in self.returning:
            last = next(view.history(app, scope, owner, key), None)
            if last is None or last[0].kind != "migrate":
                continue
            before, after = last[1].before, last[1].after
            if after is None and before is not None:
                parked[key] = _row(key, before)
        return self._raised(view, view.read_set(app, scope, owner), parked)

    def sets(self, view: Snapshot, selection: Selection) -> Iterator[PreferenceSet]:
        """Give the selected sets that hold something at the end of the way, by scope and owner."""
        app = self.migration.app
        parked: dict[tuple[str, str], dict[str, Row]] = {}
        for key in self.returning:
            for scope, owner, row in view.parked(app, key):
                parked.setdefault((scope, owner), {})[key] = row
        held = view.sets(app, Selection(selection.scopes, selection.owners))
        for one in _with_empty(held, sorted(parked)):
            if not selection.takes_set(one.scope, one.owner):
                continue
            raised = self._raised(view, one, parked.get((one.scope, one.owner), {}))
            rows = [row for row in raised.rows if selection.takes_key(row[0])]
            if rows:
                yield PreferenceSet(one.scope, one.owner, rows)

    def _raised(
        self, view: Snapshot, one: PreferenceSet, parked: Mapping[str, Row]
    ) -> PreferenceSet:
        climb = _Climb(self.migration, view, one, parked)
        for edge in self.path:
            climb.walk(edge)
        return PreferenceSet(one.scope, one.owner, climb.rows)


class _Climb:
    """One set on its way up."""

    def __init__(
        self, migration: Migration, view: Snapshot, one: PreferenceSet, parked: Mapping[str, Row]
    ) -> None:
        self.rows = migration.rows(one.rows)
        self._migration = migration
        self._view = view
        self._scope, self._owner, self._place = one.scope, one.owner, one.place
        self._parked = dict(parked)

    def walk(self, edge: Edge) -> None:
        """Take the set over one edge, as ``migrate_up`` takes the store."""
        older, newer = self._migration.load(edge.older), self._migration.load(edge.newer)
        began = {row[0]: row for row in self.rows}
        operations = edge.step.operations if edge.step is not None else ()
        for operation in operations:
            if isinstance(operation, Add):
                self._return_parked(newer, (operation.key,))
            before = [row[0] for row in self.rows]
            try:
                operation.up(self.rows)
            except Exception as error:  # noqa: BLE001  # a step's function may raise anything
                raise_named(self._migration, edge, operation, self._place, error)
            if isinstance(operation, Rename) and self._is_free(operation.to):
                self._rename_parked(operation)
                continue
            self._parked.update(
                (key, began[key]) for key in before if key not in self.rows and key in began
            )
        decided = {key for operation in operations for key in operation.decides_on}
        added, removed, changed = older.changed_keys(newer)
        for key in sorted(removed):
            if key in self.rows:
                raise lost_key(edge, key, self._place)
        self._return_parked(newer, {*added} - decided)
        for key in sorted({*added, *changed}):
            if key in self.rows:
                fault = fault_of(newer, key, self.rows.text(key), self._scope, self._owner)
                if fault is not None:
                    raise refused_value(edge, key, fault)

    def _return_parked(self, newer: SchemaDocument, keys: Iterable[str]) -> None:
        for key in sorted(keys):
            row = self._parked.get(key)
            if row is None or key in self.rows:
                continue
            if fault_of(newer, key, row[1], self._scope, self._owner) is None:
                self.rows.restore(row)

    def _is_free(self, key: str) -> bool:
        return next(self._view.held(self._migration.app, key), None) is None

    def _rename_parked(self, operation: Rename) -> None:
        """Take a parked value along: the key itself is renamed, for all sets at once."""
        row = self._parked.pop(operation.key, None)
        self._parked.pop(operation.to, None)
        if row is not None:
            self._parked[operation.to] = (operation.to, *row[1:])


def _with_empty(
    held: Iterable[PreferenceSet], others: list[tuple[str, str]]
) -> Iterator[PreferenceSet]:
    """Give the sets held and, empty, the others, by scope and owner."""
    waiting = list(reversed(others))
    for one in held:
        here = (one.scope, one.owner)
        while waiting and waiting[-1] < here:
            yield PreferenceSet(*waiting.pop())
        if waiting and waiting[-1] == here:
            waiting.pop()
        yield one
    while waiting:
        yield PreferenceSet(*waiting.pop())


def _row(key: str, entry: Entry) -> Row:
    text = canonical_text(entry.value)
    return key, text, to_micros(entry.updated_at), entry.source, entry.actor
