"""The way up: steps walk over the store in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from prefcore.engines.migrating.aside import Aside
from prefcore.engines.migrating.distrusting import distrust, is_doubted, tell_tightened
from prefcore.engines.migrating.judging import Judging
from prefcore.engines.migrating.refusals import lost_key, raise_named
from prefcore.engines.migrating.telling import tell_changes
from prefcore.engines.migrating.work import Migration, fault_of
from prefcore.errors import (
    PrefcoreError,
)
from prefcore.migration import Add, Edge, Operation, Rename
from prefcore.migration.operations import TextChange
from prefcore.model import PreferenceSet, Row, Selection
from prefcore.model.sets import place
from prefcore.planning import PlanBuilder
from prefcore.schema import SchemaDocument
from prefcore.values import is_sealed_text
from prefcore.vault import SealingTransaction, holds_secrets

__all__ = ["migrate_up"]


def migrate_up(
    transaction: SealingTransaction,
    builder: PlanBuilder,
    migration: Migration,
    path: tuple[Edge, ...],
) -> None:
    """Walk the edges upwards over everything stored, and apply the last version.

    Raises MissingStep, InvalidValue or ConflictError, naming the edge, the set and the key, when
    a value would be lost or is refused on the way, and StepFailed when a step raises.
    """
    aside = Aside(transaction, migration, path)
    for edge in path:
        aside.begin()
        doubted = distrust(transaction, builder, migration, edge)
        newer = migration.load(edge.newer)
        operations = edge.step.operations if edge.step is not None else ()
        judging = Judging(transaction, migration, edge)
        for operation in operations:
            if isinstance(operation, Add):  # a value that the user had comes before the step's
                _return_parked(transaction, aside, newer, (operation.key,), doubted)
            if operation is operations[-1]:
                judging.begin_last(operation)
            _up(transaction, migration, aside, edge, operation, judging)
        aside.end(edge)
        decided = {key for operation in operations for key in operation.decides_on}
        added, removed, _ = migration.changed_keys(edge)
        _refuse_lost_keys(transaction, edge, migration.app, removed)
        _return_parked(transaction, aside, newer, {*added} - decided, doubted)
        judging.rest()
        tell_tightened(transaction, builder, migration, edge)
    tell_changes(transaction, builder, migration.app)


def _up(
    transaction: SealingTransaction,
    migration: Migration,
    aside: Aside,
    edge: Edge,
    operation: Operation,
    judging: Judging,
) -> None:
    """Run one operation over the store: in bulk where it works on one key alone."""
    in_bulk = operation.in_bulk()
    if in_bulk is not None:
        _up_in_bulk(transaction, migration, edge, operation, *in_bulk)
    elif isinstance(operation, Rename) and not _holds(transaction, migration, operation.to):
        transaction.mint(operation.key)  # a key that nobody held: the way back has to know of it
        transaction.rename(operation.key, operation.to)
        aside.renamed(operation)
    else:
        _up_by_set(transaction, migration, edge, operation, judging)


def _holds(transaction: SealingTransaction, migration: Migration, key: str) -> bool:
    return next(transaction.held(migration.app, key), None) is not None


def _up_in_bulk(
    transaction: SealingTransaction,
    migration: Migration,
    edge: Edge,
    operation: Operation,
    key: str,
    change: TextChange,
) -> None:
    try:
        transaction.transform(key, change)
    except Exception as error:  # noqa: BLE001  # a step's function may raise anything
        where, cause = _culprit(transaction, migration, key, change) or ("", error)
        hidden = transaction.hides(key)
        raise_named(migration, edge, operation, where, cause, hidden=hidden)


def _culprit(
    transaction: SealingTransaction, migration: Migration, key: str, change: TextChange
) -> tuple[str, Exception] | None:
    """Give the first set on whose value a change raises, and what it raises."""
    for scope, owner, row in transaction.held(migration.app, key):
        try:
            change(transaction.opened(scope, owner, row)[1])
        except Exception as error:  # noqa: BLE001  # a step's function may raise anything
            return place(scope, owner), error
    return None


def _up_by_set(
    transaction: SealingTransaction,
    migration: Migration,
    edge: Edge,
    operation: Operation,
    judging: Judging,
) -> None:
    """Run an operation set by set, over those that hold a key it decides by."""
    concerned = Selection.of_keys(operation.decides_by)
    for one in transaction.sets(migration.app, concerned):
        found, hidden = _opened(transaction, operation, one)
        rows = migration.rows(found)
        try:
            operation.up(rows)
        except Exception as error:  # noqa: BLE001  # a step's function may raise anything
            raise_named(migration, edge, operation, one.place, error, hidden=bool(hidden))
        written, gone = rows.differing(found)
        transaction.write(one.scope, one.owner, written, sealing=hidden)
        if gone:
            transaction.remove(one.scope, one.owner, gone)
        stands = transaction.read_set(migration.app, one.scope, one.owner).rows if hidden else rows
        judging.written(one, stands)
        migration.progress(len(one.rows), None)


def _opened(
    transaction: SealingTransaction, operation: Operation, one: PreferenceSet
) -> tuple[Sequence[Row], set[str]]:
    """Open what an operation works on in a set; gives all rows, and keys that are secrets.

    Where a secret is renamed, that is its new key too.
    """
    if not holds_secrets(one):
        return one.rows, set()
    keys = {*operation.older_keys, *operation.newer_keys, *operation.decides_by}
    rows = [
        transaction.opened(one.scope, one.owner, row) if row[0] in keys else row for row in one.rows
    ]
    hidden = {row[0] for row in one.rows if row[0] in keys and is_sealed_text(row[1])}
    if isinstance(operation, Rename) and operation.key in hidden:
        hidden.add(operation.to)
    return rows, hidden


def _refuse_lost_keys(
    transaction: SealingTransaction, edge: Edge, app: str, removed: Iterable[str]
) -> None:
    for key in sorted(removed):
        holder = next(transaction.held(app, key), None)
        if holder is not None:
            raise lost_key(edge, key, place(*holder[:2]))


def _return_parked(
    transaction: SealingTransaction,
    aside: Aside,
    newer: SchemaDocument,
    added: Iterable[str],
    doubted: Collection[str],
) -> None:
    """Give keys that are declared again the values a migration took, where they are valid."""
    for key in sorted(added):
        for (scope, owner), row in sorted(aside.returning(key, newer.version).items()):
            if key in doubted and is_doubted(scope, row):
                continue
            if _fault(newer, transaction, scope, owner, row) is None:
                transaction.write(scope, owner, [row])


def _fault(
    schema: SchemaDocument, transaction: SealingTransaction, scope: str, owner: str, row: Row
) -> PrefcoreError | None:
    key, text = transaction.opened(scope, owner, row)[:2]
    return fault_of(schema, key, text, scope, owner, hidden=transaction.hides(key))
