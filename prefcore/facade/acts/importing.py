"""The act that imports a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

import attrs

from prefcore.documents import (
    fingerprint,
    naming_file,
    opened_document,
    plain_file,
    unchanging,
    verified_sets,
)
from prefcore.engines import importing
from prefcore.errors import UsageError
from prefcore.facade.act import Act
from prefcore.facade.workplace import Workplace
from prefcore.interfaces import (
    FormatInfo,
    MergeStrategyInfo,
    Snapshot,
    Transaction,
    pruned_in,
)
from prefcore.model import Changeset, Document, Header, PreferenceSet
from prefcore.model.sets import place
from prefcore.planning import PlanBuilder
from prefcore.plugins.manager import Plugins
from prefcore.schema import SchemaDocument
from prefcore.sealed_files import in_clear
from prefcore.vault import SealingTransaction

__all__ = ["import_act"]


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
                distrusted=_distrusted(workplace, transaction, request, schema),
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
    if changeset.revision < pruned_in(transaction, workplace.app):
        builder.note(
            f"no common base: what was held at changeset {changeset.id[:8]} was pruned from the "
            "history, so merged two ways; --base FILE names one"
        )
        return None
    builder.note(f"merged three ways, from changeset {changeset.id[:8]}")
    if changeset.id == header.changeset:
        builder.note(
            "the document is an earlier state of this store, so what changed since stays; "
            "--base none with --merge theirs takes it back as it was"
        )
    path, upwards = workplace.way(changeset.schema_after or target, target)
    is_present = not path and _is_last_change(transaction, changeset)
    return importing.Base(
        transaction.sets(workplace.app, at=None if is_present else changeset.revision),
        path,
        upwards,
        (selection, header.selection),
        changeset.revision,
        is_present,
    )


def _distrusted(
    workplace: Workplace,
    view: Snapshot,
    request: importing.ImportRequest,
    schema: SchemaDocument,
) -> frozenset[str]:
    """Give the keys that the schema does not declare, and any other known one as trusted_only."""
    if request.trust or not request.keep_unknown:
        return frozenset()
    known = (workplace.known.load(view, one) for one in workplace.known.versions(view))
    return frozenset(
        key
        for document in known
        for key, one in document.preferences.items()
        if one.trusted_only and key not in schema.preferences
    )


def _is_last_change(transaction: Transaction, changeset: Changeset) -> bool:
    """Say whether nothing changed since a changeset; what is only told, as a denial, did not."""
    since = takewhile(lambda one: one.id != changeset.id, transaction.changesets(changeset.app))
    return not any(one.changes or one.schema_before != one.schema_after for one in since)


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
