"""Gone: what a key held when a migration took it, where the same run had changed it before.

The log holds what stood before the run. A run over several versions may have changed a value on one
edge and given up its key on a later one; what comes back must be the changed value, since the
schema that declares the key again goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prefcore.engines.migrating.climb import Climb, free_in
from prefcore.engines.migrating.work import Migration, is_lower
from prefcore.interfaces import Snapshot
from prefcore.migration import Edge
from prefcore.model import Changeset, PreferenceSet, Row, Selection
from prefcore.values import is_sealed_text

__all__ = ["as_they_went"]

#: A parked row with its scope and owner.
_Parked = tuple[str, str, Row]
#: So many owners are selected by name; of more all sets are read.
_FEW = 200


def as_they_went(
    view: Snapshot,
    migration: Migration,
    key: str,
    parked: Iterable[_Parked],
    check: Callable[[PreferenceSet, int], None] = lambda one, revision: None,
    *,
    before: int | None = None,
) -> Iterator[_Parked]:
    """Give parked rows of a key with the values that stood when it went, in no set order.

    Most are what the log holds, and are given at once. The others are walked up again through the
    steps of the run that took them; raises what they raise. ``check`` is asked before about a set
    as it was after a revision, and raises where it may not be given to them. ``before`` asks for
    what was parked before a revision, instead of now.
    """
    runs: dict[int, Changeset] = {}
    again: dict[int, list[_Parked]] = {}
    for one in parked:
        log = view.history(migration.app, one[0], one[1], key)
        last = next((each for each in log if before is None or each[0].revision < before), None)
        # The newest change of the log is another where the transaction itself took the key.
        if last is None or last[1].after is not None:
            yield one
            continue
        run = last[0]
        runs[run.revision] = run
        again.setdefault(run.revision, []).append(one)
    for revision, rows in again.items():
        path = _touching(migration, runs[revision], key)
        if path:
            yield from _walked(view, migration, key, revision, path, rows, check)
        else:
            yield from rows


def _touching(migration: Migration, run: Changeset, key: str) -> tuple[Edge, ...]:
    """Give the edges of a run upwards if one of them wrote the key before another took it."""
    before, after = run.schema_before, run.schema_after
    if before is None or after is None or not is_lower(before, after):
        return ()
    path = migration.find_path(before, after)
    written = {
        name
        for edge in path[:-1]
        for operation in (edge.step.operations if edge.step is not None else ())
        for name in operation.newer_keys
    }
    return path if key in written else ()


def _walked(
    view: Snapshot,
    migration: Migration,
    key: str,
    revision: int,
    path: tuple[Edge, ...],
    rows: list[_Parked],
    check: Callable[[PreferenceSet, int], None],
) -> Iterator[_Parked]:
    waiting = {(scope, owner): row for scope, owner, row in rows}
    owners = {owner for _, owner in waiting}
    selection = Selection(owners=owners if len(owners) <= _FEW else ())
    for one in view.sets(migration.app, selection, at=revision - 1):
        row = waiting.pop((one.scope, one.owner), None)
        if row is None:
            continue
        if is_sealed_text(row[1]):  # a secret comes back as it was before the run
            yield one.scope, one.owner, row
            continue
        clear = PreferenceSet(
            one.scope, one.owner, (each for each in one.rows if not is_sealed_text(each[1]))
        )
        check(clear, revision - 1)
        climb = Climb(migration, free_in(view, migration.app), clear, {})
        for edge in path:
            climb.walk(edge)
        yield one.scope, one.owner, climb.parked.get(key, row)
    for (scope, owner), row in waiting.items():
        yield scope, owner, row
