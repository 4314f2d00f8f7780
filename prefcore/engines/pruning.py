"""Pruning the history: which part goes, what is no longer possible then, and forgetting it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import attrs

from prefcore.audit import expected_digests, faults, prunings, state_faults
from prefcore.canonical import iso_time
from prefcore.errors import IntegrityError, PluginError, UsageError
from prefcore.interfaces import Snapshot, Transaction, pruned_in
from prefcore.model import Changeset, local_text, to_micros
from prefcore.planning import PlanBuilder

__all__ = ["Kept", "last_to_prune", "prune_history"]


def _not_negative(instance: object, attribute: attrs.Attribute[int | None], value: object) -> None:
    if value is not None and (type(value) is not int or value < 0):
        raise UsageError(f"the number of changesets to keep is a whole one from 0, not {value!r}")


def _aware(instance: object, attribute: attrs.Attribute[datetime | None], value: object) -> None:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise UsageError(f"the time {value} needs a time zone")


@attrs.frozen(kw_only=True)
class Kept:
    """What of a history stays: what was done from a moment on, and the newest so many acts.

    Where both are given, what either keeps stays. Acts that changed no value do not count. Raises
    UsageError where neither is given.
    """

    since: datetime | None = attrs.field(default=None, validator=_aware)
    last: int | None = attrs.field(default=None, validator=_not_negative)

    def __attrs_post_init__(self) -> None:
        if self.since is None and self.last is None:
            raise UsageError(
                "say which part of the history stays: that from a time on, or how many"
            )


def last_to_prune(changesets: Iterable[Changeset], kept: Kept, through: int) -> Changeset | None:
    """Give the last changeset that goes, with all before it; None where none does.

    The changesets come newest first; up to ``through`` they are pruned already. One that is older
    than others before it, as by a clock that was set back, goes only with them.
    """
    found: Changeset | None = None
    count = 0
    for one in changesets:
        if one.revision <= through:
            break
        if not one.changes:
            continue
        count += 1
        stays = count <= (kept.last or 0) or (kept.since is not None and one.at >= kept.since)
        found = None if stays else found or one
    return found


def prune_history(
    transaction: Transaction,
    builder: PlanBuilder,
    app: str,
    kept: Kept,
    migrations: Sequence[tuple[int, str, str]],
) -> None:
    """Forget what does not stay, and tell the builder what is no longer possible then.

    ``migrations`` are those in force: revision, and the versions from and to. Raises
    IntegrityError where the log is not what its digests say: pruning it would remove what shows
    that. Raises PluginError where the store cannot prune.
    """
    through = pruned_in(transaction, app)
    last = last_to_prune(transaction.changesets(app), kept, through)
    if last is None:
        builder.note("no part of the history is older than what stays; nothing is to be pruned")
        return
    if getattr(transaction, "prune", None) is None:
        raise PluginError(
            "this kind of store cannot prune its history; a newer version of the plugin may"
        )
    _refuse_damaged(transaction)
    parked = _parked(transaction, app)
    pruning = transaction.prune(last.revision)
    assert pruning is not None, "the changeset found changed something"
    gone = [
        (start, goal) for revision, start, goal in migrations if through < revision <= last.revision
    ]
    lost = parked - _parked(transaction, app)
    builder.counts["prune"] += pruning.changes
    builder.details.update(
        {
            "through": pruning.through,
            "until": iso_time(to_micros(last.at)),
            "changesets": pruning.changesets,
            "changes": pruning.changes,
            "migrations": [{"from": start, "to": goal} for start, goal in gone],
            "parked": lost,
            "facts": pruning.facts,
            "state": pruning.state,
        }
    )
    _tell(builder, pruning.changesets, last, gone, lost)


def _tell(
    builder: PlanBuilder,
    changesets: int,
    last: Changeset,
    migrations: Sequence[tuple[str, str]],
    parked: int,
) -> None:
    """Tell what is no longer possible, and what still holds what is forgotten."""
    acts = "1 changeset" if changesets == 1 else f"{changesets:,} changesets"
    builder.warn(
        f"{acts}, up to {last.id[:8]} of {local_text(last.at)}, can no longer "
        "be undone, and what they changed is no longer told"
    )
    for start, goal in migrations:
        builder.warn(f"the migration {start} → {goal} can no longer be taken back")
    if parked:
        values = "1 value" if parked == 1 else f"{parked:,} values"
        builder.warn(f"{values} that migrations put aside will not come back where their keys do")
    builder.note("documents written before then merge two ways from now on, without a common base")
    builder.note(
        "backups and safety copies made before still hold all of it: prefcore backup list, "
        "prefcore migrate copies"
    )
    builder.note(
        "the store's file is written anew without what is forgotten, for which it takes as much "
        "free space as what is left in it"
    )


def _parked(view: Snapshot, app: str) -> int:
    return sum(1 for key in view.keys(app) for _ in view.parked(app, key.name))


def _refuse_damaged(view: Snapshot) -> None:
    """Raise IntegrityError where the log, or what it left, is not what its digests say."""
    pruned = prunings(view.changesets())
    found = next(faults(view.log(), expected_digests(view.changesets()), pruned), None)
    found = found or next(state_faults(lambda app, at: view.sets(app, at=at), pruned), None)
    if found is not None:
        raise IntegrityError(
            f"the history does not agree with itself at revision {found.revision} ({found.what}); "
            "pruning would remove what shows that: look at it with prefcore audit verify, and "
            "restore a backup",
            revision=found.revision,
        )
