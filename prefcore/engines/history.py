"""Undoing: a changeset is taken back where nothing else touched what it did."""

from __future__ import annotations

from itertools import groupby

from prefcore.errors import PolicyRefused
from prefcore.interfaces import Transaction
from prefcore.model import Change, Changeset, Conflict, Entry, PlanItem, Row
from prefcore.planning import PlanBuilder
from prefcore.values import UNSET, equal

__all__ = ["undo_changeset"]


def undo_changeset(
    transaction: Transaction, builder: PlanBuilder, changeset: Changeset, *, skip: bool = False
) -> None:
    """Put back what stood before a changeset, with its metadata, telling the builder.

    An entry that now holds something else than the changeset left is a conflict, or with ``skip``
    is left alone. Raises PolicyRefused when a migration stands between the changeset and now: its
    keys and values may mean something else today.
    """
    state = transaction.state(changeset.app)
    if changeset.schema_after != state.version:
        raise PolicyRefused(
            f"changeset {changeset.id[:8]} was made at schema {changeset.schema_after} and the "
            f"store is at {state.version}; migrate there first, then undo it",
            changeset=changeset.id,
        )
    changes = (one for one in transaction.changes(changeset.revision) if isinstance(one, Change))
    for (scope, owner), group in groupby(changes, key=lambda one: (one.scope, one.owner)):
        held = {
            entry.key: entry for entry in transaction.read_set(changeset.app, scope, owner).entries
        }
        restored: list[Row] = []
        removed: list[str] = []
        for change in group:
            if not _may_undo(builder, change, held.get(change.key), skip=skip):
                continue
            if change.before is None:
                removed.append(change.key)
            else:
                restored.append(change.before.as_row())
        transaction.write(scope, owner, restored)
        transaction.remove(scope, owner, removed)


def _may_undo(builder: PlanBuilder, change: Change, entry: Entry | None, *, skip: bool) -> bool:
    """Say whether an entry is still as the changeset left it, and tell the builder."""
    held, left, before = _value(entry), _value(change.after), _value(change.before)
    if equal(held, before):
        builder.counts["unchanged"] += 1
        return False
    if equal(held, left):
        act = "remove" if before is UNSET else "add" if held is UNSET else "change"
        builder.add(PlanItem(act, change.key, change.scope, change.owner, held, before))
        return True
    if skip:
        builder.counts["kept"] += 1
        return False
    builder.conflict(
        Conflict(
            change.scope,
            change.owner,
            change.key,
            base=left,
            ours=held,
            theirs=before,
            reason="changed again since; undo that first, or leave it with --skip-conflicts",
        )
    )
    return False


def _value(entry: Entry | None) -> object:
    return UNSET if entry is None else entry.value
