"""Pruning: the log without what stood before the changes of an application."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from prefcore.audit import Pruning, pruning_through
from prefcore.builtin.memory_store.reading import View
from prefcore.builtin.memory_store.state import LogRecord, State

__all__ = ["pruned_log"]


def pruned_log(
    view: View, state: State, app: str, through: int
) -> tuple[Pruning, Sequence[LogRecord]] | None:
    """Give what pruning an application's history comes to, and the log then.

    None where nothing is left to be pruned up to that revision.
    """
    before = view.pruned(app)
    mine = [one for one in state.records(app) if one.bare.revision <= through and one.bare.changes]
    last = mine[-1].bare.revision if mine else 0
    if last <= before:
        return None
    pruning = pruning_through(
        last,
        ((one.changeset, one.renames) for one in mine),
        view.sets(app, at=last),
        before=before,
    )
    if pruning is None:
        return None
    gone = {one.bare.revision for one in mine}
    log = [attrs.evolve(one, deltas=()) if one.bare.revision in gone else one for one in state.log]
    return pruning, log
