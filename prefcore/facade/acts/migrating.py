"""Acts that migrate, up and down, and that take a migration back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import attrs

from prefcore.engines import migrating
from prefcore.facade.act import Act
from prefcore.facade.acts.pruning import naming_pruned
from prefcore.facade.workplace import Workplace
from prefcore.interfaces import Transaction
from prefcore.migration import Edge, Step
from prefcore.model import Changeset
from prefcore.planning import PlanBuilder
from prefcore.schema import Noted, SchemaDocument, Version
from prefcore.vault import SealingTransaction

__all__ = ["migration_act", "undo_migration_act"]


def migration_act(
    workplace: Workplace,
    start: str,
    goal: str,
    *,
    take_before: bool,
    reason: str,
    secure: Callable[[], str] | None = None,
) -> Act:
    """Give the act that migrates from the version in force to another; raises MissingStep.

    Where a step may lose something, ``secure`` keeps the state before; see ``Act``.
    """
    path, upwards = workplace.way(start, goal)
    documents = _documents(workplace, path)

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        _warn_of_deprecated(transaction, builder, workplace.app, goal)
        migration = _migration(workplace, documents, builder)
        if upwards:
            migrating.migrate_up(transaction, builder, migration, path)
        else:
            undo = migrating.undoing(transaction, workplace.app, goal)
            with naming_pruned(f"{start} cannot be migrated back to {goal}"):
                migrating.migrate_back(
                    transaction, builder, migration, path, undo, take_before=take_before
                )

    act = _migrating(workplace, start, goal, path, run, reason, documents)
    return attrs.evolve(act, secure=secure if _may_lose(path, upwards=upwards) else None)


def _warn_of_deprecated(
    transaction: Transaction, builder: PlanBuilder, app: str, version: str
) -> None:
    for record in transaction.schema_versions(app):
        noted = Noted.from_facts(record.facts)
        if record.version == version and noted.is_deprecated:
            builder.warn(f"schema {version} is deprecated; {noted.notice}".rstrip("; "))


def _may_lose(path: tuple[Edge, ...], *, upwards: bool) -> bool:
    """Say whether a migration may leave only the log to tell what stood before.

    On the way down every operation may: what was written since may have no place there.
    """
    operations = [one for edge in path if edge.step for one in edge.step.operations]
    return any(one.loses or not upwards for one in operations)


def undo_migration_act(
    workplace: Workplace,
    changeset: Changeset,
    *,
    reason: str,
    secure: Callable[[], str] | None = None,
) -> Act:
    """Give the act that takes back the newest migration, up or down, and keeps edits since."""
    start, goal = str(changeset.schema_after), str(changeset.schema_before)
    path, _ = workplace.way(start, goal)
    documents = _documents(workplace, path)

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        undo = migrating.undoing_last(transaction, changeset)
        migration = _migration(workplace, documents, builder)
        with naming_pruned(f"the migration {goal} → {start} cannot be taken back"):
            migrating.migrate_back(transaction, builder, migration, path, undo)

    act = _migrating(workplace, start, goal, path, run, reason, documents)
    return attrs.evolve(
        act,
        details={**act.details, "changeset": changeset.id},
        secure=secure if _may_lose(path, upwards=False) else None,
    )


def _documents(workplace: Workplace, path: tuple[Edge, ...]) -> dict[str, SchemaDocument]:
    versions = {version for edge in path for version in (edge.older, edge.newer)}
    return {version: workplace.schema(version) for version in versions}


def _migration(
    workplace: Workplace, documents: Mapping[str, SchemaDocument], builder: PlanBuilder
) -> migrating.Migration:
    return migrating.Migration(
        app=workplace.app,
        actor=workplace.actor,
        at=datetime.now(UTC),
        load=lambda version: documents.get(version) or workplace.schema(version),
        find_path=workplace.find_path,
        progress=builder.progress,
    )


def _migrating(
    workplace: Workplace,
    start: str,
    goal: str,
    path: tuple[Edge, ...],
    run: Callable[[SealingTransaction, PlanBuilder], None],
    reason: str,
    documents: Mapping[str, SchemaDocument],
) -> Act:
    upwards = Version.parse(start) < Version.parse(goal)
    direction = "up" if upwards else "down"
    moving = f"migrate {direction} {start} → {goal}"
    steps = [edge.step for edge in path if edge.step is not None]
    secrets = _secrets(documents, steps)

    def given() -> Mapping[str, int]:
        keys = migrating.audited_on(path, lambda version: documents[version])
        if not keys:
            return {}
        with workplace.store.snapshot() as view:
            return migrating.audited_stored(view, workplace.app, keys)

    def run_and_seal(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        run(transaction, builder)
        transaction.seal_in_place(secrets)
        if transaction.sealed_in_place:
            builder.warn(
                f"{transaction.sealed_in_place} values that stood in clear, some of them in the "
                "history, are secrets now and are encrypted; safety copies and backups made "
                "before still hold them in clear"
            )

    return Act(
        kind="migrate",
        summary=moving if start != goal else f"stay at {goal}",
        reason=reason,
        details={
            "direction": direction,
            "from": start,
            "to": goal,
            "steps": [_told(step) for step in steps],
        },
        run=run_and_seal,
        to_version=goal,
        action="apply",
        careful=True,
        schemas=tuple(documents.values()),
        secrets=secrets,
        given=given,
    )


def _told(step: Step) -> dict[str, object]:
    """Give what the history holds of a step."""
    return {
        "step": step.id,
        "summary": step.summary,
        "checksum": step.checksum,
        "outline": step.outline,
        "operations": [str(operation) for operation in step.operations],
    }


def _secrets(documents: Mapping[str, SchemaDocument], steps: Iterable[Step]) -> frozenset[str]:
    """Give the keys that are secrets somewhere on the way, under all names they have there."""
    found = {
        key
        for document in documents.values()
        for key, one in document.preferences.items()
        if one.sensitive
    }
    return migrating.with_renames(found, (one for step in steps for one in step.operations))
