"""Gone: what a key held when a migration took it, as it is to come back.

The log holds what stood before the run. A run up over several versions may have changed a value on
one edge and given up its key on a later one; what comes back must be the changed value, since the
schema that declares the key again goes on from there. A run down may have left several versions
that had the key, and what stood is of the highest; where it comes back at another, steps lead
there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prefcore.engines.migrating.climb import Climb, free_in
from prefcore.engines.migrating.work import Migration, is_lower
from prefcore.errors import PrefcoreError
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
    to: str,
    check: Callable[[PreferenceSet, int], None] = lambda one, revision: None,
    *,
    before: int | None = None,
) -> Iterator[_Parked]:
    """Give parked rows of a key with the values that come back at a version, in no set order.

    They are those that stood when the key went. Most are what the log holds, and are given at once.
    The others are walked again through steps; raises what they raise on the way up. ``check`` is
    asked before about a set as it was after a revision, and raises where it may not be given to
    them. ``before`` asks for what was parked before a revision, instead of now.
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
        run = runs[revision]
        came_from = _left(run)
        if came_from is not None:
            yield from _taken_along(view, migration, key, revision, (came_from, to), rows, check)
            continue
        path = _touching(migration, run, key)
        if path:
            yield from _walked(view, migration, key, revision, path, rows, check)
        else:
            yield from rows


def _left(run: Changeset) -> str | None:
    """Give the version that a run down came from; None of another run."""
    before, after = run.schema_before, run.schema_after
    return before if before and after and is_lower(after, before) else None


def _taken_along(
    view: Snapshot,
    migration: Migration,
    key: str,
    revision: int,
    ends: tuple[str, str],
    rows: list[_Parked],
    check: Callable[[PreferenceSet, int], None],
) -> Iterator[_Parked]:
    """Give what a run down took, by the steps from the version that it left to another.

    What the steps refuse stays where it is, in the history.
    """
    start, end = ends
    path = migration.find_path(start, end) if start != end else ()
    operations = [one for edge in path if edge.step is not None for one in edge.step.operations]
    if not any(key in (*one.older_keys, *one.newer_keys) for one in operations):
        yield from rows
        return
    upwards = is_lower(start, end)
    for one, row in _as_before(view, migration, revision, rows):
        if one is None:
            yield row
            continue
        check(one, revision - 1)
        taken = migration.rows(one.rows)
        try:
            for step in (edge.step for edge in path if edge.step is not None):
                (step.up if upwards else step.down)(taken)
        except PrefcoreError:
            continue
        yield row[0], row[1], taken.by_key().get(key, row[2])


def _as_before(
    view: Snapshot, migration: Migration, revision: int, rows: list[_Parked]
) -> Iterator[tuple[PreferenceSet | None, _Parked]]:
    """Give each parked row with its set as it was before a run, without what is sealed in it.

    None stands for the set of a secret, which comes back as it was before the run.
    """
    waiting = {(scope, owner): (scope, owner, row) for scope, owner, row in rows}
    owners = {owner for _, owner in waiting}
    selection = Selection(owners=owners if len(owners) <= _FEW else ())
    for one in view.sets(migration.app, selection, at=revision - 1):
        row = waiting.pop((one.scope, one.owner), None)
        if row is None:
            continue
        if is_sealed_text(row[2][1]):
            yield None, row
            continue
        clear = [each for each in one.rows if not is_sealed_text(each[1])]
        yield PreferenceSet(one.scope, one.owner, clear), row
    for row in waiting.values():
        yield None, row


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
    for one, row in _as_before(view, migration, revision, rows):
        if one is None:
            yield row
            continue
        check(one, revision - 1)
        climb = Climb(migration, free_in(view, migration.app), one, {})
        for edge in path:
            climb.walk(edge)
        yield row[0], row[1], climb.parked.get(key, row[2])
