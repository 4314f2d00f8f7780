"""Readings: which audited secrets the steps of an import will be given, counted beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from prefcore.engines import importing, migrating
from prefcore.facade.workplace import Workplace
from prefcore.interfaces import pruned_in
from prefcore.migration import Edge
from prefcore.model import Header, PreferenceSet, Selection

__all__ = ["given_of_files", "given_of_log"]

#: Draws the sets of a file, for as long as the stack is open.
Sets = Callable[[ExitStack], Iterable[PreferenceSet]]


def given_of_files(
    workplace: Workplace, files: Iterable[tuple[Sets, tuple[Edge, ...]]]
) -> Counter[str]:
    """Count the audited secrets in files, each with the path that its sets are taken along.

    A file is read only where steps on its path have functions for such; without a key ring nothing
    of it opens.
    """
    found = Counter[str]()
    for sets, path in files:
        keys = migrating.audited_on(path, workplace.schema)
        if keys and workplace.keys.ring is not None:
            with ExitStack() as stack:
                found.update(migrating.audited_in_sets(sets(stack), keys))
    return found


def given_of_log(workplace: Workplace, header: Header, target: str) -> Counter[str]:
    """Count those in the state of our log that a document is merged from, if that is older."""
    found = Counter[str]()
    with workplace.store.snapshot() as view:
        common = importing.common_changeset(view, workplace.app, header)
        if common is None or common[0].revision < pruned_in(view, workplace.app):
            return found
        path, _ = workplace.way(common[0].schema_after or target, target)
        keys = migrating.audited_on(path, workplace.schema)
        if keys:
            then = view.sets(workplace.app, Selection.of_keys(keys), at=common[0].revision)
            found.update(migrating.audited_in_sets(then, keys))
    return found
