"""The act that brings values back from a backup."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import attrs

from prefcore.engines import backups as backing_up
from prefcore.engines.backups import Manifest
from prefcore.errors import AppMismatch, MissingStep, NewerFormat
from prefcore.facade.act import Act
from prefcore.facade.acts.passages import Passages
from prefcore.facade.backups import Backups
from prefcore.facade.workplace import Workplace
from prefcore.interfaces import Transaction
from prefcore.migration import Edge
from prefcore.model import Selection
from prefcore.planning import PlanBuilder
from prefcore.schema import Version
from prefcore.vault import SealingTransaction

__all__ = ["restore_act"]


def restore_act(
    workplace: Workplace,
    open_backups: Callable[[], Backups],
    manifest: Manifest,
    version: str | None,
    selection: Selection,
    *,
    reason: str,
    secure: Callable[[], str] | None = None,
) -> Act:
    """Give the act that makes a selection of values what they are in a backup.

    Raises AppMismatch where the backup holds nothing of the application, NewerFormat where it is at
    a newer schema than any known, MissingStep where no steps lead from there.
    """
    app = workplace.app
    told = next((one for one in manifest.apps if one.app == app), None)
    if told is None:
        others = ", ".join(one.app for one in manifest.apps)
        raise AppMismatch(f"backup {manifest.id} holds nothing of {app}; it is of {others}")
    target = version or workplace.first_version()
    start = told.schema or target
    path, upwards = _way_from(workplace, manifest, start, target)
    schema = workplace.schema(target)
    ways = Passages(workplace)

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        at = datetime.now(UTC)
        passage = ways.along(path, upwards, at=at)
        with open_backups() as backups, backups.opened(manifest, builder.progress) as backup:
            backing_up.restore_sets(
                transaction,
                builder,
                (one for one in backup.sets() if one.app == app),
                selection,
                schema=schema,
                passage=passage,
                at=at,
                actor=workplace.actor,
                is_own=_is_own(transaction, manifest),
            )
            for _ in backup.records():
                pass  # at their end the backup has proved to be what it says
        others = [one.app for one in manifest.apps if one.app != app]
        if others:
            builder.note(f"values of other applications stay as they are: {', '.join(others)}")
        if start != target:
            builder.note(f"the backup is at schema {start}; its values were migrated to {target}")
        if passage is not None and (given_up := passage.told(selection)):
            builder.warn(given_up)

    details: dict[str, object] = {"backup": manifest.id, "schema": start}
    if not selection.is_everything:
        details["selection"] = {
            name: list(value) for name, value in attrs.asdict(selection).items()
        }
    return Act(
        kind="restore",
        summary=f"restore backup {manifest.id[: backing_up.SHORT]}",
        reason=reason,
        details=details,
        run=run,
        to_version=target,
        careful=True,
        secure=secure,
        schemas=(schema,),
    )


def _is_own(transaction: Transaction, manifest: Manifest) -> bool:
    """Say whether a backup is of this store, whose keys have the same UUIDs."""
    return any(one.id == manifest.lineage for one in transaction.changesets())


def _way_from(
    workplace: Workplace, manifest: Manifest, start: str, target: str
) -> tuple[tuple[Edge, ...], bool]:
    try:
        return workplace.way(start, target)
    except MissingStep as error:
        newest = workplace.known.newest or target
        if Version.parse(start) > Version.parse(newest):
            raise NewerFormat(
                f"backup {manifest.id} is at schema {start}, newer than {newest}, the newest known "
                "here; upgrade the application, or restore it --to a new store",
                found=start,
            ) from error
        raise
