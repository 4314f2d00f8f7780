"""Given: which audited secrets a path gives to its steps' functions, told before it is walked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from prefcore.engines.migrating.work import Load
from prefcore.interfaces import Snapshot
from prefcore.migration import Edge, Operation, Rename
from prefcore.model import PreferenceSet
from prefcore.values import is_sealed_text

__all__ = ["audited_in_sets", "audited_on", "audited_stored", "with_renames"]


def audited_on(path: Iterable[Edge], load: Load) -> frozenset[str]:
    """Give the keys of which an operation's functions get values whose readings are recorded.

    Under all names that they have on the path. What steps say without functions, such as a rename
    or a table, gives nothing to anybody's code.
    """
    edges = tuple(path)
    operations = [one for edge in edges if edge.step is not None for one in edge.step.operations]
    given = {
        key
        for one in operations
        if one.runs_code
        for key in (*one.older_keys, *one.newer_keys, *one.decides_by)
    }
    if not given:
        return frozenset()
    audited = {
        key
        for version in {version for edge in edges for version in (edge.older, edge.newer)}
        for key, one in load(version).preferences.items()
        if one.audited
    }
    return with_renames(given, operations) & with_renames(audited, operations)


def with_renames(keys: Iterable[str], operations: Iterable[Operation]) -> frozenset[str]:
    """Give keys under all names that the renames among some operations connect them with."""
    renames = [{one.key, one.to} for one in operations if isinstance(one, Rename)]
    found = {*keys}
    while more := set[str]().union(*(pair for pair in renames if pair & found)) - found:
        found |= more
    return frozenset(found)


def audited_stored(view: Snapshot, app: str, keys: Iterable[str]) -> Counter[str]:
    """Count what a store holds sealed of these keys, or a migration took and may give back."""
    return Counter(
        row[0]
        for key in sorted(keys)
        for *_, row in chain(view.held(app, key), view.parked(app, key))
        if is_sealed_text(row[1])
    )


def audited_in_sets(sets: Iterable[PreferenceSet], keys: frozenset[str]) -> Iterator[str]:
    """Give the key of each sealed value of these keys in some sets."""
    for one in sets:
        yield from (row[0] for row in one.rows if row[0] in keys and is_sealed_text(row[1]))
