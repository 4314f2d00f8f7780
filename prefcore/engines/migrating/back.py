"""The way back: the log read backwards, with the edits made since carried along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby, takewhile

from prefcore.engines.migrating.descent import Descent
from prefcore.engines.migrating.retracing import Retracing
from prefcore.engines.migrating.telling import tell_changes
from prefcore.engines.migrating.undoing import Undoing
from prefcore.engines.migrating.work import Migration, is_lower
from prefcore.interfaces import Edit
from prefcore.migration import Edge, Rename
from prefcore.model import Change
from prefcore.model import Rename as Renamed
from prefcore.planning import PlanBuilder
from prefcore.vault import SealingTransaction

__all__ = ["migrate_back"]


def migrate_back(
    transaction: SealingTransaction,
    builder: PlanBuilder,
    migration: Migration,
    path: tuple[Edge, ...],
    undo: Undoing,
    *,
    take_before: bool = False,
) -> None:
    """Take everything stored back to a version it was at, along ``path``.

    Edits made since that the schema there refuses become conflicts of the plan; with
    ``take_before`` they give way to what stood before, and stay in the history.
    """
    logged = _logged_renames(transaction, undo)
    standing = _rename_back(transaction, migration, undo, logged)
    renamed = {one.after for one in logged}
    retracing = Retracing(transaction, migration, undo, path, renamed)
    descent = Descent(transaction, migration, path, undo, standing, retracing)
    for scope, owner, touched in _groups(transaction, migration, undo):
        wanted, gone, conflicts = descent.of_set(scope, owner, touched)
        for conflict in () if take_before else conflicts:
            builder.conflict(conflict)
        transaction.remove(scope, owner, gone)
        transaction.write(scope, owner, wanted.values(), sealing=descent.hidden)
        migration.progress(len(touched), None)
    tell_changes(transaction, builder, migration.app)


def _groups(
    transaction: SealingTransaction, migration: Migration, undo: Undoing
) -> Iterator[tuple[str, str, list[Edit]]]:
    """Give the sets that have to be looked at, with their touched entries.

    Where the goal lies within a run, nothing tells what stood there but the run's first steps: so
    all are looked at, for steps that undo each other leave no trace in the log. Otherwise the
    store puts back by itself what nobody edited.
    """
    edits: Iterator[Edit | tuple[str, str]]
    if undo.base == undo.goal:
        edits = transaction.take_back(undo.revision, ignoring=undo.migrations)
    else:
        edits = merge(
            transaction.edits_since(migration.app, undo.revision, ignoring=undo.migrations),
            _passed_by(transaction, migration, undo),
            ((str(one.scope), one.owner) for one in transaction.sets(migration.app)),
            key=_set_of,
        )
    for (scope, owner), group in groupby(edits, key=_set_of):
        yield scope, owner, [one for one in group if isinstance(one, Edit)]


def _set_of(one: Edit | tuple[str, str]) -> tuple[str, str]:
    return (one.scope, one.owner) if isinstance(one, Edit) else one


def _passed_by(
    transaction: SealingTransaction, migration: Migration, undo: Undoing
) -> Iterator[Edit]:
    """Give what a run brought back and gave up again: of that the log has no trace.

    It was parked before the run and is now; where the way back ends in between, it was there.
    """
    way = migration.find_path(undo.base, undo.goal)
    found: list[Edit] = []
    for key in sorted({key for edge in way for key in migration.changed_keys(edge)[0]}):
        for scope, owner, _ in transaction.parked(migration.app, key):
            last = next(transaction.history(migration.app, scope, owner, key))
            if last[0].revision < undo.revision:
                uuid = transaction.uuid(migration.app, key) or ""
                found.append(Edit(scope, owner, key, None, None, None, key, uuid))
    yield from sorted(found, key=_set_of)


def _logged_renames(transaction: SealingTransaction, undo: Undoing) -> list[Renamed]:
    """Give the renames of keys with all their entries that are to be taken back, oldest first."""
    return [
        change
        for revision in sorted(undo.migrations)
        if revision >= undo.revision
        for change in takewhile(_is_rename, transaction.changes(revision))
        if isinstance(change, Renamed)
    ]


def _rename_back(
    transaction: SealingTransaction,
    migration: Migration,
    undo: Undoing,
    logged: list[Renamed],
) -> dict[str, str]:
    """Give every key, with all its entries, the name it has at the goal.

    Returns, for keys that a part of the run that stands had renamed, the name before by that after.
    """
    due = [(change.after, change.before) for change in reversed(logged)]
    again: tuple[Edge, ...] = ()
    if undo.base != undo.goal:  # the goal lies within a run: its first part stands
        again = migration.find_path(undo.base, undo.goal)
    standing: dict[str, str] = {}
    for edge in again:
        for operation in edge.step.operations if edge.step else ():
            if isinstance(operation, Rename) and operation.as_change() in logged:
                due.append((operation.key, operation.to))
                standing[operation.to] = standing.pop(operation.key, operation.key)
    for edge in _below(migration, undo):  # from before the log began: the step tells
        due += [
            (operation.to, operation.key)
            for operation in reversed(edge.step.operations if edge.step else ())
            if isinstance(operation, Rename)
        ]
    for key, to in _shortened(due):
        if next(transaction.held(migration.app, to), None) is None:
            transaction.mint(key)  # one that nobody held: the way up again has to know of it
        transaction.rename(key, to)
    return standing


def _below(migration: Migration, undo: Undoing) -> tuple[Edge, ...]:
    """Give the edges from where the store began down to a goal below of it; else none.

    With all that the log tells taken back, keys have the names that they began with.
    """
    start = undo.versions[0][1] if undo.versions else undo.goal
    if undo.revision or not is_lower(undo.goal, start):
        return ()
    return migration.find_path(start, undo.goal)


def _shortened(renames: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leave out each rename that the next one takes back: to no end, and a reader is confused."""
    left: list[tuple[str, str]] = []
    for key, to in renames:
        if left and left[-1] == (to, key):
            left.pop()
        else:
            left.append((key, to))
    return left


def _is_rename(change: Change | Renamed) -> bool:
    return isinstance(change, Renamed)
