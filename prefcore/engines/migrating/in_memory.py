"""In memory: one set after the other taken up the steps while it is read, for stores left as is.

A set comes out as ``migrate_up`` would leave it in the store: parked values return, what is lost or
refused on the way is the same error. Only what a migration decides over all sets at once is told
otherwise: whether a name is free is asked of the store as it is. And what a step makes of a secret
stays one; those that it is not given, or whose key is not here, do not stop the others: they stay
sealed, and who reads them is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import attrs

from prefcore.engines.migrating.climb import Climb, free_in
from prefcore.engines.migrating.gone import as_they_went
from prefcore.engines.migrating.locked import Locked
from prefcore.engines.migrating.work import Migration
from prefcore.errors import NotPermitted, WrongKey
from prefcore.interfaces import Snapshot
from prefcore.migration import Add, Edge, Rename
from prefcore.model import PreferenceSet, Row, Selection
from prefcore.values import is_sealed_text
from prefcore.vault import Vault

__all__ = ["Ascent", "Ward"]


class Ward(Protocol):
    """Judges what is stored before the steps get it."""

    def check(
        self,
        view: Snapshot,
        scope: str,
        owner: str,
        rows: Iterable[Row],
        *,
        revision: int | None = None,
    ) -> None:
        """Raise NotPermitted where a row of a set, of now or after a revision, may not be read."""

    def is_withheld(self, view: Snapshot, scope: str, owner: str, row: Row) -> bool:
        """Say whether a row holds a secret that is not opened for them."""


@attrs.frozen
class Ascent:
    """The way up from the version a store is at, for sets that are read."""

    migration: Migration
    path: tuple[Edge, ...]
    vault: Vault
    ward: Ward
    #: The keys, by their names in the store, whose parked values may return on the way, each with
    #: the first version where they do.
    returning: dict[str, str] = attrs.field(init=False)

    @returning.default
    def _find_returning(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for edge in self.path:
            operations = edge.step.operations if edge.step is not None else ()
            named = [one.key for one in operations if isinstance(one, Add | Rename)]
            for key in (*self.migration.changed_keys(edge)[0], *named):
                found.setdefault(key, edge.newer)
        return dict(sorted(found.items()))

    def one_set(self, view: Snapshot, scope: str, owner: str) -> PreferenceSet:
        """Give one set as it is at the end of the way."""
        parked = {
            row[0]: went
            for row in self.returning_to(view, scope, owner)
            for *_, went in self._as_they_went(view, row[0], [(scope, owner, row)])
        }
        return self._raised(view, view.read_set(self.migration.app, scope, owner), parked)

    def returning_to(self, view: Snapshot, scope: str, owner: str) -> list[Row]:
        """Give the parked values of one set that may return on the way, as they were stored."""
        found: list[Row] = []
        for key in self.returning:
            last = next(view.history(self.migration.app, scope, owner, key), None)
            if last is None or last[0].kind != "migrate":
                continue
            before, after = last[1].before, last[1].after
            if after is None and before is not None:
                found.append(before.as_row(key))
        return found

    def sets(
        self, view: Snapshot, selection: Selection, *, readable: bool = False
    ) -> Iterator[PreferenceSet]:
        """Give the selected sets that hold something at the end of the way, by scope and owner.

        ``readable`` passes over those that may not be read; else they raise NotPermitted.
        """
        app = self.migration.app
        parked: dict[tuple[str, str], dict[str, Row]] = {}
        for key in self.returning:
            ours = (one for one in view.parked(app, key) if selection.takes_set(*one[:2]))
            for scope, owner, row in self._as_they_went(view, key, ours):
                parked.setdefault((scope, owner), {})[key] = row
        held = view.sets(app, Selection(selection.scopes, selection.owners))
        for one in _with_empty(held, sorted(parked)):
            if not selection.takes_set(one.scope, one.owner):
                continue
            try:
                raised = self._raised(view, one, parked.get((one.scope, one.owner), {}))
            except NotPermitted:
                if readable:
                    continue
                raise
            rows = [row for row in raised.rows if selection.takes_key(row[0])]
            if rows:
                yield PreferenceSet(one.scope, one.owner, rows)

    def _as_they_went(
        self, view: Snapshot, key: str, parked: Iterable[tuple[str, str, Row]]
    ) -> Iterator[tuple[str, str, Row]]:
        def check(one: PreferenceSet, revision: int) -> None:
            self.ward.check(view, one.scope, one.owner, one.rows, revision=revision)

        return as_they_went(view, self.migration, key, parked, self.returning[key], check)

    def _raised(
        self, view: Snapshot, one: PreferenceSet, parked: Mapping[str, Row]
    ) -> PreferenceSet:
        app, scope, owner = self.migration.app, one.scope, one.owner
        self.ward.check(view, scope, owner, (*one.rows, *parked.values()))
        secrets = {row[0] for row in (*one.rows, *parked.values()) if is_sealed_text(row[1])}
        locked, gone = Locked(), Locked()
        if secrets:  # at another name they would not open any more
            held, shut = self._opened(view, scope, owner, one.rows)
            back, away = self._opened(view, scope, owner, parked.values())
            one, parked = PreferenceSet(scope, owner, held), {row[0]: row for row in back}
            locked, gone = Locked(shut), Locked(away)
        free = free_in(view, app)
        climb = Climb(self.migration, free, one, parked, secrets=secrets, locked=locked)
        for edge in self.path:
            climb.walk(edge)
            for operation in edge.step.operations if edge.step is not None else ():
                gone.stop(operation)
        rows = {
            row[0]: self.vault.sealed_in_memory(app, scope, owner, row)
            if row[0] in climb.secrets
            else row
            for row in climb.rows
        }
        added = {key for edge in self.path for key in self.migration.changed_keys(edge)[0]}
        rows.update((key, row) for key, row in gone.rows.items() if key in added)
        rows.update(locked.rows)
        return PreferenceSet(scope, owner, [row for _, row in sorted(rows.items())])

    def _opened(
        self, view: Snapshot, scope: str, owner: str, rows: Iterable[Row]
    ) -> tuple[list[Row], list[Row]]:
        """Give rows in clear, and those whose key is not here, or that are withheld."""
        opened, locked = [], []
        for row in rows:
            if self.ward.is_withheld(view, scope, owner, row):
                locked.append(self.vault.withheld(row))
                continue
            try:
                opened.append(self.vault.opened(view, scope, owner, row))
            except WrongKey:
                locked.append(row)
        return opened, locked

    def name_before(self, key: str) -> str:
        """Give the name that a key at the end of the way has in the store."""
        for edge in reversed(self.path):
            for operation in reversed(edge.step.operations if edge.step is not None else ()):
                if isinstance(operation, Rename) and operation.to == key:
                    key = operation.key
        return key


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
