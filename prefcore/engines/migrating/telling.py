"""Telling a plan what a migration changed."""

from __future__ import annotations

from itertools import takewhile

from prefcore.interfaces import Transaction
from prefcore.model import Change, PlanItem
from prefcore.model import Rename as Renamed
from prefcore.planning import PlanBuilder
from prefcore.values import UNSET

__all__ = ["tell_changes"]


def tell_changes(transaction: Transaction, builder: PlanBuilder) -> None:
    """Tell the builder what the transaction changed so far."""
    done = transaction.summary()
    renamed = sum(1 for _ in takewhile(lambda one: isinstance(one, Renamed), transaction.pending()))
    counts = {"rename": renamed, "add": done.added, "change": done.changed, "remove": done.removed}
    counts = {act: count for act, count in counts.items() if count}
    builder.add_summary(counts, done.digest, map(_item, transaction.pending()))


def _item(change: Change | Renamed) -> PlanItem:
    if isinstance(change, Renamed):
        return PlanItem("rename", change.before, after=change.after)
    before = UNSET if change.before is None else change.before.value
    after = UNSET if change.after is None else change.after.value
    act = "add" if before is UNSET else "remove" if after is UNSET else "change"
    return PlanItem(act, change.key, change.scope, change.owner, before, after)
