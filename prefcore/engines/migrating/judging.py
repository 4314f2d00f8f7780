"""Judging: whether the newer end of an edge takes what the sets hold there."""

from __future__ import annotations

from collections.abc import Iterable

from prefcore.engines.migrating.refusals import refused_value
from prefcore.engines.migrating.work import Migration, fault_of
from prefcore.migration import Edge, Operation
from prefcore.model import PreferenceSet, Row, Selection
from prefcore.schema import Passing
from prefcore.vault import SealingTransaction

__all__ = ["Judging"]


class Judging:
    """Judges the keys of which an edge's newer end judges every held value.

    Most are judged in a pass over the store when its operations have run. What its last operation
    decides on, set by set, is judged as it is written: another pass would read all of it again.
    """

    def __init__(self, transaction: SealingTransaction, migration: Migration, edge: Edge) -> None:
        self._transaction = transaction
        self._edge = edge
        self._schema = migration.load(edge.newer)
        self._passing = Passing(self._schema, transaction.hides)
        self._left = migration.judged_keys(edge)
        self._now: frozenset[str] = frozenset()

    def begin_last(self, operation: Operation) -> None:
        """Judge what the last operation decides on as it is written, from now on."""
        self._now = frozenset(self._left) & {*operation.decides_on} & {*operation.decides_by}
        self._left -= self._now

    def written(self, one: PreferenceSet, rows: Iterable[Row]) -> None:
        """Judge a set after an operation, where it is the last; raises what ``rest`` raises."""
        if self._now:
            self._judge(one.scope, one.owner, [row for row in rows if row[0] in self._now])

    def rest(self) -> None:
        """Judge all that was not yet; raises InvalidValue or PolicyRefused, naming edge and set."""
        if self._left:
            for one in self._transaction.sets(self._schema.app, Selection.of_keys(self._left)):
                self._judge(one.scope, one.owner, one.rows)

    def _judge(self, scope: str, owner: str, rows: Iterable[Row]) -> None:
        # What passes, which is nearly all, does so at once; ``fault_of`` words the errors.
        for row in self._passing.doubtful(scope, tuple(rows)):
            key, text = self._transaction.opened(scope, owner, row)[:2]
            hidden = self._transaction.hides(key)
            fault = fault_of(self._schema, key, text, scope, owner, hidden=hidden)
            if fault is not None:
                raise refused_value(self._edge, key, fault)
