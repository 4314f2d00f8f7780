"""The act that imports a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

import attrs

from prefcore.detection import formats_for
from prefcore.documents import (
    Opened,
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
from prefcore.facade.acts.passages import Passages
from prefcore.facade.acts.readings import given_of_files, given_of_log
from prefcore.facade.workplace import Workplace
from prefcore.interfaces import (
    MergeStrategyInfo,
    Snapshot,
    Transaction,
    pruned_in,
)
from prefcore.migration import Edge
from prefcore.model import Changeset, Document, Header, PlainDocument, PreferenceSet
from prefcore.model.sets import place
from prefcore.planning import PlanBuilder
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
    files = _Files(workplace, request)
    header = files.header(request.path, request.name)
    if header is None:
        _refuse_strategies_of_time(request, strategies)
        _refuse_other_selection(request)
    target = version or workplace.first_version()
    if request.from_schema is not None:
        with workplace.store.snapshot() as view:
            target = request.from_schema if workplace.is_unused(view) else target
    start = request.from_schema or (header.schema if header else None) or target
    way = way_of_base = workplace.way(start, target)
    if request.base is not None:
        begun = files.header(request.base, str(request.base))
        way_of_base = workplace.way((begun.schema if begun else None) or start, target)
    ways = Passages(workplace)
    schema = workplace.schema(target)
    plain = workplace.schema(start)

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        at = datetime.now(UTC)
        with ExitStack() as stack:
            reader = _Reader(files, stack, builder, plain, at)
            base: importing.Base | None
            if request.base is not None:
                sets = reader.sets(request.base, str(request.base))
                base = importing.Base(sets, ways.along(*way_of_base, at=at))
            else:
                told = None if request.two_ways else header
                base = _base_of_log(workplace, ways, transaction, builder, told, target, at)
            passage = ways.along(*way, at=at)
            importing.import_sets(
                transaction,
                builder,
                reader.sets(request.path, request.name, base),
                request,
                schema=schema,
                passage=passage,
                base=base,
                strategies=strategies,
                at=at,
                actor=workplace.actor,
                distrusted=_distrusted(workplace, transaction, request, schema),
                unsaid=_unsaid(plain, schema, *way),
            )
            if passage is not None and (given_up := passage.told(request.selection)):
                builder.warn(given_up)

    def given() -> Mapping[str, int]:
        documents = [(partial(files.sets, request.path, request.name), way[0])]
        if request.base is not None:
            own = partial(files.sets, request.base, str(request.base))
            documents.append((own, way_of_base[0]))
        found = given_of_files(workplace, documents)
        if request.base is None and header is not None and not request.two_ways:
            found += given_of_log(workplace, header, target)
        return found

    return Act(
        kind="import",
        summary=f"import {request.name}",
        reason=reason,
        details={"file": request.name, "schema": start, **_taken(request, header)},
        run=run,
        to_version=target,
        schemas=(schema, plain),
        given=given,
    )


def _taken(request: importing.ImportRequest, header: Header | None) -> dict[str, object]:
    """Give what tells of the other store's changeset that is taken in: it may be a base later.

    Too much named would make a later merge take what the document never held for removed; so where
    it cannot be said exactly, it is not said.
    """
    taken = None if header is None else request.selection.narrowed(header.selection)
    if header is None or header.changeset is None or taken is None:
        return {}
    selection = {name: list(value) for name, value in attrs.asdict(taken).items()}
    return {"source_changeset": header.changeset, "selection": selection}


class _Files:
    """The file to be imported, and that of its base: opened twice, and the same both times."""

    def __init__(self, workplace: Workplace, request: importing.ImportRequest) -> None:
        self.workplace = workplace
        self.request = request
        id = request.format
        self._format = None if id is None else workplace.plugins.formats.get(id)
        self._seen: dict[Path, tuple[int, int, int, int]] = {}

    def header(self, path: Path, name: str) -> Header | None:
        """Give a file's header, None of a plain one, and remember which file it was."""
        with plain_file(path, name) as raw:
            self._seen[path] = fingerprint(raw)
            with in_clear(raw, name, self.workplace.keys) as source:
                return self._opened(source, path, name).header

    def opened(self, path: Path, name: str, stack: ExitStack) -> tuple[Opened, BinaryIO]:
        """Open a file again, for as long as the stack is; the end raises where it was replaced.

        Gives it as it is read, and as it stands on the disk.
        """
        raw = stack.enter_context(plain_file(path, name))
        stack.enter_context(unchanging(raw, name, self._seen[path]))
        source = stack.enter_context(in_clear(raw, name, self.workplace.keys))
        return self._opened(source, path, name), raw

    def sets(self, path: Path, name: str, stack: ExitStack) -> Iterable[PreferenceSet]:
        """Give a document's sets, as they stand in it; none of a plain file."""
        opened, _ = self.opened(path, name, stack)
        if isinstance(opened.document, PlainDocument):
            return ()
        return verified_sets(opened, name, self.workplace.app, edited=lambda _: None)

    def _opened(self, source: BinaryIO, path: Path, name: str) -> Opened:
        request = self.request
        format = request.format if path == request.path else None
        known = formats_for(name, self.workplace.plugins.formats)
        formats = known if self._format is None else (self._format,)
        return opened_document(source, name, formats, format=format, limits=request.limits)


@attrs.frozen
class _Reader:
    """Draws the sets of files, for as long as ``stack`` is open; ``plain`` is a plain file's."""

    files: _Files
    stack: ExitStack
    builder: PlanBuilder
    plain: SchemaDocument
    at: datetime

    def sets(
        self, path: Path, name: str, base: importing.Base | None = None
    ) -> Iterable[PreferenceSet]:
        """Give a file's sets; with a base that is present, those equal to it need no decoding."""
        workplace, request = self.files.workplace, self.files.request
        opened, raw = self.files.opened(path, name, self.stack)
        document = opened.document
        if isinstance(document, Document):
            if base is not None and base.is_present:
                document.expected = base.sets.of
            sets = verified_sets(opened, name, workplace.app, edited=self.builder.warn)
            return sets if path != request.path else _told(sets, raw, self.builder)
        with naming_file(name):
            return [
                importing.plain_set(
                    document.values, request.into, self.plain, at=self.at, actor=workplace.actor
                )
            ]


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
    ways: Passages,
    transaction: Transaction,
    builder: PlanBuilder,
    header: Header | None,
    target: str,
    at: datetime,
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
    way = workplace.way(changeset.schema_after or target, target)
    is_present = not way[0] and _is_last_change(transaction, changeset)
    return importing.Base(
        transaction.sets(workplace.app, at=None if is_present else changeset.revision),
        ways.along(*way, at=at),
        (selection, header.selection),
        changeset.revision,
        is_present,
    )


def _unsaid(
    theirs: SchemaDocument, ours: SchemaDocument, path: tuple[Edge, ...], upwards: bool
) -> frozenset[str]:
    """Give our keys that the version of a document has none for: it cannot have held them."""
    known = {*theirs.preferences}
    for edge in path:
        operations = edge.step.operations if edge.step is not None else ()
        for operation in operations if upwards else reversed(operations):
            ends = operation.older_keys, operation.newer_keys
            source, made = ends if upwards else ends[::-1]
            if not known.isdisjoint(source):
                known.update(made)
    return frozenset(ours.preferences.keys() - known)


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
