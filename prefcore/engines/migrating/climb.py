"""Climbing: one set taken up the edges in memory, as ``migrate_up`` takes the whole store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from prefcore.engines.migrating.distrusting import doubted_keys, is_doubted
from prefcore.engines.migrating.locked import Locked
from prefcore.engines.migrating.refusals import lost_key, raise_named, refused_value
from prefcore.engines.migrating.work import Migration, fault_of
from prefcore.errors import PrefcoreError
from prefcore.interfaces import Snapshot
from prefcore.migration import Add, Edge, Operation, Rename
from prefcore.model import PreferenceSet, Row
from prefcore.schema import SchemaDocument

__all__ = ["Climb", "free_in"]


def free_in(view: Snapshot, app: str) -> Callable[[str], bool]:
    """Give what says whether a view holds nothing under a name."""
    return lambda key: next(view.held(app, key), None) is None


class Climb:
    """One set on its way up: ``rows`` are what it holds, ``parked`` what left it on the way.

    A key that left stands in ``parked`` as it was when the edge that took it began; what was parked
    before is given. Both return where a later edge declares the key again. What is ``locked`` is
    not among the rows, and operations that would need it are left out. ``is_free`` says whether no
    set holds anything under a name, so that a key is renamed to it for all sets. Where it
    ``distrusts``, values that somebody else may have made do not pass into keys that ask for trust.
    """

    def __init__(
        self,
        migration: Migration,
        is_free: Callable[[str], bool],
        one: PreferenceSet,
        parked: Mapping[str, Row],
        *,
        secrets: Iterable[str] = (),
        locked: Locked | None = None,
        distrusts: bool = True,
    ) -> None:
        #: The keys whose values are secrets: those that were, and what is made of them.
        self.secrets = set(secrets)
        self.rows = migration.rows(one.rows)
        self._migration = migration
        self._is_free = is_free
        self._scope, self._owner, self._place = one.scope, one.owner, one.place
        self.parked = dict(parked)
        self._locked = locked or Locked()
        self._distrusts = distrusts

    def walk(self, edge: Edge) -> None:
        """Take the set over one edge, as ``migrate_up`` takes the store."""
        self.retrace(edge)
        newer = self._migration.load(edge.newer)
        for key in sorted(self._migration.changed_keys(edge)[1]):
            if key in self.rows:
                raise lost_key(edge, key, self._place)
        for key in sorted(self._migration.judged_keys(edge)):
            if key in self.rows:
                fault = self._fault(newer, key, self.rows.text(key))
                if fault is not None:
                    raise refused_value(edge, key, fault)

    def retrace(self, edge: Edge) -> None:
        """Take the set over an edge that the store once went: what it came to is not judged."""
        newer = self._migration.load(edge.newer)
        self.secrets.update(self._migration.sensitive_keys(edge.newer))
        began = self.rows.by_key()
        doubted = self._distrust(edge) if self._distrusts else frozenset[str]()
        operations = edge.step.operations if edge.step is not None else ()
        for operation in operations:
            if self._locked.stop(operation):
                continue
            if isinstance(operation, Add):
                self._return_parked(newer, (operation.key,), doubted)
            before = self.rows.by_key()
            if not self.secrets.isdisjoint(operation.older_keys):
                self._follow(operation)
            try:
                operation.up(self.rows)
            except Exception as error:  # noqa: BLE001  # a step's function may raise anything
                hidden = not self.secrets.isdisjoint(operation.older_keys)
                raise_named(self._migration, edge, operation, self._place, error, hidden=hidden)
            if isinstance(operation, Rename) and self._is_free(operation.to):
                self._rename_parked(operation)
                continue
            left = before.keys() - self.rows.by_key().keys()
            self.parked.update((key, began[key]) for key in left if key in began)
        decided = {key for operation in operations for key in operation.decides_on}
        self._return_parked(newer, {*self._migration.changed_keys(edge)[0]} - decided, doubted)

    def _follow(self, operation: Operation) -> None:
        """Take for a secret what an operation makes of one, whatever the newer schema says of it.

        Migrating the store is whoever applies schemas; reading it in memory is anybody.
        """
        renamed = isinstance(operation, Rename)
        if renamed or any(key in self.rows for key in self.secrets & {*operation.older_keys}):
            self.secrets.update(operation.newer_keys)

    def _distrust(self, edge: Edge) -> frozenset[str]:
        """Leave out what the migration itself would take out; gives the doubted keys."""
        doubted = doubted_keys(self._migration, edge)
        for row in [row for row in self.rows if row[0] in doubted]:
            if is_doubted(self._scope, row):
                self.rows.drop(row[0])
                self.parked[row[0]] = row
        return doubted

    def _return_parked(
        self, newer: SchemaDocument, keys: Iterable[str], doubted: Collection[str]
    ) -> None:
        for key in sorted(keys):
            row = self.parked.get(key)
            if row is None or key in self.rows:
                continue
            if key in doubted and is_doubted(self._scope, row):
                continue
            if self._fault(newer, key, row[1]) is None:
                self.rows.restore(row)

    def _fault(self, newer: SchemaDocument, key: str, text: str) -> PrefcoreError | None:
        hidden = key in self.secrets
        return fault_of(newer, key, text, self._scope, self._owner, hidden=hidden)

    def _rename_parked(self, operation: Rename) -> None:
        """Take a parked value along: the key itself is renamed, for all sets at once."""
        row = self.parked.pop(operation.key, None)
        self.parked.pop(operation.to, None)
        if row is not None:
            self.parked[operation.to] = (operation.to, *row[1:])
