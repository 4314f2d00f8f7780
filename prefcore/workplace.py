"""The workplace: one application in one store, where acts become changesets.

An act is planned and done by the same code in one transaction, so a plan cannot lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import attrs

from prefcore.engines import registering
from prefcore.errors import NotFound, StalePlan
from prefcore.interfaces import Store, Transaction
from prefcore.migration import Edge, Step, find_path, in_order, read_steps
from prefcore.model import Changeset, Draft, Plan
from prefcore.planning import PlanBuilder
from prefcore.plugins import Plugins
from prefcore.schema import SchemaDocument, Version

__all__ = ["Act", "Workplace"]


@attrs.frozen(kw_only=True)
class Act:
    """Something that becomes one changeset: what it is called, and the code that does it.

    The same code makes the plan and does the act. ``to_version`` is the schema version in force
    afterwards, where it changes; ``careful`` keeps a safety copy of the store first.
    """

    kind: str
    summary: str
    run: Callable[[Transaction, PlanBuilder], None]
    reason: str = ""
    details: Mapping[str, object] = attrs.field(factory=dict)
    to_version: str | None = None
    careful: bool = False


class Workplace:
    """What acts work with: one application in one store, its schemas, steps and plugins."""

    def __init__(
        self,
        app: str,
        store: Store,
        *,
        known: registering.KnownSchemas,
        migrations: Path | Iterable[Step],
        plugins: Plugins,
        actor: str,
    ) -> None:
        self.app = app
        self.store = store
        self.known = known
        self.plugins = plugins
        self.actor = actor
        self._migrations = migrations

    def steps(self) -> tuple[Step, ...]:
        """Give the migration steps, reading (running) their files when first asked."""
        if isinstance(self._migrations, Path):
            self._migrations = read_steps(self._migrations)
        else:
            self._migrations = in_order(self._migrations)
        return self._migrations

    def find_path(self, start: str, goal: str) -> tuple[Edge, ...]:
        """Give the edges from one version to another; raises MissingStep."""
        with self.store.snapshot() as view:
            versions = self.known.versions(view)
        return find_path(versions, self.steps(), start, goal)

    def way(self, start: str, goal: str) -> tuple[tuple[Edge, ...], bool]:
        """Give the edges between two versions (none where they are one), and whether it is up."""
        if start == goal:
            return (), True
        return self.find_path(start, goal), Version.parse(start) < Version.parse(goal)

    def schema(self, version: str) -> SchemaDocument:
        """Give a version's schema; raises MissingStep where it is not known."""
        with self.store.snapshot() as view:
            return self.known.load(view, version)

    def first_version(self) -> str:
        """Give the version a store starts at; raises NotFound where no schema is known."""
        version = self.known.newest
        if version is None:
            raise NotFound(
                f"no schema of {self.app} is known: the store records none and no folder of "
                "snapshots is configured; set `schemas` in prefcore.toml",
            )
        return version

    def put_in_force(self, transaction: Transaction, version: str) -> None:
        """Record a schema version, where it is not yet, and apply it."""
        registering.register(transaction, self.known.load(transaction, version))
        transaction.apply_version(version)

    def draft(self, kind: str, reason: str, details: Mapping[str, object] | None = None) -> Draft:
        """Give the draft of a changeset made now."""
        return Draft(self.app, self.actor, kind, datetime.now(UTC), reason, details or {})

    def carry_out(
        self, act: Act, version: str | None, *, dry: bool = False, expected: str | None = None
    ) -> tuple[Plan, Changeset | None]:
        """Run an act in one transaction: for its plan alone (``dry``), or to be committed.

        ``version`` is the schema version in force. Raises StalePlan when the plan's digest is not
        the ``expected`` one, and the plan's blocker; then nothing was changed.
        """
        draft = self.draft(act.kind, act.reason, act.details)
        with self.store.changeset(draft, version=version) as transaction:
            base = transaction.state(self.app).last_changeset
            builder = PlanBuilder()
            builder.details.update(act.details)
            act.run(transaction, builder)
            goal = act.to_version or version or self.first_version()
            if goal != version:
                self.put_in_force(transaction, goal)
            plan = builder.build(
                app=self.app, kind=act.kind, summary=act.summary, base=base, request=act
            )
            if dry:
                transaction.abandon()
            elif expected is not None and plan.digest != expected:
                raise StalePlan(
                    f"{act.summary}: the state moved since the plan was made, and it would now do "
                    "something else; plan it again",
                    expected=expected,
                    found=plan.digest,
                )
            elif plan.blocker is not None:
                raise plan.blocker
            elif act.careful and not (plan.is_empty and goal == version):
                self.store.save_copy(f"before {act.summary}")
        return plan, None if dry else transaction.result()
