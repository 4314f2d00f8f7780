"""Telling a plan what a migration changed."""

from __future__ import annotations

from prefcore.interfaces import Transaction
from prefcore.model import Change, PlanItem
from prefcore.model import Rename as Renamed
from prefcore.planning import PlanBuilder
from prefcore.values import UNSET

__all__ = ["tell_changes"]


def tell_changes(transaction: Transaction, builder: PlanBuilder) -> None:
    """Tell the builder what the transaction changed so far."""
    for change in transaction.pending():
        if isinstance(change, Renamed):
            builder.add(PlanItem("rename", change.before, after=change.after))
        else:
            builder.add(_item(change))


def _item(change: Change) -> PlanItem:
    before = UNSET if change.before is None else change.before.value
    after = UNSET if change.after is None else change.after.value
    act = "add" if before is UNSET else "remove" if after is UNSET else "change"
    return PlanItem(act, change.key, change.scope, change.owner, before, after)
