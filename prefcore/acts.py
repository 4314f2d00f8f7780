"""Acts: what becomes one changeset, planned and done by the same code in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import attrs

from prefcore.engines import history, importing, migrating, registering
from prefcore.errors import NotFound, StalePlan, UsageError
from prefcore.interfaces import FormatInfo, Store, Transaction
from prefcore.migration import Edge, Step, find_path, in_order, read_steps
from prefcore.model import Changeset, Draft, Plan, PlanItem, Row, place
from prefcore.planning import PlanBuilder
from prefcore.plugins import Plugins
from prefcore.schema import SchemaDocument, Version
from prefcore.values import UNSET, from_text

__all__ = [
    "Act",
    "Workplace",
    "import_act",
    "migration_act",
    "register_act",
    "set_act",
    "undo_act",
    "write_set",
]


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


def write_set(
    transaction: Transaction, scope: str, owner: str, rows: Iterable[Row], unset: Iterable[str]
) -> None:
    """Put entries into one set and take others out of it."""
    transaction.write(scope, owner, rows)
    transaction.remove(scope, owner, unset)


def set_act(
    app: str, scope: str, owner: str, rows: Iterable[Row], unset: Iterable[str], *, reason: str
) -> Act:
    """Give the act that sets and unsets values of one set, which were checked before."""
    rows, unset = list(rows), list(unset)

    def run(transaction: Transaction, builder: PlanBuilder) -> None:
        held = {row[0]: row for row in transaction.read_set(app, scope, owner).rows}
        write_set(transaction, scope, owner, rows, unset)
        for key, text, *_ in rows:
            before = from_text(held[key][1]) if key in held else UNSET
            if key in held and held[key][1] == text:
                builder.counts["unchanged"] += 1
            else:
                act = "change" if key in held else "add"
                builder.add(PlanItem(act, key, scope, owner, before, from_text(text)))
        for key in unset:
            if key in held:
                before = from_text(held[key][1])
                builder.add(PlanItem("remove", key, scope, owner, before))
            else:
                builder.counts["unchanged"] += 1

    kind = "set" if rows else "unset"
    return Act(kind=kind, summary=f"{kind} in {place(scope, owner)}", reason=reason, run=run)


def register_act(document: SchemaDocument, reason: str) -> Act:
    """Give the act that records a schema version without applying it."""

    def run(transaction: Transaction, builder: PlanBuilder) -> None:
        if transaction.schema(document.app, document.version) is None:
            builder.add(PlanItem("register", document.version))
        registering.register(transaction, document)

    return Act(
        kind="register",
        summary=f"register schema {document.version}",
        reason=reason,
        details={"version": document.version},
        run=run,
    )


def undo_act(changeset: Changeset, *, skip: bool, reason: str) -> Act:
    """Give the act that takes back a changeset which is no migration."""
    return Act(
        kind="undo",
        summary=f"undo {changeset.kind} of {changeset.at:%Y-%m-%d %H:%M:%S}",
        reason=reason,
        details={"changeset": changeset.id},
        run=lambda transaction, builder: history.undo_changeset(
            transaction, builder, changeset, skip=skip
        ),
    )


def migration_act(
    workplace: Workplace, start: str, goal: str, *, take_before: bool, reason: str
) -> Act:
    """Give the act that migrates from the version in force to another; raises MissingStep."""
    path = workplace.find_path(start, goal)
    upwards = Version.parse(start) < Version.parse(goal)
    versions = {version for edge in path for version in (edge.older, edge.newer)}
    documents = {version: workplace.schema(version) for version in versions}

    def run(transaction: Transaction, builder: PlanBuilder) -> None:
        migration = migrating.Migration(
            app=workplace.app,
            actor=workplace.actor,
            at=datetime.now(UTC),
            load=documents.__getitem__,
            find_path=workplace.find_path,
        )
        if upwards:
            migrating.migrate_up(transaction, builder, migration, path)
        elif path:
            undo = migrating.undoing(transaction, workplace.app, goal)
            migrating.migrate_down(
                transaction, builder, migration, path, undo, take_before=take_before
            )

    steps = [edge.step for edge in path if edge.step is not None]
    details: dict[str, object] = {
        "direction": "up" if upwards else "down",
        "from": start,
        "to": goal,
        "steps": [
            {
                "step": step.id,
                "summary": step.summary,
                "checksum": step.checksum,
                "operations": [str(operation) for operation in step.operations],
            }
            for step in steps
        ],
    }
    return Act(
        kind="migrate",
        summary=f"migrate {'up' if upwards else 'down'} {start} → {goal}",
        reason=reason,
        details=details,
        run=run,
        to_version=goal,
        careful=True,
    )


def import_act(
    workplace: Workplace,
    request: importing.ImportRequest,
    version: str | None,
    *,
    reason: str,
) -> Act:
    """Give the act that imports a file; raises what reading its header raises."""
    strategies = {one.id: one for one in workplace.plugins.merge_strategies.all()}
    for id in (request.strategy, *(id for _, id in request.merge)):
        if id not in strategies:
            raise UsageError(
                f"there is no merge strategy '{id}'; known are {', '.join(sorted(strategies))}",
                strategy=id,
            )
    formats = _formats(workplace.plugins, request.format)
    with importing.naming_file(request.name), request.path.open("rb") as source:
        header = importing.opened_document(source, request, formats).header
    target = version or workplace.first_version()
    if request.from_schema is not None and _is_unused(workplace):
        target = request.from_schema
    start = request.from_schema or (header.schema if header else None) or target
    path = workplace.find_path(start, target) if start != target else ()
    schema = workplace.schema(target)

    def run(transaction: Transaction, builder: PlanBuilder) -> None:
        with importing.naming_file(request.name), request.path.open("rb") as source:
            importing.import_document(
                transaction,
                builder,
                importing.opened_document(source, request, formats),
                request,
                schema=schema,
                path=path,
                upwards=Version.parse(start) < Version.parse(target),
                strategies=strategies,
                at=datetime.now(UTC),
                actor=workplace.actor,
            )

    details: dict[str, object] = {"file": request.name, "schema": start}
    if header is not None and header.changeset is not None:
        details["source_changeset"] = header.changeset
        details["selection"] = {
            name: list(value) for name, value in attrs.asdict(request.selection).items()
        }
    return Act(
        kind="import",
        summary=f"import {request.name}",
        reason=reason,
        details=details,
        run=run,
        to_version=target,
    )


def _is_unused(workplace: Workplace) -> bool:
    with workplace.store.snapshot() as view:
        return view.state(workplace.app).last_changeset is None


def _formats(plugins: Plugins, id: str | None) -> tuple[FormatInfo, ...]:
    return plugins.formats.all() if id is None else (plugins.formats.get(id),)
