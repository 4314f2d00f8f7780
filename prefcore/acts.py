"""Acts: what a user may ask for that becomes one changeset."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import attrs

from prefcore.backups import Backups
from prefcore.documents import (
    fingerprint,
    naming_file,
    opened_document,
    plain_file,
    unchanging,
    verified_sets,
)
from prefcore.engines import backups as backing_up
from prefcore.engines import history, importing, migrating, registering
from prefcore.engines.backups import Manifest
from prefcore.errors import AppMismatch, MissingStep, NewerFormat, UsageError
from prefcore.interfaces import FormatInfo, MergeStrategyInfo, Transaction
from prefcore.migration import Edge, Rename, Step
from prefcore.model import (
    Change,
    Changeset,
    Document,
    Header,
    PlanItem,
    PreferenceSet,
    Row,
    Selection,
)
from prefcore.model.sets import place
from prefcore.planning import PlanBuilder
from prefcore.plugins import Plugins
from prefcore.schema import Noted, SchemaDocument, Version
from prefcore.sealed_files import in_clear
from prefcore.values import UNSET, from_text, same_text
from prefcore.vault import SealingTransaction
from prefcore.workplace import Act, Workplace

__all__ = [
    "baseline_act",
    "import_act",
    "migration_act",
    "register_act",
    "restore_act",
    "set_act",
    "undo_act",
    "undo_migration_act",
    "write_set",
]


def write_set(
    transaction: SealingTransaction,
    scope: str,
    owner: str,
    rows: Iterable[Row],
    unset: Iterable[str],
) -> None:
    """Put entries into one set and take others out of it."""
    transaction.write(scope, owner, rows)
    transaction.remove(scope, owner, unset)


def set_act(
    schema: SchemaDocument,
    scope: str,
    owner: str,
    rows: Iterable[Row],
    unset: Iterable[str],
    *,
    reason: str,
    left_out: Iterable[str] = (),
) -> Act:
    """Give the act that sets and unsets values of one set, which were checked before.

    It tells the sentences of what was ``left_out``.
    """
    checked, unset, told = list(rows), list(unset), tuple(left_out)

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        for sentence in told:
            builder.leave_out(sentence)
        held = {row[0]: row for row in transaction.read_set(schema.app, scope, owner).rows}
        rows = transaction.sealed(scope, owner, checked)
        write_set(transaction, scope, owner, rows, unset)
        for key, text, *_ in rows:
            before = from_text(held[key][1]) if key in held else UNSET
            if key in held and same_text(held[key][1], text):
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

    kind = "set" if checked else "unset"
    summary = f"{kind} in {place(scope, owner)}"
    return Act(kind=kind, summary=summary, reason=reason, run=run, schemas=(schema,))


def register_act(document: SchemaDocument, reason: str) -> Act:
    """Give the act that records a schema version without applying it."""

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        if transaction.schema(document.app, document.version) is None:
            builder.add(PlanItem("register", document.version))
        registering.register(transaction, document)

    return Act(
        kind="register",
        summary=f"register schema {document.version}",
        reason=reason,
        details={"version": document.version},
        run=run,
        action="register",
    )


def baseline_act(workplace: Workplace) -> Act:
    """Give the act that records what a store without a recorded version is taken at."""
    version = workplace.first_version()
    return Act(
        kind="register",
        summary=f"take the store at {version}",
        reason="the store recorded no version",
        details={"version": version},
        run=lambda transaction, builder: builder.add(PlanItem("register", version)),
        to_version=version,
        action="apply",
    )


def undo_act(changeset: Changeset, schema: SchemaDocument, *, skip: bool, reason: str) -> Act:
    """Give the act that takes back a changeset which is no migration."""

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        for one in transaction.changes(changeset.revision):
            if isinstance(one, Change):  # a conflict shows what is held, so all are asked for first
                transaction.permit(one.scope, one.owner, [one.key])
        history.undo_changeset(transaction, builder, changeset, skip=skip)

    return Act(
        kind="undo",
        summary=f"undo {changeset.kind} of {changeset.at:%Y-%m-%d %H:%M:%S}",
        reason=reason,
        details={"changeset": changeset.id},
        run=run,
        schemas=(schema,),
    )


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
            migrating.migrate_back(
                transaction, builder, migration, path, undo, take_before=take_before
            )

    act = _migrating(start, goal, path, run, reason, documents)
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
        migrating.migrate_back(transaction, builder, migration, path, undo)

    act = _migrating(start, goal, path, run, reason or f"undo {changeset.id}", documents)
    return attrs.evolve(act, secure=secure if _may_lose(path, upwards=False) else None)


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
    details: dict[str, object] = {
        "direction": direction,
        "from": start,
        "to": goal,
        "steps": [
            {
                "step": step.id,
                "summary": step.summary,
                "checksum": step.checksum,
                "outline": step.outline,
                "operations": [str(operation) for operation in step.operations],
            }
            for step in steps
        ],
    }
    secrets = _secrets(documents, steps)

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
        details=details,
        run=run_and_seal,
        to_version=goal,
        action="apply",
        careful=True,
        schemas=tuple(documents.values()),
        secrets=secrets,
    )


def _secrets(documents: Mapping[str, SchemaDocument], steps: Iterable[Step]) -> frozenset[str]:
    """Give the keys that are secrets somewhere on the way, under all names they have there."""
    found = {
        key
        for document in documents.values()
        for key, one in document.preferences.items()
        if one.sensitive
    }
    renames = [
        {one.key, one.to} for step in steps for one in step.operations if isinstance(one, Rename)
    ]
    while True:
        more = set().union(*(pair for pair in renames if pair & found)) - found
        if not more:
            return frozenset(found)
        found |= more


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

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        with open_backups() as backups, backups.opened(manifest, builder.progress) as backup:
            backing_up.restore_sets(
                transaction,
                builder,
                (one for one in backup.sets() if one.app == app),
                selection,
                schema=schema,
                path=path,
                upwards=upwards,
                at=datetime.now(UTC),
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


def import_act(
    workplace: Workplace,
    request: importing.ImportRequest,
    version: str | None,
    *,
    reason: str,
) -> Act:
    """Give the act that imports a file; raises what reading its header raises."""
    strategies = _strategies(workplace, request)
    formats = _formats(workplace.plugins, request.format)
    seen = {}
    with ExitStack() as stack:
        raw = stack.enter_context(plain_file(request.path, request.name))
        seen[request.path] = fingerprint(raw)
        source = stack.enter_context(in_clear(raw, request.name, workplace.keys))
        header = opened_document(
            source, request.name, formats, format=request.format, limits=request.limits
        ).header
    if header is None:
        _refuse_strategies_of_time(request, strategies)
        _refuse_other_selection(request)
    target = version or workplace.first_version()
    if request.from_schema is not None:
        with workplace.store.snapshot() as view:
            target = request.from_schema if workplace.is_unused(view) else target
    start = request.from_schema or (header.schema if header else None) or target
    path, upwards = workplace.way(start, target)
    schema = workplace.schema(target)

    way_of_base = (path, upwards)
    if request.base is not None:
        with ExitStack() as stack:
            raw = stack.enter_context(plain_file(request.base, str(request.base)))
            seen[request.base] = fingerprint(raw)
            source = stack.enter_context(in_clear(raw, str(request.base), workplace.keys))
            begun = opened_document(
                source, str(request.base), formats, limits=request.limits
            ).header
        way_of_base = workplace.way((begun.schema if begun else None) or start, target)

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        at = datetime.now(UTC)

        def sets_of(
            file: Path, name: str, stack: ExitStack, base: importing.Base | None = None
        ) -> Iterable[PreferenceSet]:
            source = stack.enter_context(plain_file(file, name))
            stack.enter_context(unchanging(source, name, seen[file]))
            opened = opened_document(
                stack.enter_context(in_clear(source, name, workplace.keys)),
                name,
                formats,
                format=request.format if file == request.path else None,
                limits=request.limits,
            )
            document = opened.document
            if isinstance(document, Document):
                if base is not None and base.is_present:
                    document.expected = base.sets.of
                sets = verified_sets(opened, name, workplace.app, edited=builder.warn)
                return sets if file != request.path else _told(sets, source, builder)
            flattened = workplace.schema(start)
            values = document.values
            with naming_file(name):
                return [
                    importing.plain_set(
                        values, request.into, flattened, at=at, actor=workplace.actor
                    )
                ]

        with ExitStack() as stack:
            base: importing.Base | None
            if request.base is not None:
                base = importing.Base(sets_of(request.base, str(request.base), stack), *way_of_base)
            else:
                told = None if request.two_ways else header
                base = _base_of_log(workplace, transaction, builder, told, target)
            importing.import_sets(
                transaction,
                builder,
                sets_of(request.path, request.name, stack, base),
                request,
                schema=schema,
                path=path,
                upwards=upwards,
                base=base,
                strategies=strategies,
                at=at,
                actor=workplace.actor,
            )

    details: dict[str, object] = {"file": request.name, "schema": start}
    # What was taken in may be a base later. Too much named would make a later merge take what the
    # document never held for removed; so where it can't be said exactly, it is not said.
    taken = request.selection.narrowed(header.selection) if header is not None else None
    if header is not None and header.changeset is not None and taken is not None:
        details["source_changeset"] = header.changeset
        details["selection"] = {name: list(value) for name, value in attrs.asdict(taken).items()}
    return Act(
        kind="import",
        summary=f"import {request.name}",
        reason=reason,
        details=details,
        run=run,
        to_version=target,
        schemas=(schema, workplace.schema(start)),
    )


def _told(
    sets: Iterable[PreferenceSet], source: BinaryIO, builder: PlanBuilder
) -> Iterator[PreferenceSet]:
    """Pass sets on, telling after each how far the file they come from was read."""
    size = os.fstat(source.fileno()).st_size
    for one in sets:
        yield one
        builder.progress(len(one.rows), source.tell() / size if size else None)


def _base_of_log(
    workplace: Workplace,
    transaction: Transaction,
    builder: PlanBuilder,
    header: Header | None,
    target: str,
) -> importing.Base | None:
    """Rebuild from the log what the document's store and ours both started from, if it tells."""
    if header is None:
        return None
    common = importing.common_changeset(transaction, workplace.app, header)
    if common is None:
        if transaction.state(workplace.app).entries:
            builder.note("no common base: merged two ways; --base FILE names one")
        return None
    changeset, selection = common
    builder.note(f"merged three ways, from changeset {changeset.id[:8]}")
    if changeset.id == header.changeset:
        builder.note(
            "the document is an earlier state of this store, so what changed since stays; "
            "--base none with --merge theirs takes it back as it was"
        )
    path, upwards = workplace.way(changeset.schema_after or target, target)
    last = next(transaction.changesets(workplace.app))
    is_present = changeset.id == last.id and not path
    return importing.Base(
        transaction.sets(workplace.app, at=None if is_present else changeset.revision),
        path,
        upwards,
        (selection, header.selection),
        changeset.revision,
        is_present,
    )


