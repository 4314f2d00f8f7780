"""Telling a plan what a migration changed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, dropwhile, takewhile

from prefcore.interfaces import Transaction
from prefcore.model import Change, PlanItem
from prefcore.model import Rename as Renamed
from prefcore.planning import PlanBuilder
from prefcore.values import UNSET

__all__ = ["tell_changes"]


def tell_changes(transaction: Transaction, builder: PlanBuilder, app: str) -> None:
    """Tell the builder what the transaction changed so far.

    A key that nobody holds is renamed too, but that changes nothing for anybody.
    """
    done = transaction.summary()
    renames = _of_held(transaction, app, takewhile(_is_rename, transaction.pending()))
    counts = {"rename": len(renames), "add": done.added, "change": done.changed}
    counts = {act: count for act, count in {**counts, "remove": done.removed}.items() if count}
    changes = dropwhile(_is_rename, transaction.pending())
    builder.add_summary(counts, done.digest, map(_item, chain(renames, changes)))


def _is_rename(change: Change | Renamed) -> bool:
    return isinstance(change, Renamed)


def _of_held(
    transaction: Transaction, app: str, changes: Iterable[Change | Renamed]
) -> list[Renamed]:
    """Give the renames of keys that somebody holds now, in their order."""
    renames = [one for one in changes if isinstance(one, Renamed)]
    began: dict[str, str] = {}  # by the name that a key has by now, the one it had at first
    keys = []
    for one in renames:
        keys.append(began.pop(one.before, one.before))
        began[one.after] = keys[-1]
    held = {
        key for name, key in began.items() if next(transaction.held(app, name), None) is not None
    }
    return [one for one, key in zip(renames, keys, strict=True) if key in held]


def _item(change: Change | Renamed) -> PlanItem:
    if isinstance(change, Renamed):
        return PlanItem("rename", change.before, after=change.after)
    before = UNSET if change.before is None else change.before.value
    after = UNSET if change.after is None else change.after.value
    act = "add" if before is UNSET else "remove" if after is UNSET else "change"
    return PlanItem(act, change.key, change.scope, change.owner, before, after)