def _strategies(
    workplace: Workplace, request: importing.ImportRequest
) -> dict[str, MergeStrategyInfo]:
    """Give every strategy by id; raises UsageError where the request names one there is not."""
    strategies = {one.id: one for one in workplace.plugins.merge_strategies.all()}
    for id in (request.strategy, *(id for _, id in request.merge)):
        if id not in strategies:
            raise UsageError(
                f"there is no merge strategy '{id}'; known are {', '.join(sorted(strategies))}",
                strategy=id,
            )
    return strategies


def _refuse_strategies_of_time(
    request: importing.ImportRequest, strategies: Mapping[str, MergeStrategyInfo]
) -> None:
    for id in (request.strategy, *(id for _, id in request.merge)):
        if strategies[id].needs_times:
            raise UsageError(
                f"the strategy '{id}' goes by when each side changed, and {request.name} is a "
                "plain file without times; choose another",
                strategy=id,
            )


def _refuse_other_selection(request: importing.ImportRequest) -> None:
    """Refuse to select other sets than the one that a plain file goes to: nothing would come in."""
    scope, owner = request.into
    if not request.selection.takes_set(scope, owner):
        raise UsageError(
            f"{request.name} is a plain file and goes to {place(scope, owner)}, which the "
            "selection leaves out; name its set with --user, --project, --system or --template",
            file=request.name,
        )


def _formats(plugins: Plugins, id: str | None) -> tuple[FormatInfo, ...]:
    return plugins.formats.all() if id is None else (plugins.formats.get(id),)
